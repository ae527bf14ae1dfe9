"""When pages hear that picture and sound are away, and when they are not frightened."""

from server.service.media_watch import SILENT_S, MediaWatch
from tests.desk import Desk


class Moment:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_busy_worker_frightens_nobody(small_desk: Desk) -> None:
    moment = Moment()
    watch = MediaWatch(small_desk.house, clock=moment)
    await watch.note("one")
    for _ in range(3):
        moment.now += 2.0
        await watch.note(None)
    await watch.note("one")
    assert watch.is_up
    assert small_desk.heard.of("media") == []


async def test_silent_worker_is_away_and_back_once(small_desk: Desk) -> None:
    moment = Moment()
    watch = MediaWatch(small_desk.house, clock=moment)
    await watch.note("one")
    for _ in range(6):
        moment.now += SILENT_S / 4
        await watch.note(None)
    assert [state for state, _ in small_desk.heard.of("media")] == ["away"]
    assert not watch.is_up
    await watch.note("one")
    await watch.note("one")
    assert [state for state, _ in small_desk.heard.of("media")] == ["away", "back"]


async def test_ended_worker_is_away_at_once_and_its_successor_speaks_for_itself(small_desk: Desk) -> None:
    watch = MediaWatch(small_desk.house)
    await watch.note("")  # Before the first start there is nothing to miss.
    await watch.note("one")
    await watch.note("")
    await watch.note("")
    await watch.note("two")
    assert [state for state, _ in small_desk.heard.of("media")] == ["away"]


async def test_worker_that_is_gone_is_seen(small_desk: Desk) -> None:
    watch = MediaWatch(small_desk.house)
    await watch.look()
    assert watch.is_up
    await small_desk.worker.stop()
    await watch.look()
    assert not watch.is_up
    assert [state for state, _ in small_desk.heard.of("media")] == ["away"]
