"""Rows about a call that runs over a line that is bad all the time: N1 to N5, N10."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from verdict import Row, line_is_as_wanted, round_trip_is_as_wanted

from tests.idle import IDLE_MIN, Idle
from tests.lines.condition import Condition
from tests.lines.echo import probe
from tests.lines.stand import AGENT, CUSTOMER, Stand, Talk, talking
from tests.lines.watched import Watched

CONTROL_S = 12.0
CONTROL_FPS = 22.0
CONTROL_GAP_S = 0.5

Judge = Callable[[Row, str, "Seen"], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one person saw and heard from `since` to `to`."""

    watched: Watched
    since: float
    to: float

    @property
    def longest_gap_s(self) -> float:
        return self.watched.gaps(self.since, self.to)[0]

    @property
    def fps(self) -> float:
        return self.watched.a_second("decoded")

    @property
    def concealed(self) -> float:
        return self.watched.share("concealed", "heard")

    def figures(self) -> dict[str, Any]:
        """Everything that helps to understand a verdict."""
        seen = self.watched
        last = seen.samples[-1] if seen.samples else {}
        return {
            "fps": round(self.fps, 1),
            "gaps_s": [round(gap, 2) for gap in seen.gaps(self.since, self.to)[:5]],
            "freezes": seen.grown("freezes"),
            "frozen_s": round(seen.grown("frozen_s"), 2),
            "concealed": round(self.concealed, 4),
            "sound_lost": round(seen.grown("audio_lost") / max(1, seen.grown("audio_received")), 4),
            "held_ms": round(1000 * seen.share("held_s", "held_frames")),
            "key_frames": seen.grown("key_frames"),
            "asked_key_frames": seen.grown("plis_sent"),
            "sent_kbps": round(seen.a_second("video_out_bytes") * 8 / 1000),
            "came_kbps": round(seen.a_second("video_in_bytes") * 8 / 1000),
            "sent_fps": round(seen.a_second("sent"), 1),
            "key_frames_asked_of_it": seen.grown("plis") + seen.grown("firs"),
            "shown_width": last.get("width"),
            "sent_width": last.get("sent_width"),
        }


@dataclass(frozen=True, slots=True)
class BadLine:
    """One row: what the lines are like, for how long, and what must hold for either person."""

    name: str
    says: str
    up: Condition
    down: Condition
    seconds: float
    judge: Judge
    both_ends: bool = False

    def conditions(self) -> dict[str, Condition]:
        """By direction, as the relay names them."""
        lines = (CUSTOMER, AGENT) if self.both_ends else (CUSTOMER,)
        return {f"{line}/{way}": one for line in lines for way, one in (("up", self.up), ("down", self.down))}


async def measure_bad_line(stand: Stand, bad: BadLine, short: float) -> Row:
    """Control first, then the bad line, in one call. The first moments of the bad line count, too."""
    row = Row(bad.name, bad.says)
    async with talking(stand) as talk:
        await control(row, talk)
        await _bad(row, stand, talk, bad, bad.seconds * short)
    return row


async def control(row: Row, talk: Talk) -> None:
    """The same call on good lines; when that is not clean, the row goes on and tells its figures, but nothing is measured."""
    idle = Idle()
    await asyncio.sleep(CONTROL_S)
    seen = await look(talk, idle.began, time.time())
    row.figures["control"] = {"idle": round(idle.share(), 2), **{who: one.figures() for who, one in seen.items()}}
    if idle.share() < IDLE_MIN:
        row.why_not.append(f"only {idle.share():.0%} of the processor was idle in the control run")
    for who, one in seen.items():
        if one.fps < CONTROL_FPS or one.longest_gap_s > CONTROL_GAP_S:
            row.why_not.append(f"the control run of the {who} had {one.fps:.1f} fps and {one.longest_gap_s:.2f} s")


async def look(talk: Talk, since: float, to: float) -> dict[str, Seen]:
    """What both saw in that time."""
    return {who: Seen(one.between(since, to), since, to) for who, one in (await talk.told()).items()}


