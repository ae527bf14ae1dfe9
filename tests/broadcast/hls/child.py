"""A process that broadcasts until it is killed: `python -m tests.broadcast.hls.child FOLDER UNIX_TIME`. Ten times as fast as life."""

import sys
import time
from pathlib import Path

from server.broadcast.hls.samples import Picture
from tests.broadcast.hls.material import Show, packager


def main(directory: str, wall_at: str) -> None:
    writer = packager(Path(directory), float(wall_at))
    samples = list(Show(10).samples())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for sample in samples:
        writer.write(sample)
        if isinstance(sample, Picture):
            time.sleep(0.003)


if __name__ == "__main__":
    main(*sys.argv[1:])
