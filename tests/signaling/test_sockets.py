"""Sockets: what was missed comes first, then what is new; each line once, in order; who may not hear does not."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
import socketio

from tests.site import Browser, Line, Site, client_id


async def say(browser: Browser, case: str, text: str) -> Any:
    return await browser.ok("POST", f"/api/v1/cases/{case}/chat", {"text": text, "client_id": client_id()})


def numbers(line: Line) -> list[int]:
    return [entry["seq"] for entry in line.told("entry")]


async def test_backlog_comes_first_then_what_is_new(site: Site) -> None:
    customer = await site.customer()
    for n in range(3):
        await say(customer, customer.case, f"before {n}")
    line = await customer.line()
    ack = await line.ask("watch", {"case": customer.case, "after": 0})
    assert ack == {"ok": True, "seq": 4}
    await say(customer, customer.case, "after")
    await line.until("entry", 5)
    assert numbers(line) == [1, 2, 3, 4, 5]


async def test_watch_after_a_number_sends_only_what_is_missing(site: Site) -> None:
    customer = await site.customer()
    for n in range(4):
        await say(customer, customer.case, f"{n}")
    line = await customer.line()
    await line.ask("watch", {"case": customer.case, "after": 3})
    assert numbers(line) == [4, 5]


async def test_no_line_is_lost_or_doubled_over_cut_connections(site: Site) -> None:
    """Lines are written all the time while the reader's connection is cut again and again."""
    customer, agent = await site.customer(), await site.agent()
    kept: list[int] = []
    written: list[int] = []

    async def write() -> None:
        for n in range(60):
            written.append((await say(customer, customer.case, f"line {n}"))["seq"])
            await asyncio.sleep(0.005)

    async def read() -> None:
        while len(kept) < 61:
            line = await agent.line()
            await line.ask("watch", {"case": customer.case, "after": kept[-1] if kept else 0})
            await asyncio.sleep(0.07)
            # The transport is cut without a goodbye: what came until then has come.
            await line.io.eio.ws.close()
            kept.extend(numbers(line))

    async with asyncio.timeout(20):
        await asyncio.gather(write(), read())
    assert kept == list(range(1, 62))
    assert written == kept[1:]


async def test_watching_while_lines_come_has_no_gap(site: Site) -> None:
    customer, agent = await site.customer(), await site.agent()

    async def write() -> None:
        for n in range(40):
            await say(customer, customer.case, f"line {n}")

    async def watch() -> list[Line]:
        lines = []
        for _ in range(6):
            line = await agent.line()
            await line.ask("watch", {"case": customer.case, "after": 0})
            lines.append(line)
        return lines

    _, lines = await asyncio.gather(write(), watch())
    for line in lines:
        await line.until("entry", 41)
        assert numbers(line) == list(range(1, 42))


async def test_same_line_sent_twice_is_one_line(site: Site) -> None:
    customer = await site.customer()
    line = await customer.line()
    await line.ask("watch", {"case": customer.case})
    body = {"text": "once", "client_id": client_id()}
    first = await customer.post(f"/api/v1/cases/{customer.case}/chat", body)
    second = await customer.post(f"/api/v1/cases/{customer.case}/chat", body)
    assert (first.status, second.status) == (201, 200)
    assert first.json["seq"] == second.json["seq"]
    await say(customer, customer.case, "then")
    await line.until("entry", 3)
    assert numbers(line) == [1, 2, 3]


async def test_customer_never_hears_notes(site: Site) -> None:
    customer, agent = await site.customer(), await site.agent()
    line, desk = await customer.line(), await agent.line()
    await line.ask("watch", {"case": customer.case})
    await desk.ask("watch", {"case": customer.case})
    await agent.ok("POST", f"/api/v1/cases/{customer.case}/notes", {"text": "grumpy", "client_id": client_id()})
    await say(customer, customer.case, "hello")
    await desk.until("entry", 3)
    await line.until("entry", 2)
    assert [entry["kind"] for entry in line.told("entry")] == ["opened", "chat"]
    assert [entry["kind"] for entry in desk.told("entry")] == ["opened", "note", "chat"]


