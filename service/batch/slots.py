"""Marks what stays and what varies in texts that repeat each other: shared words, and slots between them.

The idea of a slot is that of InfoShield (Lee, Vajiac, Kulshrestha, Levy, Park, Jones, Rabbany and Faloutsos,
"InfoShield: Generalizable Information-Theoretic Human-Trafficking Detection", ICDE 2021): ads made from one text show
it by what they keep, and their slots hold what differs from one to the next, such as names, prices and telephone
numbers. InfoShield chooses templates so that the whole data set takes the fewest bits. Here every member is aligned
with the first one, which is cheaper, and a word is shared when most members have it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from service.batch.contacts import find_contacts, mask_contacts
from service.batch.scratch import Blocks, Record

# A chunk is shared when at least this share of the members has it.
_SHARED = 0.75
_EXAMPLES, _EXAMPLE_CHARACTERS = 5, 60
# Longest text that a template is made of, code points.
_LONGEST = 4_000
_AROUND = 48


@dataclass(frozen=True, slots=True)
class Slot:
    """A part that varies.

    Attributes:
        number: Its place among the slots, from 1.
        kind: What most of its contents are: a kind of contact point, `contact` for part of one, `number` or `text`.
        variants: How many different contents the members have there.
        examples: A few of them, the contact points in them masked.
    """

    number: int
    kind: str
    variants: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Shared text, masked, and numbers of slots, in reading order.

    Attributes:
        parts: Texts, and the numbers of slots between them.
        slots: By number.
        cut: Whether the text goes on.
    """

    parts: tuple[str | int, ...]
    slots: tuple[Slot, ...]
    cut: bool


@dataclass(slots=True)
class _Varying:
    """A stretch of the first text that varies, in code points, and what stands there in each member."""

    start: int
    stop: int
    contents: dict[str, str | None] = field(default_factory=dict)

    def add(self, text: str, start: int, stop: int) -> None:
        """Note what stands at code points `start` to `stop` of a member, the first few also masked."""
        content = text[start:stop].strip()
        if content in self.contents:
            return
        masked = None
        if len(self.contents) <= _EXAMPLES:
            # With what stands around it: a contact point may reach out of the slot.
            before = min(start, _AROUND)
            around = mask_contacts(text[start - before : stop + _AROUND])
            masked = around[before : before + stop - start].strip()
        self.contents[content] = masked


def build_template(first: str, members: Sequence[Record]) -> Template:
    """Return what a text shares with those that repeat it, and where they vary.

    Args:
        first: The text.
        members: Others, with the `blocks` that say what they share with the first.
    """
    shown = first[:_LONGEST]
    varying = list(_varying(len(shown), [member.blocks for member in members]))
    for place in varying:
        place.add(first, place.start, place.stop)
        for member in members:
            stretch = _stretch(member, place, len(first))
            if stretch is not None:
                place.add(member.text, *stretch)
    return Template(tuple(_parts(shown, varying)), tuple(_slots(varying)), len(first) > _LONGEST)


def _varying(length: int, members: Sequence[Blocks]) -> Iterator[_Varying]:
    """Yield the stretches that too few members share; an empty one is where they have something more."""
    needed = _SHARED * len(members)
    shared, inserted = _count_edges(length, members)
    edges = sorted({0, length, *shared})
    start, count = None, 0
    for edge in edges:
        count += shared.get(edge, 0)
        if count < needed and edge < length:
            start = edge if start is None else start
        elif start is not None:
            yield _Varying(start, edge)
            start = None
        elif inserted.get(edge, 0) > len(members) - needed:
            yield _Varying(edge, edge)


def _count_edges(length: int, members: Sequence[Blocks]) -> tuple[dict[int, int], dict[int, int]]:
    """Return by how much the number of members that share the text changes, and how many put something in, by place."""
    shared: Counter[int] = Counter()
    inserted: Counter[int] = Counter()
    for blocks in members:
        old = new = 0
        for start, place, size in blocks:
            shared[min(start, length)] += 1
            shared[min(start + size, length)] -= 1
            if start == old and place > new:
                inserted[start] += 1
            old, new = start + size, place + size
    return shared, inserted


def _stretch(member: Record, place: _Varying, length: int) -> tuple[int, int] | None:
    """Return the stretch of a member between what it shares on either side, or None where it lacks these."""
    left = 0 if place.start == 0 else None
    right = len(member.text) if place.stop == length else None
    for old, new, size in member.blocks:
        if old < place.start <= old + size:
            left = new + place.start - old
        if old <= place.stop < old + size:
            right = new + place.stop - old
    return (left, right) if left is not None and right is not None and left <= right else None


def _parts(text: str, varying: Sequence[_Varying]) -> Iterator[str | int]:
    # Masked as a whole: a contact point may be shared, or reach from the shared text into a slot.
    masked = mask_contacts(text)
    place = 0
    for number, one in enumerate(varying, 1):
        if one.start > place:
            yield masked[place : one.start]
        yield number
        place = one.stop
    if place < len(masked):
        yield masked[place:]


def _slots(varying: Sequence[_Varying]) -> Iterator[Slot]:
    for number, one in enumerate(varying, 1):
        shown = [masked for masked in one.contents.values() if masked]
        examples = tuple(dict.fromkeys(_clipped(masked) for masked in shown[:_EXAMPLES]))
        yield Slot(number, _kind(one.contents), len(one.contents), examples)


def _kind(contents: Mapping[str, str | None]) -> str:
    kinds: dict[str, int] = {}
    for content, masked in contents.items():
        if masked is None:
            break
        found = find_contacts(content)
        hidden = "contact" if masked != content else "number" if any(map(str.isdecimal, content)) else "text"
        kind = found[0].kind if found else hidden
        kinds[kind] = kinds.get(kind, 0) + 1
    return max(sorted(kinds), key=lambda kind: kinds[kind])


def _clipped(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[: _EXAMPLE_CHARACTERS - 1]}…"
