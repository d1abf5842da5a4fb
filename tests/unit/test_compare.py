"""Two models side by side: differences counted by hand, flags gained and lost, and a verdict that says what is so."""

import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from classifier.document import Analysis, Document
from tests.fakes import INFO, FakeAnalyzer
from tests.records import make_record
from training.compare import Comparison, FlagChange, compare_analyses, write_verdict
from training.compare_command import compare
from training.compare_report import Setting, build_comparison, print_comparison, printable
from training.compare_run import Runs, load_shared, run_both, warn_of_training
from training.corpus import Record

RETENTION = "document_retention"
PRIVATE = "zebrawood"
FOUND = f"She keeps our passports in a {PRIVATE} drawer."
PLAIN = "We eat at noon."


def positive(number: int) -> Record:
    span = {"start": 4, "end": 23, "indicator": RETENTION, "assertion": "asserted"}
    return make_record(number, FOUND, spans=[span], needs_review=True)


def negative(number: int) -> Record:
    return make_record(number, PLAIN, genre="unrelated")


RECORDS = [positive(k) if k % 2 else negative(k) for k in range(40)]


def read(records: Sequence[Record]) -> list[Analysis]:
    return [FakeAnalyzer().analyze(Document(record.text, record.id)) for record in records]


def judge_retention(analysis: Analysis, probability: float) -> Analysis:
    """The same analysis with another probability of one indicator, flags and review after it."""
    flagged = probability >= 0.5
    scores = tuple(
        replace(score, probability=probability, flagged=flagged, state="asserted" if flagged else "absent", spans=())
        if score.id == RETENTION
        else score
        for score in analysis.indicators
    )
    review = replace(analysis.review, probability=probability, flagged=flagged)
    return replace(analysis, indicators=scores, review=review)


def blunt(analyses: Sequence[Analysis], every: int) -> list[Analysis]:
    """A model that misses every so-many-th positive."""
    return [judge_retention(one, 0.05) if k % (2 * every) == 1 else one for k, one in enumerate(analyses)]


def runs_of(a: Sequence[Analysis], b: Sequence[Analysis]) -> Runs:
    return Runs(tuple(a), tuple(b), 0.002, 0.004)


@pytest.fixture
def found() -> Comparison:
    """B finds all 20 positives; A misses every second one."""
    whole = read(RECORDS)
    return compare_analyses(RECORDS, blunt(whole, 2), whole, resamples=200)


def test_the_same_answers_are_said_to_be_the_same() -> None:
    whole = read(RECORDS)
    same = compare_analyses(RECORDS, whole, whole, resamples=100)
    assert write_verdict(same) == "B gives the answers of A on all 40 documents."
    assert same.flags == ()
    assert all(one.change.value == 0.0 or math.isnan(one.change.value) for one in same.overall)
    assert not any(one.better or one.worse for one in (*same.overall, *same.indicators, *same.cells))


def test_differences_are_those_counted_by_hand(found: Comparison) -> None:
    overall = {one.name: one for one in found.overall}
    assert overall["indicator macro F1"].a == pytest.approx(2 / 3)
    assert overall["indicator macro F1"].b == 1.0
    assert overall["indicator macro F1"].change.value == pytest.approx(1 / 3)
    assert overall["indicator macro F1"].better
    cells = {one.name: one for one in found.cells}
    assert (cells["disclosure, asserted"].cases, cells["disclosure, asserted"].a) == (20, 0.5)
    assert cells["disclosure, asserted"].change.value == 0.5
    assert cells["unrelated, absent"].cases == 20 * 17
    assert cells["unrelated, absent"].change.value == 0.0


def test_flags_gained_and_lost_are_named_with_who_is_right(found: Comparison) -> None:
    missed = [record.id for k, record in enumerate(RECORDS) if k % 4 == 1]
    assert {one for one in found.flags if one.question == RETENTION} == {
        FlagChange(name, RETENTION, gained=True, right=True) for name in missed
    }
    assert found.agreement == 0.75
    whole = read(RECORDS)
    back = compare_analyses(RECORDS, whole, blunt(whole, 2), resamples=100)
    assert {(one.gained, one.right) for one in back.flags} == {(False, False)}


def test_verdict_names_what_is_better_with_its_interval(found: Comparison) -> None:
    said = write_verdict(found)
    assert said.startswith("B is better on ")
    assert re.search(r"review F1 by 0\.333 \[0\.\d{3}, 0\.\d{3}\]", said)
    assert "disclosure, asserted" not in said


def test_verdict_names_what_is_worse() -> None:
    whole = read(RECORDS)
    found = compare_analyses(RECORDS, whole, blunt(whole, 2), resamples=200)
    said = write_verdict(replace(found, overall=tuple(one for one in found.overall if not one.better)))
    assert said.startswith("Worse on ")
    assert "review F1 by 0.333" in said
    assert "disclosure, asserted by 0.500" in said
    assert "about one in forty would look worse by chance" in said


def test_one_lucky_document_is_no_difference() -> None:
    whole = read(RECORDS)
    said = write_verdict(compare_analyses(RECORDS, blunt(whole, 20), whole, resamples=400))
    assert said.startswith("No difference over all indicators is beyond chance")


