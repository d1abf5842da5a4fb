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
        early_cut: Chance that a window ends before a sentence that would still fit, 0..1.
    """

    pieces: int
    early_cut: float


@dataclass(frozen=True, slots=True)
class FittingOptions:
    """What every round of fitting shares: AdamW with gradients cut to a largest norm.

    Attributes:
        weight_decay: Of AdamW.
        largest_gradient: Norm above which gradients are scaled down to it.
        dropout: Share of a piece's vector that is left out, 0..1.
        slips: Share of the longer words that slip in a text with slips of the finger, 0..1.
    """

    weight_decay: float
    largest_gradient: float
    dropout: float
    slips: float


@dataclass(frozen=True, slots=True)
class Round:
    """Epochs under one learning-rate cycle; the next round goes on from the weights of the last.

    Attributes:
        epochs: How often every document is read.
        batch_pieces: Most word pieces of a batch, padding included.
        word_vectors: Whether the vectors of words are fitted too, or stay as they are.
        body_rate: Highest learning rate of the body in the cycle.
        head_rate: The same of the heads.
        warm_share: Share of the steps in which the rate rises.
        turned: Chance that an example is shown with its genders turned, 0..1, as all chances here.
        moved: Chance that it is shown with other nationalities and faiths.
        slipped: Chance of slips of the finger.
        spoken: Chance of spellings and grammar of spoken dialects.
    """

    epochs: int
    batch_pieces: int
    word_vectors: bool
    body_rate: float
    head_rate: float
    warm_share: float
    turned: float
    moved: float
    slipped: float
    spoken: float


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
        rounds: Of fitting, one at least, in their order.
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
    fitting: FittingOptions
    loss: LossWeights
    rounds: tuple[Round, ...]


_FOLDER = resources.files("training").joinpath("encoder")
_TABLES = {
    "base": BaseWeights,
    "split": SplitOptions,
    "windows": WindowOptions,
    "fitting": FittingOptions,
    "loss": LossWeights,
}
_SHARES = {"test_share", "early_cut", "warm_share", "dropout", "turned", "moved", "slipped", "slips", "spoken"}
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
    content["apart"] = _check_groups(data["apart"], data["split"]["folds"], place)
    content["rounds"] = _check_rounds(data["rounds"], data["windows"]["pieces"], place)
    recipe = EncoderRecipe(**content)
    if recipe.windows.pieces != WINDOW:
        raise RecipeError(f"{place}: [windows] pieces is {recipe.windows.pieces}; allowed: {WINDOW}, as in serving")
    return recipe


def _check_rounds(found: object, pieces: int, place: str) -> tuple[Round, ...]:
    """Take one round or more, whose batches hold a whole window."""
    if not isinstance(found, list | tuple) or not found:
        raise RecipeError(f"{place}: rounds is {found!r}; it must be tables [[rounds]], one at least")
    rounds = []
    for number, table in enumerate(found, start=1):
        here = f"{place}: [[rounds]] {number}"
        _check_fields(table, Round, here)
        rounds.append(Round(**table))
        if rounds[-1].batch_pieces < pieces + 2:
            raise RecipeError(f"{here}: batch_pieces is {rounds[-1].batch_pieces}; allowed: pieces + 2 or more")
    return tuple(rounds)


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
