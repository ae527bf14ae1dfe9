"""What test_recover.py and scripts/bench recover do to a running call, and how they measure what became of it."""

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from playwright.async_api import Browser

from server.media.recorder import index
from tests.e2e.people import Person, Senses, agent_at_desk, takes_first_case, waiting_customer
from tests.e2e.product import Product

NEW_FRAMES = 5


@dataclass(frozen=True, slots=True)
class Call:
    """A customer and an agent who see each other."""

    product: Product
    customer: Person
    agent: Person
    case: str

    @property
    def people(self) -> tuple[Person, Person]:
        return self.customer, self.agent

    async def view(self) -> dict[str, Any]:
        """The case as the agent reads it."""
        return dict(
            await self.agent.page.evaluate(
                f"fetch('/api/v1/cases/{self.case}', {{headers: {{'Oase-As': 'agent'}}}}).then((a) => a.json())"
            )
        )


async def talking(chromium: Browser, product: Product) -> Call:
    """The call, from the first page on."""
    customer = await waiting_customer(chromium, product)
    agent = await agent_at_desk(chromium, product)
    await takes_first_case(agent)
    await asyncio.gather(customer.until_seeing(1), agent.until_seeing(1))
    return Call(product, customer, agent, customer.page.url.rsplit("/", 1)[1].partition("?")[0])


async def starts_recording(call: Call) -> None:
    """The agent asks, both agree, the recording runs."""
    page = call.agent.page
    await page.click("#record")
    await page.click("#ask-consent")
    for person in call.people:
        await person.page.click("#consent-yes")
    await page.click("#start-recording:enabled")
    for person in call.people:
        await person.page.wait_for_selector("#recording-sign:visible")


async def frames_move(person: Person, before: Senses, limit_s: float = 15.0) -> float:
    """Waits until a picture got some new frames since `before`; how long that took, in seconds."""
    began = time.monotonic()
    while not (await person.senses()).moving(before, NEW_FRAMES):
        if time.monotonic() - began > limit_s:
            raise TimeoutError(f"no picture came back in {limit_s} s: {await person.senses()}")
        await asyncio.sleep(0.05)
    return time.monotonic() - began


@dataclass(frozen=True, slots=True)
class Killed:
    """One kill of the media worker: seconds until both saw each other again, and seconds at the end that no file has."""

    back_s: float
    lost_s: float
    tracks: int


async def kill_worker_while_recording(call: Call, generator: random.Random) -> Killed:
    """`kill -9` at a random moment of the recording that runs."""
    part = await _recorded_part(call.product.recordings, least_s=2.5)
    await asyncio.sleep(generator.uniform(0.0, 3.0))
    killed_at = time.time()
    old = call.product.kill_worker()
    lost, tracks = await asyncio.to_thread(seconds_lost, part, killed_at)
    await asyncio.sleep(max(0.0, killed_at + 0.4 - time.time()))  # What the browsers still held has been shown by then.
    before = [await person.senses() for person in call.people]
    await call.product.until_new_worker(old)
    await asyncio.gather(*(frames_move(person, one) for person, one in zip(call.people, before, strict=True)))
    return Killed(time.time() - killed_at, lost, tracks)


