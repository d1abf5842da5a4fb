"""Writes `clusters.jsonl` into the run folder: one row for each text that others repeat, in input order."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import orjson

from service.batch.catalogue import Catalogue, Repeats
from service.batch.cluster_scores import ClusterScores, count_scores
from service.batch.contacts import ContactHasher, show_hash
from service.batch.duplicates import Duplicates
from service.batch.run_folder import RunFolder
from service.batch.shards import ANALYSIS, split_row
from service.batch.slots import build_template

CLUSTERS = "clusters.jsonl"
# Ids, contact points and linked clusters named in one row; each has a count of all beside it.
_IDS, _CONTACTS, _LINKED = 20, 20, 20
# A contact point of more clusters than this, such as a hotline's, links none: it says nothing of who wrote them.
MAX_SHARED = 100


class ClusterRows:
    """A `Finisher` that writes the clusters that a run's `Duplicates` found."""

    def __init__(self, duplicates: Duplicates, hasher: ContactHasher | None) -> None:
        """Take what found the repetitions, and what hashed their contact points."""
        self._duplicates, self._hasher = duplicates, hasher

    def finish(self, run: RunFolder) -> None:
        """Write the rows, and what was found to the manifest; dead letters scored again change nothing of it.

        Raises:
            OSError: The file cannot be written.
        """
        if not self._duplicates.documents:
            return
        self._duplicates.merge()
        count = 0
        with run.store.create(f"{run.name}/{CLUSTERS}", f"{run.name}/.clusters.tmp") as stream:
            for row in self._rows(run):
                stream.write(orjson.dumps(row) + b"\n")
                count += 1
        found = {
            "clusters": count,
            "distinct": len(self._duplicates.catalogue),
            "memory_bytes": self._duplicates.memory,
            "disk_bytes": self._duplicates.catalogue.disk,
            "contact_key": self._hasher.origin if self._hasher else None,
        }
        run.save(repeats=found)

    def _rows(self, run: RunFolder) -> Iterator[dict[str, Any]]:
        scores = count_scores(self._duplicates.catalogue, _analyses(run))
        for repeats in self._duplicates.catalogue.clusters():
            yield self._row(repeats, scores)

    def _row(self, repeats: Repeats, scores: ClusterScores) -> dict[str, Any]:
        members = [repeats.first, *repeats.sample]
        others = [member for member in repeats.sample if member.text]
        template = build_template(repeats.first.text, others)
        return {
            "id": cluster_id(repeats.first.number),
            "size": repeats.size,
            "distinct": repeats.distinct,
            "copies": repeats.copies,
            "first": repeats.first.id,
            "ids": [member.id for member in members[:_IDS]],
            "template": template.parts,
            "template_of": len(others) + 1,
            "template_cut": template.cut,
            "slots": [asdict(slot) for slot in template.slots],
            **scores.of(repeats.index),
            **_links(self._duplicates.catalogue, repeats),
        }


def cluster_id(number: int) -> str:
    """Return what a cluster is called by: the number of its first document in the input."""
    return f"c{number}"


def _links(catalogue: Catalogue, repeats: Repeats) -> dict[str, Any]:
    """Return the cluster's contact points and the clusters that share one with it."""
    shared: dict[int, list[int]] = {}
    for contact in repeats.contacts:
        having = catalogue.sharing(contact)
        for other in having if len(having) <= MAX_SHARED else ():
            if other != repeats.index:
                shared.setdefault(other, []).append(contact)
    nearest = sorted(shared, key=lambda other: (-len(shared[other]), other))[:_LINKED]
    linked = [
        {"id": cluster_id(catalogue.number(other)), "contacts": [show_hash(one) for one in shared[other][:_CONTACTS]]}
        for other in nearest
    ]
    return {
        "contacts": [show_hash(contact) for contact in repeats.contacts[:_CONTACTS]],
        "contact_count": len(repeats.contacts),
        "linked": linked,
        "linked_count": len(shared),
    }


def _analyses(run: RunFolder) -> Iterator[tuple[int, bytes]]:
    """Yield the number in the input and the JSON of every analysis that was made."""
    for shard in run.results().shards():
        for place, row in enumerate(shard.rows):
            first = next(split_row(row))
            if first.startswith(ANALYSIS):
                yield shard.record.first + place, first[len(ANALYSIS) : -1]
