"""Benchmark outcomes as a table for people and as plain JSON values."""

import math

from rich.console import Console
from rich.table import Table

from training.benchmarks.outcome import Outcome
from training.metrics import Interval
from training.report import format_interval


def print_outcome(outcome: Outcome, console: Console) -> None:
    """Print an outcome: what was measured, ours and the baseline, what others report, and why that does not compare."""
    card = outcome.card
    console.print(f"{card.title}: {outcome.rows} held-out rows in {outcome.groups} groups", markup=False)
    console.print(f"Rule: {card.rule}", markup=False)
    console.print("Intervals are 95 percent, bootstrap over groups.")
    names = list(outcome.systems[0].measures)
    table = Table("setting", "system")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    before = outcome.systems[0].setting
    for system in outcome.systems:
        if system.setting != before:
            table.add_section()
        before = system.setting
        table.add_row(system.setting, system.name, *(format_interval(system.measures[name]) for name in names))
    table.add_section()
    for one in card.published:
        figures = (f"{one.measures[name]:.3f}" if name in one.measures else "-" for name in names)
        table.add_row("published", one.system, *figures)
    console.print(table)
    _print_details(outcome, console)
    for one in card.published:
        if one.not_comparable:
            console.print(f"Not comparable with {one.system}, because {one.not_comparable}", markup=False)
    for note in (*outcome.notes, *card.flaws):
        console.print(f"Note: {note}", markup=False)


def _print_details(outcome: Outcome, console: Console) -> None:
    if not outcome.details:
        return
    systems = list(next(iter(outcome.details.values())))
    table = Table("label", *(f"F1, {name}" for name in systems), title=outcome.systems[0].setting, title_justify="left")
    for label, figures in outcome.details.items():
        table.add_row(label, *(format_interval(figures[name]) for name in systems))
    console.print(table)


def summarise(outcome: Outcome) -> dict[str, object]:
    """Turn an outcome into plain JSON values; what is not a number becomes null."""
    card = outcome.card
    return {
        "benchmark": card.name,
        "title": card.title,
        "licence": card.licence,
        "rule": card.rule,
        "rows": outcome.rows,
        "groups": outcome.groups,
        "interval": "value, low, high: 95 percent, bootstrap over groups",
        "systems": [
            {"setting": s.setting, "system": s.name, "measures": {k: _plain(v) for k, v in s.measures.items()}}
            for s in outcome.systems
        ],
        "labels": {
            label: {system: _plain(value) for system, value in figures.items()}
            for label, figures in (outcome.details or {}).items()
        },
        "published": [
            {"system": p.system, "measures": dict(p.measures), "not_comparable": p.not_comparable}
            for p in card.published
        ],
        "notes": [*outcome.notes, *card.flaws],
    }


def _plain(interval: Interval) -> list[float | None]:
    values = (interval.value, interval.low, interval.high)
    return [None if math.isnan(value) else round(value, 4) for value in values]
