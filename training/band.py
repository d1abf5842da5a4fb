"""What a band of uncertainty leaves to people, and how right the model is outside it."""

from dataclasses import dataclass

import numpy as np

from training.budget import Band, choose_band, scarcity, widen
from training.metrics import Interval, Measure, draw_weights, measure_interval, share
from training.sample import Sample

# Rule of three: where none of n cases went wrong, up to 3 / n may.
_UNSEEN = 3.0


@dataclass(frozen=True, slots=True)
class BandFigures:
    """What a band gives; intervals are 95 percent, bootstrap over groups at this band.

    Attributes:
        band: The two probabilities.
        npv: Share of negatives among the cleared.
        ppv: Share of positives among the flagged.
        cleared: Share of all documents below the band.
        flagged: Share above it.
        uncertain: Share inside it.
        missed: Share of the positives that are cleared.
    """

    band: Band
    npv: Interval
    ppv: Interval
    cleared: Interval
    flagged: Interval
    uncertain: Interval
    missed: Interval


@dataclass(frozen=True, slots=True)
class BandAnswer:
    """Figures of a band, or why the data cannot support one.

    Attributes:
        asked: The NPV and the PPV asked for.
        prevalence: Share of positives that the figures are for.
        figures: None when `reasons` has any.
        reasons: In sentences.
    """

    asked: tuple[float, float]
    prevalence: float
    figures: BandFigures | None
    reasons: tuple[str, ...]


def measure_band(
    sample: Sample,
    asked: tuple[float, float],
    *,
    prevalence: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> BandAnswer:
    """Choose the band that keeps the values asked for, and measure it.

    Args:
        sample: Labelled documents that the model has not seen; abstentions are left out, for they clear nothing.
        asked: Least NPV below the band and least PPV above it.
        prevalence: Share of positives in the stream, by default that of the sample.
        resamples: Bootstrap resamples over groups.
        seed: Of the resampling.
    """
    sample = sample.answered
    truth = sample.truth
    chance = prevalence if prevalence is not None else float(truth.mean()) if len(truth) else 0.0
    reasons = [*scarcity("positives", truth, sample.groups), *scarcity("negatives", ~truth, sample.groups)]
    figures = None
    if not reasons:
        weights = np.where(truth, chance / truth.sum(), (1.0 - chance) / (~truth).sum())
        band = choose_band(truth, sample.probability, *asked, weights=weights)
        reasons = _check_resolution(sample, band, asked, chance)
        figures = None if reasons else _measure(sample, band, chance, (resamples, seed))
    return BandAnswer(asked, chance, figures, tuple(reasons))


def _sides(sample: Sample, band: Band) -> tuple[np.ndarray, np.ndarray]:
    """Say which documents are cleared and which flagged, (n,) bool each."""
    low = -np.inf if band.low is None else band.low
    high = np.inf if band.high is None else band.high
    return sample.probability < low, sample.probability >= high


def _certain(sample: Sample, band: Band, chance: float) -> tuple[float, float]:
    """Give NPV and PPV of a band where nothing on a side is wrong, but as much could be as the rule of three allows."""
    truth, (cleared, flagged) = sample.truth, _sides(sample, band)
    clean, found = (1.0 - chance) * cleared[~truth].mean(), chance * flagged[truth].mean()
    missed, wrong = chance * _UNSEEN / truth.sum(), (1.0 - chance) * _UNSEEN / (~truth).sum()
    return float(clean / (clean + missed)), float(found / (found + wrong))


def _check_resolution(sample: Sample, band: Band, asked: tuple[float, float], chance: float) -> list[str]:
    """Say when even a flawless sample of this size could not show what was asked for."""
    certain, counts = _certain(sample, band, chance), (int(sample.truth.sum()), int((~sample.truth).sum()))
    sides = zip(("NPV", "PPV"), asked, certain, counts, _sides(sample, band), strict=True)
    return [
        f"{name} >= {wanted:g} cannot be shown: were none of the {count:,} labelled "
        f"{'positives cleared' if name == 'NPV' else 'negatives flagged'}, {shown:.3f} is all that would be certain"
        for name, wanted, shown, count, side in sides
        if side.any() and shown < wanted
    ]


def _measure(sample: Sample, band: Band, chance: float, draws: tuple[int, int]) -> BandFigures:
    truth, (cleared, flagged) = sample.truth, _sides(sample, band)
    weights = draw_weights(sample.groups.tolist(), *draws)
    positives, negatives = truth.astype(float), (~truth).astype(float)

    def of_all(chosen: np.ndarray) -> Measure:
        return _mixed(share(truth & chosen, positives), share(~truth & chosen, negatives), chance)

    def value(right: Measure, chosen: np.ndarray) -> Interval:
        return measure_interval(_ratio(right, of_all(chosen)), weights)

    none = np.zeros(len(truth), dtype=bool)
    found, clean = share(truth & flagged, positives), share(~truth & cleared, negatives)
    nothing, certain = share(none, positives), _certain(sample, band, chance)
    return BandFigures(
        band=band,
        npv=_lowered(value(_mixed(nothing, clean, chance), cleared), certain[0]),
        ppv=_lowered(value(_mixed(found, nothing, chance), flagged), certain[1]),
        cleared=measure_interval(of_all(cleared), weights),
        flagged=measure_interval(of_all(flagged), weights),
        uncertain=measure_interval(of_all(~cleared & ~flagged), weights),
        missed=widen(measure_interval(share(truth & cleared, positives), weights), int(truth.sum())),
    )


def _lowered(interval: Interval, certain: float) -> Interval:
    """Lower the bound of a flawless side: no resample would ever show a mistake."""
    return Interval(1.0, min(interval.low, certain), 1.0) if interval.value == 1.0 else interval


def _mixed(positive: Measure, negative: Measure, chance: float) -> Measure:
    """Put shares of the positives and of the negatives together at a prevalence."""

    def measure(weights: np.ndarray) -> np.ndarray:
        return np.asarray(chance * positive(weights) + (1.0 - chance) * negative(weights))

    return measure


def _ratio(part: Measure, whole: Measure) -> Measure:
    def measure(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(part(weights) / whole(weights))

    return measure
