"""What runs behind a broadcast: the scene its composer plays, the end of its stream, and the recording that the stream is.

The database says what should be; these functions make the composer do it. Each may be repeated at any time.
"""

import asyncio
import contextlib
import dataclasses
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from server.broadcast.compose.client import ComposerClient
from server.broadcast.compose.scene import Banner, Card, Colours, Scene
from server.broadcast.hls.kept import Kept, read_kept
from server.broadcast.hls.multivariant import RECORDING
from server.config import Settings
from server.domain.broadcasts import COMPOSED, OPEN, UNENDED, Seen, Wish, is_open_to_members, seen_by_audience
from server.domain.consent import shown_to
from server.domain.principal import Anonymous
from server.domain.rights import may_play
from server.domain.words import BroadcastState, EntryKind, ParticipantId, RecordingId, RecordingState, SessionId
from server.errors import ComposerAway, MediaAway, NotFound
from server.service.audience.reading import rules_of
from server.service.audience.views import AudienceChange
from server.service.broadcast_views import BroadcastChange
from server.service.facts import NOBODY, Line, announce_entries, write_lines
from server.service.house import House
from server.service.taping import announce_recording
from server.service.views import Actor, Fact
from server.store import broadcasts as store
from server.store import cases as case_store
from server.store import consents as consent_store
from server.store import recordings as recording_store
from server.store import sessions as session_store
from server.store.broadcast_rows import BroadcastRow
from server.store.broadcast_tables import broadcast as column

log = structlog.get_logger(__name__)

TELL_LIMIT_S = 3.0
END_LIMIT_S = 6.0
"""Of a composer that writes its last part. Later, whoever keeps it sees to the stream's end."""
HLS_TYPE = "application/vnd.apple.mpegurl"
_WISH: TypeAdapter[Wish] = TypeAdapter(Wish)
_SCENE: TypeAdapter[Scene] = TypeAdapter(Scene)


def control_of(settings: Settings, session: SessionId) -> str:
    """Where the composer of a session listens. The name is short: a socket's path may have 108 bytes."""
    return f"unix:{settings.data.resolve() / f'air-{hashlib.sha256(session.encode()).hexdigest()[:12]}.sock'}"


def wish_of(row: BroadcastRow) -> Wish:
    """What the agents chose to be seen."""
    return _WISH.validate_python(row.scene)


async def read_seen(db: AsyncConnection, row: BroadcastRow) -> Seen:
    """What the audience sees and hears now: who agreed to as many as it is open to."""
    given = await consent_store.list_given(db, row.session_id, shown_to(row.visibility))
    names = {one.id: one.name for one in await session_store.list_participants(db, row.session_id)}
    return seen_by_audience(row.state, wish_of(row), row.starts_at, row.title, given, names)


def composed(settings: Settings, seen: Seen) -> Scene:
    """The same for the composer, in the company's colours and with its logo."""
    wish = seen.wish
    plain: dict[str, Any] = {
        "layout": wish.layout,
        "agreed": [str(one) for one in seen.agreed],
        "names": {str(one): name for one, name in seen.names.items()},
        "lower_thirds": wish.lower_thirds,
        "main": wish.main,
        "card": Card(**dataclasses.asdict(wish.card)) if wish.card else None,
        "banner": Banner(**dataclasses.asdict(wish.banner)) if wish.banner else None,
        "logo": str(settings.logo) if settings.logo and wish.logo else None,
        "colours": Colours(settings.brand, settings.brand_text),
        "size": wish.size,
        "small": wish.small,
    }
    return _SCENE.validate_python(plain)


async def scene_now(house: House, session: SessionId) -> Scene | None:
    """What the composer should play; None when there should be no composer."""
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
        seen = await read_seen(db, row) if row is not None and row.state in COMPOSED else None
    return composed(house.settings, seen) if seen else None


async def tell_composer(house: House, session: SessionId) -> None:
    """The composer plays what it should, when this returns, if it answers; otherwise whoever keeps it tells it again."""
    if await told_composer(house, session) is None:
        house.airing.ring()


