"""Rows about a line that changes while people talk: a narrow place (N6), nothing gets through (N7), another network (N8)."""

import asyncio
import time
from typing import Any

from quality import control, look
from verdict import Row

from tests.e2e.recovery import people_seen
from tests.idle import IDLE_MIN, Idle
from tests.lines.condition import Condition
from tests.lines.stand import CUSTOMER, Stand, Talk, talking

WIDE = Condition(rate_bps=2_000_000, queue_ms=1000, delay_ms=10)
NARROW = Condition(rate_bps=300_000, queue_ms=1000, delay_ms=10)
DIP_S, AFTER_S, SETTLE_S = 30.0, 15.0, 15.0
WINDOW_S = 2.0
DIPPED_BPS = 330_000
BACK_SHARE = 0.9
OUT = Condition(is_out=True)


async def narrow_place(stand: Stand, short: float) -> Row:
    """2 Mbit/s, then 300 kbit/s, then 2 Mbit/s; first from the customer, then to the customer."""
    row = Row("N6", "2 Mbit/s to 300 kbit/s for 30 s and back, each direction by itself")
    async with talking(stand) as talk:
        await control(row, talk)
        idle = Idle()
        for way in ("up", "down"):
            await _dip(row, stand, way, max(short, 0.5))
        seen = await look(talk, idle.began, time.time())
        row.figures |= {who: one.figures() for who, one in seen.items()}
        _note_idle(row, idle)
    return row


async def _dip(row: Row, stand: Stand, way: str, short: float) -> None:
    def both(condition: Condition) -> dict[str, Condition]:
        other = "down" if way == "up" else "up"
        return {way: condition, other: Condition(delay_ms=10)}

    await stand.lines.set(CUSTOMER, **both(WIDE))
    await asyncio.sleep(SETTLE_S * short)
    await stand.lines.tell()
    await asyncio.sleep(5)
    dipped = await stand.lines.set(CUSTOMER, **both(NARROW))
    await asyncio.sleep(DIP_S * short)
    widened = await stand.lines.set(CUSTOMER, **both(WIDE))
    await asyncio.sleep(AFTER_S)
    course = Course((await stand.lines.tell())[f"{CUSTOMER}/{way}"])
    old = course.rate(course.began, dipped)
    low = course.first(dipped, widened, lambda rate: rate < DIPPED_BPS)
    high = course.first(widened, widened + AFTER_S, lambda rate: rate >= BACK_SHARE * old)
    row.at_most(f"{way}_backs_off_after_s", low, 5.0)
    row.at_most(f"{way}_kbps_in_the_dip", course.rate(dipped + 5, widened) / 1000, DIPPED_BPS / 1000)
    row.at_most(f"{way}_queue_ms_in_the_dip", 1000 * course.queue(dipped + 5, widened), 500)
    row.at_most(f"{way}_back_after_s", high, 10.0)
    seconds = [round(course.rate(at, at + 1) / 1000) for at in _steps(course.began, widened + AFTER_S)]
    queues = [round(1000 * course.queue(at, at + 1)) for at in _steps(course.began, widened + AFTER_S)]
    row.figures |= {f"{way}_kbps_before": round(old / 1000), f"{way}_kbps": seconds, f"{way}_queue_ms": queues}


def _steps(since: float, to: float) -> list[float]:
    return [since + number for number in range(int(to - since))]


