"""Documents from outside join the development part alone, groups whole, and the frozen split stays."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.errors import CorpusError, RecipeError
from tests.records import make_record, make_row, write_rows
from training.added import add_records, find_added
from training.recipe import Recipe, load_recipe
from training.split import TEST, Split, split_records

WORDS = (
    *("gate", "foreman", "wages", "kitchen", "harbour", "orchard"),
    *("ladder", "tractor", "passport", "contract", "ledger", "bakery"),
)
CORPUS = [make_record(k, f"{WORDS[k % 12]} {WORDS[(k * 5 + 1) % 12]} number {k} {k * 7} {k * 13}") for k in range(60)]


@pytest.fixture
def recipe() -> Recipe:
    default = load_recipe("default")
    return replace(default, added="outside.jsonl", split=replace(default.split, folds=3))


@pytest.fixture
def split(recipe: Recipe) -> Split:
    return split_records(CORPUS, test_share=recipe.split.test_share, folds=recipe.split.folds)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TELLSIGN_DATA", str(tmp_path))
    return tmp_path


def outside(number: int, text: str, **changes: object) -> dict[str, object]:
    fields = {"spans": [], "needs_review": False, "split": "dev", **changes}
    return make_row(id=f"o{number}", text=text, **fields)


def test_added_documents_are_developed_on_and_move_nothing(home: Path, recipe: Recipe, split: Split) -> None:
    rows = [outside(k, f"the report of year {k} says {k * 3} words", group=f"report {k // 4}") for k in range(40)]
    write_rows(home / "outside.jsonl", [*rows, outside(99, "un informe", lang="es", group="otro")])
    joined, whole = add_records(CORPUS, split, recipe)
    assert joined[:60] == CORPUS
    assert [record.id for record in joined[60:]] == [f"o{k}" for k in range(40)]
    assert (whole.parts[:60] == split.parts).all()
    assert (whole.sha256, whole.positions[:60].tolist()) == (split.sha256, split.positions.tolist())
    added = whole.parts[60:]
    assert TEST not in added
    assert all(len(set(added[k : k + 4].tolist())) == 1 for k in range(0, 40, 4))
    assert len(set(added.tolist())) == 3
    # Nobody saw them while writing the lexicon, so all of them are fair.
    assert (whole.positions[60:] >= recipe.split.lexicon_share).all()


def test_added_document_that_repeats_a_held_out_one_is_refused(home: Path, recipe: Recipe, split: Split) -> None:
    held_out = CORPUS[int(np.flatnonzero(split.parts == TEST)[0])].text
    write_rows(home / "outside.jsonl", [outside(0, held_out, group="outside")])
    with pytest.raises(CorpusError, match="repeat documents of the corpus") as raised:
        add_records(CORPUS, split, recipe)
    assert held_out not in str(raised.value)


def test_missing_file_is_named_with_the_variable_that_finds_it(home: Path) -> None:
    with pytest.raises(RecipeError, match=r"added is 'no\.jsonl', but '.*no\.jsonl' is no file; set TELLSIGN_DATA"):
        find_added("no.jsonl")
    assert find_added(str(write_rows(home / "own.jsonl", []))) == home / "own.jsonl"


def test_mixed_recipe_is_the_default_one_but_for_what_it_adds() -> None:
    mixed, default = load_recipe("mixed"), load_recipe("default")
    assert replace(mixed, title=default.title, added=default.added) == default
    assert mixed.added
