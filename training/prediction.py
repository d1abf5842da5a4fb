"""What a freshly fitted model says of documents that it has not seen, without writing a model folder first."""

from collections.abc import Sequence

import numpy as np

from classifier.artifact import build_outputs
from classifier.features import Featuriser
from classifier.fusion import spread
from classifier.model import LinearModel
from classifier.pipeline import Parse
from classifier.scoring import DocumentScores, pool, score_document
from training.calibration import Probabilities
from training.fit import FitResult


def predict_parses(result: FitResult, parses: Sequence[Parse]) -> Probabilities:
    """Read parsed texts as the fast tier of the saved model would.

    Args:
        result: Of training.
        parses: By `parse_texts`, each with at least one word.
    """
    featuriser = Featuriser(result.space)
    model, outputs = LinearModel(featuriser, result.weights, result.text), build_outputs()

    def score(parsed: Parse) -> DocumentScores:
        scores = model.score(featuriser.featurise(parsed))
        return score_document(pool(spread(scores.sentences), scores.text, outputs), result.document, outputs)

    found = [score(parsed) for parsed in parses]
    return Probabilities(
        indicators=np.stack([one.indicators for one in found]),
        held=np.stack([one.held for one in found]),
        review=np.array([one.review for one in found]),
        context=np.stack([one.context for one in found]),
    )
