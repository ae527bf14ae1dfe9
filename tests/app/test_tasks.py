"""Work beside other work: its failure is told, and changes nothing."""

import asyncio

import pytest
import structlog

from server.errors import Conflict
from server.tasks import beside


async def give(value: int, after: asyncio.Event) -> int:
    await after.wait()
    return value


async def test_failure_of_the_side_is_logged_and_the_result_stays() -> None:
    go = asyncio.Event()

    async def fail() -> None:
        go.set()
        raise RuntimeError("side")

    with structlog.testing.capture_logs() as logs:
        assert await beside(give(7, go), fail()) == 7
    assert [(one["event"], one["log_level"]) for one in logs] == [("task_failed", "error")]


async def test_failure_of_the_main_work_cancels_the_side() -> None:
    ended: list[str] = []

    async def side() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("side")

    async def main() -> int:
        await asyncio.sleep(0)
        raise Conflict

    with pytest.raises(Conflict):
        await beside(main(), side())
    assert ended == ["side"]
