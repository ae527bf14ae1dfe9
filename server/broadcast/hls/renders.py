"""Playlists as bytes, written once for each change of a stream and shared by everybody who asks."""

from server.broadcast.hls.multivariant import multivariant_playlist
from server.broadcast.hls.playlist import (
    live_playlist,
    live_playlist_behind,
    older_segments,
    recording_playlist,
    skipped_segments,
)
from server.broadcast.hls.stream import Stream


class Renders:
    """Of one stream. The text of old segments is kept, so that a change costs the last half minute, not the whole stream."""

    def __init__(self, stream: Stream, expected_bps: int) -> None:
        self._stream, self._expected_bps = stream, expected_bps
        self._done: dict[str, bytes] = {}
        self._older, self._count = "", 0

    def forget(self, is_rewritten: bool = False) -> None:
        """The stream has changed. `is_rewritten`: also what it said of old segments."""
        self._done.clear()
        if is_rewritten:
            self._older, self._count = "", 0

    def live(self, skips: bool) -> bytes:
        """The live playlist, or its update."""
        if skips and not self._stream.has_ended:
            return self._kept("update") or self._keep("update", live_playlist(self._stream, skips=True))
        return self._kept("live") or self._keep("live", self._whole())

    def recording(self) -> bytes:
        return self._kept("recording") or self._keep("recording", recording_playlist(self._stream))

    def multivariant(self, smaller: Stream | None) -> bytes:
        name = "multivariant" if smaller is None else "both"
        return self._kept(name) or self._keep(name, multivariant_playlist(self._stream, self._expected_bps, smaller))

    def _whole(self) -> str:
        count = skipped_segments(self._stream)
        self._older += older_segments(self._stream, self._count, count)
        self._count = max(self._count, count)
        return live_playlist_behind(self._stream, self._count, self._older)

    def _kept(self, name: str) -> bytes | None:
        return self._done.get(name)

    def _keep(self, name: str, text: str) -> bytes:
        return self._done.setdefault(name, text.encode())
