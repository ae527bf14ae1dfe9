"""Captions of recordings, one file for each language."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import RecordingId
from server.store.broadcast_tables import caption


async def keep_captions(db: AsyncConnection, recording: RecordingId, language: str, text: str) -> None:
    """The captions in this language from now on."""
    await take_captions(db, recording, language)
    await db.execute(insert(caption).values(recording_id=recording, language=language, text=text))


async def take_captions(db: AsyncConnection, recording: RecordingId, language: str | None = None) -> None:
    """There are none in this language any more; None: in no language."""
    mine = delete(caption).where(caption.c.recording_id == recording)
    await db.execute(mine if language is None else mine.where(caption.c.language == language))


async def find_captions(db: AsyncConnection, recording: RecordingId, language: str) -> str | None:
    """A WebVTT file."""
    wanted = (caption.c.recording_id == recording, caption.c.language == language)
    found: str | None = (await db.execute(select(caption.c.text).where(*wanted))).scalar()
    return found


async def list_captions(db: AsyncConnection, recording: RecordingId) -> list[str]:
    """The languages that there are."""
    mine = select(caption.c.language).where(caption.c.recording_id == recording)
    return list((await db.execute(mine.order_by(caption.c.language))).scalars())
