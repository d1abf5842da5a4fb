"""The deep tier is fitted on what neither model had seen, and reads no further than its gate says."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise, product
from typing import Any, cast

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from classifier.artifact import build_outputs
from classifier.encoder import Encoded, Encoder
from classifier.errors import RecipeError
from classifier.features import Featuriser
from classifier.fusion import Reading, fuse_sentences, pool_texts
from classifier.model import LinearModel
from classifier.pipeline import Parse, Pipeline
from tests.small_model import TEXTS, build_small_model, draw_fusion
from training.calibration import LinearCalibrators, Setting, fit_documents, pool_documents, predict_documents
from training.deep import Deep, Scored, check_split, choose_gate, fit_deep, fuse_reading
from training.encoder.out_of_fold import DocumentRead, OutOfFold, join_reads
from training.labels import label_outputs
from training.prepare import Prepared
from training.recipe import load_recipe

OUTPUTS = build_outputs()
N, N_TEXT = OUTPUTS.n_indicators, OUTPUTS.n_contexts + 1
SETTING = Setting(load_recipe("default").document, OUTPUTS)
DOCUMENTS, FOLDS = 150, 3
GATES, GLANCES = [-4.0, -3.5, -3.0, -2.5, -2.0, -1.5], [-2.0, -1.0, 0.0]
WAYS = [(-99.0, -99.0), *product(GATES, GLANCES)]


@dataclass(frozen=True)
class World:
    """Labelled documents, and what a weak linear model and a better encoder made of them."""

    data: Prepared
    linear: Scored
    encoded: OutOfFold


def build_data(random: np.random.Generator) -> Prepared:
    """Documents of one to four sentences; only what the deep tier is fitted on is filled in."""
    document = np.repeat(np.arange(DOCUMENTS), random.integers(1, 5, size=DOCUMENTS))
    held = random.random((len(document), N, 3)) < [0.15, 0.08, 0.08]
    states = np.stack([held[document == number].any(axis=0) for number in range(DOCUMENTS)])
    nothing: dict[str, Any] = dict.fromkeys(field.name for field in fields(Prepared))
    filled = {
        "document": document,
        "labels": label_outputs(held),
        "states": states,
        "genre": np.arange(DOCUMENTS) % OUTPUTS.n_contexts,
        "review": states[:, :5, 0].any(axis=1),
        "folds": np.arange(DOCUMENTS) // 2 % FOLDS,
        "fair": np.arange(DOCUMENTS) % 4 != 3,
    }
    return Prepared(**nothing | filled)


def guess(truth: np.ndarray, strength: float, random: np.random.Generator) -> np.ndarray:
    """Log-odds that know the truth more or less; 0.0 knows nothing."""
    return np.asarray(strength * (2.0 * truth - 1.0) - 1.0 + random.normal(scale=1.5, size=truth.shape))


def build_reads(data: Prepared, strength: float, random: np.random.Generator) -> Iterator[DocumentRead]:
    """Windows of at most two sentences."""
    for number in range(DOCUMENTS):
        sentences = guess(data.labels[data.document == number], strength, random)
        windows = np.array(list(pairwise([*range(0, len(sentences), 2), len(sentences)])))
        truth = np.append(np.arange(OUTPUTS.n_contexts) == data.genre[number], data.review[number])
        spoken = np.any(data.labels[data.document == number, N : 2 * N], axis=1)
        texts = guess(np.tile(truth, (len(windows), 1)), strength, random)
        yield DocumentRead(sentences, texts, windows, guess(np.asarray(spoken), strength, random))


def build_world(*, encoder: float) -> World:
    random = np.random.default_rng(0)
    data = build_data(random)
    answers = np.column_stack([data.genre[:, None] == np.arange(OUTPUTS.n_contexts), data.review])
    linear = Scored(guess(data.labels, 0.8, random), guess(answers, 0.8, random))
    # Of some sentences it hardly sees that they speak of anything: they stay behind a gate.
    linear.sentences[:, N : 2 * N] -= random.uniform(0.0, 8.0, size=(len(data.labels), 1))
    return World(data, linear, join_reads(list(build_reads(data, encoder, random))))


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(encoder=2.0)


@pytest.fixture(scope="module")
def deep(world: World) -> Deep:
    return fit_deep(world.data, world.linear, world.encoded, setting=SETTING)


@pytest.fixture(scope="module")
def fast(world: World) -> LinearCalibrators:
    return fit_fast(world)


def fit_fast(world: World) -> LinearCalibrators:
    """The document models of the linear model alone."""
    pooled = pool_documents(world.linear.sentences, world.data.document, world.linear.text, OUTPUTS)
    return fit_documents(pooled, world.data.targets(np.arange(DOCUMENTS)), SETTING)


def macro(truth: np.ndarray, probability: np.ndarray) -> float:
    return float(np.mean([average_precision_score(truth[:, k], probability[:, k]) for k in range(N)]))


@pytest.mark.parametrize("name", ["linear", "encoder", "intercept", "alone", "alone_intercept"])
def test_outputs_of_a_kind_share_one_slope(name: str, deep: Deep) -> None:
    """Asserted, spoken of, negated, hypothetical: a rare indicator could not carry a slope of its own."""
    kinds = getattr(deep.fusion, name).reshape(4, N)
    assert (kinds == kinds[:, :1]).all()
    assert len(set(kinds[:, 0].tolist())) == 4


def test_better_reader_weighs_more(deep: Deep) -> None:
    fusion = deep.fusion
    assert (fusion.encoder > 1.5 * fusion.linear).all()
    assert (fusion.linear > 0.0).all()
    assert (fusion.alone > 0.0).all()
    assert (fusion.text_encoder > fusion.text_linear).all()
    assert fusion.gate == -np.inf


def test_encoder_that_knows_nothing_is_not_listened_to() -> None:
    world = build_world(encoder=0.0)
    fusion = fit_deep(world.data, world.linear, world.encoded, setting=SETTING).fusion
    assert fusion.encoder == pytest.approx(np.zeros(4 * N), abs=0.1)
    assert fusion.linear == pytest.approx(fusion.alone, abs=0.1)


def test_scores_are_added_up_as_serving_adds_them(world: World, deep: Deep) -> None:
    expected = fuse_sentences(world.linear.sentences, world.encoded.sentences, deep.fusion)
    assert np.array_equal(deep.fused.sentences, expected)
    pooled = np.stack([pool_texts(world.encoded.of(number).texts) for number in range(DOCUMENTS)])
    fusion = deep.fusion
    text = fusion.text_intercept + fusion.text_linear * world.linear.text + fusion.text_encoder * pooled
    assert deep.fused.text == pytest.approx(text)


def test_every_document_gets_probabilities_and_better_ones(world: World, deep: Deep, fast: LinearCalibrators) -> None:
    found = deep.probabilities
    assert found.indicators.shape == found.held.shape == (DOCUMENTS, N)
    assert found.review.shape == (DOCUMENTS,)
    assert found.context.sum(axis=1) == pytest.approx(np.ones(DOCUMENTS))
    shallow = pool_documents(world.linear.sentences, world.data.document, world.linear.text, OUTPUTS)
    alone = predict_documents(shallow, fast, OUTPUTS)
    asserted = world.data.states[:, :, 0]
    assert macro(asserted, found.indicators) > macro(asserted, alone.indicators) + 0.05


def test_documents_in_sight_of_the_lexicon_do_not_weigh_the_two_models(world: World, deep: Deep) -> None:
    """There the linear model looks better than it is; the document models above the sum learn from all."""
    data, seen = world.data, ~world.data.fair
    spoilt = replace(
        data,
        labels=data.labels ^ seen[data.document, None],
        states=data.states ^ seen[:, None, None],
        review=data.review ^ seen,
        genre=np.where(seen, 0, data.genre),
    )
    found = fit_deep(spoilt, world.linear, world.encoded, setting=SETTING)
    for name, value in asdict(deep.fusion).items():
        assert getattr(found.fusion, name) == pytest.approx(value, abs=1e-9), name
    for name, value in asdict(deep.calibrators).items():
        assert np.abs(getattr(found.calibrators, name) - value).max() > 0.01, name


def test_no_document_is_judged_by_a_model_that_saw_its_fold(world: World, deep: Deep) -> None:
    data, first = world.data, world.data.folds == 0
    spoilt = replace(data, states=data.states ^ first[:, None, None])
    found = fit_deep(spoilt, world.linear, world.encoded, setting=SETTING).probabilities.indicators
    assert found[first] == pytest.approx(deep.probabilities.indicators[first], abs=1e-9)
    assert (np.abs(found[~first] - deep.probabilities.indicators[~first]).max(axis=1) > 0.01).all()


@pytest.mark.parametrize("kept", [slice(1, None), slice(0, -1)], ids=["first left out", "last left out"])
def test_reads_of_other_documents_are_refused(kept: slice, world: World) -> None:
    reads = [world.encoded.of(number) for number in range(DOCUMENTS)][kept]
    with pytest.raises(RecipeError, match=rf"read {DOCUMENTS - 1} documents of .*has {DOCUMENTS} .*run train-encoder"):
        fit_deep(world.data, world.linear, join_reads(reads), setting=SETTING)


def test_reads_of_other_sentences_are_refused(world: World) -> None:
    """As many documents, but cut in another way: the pipeline changed since."""
    reads = [world.encoded.of(number) for number in range(DOCUMENTS)]
    more = np.vstack([reads[7].sentences, reads[7].sentences[:1]])
    reads[7] = reads[7]._replace(sentences=more, alone=np.zeros(len(more)))
    count = len(world.linear.sentences)
    message = f"of {count + 1} sentences; the corpus has {DOCUMENTS} documents of {count}:"
    with pytest.raises(RecipeError, match=message):
        fit_deep(world.data, world.linear, join_reads(reads), setting=SETTING)


@dataclass(frozen=True)
class Said:
    """The part of an encoder that says what it was fine-tuned on."""

    manifest: Mapping[str, Any]


def test_encoder_of_another_split_is_refused() -> None:
    check_split(cast("Encoder", Said({"data": {"split_sha256": "abc"}})), "abc")
    for manifest, found in (({"data": {"split_sha256": "abd"}}, "abd"), ({}, "None")):
        with pytest.raises(RecipeError, match=f"fine-tuned on split {found}; this corpus has abc"):
            check_split(cast("Encoder", Said(manifest)), "abc")


def choose(world: World, deep: Deep, fast: LinearCalibrators) -> Deep:
    return choose_gate(world.data, deep, world.linear, fast=fast, outputs=OUTPUTS)


def open_windows(world: World, numbers: list[int], gate: float, glance: float) -> tuple[int, int]:
    """Windows read and looks taken in documents put together, told apart from the program's own way."""
    best: list[float] = []
    alone: list[float] = []
    windows: list[tuple[int, int]] = []
    for number in numbers:
        read, first = world.encoded.of(number), int(world.encoded.sentence_bounds[number])
        windows += [(len(best) + a, len(best) + b) for a, b in read.windows.tolist()]
        best += world.linear.sentences[first : first + len(read.sentences), N : 2 * N].max(axis=1).tolist()
        alone += read.alone.tolist()
    wanted = [s for s in range(len(best)) if best[s] >= (gate if best[s] == max(best) else gate + 2.0)]
    looks = 0
    if glance > -99.0 and len(best) > 1:
        for sentence in sorted(wanted, key=lambda s: -best[s])[:8]:
            looks += 1
            if alone[sentence] >= glance:
                break
        else:
            wanted = []
    return sum(any(a <= s < b for s in wanted) for a, b in windows), looks


