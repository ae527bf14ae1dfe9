"""What people need help with."""

import secrets

from server.domain.principal import Principal
from server.domain.queue import waiting_range
from server.domain.words import Language, TopicId
from server.service.house import House
from server.service.pace import read_pace
from server.service.views import TopicName, TopicsView, TopicView
from server.store import cases as case_store
from server.store import topics as store
from server.store.rows import TopicRow
from server.store.writing import lock_start

EXAMPLES = (
    (
        "strom",
        "Strom",
        "Electricity",
        "Stromzähler,Zählerstand,Stromausfall,Rechnung,Abschlag,Hausanschluss,kein Strom",
        "meter,reading,power cut,bill,instalment,connection,no power",
    ),
    (
        "internet",
        "Internet und Telefon",
        "Internet and phone",
        "WLAN,Router,langsam,Störung,Anschluss,Telefon,kein Netz",
        "wifi,router,slow,outage,connection,phone,offline",
    ),
    (
        "umzug",
        "Umzug",
        "Moving house",
        "umziehen,neue Adresse,Wohnung,Vertrag mitnehmen,ummelden,kündigen",
        "move,new address,flat,take contract along,change of address,cancel",
    ),
)


async def list_topics(house: House, principal: Principal, language: Language) -> TopicsView:
    """The topics in order, and whether somebody is there now."""
    async with house.db.read() as db:
        rows = await store.list_topics(db)
        pace = await read_pace(house, db)
        waiting = len(await case_store.list_waiting(db))
    span = waiting_range(waiting, pace.takes, pace.agents_here, pace.now)
    return TopicsView(
        topics=[topic_view(row, language) for row in rows],
        agents_here=pace.agents_here,
        waiting=waiting,
        wait_min_s=span.min_s if span else None,
        wait_max_s=span.max_s if span else None,
    )


def topic_view(row: TopicRow, language: Language) -> TopicView:
    """A topic in one language."""
    words = row.words_de if language is Language.DE else row.words_en
    return TopicView(row.id, row.slug, _name(row, language), [word for word in words.split(",") if word], row.is_open)


def topic_name(row: TopicRow, language: Language) -> TopicName:
    """A topic's name in one language."""
    return TopicName(row.id, row.slug, _name(row, language))


def _name(row: TopicRow, language: Language) -> str:
    return row.name_de if language is Language.DE else row.name_en


async def seed_topics(house: House) -> int:
    """Three example topics when there are none; how many were made."""
    async with house.db.write() as db:
        await lock_start(db)
        if await store.count_topics(db):
            return 0
        for position, (slug, name_de, name_en, words_de, words_en) in enumerate(EXAMPLES):
            topic = TopicId(secrets.token_urlsafe(16))
            await store.add_topic(db, TopicRow(topic, slug, name_de, name_en, words_de, words_en, position, True))
    return len(EXAMPLES)
