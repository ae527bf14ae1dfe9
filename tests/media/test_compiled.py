"""Compiled code and Python send the same bytes, whatever happens meanwhile; and nothing of an ended connection is touched again."""

import ctypes
import gc
import os
import shutil
import socket
import struct
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pylibsrtp import _binding

from server.media.edge.batch import PAYLOAD_MAX, packed_address
from server.media.edge.counters import Counters
from server.media.native import build
from server.media.native.batch import CompiledBatch, can_join
from server.media.native.forwarder import BatchState, Forwarder, load
from server.media.peer.layer import Layer
from server.media.peer.link import Link
from server.media.relay import HEADER_BYTES, forward
from server.media.rtp.feedback import READ_MAX, FeedbackBuilder
from server.media.rtp.history import micros, take_number
from server.media.seam import protect_address, srtp_protect
from tests.media.worlds import CODECS, KEY_FRAME, PLACES, SOURCES, World, compiled_forwarder, keys, udp_socket
from tests.rules.house import ROOT

LONGEST = PAYLOAD_MAX - HEADER_BYTES
SLOTS = 4
Step = tuple[Any, ...]


@st.composite
def vp8_payloads(draw: st.DrawFn) -> bytes:
    """A VP8 payload with a descriptor of any shape (RFC 7741, section 4.2), whole frames and key frames among them."""
    first = draw(st.sampled_from([0x10, 0x00, 0x90, 0x80, 0xB0, 0x91]))
    fields = draw(st.integers(0, 15)) << 4
    body = draw(st.one_of(st.binary(max_size=40), st.integers(LONGEST - 40, LONGEST + 2).map(bytes)))
    if not first & 0x80:
        return bytes((first,)) + body
    numbers = draw(st.binary(min_size=4, max_size=4))
    return bytes((first, fields)) + numbers + body


slots = st.integers(0, SLOTS - 1)
sources = st.integers(0, SOURCES - 1)
steps = st.one_of(
    st.tuples(
        st.just("packet"),
        sources,
        st.one_of(st.just(1), st.integers(-3, 40), st.integers(20_000, 32_767)),
        st.integers(0, 2**32 - 1),
        st.sampled_from([96, 96, 96, *CODECS]),
        st.one_of(vp8_payloads(), st.just(KEY_FRAME), st.binary(max_size=20), st.just(bytes(LONGEST))),
        st.booleans(),
    ),
    st.tuples(st.just("packet"), sources, st.just(1), st.just(0), st.just(96), st.just(KEY_FRAME), st.just(True)),
    st.tuples(st.just("show"), slots, sources),
    st.tuples(st.just("start"), slots, sources),
    st.tuples(st.just("clear"), slots),
    st.tuples(st.just("twice"), slots, st.booleans()),
    st.tuples(st.just("move"), slots, st.integers(0, PLACES - 1)),
    st.tuples(st.just("close"), slots),
    st.tuples(st.just("rekey"), slots, st.integers(0, 9)),
    st.tuples(st.just("again"), slots, st.integers(0, 5)),
    st.tuples(st.just("restart"), sources),
    st.tuples(st.just("bye"), sources),
)
seeds = st.lists(
    st.one_of(st.just(2**32 - 1), st.integers(0, 2**32 - 1)), min_size=SLOTS, max_size=SLOTS, unique_by=lambda n: n | 1
)


@contextmanager
def both(numbers: list[int]) -> Iterator[tuple[World, World]]:
    """The same world twice: forwarding by Python, and by compiled code."""
    python, compiled = World(None, numbers), World(compiled_forwarder(), numbers)
    try:
        yield python, compiled
    finally:
        python.end()
        compiled.end()


def assert_state_is_a_copy(world: World) -> None:
    """What C would read is what Python knows."""
    for outlet in world.outlets:
        link, shift, state = outlet.link, outlet.map.shift, outlet.state
        shown = shift.layer if isinstance(shift.layer, Layer) and not outlet.is_sent_twice else None
        assert state.layer == (0 if shown is None else shown.number)
        assert (state.since, state.seq, state.time) == (shift.since, shift.seq & 0xFFFF, shift.time & 0xFFFFFFFF)
        assert link.state.session == (None if link.keys is None else link.keys.outbound_address)
        assert state.link == ctypes.addressof(link.state)
        if link.batch is not None and link.batch.state is not None:
            assert link.state.batch == ctypes.addressof(link.batch.state)
            assert bytes(link.state.target) == link.target


