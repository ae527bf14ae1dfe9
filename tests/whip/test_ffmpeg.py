"""FFmpeg publishes into a session, and a player sees it."""

from pathlib import Path

from tests.media.rig import until
from tests.whip.ffmpeg import Ffmpeg
from tests.whip.studio import Studio, Watcher, open_studio


async def until_seen(ffmpeg: Ffmpeg, watcher: Watcher) -> None:
    seen = watcher.frames, watcher.sounds
    await until(lambda: ffmpeg.is_over or (watcher.frames > seen[0] + 5 and watcher.sounds > seen[1] + 5), 30)
    if ffmpeg.is_over:
        await ffmpeg.ended()
        raise AssertionError(ffmpeg.said)


async def until_out(studio: Studio, name: str) -> None:
    async def is_out() -> bool:
        return name not in await studio.people()

    await studio.until(is_out)


async def test_ffmpeg_is_on_stage_and_watched_until_it_ends(tmp_path: Path) -> None:
    async with open_studio(tmp_path) as studio:
        key, watch = await studio.key(), await studio.key("viewers")
        ffmpeg = await Ffmpeg(studio.whip(), key["key"], tmp_path).start()
        watcher = await Watcher().watch(studio.site.url + f"/whep/{studio.session}", watch["key"])
        await until_seen(ffmpeg, watcher)
        assert watcher.size == (320, 180)
        people = await studio.people()
        assert people["Camera 2"]["kind"] == "source"
        assert people["Camera 2"]["on_stage"]
        assert people["Camera 2"]["state"] == {"microphone": True, "camera": True, "screen": False}
        assert len(people) == 1  # The viewer is nobody's business, and nobody else has come.
        assert await ffmpeg.stop() == 0, ffmpeg.said
        await until_out(studio, "Camera 2")
        await watcher.close()


async def test_ffmpeg_comes_back_after_it_was_killed_and_is_refused_with_a_wrong_key(tmp_path: Path) -> None:
    async with open_studio(tmp_path) as studio:
        key, watch = await studio.key(), await studio.key("viewers")
        refused = await Ffmpeg(studio.whip(), "wrong", tmp_path).start()
        assert await refused.ended() != 0
        assert "401" in refused.said
        first = await Ffmpeg(studio.whip(), key["key"], tmp_path).start()
        watcher = await Watcher().watch(studio.site.url + f"/whep/{studio.session}", watch["key"])
        await until_seen(first, watcher)
        await first.kill()
        second = await Ffmpeg(studio.whip(), key["key"], tmp_path).start()
        await studio.rig.event("gone", reason="replaced")
        await until_seen(second, watcher)
        assert len(await studio.people()) == 1
        assert await second.stop() == 0, second.said
        await watcher.close()
