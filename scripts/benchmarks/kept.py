"""N5: what a recording holds when packets overtake each other and come twice."""

import asyncio
import hashlib
import itertools
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from quality import control
from verdict import Row, line_is_as_wanted

from server.media.recorder import index
from tests.e2e.recovery import Call, starts_recording
from tests.idle import IDLE_MIN, Idle
from tests.lines.condition import Condition
from tests.lines.stand import CUSTOMER, Stand, talking

SECONDS = 40.0
MIXED_UP = Condition(reorder=0.05, duplicate=0.02, delay_ms=20)


async def recorded_mixed_up(stand: Stand, short: float) -> Row:
    """A call is recorded while the customer's packets are reordered and doubled, both ways."""
    row = Row("N5", "5 % of packets overtaken, 2 % doubled, while the call is recorded")
    async with talking(stand) as talk:
        await control(row, talk)
        idle = Idle()
        call = Call(talk.product, talk.customer, talk.agent, talk.customer.page.url.rsplit("/", 1)[1].partition("?")[0])
        await stand.lines.tell()
        await stand.lines.set(CUSTOMER, MIXED_UP, MIXED_UP)
        await starts_recording(call)
        await asyncio.sleep(SECONDS * max(short, 0.5))
        achieved, off = line_is_as_wanted(
            await stand.lines.tell(), {f"{CUSTOMER}/{way}": MIXED_UP for way in ("up", "down")}
        )
        share = idle.share()
        await talk.agent.page.click("#record")
        await _until_ready(call)
        tracks = await asyncio.to_thread(_tracks, talk.product.recordings)
    row.why_not += [*off, *([f"only {share:.0%} of the processor was idle"] if share < IDLE_MIN else [])]
    row.holds("four_tracks", len(tracks) == 4)
    for name in ("decoder_errors", "doubled_frames", "times_that_do_not_grow"):
        row.at_most(name, sum(track[name] for track in tracks), 0)
    row.figures |= {"line": achieved, "idle": round(share, 2), "tracks": tracks}
    return row


async def _until_ready(call: Call) -> None:
    async with asyncio.timeout(60):
        while any(one["state"] not in {"ready", "failed"} for one in (await call.view())["recordings"]):
            await asyncio.sleep(0.5)


def _tracks(recordings: Path) -> list[dict[str, Any]]:
    """What is in each track's file."""
    return [
        {"source": track.source, **_examined(folder / track.file)}
        for folder in sorted(path.parent for path in recordings.rglob(index.NAME))
        for track in index.read_index(folder).tracks
    ]


def _examined(file: Path) -> dict[str, Any]:
    errors, frames, seen, times = 0, 0, set(), []
    found = file if file.exists() else next(file.parent.glob(f"{file.stem}.*"))
    with av.open(str(found)) as container:
        for packet in container.demux():
            if packet.pts is None:
                continue
            times.append(packet.pts)
            seen.add(hashlib.sha256(bytes(packet)).digest())
            try:
                frames += len(packet.decode())
            except FFmpegError:
                errors += 1
    return {
        "packets": len(times),
        "frames": frames,
        "decoder_errors": errors,
        "doubled_frames": len(times) - len(seen) if container.streams.video else 0,  # Silence is silence again.
        "times_that_do_not_grow": sum(later <= earlier for earlier, later in itertools.pairwise(times)),
    }
