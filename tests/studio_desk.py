"""What agents do with broadcasts, for tests that go in by the service functions of a desk."""

from server.domain.consent import shown_to
from server.domain.principal import Principal
from server.domain.words import ConsentAnswer, Openness, SessionId
from server.service import broadcasts, consent, planning
from server.service.broadcast_views import BroadcastView
from server.service.consent import Said
from server.store import broadcasts as store
from server.store import channels
from server.store.broadcast_rows import BroadcastRow
from tests.desk import Customer, Desk, client_id


async def name_somebody(desk: Desk) -> None:
    """The channel says who is responsible, and where its Impressum is."""
    async with desk.house.db.write() as db:
        (channel,) = await channels.list_channels(db)
        await channels.set_channel(db, channel.id, responsible_name="Rita", imprint_url="https://example.org/imprint")


async def plan(desk: Desk, **more: object) -> BroadcastView:
    """An explainer, planned by ann."""
    wish = {"title": "How to read a meter", "topic": "strom", "client_id": client_id()} | more
    return await planning.plan_broadcast(desk.house, await desk.agent("ann"), planning.Plan(**wish))  # type: ignore[arg-type]


async def says(
    desk: Desk, who: Principal, session: SessionId, answer: ConsentAnswer, to: Openness = Openness.PUBLIC
) -> None:
    """Answers whether so many people may see them."""
    await consent.answer_public(desk.house, who, session, Said(answer, shown_to(to).version))


async def rehearsed(desk: Desk) -> SessionId:
    """An explainer in rehearsal, with ann on stage, who has agreed."""
    await name_somebody(desk)
    ann, session = await desk.agent("ann"), (await plan(desk)).session
    await desk.connects(ann, session)
    await broadcasts.rehearse(desk.house, ann, session)
    await says(desk, ann, session, ConsentAnswer.GIVEN)
    return session


async def opened_call(desk: Desk) -> Customer:
    """A running help call that is to have an audience; nobody was asked yet."""
    await name_somebody(desk)
    customer = await desk.call()
    wish = planning.Plan("A call", "", "")
    await planning.open_broadcast(desk.house, await desk.agent("ann"), customer.session, wish)
    return customer


async def row_of(desk: Desk, session: SessionId) -> BroadcastRow:
    """The broadcast as it is kept."""
    async with desk.house.db.read() as db:
        row = await store.find_broadcast(db, session)
    assert row is not None
    return row
