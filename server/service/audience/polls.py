"""Polls: asked by moderators, answered by members, counted before everybody's eyes."""

import dataclasses
from collections.abc import Sequence

from server.domain.cleaning import clean_client_id, clean_line
from server.domain.principal import Principal
from server.domain.taking_part import CHOICE_LIMIT, CHOICES, QUESTION_LIMIT, may_chat
from server.domain.words import PollId, PollState, SessionId
from server.errors import AudienceClosed, BadField, Conflict, Forbidden, NotFound, PollClosed
from server.service.audience.ledger import Page
from server.service.audience.views import PollView, poll_view
from server.service.audience.voices import moderator, voice_on
from server.service.house import House
from server.service.secrecy import make_id
from server.store import polls as store
from server.store.broadcast_rows import PollRow


async def open_poll(
    house: House, principal: Principal, session: SessionId, text: str, choices: Sequence[str], client_id: str
) -> PollView:
    """A poll that takes votes at once; the same one when it is sent again under its id. Moderators. Raises BadField, AudienceClosed, Conflict."""
    asked = clean_line(text, "text", QUESTION_LIMIT)
    offered = [clean_line(one, "choices", CHOICE_LIMIT) for one in choices]
    if len(offered) not in CHOICES or len(set(offered)) != len(offered):
        raise BadField(field="choices")
    key = clean_client_id(client_id)

    async def work(page: Page) -> PollView:
        await moderator(page.db, principal, page.broadcast)
        same = await store.find_poll_sent(page.db, session, key)
        if same is not None:
            if same.text != asked:
                raise Conflict
            return poll_view(same, (await store.list_choices(page.db, [same.id]))[same.id])
        if not may_chat(page.broadcast.state):
            raise AudienceClosed
        row = PollRow(PollId(make_id()), session, page.next_seq(), asked, PollState.OPEN, page.now, key)
        page.polls.append(poll_view(row, await store.add_poll(page.db, row, offered)))
        return page.polls[-1]

    return await house.ledger.write(house, principal, session, work)


async def vote_in_poll(house: House, principal: Principal, session: SessionId, poll: PollId, position: int) -> None:
    """A member's vote; it replaces the one before. Raises NotFound, NotAMember, Banned, Forbidden, PollClosed, BadField."""

    async def work(page: Page) -> None:
        voice = await voice_on(page, principal)
        if voice.member_id is None:
            raise Forbidden
        row = await store.find_poll(page.db, session, poll)
        if row is None:
            raise NotFound
        if row.state is PollState.CLOSED:
            raise PollClosed
        if position >= len((await store.list_choices(page.db, [poll]))[poll]):
            raise BadField(field="position")
        await store.vote_in_poll(page.db, poll, voice.member_id, position)
        page.polled.add(poll)

    await house.ledger.write(house, principal, session, work)


async def close_poll(
    house: House, principal: Principal, session: SessionId, poll: PollId, state: PollState
) -> PollView:
    """A poll takes no more votes, or again. Moderators. Raises NotFound, Forbidden."""

    async def work(page: Page) -> PollView:
        await moderator(page.db, principal, page.broadcast)
        row = await store.find_poll(page.db, session, poll)
        if row is None:
            raise NotFound
        closed_at = page.now if state is PollState.CLOSED else None
        moved = dataclasses.replace(row, state=state, seq=page.next_seq(), closed_at=closed_at)
        await store.set_poll(page.db, poll, state=state, seq=moved.seq, closed_at=closed_at)
        if poll in page.polled:
            page.polled.discard(poll)
            await store.count_votes(page.db, poll, moved.seq)
        page.polls.append(poll_view(moved, (await store.list_choices(page.db, [poll]))[poll]))
        return page.polls[-1]

    return await house.ledger.write(house, principal, session, work)
