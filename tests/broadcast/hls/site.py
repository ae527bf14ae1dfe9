"""A small web site around one stream: the page of a player, and the stream's files as they are answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from server.broadcast.hls.packager import Packager
from server.broadcast.hls.samples import TICKS
from server.broadcast.hls.serving import Broadcast
from tests.broadcast.hls.material import Show

ROOT = Path(__file__).resolve().parents[3]
PLAYER = ROOT / "web" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
PAGE = """<!doctype html><video id="video" muted playsinline></video><script src="/hls.js"></script><script>
window.seen = {errors: [], stalls: 0, parts: 0, segments: 0, updates: 0, sizes: [], first: 0};
const begun = performance.now();
function play(name, settings) {
  window.hls = new Hls(settings);
  hls.on(Hls.Events.ERROR, (_, one) => {
    if (one.details === "bufferStalledError") seen.stalls += 1;
    else seen.errors.push(one.details + (one.fatal ? " fatal" : "") + " " + ((one.error && one.error.message) || one.reason || ""));
  });
  hls.on(Hls.Events.FRAG_LOADED, (_, one) => { one.part ? seen.parts += 1 : seen.segments += 1; });
  hls.on(Hls.Events.LEVEL_UPDATED, (_, one) => { seen.updates += 1; });
  video.addEventListener("playing", () => { seen.first = seen.first || performance.now() - begun; });
  video.addEventListener("resize", () => seen.sizes.push(video.videoWidth));
  hls.loadSource(name);
  hls.attachMedia(video);
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
}
</script>"""


@asynccontextmanager
async def site(shown: Broadcast) -> AsyncIterator[str]:
    """The address of the page. The stream is at /live/index.m3u8."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def player(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(PLAYER)

    async def live(request: web.Request) -> web.Response:
        answer = await shown.answer(request.match_info["name"], request.query)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    app = web.Application()
    app.add_routes([web.get("/", page), web.get("/hls.js", player), web.get("/live/{name}", live)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def feed(writer: Packager, shows: Iterable[Show], began: float) -> None:
    """Hands samples on when they are due, and says what time it is while there are none; `began` is the monotonic time of tick 0."""
    for show in shows:
        for sample in show.samples():
            while (ahead_s := began + sample.time / TICKS - time.monotonic()) > 0.005:
                await asyncio.sleep(min(ahead_s, 0.1))
                await asyncio.to_thread(writer.tick, round((time.monotonic() - began) * TICKS))
            await asyncio.to_thread(writer.write, sample)
