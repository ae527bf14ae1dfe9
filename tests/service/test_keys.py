"""Machines on stage: whose word counts for their recording, and how they go."""

from server.domain.principal import Visitor
from server.domain.words import ConsentAnswer, EntryKind, PersonKind
from server.service import keys, links, sessions, whip
from server.service.consent import ask_consent
from server.service.recordings import start_recording
from tests.desk import Customer, Desk
from tests.service.test_consent import recorded_call
from tests.worker_double import until

SDP = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


async def machine(desk: Desk, customer: Customer, by: str = "ann") -> tuple[Visitor, str]:
    """A machine with a key of this agent, on stage; its connection."""
    made = await keys.make_key(desk.house, await desk.agent(by), customer.session, PersonKind.SOURCE, "OBS")
    holder = await keys.find_holder(desk.house, made.key)
    answer = await whip.publish(desk.house, holder, customer.session, SDP)
    await desk.worker.come(answer.connection)
    return holder, answer.connection


def seat_of(desk: Desk, customer: Customer, connection: str) -> str | None:
    people = desk.worker.people(customer.session)
    return next((name for name, seat in people.items() if seat["connection"] == connection), None)


def written(desk: Desk) -> set[str]:
    """Whose tracks the worker writes now."""
    return set(next(iter(desk.worker.recordings.values())).participants)


async def test_machine_is_written_while_the_agent_who_answers_for_it_agrees(desk: Desk) -> None:
    customer = await recorded_call(desk)
    _, connection = await machine(desk, customer)
    seat = seat_of(desk, customer, connection)
    assert seat is not None
    await until(lambda: seat in written(desk))
    await desk.answers(await desk.agent("ann"), customer.session, ConsentAnswer.WITHDRAWN)
    await until(lambda: seat not in written(desk))
    assert len(written(desk)) == 1  # The customer's yes is the customer's own.


async def test_machine_of_an_agent_who_did_not_agree_is_not_written(desk: Desk) -> None:
    customer = await desk.call()
    await ask_consent(desk.house, await desk.agent("ann"), customer.session)
    await desk.answers(customer.principal, customer.session, ConsentAnswer.GIVEN)
    _, connection = await machine(desk, customer)
    await start_recording(desk.house, await desk.agent("ann"), customer.session)
    await until(lambda: desk.worker.recordings)
    assert seat_of(desk, customer, connection) not in written(desk)
    assert len(written(desk)) == 1


async def test_machine_is_asked_nothing_and_listed_with_its_name(desk: Desk) -> None:
    customer = await recorded_call(desk)
    asked = len(desk.heard.of("consent_asked"))
    await machine(desk, customer)

    async def has_joined() -> bool:
        return "OBS" in {one.actor.name for one in await desk.entries(customer.case) if one.kind is EntryKind.JOINED}

    await until(has_joined)
    assert len(desk.heard.of("consent_asked")) == asked
    view = await sessions.read_session(desk.house, customer.principal, customer.session)
    assert ("OBS", PersonKind.SOURCE) in {(one.name, one.kind) for one in view.participants}


async def test_revoked_key_takes_its_machine_off_the_stage(desk: Desk) -> None:
    customer = await desk.call()
    holder, connection = await machine(desk, customer)
    await links.revoke_link(desk.house, await desk.agent("ann"), holder.links[0].link_id)
    await until(lambda: connection not in desk.worker.connections)
