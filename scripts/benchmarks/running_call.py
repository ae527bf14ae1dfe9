"""A call on a media worker, in processes of its own, that goes on while something else is measured: does anybody in it notice?"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from clip import encode
from processes import spawn

LIMIT_S = 60


class RunningCall:
    """One who sends (720p30 and voice) and one who sees it, as peers of the worker."""

    def __init__(self, publisher: asyncio.subprocess.Process, witness: asyncio.subprocess.Process) -> None:
        self._processes = (publisher, witness)
        self._witness = witness

    async def look(self) -> dict[str, Any]:
        """Since the last look: pictures of the worst second, longest time without one, packets, and those that were lost."""
        assert self._witness.stdin is not None
        self._witness.stdin.write(b"look\n")
        return await _line_of(self._witness)

    async def close(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def running_call(folder: Path, control: str, host: str) -> AsyncIterator[RunningCall]:
    """A call at the worker whose control interface this is; `host` is where its peers are. Media flow when the block begins."""
    await asyncio.to_thread(encode().save, folder / "clip")
    task = {"subject": "ours", "address": control, "clip": str(folder / "clip"), "host": host}
    publisher = await spawn("publisher.py", task)
    call = RunningCall(publisher, publisher)
    try:
        await _line_of(publisher)
        witness = await spawn("witness.py", task)
        call = RunningCall(publisher, witness)
        await _line_of(witness)
        await asyncio.sleep(3.0)  # Whoever comes gets a small picture first.
        await call.look()
        yield call
    finally:
        await call.close()


async def _line_of(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Raises ValueError when it ended without a word."""
    assert process.stdout is not None
    return dict(json.loads(await asyncio.wait_for(process.stdout.readline(), LIMIT_S)))
