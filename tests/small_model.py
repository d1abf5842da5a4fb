"""A model of a few words, its weights drawn by a fixed seed: it means nothing, and every sum of it can be checked."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from classifier.artifact import build_outputs, hash_lexicon, round_weights, save
from classifier.encoder import DEFAULT_ENCODER, FORMAT, HEADS, MANIFEST, NETWORK, TOKENIZER
from classifier.features import N_STATES, FeatureSpace
from classifier.fusion import UNGATED, Fusion
from classifier.model import ROLES, TextWeights, Weights
from classifier.pipeline import Pipeline
from classifier.scoring import DocumentModel, indicator_inputs, pool, review_inputs, softmax_log
from classifier.taxonomy import load_taxonomy
from training.design import Minimum, fit_space

TEXTS = (
    "The manager took our passports. He never paid us, and the gate is locked at night.",
    "Nobody took our passports and the gate is open at night. We were paid on time.",
    "Employers must not keep passports. Do they pay you on time?",
    "He said that we owe him for the ticket. The debt grows each week!",
)


@dataclass(frozen=True, slots=True)
class SmallModel:
    """Everything that an artefact stores; weights are rounded to what it keeps of them."""

    space: FeatureSpace
    weights: Weights
    text: TextWeights
    document: DocumentModel


def build_small_model(pipeline: Pipeline, seed: int = 0) -> SmallModel:
    """Draw a model over the words of `TEXTS`."""
    drawn = np.random.default_rng(seed)
    space = fit_space([pipeline.parse(text) for text in TEXTS], Minimum(words=1, characters=2, pairs=1))
    return SmallModel(space, draw_weights(space, drawn), draw_text_weights(space, drawn), draw_document_model(drawn))


def draw_weights(space: FeatureSpace, drawn: np.random.Generator) -> Weights:
    n_indicators = build_outputs().n_indicators
    n_outputs, n_words = 2 * n_indicators + 2, len(space.words)
    return Weights(
        words=round_weights(drawn.normal(size=(len(ROLES), n_words, n_outputs))),
        characters=round_weights(drawn.normal(size=(len(space.characters), n_outputs))),
        pairs=round_weights(drawn.normal(size=(len(space.pairs), n_outputs))),
        phrases=round_weights(drawn.normal(size=(n_indicators * N_STATES, n_outputs))),
        document_phrases=round_weights(drawn.normal(size=(n_indicators * N_STATES, n_outputs))),
        intercept=drawn.normal(size=n_outputs),
    )


def draw_text_weights(space: FeatureSpace, drawn: np.random.Generator) -> TextWeights:
    outputs = build_outputs()
    n_outputs = outputs.n_contexts + 1
    return TextWeights(
        words=round_weights(drawn.normal(size=(len(space.words), n_outputs))),
        pairs=round_weights(drawn.normal(size=(len(space.pairs), n_outputs))),
        phrases=round_weights(drawn.normal(size=(outputs.n_indicators * N_STATES, n_outputs))),
        intercept=drawn.normal(size=n_outputs),
    )


def draw_document_model(drawn: np.random.Generator) -> DocumentModel:
    """Draw the document models, in the shapes that the pooled features have."""
    outputs = build_outputs()
    pooled = pool(np.zeros((1, 4 * outputs.n_indicators)), np.zeros(outputs.n_contexts + 1), outputs)
    log_context = softmax_log(np.zeros(outputs.n_contexts))
    inputs, reviewed = indicator_inputs(pooled, log_context), review_inputs(pooled, log_context, outputs)
    return DocumentModel(
        context_weights=np.eye(outputs.n_contexts),
        context_intercept=np.zeros(outputs.n_contexts),
        indicator_weights=drawn.normal(scale=0.2, size=inputs.shape),
        indicator_intercept=drawn.normal(size=outputs.n_indicators),
        review_weights=drawn.normal(scale=0.2, size=reviewed.shape),
        review_intercept=-0.5,
        thresholds=np.full(outputs.n_indicators, 0.5),
        held_thresholds=np.full(outputs.n_indicators, 0.4),
        review_threshold=0.5,
    )


def draw_fusion(drawn: np.random.Generator, *, gate: float = -2.0, glance: float = UNGATED) -> Fusion:
    """Draw the weights of linear model and encoder, in the shapes that their outputs have."""
    outputs = build_outputs()
    both, encoder, shift, alone, alone_shift = drawn.normal(size=(5, 4 * outputs.n_indicators))
    linear_text, encoder_text, text_shift = drawn.normal(size=(3, outputs.n_contexts + 1))
    sentence, text = (both, encoder, shift, alone, alone_shift), (linear_text, encoder_text, text_shift)
    return Fusion(*sentence, *text, gate=gate, further=gate, glance=glance)


def build_manifest(**changes: object) -> dict[str, Any]:
    """The manifest of a model that this program accepts, with changes."""
    taxonomy = load_taxonomy()
    manifest: dict[str, object] = {
        "name": "small",
        "version": "0.0.1",
        "taxonomy": taxonomy.version,
        "language": "en",
        "indicators": list(taxonomy.ids),
        "contexts": [context.id for context in taxonomy.contexts],
        "lexicon_sha256": hash_lexicon("en"),
        "evidence": {"asserted": -0.5, "price": 0.1},
    }
    return manifest | changes


def save_small_model(
    folder: Path,
    model: SmallModel,
    manifest: Mapping[str, Any] | None = None,
    *,
    deep: tuple[DocumentModel, Fusion] | None = None,
) -> str:
    """Write the model as training writes one; gives the digest of the manifest."""
    return save(
        folder,
        build_manifest() if manifest is None else manifest,
        space=model.space,
        weights=model.weights,
        text=model.text,
        document=model.document,
        deep=deep,
    )


def save_small_encoder(folder: Path, seed: int = 0, **said: object) -> str:
    """Write the shipped network under heads that are drawn, and what else its manifest says; gives its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (NETWORK, TOKENIZER):
        shutil.copyfile(DEFAULT_ENCODER / name, folder / name)
    with np.load(DEFAULT_ENCODER / HEADS) as shipped:
        width = shipped["text_weights"].shape[1]
    drawn, outputs = np.random.default_rng(seed), build_outputs()
    heads = {}
    for name, count in (("sentence", 4 * outputs.n_indicators), ("text", outputs.n_contexts + 1)):
        heads[f"{name}_weights"] = drawn.normal(scale=0.2, size=(count, width)).astype(np.float32)
        heads[f"{name}_bias"] = drawn.normal(size=count).astype(np.float32)
    np.savez(folder / HEADS, **heads)  # type: ignore[arg-type]  # its stubs mix arrays with options
    files = {name: sha256((folder / name).read_bytes()).hexdigest() for name in (NETWORK, HEADS, TOKENIZER)}
    (folder / MANIFEST).write_text(json.dumps({"format": FORMAT, "files": files, **said}), encoding="utf-8")
    return sha256((folder / MANIFEST).read_bytes()).hexdigest()
