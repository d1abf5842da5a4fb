"""The model card: every figure measured anew from the model folder and its data, beside what the manifest says.

`card.json` holds the figures and the card cut into sections; `card.md` and `card.html` are those sections to read. Only
the times are not repeatable.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from classifier import Analyzer, load
from classifier.document import Analysis, Tier
from training.alarms import load_ordinary, rate_alarms, sound_alarms
from training.card_pages import render_html, render_markdown
from training.card_sections import build_sections
from training.compare import count_right_flags
from training.corpus import Record, load_card
from training.cost import Cost, Meter, estimate
from training.evaluate import analyze_records, compare, measure
from training.labelled import load_labelled
from training.metrics import Interval, draw_weights, measure_interval, share
from training.reliability import draw_reliability, measure_reliability
from training.report import build_reliability_summary, build_summary
from training.suite import build_suite_summary, run_suite
from training.suite_cases import Suite

CARD_FORMAT = 1
JSON, MARKDOWN, HTML = "card.json", "card.md", "card.html"


def write_card(
    folder: Path, output: Path, *, suite: Suite | None, labelled: Path | None = None, training: Cost | None = None
) -> dict[str, Any]:
    """Measure a model and write its card as `card.json`, `card.md` and `card.html`.

    Args:
        folder: Of the model.
        output: Folder of the three files.
        suite: The functional suite; None leaves it out.
        labelled: Labelled file; None for the frozen test part of the corpus that the model learned from.
        training: What training cost; None keeps what an earlier card of the same numbers says.

    Returns:
        What `card.json` holds.

    Raises:
        TellsignError: the model or the data are refused.
    """
    analyzer = load(folder)
    content = measure_card(analyzer, suite=suite, labelled=labelled)
    assumed = content["cost"]["assumed"]
    content["cost"]["training"] = estimate(training, assumed) if training else _known_cost(output, content)
    content["sections"] = build_sections(content)
    output.mkdir(parents=True, exist_ok=True)
    (output / JSON).write_text(f"{json.dumps(content, indent=1, ensure_ascii=False)}\n", encoding="utf-8")
    (output / MARKDOWN).write_text(render_markdown(content), encoding="utf-8")
    (output / HTML).write_text(render_html(content), encoding="utf-8")
    return content


def measure_card(analyzer: Analyzer, *, suite: Suite | None, labelled: Path | None = None) -> dict[str, Any]:
    """Measure everything that a card says, as plain JSON values; see `write_card`."""
    manifest, prose = dict(analyzer.card), _load_prose()
    title, records = load_labelled(manifest, labelled, language=str(manifest["language"]))
    meter = Meter()
    analyses = analyze_records(analyzer, records)
    used = meter.read()
    seed = int(manifest["recipe"]["seed"])
    alarms = rate_alarms(sound_alarms(analyzer, load_ordinary()))
    tables = measure_reliability(records, analyses)
    return {
        "format": CARD_FORMAT,
        "model": {**asdict(analyzer.info), "language": manifest["language"], "tier": analyzer.tier},
        **{key: prose[key] for key in ("intended_use", "users", "out_of_scope", "caveats")},
        "data": {"measured_on": title, **_describe_data(manifest)},
        "metrics": build_summary(measure(records, analyses, seed=seed)),
        "cells": _measure_cells(records, analyses, seed),
        "suite": build_suite_summary(run_suite(analyzer, suite)) if suite else None,
        "alarms": {
            rate.slice: {"texts": rate.texts, "alarms": _plain(rate.alarms), "abstained": rate.abstained}
            for rate in alarms
        },
        "calibration": build_reliability_summary(tables),
        "calibration_plot": draw_reliability(tables, f"Calibration on {title}"),
        "thresholds": _public_thresholds(manifest, analyzer.tier),
        "evidence": manifest["evidence"],
        "promotion": manifest.get("promotion"),
        "environment": manifest.get("environment", {}),
        "hashes": {"code": manifest.get("code_sha256"), "files": manifest["files"]},
        "cost": {
            "assumed": prose["cost"],
            "scoring_cpu_milliseconds": round(1000.0 * used.cpu_seconds / len(records), 2),
        },
    }


def _load_prose() -> dict[str, Any]:
    entry = resources.files("training").joinpath("model_card.toml")
    return tomllib.loads(entry.read_text(encoding="utf-8"))


def _describe_data(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Say what the model learned from: the manifest's hashes and counts, and what the corpus card says of it."""
    card = load_card(str(manifest["recipe"]["corpus"]))
    said = {key: getattr(card, key) for key in ("title", "licence", "source", "citation")}
    return {**manifest["data"], **said, "flaws": list(card.flaws)}


def _measure_cells(records: Sequence[Record], analyses: Sequence[Analysis], seed: int) -> dict[str, Any]:
    """Give the share of right flags by context and assertion, weakest first."""
    ids = tuple(score.id for score in analyses[0].indicators)
    found = count_right_flags(compare(records, analyses, ids), np.array([record.genre for record in records]))
    weights = draw_weights([record.group for record in records], 1000, seed)
    rates = {
        name: (int(cases.sum()), measure_interval(share(right, cases), weights))
        for name, (right, cases) in found.items()
    }
    ordered = sorted(rates.items(), key=lambda item: item[1][1].value)
    return {name: {"cases": count, "right": _plain(rate)} for name, (count, rate) in ordered}


def _plain(interval: Interval) -> list[float | None]:
    values = (interval.value, interval.low, interval.high)
    return [None if np.isnan(value) else round(value, 4) for value in values]


def _public_thresholds(manifest: Mapping[str, Any], tier: Tier) -> dict[str, Any]:
    """Give the thresholds of the tier that the service uses, without those that only name a state."""
    deep = manifest.get("deep") or {}
    chosen = manifest["thresholds"] if tier == "fast" else deep.get("thresholds", manifest["thresholds"])
    return {name: dict(threshold) for name, threshold in chosen.items() if ":" not in name}


def _known_cost(output: Path, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give what an earlier card says of the training, if it is of a model of the same numbers."""
    path = output / JSON
    if not path.is_file():
        return None
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        same = before["hashes"]["files"] == content["hashes"]["files"]
        known: dict[str, Any] | None = before["cost"]["training"]
    except (ValueError, KeyError, TypeError):
        return None
    return known if same else None
