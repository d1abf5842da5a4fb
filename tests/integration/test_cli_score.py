"""`tellsign score` from argument to file: what goes in comes out, once, in order, with the same id."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from classifier.document import Document
from classifier.pipeline import Pipeline
from service.cli import app
from service.commands.ports import load_analyzer
from tests.cli_fakes import ASSERTED, HYPOTHETICAL, NEGATED, NOTHING, fake_ports
from tests.fakes import FakeAnalyzer
from tests.small_model import build_small_model, save_small_model

TEXTS = [ASSERTED, NEGATED, HYPOTHETICAL, NOTHING]


def score(*arguments: str, stdin: bytes = b"", **ports: object) -> Result:
    return CliRunner().invoke(
        app, ["score", *arguments], input=stdin, obj=fake_ports(**ports), prog_name="tellsign", catch_exceptions=False
    )


def expected(text: str, name: str | None) -> bytes:
    return orjson.dumps(FakeAnalyzer().analyze(Document(text, name)))


def corpus(folder: Path, count: int = 300) -> Path:
    """Write JSON Lines in which every 50th line is broken and every 70th is blank text."""
    path = folder / "in.jsonl"
    with path.open("wb") as stream:
        for number in range(count):
            text = " " if number % 70 == 69 else TEXTS[number % len(TEXTS)]
            line = orjson.dumps({"id": f"n-{number}", "text": text})
            stream.write((b"broken" if number % 50 == 49 else line) + b"\n")
    return path


def read(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_text_is_answered_with_one_json_line() -> None:
    result = score(ASSERTED)
    assert result.exit_code == 0
    assert result.stdout_bytes == expected(ASSERTED, None) + b"\n"
    assert result.stderr == ""


def test_output_has_the_same_ids_in_the_same_order(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(
        b"".join(orjson.dumps({"id": name, "text": NOTHING, "extra": {}}) + b"\n" for name in ("z", 7, "a b", "z"))
    )
    result = score(str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl"), "--no-dedupe")
    assert result.exit_code == 0
    assert [line["id"] for line in read(tmp_path / "out.jsonl")] == ["z", "7", "a b", "z"]
    first, second = result.stderr.splitlines()
    assert first == f"tellsign: 4 documents analysed, written to {tmp_path / 'out.jsonl'}"
    assert second.endswith(f" documents/s; {tmp_path / 'out.run'}")


def test_named_fields_are_carried_to_the_output(tmp_path: Path) -> None:
    line = {"id": "a", "text": NOTHING, "site": "north", "year": 2024, "other": "x"}
    (tmp_path / "in.jsonl").write_bytes(orjson.dumps(line) + b"\n" + orjson.dumps(line | {"id": "b"}) + b"\n")
    options = ("--metadata-field", "site", "--metadata-field", "year", "--metadata-field", "none", "--quiet")
    assert score(str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl"), *options).exit_code == 0
    found = read(tmp_path / "out.jsonl")
    assert [row["metadata"] for row in found] == [{"site": "north", "year": 2024}] * 2


def test_bad_documents_are_dead_letters_and_nothing_is_lost(tmp_path: Path) -> None:
    result = score(str(corpus(tmp_path)), "--output", str(tmp_path / "out.jsonl"), "--quiet", "--no-dedupe")
    done, dead = read(tmp_path / "out.jsonl"), read(tmp_path / "out.dead.jsonl")
    assert result.exit_code == 1
    assert (len(done), len(dead)) == (290, 10)
    assert {letter["code"] for letter in dead} == {"not_json", "empty_text"}
    assert [letter["line"] for letter in dead] == [50, 70, 100, 140, 150, 200, 210, 250, 280, 300]
    assert result.stderr == f"tellsign: 290 documents analysed, 10 dead letters in {tmp_path / 'out.dead.jsonl'}\n"


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_any_number_of_workers_writes_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    source, outputs = corpus(tmp_path, count=1000), []
    for jobs in ("1", "3"):
        output = tmp_path / f"out-{jobs}{suffix}"
        score(str(source), "--output", str(output), "--jobs", jobs)
        outputs.append(output.read_bytes() + (tmp_path / f"out-{jobs}.dead.jsonl").read_bytes())
    assert outputs[0] == outputs[1]


def test_alone_or_in_a_batch_the_bytes_are_the_same(tmp_path: Path) -> None:
    source = corpus(tmp_path, count=49)
    assert score(str(source)).stdout_bytes.splitlines() == [
        expected(TEXTS[number % len(TEXTS)], f"n-{number}") for number in range(49)
    ]


def test_output_inside_the_folder_it_reads_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(ASSERTED)
    for _ in range(2):
        result = score(str(tmp_path), "--output", str(tmp_path / "out.jsonl"))
        assert result.exit_code == 0
        assert [line["id"] for line in read(tmp_path / "out.jsonl")] == ["a.txt"]


def test_run_is_resumed_and_its_dead_letters_retried(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(orjson.dumps({"id": "a", "text": NOTHING}) + b"\n")
    (tmp_path / "late.jsonl").write_bytes(b"broken\n")
    command = [str(tmp_path / "in.jsonl"), str(tmp_path / "late.jsonl"), "--output", str(tmp_path / "out.jsonl")]
    assert score(*command).exit_code == 1
    (tmp_path / "out.jsonl").unlink()
    assert score(*command, "--resume").exit_code == 1
    (tmp_path / "late.jsonl").write_bytes(orjson.dumps({"id": "b", "text": NOTHING}) + b"\n")
    refused = score(*command, "--resume")
    assert (refused.exit_code, "late.jsonl changed" in refused.stderr) == (3, True)
    assert score(*command, "--retry-dead").exit_code == 0
    assert [line["id"] for line in read(tmp_path / "out.jsonl")] == ["a", "b"]


def test_output_may_not_overwrite_its_input(tmp_path: Path) -> None:
    source = corpus(tmp_path)
    before = source.read_bytes()
    assert score(str(source), "--output", str(source)).exit_code == 2
    assert source.read_bytes() == before


def test_json_with_output_is_a_summary_of_the_run(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    result = score(str(corpus(tmp_path)), "--output", str(output), "--json", "--quiet", "--no-dedupe")
    assert orjson.loads(result.stdout) == {
        "analysed": 290,
        "dead_letters": 10,
        "duplicates": 0,
        "output": str(output),
        "dead_letter_file": str(tmp_path / "out.dead.jsonl"),
        "run_folder": str(tmp_path / "out.run"),
    }


def test_dead_letters_without_a_file_are_named_on_standard_error() -> None:
    result = score("-", "--jsonl", stdin=b'{"id": "a", "text": ""}\nbroken\n{"text": "words"}\n')
    assert result.exit_code == 1
    assert [line["id"] for line in map(orjson.loads, result.stdout.splitlines())] == ["stdin:3"]
    assert [line.split(": ")[2:4] for line in result.stderr.splitlines()[:2]] == [
        ["stdin:1", "empty_text"],
        ["stdin:2", "not_json"],
    ]
    assert result.stderr.endswith("1 document analysed, 2 dead letters, named above\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty_text"), (" \t ", "empty_text"), ("a" * 100_001, "text_too_long")],
    ids=["empty", "blank", "too long"],
)
def test_bad_text_argument_is_one_line_and_exit_code_1(text: str, code: str) -> None:
    result = score(text)
    assert result.exit_code == 1
    assert f"tellsign: dead letter: argument: {code}: " in result.stderr
    assert result.stderr.count("\n") == 1


def test_fields_and_language_can_be_chosen() -> None:
    arguments = ("-", "--text-field", "body", "--id-field", "key", "--language", "ES")
    line = orjson.loads(score(*arguments, stdin=b'{"key": 3, "body": "words"}').stdout)
    assert (line["id"], line["language"]["code"], line["review"]["probability"]) == ("3", "es", None)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_tier_reaches_whoever_loads_the_model(jobs: str) -> None:
    for tier, said in (("deep", "deep"), ("fast", "fast")):
        line = orjson.loads(score(ASSERTED, "--tier", tier, "--jobs", jobs).stdout)
        assert line["tier"] == said
    drawing = score(ASSERTED, "--tier", "deep", stdout_is_terminal=True)
    assert "Tier: deep" in drawing.stdout


@pytest.fixture(scope="module")
def small(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a real model that was fitted to no encoder."""
    folder = tmp_path_factory.mktemp("model") / "small"
    save_small_model(folder, build_small_model(pipeline))
    return str(folder)


