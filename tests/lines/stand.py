"""Two people in a call over lines of their own: the product on this machine, a Chromium in each namespace."""

import asyncio
import shlex
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser

from tests.e2e.browsers import chromium_path, running_chromium
from tests.e2e.people import Person, agent_at_desk, takes_first_case, waiting_customer
from tests.e2e.product import Product, running_product
from tests.lines.camera import Camera, make_camera
from tests.lines.lines import HOST, SERVER, Line, Lines, open_lines
from tests.lines.watched import Watched, start_watching, watched

CUSTOMER, AGENT = 1, 2
"""Their lines."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Lines and the browsers at their ends, for many calls one after the other."""

    lines: Lines
    browsers: dict[int, Browser]
    folder: Path


@asynccontextmanager
async def open_stand(folder: Path, seed: int, camera: Camera = Camera()) -> AsyncIterator[Stand]:  # noqa: B008  # Frozen.
    """A line and a browser for the customer, another for the agent. All cameras are alike."""
    async with AsyncExitStack() as ends:
        lines = await ends.enter_async_context(open_lines(2, seed))
        flags = [f"--host-resolver-rules=MAP {HOST} {SERVER}", *make_camera(folder, camera)]
        browsers = {}
        for number in lines.lines:
            program = _program(folder, lines[number])
            browsers[number] = await ends.enter_async_context(running_chromium(*flags, program=program))
        yield Stand(lines, browsers, folder)


def _program(folder: Path, line: Line) -> Path:
    """Starts Chromium at the end of `line`."""
    script = folder / f"chromium-{line.number}"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(line.inside(str(chromium_path())))} "$@"\n')
    script.chmod(0o755)
    return script


@asynccontextmanager
async def running_server(stand: Stand, **settings: str) -> AsyncIterator[Product]:
    """A product that is reached over the lines."""
    folder = stand.folder / f"oase-{time.monotonic_ns()}"
    addresses = {"OASE_HOST": "0.0.0.0", "OASE_MEDIA_HOST": SERVER}  # Over the lines, and for ourselves.
    async with running_product(folder, HOST, **{**addresses, **settings}) as product:
        yield product


@dataclass(frozen=True, slots=True)
class Talk:
    """A customer on line 1 and an agent on line 2 who see each other and are watched."""

    product: Product
    customer: Person
    agent: Person

    @property
    def people(self) -> dict[str, Person]:
        return {"customer": self.customer, "agent": self.agent}

    async def told(self) -> dict[str, Watched]:
        """What each of them saw, heard and sent so far."""
        return {name: await watched(person.page) for name, person in self.people.items()}


@asynccontextmanager
async def talking(stand: Stand, **settings: str) -> AsyncIterator[Talk]:
    """A call on good lines that has run for some seconds, so that bit rates have settled."""
    async with running_server(stand, **settings) as product:
        customer = await waiting_customer(stand.browsers[CUSTOMER], product)
        agent = await agent_at_desk(stand.browsers[AGENT], product)
        try:
            await takes_first_case(agent)
            await asyncio.gather(customer.until_seeing(1), agent.until_seeing(1))
            for person in (customer, agent):
                await start_watching(person.page)
            await asyncio.sleep(SETTLING_S)
            yield Talk(product, customer, agent)
        finally:
            await stand.lines.clear()
            for person in (customer, agent):
                await person.context.close()


SETTLING_S = 6.0
"""Bit rates have grown to what the picture needs by then."""
