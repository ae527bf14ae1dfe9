"""A session on which our own code fails (test-catalogue R10): the others do not feel it, and it is given up."""

import asyncio
import time
from pathlib import Path

import pytest

from server.errors import SessionEnded
from server.media.protocol import Seat
from server.media.quarantine import FAILURES_MAX, FIRST_PAUSE_S, WITHIN_S, Quarantine
from server.media.session import Session
from tests.media.rig import open_rig, until
from tests.media.test_layers import on_stage
from tests.media.test_pauses import PlainCamera
from tests.media.wire_peer import WirePeer, joined


class Poisoned(Session):
    """Wakes a bug of ours whenever somebody looks at it."""

    failures = 0

    def listen(self, now: float) -> None:
        self.failures += 1
        raise RuntimeError("a bug")


async def test_poisoned_session_is_given_up_and_no_other_feels_it(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        ann, bob = await on_stage(rig, "ann"), await on_stage(rig, "bob")
        carl = await joined(rig.client.connect, WirePeer())
        poisoned = rig.house.sessions["p1"] = Poisoned("p1", rig.house.events.send, time.monotonic)
        await rig.client.seat("p1", "carl", Seat(carl.connection, on_stage=True))
        began = time.monotonic()
        camera = PlainCamera(ann)
        running = asyncio.ensure_future(camera.run(4.5))
        gone = await rig.event("gone", connection=carl.connection)
        assert gone.data["reason"] == "ended"
        assert time.monotonic() - began > FIRST_PAUSE_S * (2 ** (FAILURES_MAX - 1) - 1)
        assert poisoned.failures == FAILURES_MAX
        again = await joined(rig.client.connect, WirePeer())
        with pytest.raises(SessionEnded):
            await rig.client.seat("p1", "carl", Seat(again.connection, on_stage=True))
        await running
        assert len(bob.of("2")) > 4.0 * 30
        # What only the rounds do still happens: a camera that is switched off gives its slot back.
        await rig.client.seat("s1", "ann", Seat(state={"camera": False}))
        await until(lambda: not rig.house.session("s1").participants["ann"].live(), 3.0)
        assert rig.house.counters.view()["sessions_quarantined"] == 1
        for peer in (ann, bob, carl, again):
            await peer.close()


def test_failures_that_lie_far_apart_are_forgiven() -> None:
    given_up: list[Session] = []
    quarantine = Quarantine(given_up.append)
    session = Poisoned("p1", lambda event: None, lambda: 0.0)
    for number in range(20):
        quarantine.run(session, number * WITHIN_S / (FAILURES_MAX - 2), lambda session, now: session.listen(now))
    assert (session.failures, given_up) == (20, [])
    for number in range(FAILURES_MAX):
        quarantine.run(session, 10_000.0 + 10 * number, lambda session, now: session.listen(now))
    assert given_up == [session]
