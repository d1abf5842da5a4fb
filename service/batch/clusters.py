"""Writes `clusters.jsonl` into the run folder: one row for each text that others repeat, in input order."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from service.batch.catalogue import Catalogue, Repeats
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
        """Yield the rows; the analyses and the clusters come in the same order, so neither is held."""
        analyses = _analyses(run)
        number, analysis = next(analyses, (-1, b""))
        for repeats in self._duplicates.catalogue.clusters():
            while 0 <= number < repeats.first.number:
                number, analysis = next(analyses, (-1, b""))
            # The first document of a cluster has none when it became a dead letter.
            yield self._row(repeats, orjson.loads(analysis) if number == repeats.first.number else {})

    def _row(self, repeats: Repeats, analysis: Mapping[str, Any]) -> dict[str, Any]:
        members = [repeats.first, *repeats.sample]
        others = [member for member in repeats.sample if member.text]
        template = build_template(repeats.first.text, others)
        review: Mapping[str, Any] = analysis.get("review", {})
        flagged = [one["id"] for one in analysis.get("indicators", ()) if one["flagged"]]
        return {
            "id": cluster_id(repeats.first.number),
            "size": repeats.size,
            "copies": repeats.exact,
            "first": repeats.first.id,
            "ids": [member.id for member in members[:_IDS]],
            "template": template.parts,
            "template_of": len(others) + 1,
            "template_cut": template.cut,
            "slots": [asdict(slot) for slot in template.slots],
            "context": analysis.get("context", {}).get("label"),
            "indicators": flagged,
            "review_probability": review.get("probability"),
            "review_flagged": review.get("flagged", False),
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
