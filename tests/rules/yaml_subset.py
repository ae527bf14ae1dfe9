"""Reads the part of YAML that docker/compose.yml keeps to: maps and lists by indentation, one-line lists, plain and quoted words. No more."""

import json
import re
from typing import Any

Lines = list[tuple[int, str]]


def read(text: str) -> Any:
    """Maps as dicts, lists as lists, everything else as str. Raises ValueError with the line for what is not in the subset."""
    if "\t" in text:
        raise ValueError("a tab")
    lines: Lines = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            lines.append((len(line) - len(line.lstrip()), line.strip()))
    value = _block(lines, 0)
    if lines:
        raise ValueError(f"indentation: {lines[0][1]}")
    return value


def _block(lines: Lines, indent: int) -> Any:
    return _items(lines, indent) if lines[0][1].startswith("- ") else _map(lines, indent)


def _map(lines: Lines, indent: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while lines and lines[0][0] == indent:
        _, line = lines.pop(0)
        match = re.fullmatch(r"([\w.-]+):(?: (.*))?", line)
        if match is None or match[1] in found:
            raise ValueError(f"not a new key: {line}")
        found[match[1]] = _scalar(match[2]) if match[2] else _nested(lines, indent)
    return found


def _items(lines: Lines, indent: int) -> list[Any]:
    found = []
    while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
        word = lines.pop(0)[1][2:]
        pair = re.fullmatch(r"([\w.-]+): (\S.*)", word)
        found.append({pair[1]: _scalar(pair[2])} if pair else _scalar(word))
    return found


def _nested(lines: Lines, indent: int) -> Any:
    if not lines or lines[0][0] <= indent:
        return ""
    return _block(lines, lines[0][0])


def _scalar(text: str) -> Any:
    if text.startswith(("[", '"')):
        return json.loads(text)
    if text == "{}":
        return {}
    if ": " in text or " #" in text or text[0] in "&*!|>'%@`{":
        raise ValueError(f"quote this: {text}")
    return text
