"""Measures masking on invented mentions: recall and precision by kind, on the half that the rules were not built on.

A mention is found when every letter and digit of it is hidden; a mask is right when at least half of its letters and
digits belong to mentions. `--half build` shows the half that the rules were built on, `--misses` what was missed there.
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.review.mask_shapes import KINDS
from service.review.mask_words import load_lists
from service.review.masking import Mask, find_masks

DATA = Path(__file__).parents[1] / "data" / "masking.jsonl"


@dataclass(frozen=True, slots=True)
class Mention:
    """A marked stretch of a text: half-open code points and its kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with its mentions."""

    id: str
    half: str
    text: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over texts; `letters_*` count letters and digits."""

    found: Counter[str]
    mentions: Counter[str]
    right: Counter[str]
    masks: Counter[str]
    letters_found: int
    letters_marked: int
    letters_hidden: int
    letters: int


def load_marked(half: str | None = None) -> list[Marked]:
    """The marked texts of one half, or all."""
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    return [
        Marked(row["id"], row["half"], row["text"], tuple(Mention(**mention) for mention in row["mentions"]))
        for row in rows
        if half in (None, row["half"])
    ]


def places(text: str, stretches: Sequence[Mask | Mention]) -> set[int]:
    """The letters and digits inside stretches."""
    return {at for stretch in stretches for at in range(stretch.start, stretch.end) if text[at].isalnum()}


def measure(texts: Sequence[Marked]) -> Score:
    """Mask every text and count."""
    counts: list[Counter[str]] = [Counter() for _ in range(4)]
    found, mentions, right, masks = counts
    letters = Counter[str]()
    for item in texts:
        made = find_masks(item.text)
        hidden, marked = places(item.text, made), places(item.text, item.mentions)
        for mention in item.mentions:
            mentions[mention.kind] += 1
            found[mention.kind] += places(item.text, [mention]) <= hidden
        for mask in made:
            own = places(item.text, [mask])
            masks[mask.kind] += 1
            right[mask.kind] += 2 * len(own & marked) >= len(own)
        letters.update(found=len(hidden & marked), marked=len(marked), hidden=len(hidden))
        letters["all"] += sum(letter.isalnum() for letter in item.text)
    return Score(found, mentions, right, masks, letters["found"], letters["marked"], letters["hidden"], letters["all"])


def missed(texts: Sequence[Marked]) -> Iterator[tuple[str, str, str]]:
    """What was missed and what was hidden without need, with the text's id."""
    for item in texts:
        made = find_masks(item.text)
        hidden, marked = places(item.text, made), places(item.text, item.mentions)
        for mention in item.mentions:
            if not places(item.text, [mention]) <= hidden:
                yield item.id, f"missed {mention.kind}", item.text[mention.start : mention.end]
        for mask in made:
            own = places(item.text, [mask])
            if 2 * len(own & marked) < len(own):
                yield item.id, f"hidden {mask.kind}", item.text[mask.start : mask.end]


def unlisted(texts: Sequence[Marked]) -> tuple[int, int]:
    """Names of which no word is in the list of names: how many were found, and how many there are."""
    names = load_lists().names
    found = total = 0
    for item in texts:
        hidden = places(item.text, find_masks(item.text))
        for mention in item.mentions:
            words = item.text[mention.start : mention.end].lower().replace("-", " ").split()
            if mention.kind == "name" and not any(word.strip(".,") in names for word in words):
                total += 1
                found += places(item.text, [mention]) <= hidden
    return found, total


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 percent interval of a share."""
    if not total:
        return 0.0, 1.0
    share, z = hits / total, 1.959964
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return middle - half, middle + half


def line(name: str, hits: int, total: int) -> str:
    """`name  hits/total  share [low, high]`."""
    low, high = wilson(hits, total)
    return f"{hits:4}/{total:<4} {hits / total if total else 0:.3f} [{low:.3f}, {high:.3f}]  {name}"


def report(score: Score) -> Iterator[str]:
    """The table."""
    both: Mapping[str, tuple[Counter[str], Counter[str]]] = {
        "recall": (score.found, score.mentions),
        "precision": (score.right, score.masks),
    }
    for measure_name, (hits, totals) in both.items():
        yield measure_name
        for kind in KINDS:
            if totals[kind]:
                yield line(kind, hits[kind], totals[kind])
        yield line("all", hits.total(), totals.total())
    yield line("letters and digits of mentions that are hidden", score.letters_found, score.letters_marked)
    yield line("hidden letters and digits that belong to mentions", score.letters_found, score.letters_hidden)
    yield line("letters and digits that are hidden", score.letters_hidden, score.letters)


def main() -> None:
    """Print the figures of one half."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("held", "build"), default="held")
    parser.add_argument("--misses", action="store_true", help="list what was missed; looking at `held` spends it")
    options = parser.parse_args()
    texts = load_marked(options.half)
    print(f"{options.half}: {len(texts)} texts, {sum(len(item.mentions) for item in texts)} mentions")
    print("\n".join(report(measure(texts))))
    print(line("names of which no word is in the list", *unlisted(texts)))
    if options.misses:
        for row in missed(texts):
            print(*row, sep="  ")


if __name__ == "__main__":
    main()
