"""Budgets, bands and recalibrations in words and as JSON: figures with intervals, or a plain no with its reasons."""

import math
from typing import Any

from rich.console import Console
from rich.table import Table

from training.band import BandAnswer
from training.budget import Budget
from training.metrics import Interval
from training.platt import Quality
from training.recalibrate import Outcome, Recalibration
from training.report import format_interval

CAVEAT = "This holds for a stream whose documents are like the labelled ones; the threshold was chosen on these."


def print_budget(budget: Budget, question: str, console: Console) -> None:
    """Print the answer to a demand, or why the data cannot give one."""
    demand = budget.demand
    console.print(
        f"{question}: at most {demand.alerts:,g} alerts a day of {demand.volume:,g} documents, prevalence "
        f"{demand.prevalence:.3%}; from {budget.positives:,} labelled positives and {budget.negatives:,} negatives"
    )
    if budget.figures is None:
        _print_refusal(budget.reasons, console)
        return
    found = budget.figures
    table = _figures("Threshold for this budget; 95 percent, bootstrap over groups")
    table.add_row("threshold", f"{found.threshold:.4f}")
    table.add_row("expected recall", format_interval(found.recall))
    table.add_row("expected precision", format_interval(found.precision))
    table.add_row("alerts a day", _count(found.alerts))
    console.print(table)
    if found.alerts.high > demand.alerts:
        console.print(
            f"The alerts may be as many as {found.alerts.high:,.1f} a day; ask for fewer to be sure of fewer."
        )
    console.print(CAVEAT)


def print_band(answer: BandAnswer, question: str, console: Console) -> None:
    """Print a band of uncertainty, or why the data cannot support one."""
    npv, ppv = answer.asked
    console.print(
        f"{question}: a band with NPV >= {npv:g} below and PPV >= {ppv:g} above, prevalence {answer.prevalence:.3%}"
    )
    if answer.figures is None:
        _print_refusal(answer.reasons, console)
        return
    found = answer.figures
    low, high = found.band.low, found.band.high
    table = _figures("Band; 95 percent, bootstrap over groups")
    table.add_row("cleared below", "nothing can be cleared" if low is None else f"{low:.4f}")
    table.add_row("flagged from", "nothing can be flagged" if high is None else f"{high:.4f}")
    table.add_row("NPV of the cleared", format_interval(found.npv))
    table.add_row("PPV of the flagged", format_interval(found.ppv))
    for name in ("cleared", "uncertain", "flagged"):
        table.add_row(f"documents {name}", format_interval(getattr(found, name)))
    table.add_row("positives cleared by mistake", format_interval(found.missed))
    console.print(table)
    for name, wanted, interval in (("NPV", npv, found.npv), ("PPV", ppv, found.ppv)):
        if interval.low < wanted:
            console.print(f"The {name} may be as low as {interval.low:.3f}: more labelled documents would tell.")
    console.print(CAVEAT)


def print_recalibration(found: Recalibration, console: Console) -> None:
    """Print what became of every question, refitted ones with cross-validated figures before and after."""
    table = Table(title="Cross-validated by group, before to after; less is better", title_justify="left")
    for heading in ("question", "positives", "log loss", "Brier", "ECE", "threshold"):
        table.add_column(heading, justify="left" if heading == "question" else "right", no_wrap=True)
    for one in found.outcomes:
        if one.refit is None:
            continue
        names, (before, after) = ("log_loss", "brier", "error"), (one.refit.before, one.refit.after)
        moves = [f"{getattr(before, name):.4f} to {getattr(after, name):.4f}" for name in names]
        cut = f"{one.threshold.value:.4f}" if one.threshold else "kept"
        table.add_row(one.question, str(one.refit.positives), *moves, cut)
    console.print(table)
    for one in found.outcomes:
        if one.kept is not None:
            what = "the probability is" if one.refit else "all is"
            console.print(f"{one.question}: {what} left as it was; {one.kept}")
        if one.threshold is not None and not one.threshold.met:
            console.print(f"{one.question}: no threshold holds '{one.threshold.rule}'; the best precision was taken")


def _figures(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    return table


def _print_refusal(reasons: tuple[str, ...], console: Console) -> None:
    console.print("The labelled documents cannot support an answer:")
    for reason in reasons:
        console.print(f"- {reason}")


def _count(interval: Interval) -> str:
    return f"{interval.value:,.1f} [{interval.low:,.1f}, {interval.high:,.1f}]"


def build_budget(budget: Budget) -> dict[str, Any]:
    """Turn the answer to a demand into plain JSON values; `figures` is null where the data support none."""
    found, demand = budget.figures, budget.demand
    return {
        "alerts_a_day": demand.alerts,
        "documents_a_day": demand.volume,
        "prevalence": demand.prevalence,
        "positives": budget.positives,
        "negatives": budget.negatives,
        "supported": found is not None,
        "reasons": list(budget.reasons),
        "figures": found
        and {
            "threshold": found.threshold,
            "recall": _plain(found.recall),
            "precision": _plain(found.precision),
            "alerts_a_day": _plain(found.alerts),
        },
    }


def build_band(answer: BandAnswer) -> dict[str, Any]:
    """Turn a band into plain JSON values; `figures` is null where the data support none."""
    found = answer.figures
    shares = ("npv", "ppv", "cleared", "uncertain", "flagged", "missed")
    return {
        "npv": answer.asked[0],
        "ppv": answer.asked[1],
        "prevalence": answer.prevalence,
        "supported": found is not None,
        "reasons": list(answer.reasons),
        "figures": found
        and {
            "low": found.band.low,
            "high": found.band.high,
            **{name: _plain(getattr(found, name)) for name in shares},
        },
    }


def build_recalibration(found: Recalibration) -> dict[str, Any]:
    """Turn a recalibration into plain JSON values, by question."""
    return {one.question: _build_outcome(one) for one in found.outcomes}


def _build_outcome(one: Outcome) -> dict[str, Any]:
    fit = one.refit
    return {
        "kept": one.kept,
        "threshold": one.threshold.value if one.threshold else None,
        "before": _quality(fit.before) if fit else None,
        "after": _quality(fit.after) if fit else None,
    }


def _quality(quality: Quality) -> dict[str, float]:
    return {"log_loss": round(quality.log_loss, 6), "brier": round(quality.brier, 6), "ece": round(quality.error, 6)}


def _plain(interval: Interval) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 4) for value in (interval.value, interval.low, interval.high)]
