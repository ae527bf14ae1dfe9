"""What one page saw, heard and sent between two moments, from the samples of `watch.js`. Moments are UNIX times."""

import bisect
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page

WATCH = Path(__file__).with_name("watch.js")


async def start_watching(page: Page) -> None:
    """From now on until the page is left."""
    await page.evaluate(WATCH.read_text())


async def watched(page: Page) -> "Watched":
    """Everything so far."""
    told = await page.evaluate("oaseWatch.told()")
    return Watched(told["samples"], sorted(told["frames"]))


@dataclass(frozen=True, slots=True)
class Watched:
    """`frames` are the moments at which pictures of others were shown."""

    samples: list[dict[str, Any]]
    frames: list[float]

    def between(self, since: float, to: float) -> "Watched":
        """Only that time, with the last sample before it as its beginning."""
        before = [one for one in self.samples if one["at"] <= since][-1:]
        return Watched(
            before + [one for one in self.samples if since < one["at"] <= to],
            self.frames[bisect.bisect_left(self.frames, since) : bisect.bisect_right(self.frames, to)],
        )

    def grown(self, name: str) -> float:
        """How much a sum grew over all samples."""
        if len(self.samples) < 2:
            return 0.0
        return float(self.samples[-1].get(name, 0) - self.samples[0].get(name, 0))

    def a_second(self, name: str) -> float:
        """How much a sum grew each second."""
        if len(self.samples) < 2:
            return 0.0
        return self.grown(name) / (self.samples[-1]["at"] - self.samples[0]["at"])

    def share(self, part: str, whole: str) -> float:
        """Of `whole`, how much was `part`."""
        return self.grown(part) / self.grown(whole) if self.grown(whole) else 0.0

    def gaps(self, since: float, to: float) -> list[float]:
        """Seconds between one shown picture and the next, the time to both ends included; the longest first."""
        moments = [since, *(at for at in self.frames if since < at < to), to]
        return sorted((later - earlier for earlier, later in itertools.pairwise(moments)), reverse=True)

    def first_after(self, moment: float, many: int = 3) -> float | None:
        """Seconds until pictures came again after `moment`: so many of them within half a second."""
        after = self.frames[bisect.bisect_right(self.frames, moment) :]
        for first, last in zip(after, after[many - 1 :], strict=False):
            if last - first < 0.5:
                return first - moment
        return None

    def rates(self, name: str) -> list[tuple[float, float]]:
        """(moment, growth per second) between all samples."""
        return [
            (later["at"], (later.get(name, 0) - earlier.get(name, 0)) / (later["at"] - earlier["at"]))
            for earlier, later in itertools.pairwise(self.samples)
            if later["at"] > earlier["at"]
        ]
