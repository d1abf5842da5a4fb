"""Variants of an example that must not change its labels: other people, and slips of the finger.

Who is written about is no evidence. Turning he into she half of the time, and one nationality or faith into another,
leaves the network nothing to learn from it (counterfactual augmentation: Lu et al. 2018). Slips keep the length of a
text, so its labels stay where they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from training.encoder.data import Example
from training.encoder.recipe import Round

_PAIRS = (
    ("he", "she"),
    ("him", "her"),
    ("himself", "herself"),
    ("man", "woman"),
    ("men", "women"),
    ("boy", "girl"),
    ("boys", "girls"),
    ("father", "mother"),
    ("dad", "mum"),
    ("brother", "sister"),
    ("brothers", "sisters"),
    ("husband", "wife"),
    ("son", "daughter"),
    ("sons", "daughters"),
    ("uncle", "aunt"),
    ("nephew", "niece"),
    ("grandfather", "grandmother"),
    ("boyfriend", "girlfriend"),
    ("male", "female"),
    ("mr", "mrs"),
    ("sir", "madam"),
    ("gentleman", "lady"),
    ("king", "queen"),
)
# "her" is "his" before a noun and "him" before one of these.
_AFTER_OBJECT = (
    ".",
    ",",
    "?",
    "!",
    ";",
    "to",
    "and",
    "in",
    "at",
    "for",
    "from",
    "that",
    "when",
    "if",
    "with",
    "as",
    "on",
)
_SHORTEST_SLIP = 4
# Words of which one may stand for another of its row. Names that are also common words (polish, turkey) are left out.
_ALIKE = (
    (
        *("chinese", "indian", "mexican", "nigerian", "vietnamese", "thai", "filipino", "romanian", "bulgarian"),
        *("ukrainian", "pakistani", "bangladeshi", "ethiopian", "kenyan", "indonesian", "brazilian", "colombian"),
        *("moroccan", "hungarian", "russian", "korean", "albanian", "syrian", "afghan", "somali", "egyptian"),
        *("iranian", "peruvian"),
    ),
    (
        *("china", "india", "mexico", "nigeria", "vietnam", "thailand", "philippines", "romania", "bulgaria"),
        *("ukraine", "pakistan", "bangladesh", "ethiopia", "kenya", "nepal", "indonesia", "brazil", "colombia"),
        *("morocco", "hungary", "russia", "korea", "albania", "syria", "afghanistan", "ghana", "somalia", "egypt"),
        *("iran", "peru"),
    ),
    ("muslim", "christian", "hindu", "buddhist", "jewish", "catholic", "orthodox", "sikh"),
    ("mosque", "church", "temple", "synagogue"),
    ("asian", "african", "european", "latino", "arab"),
)


@dataclass(frozen=True, slots=True)
class Forms:
    """An example as labelled, and the same with slips of the finger and with spellings of a spoken dialect."""

    plain: Example
    slipped: Example
    spoken: Example


@dataclass(frozen=True, slots=True)
class Exchange:
    """Gives a row of pieces with other people in it; the row keeps its length.

    Attributes:
        turn: Turns every gendered word.
        move: Puts, by chance, other nationalities and faiths in the place of those named, each the same all through.
    """

    turn: Callable[[np.ndarray], np.ndarray]
    move: Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Vocabulary(Protocol):
    """The part of a tokenizer that numbers pieces."""

    def token_to_id(self, token: str) -> int | None:
        """Give the number of a piece, or None."""


def build_exchange(vocabulary: Vocabulary) -> Exchange:
    """Build the exchange of people over a vocabulary; words that it lacks stay."""
    turned: dict[int, int] = {}
    for one, other in _PAIRS:
        first, second = vocabulary.token_to_id(one), vocabulary.token_to_id(other)
        if first is not None and second is not None:
            turned |= {first: second, second: first}
    numbers = {word: vocabulary.token_to_id(word) for word in ("her", "him", "his", *_AFTER_OBJECT)}
    rows = [[piece for word in row if (piece := vocabulary.token_to_id(word)) is not None] for row in _ALIKE]
    return Exchange(lambda pieces: _turn(pieces, turned, numbers), lambda pieces, random: _move(pieces, rows, random))


def _move(pieces: np.ndarray, rows: Sequence[Sequence[int]], random: np.random.Generator) -> np.ndarray:
    moved = pieces.copy()
    for row in rows:
        for piece, other in zip(row, random.permutation(np.array(row, dtype=np.int64)), strict=True):
            moved[pieces == piece] = other
    return moved


def _turn(pieces: np.ndarray, turned: Mapping[int, int], numbers: Mapping[str, int | None]) -> np.ndarray:
    row = pieces.tolist()
    closing = {numbers[word] for word in _AFTER_OBJECT}
    result = [turned.get(piece, piece) for piece in row]
    for place, piece in enumerate(row):
        if piece == numbers["his"]:
            result[place] = numbers["her"] or piece
        elif piece == numbers["her"]:
            after = row[place + 1] if place + 1 < len(row) else numbers["."]
            result[place] = numbers["him" if after in closing else "his"] or piece
    return np.array(result, dtype=np.int64)


def misspell(text: str, share: float, random: np.random.Generator) -> str:
    """Swap two neighbouring letters inside a share of the longer words; the text keeps its length.

    Args:
        text: As it was written.
        share: Of the words, 0..1.
        random: Decides which.
    """
    letters, start = list(text), 0
    for place, letter in enumerate([*letters, " "]):
        if letter.isalpha():
            continue
        length = place - start
        if length >= _SHORTEST_SLIP and random.random() < share:
            first = start + int(random.integers(1, length - 2)) if length > _SHORTEST_SLIP else start + 1
            letters[first], letters[first + 1] = letters[first + 1], letters[first]
        start = place + 1
    return "".join(letters)


def vary(forms: Forms, exchange: Exchange, options: Round, random: np.random.Generator) -> Example:
    """Give an example as it is or changed.

    Args:
        forms: Of the text.
        exchange: Of the people in it.
        options: With the chances of each change.
        random: Decides; a change whose chance is 0 draws nothing where other rounds have none.
    """
    chosen = forms.slipped if random.random() < options.slipped else forms.plain
    if options.spoken and random.random() < options.spoken:
        chosen = forms.spoken
    pieces = exchange.turn(chosen.pieces) if random.random() < options.turned else chosen.pieces
    if options.moved and random.random() < options.moved:
        pieces = exchange.move(pieces, random)
    return replace(chosen, pieces=pieces)
