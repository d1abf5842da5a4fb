"""How numbers and states are said to a reader who is no statistician."""

import math
from collections.abc import Mapping, Sequence

from classifier.document import Assertion, State
from service.percentage import percent

__all__ = ["ASSERTIONS", "STATES", "clipped", "effect", "full_sentence", "percent", "sentence_list", "signed"]

ASSERTIONS: Mapping[Assertion, str] = {"asserted": "asserted", "negated": "denied", "hypothetical": "hypothetical"}
STATES: Mapping[State, str] = {
    "asserted": "flagged",
    "negated": "spoken of, but denied",
    "hypothetical": "spoken of in general only",
    "absent": "below threshold",
    "abstained": "not scored",
}


def signed(log_odds: float) -> str:
    """`+4.87` or `−3.02`, with a true minus sign."""
    return f"{log_odds:+.2f}".replace("-", "\N{MINUS SIGN}")


def effect(log_odds: float) -> str:
    """What an amount of log-odds does to the odds: e to its power, as a factor."""
    factor = math.exp(min(abs(log_odds), 50.0))
    verb = "raises" if log_odds > 0 else "lowers"
    if factor < 1.05:
        return "hardly changes the odds"
    if factor > 1_000:
        return f"{verb} the odds more than 1,000 times"
    rounded = float(f"{factor:.1e}")
    return f"{verb} the odds about {rounded:,.{1 if factor < 10 else 0}f} times"


def sentence_list(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def full_sentence(text: str) -> str:
    """The text with a capital and a full stop: details of errors and warnings are written to stand in a log line."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def clipped(text: str, limit: int = 140) -> str:
    """The text on one line, whole words from its middle left out when it is longer than `limit` code points."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head, tail = line[: limit // 2], line[-limit // 2 :]
    return f"{head.rpartition(' ')[0] or head} … {tail.partition(' ')[2] or tail}"
