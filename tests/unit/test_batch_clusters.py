"""Clusters: one row for each text that comes again, with slots, without contact data, linked by contact points."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from service.batch.alignment import align, blocks_of, carriable
from service.batch.chunks import Chunker
from service.batch.clusters import ClusterRows
from service.batch.contact_log import ContactLog
from service.batch.contacts import ContactHasher
from service.batch.duplicates import Duplicates
from service.batch.extensions import Extensions
from service.batch.minhash import BANDS, ROWS
from service.batch.scratch import NONE, Record
from service.batch.slots import Template, build_template
from tests.batch_runs import Runs

KEY = ContactHasher(b"a key of a test", "environment")
BODY = "He keeps our passports in a box by the office door. Ask for {name} in {place}, number {number}, at any hour."
OTHER = (
    "New faces wanted for the harbour market stall, good mood needed and warm clothes welcome. Every morning the van "
    "stops at the bridge. Write to {name} under {number} before the week ends."
)


def body(name: str, place: str = "Northport", number: str = "202-555-0101", text: str = BODY) -> str:
    return text.format(name=name, place=place, number=number)


def shape(parts: tuple[str | int, ...]) -> str:
    return "".join(part if isinstance(part, str) else f"[{part}]" for part in parts)


def template_of(*texts: str) -> Template:
    """The template of a text and others that repeat it."""
    chunker = Chunker()
    first, *others = (chunker.read(text) for text in texts)
    members = []
    for number, (text, other) in enumerate(zip(texts[1:], others, strict=True), 1):
        found = align(first.exact, other.exact)
        assert carriable(first, other, found)
        blocks = blocks_of(first, other, found)
        members.append(Record(NONE, number, None, None, text, blocks))
    return build_template(texts[0], members)


def test_template_has_shared_words_and_slots() -> None:
    texts = [
        body("Asha", "Northport"),
        body("Bela", "Fairhaven"),
        body("Ciro", "Redhill"),
        body("Dara", "Lakeside"),
    ]
    template = template_of(*texts)
    assert shape(template.parts) == (
        "He keeps our passports in a box by the office door. Ask for [1]in [2]number •••-•••-••••, at any hour."
    )
    assert [(slot.kind, slot.variants) for slot in template.slots] == [("text", 4), ("text", 4)]
    assert template.slots[0].examples == ("Asha", "Bela", "Ciro", "Dara")


def test_slot_of_contact_points_is_named_and_masked() -> None:
    texts = [body("Asha", number=f"202-555-01{number}") for number in (21, 34, 47)]
    template = template_of(*texts)
    (slot,) = template.slots
    assert (slot.kind, slot.variants, slot.examples) == ("contact", 3, ("••••,",))
    assert not any(letter.isdecimal() for letter in repr(template.parts).replace("1,", ""))


def test_words_that_only_some_members_have_are_a_slot() -> None:
    texts = [body("Asha"), *(body("Asha").replace("at any hour", "right now, at any hour") for _ in range(3))]
    template = template_of(*texts)
    assert [slot.examples for slot in template.slots] == [("right now,",)]


def test_exception_among_many_members_is_no_slot() -> None:
    texts = [body("Asha")] * 9 + [body("Bela")]
    assert template_of(*texts).slots == ()


def test_text_without_other_texts_is_a_template_without_slots() -> None:
    assert shape(template_of("One two three.").parts) == "One two three."


def test_long_template_is_cut() -> None:
    template = template_of("word " * 2_000)
    assert template.cut
    assert len(shape(template.parts)) == 4_000


def sequences(seed: int) -> tuple[list[int], list[int]]:
    chance = np.random.default_rng(seed)
    old = chance.integers(1, 40, int(chance.integers(0, 60))).tolist()
    new = [one for one in old if chance.random() > 0.2]
    for _ in range(int(chance.integers(0, 8))):
        new.insert(int(chance.integers(0, len(new) + 1)), int(chance.integers(1, 60)))
    return old, new


@pytest.mark.parametrize("seed", range(40))
def test_alignment_is_true_ordered_and_whole(seed: int) -> None:
    old, new = sequences(seed)
    found = align(old, new)
    for run in found.runs:
        assert old[run.old : run.old + run.count] == new[run.new : run.new + run.count]
    for before, after in pairwise(found.runs):
        assert before.old + before.count <= after.old
        assert before.new + before.count <= after.new
    covered = sum(run.count for run in found.runs)
    assert covered + sum(gap.old.stop - gap.old.start for gap in found.gaps) == len(old)
    assert covered + sum(gap.new.stop - gap.new.start for gap in found.gaps) == len(new)


def test_alignment_finds_all_but_what_was_put_in() -> None:
    old = list(range(100))
    new = [*old[:30], 500, 501, *old[30:60], *old[70:]]
    assert sum(run.count for run in align(old, new).runs) == 90


def test_contact_log_keeps_each_pair_once() -> None:
    log = ContactLog()
    for turn in range(40_000):
        log.add(turn % 3, [2**63 + turn % 5, 7])
    assert log.of(1) == (7, *(2**63 + number for number in range(5)))
    assert log.sharing(7) == (0, 1, 2)
    assert log.sharing(8) == ()
    assert log.size < 2_000


def clusters(folder: Path, texts: dict[str, str], finder: Duplicates) -> tuple[list[dict[str, Any]], Runs]:
    lines = (orjson.dumps({"id": name, "text": text}) + b"\n" for name, text in texts.items())
    (folder / "in.jsonl").write_bytes(b"".join(lines))
    runs = Runs(folder, shard_size=4, extensions=Extensions(finder, [ClusterRows(finder, KEY)]))
    runs.run()
    return [orjson.loads(row) for row in (folder / "out.run/clusters.jsonl").read_bytes().splitlines()], runs


def two_clusters() -> dict[str, str]:
    """Two kinds of text of which one member each has the same number, spelled in different ways."""
    texts = {f"keeps-{place}": body(name) for place, name in enumerate(("Asha", "Bela", "Ciro", "Asha"))}
    texts |= {
        f"market-{place}": body(name, number="202-555-0177", text=OTHER) for place, name in enumerate(("Eve", "Fay"))
    }
    texts["market-9"] = body("Gil", number="(202) 555 0101", text=OTHER)
    return texts | {
        "alone": "Nobody else wrote a text like this one, about a walk along the river in spring with a dog."
    }


def test_cluster_row_says_what_repeats(tmp_path: Path) -> None:
    rows, _ = clusters(tmp_path, two_clusters(), Duplicates(hasher=KEY))
    first, second = rows
    assert [(row["id"], row["size"], row["copies"]) for row in rows] == [("c0", 4, 1), ("c4", 3, 0)]
    assert first["ids"] == ["keeps-0", "keeps-1", "keeps-2", "keeps-3"]
    assert (first["indicators"], first["context"]) == (["document_retention"], "disclosure")
    assert (first["review_flagged"], first["distinct"]) == (4, 1)
    assert first["review_probability"] > 0.8
    assert (second["indicators"], second["review_flagged"]) == ([], 0)


def test_clusters_that_share_a_contact_point_are_linked(tmp_path: Path) -> None:
    first, second = clusters(tmp_path, two_clusters(), Duplicates(hasher=KEY))[0]
    shared = first["contacts"][0]
    assert first["contacts"] == [shared]
    assert second["contact_count"] == 2
    assert first["linked"] == [{"id": "c4", "contacts": [shared]}]
    assert second["linked"] == [{"id": "c0", "contacts": [shared]}]
    assert (first["linked_count"], second["linked_count"]) == (1, 1)


def test_contact_data_is_nowhere_in_the_run_folder(tmp_path: Path) -> None:
    clusters(tmp_path, two_clusters(), Duplicates(hasher=KEY))
    for name in ("clusters.jsonl", "manifest.json"):
        content = (tmp_path / "out.run" / name).read_bytes()
        assert not any(number in content for number in (b"0101", b"0177", b"a key of a test"))


def test_variants_that_are_scored_by_themselves_are_of_one_cluster(tmp_path: Path) -> None:
    """Another age can change what is said, and is a slot of the template all the same."""
    ages = (14, 16, 19, 22)
    texts = {f"n-{age}": body("Asha").replace("at any hour", f"for a job from {age} years on") for age in ages}
    rows, _ = clusters(tmp_path, texts, Duplicates(hasher=KEY))
    (row,) = rows
    assert (row["size"], row["distinct"], row["ids"]) == (4, 3, ["n-14", "n-16", "n-19"])
    assert [slot["examples"] for slot in row["slots"]] == [["14", "16", "19"]]
    assert (row["contact_count"], row["review_flagged"]) == (1, 4)


def test_clusters_of_one_template_are_merged_at_the_end(tmp_path: Path) -> None:
    """Their first texts share too few triples to meet while documents are read."""

    class Blind:
        """Brings together what is the same, and nothing else, until the run ends."""

        name = "blind"

        def __init__(self) -> None:
            self.seen = 0

        def sketch(self, shingles: np.ndarray) -> list[int]:
            self.seen += bool(len(shingles))
            return [0 if self.seen > 2 else self.seen] * (BANDS * ROWS)

    first, second = body("Asha"), body("Bela", "Fairhaven", "202-555-0177")
    texts = {"a": first, "b": second, "c": first, "d": second}
    rows, _ = clusters(tmp_path, texts, Duplicates(hasher=KEY, sketcher=Blind()))
    (row,) = rows
    assert (row["id"], row["size"], row["distinct"], row["copies"]) == ("c0", 4, 2, 2)
    assert (row["contact_count"], row["linked_count"], row["review_flagged"]) == (2, 0, 4)


def test_manifest_says_what_was_found_and_where_the_key_is_from(tmp_path: Path) -> None:
    clusters(tmp_path, two_clusters(), Duplicates(hasher=KEY))
    found = orjson.loads((tmp_path / "out.run/manifest.json").read_bytes())["repeats"]
    assert (found["clusters"], found["distinct"], found["contact_key"]) == (2, 3, "environment")
    assert found["disk_bytes"] > 0


def test_contact_point_of_very_many_clusters_links_none(tmp_path: Path) -> None:
    texts: dict[str, str] = {}
    for number in range(110):
        words = " ".join(f"{chr(97 + place)}{number}" for place in range(20))
        texts |= {f"{number}-{copy}": f"{words} hotline 202-555-0101" for copy in range(2)}
    rows, _ = clusters(tmp_path, texts, Duplicates(hasher=KEY))
    assert len(rows) == 110
    assert {(row["contact_count"], row["linked_count"]) for row in rows} == {(1, 0)}


def test_rows_stay_when_dead_letters_are_scored_again(tmp_path: Path) -> None:
    rows, runs = clusters(tmp_path, two_clusters() | {"blank": " "}, Duplicates(hasher=KEY))
    finder = Duplicates(hasher=KEY)
    runs.extensions = Extensions(finder, [ClusterRows(finder, KEY)])
    runs.run("retry")
    assert [orjson.loads(row) for row in (tmp_path / "out.run/clusters.jsonl").read_bytes().splitlines()] == rows


def test_resumed_run_has_the_same_rows(tmp_path: Path) -> None:
    rows, runs = clusters(tmp_path, two_clusters(), Duplicates(hasher=KEY))
    runs.shards()[0].unlink()
    finder = Duplicates(hasher=KEY)
    runs.extensions = Extensions(finder, [ClusterRows(finder, KEY)])
    runs.run("resume")
    assert [orjson.loads(row) for row in (tmp_path / "out.run/clusters.jsonl").read_bytes().splitlines()] == rows


def test_ids_of_a_large_cluster_are_capped_and_counted(tmp_path: Path) -> None:
    (row,), _ = clusters(tmp_path, {f"n-{number}": body("Asha") for number in range(50)}, Duplicates(hasher=KEY))
    assert (row["size"], row["copies"], len(row["ids"])) == (50, 49, 9)
