"""Imports point one way: the picture is in `server/README.md`."""

import pytest

from tests.rules.house import ROOT, imports_of, python_files

GROUND = {"errors", "tasks", "config", "log", "domain"}
MAY_IMPORT = {
    "domain": {"errors", "domain"},
    "store": GROUND | {"store"},
    "media": GROUND | {"media"},
    "broadcast": GROUND | {"broadcast", "media"},
    "service": GROUND | {"service", "store", "media", "broadcast"},
    "api": GROUND | {"api", "service", "media"},
    "signaling": GROUND | {"signaling", "service", "media", "api"},
}
# Both edges keep one registry, with its words, bodies and callers; routes and pages are no business of the sockets.
DOORS_OF_API = {
    "answers",
    "audience_requests",
    "call",
    "callers",
    "door",
    "language",
    "metrics",
    "registry",
    "requests",
    "wire",
}
# The web process speaks to media through these alone; the rest of `media` is the worker's.
DOORS_OF_MEDIA = {"server.media.protocol", "server.media.client", "server.media.workers"}


def part_of(module: str) -> str | None:
    words = module.split(".")
    return words[1] if words[0] == "server" and len(words) > 1 else None


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_part_imports_only_what_lies_below(part: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in python_files(f"server/{part}")
        for module in imports_of(path)
        if part_of(module) is not None and part_of(module) not in MAY_IMPORT[part] | {"__version__"}
    ]
    assert wrong == []


@pytest.mark.parametrize("part", ["service", "api", "signaling"])
def test_web_process_knows_only_the_doors_of_media(part: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in python_files(f"server/{part}")
        for module in imports_of(path)
        if module.startswith("server.media.") and not any(module.startswith(door) for door in DOORS_OF_MEDIA)
    ]
    assert wrong == []


def test_sockets_share_only_the_registry_with_the_api() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in python_files("server/signaling")
        for module in imports_of(path)
        if module.startswith("server.api.") and module.split(".")[2] not in DOORS_OF_API
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ["aiortc", "aioice", "pylibsrtp"])
def test_private_names_of_a_library_stand_in_one_file(library: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in python_files("server")
        if path.name != "seam.py"
        for module in imports_of(path)
        if module.split(".")[0] == library and any(word.startswith("_") for word in module.split("."))
    ]
    assert wrong == []
