"""Requests that nobody would send, made from the description of the API: never an internal error, always a problem that says its code."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from server.api.door import Shape
from server.api.openapi import description
from server.api.registry import EVENTS, ROUTES
from tests.site import Browser, Site

EXAMPLES = 8
SKIPPED = {"/api/v1/sign-out", "/api/v1/me/password"}  # They would end the sign-in that the others need.

schema = schemathesis.openapi.from_dict(description(ROUTES, EVENTS))
OPERATIONS = {
    f"{operation.ok().method.upper()} {operation.ok().path}": operation.ok()
    for operation in schema.get_all_operations()
}
JSON_ROUTES = [route for route in ROUTES if route.shape is Shape.JSON and route.path not in SKIPPED]


async def send(browser: Browser, case: Any) -> int:
    """The status of the answer to a made-up request."""
    path = case.formatted_path if "{" not in case.formatted_path else "/"
    body = case.body if isinstance(case.body, dict | list | str | int | float | bool | None.__class__) else None
    reply = await browser.call(case.method.upper(), path, body)
    assert reply.status < 500 or reply.code in {"media_away"}, (case.method, path, body, reply.body[:300])
    if reply.status >= 400:
        assert reply.code, reply.body[:300]
        assert reply.json["detail"]
    return reply.status


@pytest.mark.parametrize("who", ["customer", "agent"])
async def test_made_up_requests_get_a_sensible_answer(site: Site, who: str) -> None:
    browser = await (site.customer() if who == "customer" else site.agent())
    answers = {route.key: [await send(browser, case) for case in examples(route.key)] for route in JSON_ROUTES}
    assert len(answers) == len(JSON_ROUTES)
    assert all(answers.values()), "a route got no request"
    seen = {status for statuses in answers.values() for status in statuses}
    assert {200, 400} <= seen, "requests that are all refused, or all accepted, try little"


def examples(key: str) -> list[Any]:
    """A few made-up requests for one route, the same in every run."""
    found: list[Any] = []

    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        found.append(data.draw(OPERATIONS[key].as_strategy()))

    collect()
    return found
