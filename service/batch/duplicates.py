"""Finds repeated documents in input order: the first of a kind is scored, later ones carry its analysis.

A document repeats an earlier one when its text is the same, letter for letter, or when the two share enough of their
word triples *and* nothing in which they differ can change what is said (see `alignment.carriable`). Everything else is
scored by itself. Candidates come from MinHash bands and are checked against the true texts, which are kept on disk.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b, sha256
from pathlib import Path

from classifier.document import Document
from service.batch.alignment import MAX_STRETCH, TEMPLATE, Gap, align, blocks_of, carriable, of_one_template
from service.batch.catalogue import VARIANTS, Catalogue
from service.batch.chunks import ANY_NUMBER, Chunker, Chunks, load_decisive, load_foreign
from service.batch.contact_windows import contact_windows, is_dialled
from service.batch.contacts import ContactHasher
from service.batch.extensions import Link
from service.batch.found import MAX_CHARACTERS
from service.batch.key_table import MAX_VALUE, KeyTable
from service.batch.merging import merge_clusters
from service.batch.minhash import (
    BANDS,
    ROWS,
    SHINGLE,
    Hashes,
    Sketcher,
    band_keys,
    build_sketcher,
    jaccard,
    shingle,
)
from service.batch.scratch import NONE, Record

THRESHOLD = 0.5
# Texts with no more of their triples in common are not looked at for a template.
LIKE = 0.2
MAX_DISTINCT = 10_000_000
# A shorter text is a repetition only when it is the same: one word is too much of it.
MIN_WORDS = 8
# Earlier documents that a new one is compared with, without those chained to them.
_CANDIDATES = 4
# Texts that are kept as they are compared, code points in all; each takes about 25 bytes.
_CACHED_CHARACTERS = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A document as it is compared: its chunks in order, and the set of its word triples."""

    record: Record
    chunks: Chunks
    triples: frozenset[int]


