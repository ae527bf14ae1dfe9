"""What is not in the registry does not start; what is in it is described."""

from pathlib import Path

import pytest
from aiohttp import web
from openapi_spec_validator import validate

from server import errors
from server.api import cases
from server.api.call import Handlers
from server.api.language import words
from server.api.openapi import description
from server.api.registry import EVENTS, ROUTES
from server.api.router import add_routes, check_complete
from server.app import make_app
from server.domain.words import Language
from tests.site import Site, settings_for


def test_route_without_a_handler_does_not_start() -> None:
    with pytest.raises(RuntimeError, match="registry and handlers differ"):
        add_routes(web.Application(), ROUTES, [cases.handlers])


def test_handler_without_an_entry_does_not_start(tmp_path: Path) -> None:
    stray = Handlers()

    @stray.on("GET /api/v1/secret")
    async def secret(call: object) -> None: ...

    with pytest.raises(RuntimeError, match="GET /api/v1/secret"):
        add_routes(web.Application(), (), [stray])


def test_route_added_behind_the_registry_is_found(tmp_path: Path) -> None:
    app = make_app(settings_for(tmp_path))
    check_complete(app, ROUTES)

    async def backdoor(request: web.Request) -> web.Response:
        return web.Response()

    app.router.add_post("/api/v1/backdoor", backdoor)
    with pytest.raises(RuntimeError, match="backdoor"):
        check_complete(app, ROUTES)


def test_entries_are_unique_and_described() -> None:
    assert len({route.key for route in ROUTES}) == len(ROUTES)
    assert all(entry.summary for entry in (*ROUTES, *EVENTS))


def test_description_is_valid_openapi() -> None:
    document = description(ROUTES, EVENTS)
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["paths"]["/api/v1/cases"]["post"]["requestBody"]


async def test_description_is_served(site: Site) -> None:
    reply = await site.browser().get("/api/openapi.json")
    assert reply.status == 200
    assert reply.json["info"]["title"] == "Oase"


def every_error() -> list[type[errors.OaseError]]:
    found, todo = [], [errors.OaseError]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("language", list(Language))
def test_each_failure_has_its_sentence(language: Language) -> None:
    missing = [kind.code for kind in every_error() if f"error.{kind.code}" not in words(language)]
    assert missing == []


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in every_error()]
    assert sorted(codes) == sorted(set(codes))