def test_a_smaller_calibration_error_is_better() -> None:
    whole = read(RECORDS)
    sure = [judge_retention(one, 0.99 if k % 2 else 0.01) for k, one in enumerate(whole)]
    unsure = [judge_retention(one, 0.6 if k % 2 else 0.4) for k, one in enumerate(whole)]
    overall = {one.name: one for one in compare_analyses(RECORDS, unsure, sure, resamples=200).overall}
    assert overall["review ECE"].change.value < 0.0
    assert overall["review ECE"].better
    assert not overall["review AP"].better


def test_the_bootstrap_resamples_whole_groups() -> None:
    """One group of many alike documents is one witness, not many."""
    whole = read(RECORDS)
    alone = compare_analyses(RECORDS, blunt(whole, 2), whole, resamples=400)
    grouped = [replace(record, group=f"g{k // 8}") for k, record in enumerate(RECORDS)]
    together = compare_analyses(grouped, blunt(whole, 2), whole, resamples=400)
    assert (alone.groups, together.groups) == (40, 5)
    pairs = zip(alone.cells, together.cells, strict=True)
    assert any(one.change.value == other.change.value and one.change != other.change for one, other in pairs)


def test_bias_and_movement_of_probabilities_are_means() -> None:
    whole = read(RECORDS)
    sure = [judge_retention(one, 0.9 if k % 2 else 0.1) for k, one in enumerate(whole)]
    high = [judge_retention(one, 1.0 if k % 2 else 0.3) for k, one in enumerate(whole)]
    review = compare_analyses(RECORDS, sure, high, resamples=100).calibration[0]
    assert review.question == "review"
    assert review.bias_a == pytest.approx(0.0)
    assert review.bias_b == pytest.approx(0.15)
    assert review.moved == pytest.approx(0.15)


def test_figures_as_json_name_documents_and_never_quote_them(found: Comparison) -> None:
    content = build_comparison(Setting(INFO, INFO, "notes.jsonl"), found, runs_of((), ()))
    written = json.dumps(content, allow_nan=False)
    assert PRIVATE not in written
    assert len(content["gained"]) == len(found.flags)
    assert content["speed"] == {"cpu_milliseconds_a": 2.0, "cpu_milliseconds_b": 4.0, "ratio": 2.0}
    assert content["overall"]["review F1"]["verdict"] == "better"


@pytest.mark.parametrize("shown", [False, True], ids=["ids alone", "with texts"])
def test_texts_are_shown_only_when_they_are_given(found: Comparison, shown: bool) -> None:
    stream = io.StringIO()
    texts = {record.id: f"{record.text}\x1b[2J" for record in RECORDS} if shown else None
    console = Console(file=stream, width=200)
    print_comparison(Setting(INFO, INFO, "notes.jsonl", ["look twice"]), found, runs_of((), ()), console, texts=texts)
    out = stream.getvalue()
    assert out.startswith("B is better on ")
    assert "note: look twice" in out
    assert (PRIVATE in out) == shown
    assert "\x1b[2J" not in out


def test_printable_text_has_no_controls() -> None:
    assert printable("a\x1b[31m\u202eb\nc\ud800") == "a [31m b c "


def test_both_models_read_every_document_and_are_timed_in_turns() -> None:
    a, b = FakeAnalyzer(), FakeAnalyzer()
    runs = run_both(a, b, RECORDS)  # type: ignore[arg-type]  # they have the shape of one
    assert [one.id for one in runs.a] == [record.id for record in RECORDS]
    assert len(runs.b) == 40
    assert a.turns == b.turns == [40, 40, 40]
    assert min(runs.seconds_a, runs.seconds_b) >= 0.0


class Trained(FakeAnalyzer):
    """A fake with the card of a model that was trained on something."""

    def __init__(self, corpus: str, files: dict[str, str]) -> None:
        super().__init__()
        self._told = {"recipe": {"corpus": corpus, "split": {"test_share": 0.2}}, "data": {"files": files}}

    @property
    def card(self) -> dict[str, object]:
        return self._told


def test_models_of_different_corpora_need_a_file_that_is_new_to_both() -> None:
    one, other = Trained("authored", {}), Trained("site", {})
    with pytest.raises(Exception, match=r"corpus 'authored', test share 0.2 and corpus 'site'.*new to both"):
        load_shared(one, other, None, language="en")  # type: ignore[arg-type]


def test_another_state_of_the_corpus_is_a_warning() -> None:
    one, other = Trained("authored", {"a.jsonl": "1", "b.jsonl": "2"}), Trained("authored", {"a.jsonl": "3"})
    (said,) = warn_of_training(one, other)  # type: ignore[arg-type]
    assert said.startswith("the models learned from different states of a.jsonl, b.jsonl")
    assert warn_of_training(one, one) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["a pipe", "JSON"])
def test_texts_are_refused_where_there_is_no_terminal(
    more: list[str], tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare([str(tmp_path), str(tmp_path), "--show-texts", *more]) == 2
    assert "texts about people do not belong in files or pipes" in capsys.readouterr().err
