"""Channels: who is responsible for them, and how many people they reach."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.cleaning import clean_name, clean_text
from server.domain.principal import Principal
from server.domain.reach import LIMIT, Forecast, Reach, Step, months_before, reach_of
from server.domain.rights import admin_only, agent_only
from server.domain.words import BroadcastState
from server.errors import BadField, ImprintNeeded, NotFound
from server.service.house import House
from server.service.reach_views import (
    ChannelStanding,
    ChannelsView,
    ChannelView,
    ForecastView,
    ReachView,
    step_view,
)
from server.store import broadcasts as broadcast_store
from server.store import channels as store
from server.store import viewers as viewer_store
from server.store.broadcast_rows import ChannelRow

TEXT_LIMIT = 500
NEEDED = ("responsible_name", "responsible_address", "imprint_url")


async def list_channels(house: House, principal: Principal) -> ChannelsView:
    """All channels, and where each stands. Agents."""
    agent_only(principal)
    async with house.db.read() as db:
        rows = await store.list_channels(db)
        reaches = [await _reach(house, db, row) for row in rows]
    return ChannelsView(
        [
            ChannelStanding(channel_view(row), reach.standing(row.warn_share), round(reach.share, 4))
            for row, reach in zip(rows, reaches, strict=True)
        ]
    )


async def change_channel(house: House, principal: Principal, name: str, wish: Mapping[str, Any]) -> ChannelView:
    """Changes what is in `wish`. Admins. Raises NotFound, BadField, and ImprintNeeded where something public would lose the names it needs."""
    admin_only(principal)
    values = {field: _cleaned(field, value) for field, value in wish.items()}
    async with house.db.write() as db:
        row = await _find(db, name)
        if any(values.get(field, "") is None for field in NEEDED) and await _is_public(db, row):
            raise ImprintNeeded
        if values:
            await store.set_channel(db, row.id, **values)
        changed = await _find(db, name)
    return channel_view(changed)


async def _is_public(db: AsyncConnection, row: ChannelRow) -> bool:
    states = [state for state in BroadcastState if state is not BroadcastState.PLANNED]
    return any(one.channel_id == row.id for one in await broadcast_store.list_public(db, states))


def _cleaned(field: str, value: Any) -> Any:
    """A field as it is kept: nothing instead of an empty text."""
    if field == "warn_share":
        return value
    if field == "name":
        return clean_name(value)
    text = clean_text(value, field, TEXT_LIMIT) if value.strip() else None
    if field == "imprint_url" and text and not text.startswith(("https://", "http://")):
        raise BadField(field="imprint_url")
    return text


async def read_reach(house: House, principal: Principal, name: str) -> ReachView:
    """The last six months of a channel. Agents. Raises NotFound."""
    agent_only(principal)
    async with house.db.read() as db:
        row = await _find(db, name)
        return reach_view(row, await _reach(house, db, row))


@dataclass(frozen=True, slots=True)
class Export:
    """What the authority may ask for: the figures, and the steps that they come from."""

    reach: ReachView
    steps: list[Step]


async def read_export(house: House, principal: Principal, name: str) -> Export:
    """The last six months of a channel with every step. Agents. Raises NotFound."""
    agent_only(principal)
    async with house.db.read() as db:
        row = await _find(db, name)
        reach = await _reach(house, db, row)
        steps = await viewer_store.list_channel_steps(db, row.id, reach.since)
    return Export(reach_view(row, reach), steps)


async def _find(db: AsyncConnection, name: str) -> ChannelRow:
    row = await store.find_channel(db, name)
    if row is None:
        raise NotFound
    return row


async def _reach(house: House, db: AsyncConnection, row: ChannelRow) -> Reach:
    now = house.now().astimezone(UTC)
    since = datetime.combine(months_before(now.date()), datetime.min.time(), UTC)
    days = await viewer_store.list_channel_days(db, row.id, since)
    return reach_of(days, await viewer_store.first_step(db, row.id), now)


def channel_view(row: ChannelRow) -> ChannelView:
    """A channel as agents see it."""
    return ChannelView(
        id=row.id,
        slug=row.slug,
        name=row.name,
        responsible_name=row.responsible_name or "",
        responsible_address=row.responsible_address or "",
        imprint_url=row.imprint_url or "",
        warn_share=row.warn_share,
        complete=all(getattr(row, field) for field in NEEDED),
    )


def reach_view(row: ChannelRow, reach: Reach) -> ReachView:
    """The figures as they are shown."""
    return ReachView(
        channel=channel_view(row),
        since=reach.since,
        until=reach.until,
        limit=LIMIT,
        air_average=round(reach.air_average, 2),
        all_average=round(reach.all_average, 2),
        peak=reach.peak,
        watch_s=round(reach.watch_s, 1),
        air_s=round(reach.air_s, 1),
        share=round(reach.share, 4),
        standing=reach.standing(row.warn_share),
        forecast=_forecast_view(reach.forecast),
        weeks=[step_view(week) for week in reach.weeks],
    )


def _forecast_view(forecast: Forecast | None) -> ForecastView | None:
    if forecast is None:
        return None
    return ForecastView(round(forecast.average, 2), forecast.reaches_on, forecast.weeks)
