"""Questions for consent, and their answers."""

from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.consent import RECORDED, Wanted, is_enough, may_write
from server.domain.words import ConsentAnswer, ParticipantId, PersonKind, Purpose, SessionId
from server.store.rows import ConsentRow, all_rows, chosen
from server.store.tables import consent, link, participant
from server.store.writing import add_row, changed


async def add_consent(db: AsyncConnection, row: ConsentRow) -> None:
    """A new question, or an answer given anew."""
    await add_row(db, consent, row)


async def list_latest(
    db: AsyncConnection, session_id: SessionId, purpose: Purpose = Purpose.RECORDING
) -> dict[ParticipantId, ConsentRow]:
    """The last question about a purpose to each person of a session; only this one counts."""
    mine = and_(consent.c.session_id == session_id, consent.c.purpose == purpose)
    last = (
        select(consent.c.participant_id, func.max(consent.c.round).label("round"))
        .where(mine)
        .group_by(consent.c.participant_id)
        .subquery()
    )
    statement = (
        chosen(ConsentRow, consent)
        .join(last, (consent.c.participant_id == last.c.participant_id) & (consent.c.round == last.c.round))
        .where(mine)
    )
    return {row.participant_id: row for row in all_rows(ConsentRow, await db.execute(statement))}


async def step_consent(db: AsyncConnection, row: ConsentRow, **values: Any) -> bool:
    """Changes a question's answer if it still is what `row` says."""
    fits = update(consent).where(consent.c.id == row.id, consent.c.answer == row.answer)
    return await changed(db, fits.values(**values))


async def list_given(db: AsyncConnection, session_id: SessionId, wanted: Wanted = RECORDED) -> list[ParticipantId]:
    """Whose tracks may be written, or shown, now: who said yes to what is `wanted`, and the machines of who said yes."""
    latest = await list_latest(db, session_id, wanted.purpose)
    yes = [row for row in latest.values() if may_write(row.answer) and is_enough(row.wording_version, wanted)]
    given = {row.participant_id for row in yes}
    return sorted(given | await _list_machines(db, session_id, given))


async def has_agreed(db: AsyncConnection, participant_id: ParticipantId, purpose: Purpose) -> bool:
    """Whether the person ever said yes to it, taken back or not."""
    yes = consent.c.answer.in_([ConsentAnswer.GIVEN, ConsentAnswer.WITHDRAWN])
    mine = (consent.c.participant_id == participant_id, consent.c.purpose == purpose, yes)
    return (await db.execute(select(consent.c.id).where(*mine).limit(1))).first() is not None


async def _list_machines(db: AsyncConnection, session_id: SessionId, given: set[ParticipantId]) -> set[ParticipantId]:
    """A machine cannot be asked: the person who made its key answers for it."""
    maker = participant.alias()
    statement = (
        select(participant.c.id)
        .join(link, link.c.id == participant.c.person_id)
        .join(maker, (maker.c.person_id == link.c.created_by) & (maker.c.session_id == session_id))
        .where(participant.c.session_id == session_id, participant.c.kind == PersonKind.SOURCE, maker.c.id.in_(given))
    )
    return set((await db.execute(statement)).scalars())
