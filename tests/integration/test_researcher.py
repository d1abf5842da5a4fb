"""The researcher's loop on a small trained model: compare, promote or refuse, and a card that can be counted again."""

import json
import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import classifier
from classifier.artifact import inspect, load, save, verify
from classifier.document import NOTICE, Document
from tests.records import write_small_corpus
from training import cli
from training.alarms import load_ordinary
from training.card import write_card
from training.card_command import card
from training.compare_command import compare
from training.corpus import load_corpus
from training.cost import Cost, Meter, estimate
from training.promote_command import promote
from training.recipe import load_recipe
from training.split import split_records
from training.suite_cases import DEFAULT_SUITE, load_suite


@dataclass(frozen=True, slots=True)
class Models:
    """A trained model, and the same with a planted fault: its thresholds let a third of the evidence pass."""

    recipe: Path
    good: Path
    worse: Path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    home = tmp_path_factory.mktemp("researcher")
    recipe = write_small_corpus(home)
    assert cli.train(["--recipe", str(recipe), "--output", str(home / "good"), "--quiet"]) == 0
    artifact = load(home / "good")
    document = replace(artifact.document, thresholds=artifact.document.thresholds / 3.0, review_threshold=0.05)
    parts = {"space": artifact.space, "weights": artifact.weights, "text": artifact.text}
    save(home / "worse", {**artifact.manifest, "version": "9.9.9"}, document=document, **parts)  # type: ignore[arg-type]
    return Models(recipe, home / "good", home / "worse")


@pytest.fixture(scope="module")
def written(models: Models) -> dict[str, Any]:
    return write_card(models.good, models.good, suite=load_suite(DEFAULT_SUITE), training=Cost(36.0, 20.0))


