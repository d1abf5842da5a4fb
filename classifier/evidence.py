"""Contributions and lexicon phrases become evidence: readable stretches of the submitted text.

Overlap policy: within one indicator spans never overlap; a model span wins over a lexicon span, and an earlier kind of
evidence (asserted by the model, spoken of by the model, lexicon) over a later one; spans of different indicators may
overlap. A model span is the run of clauses of its sentence that contributes most after a price for every token, so it
grows only while its words earn their place (Lei et al. 2016 ask rationales to be short and consecutive likewise).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from classifier.assertion import STATES, choose_held
from classifier.document import Assertion, Evidence, Source
from classifier.pipeline import Parse

_BREAKS = frozenset({",", ";", ":", ".", "(", ")", "[", "]", "-", "--", "!", "?", "|", "*", "•"})
_JOINTS = frozenset(
    {"and", "but", "so", "because", "that", "which", "who", "when", "if", "while", "where", "then", "or"}
)
_JOINTS |= {"after", "before", "until", "though", "although"}
_LINKS = frozenset({"and", "but", "or"})
_MARKS = _BREAKS | _JOINTS
_SHORTEST_CLAUSE = 3
_LONGEST_SPAN = 25


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence in which an indicator was found, and by which output of the model."""

    sentence: int
    output: int
    assertion: Assertion


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of tokens `[first, last)` in a sentence that serves as evidence."""

    first: int
    last: int
    sentence: int
    assertion: Assertion
    source: Source


@dataclass(frozen=True, slots=True)
class Rule:
    """When a sentence beside the deciding one gives evidence too, and what a token must earn; set by training.

    Attributes:
        asserted: Least log-odds of the asserted output.
        held: (n_indicators,) least log-odds of being denied or supposed.
        price: What each token of a model span must earn, log-odds.
    """

    asserted: float
    held: np.ndarray
    price: float


def choose_claims(
    sentences: np.ndarray, indicator: int, n_indicators: int, *, deciding: int | None, rule: Rule
) -> list[Claim]:
    """Choose the sentences that speak of an indicator: asserting ones first, then those that deny or suppose it.

    Args:
        sentences: (n_sentences, n_outputs) log-odds.
        indicator: Its column.
        n_indicators: Number of indicators.
        deciding: The deciding sentence of a flagged indicator, or None when it is not flagged.
        rule: The limits.
    """
    columns = [2 * n_indicators + indicator, 3 * n_indicators + indicator]
    held = sentences[:, columns]
    claims: list[Claim] = []
    if deciding is not None:
        others = (sentences[:, indicator] >= rule.asserted).nonzero()[0].tolist()
        chosen = [deciding, *(s for s in others if s != deciding)]
        claims = [Claim(s, indicator, "asserted") for s in chosen]
    taken = {claim.sentence for claim in claims}
    for sentence in (held.max(axis=1) >= rule.held[indicator]).nonzero()[0].tolist():
        if sentence not in taken:
            # Where the words stand is the question of what is spoken of, however it is held.
            state = choose_held(*held[sentence].tolist())
            claims.append(Claim(sentence, n_indicators + indicator, state))
    return claims


def collect(
    explain: Callable[[int, int], np.ndarray], parsed: Parse, *, indicator: int, claims: Sequence[Claim], price: float
) -> list[Found]:
    """Choose the evidence of one indicator.

    Args:
        explain: Gives what each token of a sentence adds to an output, `explain(sentence, output)`, log-odds.
        parsed: Tokens and lexicon hits.
        indicator: Its column.
        claims: Sentences in which the model found it, the most important kind first.
        price: What each token of a model span must earn, log-odds.
    """
    found: list[Found] = []
    # One byte a token, so that the time stays linear where a phrase comes a thousand times.
    taken = bytearray(len(parsed.tokens))
    for claim in claims:
        shares = explain(claim.sentence, claim.output)
        first, last = best_run(parsed, shares, claim.sentence, price)
        found.append(Found(first, last, claim.sentence, claim.assertion, "model"))
        taken[first:last] = b"\1" * (last - first)
    asserts = any(claim.assertion == "asserted" for claim in claims)
    hits = [hit for hit in parsed.hits if hit.indicator == indicator]
    for hit in sorted(hits, key=lambda h: (h.first - h.last, h.first)):
        state = STATES[hit.state]
        # A phrase alone raises no flag: asserted phrases are shown where the model flags the indicator too.
        if state == "asserted" and not asserts:
            continue
        if not any(taken[hit.first : hit.last]):
            found.append(Found(hit.first, hit.last, hit.sentence, state, "lexicon"))
            taken[hit.first : hit.last] = b"\1" * (hit.last - hit.first)
    return sorted(found, key=lambda span: span.first)


def best_run(parsed: Parse, shares: np.ndarray, sentence: int, price: float) -> tuple[int, int]:
    """Give the tokens of the run of clauses that earns most, at most 25 tokens.

    Args:
        parsed: Tokens and sentences.
        shares: (n_sentence_tokens,) contributions.
        sentence: Its number.
        price: What each token must earn, log-odds.
    """
    first, last = parsed.sentences[sentence].tolist()
    clauses = split_clauses(parsed.tokens, first, last)
    if len(clauses) == 1:
        return _cut_clause(clauses[0], shares, first)
    sums = list(accumulate(shares.tolist(), initial=0.0))
    earned = [sums[b - first] - sums[a - first] - price * (b - a) for a, b in clauses]
    best, span = -np.inf, clauses[0]
    for begin, (start, _) in enumerate(clauses):
        total = 0.0
        for end in range(begin, len(clauses)):
            if end > begin and clauses[end][1] - start > _LONGEST_SPAN:
                break
            total += earned[end]
            if total > best:
                best, span = total, (start, clauses[end][1])
    return _cut_clause(span, shares, first)


def _cut_clause(span: tuple[int, int], shares: np.ndarray, first: int) -> tuple[int, int]:
    """Cut a clause that is too long to its 25 tokens that earn most; `first` is the sentence's first token."""
    if span[1] - span[0] <= _LONGEST_SPAN:
        return span
    inside = shares[span[0] - first : span[1] - first]
    start = span[0] + int(np.convolve(inside, np.ones(_LONGEST_SPAN), mode="valid").argmax())
    return start, start + _LONGEST_SPAN


