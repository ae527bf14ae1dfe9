"""The lower bound of fanout.py: a bare C loop over libsrtp and sendmmsg with the same packets, pace, network and core. Null without a C compiler."""

import ctypes
import json
import secrets
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from datagrams import Drain, Message, Vector
from network import CLIENT, SERVER, Network

HERE = Path(__file__).parent
KEPT: list[object] = []  # The sessions behind the C pointers; they live as long as the process.
RECEIVERS, SECONDS, ROUNDS = 100, 4.0, 3
PICTURE, SOUND = [1117] * 5 + [750], [180]  # Bytes of the packets of one frame of the clip, headers included.


def measure(network: Network, notes: list[str]) -> float | None:
    """Microseconds of CPU for one packet to one receiver, median of some rounds."""
    compiler = shutil.which("cc")
    if compiler is None:
        notes.append("No C compiler is installed here, so the lower bound was not measured.")
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "floor.so"
        build = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "floor.c")]
        if subprocess.run(build, check=False).returncode:
            notes.append("The lower bound's C file did not compile here.")
            return None
        return round(statistics.median(_round(network, library) for _ in range(ROUNDS)), 2)


def _round(network: Network, library: Path) -> float:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(RECEIVERS)]
    for receiver in sockets:
        receiver.bind((CLIENT, 0))
    done = threading.Event()
    drain = threading.Thread(target=_drain, args=(sockets, done))
    drain.start()
    ports = json.dumps([receiver.getsockname()[1] for receiver in sockets])
    command = network.inside(sys.executable, __file__, str(library), ports)
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    done.set()
    drain.join()
    for receiver in sockets:
        receiver.close()
    return float(answer.stdout)


def _drain(sockets: list[socket.socket], done: threading.Event) -> None:
    drain = Drain()
    while not done.wait(0.02):
        for receiver in sockets:
            drain.read(receiver.fileno())


def _send(library: Path, ports: list[int]) -> float:
    """Sends at the clip's pace for a while; the process's CPU time for each packet."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((SERVER, 0))
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**21)
    burst = ctypes.CDLL(str(library)).burst
    messages, kept = _messages(ports)
    sessions, protect = _sessions(len(ports))
    plain = struct.pack("!BBHII", 0x80, 96, 0, 0, 4711) + secrets.token_bytes(1200)
    sequence, began, cpu = 0, time.monotonic(), time.process_time()
    for tick in range(round(SECONDS * 30)):
        for size in PICTURE + SOUND * (2 if tick % 3 else 1):
            sequence += 1
            if burst(sender.fileno(), protect, sessions, messages, plain, size, sequence, len(ports)):
                raise OSError("the burst failed")
        time.sleep(max(0.0, began + (tick + 1) / 30 - time.monotonic()))
    del kept
    return 1e6 * (time.process_time() - cpu) / (sequence * len(ports))


def _messages(ports: list[int]) -> tuple[ctypes.Array[Message], list[object]]:
    """One message for each receiver with a buffer and an address, and what has to stay alive meanwhile."""
    messages, kept = (Message * len(ports))(), []
    for message, port in zip(messages, ports, strict=True):
        buffer = ctypes.create_string_buffer(1500)
        vector = Vector(ctypes.addressof(buffer), 0)
        family = struct.pack("=H", socket.AF_INET)
        name = ctypes.create_string_buffer(family + struct.pack("!H", port) + socket.inet_aton(CLIENT) + bytes(8), 16)
        message.header.name, message.header.name_length = ctypes.addressof(name), 16
        message.header.vectors, message.header.vector_count = ctypes.pointer(vector), 1
        kept += [buffer, vector, name]
    return messages, kept


def _sessions(count: int) -> tuple[ctypes.Array[ctypes.c_void_p], ctypes.c_void_p]:
    """SRTP sessions as C pointers, from the library that pylibsrtp carries, so that both sides encrypt with the same code."""
    from pylibsrtp import Policy, Session
    from pylibsrtp._binding import ffi, lib

    pointers = []
    for _ in range(count):
        session = Session(
            Policy(secrets.token_bytes(44), Policy.SSRC_ANY_OUTBOUND, 0, Policy.SRTP_PROFILE_AEAD_AES_256_GCM)
        )
        KEPT.append(session)
        pointers.append(int(ffi.cast("uintptr_t", session._srtp[0])))
    protect = int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect")))
    return (ctypes.c_void_p * count)(*pointers), ctypes.c_void_p(protect)


if __name__ == "__main__":
    print(_send(Path(sys.argv[1]), json.loads(sys.argv[2])))
