"""What a viewer gets, whatever web framework carries it."""

import asyncio
import gzip
from enum import StrEnum

PLAYLIST, MEDIA, TEXT = "application/vnd.apple.mpegurl", "video/mp4", "text/plain"
_SMALL_BYTES = 32_768  # Packed in a third of a millisecond; what is larger is packed in a thread.


class Life(StrEnum):
    """How long caches may keep an answer of a public stream; nothing of another one is kept."""

    IMMUTABLE = "public, max-age=3600, immutable"
    """Names never mean two things. An hour is more than a crowd needs, and bounds how long an erased recording stays in caches that are not ours."""
    AWAITED = "public, max-age=24"
    """The address names the part that it waited for: six target durations (RFC 8216bis, appendix B.1)."""
    PASSING = "public, max-age=1"
    """Stale with the next part; a second keeps a crowd that comes at once away from us."""
    SETTLED = "public, max-age=60"
    """A playlist that ended."""
    PRIVATE = "private, no-store"
    NONE = "no-store"


class Answer:
    """Shared by all who asked the same. `headers` hold the type, Cache-Control and, with 503, Retry-After."""

    def __init__(self, status: int, body: bytes = b"", kind: str = TEXT, cache: str = Life.NONE) -> None:
        self.status, self.body = status, body
        self.headers = {"Content-Type": kind, "Cache-Control": cache}
        if status == 503:
            self.headers["Retry-After"] = "1"
        if kind == PLAYLIST:
            self.headers["Vary"] = "Accept-Encoding"
        self._packing = asyncio.Lock()
        self._packed: bytes | None = None

    @property
    def may_be_packed(self) -> bool:
        return self.headers["Content-Type"] == PLAYLIST

    @property
    def lasts(self) -> bool:
        """Whether everybody who asks the same in the next seconds may get the same."""
        return self.headers["Cache-Control"] in (Life.IMMUTABLE, Life.AWAITED, Life.SETTLED)

    async def packed(self) -> bytes:
        """The body for those who accept gzip, packed once."""
        async with self._packing:
            if self._packed is None:
                is_small = len(self.body) <= _SMALL_BYTES
                self._packed = _pack(self.body) if is_small else await asyncio.to_thread(_pack, self.body)
            return self._packed


def _pack(data: bytes) -> bytes:
    return gzip.compress(data, 3, mtime=0)
