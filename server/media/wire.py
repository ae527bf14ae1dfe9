"""JSON of the control interface: dataclasses of `protocol.py` in and out, and failures by their `code`."""

import dataclasses
import functools
import json
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from server.errors import BadField, OaseError

_T = TypeVar("_T")


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def parse(kind: type[_T], text: str | bytes) -> _T:
    """The dataclass `kind` read from JSON. Raises BadField with the name of the first wrong field."""
    try:
        value: _T = _adapter(cast(Any, kind)).validate_json(text)
    except ValidationError as exc:
        where = ".".join(str(part) for part in exc.errors()[0]["loc"]) or "body"
        raise BadField(field=where) from exc
    return value


def dump(value: Any) -> bytes:
    """JSON of a dataclass, or of plain data."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


def problem(error: OaseError) -> dict[str, Any]:
    """The problem details (RFC 9457) of a failure."""
    return {
        "type": "about:blank",
        "title": error.code,
        "status": error.status,
        "code": error.code,
        "facts": error.facts,
    }


def error_by_code(problem_details: dict[str, Any]) -> OaseError:
    """The failure that `problem` described; plain `OaseError` for an unknown code."""
    facts = problem_details.get("facts")
    kind = _classes().get(str(problem_details.get("code")), OaseError)
    return kind(**facts) if isinstance(facts, dict) else kind()


@functools.cache
def _classes() -> dict[str, type[OaseError]]:
    found: dict[str, type[OaseError]] = {}
    waiting: list[type[OaseError]] = [OaseError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting += kind.__subclasses__()
    return found
