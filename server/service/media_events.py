"""What happens here when the media worker says something."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from pydantic import TypeAdapter

from server.domain.words import ConnectionId, ParticipantId, RecordingId, RecordingState, SessionId
from server.errors import MediaAway, OaseError
from server.media import protocol
from server.media.protocol import Event
from server.service.entering import arrived
from server.service.house import House
from server.service.lines import lines_seen
from server.service.media_views import Speaking
from server.service.presence import note_lost, person_came, sweep_left, sweep_untold
from server.service.reconcile import LONG_AGO, cut_invalid, end_ghost, list_running, reconcile, reconcile_worker
from server.service.roster import announce_roster, seen_by_media
from server.service.sessions import slot_view
from server.service.taping import announce_recording, fail, note_interrupted, resume
from server.store import agents as agent_store
from server.store import links as link_store
from server.store import looks as look_store
from server.store import recordings as recording_store
from server.store import sessions as session_store
from server.store import viewers as viewer_store
from server.store.tables import participant as column

log = structlog.get_logger(__name__)

SWEEP_S = 5.0
STALE_EVERY = 720  # Sweeps: once an hour.
NEVER_BEGAN = timedelta(seconds=30)
KEEP_LOOKS = timedelta(days=2)
KEEP_TRIES = timedelta(days=30)
KEEP_STEPS = timedelta(days=400)
"""The reach of six months is made of steps of five minutes; of what is older than a year and a month a sum for each broadcast is enough."""

_ROSTER: TypeAdapter[list[protocol.ParticipantView]] = TypeAdapter(list[protocol.ParticipantView])
_SPEAKING: TypeAdapter[Speaking] = TypeAdapter(Speaking)
_LAYERS: TypeAdapter[list[protocol.LayersView]] = TypeAdapter(list[protocol.LayersView])
_SLOTS: TypeAdapter[list[protocol.Slot]] = TypeAdapter(list[protocol.Slot])


async def follow_media(house: House, worker: int) -> None:
    """Handles one worker's events for ever. Run as a task. A failure of one event is logged and the next is handled."""
    boot: str | None = None
    async for event in house.media[worker].events():
        try:
            if event.kind == "hello":
                await worker_said_hello(house, worker, boot, str(event.data["boot"]))
                boot = str(event.data["boot"])
            else:
                await handle_event(house, event)
        except OaseError as failure:
            log.warning("media_event_failed", kind=event.kind, code=failure.code)
        except Exception:
            log.exception("media_event_failed", kind=event.kind)


async def handle_event(house: House, event: Event) -> None:
    """One event: people connected and gone, slots, roster, recordings. Unknown kinds are left alone."""
    handler = HANDLERS.get(event.kind)
    if handler is not None:
        await handler(house, event.data)


async def _connected(house: House, data: dict[str, Any]) -> None:
    if data.get("participant") is None or data.get("session") is None or await end_ghost(house, data):
        return
    await arrived(house, SessionId(data["session"]), ParticipantId(data["participant"]))


async def _gone(house: House, data: dict[str, Any]) -> None:
    connection = ConnectionId(data["connection"])
    await note_lost(house, connection, data["reason"])
    await house.announcer.gone(connection, data["reason"])
    await house.announcer.desk_changed()


async def _slots(house: House, data: dict[str, Any]) -> None:
    slots = _SLOTS.validate_python(data["slots"])
    await house.announcer.slots(ConnectionId(data["connection"]), [slot_view(slot) for slot in slots])


async def _speaking(house: House, data: dict[str, Any]) -> None:
    speaking = _SPEAKING.validate_python(data)
    await house.announcer.speaking([ConnectionId(one) for one in data["connections"]], speaking)


async def _layers(house: House, data: dict[str, Any]) -> None:
    await house.announcer.layers(ConnectionId(data["connection"]), _LAYERS.validate_python(data["sources"]))


async def _roster(house: House, data: dict[str, Any]) -> None:
    session = SessionId(data["session"])
    seen = protocol.SessionView(session, _ROSTER.validate_python(data["participants"]))
    await announce_roster(house, session, seen)


async def _recording(house: House, data: dict[str, Any]) -> None:
    """How much is written. From the second part on the clock counts: how long the earlier parts are is known once they are finished."""
    async with house.db.read() as db:
        row = await recording_store.find_recording(db, RecordingId(data["recording"]))
    if row is not None and row.state is RecordingState.RECORDING:
        since_s = (house.now() - row.started_at).total_seconds()
        duration_s = data["duration_s"] if row.parts < 2 else since_s
        grown = dataclasses.replace(row, duration_s=duration_s, size_bytes=data["size_bytes"])
        await announce_recording(house, grown)


