"""Makes dumps that repeat themselves: documents are earlier ones with other names, numbers and places."""

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


_OPENINGS = (
    "Hiring for hotel work in {place}, no papers asked.",
    "Cleaners wanted for offices around {place}, start {day}.",
    "Farm near {place} takes pickers from {day} on.",
    "Crew wanted for a fishing vessel at {place} harbour.",
    "Kitchen in {place} looks for a second cook.",
    "Lost cat near {place} since {day}, grey with a white collar.",
    "Garage sale in {place} on {day}, sofa and two lamps.",
    "Guitar lessons in {place} for beginners of any taste.",
)
_MIDDLES = (
    "Pay is ${price} a week and a room is there for all.",
    "The fee of ${price} is taken from the first wages.",
    "{name} holds the papers until the season ends.",
    "A contract is signed before you begin, with ${price} to start.",
    "Prices begin at ${price} and everything has to go.",
    "A reward of ${price} waits for who brings good news.",
)
_CLOSINGS = (
    "Ask for {name} under {phone}.",
    "Text {name} at {phone} before {day}.",
    "Write or ring {phone}, {name} answers at any hour.",
    "Come by on {day} or call {name}, {phone}.",
)
_SPOKEN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def made_ads(count: int, *, alone: float = 0.2, seed: int = 5) -> Iterator[tuple[Document, int]]:
    """Yield short ads and the number of the template each is made from; templates share sentences with each other.

    Args:
        count: How many documents.
        alone: Share of documents that are made from no template, 0..1.
        seed: The same seed gives the same documents.
    """
    chance = random.Random(seed)
    for number in range(count):
        opening, middle = chance.randrange(len(_OPENINGS)), chance.randrange(len(_MIDDLES))
        closing = (opening + middle) % len(_CLOSINGS)
        text, truth = f"{_OPENINGS[opening]} {_MIDDLES[middle]} {_CLOSINGS[closing]}", opening * len(_MIDDLES) + middle
        if chance.random() < alone:
            words = (f"{chance.choice(_PLACES).lower()}{chance.randrange(500)}" for _ in range(25))
            text, truth = " ".join(words), ~number
        filled = text.format(
            place=chance.choice(_PLACES),
            day=chance.choice(_DAYS),
            name=chance.choice(_NAMES),
            price=chance.randrange(20, 300) * 10,
            phone=_phone(chance),
        )
        yield Document(filled, id=f"ad-{number:06}"), truth


def _phone(chance: random.Random) -> str:
    digits = f"{chance.randrange(200, 1000)}55501{chance.randrange(100):02}"
    spellings = (
        f"{digits[:3]}-{digits[3:6]}-{digits[6:]}",
        f"({digits[:3]}) {digits[3:6]} {digits[6:]}",
        digits,
        " ".join(_SPOKEN[int(digit)] for digit in digits),
    )
    return chance.choice(spellings)
