"""Whose cookies these are, when many come at once: one statement for all, and each gets what was true after it asked."""

import asyncio

from server.domain.principal import Visitor
from server.service import links
from server.service.cookies import OFTEN
from tests.desk import Desk


async def test_many_at_once_are_asked_for_together(desk: Desk, statements: list[str]) -> None:
    customers = [await desk.customer_opens_case(f"Customer {n}") for n in range(4)]
    both = customers[0]
    _, token = await links.exchange_link(desk.house, both.principal, customers[1].secret)
    assert token is None
    statements.clear()
    asked = [one.token for one in customers] * 10 + ["unknown"]
    found = await asyncio.gather(*(links.find_visitor(desk.house, one) for one in asked))
    assert len(statements) <= 2, statements
    assert found[-1] is None
    for customer, visitor in zip(customers * 10, found, strict=False):
        assert isinstance(visitor, Visitor)
        wanted = {customer.case} | ({customers[1].case} if customer is both else set())
        assert {grant.case_id for grant in visitor.links} == wanted
        assert visitor.visitor_id == customer.principal.visitor_id


async def test_what_was_revoked_opens_nothing_however_often_somebody_asks(desk: Desk) -> None:
    customer = await desk.customer_opens_case()
    ann = await desk.agent("ann")
    for _ in range(2 * OFTEN):
        assert (await desk.visitor(customer.token)).links
    late = [asyncio.ensure_future(desk.visitor(customer.token)) for _ in range(OFTEN)]
    await links.revoke_link(desk.house, ann, customer.principal.links[0].link_id)
    assert (await desk.visitor(customer.token)).links == ()
    await asyncio.gather(*late)


async def test_who_gives_up_costs_the_others_nothing(desk: Desk) -> None:
    customers = [await desk.customer_opens_case(f"Customer {n}") for n in range(6)]
    asking = [asyncio.ensure_future(desk.visitor(one.token)) for one in customers]
    await asyncio.sleep(0)
    for one in asking[::2]:
        one.cancel()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [True, False] * 3
    assert [one.links[0].case_id for one in found[1::2] if isinstance(one, Visitor)] == [
        one.case for one in customers[1::2]
    ]
