"""The edge: same origin, cookies, headers, limits, broken bodies, error pages, forged proxies."""

import json
import re
from pathlib import Path

import pytest
from socketio.exceptions import ConnectionError as Refused

from server.config import ROOT
from server.domain.words import Role
from tests.servers import Redis
from tests.site import Browser, Site, client_id, running_site, settings_for

STATIC_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@pytest.mark.parametrize(
    "path", ["/", "/c/", "/desk/sign-in", "/nowhere", "/api/v1/topics", "/healthz", "/s/x", "/api/v1/me"]
)
async def test_every_reply_carries_the_safe_headers(site: Site, path: str) -> None:
    reply = await site.browser().get(path, headers={"Accept": "text/html"})
    assert {name: reply.headers.get(name) for name in STATIC_HEADERS} == STATIC_HEADERS
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "Server" not in reply.headers
    assert "Strict-Transport-Security" not in reply.headers  # Only where HTTPS is.


async def test_private_replies_are_not_kept_by_caches(site: Site) -> None:
    customer = await site.customer()
    for path in (f"/api/v1/cases/{customer.case}", f"/c/{customer.case}", f"/s/{customer.session}", "/api/v1/topics"):
        assert (await customer.get(path)).headers["Cache-Control"] == "no-store", path


async def test_hashed_files_are_kept_for_ever_and_compressed(site: Site) -> None:
    page = (await site.browser().get("/")).body.decode()
    names = [part.split('"')[0] for part in page.split("/static/")[1:]]
    assert names
    for name in set(names):
        reply = await site.browser().get(f"/static/{name}", headers={"Accept-Encoding": "gzip"})
        assert reply.status == 200, name
        assert "immutable" in reply.headers["Cache-Control"]


async def test_first_page_is_light(site: Site) -> None:
    """The customer's first page with everything it loads: under 200 kB over the wire."""
    total = 0
    for path in await paths_of_page(site.browser(), "/"):
        async with site.browser().http.get(path, headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as answer:
            total += len(await answer.read())
    assert total < 200_000


async def paths_of_page(browser: Browser, path: str) -> list[str]:
    page = (await browser.get(path)).body.decode()
    return [path, *sorted({"/static/" + part.split('"')[0] for part in page.split("/static/")[1:]})]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:1.evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    ],
)
async def test_changes_from_another_origin_are_refused(site: Site, headers: dict[str, str]) -> None:
    customer = await site.customer()
    before = (await customer.ok("GET", f"/api/v1/cases/{customer.case}/timeline"))["seq"]
    body = {"text": "hello", "client_id": client_id()}
    reply = await customer.post(f"/api/v1/cases/{customer.case}/chat", body, headers=headers)
    assert (reply.status, reply.code) == (403, "cross_origin")
    assert (await customer.ok("GET", f"/api/v1/cases/{customer.case}/timeline"))["seq"] == before


async def test_change_without_origin_needs_the_browsers_word(site: Site) -> None:
    customer = await site.customer()
    path, line = f"/api/v1/cases/{customer.case}/chat", json.dumps({"text": "hello", "client_id": client_id()})
    for headers, status in (
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
    ):
        more = {**headers, "Content-Type": "application/json"}
        async with customer.http.post(path, data=line, headers=more) as answer:
            assert answer.status == status, headers


