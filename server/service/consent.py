"""Consent to being recorded, per person. Nothing of a person is written unless the answer is GIVEN."""

from server.domain.principal import Principal
from server.domain.words import ConsentAnswer, Language, SessionId
from server.service.house import House
from server.service.views import ConsentView, SessionView


async def ask_consent(house: House, principal: Principal, session: SessionId) -> SessionView:
    """Everybody on stage who has not agreed is asked, the agents too. Agents. Raises Conflict when the session does not run."""
    raise NotImplementedError


async def answer_consent(
    house: House,
    principal: Principal,
    session: SessionId,
    answer: ConsentAnswer,
    wording_version: str,
    language: Language = Language.DE,
) -> ConsentView:
    """The person's answer is kept with the exact words. WITHDRAWN has stopped the writing when this returns.

    Raises NotFound, Conflict (was not asked, or cannot follow the last answer), BadField (another wording).
    """
    raise NotImplementedError
