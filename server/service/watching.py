"""What the audience's page says of a broadcast, and what other programs read of it."""

from datetime import datetime
from typing import Any

from server.domain.principal import Anonymous, Principal
from server.domain.rights import NO_STREAM
from server.domain.words import BroadcastState, Openness, SessionId
from server.errors import NotFound
from server.service.house import House
from server.service.live import find_viewable
from server.service.media_views import CaptionsFile
from server.service.recordings import list_captions
from server.service.watch_views import BroadcastPublic, ChannelPublic, poster_of
from server.store import channels as channel_store
from server.store.broadcast_rows import BroadcastRow


async def read_public(house: House, principal: Principal, session: SessionId) -> BroadcastPublic:
    """The broadcast for its audience, as it stood at most a second ago. Raises NotFound, the same for missing and not theirs."""
    row = await find_viewable(house, principal, session)
    return _view(house, row, await _channel(house, row), await _captions(house, row))


async def read_for_all(house: House, session: SessionId) -> BroadcastPublic:
    """The same for who is nobody: other sites and their programs. Raises NotFound."""
    return await read_public(house, Anonymous(), session)


async def _channel(house: House, row: BroadcastRow) -> ChannelPublic:
    async with house.db.read() as db:
        found = await channel_store.find_channel(db, row.channel_id)
    if found is None:
        raise NotFound
    imprint = found.imprint_url or house.settings.imprint_url or None
    return ChannelPublic(found.name, found.responsible_name, found.responsible_address, imprint)


async def _captions(house: House, row: BroadcastRow) -> list[CaptionsFile]:
    """Of what is kept; live there are none."""
    if row.state is not BroadcastState.ENDED or row.recording_id is None or row.removed_at:
        return []
    async with house.db.read() as db:
        return await list_captions(db, row.recording_id)


def _view(house: House, row: BroadcastRow, channel: ChannelPublic, captions: list[CaptionsFile]) -> BroadcastPublic:
    return BroadcastPublic(
        session=row.session_id,
        title=row.title,
        description=row.description,
        language=row.language,
        visibility=row.visibility,
        state=row.state,
        starts_at=row.starts_at,
        counts_to=_counts_to(row),
        live_at=row.live_at,
        ended_at=row.ended_at,
        channel=channel,
        poster=poster_of(row.session_id, row.poster),
        stream=None if row.state in NO_STREAM or row.removed_at else f"/live/{row.session_id}/index.m3u8",
        recording=row.recording_id,
        captions=captions,
        now=house.now(),
    )


def _counts_to(row: BroadcastRow) -> datetime | None:
    """The end of the countdown that the composer shows."""
    return row.starts_at if row.state is BroadcastState.COUNTDOWN else None


def described(view: BroadcastPublic, company: str, address: str, embed: str, picture: str | None) -> dict[str, Any]:
    """The broadcast in the words of schema.org, for search engines: a video, and when it is live or was. Addresses are whole ones."""
    began, stream = view.live_at or view.starts_at, view.stream
    event = {
        "@type": "BroadcastEvent",
        "name": view.title,
        "isLiveBroadcast": True,
        "startDate": began.isoformat() if began else None,
        "endDate": view.ended_at.isoformat() if view.ended_at else None,
        "url": address,
        "inLanguage": view.language.value,
    }
    video = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": view.title,
        "description": view.description or view.title,
        "url": address,
        "embedUrl": embed,
        "contentUrl": stream and address.partition("/watch/")[0] + stream,
        "thumbnailUrl": [picture] if picture else None,
        "uploadDate": began.isoformat() if began else None,
        "duration": _duration(view),
        "inLanguage": view.language.value,
        "publisher": {"@type": "Organization", "name": view.channel.name or company},
        "publication": _filled(event),
    }
    return _filled(video)


def _duration(view: BroadcastPublic) -> str | None:
    """As ISO 8601 writes it: PT1820S."""
    if view.live_at is None or view.ended_at is None:
        return None
    return f"PT{max(0, round((view.ended_at - view.live_at).total_seconds()))}S"


def _filled(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def may_be_found(view: BroadcastPublic) -> bool:
    """Search engines may list it: only what is open to everybody."""
    return view.visibility is Openness.PUBLIC
