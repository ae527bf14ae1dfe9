"""Counts instead of log lines: what comes from outside may come a million times a second."""

from collections import Counter


class Counters:
    """Named counts since the worker's start."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        """`count` more of `name`."""
        self._counts[name] += count

    def view(self) -> dict[str, int]:
        """All counts by name."""
        return dict(self._counts)
