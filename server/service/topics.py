"""What people need help with."""

from server.domain.principal import Principal
from server.domain.words import Language
from server.service.house import House
from server.service.views import TopicsView


async def list_topics(house: House, principal: Principal, language: Language) -> TopicsView:
    """The topics in order, and whether somebody is there now."""
    raise NotImplementedError


async def seed_topics(house: House) -> int:
    """Three example topics when there are none; how many were made."""
    raise NotImplementedError
