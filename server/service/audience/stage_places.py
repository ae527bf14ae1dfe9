"""The stage as somebody of the audience finds it who was called to it: they know what the audience may know, and nothing of the case."""

from server.domain.principal import Principal
from server.domain.rights import grant_for, is_outsider, person_of
from server.domain.words import Language, SessionId
from server.errors import NotFound
from server.service.audience.views import StagePlace
from server.service.house import House
from server.service.reading import consent_view, read_on_air
from server.service.roster import read_kept, session_view
from server.store import consents as consent_store
from server.store import sessions as session_store


async def read_place(house: House, principal: Principal, session: SessionId, language: Language) -> StagePlace:
    """The stage, for who was called to it, before and while they are there. Raises NotFound."""
    async with house.db.read() as db:
        row = await session_store.find_session(db, session)
        grants = [grant_for(principal, case, session) for case in await session_store.list_cases_of(db, session)]
        grant = next((one for one in grants if is_outsider(one)), None)
        if row is None or grant is None:
            raise NotFound
        me = person_of(grant)
        mine = await session_store.find_person(db, session, me.person_id)
        kept = await read_kept(db, row)
        recorded = (await consent_store.list_latest(db, session)).get(mine.id) if mine else None
        on_air = await read_on_air(db, session, mine.id if mine else None, language)
    return StagePlace(await session_view(house, kept, me), consent_view(recorded, language), on_air)
