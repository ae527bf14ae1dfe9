"""Who is in a session: names from the database, presence from the media worker."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import is_open_to_members
from server.domain.consent import shown_to
from server.domain.principal import Person
from server.domain.words import ParticipantId, PersonKind, SessionId, SessionState, Source
from server.errors import MediaAway, NotFound, SessionEnded
from server.media import protocol
from server.service.house import House
from server.service.views import ParticipantView, Roster, RunningRecording, SessionView, SourcesView
from server.store import broadcasts as broadcast_store
from server.store import consents as consent_store
from server.store import recordings as recording_store
from server.store import sessions as store
from server.store.rows import ParticipantRow, RecordingRow, SessionRow

log = structlog.get_logger(__name__)

MEDIA_LIMIT_S = 1.0  # A page shows names without presence rather than nothing while the worker restarts.


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database knows of a session. `public`: whom those may know who came from its audience."""

    session: SessionRow
    people: list[ParticipantRow]
    recording: RecordingRow | None
    public: frozenset[ParticipantId] = frozenset()


async def read_kept(db: AsyncConnection, session: SessionRow) -> Kept:
    """A session with its people and its running recording."""
    people = await store.list_participants(db, session.id)
    return Kept(session, people, await recording_store.find_running(db, session.id), await _public(db, session, people))


async def _public(db: AsyncConnection, session: SessionRow, people: list[ParticipantRow]) -> frozenset[ParticipantId]:
    """Asked for only where somebody came from an audience."""
    if not any(one.kind is PersonKind.MEMBER for one in people):
        return frozenset()
    row = await broadcast_store.find_broadcast(db, session.id)
    given = await consent_store.list_given(db, session.id, shown_to(row.visibility)) if row else []
    return frozenset(one.id for one in people if is_open_to_members(one.kind, agreed=one.id in given))


async def seen_by_media(house: House, session: SessionId) -> protocol.SessionView | None:
    """Who is connected, as the worker sees it; None when it knows nobody there or does not answer in time."""
    try:
        async with asyncio.timeout(MEDIA_LIMIT_S):
            return await house.media.session(session)
    except (NotFound, MediaAway, TimeoutError):
        return None


async def session_view(house: House, kept: Kept, me: Person | None) -> SessionView:
    """A session for one reader."""
    live = kept.session.state is not SessionState.ENDED
    seen = await seen_by_media(house, kept.session.id) if live else None
    mine = next((one.id for one in kept.people if me is not None and one.person_id == me.person_id), None)
    return SessionView(
        id=kept.session.id,
        state=kept.session.state,
        started_at=kept.session.started_at,
        participants=participant_views(kept, seen, of=me),
        recording=_running(kept.recording),
        me=mine,
        home=kept.session.home,
    )


def participant_views(
    kept: Kept, seen: protocol.SessionView | None, *, of: Person | None = None
) -> list[ParticipantView]:
    """Everybody with a seat; once the session has ended, everybody who was there. Who came from the audience knows those alone who are public."""
    live = {one.participant: one for one in seen.participants} if seen else {}
    ended = kept.session.state is SessionState.ENDED
    listed = [one for one in kept.people if one.seated_at or one.id in live or (ended and one.joined_at)]
    if of is not None and of.kind is PersonKind.MEMBER:
        listed = [one for one in listed if one.id in kept.public]
    on_stage = kept.session.state is SessionState.RUNNING
    return [_participant(one, live, on_stage, known=seen is not None) for one in listed]


def _participant(
    row: ParticipantRow, live: Mapping[str, protocol.ParticipantView], on_stage: bool, *, known: bool
) -> ParticipantView:
    one = live.get(row.id)
    if one is None:
        here = not known and row.connection is not None and row.gone_at is None
        return ParticipantView(row.id, row.kind, row.name, here, on_stage and here, SourcesView())
    return ParticipantView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        here=one.connected,
        on_stage=one.on_stage,
        state=sources_view(one.state),
        tracks=sources_in(one.tracks),
        interrupted=one.interrupted,
    )


def sources_view(state: Mapping[str, object]) -> SourcesView:
    """What somebody has switched on, from what the worker passes along."""
    return SourcesView(*(bool(state.get(name)) for name in ("microphone", "camera", "screen")))


def sources_in(names: Sequence[str]) -> list[Source]:
    """The known sources among these names."""
    return [source for source in Source if source in names]


def _running(row: RecordingRow | None) -> RunningRecording | None:
    return None if row is None else RunningRecording(row.id, row.state, row.started_at)


async def announce_roster(house: House, session: SessionId, seen: protocol.SessionView | None) -> None:
    """Tells everybody in the session's cases who is there."""
    async with house.db.read() as db:
        row = await store.find_session(db, session)
        if row is None:
            return
        kept = await read_kept(db, row)
        cases = await store.list_cases_of(db, session)
    recording = kept.recording.id if kept.recording else None
    everybody = participant_views(kept, seen)
    public = [one for one in everybody if one.id in kept.public]
    rosters = (Roster(session, everybody, recording), Roster(session, public, recording))
    await house.announcer.roster(cases, *rosters)


async def seat_quietly(
    house: House, session: SessionId, participant: ParticipantId, seat: protocol.Seat
) -> protocol.SessionView | None:
    """Moves somebody on the worker; who is not connected there now will be seated when they are."""
    try:
        return await house.media.seat(session, participant, seat)
    except (NotFound, MediaAway, SessionEnded) as failure:
        log.info("seat_later", session=session, participant=participant, code=failure.code)
        return None
