"""Broadcasts as agents see them, and as those on stage do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.broadcasts import Readiness, Wish, is_accountable, obstacles
from server.domain.consent import is_enough, shown_to
from server.domain.principal import Agent, Principal
from server.domain.rights import agent_only
from server.domain.words import CaseId, ConsentAnswer, Language, ParticipantId, PersonKind, SessionId
from server.errors import NotFound
from server.service.airing import wish_of
from server.service.broadcast_views import (
    BannerView,
    BroadcastRow,
    BroadcastsView,
    BroadcastView,
    CardView,
    ChannelName,
    LinkedCase,
    SceneView,
    StagePerson,
)
from server.service.house import House
from server.service.reading import consent_view
from server.service.topics import topic_name
from server.service.watch_views import poster_of
from server.store import agents as agent_store
from server.store import broadcast_rows as rows
from server.store import broadcasts as store
from server.store import cases as case_store
from server.store import channels as channel_store
from server.store import consents as consent_store
from server.store import sessions as session_store
from server.store import topics as topic_store
from server.store.audience import list_helped
from server.store.rows import ConsentRow, ParticipantRow, TopicRow

PAGE = 50


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a view of a broadcast is made of. `latest` are the answers about being seen, `given` who may be seen."""

    row: rows.BroadcastRow
    channel: rows.ChannelRow
    topic: TopicRow
    cases: Sequence[CaseId]
    people: Sequence[ParticipantRow]
    latest: Mapping[ParticipantId, ConsentRow]
    given: Sequence[ParticipantId]
    linked: Sequence[LinkedCase]

    @property
    def on_stage(self) -> list[ParticipantRow]:
        """Who has a seat."""
        return [one for one in self.people if one.seated_at is not None]


async def read_found(db: AsyncConnection, session: SessionId) -> Found:
    """Raises NotFound."""
    row = await store.find_broadcast(db, session)
    channel = await channel_store.find_channel(db, row.channel_id) if row else None
    topic = await topic_store.find_topic(db, row.topic_id) if row else None
    if row is None or channel is None or topic is None:
        raise NotFound
    wanted = shown_to(row.visibility)
    return Found(
        row=row,
        channel=channel,
        topic=topic,
        cases=await session_store.list_cases_of(db, session),
        people=await session_store.list_participants(db, session),
        latest=await consent_store.list_latest(db, session, wanted.purpose),
        given=await consent_store.list_given(db, session, wanted),
        linked=await _linked(db, session),
    )


async def _linked(db: AsyncConnection, session: SessionId) -> list[LinkedCase]:
    found = []
    helped = await list_helped(db, session)
    for one in await store.list_linked(db, session):
        case = await case_store.find_case(db, one.case_id)
        if case is not None:
            found.append(LinkedCase(case.id, case.number, one.at, one.at_s, helped.get(case.id)))
    return found


def readiness(found: Found) -> Readiness:
    """What decides whether it may go before an audience."""
    wanted = shown_to(found.row.visibility)
    answers = [found.latest.get(one.id) for one in found.on_stage if one.kind is not PersonKind.SOURCE]
    asked = [one for one in answers if one is not None and is_enough(one.wording_version, wanted)]
    here = {one.id for one in found.on_stage}
    agreed = len(here.intersection(found.given))
    return Readiness(found.row.visibility, is_accountable(found.channel), len(answers), len(asked), agreed)


def view_of(house: House, found: Found, agent: Agent) -> BroadcastView:
    """A broadcast for an agent."""
    row = found.row
    me = next((one.id for one in found.people if one.person_id == agent.agent_id), None)
    mine = found.latest.get(me) if me else None
    return BroadcastView(
        session=row.session_id,
        case=row.own_case_id or found.cases[0],
        own=row.own_case_id is not None,
        channel=channel_name(found.channel),
        topic=topic_name(found.topic, row.language),
        title=row.title,
        description=row.description,
        language=row.language,
        visibility=row.visibility,
        state=row.state,
        starts_at=row.starts_at,
        live_at=row.live_at,
        ended_at=row.ended_at,
        scene=scene_view(wish_of(row)),
        people=[_person(one, found) for one in found.on_stage],
        me=consent_view(mine, row.language),
        obstacles=obstacles(readiness(found)),
        listed=row.listed,
        removed=row.removed_at is not None,
        slow_mode_s=row.slow_mode_s,
        holds=row.holds,
        words=row.words,
        poster=poster_of(row.session_id, row.poster),
        recording=row.recording_id,
        cases=list(found.linked),
        viewers=house.viewers.now(row.session_id).all,
        watch=f"{house.settings.public_url}/watch/{row.session_id}",
        preview=f"/live/{row.session_id}/index.m3u8",
    )


def channel_name(row: rows.ChannelRow) -> ChannelName:
    """A channel, and whether it may go public."""
    return ChannelName(row.id, row.slug, row.name, is_accountable(row))


def scene_view(wish: Wish) -> SceneView:
    """What the agents chose."""
    return SceneView(
        layout=wish.layout,
        lower_thirds=wish.lower_thirds,
        main=wish.main,
        card=CardView(**asdict(wish.card)) if wish.card else None,
        banner=BannerView(**asdict(wish.banner)) if wish.banner else None,
        logo=wish.logo,
        size=wish.size,
        small=wish.small,
    )


def _person(one: ParticipantRow, found: Found) -> StagePerson:
    return StagePerson(one.id, one.name, one.kind, _answer(one, found), one.id in found.given)


def _answer(one: ParticipantRow, found: Found) -> ConsentAnswer | None:
    """For a machine its maker has answered."""
    last = found.latest.get(one.id)
    if one.kind is PersonKind.SOURCE:
        return ConsentAnswer.GIVEN if one.id in found.given else None
    is_meant = last is not None and is_enough(last.wording_version, shown_to(found.row.visibility))
    return last.answer if last is not None and is_meant else None


async def list_broadcasts(
    house: House, principal: Principal, before: datetime | None, language: Language
) -> BroadcastsView:
    """All broadcasts, newest first, a page at a time. Agents."""
    agent_only(principal)
    async with house.db.read() as db:
        found = await store.list_newest(db, before, PAGE + 1)
        topics = {one.id: one for one in await topic_store.list_topics(db)}
        agents = {str(one.id): one.name for one in await agent_store.list_agents(db)}
    page = found[:PAGE]
    listed = [_row(one, topics[one.topic_id], agents.get(one.opened_by, ""), language) for one in page]
    return BroadcastsView(listed, page[-1].created_at if len(found) > PAGE else None)


def _row(row: rows.BroadcastRow, topic: TopicRow, by: str, language: Language) -> BroadcastRow:
    return BroadcastRow(
        session=row.session_id,
        title=row.title,
        topic=topic_name(topic, language),
        language=row.language,
        visibility=row.visibility,
        state=row.state,
        created_at=row.created_at,
        starts_at=row.starts_at,
        live_at=row.live_at,
        ended_at=row.ended_at,
        by=by,
        recording=row.recording_id,
        removed=row.removed_at is not None,
    )
