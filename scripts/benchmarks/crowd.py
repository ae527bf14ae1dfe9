"""A process of many peers that join at once, two to a call, and stay until its standard input closes. Started by storm.py."""

import asyncio
import json
import os
import sys
import time
from typing import Any

from peer import Certificate, Peer

from server.errors import OaseError
from server.media.client import MediaClient
from server.media.protocol import Offer, Seat

SOURCES = {"0": "camera", "1": "microphone", "2": "screen"}
CHECK_S = 2.5
LIMIT_S = 30.0


class Crowd:
    """`joined` are the seconds from each peer's turn to its keys; `failed` counts why others did not get that far."""

    def __init__(self, client: MediaClient, host: str, size: int, name: str) -> None:
        certificate = Certificate()
        self.peers = [Peer(host, certificate) for _ in range(size)]
        self.joined: list[float] = []
        self.failed: dict[str, int] = {}
        self._offers = [peer.browser_offer() for peer in self.peers]
        self._client, self._name = client, name

    async def join(self, within_s: float) -> dict[str, Any]:
        """All peers, evenly spread over `within_s` seconds."""
        began, cpu = time.monotonic(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for number in range(len(self.peers)):
                group.create_task(self._join(number, began + number * within_s / len(self.peers)))
        took = time.monotonic() - began
        core = (time.process_time() - cpu) / took
        return {"joined_s": self.joined, "failed": self.failed, "all_s": took, "own_core": round(core, 2)}

    async def _join(self, number: int, at: float) -> None:
        await asyncio.sleep(at - time.monotonic())
        try:
            answer = await self._client.connect(Offer(self._offers[number], SOURCES))
            seat = Seat(answer.connection, on_stage=True, state={})
            await self._client.seat(f"{self._name}-{number // 2}", f"person-{number}", seat)
            await self.peers[number].connect(answer.sdp, LIMIT_S)
        except (OaseError, TimeoutError) as why:
            self.failed[type(why).__name__] = self.failed.get(type(why).__name__, 0) + 1
        else:
            self.joined.append(time.monotonic() - at)

    async def stay(self) -> None:
        """Checks as browsers do, until cancelled. What comes in is not read."""
        while True:
            for peer in self.peers:
                if peer.profile:
                    peer.check()
                await asyncio.sleep(CHECK_S / len(self.peers))


async def main() -> None:
    task = json.loads(sys.argv[1])
    os.nice(10)  # The running call's peers share the core, and they are not what is loaded.
    async with MediaClient(task["address"]) as client:
        crowd = Crowd(client, task["host"], task["peers"], task["name"])
        print(json.dumps({"ready": len(crowd.peers)}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(await crowd.join(task["within_s"])), flush=True)
        staying = asyncio.create_task(crowd.stay())
        await asyncio.to_thread(sys.stdin.read)
        staying.cancel()
        for peer in crowd.peers:
            peer.close()


if __name__ == "__main__":
    asyncio.run(main())
