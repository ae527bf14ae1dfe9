"""A moment of a recording as people write it: 3m20s."""

import re

MOMENT = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,6}(?:\.\d{1,3})?)s?)?", re.ASCII)


def read_moment(text: str) -> float | None:
    """Seconds of `3m20s`, `28m`, `1h2m`, `200s` or `200`; None when it is none of these."""
    found = MOMENT.fullmatch(text.strip().lower())
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def write_moment(seconds: float) -> str:
    """`3m20s` for 200.4: whole seconds, without leading zero parts."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def clock_words(seconds: float) -> str:
    """`3:20` or `1:02:05`: how long something is, or where in it."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
