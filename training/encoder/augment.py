"""Variants of an example that must not change its labels: turned genders, and slips of the finger.

Who is written about is no evidence. Turning he into she half of the time leaves the network nothing to learn from it
(counterfactual augmentation: Lu et al. 2018). Slips keep the length of a text, so its labels stay where they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from training.encoder.data import Example

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


class Vocabulary(Protocol):
    """The part of a tokenizer that numbers pieces."""

    def token_to_id(self, token: str) -> int | None:
        """Give the number of a piece, or None."""


def build_turn(vocabulary: Vocabulary) -> Callable[[np.ndarray], np.ndarray]:
    """Give the function that turns the gendered words of a row of pieces; the row keeps its length."""
    turned: dict[int, int] = {}
    for one, other in _PAIRS:
        first, second = vocabulary.token_to_id(one), vocabulary.token_to_id(other)
        if first is not None and second is not None:
            turned |= {first: second, second: first}
    numbers = {word: vocabulary.token_to_id(word) for word in ("her", "him", "his", *_AFTER_OBJECT)}
    return lambda pieces: _turn(pieces, turned, numbers)


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


def vary(
    example: Example,
    slipped: Example,
    turn: Callable[[np.ndarray], np.ndarray],
    chances: tuple[float, float],
    random: np.random.Generator,
) -> Example:
    """Give an example as it is, turned, slipped or both.

    Args:
        example: As labelled.
        slipped: The same with slips of the finger.
        turn: From `build_turn`.
        chances: Of turned genders and of slips, 0..1.
        random: Decides.
    """
    chosen = slipped if random.random() < chances[1] else example
    return replace(chosen, pieces=turn(chosen.pieces)) if random.random() < chances[0] else chosen
