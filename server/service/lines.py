"""How people's lines are: what the media worker and the pages say of them comes together here, is told to those it concerns, and is kept.

Each web process hears the worker, and its own pages. In memory is only what the next look needs and what was not written yet (`keep_looks`, every
15 seconds): a killed page or process costs no more than that.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import TypeAdapter

from server.domain.words import ConnectionId, SessionId
from server.errors import OaseError
from server.media.protocol import LineView
from server.service.house import House
from server.service.media_views import PersonLine
from server.store import looks as store

log = structlog.get_logger(__name__)

KEEP_EVERY_S = 15.0

_LINES: TypeAdapter[list[LineView]] = TypeAdapter(list[LineView])


async def lines_seen(house: House, data: dict[str, Any]) -> None:
    """The worker's event: everybody it concerns is told."""
    session, at = SessionId(data["session"]), datetime.fromtimestamp(float(data["at"]), UTC)
    told: Mapping[ConnectionId, PersonLine] = {
        ConnectionId(view.connection): house.lines.see(session, view, float(data["seconds"]), at, house.now())
        for view in _LINES.validate_python(data["lines"])
    }
    await house.announcer.lines(session, told)


async def keep_looks(house: House, session: SessionId | None = None) -> None:
    """Writes what was seen, of one session or of all."""
    rows = house.lines.take(session)
    house.lines.forget(house.now())
    if rows:
        async with house.db.write() as db:
            await store.add_looks(db, rows)


async def keep_looks_forever(house: House) -> None:
    """Run as a task. What could not be written is lost: it is only how good a line was."""
    while True:
        await asyncio.sleep(KEEP_EVERY_S)
        try:
            await keep_looks(house)
        except OaseError as failure:
            log.warning("looks_not_kept", code=failure.code)
        except Exception:  # The root of this task: it goes on.
            log.exception("looks_not_kept")
