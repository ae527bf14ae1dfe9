"""docker/turn: what the TURN server may be used for stands in its configuration. `tests/media/test_turn.py` tries it."""

import ipaddress
import re
import stat
from typing import Any

from server.domain.turn import LIFETIME_S
from tests.rules import yaml_subset
from tests.rules.house import ROOT

DOCKER = ROOT / "docker"
NEEDED = [
    "use-auth-secret",
    "fingerprint",
    "no-tcp-relay",
    "no-cli",
    "no-tlsv1",
    "no-tlsv1_1",
    "no-multicast-peers",
    "no-rfc5780",
    "no-stun-backward-compatibility",
    "no-software-attribute",
]
FORBIDDEN = (
    "allow-loopback-peers",
    "no-auth",
    "lt-cred-mech",
    "user=",
    "static-auth-secret",
    "allowed-peer-ip",
    "web-admin",
)
DENIED = [
    "0.0.0.0/0",
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
    "::/0",
    "::/128",
    "::1/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def lines() -> list[str]:
    text = (DOCKER / "turn" / "turnserver.conf").read_text()
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def value(name: str) -> int:
    return next(int(line.partition("=")[2]) for line in lines() if line.startswith(f"{name}="))


def denied() -> list[tuple[Address, Address]]:
    found = []
    for line in lines():
        if line.startswith("denied-peer-ip="):
            first, _, last = line.partition("=")[2].partition("-")
            found.append((ipaddress.ip_address(first), ipaddress.ip_address(last or first)))
    return found


def compose() -> dict[str, Any]:
    return dict(yaml_subset.read((DOCKER / "compose.turn.yml").read_text()))


def test_what_it_needs_is_there_and_what_opens_it_is_not() -> None:
    assert [one for one in NEEDED if one not in lines()] == []
    assert [line for line in lines() if line.startswith(FORBIDDEN)] == []


def test_every_range_is_denied_whole() -> None:
    for text in DENIED:
        network = ipaddress.ip_network(text)
        assert (network[0], network[-1]) in denied(), text


def test_one_person_and_all_together_have_limits() -> None:
    assert 1 <= value("user-quota") <= 10
    assert 1 <= value("total-quota") <= 1000
    assert 0 < value("max-bps") <= 5_000_000
    assert value("max-allocate-lifetime") <= LIFETIME_S
    assert value("stale-nonce") <= LIFETIME_S


def test_secret_is_in_no_argument_and_in_no_file_of_the_checkout() -> None:
    script = (DOCKER / "turn" / "start.sh").read_text()
    assert (DOCKER / "turn" / "start.sh").stat().st_mode & stat.S_IXUSR
    assert script.index("umask 077") < script.index("static-auth-secret=")
    started = re.findall(r"^exec .*$", script, re.MULTILINE)
    assert len(started) == 1
    assert "SECRET" not in started[0]


def test_container_has_no_rights_and_no_way_inside() -> None:
    service = compose()["services"]["coturn"]
    assert service["read_only"] == "true"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["networks"] == ["outside"]
    assert re.fullmatch(r"coturn/coturn:\d[\w.-]*", service["image"])
    assert sorted(port.rpartition("}:")[2] for port in service["ports"]) == ["3478:3478/udp", "443:5349/tcp"]


def test_every_variable_is_in_the_example_and_on_the_page() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", (DOCKER / "compose.turn.yml").read_text()))
    example = set(re.findall(r"^#?(\w+)=", (DOCKER / "example.env").read_text(), re.MULTILINE))
    page = (DOCKER / "README.md").read_text()
    assert used <= example
    assert [name for name in used if f"`{name}" not in page] == []
