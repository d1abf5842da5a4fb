"""Fit a model's probabilities and thresholds to a site's own labelled documents; its words and weights stay.

The document models are linear before their sigmoid, so a new slope and shift fold into their weights exactly: the new
folder is an ordinary model folder. The probabilities then mean what they say where prevalence is that of the sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from classifier.artifact import Artifact, save
from classifier.document import Analysis
from classifier.errors import CorpusError
from classifier.scoring import DocumentModel
from classifier.taxonomy import load_taxonomy
from training.corpus import Record
from training.platt import Refit, Scaling, find_shortage, refit
from training.sample import REVIEW, build_sample
from training.thresholds import Threshold, choose_threshold


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question.

    Attributes:
        question: `review` or the id of an indicator.
        kept: Why its probabilities were left as they were; None when they were refitted.
        refit: The fit and its figures; None when the sample is too small for one.
        threshold: The new one; None when the sample is too small to choose one.
    """

    question: str
    kept: str | None
    refit: Refit | None
    threshold: Threshold | None


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A model fitted to a sample: what changed, and the document models that say so."""

    outcomes: tuple[Outcome, ...]
    document: DocumentModel


def recalibrate(artifact: Artifact, records: Sequence[Record], analyses: Sequence[Analysis]) -> Recalibration:
    """Refit review and every indicator that the sample has enough documents for.

    Args:
        artifact: The model.
        records: The site's labelled documents, drawn as they come; none that the model was trained on.
        analyses: The model's, in the same order.

    Raises:
        CorpusError: the sample is too small for every question; says what is needed for review.
    """
    rules = artifact.manifest["thresholds"]
    questions = (REVIEW, *load_taxonomy().ids)
    outcomes = [_decide(question, records, analyses, str(rules[question]["rule"])) for question in questions]
    if all(outcome.refit is None for outcome in outcomes):
        raise CorpusError(f"the sample is too small to recalibrate anything; for review it has {outcomes[0].kept}")
    return Recalibration(tuple(outcomes), fold_scalings(artifact.document, outcomes))


def _decide(question: str, records: Sequence[Record], analyses: Sequence[Analysis], rule: str) -> Outcome:
    sample = build_sample(records, analyses, question).answered
    if shortage := find_shortage(sample):
        return Outcome(question, shortage, None, None)
    found = refit(sample)
    if found.after.log_loss >= found.before.log_loss:
        threshold = choose_threshold(sample.truth, sample.probability, rule)
        return Outcome(question, "cross-validation found no gain", found, threshold)
    return Outcome(question, None, found, choose_threshold(sample.truth, found.probability, rule))


def fold_scalings(document: DocumentModel, outcomes: Sequence[Outcome]) -> DocumentModel:
    """Fold new slopes, shifts and thresholds into the document models."""
    ids = load_taxonomy().ids
    scalings = {one.question: one.refit.scaling for one in outcomes if one.refit and one.kept is None}
    cuts = {one.question: one.threshold.value for one in outcomes if one.threshold}
    review = scalings.get(REVIEW, Scaling())
    slopes = np.array([scalings.get(name, Scaling()).slope for name in ids])
    shifts = np.array([scalings.get(name, Scaling()).shift for name in ids])
    thresholds = [cuts.get(name, old) for name, old in zip(ids, document.thresholds.tolist(), strict=True)]
    return replace(
        document,
        indicator_weights=document.indicator_weights * slopes[:, None],
        indicator_intercept=document.indicator_intercept * slopes + shifts,
        review_weights=document.review_weights * review.slope,
        review_intercept=document.review_intercept * review.slope + review.shift,
        thresholds=np.array(thresholds),
        review_threshold=cuts.get(REVIEW, document.review_threshold),
    )


def save_recalibrated(folder: Path, artifact: Artifact, found: Recalibration, sample: Mapping[str, Any]) -> str:
    """Write the recalibrated model folder.

    Args:
        folder: Where it goes.
        artifact: The model that was recalibrated.
        found: What changed.
        sample: Of `describe_sample`.

    Returns:
        SHA-256 of the manifest.
    """
    public = artifact.info.version.partition("+")[0]
    manifest = {**artifact.manifest, "version": f"{public}+site.{sample['sha256'][:8]}"}
    # Only the fast tier is fitted anew: figures of the others would speak of another model.
    manifest["deep"] = {}
    chosen = {one.question: asdict(one.threshold) for one in found.outcomes if one.threshold}
    manifest["thresholds"] = {**artifact.manifest["thresholds"], **chosen}
    manifest["recalibration"] = {
        "sample": dict(sample),
        "from": {"name": artifact.info.name, "version": artifact.info.version, "sha256": artifact.info.sha256},
        "method": "slope and shift of log-odds (Platt 1999), shift alone under 30 positives; grouped cross-validation",
        "questions": {one.question: _describe(one) for one in found.outcomes},
        # Measured with the thresholds and probabilities of the old model: no figures of this one.
        "metrics_of_the_old_model": artifact.manifest.get("metrics", {}),
    }
    refits = {one.question: one.refit for one in found.outcomes if one.refit}
    manifest["metrics"] = {
        "site": {name: {"before": asdict(fit.before), "after": asdict(fit.after)} for name, fit in refits.items()}
    }
    return save(
        folder,
        manifest,
        space=artifact.space,
        weights=artifact.weights,
        text=artifact.text,
        document=found.document,
    )


def describe_sample(path: Path, records: Sequence[Record]) -> dict[str, Any]:
    """Say which labelled file a recalibration comes from; the name of the file is not kept, its hash is."""
    return {
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "documents": len(records),
        "groups": len({record.group for record in records}),
    }


def _describe(outcome: Outcome) -> dict[str, Any]:
    if outcome.refit is None:
        return {"kept": outcome.kept}
    found = outcome.refit
    return {
        "kept": outcome.kept,
        "slope": found.scaling.slope if outcome.kept is None else 1.0,
        "shift": found.scaling.shift if outcome.kept is None else 0.0,
        "positives": found.positives,
        "negatives": found.negatives,
    }
