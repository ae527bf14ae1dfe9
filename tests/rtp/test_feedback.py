"""transport-cc, reports and clocks: what is written can be read, by us and by aiortc."""

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket, RtcpSdesPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from server.media.rtp import rtcp
from server.media.rtp.clock import PublisherClock, StreamClock, ntp_from_unix
from server.media.rtp.feedback import FeedbackBuilder, read_feedback
from server.media.rtp.keyframes import KeyFrames
from server.media.rtp.loss import LossWatch
from server.media.rtp.reception import Reception


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.tuples(st.integers(1, 40), st.floats(0.0, 0.3)), min_size=1, max_size=200),
)
def test_arrivals_survive_the_wire(first: int, steps: list[tuple[int, float]]) -> None:
    builder = FeedbackBuilder()
    seq, now = first, 1000.0
    added: list[tuple[int, float]] = []
    for gap, pause in steps:
        seq, now = seq + gap, now + pause
        if seq - first >= 900:
            break
        builder.add(seq & 0xFFFF, now)
        added.append((seq & 0xFFFF, now))
    packet = builder.build(1, 2)
    if not added:
        assert packet is None
        return
    assert packet is not None
    assert len(packet) % 4 == 0
    arrived = [(number, at) for number, at in read_feedback(packet) if at is not None]
    assert [number for number, _ in arrived] == [number for number, _ in added]
    base = added[0][1] - (arrived[0][1] or 0.0)
    assert all(abs((at or 0.0) + base - real) < 0.001 for (_, at), (_, real) in zip(arrived, added, strict=True))
    assert builder.build(1, 2) is None


def test_next_report_says_what_was_lost_between() -> None:
    builder = FeedbackBuilder()
    builder.add(1, 1.0)
    builder.build(1, 2)
    builder.add(4, 1.1)
    packet = builder.build(1, 2)
    assert packet is not None
    assert [(number, at is None) for number, at in read_feedback(packet)] == [(2, True), (3, True), (4, False)]


def test_a_leap_is_not_reported_packet_by_packet() -> None:
    builder = FeedbackBuilder()
    builder.add(1, 1.0)
    builder.add(30_000, 1.1)
    packet = builder.build(1, 2)
    assert packet is not None
    assert len(packet) < 1200


def test_library_reads_what_we_write() -> None:
    block = rtcp.ReportBlock(7, 0.25, -3, 70_000, 9, 11, 13)
    data = (
        rtcp.sender_report(5, ntp_from_unix(0.5), 99, 3, 400)
        + rtcp.description([(5, "g0")])
        + rtcp.receiver_report(1, [block])
        + rtcp.picture_loss(1, 5)
        + rtcp.nack(1, 5, [65_535, 65_536, 65_552, 65_600])
    )
    report, names, receiver, loss, nack = RtcpPacket.parse(data)
    assert isinstance(report, RtcpSrPacket)
    assert report.sender_info.rtp_timestamp == 99
    assert isinstance(names, RtcpSdesPacket)
    assert [(chunk.ssrc, chunk.items) for chunk in names.chunks] == [(5, [(1, b"g0")])]
    assert isinstance(receiver, RtcpRrPacket)
    assert receiver.reports[0].packets_lost == -3
    assert isinstance(loss, RtcpPsfbPacket)
    assert isinstance(nack, RtcpRtpfbPacket)
    assert [seq & 0xFFFF for seq in nack.lost] == [65_535, 0, 16, 64]
    ours = rtcp.read_compound(data)
    assert ours[1] == rtcp.ReceiverReport(1, [block])
    assert ours[3] == rtcp.Nack(5, [65_535, 0, 16, 64])


def test_names_end_on_words_of_four_bytes() -> None:
    assert rtcp.description([(5, "g0"), (6, "abc")])[4:] == b"\0\0\0\5\1\2g0" + bytes(4) + b"\0\0\0\6\1\3abc" + bytes(3)


