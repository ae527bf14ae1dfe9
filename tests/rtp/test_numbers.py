"""Numbers that wrap, gaps, repeats and slots: rules over any order of packets."""

import heapq
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.media.rtp import rtcp
from server.media.rtp.budget import SHARE, SHARE_TWICE, ResendBudget
from server.media.rtp.nack import GAP_MAX, MISSING_MAX, NackGenerator
from server.media.rtp.packet import read_header
from server.media.rtp.ring import MediaPacket, Ring
from server.media.rtp.sequence import Unwrapper, signed_16, signed_32
from server.media.rtp.slot import NOBODY, SlotMap
from server.media.rtp.vp8 import Descriptor
from server.media.tap import Codec

VP8 = Codec("video/VP8", 90_000)


def packet(
    seq: int, rtp_time: int = 0, arrival: float = 0.0, capture: float | None = None, picture_id: int = 0
) -> MediaPacket:
    descriptor = Descriptor(5, 2, 2, picture_id, 4, picture_id & 255, True, True)
    return MediaPacket(seq, rtp_time, True, VP8, b"p", descriptor, True, arrival, capture)


@given(st.integers(0, 0xFFFF), st.lists(st.integers(-3000, 3000), max_size=50))
def test_unwrapped_numbers_follow_the_wire(first: int, steps: list[int]) -> None:
    unwrapper = Unwrapper()
    newest = unwrapper.unwrap(first)
    assert newest & 0xFFFF == first
    for step in steps:
        wanted = newest + step
        assert unwrapper.unwrap(wanted & 0xFFFF) == wanted
        newest = max(newest, wanted)


def test_signed_differences_wrap() -> None:
    assert signed_16(1 - 0xFFFF) == 2
    assert signed_16(0xFFFF - 1) == -2
    assert signed_32(5 - 0xFFFFFFFE) == 7


@given(st.sets(st.integers(1, 100)), st.randoms(use_true_random=False))
def test_missing_packets_are_asked_for_until_they_come(lost: set[int], rng: object) -> None:
    missing = NackGenerator()
    for seq in range(102):
        if seq not in lost:
            missing.arrived(1000 + seq, 0.0)
    asked = [1000 + seq for seq in sorted(lost)]
    assert missing.due(0.0, 0.05) == asked
    assert missing.due(0.01, 0.05) == []
    assert missing.due(0.03, 0.05) == asked  # In case that was lost, too.
    assert missing.due(0.08, 0.05) == []
    assert missing.due(0.09, 0.05) == asked
    for seq in lost:
        missing.arrived(1000 + seq, 0.1)
    assert missing.due(0.5, 0.05) == []
    assert missing.given_up == 0


def test_lost_for_good_is_given_up_once() -> None:
    missing = NackGenerator()
    missing.arrived(1, 0.0)
    missing.arrived(3, 0.0)
    asked = sum(bool(missing.due(step * 0.01, 0.0)) for step in range(200))
    assert asked == 10
    assert missing.given_up == 1
    missing.arrived(4 + GAP_MAX, 3.0)
    assert len(missing) == 0


def test_request_that_is_lost_costs_no_round_trip() -> None:
    """15 % are lost each way, 100 ms there and back. With each request sent once 7 % came later than pages hold pictures back (300 ms), now 3 %."""
    rng, rtt_s, tick_s = random.Random(3), 0.1, 0.025
    missing = NackGenerator()
    sent = {seq: seq * 0.01 for seq in range(6000)}
    arrives: list[tuple[float, int]] = [(at, seq) for seq, at in sent.items() if rng.random() > 0.15]
    came: dict[int, float] = {}
    resent: dict[int, float] = {}
    resends = 0
    heapq.heapify(arrives)
    for tick in range(int(62 / tick_s)):
        now = tick * tick_s
        while arrives and arrives[0][0] <= now:
            at, seq = heapq.heappop(arrives)
            came.setdefault(seq, at)
            missing.arrived(seq, at)
        if rng.random() < 0.15:
            missing.due(now, rtt_s)  # Lost.
            continue
        for seq in missing.due(now, rtt_s):
            if now - resent.get(seq, -1.0) < rtt_s:
                continue  # As browsers do it.
            resent[seq] = now
            resends += 1
            if rng.random() > 0.15:
                heapq.heappush(arrives, (now + rtt_s, seq))
    lost = [seq for seq in resent if seq in came]
    late = [seq for seq in lost if came[seq] - sent[seq] > 0.3]
    assert len(lost) > 800
    assert missing.given_up == 0
    assert len(late) / len(lost) < 0.05
    assert resends / len(lost) < 1.25


def test_missing_numbers_and_looks_at_them_are_bounded() -> None:
    """Every 250th number, 3,000 packets a second, held the worker for minutes."""
    missing = NackGenerator()
    looks = 0
    for index in range(3000):
        now = index / 3000
        if missing.arrived(index * (GAP_MAX - 1), now):
            looks += 1
            missing.due(now, 0.05)
        assert len(missing) <= MISSING_MAX
    assert looks <= 200
    assert missing.has_given_up()
    assert not missing.has_given_up()


