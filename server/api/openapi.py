"""The registry as OpenAPI 3.1: schemas from the pydantic models of requests and the dataclasses of replies."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import TypeAdapter

from server import __version__
from server.api.answers import Problem
from server.api.door import Route, Shape, SocketEvent, Thing, Who

_REF = "#/components/schemas/{model}"
_QUERY = {
    "GET /api/v1/broadcasts": {"before": "string"},
    "GET /api/v1/cases/{case}/timeline": {"after": "integer", "limit": "integer"},
    "GET /api/v1/desk": {"state": "string", "q": "string", "after": "string", "limit": "integer"},
}


def description(routes: Sequence[Route], events: Sequence[SocketEvent]) -> dict[str, Any]:
    """The whole document. Socket events are listed under `x-socket-events`."""
    documented = [route for route in routes if route.shape is not Shape.PAGE]
    names, schemas = _schemas(documented, events)
    paths: dict[str, dict[str, Any]] = {}
    for route in documented:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Oase",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SECURITY},
        "x-socket-events": [_event(event, names) for event in events],
    }


_SECURITY = {
    "visitor": {"type": "apiKey", "in": "cookie", "name": "__Host-oase-visitor"},
    "agent": {"type": "apiKey", "in": "cookie", "name": "__Host-oase-agent"},
    "key": {"type": "http", "scheme": "bearer"},
}
_Names = dict[tuple[Any, str], Any]


def _schemas(routes: Sequence[Route], events: Sequence[SocketEvent]) -> tuple[_Names, dict[str, Any]]:
    """Each type's schema (mostly a reference) by type and direction, and the definitions they refer to."""
    entries: list[Route | SocketEvent] = [*routes, *events]
    bodies = {entry.body for entry in entries if entry.body is not None}
    replies = {entry.answer for entry in entries if entry.answer is not None} | {Problem}
    inputs: list[tuple[Any, Literal["validation", "serialization"], TypeAdapter[Any]]] = []
    inputs += [(kind, "validation", TypeAdapter(kind)) for kind in sorted(bodies, key=lambda kind: kind.__name__)]
    inputs += [(kind, "serialization", TypeAdapter(kind)) for kind in sorted(replies, key=lambda kind: kind.__name__)]
    names, whole = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    return {(kind, mode): schema for (kind, mode), schema in names.items()}, whole.get("$defs", {})


def _operation(route: Route, names: _Names) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": re.sub(r"[^a-z0-9]+", "_", route.key.lower().replace("/api/v1", "")).strip("_"),
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route, names),
        "security": _security(route.who),
        "x-who": route.who.value,
        "x-cost": route.cost,
    }
    if route.thing is not Thing.NOTHING:
        operation["x-names"] = route.thing.value
    if route.body is not None:
        schema = names[route.body, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif route.shape is Shape.UPLOAD:
        operation["requestBody"] = {"required": True, "content": {"*/*": {}}}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    query = [{"name": n, "in": "query", "schema": {"type": kind}} for n, kind in _QUERY.get(route.key, {}).items()]
    return path + query


def _responses(route: Route, names: _Names) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": names[Problem, "serialization"]}}
    responses: dict[str, Any] = {"default": {"description": "A failure (RFC 9457)", "content": problem}}
    if route.shape is Shape.BYTES:
        responses["200"] = {"description": route.summary, "content": {"*/*": {}}}
    elif route.shape is Shape.SDP:
        responses[str(route.status)] = {"description": route.summary, "content": {"application/sdp": {}}}
    elif route.answer is None:
        responses["204"] = {"description": "Done"}
    else:
        content = {"application/json": {"schema": names[route.answer, "serialization"]}}
        responses[str(route.status)] = {"description": route.summary, "content": content}
    return responses


def _security(who: Who) -> list[dict[str, list[str]]]:
    if who is Who.ANYONE:
        return []
    if who in {Who.KEY, Who.AUDIENCE}:
        return [{"key": []}, {"visitor": []}, {"agent": []}]
    return [{"agent": []}] if who in {Who.AGENT, Who.ADMIN} else [{"visitor": []}, {"agent": []}]


def _event(event: SocketEvent, names: _Names) -> dict[str, Any]:
    answer = None if event.answer is None else names[event.answer, "serialization"]
    return {
        "name": event.name,
        "summary": event.summary,
        "x-who": event.who.value,
        "body": names[event.body, "validation"],
        "answer": answer,
    }
