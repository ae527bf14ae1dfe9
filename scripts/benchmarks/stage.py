"""Eight people on stage with their cameras on, each in three layers: frames of everybody's main tile, layers chosen, the worker's CPU."""
# Needs: chromium

import argparse
import asyncio
import contextlib
import struct
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import report
from clip import PAYLOAD_BYTES, Clip, Shape, encode
from playwright.async_api import Page
from report import say

from server.media.protocol import Seat, Tile
from server.media.rtp import rtcp
from tests.e2e.browsers import chromium_path
from tests.media.record_worker import RecordWorker
from tests.media.test_browsers import chromium, pages_of
from tests.media.wire_peer import WirePeer, joined

SHAPES = {"l": Shape(320, 180, 30, 150_000), "m": Shape(640, 360, 30, 500_000), "h": Shape(1280, 720, 30, 1_500_000)}
HEIGHTS = {shape.height: rid for rid, shape in SHAPES.items()}
PICTURES = 6
MAIN, SMALL = (1280, 720), (288, 162)
SETTLE_S = 8.0
ENCODINGS = """window.sendEncodings = [
    { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150000 },
    { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500000 },
    { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1500000 }]"""
KEYS = ("receivers", "main_tile_fps_min", "cpu_core", "layers_chosen")


class Person:
    """A peer that sends the clip in the layers it is asked for, jumps to a key frame when one is wanted, and counts what it gets."""

    def __init__(self, peer: WirePeer, clips: dict[str, Clip]) -> None:
        self.peer, self._clips = peer, clips
        self.rids: set[str] = {"m"}
        self._frame = self._picture = self._sounds = 0
        self._seqs = dict.fromkeys(SHAPES, 0)
        self.sent = 0

    async def run(self) -> None:
        began = time.monotonic()
        while True:
            at = time.monotonic() - began
            if any(isinstance(one, rtcp.PictureLoss) for one in self.peer.reports):
                keys = self._clips["h"].keys
                self._frame = min(keys, key=lambda key: (key - self._frame) % len(self._clips["h"].video))
            self.peer.reports.clear()
            while self._picture <= at * 30:
                self._send_picture()
            while self._sounds <= at * 50:
                self.peer.send_rtp("1", self._sounds, self._sounds * 960, self._clips["h"].audio[self._sounds % 200])
                self._sounds += 1
            await asyncio.sleep(1 / 60)

    def _send_picture(self) -> None:
        for rid in sorted(self.rids):
            frame = self._clips[rid].video[self._frame]
            for at in range(0, len(frame), PAYLOAD_BYTES):
                head = struct.pack("!BBH", 0x80 if at else 0x90, 0x80, 0x8000 | self._picture & 0x7FFF)
                is_last = at + PAYLOAD_BYTES >= len(frame)
                piece = head + frame[at : at + PAYLOAD_BYTES]
                self.peer.send_rtp("0", self._seqs[rid], self._picture * 3000, piece, marker=is_last, rid=rid)
                self._seqs[rid] += 1
                self.sent += 1
        self._frame = (self._frame + 1) % len(self._clips["h"].video)
        self._picture += 1

    def slots(self, seconds: float) -> dict[str, tuple[float, str]]:
        """Frames a second and the layer of each slot for pictures, since `received` was emptied."""
        found = {}
        for mid in map(str, range(2, 2 + PICTURES)):
            packets = self.peer.of(mid)
            bps = 8 * sum(len(packet.payload) for packet in packets) / seconds
            if packets:
                rid = min(SHAPES, key=lambda name: abs(SHAPES[name].bit_rate - bps))
                found[mid] = sum(packet.marker for packet in packets) / seconds, rid
        return found


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Seven peers on the wire and one Chromium on one media worker. Each has one large tile and five small ones, and sends what it is asked for."""
    if chromium_path() is None:
        return {**dict.fromkeys(KEYS), "notes": ["Chromium is not installed here."]}
    clips = {rid: encode(shape) for rid, shape in SHAPES.items()}
    with tempfile.TemporaryDirectory() as folder:
        async with (
            RecordWorker(Path(folder)) as worker,
            pages_of(worker) as address,  # type: ignore[arg-type]
            chromium(Path(folder), address, 1) as (page,),
        ):
            rounds = [await _stage(worker, page, clips, options) for _ in range(1)]
    return {**rounds[0], "notes": ["The browser and the peers run on the same cores as the worker."]}


async def _stage(
    worker: RecordWorker, page: Page, clips: dict[str, Clip], options: argparse.Namespace
) -> dict[str, Any]:
    people: dict[str, Person] = {}
    async with contextlib.AsyncExitStack() as ends, asyncio.TaskGroup() as group:
        tasks = [group.create_task(_obey(worker, page, people))]
        for number in range(options.people - 1):
            peer = await joined(worker.client.connect, WirePeer(PICTURES, 4, rids=tuple(SHAPES)))
            ends.push_async_callback(peer.close)
            people[peer.connection] = person = Person(peer, clips)
            await _enter(worker, f"person-{number}", peer.connection, 2)
            tasks.append(group.create_task(person.run()))
        await page.evaluate(ENCODINGS)
        browser = await page.evaluate("join(6, 4)")
        await page.evaluate("activate(['m'])")
        await _enter(worker, "browser", browser, 3)
        await asyncio.sleep(SETTLE_S)
        found = await _window(worker, page, people, options.seconds)
        for task in tasks:
            task.cancel()
    return found


async def _enter(worker: RecordWorker, name: str, connection: str, first: int) -> None:
    """On stage, with a large tile for the first slot."""
    tiles = [Tile(str(first + place), *(SMALL if place else MAIN)) for place in range(PICTURES)]
    await worker.client.see(connection, tiles)
    await worker.client.seat("stage", name, Seat(connection, on_stage=True))


async def _obey(worker: RecordWorker, page: Page, people: dict[str, Person]) -> None:
    """Everybody sends the layers that the worker asks for, as our page does."""
    async for event in worker.client.events():
        if event.kind == "layers":
            rids = event.data["sources"][0]["rids"]
            person = people.get(event.data["connection"])
            if person is not None:
                person.rids = set(rids)
            else:
                await page.evaluate("rids => activate(rids)", rids)


async def _window(worker: RecordWorker, page: Page, people: dict[str, Person], seconds: float) -> dict[str, Any]:
    for person in people.values():
        person.peer.received.clear()
    before, cpu, began = await _decoded(page), report.cpu_s(worker.process.pid), time.monotonic()
    sent = sum(person.sent for person in people.values())
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    core = (report.cpu_s(worker.process.pid) - cpu) / took
    after = await _decoded(page)
    sent = sum(person.sent for person in people.values()) - sent
    slots = [person.slots(took) for person in people.values()]
    on_wire = [found.get("2", (0.0, ""))[0] for found in slots]
    in_browser = (after["3"]["frames"] - before["3"]["frames"]) / took
    layers = Counter(rid for found in slots for _, rid in found.values())
    layers += Counter(HEIGHTS.get(slot["height"], "other") for slot in after.values())
    say(f"browser {in_browser:.1f} fps, wire {min(on_wire):.1f} fps, {core:.2f} core")
    return {
        "receivers": len(people) + 1,
        "main_tile_fps_min": round(min([in_browser, *on_wire]), 1),
        "main_tile_fps_browser": round(in_browser, 1),
        "main_tile_fps_wire": report.spread(on_wire, 1),
        "main_tile_lines_browser": after["3"]["height"],
        "browser_freezes": sum(slot["freezes"] for slot in after.values())
        - sum(slot["freezes"] for slot in before.values()),
        "cpu_core": round(core, 3),
        "layers_chosen": dict(sorted(layers.items())),
        "layers_sent": dict(sorted(Counter(rid for person in people.values() for rid in person.rids).items())),
        "packets_in_s": round(sent / took),
        "seconds": round(took, 1),
    }


async def _decoded(page: Page) -> dict[str, dict[str, Any]]:
    """Frames, lines and freezes of each slot of the browser that shows something."""
    found = [one for one in await page.evaluate("streams()") if one["type"] == "inbound-rtp" and one["kind"] == "video"]
    return {
        one["mid"]: {
            "frames": one["framesDecoded"],
            "height": one.get("frameHeight", 0),
            "freezes": one.get("freezeCount", 0),
        }
        for one in found
        if one.get("framesDecoded")
    }


if __name__ == "__main__":
    report.main(measure, ("--people", {"type": int, "default": 8}), ("--seconds", {"type": float, "default": 15.0}))
