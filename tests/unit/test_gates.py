"""The gates of a promotion: what refuses a candidate, what does not, and what the manifest says afterwards."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from classifier.artifact import inspect, load, verify
from classifier.document import Analysis, Document, State
from classifier.errors import ArtifactError, DocumentError
from classifier.pipeline import Pipeline
from tests.fakes import FakeAnalyzer
from tests.records import write_rows
from tests.small_model import SmallModel, build_manifest, build_small_model, save_small_model
from training.alarms import OrdinaryText, load_ordinary, rate_alarms, sound_alarms
from training.gates import Figures, Gate, judge, measure_gates, sign_test
from training.promote import PromotionError, check_reason, decide, promote, rewrite_manifest
from training.promote_command import promote as run_promote
from training.suite_cases import Suite, load_suite

RETENTION = "document_retention"
REASON = "the new lexicon needs it this week"
ORDINARY = [
    OrdinaryText("advocacy-01", "advocacy", "We march on Saturday."),
    OrdinaryText("m-01", "migrant_life", "Tea!"),
]


class Eager(FakeAnalyzer):
    """Flags document retention besides, wherever a word stands."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    def _analyze(self, document: Document) -> Analysis | DocumentError:
        found = super()._analyze(document)
        if isinstance(found, DocumentError) or self._word not in document.text:
            return found
        state: State = "asserted"
        scores = tuple(
            replace(score, flagged=True, state=state, probability=0.9) if score.id == RETENTION else score
            for score in found.indicators
        )
        return replace(found, indicators=scores)


