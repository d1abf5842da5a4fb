"""A comparison of two models for people and as plain JSON; texts are shown on a terminal alone, when asked for."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from classifier.document import ModelInfo
from training.compare import Calibration, Comparison, Difference, FlagChange, write_verdict
from training.compare_run import Runs
from training.report import build_reliability_summary, format_interval

_SHOWN = 40
_WIDE = 300


@dataclass(frozen=True, slots=True)
class Setting:
    """What was compared on what.

    Attributes:
        a: The first model.
        b: The second.
        data: What the documents are.
        warnings: What to keep in mind.
    """

    a: ModelInfo
    b: ModelInfo
    data: str
    warnings: Sequence[str] = ()


def print_comparison(
    setting: Setting, found: Comparison, runs: Runs, console: Console, *, texts: Mapping[str, str] | None = None
) -> None:
    """Print a comparison, the verdict first.

    Args:
        setting: What was compared on what.
        found: The figures.
        runs: For the speed.
        console: Where to.
        texts: Id to text, to show the documents whose flags changed; None shows ids alone.
    """
    console.print(write_verdict(found), style="bold", highlight=False, markup=False)
    for letter, info in (("A", setting.a), ("B", setting.b)):
        console.print(f"{letter} is {info.name} {info.version}, {info.sha256[:12]}", highlight=False, markup=False)
    console.print(
        f"{setting.data}: {found.documents} documents in {found.groups} groups; "
        "intervals are 95 percent, paired bootstrap over groups",
        highlight=False,
        markup=False,
    )
    for warning in setting.warnings:
        console.print(f"note: {warning}", highlight=False, markup=False)
    console.print(_difference_table("Over all", found.overall))
    console.print(_difference_table("Indicators that changed, largest loss first", _changed(found.indicators)))
    console.print(_difference_table("Right flags by context and assertion, largest loss first", found.cells))
    console.print(_calibration_table(found.calibration))
    console.print(_say_speed(runs), highlight=False)
    _print_changes(found, console, texts)


def _changed(differences: Sequence[Difference]) -> list[Difference]:
    return [one for one in differences if one.change.value != 0.0]


def _difference_table(title: str, differences: Sequence[Difference]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("measure", no_wrap=True)
    for heading in ("cases", "A", "B", "B - A", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in differences:
        verdict = "better" if one.better else "worse" if one.worse else ""
        count = f"{one.cases:,}" if one.cases else ""
        table.add_row(one.name, count, _figure(one.a), _figure(one.b), format_interval(one.change), verdict)
    return table


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _calibration_table(calibration: Sequence[Calibration]) -> Table:
    table = Table(title="Calibration", title_justify="left")
    table.add_column("probabilities of")
    for heading in ("error A", "error B", "bias A", "bias B", "moved by"):
        table.add_column(heading, justify="right")
    for one in calibration:
        figures = (one.a.error, one.b.error, one.bias_a, one.bias_b, one.moved)
        table.add_row(
            one.question, *(f"{value:+.3f}" if k in {2, 3} else f"{value:.3f}" for k, value in enumerate(figures))
        )
    return table


def _say_speed(runs: Runs) -> str:
    a, b = 1000.0 * runs.seconds_a, 1000.0 * runs.seconds_b
    return f"CPU time a document: A {a:.1f} ms, B {b:.1f} ms, B takes {b / max(a, 1e-9):.2f} times as long"


def _print_changes(found: Comparison, console: Console, texts: Mapping[str, str] | None) -> None:
    counts = Counter((one.gained, one.right) for one in found.flags)
    console.print(
        f"flags gained: {counts[True, True]} right, {counts[True, False]} wrong; "
        f"lost: {counts[False, True]} rightly, {counts[False, False]} wrongly; "
        f"{found.agreement:.1%} of the documents have the same flags",
        highlight=False,
    )
    table = Table(title="Flags that changed, wrong ones first", title_justify="left")
    for heading in ("document", "question", "B", "and is"):
        table.add_column(heading, overflow="fold")
    shown = sorted(found.flags, key=lambda one: (one.right, one.question, one.id))[:_SHOWN]
    for one in shown:
        table.add_row(
            escape(one.id), one.question, "gains" if one.gained else "loses", "right" if one.right else "wrong"
        )
    if shown:
        console.print(table)
    if len(found.flags) > len(shown):
        console.print(f"{len(found.flags) - len(shown)} more; --json names all of them", highlight=False)
    if texts is not None:
        for name in dict.fromkeys(one.id for one in shown):
            console.print(f"\n{printable(name)}", style="bold", highlight=False, markup=False)
            console.print(printable(texts[name])[:_WIDE], highlight=False, markup=False)


def printable(text: str) -> str:
    """Write a text so that no control in it can move the cursor or colour the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def build_comparison(setting: Setting, found: Comparison, runs: Runs) -> dict[str, Any]:
    """Turn a comparison into plain JSON values; ids of documents, never their texts."""
    return {
        "verdict": write_verdict(found),
        "a": _model(setting.a),
        "b": _model(setting.b),
        "data": setting.data,
        "notes": list(setting.warnings),
        "documents": found.documents,
        "groups": found.groups,
        "interval": "value, low, high: 95 percent, paired bootstrap over groups; value is b - a",
        "overall": _differences(found.overall),
        "indicators": _differences(found.indicators),
        "cells": _differences(found.cells),
        "calibration": {one.question: _calibration(one) for one in found.calibration},
        "speed": {
            "cpu_milliseconds_a": round(1000.0 * runs.seconds_a, 3),
            "cpu_milliseconds_b": round(1000.0 * runs.seconds_b, 3),
            "ratio": round(runs.seconds_b / max(runs.seconds_a, 1e-9), 3),
        },
        "agreement": round(found.agreement, 4),
        "gained": [_change(one) for one in found.flags if one.gained],
        "lost": [_change(one) for one in found.flags if not one.gained],
    }


def _model(info: ModelInfo) -> dict[str, str]:
    return {"name": info.name, "version": info.version, "sha256": info.sha256}


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def _differences(differences: Sequence[Difference]) -> dict[str, Any]:
    return {
        one.name: {
            "a": _plain(one.a),
            "b": _plain(one.b),
            "change": [_plain(value) for value in (one.change.value, one.change.low, one.change.high)],
            "verdict": "better" if one.better else "worse" if one.worse else "not told apart",
            **({"cases": one.cases} if one.cases else {}),
        }
        for one in differences
    }


def _calibration(one: Calibration) -> dict[str, Any]:
    return {
        "bias_a": _plain(one.bias_a),
        "bias_b": _plain(one.bias_b),
        "moved": _plain(one.moved),
        "a": build_reliability_summary([one.a])[one.a.title],
        "b": build_reliability_summary([one.b])[one.b.title],
    }


def _change(one: FlagChange) -> dict[str, Any]:
    return {"id": one.id, "question": one.question, "right": one.right}
