"""Invented texts of every kind, and what must hold for any analysis of any text."""

import pytest

from classifier.document import NOTICE, Analysis, IndicatorScore
from classifier.taxonomy import load_taxonomy

DISCLOSURE = (
    "The manager took my passport and keeps it in his safe. I owe 4,000 for the ticket and it goes up each week. "
    "We are locked in the dormitory at night. I want to go home and I do not know who to ask."
)
DENIAL = "Nobody holds my passport. I keep it in my own drawer and I can leave whenever I want."
GUIDANCE = "Employers must not retain passports. Do they hold your documents? Signs include unpaid wages."
OFFER = (
    "Girls wanted for hotel work abroad, no experience, 5,000 USD a month, we buy the ticket and the visa, "
    "send photo and passport on the private app today."
)
RECIPE = "The recipe needs two eggs and a cup of flour. Stir it well and bake it for an hour."
SPANISH = "El patrón nos quitó los pasaportes y no nos deja salir de la casa por la noche."
TEXTS = {
    "disclosure": DISCLOSURE,
    "denial": DENIAL,
    "guidance": GUIDANCE,
    "offer": OFFER,
    "unrelated": RECIPE,
    "spanish": SPANISH,
}


def score_of(analysis: Analysis, indicator: str) -> IndicatorScore:
    return next(score for score in analysis.indicators if score.id == indicator)


def check_contract(analysis: Analysis, text: str) -> None:
    """What holds for every analysis there is."""
    assert analysis.characters == len(text)
    assert analysis.notice == NOTICE
    assert tuple(score.id for score in analysis.indicators) == load_taxonomy().ids
    for score in analysis.indicators:
        if score.state == "abstained":
            assert (score.probability, score.log_odds, score.spans, score.flagged) == (None, None, (), False)
            continue
        assert score.probability is not None
        assert score.log_odds is not None
        assert 0.0 <= score.probability <= 1.0
        assert score.flagged == (score.probability >= score.threshold) == (score.state == "asserted")
        contributions = sum(span.contribution for span in score.spans)
        assert score.intercept + contributions + score.remainder == pytest.approx(score.log_odds, abs=1e-6)
        check_spans(score, text)
    flagged = [score for score in analysis.indicators if score.flagged]
    strongest_first = sorted(flagged, key=lambda score: -(score.probability or 0.0))
    assert analysis.review.reasons == tuple(score.id for score in strongest_first)
    if analysis.review.probability is not None:
        assert analysis.review.flagged == (analysis.review.probability >= analysis.review.threshold)


def check_spans(score: IndicatorScore, text: str) -> None:
    end = 0
    for span in score.spans:
        assert span.text == text[span.start : span.end] != ""
        assert end <= span.start < span.end
        end = span.end
        assert span.assertion == "asserted" or span.contribution == 0.0
        assert score.flagged or span.assertion != "asserted"
