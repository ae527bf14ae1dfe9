"""The composer double as a process, with the options of `python -m server compose`.

Writes what it was told to `<directory>.told`, a line for each scene.
"""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from server.broadcast.compose.on_demand import wait_for_options
from tests.composer_double import ComposerDouble


class Told(list[dict[str, Any]]):
    """Scenes that a test can read in another process."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def append(self, scene: dict[str, Any]) -> None:
        super().append(scene)
        with self._file.open("a") as file:
            file.write(json.dumps({"pid": os.getpid(), "agreed": scene["agreed"], "card": scene["card"]}) + "\n")


async def main(options: dict[str, str]) -> None:
    directory, over = Path(options["directory"]), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    socket = Path(options["control"].removeprefix("unix:"))
    socket.unlink(missing_ok=True)
    double = ComposerDouble(options["control"], directory, Told(directory.with_suffix(".told")))
    double.on_end = over.set
    await double.start(time.time())
    await over.wait()
    await double.close()


def read_options(words: list[str]) -> dict[str, str]:
    if words == ["--on-demand"]:
        return wait_for_options()
    return dict(zip([word.removeprefix("--") for word in words[::2]], words[1::2], strict=True))


if __name__ == "__main__":
    asyncio.run(main(read_options(sys.argv[1:])))