async def test_stranger_cannot_watch_and_hears_nothing(site: Site) -> None:
    customer, other = await site.customer(), await site.customer()
    line = await other.line()
    ack = await line.ask("watch", {"case": customer.case, "after": 0})
    missing = await line.ask("watch", {"case": "nothing-there", "after": 0})
    assert (ack["ok"], ack["code"]) == (False, "not_found")
    assert ack == missing
    await say(customer, customer.case, "private")
    assert (await line.ask("watch", {"case": other.case}))["ok"] is True
    assert {entry["case"] for entry in line.told("entry")} == {other.case}


async def test_nobody_gets_no_socket(site: Site) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        await site.browser().line()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
async def test_page_of_another_origin_gets_no_socket(site: Site, origin: str) -> None:
    customer = await site.customer()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await customer.line(origin=origin)


async def test_desk_hears_of_a_new_case(site: Site) -> None:
    agent = await site.agent()
    line = await agent.line()
    assert (await line.ask("watch_desk", {}))["ok"]
    await site.customer()
    await line.until("desk")


async def test_desk_events_are_two_a_second_at_most(site: Site) -> None:
    agent = await site.agent()
    line = await agent.line()
    await line.ask("watch_desk", {})
    began = time.monotonic()
    for _ in range(12):
        await site.customer()
    await line.until("desk", 2)
    assert len(line.told("desk")) <= 2 + 2 * (time.monotonic() - began)


async def test_customer_hears_the_place_and_who_took_the_case(site: Site) -> None:
    first, second, agent = await site.customer(), await site.customer(), await site.agent("Ann")
    line, other = await first.line(), await second.line()
    await line.ask("watch", {"case": first.case})
    await other.ask("watch", {"case": second.case})
    await agent.ok("POST", f"/api/v1/cases/{first.case}/take", {})
    told = (await line.until("case"))[-1]
    assert (told["case"], told["state"], told["agent"]) == (first.case, "taken", "Ann")
    places = await other.until("queue")
    assert places[-1]["case"] == second.case
    assert places[-1]["queue"]["place"] == 1
    assert other.told("case") == []


async def test_signing_out_ends_the_sockets(site: Site) -> None:
    agent = await site.agent()
    line = await agent.line()
    await agent.ok("POST", "/api/v1/sign-out")
    async with asyncio.timeout(5):
        await line.is_gone.wait()
    assert line.told("bye")[0]["reason"] == "signed_out"


async def test_disabled_account_ends_its_sockets_and_requests(site: Site) -> None:
    from server.domain.words import Role

    agent, admin = await site.agent(), await site.agent("Eve", Role.ADMIN)
    line = await agent.line()
    await admin.ok("PATCH", f"/api/v1/admin/agents/{agent.agent_id}", {"disabled": True})
    async with asyncio.timeout(5):
        await line.is_gone.wait()
    assert (await agent.get("/api/v1/desk")).code == "not_signed_in"


async def test_new_password_ends_all_other_sign_ins(site: Site) -> None:
    agent = await site.agent()
    first, second = "a long first password", "a long second password"
    email = (await agent.ok("PUT", "/api/v1/me/password", {"password": first}))["email"]
    elsewhere = site.browser("agent")
    await elsewhere.ok("POST", "/api/v1/sign-in", {"email": email, "password": first})
    line, mine = await elsewhere.line(), await agent.line()
    await agent.ok("PUT", "/api/v1/me/password", {"password": second})
    async with asyncio.timeout(5):
        await line.is_gone.wait()
    assert not mine.is_gone.is_set()
    assert (await elsewhere.get("/api/v1/me")).status == 401
    assert (await agent.get("/api/v1/me")).status == 200


async def test_revoked_guest_is_out_in_five_seconds(site: Site) -> None:
    customer, agent = await site.customer(), await site.agent()
    await agent.ok("POST", f"/api/v1/cases/{customer.case}/take", {})
    invitation = await agent.ok("POST", f"/api/v1/sessions/{customer.session}/invitations", {"name": "Gus"})
    guest = site.browser("visitor")
    await guest.ok("POST", "/api/v1/links/exchange", {"secret": invitation["link"].partition("#")[2]})
    line = await guest.line()
    assert (await line.ask("watch", {"case": customer.case}))["ok"]
    await agent.ok("DELETE", f"/api/v1/links/{invitation['id']}")
    async with asyncio.timeout(5):
        await line.is_gone.wait()
    assert (await guest.get(f"/api/v1/cases/{customer.case}")).status in {401, 404}


