"""The list of broadcasts on both databases: shelves by topic, newest first, and only what can be watched."""

from datetime import timedelta

from server.domain.words import BroadcastState, Language, RecordingState
from server.service import archive
from server.store import recordings
from tests.broadcasts import answered, kept_broadcast, made_broadcast, set_broadcast
from tests.desk import Desk


async def test_shelves_are_by_topic_and_newest_first(desk: Desk) -> None:
    house = desk.house
    assert not await archive.has_archive(house)
    for number in range(archive.SHELF_MAX + 2):
        row = await kept_broadcast(house, f"Router {number}", topic="internet")
        await set_broadcast(house, row.session_id, ended_at=house.now() - timedelta(days=number))
    await kept_broadcast(house, "Meter", topic="strom")
    found = await archive.list_archive(house, Language.DE)
    assert [(shelf.topic, len(shelf.recordings)) for shelf in found.kept] == [
        ("Strom", 1),
        ("Internet und Telefon", 12),
    ]
    assert [one.title for one in found.kept[1].recordings[:3]] == ["Router 0", "Router 1", "Router 2"]
    whole = await archive.list_archive(house, Language.EN, topic="internet")
    assert (whole.total, len(whole.kept[0].recordings)) == (14, 14)
    assert await archive.has_archive(house)
    assert [one.title for one in await archive.list_kept(house, Language.DE, 2)] == ["Router 0", "Meter"]


async def test_recording_that_is_not_ready_is_not_offered(desk: Desk) -> None:
    row = await kept_broadcast(desk.house)
    assert row.recording_id is not None
    async with desk.house.db.write() as db:
        await recordings.step_recording(db, row.recording_id, [RecordingState.READY], state=RecordingState.FAILED)
    await made_broadcast(desk.house, state=BroadcastState.REHEARSAL, live_at=None, starts_at=desk.house.now())
    found = await archive.list_archive(desk.house, Language.DE)
    assert (found.kept, len(found.coming), found.live) == ([], 1, [])


async def test_chapters_are_in_the_order_of_the_answers(desk: Desk) -> None:
    row = await kept_broadcast(desk.house)
    for text, at_s in (("Second", 90.0), ("First " * 40, 5.0)):
        await answered(desk.house, row.session_id, text, at_s)
    first, second = await archive.list_chapters(desk.house, row.session_id)
    assert (first.at_s, second.title) == (5.0, "Second")
    assert len(first.title) == 120 or first.title.endswith("…")