def test_curve_counts_windows_and_looks_of_every_way(world: World, deep: Deep, fast: LinearCalibrators) -> None:
    """Documents with nothing in them stand for a dump, ten of them for one of its documents."""
    curve = choose(world, deep, fast).curve
    assert [(point["gate"], point["glance"]) for point in curve] == WAYS
    data, fair = world.data, np.flatnonzero(world.data.fair).tolist()
    quiet = [n for n in fair if not data.states[n].any() and not data.review[n]] or fair
    there = {number: len(world.encoded.of(number).windows) for number in fair}
    dump = [quiet[first : first + 10] for first in range(0, len(quiet), 10)]
    for point in curve:
        way = (point["gate"], point["glance"])
        read = sum(open_windows(world, [number], *way)[0] for number in fair)
        assert point["windows_read"] == pytest.approx(read / sum(there.values()))
        found = [open_windows(world, part, *way) for part in dump]
        cost = sum(windows + 0.25 * looks for windows, looks in found) / sum(there[n] for n in quiet)
        assert point["cost"] == pytest.approx(cost)
    assert (curve[0]["windows_read"], curve[0]["cost"]) == (1.0, 1.0)
    assert curve[-1]["windows_read"] < 1.0


def test_reading_everything_is_measured_on_the_fair_documents(
    world: World, deep: Deep, fast: LinearCalibrators
) -> None:
    fair = np.flatnonzero(world.data.fair)
    pooled = pool_documents(deep.fused.sentences, world.data.document, deep.fused.text, OUTPUTS)
    found = predict_documents([pooled[number] for number in fair], deep.calibrators, OUTPUTS)
    point = choose(world, deep, fast).curve[0]
    assert point["macro_average_precision"] == pytest.approx(macro(world.data.states[fair, :, 0], found.indicators))
    review = average_precision_score(world.data.review[fair], found.review)
    assert point["review_average_precision"] == pytest.approx(review)


