"""Tokens that are shown once and kept as hashes."""

import hashlib
import secrets


def make_token(prefix: str) -> str:
    """A new token: the prefix, which lets scanners find a leaked one, and 256 random bits."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hash_token(token: str) -> str:
    """What is kept of a token: SHA-256, hex; 256 random bits need no salt or slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
