"""RTCP (RFC 3550, section 6; RFC 4585; RFC 5104): the packets that matter to a forwarder, read and written. Pure."""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from server.media.rtp.packet import Buffer

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
NACK, TRANSPORT_FEEDBACK = 1, 15
PLI, FIR = 1, 4

NACK_ENTRIES_MAX = 100
"""More is not loss but an outage; a key frame will mend it. Each entry may cost us 17 retransmissions."""
NACK_NUMBERS_MAX = 500
"""The same for all NACKs of one compound: one datagram has room for 5,000 numbers, which took 5 ms."""

_REPORT_BLOCK = struct.Struct("!IIIIII")


class ReportBlock(NamedTuple):
    """What a receiver says about one stream. `lost_share` 0..1; `last_sr` and `delay` in 1/65536 s; `jitter` in ticks of the stream's clock."""

    ssrc: int
    lost_share: float
    lost: int
    highest_seq: int
    jitter: int
    last_sr: int
    delay: int


class SenderReport(NamedTuple):
    """`ntp` is the 64-bit NTP time at which `rtp_time` was taken."""

    ssrc: int
    ntp: int
    rtp_time: int
    packets: int
    octets: int
    blocks: list[ReportBlock]


class ReceiverReport(NamedTuple):
    """A receiver's report blocks."""

    ssrc: int
    blocks: list[ReportBlock]


class Nack(NamedTuple):
    """16-bit sequence numbers that `media_ssrc` should send again: those of the first 100 entries, 500 in one compound."""

    media_ssrc: int
    seqs: list[int]


class PictureLoss(NamedTuple):
    """The receiver needs a key frame of `media_ssrc` (PLI or FIR)."""

    media_ssrc: int


class TransportFeedback(NamedTuple):
    """One transport-cc report, whole, for `feedback.read_feedback`."""

    data: bytes


class Bye(NamedTuple):
    """These streams are over."""

    ssrcs: tuple[int, ...]


Report = SenderReport | ReceiverReport | Nack | PictureLoss | TransportFeedback | Bye


def is_rtcp(second_byte: int) -> bool:
    """Tells RTCP from RTP by the packet's second byte (RFC 5761, section 4)."""
    return 192 <= second_byte <= 223


def is_transport_feedback(data: Buffer, length: int) -> bool:
    """True when the first `length` bytes are one packet of transport-wide feedback, and nothing else."""
    is_alone = 4 + 4 * (data[2] << 8 | data[3]) == length
    return data[1] == RTPFB and data[0] & 31 == TRANSPORT_FEEDBACK and is_alone


def read_compound(data: Buffer) -> list[Report]:
    """The known packets of a compound, unknown ones left out. Raises ValueError when the lengths do not add up."""
    found: list[Report] = []
    at, end, room = 0, len(data), NACK_NUMBERS_MAX
    while at < end:
        if end - at < 4 or data[at] >> 6 != 2:
            raise ValueError("not an RTCP packet")
        stop = at + 4 + 4 * (data[at + 2] << 8 | data[at + 3])
        if stop > end:
            raise ValueError("the RTCP packet is cut")
        try:
            report = _read_one(data[at + 1], data[at] & 31, data[at:stop], room)
        except struct.error as exc:
            raise ValueError("the RTCP packet is too short for its type") from exc
        if report is not None:
            found.append(report)
            room -= len(report.seqs) if isinstance(report, Nack) else 0
        at = stop
    return found


def _read_one(kind: int, count: int, data: Buffer, room: int) -> Report | None:
    if kind == RTPFB:
        if count == TRANSPORT_FEEDBACK:
            return TransportFeedback(bytes(data))
        return _read_nack(data, room) if count == NACK else None
    if kind == RR:
        (ssrc,) = struct.unpack_from("!I", data, 4)
        return ReceiverReport(ssrc, _read_blocks(data, 8, count))
    if kind == SR:
        ssrc, ntp, rtp_time, packets, octets = struct.unpack_from("!IQIII", data, 4)
        return SenderReport(ssrc, ntp, rtp_time, packets, octets, _read_blocks(data, 28, count))
    if kind == PSFB:
        return _read_picture_loss(count, data)
    if kind == BYE:
        return Bye(struct.unpack_from(f"!{count}I", data, 4))
    return None


