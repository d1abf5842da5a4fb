"""A recipe of an encoder: everything that decides its fitting, read from `training/encoder/<name>.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

from classifier.encoder import WINDOW
from classifier.errors import RecipeError
from training.recipe_files import check_keys, read_recipe, toml_names


@dataclass(frozen=True, slots=True)
class BaseWeights:
    """The published weights that fitting starts from: their Python package and the SHA-256 of the weights file."""

    name: str
    package: str
    version: str
    licence: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """The frozen split of the corpus card, the share of its test part and the number of development folds."""

    name: str
    test_share: float
    folds: int


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """How texts are cut.

    Attributes:
        pieces: Most word pieces of a window.
        batch_pieces: Most word pieces of a batch, padding included.
        early_cut: Chance that a window ends before a sentence that would still fit, 0..1.
    """

    pieces: int
    batch_pieces: int
    early_cut: float


@dataclass(frozen=True, slots=True)
class VariantOptions:
    """How often an example is shown as a variant, 0..1.

    Attributes:
        turned: Chance of turned genders.
        slipped: Chance of slips of the finger.
        slips: Share of the longer words that slip then.
    """

    turned: float
    slipped: float
    slips: float


@dataclass(frozen=True, slots=True)
class FittingOptions:
    """AdamW under one learning-rate cycle; rates are the highest of the cycle.

    `word_vectors` says whether the vectors of words are fitted too, or stay as published.
    """

    epochs: int
    word_vectors: bool
    body_rate: float
    head_rate: float
    warm_share: float
    weight_decay: float
    largest_gradient: float
    dropout: float


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of positive labels (`*_positive`), and of the losses of tags and of texts; that of sentences counts 1."""

    sentence_positive: float
    tag_positive: float
    tag: float
    text: float


@dataclass(frozen=True, slots=True)
class EncoderRecipe:
    """A whole recipe.

    Attributes:
        apart: Groups of development folds, 0-based, each fold in one: for each group a network is fitted on the other
            groups and reads it. The encoder itself is fitted on all.
    """

    title: str
    version: str
    corpus: str
    language: str
    seed: int
    threads: int
    apart: tuple[tuple[int, ...], ...]
    base: BaseWeights
    split: SplitOptions
    windows: WindowOptions
    variants: VariantOptions
    fitting: FittingOptions
    loss: LossWeights


_FOLDER = resources.files("training").joinpath("encoder")
_TABLES = {
    "base": BaseWeights,
    "split": SplitOptions,
    "windows": WindowOptions,
    "variants": VariantOptions,
    "fitting": FittingOptions,
    "loss": LossWeights,
}
_SHARES = {"test_share", "early_cut", "warm_share", "dropout", "turned", "slipped", "slips"}
_FROM_ZERO = {"seed", "weight_decay", "tag", "text", *_SHARES}


def encoder_recipe_names() -> list[str]:
    """Name the recipes that ship."""
    return toml_names(_FOLDER)


def load_encoder_recipe(name: str) -> EncoderRecipe:
    """Read a recipe by name, or by path when the name ends in `.toml`; then a card it names by path lies beside it.

    Raises:
        RecipeError: there is none of that name, or it has a wrong field; the message names what is allowed.
    """
    return build_encoder_recipe(read_recipe(name, folder=_FOLDER, kind="encoder recipe"), name)


def build_encoder_recipe(data: Mapping[str, Any], name: str) -> EncoderRecipe:
    """Check parsed TOML and build the recipe.

    Raises:
        RecipeError: a field is missing, unknown, of a wrong type or out of range.
    """
    place = f"encoder recipe '{name}'"
    _check_fields(data, EncoderRecipe, place)
    content = dict(data)
    for table, kind in _TABLES.items():
        _check_fields(data[table], kind, f"{place}: [{table}]")
        content[table] = kind(**data[table])
    recipe = EncoderRecipe(**content | {"apart": _check_groups(data["apart"], data["split"]["folds"], place)})
    if recipe.windows.pieces != WINDOW:
        raise RecipeError(f"{place}: [windows] pieces is {recipe.windows.pieces}; allowed: {WINDOW}, as in serving")
    if recipe.windows.batch_pieces < recipe.windows.pieces + 2:
        raise RecipeError(f"{place}: [windows] batch_pieces must be at least pieces + 2")
    return recipe


def _check_groups(found: object, folds: int, place: str) -> tuple[tuple[int, ...], ...]:
    """Take groups of folds that hold each fold once, in two groups at least."""
    groups = found if isinstance(found, list | tuple) else []
    listed = [fold for group in groups if isinstance(group, list | tuple) for fold in group]
    whole = all(type(fold) is int for fold in listed) and sorted(listed) == list(range(folds))
    if len(groups) < 2 or not whole or not all(groups):
        raise RecipeError(
            f"{place}: apart is {found!r}; it must be groups of folds, two or more, each of 0..{folds - 1} once"
        )
    return tuple(tuple(group) for group in groups)


def _check_fields(found: Any, kind: type, place: str) -> None:
    if not isinstance(found, Mapping):
        raise RecipeError(f"{place} is {found!r}; it must be a table")
    allowed = {field.name: field.type for field in fields(kind)}
    check_keys(set(found), set(allowed), place)
    for name, wanted in allowed.items():
        _check_value(found[name], name, wanted, place)


def _check_value(value: object, name: str, wanted: object, place: str) -> None:
    """Check a text or a number; tables and lists are checked where they are read."""
    if wanted is str and not isinstance(value, str):
        raise RecipeError(f"{place}: {name} is {value!r}; it must be a text")
    if wanted is bool and not isinstance(value, bool):
        raise RecipeError(f"{place}: {name} is {value!r}; allowed: true, false")
    if wanted not in {int, float}:
        return
    if isinstance(value, bool) or not isinstance(value, int if wanted is int else int | float):
        raise RecipeError(f"{place}: {name} is {value!r}; it must be a {'whole number' if wanted is int else 'number'}")
    low_enough = value <= 1 if name in _SHARES else True
    if not low_enough or value < 0 or (value == 0 and name not in _FROM_ZERO):
        allowed = "0..1" if name in _SHARES else "0 or more" if name in _FROM_ZERO else "above 0"
        raise RecipeError(f"{place}: {name} is {value!r}; allowed: {allowed}")
