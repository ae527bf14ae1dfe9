"""Puts the house together: database, media workers, sockets, API. The only file that knows everybody."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from aiohttp import web

from server.api import (
    archive,
    audience,
    broadcasts,
    captions,
    cases,
    live,
    middleware,
    ops,
    pages,
    people,
    posters,
    reach,
    recordings,
    sessions,
    static,
    watch,
    whip,
)
from server.api.call import EDGE, HOUSE, LIMITS, OPEN_SOCKETS, OpenSockets
from server.api.limits import Limits
from server.api.metrics import METRICS
from server.api.ops import READINESS, Check, Readiness
from server.api.registry import ROUTES
from server.api.router import add_routes
from server.api.security import Edge
from server.api.shell import SHELL, Shell
from server.api.static import FILES, Files
from server.composers import Composers
from server.config import Settings
from server.errors import OaseError
from server.forks import Forks, Loading
from server.service.audience.members import forget_addresses_forever
from server.service.bell import Bell
from server.service.channels import seed_channel
from server.service.finishing import finish_forever
from server.service.homes import open_media
from server.service.house import House
from server.service.lines import keep_looks, keep_looks_forever
from server.service.media_events import follow_media, sweep_forever
from server.service.media_watch import MediaWatch
from server.service.queue import list_places
from server.service.sessions import drop_connection
from server.service.topics import seed_topics
from server.service.viewing import count_viewers_forever, keep_viewers
from server.signaling.announcer import SocketAnnouncer
from server.signaling.audience import Rooms
from server.signaling.bus import Bus, MemoryBus
from server.signaling.crowd import Crowd
from server.signaling.guard import GuardedServer
from server.signaling.holds import Holds
from server.signaling.listener import Listener
from server.signaling.sockets import Sockets
from server.store.database import Database
from server.store.migrate import migrate
from server.supervisor import Supervisor
from server.tasks import Tasks

log = structlog.get_logger(__name__)

MEDIA_POLL_S = 1.0
NUMBERS_S = 5.0
BODY_LIMIT_BYTES = 128 * 1024


@dataclass(slots=True)
class Parts:
    """What an application is made of, for its start and its end."""

    house: House
    bus: Bus
    sockets: Sockets
    listener: Listener
    rooms: Rooms
    holds: Holds
    tasks: Tasks
    supervisor: Supervisor | None
    media_bells: list[Bell]
    composers: Composers | None


PARTS = web.AppKey("parts", Parts)


def make_app(settings: Settings, loading: Loading | None = None) -> web.Application:
    """The whole web process as an aiohttp application; nothing runs before its start-up. `loading`: where media workers will come from."""
    app = web.Application(middlewares=[middleware.around], client_max_size=BODY_LIMIT_BYTES)
    parts = _make_parts(settings, app, loading)
    files = Files()
    app[PARTS], app[HOUSE], app[EDGE] = parts, parts.house, Edge(settings)
    app[LIMITS], app[FILES], app[SHELL] = (
        Limits(settings.redis_url, settings.rate, settings.sockets),
        files,
        Shell(settings, files),
    )
    app[READINESS] = Readiness(
        {
            "database": lambda: _database_answers(parts.house),
            "bus": parts.bus.is_ready,
        },
        [_asking(parts.house, number) for number in parts.house.media.numbers],
    )
    groups = (
        archive,
        audience,
        broadcasts,
        captions,
        cases,
        live,
        ops,
        pages,
        people,
        posters,
        reach,
        recordings,
        sessions,
        static,
        watch,
        whip,
    )
    add_routes(app, ROUTES, [group.handlers for group in groups])
    app.on_response_prepare.append(middleware.add_headers)
    app.cleanup_ctx.append(_run)
    return app


def _make_parts(settings: Settings, app: web.Application, loading: Loading | None) -> Parts:
    server = GuardedServer()
    app[OPEN_SOCKETS] = OpenSockets(server.open_from)
    crowd = Crowd(lambda event, body, sid: server.emit(event, body, to=sid), server.dismiss, server.shout)
    bus = _make_bus(settings)
    database = Database(settings.database)
    media = open_media(settings, database)
    holds = Holds(lambda connection: drop_connection(house, connection))
    announcer = SocketAnnouncer(bus, crowd, holds)
    house = House(db=database, media=media, announcer=announcer, settings=settings)
    rooms = Rooms(house, crowd)
    listener = Listener(house, crowd, holds, rooms)
    sockets = Sockets(server, house, crowd, holds, announcer, listener, rooms)
    server.attach(app)
    sockets.attach()
    bells = [Bell() for _ in media.numbers]
    supervisor = None
    if settings.starts_media:
        forks = Forks(loading)
        supervisor = Supervisor(settings, lambda one: _media_answers(house, one), lambda one: bells[one].ring(), forks)
    composers = Composers(house) if settings.supervise else None
    return Parts(house, bus, sockets, listener, rooms, holds, Tasks("app"), supervisor, bells, composers)


def _make_bus(settings: Settings) -> Bus:
    if not settings.redis_url:
        return MemoryBus()
    from server.signaling.stream import (
        StreamBus,  # The Redis client takes a tenth of a start; most houses have no Redis.
    )

    return StreamBus(settings.redis_url)


async def _run(app: web.Application) -> AsyncIterator[None]:
    """From the first migration to the last connection: start-up, the running, and the end in the opposite order."""
    parts, house = app[PARTS], app[HOUSE]
    await migrate(house.settings.database)
    await seed_topics(house)
    await seed_channel(house)
    if parts.supervisor:
        parts.supervisor.start()
    await parts.bus.start(parts.listener.hear, parts.listener.look_again)
    _start_works(parts, house)
    if parts.composers:
        parts.tasks.start(parts.composers.run(), "composers")
    yield
    await house.ledger.close()
    await house.cookies.close()
    await parts.holds.close()
    await parts.tasks.close(2.0)
    if parts.composers:
        await parts.composers.close()
    with contextlib.suppress(OaseError):
        await keep_looks(house)
        await keep_viewers(house)
    await parts.bus.close()
    if parts.supervisor:
        await parts.supervisor.close()
    await house.streams.close()
    await house.media.close()
    await house.db.close()


def _start_works(parts: Parts, house: House) -> None:
    """What goes on all the time."""
    for name, work in (
        *((f"media_events_{number}", follow_media(house, number)) for number in house.media.numbers),
        *((f"media_watch_{number}", _watch_media(parts, number)) for number in house.media.numbers),
        ("sweep", sweep_forever(house)),
        ("finish", finish_forever(house)),
        ("looks", keep_looks_forever(house)),
        ("viewers", count_viewers_forever(house)),
        ("sockets", parts.sockets.sweep_forever()),
        ("audiences", parts.rooms.tell_forever()),
        ("addresses", forget_addresses_forever(house)),
        ("beats", parts.sockets.beat_forever()),
        ("desks", parts.listener.tell_desks_forever()),
        ("numbers", _count_forever(parts)),
        ("lag", _measure_lag()),
    ):
        parts.tasks.start(work, name)


async def end_gently(app: web.Application) -> None:
    """Unready at once, and every page told to come back soon. The listening sockets are closed afterwards."""
    app[READINESS].is_ending = True
    await app[PARTS].sockets.say_goodbye()


async def _database_answers(house: House) -> bool:
    async with house.db.read() as connection:
        await connection.exec_driver_sql("SELECT 1")
    return True


async def _media_answers(house: House, worker: int) -> bool:
    return (await house.media[worker].health()).ready


def _asking(house: House, worker: int) -> Check:
    return lambda: _media_answers(house, worker)


async def _watch_media(parts: Parts, worker: int) -> None:
    watch = MediaWatch(parts.house, worker)
    while True:
        try:
            await watch.look()
        except Exception:  # The root of this task: it goes on to watch.
            log.exception("media_watch_failed")
        METRICS.media_up.labels(str(worker)).set(int(watch.is_up))
        METRICS.media_weight.labels(str(worker)).set(parts.house.media.standings[worker].weight)
        await parts.media_bells[worker].wait(MEDIA_POLL_S)


async def _count_forever(parts: Parts) -> None:
    while True:
        METRICS.tasks.set(len(asyncio.all_tasks()))
        try:
            METRICS.waiting.set(len(await list_places(parts.house)))
            await asyncio.gather(*(_count_worker(parts.house, worker) for worker in parts.house.media.numbers))
        except OaseError as error:
            log.debug("numbers_put_off", code=error.code)
        except Exception:  # The root of this task: it goes on to count.
            log.exception("numbers_failed")
        for keeper in parts.supervisor.keepers if parts.supervisor else []:
            METRICS.media_restarts.labels(str(keeper.number)).set(keeper.restarts)
        if parts.composers:
            METRICS.composers.set(len(parts.composers.kept))
            METRICS.composer_restarts.set(parts.composers.restarts)
        await asyncio.sleep(NUMBERS_S)


async def _count_worker(house: House, worker: int) -> None:
    try:
        stats = await house.media[worker].stats()
    except OaseError as error:
        log.debug("numbers_put_off", worker=worker, code=error.code)
        return
    more = {"cpu_s": stats.cpu_s, "uptime_s": stats.uptime_s}
    for name, value in {**stats.counters, **stats.gauges, **more}.items():
        METRICS.media.labels(str(worker), name).set(value)


async def _measure_lag() -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.5)
        METRICS.loop_lag_s.set(max(0.0, time.monotonic() - began - 0.5))
