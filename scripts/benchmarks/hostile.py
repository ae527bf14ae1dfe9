"""A call, and new calls, while strangers send hostile and junk datagrams to the media port."""
# Needs: namespaces

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import report
import subjects
from clip import Clip, encode
from network import CLIENT, SERVER, STRANGER, Network, Unavailable
from peer import Certificate, Peer
from processes import line_of, spawn
from receiver import Receiver
from receivers import Audience, join_all
from report import say
from signaling import Signaling, signaling_of

PORT = 7882
QUIET_S, EACH_S, FLOOD_S = 4.0, 3.0, 10.0


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One 720p30 call is watched picture by picture: quiet, under each hostile datagram, and under 50,000 datagrams a second."""
    seed = options.seed or random.randrange(2**31)
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        clip = encode()
        clip.save(Path(folder) / "clip")
        try:
            with Network() as network:
                return {
                    "seed": seed,
                    **await _attacked(network, Path(folder) / "clip", clip, seed, options.rate),
                    "notes": [],
                }
        except Unavailable as why:
            nothing = dict.fromkeys(("quiet_fps_min", "control_fps_min", "new_call_ms_max"))
            return {**nothing, "notes": [str(why)]}


async def _attacked(network: Network, path: Path, clip: Clip, seed: int, rate: int) -> dict[str, Any]:
    server = await subjects.start("ours", network)
    task = {"subject": "ours", "address": server.address, "clip": str(path), "host": CLIENT}
    publisher = await spawn("publisher.py", task)
    try:
        await line_of(publisher, "publisher", server)
        async with signaling_of(task) as signaling:
            audience = Audience(clip)
            watching = asyncio.create_task(audience.run())
            await join_all(audience, signaling, 1, CLIENT)
            found = await _phases(audience, signaling, server, seed, rate)
            watching.cancel()
        return found
    finally:
        publisher.kill()
        await server.stop()


async def _phases(
    audience: Audience, signaling: Signaling, server: subjects.Running, seed: int, rate: int
) -> dict[str, Any]:
    await asyncio.sleep(3)
    memory, log = _memory_mb(server.pid), _log_bytes(server)
    quiet = await _pictures_a_second(audience, QUIET_S)
    base = {"host": SERVER, "port": PORT, "sources": [STRANGER, CLIENT], "seed": seed}
    gentle = await spawn("strangers.py", {**base, "kind": "hostile", "a_second": 1000, "seconds": EACH_S})
    under_each = await _pictures_a_second(audience, EACH_S)
    told = await line_of(gentle, "strangers", server)
    flood = await spawn("strangers.py", {**base, "kind": "flood", "a_second": rate, "seconds": FLOOD_S})
    cpu = report.cpu_s(server.pid)
    newcomers = asyncio.create_task(_new_calls(signaling, FLOOD_S - 1.5))
    under_flood = await _pictures_a_second(audience, FLOOD_S - 1)
    core = (report.cpu_s(server.pid) - cpu) / (FLOOD_S - 1)
    new_calls = await newcomers
    flooded = await line_of(flood, "strangers", server)
    counts = audience.receivers[0].counts
    return {
        "quiet_fps_min": min(quiet),
        "control_fps_min": min(under_each + under_flood),
        "control_fps_hostile_min": min(under_each),
        "control_fps_flood_min": min(under_flood),
        "new_call_ms_max": max(new_calls),
        "new_calls_ms": new_calls,
        "control_lost_packets": counts.lost,
        "worker_alive": server.process.returncode is None,
        "worker_core_under_flood": round(core, 2),
        "worker_memory_grown_mb": round(_memory_mb(server.pid) - memory, 1),
        "worker_log_bytes": _log_bytes(server) - log,
        "hostile": told,
        "flood": flooded,
        "fps": {"quiet": quiet, "hostile": under_each, "flood": under_flood},
    }


async def _pictures_a_second(audience: Audience, seconds: float) -> list[int]:
    """Pictures that arrived whole and unchanged, for each second."""
    found = []
    for _ in range(round(seconds)):
        before = audience.proof.same
        await asyncio.sleep(1)
        found.append(audience.proof.same - before)
    return found


async def _new_calls(signaling: Signaling, seconds: float) -> list[float]:
    """One newcomer after the other: milliseconds from the offer to the first packet of the call."""
    found: list[float] = []
    certificate, end = Certificate(), time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        peer = Peer(CLIENT, certificate)
        receiver = Receiver(peer, await signaling.subscribe(peer, 1000 + len(found)))
        while not receiver.counts.packets and time.monotonic() - began < 10:
            await asyncio.sleep(0.005)
            try:
                data = peer.socket.recv(2048)
            except BlockingIOError:
                continue
            receiver.take(memoryview(data), 0, len(data))
        found.append(round(1000 * (time.monotonic() - began), 1))
        peer.close()
        await asyncio.sleep(0.5)
    return found


def _memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _log_bytes(server: subjects.Running) -> int:
    return (server.folder / "log").stat().st_size


if __name__ == "__main__":
    report.main(
        measure,
        ("--rate", {"type": int, "default": 50_000, "help": "datagrams a second"}),
        ("--seed", {"type": int, "default": 0}),
    )
