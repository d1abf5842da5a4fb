"""Thresholds from what people can open a day, and bands of uncertainty: closed forms, and a no where data are few."""

import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.records import PRIVATE, TEXT, make_row, write_rows
from training import site
from training.amounts import AmountError, read_band, read_rate, read_share
from training.band import measure_band
from training.budget import Band, Budget, Demand, choose_band, choose_budget, upper_count, widen
from training.metrics import Interval
from training.sample import Sample


def build(positives: list[float], negatives: list[float], groups: list[str] | None = None) -> Sample:
    """A sample of these probabilities; each document is a group of its own unless groups are given."""
    probability = np.array(positives + negatives)
    names = groups or [f"g{number}" for number in range(len(probability))]
    return Sample(np.arange(len(probability)) < len(positives), probability, np.array(names))


# 80 of 100 positives at 0.9505; negatives evenly from 0 to 0.999.
EVEN = build([0.9505] * 80 + [0.0005] * 20, [number / 1000 for number in range(1000)])


def answer(sample: Sample, alerts: float, *, volume: float = 1000.0, prevalence: float = 0.1) -> Budget:
    return choose_budget(sample, Demand(alerts, volume, prevalence), resamples=100)


def test_threshold_recall_and_precision_are_the_closed_form() -> None:
    """At 0.95 stand 80 percent of the positives and 5 percent of the negatives: 80 + 45 alerts of 1,000 a day."""
    found = answer(EVEN, 125.0).figures
    assert found is not None
    assert found.threshold == pytest.approx(0.9495)
    assert found.recall.value == pytest.approx(0.8)
    assert found.precision.value == pytest.approx(80 / 125)
    assert found.alerts.value == pytest.approx(125.0)
    for interval in (found.recall, found.precision, found.alerts):
        assert interval.low < interval.value < interval.high


def test_budget_for_everything_flags_everything() -> None:
    found = answer(EVEN, 1000.0).figures
    assert found is not None
    assert found.threshold == 0.0
    assert (found.recall.value, found.recall.high) == (1.0, 1.0)
    assert found.recall.low == pytest.approx(0.97), "rule of three"
    assert found.precision.value == pytest.approx(0.1)


def test_budget_below_what_the_negatives_resolve_gets_no_figure() -> None:
    """Eight negatives above the threshold cannot say how many of the stream would be."""
    found = answer(EVEN, 8.0)
    assert found.figures is None
    assert found.reasons[0].startswith("8 of 1,000 labelled negatives, in 8 groups, stand above the threshold")
    assert f"about {math.ceil(10 * 0.9 / 0.008):,} labelled negatives would show them" in found.reasons[0]
    assert f"up to {upper_count(8) / 1000:.2%} of the stream's negatives" in found.reasons[1]


def test_no_negative_above_is_the_rule_of_three() -> None:
    sample = build([0.9] * 20, [0.1] * 300)
    found = answer(sample, 15.0, volume=1000.0, prevalence=0.01)
    assert found.figures is None
    assert found.reasons[0].startswith("0 of 300 labelled negatives")
    assert f"up to {-math.log(0.05) / 300:.2%} of the stream's negatives" in found.reasons[1]


def test_upper_count_of_none_is_three() -> None:
    assert upper_count(0) == pytest.approx(-math.log(0.05))
    assert upper_count(0) == pytest.approx(3.0, abs=0.005)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (build([0.9] * 9, [0.1] * 50), "9 positives in 9 groups are labelled; at least 10 in 5 groups"),
        (build([0.9] * 50, [0.1] * 9), "9 negatives in 9 groups are labelled"),
        (build([0.9] * 20, [0.1] * 50, ["one"] * 20 + [str(n) for n in range(50)]), "20 positives in 1 groups"),
        (build([0.5] * 20, [0.5] * 50), "even the documents of the highest probability alone would go over"),
    ],
    ids=["positives", "negatives", "groups", "ties"],
)
def test_too_small_a_sample_gets_a_reason_and_no_figure(sample: Sample, reason: str) -> None:
    found = answer(sample, 1.0)
    assert found.figures is None
    assert found.reasons[0].startswith(reason)


def test_abstention_is_never_flagged() -> None:
    sample = build([0.9] * 15 + [math.nan] * 5, [0.1] * 30)
    found = answer(sample, 1000.0).figures
    assert found is not None
    assert found.recall.value == 0.75


scored = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=1, max_size=40)


