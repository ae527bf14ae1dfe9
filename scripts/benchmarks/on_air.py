"""A process that broadcasts 2.5 Mbit/s into a folder until it is killed: noise through the packager. Started by audience.py."""

import json
import os
import sys
import time
from pathlib import Path

from server.broadcast.hls.samples import TICKS, Picture, Sound
from tests.broadcast.hls.material import packager, pictures, sounds

FPS = 30
BPS = 2_500_000
GOP = 64
BEHIND_S = 5.0


def main() -> None:
    task = json.loads(sys.argv[1])
    key = pictures(0.1, (1280, 720))[0]
    sound = sounds(1)[0]
    size = BPS // 8 // FPS - 270  # The rest is sound and boxes.
    began = time.time() - BEHIND_S
    writer = packager(Path(task["folder"]), began)
    number = heard = 0
    said = False
    while True:
        now = time.time() - began
        while number / FPS < now:
            data = (size - 4).to_bytes(4, "big") + b"\x41" + os.urandom(size - 5)
            at = number * TICKS // FPS
            writer.write(Picture(at, key.data + data, key.format) if number % GOP == 0 else Picture(at, data))
            number += 1
            while heard * 1024 / 48_000 < number / FPS:
                writer.write(Sound(heard * 1024 * TICKS // 48_000, sound[heard % len(sound)].data))
                heard += 1
        if not said:
            print(json.dumps({"ready": True}), flush=True)
            said = True
        time.sleep(0.005)


if __name__ == "__main__":
    main()
