"""Credentials of a TURN server: right by RFC arithmetic, short-lived, and only for somebody who has a connection."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from server.config import Settings
from server.domain.principal import Principal
from server.domain.turn import LIFETIME_S, turn_password, turn_user
from server.errors import NotFound
from server.service.media_views import ConnectionView
from server.service.sessions import connect_standby, renew_turn
from tests.desk import Desk, open_desk

SECRET = "north-star-and-anchor"
URLS = "turns:turn.example.org:443?transport=tcp, turn:[2001:db8::7]:3478"


def test_password_is_what_the_server_computes() -> None:
    user = turn_user("ann", 1_800_000_000)
    assert user.startswith("1800000000:")
    assert "ann" not in user
    assert turn_user("ann", 1_900_000_000).partition(":")[2] == user.partition(":")[2]  # One person is counted as one.
    # Of RFC 2202, case 2, as base64.
    assert turn_password("Jefe", "what do ya want for nothing?") == "7/zfauXrL6LSdBbV8YTfnCWafHk="


@pytest.mark.parametrize(
    ("urls", "secret"),
    [
        *(("turn:turn.example.org", ""), ("turn:turn.example.org", "short"), ("stun:stun.example.org", SECRET)),
        *(("turn:turn.example.org,nonsense", SECRET), ('turn:a"b;c', SECRET), ("turn:host?transport=sctp", SECRET)),
    ],
)
def test_half_a_setting_is_refused_without_showing_the_secret(tmp_path: Path, urls: str, secret: str) -> None:
    with pytest.raises(ValueError, match="TURN_") as refused:
        Settings(data=tmp_path, turn_urls=urls, turn_secret=secret)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(Settings(data=tmp_path, turn_urls=URLS, turn_secret=SECRET))


async def test_credentials_come_with_a_connection_and_are_renewed_for_its_owner_alone(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_desk(sqlite_url, tmp_path, turn_urls=URLS, turn_secret=SECRET) as desk:
        customer, stranger = await desk.customer_opens_case(), await desk.customer_opens_case("Stranger")
        ann = await desk.agent("ann")
        mine = await desk.connects(customer.principal, customer.session)
        await check(desk, customer.principal, mine, stranger.principal)
        await check(desk, ann, await connect_standby(desk.house, ann, "v=0", {}), stranger.principal)


async def check(desk: Desk, person: Principal, made: ConnectionView, stranger: Principal) -> None:
    ends_at = int(desk.house.now().timestamp()) + LIFETIME_S
    assert made.turn is not None
    assert made.turn.urls == [one.strip() for one in URLS.split(",")]
    assert made.turn.expires_in_s == LIFETIME_S <= 600
    assert made.turn.username.startswith(f"{ends_at}:")
    digest = hmac.new(SECRET.encode(), made.turn.username.encode(), hashlib.sha1).digest()
    assert made.turn.credential == base64.b64encode(digest).decode()
    desk.clock.move(seconds=480)
    renewed = await renew_turn(desk.house, person, made.connection)
    assert renewed.username.startswith(f"{ends_at + 480}:")
    with pytest.raises(NotFound):
        await renew_turn(desk.house, stranger, made.connection)


async def test_without_a_server_nobody_gets_any(small_desk: Desk) -> None:
    customer = await small_desk.customer_opens_case()
    made = await small_desk.connects(customer.principal, customer.session)
    assert made.turn is None
    assert (await renew_turn(small_desk.house, customer.principal, made.connection)).urls == []
