"""One incoming packet becomes one batch: for each slot a rewritten header, the same payload, protection, and at the end one system call.

This is the hottest code of the product. Everything that is the same for all slots is done before the loop or is a constant of the slot. Where the
compiled library is there (`server/media/native`), it takes all slots in steady state in one call and leaves the others to the loop here.
All packets that we send have the same layout: 12 bytes header, 4 bytes extension header, 8 bytes of extensions (transport-wide number, MID), payload.
"""

import itertools
import struct

from server.media.edge.batch import PAYLOAD_MAX
from server.media.native.forwarder import Forwarder
from server.media.peer.layer import Layer
from server.media.peer.outlet import Outlet
from server.media.rtp import vp8
from server.media.rtp.budget import SHARE, SHARE_TWICE
from server.media.rtp.history import micros, take_number
from server.media.rtp.ring import MediaPacket
from server.media.rtp.rtx import wrap
from server.media.rtp.slot import Shift

HEADER_BYTES = 24
PADDING_FROM = 64
PADDING_MAX = 64
"""Padding is chosen from the last so many packets, and is no more than so many at once."""
_HEADER = struct.Struct("!BBHIIIBH5s")
_FIRST_BYTE = 0x90  # Version 2, with extensions.
_EXTENSIONS = 0xBEDE0002  # One-byte form, two words.


def forward(layer: Layer, packet: MediaPacket, forwarder: Forwarder | None) -> None:
    """Sends `packet` to every slot that shows `layer`, and lets slots that wait for it in when it is a key frame."""
    outlets = layer.outlets
    layer.passed_on = max(layer.passed_on, packet.seq)
    if HEADER_BYTES + len(packet.payload) > PAYLOAD_MAX or not outlets:
        return
    if forwarder is not None:
        left = forwarder.forward(layer.roll, layer.number, packet)
        if not left:
            return
        outlets = tuple(outlets[place] for place in left)
    _forward(layer, packet, outlets)


def _forward(layer: Layer, packet: MediaPacket, outlets: tuple[Outlet, ...]) -> None:
    seq, rtp_time, marker, codec, payload, descriptor, _, arrival, _ = packet
    length, left_at = HEADER_BYTES + len(payload), micros(arrival)
    mark, mime, pack = 0x80 if marker else 0, codec.mime, _HEADER.pack_into
    for outlet in outlets:
        shift = outlet.map.shift
        if shift.layer is not layer:
            if not outlet.takes_over(layer, packet):
                continue
            shift = outlet.map.shift
        elif seq < shift.since:
            continue
        link = outlet.link
        batch, keys, payload_type = link.batch, link.keys, outlet.payload_types.get(mime)
        if payload_type is None or batch is None or keys is None:
            continue
        number = 0
        if outlet.transport_head:
            number = take_number(link.state, link.history, left_at, length)
        memory, at = batch.memory, batch.at
        second, out_seq, out_time = mark | payload_type, seq + shift.seq & 0xFFFF, rtp_time + shift.time & 0xFFFFFFFF
        tail = (outlet.transport_head, number, outlet.mid_block)
        pack(memory, at, _FIRST_BYTE, second, out_seq, out_time, outlet.ssrc, _EXTENSIONS, *tail)
        memory[at + HEADER_BYTES : at + length] = payload
        if descriptor is not None:
            vp8.move(memory, at + HEADER_BYTES, descriptor, shift.picture_id, shift.tl0)
        batch.seal(keys, link.target, length)
        if outlet.is_sent_twice and batch.sealed:
            _repeat(outlet, bytes(memory[at : at + batch.sealed]))


def _repeat(outlet: Outlet, sealed: bytes) -> None:
    """Sends the packet before this one again, 20 ms after its first time. SRTP's replay protection drops whichever copy comes second."""
    if outlet.before is not None:
        outlet.link.send(outlet.before)
    outlet.before = sealed


