"""Recipe in, encoder folder out: fit, export, and measure what was exported beside what was fitted."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from classifier.encoder import FORMAT, MANIFEST, WINDOW, Encoder
from classifier.errors import CorpusError
from classifier.pipeline import Parse
from classifier.taxonomy import load_taxonomy
from training.build import split_corpus
from training.corpus import GENRES, Card, Record, load_card, load_corpus
from training.encoder.augment import Forms, build_exchange, misspell, vary
from training.encoder.base import build_encode, find_base, load_tokenizer
from training.encoder.data import Example, Window, build_example, collate, cut_windows
from training.encoder.dialect import respell
from training.encoder.export import export_encoder
from training.encoder.fit import Draw, fit_network
from training.encoder.measure import compare_reads, measure_precision
from training.encoder.network import Network, build_network
from training.encoder.out_of_fold import DocumentRead, join_reads, read_stored, save_out_of_fold
from training.encoder.recipe import EncoderRecipe
from training.labels import document_states
from training.manifest import describe_data, describe_environment
from training.prepare import parse_texts
from training.split import Split

# Every how manieth document the stored network is compared on.
_COMPARED = 10
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
    examples, draws = _build_examples(corpus, recipe, tokenizer)

    def fit_on(chosen: np.ndarray) -> Network:
        network = build_network(
            weights,
            n_indicators=len(load_taxonomy().ids),
            n_contexts=len(GENRES),
            dropout=recipe.fitting.dropout,
            seed=recipe.seed,
        )
        fit_network(network, [draws[index] for index in np.flatnonzero(chosen).tolist()], recipe, say=say)
        return network

    reads: dict[int, DocumentRead] = {}
    for group in recipe.apart:
        inside = np.isin(corpus.folds, group)
        say(f"fitting without folds {list(group)}: {int((~inside).sum())} documents")
        network = fit_on(~inside)
        reads |= {index: read_exact(network, examples[index]) for index in np.flatnonzero(inside).tolist()}
    say(f"fitting the encoder on all {len(corpus.folds)} documents")
    network = fit_on(np.full(len(corpus.folds), fill_value=True))
    files = export_encoder(network, tokenizer, folder)
    manifest = _describe(name, recipe, corpus, files)
    manifest["out_of_fold_sha256"] = save_out_of_fold(join_reads([reads[i] for i in range(len(reads))]), folder)
    # Loading asks for a manifest; the one with figures takes its place once they are known.
    _write(folder, manifest)
    say("measuring the exported network")
    manifest["figures"] = _measure(reads, corpus) | _compare(network, Encoder(folder), examples, corpus)
    _write(folder, manifest)
    return manifest


def _build_examples(corpus: _Corpus, recipe: EncoderRecipe, tokenizer: Tokenizer) -> tuple[list[Example], list[Draw]]:
    """Label the documents as they are, and give for each what draws it or a variant."""
    encode, indicators, limit = build_encode(tokenizer), load_taxonomy().ids, recipe.windows.pieces
    letters, speech = np.random.default_rng(recipe.seed), np.random.default_rng(recipe.seed + 1)
    exchange = build_exchange(tokenizer)

    def slip(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        return encode(misspell(text, recipe.fitting.slips, letters))

    def speak(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        return encode(respell(text, speech))

    plain: list[Example] = []
    draws: list[Draw] = []
    for record, parsed in zip(corpus.records, corpus.parses, strict=True):
        forms = Forms(
            *(build_example(record, parsed, read, indicators=indicators, limit=limit) for read in (encode, slip, speak))
        )
        plain.append(forms.plain)
        draws.append(partial(vary, forms, exchange))
    return plain, draws


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


def _measure(reads: Mapping[int, DocumentRead], corpus: _Corpus) -> dict[str, Any]:
    """Measure all development documents, each read by the network that did not see it."""
    indicators = load_taxonomy().ids
    asserted = np.stack([document_states(record, indicators)[:, 0] for record in corpus.records])
    review = np.array([record.needs_review for record in corpus.records])
    found = [reads[index] for index in range(len(reads))]
    return {"documents": len(found), "out_of_fold": measure_precision(found, asserted, review)}


def _compare(network: Network, stored: Encoder, examples: Sequence[Example], corpus: _Corpus) -> dict[str, Any]:
    """Compare the fitted network with its stored form, read as serving reads it, on documents of every fold."""
    numbers = range(0, len(examples), _COMPARED)
    exact = [read_exact(network, examples[index]) for index in numbers]
    return {"stored_difference": compare_reads(exact, [read_stored(stored, corpus.parses[index]) for index in numbers])}


def read_exact(network: Network, example: Example) -> DocumentRead:
    """Read a document with the network as it was fitted, one window at a time like serving, and each sentence alone."""
    n = network.tag.out_features
    sentences, texts, windows = [], [], []
    with torch.no_grad():
        for window in cut_windows(example, limit=WINDOW):
            sentence, _, text = network(collate([window]))
            sentences.append(sentence.numpy())
            texts.append(text.numpy()[0])
            windows.append((window.first, window.last))
        alone = [_read_alone(network, example, number)[n : 2 * n].max() for number in range(len(example.bounds))]
    return DocumentRead(np.concatenate(sentences), np.stack(texts), np.array(windows), np.array(alone))


def _read_alone(network: Network, example: Example, number: int) -> np.ndarray:
    found: np.ndarray = network(collate([Window(example, number, number + 1)]))[0].numpy()[0]
    return found


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
        "quantisation": "dynamic, weights of 7 bits by column, activations of 8 bits by tensor; two products exact",
        "environment": describe_environment(_LIBRARIES),
        "files": files,
    }


def _write(folder: Path, manifest: dict[str, Any]) -> None:
    content = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(f"{content}\n", encoding="utf-8")
