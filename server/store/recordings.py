"""Recordings."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import CaseId, RecordingId, RecordingState, SessionId
from server.store.rows import RecordingRow, all_rows, chosen, one_row
from server.store.tables import recording
from server.store.writing import add_once, changed


async def add_recording(db: AsyncConnection, row: RecordingRow) -> bool:
    """A new recording; False when the session is being recorded already."""
    return await add_once(db, recording, dataclasses.asdict(row))


async def find_recording(db: AsyncConnection, recording_id: RecordingId) -> RecordingRow | None:
    """The recording with this id, unless it was deleted."""
    statement = chosen(RecordingRow, recording).where(recording.c.id == recording_id, recording.c.deleted_at.is_(None))
    return one_row(RecordingRow, (await db.execute(statement)).first())


async def find_running(db: AsyncConnection, session_id: SessionId) -> RecordingRow | None:
    """The recording of a session that is written now."""
    statement = chosen(RecordingRow, recording).where(
        recording.c.session_id == session_id, recording.c.state == RecordingState.RECORDING
    )
    return one_row(RecordingRow, (await db.execute(statement)).first())


async def list_recordings(db: AsyncConnection, case: CaseId) -> list[RecordingRow]:
    """The recordings of a case, oldest first."""
    statement = chosen(RecordingRow, recording).where(recording.c.case_id == case, recording.c.deleted_at.is_(None))
    return all_rows(RecordingRow, await db.execute(statement.order_by(recording.c.started_at)))


async def list_in_state(db: AsyncConnection, state: RecordingState) -> list[RecordingRow]:
    """All recordings in a state, oldest first."""
    statement = chosen(RecordingRow, recording).where(recording.c.state == state)
    return all_rows(RecordingRow, await db.execute(statement.order_by(recording.c.started_at)))


async def list_stopped(db: AsyncConnection, since: datetime) -> list[RecordingRow]:
    """The recordings that were stopped after a moment, deleted ones too."""
    over = (recording.c.ended_at > since, recording.c.state != RecordingState.RECORDING)
    return all_rows(RecordingRow, await db.execute(chosen(RecordingRow, recording).where(*over)))


async def list_leased(db: AsyncConnection, owner: str) -> list[RecordingRow]:
    """The recordings to be finished that somebody keeps."""
    kept = (recording.c.lease_by == owner, recording.c.state == RecordingState.FINISHING)
    return all_rows(RecordingRow, await db.execute(chosen(RecordingRow, recording).where(*kept)))


async def step_recording(
    db: AsyncConnection, recording_id: RecordingId, states: Sequence[RecordingState], *when: Any, **values: Any
) -> bool:
    """Changes a recording if it is in one of `states` (and all conditions hold); False when it is not (any more)."""
    fits = update(recording).where(recording.c.id == recording_id, recording.c.state.in_(states), *when)
    return await changed(db, fits.values(**values))


async def lease_finishing(db: AsyncConnection, owner: str, now: datetime, until: datetime) -> RecordingRow | None:
    """The oldest recording that waits to be finished, kept from other processes until a moment."""
    free = or_(recording.c.lease_until.is_(None), recording.c.lease_until < now, recording.c.lease_by == owner)
    statement = (
        chosen(RecordingRow, recording)
        .where(recording.c.state == RecordingState.FINISHING, recording.c.deleted_at.is_(None), free)
        .order_by(recording.c.ended_at, recording.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = one_row(RecordingRow, (await db.execute(statement)).first())
    if found is None:
        return None
    await step_recording(db, found.id, [RecordingState.FINISHING], lease_by=owner, lease_until=until)
    return found


async def remove_recording(db: AsyncConnection, recording_id: RecordingId) -> None:
    """A recording that never began."""
    await db.execute(delete(recording).where(recording.c.id == recording_id))
