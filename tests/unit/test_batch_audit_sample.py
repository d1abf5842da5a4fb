"""The elusion test: a fair sample of unflagged documents, and an exact bound on what was missed."""

from math import comb
from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from service.batch.audit_sample import (
    AuditError,
    AuditSample,
    binomial_cdf,
    draw,
    estimate,
    read_labels,
    upper_bound,
)
from service.batch.duplicates import Duplicates
from service.batch.extensions import Extensions
from service.batch.inputs import FileInputs
from service.batch.stores import BatchRefusedError
from service.commands.audit_sample import app
from service.commands.exits import OneLineErrors
from tests.batch_runs import OPTIONS, Runs, read_plainly
from tests.cli_fakes import ASSERTED, NOTHING

# From published tables of Clopper and Pearson's limits: one-sided 95 % is the upper end of two-sided 90 %.
TABLE = [
    pytest.param(0, 10, 0.95, 0.2589, id="none of ten"),
    pytest.param(0, 59, 0.95, 0.04950, id="none of 59 is below 5 %"),
    pytest.param(0, 299, 0.95, 0.00997, id="none of 299 is below 1 %"),
    pytest.param(1, 10, 0.95, 0.3942, id="one of ten"),
    pytest.param(5, 10, 0.95, 0.7776, id="half of ten"),
    pytest.param(2, 20, 0.975, 0.3170, id="two of twenty, 97.5 %"),
    pytest.param(10, 10, 0.95, 1.0, id="all"),
]


@pytest.mark.parametrize(("missed", "sample", "confidence", "expected"), TABLE)
def test_bound_agrees_with_the_tables(missed: int, sample: int, confidence: float, expected: float) -> None:
    assert upper_bound(missed, sample, confidence) == pytest.approx(expected, abs=6e-5)


def test_bound_of_none_missed_has_its_closed_form() -> None:
    for sample in (1, 7, 400, 20_000):
        assert upper_bound(0, sample, 0.95) == pytest.approx(1 - 0.05 ** (1 / sample), rel=1e-9)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_distribution_is_the_sum_of_its_terms(share: float) -> None:
    for count in (0, 3, 12):
        exact = sum(comb(12, hits) * share**hits * (1 - share) ** (12 - hits) for hits in range(count + 1))
        assert binomial_cdf(count, 12, share) == pytest.approx(exact, rel=1e-9)


def test_bound_is_where_so_few_are_found_once_in_twenty() -> None:
    assert binomial_cdf(4, 350, upper_bound(4, 350, 0.95)) == pytest.approx(0.05, rel=1e-9)


def test_estimate_counts_documents() -> None:
    found = estimate({"missed": 1, "read": 100}, 5_000)
    assert (found.rate, found.sample, found.missed, found.population) == (0.01, 100, 1, 5_000)
    assert found.upper == pytest.approx(0.04656, abs=1e-5)
    assert found.missed_at_most == 232


def test_nothing_is_left_to_miss_when_all_were_read() -> None:
    assert estimate({"missed": 0, "read": 40}, 40).missed_at_most == 0


@pytest.mark.parametrize(
    ("labels", "population", "confidence"),
    [
        pytest.param({"missed": 0, "read": 0}, 10, 0.95, id="nothing read"),
        pytest.param({"missed": 3, "read": 2}, 10, 0.95, id="more missed than read"),
        pytest.param({"missed": 0, "read": 20}, 10, 0.95, id="more read than there are"),
        pytest.param({"missed": 0, "read": 2}, 10, 1.0, id="certainty"),
    ],
)
def test_impossible_numbers_are_refused(labels: dict[str, int], population: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="allowed"):
        estimate(labels, population, confidence=confidence)