def test_cheapest_way_that_loses_little_is_chosen(world: World, deep: Deep, fast: LinearCalibrators) -> None:
    chosen = choose(world, deep, fast)
    quality = [p["macro_average_precision"] + p["review_average_precision"] for p in chosen.curve]
    good = [p for p, found in zip(chosen.curve, quality, strict=True) if found >= max(quality) - 0.015]
    cheapest = min(good, key=lambda point: point["cost"])
    fusion = chosen.fusion
    assert (fusion.gate, fusion.glance) == (cheapest["gate"], cheapest["glance"])
    assert fusion.further == fusion.gate + 2.0
    assert np.array_equal(fusion.encoder, deep.fusion.encoder)


def test_gate_stays_open_where_the_linear_model_would_close_it_wrongly(world: World) -> None:
    """It speaks of nothing anywhere: a closed gate leaves its own judgement alone."""
    silent = world.linear.sentences.copy()
    silent[:, N : 2 * N] -= 30.0
    mute = replace(world, linear=replace(world.linear, sentences=silent))
    fast = fit_fast(mute)
    found = fit_deep(mute.data, mute.linear, mute.encoded, setting=SETTING)
    chosen = choose(mute, found, fast)
    assert [point["windows_read"] for point in chosen.curve] == [1.0, *[0.0] * (len(WAYS) - 1)]
    assert (chosen.fusion.gate, chosen.fusion.glance) == WAYS[0]
    pooled = pool_documents(silent, mute.data.document, mute.linear.text, OUTPUTS)
    fair = np.flatnonzero(mute.data.fair)
    alone = predict_documents([pooled[number] for number in fair], fast, OUTPUTS).indicators
    expected = macro(mute.data.states[fair, :, 0], alone)
    assert [p["macro_average_precision"] for p in chosen.curve[1:]] == pytest.approx([expected] * (len(WAYS) - 1))
    assert chosen.curve[0]["macro_average_precision"] > expected + 0.05