async def _recording_failed(house: House, data: dict[str, Any]) -> None:
    recording = RecordingId(data["recording"])
    await fail(house, recording, str(data["code"]))
    async with house.db.read() as db:
        row = await recording_store.find_recording(db, recording)
    if row is not None:
        await announce_recording(house, row)
        await announce_roster(house, row.session_id, await seen_by_media(house, row.session_id))


HANDLERS: dict[str, Callable[[House, dict[str, Any]], Awaitable[None]]] = {
    "connected": _connected,
    "gone": _gone,
    "slots": _slots,
    "speaking": _speaking,
    "layers": _layers,
    "lines": lines_seen,
    "roster": _roster,
    "recording": _recording,
    "recording_failed": _recording_failed,
}


async def worker_said_hello(house: House, worker: int, known: str | None, boot: str) -> None:
    """The event stream is open. What we believe is compared with what the worker has; a new worker has nobody.

    `known` is the boot seen last, None since our own start. Pages make new connections when they hear `back`.
    """
    if known is not None and known != boot:
        async with house.db.write() as db:
            await session_store.remove_connections(db, f"{worker}.")
        await house.announcer.media("back", worker)
    await reconcile_worker(house, worker, LONG_AGO)
    await _find_lost_people(house, worker)
    await _find_lost_recordings(house, worker)


async def _find_lost_people(house: House, worker: int) -> None:
    async with house.db.read() as db:
        connected = await session_store.list_connected(db)
    believed = [one for one in connected if protocol.worker_of(str(one.connection)) == worker]
    for session in sorted({one.session_id for one in believed}):
        seen = await seen_by_media(house, session)
        live = {one.connection for one in seen.participants if one.connected} if seen else set()
        for one in believed:
            if one.session_id == session and one.connection not in live:
                await _mark_lost(house, one.id, str(one.connection))
        if seen is not None:
            await note_all(house, seen)


async def note_all(house: House, seen: protocol.SessionView) -> None:
    """Who came while nobody listened."""
    for one in seen.participants:
        if one.connected:
            await person_came(house, ParticipantId(one.participant))


async def _mark_lost(house: House, participant: ParticipantId, connection: str) -> None:
    async with house.db.write() as db:
        same = (column.c.connection == connection, column.c.gone_at.is_(None))
        await session_store.set_participant(db, participant, *same, gone_at=house.now())


async def _find_lost_recordings(house: House, worker: int) -> None:
    for row in await list_running(house, worker):
        seen = await seen_by_media(house, row.session_id)
        if seen is not None and seen.recording is not None:
            continue
        if row.parts:
            await note_interrupted(house, row)
            await resume(house, row.session_id)
        elif house.now() - row.started_at > NEVER_BEGAN:  # The process that wanted to start it was killed.
            async with house.db.write() as db:
                await recording_store.remove_recording(db, row.id)


async def media_away(house: House, worker: int) -> None:
    """A worker ended (said by whoever supervises it): its pages show it, its running recordings are marked as interrupted."""
    await house.announcer.media("away", worker)
    for row in await list_running(house, worker):
        await note_interrupted(house, row)


async def sweep_forever(house: House) -> None:
    """Every few seconds what may have got lost is mended; old links and sign-ins are removed. Run as a task."""
    sweeps = 0
    while True:
        try:
            await sweep_once(house)
            if sweeps % STALE_EVERY == 0:
                await remove_stale(house)
        except MediaAway:
            log.debug("sweep_waits_for_media")
        except OaseError as failure:
            log.warning("sweep_failed", code=failure.code)
        except Exception:
            log.exception("sweep_failed")
        sweeps += 1
        await asyncio.sleep(SWEEP_S)


async def sweep_once(house: House) -> None:
    """One look at everything that may have got lost. Raises MediaAway after what needs no worker."""
    await sweep_untold(house)
    await sweep_left(house)
    await cut_invalid(house)
    await reconcile(house)


async def remove_stale(house: House) -> None:
    """Browsers, sign-ins and one-time links whose time is over, looks at lines of sessions that ended otherwise, and old steps of viewers."""
    now = house.now()
    async with house.db.write() as db:
        await link_store.remove_stale(db, now)
        await agent_store.remove_stale(db, now, now - KEEP_TRIES)
        await look_store.remove_stale(db, now - KEEP_LOOKS)
        await viewer_store.sum_up_steps(db, now - KEEP_STEPS)
