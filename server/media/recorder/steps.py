"""What the finishing processes (`python -m server finish DIR`, then `view DIR`) tell the process that waits for them.

One JSON object a line on standard output:

    {"step": "tracks" | "view", "progress": 0..1}      at every hundredth; 1.0 is the last line of a success
    {"step": "tracks" | "view", "failed": "no_space" | "write_failed" | "unreadable"}     and exit code 1; what was finished before stays

Both may be killed and started again at any point; what is done already is not done again.
"""

import json
import os
import sys
from collections.abc import Callable

import av

from server.media.recorder.confine import lose_network
from server.media.recorder.writer import NO_SPACE

Progress = Callable[[float], None]


def run_step(name: str, work: Callable[[Progress], object]) -> None:
    """Does one step politely: it yields to calls (nice 10), and its files are for this user and group only. Exits with 1 when it fails.

    It takes this process's network away (`confine.py`), so it is for processes of their own.
    """
    os.nice(10)
    os.umask(0o027)
    lose_network()
    try:
        work(_printer(name))
    except OSError as error:
        _fail(name, "no_space" if error.errno in NO_SPACE else "write_failed", error)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        _fail(name, "unreadable", error)


def _printer(step: str) -> Progress:
    told = -1.0

    def tell(share: float) -> None:
        nonlocal told
        if share - told >= 0.01 or (share >= 1.0 > told):
            told = share
            _say({"step": step, "progress": round(share, 3)})

    return tell


def _fail(step: str, code: str, error: BaseException) -> None:
    sys.stderr.write(f"{step} failed: {error}\n")
    _say({"step": step, "failed": code})
    sys.exit(1)


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