class Looking:
    """An encoder that says where it looked; what it gives for the sentences is not to be used."""

    bias = np.linspace(-1.0, 1.0, 4 * N)

    def encode(self, parsed: Parse, priority: np.ndarray) -> Encoded:
        assert priority.tolist() == [0.0] * len(parsed.sentences)
        shares = np.random.default_rng(5).normal(size=(len(parsed.tokens), 4 * N))
        sentences, texts = np.full((len(parsed.sentences), 4 * N), 99.0), np.full((1, N_TEXT), 99.0)
        return Encoded(sentences, shares, np.array([[0, len(sentences)]]), texts, wanted=1)


def test_document_is_read_with_the_scores_of_those_who_had_not_seen_it(pipeline: Pipeline, deep: Deep) -> None:
    small, random = build_small_model(pipeline), np.random.default_rng(6)
    parsed = pipeline.parse("\n\n".join(TEXTS))
    featuriser = Featuriser(small.space)
    model, features = LinearModel(featuriser, small.weights, small.text), featuriser.featurise(parsed)
    base, count = Reading(model, features, model.score(features)), len(parsed.sentences)
    other, own = (
        DocumentRead(random.normal(size=(n, 4 * N)), random.normal(size=(len(w), N_TEXT)), np.array(w), np.zeros(n))
        for n, w in ((2, [[0, 2]]), (count, [[0, 3], [3, count]]))
    )
    fusion = draw_fusion(random)
    given = replace(deep, encoded=join_reads([other, own]), fusion=fusion)
    looking = Looking()
    found = fuse_reading(parsed, base, 1, given, cast("Encoder", looking))
    sentences, texts = given.encoded.of(1)[:2]
    assert np.array_equal(found.sentences, fuse_sentences(base.sentences, sentences, fusion))
    text = fusion.text_intercept + fusion.text_linear * base.text + fusion.text_encoder * pool_texts(texts)
    assert found.text == pytest.approx(text)
    first, last = parsed.sentences[1].tolist()
    shares = looking.encode(parsed, np.zeros(count)).shares[first:last, 3]
    assert found.explain(1, 3) == pytest.approx(fusion.linear[3] * base.explain(1, 3) + fusion.encoder[3] * shares)
