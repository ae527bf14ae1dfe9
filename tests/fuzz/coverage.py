"""Which lines of some files a call went through, and in which order: what a fuzzer calls edges. By `sys.settrace`, so without any library."""

import sys
from collections.abc import Callable, Iterable
from types import CodeType, FrameType, ModuleType
from typing import Any

LINES_MAX = 100_000
"""Of one file; keeps the numbers of two files apart."""
BUCKETS = (1, 2, 4, 16, 128)
"""How often an edge was taken, roughly: a loop that ran twice or a hundred times is something new, 100 or 101 times is not."""


class Coverage:
    """Counts edges of the given modules."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self._files = {module.__file__: LINES_MAX * (1 + number) for number, module in enumerate(modules)}
        self._bases: dict[CodeType, int] = {}
        self._edges: dict[tuple[int, int], int] = {}
        self._last = 0

    def of(self, run: Callable[[bytes], None], data: bytes) -> frozenset[tuple[int, int, int]]:
        """The features (from line, to line, bucket) of `run(data)`. What it raises goes on to the caller; `so_far` has the rest then."""
        self._edges, self._last = {}, 0
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            run(data)
        finally:
            sys.settrace(before)
        return self.so_far()

    def so_far(self) -> frozenset[tuple[int, int, int]]:
        """Features since the last call of `of` began."""
        return frozenset(
            (start, end, sum(count >= least for least in BUCKETS)) for (start, end), count in self._edges.items()
        )

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        base = self._bases.get(code)
        if base is None:
            base = self._bases[code] = self._files.get(code.co_filename, 0)
        return self._step if base else None

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            here = self._bases[frame.f_code] + frame.f_lineno
            edge = (self._last, here)
            self._edges[edge] = self._edges.get(edge, 0) + 1
            self._last = here
        return self._step
