"""One encoded frame of a stream, and what its track is set up with."""

from dataclasses import dataclass

TICKS = 90_000
"""All times of a stream are whole numbers of 1/90,000 s: every usual frame rate, and 1024 samples at 48 kHz, fit without a rest."""


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What a decoder of H.264 is set up with: size in pixels, and the avcC record (ISO/IEC 14496-15, 5.3.3.1)."""

    width: int
    height: int
    avcc: bytes

    @property
    def codec(self) -> str:
        """As playlists name it, e.g. avc1.42c01f (RFC 6381)."""
        return f"avc1.{self.avcc[1:4].hex()}"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a decoder of AAC is set up with. `config` is the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)."""

    rate: int
    channels: int
    config: bytes

    @property
    def codec(self) -> str:
        """As playlists name it, e.g. mp4a.40.2 (RFC 6381)."""
        return f"mp4a.40.{self.config[0] >> 3}"


@dataclass(frozen=True, slots=True)
class Picture:
    """One coded picture: NAL units behind four-byte lengths, without parameter sets. `format` stands on key frames and only there."""

    time: int
    data: bytes
    format: VideoFormat | None = None

    @property
    def is_key(self) -> bool:
        return self.format is not None


@dataclass(frozen=True, slots=True)
class Sound:
    """One AAC frame of 1024 samples, without ADTS header."""

    time: int
    data: bytes


Sample = Picture | Sound
