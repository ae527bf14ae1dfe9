"""The picture of a broadcast, on both databases: set, replaced, taken away, and gone with the broadcast."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from server.domain.principal import Anonymous
from server.domain.words import Openness, SessionId
from server.errors import BadPicture, Forbidden, NotFound, NotSignedIn, Removed
from server.service import planning, posters, recordings
from server.store import tables
from server.store.broadcast_tables import poster
from tests.broadcasts import kept_broadcast, set_broadcast
from tests.desk import Desk, open_desk
from tests.pictures import picture
from tests.studio_desk import plan, row_of


async def kept(desk: Desk) -> int:
    async with desk.house.db.read() as db:
        return int((await db.execute(select(func.count()).select_from(poster))).scalar_one())


async def test_poster_is_set_replaced_and_taken_away(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        ann, session = await desk.agent("ann"), (await plan(desk)).session
        first = (await posters.set_poster(desk.house, ann, session, picture("jpeg"))).poster
        assert first is not None
        assert (first.width, first.height) == (320, 180)
        name = first.path.rpartition("/")[2]
        image, visibility = await posters.read_poster(desk.house, Anonymous(), session, name)
        assert (image[:3], visibility) == (b"\xff\xd8\xff", Openness.PUBLIC)
        second = (await posters.set_poster(desk.house, ann, session, picture("png", 200, 100))).poster
        assert second is not None
        assert second.path != first.path
        with pytest.raises(NotFound):
            await posters.read_poster(desk.house, Anonymous(), session, name)
        assert await kept(desk) == 1
        assert (await posters.remove_poster(desk.house, ann, session)).poster is None
        assert (await kept(desk), (await row_of(desk, session)).poster) == (0, None)
        assert (await posters.remove_poster(desk.house, ann, session)).poster is None


async def test_refused_picture_changes_nothing(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        ann, session = await desk.agent("ann"), (await plan(desk)).session
        before = (await posters.set_poster(desk.house, ann, session, picture())).poster
        for data in (b"", b"<svg/>", picture()[:150]):
            with pytest.raises(BadPicture):
                await posters.set_poster(desk.house, ann, session, data)
        with pytest.raises(NotFound):
            await posters.set_poster(desk.house, ann, SessionId("nothing"), picture())
        for who in (Anonymous(), (await desk.customer_opens_case()).principal):
            with pytest.raises((Forbidden, NotSignedIn)):
                await posters.set_poster(desk.house, who, session, picture())
        assert (await planning.change_broadcast(desk.house, ann, session, planning.Change())).poster == before


async def test_two_at_once_leave_one_whole_picture(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        ann, session = await desk.agent("ann"), (await plan(desk)).session
        pictures = [picture("jpeg", 64, 36), picture("jpeg", 128, 72)]
        await asyncio.gather(*(posters.set_poster(desk.house, ann, session, one) for one in pictures))
        name = (await row_of(desk, session)).poster or ""
        image, _ = await posters.read_poster(desk.house, ann, session, name)
        assert (await kept(desk), name) == (1, posters.name_of(image))


async def test_who_may_not_see_the_broadcast_sees_no_poster(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        ann, session = await desk.agent("ann"), (await plan(desk, visibility=Openness.PRIVATE)).session
        await posters.set_poster(desk.house, ann, session, picture())
        name = (await row_of(desk, session)).poster or ""
        assert (await posters.read_poster(desk.house, ann, session, name))[1] is Openness.PRIVATE
        with pytest.raises(NotFound):
            await posters.read_poster(desk.house, Anonymous(), session, name)
        change = planning.Change(visibility=Openness.UNLISTED, removed=True)
        await planning.change_broadcast(desk.house, ann, session, change)
        with pytest.raises(Removed):
            await posters.read_poster(desk.house, Anonymous(), session, name)


@pytest.mark.parametrize("was_removed", [False, True])
async def test_poster_goes_with_the_recording(database_url: str, tmp_path: Path, *, was_removed: bool) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        ann, row = await desk.agent("ann"), await kept_broadcast(desk.house)
        assert row.recording_id is not None
        await posters.set_poster(desk.house, ann, row.session_id, picture())
        before = desk.house.now() if was_removed else None
        await set_broadcast(desk.house, row.session_id, removed_at=before)
        await recordings.delete_recording(desk.house, ann, row.recording_id)
        after = await row_of(desk, row.session_id)
        assert (await kept(desk), after.poster) == (0, None)
        assert after.removed_at is not None
        assert before in (None, after.removed_at)


async def test_poster_goes_with_the_broadcast(database_url: str, tmp_path: Path) -> None:
    async with open_desk(database_url, tmp_path) as desk:
        ann, session = await desk.agent("ann"), (await plan(desk)).session
        await posters.set_poster(desk.house, ann, session, picture())
        async with desk.house.db.write() as db:
            await db.execute(delete(tables.session).where(tables.session.c.id == session))
        assert await kept(desk) == 0
