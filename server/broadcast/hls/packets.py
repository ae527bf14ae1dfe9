"""PyAV's packets, as encoders and demuxers give them, turned into samples."""

import struct
from typing import Any

from av.packet import Packet

from server.broadcast.hls.samples import TICKS, AudioFormat, Picture, Sound, VideoFormat
from server.media.recorder.h264 import avcc
from server.media.rtp.sps import picture_size

_START = b"\x00\x00\x01"
_SPS, _PPS, _IDR = 7, 8, 5


class PictureReader:
    """Reads H.264 in Annex B form, parameter sets in front of key frames: what libx264 gives without global header, and what depayloaders give.

    No B-frames: a live encoder makes none, and without them decoding times are showing times.
    """

    def __init__(self) -> None:
        self._format: VideoFormat | None = None

    def read(self, packet: "Packet[Any]") -> Picture | None:
        """None for a packet without a picture. Raises ValueError for another form, for B-frames, and for a key frame whose sets never came."""
        units = _units(bytes(packet))
        sets = [[unit for unit in units if unit[0] & 0x1F == kind] for kind in (_SPS, _PPS)]
        if sets[0] and sets[1]:
            self._format = VideoFormat(*picture_size(sets[0][-1]), avcc(sets[0][-1], sets[1][:31]))
        units = [unit for unit in units if 1 <= unit[0] & 0x1F <= 6]  # No sets, no delimiters, no filler.
        if not any(unit[0] & 0x1F <= _IDR for unit in units):
            return None
        if packet.dts is not None and packet.dts != packet.pts:
            raise ValueError("a stream with B-frames")
        is_key = any(unit[0] & 0x1F == _IDR for unit in units)
        if is_key and self._format is None:
            raise ValueError("a key frame without parameter sets")
        data = b"".join(struct.pack(">I", len(unit)) + unit for unit in units)
        return Picture(_time(packet), data, self._format if is_key else None)


def read_sound(packet: "Packet[Any]") -> Sound:
    """One AAC frame as an encoder gives it (raw, not ADTS). Raises ValueError for a packet without a time."""
    return Sound(_time(packet), bytes(packet))


def sound_format(context: Any) -> AudioFormat:
    """Of an opened AAC encoder or a demuxed AAC stream's codec context. Raises ValueError when it says too little."""
    if not context.extradata or not context.sample_rate:
        raise ValueError("an AAC stream without configuration")
    return AudioFormat(context.sample_rate, context.layout.nb_channels, bytes(context.extradata))


def _units(data: bytes) -> list[bytes]:
    head, *units = data.split(_START)
    if head.strip(b"\x00") or not units:
        raise ValueError("H.264 that is not in Annex B form")
    return [
        stripped for unit in units if (stripped := unit.rstrip(b"\x00"))
    ]  # A unit never ends with a zero (H.264, 7.4.1).


def _time(packet: "Packet[Any]") -> int:
    if packet.pts is None or packet.time_base is None:
        raise ValueError("a packet without a time")
    base = packet.time_base
    return (2 * packet.pts * base.numerator * TICKS + base.denominator) // (2 * base.denominator)  # Rounded.
