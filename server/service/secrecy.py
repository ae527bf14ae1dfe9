"""Secrets: made here, given out once, kept as SHA-256."""

import hashlib
import secrets


def make_secret() -> str:
    """256 random bits, fit for an address and a cookie."""
    return secrets.token_urlsafe(32)


def make_id() -> str:
    """128 random bits: a name that cannot be guessed, but never a right by itself."""
    return secrets.token_urlsafe(16)


def hashed(secret: str) -> str:
    """What is stored of a secret. It has 256 random bits, so that a plain hash cannot be turned back."""
    return hashlib.sha256(secret.encode()).hexdigest()
