"""Texts of about 1.7 kB for the measurements: whole authored texts joined, and the same with made-up words mixed in."""

import random
from collections.abc import Iterable, Iterator, Sequence

SHORTEST, LONGEST = 1_500, 1_900
_JOINT = "\n\n"
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


def join_texts(texts: Iterable[str]) -> list[str]:
    """Join whole texts into documents of 1,500 to 1,900 characters; what fits into none is left out."""
    done: list[str] = []
    open_documents: list[str] = []
    for text in texts:
        fitting = (n for n, document in enumerate(open_documents) if len(document) + 2 + len(text) <= LONGEST)
        place = next(fitting, None)
        document = text if place is None else open_documents.pop(place) + _JOINT + text
        if SHORTEST <= len(document) <= LONGEST:
            done.append(document)
        elif len(document) < SHORTEST:
            open_documents.append(document)
    return done


def cut_text(text: str) -> str | None:
    """Cut the beginning of a long text at a blank to at most 1,700 characters; None when it has fewer than 1,500."""
    cut = text[:1_700].rsplit(" ", 1)[0] if len(text) > 1_700 else text
    return cut if len(cut) >= SHORTEST else None


def vary_texts(texts: Sequence[str], count: int, *, made_up: int, seed: int) -> Iterator[str]:
    """Give texts one after the other, again and again, each time with other made-up words between their words."""
    generator = random.Random(seed)
    for number in range(count):
        words = texts[number % len(texts)].split(" ")
        for _ in range(made_up):
            words.insert(generator.randrange(len(words)), make_word(generator))
        yield " ".join(words)


def make_word(generator: random.Random) -> str:
    """A word of two to five syllables that is in no dictionary."""
    return "".join(generator.choice(_CONSONANTS) + generator.choice(_VOWELS) for _ in range(generator.randrange(2, 6)))