BROKEN_EVENTS: list[Any] = [None, "text", 7, [], {}, {"case": 1}, {"case": "x", "after": -1}, {"case": "x", "more": 1}]


@pytest.mark.parametrize("body", BROKEN_EVENTS, ids=range(len(BROKEN_EVENTS)))
async def test_broken_events_get_a_sentence(site: Site, body: Any) -> None:
    line = await (await site.customer()).line()
    ack = await line.ask("watch", body)
    assert ack["ok"] is False
    assert ack["code"] in {"bad_field", "bad_request"}
    assert len(ack["detail"]) > 20


class Raw:
    """A client without manners: it speaks Engine.IO by hand."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def is_cut(self, limit_s: float = 3.0) -> bool:
        """Whether the server ends the connection within the limit."""
        try:
            async with asyncio.timeout(limit_s):
                async for _ in self.ws:
                    pass
                return True
        except TimeoutError:
            return False


async def raw(browser: Browser) -> Raw:
    url = browser.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    ws = await browser.http.ws_connect(
        url, headers={"Origin": browser.url, "Cookie": browser.cookies()}, max_msg_size=0
    )
    await ws.receive()  # Engine.IO's open packet
    await ws.send_str('40{"as":"visitor"}')
    assert (await ws.receive()).data.startswith("40")
    return Raw(ws)


async def test_flood_of_events_is_cut_off_and_others_do_not_notice(site: Site) -> None:
    customer, other = await site.customer(), await site.customer()
    calm = await other.line()
    rude = await raw(customer)
    for _ in range(2000):
        await rude.ws.send_str('42["unwatch",{"case":"x"}]')
    assert await rude.is_cut()
    assert (await calm.ask("watch", {"case": other.case}))["ok"]


@pytest.mark.parametrize(
    "packet",
    ['451-["watch",{"_placeholder":true,"num":0}]', "459999999999-", '4510-["x"]', b"binary", "4" + "2" + "x" * 70_000],
    ids=["attachment", "endless-attachments", "ten-attachments", "binary", "too-long"],
)
async def test_packets_that_no_page_sends_cut_the_connection(site: Site, packet: str | bytes) -> None:
    rude = await raw(await site.customer())
    if isinstance(packet, bytes):
        await rude.ws.send_bytes(packet)
    else:
        await rude.ws.send_str(packet)
    assert await rude.is_cut()


async def test_broken_packets_are_counted(site: Site) -> None:
    rude = await raw(await site.customer())
    for _ in range(5):
        await rude.ws.send_str("42" + "[" * 30_000)
    assert await rude.is_cut()


async def test_connection_that_never_says_hello_is_closed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.signaling import guard

    monkeypatch.setattr(guard, "HELLO_LIMIT_S", 0.1)
    customer = await site.customer()
    url = site.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    ws = await customer.http.ws_connect(url, headers={"Origin": site.url})
    assert await Raw(ws).is_cut(8.0)


async def test_polling_is_not_served(site: Site) -> None:
    customer = await site.customer()
    reply = await customer.get("/socket.io/?EIO=4&transport=polling", headers={"Origin": site.url})
    assert reply.status == 400


def test_private_names_of_the_socket_library_are_where_we_expect_them() -> None:
    for name in ("_handle_eio_connect", "_handle_eio_message", "_handle_eio_disconnect"):
        assert asyncio.iscoroutinefunction(getattr(socketio.AsyncServer, name))


@pytest.mark.parametrize("after", [-1, 2**31, 10**30])
async def test_number_that_no_timeline_can_have_is_refused(site: Site, after: int) -> None:
    """A number beyond the column once failed in the driver, stayed behind as a feed, and ended the sweep of everybody."""
    customer = await site.customer()
    line = await customer.line()
    assert (await line.ask("watch", {"case": customer.case, "after": after}))["code"] == "bad_field"
    assert await line.ask("watch", {"case": customer.case, "after": 2**31 - 1}) == {"ok": True, "seq": 2**31 - 1}
