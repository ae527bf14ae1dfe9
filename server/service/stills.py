"""Uploaded pictures are drawn anew, a few at a time, each by a process of its own that has no network and little time."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass, field

from server.config import ROOT
from server.domain.pictures import measure
from server.errors import BadPicture

AT_ONCE = 2
WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Stills:
    """Who draws. More than `AT_ONCE` wait for their turn."""

    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def redraw(self, data: bytes) -> bytes:
        """The picture as a JPEG of ours, without anything else that was in the file. Raises BadPicture."""
        kind = measure(data).kind
        async with self.places:
            return await _drawn(kind, data)


async def _drawn(kind: str, data: bytes) -> bytes:
    words = (sys.executable, "-m", "server", "still", kind)
    child = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        async with asyncio.timeout(WAIT_S):
            image, _ = await child.communicate(data)
    except TimeoutError:
        raise BadPicture from None
    finally:
        await _end(child)
    if child.returncode != 0:
        raise BadPicture
    return image


async def _end(child: Process) -> None:
    """Nothing is left of it, however this ends."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