class Duplicates:
    """A `Deduplicator` that keeps under a kilobyte in memory for each distinct document, and its text on disk."""

    def __init__(
        self,
        *,
        threshold: float = THRESHOLD,
        sketcher: Sketcher | None = None,
        hasher: ContactHasher | None = None,
        max_distinct: int = MAX_DISTINCT,
        max_characters: int = MAX_CHARACTERS,
        folder: Path | None = None,
    ) -> None:
        """Begin with no document known.

        Args:
            threshold: Least share of word triples in common, 0..1.
            sketcher: By default that of `rensa` where it is installed, else that of numpy.
            hasher: Notes contact points of repeated documents; None to look for none.
            max_distinct: Once so many are known, new ones are compared but not remembered.
            max_characters: Longest text; a longer one gets no analysis that another could carry.
            folder: Where the file of texts is kept; by default the system's folder for temporary files.

        Raises:
            ValueError: The threshold or the number is out of range.
        """
        if not 0.0 < threshold <= 1.0:
            raise ValueError(f"threshold is {threshold}; allowed: above 0 and up to 1")
        if not 0 < max_distinct <= MAX_VALUE:
            raise ValueError(f"max_distinct is {max_distinct}; allowed: 1 to {MAX_VALUE}")
        self._threshold, self._max_distinct, self._max_characters = threshold, max_distinct, max_characters
        self._sketcher = sketcher or build_sketcher()
        decisive, foreign = load_decisive(), load_foreign()
        self._decisive = sha256("\n".join([*sorted(decisive), "", *sorted(foreign)]).encode()).hexdigest()
        self._chunker, self._table = Chunker(decisive, foreign), KeyTable()
        self._cache: OrderedDict[int, _Read] = OrderedDict()
        self._cached = 0
        self.catalogue = Catalogue(hasher, folder)
        self.documents = 0

    @property
    def settings(self) -> Mapping[str, object]:
        """What its links depend on, as JSON values; a run is not resumed under others."""
        return {
            "threshold": self._threshold,
            "like": [LIKE, TEMPLATE],
            "sketch": self._sketcher.name,
            "words": SHINGLE,
            "bands": [BANDS, ROWS],
            "stretch": MAX_STRETCH,
            "max_distinct": self._max_distinct,
            "decisive": self._decisive,
        }

    @property
    def memory(self) -> int:
        """Bytes of memory that grow with the number of documents."""
        return self._table.size + self.catalogue.memory

    def assign(self, document: Document, number: int) -> Link | None:
        """Return which earlier document this one repeats, or None for one to be scored.

        Args:
            document: The document.
            number: Its place in the input, counted from 0; rises from call to call.
        """
        self.documents += 1
        if not self._scorable(document.text):
            # It becomes a dead letter, and what is like it must not become one for that.
            return None
        new = Record(NONE, number, document.id, document.language, document.text)
        key = _content_key(new)
        index = self._table.find(key)
        if index >= 0 and (link := self._copy(index, new)):
            return link
        chunks, shingles = self._cut(new)
        if len(shingles) < MIN_WORDS - SHINGLE + 1:
            self._remember(new, [key])
            return None
        return self._assign_near(_Read(new, chunks, frozenset(shingles.tolist())), key, self._sketcher.sketch(shingles))

    def _assign_near(self, new: _Read, key: int, sketch: Sequence[int]) -> Link | None:
        variant_of, like, closest = None, None, LIKE
        for index in self._candidates(sketch):
            found = self._compare(index, new)
            if isinstance(found, Link):
                return found
            if variant_of is None and found >= self._threshold:
                variant_of = index
            if found > closest:
                like, closest = index, found
        added = self._remember(new.record, [key, *band_keys(sketch)])
        if added is not None and variant_of is not None:
            # The band keys they share stay those of the earlier one.
            self.catalogue.chain(variant_of, added)
        if added is not None and like is not None:
            self._join(like, added, new)
        return None

    def merge(self) -> None:
        """Put clusters of one template together, once all documents were seen."""
        merge_clusters(self.catalogue, self._chunker, self._sketcher)

    def _scorable(self, text: str) -> bool:
        if len(text) > self._max_characters or not text or text.isspace():
            return False
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
        return True

    def _copy(self, index: int, new: Record) -> Link | None:
        first = self._known(index).record
        if (first.text, first.language) != (new.text, new.language):
            return None
        self.catalogue.count(index, Record(NONE, new.number, new.id, new.language, ""), first.text, ())
        return Link(first.number, first.id, 1.0)

    def _candidates(self, sketch: Sequence[int]) -> Iterator[int]:
        """Yield known documents that share a band with a new one, each with those chained to it."""
        seen: set[int] = set()
        for key in band_keys(sketch):
            index = self._table.find(key)
            if index >= 0 and index not in seen:
                others = [other for other in self.catalogue.chained(index) if other not in seen]
                seen.update(others)
                yield from others
                if len(seen) > _CANDIDATES + VARIANTS:
                    return

    def _compare(self, index: int, new: _Read) -> Link | float:
        """Return the link to a candidate that `new` repeats, else how similar it is."""
        old = self._known(index)
        similarity = jaccard(old.triples, new.triples)
        if old.record.language != new.record.language or similarity < self._threshold:
            return similarity
        found = align(old.chunks.exact, new.chunks.exact)

        def dialled(gap: Gap) -> bool:
            parts = (old, gap.old), (new, gap.new)
            return all(is_dialled(read.record.text, read.chunks, part) for read, part in parts)

        if not carriable(old.chunks, new.chunks, found, dialled=dialled):
            return similarity
        text, blocks = new.record.text, blocks_of(old.chunks, new.chunks, found)
        windows = contact_windows(text, new.chunks, found.gaps)
        self.catalogue.count(index, replace(new.record, blocks=blocks), old.record.text, windows)
        return Link(old.record.number, old.record.id, round(similarity, 4), len(text), blocks)

    def _remember(self, new: Record, keys: list[int]) -> int | None:
        if len(self.catalogue) >= self._max_distinct:
            return None
        index = self.catalogue.add(new)
        self._table.add(keys, index)
        return index

    def _join(self, like: int, index: int, new: _Read) -> None:
        """Put a document into the cluster of one that it is like, if it is made from the same template."""
        root = self.catalogue.root(like)
        first = self._known(root)
        found = align(first.chunks.exact, new.chunks.exact)
        if of_one_template(first.chunks, new.chunks, found):
            member = replace(new.record, blocks=blocks_of(first.chunks, new.chunks, found))
            self.catalogue.join(root, index, member, first.record.text)

    def _known(self, index: int) -> _Read:
        known = self._cache.get(index)
        if known is not None:
            self._cache.move_to_end(index)
            return known
        record = self.catalogue.read(index)
        chunks, shingles = self._cut(record)
        known = _Read(record, chunks, frozenset(shingles.tolist()))
        self._cache[index] = known
        self._cached += len(record.text)
        while self._cached > _CACHED_CHARACTERS and len(self._cache) > 1:
            self._cached -= len(self._cache.popitem(last=False)[1].record.text)
        return known

    def _cut(self, record: Record) -> tuple[Chunks, Hashes]:
        chunks = self._chunker.read(record.text)
        # Documents of different languages share no triple: an analysis never passes from one to the other.
        salt = (
            int.from_bytes(blake2b(record.language.encode(), digest_size=8).digest(), "big") if record.language else 0
        )
        return chunks, shingle(chunks.word_row, salt, single=ANY_NUMBER)


def _content_key(record: Record) -> int:
    """Return a 64-bit key of a text with its language."""
    language = (record.language or "").encode()[:64]
    return int.from_bytes(blake2b(record.text.encode(), digest_size=8, key=language).digest(), "big")
