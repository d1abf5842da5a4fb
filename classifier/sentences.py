"""Where sentences begin and end in normalised text: prose, messages, lists, chat exports and scanned pages.

One regular expression finds every place where a sentence could end; a few cheap questions decide each. No word list of
a language model is needed, and the time is linear in the text.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

_BULLETS = "\u2022\u25aa\u25cf"
_PICTURES = "\u203c-\u2049\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
# The class alone comes first, so that `re` skips to its code points at full speed.
_CANDIDATE = re.compile(
    rf"[\n.!?\u3002\u061f\u06d4\u0964{_BULLETS}{_PICTURES}]"
    rf"(?:(?<!\n)[.!?\u3002{_PICTURES}]*+[\"')\]}}]*+(?:[ \t]*+[{_PICTURES}])*+)?+\s*+"
)
_PICTURE = re.compile(f"[{_PICTURES}]")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Followed by a name or a number; a sentence practically never ends with them.
_NEVER = _listed(
    "mr mrs ms mx dr prof rev hon fr sr sra capt cpt col gen lt maj sgt insp det supt messrs e.g eg i.e ie viz cf vs v "
    "approx ca dept attn ud uds lic ing dra sras sres dña"
)
# Abbreviations in front of a number only: "No. 5", "Art. 3", "Jan. 14".
_BEFORE_NUMBER = _listed(
    "no nos art arts sec secs para paras fig figs ch cl vol p pp ex exh reg ref rs tel ext apt rm jan feb mar apr jun "
    "jul aug sep sept oct nov dec núm núms pág págs"
)
# Abbreviations that may end a sentence; it ends there when a word follows that usually begins one.
_PERHAPS = _listed(
    "inc ltd co corp llc plc bros jr sr etc al st ave rd blvd mt ft est gov govt dept hr hrs min mins wk wks mo mos yr "
    "yrs mon tue tues wed thu thur thurs fri sat sun ph.d"
)
_ABBREVIATIONS = _BEFORE_NUMBER | _PERHAPS
_OPENERS = _listed(
    "the a an this that these those there here i he she it we they you my his her its our their your who what when "
    "where why how if but and so or in on at by for from to with after before as all no not none some many most one "
    "two three both each every another other then now once since while because although however also yes please"
)
# After these a capital is enough.
_ENDING = _listed("a.m p.m etc")
# Words in their own right when no number follows.
_WORDS_TOO = _listed("i no sat sun mar fig ex dec sec wed est min")
_NOT_COUNTED = _BEFORE_NUMBER | _listed(
    "section paragraph article page room count counts age aged number exhibit chapter annex flat day january february "
    "march april may june july august september october november december"
)

# The last four letters of longer abbreviations, as written: any other word of four letters needs no second look.
_TAILS = frozenset(
    form(word[-4:])
    for word in (*_NEVER, *_ABBREVIATIONS, "viii", "xiii", "xvii")
    for form in (str.lower, str.upper, str.capitalize)
)

_LEAD = re.compile(r"[(\[]?(?:\d{1,4}(?:\.\d{1,3}){0,3}|[A-Za-z]|[ivxIVX]{1,5})[)\]]?")
_LETTERED = re.compile(r"[a-z](?:\.[a-z])*")
_COUNTED = re.compile(r"(\S*)\s(\d{1,3})$")
_ITEM = re.compile(
    r"""[^\w\s"'(\[$\u00a3\u20ac@.,;:!?%&/\\)\]]                    # a bullet of any make
    | \(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)](?=\s)               # 1.  a)  (iv)
    | \[[^\]\n]{1,40}\]                                             # [12/03/2024, 10:12]
    | \d{1,2}[:.]\d\d[^:\n]{1,40}:\s                                # 10:12 Ana:
    | [A-Z][\w.'-]{0,20}+(?:[ ][\w.'-]{1,20}+){0,3}:\s              # Ana:   Subject:
    """,
    re.VERBOSE,
)
# A handle in lower case begins a turn only where many lines do so.
_SPEAKER = re.compile(r"[\w.'-]{1,24}(?:[ ][\w.'-]{1,20}){0,2}:\s")
_GLUED = re.compile(r"[A-Z][A-Za-z']*(?:[ ,:\n]|$)")
_NEXT_WORD = re.compile(r"[\"'(\[]?([^\W\d_]+)")
_NEXT_RUN = re.compile(r"\S{1,40}")

_WRAP_WIDTHS = range(40, 101)
_WRAP_RAGGED = 14
_WRAP_LINES = 3
_LONGEST = 600
_SLIVER = 6
_SHORTEST_CUT = 200
_RUN_ON = 240
_RUN_ON_WORDS = 60
_RUN_ON_CUT = (150, 330)
_STRETCH = re.compile(r"[^,;:()]+")
_TURN = re.compile(
    r"\s(?=(?:and|but|so|then|because|he|she|they|we|i|my|now|pls|plz|please|when|if|also|later)\s)", re.IGNORECASE
)


class _Layout(NamedTuple):
    """How the lines of a text came about: wrapped at a column (0: not wrapped), or turns of a conversation."""

    width: int
    is_chat: bool


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    r"""Half-open bounds of the sentences, in order: none blank, none overlapping, every code point that shows in one.

    Args:
        text: Normalised text: line ends are "\n", quotes and dashes ASCII.
    """
    bounds: list[tuple[int, int]] = []
    # Every cut lies behind the blanks, so only the text's own beginning can be blank.
    begin = len(text) - len(text.lstrip())
    for cut in chain(_cuts(text), (len(text),)):
        end = begin + len(text[begin:cut].rstrip())
        if begin < end <= begin + _SLIVER and bounds and _is_sliver(text, bounds[-1], begin, end):
            bounds[-1] = (bounds[-1][0], end)
        elif begin < end <= begin + _RUN_ON:
            bounds.append((begin, end))
        elif begin < end:
            bounds += _shortened(text, begin, end)
        begin = max(begin, cut)
    return bounds


def _is_sliver(text: str, before: tuple[int, int], begin: int, end: int) -> bool:
    """Marks and pictures alone belong to the sentence before them on the line, as long as it stays within the limit."""
    alone = not any(map(str.isalnum, text[begin:end]))
    return alone and end - before[0] <= _LONGEST and "\n" not in text[before[1] : begin]


def _cuts(text: str) -> Iterator[int]:
    """Where a sentence begins, the first one left out."""
    begin = line = number = 0
    layout: _Layout | None = None
    for match in _CANDIDATE.finditer(text):
        stop, end = match.span()
        if end == len(text):
            return
        found = match[0]
        # Empty in the first four code points, where the index is negative: those are left to the slower questions.
        tail = text[stop - 4 : stop]
        breaks = 0 if found == ". " else found.count("\n")
        if breaks > 1 or (found == ". " and tail.isalpha() and tail not in _TAILS):
            cut = end
        elif found[0] in _BULLETS:
            cut = stop
        elif found[0] != "\n" and _mark_ends_sentence(text, begin, match):
            cut = end
        elif breaks:
            layout = layout or _lay_out(text)
            cut = end if _line_ends_sentence(text, line, match, layout) else begin
        else:
            cut = begin
        if found[0] == "." and len(found) > 1 and tail[-1:].isdigit():
            cut, number = _count(text, begin, stop, cut, number)
        if breaks:
            line = end
        if cut > begin:
            yield cut
            begin = cut


def _mark_ends_sentence(text: str, begin: int, match: re.Match[str]) -> bool:
    """Decide at a mark: full stop, question or exclamation mark, dots, picture."""
    token, end = match[0], match.end()
    mark, following = token.rstrip(), text[end]
    if mark[0] not in ".!?":
        # A picture stands for a full stop before a line end, or a capital unless it leads; other scripts' stops always.
        return not _PICTURE.match(mark) or "\n" in token or (following.isupper() and match.start() > begin)
    if len(mark) == len(token):
        return _is_glued(text, match.start(), end)
    if _PICTURE.match(mark[-1]):
        return True
    if mark == ".":
        return _period_ends_sentence(text, begin, match.start(), end)
    if mark[:2] == ".." or mark[-1] not in ".!?":
        # "wait... what" and '"Where?" she asked' go on.
        return not following.islower() and (mark[1:2] == "." or _period_ends_sentence(text, begin, match.start(), end))
    return True


def _is_glued(text: str, stop: int, end: int) -> bool:
    """A mark without a blank after it ends a sentence only between a word and a capitalised one: "wages.He left"."""
    before = text[max(0, stop - 3) : stop].rstrip(")")[-2:]
    return before.isalpha() and before.islower() and before != "ww" and _GLUED.match(text, end) is not None


def _period_ends_sentence(text: str, begin: int, stop: int, end: int) -> bool:
    """Decide at a full stop by the word before it and the one that follows."""
    head = text[max(begin, stop - 14) : stop]
    word = head.split()[-1] if not head.isspace() and head else ""
    if len(word) == stop - begin and _LEAD.fullmatch(word):
        return False
    low = word.strip("\"'([{").lower()
    if low in _NEVER or (low in _ABBREVIATIONS and text[end].isdigit()):
        return False
    if low in _WORDS_TOO or not (low in _ABBREVIATIONS or _LETTERED.fullmatch(low)):
        return True
    word_after = _NEXT_WORD.match(text, end)
    return (
        word_after is not None and word_after[1][0].isupper() and (low in _ENDING or word_after[1].lower() in _OPENERS)
    )


def _count(text: str, begin: int, stop: int, cut: int, number: int) -> tuple[int, int]:
    """Cut before the number of the next paragraph, "... abroad 15. Defendants own ..."; the count goes on with it."""
    lead = text[begin:stop] if stop - begin <= 3 else ""
    if lead.isdigit():
        return cut, int(lead)
    found = _COUNTED.search(text, max(begin, stop - 20), stop)
    if found is None or found[1].lower() in _NOT_COUNTED:
        return cut, number
    value = int(found[2])
    if value != number + 1 or (value == 1 and found[1][-1:] not in tuple(":;.)-")):
        return cut, number
    return found.start(2), value


def _line_ends_sentence(text: str, line: int, match: re.Match[str], layout: _Layout) -> bool:
    """Decide at a single line end without a mark before it: a heading, an item or a turn ends, a wrapped line not."""
    stop, end = match.span()
    if _ITEM.match(text, end) or (layout.is_chat and _SPEAKER.match(text, end)):
        return True
    if text[line] == "[" and text[stop - 1 : stop] == "]":
        return True
    if text[end].islower() or (text[stop - 1 : stop] == "-" and text[stop - 2 : stop - 1].isalpha()):
        return False
    word = _NEXT_RUN.match(text, end)
    # A line was wrapped, and not ended, if the next word had no room on it.
    room = layout.width - (stop - line) - 1
    return not layout.width or word is None or len(word[0]) <= room - 4


def _lay_out(text: str) -> _Layout:
    lines = [line for line in text.split("\n") if line]
    turns = sum(_SPEAKER.match(line) is not None for line in lines)
    lengths = list(map(len, lines))
    width = max(lengths, default=0)
    full = sum(length >= width - _WRAP_RAGGED for length in lengths)
    wrapped = width in _WRAP_WIDTHS and full >= max(_WRAP_LINES, 0.4 * len(lines))
    return _Layout(width if wrapped else 0, turns >= max(_WRAP_LINES, 0.3 * len(lines)))


def _shortened(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch without punctuation where a new thought may begin, and anything at `_LONGEST` code points."""
    for cut in chain(_turns(text, begin, end), (end,)):
        while cut - begin > _LONGEST:
            at = _last_gap(text, begin + _SHORTEST_CUT, begin + _LONGEST)
            yield from _stripped(text, begin, at)
            begin = at
        yield from _stripped(text, begin, cut)
        begin = cut


