"""Broadcasts and viewers for tests that need them to be there, however they came about."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from server.domain.principal import Anonymous
from server.domain.reach import STEP, STEP_S, step_of
from server.domain.words import (
    BroadcastState,
    ChannelId,
    Language,
    MemberId,
    MemberRole,
    Openness,
    QuestionId,
    QuestionState,
    RecordingId,
    RecordingState,
    SessionId,
)
from server.service import cases
from server.service.airing import HLS_TYPE
from server.service.house import House
from server.service.secrecy import make_id
from server.store import broadcasts, channels, recordings, sessions, topics, viewers
from server.store.broadcast_rows import BroadcastRow, ChannelRow, MemberRow, QuestionRow, ViewerStepRow
from server.store.broadcast_tables import member, question
from server.store.rows import RecordingRow
from tests.site import client_id


async def first_channel(house: House) -> ChannelRow:
    """The channel that the first start made."""
    async with house.db.read() as db:
        return (await channels.list_channels(db))[0]


async def made_broadcast(house: House, title: str = "Router restarts", **more: Any) -> BroadcastRow:
    """A broadcast on the session of a new case; public and live unless `more` says otherwise."""
    wish = cases.OpenCase(topic="internet", summary=title, name="Ann", language=Language.DE, client_id=client_id())
    opened, _ = await cases.open_case(house, Anonymous(), wish)
    channel, now = await first_channel(house), house.now()
    async with house.db.write() as db:
        topic = await topics.find_topic(db, str(more.pop("topic", "internet")))
        assert topic is not None
        plain: dict[str, Any] = {
            "session_id": opened.session,
            "channel_id": channel.id,
            "topic_id": topic.id,
            "title": title,
            "description": "",
            "language": Language.DE,
            "visibility": Openness.PUBLIC,
            "state": BroadcastState.LIVE,
            "created_at": now,
            "live_at": now,
            "directory": opened.session,
            "opened_by": "ann",
        }
        row = BroadcastRow(**plain | more)
        await broadcasts.add_broadcast(db, row)
    return row


async def kept_broadcast(house: House, title: str = "Router restarts", **more: Any) -> BroadcastRow:
    """A broadcast that ended an hour ago, with its recording of two minutes."""
    ended, recording = house.now() - timedelta(hours=1), RecordingId(make_id())
    over = {"state": BroadcastState.ENDED, "live_at": ended - timedelta(minutes=2), "ended_at": ended}
    row = await made_broadcast(house, title, **over | more)
    film = {"kind": "view", "name": "index.m3u8", "path": "index.m3u8", "type": HLS_TYPE, "participant": None}
    facts = {"source": None, "size_bytes": 9_000_000, "start_s": 0.0, "duration_s": 120.0}
    async with house.db.write() as db:
        (case,) = await sessions.list_cases_of(db, row.session_id)
        plain = RecordingRow(recording, row.session_id, case, RecordingState.READY, False, "ann", ended, row.directory)
        made = replace(plain, ended_at=ended, duration_s=120.0, size_bytes=9_000_000)
        await recordings.add_recording(db, replace(made, tracks={"files": [{**film, **facts}]}))
        assert await broadcasts.set_broadcast(db, row.session_id, recording_id=recording)
    return replace(row, recording_id=recording)


async def answered(house: House, session: SessionId, text: str, answer_s: float) -> None:
    """Somebody asked, and it was answered at that second of the recording."""
    now, mark = house.now(), make_id()
    who = MemberRow(MemberId(make_id()), session, None, "Mo", MemberRole.VIEWER, now)
    asked = QuestionRow(
        QuestionId(make_id()), session, 1, who.id, "Mo", text, QuestionState.ANSWERED, now, mark, 3, now, answer_s
    )
    async with house.db.write() as db:
        await db.execute(insert(member).values(**asdict(who)))
        await db.execute(insert(question).values(**asdict(asked)))


async def set_broadcast(house: House, session: SessionId, **values: Any) -> None:
    """Changes a broadcast's row."""
    async with house.db.write() as db:
        assert await broadcasts.set_broadcast(db, session, **values)


async def watched(
    house: House, channel: ChannelId, since: datetime, until: datetime, average: float, hours: float = 2.0
) -> None:
    """On each day from `since` to `until` somebody broadcast for some hours, with so many viewers."""
    rows, day = [], step_of(since)
    while day < until:
        rows += [
            ViewerStepRow(
                SessionId(f"kept-{day:%Y%m%d}"),
                day + STEP * n,
                "one",
                channel,
                True,
                average * STEP_S,
                STEP_S,
                round(average * 1.3),
            )
            for n in range(round(hours * 12))
        ]
        day += timedelta(days=1)
    async with house.db.write() as db:
        await viewers.keep_steps(db, rows)
