"""A process that sees a running call as one of its peers, and says how it came since it was last asked. Started by running_call.py."""

import asyncio
import json
import sys
import time
from pathlib import Path

from clip import Clip
from receivers import Audience, join_all
from signaling import signaling_of
from storm import Pictures

SHORT_S = 1.5


async def main() -> None:
    task = json.loads(sys.argv[1])
    audience = Audience(Clip.load(Path(task["clip"])))
    async with signaling_of(task) as signaling:
        watching = asyncio.create_task(audience.run())
        await join_all(audience, signaling, 1, task["host"])
        counts, pictures = audience.receivers[0].counts, Pictures(audience)
        print(json.dumps({"ready": True}), flush=True)
        began = time.monotonic()
        while await asyncio.to_thread(sys.stdin.readline):
            pictures.stop()
            seconds = time.monotonic() - began
            fewest = pictures.worst_second() if seconds > SHORT_S else None  # In less there is no whole second.
            seen = {"seconds": round(seconds, 1), "fps_min": fewest, "gap_ms": pictures.longest_gap_ms()}
            print(json.dumps({**seen, "packets": counts.packets, "lost": counts.lost}), flush=True)
            counts.begin()
            pictures, began = Pictures(audience), time.monotonic()
        watching.cancel()
    audience.receivers[0].peer.close()


if __name__ == "__main__":
    asyncio.run(main())
