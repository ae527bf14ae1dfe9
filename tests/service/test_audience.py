"""Taking part: members, chat, questions, polls, hands, and what moderators do, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server.domain.principal import Agent, Anonymous
from server.domain.words import (
    BroadcastState,
    ChatLineState,
    MemberRole,
    Openness,
    PollState,
    QuestionState,
    SessionId,
)
from server.errors import (
    AudienceClosed,
    BadField,
    Banned,
    Conflict,
    Forbidden,
    Muted,
    NotAMember,
    NotFound,
    PollClosed,
    SlowMode,
)
from server.service.audience import hands, lines, members, polls, questions, reading, rules
from server.service.audience.views import AudienceChange
from server.service.house import House
from server.store import audience as store
from server.store import broadcasts
from tests.audience import Fan, ask, join, open_broadcast, say, set_broadcast
from tests.desk import Desk, client_id, open_desk


@dataclass
class Hall:
    """A live broadcast with one member and an agent."""

    desk: Desk
    session: SessionId
    bo: Fan
    ann: Agent

    @property
    def house(self) -> House:
        return self.desk.house

    def changes(self) -> list[AudienceChange]:
        return [change for session, change in self.desk.heard.of("audience") if session == self.session]


@pytest.fixture
async def hall(database_url: str, tmp_path: Path) -> AsyncIterator[Hall]:
    async with open_desk(database_url, tmp_path) as desk:
        customer = await desk.customer_opens_case()
        session = await open_broadcast(desk.house, customer.case)
        yield Hall(desk, session, await join(desk.house, session), await desk.agent("ann"))


async def test_line_is_kept_numbered_and_said(hall: Hall) -> None:
    said = [await say(hall.house, hall.session, hall.bo, text) for text in ("one", "two")]
    said.append(await say(hall.house, hall.session, hall.ann, "three"))
    assert [one.seq for one in said] == [1, 2, 3]
    events = await reading.read_events(hall.house, Anonymous(), hall.session, 1)
    assert [(one.text, one.name, one.by) for one in events.lines] == [
        ("two", "Bo", "member"),
        ("three", "ann", "agent"),
    ]
    assert [(one.after, one.seq) for one in hall.changes()] == [(0, 1), (1, 2), (2, 3)]


async def test_what_came_while_it_was_read_is_told_once_with_its_own_number(hall: Hall) -> None:
    said = [await say(hall.house, hall.session, hall.bo, text) for text in ("one", "two")]
    first = await reading.events_after(hall.house, hall.session, 0, moderates=True, seq=1)
    rest = await reading.events_after(hall.house, hall.session, first.seq, moderates=True)
    assert (first.seq, first.lines, rest.lines) == (1, said[:1], said[1:])


async def test_sent_twice_is_one_line_and_other_words_are_a_conflict(hall: Hall) -> None:
    key = client_id()
    first = await lines.say_line(hall.house, hall.bo.principal, hall.session, "once", key)
    assert await lines.say_line(hall.house, hall.bo.principal, hall.session, "once", key) == first
    for who, text in ((hall.bo.principal, "other"), (hall.ann, "once")):
        with pytest.raises(Conflict):
            await lines.say_line(hall.house, who, hall.session, text, key)


async def test_many_at_once_share_transactions_and_get_every_number_once(hall: Hall) -> None:
    said = await asyncio.gather(*(say(hall.house, hall.session, hall.bo, f"line {n}") for n in range(60)))
    assert sorted(one.seq for one in said) == list(range(1, 61))
    changes = [one for one in hall.changes() if one.lines]
    assert len(changes) < 10
    assert sum(len(one.lines) for one in changes) == 60


async def test_refused_wish_costs_the_others_nothing(hall: Hall) -> None:
    with pytest.raises(NotAMember):
        await asyncio.gather(
            say(hall.house, hall.session, hall.bo, "good"),
            lines.say_line(hall.house, Anonymous(), hall.session, "nobody", client_id()),
        )
    events = await reading.read_events(hall.house, Anonymous(), hall.session, 0)
    assert [one.text for one in events.lines] == ["good"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 501, "\u202e"])
async def test_line_that_is_none_is_refused(hall: Hall, text: str) -> None:
    with pytest.raises(BadField):
        await say(hall.house, hall.session, hall.bo, text)


@pytest.mark.parametrize("state", [BroadcastState.PLANNED, BroadcastState.REHEARSAL, BroadcastState.ENDED])
async def test_chat_is_open_from_the_countdown_to_the_end(hall: Hall, state: BroadcastState) -> None:
    await set_broadcast(hall.house, hall.session, state=state)
    with pytest.raises(AudienceClosed):
        await say(hall.house, hall.session, hall.bo)


async def test_slow_mode_makes_members_wait_and_not_agents(hall: Hall) -> None:
    await rules.set_rules(hall.house, hall.ann, hall.session, slow_mode_s=30)
    await say(hall.house, hall.session, hall.bo)
    with pytest.raises(SlowMode) as refused:
        await say(hall.house, hall.session, hall.bo)
    assert 0 < int(refused.value.facts["retry_after_s"]) <= 30
    for _ in range(2):
        await say(hall.house, hall.session, hall.ann)
    hall.desk.clock.move(seconds=31)
    await say(hall.house, hall.session, hall.bo)


async def test_held_line_is_for_moderators_and_its_writer_until_it_is_approved(hall: Hall) -> None:
    await rules.set_rules(hall.house, hall.ann, hall.session, words=["idiot*", "Idiot*"])
    held = await say(hall.house, hall.session, hall.bo, "What 1diots")
    assert held.state is ChatLineState.HELD
    everybody = await reading.read_events(hall.house, Anonymous(), hall.session, 0)
    assert (everybody.lines, everybody.seq) == ([], 1)
    assert (await reading.read_events(hall.house, hall.ann, hall.session, 0)).lines == [held]
    own = await reading.read_audience(hall.house, hall.bo.principal, hall.session)
    assert (own.waiting, own.words) == (["What 1diots"], None)
    shown = await lines.moderate_line(hall.house, hall.ann, hall.session, held.id, ChatLineState.SHOWN)
    assert shown.seq == 2
    assert (await reading.read_events(hall.house, Anonymous(), hall.session, 0)).lines == [shown]


async def test_removed_line_leaves_no_word_and_comes_back(hall: Hall) -> None:
    said = await say(hall.house, hall.session, hall.bo, "secret words")
    await lines.moderate_line(hall.house, hall.ann, hall.session, said.id, ChatLineState.REMOVED)
    (gone,) = (await reading.read_events(hall.house, Anonymous(), hall.session, 1)).lines
    assert (gone.id, gone.text, gone.name, gone.state) == (said.id, "", "", ChatLineState.REMOVED)
    await lines.moderate_line(hall.house, hall.ann, hall.session, said.id, ChatLineState.SHOWN)
    (back,) = (await reading.read_events(hall.house, Anonymous(), hall.session, 2)).lines
    assert back.text == "secret words"


async def test_muted_reads_and_votes_but_says_nothing(hall: Hall) -> None:
    question = await ask(hall.house, hall.session, await join(hall.house, hall.session, "Al"))
    await members.moderate_member(hall.house, hall.ann, hall.session, hall.bo.id, muted=True)
    with pytest.raises(Muted):
        await say(hall.house, hall.session, hall.bo)
    await questions.vote_question(hall.house, hall.bo.principal, hall.session, question.id, wanted=True)
    await members.moderate_member(hall.house, hall.ann, hall.session, hall.bo.id, muted=False)
    await say(hall.house, hall.session, hall.bo)


async def test_banned_is_out_with_all_lines_and_comes_back_by_neither_cookie_nor_address(hall: Hall) -> None:
    await say(hall.house, hall.session, hall.bo, "bad words")
    al = await join(hall.house, hall.session, "Al", "198.51.100.7")
    view = await members.moderate_member(hall.house, hall.ann, hall.session, hall.bo.id, banned=True, remove_lines=True)
    assert view.banned
    with pytest.raises(Banned):
        await say(hall.house, hall.session, hall.bo)
    with pytest.raises(Banned):
        await members.join_audience(hall.house, hall.bo.principal, hall.session, "Bo", "203.0.113.9")
    with pytest.raises(Banned):
        await join(hall.house, hall.session, "New Bo", "192.0.2.1")
    await say(hall.house, hall.session, al, "unhurt")
    events = await reading.read_events(hall.house, Anonymous(), hall.session, 0)
    assert [one.text for one in events.lines] == ["", "unhurt"]
    await members.moderate_member(hall.house, hall.ann, hall.session, hall.bo.id, banned=False)
    await say(hall.house, hall.session, hall.bo, "again")


async def test_ipv6_neighbours_count_as_one_address(hall: Hall) -> None:
    six = await join(hall.house, hall.session, "Six", "2001:db8:1:2::5")
    await members.moderate_member(hall.house, hall.ann, hall.session, six.id, banned=True)
    with pytest.raises(Banned):
        await join(hall.house, hall.session, "Six", "2001:db8:1:2:ffff::1")
    await join(hall.house, hall.session, "Other", "2001:db8:1:3::5")


async def test_addresses_are_forgotten_when_the_broadcast_is_over(hall: Hall) -> None:
    await members.moderate_member(hall.house, hall.ann, hall.session, hall.bo.id, banned=True)
    await set_broadcast(hall.house, hall.session, state=BroadcastState.ENDED, ended_at=hall.house.now())
    async with hall.house.db.write() as db:
        await store.forget_addresses(db)
        assert await store.find_salt(db, hall.session) is None


async def test_moderators_moderate_members_and_not_each_other(hall: Hall) -> None:
    al, cy = [await join(hall.house, hall.session, name, f"10.1.1.{n}") for n, name in enumerate(("Al", "Cy"))]
    with pytest.raises(Forbidden):
        await members.moderate_member(hall.house, al.principal, hall.session, hall.bo.id, muted=True)
    for one in (al, cy):
        await members.moderate_member(hall.house, hall.ann, hall.session, one.id, role=MemberRole.MODERATOR)
    await members.moderate_member(hall.house, al.principal, hall.session, hall.bo.id, muted=True)
    for refused in ({"banned": True}, {"muted": True}):
        with pytest.raises(Forbidden):
            await members.moderate_member(hall.house, al.principal, hall.session, cy.id, **refused)
    with pytest.raises(Forbidden):
        await members.moderate_member(hall.house, al.principal, hall.session, hall.bo.id, role=MemberRole.MODERATOR)
    assert (await reading.read_audience(hall.house, al.principal, hall.session)).words == []
    listed = await members.list_members(hall.house, al.principal, hall.session)
    assert {one.name for one in listed.members} == {"Bo", "Al", "Cy"}


async def test_one_vote_for_each_member_and_it_can_be_taken_back(hall: Hall) -> None:
    question = await ask(hall.house, hall.session, hall.bo)
    fans = [await join(hall.house, hall.session, f"Fan {n}", f"10.0.0.{n}") for n in range(5)]

    async def vote(fan: Fan, *, wanted: bool = True) -> None:
        await questions.vote_question(hall.house, fan.principal, hall.session, question.id, wanted=wanted)

    await asyncio.gather(*(vote(fan) for fan in fans * 2))
    await vote(fans[0], wanted=False)
    await vote(fans[0], wanted=False)
    (kept,) = (await reading.read_events(hall.house, Anonymous(), hall.session, 0)).questions
    assert kept.votes == 4
    assert hall.changes()[-2].votes[0].votes == 4 or hall.changes()[-1].votes == []
    assert (await reading.read_audience(hall.house, fans[1].principal, hall.session)).votes == [question.id]


async def test_pinned_question_is_the_only_one_and_its_answer_a_chapter(hall: Hall) -> None:
    first, second = (
        await ask(hall.house, hall.session, hall.bo, "One?"),
        await ask(hall.house, hall.session, hall.bo, "Two?"),
    )

    async def move(question: str, state: QuestionState) -> None:
        hall.desk.clock.move(seconds=10)
        await questions.moderate_question(hall.house, hall.ann, hall.session, question, state)  # type: ignore[arg-type]

    await move(first.id, QuestionState.PINNED)
    await move(second.id, QuestionState.PINNED)
    await move(second.id, QuestionState.ANSWERED)
    kept = {one.text: one for one in (await reading.read_events(hall.house, Anonymous(), hall.session, 0)).questions}
    assert kept["One?"].state is QuestionState.APPROVED
    assert kept["One?"].answer_s is None
    assert kept["Two?"].state is QuestionState.ANSWERED
    assert 19 < (kept["Two?"].answer_s or 0) < 29  # Where it was pinned, not where it was done.
    assert await banner(hall) is None
    await move(first.id, QuestionState.PINNED)
    assert await banner(hall) == {"text": "One?", "name": "Bo"}
    with pytest.raises(Conflict):
        await questions.vote_question(hall.house, hall.bo.principal, hall.session, second.id, wanted=True)
    with pytest.raises(Conflict):
        await move(second.id, QuestionState.REJECTED)


async def banner(hall: Hall) -> Any:
    """What of the audience's stands on the picture."""
    async with hall.house.db.read() as db:
        row = await broadcasts.find_broadcast(db, hall.session)
    assert row is not None
    return row.scene["banner"]


