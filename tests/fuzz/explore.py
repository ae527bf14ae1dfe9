"""A small coverage-guided fuzzer: inputs that reach something new are kept and changed further."""

import contextlib
import hashlib
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.coverage import Coverage
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import Target

CORPUS = Path(__file__).parent / "corpus"
SLOW_S = 0.01
"""No input may cost a worker more: packets of everybody else wait meanwhile."""
SUSPECT_S = 0.03
"""Traced, which makes it at least ten times slower; who takes longer is tried again without."""

Features = frozenset[tuple[int, int, int]]


def corpus_of(name: str) -> list[Path]:
    """The kept inputs of a target, in a fixed order."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


@dataclass
class Found:
    """What one exploration came to. `findings` are inputs with what they did wrong."""

    runs: int = 0
    edges_before: int = 0
    edges: int = 0
    new: list[bytes] = field(default_factory=list)
    findings: dict[str, bytes] = field(default_factory=dict)


class Explorer:
    """Explores one target. Call `run` as often as there is time; everything drawn comes from `seed`."""

    def __init__(self, target: Target, kept: Iterable[bytes], seed: int) -> None:
        self.found = Found()
        self._target = target
        self._rng = random.Random(seed)
        self._coverage = Coverage(target.modules)
        self._known: set[tuple[int, int, int]] = set()
        self._pool: list[bytes] = []
        self._reached: dict[bytes, Features] = {}
        self._kept = list(kept)
        for data in self._kept:
            self._try(data)
        self.found.edges_before = self._edges()
        for data in target.seeds:
            self._try(data)

    def run(self, seconds: float) -> None:
        """Changes inputs for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            base = self._rng.choice(self._pool) if self._pool else b""
            self._try(mutate(self._rng, base, self._pool or [b""], self._target.words, self._target.limit))
        self.found.edges = self._edges()

    def finish(self) -> Found:
        """The result: of all that reached something new, the shortest inputs that together reach the same."""
        seen: set[tuple[int, int, int]] = set()
        for data in self._kept:
            seen |= self._reached.get(data, frozenset())
        for data in sorted(self._reached, key=len):
            if not self._reached[data] <= seen:
                seen |= self._reached[data]
                self.found.new.append(data)
        self.found.edges = self._edges()
        return self.found

    def _try(self, data: bytes) -> None:
        self.found.runs += 1
        began = time.process_time()
        try:
            features = self._coverage.of(self._target, data)
        except Exception as exc:
            features = self._coverage.so_far()
            self._report(f"{type(exc).__name__}: {exc}", data)
        if time.process_time() - began > SUSPECT_S and self._quickest(data) > SLOW_S:
            self._report("slow", data)
        if not features <= self._known:
            self._known |= features
            self._pool.append(data)
            self._reached[data] = features

    def _quickest(self, data: bytes) -> float:
        """Seconds of CPU without tracing; the best of three, because a machine has other things to do."""
        spent = []
        for _ in range(3):
            began = time.process_time()
            with contextlib.suppress(Exception):
                self._target(data)
            spent.append(time.process_time() - began)
        return min(spent)

    def _report(self, what: str, data: bytes) -> None:
        known = self.found.findings.get(what)
        if known is None or len(data) < len(known):
            self.found.findings[what] = data

    def _edges(self) -> int:
        return len({(start, end) for start, end, _ in self._known})


def keep(name: str, inputs: Iterable[bytes], prefix: str = "") -> None:
    """Writes inputs into the corpus of a target, named by what is in them."""
    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / f"{prefix}{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