async def told_composer(house: House, session: SessionId) -> Scene | None:
    """The composer plays what it should, when this returns; what that is. None: there should be none, or it did not answer, and whoever keeps it
    tells it again.

    Read again after telling: somebody may have taken a yes back meanwhile, here or in another web process.
    """
    await show_audience(house, session)
    async with house.turns.of(f"air {session}"):
        told: Scene | None = None
        while (scene := await scene_now(house, session)) is not None and scene != told:
            if not await _play(house, session, scene):
                return None
            told = scene
    return told


async def show_audience(house: House, session: SessionId) -> None:
    """The media worker shows the composer's programme to the audience (WHEP), and nothing when it is not open to everybody any more: then the
    audience is over. Who came from the audience on stage goes on talking with the others behind a card.

    Read again after telling, as in `told_composer`: the last word is what is true, whichever web process came first.
    """
    house.streams.forget(session)
    async with house.turns.of(f"audience {session}"):
        told: _Shown | None = None
        while (shown := await _shown_now(house, session)) is not None and shown != told:
            with contextlib.suppress(NotFound, MediaAway):  # Then it has no audience.
                await house.media.show(session, shown.programme, list(shown.open_to))
            told = shown


class _Shown(NamedTuple):
    """Which stream the audience watches, if any, and who is open to members of the audience on stage."""

    programme: str | None
    open_to: tuple[ParticipantId, ...]


async def _shown_now(house: House, session: SessionId) -> _Shown | None:
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
        if row is None:
            return None
        seen = await read_seen(db, row)
        people = await session_store.list_participants(db, session)
    open_to = tuple(one.id for one in people if is_open_to_members(one.kind, agreed=one.id in seen.agreed))
    is_watched = row.state in OPEN and may_play(Anonymous(), row)
    return _Shown(row.directory if is_watched else None, open_to)


async def _play(house: House, session: SessionId, scene: Scene) -> bool:
    try:
        async with asyncio.timeout(TELL_LIMIT_S), ComposerClient(control_of(house.settings, session)) as composer:
            await composer.play(scene)
    except (ComposerAway, TimeoutError) as failure:
        log.debug("composer_told_later", session=session, reason=type(failure).__name__)
        return False
    return True


async def announce_broadcast(house: House, session: SessionId) -> None:
    """Says how a broadcast stands: to those on stage, the desks and the audience."""
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
        cases = await session_store.list_cases_of(db, session)
    if row is None:
        return
    times = (row.starts_at, row.live_at, row.ended_at)
    change = BroadcastChange(session, row.state, row.visibility, row.title, *times)
    await house.announcer.broadcast_changed(cases, change)
    await house.announcer.audience(session, AudienceChange(rules=rules_of(row)))
    await house.announcer.desk_changed()


async def go_off_air(house: House, session: SessionId, by: Actor) -> bool:
    """The session's broadcast, if it has one, is over: nobody watches any more, and what was live is a recording. Whether it was news.

    When the composer does not answer, whoever keeps it ends the stream, and the recording is ready then.
    """
    now = house.now()
    async with house.db.write() as db:
        cases = await case_store.lock_cases_of(db, session)
        row = await store.lock_broadcast(db, session)
        over = {"state": BroadcastState.ENDED, "ended_at": now}
        if row is None or not await store.set_broadcast(db, session, column.c.state.in_(UNENDED), **over):
            return False
        data: dict[str, Fact] = {"title": row.title, "recording": row.recording_id, "was": str(row.state)}
        kind = EntryKind.BROADCAST_ENDED
        entries = await write_lines(db, [Line(case, kind, now, by, session, data=data) for case in cases])
    await show_audience(house, session)
    house.streams.forget(session)
    if row.state in COMPOSED:
        await _end_stream(house, session)
    await settle_recording(house, session)
    house.airing.ring()
    await announce_entries(house, entries)
    await announce_broadcast(house, session)
    return True