@given(scored, st.floats(0.5, 1000.0), st.floats(0.01, 0.99))
def test_lowest_threshold_within_the_budget_is_taken(
    rows: list[tuple[bool, int]], alerts: float, prevalence: float
) -> None:
    rows = rows + [(True, 3)] * 10 + [(False, 3)] * 10
    sample = build([score / 12 for truth, score in rows if truth], [score / 12 for truth, score in rows if not truth])
    demand = Demand(alerts, 1000.0, prevalence)
    found = choose_budget(sample, demand, resamples=2).figures

    def expected(threshold: float) -> float:
        flagged = sample.probability >= threshold
        rates = flagged[sample.truth].mean(), flagged[~sample.truth].mean()
        return float(1000.0 * (prevalence * rates[0] + (1.0 - prevalence) * rates[1]))

    if found is not None:
        assert expected(found.threshold) <= alerts * (1.0 + 1e-9)
        lower = sample.probability[sample.probability < found.threshold]
        assert not len(lower) or expected(float(lower.max())) > alerts


@pytest.mark.parametrize(
    ("interval", "low", "high"),
    [(Interval(1.0, 1.0, 1.0), 0.97, 1.0), (Interval(0.0, 0.0, 0.0), 0.0, 0.03), (Interval(0.5, 0.4, 0.6), 0.4, 0.6)],
    ids=["all", "none", "some"],
)
def test_flawless_share_has_the_bound_of_the_rule_of_three(interval: Interval, low: float, high: float) -> None:
    found = widen(interval, 100)
    assert [found.low, found.high] == pytest.approx([low, high])


def outside(truth: np.ndarray, probability: np.ndarray, band: Band) -> tuple[np.ndarray, np.ndarray]:
    low, high = -1.0 if band.low is None else band.low, 2.0 if band.high is None else band.high
    return truth[probability < low], truth[probability >= high]


def test_clean_parting_needs_no_band() -> None:
    truth, probability = np.array([False, False, True]), np.array([0.1, 0.3, 0.9])
    assert choose_band(truth, probability, 0.9, 0.9) == Band(0.6, 0.6)


def test_band_covers_what_is_mixed() -> None:
    truth = np.array([False, False, True, False, True, True])
    probability = np.array([0.1, 0.2, 0.4, 0.6, 0.8, 0.9])
    band = choose_band(truth, probability, 1.0, 1.0)
    assert [band.low, band.high] == pytest.approx([0.3, 0.7])


def test_scores_that_say_nothing_leave_everything_uncertain() -> None:
    assert choose_band(np.array([True, False]), np.array([0.5, 0.5]), 0.9, 0.9) == Band(None, None)
    assert choose_band(np.zeros(0, dtype=bool), np.zeros(0), 0.9, 0.9) == Band(None, None)


@given(scored, st.sampled_from([0.5, 0.75, 0.9]), st.sampled_from([0.5, 0.8, 0.95]))
def test_no_band_that_keeps_its_word_is_narrower(rows: list[tuple[bool, int]], npv: float, ppv: float) -> None:
    truth, probability = np.array([row[0] for row in rows]), np.array([row[1] / 12 for row in rows])
    band = choose_band(truth, probability, npv, ppv)
    cleared, flagged = outside(truth, probability, band)
    assert not len(cleared) or (~cleared).mean() >= npv - 1e-9
    assert not len(flagged) or flagged.mean() >= ppv - 1e-9
    cuts = [-1.0, *(np.unique(probability) + 1e-6).tolist()]
    for low, high in product(cuts, cuts):
        below, above = truth[probability < low], truth[probability >= high]
        kept = (~below).sum() >= npv * len(below) and above.sum() >= ppv * len(above)
        if low <= high and kept:
            assert len(below) + len(above) <= len(cleared) + len(flagged)


def test_band_too_strict_for_the_sample_gets_no_figure() -> None:
    """Of 100 positives none is cleared: by the rule of three 3 percent may be, so the NPV is sure to be 0.971 only."""
    found = measure_band(build([0.9] * 100, [0.1] * 100), (0.98, 0.9), resamples=20)
    assert found.figures is None
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith("NPV >= 0.98 cannot be shown: were none of the 100 labelled positives cleared")
    assert f"{0.5 / (0.5 + 0.5 * 0.03):.3f} is all" in found.reasons[0]


def test_band_of_a_clean_sample_keeps_the_bound_of_the_rule_of_three() -> None:
    found = measure_band(build([0.9] * 200, [0.1] * 200), (0.98, 0.9), resamples=20).figures
    assert found is not None
    assert (found.npv.value, found.uncertain.value, found.missed.value) == (1.0, 0.0, 0.0)
    assert found.npv.low == pytest.approx(1 / 1.015)
    assert found.missed.high == pytest.approx(0.015)