class Course:
    """What went into one direction of a line over time, as the relay tells it. Moments are its own."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.began: float = told["began"]
        self._bins: list[list[float]] = told["bins"]

    def _between(self, since: float, to: float) -> list[list[float]]:
        return self._bins[max(0, round((since - self.began) * 10)) : max(0, round((to - self.began) * 10))]

    def rate(self, since: float, to: float) -> float:
        """Bits a second that were sent into it, headers included."""
        return sum(taken for taken, _, _ in self._between(since, to)) * 8 / (to - since)

    def queue(self, since: float, to: float) -> float:
        """The longest wait, in seconds."""
        return max((wait for _, _, wait in self._between(since, to)), default=0.0)

    def first(self, since: float, to: float, wanted: Any) -> float | None:
        """Seconds from `since` to the first two seconds whose mean rate is `wanted`."""
        for step in range(int((to - since - WINDOW_S) * 10)):
            at = since + step / 10
            if wanted(self.rate(at, at + WINDOW_S)):
                return at - since
        return None


async def outages(stand: Stand, short: float) -> Row:
    """Nothing gets through for 5, 20 and 60 s, in one call."""
    row = Row("N7", "total outage of 5, 20 and 60 s")
    async with talking(stand) as talk:
        await control(row, talk)
        idle = Idle()
        for seconds, limit in ((5, 2.0), (20, 3.0), (60, 5.0)) if short == 1 else ((5, 2.0), (35, 5.0)):
            await _outage(row, stand, talk, seconds, limit)
        _note_idle(row, idle)
    return row


async def _outage(row: Row, stand: Stand, talk: Talk, seconds: float, limit: float) -> None:
    before = await _identity(talk)
    await stand.lines.set(CUSTOMER, OUT, OUT)
    await asyncio.sleep(seconds)
    await stand.lines.set(CUSTOMER)
    ended = time.time()
    await asyncio.sleep(limit + 6)
    after = await _identity(talk)
    name = f"after_{seconds:g}_s"
    for who, one in (await talk.told()).items():
        row.at_most(f"{name}_{who}_sees_again_s", one.first_after(ended), limit)
    if seconds <= 5:
        row.holds(f"{name}_same_connection", before["connections"] == after["connections"])
    row.holds(f"{name}_same_participants", before["participants"] == after["participants"])
    row.holds(f"{name}_one_tile_each", after["tiles"] == [1, 1])
    row.figures[name] = {"before": before, "after": after}


async def _identity(talk: Talk) -> dict[str, Any]:
    """Connections that each page made so far, participants of the session as it is told, and tiles on either page."""
    people = [talk.customer, talk.agent]
    case = talk.customer.page.url.rsplit("/", 1)[1].partition("?")[0]
    view = await talk.agent.page.evaluate(
        f"fetch('/api/v1/cases/{case}', {{headers: {{'Oase-As': 'agent'}}}}).then((a) => a.json())"
    )
    return {
        "connections": [await person.page.evaluate("oaseProbe.peers.length") for person in people],
        "participants": sorted(one["id"] for one in view["session"]["participants"]),
        "tiles": [await people_seen(person) for person in people],
    }


AWAY_S = 1.0
INTERRUPTED = """
(() => {
  window.oaseInterrupted = null;
  const look = () => {
    if (document.querySelector('.tile-state')?.textContent) window.oaseInterrupted ??= Date.now() / 1000;
    else setTimeout(look, 50);
  };
  look();
})()
"""


COURSE = """
(() => {
  window.oaseCourse = [];
  const note = (what) => oaseCourse.push([Date.now() / 1000, what]);
  for (const name of ['online', 'offline']) addEventListener(name, () => note(name));
  navigator.connection?.addEventListener('change', () => note('network'));
  for (const peer of oaseProbe.peers) {
    for (const kind of ['connectionState', 'iceConnectionState', 'signalingState']) {
      peer.addEventListener(kind.toLowerCase() + 'change', () => note(`${kind} ${peer[kind]}`));
    }
  }
  const around = window.fetch;
  window.fetch = async (...all) => {
    const what = `${all[1]?.method ?? 'GET'} ${String(all[0]).replace(/[\\w-]{20,}/g, 'ID')}`;
    note(what);
    try {
      const answer = await around(...all);
      note(`${answer.status} ${what}`);
      return answer;
    } catch (error) { note(`${error} ${what}`); throw error; }
  };
})()
"""


async def other_network(stand: Stand, _: float) -> Row:
    """The customer's address goes; a second later another one comes."""
    row = Row("N8", "the customer's address changes")
    async with talking(stand) as talk:
        await control(row, talk)
        idle = Idle()
        before = await _identity(talk)
        await talk.agent.page.evaluate(INTERRUPTED)
        await talk.customer.page.evaluate(COURSE)
        left = time.time()
        await asyncio.to_thread(stand.lines[CUSTOMER].leave_network)
        await asyncio.sleep(AWAY_S)
        joined = time.time()
        await asyncio.to_thread(stand.lines[CUSTOMER].join_network)
        await asyncio.sleep(12)
        interrupted = await talk.agent.page.evaluate("oaseInterrupted")
        after = await _identity(talk)
        for who, one in (await talk.told()).items():
            row.at_most(f"{who}_sees_again_s", one.first_after(joined), 3.0)
        row.at_most("agent_is_told_s", interrupted and interrupted - left, 2.0)
        row.holds("same_participants", before["participants"] == after["participants"])
        row.holds("one_tile_each", after["tiles"] == [1, 1])
        course = await talk.customer.page.evaluate("oaseCourse")
        row.figures |= {
            "before": before,
            "after": after,
            "course_of_the_page": [[round(at - joined, 2), what] for at, what in course],
        }
        _note_idle(row, idle)
    return row


def _note_idle(row: Row, idle: Idle) -> None:
    share = idle.share()
    row.figures["idle"] = round(share, 2)
    if share < IDLE_MIN:
        row.why_not.append(f"only {share:.0%} of the processor was idle")