def sampled(folder: Path, count: int, *, dedupe: bool = False, suffix: str = ".csv") -> Runs:
    """A run of 90 unflagged documents among 30 flagged ones, a blank one and one in another language."""
    texts = {f"n-{number}": ASSERTED if number % 4 == 0 else f"{NOTHING} {number}" for number in range(120)}
    lines = [orjson.dumps({"id": name, "text": text}) + b"\n" for name, text in (texts | {"blank": " "}).items()]
    (folder / "in.jsonl").write_bytes(b"".join(lines))
    inputs = FileInputs([folder / "in.jsonl"], OPTIONS, read=read_plainly)
    extensions = Extensions(Duplicates() if dedupe else None, [AuditSample(inputs, count, suffix=suffix)])
    runs = Runs(folder, extensions=extensions)
    runs.run()
    return runs


def sample_file(folder: Path) -> Path:
    (path,) = (folder / "out.run").glob("audit-sample-*")
    return path


@pytest.mark.parametrize("dedupe", [False, True], ids=["all scored", "repeats carried"])
def test_sample_is_of_unflagged_documents_with_their_texts(dedupe: bool, tmp_path: Path) -> None:
    sampled(tmp_path, 20, dedupe=dedupe, suffix=".jsonl")
    rows = [orjson.loads(row) for row in sample_file(tmp_path).read_bytes().splitlines()]
    assert len({row["id"] for row in rows}) == 20
    for row in rows:
        number = int(row["id"].removeprefix("n-"))
        assert number % 4
        assert (row["text"], row["label"], row["line"], row["population"]) == (
            f"{NOTHING} {number}",
            "",
            number + 1,
            90,
        )
    found = orjson.loads((tmp_path / "out.run/manifest.json").read_bytes())["audit_sample"]
    assert found == {"file": sample_file(tmp_path).name, "documents": 20, "population": 90}


def test_sample_does_not_say_what_the_model_thought(tmp_path: Path) -> None:
    """Who knows the score reads with other eyes."""
    sampled(tmp_path, 5, suffix=".jsonl")
    row = orjson.loads(sample_file(tmp_path).read_bytes().splitlines()[0])
    assert set(row) == {"label", "id", "source", "member", "line", "population", "text"}


def test_same_run_draws_the_same_sample(tmp_path: Path) -> None:
    runs = sampled(tmp_path, 10)
    samples = []
    for _ in range(2):
        folder = runs.run_folder()
        folder.load()
        samples.append(draw(folder, 10))
    assert samples[0] == samples[1]


def test_other_run_draws_another_sample(tmp_path: Path) -> None:
    runs = sampled(tmp_path, 10)
    before = sample_file(tmp_path).read_bytes()
    sample_file(tmp_path).unlink()
    runs.shard_size = 8
    runs.run()
    assert sample_file(tmp_path).read_bytes() != before


def test_larger_sample_holds_the_smaller_one(tmp_path: Path) -> None:
    folder = sampled(tmp_path, 10).run_folder()
    folder.load()
    assert set(draw(folder, 10)[0]) < set(draw(folder, 40)[0])


def test_every_unflagged_document_can_be_drawn(tmp_path: Path) -> None:
    folder = sampled(tmp_path, 500).run_folder()
    folder.load()
    drawn, population = draw(folder, 500)
    assert len(set(drawn)) == population == 90


def test_labels_are_not_overwritten_by_going_on_with_the_run(tmp_path: Path) -> None:
    runs = sampled(tmp_path, 10)
    label(sample_file(tmp_path), ["yes"] * 10)
    before = sample_file(tmp_path).read_bytes()
    runs.run("resume")
    assert sample_file(tmp_path).read_bytes() == before


def test_sample_needs_input_that_can_be_read_again(tmp_path: Path) -> None:
    folder = sampled(tmp_path, 10).run_folder()
    folder.load()
    with pytest.raises(BatchRefusedError, match="7 of 7 drawn documents cannot be read again"):
        AuditSample(None, 7).finish(folder)


@pytest.mark.parametrize("count", [0, 100_001])
def test_size_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="allowed: 1 to 100,000"):
        AuditSample(None, count)