async def test_question_that_waits_or_was_rejected_is_nobody_elses(hall: Hall) -> None:
    await rules.set_rules(hall.house, hall.ann, hall.session, holds=True)
    waiting = await ask(hall.house, hall.session, hall.bo, "Held?")
    assert waiting.state is QuestionState.ASKED
    assert (await reading.read_events(hall.house, Anonymous(), hall.session, 0)).questions == []
    with pytest.raises(NotFound):
        await questions.vote_question(hall.house, hall.bo.principal, hall.session, waiting.id, wanted=True)
    await questions.moderate_question(hall.house, hall.ann, hall.session, waiting.id, QuestionState.APPROVED)
    await questions.moderate_question(hall.house, hall.ann, hall.session, waiting.id, QuestionState.REJECTED)
    (gone,) = (await reading.read_events(hall.house, Anonymous(), hall.session, 0)).questions
    assert (gone.text, gone.name) == ("", "")


async def test_questions_may_be_asked_beforehand(hall: Hall) -> None:
    await set_broadcast(hall.house, hall.session, state=BroadcastState.PLANNED, live_at=None)
    question = await ask(hall.house, hall.session, hall.bo)
    await questions.moderate_question(hall.house, hall.ann, hall.session, question.id, QuestionState.ANSWERED)