def test_band_is_weighed_to_the_stated_prevalence() -> None:
    """Half of either kind at 0.9: a PPV of one half as labelled, and of 0.9 where nine in ten are positives."""
    sample = build([0.9] * 100 + [0.1] * 100, [0.9] * 100 + [0.1] * 100)
    assert measure_band(sample, (0.05, 0.8), resamples=5).figures is not None
    found = measure_band(sample, (0.05, 0.8), prevalence=0.9, resamples=5).figures
    assert found is not None
    assert found.ppv.value == pytest.approx(0.9)


def test_abstentions_are_left_out_of_a_band() -> None:
    sample = build([0.9] * 200 + [math.nan] * 5, [0.1] * 200)
    found = measure_band(sample, (0.9, 0.9), resamples=5).figures
    assert found is not None
    assert found.missed.value == 0.0


@pytest.mark.parametrize(
    ("text", "by_day"),
    [("40/day", 40.0), ("5,000 / day", 5000.0), ("2/hour", 48.0), ("70/week", 10.0), ("12.5", 12.5)],
)
def test_rate_is_read_by_day(text: str, by_day: float) -> None:
    assert read_rate(text) == pytest.approx(by_day)


@pytest.mark.parametrize(("text", "value"), [("0.5%", 0.005), ("0.005", 0.005), (".2", 0.2), ("20 %", 0.2)])
def test_share_is_read(text: str, value: float) -> None:
    assert read_share(text) == pytest.approx(value)


def test_band_is_read() -> None:
    assert read_band("NPV >= 0.98, ppv>=.9") == (0.98, 0.9)


@pytest.mark.parametrize(
    ("read", "text", "allowed"),
    [
        (read_rate, "0/day", "40/day"),
        (read_rate, "40/month", "40/day"),
        (read_rate, "-3", "40/day"),
        (read_rate, "9" * 400, "40/day"),
        (read_share, "100%", "0.5%"),
        (read_share, "half", "0.5%"),
        (read_band, "npv >= 1.0, ppv >= 0.9", "npv >= 0.98, ppv >= 0.9"),
        (read_band, "ppv >= 0.9", "npv >= 0.98, ppv >= 0.9"),
    ],
)
def test_amount_of_another_form_is_refused_with_an_example(read: Any, text: str, allowed: str) -> None:
    with pytest.raises(AmountError) as refused:
        read(text)
    assert allowed in str(refused.value)


ASKED = ["--alert-budget", "40/day", "--volume", "5000/day", "--prevalence", "0.5%"]


def test_command_says_why_there_is_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_rows(tmp_path / "notes.jsonl", [make_row()])
    assert site.budget([str(path), *ASKED, "--band", "npv >= 0.98, ppv >= 0.9"]) == 3
    shown = capsys.readouterr().out
    assert shown.startswith("notes.jsonl: 1 documents")
    assert shown.count("cannot support an answer") == 2
    assert "threshold" not in shown
    assert PRIVATE not in shown


def test_command_gives_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Texts that the model tells apart: as many alerts as documents are within any budget."""
    calm = "The museum opens at nine and the map is at the desk."
    rows = [make_row(id=f"p{n}", group=f"p{n}", text=TEXT) for n in range(12)]
    rows += [make_row(id=f"n{n}", group=f"n{n}", text=calm, spans=[], needs_review=False) for n in range(12)]
    path = write_rows(tmp_path / "notes.jsonl", rows)
    asked = ["--alert-budget", "100", "--volume", "100", "--prevalence", "50%", "--indicator", "document_retention"]
    assert site.budget([str(path), *asked, "--resamples", "20", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["question"] == "document_retention"
    assert shown["budget"]["supported"]
    assert shown["budget"]["figures"]["alerts_a_day"][0] == 100.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --alert-budget, --volume and --prevalence, or --band"),
        (["--volume", "9"], "--alert-budget and --volume go together"),
        (ASKED[:4], "give --alert-budget, --volume and --prevalence"),
        (["--band", "wide"], "'wide' is no band; write it like"),
        (["none.jsonl", *ASKED], "none.jsonl"),
    ],
    ids=["nothing", "half a demand", "no prevalence", "band", "no file"],
)
def test_wrong_usage_gives_code_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert site.budget(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.out == ""


def test_unknown_indicator_gives_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_rows(tmp_path / "notes.jsonl", [make_row()])
    assert site.budget([str(path), *ASKED, "--indicator", "theft"]) == 3
    assert "no indicator 'theft'; allowed: review, abuse_of_vulnerability" in capsys.readouterr().err
