"""Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): what arrived, and when.

We write it for publishers and read what receivers write. It gives a browser a useful bit rate in 2-3 s; REMB needs 25 s.
"""

import struct
from collections.abc import Iterator

from server.media.rtp.packet import Buffer
from server.media.rtp.sequence import Unwrapper

REPORTED_MAX = 1000
"""Packets of one report. A larger gap is not reported: the sender takes what is missing as lost anyway."""

READ_MAX = 4096
"""Packets of one report that we read: more than ten seconds of a picture and its sound. Forty bytes can tell of 65,535, which took 13 ms."""

_HEAD = struct.Struct("!IIHHI")


class FeedbackBuilder:
    """Arrivals of one transport between two reports."""

    def __init__(self) -> None:
        self._unwrapper = Unwrapper()
        self._arrivals: dict[int, float] = {}
        self._next: int | None = None
        self._count = 0

    def add(self, seq: int, arrival: float) -> None:
        """Notes the packet with the transport-wide number `seq` (16 bit)."""
        if len(self._arrivals) < REPORTED_MAX:
            self._arrivals[self._unwrapper.unwrap(seq)] = arrival

    def build(self, sender_ssrc: int, media_ssrc: int) -> bytes | None:
        """One RTCP packet about everything since the last report, or None when nothing came."""
        if not self._arrivals:
            return None
        first, last = min(self._arrivals), max(self._arrivals)
        base = first if self._next is None or first < self._next else self._next
        base = max(base, last - REPORTED_MAX + 1)
        reference = int(self._arrivals[first] * 1e6) // 64_000
        symbols, deltas = self._symbols(base, last, reference * 64_000)
        head = _HEAD.pack(
            sender_ssrc, media_ssrc, base & 0xFFFF, len(symbols), (reference & 0xFFFFFF) << 8 | self._count & 255
        )
        body = head + _chunks(symbols) + deltas
        self._count += 1
        self._next = last + 1
        self._arrivals.clear()
        return _with_header(body)

    def _symbols(self, base: int, last: int, time_us: int) -> tuple[list[int], bytes]:
        symbols: list[int] = []
        deltas = bytearray()
        for seq in range(base, last + 1):
            arrival = self._arrivals.get(seq)
            if arrival is None:
                symbols.append(0)
                continue
            ticks = round((arrival * 1e6 - time_us) / 250)
            if 0 <= ticks < 256:
                symbols.append(1)
                deltas.append(ticks)
            else:
                ticks = max(-32768, min(32767, ticks))
                symbols.append(2)
                deltas += struct.pack("!h", ticks)
            time_us += ticks * 250  # The rounded time is kept, so that errors do not add up.
        return symbols, bytes(deltas)


def _chunks(symbols: list[int]) -> bytes:
    chunks = bytearray()
    at = 0
    while at < len(symbols):
        run = 1
        while at + run < len(symbols) and symbols[at + run] == symbols[at] and run < 8191:
            run += 1
        if run >= 7 or at + run == len(symbols):
            chunks += struct.pack("!H", symbols[at] << 13 | run)
            at += run
        else:
            vector = sum(symbol << 12 - 2 * place for place, symbol in enumerate(symbols[at : at + 7]))
            chunks += struct.pack("!H", 0xC000 | vector)
            at += 7
    return bytes(chunks)


def _with_header(body: bytes) -> bytes:
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes((padding,))
    return struct.pack("!BBH", 0xAF if padding else 0x8F, 205, len(body) // 4) + body


def read_feedback(data: Buffer) -> list[tuple[int, float | None]]:
    """(transport-wide number, arrival in the receiver's seconds or None) of one whole RTCP packet.

    Raises ValueError when it is cut, or tells of more than 4,096 packets.
    """
    base, arrivals = read_arrivals(data)
    return [(base + place & 0xFFFF, None if ticks is None else ticks / 4000) for place, ticks in enumerate(arrivals)]


def read_arrivals(data: Buffer) -> tuple[int, list[int | None]]:
    """The first transport-wide number, and for it and those after it the arrival in ticks of 250 us. Raises as `read_feedback`."""
    try:
        return _read(bytes(data))
    except (struct.error, IndexError) as exc:
        raise ValueError("the feedback is cut") from exc


def _read(data: bytes) -> tuple[int, list[int | None]]:
    base, count, reference = struct.unpack_from("!HHI", data, 12)
    if count > READ_MAX:
        raise ValueError("the feedback tells of too many packets")
    at = 20
    symbols: list[int] = []
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", data, at)
        symbols += _chunk_symbols(chunk)
        at += 2
    ticks = (reference >> 8) * 256
    arrivals: list[int | None] = []
    for symbol in symbols[:count]:
        if symbol == 1:
            ticks += data[at]
            at += 1
        elif symbol == 2:
            ticks += struct.unpack_from("!h", data, at)[0]
            at += 2
        arrivals.append(ticks if symbol in (1, 2) else None)
    return base, arrivals


def _chunk_symbols(chunk: int) -> list[int]:
    if not chunk >> 15:
        return [chunk >> 13 & 3] * (chunk & 0x1FFF)
    return list(_vector(chunk))


def _vector(chunk: int) -> Iterator[int]:
    if chunk >> 14 & 1:
        for place in range(7):
            yield chunk >> 12 - 2 * place & 3
    else:
        for place in range(14):
            yield chunk >> 13 - place & 1
