"""How a document was read: by the linear model alone, or by it and the encoder, added up in log-odds.

Both give linear shares, so their weighted sum explains itself in the same way: intercept + shares = log-odds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from classifier.encoder import Encoded
from classifier.features import Features
from classifier.model import LinearModel, Scores
from classifier.scoring import N_HELD, hold

# Below every log-odds: a gate that lets everything through, in a form that JSON can carry.
UNGATED = -99.0
# Sentences that are looked at before a document is left to the linear model.
MAX_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights of the two models, fitted on documents that neither has seen (stacking: Wolpert 1992).

    Attributes:
        linear: (n_outputs,) on the linear model's log-odds of a sentence that the encoder read.
        encoder: (n_outputs,) on the encoder's log-odds.
        intercept: (n_outputs,).
        alone: (n_outputs,) on the linear model's log-odds of a sentence that was not read.
        alone_intercept: (n_outputs,).
        text_linear: (n_text_outputs,).
        text_encoder: (n_text_outputs,).
        text_intercept: (n_text_outputs,).
        gate: Least log-odds of any indicator being spoken of, by the linear model, for which the cascade reads the
            most telling sentence of a document.
        further: The same for all other sentences: what a first look costs and finds weighs more in a short document.
        glance: Least log-odds of any indicator being spoken of, by the encoder, when it reads a sentence alone, for
            which the cascade reads the document's windows.
    """

    linear: np.ndarray
    encoder: np.ndarray
    intercept: np.ndarray
    alone: np.ndarray
    alone_intercept: np.ndarray
    text_linear: np.ndarray
    text_encoder: np.ndarray
    text_intercept: np.ndarray
    gate: float
    further: float
    glance: float


class Reading:
    """The scores of one document and where they come from, whichever models read it.

    Attributes:
        sentences: (n_sentences, 4 * n_indicators) log-odds, as `Outputs` reads them.
        text: (n_text_outputs,) log-odds.
        deep: Whether the encoder read any of it.
    """

    deep = False

    def __init__(self, model: LinearModel, features: Features, scores: Scores) -> None:
        """Keep what the linear model found."""
        self.model, self.features, self.scores = model, features, scores
        self.sentences, self.text = spread(scores.sentences), scores.text

    def intercept(self, sentence: int, output: int) -> float:
        """Give the log-odds of an output before any token is counted."""
        del sentence
        return float(self.model.intercept[output])

    def explain(self, sentence: int, output: int) -> np.ndarray:
        """Give what each token of a sentence adds by standing in it, (n_sentence_tokens,) log-odds."""
        return self.model.explain_sentence(self.features, self.scores, sentence, output)

    def surroundings(self, sentence: int, output: int) -> np.ndarray:
        """Give what each token adds as a word of the document or a neighbour, (n_tokens,) log-odds."""
        return self.model.explain_surroundings(self.features, self.scores, sentence, output)


class FusedReading(Reading):
    """A document that the encoder read, at least in part."""

    deep = True

    def __init__(self, base: Reading, encoded: Encoded, fusion: Fusion, bias: np.ndarray) -> None:
        """Add the two models up.

        Args:
            base: What the linear model found.
            encoded: What the encoder found.
            fusion: The weights.
            bias: (n_outputs,) of the encoder.
        """
        super().__init__(base.model, base.features, base.scores)
        self.encoded, self._fusion, self._bias = encoded, fusion, bias
        self._read = ~np.isnan(encoded.sentences[:, 0])
        self.sentences = fuse_sentences(base.sentences, encoded.sentences, fusion)
        own = fusion.text_encoder * pool_texts(encoded.texts)
        self.text = fusion.text_intercept + fusion.text_linear * base.text + own

    def intercept(self, sentence: int, output: int) -> float:
        """Give the log-odds of an output before any token is counted."""
        fusion, linear = self._fusion, super().intercept(sentence, output)
        if not self._read[sentence]:
            return float(fusion.alone_intercept[output] + fusion.alone[output] * linear)
        own = fusion.encoder[output] * self._bias[output]
        return float(fusion.intercept[output] + fusion.linear[output] * linear + own)

    def explain(self, sentence: int, output: int) -> np.ndarray:
        """Give what each token of a sentence adds by standing in it, (n_sentence_tokens,) log-odds."""
        shares = super().explain(sentence, output) * self._slope(sentence, output)
        if not self._read[sentence]:
            return shares
        first, last = self.features.sentences[sentence].tolist()
        return np.asarray(shares + self._fusion.encoder[output] * self.encoded.shares[first:last, output])

    def surroundings(self, sentence: int, output: int) -> np.ndarray:
        """Give what each token adds as a word of the document or a neighbour, (n_tokens,) log-odds."""
        return super().surroundings(sentence, output) * self._slope(sentence, output)

    def _slope(self, sentence: int, output: int) -> float:
        return float((self._fusion.linear if self._read[sentence] else self._fusion.alone)[output])