async def test_json_in_disguise_is_refused(site: Site) -> None:
    customer = await site.customer()
    body = json.dumps({"text": "hello", "client_id": client_id()}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        reply = await customer.post(f"/api/v1/cases/{customer.case}/chat", body, headers={"Content-Type": kind})
        assert (reply.status, reply.code) == (415, "not_json"), kind


BROKEN = [
    (b"", 400, "bad_request"),
    (b"{", 400, "bad_request"),
    (b"[]", 400, "bad_request"),
    (b"null", 400, "bad_request"),
    (b"\xff\xfe", 400, "bad_request"),
    (b"[" * 5000, 400, "bad_request"),
    (b'{"text": 1, "client_id": "aaaaaaaaaaaaaaaa"}', 400, "bad_field"),
    (b'{"text": "", "client_id": "aaaaaaaaaaaaaaaa"}', 400, "bad_field"),
    (b'{"text": "x"}', 400, "bad_field"),
    (b'{"text": "x", "client_id": "aaaaaaaaaaaaaaaa", "case": "other"}', 400, "bad_field"),
    (b'{"text": "x", "client_id": "a b c d e f g h i"}', 400, "bad_field"),
    (json.dumps({"text": "x" * 4001, "client_id": "a" * 16}).encode(), 400, "bad_field"),
    (json.dumps({"text": "x" * 1_000_000, "client_id": "a" * 16}).encode(), 413, "too_large"),
]


@pytest.mark.parametrize(("body", "status", "code"), BROKEN, ids=range(len(BROKEN)))
async def test_broken_bodies_get_a_sentence(site: Site, body: bytes, status: int, code: str) -> None:
    customer = await site.customer()
    headers = {"Content-Type": "application/json", "Accept-Language": "de"}
    reply = await customer.post(f"/api/v1/cases/{customer.case}/chat", body, headers=headers)
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert len(reply.json["detail"]) > 20


async def test_body_that_lies_about_its_length_is_cut(site: Site) -> None:
    customer = await site.customer()

    async def endless() -> object:
        for _ in range(200):
            yield b"x" * 8192

    headers = {"Origin": site.url, "Content-Type": "application/json"}
    async with customer.http.post(f"/api/v1/cases/{customer.case}/chat", data=endless(), headers=headers) as answer:
        assert answer.status == 413


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 5000, "ü" * 20, "a b", "__Host-"])
async def test_wrong_cookies_are_nobody(site: Site, secret: str) -> None:
    customer = await site.customer()
    for name in ("__Host-oase-visitor", "oase-visitor", "__Host-oase-agent"):
        browser = site.browser()
        headers = {"Cookie": f"{name}={secret}".encode().decode("latin-1")}
        reply = await browser.get(f"/api/v1/cases/{customer.case}", headers=headers)
        assert reply.status == 401
        assert reply.code == "not_signed_in"


async def test_flipped_cookie_is_nobody(site: Site) -> None:
    customer = await site.customer()
    secret = customer.cookies().partition("=")[2]
    changed = [secret[:n] + ("A" if secret[n] != "A" else "B") + secret[n + 1 :] for n in range(len(secret))]
    for wrong in (*changed, secret[:-1], secret + "A", secret.swapcase(), secret * 2):
        reply = await site.browser().get(
            f"/api/v1/cases/{customer.case}", headers={"Cookie": f"__Host-oase-visitor={wrong}"}
        )
        assert reply.status == 401


