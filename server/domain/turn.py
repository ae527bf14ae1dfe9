"""Credentials of a TURN server: the ways that one is addressed, and passwords that end by themselves (coturn's `use-auth-secret`)."""

import base64
import hashlib
import hmac
import re

LIFETIME_S = 600
"""What is given to one page, or taken from it by somebody, is worth nothing after ten minutes."""

_ADDRESS = re.compile(r"turns?:([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?")


def is_turn_address(text: str) -> bool:
    """True for an address as RFC 7065 writes it, such as turns:turn.example.org:443?transport=tcp."""
    return _ADDRESS.fullmatch(text) is not None


def turn_user(who: str, expires_at: int) -> str:
    """The user name of `who` until `expires_at` (UNIX seconds). The server counts by the part behind the colon, which tells nobody who it is."""
    return f"{expires_at}:{hashlib.sha256(who.encode()).hexdigest()[:20]}"


def turn_password(secret: str, user: str) -> str:
    """HMAC-SHA1 of the user name, as the server computes it too. SHA-1 is what coturn knows; as a MAC it holds."""
    digest = hmac.new(secret.encode(), user.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