def start_at_key_frame(outlet: Outlet) -> None:
    """Fills an empty slot from the ring, when the source it waits for has just sent a key frame: the picture is there at once."""
    layer, link = outlet.map.wanted, outlet.link
    if layer is None or layer.kind != "video" or not outlet.is_empty or link.batch is None or link.keys is None:
        return
    packets = layer.since_key_frame()
    if packets and outlet.takes_over(layer, packets[0], packets[1:]):
        for packet in packets:
            _send_one(outlet, packet, outlet.map.shift, packets[-1].arrival, again=False)


def resend(outlet: Outlet, seqs: list[int], now: float) -> int:
    """Answers a NACK for the slot's 16-bit numbers `seqs`: as retransmissions where that is negotiated, else as they were. How many went out.

    Over a line that loses much whatever we send they go twice, the second time after all the others.
    """
    budget, (sent, _) = outlet.resend_budget, outlet.sent()
    goes_twice = outlet.link.line.own_loss > 0 and outlet.is_repairable
    share = SHARE_TWICE if goes_twice else SHARE
    layer = outlet.layer
    newest = layer.newest if layer is not None else None
    found: list[tuple[MediaPacket, Shift]] = []
    for seq in seqs:
        if not budget.take(sent, now, share):
            break  # Before the search, which is what costs.
        origin = outlet.map.origin(seq, newest)
        source = origin[0].layer if origin else None
        packet = source.ring.get(origin[1]) if origin and isinstance(source, Layer) else None
        if origin is not None and packet is not None:
            found.append((packet, origin[0]))
    if goes_twice:
        found += [entry for entry in found if budget.take(sent, now, share)]
    return sum(_send_one(outlet, packet, shift, now, again=True) > 0 for packet, shift in found)


def pad(outlet: Outlet, octets: int, now: float) -> int:
    """Sends about `octets` bytes, at least, of retransmissions that nobody needs: the largest of the slot's last packets. How many bytes went out."""
    packets = _large_packets(outlet)
    sent = 0
    for packet in itertools.islice(itertools.cycle(packets), PADDING_MAX):
        if sent >= octets:
            break
        sent += _send_one(outlet, packet, outlet.map.shift, now, again=True)
    return sent


def _large_packets(outlet: Outlet) -> list[MediaPacket]:
    layer = outlet.layer
    if layer is None or layer.newest is None:
        return []
    last = max(outlet.map.shift.since, layer.newest.seq - PADDING_FROM + 1)
    found = [packet for seq in range(last, layer.newest.seq + 1) if (packet := layer.ring.get(seq)) is not None]
    largest = max((len(packet.payload) for packet in found), default=0)
    return [packet for packet in found if 2 * len(packet.payload) > largest]


def _send_one(outlet: Outlet, packet: MediaPacket, shift: Shift, now: float, *, again: bool) -> int:
    """One packet of the ring to one slot; `again`: as a retransmission. How many bytes went out."""
    link = outlet.link
    payload_type = outlet.payload_types.get(packet.codec.mime)
    if payload_type is None or link.batch is None or link.keys is None:
        return 0
    payload = bytearray(packet.payload)
    if packet.vp8 is not None:
        vp8.move(payload, 0, packet.vp8, shift.picture_id, shift.tl0)
    seq, ssrc, body = packet.seq + shift.seq & 0xFFFF, outlet.ssrc, bytes(payload)
    retransmission_type = outlet.retransmission_types.get(packet.codec.mime) if again else None
    if retransmission_type is not None:
        body = wrap(seq, body)
        payload_type, ssrc = retransmission_type, outlet.sending.retransmission_ssrc
        outlet.retransmission_seq = seq = outlet.retransmission_seq + 1 & 0xFFFF
    length = HEADER_BYTES + len(body)
    if length > PAYLOAD_MAX:
        return 0
    number = 0
    if outlet.transport_head:
        number = take_number(link.state, link.history, micros(now), length)
    head = _HEADER.pack(
        _FIRST_BYTE,
        (0x80 if packet.marker else 0) | payload_type,
        seq,
        packet.rtp_time + shift.time & 0xFFFFFFFF,
        ssrc,
        _EXTENSIONS,
        outlet.transport_head,
        number,
        outlet.mid_block,
    )
    link.batch.memory[link.batch.at : link.batch.at + length] = head + body
    link.batch.seal(link.keys, link.target, length)
    return length
