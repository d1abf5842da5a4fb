"""Makes a dump that repeats itself: nine in ten documents are an earlier one with other names, numbers and places."""

import random
from collections.abc import Iterator

from classifier.document import Document

_NAMES = (
    "Asha",
    "Bela",
    "Ciro",
    "Dara",
    "Emin",
    "Faye",
    "Gita",
    "Hana",
    "Ivo",
    "Jana",
    "Kofi",
    "Lena",
    "Miro",
    "Nia",
    "Oren",
)
_PLACES = (
    "Northport",
    "Eastford",
    "Lakeside",
    "Millbrook",
    "Stonebridge",
    "Harwick",
    "Ash Quay",
    "Fairhaven",
    "Redhill",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def made_documents(texts: list[str], count: int, *, repeats: float = 0.9, seed: int = 7) -> Iterator[Document]:
    """Yield documents made of `texts`; a share of `repeats` of them are an earlier one with other slots filled.

    Args:
        texts: Bodies that the documents are made of.
        count: How many documents.
        repeats: Share of documents that repeat an earlier one, 0..1.
        seed: The same seed gives the same documents.
    """
    chance = random.Random(seed)
    bodies: list[tuple[str, int]] = []
    for number in range(count):
        if bodies and chance.random() < repeats:
            body, slots = chance.choice(bodies)
            # A sixth are copies letter for letter, as reposts are.
            slots = slots if chance.random() < 1 / 6 else number
        else:
            body, slots = _new_body(texts, chance, len(bodies)), number
            bodies.append((body, slots))
        yield Document(_filled(body, slots), id=f"made-{number:07}")


def _new_body(texts: list[str], chance: random.Random, number: int) -> str:
    """Return a body that no other one is like: two texts cut into sentences and put in another order."""
    sentences = [part for text in chance.sample(texts, 2) for part in text.split(". ")]
    chance.shuffle(sentences)
    return (
        f"Ref {number:06x} for {{name}} in {{place}}. "
        + ". ".join(sentences[:8])
        + " Ask for {name} on {day}, {area}-555-01{n:02}."
    )


def _filled(body: str, number: int) -> str:
    chance = random.Random(number)
    filled = body.replace("{name}", chance.choice(_NAMES)).replace("{place}", chance.choice(_PLACES))
    filled = filled.replace("{day}", chance.choice(_DAYS)).replace("{area}", str(chance.randrange(200, 1000)))
    return filled.replace("{n:02}", f"{chance.randrange(100):02}")
