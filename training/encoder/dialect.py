"""Spellings and grammar of spoken English dialects, written over a text of which every label must stay.

How people speak is no evidence either. The changes are those that work on dialects lists most often (no copula,
habitual "be", "ain't", a stop for "th", "in'" for "ing": Ziems et al. 2022, VALUE). Each keeps the number of code
points, filled up with spaces, so that spans stay where they are.
"""

import re

import numpy as np

# Chance that a place of a text where a change fits is changed.
_SHARE = 0.7
_WORDS = {
    "the": ("da", "de"),
    "this": ("dis",),
    "that": ("dat",),
    "these": ("dese", "dem"),
    "those": ("dose", "dem"),
    "them": ("dem",),
    "they": ("dey", "dem"),
    "there": ("dere",),
    "with": ("wit", "wif", "wid"),
    "nothing": ("nuttin", "nothin'"),
    "something": ("sumthin", "suttin"),
    "you": ("ya", "yuh", "u"),
    "your": ("yo", "ya", "ur"),
    "my": ("me", "mi"),
    "is": ("", "be"),
    "are": ("", "be"),
    "were": ("was",),
    "does": ("do",),
    "doesn't": ("don't", "dont"),
    "isn't": ("ain't", "aint"),
    "aren't": ("ain't", "aint"),
    "hasn't": ("ain't", "aint"),
    "haven't": ("ain't", "aint"),
    "because": ("cuz", "cos", "cause"),
    "about": ("bout", "'bout"),
    "for": ("fo", "fi"),
    "and": ("an", "n"),
    "every": ("evry",),
    "before": ("befo", "b4"),
    "going to": ("gonna", "gon"),
    "want to": ("wanna",),
    "have to": ("hafta", "gotta"),
    "is not": ("ain't", "not"),
    "are not": ("ain't", "not"),
    "do not": ("don't", "no"),
    "does not": ("don't", "no"),
    "cannot": ("can't", "cyan"),
    "will not": ("won't",),
}
_CHANGES = re.compile(rf"\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b|(?<=\w\w\w)ing\b", re.IGNORECASE)


def respell(text: str, random: np.random.Generator) -> str:
    """Write a text as speakers of a dialect might; it keeps its length.

    Args:
        text: As it was written.
        random: Decides where, and which spelling.
    """

    def change(match: re.Match[str]) -> str:
        found = match.group()
        if random.random() >= _SHARE:
            return found
        if found.lower() == "ing":
            return "in'"
        forms = _WORDS[found.lower()]
        return forms[int(random.integers(len(forms)))].ljust(len(found))

    return _CHANGES.sub(change, text)
