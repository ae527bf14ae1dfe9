"""Numbers for Prometheus: requests, sockets, the queue, the media workers."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]
TIMES_S = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


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
        self.tasks = Gauge("oase_tasks", "Tasks of this process", registry=self.registry)
        self.loop_lag_s = Gauge(
            "oase_loop_lag_seconds", "How late the event loop ran in the last second", registry=self.registry
        )


METRICS = Metrics()