def _read_blocks(data: Buffer, at: int, count: int) -> list[ReportBlock]:
    blocks = []
    for index in range(count):
        ssrc, lost, highest, jitter, last_sr, delay = _REPORT_BLOCK.unpack_from(data, at + 24 * index)
        cumulative = (lost & 0xFFFFFF ^ 0x800000) - 0x800000
        blocks.append(ReportBlock(ssrc, (lost >> 24) / 256, cumulative, highest, jitter, last_sr, delay))
    return blocks


def _read_nack(data: Buffer, room: int) -> Nack:
    (media_ssrc,) = struct.unpack_from("!I", data, 8)
    seqs: list[int] = []
    for at in range(12, min(len(data), 12 + 4 * NACK_ENTRIES_MAX) - 3, 4):
        if len(seqs) >= room:
            break
        first, following = struct.unpack_from("!HH", data, at)
        seqs.append(first)
        seqs += [first + 1 + bit & 0xFFFF for bit in range(16) if following >> bit & 1]
    return Nack(media_ssrc, seqs[:room])


def _read_picture_loss(kind: int, data: Buffer) -> PictureLoss | None:
    if kind == PLI:
        return PictureLoss(struct.unpack_from("!I", data, 8)[0])
    if kind == FIR:
        return PictureLoss(struct.unpack_from("!I", data, 12)[0])
    return None


def sender_report(ssrc: int, ntp: int, rtp_time: int, packets: int, octets: int) -> bytes:
    """A sender report without report blocks."""
    return struct.pack("!BBHIQIII", 0x80, SR, 6, ssrc, ntp, rtp_time, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)


def description(names: Iterable[tuple[int, str]]) -> bytes:
    """Source description: the canonical name of each SSRC, 31 at most."""
    body = b""
    count = 0
    for ssrc, name in names:
        text = name.encode()
        chunk = struct.pack("!IBB", ssrc, 1, len(text)) + text
        body += chunk + bytes(4 - len(chunk) % 4)
        count += 1
    return struct.pack("!BBH", 0x80 | count, SDES, len(body) // 4) + body


def receiver_report(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """A receiver report, 31 blocks at most."""
    body = b"".join(
        _REPORT_BLOCK.pack(
            block.ssrc,
            min(255, int(block.lost_share * 256)) << 24 | max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF,
            block.highest_seq & 0xFFFFFFFF,
            block.jitter & 0xFFFFFFFF,
            block.last_sr,
            block.delay & 0xFFFFFFFF,
        )
        for block in blocks
    )
    return struct.pack("!BBHI", 0x80 | len(blocks), RR, 1 + len(body) // 4, ssrc) + body


def picture_loss(sender_ssrc: int, media_ssrc: int) -> bytes:
    """A picture loss indication: please send a key frame."""
    return struct.pack("!BBHII", 0x80 | PLI, PSFB, 2, sender_ssrc, media_ssrc)


def nack(sender_ssrc: int, media_ssrc: int, seqs: Sequence[int]) -> bytes:
    """Asks for packets again. `seqs` may be unwrapped and must be sorted."""
    entries: list[list[int]] = []
    for seq in seqs:
        if entries and 0 < seq - entries[-1][0] <= 16:
            entries[-1][1] |= 1 << seq - entries[-1][0] - 1
        else:
            entries.append([seq, 0])
    body = b"".join(struct.pack("!HH", first & 0xFFFF, bits) for first, bits in entries)
    return struct.pack("!BBHII", 0x80 | NACK, RTPFB, 2 + len(entries), sender_ssrc, media_ssrc) + body
