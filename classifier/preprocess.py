"""A submitted text made plain enough for words to be found in it, with an exact way back to every code point.

`normalise` first asks, by byte tables, whether anything needs repair; a clean text costs a few microseconds and gets
no map. Repairs below the word are in `characters`; here are the disguises of whole words: letters spaced or dotted
apart, figures for letters, letters stretched out. All of them take time linear in the text.
"""

import re
import string
from collections.abc import Callable, Container, Sequence
from itertools import pairwise, product

import numpy as np

from classifier.alignment import Draft, Edit, Normalised
from classifier.characters import repair_characters

__all__ = ["Normalised", "normalise"]

_PLAIN = bytes(code for code in range(0x20, 0x7F) if code not in b"<&`") + b"\n"
_SIGNS = {"a": string.ascii_letters, "0": "013457890$@|", ".": " ._*/+~-"}
_SHAPE = bytes.maketrans(
    "".join(_SIGNS.values()).encode(), "".join(sign * len(signed) for sign, signed in _SIGNS.items()).encode()
)

Finder = Callable[[str, Container[str]], list[Edit]]

_ADDRESS = r"(?:https?://|www\.)\S++|[@#]\w[\w.-]*+"
_SPACED = re.compile(
    r"(?<![\w./*+~-])[A-Za-z](?=([ ]{1,3}|[._*/+~-])[A-Za-z](?![A-Za-z0-9]))(?:\1[A-Za-z](?![A-Za-z0-9])){3,}+"
)
_CODED = re.compile(
    rf"{_ADDRESS}|(?<![\w./:$%&=|!-])([A-Za-z]++[0-9$@!|][\w$@!|]*+|[0-9$@][\w$@!|]*+)(?![.:@=]\w)", re.ASCII
)
_WORD = re.compile(rf"{_ADDRESS}|([^\W\d_]+)")
_STRETCHED = re.compile(r"([A-Za-z])\1\1+")
_WIDE = re.compile(r"[ \t]{2,}+|\t")

_DECODINGS = tuple(str.maketrans("0345789$@1!|", f"oeastbgsa{stroke * 3}") for stroke in "il")
_QUANTITY = re.compile(r"\d+[A-Za-z]{1,2}")
_MESSAGE_LETTERS = frozenset("abcikmnrtuxy")
_LONGEST_WORD = 20
_SHORT = 4
_INITIALS = 6


def normalise(text: str, known: Container[str] = frozenset()) -> Normalised:
    """Make a text plain: NFKC, no invisible code points, no markup, no disguised letters; case is kept.

    Args:
        text: Any string, lone surrogates included.
        known: Lower-case words towards which figures are read as letters, and stretched or spaced letters as words.
    """
    draft = Draft(text)
    raw = text.encode("utf-8", "surrogatepass")
    if raw.translate(None, _PLAIN):
        repair_characters(draft, known)
        raw = draft.text.encode("utf-8", "surrogatepass")
    suspects = _suspects(raw)
    for find in _STEPS:
        if find in suspects and (edits := find(draft.text, known)):
            draft.apply(edits)
            suspects = _suspects(draft.text.encode("utf-8", "surrogatepass"))
    return draft.finish()


def _suspects(raw: bytes) -> set[Finder]:
    """The steps that may find something to do, judged from the bytes alone and without a regular expression."""
    found: set[Finder] = set()
    shape = raw.translate(_SHAPE)
    wide = b"  " in raw or b"\t" in raw
    if wide:
        found.add(_wide_edits)
    if b"a.a.a.a" in shape or (wide and (b"a..a..a..a" in shape or b"a...a...a...a" in shape)):
        found.add(_spaced_edits)
    if (b"0" in shape and (b"a0" in shape or b"0aaa" in shape)) or (b"!" in raw and b"a!a" in shape):
        found.add(_coded_edits)
    codes = np.frombuffer(raw, np.uint8)
    same = codes[1:] == codes[:-1]
    rows = same[1:] & same[:-1]
    if rows.any() and (rows & (np.frombuffer(shape, np.uint8)[2:] == ord("a"))).any():
        found.add(_stretched_edits)
    return found


def _spaced_edits(text: str, known: Container[str]) -> list[Edit]:
    """Close up four and more single letters that one separator holds apart; known words inside get a space."""
    edits: list[Edit] = []
    for match in _SPACED.finditer(text):
        separator = match[1]
        # "a.b.c.d.example" is an address; after a blank, a word may well follow.
        if separator != " " * len(separator) and re.match(
            rf"{re.escape(separator)}\w", text[match.end() : match.end() + 3]
        ):
            continue
        step = 1 + len(separator)
        letters = match[0][::step]
        breaks = _word_breaks(letters.lower(), known)
        if breaks is None and not _spells_a_word(letters):
            continue
        for i in range(1, len(letters)):
            start = match.start() + i * step
            new = " " if breaks and i in breaks else ""
            if separator != new:
                edits.append((start - len(separator), start, new))
    return edits


