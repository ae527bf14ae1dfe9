"""A small world for the matrix: one customer's case with everything in it, and everybody who has no business there."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select, text, update

from server.api import audience_requests as ar
from server.api import broadcast_requests as b
from server.api import requests as r
from server.domain.words import (
    CaseId,
    ConnectionId,
    LinkId,
    PersonKind,
    RecordingId,
    RecordingState,
    Role,
    SessionId,
)
from server.service.links import find_visitor
from server.service.sessions import admit
from server.store import recordings as recording_store
from server.store import sessions as session_store
from server.store import tables
from server.store.rows import ConnectionRow, RecordingRow
from tests.broadcasts import first_channel
from tests.site import Browser, Site, client_id

CANARY = "canary-7f3a"
WATCHED = (
    "cases",
    "session",
    "session_case",
    "link",
    "participant",
    "connection",
    "entry",
    "consent",
    "recording",
    "agent",
    "broadcast",
    "broadcast_case",
)


@dataclass
class Scene:
    """`victim` owns `ids`; `ann` is the agent who took the case; `strangers` have no right to any of it."""

    site: Site
    victim: Browser
    ann: Browser
    guest: Browser
    ids: dict[str, str]
    strangers: dict[str, Browser]

    async def everything(self) -> dict[str, list[Any]]:
        """All rows that hold somebody's things; equal before and after means that nothing was changed."""
        found: dict[str, list[Any]] = {}
        async with self.site.house.db.read() as db:
            for name in WATCHED:
                found[name] = [tuple(row) for row in await db.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2"))]
        return found


async def make_scene(site: Site) -> Scene:
    victim, ann = await full_case(site, "Ann", CANARY)
    guest = await site.guest(ann, victim.session)
    ids = {"case": victim.case, "session": victim.session}
    ids["link"] = await first_link(site, victim.case)
    ids["connection"] = await add_connection(site, PersonKind.CUSTOMER, victim.case, ids["link"])
    ids["recording"] = await add_recording(site, victim)
    await take_seat(site, victim)
    await add_broadcast(site, victim, ann)
    ids["name"], ids["agent"] = "view.mp4", ann.agent_id
    ids["channel"] = (await first_channel(site.house)).id
    ids |= dict.fromkeys(
        ("member", "line", "question", "poll"), "nobody"
    )  # The session has no audience; with one: test_audience.py.
    strangers = await make_strangers(site, victim, ann)
    return Scene(site, victim, ann, guest, ids, strangers)


async def full_case(site: Site, agent: str, mark: str) -> tuple[Browser, Browser]:
    """A customer in a running session with chat and notes."""
    customer, helper = await site.customer(summary=f"{mark} summary", name=f"{mark} name"), await site.agent(agent)
    case = f"/api/v1/cases/{customer.case}"
    await customer.ok("POST", f"{case}/chat", {"text": f"{mark} chat", "client_id": client_id()})
    await helper.ok("POST", f"{case}/take", {})
    await helper.ok("POST", f"{case}/notes", {"text": f"{mark} note", "client_id": client_id()})
    return customer, helper


async def take_seat(site: Site, customer: Browser) -> None:
    """The customer has been in the session, as if a browser had joined."""
    token = customer.cookies().partition("=")[2]
    visitor = await find_visitor(site.house, token)
    assert visitor is not None
    await admit(site.house, visitor, SessionId(customer.session))


async def make_strangers(site: Site, victim: Browser, ann: Browser) -> dict[str, Browser]:
    other, bob = await full_case(site, "Bob", "other")
    return {
        "anonymous": site.browser(),
        "customer_of_another_case": other,
        "guest_of_another_session": await site.guest(bob, other.session),
        "revoked_guest": await revoked_guest(site, victim, ann),
        "expired_customer": await expired_customer(site, victim),
    }


async def revoked_guest(site: Site, victim: Browser, ann: Browser) -> Browser:
    invited = await ann.ok("POST", f"/api/v1/sessions/{victim.session}/invitations", {"name": "Rev"})
    browser = site.browser("visitor")
    await browser.ok("POST", "/api/v1/links/exchange", {"secret": invited["link"].partition("#")[2]})
    await ann.ok("DELETE", f"/api/v1/links/{invited['id']}")
    return browser


async def expired_customer(site: Site, victim: Browser) -> Browser:
    """Somebody with another link of the victim's whose time is over."""
    made = await victim.ok("POST", f"/api/v1/cases/{victim.case}/links")
    browser = site.browser("visitor")
    await browser.ok("POST", "/api/v1/links/exchange", {"secret": made["link"].partition("#")[2]})
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with site.house.db.write() as db:
        await db.execute(update(tables.link).where(tables.link.c.id == made["id"]).values(expires_at=past))
    return browser


async def add_broadcast(site: Site, customer: Browser, agent: Browser) -> None:
    """The session has been opened to those who are invited."""
    path = f"/api/v1/sessions/{customer.session}/broadcast"
    await agent.ok("POST", path, {"title": f"{CANARY} title", "visibility": "private"})


async def first_link(site: Site, case: str) -> str:
    async with site.house.db.read() as db:
        found = await db.execute(
            select(tables.link.c.id).where(tables.link.c.case_id == case).order_by(tables.link.c.created_at)
        )
        return str(found.scalars().first())


async def add_connection(site: Site, kind: PersonKind, owner: str, link: str | None) -> str:
    row = ConnectionRow(
        id=ConnectionId(secrets.token_urlsafe(16)),
        owner_kind=kind,
        owner_id=owner,
        participant_id=None,
        link_id=LinkId(link) if link else None,
        created_at=datetime.now(UTC),
    )
    async with site.house.db.write() as db:
        await session_store.add_connection(db, row)
    return row.id


async def add_recording(site: Site, customer: Browser) -> str:
    """A finished recording with one file on the disk."""
    number = RecordingId(secrets.token_urlsafe(16))
    folder = site.house.settings.recordings / number / "part-1"
    folder.mkdir(parents=True)
    (folder / "view.mp4").write_bytes(f"{CANARY} picture".encode() * 100)
    row = RecordingRow(
        id=number,
        session_id=SessionId(customer.session),
        case_id=CaseId(customer.case),
        state=RecordingState.READY,
        interrupted=False,
        started_by="somebody",
        started_at=datetime.now(UTC),
        directory=number,
        ended_at=datetime.now(UTC),
        duration_s=3.0,
        size_bytes=1800,
        tracks=TRACKS,
    )
    async with site.house.db.write() as db:
        await recording_store.add_recording(db, row)
    return number


TRACKS: dict[str, Any] = {
    "parts": [],
    "files": [
        {
            "kind": "view",
            "name": "view.mp4",
            "path": "part-1/view.mp4",
            "type": "video/mp4",
            "participant": None,
            "source": None,
            "size_bytes": 1900,
            "start_s": 0.0,
            "duration_s": 3.0,
        }
    ],
}

SAMPLES: dict[type[BaseModel], dict[str, Any]] = {
    r.OpenCase: {"topic": "strom", "summary": "x", "name": "x", "client_id": "s" * 20},
    r.ExchangeLink: {"secret": "nothing"},
    r.Say: {"text": "hello", "client_id": "t" * 20},
    r.SignIn: {"email": "a@example.org", "password": "x"},
    r.SignInLink: {"secret": "nothing"},
    r.SetPassword: {"password": "a new long password"},
    r.TakeCase: {},
    r.CloseCase: {"outcome": "solved"},
    r.EndSession: {"outcome": "solved", "text": ""},
    r.Invite: {"name": "Gus"},
    r.NewKey: {"name": "Camera"},
    r.Connect: {"sdp": "v=0\r\n", "sources": {}},
    r.Reconnect: {"sdp": "v=0\r\n"},
    r.DeviceState: {"microphone": True, "camera": True, "screen": False},
    r.Consent: {"answer": "given", "wording_version": "1"},
    r.Share: {"shared": True},
    b.PlanBroadcast: {"title": "x", "topic": "strom", "client_id": "u" * 20},
    b.OpenBroadcast: {"title": "x"},
    b.ChangeBroadcast: {"title": "y", "removed": True},
    b.CountDown: {"seconds": 10},
    b.SetScene: {"layout": "grid"},
    b.LinkCase: {"case": "none"},
    r.AddAgent: {"email": "x@example.org", "name": "X", "role": Role.AGENT.value},
    r.SwitchAgent: {"disabled": True},
    r.SetChannel: {"responsible_name": "Erika Muster"},
    b.MarkAnswer: {"session": "nothing"},
    ar.TakePart: {"name": "Fan"},
    ar.SayLine: {"text": "hello", "client_id": "l" * 20},
    ar.ModerateLine: {"state": "removed"},
    ar.AskQuestion: {"text": "Does it work?", "client_id": "q" * 20},
    ar.ModerateQuestion: {"state": "approved"},
    ar.OpenPoll: {"text": "Which?", "choices": ["A", "B"], "client_id": "p" * 20},
    ar.VoteInPoll: {"position": 0},
    ar.ClosePoll: {"state": "closed"},
    ar.CallHand: {"called": True},
    ar.ModerateMember: {"muted": True},
    ar.SetAudienceRules: {"slow_mode_s": 0},
}