async def _recorded_part(recordings: Path, least_s: float, limit_s: float = 20.0) -> Path:
    """The folder that is being written now, once it holds the four tracks of two people for `least_s` seconds."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        for path in sorted(recordings.rglob(index.NAME), key=lambda found: found.stat().st_mtime, reverse=True)[:1]:
            written = index.read_index(path.parent)
            ages = [time.time() - float(line["at"]) for line in written.lines if line["kind"] == "track"]
            if written.stopped is None and len(ages) >= 4 and min(ages) >= least_s:
                return path.parent
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no recording of four tracks in {limit_s} s")


def seconds_lost(part: Path, killed_at: float) -> tuple[float, int]:
    """How far before the kill the worst track ends (UNIX time in), and how many tracks can be read."""
    written = index.read_index(part)
    started_at = float(written.start["at"])
    ends = [started_at + track.start_s + last_time_s(part / track.file) for track in written.tracks]
    return killed_at - min(ends), len(ends)


def last_time_s(file: Path) -> float:
    """The end of the last packet that can be read. A file that was cut off ends in the middle of one; that is not an error here."""
    last = 0.0
    with av.open(str(file)) as container:
        try:
            for packet in container.demux():
                if packet.pts is not None and packet.time_base is not None:
                    last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        except FFmpegError:
            pass
    return last


@dataclass(frozen=True, slots=True)
class Restarted:
    """One kill of the web process: whether pictures went on, seconds until the pages were back after it listened, and chat lines."""

    media_went_on: bool
    back_s: float
    acknowledged: int
    lost: int
    doubled: int


CHATTER = """
async (caseId) => {
  window.said = { acknowledged: [], on: true };
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let number = 0; window.said.on; number += 1) {
    const text = `line ${number} ${Math.random().toString(36).slice(2)}`;
    const client_id = crypto.randomUUID().replaceAll('-', '');
    for (;;) {
      try {
        const headers = { 'Content-Type': 'application/json', 'Oase-As': 'visitor' };
        const answer = await fetch(`/api/v1/cases/${caseId}/chat`, { method: 'POST', headers, body: JSON.stringify({ text, client_id }) });
        if (answer.ok) { window.said.acknowledged.push(text); break; }
      } catch { /* The server is away: again, with the same id. */ }
      await wait(100);
    }
    await wait(50);
  }
}
"""


async def kill_web_while_talking(call: Call) -> Restarted:
    """`kill -9` of the web process while the customer writes line after line; it is started again after a second."""
    chatter = asyncio.ensure_future(call.customer.page.evaluate(CHATTER, call.case))
    await asyncio.sleep(1.0)
    await call.product.kill_web()
    before = await call.agent.senses()
    await asyncio.sleep(1.0)
    went_on = (await call.agent.senses()).moving(before, NEW_FRAMES) > 0
    await call.product.start()
    listened = time.monotonic()
    await _line_reaches(call)
    back = time.monotonic() - listened
    acknowledged: list[str] = await call.customer.page.evaluate("(window.said.on = false, window.said.acknowledged)")
    await chatter
    kept = await _kept_lines(call)
    lost = sum(text not in kept for text in acknowledged)
    doubled = sum(count > 1 for count in kept.values())
    return Restarted(went_on, back, len(acknowledged), lost, doubled)


async def _line_reaches(call: Call) -> None:
    """The page of the agent shows a line that was written after the server came back: its socket is open again."""
    count = "document.querySelectorAll('#work-timeline > *, #chat-lines > *').length"
    before = await call.agent.page.evaluate(count)
    await call.agent.until(f"{count} > {before}", 15)


async def _kept_lines(call: Call) -> dict[str, int]:
    """How often each chat line stands in the case."""
    kept: dict[str, int] = {}
    after = 0
    while True:
        path = f"/api/v1/cases/{call.case}/timeline?after={after}&limit=200"
        page = await call.agent.page.evaluate(
            f"fetch('{path}', {{headers: {{'Oase-As': 'agent'}}}}).then((a) => a.json())"
        )
        for entry in page["entries"]:
            if entry["kind"] == "chat":
                kept[entry["text"]] = kept.get(entry["text"], 0) + 1
        if not page["entries"]:
            return kept
        after = page["entries"][-1]["seq"]


async def reload_in_call(call: Call) -> float:
    """The customer reloads the page; seconds until both pictures are there again."""
    before = await call.agent.senses()
    began = time.monotonic()
    await call.customer.page.reload(wait_until="commit")
    await asyncio.gather(call.customer.until_seeing(1), frames_move(call.agent, before))
    return time.monotonic() - began


async def entries_of_people(call: Call) -> list[str]:
    """The kinds of the people in the session, as the agent's page and the API list them."""
    view = await call.view()
    return [person["kind"] for person in view["session"]["participants"] if person["here"]]


async def people_seen(person: Person, limit_s: float = 3.0) -> int:
    """How many other people's pictures are on the page, once that number has been the same for half a second."""
    seen = -1
    since = began = time.monotonic()
    while time.monotonic() - since < 0.5 and time.monotonic() - began < limit_s:
        now = len(await person.pictures())
        if now != seen:
            seen, since = now, time.monotonic()
        await asyncio.sleep(0.05)
    return seen