async def test_cookies_are_as_they_should_be(site: Site) -> None:
    browser = site.browser()
    topics = await browser.ok("GET", "/api/v1/topics")
    wish = {"topic": topics["topics"][0]["id"], "summary": "x", "name": "Bo", "client_id": client_id()}
    cookie = (await browser.post("/api/v1/cases", wish)).headers["Set-Cookie"]
    assert cookie.startswith("__Host-oase-visitor=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


async def test_forwarded_headers_count_only_from_our_proxies(tmp_path: Path) -> None:
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9"}
    async with running_site(settings_for(tmp_path / "a")) as site:
        reply = await site.browser().get("/", headers=forged)
        assert "Strict-Transport-Security" not in reply.headers
        assert "evil.example" not in reply.headers["Content-Security-Policy"]
    async with running_site(settings_for(tmp_path / "b", trusted_proxies="127.0.0.0/8")) as site:
        reply = await site.browser().get("/", headers={**forged, "X-Forwarded-Host": "help.example"})
        assert "Strict-Transport-Security" in reply.headers
        assert "wss://help.example" in reply.headers["Content-Security-Policy"]


async def test_limits_slow_one_address_down(tmp_path: Path) -> None:
    async with running_site(settings_for(tmp_path, rate=1.0)) as site:
        guesser = site.browser()
        codes = [(await guesser.post("/api/v1/links/exchange", {"secret": f"guess{n}"})).code for n in range(14)]
        assert codes[:10] == ["bad_link"] * 10
        assert set(codes[10:]) == {"too_many_requests"}
        reply = await guesser.post("/api/v1/links/exchange", {"secret": "again"})
        assert reply.status == 429
        assert int(reply.headers["Retry-After"]) > 0


async def test_one_address_opens_as_many_sockets_as_the_operator_says(tmp_path: Path) -> None:
    async with running_site(settings_for(tmp_path, rate=1.0, sockets=2)) as site:
        bo = await site.customer()
        first = await bo.line()
        await bo.line()
        with pytest.raises(Refused):
            await bo.line()
        await first.close()
        await bo.line()


async def test_limits_are_shared_over_redis_and_stay_without_it(tmp_path: Path, redis_server: Redis) -> None:
    shared = {"rate": 1.0, "redis_url": redis_server.url}
    async with (
        running_site(settings_for(tmp_path / "a", **shared)) as here,
        running_site(settings_for(tmp_path / "b", **shared)) as there,
    ):

        async def guess(site: Site) -> str:
            return (await site.browser().post("/api/v1/links/exchange", {"secret": "guess"})).code

        codes = [await guess(site) for site in (here, there) * 6]
        assert codes == ["bad_link"] * 10 + ["too_many_requests"] * 2
        redis_server.stop()
        try:
            assert (await here.browser().get("/api/v1/topics")).status == 200
            codes = [await guess(here) for _ in range(11)]
            assert codes[-1] == "too_many_requests"
        finally:
            redis_server.start()


async def test_wrong_passwords_slow_down_and_lock_nobody_out(tmp_path: Path) -> None:
    async with running_site(settings_for(tmp_path, rate=1.0, trusted_proxies="127.0.0.1")) as site:
        agent = await site.agent()
        await agent.ok("PUT", "/api/v1/me/password", {"password": "correct horse battery"})
        email = (await agent.ok("GET", "/api/v1/me"))["email"]
        wrong, elsewhere = {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2"}
        codes = []
        for _ in range(12):
            reply = await site.browser().post("/api/v1/sign-in", {"email": email, "password": "no"}, headers=wrong)
            codes.append(reply.code)
        assert codes[0] == "wrong_password"
        assert codes[-1] == "too_many_requests"
        right = {"email": email, "password": "correct horse battery"}
        assert (await site.browser().post("/api/v1/sign-in", right, headers=elsewhere)).status == 200


async def test_error_pages_say_what_to_do_and_nothing_else(site: Site) -> None:
    for path, status in (
        ("/nowhere", 404),
        ("/s/unknown", 401),
        ("/r/unknown", 401),
        ("/%2e%2e/etc/passwd", 404),
        ("/c/a%00b", 200),
    ):
        reply = await site.browser().get(path, headers={"Accept": "text/html"})
        assert reply.status == status, path
        text = reply.body.decode()
        assert "Traceback" not in text
        assert "aiohttp" not in text
        assert str(ROOT) not in text
    reply = await site.browser().call("PUT", "/api/v1/topics", {})
    assert (reply.status, reply.code) == (405, "wrong_method")
    assert "GET" in reply.headers["Allow"]


async def test_desk_asks_strangers_to_sign_in(site: Site) -> None:
    reply = await site.browser().get("/desk")
    assert (reply.status, reply.headers["Location"]) == (303, "/desk/sign-in")


async def test_sign_in_leads_back_to_what_was_asked_for(site: Site) -> None:
    """A link from a ticket: the desk with its case, a moment of a recording."""
    reply = await site.browser().get("/desk?case=abc")
    assert reply.headers["Location"] == "/desk/sign-in?next=%2Fdesk%3Fcase%3Dabc"
    async with site.browser().http.get("/r/abc?t=3m20s") as answer:
        assert 'href="/desk/sign-in?next=%2Fr%2Fabc%3Ft%3D3m20s"' in await answer.text()
    async with site.browser().http.get("/desk/sign-in", params={"next": "/r/abc?t=3m20s"}) as answer:
        page = (await answer.text()).split('id="page">')[1].split("</script>")[0]
    assert json.loads(page)["next"] == "/r/abc?t=3m20s"


@pytest.mark.parametrize(
    "wish", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx", "/api/v1/me"]
)
async def test_sign_in_never_leads_elsewhere(site: Site, wish: str) -> None:
    reply = await site.browser().get("/desk/sign-in", headers={})
    assert reply.status == 200
    async with site.browser().http.get("/desk/sign-in", params={"next": wish}) as answer:
        page = (await answer.text()).split('id="page">')[1].split("</script>")[0]
    assert json.loads(page)["next"] == "/desk"


async def test_page_data_cannot_end_its_element(site: Site) -> None:
    nasty = "</script><script>alert(1)</script>&<!--"
    form = {"topic": "none", "summary": nasty, "name": nasty, "client_id": client_id()}
    async with site.browser().http.post("/", data=form, headers={"Origin": site.url}) as answer:
        text = await answer.text()
    assert answer.status == 400
    assert "<script>alert" not in text
    page = text.split('id="page">')[1].split("</script>")[0]
    assert json.loads(page)["form"]["summary"] == nasty


async def test_form_works_without_javascript(site: Site) -> None:
    browser = site.browser()
    topic = (await browser.ok("GET", "/api/v1/topics"))["topics"][0]
    form = {"topic": topic["slug"], "summary": "No light", "name": "Bo", "language": "de", "client_id": client_id()}
    async with browser.http.post("/", data=form, headers={"Origin": site.url}, allow_redirects=False) as answer:
        assert answer.status == 303
        case = answer.headers["Location"].removeprefix("/c/")
    assert (await browser.ok("GET", f"/api/v1/cases/{case}"))["summary"] == "No light"


async def test_language_is_asked_for_and_kept(site: Site) -> None:
    browser = site.browser()
    assert 'lang="de"' in (await browser.get("/", headers={"Accept-Language": "fr, de;q=0.7, en;q=0.1"})).body.decode()
    assert 'lang="en"' in (await browser.get("/", headers={"Accept-Language": "en-GB,en;q=0.9"})).body.decode()
    assert 'lang="de"' in (await browser.get("/", headers={"Accept-Language": ";;q=x,,*"})).body.decode()
    async with browser.http.get("/", params={"lang": "en"}):
        pass
    assert 'lang="en"' in (await browser.get("/", headers={"Accept-Language": "de"})).body.decode()


async def test_alive_says_so_without_database_or_media(site: Site) -> None:
    await site.house.db.close()
    assert (await site.browser().get("/healthz")).status == 200
    reply = await site.browser().get("/readyz")
    assert reply.status == 503
    assert reply.json["media"] is False


async def test_numbers_are_there_for_prometheus(site: Site) -> None:
    await site.customer()
    text = (await site.browser().get("/metrics")).body.decode()
    assert 'oase_http_requests_total{route="POST /api/v1/cases",status="201"}' in text
    assert "oase_loop_lag_seconds" in text
    tasks = re.search(r"^oase_tasks (\S+)$", text, re.MULTILINE)
    assert tasks is not None
    assert float(tasks[1]) > 0


async def test_admin_routes_are_for_admins(site: Site) -> None:
    agent, admin = await site.agent(), await site.agent("Eve", Role.ADMIN)
    assert (await agent.get("/api/v1/admin/agents")).code == "forbidden"
    added = await admin.ok("POST", "/api/v1/admin/agents", {"email": "new@example.org", "name": "New"})
    off = await admin.ok("PATCH", f"/api/v1/admin/agents/{added['agent']['id']}", {"disabled": True})
    assert off["disabled"] is True


async def test_one_browser_can_be_agent_and_customer(site: Site) -> None:
    both = await site.agent()
    await both.open_case()
    both.wish = "visitor"
    assert (await both.get(f"/api/v1/cases/{both.case}")).json["email"] is None
    assert (await both.get("/api/v1/me")).code == "forbidden"
    both.wish = "agent"
    assert (await both.get("/api/v1/me")).status == 200


async def test_long_line_of_any_script_is_taken(site: Site) -> None:
    customer = await site.customer()
    text = "\N{GRINNING FACE}" * 4000  # Twelve bytes each when a program escapes them, four when not.
    body = {"text": text, "client_id": client_id()}
    said = await customer.ok("POST", f"/api/v1/cases/{customer.case}/chat", body)
    assert said["text"] == text


async def test_wrong_field_is_named_as_the_page_names_it(site: Site) -> None:
    reply = await site.browser().post(
        "/api/v1/cases",
        {"topic": "x", "summary": "", "name": "Bo"},
    )
    assert reply.json["field"] == "summary"
    assert "“What is wrong?”" in reply.json["detail"]


async def test_answers_about_a_case_speak_the_callers_language(site: Site) -> None:
    """Not the case's own: what an agent does answers with all that the page shows."""
    agent, customer = await site.agent(), await site.customer()
    path = f"/api/v1/cases/{customer.case}"
    names = {}
    for language in ("de", "en"):
        read = await agent.get(path, headers={"Accept-Language": language})
        names[language] = read.json["topic"]["name"]
    assert names["de"] != names["en"]
    acts = [("take", {}), ("release", {}), ("take", {}), ("close", {"outcome": "solved"}), ("reopen", {})]
    for number, (verb, body) in enumerate(acts):
        language = ("de", "en")[number % 2]
        done = await agent.post(f"{path}/{verb}", body, headers={"Accept-Language": language})
        assert (verb, done.json["topic"]["name"]) == (verb, names[language])