def split_clauses(tokens: Sequence[str], first: int, last: int) -> list[tuple[int, int]]:
    """Cut a sentence into clauses at punctuation and joining words, punctuation left out; never an empty list."""
    clauses, start = [], first
    for place, token in enumerate(tokens[first:last], first):
        if token not in _MARKS:
            continue
        if token in _BREAKS:
            if place > start:
                clauses.append((start, place))
            start = place + 1
        elif place >= start + _SHORTEST_CLAUSE:
            clauses.append((start, place))
            # "because he said so" belongs to its clause; a bare "and" to neither.
            start = place + 1 if token in _LINKS else place
    if start < last:
        clauses.append((start, last))
    return clauses or [(first, last)]


def build_evidence(
    found: Sequence[Found], parsed: Parse, shares: np.ndarray | None
) -> tuple[tuple[Evidence, ...], float | None]:
    """Map evidence to the submitted text.

    Args:
        found: Stretches of tokens that do not overlap.
        parsed: The way back to the source.
        shares: (n_tokens,) contributions to the deciding sentence, log-odds; None when nothing is asserted.

    Returns:
        The evidence, and the sum of the contributions outside its asserted spans (None without shares): what is denied
        or supposed never counts as evidence, so its share stays with the remainder.
    """
    evidence, source = [], parsed.normalised.source
    outside = np.ones(0 if shares is None else len(shares), dtype=bool)
    for span in found:
        start, end = parsed.source_span(span.first, span.last)
        contribution = 0.0
        if span.assertion == "asserted" and shares is not None:
            outside[span.first : span.last] = False
            contribution = float(shares[span.first : span.last].sum())
        evidence.append(
            Evidence(
                start=start,
                end=end,
                text=source[start:end],
                assertion=span.assertion,
                source=span.source,
                contribution=contribution,
                sentence=span.sentence,
            )
        )
    return tuple(evidence), None if shares is None else float(shares[outside].sum())
