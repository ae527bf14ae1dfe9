"""Numbers for Prometheus: requests, sockets, the queue, the media workers."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from server.service.media_views import PersonLine

disable_created_metrics()  # type: ignore[no-untyped-call]
TIMES_S = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

LOSSES = (0.001, 0.01, 0.03, 0.05, 0.1, 0.2)
RATES_BPS = (50e3, 150e3, 300e3, 600e3, 1.2e6, 2.5e6, 5e6)
TRIPS_S = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 0.9)
JITTERS_S = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16)
SHARES = (0.01, 0.05, 0.2, 0.5)


class Metrics:
    """All series of this process. Labels are route patterns and codes, never ids."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("oase_http_requests", "HTTP requests", ["route", "status"], registry=self.registry)
        self.request_s = Histogram(
            "oase_http_request_seconds", "Time to answer", ["route"], buckets=TIMES_S, registry=self.registry
        )
        self.sockets = Gauge("oase_sockets", "Open sockets", ["kind"], registry=self.registry)
        self.events = Counter("oase_socket_events", "Events from pages", ["event", "code"], registry=self.registry)
        self.dropped = Counter(
            "oase_sockets_dropped", "Sockets closed for what they did", ["reason"], registry=self.registry
        )
        self.told = Counter("oase_socket_told", "Events to pages", ["event"], registry=self.registry)
        self.waiting = Gauge("oase_queue_waiting", "Cases that wait", registry=self.registry)
        self.media_up = Gauge("oase_media_up", "1 while the media worker answers", ["worker"], registry=self.registry)
        self.media_weight = Gauge(
            "oase_media_weight",
            "What the media worker is taken to carry when sessions are placed: its load, or its connections' share of the most",
            ["worker"],
            registry=self.registry,
        )
        self.media_restarts = Gauge(
            "oase_media_restarts", "Restarts of the media worker by this process", ["worker"], registry=self.registry
        )
        self.media = Gauge(
            "oase_media",
            "Counters of the media worker since its start",
            ["worker", "name"],
            registry=self.registry,
        )
        self.composers = Gauge("oase_composers", "Composers that this process keeps", registry=self.registry)
        self.composer_restarts = Gauge(
            "oase_composer_restarts", "Composers that ended before their broadcast", registry=self.registry
        )
        self.tasks = Gauge("oase_tasks", "Tasks of this process", registry=self.registry)
        self.loop_lag_s = Gauge(
            "oase_loop_lag_seconds", "How late the event loop ran in the last second", registry=self.registry
        )

        self._lines = LineSeries(self.registry)

    def see_lines(self, lines: Iterable[PersonLine]) -> None:
        """How the lines of one session are, once for each look of the media worker (5 s)."""
        for line in lines:
            self._lines.see(line)


class LineSeries:
    """People's lines, without the people: every five seconds each line on a stage is counted once. Each web process counts all of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def ways(name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"oase_line_{name}", what, ["way"], buckets=buckets, registry=registry)

        def plain(name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"oase_line_{name}", what, buckets=buckets, registry=registry)

        self._loss = ways("loss_share", "Packets lost, before repair", LOSSES)
        self._rate = ways("bits_per_second", "Bits a second of picture and sound", RATES_BPS)
        self._trip = plain("round_trip_seconds", "Round trip to the media worker", TRIPS_S)
        self._jitter = plain("jitter_seconds", "Jitter of sound, the worse of both ways", JITTERS_S)
        self._frozen = plain("frozen_share", "Share of time in which a picture stood still, as pages say", SHARES)
        self._looks = Counter("oase_line_looks", "Lines looked at", ["state", "trouble"], registry=registry)
        self._heights = Counter("oase_line_pictures", "Largest picture on a line", ["height"], registry=registry)

    def see(self, line: PersonLine) -> None:
        """One line as it is now."""
        self._looks.labels(str(line.state), str(line.trouble)).inc()
        self._heights.labels(_rung(line.height)).inc()
        for series, value, scale in (
            (self._loss.labels("up"), line.loss_up, 1.0),
            (self._loss.labels("down"), line.loss_down, 1.0),
            (self._rate.labels("up"), line.up_kbps, 1e3),
            (self._rate.labels("down"), line.down_kbps, 1e3),
            (self._trip, line.rtt_ms, 1e-3),
            (self._jitter, line.jitter_ms, 1e-3),
            (self._frozen, line.frozen, 1.0),
        ):
            if value is not None:
                series.observe(value * scale)


def _rung(height: int | None) -> str:
    """Few names for all heights there are."""
    if not height:
        return "none"
    return next((f"to_{most}" for most in (180, 360, 720) if height <= most), "over_720")


METRICS = Metrics()
