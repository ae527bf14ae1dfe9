"""The routes of channels and viewers, and of the list of broadcasts; part of the registry."""

from server.api import requests as r
from server.api.door import Route, Thing, Who
from server.api.routes import API, get, page, plain_bytes
from server.service import reach_views as v

_CHANNEL = f"{API}/channels/{{channel}}"

REACH = [
    page("/desk/channel", "Who answers for broadcasts, and how many they reach", Who.AGENT),
    get(f"{API}/channels", Who.AGENT, "Channels, and where each stands against the limit of the law", v.ChannelsView),
    Route("PATCH", _CHANNEL, Who.ADMIN, "Who answers for a channel, and when to warn", r.SetChannel, v.ChannelView),
    get(f"{_CHANNEL}/reach", Who.AGENT, "Simultaneous viewers in six months (§ 54 MStV)", v.ReachView, cost=5),
    plain_bytes(f"{_CHANNEL}/reach.csv", "The same with every step, as a spreadsheet", Who.AGENT),
    plain_bytes(f"{_CHANNEL}/reach.json", "The same with every step, for programs", Who.AGENT),
    get(f"{API}/broadcasts/{{session}}/numbers", Who.AGENT, "How a broadcast goes", v.NumbersView, Thing.SESSION),
]

ARCHIVE = [
    page("/watch", "What is live, coming and kept, for everybody"),
    plain_bytes("/feed.xml", "New recordings (RSS)"),
    plain_bytes("/sitemap.xml", "What search engines may list"),
]
