"""docker/: no engine is needed to see that the files fit each other, the settings and the page for operators."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server.config import WORKERS_BY_ITSELF, Settings
from tests.rules import yaml_subset
from tests.rules.house import ROOT

DOCKER = ROOT / "docker"
SETTINGS = {field.validation_alias.choices[0] for field in Settings.model_fields.values()}  # type: ignore[union-attr]


def compose() -> dict[str, Any]:
    return dict(yaml_subset.read((DOCKER / "compose.yml").read_text()))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with continued lines joined."""
    lines = [line for line in (DOCKER / "Dockerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


def last_stage() -> list[tuple[str, str]]:
    steps = instructions()
    start = max(place for place, (word, _) in enumerate(steps) if word == "FROM")
    return steps[start:]


def test_image_runs_as_somebody_without_rights() -> None:
    users = [what for word, what in last_stage() if word == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}


def test_image_says_whether_it_is_healthy() -> None:
    checks = [what for word, what in last_stage() if word == "HEALTHCHECK"]
    assert len(checks) == 1
    assert "/healthz" in checks[0]


def test_image_installs_only_hashed_packages() -> None:
    installs = [what for word, what in instructions() if word == "RUN" and "pip install" in what]
    assert installs
    assert all("--require-hashes" in what for what in installs)


def test_front_end_has_its_own_stage_and_the_locked_node() -> None:
    stages = [what.split()[-1] for word, what in instructions() if word == "FROM"]
    assert "front-end" in stages
    assert not any("apt-get" in what or "curl" in what for word, what in instructions() if word == "RUN")
    assert any("--from=front-end" in what for word, what in last_stage() if word == "COPY")


def test_everything_copied_exists_and_is_let_through() -> None:
    let = [line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    for word, what in instructions():
        if word == "COPY" and "--from" not in what:
            source = what.split()[0]
            assert (ROOT / source).exists(), source
            assert any(source == top or source.startswith(top + "/") for top in let), source


def test_image_starts_what_the_command_line_has() -> None:
    ends = {word: what for word, what in last_stage() if word in {"ENTRYPOINT", "CMD"}}
    assert ends == {"ENTRYPOINT": '["python", "-m", "server"]', "CMD": '["serve"]'}


def test_images_name_a_version() -> None:
    froms = [what.split()[0] for word, what in instructions() if word == "FROM"]
    images = [image for image in froms if ":" in image or "/" in image]
    images += [service["image"] for service in compose()["services"].values() if "build" not in service]
    assert images
    for image in images:
        assert re.fullmatch(r"[a-z/]+:\d[\w.-]*", image), image


def test_settings_passed_on_exist() -> None:
    passed = set(compose()["services"]["oase"]["environment"])
    assert passed <= SETTINGS
    env = next(what for word, what in last_stage() if word == "ENV")
    named = {name for name in re.findall(r"(\w+)=", env) if name.startswith("OASE_")}
    assert named <= SETTINGS


def test_every_variable_is_documented() -> None:
    text = (DOCKER / "compose.yml").read_text()
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    example = set(re.findall(r"^(\w+)=", (DOCKER / "example.env").read_text(), re.MULTILINE))
    assert used == example
    page = (DOCKER / "README.md").read_text()
    assert not [
        name
        for name in used | SETTINGS
        if f"`{name}`" not in page and f"`{name}=" not in page and "PASSWORD" not in name
    ]


def test_no_secret_has_a_default() -> None:
    text = (DOCKER / "compose.yml").read_text() + (DOCKER / "compose.turn.yml").read_text()
    for name, rest in re.findall(r"(?<!\$)\$\{(\w*(?:PASSWORD|SECRET|TOKEN)\w*)([^}]*)\}", text):
        assert rest.startswith(":?"), name
        assert len(rest.split()) > 5, f"{name}: a sentence says what to do"
    assert not compose()["services"]["oase"]["environment"][
        "TURN_SECRET"
    ]  # As it is in the environment, or not at all.
    for line in (DOCKER / "example.env").read_text().splitlines():
        if re.match(r"#?\w*(PASSWORD|SECRET)\w*=", line):
            assert line.endswith("="), line


def test_only_the_needed_ports_are_open() -> None:
    published = {port for service in compose()["services"].values() for port in service.get("ports", [])}
    media = f"7882-{7882 + WORKERS_BY_ITSELF - 1}"
    assert published == {f"{media}:{media}/udp", f"{media}:{media}/tcp", "80:80", "443:443", "443:443/udp"}


def test_proxy_address_is_the_trusted_one() -> None:
    services = compose()["services"]
    trusted = services["oase"]["environment"]["OASE_TRUSTED_PROXIES"]
    assert services["caddy"]["networks"]["inside"]["ipv4_address"] == trusted


def test_volumes_are_declared_and_used() -> None:
    whole = compose()
    used = {mount.split(":")[0] for service in whole["services"].values() for mount in service.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(whole["volumes"])
    assert "recordings:/recordings" in whole["services"]["oase"]["volumes"]


def test_container_keeps_no_rights_it_does_not_need() -> None:
    oase = compose()["services"]["oase"]
    assert oase["read_only"] == "true"
    assert oase["cap_drop"] == ["ALL"]
    assert oase["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in (DOCKER / "compose.yml").read_text().replace("no-new-privileges", "")


def test_caddy_accepts_its_file(tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("Caddy is not installed here")
    environment = {**os.environ, "OASE_DOMAIN": "help.example.org", "OASE_TLS": "internal", "HOME": str(tmp_path)}
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", str(DOCKER / "Caddyfile")]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
