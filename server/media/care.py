"""What each connection of the media worker needs from time to time: looks at its line, reports, key frames, the right layers, and an end."""

from collections.abc import Callable, Sequence

import structlog

from server.media.peer.connection import CHECK_SILENCE_S, Connection
from server.media.peer.reports import Reports
from server.media.protocol import Event
from server.tasks import Tasks

log = structlog.get_logger(__name__)


class Care:
    """`round` is called 40 times a second. What the web process should know goes to `say`; `tasks` owns what takes longer."""

    def __init__(self, reports: Reports, say: Callable[[Event], None], tasks: Tasks) -> None:
        self._reports, self._say, self._tasks = reports, say, tasks

    def round(self, connections: Sequence[Connection], count: int, now: float) -> None:
        """One round of 25 ms; every fourth has more to do, and each connection has its second in one of 40."""
        for turn, connection in enumerate(connections, count):
            if turn % 8 and not (connection.is_lively or connection.link.wants_report):
                continue  # Most viewers only listen: 40 times a second of each of them is worth no call.
            try:
                self._one(connection, turn, now)
            except Exception:  # The root of the rounds: a bug ends one connection, not all.
                log.exception("connection_failed", connection=connection.id)
                connection.failed()

    def _one(self, connection: Connection, count: int, now: float) -> None:
        if count % 8 == 0:
            connection.link.look(now)
        if connection.is_connected and connection.link.line.is_busy:
            self._reports.probe(connection, now)
        if connection.is_connected and (connection.parts.incoming.is_used or connection.link.wants_report):
            self._reports.often(connection, now)
            if count % 4 == 0:
                self._reports.transport_feedback(connection, now)
                self._tell_layers(connection, now)
        if count % 8 == 0:
            self.choose(connection, now)
            connection.is_lively = connection.parts.incoming.is_used or connection.link.line.is_busy
        if count % 40 == 0:
            self._second(connection, now)

    def choose(self, connection: Connection, now: float) -> None:
        """Lets each slot have what is best for it now; the page hears which pictures stand still."""
        if connection.choose(now):
            self._say(Event("slots", {"connection": connection.id, "slots": connection.slots()}))

    def _tell_layers(self, connection: Connection, now: float) -> None:
        sources = connection.layers_told(now)
        if sources:
            self._say(Event("layers", {"connection": connection.id, "sources": sources}))

    def _second(self, connection: Connection, now: float) -> None:
        if connection.is_connected:
            self._reports.receiver_report(connection, now)
            for publication in connection.publications:
                publication.count(now)
            self._reports.report(connection, now)
        if now - connection.last_check_at > CHECK_SILENCE_S and not connection.is_gone:
            self._tasks.start(connection.close("no_check_30s"), "close")
