"""Load processes of a benchmark: a script of this folder outside the measured namespace, a task as JSON in, results as JSON lines out."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import report
from network import Unavailable, outside
from subjects import Running

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(report.ROOT)}


async def spawn(script: str, task: dict[str, Any], core: int | None = None) -> asyncio.subprocess.Process:
    """Starts `script` with its task."""
    pipe = asyncio.subprocess.PIPE
    command = outside(sys.executable, str(HERE / script), json.dumps(task), core=core)
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=report.ROOT, env=ENVIRONMENT)


async def line_of(
    process: asyncio.subprocess.Process, who: str, server: Running, limit_s: float = 120
) -> dict[str, Any]:
    """The next JSON line of a load process. Raises Unavailable when it ended without one."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), limit_s)
    if not line:
        log = (server.folder / "log").read_text(errors="replace").strip().splitlines()
        raise Unavailable(f"The {who} ended before it measured; the server's last words: {log[-3:]}")
    return dict(json.loads(line))