def case(number: int, cell: str, text: str, expect: str) -> dict[str, object]:
    row = {"id": f"c{number}", "indicator": RETENTION, "cell": cell, "text": text, "expect": expect}
    return {**row, "span": None if expect == "absent" else text}


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Sixty look-alikes, ten plain cases, and one swap."""
    folder = tmp_path / "suite"
    folder.mkdir()
    rows = [case(k, "look_alike", f"The clerk copied passport {k}.", "absent") for k in range(60)]
    rows += [case(100 + k, "plain", f"She keeps our passports {k}", "asserted") for k in range(10)]
    write_rows(folder / "part.jsonl", rows)
    variants = ["The Kenyan cook eats.", "The Danish cook eats.", "The Thai cook eats."]
    swap = {"id": "s1", "axis": "nationality", "expect": "absent", "indicator": None, "variants": variants}
    write_rows(folder / "swaps.jsonl", [swap])
    return load_suite(folder)


def figures(analyzer: FakeAnalyzer, suite: Suite) -> Figures:
    return measure_gates(analyzer, suite, ORDINARY)  # type: ignore[arg-type]  # it has the shape of one


def refused(gates: list[Gate]) -> dict[str, str]:
    return {gate.name: gate.refusal for gate in gates if gate.refusal}


def test_a_model_passes_against_itself(suite: Suite) -> None:
    same = figures(FakeAnalyzer(), suite)
    gates = judge(same, same)
    assert refused(gates) == {}
    names = ["suite: all", "suite: plain", "suite: look_alike", "identity swaps"]
    assert [gate.name for gate in gates] == [*names, "false alarms: advocacy", "false alarms: migrant_life"]


@pytest.mark.parametrize(
    ("word", "gate", "said"),
    [
        (
            "copied passport 1",
            "suite: look_alike",
            "fails 11 cases that the current model passes, passes 0 that it fails",
        ),
        ("Thai", "identity swaps", "1 answers change with who is spoken of; 0 do in the current model"),
        (
            "march",
            "false alarms: advocacy",
            "1 of 1 texts that speak of no indicator are flagged; 0 by the current model",
        ),
        ("Tea", "false alarms: migrant_life", "1 of 1 texts"),
    ],
    ids=["ability", "identity", "advocacy", "migrants' life"],
)
def test_what_got_worse_is_refused_by_its_gate(word: str, gate: str, said: str, suite: Suite) -> None:
    found = refused(judge(figures(Eager(word), suite), figures(FakeAnalyzer(), suite)))
    assert said in found[gate]
    assert {name for name in found if not name.startswith("suite: all")} == {gate}


def test_one_case_of_many_is_no_reason_to_refuse(suite: Suite) -> None:
    candidate = figures(Eager("copied passport 7."), suite)
    assert refused(judge(candidate, figures(FakeAnalyzer(), suite))) == {}


def test_what_got_better_passes(suite: Suite) -> None:
    assert refused(judge(figures(FakeAnalyzer(), suite), figures(Eager("copied"), suite))) == {}


def test_without_a_current_model_failures_are_told_and_nothing_is_compared(suite: Suite) -> None:
    gates = judge(figures(Eager("march"), suite), None)
    assert refused(gates) == {}
    assert {gate.name: gate.candidate for gate in gates}["false alarms: advocacy"] == 1
    assert all(gate.current is None for gate in gates)


@pytest.mark.parametrize(
    ("lost", "gained", "chance"), [(0, 0, 1.0), (1, 0, 0.5), (5, 0, 1 / 32), (5, 5, 0.623046875), (0, 5, 1.0)]
)
def test_sign_test_counts_the_tail(lost: int, gained: int, chance: float) -> None:
    assert sign_test(lost, gained) == pytest.approx(chance)


def test_an_abstention_is_not_a_clear_answer() -> None:
    class Silent(FakeAnalyzer):
        def _analyze(self, document: Document) -> Analysis | DocumentError:
            return super()._analyze(replace(document, language="fi"))

    alarms = sound_alarms(Silent(), ORDINARY)  # type: ignore[arg-type]
    assert [alarm.clear for alarm in alarms] == [False, False]
    assert [rate.abstained for rate in rate_alarms(alarms)] == [1, 1]


def test_ordinary_texts_speak_of_three_kinds_of_people_evenly() -> None:
    texts = load_ordinary()
    counts = {name: sum(one.slice == name for one in texts) for name in {one.slice for one in texts}}
    assert counts == {"advocacy": 36, "sex_work": 36, "migrant_life": 36}


@pytest.mark.parametrize(
    "reason", ["", "too short", "x" * 501, "a reason with \x07 a bell"], ids=["none", "short", "long", "control"]
)
def test_reason_that_is_none_is_refused(reason: str) -> None:
    with pytest.raises(PromotionError, match="10 to 500 printable ones are allowed"):
        check_reason(reason)


@pytest.fixture(scope="module")
def drawn(pipeline: Pipeline) -> SmallModel:
    return build_small_model(pipeline)


def write_model(folder: Path, drawn: SmallModel, threshold: float, **changes: object) -> Path:
    """A model whose flags its thresholds decide: near 0 it flags everything, near 1 nothing."""
    outputs = np.full(17, threshold)
    document = replace(drawn.document, thresholds=outputs, review_threshold=threshold)
    save_small_model(folder, replace(drawn, document=document), build_manifest(**changes))
    return folder


@pytest.fixture
def quiet(tmp_path: Path, drawn: SmallModel) -> Path:
    return write_model(tmp_path / "quiet", drawn, 1.0 - 1e-12)


@pytest.fixture
def loud(tmp_path: Path, drawn: SmallModel) -> Path:
    return write_model(tmp_path / "loud", drawn, 1e-12, version="0.0.2")


def test_planted_worse_model_is_refused_and_the_place_is_untouched(
    quiet: Path, loud: Path, tmp_path: Path, suite: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in quiet.iterdir()}
    assert run_promote([str(loud), "--over", str(quiet), "--suite", str(tmp_path / "suite"), "--json"]) == 3
    shown = capsys.readouterr()
    assert "tellsign: not promoted: suite: look_alike: fails" in shown.err
    assert json.loads(shown.out)["gates"]["suite: look_alike"]["failed"] == 60
    assert {path.name: path.read_bytes() for path in quiet.iterdir()} == before
    assert not (tmp_path / "quiet.previous").exists()
    with pytest.raises(PromotionError, match="not promoted: suite"):
        promote(loud, quiet, decide(loud, quiet, suite))


@pytest.mark.usefixtures("suite")
def test_forced_model_takes_the_place_and_its_manifest_says_why(
    quiet: Path, loud: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(loud), "--over", str(quiet), "--suite", str(tmp_path / "suite")]
    (loud / "card.json").write_text("{}")
    assert run_promote([*arguments, "--force"]) == 2
    assert run_promote([*arguments, "--force", "--reason", REASON, "--quiet"]) == 0
    capsys.readouterr()
    assert verify(quiet) == []
    manifest = inspect(quiet)
    assert manifest["version"] == "0.0.2"
    assert manifest["promotion"]["forced"]["reason"] == REASON
    assert any("look_alike" in refusal for refusal in manifest["promotion"]["forced"]["refusals"])
    assert manifest["promotion"]["over"]["version"] == "0.0.1"
    assert manifest["files"] == inspect(loud)["files"]
    assert load(quiet).info.sha256 != load(loud).info.sha256
    assert inspect(tmp_path / "quiet.previous")["version"] == "0.0.1"
    assert not (quiet / "card.json").exists()


def test_model_that_is_not_worse_is_promoted_without_a_reason(
    quiet: Path, tmp_path: Path, drawn: SmallModel, suite: Suite
) -> None:
    better = write_model(tmp_path / "better", drawn, 1.0 - 1e-12, version="0.0.3")
    digest = promote(better, quiet, decide(better, quiet, suite), today=date(2026, 1, 2))
    record = inspect(quiet)["promotion"]
    assert load(quiet).info.sha256 == digest
    assert "forced" not in record
    assert record["date"] == "2026-01-02"
    assert record["gates"]["identity swaps"] == {"cases": 2, "failed": 0, "failed_by_current": 0, "refusal": None}


@pytest.mark.usefixtures("suite")
def test_check_tells_the_gates_and_changes_nothing(
    quiet: Path, loud: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = str(tmp_path / "suite")
    assert run_promote([str(quiet), "--over", str(loud), "--suite", suite, "--check"]) in {0, 3}
    assert "identity swaps" in capsys.readouterr().out
    assert inspect(loud)["version"] == "0.0.2"


def test_model_in_service_that_cannot_be_asked_needs_a_reason(quiet: Path, tmp_path: Path, suite: Suite) -> None:
    place = tmp_path / "gone"
    decision = decide(quiet, place, suite)
    assert decision.current is None
    with pytest.raises(PromotionError, match=r"the current model cannot be asked: model '.*gone' is refused"):
        promote(quiet, place, decision)
    promote(quiet, place, decision, reason=REASON)
    assert verify(place) == []
    assert inspect(place)["promotion"]["over"] is None


@pytest.mark.parametrize("changes", [{"files": {}}, {"format": 1, "version": "2"}], ids=["files", "format"])
def test_what_loading_relies_on_cannot_be_rewritten(changes: Mapping[str, object], quiet: Path) -> None:
    before = (quiet / "manifest.json").read_bytes()
    with pytest.raises(ArtifactError, match="cannot be rewritten"):
        rewrite_manifest(quiet, changes)
    assert (quiet / "manifest.json").read_bytes() == before


def test_rewritten_manifest_keeps_the_folder_loadable(quiet: Path) -> None:
    digest = rewrite_manifest(quiet, {"note": "naïve"})
    assert load(quiet).info.sha256 == digest
    assert inspect(quiet)["note"] == "naïve"
    assert list(inspect(quiet))[-1] == "files"