WATCHED: list[Step] = [("show", slot, 0) for slot in range(SLOTS)]
WRAP: list[Step] = [
    ("packet", 0, 1, 2**32 - 1, 96, KEY_FRAME, True),
    *[("packet", 0, 32_767, 5, 96, KEY_FRAME, False)] * 5,
]


# A late packet from before the slot's switch, and one of a codec that slot 2 was not offered: in steady state both are left out by C's own checks.
LATE: list[Step] = [("packet", 0, 40, 9, 96, KEY_FRAME, True), ("packet", 0, -3, 8, 96, KEY_FRAME, True)]
LAYERS: list[Step] = [
    *[("show", slot, 1) for slot in range(SLOTS)],
    *[("packet", stream, 1, 0, 96, KEY_FRAME, True) for stream in (1, 2, 3)],
    *[("packet", stream, 1, 3000, 96, bytes((0x10, 1)), True) for stream in (1, 2, 3)],
    ("bye", 3),
    *[("packet", stream, 1, 6000, 96, KEY_FRAME, True) for stream in (1, 2)],
]
OTHER_CODEC: list[Step] = [("packet", 0, 1, 9, 96, KEY_FRAME, True), ("packet", 0, 1, 9, 98, bytes(9), True)]


@settings(max_examples=150, deadline=None)
@given(seeds, st.lists(steps, max_size=40))
@example([2**32 - 1, 1, 0x7FFF0001, 0x80008000], WRAP)
@example([1, 5, 9, 13], LATE)
@example([1, 5, 9, 13], OTHER_CODEC)
@example([1, 5, 9, 13], LAYERS)
def test_both_ways_send_the_same(numbers: list[int], chosen: list[Step]) -> None:
    with both(numbers) as worlds:
        for name, *arguments in WATCHED + chosen:
            for world in worlds:
                getattr(world, name)(*arguments)
            python, compiled = (world.received() for world in worlds)
            assert compiled == python
            assert_state_is_a_copy(worlds[1])
        assert worlds[0].counters.view() == worlds[1].counters.view()
        for one, other in zip(worlds[0].outlets, worlds[1].outlets, strict=True):
            assert one.link.state.transport_seq == other.link.state.transport_seq
            assert list(one.link.history) == list(other.link.history)


def sums(link: Link) -> list[int]:
    """All that feedback leaves behind."""
    state = link.state
    return [state.reports, state.received, state.lost, state.octets, state.arrival, state.delay, *state.history]


def reports_of(first: int, came: list[tuple[int, float]]) -> bytes:
    """Feedback on packets from `first` on: gaps and pauses between those that came."""
    builder, seq, now = FeedbackBuilder(), first, 4294.0
    for gap, pause in came:
        seq, now = seq + gap, now + pause
        builder.add(seq & 0xFFFF, now)
    return builder.build(1, 2) or b""


arrivals = st.lists(st.tuples(st.integers(0, 20), st.floats(-0.01, 0.3)), max_size=60)
feedbacks = st.one_of(
    st.builds(reports_of, st.integers(0, 0xFFFF), arrivals),
    st.builds(
        lambda count, first, body: bytes(12) + struct.pack("!HHI", first, count, 0xFFFFFF00) + body,
        st.sampled_from([0, 1, 7, 60, READ_MAX, READ_MAX + 1, 0xFFFF]),
        st.integers(0, 0xFFFF),
        st.binary(max_size=120),
    ),
    st.binary(max_size=60),
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 0xFFFF), st.integers(0, 2100), st.lists(feedbacks, min_size=1, max_size=4))
@example(0xFFF0, 2100, [bytes(12) + b"\xff\x00\x10\x00" + bytes(4) + b"\x3f\xff" + b"\x01" * 1500])
@example(
    30,
    60,
    [bytes(12) + b"\0\1\0\7" + bytes(4) + chunk + bytes(14) for chunk in (b"\xff\xff", b"\xea\xaa", b"\xbf\xff")],
)
def test_feedback_is_summed_up_the_same(first: int, count: int, chosen: list[bytes]) -> None:
    python, compiled, forwarder = Link(), Link(), compiled_forwarder()
    for link in (python, compiled):
        link.state.transport_seq = first
        for index in range(count):
            take_number(link.state, link.history, micros(4290 + index / 300), 100 + index % 1100)
    for data in chosen:
        refused = forwarder.hear(data, len(data), compiled.state_address)
        try:
            python.hear(data)
        except ValueError:
            assert refused
        else:
            assert not refused
        assert sums(compiled) == sums(python)


