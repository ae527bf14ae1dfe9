"""A process of strangers: sends hostile and junk datagrams to one port at a bounded rate for a bounded time. Started by hostile.py.

Targets are only ever addresses of the benchmark's own network.
"""

import ctypes
import json
import random
import socket
import struct
import sys
import time

from datagrams import Message, Vector
from network import SERVER

BATCH = 50


def hostile(generator: random.Random) -> list[bytes]:
    """One of each kind that has ended a call of an unguarded server, and requests that tempt to answer."""
    transaction = generator.randbytes(12)
    bare = struct.pack("!HHI", 1, 0, 0x2112A442) + transaction
    short = struct.pack("!HHI", 1, 8, 0x2112A442) + transaction + struct.pack("!HHI", 0x802A, 4, 1)
    hello = b"\x16\xfe\xff\x00\x00" + bytes(6) + struct.pack("!H", 193) + b"\x01\x00\x00\xb5" + generator.randbytes(189)
    return [
        b"",
        b"\x90" + generator.randbytes(1500),
        b"\xbf" + generator.randbytes(1600),
        hello,
        short,
        bare,
        b"\x80\x60" + generator.randbytes(200),
        b"\x80\xc8" + generator.randbytes(60),
    ]


def junk(generator: random.Random, count: int) -> list[bytes]:
    """Random bytes of random lengths, every first byte there is."""
    return [generator.randbytes(generator.randint(1, 1400)) for _ in range(count)]


def messages_of(datagrams: list[bytes], host: str, port: int) -> tuple[ctypes.Array[Message], list[object]]:
    """The datagrams as one batch for sendmmsg, and what has to stay alive meanwhile."""
    batch, kept = (Message * len(datagrams))(), []
    family = struct.pack("=H", socket.AF_INET)
    name = ctypes.create_string_buffer(family + struct.pack("!H", port) + socket.inet_aton(host) + bytes(8), 16)
    for message, data in zip(batch, datagrams, strict=True):
        buffer = ctypes.create_string_buffer(data, max(1, len(data)))
        vector = Vector(ctypes.addressof(buffer), len(data))
        message.header.name, message.header.name_length = ctypes.addressof(name), 16
        message.header.vectors, message.header.vector_count = ctypes.pointer(vector), 1
        kept += [buffer, vector]
    return batch, [*kept, name]


def main() -> None:
    task = json.loads(sys.argv[1])
    if task["host"] != SERVER:
        raise SystemExit("Only the benchmark's own network is ever a target.")
    generator = random.Random(task["seed"])
    datagrams = hostile(generator) if task["kind"] == "hostile" else hostile(generator) + junk(generator, BATCH - 8)
    batch, kept = messages_of(datagrams, task["host"], task["port"])
    strangers = []
    for source in task["sources"]:
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.bind((source, 0))
        stranger.setblocking(False)
        strangers.append(stranger)
    send = ctypes.CDLL(None).sendmmsg
    sent = answers = answered_bytes = rounds = 0
    began = time.monotonic()
    while (took := time.monotonic() - began) < task["seconds"]:
        if sent >= took * task["a_second"]:
            time.sleep(0.001)
            continue
        sent += max(0, send(strangers[rounds % len(strangers)].fileno(), batch, len(datagrams), 0))
        rounds += 1
        if rounds % 50 == 0:
            for stranger in strangers:
                count, size = _answers(stranger)
                answers, answered_bytes = answers + count, answered_bytes + size
    del kept
    print(
        json.dumps({"sent": sent, "a_second": round(sent / took), "answers": answers, "answered_bytes": answered_bytes})
    )


def _answers(stranger: socket.socket) -> tuple[int, int]:
    """What came back, in datagrams and bytes: the less, the worse a mirror we are."""
    count = size = 0
    while count < 1000:
        try:
            size += len(stranger.recv(2048))
        except OSError:
            break
        count += 1
    return count, size


if __name__ == "__main__":
    main()