def test_ring_knows_repeats_and_what_is_too_old() -> None:
    ring = Ring(8)
    for seq in range(100, 110):
        assert not ring.is_stale(seq)
        ring.add(packet(seq))
    assert ring.is_stale(105)
    assert ring.is_stale(101)
    assert ring.get(101) is None
    assert ring.get(105) is not None
    assert not ring.is_stale(110)


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.integers(65_536, 131_071), st.integers(0, 2**32 - 1)), min_size=1, max_size=12
    )
)
def test_slot_numbers_grow_by_one_over_any_switches(stays: list[tuple[int, int, int]]) -> None:
    slot: SlotMap[str] = SlotMap(77, 1234, 90_000)
    now = 0.0
    out: list[tuple[int, int, int]] = []
    newest: MediaPacket | None = None
    for index, (length, first, first_time) in enumerate(stays):
        layer = f"layer{index}"
        slot.wanted = layer
        for step in range(length):
            now += 0.033
            given = packet(first + step, first_time + step * 3000 & 0xFFFFFFFF, now, picture_id=first + step & 0x7FFF)
            if step == 0:
                slot.switch(layer, given, newest)
            newest = given
            shift = slot.shift
            assert shift.layer == layer
            assert given.vp8 is not None
            out.append((given.seq + shift.seq, given.rtp_time + shift.time, given.vp8.picture_id + shift.picture_id))
            assert slot.origin(out[-1][0] & 0xFFFF, newest) == (shift, given.seq)
    assert slot.wanted is None
    assert [seq for seq, _, _ in out] == list(range(65_536 + 78, 65_536 + 78 + len(out)))
    assert [picture & 0x7FFF for _, _, picture in out] == [1 + index & 0x7FFF for index in range(len(out))]
    times = [time for _, time, _ in out]
    assert all(900 <= signed_32(later - earlier & 0xFFFFFFFF) <= 3001 for earlier, later in itertools.pairwise(times))


def test_slot_uses_capture_times_when_both_are_there() -> None:
    slot: SlotMap[str] = SlotMap(1, 0, 90_000)
    slot.switch("a", packet(65_536, 0, 10.0, 9.0), None)
    slot.switch("b", packet(70_000, 5, 10.5, 9.1), packet(65_536, 0, 10.0, 9.0))
    assert slot.shift.time + 5 == 9000 or slot.shift.time + 5 == 8999


def test_slot_left_and_filled_again_goes_on() -> None:
    slot: SlotMap[str] = SlotMap(1, 0, 90_000)
    slot.switch("a", packet(65_536, 0, 1.0), None)
    slot.leave(packet(65_540, 12_000, 2.0))
    assert slot.shift is NOBODY
    slot.switch("b", packet(99_999, 0, 5.0), None)
    assert slot.shift.seq + 99_999 == 65_536 + 2 + 4 + 1
    assert slot.shift.time == 12_000 + 270_000
    assert slot.origin(3, packet(99_999)) is not None


def repeated(sent_a_second: float, asked_a_second: float, share: float = SHARE, seconds: int = 20) -> float:
    """How many packets a second are repeated in the long run."""
    budget, found = ResendBudget(), 0
    for tick in range(seconds * 100):
        sent = int(sent_a_second * tick / 100)
        found += sum(budget.take(sent, tick / 100, share) for _ in range(round(asked_a_second / 100)))
    return found / seconds


def test_repeats_take_a_share_of_the_line() -> None:
    """A line of 300 kbit/s that got 2 Mbit/s was sent 8 Mbit/s, most of it again and again."""
    assert repeated(600, 100) == pytest.approx(100, rel=0.1)  # A sixth of all packets lost: all are repeated.
    assert repeated(200, 1000) < 0.2 * 200 + 10
    assert repeated(200, 100, SHARE_TWICE) == pytest.approx(100, rel=0.1)  # 30 % of loss: all are repeated.
    assert repeated(200, 1000, SHARE_TWICE) < 0.7 * 200 + 10
    assert 5 < repeated(0, 1000) < 15  # The last packets before a pause.


def test_header_without_room_for_its_padding_is_refused() -> None:
    data = b"\xa0\x60" + bytes(10) + b"\x01"
    header = read_header(data, 13)
    assert header.payload_start == header.payload_end == 12


def test_one_compound_asks_for_500_numbers_at_most() -> None:
    data = rtcp.nack(1, 2, range(1600)) * 3 + rtcp.picture_loss(1, 2)
    *asked, last = rtcp.read_compound(data)
    assert sum(len(report.seqs) for report in asked if isinstance(report, rtcp.Nack)) == 500
    assert last == rtcp.PictureLoss(2)
