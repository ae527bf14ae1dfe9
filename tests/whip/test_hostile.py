"""A program that does everything wrong (RFC 9725, sections 4.2 to 4.5): the exact codes, and nothing of others is changed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.domain.turn import turn_password
from server.media import house
from tests.whip.studio import FRAGMENT, SDP, Machine, Studio, Watcher, open_studio

RESTART = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    async with open_studio(tmp_path) as one:
        yield one


async def offer() -> str:
    """What a player offers; turned round it is what a camera offers."""
    player = Watcher()
    sdp = await player.offer()
    await player.close()
    return sdp


async def test_wrong_requests_get_the_exact_codes(studio: Studio) -> None:
    key = (await studio.key())["key"]
    path, sdp = f"/whip/{studio.session}", (await offer()).replace("a=recvonly", "a=sendonly")
    machine, nobody = Machine(studio.site, key), Machine(studio.site)
    assert (await nobody.call("POST", path, sdp)).status == 401
    refused = await Machine(studio.site, "wrong").call("POST", path, sdp)
    assert (refused.status, refused.code) == (401, "bad_key")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await machine.call("POST", "/whip/nowhere", sdp)).status == 404
    assert (await machine.call("POST", f"/whep/{studio.session}", sdp)).status == 404
    for method in ("GET", "PUT", "PATCH"):
        assert (await machine.call(method, path, sdp)).status == 405, method
    assert (await machine.call("POST", path, sdp, "application/json")).status == 415
    assert (await machine.call("POST", path, sdp, "")).status == 415
    assert (await machine.call("POST", path, sdp, Accept="text/html")).status == 406
    assert (await machine.call("POST", path, "nonsense")).code == "bad_sdp"
    assert (await machine.call("POST", path, await offer())).status == 422
    assert (await machine.call("POST", path, sdp * 40)).status == 413
    assert (await studio.people()) == {}


async def test_connection_belongs_to_its_key(studio: Studio) -> None:
    mine, other = Machine(studio.site, (await studio.key())["key"]), Machine(studio.site, (await studio.key())["key"])
    sdp = (await offer()).replace("a=recvonly", "a=sendonly")
    made = await mine.call("POST", f"/whip/{studio.session}", sdp)
    assert made.status == 201
    assert made.headers["Content-Type"].startswith(SDP)
    assert made.headers["Access-Control-Allow-Origin"] == "*"
    one, etag = made.headers["Location"], made.headers["ETag"]
    for method in ("PATCH", "DELETE"):
        theirs = await other.call(method, one, RESTART, FRAGMENT, If_Match=etag)
        nothing = await other.call(method, f"/whip/{studio.session}/nothing", RESTART, FRAGMENT, If_Match=etag)
        assert (theirs.status, theirs.body) == (404, nothing.body)
    assert (await mine.call("PATCH", one, RESTART, FRAGMENT)).status == 428
    assert (await mine.call("PATCH", one, RESTART, FRAGMENT, If_Match='"old"')).status == 412
    assert (await mine.call("PATCH", one, RESTART, SDP, If_Match=etag)).status == 415
    assert (await mine.call("PATCH", one, "nonsense", FRAGMENT, If_Match=etag)).status == 400
    restarted = await mine.call("PATCH", one, RESTART, FRAGMENT, If_Match=etag)
    assert restarted.status == 200
    assert restarted.headers["ETag"] != etag
    assert b"a=ice-ufrag:" in restarted.body
    trickled = await mine.call("PATCH", one, RESTART, FRAGMENT, If_Match=restarted.headers["ETag"])
    assert trickled.status == 204
    assert (await mine.call("DELETE", one)).status == 200
    assert (await mine.call("DELETE", one)).status == 404


async def test_second_offer_replaces_the_first_and_revoking_ends_it(studio: Studio) -> None:
    key = await studio.key()
    machine, sdp = Machine(studio.site, key["key"]), (await offer()).replace("a=recvonly", "a=sendonly")
    first = (await machine.call("POST", f"/whip/{studio.session}", sdp)).headers["Location"].rpartition("/")[2]
    second = (await machine.call("POST", f"/whip/{studio.session}", sdp)).headers["Location"].rpartition("/")[2]
    await studio.rig.event("gone", connection=first, reason="replaced")
    assert (await studio.ann.call("DELETE", f"/api/v1/links/{key['id']}")).status == 204
    await studio.rig.event("gone", connection=second)
    assert (await machine.call("POST", f"/whip/{studio.session}", sdp)).status == 401
    listed = await studio.ann.ok("GET", f"/api/v1/sessions/{studio.session}/sources")
    assert [one["revoked_at"] is not None for one in listed["links"]] == [True]
    assert key["key"] not in str(listed)


async def test_key_is_no_link_and_cookies_count_at_home_only(studio: Studio) -> None:
    key, sdp = await studio.key("viewers"), await offer()
    path = f"/whep/{studio.session}"
    assert (await studio.bo.post("/api/v1/links/exchange", {"secret": key["key"]})).code == "bad_link"
    home = {"Content-Type": SDP}
    assert (await studio.bo.call("POST", path, sdp.encode(), headers=home)).status == 201
    foreign = {**home, "Origin": "https://evil.example"}
    assert (await studio.bo.call("POST", path, sdp.encode(), headers=foreign)).status == 401
    preflight = await Machine(studio.site).call("OPTIONS", path, kind="")
    assert (preflight.status, preflight.headers["Accept-Post"]) == (204, SDP)
    assert "Access-Control-Allow-Credentials" not in preflight.headers


async def test_machines_learn_of_the_turn_server_by_link_headers(tmp_path: Path) -> None:
    urls = "turns:turn.example.org:443?transport=tcp,turn:turn.example.org:3478"
    async with open_studio(tmp_path, turn_urls=urls, turn_secret="north-star-and-anchor") as studio:
        key, watch = await studio.key(), await studio.key("viewers")
        sdp = await offer()
        sent = await Machine(studio.site, key["key"]).call(
            "POST", f"/whip/{studio.session}", sdp.replace("a=recvonly", "a=sendonly")
        )
        seen = await Machine(studio.site, watch["key"]).call("POST", f"/whep/{studio.session}", sdp)
        for made in (sent, seen):
            links = made.headers.getall("Link")
            assert [link.partition(">")[0][1:] for link in links] == urls.split(",")
            for link in links:
                parts = dict(part.strip().split("=", 1) for part in link.partition(">;")[2].split(";"))
                assert parts["rel"] == '"ice-server"'
                assert parts["credential-type"] == '"password"'
                assert parts["credential"].strip('"') == turn_password(
                    "north-star-and-anchor", parts["username"].strip('"')
                )
            assert "Link" in made.headers["Access-Control-Expose-Headers"]
        nobody = await Machine(studio.site).call("OPTIONS", f"/whip/{studio.session}", kind="")
        assert "Link" not in nobody.headers  # Credentials are for somebody who has a connection.


async def test_full_worker_says_when_to_come_again(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "CONNECTIONS_MAX", 0)
    machine = Machine(studio.site, (await studio.key())["key"])
    refused = await machine.call("POST", f"/whip/{studio.session}", (await offer()).replace("a=recvonly", "a=sendonly"))
    assert (refused.status, refused.code) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert await studio.people() == {}