def test_more_slots_than_a_batch_holds_all_get_it() -> None:
    with both([index * 0x10002 for index in range(150)]) as worlds:
        for world in worlds:
            for slot in range(150):
                world.show(slot, 0)
            world.packet(0, 1, 90_000, 96, KEY_FRAME, True)
        assert worlds[0].received() == worlds[1].received()
        for world in worlds:
            world.packet(0, 1, 93_000, 96, bytes((0x90, 0xC0, 0x80, 1, 1, 1)) + bytes(600), False)
        python, compiled = (world.received() for world in worlds)
        assert sum(len(place) for place in compiled) == 150
        assert compiled == python


SIZES = [0, 1, 700, 700, 700, 701, LONGEST, LONGEST]
bursts = st.lists(st.tuples(sources, st.sampled_from(SIZES)), max_size=70)


@settings(max_examples=60, deadline=None)
@given(seeds, st.lists(bursts, max_size=3), st.sampled_from(["", "unsure", "old"]))
@example([1, 5, 9, 13], [[(1, 1), (2, 1)] * 260, [(0, LONGEST)] * 70], "")
@example([1, 5, 9, 13], [[(0, 700)] * 70, [(0, LONGEST)] * 70], "unsure")
@example([1, 5, 9, 13], [[(0, 701), (0, 700), (0, 700), (0, 701), (0, 1), (0, 1)]], "")
def test_bursts_arrive_the_same(numbers: list[int], chosen: list[list[tuple[int, int]]], kernel: str) -> None:
    """Packets for one receiver that wait together go as one message. `unsure`: the kernel says that it can, and refuses; `old`: it cannot."""
    with both(numbers) as worlds:
        state = worlds[1].batch.state
        assert isinstance(state, BatchState)
        state.joins = kernel != "old"
        if kernel == "unsure":  # Such messages need checksums.
            worlds[1].refuse_joined()
        for world in worlds:
            for slot in range(SLOTS):
                world.show(slot, slot % SOURCES)
            for source in range(SOURCES):
                world.packet(source, 1, 0, 96, KEY_FRAME, True)
        for burst in chosen:
            for source, size in burst:
                for world in worlds:
                    world.packet(source, 1, 0, 96, bytes((0x00, *bytes(size)))[:LONGEST], False)
            assert worlds[0].received() == worlds[1].received()
        assert worlds[0].counters.view() == worlds[1].counters.view()