async def test_poll_counts_the_last_choice_of_each(hall: Hall) -> None:
    poll = await polls.open_poll(hall.house, hall.ann, hall.session, "Which?", ["A", "B", "C"], client_id())
    fans = [await join(hall.house, hall.session, f"Fan {n}", f"10.0.0.{n}") for n in range(3)]

    async def vote(fan: Fan, position: int) -> None:
        await polls.vote_in_poll(hall.house, fan.principal, hall.session, poll.id, position)

    await asyncio.gather(*(vote(fan, 0) for fan in fans))
    await vote(fans[2], 2)
    with pytest.raises(BadField):
        await vote(fans[2], 3)
    closed = await polls.close_poll(hall.house, hall.ann, hall.session, poll.id, PollState.CLOSED)
    assert [one.votes for one in closed.choices] == [2, 0, 1]
    with pytest.raises(PollClosed):
        await vote(fans[0], 1)
    assert (await reading.read_audience(hall.house, fans[2].principal, hall.session)).poll_votes == {poll.id: 2}
    with pytest.raises(Forbidden):
        await polls.open_poll(hall.house, hall.bo.principal, hall.session, "Mine?", ["A", "B"], client_id())


@pytest.mark.parametrize("choices", [["A"], ["A", "A"], ["A"] * 9, ["A", " "]])
async def test_poll_needs_different_choices(hall: Hall, choices: list[str]) -> None:
    with pytest.raises(BadField):
        await polls.open_poll(hall.house, hall.ann, hall.session, "Which?", choices, client_id())


