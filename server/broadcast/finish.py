"""Everything that happens to a recording after its end: `python -m server finish DIR`.

First the tracks (`server/media/recorder/finish.py`; facts.json is there when they are), then the view. Prints one JSON object a line:

    {"step": "tracks" | "view", "progress": 0..1}
    {"step": "done"}                                          the last line; facts.json is complete (`view` is null: nothing to show)
    {"step": "tracks" | "view", "failed": "no_space" | "write_failed" | "unreadable"}    and exit code 1; what was finished before stays

It may be killed and started again at any point.
"""

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path

import av

from server.broadcast import view
from server.media.recorder import finish

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main(directory: str | Path) -> None:
    """Finishes the recording in `directory`. Exits with 1 when a step fails."""
    _step("tracks", finish.main, directory)
    _step("view", view.main, directory)
    _say({"step": "done"})


def _step(name: str, work: Callable[[str | Path], None], directory: str | Path) -> None:
    try:
        work(directory)
    except OSError as error:
        _fail(name, "no_space" if error.errno in _NO_SPACE else "write_failed", error)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        _fail(name, "unreadable", error)


def _fail(name: str, code: str, error: Exception) -> None:
    sys.stderr.write(f"{name} failed: {error}\n")
    _say({"step": name, "failed": code})
    sys.exit(1)


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
