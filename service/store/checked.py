"""Checks short values that come from outside before a database sees them."""

from service.store.errors import RefusedError


def check_label(field: str, value: str | None, *, limit: int = 200) -> str | None:
    """Give a short label back as it is.

    Args:
        field: What it is, for the message.
        value: The label, or None.
        limit: Most characters.

    Raises:
        RefusedError: Empty, too long, or with controls or lone surrogates, which not every database can hold.
    """
    if value is None:
        return None
    if not 0 < len(value) <= limit:
        raise RefusedError(field, f"{len(value)} characters; allowed: 1 to {limit}")
    if any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 or 0xD800 <= ord(letter) < 0xE000 for letter in value):
        raise RefusedError(field, "has control characters or lone surrogates; allowed: none")
    return value


def check_word(field: str, value: str, allowed: tuple[str, ...]) -> str:
    """Give a word back that is one of those allowed.

    Raises:
        RefusedError: It is not.
    """
    if value not in allowed:
        raise RefusedError(field, f"{value[:40]!r}; allowed: {', '.join(allowed)}")
    return value