async def _bad(row: Row, stand: Stand, talk: Talk, bad: BadLine, seconds: float) -> None:
    await stand.lines.tell()
    idle = Idle()
    for line in (CUSTOMER, AGENT) if bad.both_ends else (CUSTOMER,):
        await stand.lines.set(line, bad.up, bad.down)
    probed = await probe(stand.lines[CUSTOMER], seconds)
    told, share = await stand.lines.tell(), idle.share()
    seen = await look(talk, idle.began, time.time())
    achieved, off = line_is_as_wanted(told, bad.conditions())
    off += round_trip_is_as_wanted(probed.median_ms, bad.up, bad.down)
    if share < IDLE_MIN:
        off.append(f"only {share:.0%} of the processor was idle")
    row.why_not += off
    row.figures |= {
        "seconds": round(seconds),
        "idle": round(share, 2),
        "line": {**achieved, "round_trip_ms": round(probed.median_ms, 1)},
        **{who: one.figures() for who, one in seen.items()},
        "udp_packet_bytes_max": max(told[way]["counts"]["udp_bytes_max"] for way in bad.conditions()),
    }
    for who, one in seen.items():
        bad.judge(row, who, one)


def _at_least(fps: float, gap_s: float, concealed: float) -> Judge:
    def judge(row: Row, who: str, seen: Seen) -> None:
        row.at_least(f"{who}_fps", seen.fps, fps)
        row.at_most(f"{who}_longest_gap_s", seen.longest_gap_s, gap_s)
        row.at_most(f"{who}_concealed", seen.concealed, concealed)
        row.holds(f"{who}_connected", _always_connected(seen))

    return judge


def _always_connected(seen: Seen) -> bool:
    return all(sample["connected"] >= 1 for sample in seen.watched.samples)


def _bursts(row: Row, who: str, seen: Seen) -> None:
    minutes = (seen.to - seen.since) / 60
    row.at_most(f"{who}_frozen_s_a_minute", seen.watched.grown("frozen_s") / minutes, 2.0)
    asked = seen.watched.grown("plis") + seen.watched.grown("firs")
    row.at_most(f"{who}_asked_key_frames_a_second", asked / (seen.to - seen.since), 1.0)


def _both_ways(loss: float = 0.0, delay_ms: float = 0.0, jitter_ms: float = 0.0, **more: Any) -> dict[str, Condition]:
    condition = Condition(loss=loss, delay_ms=delay_ms, jitter_ms=jitter_ms, **more)
    return {"up": condition, "down": condition}


def _half_intelligible(row: Row, who: str, seen: Seen) -> None:
    """The picture may stop; what is said must be understood."""
    row.at_most(f"{who}_concealed", seen.concealed, 0.30)
    row.holds(f"{who}_connected", _always_connected(seen))


N2 = _both_ways(0.15, 50)
BAD_LINES = [
    BadLine(
        "N1", "2 % loss, 80 +-20 ms round trip", **_both_ways(0.02, 40, 10), seconds=60, judge=_at_least(22, 0.5, 0.03)
    ),
    BadLine(
        "N2",
        "15 % loss, 100 ms round trip, both directions of one line",
        **N2,
        seconds=120,
        judge=_at_least(15, 1, 0.12),
    ),
    BadLine(
        "N2-both",
        "the same on both people's lines: every packet crosses 15 % twice (beyond the catalogue)",
        **N2,
        seconds=60,
        judge=_at_least(15, 1, 0.12),
        both_ends=True,
    ),
    BadLine(
        "N4-up",
        "30 % loss from the customer",
        Condition(loss=0.3, delay_ms=40),
        Condition(delay_ms=40),
        40,
        _half_intelligible,
    ),
    BadLine(
        "N4-down",
        "30 % loss to the customer",
        Condition(delay_ms=40),
        Condition(loss=0.3, delay_ms=40),
        40,
        _half_intelligible,
    ),
    BadLine(
        "N3", "bursts of 5 to 20 packets, 3 % in all", **_both_ways(0.03, 40, burst=(5, 20)), seconds=60, judge=_bursts
    ),
]
