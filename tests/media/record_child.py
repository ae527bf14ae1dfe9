"""A process that records in real time until it is killed: `python -m tests.media.record_child DIR`. Prints the seconds of media it was given."""

import asyncio
import sys
import time
from pathlib import Path

from server.media.tap import Source
from tests.media.record_packets import H264, OPUS, VP8, Bench, Stream, give, in_order, sound, video


async def main() -> None:
    bench = Bench(Path(sys.argv[1]), ["ann", "bob"])
    streams = [
        Stream("ann", Source.CAMERA, VP8, video("VP8", 30, size=(640, 360))),
        Stream("ann", Source.MICROPHONE, OPUS, sound(30)),
        Stream("bob", Source.CAMERA, H264, video("H264", 30)),
        Stream("bob", Source.MICROPHONE, OPUS, sound(30, seed=9)),
    ]
    packets = in_order(streams, 0.0)
    await bench.recorder.start()
    sys.stdout.write("0.0\n")
    for number, (arrival, stream, packet) in enumerate(packets):
        wait_s = bench.began + arrival - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        give(bench.recorder, bench.began + arrival, stream, packet, bench.began)
        if number % 10 == 0:
            sys.stdout.write(f"{packet.t:.3f}\n")
            sys.stdout.flush()


asyncio.run(main())
