"""Recipe in, encoder folder out: fit, export, and measure what was exported beside what was fitted."""

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from classifier.encoder import FORMAT, MANIFEST, WINDOW, Encoder
from classifier.errors import CorpusError
from classifier.pipeline import Parse
from classifier.taxonomy import load_taxonomy
from training.build import split_corpus
from training.corpus import GENRES, Card, Record, load_card, load_corpus
from training.encoder.base import build_encode, find_base, load_tokenizer
from training.encoder.data import Example, build_example, collate, cut_windows
from training.encoder.export import export_encoder
from training.encoder.fit import fit_network
from training.encoder.measure import Read, compare_reads, measure_precision
from training.encoder.network import Network, build_network
from training.encoder.recipe import EncoderRecipe
from training.labels import document_states
from training.manifest import describe_data
from training.prepare import parse_texts
from training.split import Split

_LIBRARIES = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "tokenizers", "numpy", "spacy")


@dataclass(frozen=True, slots=True)
class _Corpus:
    """Development documents in one order, and the whole corpus they come from."""

    card: Card
    split: Split
    folds: np.ndarray
    records: list[Record]
    parses: list[Parse]


def build_encoder(
    name: str, recipe: EncoderRecipe, folder: Path, *, base: Path | None, say: Callable[[str], None]
) -> dict[str, Any]:
    """Fit an encoder by a recipe and write its folder.

    Args:
        name: Of the encoder.
        recipe: How.
        folder: Where it goes.
        base: Folder of the published weights; by default that of the installed package.
        say: Told of each step.

    Returns:
        The manifest.

    Raises:
        TellsignError: base weights or corpus are not those of the recipe.
    """
    weights = find_base(recipe.base, base)
    tokenizer = load_tokenizer(weights)
    corpus = _load(recipe, say)
    indicators = load_taxonomy().ids
    encode = build_encode(tokenizer)
    examples = [
        build_example(record, parsed, encode, indicators=indicators, limit=recipe.windows.pieces)
        for record, parsed in zip(corpus.records, corpus.parses, strict=True)
    ]
    held_out = np.isin(corpus.folds, recipe.held_out)
    chosen = np.flatnonzero(~held_out).tolist()
    say(f"fitting on {len(chosen)} documents; {int(held_out.sum())} held out")
    network = build_network(
        weights,
        n_indicators=len(indicators),
        n_contexts=len(GENRES),
        dropout=recipe.fitting.dropout,
        seed=recipe.seed,
    )
    fit_network(network, [examples[index] for index in chosen], recipe, say=say)
    files = export_encoder(network, tokenizer, folder)
    manifest = _describe(name, recipe, corpus, files)
    # Loading asks for a manifest; the one with figures takes its place once they are known.
    _write(folder, manifest)
    say("measuring the exported network")
    measured = np.flatnonzero(held_out if held_out.any() else corpus.folds == 0)
    manifest["figures"] = _measure(network, Encoder(folder), examples, corpus, measured)
    manifest["figures"] |= {"folds": sorted({int(corpus.folds[i]) for i in measured}), "unseen": bool(held_out.any())}
    _write(folder, manifest)
    return manifest


def _load(recipe: EncoderRecipe, say: Callable[[str], None]) -> _Corpus:
    card = load_card(recipe.corpus)
    say(f"loading corpus '{card.name}'")
    records = load_corpus(recipe.corpus, recipe.language)
    rule = recipe.split
    split = split_corpus(records, rule, card)
    development = split.development
    for fold in range(rule.folds):
        if fold not in split.parts[development]:
            raise CorpusError(f"no document fell into development fold {fold}; use more documents or fewer folds")
    kept = [records[index] for index in development.tolist()]
    parses = parse_texts([record.text for record in kept], recipe.language, load_taxonomy().ids)
    return _Corpus(card, split, split.parts[development], kept, parses)


def _measure(
    network: Network, stored: Encoder, examples: Sequence[Example], corpus: _Corpus, measured: np.ndarray
) -> dict[str, Any]:
    """Measure the fitted network and its stored form, which is read as serving reads it."""
    numbers = measured.tolist()
    exact = [read_exact(network, examples[index]) for index in numbers]
    seen = [_read_stored(stored, corpus.parses[index]) for index in numbers]
    indicators = load_taxonomy().ids
    asserted = np.stack([document_states(corpus.records[index], indicators)[:, 0] for index in numbers])
    review = np.array([corpus.records[index].needs_review for index in numbers])
    return {
        "documents": len(numbers),
        "exact": measure_precision(exact, asserted, review),
        "stored": measure_precision(seen, asserted, review),
        "difference": compare_reads(exact, seen),
    }


def read_exact(network: Network, example: Example) -> Read:
    """Read a document with the network as it was fitted, one window at a time like serving."""
    sentences, reviews = [], []
    with torch.no_grad():
        for window in cut_windows(example, limit=WINDOW):
            sentence, _, text = network(collate([window]))
            sentences.append(sentence.numpy())
            reviews.append(float(text[0, -1]))
    return Read(np.concatenate(sentences), max(reviews))


def _read_stored(encoder: Encoder, parsed: Parse) -> Read:
    found = encoder.encode(parsed, np.zeros(len(parsed.sentences)))
    return Read(found.sentences, float(found.texts[:, -1].max()))


def _describe(name: str, recipe: EncoderRecipe, corpus: _Corpus, files: dict[str, str]) -> dict[str, Any]:
    taxonomy = load_taxonomy()
    return {
        "format": FORMAT,
        "name": name,
        "version": recipe.version,
        "taxonomy": taxonomy.version,
        "language": recipe.language,
        "indicators": list(taxonomy.ids),
        "contexts": list(GENRES),
        "base": asdict(recipe.base),
        "data": describe_data(corpus.card, corpus.split),
        "recipe": asdict(recipe),
        "quantisation": "dynamic, weights of 7 bits by column, activations of 8 bits by tensor",
        "environment": {
            "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}",
            **{library: metadata.version(library) for library in _LIBRARIES},
        },
        "files": files,
    }


def _write(folder: Path, manifest: dict[str, Any]) -> None:
    content = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(f"{content}\n", encoding="utf-8")