@pytest.mark.slow
def test_comparison_on_the_frozen_test_part_finds_the_planted_fault(
    models: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare([str(models.good), str(models.worse), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["documents"] == inspect(models.good)["data"]["test_documents"]
    assert "orse on" in found["verdict"]
    assert found["cells"]["disclosure, absent"]["verdict"] == "worse"
    # Thresholds move flags and no probability.
    assert found["overall"]["review AP"]["change"] == [0.0, 0.0, 0.0]
    assert found["calibration"]["indicators"]["moved"] == 0.0
    assert found["gained"]
    assert found["lost"] == []
    assert found["speed"]["ratio"] > 0.0


@pytest.mark.slow
def test_comparison_of_a_model_with_itself_finds_nothing(models: Models, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare([str(models.good), str(models.good), "--resamples", "100"]) == 0
    assert capsys.readouterr().out.startswith("B gives the answers of A on all ")


@pytest.mark.slow
def test_planted_worse_model_is_refused_on_the_whole_suite(
    models: Models, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (models.good / "manifest.json").read_bytes()
    assert promote([str(models.worse), "--over", str(models.good), "--json"]) == 3
    shown = capsys.readouterr()
    gates = json.loads(shown.out)["gates"]
    assert gates["suite: all"]["cases"] == 952
    assert any(gates[name]["refusal"] for name in ("suite: negated", "suite: hypothetical", "suite: look_alike"))
    assert "not promoted" in shown.err
    assert (models.good / "manifest.json").read_bytes() == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_figures_of_the_card_are_those_of_model_and_data(models: Models, written: dict[str, Any]) -> None:
    """Each is counted here by other means than the card's: by hand, or from the manifest that training wrote."""
    recipe = load_recipe(str(models.recipe))
    records = load_corpus(recipe.corpus, recipe.language)
    split = split_records(records, test_share=recipe.split.test_share, folds=recipe.split.folds)
    held_out = [records[i] for i in split.test]
    analyzer = classifier.load(models.good)
    analyses = [analyzer.analyze(Document(record.text)) for record in held_out]
    assert written["metrics"] == inspect(models.good)["metrics"]["test"]
    assert written["metrics"]["documents"] == len(held_out)
    right = sum(one.context.label == record.genre for one, record in zip(analyses, held_out, strict=True))
    assert written["metrics"]["overall"]["context accuracy"][0] == round(right / len(held_out), 4)
    flags = cases = 0
    for one, record in zip(analyses, held_out, strict=True):
        asserted = {span.indicator for span in record.spans if span.assertion == "asserted"}
        if record.genre == "disclosure":
            cases += len(asserted)
            flags += sum(score.flagged for score in one.indicators if score.id in asserted)
    assert written["cells"]["disclosure, asserted"]["cases"] == cases
    assert written["cells"]["disclosure, asserted"]["right"][0] == round(flags / cases, 4)
    answers = sum(table["answers"] for table in written["calibration"]["review"]["bins"])
    assert answers == len(held_out)
    for name, one in written["thresholds"].items():
        assert one == inspect(models.good)["thresholds"][name]


@pytest.mark.slow
def test_fairness_of_the_card_is_counted_from_its_texts(models: Models, written: dict[str, Any]) -> None:
    analyzer = classifier.load(models.good)
    for name, one in written["alarms"].items():
        analyses = [analyzer.analyze(text.text) for text in load_ordinary() if text.slice == name]
        wrong = sum(a.review.flagged or any(score.flagged for score in a.indicators) for a in analyses)
        assert one["texts"] == len(analyses)
        assert one["alarms"][0] == round(wrong / len(analyses), 4)
    assert written["suite"] == inspect(models.good)["metrics"]["suite"]


@pytest.mark.slow
def test_card_says_what_the_model_is_for_and_where_it_is_weak(models: Models, written: dict[str, Any]) -> None:
    text = (models.good / "card.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert headings[:3] == ["Intended use", "Out of scope", "Weakest first"]
    assert {"Measured", "Fairness", "Calibration", "Thresholds", "Data", "Caveats", "Making"} <= set(headings)
    weakest = [row[0] for row in written["sections"][2]["blocks"][1]["table"]["rows"]]
    known = {name: row["average_precision"][0] for name, row in written["metrics"]["indicators"].items()}
    assert [known[name] for name in weakest] == sorted(value for value in known.values() if value is not None)[:5]
    assert NOTICE in text
    assert "licence of a test corpus" in text
    assert "36.0 s" in text
    assert verify(models.good) == []


class Tags(HTMLParser):
    """Counts the elements of a page and notes those that were opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag != "meta":
            self.open.append(tag)
        assert not any(name.startswith("on") or name == "src" for name, _ in attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.slow
def test_card_is_one_page_with_its_plot_and_nothing_from_elsewhere(models: Models, written: dict[str, Any]) -> None:
    page = (models.good / "card.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.counts["svg"] == 1
    assert tags.counts["h2"] == len(written["sections"])
    assert "script" not in tags.counts
    assert "link" not in tags.counts


@pytest.mark.slow
def test_card_made_again_keeps_what_training_cost_and_repeats_every_figure(
    models: Models, written: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "card.json").write_bytes((models.good / "card.json").read_bytes())
    suite = str(DEFAULT_SUITE)
    assert card([str(models.good), "--output", str(tmp_path), "--suite", suite, "--quiet"]) == 0
    again = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert again["cost"]["training"] == written["cost"]["training"]
    for content in (again, stored := json.loads(json.dumps(written))):
        del content["cost"]["scoring_cpu_milliseconds"], content["sections"][-1]
    assert again == stored


def test_energy_is_estimated_from_measured_time_by_stated_assumptions() -> None:
    assert estimate(Cost(3600.0, 1800.0), {"watts": 10.0, "grams": 500.0}) == {
        "cpu_seconds": 3600.0,
        "wall_seconds": 1800.0,
        "watt_hours": 10.0,
        "grams_co2e": 5.0,
    }


def test_meter_counts_time_of_the_processor() -> None:
    meter = Meter()
    assert np.arange(10**6, dtype=float).sum() > 0.0
    used = meter.read()
    assert used.cpu_seconds >= 0.0
    assert used.wall_seconds > 0.0
