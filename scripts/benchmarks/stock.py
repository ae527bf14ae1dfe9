"""A subject of fanout.py: aiortc as its documentation shows it, MediaRelay between a publisher and viewers (decodes once, encodes for each)."""

import logging
import sys

from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamTrack

relay = MediaRelay()
tracks: list[MediaStreamTrack] = []
peers: set[RTCPeerConnection] = set()


async def publish(request: web.Request) -> web.Response:
    """Answers the publisher; its tracks are kept for the viewers."""
    peer = _peer()
    peer.on("track", tracks.append)
    return await _answer(peer, request)


async def view(request: web.Request) -> web.Response:
    """Answers a viewer with every track."""
    peer = _peer()
    for track in tracks:
        peer.addTrack(relay.subscribe(track))
    return await _answer(peer, request)


def _peer() -> RTCPeerConnection:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peers.add(peer)
    return peer


async def _answer(peer: RTCPeerConnection, request: web.Request) -> web.Response:
    offer = await request.json()
    await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    return web.json_response({"sdp": peer.localDescription.sdp})


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    app = web.Application()
    app.add_routes([web.post("/publish", publish), web.post("/view", view)])
    web.run_app(app, host=sys.argv[1], port=int(sys.argv[2]), print=None)
