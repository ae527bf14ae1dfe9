"""Broadcasts and viewers for tests that need them to be there, however they came about."""

from datetime import datetime, timedelta
from typing import Any

from server.domain.principal import Anonymous
from server.domain.reach import STEP, STEP_S, step_of
from server.domain.words import BroadcastState, ChannelId, Language, Openness, SessionId
from server.service import cases
from server.service.house import House
from server.store import broadcasts, channels, topics, viewers
from server.store.broadcast_rows import BroadcastRow, ChannelRow, ViewerStepRow
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
