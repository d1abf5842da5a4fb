"""A recipe: everything that decides a training run, read from `training/recipes/<name>.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

from classifier.model import ROLES
from training.recipe_files import check_keys, read_recipe, toml_names


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How the corpus is divided.

    Attributes:
        name: Of the frozen split in the corpus card.
        test_share: Share of the hash range that is held out, from its top.
        folds: Number of development folds.
        lexicon_share: Share of the hash range, from its bottom, that was in sight when the lexicon was written.
    """

    name: str
    test_share: float
    folds: int
    lexicon_share: float


@dataclass(frozen=True, slots=True)
class EstimatorOptions:
    """Hyper-parameters of the LinearSVC models."""

    c: float
    held_c: float
    text_c: float
    rationale_weight: float
    iterations: int


@dataclass(frozen=True, slots=True)
class DocumentOptions:
    """Inverse regularisation of the document models."""

    indicator_c: float
    review_c: float
    context_c: float


@dataclass(frozen=True, slots=True)
class ThresholdRules:
    """Rules as sentences: `maximum f1`, `f2` or `recall`, optionally `@ precision >= 0.8`."""

    indicators: str
    review: str
    held: str


@dataclass(frozen=True, slots=True)
class EvidenceGrid:
    """Values tried for the evidence rule, log-odds."""

    prices: list[float]
    asserted: list[float]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe; `scale` and `minimum` are block weights and least sentence counts by block.

    `encoder` says whether the tiers that use the packaged encoder are fitted too; `added` names a file of labelled
    documents under the folder `TELLSIGN_DATA` that join the development part, or is empty.
    """

    title: str
    version: str
    corpus: str
    added: str
    language: str
    seed: int
    jobs: int
    encoder: bool
    split: SplitRule
    minimum: Mapping[str, int]
    scale: Mapping[str, float]
    estimator: EstimatorOptions
    document: DocumentOptions
    thresholds: ThresholdRules
    evidence: EvidenceGrid


_FOLDER = resources.files("training").joinpath("recipes")
_TABLES = {
    "split": SplitRule,
    "estimator": EstimatorOptions,
    "document": DocumentOptions,
    "thresholds": ThresholdRules,
    "evidence": EvidenceGrid,
}
_KEYS = {
    "minimum": {"words", "characters", "pairs"},
    "scale": {*ROLES, "characters", "pairs", "phrases", "document_phrases"},
}


def recipe_names() -> list[str]:
    """Name the recipes that ship."""
    return toml_names(_FOLDER)


def load_recipe(name: str) -> Recipe:
    """Read a recipe by name, or by path when the name ends in `.toml`; then a card it names by path lies beside it.

    Raises:
        RecipeError: there is none of that name, or it has a wrong field; the message names what is allowed.
    """
    return build_recipe(read_recipe(name, folder=_FOLDER, kind="recipe"), name)


def build_recipe(data: Mapping[str, Any], name: str) -> Recipe:
    """Check parsed TOML and build the recipe.

    Raises:
        RecipeError: a field is missing or unknown.
    """
    check_keys(set(data), {field.name for field in fields(Recipe)}, f"recipe '{name}'")
    content = dict(data)
    for table, keys in _KEYS.items():
        check_keys(set(data[table]), keys, f"recipe '{name}': [{table}]")
    for table, kind in _TABLES.items():
        check_keys(set(data[table]), {field.name for field in fields(kind)}, f"recipe '{name}': [{table}]")
        content[table] = kind(**data[table])
    return Recipe(**content)
