"""From sentence scores to calibrated document probabilities, states and the review decision: pure functions.

Training computes the same pooled features (`pool`, `indicator_inputs`, `review_inputs`) from out-of-fold scores and
fits the small `DocumentModel` on them, so a probability means the same there and here.
"""

from dataclasses import dataclass

import numpy as np

from classifier.assertion import choose_held
from classifier.document import State

# Log-odds of a sentence that does not exist: what a one-sentence document has for its second-best sentence.
_NO_SENTENCE = -8.0
_SOFT = 1e-4
_LEAST_LOG = np.log(_SOFT)
N_HELD = 2


@dataclass(frozen=True, slots=True)
class Outputs:
    """How the model's output columns are read.

    Sentence outputs are, in order and one an indicator each: asserted, spoken of in any way, negated, hypothetical.
    Text outputs are the contexts and then review.

    Attributes:
        n_indicators: Number of indicators.
        n_contexts: Number of contexts.
        severe: (n_severe,) indicator columns of which one alone asks for review (taxonomy, section 4).
        offer: Column of the recruitment offer, which asks for review by itself in a solicitation.
        situations: Context columns that describe a situation: disclosure, solicitation, report.
    """

    n_indicators: int
    n_contexts: int
    severe: tuple[int, ...]
    offer: int
    situations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pooled:
    """A document's sentence scores put together, log-odds.

    Attributes:
        peak: (n_indicators,) of the deciding sentence.
        sentence: (n_indicators,) index of the deciding sentence.
        second: (n_indicators,) of the next best sentence.
        spoken: (n_indicators,) best score of being spoken of in any way.
        held: (n_indicators, 2) best scores of being negated and of being hypothetical.
        held_there: (n_indicators, 2) the same scores of the deciding sentence.
        context: (n_contexts,) raw context scores.
        review: Raw review score of the text.
        length: Natural logarithm of the number of sentences.
    """

    peak: np.ndarray
    sentence: np.ndarray
    second: np.ndarray
    spoken: np.ndarray
    held: np.ndarray
    held_there: np.ndarray
    context: np.ndarray
    review: float
    length: float


@dataclass(frozen=True, slots=True)
class DocumentModel:
    """Small calibrated models on pooled features.

    Attributes:
        context_weights: (n_contexts, n_contexts) multinomial weights on the raw context scores.
        context_intercept: (n_contexts,).
        indicator_weights: (n_indicators, n_inputs) on `indicator_inputs`.
        indicator_intercept: (n_indicators,).
        review_weights: (n_review_inputs,) on `review_inputs`.
        review_intercept: Log-odds.
        thresholds: (n_indicators,) flagged at or above this probability.
        held_thresholds: (n_indicators,) spoken of without being asserted at or above this probability.
        review_threshold: Flagged for review at or above this probability.
    """

    context_weights: np.ndarray
    context_intercept: np.ndarray
    indicator_weights: np.ndarray
    indicator_intercept: np.ndarray
    review_weights: np.ndarray
    review_intercept: float
    thresholds: np.ndarray
    held_thresholds: np.ndarray
    review_threshold: float


@dataclass(frozen=True, slots=True)
class DocumentScores:
    """Calibrated probabilities of one document, 0..1.

    Attributes:
        context: (n_contexts,).
        indicators: (n_indicators,).
        held: (n_indicators,) denied or supposed, whichever is more probable.
        review: Probability that a careful analyst would want to open the document.
    """

    context: np.ndarray
    indicators: np.ndarray
    held: np.ndarray
    review: float


