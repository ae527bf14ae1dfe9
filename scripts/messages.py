"""Writes `web/src/messages.ts`: what server and pages say to each other, as TypeScript types made from the Python classes of the registry.

`python scripts/messages.py` writes the file; `--check` only says whether it is current (exit code 1 when it is not).
"""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic import TypeAdapter  # noqa: E402

from server import errors  # noqa: E402
from server.api.answers import Problem  # noqa: E402
from server.api.registry import EVENTS, ROUTES, TOLD  # noqa: E402

TARGET = ROOT / "web" / "src" / "messages.ts"
HEAD = "// Made by scripts/messages.py from the Python classes; `scripts/check` says when it is out of date. Do not edit.\n"


def typescript() -> str:
    """The whole file."""
    entries: list[Any] = [*ROUTES, *EVENTS]
    said = unique([entry.body for entry in entries])
    heard = unique([*(entry.answer for entry in entries), *(told.body for told in TOLD), Problem])
    blocks = {**definitions(said, "validation"), **definitions(heard, "serialization")}
    parts = [HEAD, *(blocks[name] for name in sorted(blocks)), codes(), socket_maps()]
    return "\n".join(parts)


def unique(classes: list[Any]) -> list[Any]:
    return sorted({one for one in classes if one is not None}, key=lambda one: str(one.__name__))


def definitions(classes: list[Any], mode: Any) -> dict[str, str]:
    """Each class and what it refers to, by name, as a TypeScript declaration."""
    _, whole = TypeAdapter.json_schemas([(c, mode, TypeAdapter(c)) for c in classes], ref_template="{model}")
    return {name: declaration(name, schema, mode == "serialization") for name, schema in whole["$defs"].items()}


def declaration(name: str, schema: dict[str, Any], is_complete: bool) -> str:
    """An interface or a union. The server writes every field; a page may leave out those with a default."""
    comment = schema.get("description", "").split("\n")[0]
    lines = [f"/** {comment} */"] if comment else []
    if schema.get("type") != "object" or ("properties" not in schema and schema.get("additionalProperties")):
        return "\n".join([*lines, f"export type {name} = {type_of(schema)};", ""])
    required = set(schema.get("required", []))
    lines.append(f"export interface {name} {{")
    for field, inner in schema.get("properties", {}).items():
        mark = "" if is_complete or field in required else "?"
        lines.append(f"  {field}{mark}: {type_of(inner)};")
    return "\n".join([*lines, "}", ""])


def type_of(schema: dict[str, Any]) -> str:
    """A JSON Schema as a TypeScript type."""
    if "$ref" in schema:
        return str(schema["$ref"])
    if "const" in schema:
        return literal(schema["const"])
    if "enum" in schema:
        return " | ".join(literal(value) for value in schema["enum"])
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return (" & " if word == "allOf" else " | ").join(dict.fromkeys(type_of(one) for one in schema[word]))
    return plain_type(schema)


def plain_type(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if kind == "array":
        inner = type_of(schema.get("items", {}))
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        if ("propertyNames" in schema and "enum" in schema["propertyNames"]) or "$ref" in schema.get(
            "propertyNames", {}
        ):
            return f"Partial<Record<{type_of(schema['propertyNames'])}, {type_of(values)}>>"
        return f"Record<string, {type_of(values) if isinstance(values, dict) else 'unknown'}>"
    return {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}.get(
        str(kind), "unknown"
    )


def literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def codes() -> str:
    """Every `code` of a failure."""
    found = set()
    kinds = [errors.OaseError]
    while kinds:
        kind = kinds.pop()
        found.add(kind.code)
        kinds.extend(kind.__subclasses__())
    return (
        "/** Every `code` of a failure (server/errors.py). */\nexport type Code =\n"
        + "".join(f"  | '{code}'\n" for code in sorted(found))[:-1]
        + ";\n"
    )


def socket_maps() -> str:
    """Events by name, for a typed socket."""
    told = [f"  /** {one.summary} */\n  {one.name}: {one.body.__name__};" for one in TOLD]
    said = []
    for event in EVENTS:
        answer = event.answer.__name__ if event.answer is not None else "object"
        said.append(f"  /** {event.summary} */\n  {event.name}: {{ body: {event.body.__name__}; answer: {answer} }};")
    return (
        "/** What the server says over the socket. */\nexport interface ServerEvents {\n"
        + "\n".join(told)
        + "\n}\n\n/** What a page says over the socket, and what the acknowledgement holds beside `ok: true`. */\n"
        + "export interface ClientEvents {\n"
        + "\n".join(said)
        + "\n}\n"
    )


if __name__ == "__main__":
    text = typescript()
    if "--check" in sys.argv:
        is_current = TARGET.exists() and TARGET.read_text() == text
        sys.exit(
            None if is_current else "web/src/messages.ts is out of date: run  .venv/bin/python scripts/messages.py"
        )
    TARGET.write_text(text)
