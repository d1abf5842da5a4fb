"""Brings clusters of one template together, at the end of a run, whose first texts did not meet while it went on."""

from collections.abc import Callable, Iterator, Sequence

from service.batch.alignment import align, of_one_template
from service.batch.catalogue import Catalogue
from service.batch.chunks import ANY_NUMBER, Chunker
from service.batch.key_table import KeyTable
from service.batch.minhash import Sketcher, pair_keys, shingle

# Clusters that one is compared with.
_CANDIDATES = 6


def merge_clusters(catalogue: Catalogue, chunker: Chunker, sketcher: Sketcher) -> None:
    """Put clusters of one template together; the cluster is then that of the earliest first document.

    Only clusters of two documents and more are looked at: they are few, so that what takes too much memory for every
    document can be kept of each, and two that share a third of their triples are found with a probability of 0.97.

    Args:
        catalogue: What was found; changed in place.
        chunker: Cuts the texts.
        sketcher: Makes the sketches.
    """
    table = KeyTable()
    merged: dict[int, int] = {}

    def find(index: int) -> int:
        while index in merged:
            index = merged[index]
        return index

    for index in catalogue.clustered():
        record = catalogue.read(index)
        chunks = chunker.read(record.text)
        shingles = shingle(chunks.word_row, single=ANY_NUMBER)
        if not len(shingles):
            continue
        keys = list(pair_keys(sketcher.sketch(shingles)))
        for other in _meeting(table, keys, find):
            earlier = catalogue.read(other)
            if earlier.language != record.language:
                continue
            known = chunker.read(earlier.text)
            if of_one_template(known, chunks, align(known.exact, chunks.exact)):
                merged[index] = other
                break
        table.add(keys, index)
    catalogue.merge({index: find(index) for index in merged})


def _meeting(table: KeyTable, keys: Sequence[int], find: Callable[[int], int]) -> Iterator[int]:
    """Yield the clusters that share a key, those that share most first."""
    shared: dict[int, int] = {}
    for key in keys:
        index = table.find(key)
        if index >= 0:
            shared[find(index)] = shared.get(find(index), 0) + 1
    yield from sorted(shared, key=lambda other: (-shared[other], other))[:_CANDIDATES]