async def test_hands_have_an_order(hall: Hall) -> None:
    al = await join(hall.house, hall.session, "Al", "10.0.0.9")
    assert (await hands.raise_hand(hall.house, hall.bo.principal, hall.session)).place == 1
    hall.desk.clock.move(seconds=1)
    assert (await hands.raise_hand(hall.house, al.principal, hall.session)).place == 2
    assert (await hands.raise_hand(hall.house, hall.bo.principal, hall.session)).place == 1
    up = await hands.call_hand(hall.house, hall.ann, hall.session, hall.bo.id, called=True)
    assert [(one.name, one.called_at is not None) for one in up.hands] == [("Bo", True), ("Al", False)]
    assert (await reading.read_audience(hall.house, al.principal, hall.session)).hand.place == 1
    await hands.lower_hand(hall.house, hall.bo.principal, hall.session)
    await hands.lower_hand(hall.house, hall.ann, hall.session, al.id)
    assert (await reading.list_hands(hall.house, hall.ann, hall.session)).hands == []
    with pytest.raises(Forbidden):
        await reading.list_hands(hall.house, hall.bo.principal, hall.session)


async def test_me_too_counts_each_browser_once_for_a_topic(hall: Hall) -> None:
    view, token = await hands.say_me_too(hall.house, Anonymous(), hall.session, wanted=True)
    assert (view.count, token is not None) == (1, True)
    for _ in range(2):
        view, token = await hands.say_me_too(hall.house, hall.bo.principal, hall.session, wanted=True)
    assert (view.count, token) == (2, None)
    view, _ = await hands.say_me_too(hall.house, hall.bo.principal, hall.session, wanted=False)
    assert view.count == 1
    assert (await reading.read_audience(hall.house, hall.bo.principal, hall.session)).me_too.mine is False


async def test_private_broadcast_is_not_there_for_strangers(hall: Hall) -> None:
    await set_broadcast(hall.house, hall.session, visibility=Openness.PRIVATE)
    for work in (
        reading.read_events(hall.house, Anonymous(), hall.session, 0),
        reading.read_audience(hall.house, hall.bo.principal, hall.session),
        say(hall.house, hall.session, hall.bo),
        hands.say_me_too(hall.house, Anonymous(), hall.session, wanted=True),
        members.join_audience(hall.house, Anonymous(), hall.session, "Eve", "192.0.2.44"),
    ):
        with pytest.raises(NotFound):
            await work
