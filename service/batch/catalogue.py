"""What is known of the distinct documents of a run: a few numbers of each in memory, their texts on disk."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.batch.contact_log import ContactLog
from service.batch.contacts import ContactHasher
from service.batch.scratch import NONE, Record, Scratch

# Members of a cluster that are kept for its template, beside the first; as many copies for their ids.
SAMPLE = 8
# Documents of one kind that differ in what they say, and so are scored each.
VARIANTS = 4


@dataclass(frozen=True, slots=True)
class Repeats:
    """One cluster: a document, what repeats it, and others made from the same template.

    Attributes:
        index: The number of the first document among the distinct ones.
        first: The first document.
        size: How many documents, the first included.
        distinct: How many of them carry no analysis of another one.
        copies: How many are copies, letter for letter, of an earlier one.
        sample: The first few of the others, in input order; the text of a copy is empty.
        contacts: Keyed hashes of the contact points of all of them, sorted.
    """

    index: int
    first: Record
    size: int
    distinct: int
    copies: int
    sample: tuple[Record, ...]
    contacts: tuple[int, ...]


class Catalogue:
    """Distinct documents, numbered from 0, and what repeats each: 42 bytes a document beside its text on disk."""

    def __init__(self, hasher: ContactHasher | None, folder: Path | None) -> None:
        """Begin empty.

        Args:
            hasher: Notes contact points of clusters; None to look for none.
            folder: Where the file of texts is kept; None for the system's folder for temporary files.
        """
        self._hasher, self._scratch, self._contacts = hasher, Scratch(folder), ContactLog()
        # The record of each, the last record of its cluster, and its place in the input.
        self._heads, self._tails, self._numbers = array("Q"), array("Q"), array("Q")
        # How many repeat each, how many of those are copies, and the next document that is like it, counted from 1.
        self._repeats, self._copies, self._next = array("I"), array("I"), array("I")
        # The first document of the cluster of each, and of a cluster how many other texts and copies are kept.
        self._roots, self._texts_kept, self._copies_kept = array("I"), array("B"), array("B")

    def __len__(self) -> int:
        """Return the number of distinct documents."""
        return len(self._heads)

    @property
    def memory(self) -> int:
        """Bytes of memory."""
        places = (self._heads, self._tails, self._numbers)
        numbers = (self._repeats, self._copies, self._next, self._roots, self._texts_kept, self._copies_kept)
        return sum(len(one) * one.itemsize for one in (*places, *numbers)) + self._contacts.size

    @property
    def disk(self) -> int:
        """Bytes of texts on disk."""
        return self._scratch.size

    def add(self, record: Record) -> int:
        """Add a distinct document, as a cluster of its own, and return its number."""
        index, place = len(self), self._scratch.append(record)
        self._heads.append(place)
        self._tails.append(place)
        self._numbers.append(record.number)
        self._roots.append(index)
        for numbers in (self._repeats, self._copies, self._next, self._texts_kept, self._copies_kept):
            numbers.append(0)
        return index

    def read(self, index: int) -> Record:
        """Return a distinct document."""
        return self._scratch.read(self._heads[index])

    def number(self, index: int) -> int:
        """Return the place in the input of a distinct document."""
        return self._numbers[index]

    def root(self, index: int) -> int:
        """Return the first document of the cluster that a distinct document is in."""
        return self._roots[index]

    def roots(self) -> Sequence[int]:
        """Return that of every distinct document."""
        return self._roots

    def numbers(self) -> Sequence[int]:
        """Return the place in the input of every distinct document."""
        return self._numbers

    def repeats(self) -> Sequence[int]:
        """Return how many documents carry the analysis of each distinct one."""
        return self._repeats

    def count(self, index: int, member: Record, first: str, windows: Iterable[str]) -> None:
        """Count a repetition of a document.

        Args:
            index: The document.
            member: What repeats it; the text of a copy is empty.
            first: The document's text.
            windows: The parts of the member's text that may hold contact points which `first` has not.
        """
        root = self._roots[index]
        if not self._repeats[index]:
            self._note(root, (first,))
        self._note(root, windows)
        copy = not member.text
        if copy or root == index:
            # What repeats another one than the first says nothing of where it varies from that.
            self._keep(root, member)
        self._repeats[index] += 1
        self._copies[index] += copy

    def join(self, root: int, index: int, member: Record, first: str) -> None:
        """Put a distinct document that nothing repeats yet into the cluster of an earlier one.

        Args:
            root: The first document of the cluster.
            index: The document.
            member: The same with its text and what of it is the same as in the first.
            first: The text of the first.
        """
        known = self._repeats[root] or self._texts_kept[root]
        self._note(root, (member.text,) if known else (first, member.text))
        self._roots[index] = root
        self._keep(root, member)

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
        """Yield every cluster of two documents or more, by the place of its first one in the input."""
        sizes = self._sizes()
        copies = self._sums(self._copies)
        for index in self.clustered():
            yield Repeats(
                index=index,
                first=self.read(index),
                size=int(sizes[0][index] + sizes[1][index]),
                distinct=int(sizes[0][index]),
                copies=int(copies[index]),
                sample=tuple(self._sample(index))[::-1],
                contacts=self._contacts.of(index),
            )

    def clustered(self) -> Sequence[int]:
        """Return the first document of every cluster of two documents or more, sorted."""
        distinct, repeats = self._sizes()
        indices: list[int] = np.flatnonzero(distinct + repeats > 1).tolist()
        return indices

    def merge(self, into: Mapping[int, int]) -> None:
        """Put clusters into others, each named by its first document; the others must be none of the former."""
        targets = np.arange(len(self), dtype=np.uint32)
        targets[list(into)] = list(into.values())
        self._roots = array("I", targets[np.array(self._roots, dtype=np.uint32)].tobytes())
        self._contacts.rename(targets)

    def sharing(self, contact: int) -> tuple[int, ...]:
        """Return the numbers of the first documents of the clusters that have a contact point, sorted."""
        return self._contacts.sharing(contact)

    def _sizes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return of every distinct document how many distinct ones its cluster has, and how many repeat those."""
        return self._sums(np.ones(len(self))), self._sums(self._repeats)

    def _sums(self, counts: ArrayLike) -> NDArray[np.float64]:
        roots = np.array(self._roots, dtype=np.int64)
        return np.bincount(roots, np.asarray(counts, dtype=np.float64), minlength=len(self)).astype(np.float64)

    def _note(self, root: int, texts: Iterable[str]) -> None:
        if self._hasher is not None:
            for text in texts:
                self._contacts.add(root, self._hasher.hashes(text))

    def _keep(self, root: int, member: Record) -> None:
        kept = self._texts_kept if member.text else self._copies_kept
        if kept[root] == SAMPLE:
            return
        kept[root] += 1
        self._tails[root] = self._scratch.append(replace(member, previous=self._tails[root]))

    def _sample(self, index: int) -> Iterator[Record]:
        record = self._scratch.read(self._tails[index])
        while record.previous != NONE:
            yield record
            record = self._scratch.read(record.previous)
