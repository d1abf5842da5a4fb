"""Text of unknown origin, made safe to put on a terminal."""

import unicodedata

# Cc and Cf hold terminal escapes and text-direction marks, Cs cannot be encoded, Zl and Zp break a line.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Line breaks and tabs lay a text out; the joiners build letters and emoji in ordinary writing.
_KEPT = frozenset("\n\t\u200c\u200d")


def visible(text: str, *, keep: frozenset[str] = _KEPT) -> str:
    r"""Return `text` with every control, direction mark and lone surrogate written out, as `\x1b` or `\u202e`.

    Args:
        text: Any string; a CR LF pair becomes one line feed.
        keep: Characters left as they are though their category is not safe.
    """
    return "".join(_shown(character, keep) for character in text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    r"""Return `text` made safe and on one line: line feeds and tabs are written out too."""
    return visible(text, keep=frozenset())


def _shown(character: str, keep: frozenset[str]) -> str:
    if character in keep or unicodedata.category(character) not in _UNSAFE:
        return character
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