def spread(linear: np.ndarray) -> np.ndarray:
    """Give each indicator log-odds of its own for being negated and hypothetical.

    Args:
        linear: (n_sentences, 2 * n_indicators + 2) as the linear model gives them.

    Returns:
        (n_sentences, 4 * n_indicators): asserted, spoken of, negated, hypothetical.
    """
    found, states = linear[:, :-N_HELD], linear[:, -N_HELD:]
    spoken = found[:, found.shape[1] // 2 :]
    return np.hstack([found, *(hold(spoken, states[:, [state]]) for state in range(N_HELD))])


def fuse_sentences(linear: np.ndarray, encoder: np.ndarray, fusion: Fusion) -> np.ndarray:
    """Add up log-odds, (n_sentences, n_outputs); rows of NaN in `encoder` are sentences that it did not read."""
    both = fusion.intercept + fusion.linear * linear + fusion.encoder * encoder
    return np.asarray(np.where(np.isnan(encoder), fusion.alone_intercept + fusion.alone * linear, both))


def pool_texts(texts: np.ndarray) -> np.ndarray:
    """Pool the text outputs of windows, (n_windows, n_text_outputs): the mean of contexts, the maximum of review."""
    return np.asarray(np.append(texts[:, :-1].mean(axis=0), texts[:, -1].max()))


def look(priority: np.ndarray, heard: Callable[[int], float], least: float) -> tuple[bool, int]:
    """Look at the sentences that are worth reading, the likeliest first, until one of them says something.

    A sentence read alone costs a fifth of its window; where none says anything the windows are not read.

    Args:
        priority: (n_sentences,) from `sentence_priority`.
        heard: Gives the highest log-odds of any indicator being spoken of in a sentence that is read alone.
        least: What counts as saying something; `UNGATED` looks at nothing.

    Returns:
        Whether the windows are worth reading, and how many sentences were looked at.
    """
    wanted = int(np.count_nonzero(priority > -np.inf))
    # The only sentence of a text is its window.
    if not wanted or least <= UNGATED or len(priority) == 1:
        return wanted > 0, 0
    chosen = np.argsort(-priority, kind="stable")[: min(wanted, MAX_LOOKS)].tolist()
    for count, sentence in enumerate(chosen, start=1):
        if heard(sentence) >= least:
            return True, count
    return False, len(chosen)


def sentence_priority(linear: np.ndarray, n_indicators: int, gate: float, further: float) -> np.ndarray:
    """Give how much each sentence is worth the encoder's time, (n_sentences,); -inf when it is worth none.

    Args:
        linear: (n_sentences, n_outputs) log-odds by the linear model, one sentence or more.
        n_indicators: Number of indicators.
        gate: Least log-odds of any indicator being spoken of for the sentence that speaks most.
        further: For all others.
    """
    spoken = linear[:, n_indicators : 2 * n_indicators].max(axis=1)
    wanted = spoken >= further
    most = spoken.argmax()
    wanted[most] |= spoken[most] >= gate
    return np.asarray(np.where(wanted, spoken, -np.inf))
