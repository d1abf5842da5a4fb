"""Training from end to end on a small corpus: the model folder, what it says of itself, and the two commands."""

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import classifier
from classifier.artifact import hash_lexicon, verify
from classifier.taxonomy import load_taxonomy
from tests.records import PRIVATE, make_row, write_card, write_recipe, write_rows, write_small_corpus
from training import cli
from training.corpus import load_card, load_corpus
from training.manifest import hash_code
from training.prepare import parse_texts
from training.recipe import load_recipe
from training.split import split_records

ROOT = Path(__file__).parents[2]
INDICATORS = load_taxonomy().ids
FILES = ["arrays.npz", "characters.txt", "manifest.json", "words.txt"]
CARD = ["card.html", "card.json", "card.md"]
TEXT = (
    "The manager took my passport and it is still in his safe. I owe 4,000 for the ticket and it goes up each week. "
    "Nobody is paid before the season ends."
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A recipe and the model folder that the command made of it."""

    recipe: Path
    folder: Path

    @property
    def manifest(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        return content


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    home = tmp_path_factory.mktemp("small")
    recipe = write_small_corpus(home)
    assert cli.train(["--recipe", str(recipe), "--output", str(home / "model"), "--quiet"]) == 0
    return Trained(recipe, home / "model")


@pytest.fixture(scope="session")
def figures(small: Trained) -> dict[str, Any]:
    """Figures of the test part as `tellsign evaluate --json` prints them, from a process of its own."""
    done = run_command("evaluate", "--model", str(small.folder), "--json")
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def run_command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `tellsign` itself, as a user does."""
    script = "from service.cli import main; main()"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_trained_folder_is_accepted_and_analyses(small: Trained) -> None:
    assert sorted(path.name for path in small.folder.iterdir()) == sorted([*FILES, *CARD])
    assert verify(small.folder) == []
    analysis = classifier.load(small.folder).analyze(TEXT)
    assert analysis.model.name == "small"
    assert [score.id for score in analysis.indicators] == list(INDICATORS)
    flagged = {score.id for score in analysis.indicators if score.flagged}
    assert {"document_retention", "debt_bondage"} & flagged
    spans = [span for score in analysis.indicators for span in score.spans]
    assert spans
    assert all(span.text == TEXT[span.start : span.end] for span in spans)


@pytest.mark.slow
def test_second_training_gives_the_same_bytes(small: Trained, tmp_path: Path) -> None:
    """In another process, with other string hashes, and with its parses kept on disk."""
    again, cache = tmp_path / "again", tmp_path / "cache"
    done = run_command(
        "train", "--recipe", str(small.recipe), "--output", str(again), "--cache", str(cache), "--no-card"
    )
    assert done.returncode == 0, done.stderr
    assert "fitting on" in done.stderr
    assert done.stdout == ""
    assert any(cache.iterdir())
    for name in FILES:
        assert (again / name).read_bytes() == (small.folder / name).read_bytes(), name


def test_manifest_names_the_data(small: Trained) -> None:
    recipe = load_recipe(str(small.recipe))
    card, records = load_card(recipe.corpus), load_corpus(recipe.corpus)
    split = split_records(records, test_share=recipe.split.test_share, folds=recipe.split.folds)
    assert small.manifest["data"] == {
        "corpus": "card",
        "licence": card.licence,
        "files": {item.name: item.sha256 for item in card.files},
        "split_sha256": split.sha256,
        "development_documents": len(split.development),
        "test_documents": len(split.test),
        "clusters": len(set(split.clusters.tolist())),
    }


def test_manifest_names_the_code_and_the_environment(small: Trained) -> None:
    manifest = small.manifest
    assert manifest["code_sha256"] == hash_code()
    assert manifest["lexicon_sha256"] == hash_lexicon("en")
    assert manifest["environment"] == {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{
            name: metadata.version(name)
            for name in ("numpy", "scipy", "scikit-learn", "spacy", "onnxruntime", "datasets")
        },
    }
    assert manifest["recipe"] == asdict(load_recipe(str(small.recipe)))


def test_manifest_names_the_columns_in_order(small: Trained) -> None:
    manifest = small.manifest
    assert manifest["indicators"] == list(INDICATORS)
    assert manifest["contexts"] == [context.id for context in load_taxonomy().contexts]
    assert manifest["taxonomy"] == load_taxonomy().version
    assert manifest["language"] == "en"


def test_manifest_holds_every_threshold_with_its_rule_and_support(small: Trained) -> None:
    thresholds = small.manifest["thresholds"]
    assert set(thresholds) == {"review", *INDICATORS, *(f"held:{name}" for name in INDICATORS)}
    rules = load_recipe(str(small.recipe)).thresholds
    for name, threshold in thresholds.items():
        rule = rules.review if name == "review" else rules.held if ":" in name else rules.indicators
        assert set(threshold) == {"value", "rule", "support", "precision", "recall", "met"}
        assert threshold["rule"] == rule
        assert 0.0 <= threshold["value"] <= 1.0
    assert min(thresholds[name]["support"] for name in INDICATORS) > 0
    assert sum(thresholds[f"held:{name}"]["support"] for name in INDICATORS) > 0
    analysis = classifier.load(small.folder).analyze(TEXT)
    assert {score.id: score.threshold for score in analysis.indicators} == {
        name: thresholds[name]["value"] for name in INDICATORS
    }
    assert analysis.review.threshold == thresholds["review"]["value"]


def test_manifest_says_how_it_was_calibrated_and_how_spans_are_cut(small: Trained) -> None:
    manifest = small.manifest
    assert manifest["calibration"].keys() == {"sentences", "documents", "bins"}
    assert manifest["evidence"].keys() == {"asserted", "price", "character_f1"}
    assert 0.0 < manifest["evidence"]["character_f1"] <= 1.0


def test_figures_in_the_manifest_are_those_that_evaluate_gives(small: Trained, figures: dict[str, Any]) -> None:
    test = small.manifest["metrics"]["test"]
    assert test == {name: value for name, value in figures.items() if name != "data"}
    assert figures["data"].startswith("test part of")
    assert test["documents"] == small.manifest["data"]["test_documents"]
    assert {"indicator macro AP", "indicator macro F1", "indicator ECE", "span character F1", "review AP"} <= set(
        test["overall"]
    )
    for value, low, high in test["overall"].values():
        assert 0.0 <= low <= high <= 1.0
        assert 0.0 <= value <= 1.0


def test_what_the_model_knows_comes_from_the_development_part(small: Trained) -> None:
    recipe = load_recipe(str(small.recipe))
    records = load_corpus(recipe.corpus)
    split = split_records(records, test_share=recipe.split.test_share, folds=recipe.split.folds)
    assert not set(split.clusters[split.development]) & set(split.clusters[split.test])
    words = set((small.folder / "words.txt").read_text(encoding="utf-8").split("\n"))
    seen, held_out = (
        {token for parsed in parse_texts([records[i].text for i in part], "en", INDICATORS) for token in parsed.tokens}
        for part in (split.development, split.test)
    )
    assert words <= seen
    assert held_out - seen
    assert not words & (held_out - seen)


@pytest.mark.slow
def test_authored_corpus_is_valid_and_its_frozen_split_leaks_nothing() -> None:
    records = load_corpus("authored", "en")
    rule = load_recipe("default").split
    split = split_records(records, test_share=rule.test_share, folds=rule.folds)
    assert split.sha256 == load_card("authored").split_sha256[rule.name]
    assert not set(split.clusters[split.development]) & set(split.clusters[split.test])
    groups = np.array([record.group for record in records])
    assert not set(groups[split.development]) & set(groups[split.test])


def test_figures_of_a_labelled_file_are_printed_for_people(
    small: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [make_row(), make_row(id="r2", group="g2", spans=[], needs_review=False), make_row(id="r3", lang="es")]
    path = write_rows(tmp_path / "notes.jsonl", rows)
    assert cli.evaluate([str(path), "--model", str(small.folder), "--resamples", "20"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("notes.jsonl: 2 documents in 2 groups")
    assert "weakest first" in shown
    assert all(name in shown for name in (*INDICATORS, "review AP", "span character F1"))
    assert PRIVATE not in shown


def test_figures_as_json_are_the_only_output(
    small: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_rows(tmp_path / "notes.jsonl", [make_row()])
    assert cli.evaluate([str(path), "--model", str(small.folder), "--resamples", "5", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["data"] == "notes.jsonl"
    assert shown.err == ""


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([make_row(), make_row(id="r2", genre="poem")], "tellsign: notes.jsonl:2: field 'genre' is 'poem'; allowed:"),
        ([make_row(lang="es")], "tellsign: there are no records to evaluate on"),
    ],
    ids=["broken record", "no record of the language"],
)
def test_refused_labelled_file_gives_code_3(
    rows: list[dict[str, Any]], message: str, small: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_rows(tmp_path / "notes.jsonl", rows)
    assert cli.evaluate([str(path), "--model", str(small.folder)]) == 3
    shown = capsys.readouterr()
    assert shown.err.startswith(message)
    assert shown.out == ""
    assert PRIVATE not in shown.err


def test_refused_model_gives_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.evaluate(["--model", str(tmp_path)]) == 3
    assert "manifest.json is missing" in capsys.readouterr().err


def test_corpus_that_changed_is_not_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_rows(tmp_path / "notes.jsonl", [make_row()])
    write_card(tmp_path, [path])
    write_rows(path, [make_row(needs_review=False)])
    recipe = write_recipe(tmp_path, corpus='"card.toml"')
    assert cli.train(["--recipe", str(recipe), "--output", str(tmp_path / "model")]) == 3
    assert "tellsign: notes.jsonl: sha256 is" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "none"], "no recipe 'none'; there are"),
        (["--recipe", "none.toml"], "no recipe file 'none.toml'"),
    ],
    ids=["name", "path"],
)
def test_unknown_recipe_gives_code_3(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.train([*arguments, "--output", str(tmp_path / "model")]) == 3
    assert capsys.readouterr().err.startswith(f"tellsign: {message}")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    "arguments",
    [["none.jsonl"], ["--resamples", "0"], ["--colour"]],
    ids=["file that is not there", "no resamples", "unknown option"],
)
def test_wrong_usage_gives_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.evaluate(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err
    assert shown.out == ""


@pytest.mark.parametrize(
    ("command", "option"), [(cli.train, "--recipe"), (cli.train, "--output"), (cli.evaluate, "--json")]
)
def test_help_names_the_option(command: Any, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["--help"]) == 0
    assert option in capsys.readouterr().out
