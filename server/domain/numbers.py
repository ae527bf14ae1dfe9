"""Case numbers that can be read out on the phone: K7M-2Q4."""

from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # Without 0, O, 1, I and L, which people mix up.
LENGTH = 6


def make_number(choose: Callable[[str], str]) -> str:
    """A number such as K7M-2Q4; `choose` picks one character (`secrets.choice`). 887 million of them."""
    signs = "".join(choose(ALPHABET) for _ in range(LENGTH))
    return f"{signs[:3]}-{signs[3:]}"
