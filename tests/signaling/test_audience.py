"""An audience's sockets: who gets one, what is told to whom, holes, and slow readers."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
from socketio.exceptions import ConnectionError as Refused

from server.app import PARTS
from server.domain.words import ChatLineState, LineId, MemberRole, Openness, QuestionState, SessionId
from server.service.agents import find_agent
from server.service.audience import hands, lines, members, questions, rules
from server.service.audience.views import AudienceChange, Author, ChatLine
from server.service.house import utc_now
from server.signaling import audience as rooms
from server.store import audience as store
from server.store import broadcasts
from tests.audience import Fan, ask, join, open_broadcast, say, set_broadcast
from tests.desk import client_id
from tests.site import Browser, Line, Site


@dataclass
class Hall:
    site: Site
    session: SessionId
    bo: Fan
    agent: Browser
    ann: Any

    async def listener(self, fan: Fan | None = None) -> Line:
        """An open page of the audience; of nobody in particular, or of a member."""
        browser = self.site.browser()
        browser.carried = f"__Host-oase-visitor={fan.token}" if fan else ""
        line = await browser.line(audience=True)
        assert (await line.ask("audience", {"session": self.session}))["ok"]
        return line

    async def moderator(self) -> Line:
        line = await self.agent.line()
        assert (await line.ask("audience", {"session": self.session}))["ok"]
        return line


@pytest.fixture
async def hall(site: Site) -> Hall:
    customer, agent = await site.customer(), await site.agent()
    session = await open_broadcast(site.house, customer.case)
    ann = await find_agent(site.house, agent.cookies().partition("=")[2])
    return Hall(site, session, await join(site.house, session), agent, ann)


async def texts(line: Line, count: int) -> list[str]:
    """The first so many lines of chat that a page heard."""
    async with asyncio.timeout(15):
        while len(found := [one["text"] for told in line.told("stage") for one in told["lines"]]) < count:
            await line.until("stage", len(line.told("stage")) + 1)
    return found


async def test_line_reaches_everybody_once_and_in_order(hall: Hall) -> None:
    pages = [await hall.listener(), await hall.listener(hall.bo), await hall.moderator()]
    for n in range(12):
        await say(hall.site.house, hall.session, hall.bo, f"line {n}")
    for page in pages:
        assert await texts(page, 12) == [f"line {n}" for n in range(12)]
        told = page.told("stage")
        assert [one["after"] for one in told[1:]] == [one["seq"] for one in told[:-1]]
        assert told[-1]["seq"] == 12


async def test_nobody_is_let_in_for_an_audience_and_for_nothing_else(hall: Hall) -> None:
    with pytest.raises(Refused):
        await hall.site.browser().line()
    line = await hall.site.browser().line(audience=True)
    assert (await line.ask("watch", {"case": "x"}))["code"] == "not_signed_in"
    assert (await line.ask("watch_desk", {}))["code"] == "not_signed_in"
    assert (await line.ask("react", {"session": hall.session, "reaction": "clap"}))["code"] == "not_found"
    assert (await line.ask("audience", {"session": "unknown"}))["code"] == "not_found"
    await set_broadcast(hall.site.house, hall.session, visibility=Openness.PRIVATE)
    assert (await line.ask("audience", {"session": hall.session}))["code"] == "not_found"


async def test_page_that_joins_no_audience_is_sent_away(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.signaling import sockets

    monkeypatch.setattr(sockets, "HELLO_LIMIT_S", 0.0)
    line = await hall.site.browser().line(audience=True)
    async with asyncio.timeout(15):
        await line.is_gone.wait()


async def test_held_and_rejected_is_told_to_moderators_only(hall: Hall) -> None:
    page, desk = await hall.listener(), await hall.moderator()
    await rules.set_rules(hall.site.house, hall.ann, hall.session, holds=True)
    held, waiting = (
        await say(hall.site.house, hall.session, hall.bo, "held"),
        await ask(hall.site.house, hall.session, hall.bo),
    )
    assert await texts(desk, 1) == ["held"]
    await questions.moderate_question(hall.site.house, hall.ann, hall.session, waiting.id, QuestionState.REJECTED)
    await lines.moderate_line(hall.site.house, hall.ann, hall.session, held.id, ChatLineState.SHOWN)
    assert await texts(page, 1) == ["held"]
    told = [one for message in page.told("stage") for one in message["questions"]]
    assert all(one["text"] == "" and one["state"] == "rejected" for one in told)
    assert page.told("stage")[0]["rules"]["holds"] is True


async def test_member_hears_what_becomes_of_them(hall: Hall) -> None:
    page, other = await hall.listener(hall.bo), await hall.listener()
    await hands.raise_hand(hall.site.house, hall.bo.principal, hall.session)
    assert (await page.until("member"))[0]["hand"] == {"place": 1, "called": False}
    await members.moderate_member(hall.site.house, hall.ann, hall.session, hall.bo.id, role=MemberRole.MODERATOR)
    assert (await page.until("member", 2))[1]["me"]["role"] == "moderator"
    await rules.set_rules(hall.site.house, hall.ann, hall.session, holds=True)
    await say(
        hall.site.house, hall.session, await join(hall.site.house, hall.session, "Al", "192.0.2.9"), "for moderators"
    )
    assert await texts(page, 1) == ["for moderators"]
    assert other.told("member") == []


async def test_votes_and_reactions_are_sums(hall: Hall) -> None:
    page = await hall.listener()
    question = await ask(hall.site.house, hall.session, hall.bo)
    fans = [await join(hall.site.house, hall.session, f"Fan {n}", f"192.0.2.{n}") for n in range(20)]
    await asyncio.gather(
        *(
            questions.vote_question(hall.site.house, one.principal, hall.session, question.id, wanted=True)
            for one in fans
        )
    )
    for _ in range(3):
        assert (await page.ask("react", {"session": hall.session, "reaction": "clap", "count": 4}))["ok"]
    async with asyncio.timeout(15):
        while sum(told["reactions"].get("clap", 0) for told in page.told("stage")) < 12:
            await page.until("stage", len(page.told("stage")) + 1)
    votes = [one["votes"] for told in page.told("stage") for one in told["votes"]]
    assert votes[-1] == 20
    assert votes == sorted(votes)
    assert len(page.told("stage")) < 12


async def test_what_was_announced_to_nobody_is_read_from_the_database(hall: Hall) -> None:
    """Another process' message is lost: the next one shows the hole, and the room reads what is missing, once for all."""
    page = await hall.listener()
    house = hall.site.house
    said = await say(house, hall.session, hall.bo, "heard")
    await texts(page, 1)
    async with house.db.write() as db:
        row = await store.find_line(db, hall.session, said.id)
        assert row is not None
        lost = replace(
            row, id=LineId("lost"), seq=await broadcasts.next_seq(db, hall.session), text="lost", client_id=client_id()
        )
        await store.add_lines(db, [lost])
    await say(house, hall.session, hall.bo, "after")
    assert await texts(page, 3) == ["heard", "lost", "after"]


