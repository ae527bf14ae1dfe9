"""CPU per forwarded packet of our media worker, beside Janus and aiortc's MediaRelay."""
# Needs: namespaces janus

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import floor
import report
import subjects
from clip import encode
from network import CLIENT, Network, Unavailable
from processes import line_of, spawn
from report import say


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One publisher (720p30 at 1.5 Mbit/s, Opus) to 50 and 100 DTLS receivers; the server's process is alone on core 0."""
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip"
        encode().save(clip)
        rounds = Rounds(clip, options, notes)
        try:
            with Network() as network:
                await rounds.run(network)
                lowest = floor.measure(network, notes)
        except Unavailable as why:
            notes.append(str(why))
            lowest = None
    return {**rounds.figures(), "floor_us_per_packet": lowest, "notes": notes}


class Rounds:
    """All runs, interleaved, so that a busy minute of the machine hits every subject."""

    def __init__(self, clip: Path, options: argparse.Namespace, notes: list[str]) -> None:
        self._clip, self._options, self._notes = clip, options, notes
        self._runs: dict[tuple[str, int], list[dict[str, Any]]] = {}
        self._missing: set[str] = set()

    async def run(self, network: Network) -> None:
        plan = [(subject, viewers) for viewers in self._options.viewers for subject in ("ours", "janus")]
        plan += [("stock", 0), ("stock", 1)]
        plan = [(subject, viewers) for subject, viewers in plan if subject in self._options.subjects.split(",")]
        for number in range(self._options.repeats):
            for subject, viewers in plan:
                if subject not in self._missing:
                    await self._once(network, subject, viewers, number)

    async def _once(self, network: Network, subject: str, viewers: int, number: int) -> None:
        try:
            run = await self._measured(network, subject, viewers)
        except Unavailable as why:
            self._missing.add(subject)
            self._notes.append(str(why))
            say(str(why))
            return
        self._runs.setdefault((subject, viewers), []).append(run)
        core = statistics.median(window["cpu_s"] / window["seconds"] for window in run["windows"])
        say(
            f"run {number + 1}: {subject} to {viewers}: {core:.3f} core, {_us_per_packet(run):.1f} us a packet, {_lost(run)} lost"
        )

    async def _measured(self, network: Network, subject: str, viewers: int) -> dict[str, Any]:
        server = await subjects.start(subject, network)
        task = {"subject": subject, "address": server.address, "clip": str(self._clip), "host": CLIENT}
        publisher = None
        try:
            publisher = await spawn("publisher.py", task)
            await line_of(publisher, "publisher", server)
            windows = {"windows": self._options.windows, "window_s": 5.0, "settle_s": 3.0}
            audience = await spawn("receivers.py", {**task, **windows, "viewers": viewers, "pid": server.pid})
            run = await line_of(audience, "audience", server)
            await audience.wait()
            assert publisher.stdin is not None
            publisher.stdin.close()
            return {**run, "publisher": await line_of(publisher, "publisher", server)}
        finally:
            if publisher is not None and publisher.returncode is None:
                publisher.kill()
            await server.stop()

    def figures(self) -> dict[str, Any]:
        """The keys that the issue names, and all runs behind them."""
        us = {key: [_us_per_packet(run) for run in runs] for key, runs in self._runs.items()}
        ours, janus = us.get(("ours", 50)), us.get(("janus", 50))
        a_second = self._packets_a_second("ours", 50)
        relay = self._stock_core()
        return {
            "us_per_packet_n50": _median(ours),
            "us_per_packet_n100": _median(us.get(("ours", 100))),
            "janus_us_per_packet_n50": _median(janus),
            "janus_us_per_packet_n100": _median(us.get(("janus", 100))),
            "ratio_to_janus": _ratio(ours, janus),
            "ratio_to_janus_n100": _ratio(us.get(("ours", 100)), us.get(("janus", 100))),
            "stock_core_per_viewer": relay,
            "ratio_stock_to_ours": round(relay / (statistics.median(ours) * a_second / 1e6), 1)
            if relay and ours
            else None,
            "lost_packets": sum(_lost(run) for (who, _), runs in self._runs.items() if who == "ours" for run in runs),
            "janus_lost_packets": sum(
                _lost(run) for (who, _), runs in self._runs.items() if who == "janus" for run in runs
            ),
            "packets_a_second": round(a_second, 1),
            "spread": {
                f"{who}_n{viewers}": report.spread(values) for (who, viewers), values in us.items() if viewers > 1
            },
            "runs": {f"{who}_n{viewers}": runs for (who, viewers), runs in self._runs.items()},
        }

    def _packets_a_second(self, subject: str, viewers: int) -> float:
        rates = [
            w["packets"] / w["seconds"] / viewers
            for run in self._runs.get((subject, viewers), [])
            for w in run["windows"]
        ]
        return statistics.median(rates) if rates else 0.0

    def _stock_core(self) -> float | None:
        """What one more viewer costs aiortc: with one viewer, less what receiving and decoding alone cost."""
        cores = {
            viewers: statistics.median(
                w["cpu_s"] / w["seconds"] for run in self._runs[("stock", viewers)] for w in run["windows"]
            )
            for viewers in (0, 1)
            if ("stock", viewers) in self._runs
        }
        return round(cores[1] - cores[0], 3) if len(cores) == 2 else None


def _us_per_packet(run: dict[str, Any]) -> float:
    return statistics.median(1e6 * w["cpu_s"] / max(1, w["packets"]) for w in run["windows"])


def _lost(run: dict[str, Any]) -> int:
    return sum(window["lost"] for window in run["windows"])


def _median(values: list[float] | None) -> float | None:
    return round(statistics.median(values), 2) if values else None


def _ratio(ours: list[float] | None, theirs: list[float] | None) -> float | None:
    """Median of the ratios of runs that followed each other."""
    if not ours or not theirs:
        return None
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=False)), 3)


if __name__ == "__main__":
    report.main(
        measure,
        ("--repeats", {"type": int, "default": 3}),
        ("--windows", {"type": int, "default": 3}),
        ("--subjects", {"default": "ours,janus,stock"}),
        ("--viewers", {"type": int, "nargs": "+", "default": [50, 100]}),
    )
