"""What a composer hears of a stage: packets in binary messages, facts in text messages. Pure; both ends use it.

A binary message holds packets one behind the other, each with the head below and its payload. Text messages are an `Event` (`protocol.py`) each.
From the worker:

    hello     {session, now}                                                          first; `now` is loop time, like all times of packets
    stage     {participants: [{participant, sources}]}                                who is on stage and connected, and what comes from them
    speaking  {participants, main}                                                    who speaks, who has the word
    source    {number, participant, source, mime, clock_rate, fmtp, channels}         what the packets with this number are; before the first of them
    wanted    {programme}                                                             whether packets of the programme are wanted; at first not
    refresh   {}                                                                      a key frame of the programme is needed

To the worker:

    agreed    {participants}                 packets of exactly these people from now on; before the first such message of nobody
    tiles     {tiles}                        each {participant, source, width, height}: how large pictures are shown, (0, 0) for not at present;
                                             a picture that is not named comes in its best layer
    key_frame {participant, source}          somebody's picture is needed anew
    programme {stream}                       what this composer makes may be shown to the audience; `stream` names where it lies

and, while that is wanted, packets of the programme in binary messages: PICTURE is H.264, SOUND Opus; captured at the composer's own time.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from server.media.recorder.reorder import Packet

_HEAD = struct.Struct(
    ">HHBQIdd"
)  # Payload's length, source's number, flags, sequence number, RTP time, arrival, capture.
HEAD_BYTES = _HEAD.size
_MARKER, _CAPTURE = 1, 2
PICTURE, SOUND = 0, 1
"""The numbers of the programme's packets."""


class Numbered(NamedTuple):
    """A packet and the number of its source."""

    number: int
    packet: Packet


def pack(number: int, packet: Packet) -> bytes:
    """One packet for a binary message."""
    flags = (_MARKER if packet.marker else 0) | (_CAPTURE if packet.capture is not None else 0)
    head = (len(packet.payload), number, flags, packet.seq, packet.rtp_time, packet.arrival, packet.capture or 0.0)
    return _HEAD.pack(*head) + packet.payload


def unpack(message: bytes) -> Iterator[Numbered]:
    """The packets of a binary message. Raises ValueError for a message that is cut off."""
    at = 0
    while at < len(message):
        if at + HEAD_BYTES > len(message):
            raise ValueError("a packet is cut off in its head")
        size, number, flags, seq, rtp_time, arrival, capture = _HEAD.unpack_from(message, at)
        at += HEAD_BYTES
        payload = message[at : at + size]
        if len(payload) < size:
            raise ValueError("a packet is cut off")
        at += size
        known = capture if flags & _CAPTURE else None
        yield Numbered(number, Packet(seq, rtp_time, bool(flags & _MARKER), payload, arrival, known))
