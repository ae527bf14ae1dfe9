"""The initialization section: two tracks, their codecs, no samples (ISO/IEC 14496-12, 8.2 to 8.8)."""

import struct

from server.broadcast.hls.boxes import box, full_box
from server.broadcast.hls.samples import TICKS, AudioFormat, VideoFormat

PICTURE_TRACK, SOUND_TRACK = 1, 2
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4  # The language "und".


def initial_section(video: VideoFormat, audio: AudioFormat) -> bytes:
    """`ftyp` and `moov`: the picture's clock ticks 90,000 times a second, the sound's once a sample."""
    return box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6", b"iso5", b"avc1", b"mp41") + box(
        b"moov",
        full_box(b"mvhd", 0, 0, struct.pack(">4I", 0, 0, 1000, 0), _MOVIE, _MATRIX, bytes(24), struct.pack(">I", 3)),
        _track(PICTURE_TRACK, TICKS, _picture_media(video), (video.width, video.height), 0),
        _track(SOUND_TRACK, audio.rate, _sound_media(audio), (0, 0), 0x100),
        box(b"mvex", *(full_box(b"trex", 0, 0, struct.pack(">5I", track, 1, 0, 0, 0)) for track in (1, 2))),
    )


_MOVIE = struct.pack(">IH10x", 0x10000, 0x100)  # Rate 1, volume 1.


def _track(number: int, rate: int, media: tuple[bytes, bytes], size: tuple[int, int], volume: int) -> bytes:
    handler, information = media
    shape = struct.pack(">8x3H2x", 0, 0, volume) + _MATRIX + struct.pack(">2I", size[0] << 16, size[1] << 16)
    return box(
        b"trak",
        full_box(b"tkhd", 0, 7, struct.pack(">2I", 0, 0), struct.pack(">I4xI", number, 0), shape),
        box(
            b"mdia",
            full_box(b"mdhd", 0, 0, struct.pack(">4I2H", 0, 0, rate, 0, _UNDETERMINED, 0)),
            full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"\0"),
            information,
        ),
    )


def _picture_media(video: VideoFormat) -> tuple[bytes, bytes]:
    entry = box(
        b"avc1",
        struct.pack(">6xH16x2H2I4xH", 1, video.width, video.height, 0x480000, 0x480000, 1),
        bytes(32),
        struct.pack(">Hh", 24, -1),
        box(b"avcC", video.avcc),
    )
    return b"vide", _information(full_box(b"vmhd", 0, 1, bytes(8)), entry)


def _sound_media(audio: AudioFormat) -> tuple[bytes, bytes]:
    entry = box(
        b"mp4a",
        struct.pack(">6xH8x2H4xI", 1, audio.channels, 16, audio.rate << 16),
        full_box(b"esds", 0, 0, _elementary_stream(audio)),
    )
    return b"soun", _information(full_box(b"smhd", 0, 0, bytes(4)), entry)


def _information(header: bytes, entry: bytes) -> bytes:
    """`minf` with one kind of sample and empty tables: the samples stand in the parts."""
    here = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
    tables = [
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    ]
    return box(b"minf", header, here, box(b"stbl", *tables))


def _elementary_stream(audio: AudioFormat) -> bytes:
    """The descriptors of an AAC stream (ISO/IEC 14496-1, 7.2.6.5): object type 0x40, audio stream, bit rates unsaid."""
    decoder = struct.pack(">2B3x2I", 0x40, 0x15, 0, 0) + _descriptor(5, audio.config)
    return _descriptor(3, struct.pack(">HB", SOUND_TRACK, 0) + _descriptor(4, decoder) + _descriptor(6, b"\x02"))


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content
