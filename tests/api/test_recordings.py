"""Files of recordings: ranges, types, rights at each request."""

import pytest

from tests.api.scene import Scene, make_scene
from tests.site import Site


@pytest.fixture
async def scene(site: Site) -> Scene:
    return await make_scene(site)


def address(scene: Scene, name: str = "view.mp4") -> str:
    return f"/recordings/{scene.ids['recording']}/files/{name}"


async def test_file_is_served_whole_and_in_ranges(scene: Scene) -> None:
    whole = await scene.ann.get(address(scene))
    assert (whole.status, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "no-store" in whole.headers["Cache-Control"]
    part = await scene.ann.get(address(scene), headers={"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.body)}"
    tail = await scene.ann.get(address(scene), headers={"Range": "bytes=-5"})
    assert (tail.status, tail.body) == (206, whole.body[-5:])
    beyond = await scene.ann.get(address(scene), headers={"Range": f"bytes={len(whole.body)}-"})
    assert beyond.status == 416


async def test_file_never_runs_as_a_page(scene: Scene) -> None:
    reply = await scene.ann.get(address(scene))
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name", ["../../oase.sqlite", "..%2f..%2foase.sqlite", "%2e%2e", "part-1%2fview.mp4", "view.mp4%00", "."]
)
async def test_names_lead_nowhere_else(scene: Scene, name: str) -> None:
    reply = await scene.ann.get(address(scene, name))
    assert reply.status == 404
    assert b"SQLite" not in reply.body


async def test_right_ends_with_the_sharing_even_between_ranges(scene: Scene) -> None:
    path = f"/api/v1/recordings/{scene.ids['recording']}/share"
    await scene.ann.ok("POST", path, {"shared": True})
    first = await scene.victim.get(address(scene), headers={"Range": "bytes=0-9"})
    await scene.ann.ok("POST", path, {"shared": False})
    second = await scene.victim.get(address(scene), headers={"Range": "bytes=10-19"})
    assert (first.status, second.status) == (206, 404)


async def test_file_that_is_gone_is_not_there(scene: Scene) -> None:
    for file in scene.site.house.settings.recordings.rglob("view.mp4"):
        file.unlink()
    reply = await scene.ann.get(address(scene))
    assert (reply.status, reply.code) == (404, "not_found")


async def test_page_of_a_recording_knows_its_case(scene: Scene) -> None:
    reply = await scene.ann.get(f"/r/{scene.ids['recording']}?t=3m20s", headers={"Accept": "text/html"})
    assert reply.status == 200
    assert f'"case":"{scene.victim.case}"' in reply.body.decode()
