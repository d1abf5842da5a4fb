"""What `tellsign corpus check` finds: planted leaks and planted label flips, and nothing where nothing was planted."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpora import draw_texts, plant_flips, plant_leaks, precision_recall
from tests.records import PRIVATE, SPAN, TEXT, make_row, write_rows
from training.alarms import load_ordinary
from training.corpus import load_corpus
from training.corpus_command import corpus
from training.corpus_entries import Entry
from training.corpus_leaks import find_leaks, rank_area, say_warnings
from training.corpus_noise import LEAST, find_noise, rank_suspects
from training.split import cluster_near_duplicates


def test_planted_near_duplicates_across_the_split_are_all_found_and_nothing_else() -> None:
    entries, planted = plant_leaks(draw_texts(300), 24)
    found = {(pair.first, pair.second) for pair in find_leaks(entries).leaked}
    assert precision_recall(found, planted) == (1.0, 1.0)


def test_equal_and_nearly_equal_texts_are_told_apart() -> None:
    entries, _ = plant_leaks(draw_texts(300), 24)
    leaks = find_leaks(entries)
    assert sum(pair.exact for pair in leaks.leaked) == 6
    assert say_warnings(leaks)[0].startswith("leak: 24 pairs of texts lie on both sides of the split, 6 of them equal")


def test_corpus_without_a_fault_gives_no_warning() -> None:
    entries = [replace(entry, part="test" if k % 5 == 0 else "train") for k, entry in enumerate(draw_texts(300))]
    assert say_warnings(find_leaks(entries, ["boats"])) == []


def test_group_on_both_sides_of_the_split_is_a_leak() -> None:
    entries = [replace(entry, group="one", part=part) for entry, part in zip(draw_texts(2), ("a", "b"), strict=True)]
    leaks = find_leaks(entries)
    assert leaks.straddling == ("e0",)
    assert leaks.pairs == ()


def test_equal_texts_with_different_labels_are_a_conflict_whatever_their_case() -> None:
    (entry,) = draw_texts(1)
    twin = replace(entry, id="twin", text=entry.text.upper(), labels=("boats",), group="other")
    leaks = find_leaks([entry, twin])
    assert [(pair.first, pair.second) for pair in leaks.conflicts] == [("e0", "twin")]


def test_length_that_tells_the_label_is_a_shortcut() -> None:
    entries = [replace(entry, text=entry.text + " copper" * 40) if entry.labels else entry for entry in draw_texts(80)]
    assert find_leaks(entries, ["boats"]).shortcuts == (("boats", 1.0),)


def test_area_counts_ties_half() -> None:
    truth = np.array([True, False, True, False])
    assert rank_area(truth, np.array([1.0, 1.0, 1.0, 1.0])) == 0.5
    assert rank_area(truth, np.array([2.0, 1.0, 3.0, 0.0])) == 1.0
    assert rank_area(truth, np.array([2.0, 2.0, 3.0, 0.0])) == 0.875


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_label_flips_of_five_percent_are_found(seed: int) -> None:
    """Three in four of them at least, and nine in ten of what is named: it names few and is seldom wrong."""
    entries, planted = plant_flips(draw_texts(600, seed=seed), 0.05, seed=seed)
    (noise,) = find_noise(entries, ["boats"])
    precision, recall = precision_recall([suspect.id for suspect in noise.suspects], planted)
    assert recall >= 0.75
    assert precision >= 0.9
    assert abs(noise.estimated - 0.05) < 0.02


def test_clean_labels_are_hardly_ever_suspected() -> None:
    (noise,) = find_noise(draw_texts(600), ["boats"])
    assert noise.estimated <= 0.01


def test_flipped_copy_of_a_text_does_not_vouch_for_itself() -> None:
    """A twin with the same wrong label would hide it, were the two in different folds."""
    entries, planted = plant_flips(draw_texts(300), 0.05)
    twins = [
        replace(entry, id=f"{entry.id}-twin", group=f"{entry.id}-twin") for entry in entries if entry.id in planted
    ]
    (noise,) = find_noise([*entries, *twins], ["boats"])
    _, recall = precision_recall([suspect.id for suspect in noise.suspects], planted)
    assert recall >= 0.8


def test_the_least_likely_label_comes_first() -> None:
    given = np.array([True] * 50 + [False] * 50)
    probability = np.where(given, 0.9, 0.1)
    probability[[3, 60]] = [0.02, 0.95]
    assert rank_suspects(given, probability) == [3, 60]


def test_rare_label_is_left_out_with_its_reason() -> None:
    entries = [replace(entry, labels=("boats",) if k < 5 else ()) for k, entry in enumerate(draw_texts(60))]
    (noise,) = find_noise(entries, ["boats"])
    assert noise.suspects == ()
    assert noise.left_out == f"5 entries on one side; {LEAST} are needed"


def write_corpus(path: Path, entries: list[Entry]) -> Path:
    """Write entries in the corpus format; the label is whether they need review."""
    rows = [
        make_row(
            id=entry.id,
            text=entry.text,
            group=entry.group,
            split=entry.part,
            spans=[],
            needs_review=bool(entry.labels),
        )
        for entry in entries
    ]
    return write_rows(path, rows)


def test_command_names_leaks_by_id_and_gives_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries, planted = plant_leaks(draw_texts(100), 5)
    path = write_corpus(tmp_path / "mine.jsonl", entries)
    assert corpus(["check", str(path), "--no-noise", "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert {(pair["first"], pair["second"]) for pair in shown["pairs"] if pair["across"]} == planted


def test_command_looks_for_leaks_into_a_second_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries, planted = plant_leaks(draw_texts(100), 5)
    one = write_corpus(tmp_path / "one.jsonl", [entry for entry in entries if entry.part == "train"])
    other = write_corpus(tmp_path / "other.jsonl", [entry for entry in entries if entry.part == "test"])
    assert corpus(["check", str(one), "--against", str(other), "--no-noise", "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert {(pair["first"], pair["second"]) for pair in shown["pairs"] if pair["across"]} == planted
    assert corpus(["check", str(one), "--no-noise"]) == 0


def test_command_names_wrong_labels_and_writes_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries, planted = plant_flips(draw_texts(300), 0.05)
    path = write_corpus(tmp_path / "mine.jsonl", entries)
    sheet = tmp_path / "sheet.md"
    assert corpus(["check", str(path), "--sheet", str(sheet), "--quiet", "--json"]) == 0
    labels = {one["label"]: one for one in json.loads(capsys.readouterr().out)["labels"]}
    found = [suspect["id"] for suspect in labels["needs review"]["suspects"]]
    assert precision_recall(found, planted)[1] >= 0.8
    assert labels["isolation"]["left_out"]
    written = sheet.read_text(encoding="utf-8")
    assert f"label 'needs review': {len(found)} of 300 are probably wrong" in written
    assert "## Licence and distribution" in written


def test_command_never_shows_a_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [make_row(), make_row(id="r2", group="g2", split="test"), make_row(id="r3", group="g3", spans=[])]
    path, sheet = write_rows(tmp_path / "mine.jsonl", rows), tmp_path / "sheet.md"
    assert corpus(["check", str(path), "--no-noise", "--sheet", str(sheet)]) == 1
    assert corpus(["stats", str(path)]) == 0
    shown = capsys.readouterr()
    assert PRIVATE not in shown.out + shown.err + sheet.read_text(encoding="utf-8")
    assert "conflict" in shown.out


def test_stats_count_labels_spans_and_lengths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    denied = {**SPAN, "assertion": "negated"}
    rows = [make_row(), make_row(id="r2", group="g2", spans=[denied], needs_review=False, text=f"{TEXT} Yes.")]
    assert corpus(["stats", str(write_rows(tmp_path / "mine.jsonl", rows)), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["entries"], shown["groups"], shown["unlabelled"]) == (2, 2, 1)
    assert shown["labels"]["document_retention"] == 1
    assert shown["labels"]["needs review"] == 1
    assert shown["spans"]["spans"] == {"document_retention": [1, 1, 0]}
    assert (shown["lengths"]["least"], shown["lengths"]["most"]) == (len(TEXT), len(TEXT) + 5)
    assert "sample" not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["check", "nowhere"], 3, "tellsign: no corpus 'nowhere'; give a path, or one of"),
        (["stats"], 2, "Missing argument"),
        (["mend"], 2, "tellsign: no command 'corpus mend'"),
        ([], 2, ""),
    ],
    ids=["unknown corpus", "no corpus", "unknown command", "no command"],
)
def test_wrong_call_says_what_is_allowed(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert corpus(arguments) == code
    shown = capsys.readouterr()
    assert said in shown.err


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert corpus(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("list", "check", "stats"))


def test_texts_that_must_not_be_flagged_are_not_those_of_the_corpus() -> None:
    """A model must not have learned what false alarms are counted on."""
    texts = [one.text for one in load_ordinary()]
    learned = [record.text for record in load_corpus("authored", "en")]
    near = cluster_near_duplicates([*texts, *learned]).tocoo()
    across = (near.row < len(texts)) & (near.col >= len(texts))
    assert not across.any()
    assert len(set(texts)) == len(texts) == 108
