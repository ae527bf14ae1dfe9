"""What many do in one transaction is written together, and comes out as if it had been done one after the other; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.domain.principal import Anonymous
from server.domain.words import ChatLineState, QuestionState, SessionId
from server.errors import Banned, Conflict
from server.service.audience import lines, members, questions, reading
from server.service.audience.views import AudienceChange, ChatLine, QuestionView
from tests.audience import Fan, ask, join, open_broadcast, say
from tests.desk import Desk, client_id, open_desk


class Hall:
    """A live broadcast with a question and ten members."""

    def __init__(self, desk: Desk, session: SessionId, fans: list[Fan], question: QuestionView) -> None:
        self.desk, self.house, self.fans, self.question = desk, desk.house, fans, question.id
        self.session = session

    async def vote(self, fan: Fan, *, wanted: bool = True) -> None:
        await questions.vote_question(self.house, fan.principal, self.session, self.question, wanted=wanted)

    async def kept(self) -> QuestionView:
        events = await reading.read_events(self.house, Anonymous(), self.session, 0)
        return next(one for one in events.questions if one.id == self.question)

    async def who_voted(self) -> list[bool]:
        views = [await reading.read_audience(self.house, fan.principal, self.session) for fan in self.fans]
        return [view.votes == [self.question] for view in views]

    def told(self) -> list[AudienceChange]:
        return [change for _, change in self.desk.heard.of("audience")]


@pytest.fixture
async def hall(database_url: str, tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_desk(database_url, tmp_path) as desk:
        session = await open_broadcast(desk.house, (await desk.customer_opens_case()).case)
        fans = [await join(desk.house, session, f"Fan {n}", f"10.0.0.{n}") for n in range(10)]
        yield Hall(desk, session, fans, await ask(desk.house, session, fans[0]))


async def test_thirty_things_are_a_dozen_statements(hall: Hall, statements: list[str]) -> None:
    said = [say(hall.house, hall.session, fan, f"line {n}") for n, fan in enumerate(hall.fans * 2)]
    wants = [hall.vote(fan) for fan in hall.fans]
    before = len(hall.told())
    statements.clear()
    answers = await asyncio.gather(*said, *wants)
    assert len(statements) <= 12, statements
    (change,) = hall.told()[before:]
    assert change.lines == answers[:20]
    assert [(one.question, one.votes) for one in change.votes] == [(hall.question, 10)]
    assert change.seq == change.after + 21
    events = await reading.read_events(hall.house, Anonymous(), hall.session, 0)
    assert events.lines == answers[:20]
    assert (await hall.kept()).votes == 10


async def test_last_word_of_each_counts(hall: Hall) -> None:
    here, back, never, again = hall.fans[:4]
    await asyncio.gather(hall.vote(back), hall.vote(again))
    wants = [(here, True), (here, True), (back, False), (never, True), (never, False), (again, False), (again, True)]
    await asyncio.gather(*(hall.vote(fan, wanted=wanted) for fan, wanted in wants))
    assert (await hall.kept()).votes == 2
    assert await hall.who_voted() == [True, False, False, True] + [False] * 6
    assert hall.told()[-1].votes[0].votes == 2
    before = len([change for change in hall.told() if change.votes])
    await asyncio.gather(hall.vote(here), hall.vote(never, wanted=False))
    assert len([change for change in hall.told() if change.votes]) == before  # Nothing became of it.


async def test_line_that_was_just_said_goes_with_who_is_banned(hall: Hall) -> None:
    ann = await hall.desk.agent("ann")
    bad, good = hall.fans[:2]
    moderated = members.moderate_member(hall.house, ann, hall.session, bad.id, banned=True, remove_lines=True)
    said = [say(hall.house, hall.session, one, "words") for one in (bad, good)]
    late = say(hall.house, hall.session, bad, "and more")
    answers = await asyncio.gather(*said, moderated, late, return_exceptions=True)
    assert isinstance(answers[3], Banned)
    events = await reading.read_events(hall.house, Anonymous(), hall.session, 0)
    kept = {line.id: (line.state, line.text) for line in events.lines}
    first, second = (one for one in answers[:2] if isinstance(one, ChatLine))
    assert kept == {first.id: (ChatLineState.REMOVED, ""), second.id: (ChatLineState.SHOWN, "words")}


async def test_votes_count_before_the_question_is_pinned(hall: Hall) -> None:
    ann = await hall.desk.agent("ann")
    pinned = questions.moderate_question(hall.house, ann, hall.session, hall.question, QuestionState.PINNED)
    *_, view = await asyncio.gather(*(hall.vote(fan) for fan in hall.fans[:3]), pinned)
    assert isinstance(view, QuestionView)
    assert (view.votes, view.state) == (3, QuestionState.PINNED)
    assert await hall.kept() == view


async def test_one_id_is_one_line_within_a_transaction_too(hall: Hall) -> None:
    key, (bo, al) = client_id(), hall.fans[:2]
    tries = [(bo, "once"), (bo, "once"), (bo, "other"), (al, "once")]
    sent = [lines.say_line(hall.house, fan.principal, hall.session, text, key) for fan, text in tries]
    first, again, *refused = await asyncio.gather(*sent, return_exceptions=True)
    assert first == again
    assert [type(one) for one in refused] == [Conflict, Conflict]
    assert (await reading.read_events(hall.house, Anonymous(), hall.session, 0)).lines == [first]