def test_same_kernel_takes_a_burst_in_few_messages() -> None:
    """As a capture of the system call would show: the second packet of each receiver is in the first one's message."""
    assert can_join(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    world = World(compiled_forwarder(), [1])
    world.show(0, 0)
    world.packet(0, 1, 0, 96, KEY_FRAME, True)
    world.received()
    joined = world.receiver_joins(0)
    for _ in range(5):
        world.packet(0, 1, 0, 96, bytes(700), False)
    world.batch.flush()
    data, control, *_ = joined.recvmsg(10_000, 100)
    assert len(data) == 5 * (700 + HEADER_BYTES + 16)
    assert [struct.unpack("=i", size)[0] for _, _, size in control] == [700 + HEADER_BYTES + 16]
    world.end()


def test_many_receivers_in_a_burst_get_the_same_as_alone() -> None:
    """So many addresses that some of them meet in one place of the table in which a receiver's packets are found."""
    places = [udp_socket() for _ in range(200)]
    sender, held = udp_socket(), keys(1)
    batch = CompiledBatch(sender, Counters(), compiled_forwarder())
    for seq in (1, 2):
        for number, place in enumerate(places):
            packet = struct.pack("!BBHII", 0x80, 96, seq, 0, number)
            batch.memory[batch.at : batch.at + len(packet)] = packet
            batch.seal(held, packed_address(place.getsockname()), len(packet))
    batch.close()
    for number, place in enumerate(places):
        heads = [struct.unpack_from("!HII", place.recv(100), 2) for _ in (1, 2)]
        assert heads == [(1, 0, number), (2, 0, number)]
        place.close()
    sender.close()


def test_ended_connection_gives_its_keys_back_and_gets_nothing_more() -> None:
    world = World(compiled_forwarder(), [1, 2, 3])
    for slot in range(3):
        world.show(slot, 0)
    world.packet(0, 1, 0, 96, KEY_FRAME, True)
    assert [len(place) for place in world.received()] == [1, 1, 1]
    held = world.outlets[1].link.keys
    assert held is not None
    watch = weakref.ref(held)
    del held
    world.close(1)
    gc.collect()
    assert watch() is None
    world.packet(0, 1, 3000, 96, KEY_FRAME, True)
    assert [len(place) for place in world.received()] == [1, 0, 1]
    world.clear(0)
    del world.outlets[0]  # The slot itself is gone, its neighbour is not.
    gc.collect()
    world.packet(0, 1, 6000, 96, KEY_FRAME, True)
    assert [len(place) for place in world.received()] == [0, 0, 1]
    world.end()


def test_closed_batch_sends_to_no_other_file() -> None:
    world = World(compiled_forwarder(), [1])
    world.show(0, 0)
    world.batch.close()
    for _ in range(3):
        world.packet(0, 1, 0, 96, KEY_FRAME, True)
    assert world.received() == [[], [], []]
    assert world.counters.view() == {"packets_dropped_by_kernel": 3, "packets_out": 3}
    world.end()


def test_packet_that_cannot_be_protected_is_neither_sent_nor_repeated() -> None:
    """A number sent before is refused by libsrtp; sent twice, it must not leave in the clear."""
    for forwarder in (None, compiled_forwarder()):
        world = World(forwarder, [1])
        world.show(0, 0)
        world.packet(0, 1, 0, 96, KEY_FRAME, True)
        world.twice(0, True)
        world.received()
        layer = world.layer(0)
        assert layer.newest is not None
        world.outlets[0].before = None
        forward(layer, layer.newest, forwarder)
        forward(layer, layer.newest, forwarder)
        assert world.received() == [[], [], []]
        assert world.counters.view()["protect_failed"] == 2
        world.end()


def test_addresses_are_those_of_the_library_in_use() -> None:
    world = World(compiled_forwarder(), [1])
    held = world.outlets[0].link.keys
    assert held is not None
    assert _binding.ffi.cast("void *", held.outbound_address) == held.tx
    assert _binding.ffi.cast("void *", protect_address) == _binding.ffi.cast(
        "void *", _binding.ffi.addressof(_binding.lib, "srtp_protect")
    )
    assert callable(srtp_protect)
    world.end()


def test_other_library_is_not_used(tmp_path: Path) -> None:
    broken = tmp_path / "forward.so"
    assert load(broken) is None
    broken.write_bytes(b"\x7fELF no more")
    assert load(broken) is None
    other = tmp_path / "other.c"
    other.write_text(build.SOURCE.read_text().replace("MID_BYTES = 5", "MID_BYTES = 7"))
    if shutil.which("cc"):
        subprocess.run(["cc", *build.OPTIONS, "-o", str(broken), str(other)], check=True)
        with pytest.raises(OSError, match="another layout"):
            Forwarder(broken)


def test_without_compiler_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.compile_to(tmp_path / "forward.so") == "there is no C compiler (cc)"
    assert not (tmp_path / "forward.so").exists()


def test_stale_build_has_another_name() -> None:
    path = build.built_path()
    assert path.parent.name == "build"
    assert path.stem.rsplit("-", 1)[1] in path.name
    ignored = subprocess.run(["git", "check-ignore", "-q", str(path)], cwd=ROOT, check=False)
    assert ignored.returncode == 0


@pytest.mark.skipif("OASE_TEST_LIBRARY" in os.environ, reason="this is the run with sanitizers")
def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    """The tests above, and those of the door, once more, with the C code watched for reads and writes out of bounds and for undefined behaviour."""
    path = tmp_path / "forward.so"
    if why := build.compile_to(path, "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"):
        pytest.skip(f"no sanitizers here: {why}")
    runtime = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout
    environment = {
        **os.environ,
        "OASE_TEST_LIBRARY": str(path),
        "LD_PRELOAD": runtime.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        __file__,
        str(Path(__file__).with_name("test_door.py")),
        "-k",
        "same or slots or ended or closed or turns",
    ]
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]
    assert "11 passed" in answer.stdout
