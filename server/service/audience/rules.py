"""What moderators set for taking part: slow mode, approval of each line, the word list."""

from collections.abc import Sequence
from typing import Any

from server.domain.cleaning import clean_line
from server.domain.principal import Principal
from server.domain.taking_part import SLOW_MODE_LIMIT_S, WORD_LIMIT, WORDS_LIMIT
from server.domain.words import SessionId
from server.errors import BadField
from server.service.audience.ledger import Page
from server.service.audience.reading import read_audience
from server.service.audience.views import AudienceRules, AudienceView
from server.service.audience.voices import moderator
from server.service.house import House
from server.store import broadcasts as store


async def set_rules(
    house: House,
    principal: Principal,
    session: SessionId,
    *,
    slow_mode_s: int | None = None,
    holds: bool | None = None,
    words: Sequence[str] | None = None,
) -> AudienceView:
    """The audience's rules; None leaves one as it is. Moderators. Raises NotFound, Forbidden, BadField."""
    if slow_mode_s is not None and not 0 <= slow_mode_s <= SLOW_MODE_LIMIT_S:
        raise BadField(field="slow_mode_s")
    cleaned = None if words is None else clean_words(words)

    async def work(page: Page) -> None:
        await moderator(page.db, principal, page.broadcast)
        wished = {"slow_mode_s": slow_mode_s, "holds": holds, "words": cleaned}
        values: dict[str, Any] = {name: value for name, value in wished.items() if value is not None}
        if values:
            await store.set_broadcast(page.db, session, **values)
        row = await store.find_broadcast(page.db, session) or page.broadcast
        page.rules = AudienceRules(row.state, row.slow_mode_s, row.holds)

    await house.ledger.write(house, principal, session, work)
    return await read_audience(house, principal, session)


def clean_words(words: Sequence[str]) -> list[str]:
    """A word list without doubles. Raises BadField."""
    cleaned = [clean_line(one, "words", WORD_LIMIT) for one in words if one.strip()]
    if len(cleaned) > WORDS_LIMIT:
        raise BadField(field="words")
    return list(dict.fromkeys(cleaned))
