"""One session with people coming and going for two hours: what the web process and the media worker hold afterwards."""

import argparse
import asyncio
import collections
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import report
from clip import Shape, encode
from peer import Certificate
from report import say
from visits import Page, Person
from vitals import Vitals, growth_percent, most

from server.domain.consent import WORDING_VERSION
from server.errors import OaseError
from server.tasks import Tasks
from tests.e2e.product import Product, running_product
from tests.site import Browser

SHAPE = Shape(640, 360, fps=10, bit_rate=150_000)
WARM_UP_MIN = 5.0
SAMPLE_S = 30.0
GUESTS = 6
AWAY_S, STAY_S = (4.0, 14.0), (1.0, 5.0)
OTHER_CASE_S, RECORDING_S, RECORDED_S = 20.0, 240.0, 8.0
READY_LIMIT_S = 300.0  # Encoding goes behind everything else, and other programs may run.
GROWTH_LIMIT_PERCENT, COUNT_LIMIT = 5.0, 2
WAYS = ("leave", "close", "reload", "vanish", "give_up")


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The whole product, SQLite, wire-level peers. Compared is the time after a warm-up with the end, both after everybody has left."""
    seed = options.seed or random.randrange(2**31)
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="oase-soak-") as folder:
        async with running_product(Path(folder), OASE_MEDIA_HOST="127.0.0.1") as product:
            soak = Soak(product, random.Random(seed))
            try:
                figures = await soak.run(options.minutes * 60)
            finally:
                await soak.close()
    return {"minutes": options.minutes, **figures, "seed": seed}


class Soak:
    """Everybody of the session, and those of other cases beside it."""

    def __init__(self, product: Product, dice: random.Random) -> None:
        self._product, self._dice = product, dice
        self._clip, self._certificate = encode(SHAPE), Certificate()
        self._vitals = Vitals(product)
        self._people: list[Person] = []
        self._vanishing = Tasks("vanishing")
        self.counts: collections.Counter[str] = collections.Counter()
        self.failures: collections.Counter[str] = collections.Counter()

    async def run(self, length_s: float) -> dict[str, Any]:
        """The figures of the whole run."""
        await self._gather_people()
        warm_up_s = min(60 * WARM_UP_MIN, length_s / 3)
        await self._busy(warm_up_s)
        before, cpu, began = await self._vitals.at_rest(), self._cpu_s(), time.monotonic()
        say(f"after the warm-up: {before}")
        warm_joins = self.counts["joins"]
        await self._busy(length_s - warm_up_s)
        core = (self._cpu_s() - cpu) / (time.monotonic() - began)
        after = await self._vitals.at_rest()
        joins = self.counts["joins"]
        return {
            "joins": joins,
            "joins_measured": joins - warm_joins,
            **self._figures(before, after),
            "core": round(core, 3),
        }

    def _cpu_s(self) -> float:
        """Of both processes and of this one, the encoding of recordings left out."""
        return time.process_time() + report.cpu_s(self._product.pid) + report.cpu_s(self._product.worker_pid)

    def _figures(self, before: dict[str, float], after: dict[str, float]) -> dict[str, Any]:
        growth = {who: growth_percent(before[f"{who}_rss_kb"], after[f"{who}_rss_kb"]) for who in ("web", "worker")}
        deltas = {
            what: most([after[f"{who}_{what}"] - before[f"{who}_{what}"] for who in ("web", "worker")])
            for what in ("files", "tasks")
        }
        kept = max(growth.values()) < GROWTH_LIMIT_PERCENT and all(abs(one) <= COUNT_LIMIT for one in deltas.values())
        slopes = {
            f"{who}_rss_kb_per_hour": self._vitals.per_hour(f"{who}_rss_kb", before["at_s"])
            for who in ("web", "worker")
        }
        return {
            **{f"rss_growth_percent_{who}": value for who, value in growth.items()},
            **{f"{what}_delta": value for what, value in deltas.items()},
            "passed": kept,
            **slopes,
            "visits": dict(self.counts),
            "failed": dict(self.failures),
            "before": before,
            "after": after,
            "samples": self._vitals.samples,
        }

    # --- who is there -----------------------------------------------------------------------------------------------

    async def _gather_people(self) -> None:
        agent, customer = self._browser("agent"), self._browser("visitor")
        await agent.ok("POST", "/api/v1/sign-in/link", {"secret": self._product.link.partition("#")[2]})
        await customer.open_case()
        agent.case, agent.session = customer.case, customer.session
        self.agent, self.customer = self._person(agent), self._person(customer)
        await self.agent.post(f"cases/{customer.case}/take", {})
        for number in range(GUESTS):
            invited = await self.agent.in_session("invitations", {"name": f"Guest {number}"})
            guest = self._browser("visitor")
            secret = invited["link"].partition("#")[2]
            entered = await guest.ok("POST", "/api/v1/links/exchange", {"secret": secret})
            guest.case, guest.session = entered["case"], entered["session"]
            self._people.append(self._person(guest))

    def _browser(self, wish: str) -> Browser:
        return Browser(self._product.url, wish)

    def _person(self, browser: Browser) -> Person:
        return Person(browser, self._clip, self._certificate)

    async def close(self) -> None:
        """Everybody's cookies and connections."""
        await self._vanishing.close()
        for person in (*self._people, self.agent, self.customer):
            await person.browser.close()

    # --- what happens -----------------------------------------------------------------------------------------------

    async def _busy(self, length_s: float) -> None:
        """For so long people come and go; afterwards nobody is there, though the server may not know it yet."""
        going = [await person.come() for person in (self.agent, self.customer)]
        self.counts["joins"] += len(going)
        end = time.monotonic() + length_s
        works = [self._forever(end, AWAY_S, lambda person=person: self._visit(person)) for person in self._people]
        works += [
            self._forever(end, (OTHER_CASE_S, OTHER_CASE_S), self._other_case),
            self._forever(end, (RECORDING_S / 2, RECORDING_S), self._record),
            self._forever(end, (SAMPLE_S, SAMPLE_S), self._sample),
        ]
        await asyncio.gather(*works)
        for page in going:
            await page.close()

    async def _forever(self, end: float, pause_s: tuple[float, float], work: Callable[[], Awaitable[None]]) -> None:
        """Again and again until `end`; what fails is counted and does not end the others."""
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, self._dice.uniform(*pause_s)))
            try:
                await work()
            except (OaseError, TimeoutError, OSError, AssertionError, RuntimeError) as why:
                self.failures[f"{work.__name__}: {type(why).__name__}"] += 1
                say(f"failed: {why!r}")

    async def _visit(self, person: Person) -> None:
        """Comes, shows itself, says something now and then, goes."""
        way = self._dice.choice(WAYS)
        self.counts[way] += 1
        if way == "give_up":
            await Page(person).give_up()
            return
        page = await self._come(person)
        await person.switch(camera=self._dice.random() < 0.5)
        await asyncio.sleep(self._dice.uniform(*STAY_S))
        if self._dice.random() < 0.3:
            await person.say("The lamp blinks again")
        await self._go(person, page, way)

    async def _come(self, person: Person, way: str = "connections") -> Page:
        page = await person.come(way)
        self.counts["joins"] += 1
        return page

    async def _go(self, person: Person, page: Page, way: str) -> None:
        if way == "vanish":
            self._vanishing.start(page.vanish(), "page")
            return
        if way == "leave":
            await person.in_session("leave")
        await page.close()
        if way == "reload":
            again = await self._come(person)
            await asyncio.sleep(self._dice.uniform(*STAY_S))
            await again.close()

    async def _other_case(self) -> None:
        """Somebody asks for help, waits with camera on, and gives up, or is helped by the same agent."""
        browser = self._browser("visitor")
        try:
            await browser.open_case()
            other = self._person(browser)
            page = await self._come(other, "prepared")
            if self._dice.random() < 0.5:
                await other.post(f"cases/{browser.case}/withdraw")
            else:
                await self._help(other, page)
            await page.close()
        finally:
            await browser.close()
        self.counts["other_cases"] += 1

    async def _help(self, other: Person, page: Page) -> None:
        session = other.browser.session
        await self.agent.post(f"cases/{other.browser.case}/take", {})
        await other.in_session(f"connections/{page.connection}/enter")
        await asyncio.sleep(self._dice.uniform(*STAY_S))
        await self.agent.post(f"sessions/{session}/end", {"outcome": "solved", "text": ""})

    async def _record(self) -> None:
        """A few seconds of the customer; deleted when it is ready."""
        if not self.counts["recordings"]:
            await self.agent.in_session("consent/ask")
            await self.customer.in_session("consent", {"answer": "given", "wording_version": WORDING_VERSION})
        recording = (await self.agent.in_session("recordings"))["id"]
        await asyncio.sleep(RECORDED_S)
        await self.agent.post(f"recordings/{recording}/stop")
        async with asyncio.timeout(READY_LIMIT_S):
            while (await self._recording(recording))["state"] != "ready":
                await asyncio.sleep(1.0)
        await self.agent.browser.ok("DELETE", f"/api/v1/recordings/{recording}")
        self.counts["recordings"] += 1

    async def _recording(self, recording: str) -> Any:
        return await self.agent.browser.ok("GET", f"/api/v1/recordings/{recording}")

    async def _sample(self) -> None:
        sample = await self._vitals.take()
        say(f"{sample['at_s']:.0f} s, {self.counts['joins']} joins: {sample}")


if __name__ == "__main__":
    report.main(
        measure,
        ("--minutes", {"type": float, "default": 120.0, "help": "of coming and going, the warm-up included"}),
        ("--seed", {"type": int, "default": 0}),
    )
