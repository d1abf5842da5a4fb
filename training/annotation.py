"""What a budget of labels buys: a labelled corpus plays a pool without labels, and a rule says whom to ask about next.

The model of the simulation is a stand-in that is fitted in milliseconds: least squares over the words, pairs and
lexicon phrases of whole texts. Which rule needs fewer labels carries over; the level of its figures does not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.errors import CorpusError
from classifier.features import Featuriser
from classifier.model import ROLES
from classifier.taxonomy import load_taxonomy
from training.design import Minimum, build_layout, build_text_rows, fit_space
from training.development import Development
from training.labels import document_states
from training.metrics import average_precision, macro
from training.prepare import parse_texts
from training.recipe import Recipe

_RIDGE = 1.0
# Phrases weigh more than in a recipe: with few labels they are most of what there is to go by.
_SCALE = {
    **dict.fromkeys((*ROLES, "characters", "phrases"), 0.0),
    "document": 1.0,
    "pairs": 1.0,
    "document_phrases": 0.7,
}


@dataclass(frozen=True, slots=True)
class Pool:
    """Documents to ask about, and others to measure on.

    Attributes:
        kernel: (n_pool, n_pool) inner products of their rows.
        truth: (n_pool, n_indicators) bool, what asking would answer.
        held_kernel: (n_held, n_pool) of the documents that are measured on.
        held_truth: (n_held, n_indicators) bool.
    """

    kernel: np.ndarray
    truth: np.ndarray
    held_kernel: np.ndarray
    held_truth: np.ndarray


@dataclass(frozen=True, slots=True)
class Round:
    """What a rule may look at.

    Attributes:
        scores: (n_waiting, n_indicators) of the documents not asked about yet, -1..1 or so.
        truth: (n_asked, n_indicators) bool, the answers so far.
        random: Its only source of chance.
    """

    scores: np.ndarray
    truth: np.ndarray
    random: np.random.Generator


# Gives the numbers of the waiting documents, those to ask about first in front.
Rule = Callable[[Round], np.ndarray]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a rule gave.

    Attributes:
        rule: Its name.
        asked: (n_rounds,) documents asked about.
        quality: (n_runs, n_rounds) macro average precision of the indicators on the held-out documents.
        asserting: (n_runs, n_rounds) share of the documents asked about that assert an indicator.
    """

    rule: str
    asked: np.ndarray
    quality: np.ndarray
    asserting: np.ndarray

    def needed(self, quality: float) -> int | None:
        """Give how many documents it took to reach a quality on the mean of the runs; None if it never did."""
        reached = np.flatnonzero(self.quality.mean(axis=0) >= quality)
        return int(self.asked[reached[0]]) if len(reached) else None


def choose_any(state: Round) -> np.ndarray:
    """Ask at random: what every rule has to beat."""
    return state.random.permutation(len(state.scores))


def choose_uncertain(state: Round) -> np.ndarray:
    """Ask first where an indicator's score is nearest to the line between yes and no (Lewis and Gale 1994)."""
    return np.asarray(np.abs(state.scores).min(axis=1).argsort(kind="stable"))


def choose_rarest(state: Round) -> np.ndarray:
    """Ask in turn for likely positives of each indicator, those with the fewest so far in front."""
    turn = state.truth.sum(axis=0).argsort(kind="stable")
    ranks = np.empty_like(state.scores, dtype=int)
    order = (-state.scores).argsort(axis=0, kind="stable")
    np.put_along_axis(ranks, order, np.arange(len(order))[:, None], axis=0)
    # A document comes with the best of its places; the rarer the indicator, the earlier in the round.
    places = ranks[:, turn] * len(turn) + np.arange(len(turn))
    return np.asarray(places.min(axis=1).argsort(kind="stable"))


RULES: Mapping[str, Rule] = {"at random": choose_any, "uncertain": choose_uncertain, "rarest": choose_rarest}


