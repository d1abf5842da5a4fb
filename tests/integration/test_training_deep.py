"""Training with an encoder, from labelled records to a model folder whose every tier analyses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import classifier
from classifier.artifact import build_outputs, save
from classifier.document import Tier
from classifier.encoder import Encoder
from classifier.errors import RecipeError
from classifier.taxonomy import load_taxonomy
from tests.analyses import TEXTS, check_contract
from tests.records import TEXT, make_row, write_rows, write_small_corpus
from tests.small_model import save_small_encoder
from training.added import add_records, describe_added
from training.corpus import GENRES, load_card, load_corpus
from training.encoder.out_of_fold import DocumentRead, join_reads, save_out_of_fold
from training.fit import DeepResult, FitResult, fit
from training.labels import align_spans, label_outputs, label_stretches
from training.manifest import build_manifest, describe_data
from training.prepare import parse_texts
from training.recipe import Recipe, load_recipe
from training.split import Split, split_records

INDICATORS, OUTPUTS = load_taxonomy().ids, build_outputs()


@dataclass(frozen=True, slots=True)
class Trained:
    """A recipe, the split and the encoder it was trained with, and what came of it."""

    recipe: Recipe
    split: Split
    encoder: Path
    result: FitResult

    @property
    def deep(self) -> DeepResult:
        assert self.result.deep is not None
        return self.result.deep


def guess(truth: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Log-odds as of a good encoder."""
    return np.asarray(3.0 * (2.0 * truth - 1.0) - 1.0 + random.normal(scale=1.5, size=truth.shape))


def build_reads(recipe: Recipe, split: Split) -> Iterator[DocumentRead]:
    """What networks that did not see them would give for the documents, in one window each."""
    records = load_corpus(recipe.corpus, recipe.language)
    chosen = [records[number] for number in split.development]
    random = np.random.default_rng(0)
    parses = parse_texts([record.text for record in chosen], recipe.language, INDICATORS)
    for record, parsed in zip(chosen, parses, strict=True):
        spans = align_spans(record, parsed, INDICATORS)
        labels = label_outputs(label_stretches(spans, parsed.sentences, len(INDICATORS)))
        text = np.append(np.arange(len(GENRES)) == GENRES.index(record.genre), record.needs_review)
        scores, alone = guess(labels, random), guess(np.asarray(labels.any(axis=1)), random)
        yield DocumentRead(scores, guess(text[None], random), np.array([[0, len(labels)]]), alone)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    home = tmp_path_factory.mktemp("deep")
    recipe = load_recipe(str(write_small_corpus(home)))
    records = load_corpus(recipe.corpus, recipe.language)
    split = split_records(records, test_share=recipe.split.test_share, folds=recipe.split.folds)
    folder = home / "encoder"
    folder.mkdir()
    digest = save_out_of_fold(join_reads(list(build_reads(recipe, split))), folder)
    save_small_encoder(folder, data={"split_sha256": split.sha256}, out_of_fold_sha256=digest)
    return Trained(recipe, split, folder, fit(records, split, recipe, encoder=Encoder(folder)))


@pytest.mark.slow
def test_tier_with_an_encoder_is_fitted_on_every_fair_document(trained: Trained) -> None:
    deep, fast = trained.deep, trained.result
    assert deep.documents == int(fast.prepared.fair.sum()) == len(trained.split.development)
    assert deep.thresholds.keys() == fast.thresholds.keys()
    assert {threshold.rule for threshold in deep.thresholds.values()} == {
        threshold.rule for threshold in fast.thresholds.values()
    }
    assert deep.evidence.keys() == fast.evidence.keys()
    assert 0.0 < deep.evidence["character_f1"] <= 1.0
    assert deep.encoder_sha256 == Encoder(trained.encoder).sha256


@pytest.mark.slow
def test_good_encoder_raises_what_its_tier_reaches(trained: Trained) -> None:
    """Both figures of a threshold are of documents that its models had not seen."""
    deep = trained.deep
    found, alone = (
        np.mean([[thresholds[name].precision, thresholds[name].recall] for name in INDICATORS])
        for thresholds in (deep.thresholds, trained.result.thresholds)
    )
    assert found > alone
    assert (deep.fusion.encoder > deep.fusion.linear).all()
    everything = deep.curve[0]
    assert (everything["gate"], everything["windows_read"]) == (-99.0, 1.0)
    assert (deep.fusion.gate, deep.fusion.glance) in {(point["gate"], point["glance"]) for point in deep.curve}


@pytest.mark.slow
def test_trained_folder_analyses_in_every_tier(trained: Trained, tmp_path: Path) -> None:
    result, deep = trained.result, trained.deep
    data = describe_data(load_card(trained.recipe.corpus), trained.split)
    save(
        tmp_path,
        build_manifest("small", result, trained.recipe, data=data, metrics={}),
        space=result.space,
        weights=result.weights,
        text=result.text,
        document=result.document,
        deep=(deep.document, deep.fusion),
    )
    for tier in get_args(Tier):
        analyzer = classifier.load(tmp_path, tier=tier, encoder=trained.encoder)
        for text in TEXTS.values():
            check_contract(analyzer.analyze(text), text)
        thresholds = (result if tier == "fast" else deep).thresholds
        chosen = {name: thresholds[name].value for name in INDICATORS}
        assert {score.id: score.threshold for score in analyzer.analyze(TEXTS["spanish"]).indicators} == chosen
        said = analyzer.card["deep"]
        assert (said["documents"], said["gate"], said["curve"]) == (deep.documents, deep.fusion.gate, deep.curve)


@pytest.mark.slow
def test_encoder_of_another_split_is_refused(trained: Trained, tmp_path: Path) -> None:
    records = load_corpus(trained.recipe.corpus, trained.recipe.language)
    save_small_encoder(tmp_path, data={"split_sha256": "0"})
    with pytest.raises(RecipeError, match=f"fine-tuned on split 0; this corpus has {trained.split.sha256}"):
        fit(records, trained.split, trained.recipe, encoder=Encoder(tmp_path))


@pytest.mark.slow
def test_added_documents_get_figures_of_their_own(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are near-duplicates of one another, so that one fold holds them all, and none is in the test part."""
    monkeypatch.setenv("TELLSIGN_DATA", str(tmp_path))
    records = load_corpus(trained.recipe.corpus, trained.recipe.language)
    held_out = [records[number] for number in trained.split.test]
    rows = [make_row(id=f"o{k}", group=f"o{k // 2}", text=f"{TEXT} It was year {k}.") for k in range(12)]
    write_rows(tmp_path / "outside.jsonl", rows)
    recipe = replace(trained.recipe, added="outside.jsonl")
    joined, split = add_records(records, trained.split, recipe)
    result = fit(joined, split, recipe, encoder=Encoder(trained.encoder), added=len(rows))
    said = describe_added(recipe, result, len(rows))
    assert (said["documents"], said["file"], set(said["out_of_fold"])) == (12, "outside.jsonl", {"fast", "deep"})
    assert said["sha256"] == sha256((tmp_path / "outside.jsonl").read_bytes()).hexdigest()
    for figures in said["out_of_fold"].values():
        # Every one of them asserts the same indicator and needs review: nothing can be ranked above them.
        assert figures == {
            name: {"value": 1.0, "low": 1.0, "high": 1.0} for name in ("indicator macro AP", "review AP")
        }
    assert len(result.prepared.records) == len(trained.split.development) + 12
    assert not {record.id for record in held_out} & {record.id for record in result.prepared.records}
