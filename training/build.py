"""Recipe in, model folder out: fit, save, and measure what was saved on the test part."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from joblib import Memory

from classifier import load
from classifier.artifact import hash_lexicon, save
from classifier.encoder import Encoder
from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.added import add_records, describe_added
from training.corpus import GENRES, Card, Record, load_card, load_corpus
from training.encoder.recipe import SplitOptions
from training.evaluate import evaluate
from training.fit import FitResult, fit
from training.manifest import build_manifest, describe_data, hash_code
from training.recipe import Recipe, SplitRule, load_recipe
from training.report import build_summary
from training.split import TEST, Split, check_split, split_records
from training.suite import build_suite_summary, run_suite
from training.suite_cases import DEFAULT_SUITE, load_suite


def build_model(recipe_name: str, folder: Path, *, cache: Path | None, say: Callable[[str], None]) -> str:
    """Train by a recipe and write the model folder.

    Args:
        recipe_name: Name or path.
        folder: Where the model goes.
        cache: Keeps parsed texts between runs.
        say: Told of each step.

    Returns:
        SHA-256 of the manifest.

    Raises:
        CorpusError: the corpus or its frozen split changed, or the corpus is too small for the recipe's folds.
        RecipeError: the recipe is wrong.
    """
    recipe = load_recipe(recipe_name)
    card = load_card(recipe.corpus)
    say(f"loading corpus '{card.name}'")
    records = load_corpus(recipe.corpus, recipe.language)
    split = split_corpus(records, recipe.split, card)
    check_folds(records, split, recipe.split)
    joined, whole = add_records(records, split, recipe) if recipe.added else (records, split)
    say(f"fitting on {len(whole.development)} documents, {recipe.split.folds} grouped folds")
    added = len(joined) - len(records)
    result = fit(
        joined,
        whole,
        recipe,
        cache=_open_cache(cache, recipe.language) if cache else None,
        encoder=Encoder() if recipe.encoder else None,
        added=added,
    )
    name, data = Path(recipe_name).stem, describe_data(card, split)
    if added:
        data["added"] = describe_added(recipe, result, added)
    _write(folder, name, result, recipe, (data, {}))
    say(f"measuring on {len(split.test)} held-out documents")
    analyzer = load(folder)
    test = evaluate(analyzer, [records[i] for i in split.test], seed=recipe.seed)
    metrics: dict[str, Any] = {"tier": analyzer.tier, "test": build_summary(test)}
    # The suite's texts are English.
    if recipe.language == "en" and DEFAULT_SUITE.is_dir():
        say("running the functional suite")
        metrics["suite"] = build_suite_summary(run_suite(analyzer, load_suite(DEFAULT_SUITE)))
    return _write(folder, name, result, recipe, (data, metrics))


def _open_cache(folder: Path, language: str) -> Memory:
    """Open the part of a cache that belongs to this code and lexicon: parses of others would train another model."""
    return Memory(folder / f"{hash_code()[:16]}-{hash_lexicon(language)[:16]}", verbose=0)


def _write(
    folder: Path, name: str, result: FitResult, recipe: Recipe, said: tuple[dict[str, Any], dict[str, Any]]
) -> str:
    data, metrics = said
    manifest = build_manifest(name, result, recipe, data=data, metrics=metrics)
    return save(
        folder,
        manifest,
        space=result.space,
        weights=result.weights,
        text=result.text,
        document=result.document,
        deep=(result.deep.document, result.deep.fusion) if result.deep else None,
    )


def split_corpus(records: list[Record], rule: SplitRule | SplitOptions, card: Card) -> Split:
    """Split a corpus as its recipe says and hold it to the card's frozen hash.

    Raises:
        CorpusError: the split is not the frozen one.
    """
    split = split_records(records, test_share=rule.test_share, folds=rule.folds)
    check_split(split, card.split_sha256.get(rule.name), rule.name)
    return split


def check_folds(records: Sequence[Record], split: Split, rule: SplitRule) -> None:
    """Refuse a corpus too small for its split: the models of every fold must meet each answer outside it.

    Raises:
        CorpusError: a part is empty, or an answer is too rare; the message names it.
    """
    for part in (TEST, *range(rule.folds)):
        if part not in split.parts:
            name = "the test part" if part == TEST else f"development fold {part}"
            raise CorpusError(f"no document fell into {name}; use more documents or fewer folds")
    answers: dict[str, set[int]] = {f"asserts '{name}'": set() for name in load_taxonomy().ids}
    answers |= {f"is '{genre}'": set() for genre in GENRES}
    answers |= {"needs review": set(), "needs no review": set()}
    fair = split.development[split.positions[split.development] >= rule.lexicon_share]
    for index in fair.tolist():
        record, fold = records[index], int(split.parts[index])
        held = {f"asserts '{span.indicator}'" for span in record.spans if span.assertion == "asserted"}
        review = "needs review" if record.needs_review else "needs no review"
        for answer in (*held, f"is '{record.genre}'", review):
            answers[answer].add(fold)
    for answer, found in answers.items():
        if len(found) < 2:
            raise CorpusError(f"a document that {answer} stands in {len(found)} development folds; 2 must have one")
