"""The audience's chat."""

from server.domain.cleaning import clean_client_id, clean_line
from server.domain.principal import Principal
from server.domain.taking_part import LINE_LIMIT, is_held_by_words, may_chat, may_move_line, wait_s
from server.domain.words import ChatLineState, LineId, SessionId
from server.errors import AudienceClosed, Conflict, NotFound, SlowMode
from server.service.audience.ledger import Page
from server.service.audience.views import ChatLine, line_view
from server.service.audience.voices import Voice, moderator, speaker
from server.service.house import House
from server.service.secrecy import make_id
from server.store import audience as store
from server.store.broadcast_rows import LineRow


async def say_line(house: House, principal: Principal, session: SessionId, text: str, client_id: str) -> ChatLine:
    """A line of the chat, kept before it is answered; the same one when it is sent again under its id. HELD when moderators look at it first.

    Raises NotFound, NotAMember, Banned, Muted, SlowMode(retry_after_s), AudienceClosed, BadField, Conflict (another line has this id), Busy.
    """
    said = clean_line(text, "text", LINE_LIMIT)
    key = clean_client_id(client_id)

    async def work(page: Page) -> ChatLine:
        voice = await speaker(page, principal)
        same = page.gathered.line_sent(key)
        if same is not None:
            return _again(same, voice, said)
        if not may_chat(page.broadcast.state):
            raise AudienceClosed
        _check_pace(page, voice)
        row = LineRow(
            id=LineId(make_id()),
            session_id=session,
            seq=page.next_seq(),
            member_id=voice.member_id,
            agent_id=voice.agent,
            name=voice.name,
            text=said,
            state=_first_state(page, voice, said),
            at=page.now,
            client_id=key,
        )
        page.gathered.add_line(row)
        if voice.member_id is not None and page.broadcast.slow_mode_s:
            await store.note_line_at(page.db, voice.member_id, page.now)
            page.forget(voice.member_id)
        page.lines.append(line_view(row))
        return page.lines[-1]

    return await house.ledger.write(house, principal, session, work, line_sent=key)


def _again(same: LineRow, voice: Voice, said: str) -> ChatLine:
    if same.member_id != voice.member_id or same.agent_id != voice.agent or same.text != said:
        raise Conflict  # Somebody else's id; or other words, which would be lost.
    return line_view(same)


def _check_pace(page: Page, voice: Voice) -> None:
    if voice.moderates or voice.member is None:
        return
    left = wait_s(voice.member.last_line_at, page.broadcast.slow_mode_s, page.now)
    if left > 0:
        raise SlowMode(retry_after_s=left)


def _first_state(page: Page, voice: Voice, said: str) -> ChatLineState:
    if voice.moderates:
        return ChatLineState.SHOWN
    is_held = page.broadcast.holds or is_held_by_words(f"{said}\n{voice.name}", page.broadcast.words)
    return ChatLineState.HELD if is_held else ChatLineState.SHOWN


async def moderate_line(
    house: House, principal: Principal, session: SessionId, line: LineId, state: ChatLineState
) -> ChatLine:
    """A line is approved, taken away, or brought back. Moderators. Raises NotFound, Forbidden, Conflict."""

    async def work(page: Page) -> ChatLine:
        await moderator(page.db, principal, page.broadcast)
        row = await store.find_line(page.db, session, line)
        if row is None:
            raise NotFound
        if row.state is state:
            return line_view(row)
        if not may_move_line(row.state, state):
            raise Conflict
        return await page.move_line(row, state)

    return await house.ledger.write(house, principal, session, work)