def test_picture_and_sound_of_one_person_share_a_clock() -> None:
    publisher = PublisherClock()
    picture, sound = StreamClock(90_000, publisher), StreamClock(48_000, publisher)
    assert picture.capture(0) is None
    theirs = ntp_from_unix(1_000_000.0)
    picture.note(theirs, 1000, 50.2)  # 200 ms on the way
    sound.note(theirs, 2000, 50.1)
    assert picture.capture(1000) == pytest.approx(50.1, abs=1e-3)
    assert sound.capture(2000 + 48_000) == pytest.approx(51.1, abs=1e-3)
    assert picture.rtp_time_at(51.1) == pytest.approx(1000 + 90_000, abs=100)


def test_a_sender_whose_clock_was_set_anew_is_believed() -> None:
    publisher = PublisherClock()
    publisher.note(ntp_from_unix(1000.0), 1.0)
    publisher.note(ntp_from_unix(500.0), 2.0)
    assert publisher.ours(ntp_from_unix(500.0)) == pytest.approx(2.0, abs=1e-3)


def test_a_stream_without_a_report_of_the_new_clock_says_nothing() -> None:
    """A phone's wall clock jumps by a minute: the picture's report has the new time, the sound's is still of the old one."""
    publisher = PublisherClock()
    picture, sound = StreamClock(90_000, publisher), StreamClock(48_000, publisher)
    picture.note(ntp_from_unix(1000.0), 0, 1.0)
    sound.note(ntp_from_unix(1000.0), 0, 1.0)
    picture.note(ntp_from_unix(1065.0), 5 * 90_000, 6.0)
    assert picture.capture(5 * 90_000) == pytest.approx(6.0, abs=1e-3)
    assert sound.capture(5 * 48_000) is None
    assert sound.rtp_time_at(6.0) is None
    sound.note(ntp_from_unix(1066.0), 6 * 48_000, 7.0)
    assert sound.capture(6 * 48_000) == pytest.approx(7.0, abs=1e-3)


def test_key_frames_are_asked_for_at_once_then_repeated_then_merged() -> None:
    frames = KeyFrames()
    assert not frames.due(0.0)
    frames.need()
    assert [frames.due(at) for at in (0.0, 0.1, 0.39, 0.41, 0.5, 0.85)] == [True, False, False, True, False, True]
    frames.arrived(1.0)
    frames.wish()
    assert [frames.due(at) for at in (1.2, 1.9, 2.01, 2.1)] == [False, False, True, False]
    frames.arrived(2.2)
    frames.need()
    assert not frames.due(2.4)
    assert frames.due(2.65)


def test_sender_that_never_answers_is_asked_once_a_second() -> None:
    frames = KeyFrames()
    frames.wish()
    assert sum(frames.due(at / 100) for at in range(1000)) == 3 + 9
    frames.need()  # Somebody new cannot begin without.
    assert [frames.due(at) for at in (10.5, 11.0, 11.4)] == [True, True, True]
    frames.arrived(12.0)
    for at in range(1200, 2200):
        frames.wish()
        if frames.due(at / 100):
            frames.arrived(at / 100 + 0.1)
    assert frames.arrived_at == pytest.approx(21.9, abs=1.2)


def test_loss_is_reported_for_the_time_since_the_last_report() -> None:
    reception = Reception(90_000)
    assert reception.block(1, 0.0) is None
    for seq in (65_536, 65_537, 65_540):
        reception.arrived(seq, seq * 3000, 100, seq / 30)
    reception.sender_report(0x0001_0002_0003_0004, 10.0)
    block = reception.block(1, 10.5)
    assert block is not None
    assert (block.lost, round(block.lost_share, 2), block.highest_seq) == (2, 0.4, 65_540)
    assert (block.last_sr, block.delay) == (0x00020003, 32_768)
    reception.arrived(65_541, 0, 100, 11.0)
    later = reception.block(1, 11.0)
    assert later is not None
    assert later.lost_share == 0.0


def test_bad_line_is_believed_after_two_reports_and_forgiven_after_ten_seconds() -> None:
    watch = LossWatch()
    assert not watch.note(0.2, 1.0)
    assert watch.note(0.2, 2.0)
    assert not watch.note(0.0, 3.0)
    assert not watch.note(0.02, 8.0)
    assert not watch.note(0.0, 17.0)
    assert watch.note(0.0, 18.5)
    assert not watch.is_bad