def _stripped(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    body = text[begin:end]
    start = begin + len(body) - len(body.lstrip())
    if start < end:
        yield start, begin + len(body.rstrip())


def _turns(text: str, begin: int, end: int) -> Iterator[int]:
    """Cuts inside 60 words and more without punctuation: at a line end, before "and" or "he", or at a blank."""
    least, most = _RUN_ON_CUT
    for stretch in _STRETCH.finditer(text, begin, end):
        at, last = stretch.span()
        while last - at > most and _words(text, at, min(last, at + _LONGEST)) >= _RUN_ON_WORDS:
            low, high = at + least, at + most
            at = text.rfind("\n", low, high) + 1
            if not at:
                turns = [turn.end() for turn in _TURN.finditer(text, low, high)]
                at = turns[-1] if turns else text.rfind(" ", low, high) + 1 or high
            yield at


def _words(text: str, begin: int, end: int) -> int:
    return text.count(" ", begin, end) + text.count("\n", begin, end)


def _last_gap(text: str, low: int, high: int) -> int:
    """The best place to cut between two offsets: after the last semicolon, else comma, else blank, else at the end."""
    for gap in ("\n", "; ", ", ", " "):
        at = text.rfind(gap, low, high)
        if at >= 0:
            return at + len(gap)
    return high