def pool(sentences: np.ndarray, text: np.ndarray, outputs: Outputs) -> Pooled:
    """Pool the scores of a document.

    Args:
        sentences: (n_sentences, n_outputs) log-odds, at least one sentence.
        text: (n_text_outputs,) scores of the whole text.
        outputs: How the columns are read.
    """
    n = outputs.n_indicators
    asserted, held = sentences[:, :n], sentences[:, 2 * n :]
    sentence = asserted.argmax(axis=0)
    columns = np.arange(n)
    others = asserted.copy()
    others[sentence, columns] = -np.inf
    return Pooled(
        peak=asserted[sentence, columns],
        sentence=sentence,
        second=np.maximum(others.max(axis=0), _NO_SENTENCE),
        spoken=sentences[:, n : 2 * n].max(axis=0),
        held=held.max(axis=0).reshape(N_HELD, n).T,
        held_there=held.reshape(-1, N_HELD, n)[sentence, :, columns],
        context=text[: outputs.n_contexts],
        review=float(text[outputs.n_contexts]),
        length=float(np.log(len(sentences))),
    )


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    """Turn log-odds into probabilities without overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.minimum(np.maximum(log_odds, -60.0), 60.0))))


def softmax_log(scores: np.ndarray) -> np.ndarray:
    """Turn scores of one row into log-probabilities."""
    shifted = scores - scores.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


def indicator_inputs(pooled: Pooled, log_context: np.ndarray) -> np.ndarray:
    """Give the inputs of the indicators' document models, (n_indicators, n_inputs): own scores, then the context.

    The text's review score is left out on purpose: it would flag an indicator for the company it keeps.
    """
    inputs = np.empty((len(pooled.peak), 2 + N_HELD + len(log_context)))
    inputs[:, 0], inputs[:, 1] = pooled.peak, pooled.second
    inputs[:, 2 : 2 + N_HELD] = pooled.held_there
    inputs[:, 2 + N_HELD :] = np.maximum(log_context, _LEAST_LOG)
    return inputs


def review_inputs(pooled: Pooled, log_context: np.ndarray, outputs: Outputs) -> np.ndarray:
    """Give the inputs of the review model: the taxonomy's rule for review, in probabilities, and the text's own score.

    The rule: two different indicators, or a severe one, in a document that describes a situation; or a recruitment
    offer in a solicitation.
    """
    chance, context = sigmoid(pooled.peak), np.exp(log_context)
    otherwise = 1.0 - chance
    none = float(otherwise.prod())
    exactly_one = none * float((chance / np.maximum(otherwise, 1e-12)).sum())
    two = min(max(1.0 - none - exactly_one, 0.0), 1.0)
    severe = 1.0 - float(otherwise[list(outputs.severe)].prod())
    either = 1.0 - (1.0 - severe) * (1.0 - two)
    situations = context[list(outputs.situations)]
    offer, situation = float(chance[outputs.offer]), float(situations.sum())
    rule = np.array([severe, two, either, situation, either * situation, offer, *(severe * situations).tolist()])
    top = np.sort(pooled.peak)[::-1][:3]
    held = pooled.held.max(axis=0)
    soft = np.maximum(log_context, _LEAST_LOG)
    return np.concatenate([_soft_log_odds(rule), top, pooled.peak, held, soft, [pooled.review, pooled.length]])


def _soft_log_odds(probability: np.ndarray) -> np.ndarray:
    return np.asarray(np.log((probability + _SOFT) / (1.0 - probability + _SOFT)))


def score_document(pooled: Pooled, model: DocumentModel, outputs: Outputs) -> DocumentScores:
    """Compute the calibrated probabilities of a document."""
    log_context = softmax_log(model.context_weights @ pooled.context + model.context_intercept)
    inputs = indicator_inputs(pooled, log_context)
    log_odds = np.einsum("ij,ij->i", inputs, model.indicator_weights) + model.indicator_intercept
    review = review_inputs(pooled, log_context, outputs) @ model.review_weights + model.review_intercept
    return DocumentScores(
        context=np.exp(log_context),
        indicators=sigmoid(log_odds),
        held=sigmoid(pooled.held.max(axis=1)),
        review=float(sigmoid(np.asarray(review))),
    )


def choose_state(number: int, pooled: Pooled, scores: DocumentScores, model: DocumentModel) -> State:
    """Decide the state of an indicator: asserted when flagged, else as the text holds it, else absent."""
    if scores.indicators[number] >= model.thresholds[number]:
        return "asserted"
    if scores.held[number] < model.held_thresholds[number]:
        return "absent"
    return choose_held(*pooled.held[number].tolist())


def hold(spoken: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Give the log-odds that an indicator is spoken of and held in a state, from the log-odds of either.

    Args:
        spoken: (n_sentences, n_indicators).
        state: (n_sentences, 1) of the sentence holding in that state whatever it speaks of.
    """
    return np.asarray(-np.logaddexp(np.logaddexp(-spoken, -state), -spoken - state))