async def test_page_that_does_not_read_is_cut_and_others_hear_on(hall: Hall) -> None:
    good, house = await hall.listener(), hall.site.house
    parts = hall.site.app[PARTS]
    async with aiohttp.ClientSession() as http:
        url = hall.site.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        slow = await http.ws_connect(url, headers={"Origin": hall.site.url})
        for said in ('40{"audience":true}', f'420["audience",{{"session":"{hall.session}"}}]'):
            await slow.receive()
            await slow.send_str(said)
        async with asyncio.timeout(15):
            while parts.rooms.count(hall.session) < 2:
                await asyncio.sleep(0.01)
        for n in range(40):  # A megabyte each; nobody reads it over there.
            await house.announcer.audience(
                hall.session, AudienceChange(lines=[large(n, k) for k in range(20)], viewers=n)
            )
            await good.until("stage", n + 1)
            if parts.rooms.count(hall.session) < 2:
                break
        assert parts.rooms.count(hall.session) == 1
    await say(house, hall.session, hall.bo, "still here")
    async with asyncio.timeout(15):
        while not any(one["text"] == "still here" for told in good.told("stage") for one in told["lines"]):
            await good.until("stage", len(good.told("stage")) + 1)


def large(*number: int) -> ChatLine:
    """Far larger than a line may be."""
    return ChatLine(LineId(str(number)), 0, utc_now(), Author.AGENT, None, "n", "x" * 50_000, ChatLineState.SHOWN)


def test_told_of_many_changes_has_the_last_word_of_each() -> None:
    changes = [
        AudienceChange(viewers=1),
        AudienceChange(viewers=2, reactions={"clap": 1}),
        AudienceChange(reactions={"clap": 2}),
    ]  # type: ignore[dict-item]
    told = rooms.merged(SessionId("s"), 0, 0, changes, moderates=False)
    assert (told.viewers, told.reactions) == (2, {"clap": 3})
