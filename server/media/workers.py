"""All media workers, as the services see them: what concerns a session goes to its home, what concerns a connection to the worker that has it."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

from server.errors import NotFound
from server.media.client import MediaClient
from server.media.protocol import (
    CONNECTIONS_MAX,
    Answer,
    Fragment,
    Health,
    Offer,
    RecordingFacts,
    Renewal,
    Restart,
    Seat,
    SessionView,
    StartRecording,
    Tile,
    worker_of,
)

HomeOf = Callable[[str], Awaitable[int | None]]

AS_GOOD_AS_LEAST = 0.1
"""Loads that differ by less are the same: those who wait and those who stand by then gather on one worker instead of being spread by noise."""


@dataclass(slots=True)
class Standing:
    """What is known of a worker. `is_up` is None before anybody looked; `placed`: who was sent there since it last told its load."""

    is_up: bool | None = None
    is_full: bool = False
    load: float = 0.0
    connections: int = 0
    placed: int = 0
    gone_since: float | None = None

    @property
    def weight(self) -> float:
        """How much it carries, 0..1 and above. Who is connected and waits will talk."""
        return max(self.load, (self.connections + self.placed) / CONNECTIONS_MAX)


class Workers:
    """One client for each worker, by its number. `home_of` says where a session lives; None: nowhere yet.

    Methods are those of `MediaClient` and raise what they raise; NotFound also for a session that has no home. Close it with `close()`.
    """

    def __init__(
        self,
        clients: Sequence[MediaClient],
        home_of: HomeOf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = list(clients)
        self._home_of = home_of
        self._clock = clock
        self.standings = [Standing() for _ in clients]

    def __len__(self) -> int:
        return len(self._clients)

    def __getitem__(self, number: int) -> MediaClient:
        return self._clients[number]

    @property
    def numbers(self) -> range:
        return range(len(self._clients))

    # Which worker.

    def place(self, but: Collection[int] = ()) -> int | None:
        """The worker for whoever is tied to none: the first of those that carry about the least. None when all are in `but`."""
        left = [number for number in self.numbers if number not in but]
        up = [number for number in left if self.standings[number].is_up is not False]
        free = [number for number in up if not self.standings[number].is_full]
        among = free or up or left
        if not among:
            return None
        least = min(self.standings[number].weight for number in among)
        return next(number for number in among if self.standings[number].weight <= least + AS_GOOD_AS_LEAST)

    def note(self, number: int, health: Health | None, is_gone: bool = False) -> None:
        """A worker said how it is; None when it did not answer, `is_gone` when there is no process any more."""
        standing = self.standings[number]
        standing.is_up = health is not None and health.ready
        if health is not None:
            standing.load, standing.connections = health.load, health.connections
            standing.is_full, standing.placed, standing.gone_since = health.is_full, 0, None
        elif not is_gone:
            standing.gone_since = None  # It may be busy, and its calls may go on.
        elif standing.gone_since is None:
            standing.gone_since = self._clock()

    def gone_for_s(self, number: int) -> float:
        """How long there has been no process; 0 when there is one, or nobody knows."""
        since = self.standings[number].gone_since
        return 0.0 if since is None else self._clock() - since

    def _of(self, connection: str) -> MediaClient:
        number = worker_of(connection)
        if number not in self.numbers:
            raise NotFound
        return self._clients[number]

    async def _home(self, session: str) -> MediaClient:
        if len(self._clients) == 1:
            return self._clients[0]
        number = await self._home_of(session)
        if number is None or number not in self.numbers:
            raise NotFound
        return self._clients[number]

    # Connections.

    async def connect(self, number: int, offer: Offer) -> Answer:
        """A new connection at this worker."""
        self.standings[number].placed += 1
        return await self._clients[number].connect(offer)

    async def restart(self, connection: str, restart: Restart) -> Answer:
        """As `MediaClient.restart`."""
        return await self._of(connection).restart(connection, restart)

    async def patch(self, connection: str, fragment: Fragment) -> Renewal:
        """As `MediaClient.patch`."""
        return await self._of(connection).patch(connection, fragment)

    async def see(self, connection: str, tiles: list[Tile]) -> None:
        """As `MediaClient.see`."""
        await self._of(connection).see(connection, tiles)

    async def close_connection(self, connection: str) -> None:
        """As `MediaClient.close_connection`."""
        await self._of(connection).close_connection(connection)

    # Sessions and recordings.

    async def seat(self, session: str, participant: str, seat: Seat) -> SessionView:
        """As `MediaClient.seat`; NotFound for a connection of another worker."""
        return await (await self._home(session)).seat(session, participant, seat)

    async def unseat(self, session: str, participant: str) -> None:
        """As `MediaClient.unseat`."""
        await (await self._home(session)).unseat(session, participant)

    async def session(self, session: str) -> SessionView:
        """As `MediaClient.session`."""
        return await (await self._home(session)).session(session)

    async def wake_cameras(self, session: str) -> None:
        """As `MediaClient.wake_cameras`."""
        await (await self._home(session)).wake_cameras(session)

    async def show(self, session: str, programme: str | None, to_outsiders: list[str]) -> None:
        """As `MediaClient.show`."""
        await (await self._home(session)).show(session, programme, to_outsiders)

    async def end_session(self, session: str) -> None:
        """As `MediaClient.end_session`."""
        with contextlib.suppress(NotFound):  # It lives nowhere.
            await (await self._home(session)).end_session(session)

    async def start_recording(self, session: str, start: StartRecording) -> RecordingFacts:
        """As `MediaClient.start_recording`."""
        return await (await self._home(session)).start_recording(session, start)

    async def agree(self, session: str, recording: str, participants: list[str]) -> RecordingFacts:
        """As `MediaClient.agree`."""
        return await (await self._home(session)).agree(recording, participants)

    async def stop_recording(self, session: str, recording: str) -> RecordingFacts:
        """As `MediaClient.stop_recording`."""
        return await (await self._home(session)).stop_recording(recording)

    async def close(self) -> None:
        """Ends all requests and event streams."""
        await asyncio.gather(*(client.close() for client in self._clients))