def build_pool(development: Development, recipe: Recipe, *, held_out: int) -> Pool:
    """Lay the documents of a fold aside to measure on; the others are the pool. Vocabularies know no label.

    Raises:
        CorpusError: there is no such fold.
    """
    waiting, held = development.hold_out(held_out)
    ids = load_taxonomy().ids
    parses = parse_texts([record.text for record in (*waiting.records, *held.records)], recipe.language, ids)
    space = fit_space(parses[: len(waiting)], Minimum(**recipe.minimum))
    featuriser = Featuriser(space)
    features = [featuriser.featurise(parse) for parse in parses]
    rows = build_text_rows(features, space, build_layout(space, len(ids), _SCALE))
    kernel = np.asarray((rows @ rows[: len(waiting)].T).todense())
    truth = [document_states(record, ids)[:, 0] for record in (*waiting.records, *held.records)]
    n = len(waiting)
    return Pool(kernel[:n], np.stack(truth[:n]), kernel[n:], np.stack(truth[n:]))


def thin_pool(pool: Pool, share: float, *, seed: int = 0) -> Pool:
    """Leave documents that assert an indicator out of the pool, until they are this share of it: more like a stream.

    Raises:
        CorpusError: they are a smaller share already.
    """
    asserted = pool.truth.any(axis=1)
    wanted = round((~asserted).sum() * share / (1.0 - share))
    if wanted > asserted.sum():
        raise CorpusError(
            f"the pool asserts something in {asserted.mean():.1%} of its documents; {share:.1%} are asked"
        )
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(asserted))[:wanted]
    kept = np.sort(np.concatenate([np.flatnonzero(~asserted), drawn]))
    return Pool(pool.kernel[np.ix_(kept, kept)], pool.truth[kept], pool.held_kernel[:, kept], pool.held_truth)


def simulate(pool: Pool, rule: str, *, first: int, step: int, rounds: int, runs: int, seed: int = 0) -> Simulation:
    """Ask about documents round by round, learn from all answers so far, and measure.

    Args:
        pool: Documents and answers.
        rule: A key of `RULES`; the first documents are drawn at random for all.
        first: Documents asked about before the first fit.
        step: Documents asked about between fits.
        rounds: Fits.
        runs: How often to repeat it with other first documents.
        seed: Of the first run; the next ones count on.

    Raises:
        CorpusError: no such rule, or the pool is too small for the budget.
    """
    if rule not in RULES:
        raise CorpusError(f"no rule '{rule}'; allowed: {', '.join(RULES)}")
    asked = first + step * np.arange(rounds)
    if asked[-1] > len(pool.truth):
        raise CorpusError(f"{asked[-1]} documents are to be asked about; the pool holds {len(pool.truth)}")
    found = np.array([_run(pool, RULES[rule], asked.tolist(), seed + number) for number in range(runs)])
    return Simulation(rule, asked, found[:, :, 0], found[:, :, 1])


def _run(pool: Pool, rule: Rule, asked: Sequence[int], seed: int) -> list[tuple[float, float]]:
    """Give quality, and the share of the documents asked about that assert anything, after every round."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(pool.truth))[: asked[0]]
    measure, figures = _build_measure(pool.held_truth), []
    for number, size in enumerate(asked):
        truth = pool.truth[chosen]
        weights, level = _fit(pool.kernel[np.ix_(chosen, chosen)], truth)
        figures.append((measure(pool.held_kernel[:, chosen] @ weights + level), float(truth.any(axis=1).mean())))
        if number + 1 < len(asked):
            waiting = np.setdiff1d(np.arange(len(pool.truth)), chosen)
            scores = pool.kernel[np.ix_(waiting, chosen)] @ weights + level
            order = rule(Round(scores, truth, random))
            chosen = np.concatenate([chosen, waiting[order[: asked[number + 1] - size]]])
    return figures


def _fit(kernel: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit least squares to answers of -1 and 1: weights of the documents, and the mean answer as intercept."""
    answers = np.where(truth, 1.0, -1.0)
    level = answers.mean(axis=0)
    return np.linalg.solve(kernel + _RIDGE * np.eye(len(kernel)), answers - level), level


def _build_measure(truth: np.ndarray) -> Callable[[np.ndarray], float]:
    present, every = np.flatnonzero(truth.any(axis=0)).tolist(), np.ones((1, len(truth)))

    def measure(scores: np.ndarray) -> float:
        return float(macro([average_precision(truth[:, k], scores[:, k]) for k in present])(every)[0])

    return measure
