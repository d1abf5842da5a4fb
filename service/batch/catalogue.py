"""What is known of the distinct documents of a run: a few numbers of each in memory, their texts on disk."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from service.batch.contact_log import ContactLog
from service.batch.contacts import ContactHasher
from service.batch.scratch import NONE, Record, Scratch

# Members of a cluster that are kept for its template, beside the first; as many copies for their ids.
SAMPLE = 8
# Documents of one kind that differ in what they say, and so are scored each.
VARIANTS = 4


@dataclass(frozen=True, slots=True)
class Repeats:
    """One cluster: a document and what repeats it.

    Attributes:
        index: Its number among the distinct documents.
        first: The first document.
        size: How many documents, the first included.
        exact: How many of the others are copies, letter for letter.
        sample: The first few of the others, in input order; the text of a copy is empty.
        contacts: Keyed hashes of the contact points of all of them, sorted.
    """

    index: int
    first: Record
    size: int
    exact: int
    sample: tuple[Record, ...]
    contacts: tuple[int, ...]


class Catalogue:
    """Distinct documents, numbered from 0, and what repeats each: 36 bytes a document beside its text on disk."""

    def __init__(self, hasher: ContactHasher | None, folder: Path | None) -> None:
        """Begin empty.

        Args:
            hasher: Notes contact points of repeated documents; None to look for none.
            folder: Where the file of texts is kept; None for the system's folder for temporary files.
        """
        self._hasher, self._scratch, self._contacts = hasher, Scratch(folder), ContactLog()
        # The record of each, the last record of its cluster, and its place in the input.
        self._heads, self._tails, self._numbers = array("Q"), array("Q"), array("Q")
        # How many repeat each, how many of those are copies, and the next document that is like it, counted from 1.
        self._repeats, self._copies, self._next = array("I"), array("I"), array("I")

    def __len__(self) -> int:
        """Return the number of distinct documents."""
        return len(self._heads)

    @property
    def memory(self) -> int:
        """Bytes of memory."""
        arrays = (self._heads, self._tails, self._numbers, self._repeats, self._copies, self._next)
        return sum(len(one) * one.itemsize for one in arrays) + self._contacts.size

    @property
    def disk(self) -> int:
        """Bytes of texts on disk."""
        return self._scratch.size

    def add(self, record: Record) -> int:
        """Add a distinct document and return its number."""
        place = self._scratch.append(record)
        self._heads.append(place)
        self._tails.append(place)
        self._numbers.append(record.number)
        for numbers in (self._repeats, self._copies, self._next):
            numbers.append(0)
        return len(self) - 1

    def read(self, index: int) -> Record:
        """Return a distinct document."""
        return self._scratch.read(self._heads[index])

    def number(self, index: int) -> int:
        """Return the place in the input of a distinct document."""
        return self._numbers[index]

    def count(self, index: int, member: Record, first: str, windows: Iterable[str]) -> None:
        """Count a repetition of a document.

        Args:
            index: The document.
            member: What repeats it; the text of a copy is empty.
            first: The document's text.
            windows: The parts of the member's text that may hold contact points which `first` has not.
        """
        if self._hasher is not None:
            if not self._repeats[index]:
                self._contacts.add(index, self._hasher.hashes(first))
            for window in windows:
                self._contacts.add(index, self._hasher.hashes(window))
        copy = not member.text
        seen = self._copies[index] if copy else self._repeats[index] - self._copies[index]
        if seen < SAMPLE:
            self._tails[index] = self._scratch.append(replace(member, previous=self._tails[index]))
        self._repeats[index] += 1
        self._copies[index] += copy

    def chain(self, like: int, index: int) -> None:
        """Note that who finds `like` should look at `index` too."""
        for _ in range(VARIANTS):
            if not self._next[like]:
                self._next[like] = index + 1
                return
            like = self._next[like] - 1

    def chained(self, index: int) -> Iterator[int]:
        """Yield a document and those to look at with it."""
        while index >= 0:
            yield index
            index = self._next[index] - 1

    def clusters(self) -> Iterator[Repeats]:
        """Yield every document that others repeat, in input order."""
        for index, repeats in enumerate(self._repeats):
            if repeats:
                sample = tuple(self._sample(index))[::-1]
                contacts = self._contacts.of(index)
                yield Repeats(index, self.read(index), repeats + 1, self._copies[index], sample, contacts)

    def sharing(self, contact: int) -> tuple[int, ...]:
        """Return the numbers of the clusters that have a contact point, sorted."""
        return self._contacts.sharing(contact)

    def _sample(self, index: int) -> Iterator[Record]:
        record = self._scratch.read(self._tails[index])
        while record.previous != NONE:
            yield record
            record = self._scratch.read(record.previous)
