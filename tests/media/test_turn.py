"""A real coturn with our configuration: a browser that may use nothing else reaches the worker through it, and it leads nowhere else."""

import ssl
import subprocess
import time
from pathlib import Path

import pytest

from server.domain.turn import LIFETIME_S, turn_password, turn_user
from server.media.protocol import Seat
from tests.media import coturn, namespaces
from tests.media.coturn import PORT, SECRET, TLS_PORT, running_coturn
from tests.media.rig import open_rig
from tests.media.test_browsers import chromium, pages_of, wait_for_frames
from tests.media.turn_client import TCP, TurnClient

WHY = coturn.why_not() or namespaces.why_not()
pytestmark = [pytest.mark.net, pytest.mark.skipif(bool(WHY), reason=WHY)]

HOST, HOST6, WORKER, WORKER6 = "10.77.0.1", "fd77::1", "10.77.0.2", "fd77::2"
NETWORK = (f"{HOST}/24", f"{WORKER}/24", f"{HOST6}/64", f"{WORKER6}/64")
DENIED = [
    *("10.77.0.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "127.0.0.1", "0.0.0.0"),
    *("192.0.2.1", "8.8.8.8", "224.0.0.1", "255.255.255.255", HOST),
]
DENIED6 = [
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.77.0.2", "::10.77.0.2", "64:ff9b::10.77.0.2", "2002:a4d:2::1"),
    *("fe80::1", "fc00::1", "fd77::3", "ff02::1", "2001:db8::1", "2a00:1450::1", HOST6),
]


def credentials(lifetime_s: int = LIFETIME_S) -> tuple[str, str]:
    user = turn_user("somebody", int(time.time()) + lifetime_s)
    return user, turn_password(SECRET, user)


async def test_only_the_worker_is_reached_and_only_with_a_credential_that_has_not_ended(tmp_path: Path) -> None:
    with namespaces.network_of(*NETWORK):
        async with running_coturn(tmp_path / "turn", HOST, HOST6, peers=f"{WORKER}, [{WORKER6}]") as log:
            with TurnClient(HOST, PORT, *credentials()) as client:
                assert client.allocate() == 0
                assert client.permit(WORKER) == 0
                assert {peer: client.permit(peer) for peer in DENIED} == dict.fromkeys(DENIED, 403)
            with TurnClient(HOST6, PORT, *credentials()) as client:
                assert client.allocate(ipv6=True) == 0
                assert client.permit(WORKER6) == 0
                got = {peer: client.permit(peer) for peer in DENIED6}
                assert set(got.values()) <= {403, 443}, got  # 443: it takes the address for one of IPv4.
            with TurnClient(HOST, PORT, *credentials(-1)) as client:
                assert client.allocate() == 401
            with TurnClient(HOST, PORT, credentials()[0], "wrong") as client:
                assert client.allocate() == 401
            with TurnClient(HOST, PORT, *credentials()) as client:
                assert client.allocate(transport=TCP) in (400, 442)
            assert SECRET not in log.read_text()


async def test_one_person_gets_ten_allocations(tmp_path: Path) -> None:
    with namespaces.network_of(*NETWORK):
        async with running_coturn(tmp_path / "turn", HOST, peers=WORKER):
            clients = [TurnClient(HOST, PORT, *credentials(LIFETIME_S - number)) for number in range(12)]
            codes = [client.allocate() for client in clients]
            for client in clients:
                client.__exit__(None, None, None)
            assert codes == [0] * 10 + [486] * 2


async def test_tls_is_spoken_where_there_is_a_certificate(tmp_path: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    made += ["-subj", "/CN=turn.test", "-keyout", "privkey.pem", "-out", "fullchain.pem"]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
    context.check_hostname = False
    with namespaces.network_of(*NETWORK):
        async with running_coturn(tmp_path / "turn", HOST, peers=WORKER, certificates=str(tmp_path)):
            with TurnClient(HOST, TLS_PORT, *credentials(), tls=context) as client:
                assert client.allocate() == 0
                assert client.permit(WORKER) == 0


@pytest.mark.browser
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_chromium_reaches_the_worker_through_coturn_alone(tmp_path: Path, transport: str) -> None:
    with namespaces.network_of(*NETWORK):
        async with (
            running_coturn(tmp_path / "turn", HOST, peers=WORKER),
            open_rig(tmp_path, host=WORKER) as rig,
            pages_of(rig) as site,
            chromium(tmp_path, site, 2) as (ann, bob),
        ):
            user, password = credentials()
            server = {"urls": f"turn:{HOST}:{PORT}?transport={transport}", "username": user, "credential": password}
            relayed = {"iceServers": [server], "iceTransportPolicy": "relay"}
            await ann.evaluate("configuration => { window.configuration = configuration; }", relayed)
            for name, page in (("ann", ann), ("bob", bob)):
                connection = await page.evaluate("join(1, 1)")
                await rig.client.seat("s1", name, Seat(connection, on_stage=True))
            await wait_for_frames(ann, "3", 30)
            await wait_for_frames(bob, "3", 30)
            assert await ann.evaluate("usedCandidate()") == "relay"