def _word_breaks(letters: str, known: Container[str]) -> set[int] | None:
    """Where to part a row of letters into the fewest known words, one of them of four letters; None if it cannot be."""
    best: list[tuple[int, int, int] | None] = [(0, 0, 0)]
    for end in range(1, len(letters) + 1):
        found: tuple[int, int, int] | None = None
        for begin in range(max(0, end - _LONGEST_WORD), end):
            before = best[begin]
            word = letters[begin:end]
            if before is None or word not in known or (len(word) == 1 and word not in "ai"):
                continue
            # Fewest words first, then the longest longest word.
            option = (before[0] + 1, min(before[1], -len(word)), begin)
            found = option if found is None else min(found, option)
        best.append(found)
    last = best[-1]
    if last is None or -last[1] < _SHORT:
        return None
    breaks: set[int] = set()
    while last is not None and last[2]:
        breaks.add(last[2])
        last = best[last[2]]
    return breaks


def _spells_a_word(letters: str) -> bool:
    """Whether single letters look like one word and not like initials, a list "a b c d" or message short forms."""
    low = letters.lower()
    if letters.isupper() and len(letters) < _INITIALS:
        return False
    in_order = all(ord(right) - ord(left) == 1 for left, right in pairwise(low))
    return not in_order and not _MESSAGE_LETTERS.issuperset(low) and len(set(low)) > 1


def _coded_edits(text: str, known: Container[str]) -> list[Edit]:
    """Read figures as letters ("p4ssp0rt") where that gives a known word."""
    edits: list[Edit] = []
    for match in _CODED.finditer(text):
        token = (match[1] or "").rstrip("!|@")
        if len(token) > 2 and (word := _decode(token, known)):
            edits.append((match.start(), match.start() + len(token), word))
    return edits


def _decode(token: str, known: Container[str]) -> str | None:
    """The known word that a token disguises; None for codes, quantities and words with a number beside them."""
    if token.isdigit() or token.isalpha() or _QUANTITY.fullmatch(token) or (token.isupper() and len(token) <= _SHORT):
        return None
    if sum(map(str.isalpha, token)) < 2 or token.lower().strip(string.digits) in known:
        return None
    for decoding in _DECODINGS:
        word = token.lower().translate(decoding)
        if word in known:
            return word.upper() if token.isupper() else token.translate(decoding)
    return None


def _stretched_edits(text: str, known: Container[str]) -> list[Edit]:
    """Shorten rows of three and more of one letter to two or one, whichever gives a known word; else to two."""
    edits: list[Edit] = []
    for match in _WORD.finditer(text):
        word = match[1]
        if not word or (runs := list(_STRETCHED.finditer(word))) == [] or _is_meant(word, known):
            continue
        for run, keep in zip(runs, _kept_lengths(word, runs, known), strict=True):
            # The last letter that stays stands for the whole rest of its row.
            edits.append((match.start() + run.start() + keep - 1, match.start() + run.end(), run[1]))
    return edits


def _is_meant(word: str, known: Container[str]) -> bool:
    """Known words, numerals such as "VIII", and "www" keep their rows of letters."""
    return word.lower() in known or (word.isupper() and len(word) <= _SHORT) or len(word) < _SHORT


def _kept_lengths(word: str, runs: Sequence[re.Match[str]], known: Container[str]) -> tuple[int, ...]:
    """How many letters each row keeps; with many rows only all at two and all at one are tried."""
    doubled = (2,) * len(runs)
    options = product((2, 1), repeat=len(runs)) if len(runs) <= _SHORT else (doubled, (1,) * len(runs))
    for option in options:
        pieces: list[str] = []
        done = 0
        for run, keep in zip(runs, option, strict=True):
            pieces.append(word[done : run.start() + keep])
            done = run.end()
        if ("".join(pieces) + word[done:]).lower() in known:
            return option
    return doubled


def _wide_edits(text: str, _known: Container[str]) -> list[Edit]:
    return [(match.start(), match.end(), " ") for match in _WIDE.finditer(text)]


# Spaced letters come before wide gaps: in "m y  p a s s" the wider gap is all that parts the words.
_STEPS: tuple[Finder, ...] = (_spaced_edits, _coded_edits, _stretched_edits, _wide_edits)