@pytest.mark.parametrize("options", [[], ["--tier", "fast"]], ids=["no tier asked for", "fast"])
def test_model_without_an_encoder_is_read_by_the_linear_model_alone(small: str, options: list[str]) -> None:
    result = score(ASSERTED, "--model", small, *options, load_analyzer=load_analyzer)
    assert result.exit_code == 0
    assert orjson.loads(result.stdout)["tier"] == "fast"


@pytest.mark.parametrize("tier", ["cascade", "deep"])
def test_tier_that_a_model_lacks_is_one_line_and_exit_code_3(small: str, tier: str) -> None:
    result = score(ASSERTED, "--model", small, "--tier", tier, load_analyzer=load_analyzer)
    assert result.exit_code == 3
    assert "the allowed tier is fast" in result.stderr
    assert result.stderr.count("\n") == 1


def test_terminal_gets_a_drawing_and_json_when_asked() -> None:
    drawing = score(ASSERTED, stdout_is_terminal=True)
    assert "keeps our passports[document_retention]" in drawing.stdout
    assert drawing.exit_code == 0
    assert orjson.loads(score(ASSERTED, "--json", stdout_is_terminal=True).stdout)["id"] is None


def test_json_on_a_terminal_holds_no_control_character() -> None:
    """The bytes differ from those in a file, the meaning does not."""
    line = b'{"id": "\xc2\x9b2J\xc3\x9b", "text": "words"}'
    shown = score("-", "--json", stdin=line, stdout_is_terminal=True)
    assert b"\xc2\x9b" not in shown.stdout_bytes
    assert orjson.loads(shown.stdout) == orjson.loads(score("-", stdin=line).stdout)