def label(path: Path, labels: list[str]) -> None:
    """Fill the first column, as a person in a spreadsheet does."""
    header, *rows = path.read_text(encoding="utf-8-sig").splitlines()
    filled = [f"{one}{row}" for one, row in zip(labels, rows, strict=True)]
    path.write_text("\n".join([header, *filled]) + "\n", encoding="utf-8-sig")


def test_labelled_sample_is_counted(tmp_path: Path) -> None:
    sampled(tmp_path, 10)
    label(sample_file(tmp_path), ["no", "NO", "n", "0", "false", "no", "no", "no", "yes", " Missed "])
    assert read_labels(sample_file(tmp_path)) == ({"missed": 2, "read": 10}, 90)


BAD = [
    pytest.param("label,population\nno,9\n,9\n", "document 2 has no label; allowed: yes", id="no label"),
    pytest.param("label,population\nperhaps,9\n", "document 1 has the label 'perhaps'", id="unknown label"),
    pytest.param("label,population\nno,9\nno,8\n", "documents of several samples", id="two samples"),
    pytest.param("label,population\n", "holds no documents", id="empty"),
    pytest.param("label,population\nno,many\n", "no whole number as population", id="population"),
    pytest.param("label\nno\n", "no whole number as population", id="no population"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_file_that_cannot_be_counted_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text(content, encoding="utf-8")
    with pytest.raises(AuditError, match=message):
        read_labels(tmp_path / "sample.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("sample.txt", "no", "ends in '.txt'; allowed: .csv, .jsonl", id="suffix"),
        pytest.param("sample.jsonl", "{broken", "line 1 is not JSON", id="not JSON"),
        pytest.param("sample.jsonl", "[1]", "document 1 has no label", id="not an object"),
    ],
)
def test_other_file_is_refused(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(AuditError, match=message):
        read_labels(tmp_path / name)


def test_formula_in_a_text_does_not_run_in_a_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(orjson.dumps({"id": "=1", "text": '=HYPERLINK("a")'}) + b"\n")
    inputs = FileInputs([tmp_path / "in.jsonl"], OPTIONS, read=read_plainly)
    Runs(tmp_path, extensions=Extensions(finishers=[AuditSample(inputs, 1)])).run()
    assert "'=HYPERLINK" in sample_file(tmp_path).read_text(encoding="utf-8")


def test_command_says_the_bound(tmp_path: Path) -> None:
    sampled(tmp_path, 30)
    label(sample_file(tmp_path), ["no"] * 29 + ["yes"])
    result = CliRunner().invoke(app, ["estimate", str(sample_file(tmp_path))])
    assert result.exit_code == 0
    assert "1 of 30 documents read should have been flagged (3.33%)" in result.stdout
    assert "less than 14.86% of the 90 unflagged documents should have been: at most 13." in result.stdout


def test_command_gives_json(tmp_path: Path) -> None:
    sampled(tmp_path, 30)
    label(sample_file(tmp_path), ["no"] * 30)
    result = CliRunner().invoke(app, ["estimate", str(sample_file(tmp_path)), "--confidence", "0.9", "--json"])
    found = orjson.loads(result.stdout)
    assert (found["missed"], found["sample"], found["confidence"]) == (0, 30, 0.9)
    assert found["upper"] == pytest.approx(1 - 0.1 ** (1 / 30))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["estimate", "missing.csv"], 2, id="no file"),
        pytest.param(["estimate", "blank.csv"], 3, id="not labelled"),
        pytest.param(["estimate", "more.csv"], 2, id="more read than there are"),
    ],
)
def test_command_that_cannot_answer_says_so(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("blank.csv").write_text("label,population\n,9\n", encoding="utf-8")
    Path("more.csv").write_text("label,population\nno,1\nno,1\n", encoding="utf-8")
    whole = typer.Typer(cls=OneLineErrors)
    whole.add_typer(app, name="audit-sample")
    assert CliRunner().invoke(whole, ["audit-sample", *arguments]).exit_code == code
