"""Under whose name broadcasts stand."""

from server.domain.words import ChannelId
from server.service.house import House
from server.service.secrecy import make_id
from server.store import channels as store
from server.store.broadcast_rows import ChannelRow
from server.store.writing import lock_start

FIRST_SLUG = "main"
WARN_SHARE = 0.8
"""The share of the 20,000 viewers of § 54 MStV at which a channel is warned."""


async def seed_channel(house: House) -> bool:
    """One channel when there is none: the company's, without a person responsible, so that nothing goes public yet."""
    async with house.db.write() as db:
        await lock_start(db)
        if await store.list_channels(db):
            return False
        imprint = house.settings.imprint_url or None
        name, now = house.settings.company, house.now()
        await store.add_channel(
            db, ChannelRow(ChannelId(make_id()), FIRST_SLUG, name, None, None, imprint, WARN_SHARE, now)
        )
    return True


DEMO_SLUG = "demo"
DEMO_NAME = "Demo"
DEMO_PERSON = "Rosa Robo (frei erfunden, Demo-Daten · invented, demo data)"
DEMO_ADDRESS = "Palmenweg 1, 00000 Oasenstadt (erfunden · invented)"
DEMO_IMPRINT = "https://example.org/imprint-of-a-demo"


async def make_demo_channel(house: House) -> bool:
    """The channel of the demo's robots, with a person responsible whom anybody can see to be invented. False when it is there."""
    async with house.db.write() as db:
        await lock_start(db)
        if await store.find_channel(db, DEMO_SLUG) is not None:
            return False
        person = (DEMO_PERSON, DEMO_ADDRESS, DEMO_IMPRINT)
        row = ChannelRow(ChannelId(make_id()), DEMO_SLUG, DEMO_NAME, *person, WARN_SHARE, house.now())
        await store.add_channel(db, row)
    return True
