"""Repairs below the word: markup, entities, invisible and look-alike code points, composition."""

import html
import re
import unicodedata
from collections.abc import Container, Iterable

from classifier.alignment import Draft, Edit

_INLINE = (
    "a abbr acronym audio b bdi bdo big cite code del dfn em embed font i ins kbd link mark meta noscript o:p object "
    "param picture q s samp script small source span strike strong style sub sup svg tt u var video wbr"
)
_GAPS = "button iframe img input label option select td textarea th"
_BREAKS = (
    "article aside blockquote body center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head "
    "header hr html li main nav ol p pre section table tbody tfoot thead title tr ul"
)
_TAGS = (
    dict.fromkeys(("", "!--", *_INLINE.split()), "")
    | dict.fromkeys(_GAPS.split(), " ")
    | dict.fromkeys(_BREAKS.split(), "\n\n")
    | {"br": "\n"}
)
# Attributes must hold a "=": "<i think so>" is a person speaking. Possessive, so no text makes it go back.
_TAG = re.compile(
    r"<(?:(!--)|[!?](?:doctype|xml)\b[^<>]*+>|/?([a-z][a-z0-9:]*+)(?:\s[^<>=]*+=[^<>]*+)?+\s*+/?>)", re.IGNORECASE
)
_CLOSERS = {
    "!--": re.compile(r"-->"),
    "script": re.compile(r"</script\s*+>", re.IGNORECASE),
    "style": re.compile(r"</style\s*+>", re.IGNORECASE),
}
_ENTITY = re.compile(r"&(?:amp;){0,3}(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def _ranges(chars: Iterable[str]) -> str:
    """The inside of a character class, as ranges: `re` tries single code points beyond U+FFFF one after another."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, chars)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\x81-\x84\x86-\x90\x98-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_SMALL_CAPITALS = dict(
    zip(
        "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d"
        "\u0274\u1d0f\u1d18\ua7af\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22",
        "abcdefghijklmnopqrstuvwyz",
        strict=True,
    )
)
_BADGES = {chr(base + i): chr(65 + i) for base in (0x1F150, 0x1F170) for i in range(26)}
# \x91-\x97 are Windows-1252 quotes and dashes read as Latin-1, the commonest mojibake of exported mail.
_SAME_LENGTH = (
    dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n")
    | dict.fromkeys("\x1c\x1d\x1e\x1f\u2800", " ")
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2035\u02bc\u02bb\u02c8`\xb4\u2039\u203a\x91\x92", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u2034\u2036\xab\xbb\u301d\u301e\x93\x94", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\ufe31\ufe32\u2043\x96\x97", "-")
    | {"\x80": "\u20ac", "\x95": "\u2022", "\u2044": "/", "\u2215": "/"}
    | dict.fromkeys(map(chr, range(0xD800, 0xE000)), "\ufffd")
    | _SMALL_CAPITALS
    | _BADGES
)
_RECODED = re.compile(f"[{_ranges(_SAME_LENGTH)}]")
# Letters, signs and pictures that no repair touches, so that an accent or a pound sign costs one search.
_BEYOND = re.compile(
    "[^\n -_a-~\xa1-\xa7\xa9\xac\xae\xb0\xb1\xb6\xb7\xbf-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e"
    "\u20ac\u2022\u2605\u2606\u2713\u2714\u2728\U0001f300-\U0001faff]"
)

_GENERIC = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_MARKS = _ranges(char for char in map(chr, range(0x300, 0x10000)) if unicodedata.category(char)[0] == "M")
# Vowel and final jamo, whole or half width, are starters and yet join what stands before them; beyond U+FFFF whole
# blocks join, for single marks there cost more than they are worth.
_JOINING = f"{_MARKS}\u1160-\u11ff\u3131-\u318e\uff9e-\uffdc\U00011000-\U00011fff\U0001d165-\U0001d1ad"
_MARK = re.compile(f"[{_MARKS}]")
_PILE = re.compile(f"(?s:.)[{_MARKS}]{{3,}}+")
_CLUSTER = re.compile(f"[^\x00-\x7f][{_JOINING}]{{0,30}}+|[\x00-\x7f][{_JOINING}]{{1,30}}+")
_STRAY = re.compile(f"(?<=[\x00-\x7f])[{_GENERIC}]++|[\u0334-\u0338\u20d0-\u20f0]++")
_LOOSE = re.compile(f"[{_GENERIC}]")
_PILE_LIMIT = 6
_GROWTH = 6

# Cyrillic, Greek and Armenian, after the confusables of UTS #39, and what hand-made disguises add.
_LOOK_ALIKES = dict(
    zip(
        "\u0493\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d\u043a\u043c"
        "\u043d\u0442\u0432\u04cf\u0475\u0451\u0457\u0433\u043f\u0410\u0412\u0421\u0415\u041d\u0406\u0408"
        "\u041a\u041c\u041e\u0420\u0405\u0422\u0425\u0423\u04ae\u051a\u051c\u0401\u0407\u03b1\u03bf\u03bd"
        "\u03b9\u03ba\u03c1\u03c5\u03c4\u03c7\u03b5\u03b7\u03c9\u03b3\u0391\u0392\u0395\u0396\u0397\u0399"
        "\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u0585\u0578\u057d\u0570",
        "faeopcyxijshdqwkmhtblveirnABCEHIJKMOPSTXYYQWEIaovikputxenwyABEZHIKMNOPTYXonuh",
        strict=True,
    )
)
_FOREIGN = "\u0370-\u03ff\u0400-\u052f\u0531-\u0587"
_FOREIGN_LETTER = re.compile(f"[{_FOREIGN}]")
_FOREIGN_WORD = re.compile(f"[A-Za-z\u00c0-\u024f{_FOREIGN}]+")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_FOLD = str.maketrans(_LOOK_ALIKES)
_UNLIKE = re.compile(f"(?![{''.join(_LOOK_ALIKES)}])[{_FOREIGN}]")


def repair_characters(draft: Draft, known: Container[str]) -> None:
    """Bring markup, entities, code points and look-alikes to plain text; linear in the text."""
    # The second look at tags is for feeds that escape their markup: "&lt;p&gt;".
    for sign, find in (("<", _markup_edits), ("&", _entity_edits), ("<", _markup_edits)):
        if sign in draft.text:
            draft.apply(find(draft.text))
    if "\r\n" in draft.text:
        draft.apply([(match.start(), match.end(), "\n") for match in re.finditer("\r\n", draft.text)])
    if _RECODED.search(draft.text):
        draft.recode(_RECODED.sub(lambda match: _SAME_LENGTH[match[0]], draft.text))
    if not _BEYOND.search(draft.text):
        return
    if _UNSEEN.search(draft.text):
        draft.apply([(match.start(), match.end(), "") for match in _UNSEEN.finditer(draft.text)])
    _compose(draft)
    if _FOREIGN_LETTER.search(draft.text):
        draft.apply(_look_alike_edits(draft.text, known))


def _markup_edits(text: str) -> list[Edit]:
    """Known tags become a break, a gap or nothing; comments, scripts and style sheets go with what they hold."""
    edits: list[Edit] = []
    done, missing = 0, set[str]()
    for match in _TAG.finditer(text):
        if match.start() < done:
            continue
        name = (match[1] or match[2] or "").lower()
        if name not in _TAGS:
            continue
        done = match.end()
        if name in _CLOSERS and text[match.start() + 1] != "/" and name not in missing:
            closer = _CLOSERS[name].search(text, done)
            # Remembered, so that a thousand unclosed comments cost one search and not a thousand.
            if closer is None:
                missing.add(name)
            else:
                done = closer.end()
        edits.append((match.start(), done, _TAGS[name]))
    return edits


def _entity_edits(text: str) -> list[Edit]:
    """Entities that HTML defines, escaped up to four times over, become what they stand for."""
    edits: list[Edit] = []
    for match in _ENTITY.finditer(text):
        entity = f"&{match[1]};"
        decoded = html.unescape(entity)
        if decoded != entity:
            edits.append((match.start(), match.end(), decoded))
    return edits


def _compose(draft: Draft) -> None:
    """NFKC cluster by cluster (UAX #15), without stacks of marks and without marks that strike letters out."""
    if draft.text.isascii():
        return
    marked = _MARK.search(draft.text) is not None
    # Piles go first: canonical ordering of one long pile takes time quadratic in its length.
    if marked:
        draft.apply([edit for match in _PILE.finditer(draft.text) if (edit := _unpile(match))])
    if unicodedata.is_normalized("NFKC", draft.text) and not (marked and _STRAY.search(draft.text)):
        return
    edits: list[Edit] = []
    for match in _CLUSTER.finditer(draft.text):
        settled = _STRAY.sub("", unicodedata.normalize("NFKC", match[0])).replace("\u2044", "/")
        # Two Arabic code points stand for 8 and 18; a text must not grow that way.
        if settled != match[0] and len(settled) <= _GROWTH * len(match[0]):
            edits.append((match.start(), match.end(), settled))
    draft.apply(edits)


def _unpile(match: re.Match[str]) -> Edit | None:
    """Three marks and more on one letter: the generic ones are noise, a script's own ones are kept to a limit."""
    pile = match[0]
    kept = pile[0] + _LOOSE.sub("", pile[1:])[:_PILE_LIMIT]
    return None if kept == pile else (match.start(), match.end(), kept)


def _look_alike_edits(text: str, known: Container[str]) -> list[Edit]:
    """Fold words that mix Latin with look-alikes; a word of look-alikes alone only where nothing else is foreign."""
    edits: list[Edit] = []
    disguised = not _UNLIKE.search(text)
    for match in _FOREIGN_WORD.finditer(text):
        word = match[0]
        if word.isascii() or not _FOREIGN_LETTER.search(word):
            continue
        folded = word.translate(_FOLD)
        if _FOREIGN_LETTER.search(folded):
            continue
        if _LATIN.search(word) or (disguised and len(word) > 2 and folded.lower() in known):
            edits.append((match.start(), match.end(), folded))
    return edits