async def _end_stream(house: House, session: SessionId) -> None:
    try:
        async with asyncio.timeout(END_LIMIT_S), ComposerClient(control_of(house.settings, session)) as composer:
            await composer.end()
    except (ComposerAway, TimeoutError) as failure:
        log.info("stream_ended_later", session=session, reason=type(failure).__name__)


def stream_folder(house: House, row: BroadcastRow) -> Path:
    """Where a broadcast's stream lies."""
    return house.settings.recordings / row.directory


async def settle_recording(house: House, session: SessionId) -> bool:
    """The recording of an ended broadcast is ready, if its stream has ended; there is nothing to encode. Whether nothing is left to be done."""
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
        found = await recording_store.find_recording(db, row.recording_id) if row and row.recording_id else None
    if row is None or found is None or found.state is not RecordingState.LIVE or row.state in UNENDED:
        return True
    kept = await read_stream(house, row)
    if kept is None or not kept.has_ended:
        return False
    await _conclude(house, row, found.id, kept)
    return True


async def give_up_recording(house: House, session: SessionId) -> None:
    """The recording of an ended broadcast whose stream nobody can read has failed. What is on the disk stays there."""
    async with house.db.read() as db:
        row = await store.find_broadcast(db, session)
    if row is not None and row.recording_id is not None:
        await _conclude(house, row, row.recording_id, Kept(None, 0.0, 0, True))


async def read_stream(house: House, row: BroadcastRow) -> Kept | None:
    """What of the broadcast is on the disk; None when that cannot be read."""
    try:
        return await asyncio.to_thread(read_kept, stream_folder(house, row))
    except (OSError, ValueError) as error:
        log.warning("stream_unreadable", session=row.session_id, reason=str(error))
        return None


async def _conclude(house: House, row: BroadcastRow, recording: RecordingId, kept: Kept) -> None:
    state = RecordingState.READY if kept.is_playable else RecordingState.FAILED
    error = None if kept.is_playable else "nothing_recorded"
    kind = EntryKind.RECORDING_READY if kept.is_playable else EntryKind.RECORDING_FAILED
    facts = {"duration_s": round(kept.duration_s, 3), "size_bytes": kept.size_bytes, "tracks": _tracks(kept)}
    async with house.db.write() as db:
        cases = await case_store.lock_cases_of(db, row.session_id)
        ended = {"state": state, "ended_at": row.ended_at, "error": error, **facts}
        if not await recording_store.step_recording(db, recording, [RecordingState.LIVE], **ended):
            return
        data: dict[str, Fact] = {"recording": recording, "duration_s": round(kept.duration_s, 3), "code": error}
        lines = [Line(one, kind, house.now(), NOBODY, row.session_id, data=data) for one in cases]
        entries = await write_lines(db, lines)
        found = await recording_store.find_recording(db, recording)
    await announce_entries(house, entries)
    if found is not None:
        await announce_recording(house, found)
    await announce_broadcast(house, row.session_id)


def _tracks(kept: Kept) -> dict[str, Any]:
    """The one film of it, in the manner of other recordings."""
    if not kept.is_playable:
        return {"parts": [], "files": [], "unread": 0}
    film = {"kind": "view", "name": RECORDING, "path": RECORDING, "type": HLS_TYPE, "participant": None, "source": None}
    size = {"size_bytes": kept.size_bytes, "start_s": 0.0, "duration_s": round(kept.duration_s, 3)}
    part = {"started_at": kept.started_at, "duration_s": round(kept.duration_s, 3), "offset_s": 0.0}
    return {"parts": [part], "files": [film | size], "unread": 0}


async def seconds_into_stream(house: House, row: BroadcastRow, at: float) -> float | None:
    """How far into the stream a moment (UNIX seconds) is; None before anything was written."""
    kept = await read_stream(house, row)
    return None if kept is None or kept.started_at is None else round(max(0.0, at - kept.started_at), 3)
