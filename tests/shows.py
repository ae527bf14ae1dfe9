"""Broadcasts for tests that watch: a row beside a session, and a stream in its folder, without studio and composer."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.broadcast.hls.packager import Packager
from server.domain.words import BroadcastState, Language, Openness, SessionId, TopicId
from server.store import broadcasts as store
from server.store import channels as channel_store
from server.store.broadcast_rows import BroadcastRow
from server.tasks import Tasks
from tests.broadcast.hls.material import Show, packager
from tests.broadcast.hls.site import feed
from tests.site import Site

BEHIND_S = 4.5
"""What of a stream is there already when somebody comes: two segments, or the first playlist has to be waited for."""


@dataclass
class OnAir:
    """A broadcast that goes on; `writer` is its composer's hand."""

    session: str
    folder: Path
    writer: Packager
    tasks: Tasks

    async def end(self) -> None:
        """The composer finishes the stream."""
        await self.tasks.close()
        await asyncio.to_thread(self.writer.finish)


async def plan_broadcast(site: Site, **more: Any) -> str:
    """A public broadcast that is live by its row; nothing is in its folder yet. Its session."""
    customer = await site.customer()
    topics = await customer.ok("GET", "/api/v1/topics")
    async with site.house.db.write() as db:
        await add_broadcast(db, SessionId(customer.session), topics["topics"][0]["id"], **more)
    return customer.session


async def add_broadcast(db: AsyncConnection, session: SessionId, topic: TopicId, **more: Any) -> None:
    """The row beside a session, and a channel that may be public."""
    now = datetime.now(UTC)
    facts: dict[str, Any] = {"visibility": Openness.PUBLIC, "state": BroadcastState.LIVE, "live_at": now}
    facts |= {"title": "When the router restarts", "description": "Ann shows where to look first.", **more}
    channel = (await channel_store.list_channels(db))[0]
    law = {"responsible_name": "Ada Muster", "responsible_address": "Am Markt 1, 10115 Berlin"}
    await channel_store.set_channel(db, channel.id, **law, imprint_url="https://example.org/impressum")
    row = BroadcastRow(
        session_id=session,
        channel_id=channel.id,
        topic_id=topic,
        language=Language.DE,
        created_at=now,
        directory=f"live-{session}",
        opened_by="somebody",
        **facts,
    )
    await store.add_broadcast(db, row)


async def change(site: Site, session: str, *, here: bool = False, **values: Any) -> None:
    """Changes the broadcast's row: `here` as this web process would, else as another one, of which this one hears within a second."""
    async with site.house.db.write() as db:
        assert await store.set_broadcast(db, SessionId(session), **values)
    if here:
        site.house.streams.forget(SessionId(session))


def folder_of(site: Site, session: str) -> Path:
    return site.house.settings.recordings / f"live-{session}"


def kept_stream(site: Site, session: str, *shows: Show, ends: bool = True) -> Packager:
    """A stream that is there already, and over if `ends`."""
    writer = packager(folder_of(site, session))
    for show in shows:
        for sample in show.samples():
            writer.write(sample)
    if ends:
        writer.finish()
    return writer


@asynccontextmanager
async def live_stream(site: Site, session: str, shows: Iterable[Show]) -> AsyncIterator[OnAir]:
    """The shows go on the air in real time; the first seconds are there already. Nothing more comes after the block."""
    shows, tasks = list(shows), Tasks("show")
    for show in shows:
        list(show.samples())  # Encoded before it begins.
    folder = folder_of(site, session)
    writer = packager(folder, time.time() - BEHIND_S)
    began = time.monotonic() - BEHIND_S
    tasks.start(feed(writer, shows, began), "feed")
    try:
        async with asyncio.timeout(10):
            while writer.tape.stream.end < 90_000 * (BEHIND_S - 0.6):
                await asyncio.sleep(0.02)
        yield OnAir(session, folder, writer, tasks)
    finally:
        await tasks.close()
