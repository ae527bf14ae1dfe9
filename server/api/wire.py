"""Between JSON and our classes: bodies in, dataclasses out."""

import json
from typing import Any

from pydantic import TypeAdapter, ValidationError

from server.api.requests import Request
from server.errors import BadField, BadRequest


def parse(model: type[Request], data: bytes | str | dict[str, Any]) -> Request:
    """A body by its model. Raises BadRequest for what is no JSON object, BadField for a field that is wrong or unknown."""
    try:
        return model.model_validate(data) if isinstance(data, dict) else model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"].startswith(("json_", "model_type")) or not first["loc"]:
            raise BadRequest from None
        raise BadField(field=".".join(str(part) for part in first["loc"])[:80]) from None


def adapter(kind: Any) -> TypeAdapter[Any]:
    """How a dataclass is written as JSON; made once for each."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def to_plain(value: Any) -> Any:
    """A dataclass as JSON-ready dicts and lists."""
    return adapter(type(value)).dump_python(value, mode="json")


def to_text(value: Any) -> str:
    """Plain JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
