"""Captions of recordings, on both databases: added, replaced, read by whoever may watch, and gone with the recording."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from server.domain.principal import Anonymous
from server.domain.words import Openness, RecordingId
from server.errors import BadCaptions, BadField, Forbidden, NotFound, NotSignedIn, Removed
from server.service import captions, recordings, watching
from server.store.broadcast_tables import caption
from tests.broadcasts import kept_broadcast, set_broadcast
from tests.desk import Desk, open_desk

FILE = b"WEBVTT\n\n00:01.000 --> 00:02.000 line:0\n<b>Hello</b>\n"
WRITTEN = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n"


async def kept(desk: Desk) -> int:
    async with desk.house.db.read() as db:
        return int((await db.execute(select(func.count()).select_from(caption))).scalar_one())


async def test_captions_are_added_replaced_read_and_removed(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        house, ann, row = desk.house, await desk.agent("ann"), await kept_broadcast(desk.house)
        recording = row.recording_id or RecordingId("")
        for language in ("en", "de", "en"):
            view = await captions.set_captions(house, ann, recording, language, FILE)
        assert [one.language for one in view.captions] == ["de", "en"]
        assert (await watching.read_public(house, Anonymous(), row.session_id)).captions == view.captions
        assert await captions.read_captions_of(house, Anonymous(), recording, "de.vtt") == WRITTEN
        with pytest.raises(BadCaptions):
            await captions.set_captions(house, ann, recording, "de", b"WEBVTT\n\nnothing\n")
        with pytest.raises(BadField):
            await captions.set_captions(house, ann, recording, "../x", FILE)
        after = await captions.remove_captions(house, ann, recording, "de")
        assert [one.language for one in after.captions] == ["en"]
        for name in ("de.vtt", "en", "en.txt"):
            with pytest.raises(NotFound):
                await captions.read_captions_of(house, Anonymous(), recording, name)
        await recordings.delete_recording(house, ann, recording)
        assert await kept(desk) == 0


async def test_who_may_not_watch_reads_no_captions(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        house, ann, row = desk.house, await desk.agent("ann"), await kept_broadcast(desk.house)
        recording = row.recording_id or RecordingId("")
        await captions.set_captions(house, ann, recording, "de", FILE)
        stranger = (await desk.customer_opens_case()).principal
        for who in (Anonymous(), stranger):
            with pytest.raises((Forbidden, NotSignedIn)):
                await captions.set_captions(house, who, recording, "en", FILE)
        await set_broadcast(house, row.session_id, visibility=Openness.PRIVATE)
        for who, error in ((Anonymous(), NotSignedIn), (stranger, NotFound)):
            with pytest.raises(error):
                await captions.read_captions_of(house, who, recording, "de.vtt")
        await set_broadcast(house, row.session_id, visibility=Openness.PUBLIC, removed_at=house.now())
        with pytest.raises((Removed, NotSignedIn)):
            await captions.read_captions_of(house, Anonymous(), recording, "de.vtt")
        assert await captions.read_captions_of(house, ann, recording, "de.vtt") == WRITTEN
