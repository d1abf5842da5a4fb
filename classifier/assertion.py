"""How a text holds what it says: negated, hypothetical or asserted, by cue phrases and their scope.

The idea is NegEx's (Chapman et al. 2001) and ConText's (Harkema et al. 2009): a cue governs the tokens on one side of
it up to a terminator or its reach. Added here: neutral cues ("not only", "not allowed") hide the cues inside them, a
cue inside an indicator phrase belongs to the phrase ("never paid us" stays asserted), and two negations cancel out.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.document import Assertion
from classifier.lexicon import Cue, Lexicon
from classifier.matcher import Match

STATES: tuple[Assertion, ...] = ("asserted", "negated", "hypothetical")
ASSERTED, NEGATED, HYPOTHETICAL = range(3)


@dataclass(frozen=True, slots=True)
class Scope:
    """Tokens `[first, last)` that a cue governs, and the cue's own tokens `[cue_first, cue_last)`.

    `listed` says that a comma or a joining word parts it from a negation before, or that the language says so twice
    what it denies once: "no A, no B" denies twice and cancels nothing, "not without B" does.
    """

    state: int
    first: int
    last: int
    cue_first: int
    cue_last: int
    listed: bool


def find_scopes(
    matches: Sequence[Match], tokens: Sequence[str], sentence: tuple[int, int], lexicon: Lexicon
) -> list[Scope]:
    """Find what each cue of a sentence governs.

    Args:
        matches: The cues met in the sentence, numbered by `lexicon.cues`.
        tokens: Lower-case tokens of the document.
        sentence: First token of the sentence and one past its last.
        lexicon: Holds the cues.
    """
    hidden = [m for m in matches if lexicon.cues[m.pattern].assertion == "neutral"]
    scopes: list[Scope] = []
    for match in _drop_nested(matches, lexicon):
        if any(h.first <= match.first and match.last <= h.last for h in hidden):
            continue
        cue = lexicon.cues[match.pattern]
        begin, end = _reach(cue, match, tokens, sentence, lexicon.terminators)
        before = scopes[-1].cue_last if scopes else match.first
        listed = tokens[match.first] in lexicon.concord or not lexicon.listing.isdisjoint(tokens[before : match.first])
        scopes.append(Scope(STATES.index(cue.assertion), begin, end, match.first, match.last, listed))
    return scopes


def _drop_nested(matches: Sequence[Match], lexicon: Lexicon) -> list[Match]:
    """Keep, of cues that share tokens and kind, the longest: "no evidence of" counts once, not also as "no"."""
    kept: list[Match] = []
    # Sets of tokens keep the time linear where a sentence is a row of question marks, every one of them a cue.
    covered: dict[str, set[int]] = {"negated": set(), "hypothetical": set()}
    for match in sorted(matches, key=lambda m: (m.first - m.last, m.first, m.pattern)):
        kind, places = lexicon.cues[match.pattern].assertion, range(match.first, match.last)
        if kind != "neutral" and covered[kind].isdisjoint(places):
            covered[kind].update(places)
            kept.append(match)
    return sorted(kept, key=lambda m: (m.first, m.pattern))


def _reach(
    cue: Cue, match: Match, tokens: Sequence[str], sentence: tuple[int, int], terminators: frozenset[str]
) -> tuple[int, int]:
    if cue.scope == "sentence":
        return sentence
    if cue.scope == "after":
        limit = min(sentence[1], match.last + cue.reach)
        stop = next((i for i in range(match.last, limit) if tokens[i] in terminators), limit)
        return match.first, stop
    limit = max(sentence[0], match.first - cue.reach)
    start = next((i + 1 for i in range(match.first - 1, limit - 1, -1) if tokens[i] in terminators), limit)
    return start, match.last


def choose_state(
    tokens: Sequence[str], first: int, last: int, *, scopes: Sequence[Scope], named: Container[str]
) -> int:
    """Decide how a phrase is held: 0 asserted, 1 negated, 2 hypothetical.

    A cue inside the phrase whose words the phrase itself names ("never" of "never paid") is part of what is said and
    does not govern it; one that only stands in its gap ("has not taken our passports") does.

    Args:
        tokens: Lower-case tokens of the document.
        first: First token of the phrase.
        last: One past its last token.
        scopes: Of the sentence.
        named: Word forms that the phrase's pattern names.
    """

    def belongs(scope: Scope) -> bool:
        inside = first <= scope.cue_first and scope.cue_last <= last
        return inside and all(token in named for token in tokens[scope.cue_first : scope.cue_last])

    governing = [s for s in scopes if s.first <= first and last <= s.last and not belongs(s)]
    if any(s.state == HYPOTHETICAL for s in governing):
        return HYPOTHETICAL
    negations = [s for s in governing if s.state == NEGATED]
    counted = negations[:1] + [s for s in negations[1:] if not s.listed]
    return NEGATED if len(counted) % 2 else ASSERTED


def mark_tokens(count: int, scopes: Sequence[Scope]) -> np.ndarray:
    """Give each token's state, (count,) int8; hypothetical wins over negated, and two negations cancel out."""
    negations = np.zeros(count, dtype=np.int8)
    states = np.zeros(count, dtype=np.int8)
    for scope in scopes:
        if scope.state == NEGATED:
            part = negations[scope.first : scope.last]
            part[:] = np.maximum(part, 1) if scope.listed else part + 1
    states[negations % 2 == 1] = NEGATED
    for scope in scopes:
        if scope.state == HYPOTHETICAL:
            states[scope.first : scope.last] = HYPOTHETICAL
    return states


def choose_held(negated: float, hypothetical: float) -> Assertion:
    """Say how a sentence that is not asserted holds what it speaks of, from the model's two scores (log-odds)."""
    return "negated" if negated > hypothetical else "hypothetical"
