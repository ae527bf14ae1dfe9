"""The list of broadcasts that everybody finds: live now, coming, and kept until somebody removes it; and the chapters of a recording."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from server.domain.moments import write_moment
from server.domain.words import BroadcastState, Language, SessionId
from server.service.archive_views import ArchiveView, Chapter, Listed, Shelf
from server.service.house import House
from server.service.watch_views import ChannelPublic, poster_of
from server.store import archive as store
from server.store import channels as channel_store
from server.store.archive import ListedRow

LIVE = (BroadcastState.LIVE, BroadcastState.PAUSED)
COMING = (BroadcastState.PLANNED, BroadcastState.REHEARSAL, BroadcastState.COUNTDOWN)
LATE = timedelta(hours=2)
"""A planned broadcast that did not begin by then is no longer announced."""
KEPT_MAX = 5_000
SHELF_MAX = 12
"""Recordings of one topic on the first page; a topic's own page and a search show all."""
TITLE_LENGTH = 120


async def list_archive(house: House, language: Language, words: str = "", topic: str = "") -> ArchiveView:
    """What is listed, of one topic (its slug) or all, with all of the words in the title, the topic or the description."""
    async with house.db.read() as db:
        open_now = await store.list_open(db, (*LIVE, *COMING), house.now() - LATE)
        kept = await store.list_kept(db, KEPT_MAX)
        channels = await channel_store.list_channels(db)
    wanted = words.casefold().split()
    found = [row for row in kept if _fits(row, wanted, topic)]
    shown = [row for row in open_now if _fits(row, wanted, topic)]
    most = KEPT_MAX if wanted or topic else SHELF_MAX
    return ArchiveView(
        live=[_listed(row, language) for row in shown if row.state in LIVE],
        coming=[_listed(row, language) for row in shown if row.state in COMING],
        kept=_shelves(found, language, most),
        total=len(found),
        channels=[
            ChannelPublic(
                one.name, one.responsible_name, one.responsible_address, one.imprint_url or house.settings.imprint_url
            )
            for one in channels
        ],
    )


def _fits(row: ListedRow, wanted: Sequence[str], topic: str) -> bool:
    text = f"{row.title} {row.name_de} {row.name_en} {row.description}".casefold()
    return topic in ("", row.slug) and all(word in text for word in wanted)


def _shelves(rows: Sequence[ListedRow], language: Language, most: int) -> list[Shelf]:
    """By topic, in the order of the topics."""
    shelves: dict[str, list[ListedRow]] = {}
    for row in sorted(rows, key=lambda row: row.position):
        shelves.setdefault(row.slug, []).append(row)
    return [
        Shelf(_topic(of_one[0], language), slug, [_listed(row, language) for row in of_one[:most]])
        for slug, of_one in shelves.items()
    ]


def _listed(row: ListedRow, language: Language) -> Listed:
    return Listed(
        session=row.session_id,
        title=row.title,
        description=row.description,
        channel=row.channel,
        topic=_topic(row, language),
        topic_slug=row.slug,
        state=row.state,
        at=row.live_at or row.starts_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        size_bytes=row.size_bytes,
        recording=row.recording_id if row.state is BroadcastState.ENDED else None,
        poster=poster_of(row.session_id, row.poster),
    )


def _topic(row: ListedRow, language: Language) -> str:
    return row.name_de if language is Language.DE else row.name_en


async def list_kept(house: House, language: Language, limit: int) -> list[Listed]:
    """The newest recordings, for feeds and search engines."""
    async with house.db.read() as db:
        return [_listed(row, language) for row in await store.list_kept(db, limit)]


async def list_open(house: House, language: Language) -> list[Listed]:
    """What is live or announced, for search engines."""
    async with house.db.read() as db:
        rows = await store.list_open(db, (*LIVE, *COMING), house.now() - LATE)
    return [_listed(row, language) for row in rows]


async def has_archive(house: House) -> bool:
    """Whether there is anything to be watched, so that pages lead there."""
    async with house.db.read() as db:
        return await store.is_anything_listed(db)


async def list_chapters(house: House, session: SessionId) -> list[Chapter]:
    """The answered questions of a broadcast. Whoever may watch its recording may read them: ask that first."""
    async with house.db.read() as db:
        rows = await store.list_answered(db, session)
    return [Chapter(max(0.0, row.answer_s or 0.0), _short(row.text)) for row in rows]


def clips(chapters: Sequence[Chapter], address: str) -> list[dict[str, Any]]:
    """Chapters in the words of schema.org, so that search engines lead to the answer."""
    ends = [one.at_s for one in chapters[1:]]
    made = []
    for number, one in enumerate(chapters):
        clip = {"@type": "Clip", "name": one.title, "startOffset": round(one.at_s)}
        clip["url"] = f"{address}?t={write_moment(one.at_s)}"
        made.append(clip | ({"endOffset": round(ends[number])} if number < len(ends) else {}))
    return made


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1].rstrip()}…"
