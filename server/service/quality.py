"""How good a call was, in the case afterwards: numbers for agents, and for the customer a plain sentence if it was poor for them."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.quality import Graded, Look, Spread, grade, worst_of
from server.domain.words import CaseId, EntryKind, Grade, PersonKind, SessionId, Visibility
from server.service.facts import Facts, Line
from server.service.house import House
from server.service.views import Fact
from server.store import looks as store
from server.store import sessions as session_store
from server.store.rows import LookRow, ParticipantRow

_KNOWN = {one.name for one in fields(Look)}


async def quality_lines(
    db: AsyncConnection, house: House, session: SessionId, cases: Sequence[CaseId], now: datetime
) -> list[Line]:
    """What there is to say at the session's end. Call before it is marked as ended, in that transaction: afterwards nothing is kept of it."""
    await store.add_looks(db, house.lines.take(session))
    rows = await store.take_looks(db, session)
    people = await session_store.list_participants(db, session)
    graded = [(one, found) for one in people if (found := _grade(one, rows)) is not None]
    worst = worst_of([found for _, found in graded])
    if worst is None:
        return []
    data = {**_head(worst), "people": [_person(one, found) for one, found in graded]}
    lines = [
        Line(case, EntryKind.QUALITY, now, session=session, data=data, visibility=Visibility.AGENTS) for case in cases
    ]
    if any(one.kind is PersonKind.CUSTOMER and found.grade is Grade.POOR for one, found in graded):
        told: dict[str, Fact] = {"grade": str(Grade.POOR)}
        lines += [Line(case, EntryKind.QUALITY, now, session=session, data=told) for case in cases]
    return lines


def _grade(person: ParticipantRow, rows: Sequence[LookRow]) -> Graded | None:
    """By observer, because worker and page see the same time."""
    mine = [row for row in rows if row.participant_id == person.id]
    return grade([[_look(row) for row in mine if row.observer == observer] for observer in ("worker", "page")])


def _look(row: LookRow) -> Look:
    return Look(**{name: value for name, value in row.look.items() if name in _KNOWN})


def _head(graded: Graded) -> dict[str, Fact | Facts]:
    return {"grade": str(graded.grade), "trouble": str(graded.trouble)}


def _person(person: ParticipantRow, graded: Graded) -> dict[str, Fact]:
    """Flat numbers: `loss_down_median`, `loss_down_worst` and so on; what nobody saw is None."""
    facts: dict[str, Fact] = {
        "name": person.name,
        "kind": str(person.kind),
        "grade": str(graded.grade),
        "trouble": str(graded.trouble),
        "seconds": round(graded.seconds),
    }
    for name in ("loss_up", "loss_down", "rtt_ms", "frozen", "height"):
        spread: Spread | None = getattr(graded, name)
        facts[f"{name}_median"] = spread.median if spread else None
        facts[f"{name}_worst"] = spread.worst if spread else None
    return facts
