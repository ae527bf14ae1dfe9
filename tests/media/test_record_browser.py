"""Chromium's own encoders, recorded: every frame format it sends ends as a film in step."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest
from aiohttp import web

from server.media.protocol import Offer, Seat
from server.media.recorder.finish import finish
from server.media.wire import dump
from tests.e2e.browsers import running_chromium
from tests.media.record_packets import beeps, flashes, skews_ms
from tests.media.record_worker import RecordWorker

PAGE = """<!doctype html><title>flash and beep</title><canvas id="c" width="640" height="360"></canvas><script>
const canvas = document.getElementById("c"), pen = canvas.getContext("2d"), audio = new AudioContext();
const sound = audio.createMediaStreamDestination(), tone = audio.createOscillator(), gate = audio.createGain();
tone.frequency.value = 1000; gate.gain.value = 0;
tone.connect(gate).connect(sound);
tone.start();
for (let second = 1; second < 120; second++) {
  gate.gain.setValueAtTime(0.5, second);
  gate.gain.setValueAtTime(0, second + 0.1);
}
function draw() {
  const t = audio.currentTime;
  pen.fillStyle = t > 0.9 && t % 1 < 0.1 ? "#fff" : "#181818";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#888";
  pen.fillRect((t * 100) % 600, 20, 40, 60);
  requestAnimationFrame(draw);
}
draw();
async function join(codec) {
  await audio.resume();
  const peer = new RTCPeerConnection();
  window.peer = peer;
  const camera = peer.addTransceiver(canvas.captureStream(30).getVideoTracks()[0], {direction: "sendonly"});
  const codecs = RTCRtpReceiver.getCapabilities("video").codecs;
  const first = codecs.filter((one) => one.mimeType === "video/" + codec);
  camera.setCodecPreferences([...first, ...codecs.filter((one) => !first.includes(one))]);
  peer.addTransceiver(sound.stream.getAudioTracks()[0], {direction: "sendonly"});
  await peer.setLocalDescription();
  const body = JSON.stringify({sdp: peer.localDescription.sdp, sources: {0: "camera", 1: "microphone"}});
  const answer = await (await fetch("/connect", {method: "POST", body})).json();
  await peer.setRemoteDescription({type: "answer", sdp: answer.sdp});
  for (let wait = 0; wait < 100 && peer.connectionState !== "connected"; wait++) await new Promise((done) => setTimeout(done, 100));
  return peer.connectionState;
}
function resize(width, height) { canvas.width = width; canvas.height = height; }
</script>"""


@asynccontextmanager
async def site(worker: RecordWorker) -> AsyncIterator[str]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    async def connect(request: web.Request) -> web.Response:
        answer = await worker.client.connect(Offer(**json.loads(await request.read())))
        await worker.client.seat(worker.session, "ann", Seat(answer.connection, on_stage=True))
        return web.Response(body=dump(answer), content_type="application/json")

    app = web.Application()
    app.add_routes([web.get("/", page), web.post("/connect", connect)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.browser
@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_chromium_is_recorded_in_step(tmp_path: Path, codec: str) -> None:
    async with RecordWorker(tmp_path) as worker, site(worker) as address, running_chromium() as browser:
        page = await browser.new_page()
        await page.goto(address)
        assert await page.evaluate("codec => join(codec)", codec) == "connected"
        directory = await worker.record(["ann"])
        await asyncio.sleep(6)
        await page.evaluate("resize(960, 540)")
        await asyncio.sleep(6)
        await worker.client.stop_recording("rec")
    facts = await asyncio.to_thread(finish, directory, lambda share: None)
    pictures = [track for track in facts.tracks if track.source == "camera"]
    [voice] = [track for track in facts.tracks if track.source == "microphone"]
    assert {track.mime for track in pictures} == {"video/webm" if codec == "VP8" else "video/mp4"}
    heard = beeps(directory / voice.name, voice.start_s)
    seen = [time for track in pictures for time in flashes(directory / track.name, track.start_s)]
    assert len(seen) >= 9
    assert max(skews_ms(seen[1:-1], heard)) < 80
    widths, count = set(), 0
    for track in pictures:
        with av.open(str(directory / track.name)) as container:
            for frame in container.decode(video=0):
                widths.add(frame.width)
                count += 1
    assert len(widths) > 1
    assert count > 12 * 30 * 0.6  # A canvas on a busy machine does not reach 30 a second.
