"""What a row of figures promises, and whether a run counts at all."""

from dataclasses import dataclass, field
from typing import Any

from tests.lines.condition import Condition

OFF_MAX = 0.20
"""A line whose loss or round trip is further than this from what was wanted measures something else."""
EXPECTED_MIN = 25
"""Fewer events than this scatter more than `OFF_MAX` by themselves."""


@dataclass(slots=True)
class Row:
    """The checks of one row and what they stand on. `why_not`: why nothing was measured."""

    name: str
    says: str
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    why_not: list[str] = field(default_factory=list)

    def at_most(self, name: str, value: float | None, limit: float) -> None:
        """Passed when `value` is there and not above `limit`."""
        self._check(name, value, f"<= {limit:g}", value is not None and value <= limit)

    def at_least(self, name: str, value: float | None, limit: float) -> None:
        """Passed when `value` is there and not below `limit`."""
        self._check(name, value, f">= {limit:g}", value is not None and value >= limit)

    def holds(self, name: str, passed: bool) -> None:
        """Passed when it is true."""
        self._check(name, passed, "true", passed)

    def _check(self, name: str, value: float | bool | None, limit: str, passed: bool) -> None:
        shown = value if value is None or isinstance(value, bool) else round(value, 3)
        self.checks[name] = {"value": shown, "limit": limit, "passed": passed}

    @property
    def passed(self) -> bool | None:
        """None when it was not measured: that is never passed."""
        if self.why_not or not self.checks:
            return None
        return all(check["passed"] for check in self.checks.values())

    def sentences(self) -> list[str]:
        """For whoever watches."""
        verdict = {True: "passed", False: "FAILED", None: "not measured"}[self.passed]
        failed = [f"{name} {one['value']} ({one['limit']})" for name, one in self.checks.items() if not one["passed"]]
        kept = [f"{name} {one['value']}" for name, one in self.checks.items() if one["passed"]]
        return [f"{self.name} {verdict}: {self.says}", *self.why_not, *failed, ", ".join(kept)]

    def told(self) -> dict[str, Any]:
        """For the report."""
        return {
            "passed": self.passed,
            "says": self.says,
            "checks": self.checks,
            **self.figures,
            **({"not_measured": self.why_not} if self.why_not else {}),
        }


def line_is_as_wanted(told: dict[str, Any], wanted: dict[str, Condition]) -> tuple[dict[str, Any], list[str]]:
    """What the directions of `wanted` did to packets, and what is too far from it. All directions of one condition are counted together."""
    achieved: dict[str, Any] = {}
    off: list[str] = []
    for name in ("loss", "reorder", "duplicate"):
        ways = [way for way, condition in wanted.items() if getattr(condition, name) > 0]
        taken = sum(told[way]["counts"]["taken"] for way in ways)
        field_name = {"loss": "lost", "reorder": "reordered", "duplicate": "duplicated"}[name]
        happened = sum(told[way]["counts"][field_name] for way in ways)
        expected = sum(getattr(wanted[way], name) * told[way]["counts"]["taken"] for way in ways)
        events = sum(_events(wanted[way], name, told[way]["counts"]["taken"]) for way in ways)
        if not ways:
            continue
        achieved[name] = round(happened / taken, 4) if taken else None
        if events >= EXPECTED_MIN and abs(happened - expected) > OFF_MAX * expected:
            off.append(f"{name} was {happened} of {taken} packets instead of {expected:.0f}")
    achieved["late_ms_p95"] = max(way["late_ms_p95"] for way in told.values())
    if achieved["late_ms_p95"] > LATE_MAX_MS:
        off.append(f"the relay itself was late by {achieved['late_ms_p95']} ms")
    return achieved, off


def _events(condition: Condition, name: str, taken: int) -> float:
    """How many times it is drawn whether this happens: a burst is one time."""
    length = sum(condition.burst) / 2 if name == "loss" and condition.burst else 1.0
    return float(getattr(condition, name)) * taken / length


LATE_MAX_MS = 20.0


def round_trip_is_as_wanted(measured_ms: float, up: Condition, down: Condition) -> list[str]:
    """What is wrong with the round trip of a line without a narrow place."""
    wanted = up.delay_ms + down.delay_ms
    if wanted and abs(measured_ms - wanted) > OFF_MAX * wanted:
        return [f"the round trip was {measured_ms:.0f} ms instead of {wanted:.0f}"]
    return []
