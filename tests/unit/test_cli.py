"""The command line: what each command says, and with which exit code."""

import re
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args

import orjson
import pytest
from typer.testing import CliRunner, Result

from classifier import document
from classifier.errors import ArtifactError
from classifier.taxonomy import load_taxonomy
from service.cli import app
from service.commands import ports
from service.commands.exits import UsageProblem
from service.commands.ports import run_extra
from tests.cli_fakes import NOTHING, fake_ports, load_dying

EXTRAS = (
    "train",
    "evaluate",
    "budget",
    "recalibrate",
    "benchmark",
    "corpus",
    "compare",
    "promote",
    "card",
    "train-encoder",
)


def tellsign(*arguments: str, stdin: bytes = b"", **doors: object) -> Result:
    """Run a command line against stand-ins; an exception that is no exit is a failure of the test."""
    return CliRunner().invoke(
        app, list(arguments), input=stdin, obj=fake_ports(**doors), prog_name="tellsign", catch_exceptions=False
    )


def test_version_is_one_line() -> None:
    assert re.fullmatch(r"tellsign \S+\n", tellsign("--version").stdout)


def test_help_names_every_command() -> None:
    result = tellsign("--help")
    assert result.exit_code == 0
    for command in (
        "serve",
        "score",
        "taxonomy",
        "model",
        "keys",
        "users",
        "audit-sample",
        "store",
        "retention",
        "audit",
        *EXTRAS,
    ):
        assert re.search(rf"\b{command}\b", result.stdout)


def test_no_command_shows_help_and_is_a_usage_error() -> None:
    result = tellsign()
    assert result.exit_code == 2
    assert "Usage: tellsign" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["scor", "x"], "Did you mean 'score'", id="unknown command"),
        pytest.param(["score", "x", "--modle", "y"], "--modle", id="unknown option"),
        pytest.param(["score"], "nothing to score", id="no input"),
        pytest.param(["score", "one", "two"], "argument 1 of 2", id="unquoted text"),
        pytest.param(["score", "lost.jsonl"], "no such file: lost.jsonl", id="mistyped file"),
        pytest.param(["score", "x", "--output", "o.xml"], "allowed: .csv, .jsonl, .parquet", id="unknown format"),
        pytest.param(["score", "x", "--output", "no/o.csv"], "there is no folder no", id="no output folder"),
        pytest.param(["score", "x", "--jobs", "0"], "--jobs", id="no workers"),
        pytest.param(["score", "x", "--jsonl"], "standard input", id="jsonl without stdin"),
        pytest.param(["score", "x", "--resume"], "name it with --output", id="resume without output"),
        pytest.param(["score", "-", "--resume", "-o", "o.csv"], "standard input cannot", id="resume of standard input"),
        pytest.param(
            ["score", "x", "--retry-dead", "-o", "o.csv"], "a text given as argument cannot", id="retry of text"
        ),
        pytest.param(["score", "x", "--resume", "--retry-dead", "-o", "o.csv"], "exclude", id="resume and retry"),
        pytest.param(["score", "x", "-o", "o.csv", "--engine", "dask"], "--scheduler", id="no scheduler"),
        pytest.param(["score", "x", "--scheduler", "tcp://h:1"], "--engine dask", id="scheduler without cluster"),
        pytest.param(
            ["score", "x", "--engine", "dask", "--scheduler", "tcp://h:1"], "--output", id="cluster to stdout"
        ),
        pytest.param(
            ["score", "x", "--engine", "dask", "--scheduler", "tcp://h:1", "-o", "o.csv"],
            "argument 1 of 1 is no file, folder or address",
            id="text for a cluster",
        ),
        pytest.param(["score", "x", "--language", "english"], "two or three letters", id="language name"),
        pytest.param(["score", "x", "--tier", "slow"], "'fast', 'cascade', 'deep'", id="unknown tier"),
        pytest.param(["serve", "--tier", "slow"], "'fast', 'cascade', 'deep'", id="unknown tier of the service"),
        pytest.param(["taxonomy", "isolatoin"], "did you mean 'isolation'?", id="mistyped indicator"),
        pytest.param(["taxonomy", "zzz"], "allowed: abuse_of_vulnerability", id="unknown indicator"),
        pytest.param(["model"], "Missing command", id="half a command"),
        pytest.param(["model", "show", "no-such-folder"], "no such model folder", id="no model folder"),
        pytest.param(["keys", "create", "--file", "k.json", "--owner", "a"], "--owner", id="owner in a keys file"),
        pytest.param(["users", "add"], "NAME", id="user without a name"),
    ],
)
def test_usage_error_is_one_line_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = tellsign(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr
    assert result.stderr.startswith("tellsign: ")
    assert result.stderr.count("\n") == 1


def test_usage_error_does_not_repeat_the_words_of_a_document() -> None:
    assert "passport" not in tellsign("score", "my passport", "is gone").stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_refused_model_is_one_line_and_exit_code_3(jobs: str) -> None:
    """Also where only the workers load it."""
    result = tellsign("score", NOTHING, "--model", "refused", "--jobs", jobs)
    assert result.exit_code == 3
    assert result.stderr == "tellsign: arrays.npz: its SHA-256 is not the one in the manifest\n"


def test_worker_that_dies_is_one_line_and_exit_code_3() -> None:
    result = tellsign("score", NOTHING, "--jobs", "2", load_analyzer=load_dying)
    assert result.exit_code == 3
    assert "a worker process ended without an answer" in result.stderr
    assert result.stderr.count("\n") == 1


def test_system_error_is_one_line_and_exit_code_3(tmp_path: Path) -> None:
    def serve(**_: object) -> None:
        (tmp_path / "gone").read_bytes()

    result = tellsign("serve", serve=serve)
    assert result.exit_code == 3
    assert result.stderr == f"tellsign: {tmp_path / 'gone'}: No such file or directory\n"


def test_serve_leaves_what_is_not_given_to_the_settings() -> None:
    calls: list[dict[str, object]] = []
    for arguments in (("--port", "8123"), ("--tier", "deep")):
        assert tellsign("serve", *arguments, serve=lambda **given: calls.append(given)).exit_code == 0
    nothing = {"host": None, "port": None, "model": None, "tier": None}
    assert calls == [nothing | {"port": 8123}, nothing | {"tier": "deep"}]


def test_serve_refused_is_exit_code_3() -> None:
    def serve(**_: object) -> None:
        raise ArtifactError("refused")

    assert tellsign("serve", serve=serve).exit_code == 3


def test_taxonomy_lists_every_indicator() -> None:
    result = tellsign("taxonomy")
    assert result.exit_code == 0
    assert [name for name in load_taxonomy().ids if name not in result.stdout] == []


def test_taxonomy_json_is_the_taxonomy() -> None:
    found = orjson.loads(tellsign("taxonomy", "--json").stdout)
    assert [indicator["id"] for indicator in found["indicators"]] == list(load_taxonomy().ids)


@pytest.mark.parametrize("name", load_taxonomy().ids)
def test_one_indicator_is_shown_in_full(name: str) -> None:
    indicator = load_taxonomy().indicator(name)
    shown = " ".join(tellsign("taxonomy", name).stdout.split())
    for text in (indicator.title, indicator.definition, *indicator.counts, *indicator.excludes, indicator.question):
        assert " ".join(text.split()) in shown
    assert orjson.loads(tellsign("taxonomy", name, "--json").stdout)["id"] == name


def make_folders(folder: Path, *names: str) -> list[str]:
    """Make model folders and return their paths."""
    for name in names:
        (folder / name).mkdir()
    return [str(folder / name) for name in names]


def test_model_show_outlines_the_manifest(tmp_path: Path) -> None:
    (folder,) = make_folders(tmp_path, "good")
    result = tellsign("model", "show", folder)
    assert "name: good\nthresholds:\n  isolation: 0.5\n" in result.stdout
    assert "\x1b" not in result.stdout
    assert orjson.loads(tellsign("model", "show", folder, "--json").stdout)["name"] == "good"


@pytest.mark.parametrize(("name", "code"), [("good", 0), ("changed", 3)])
def test_model_verify_says_whether_files_are_as_listed(name: str, code: int, tmp_path: Path) -> None:
    (folder,) = make_folders(tmp_path, name)
    result = tellsign("model", "verify", folder)
    assert result.exit_code == code
    assert ("differs" in result.stderr) is (code == 3)


@pytest.mark.parametrize(
    ("other", "options", "code", "says"),
    [
        pytest.param("near", [], 0, "not the same hash; largest difference 1e-07", id="within tolerance"),
        pytest.param("far", [], 3, "largest difference 0.001", id="too far"),
        pytest.param("far", ["--tolerance", "0.01"], 0, "0.001", id="wider tolerance"),
        pytest.param("unlike", [], 3, "nan", id="not a number"),
    ],
)
def test_model_compare_holds_the_tolerance(
    other: str, options: list[str], code: int, says: str, tmp_path: Path
) -> None:
    result = tellsign("model", "compare", *make_folders(tmp_path, "good", other), *options)
    assert result.exit_code == code
    assert says in result.stdout


def test_model_compare_knows_the_same_model(tmp_path: Path) -> None:
    (folder,) = make_folders(tmp_path, "good")
    result = tellsign("model", "compare", folder, folder)
    assert (result.exit_code, result.stdout) == (0, "identical: the same hash\n")


@pytest.mark.parametrize("command", EXTRAS)
def test_command_of_training_passes_its_arguments_on_untouched(command: str) -> None:
    calls: list[tuple[str, list[str]]] = []

    def run(name: str, arguments: list[str]) -> int:
        calls.append((name, arguments))
        return 5

    given = ["--recipe", "small", "corpus.jsonl", "-v", "--help"]
    assert tellsign(command, *given, run_extra=run).exit_code == 5
    assert tellsign(command, "--help", run_extra=run).exit_code == 5
    assert calls == [(command, given), (command, ["--help"])]


@pytest.mark.parametrize("command", EXTRAS)
def test_command_of_training_is_an_entry_point(command: str) -> None:
    """Of the installed distribution: after a new one, the editable install is made again."""
    assert len(entry_points(group="tellsign.commands", name=command)) == 1


def test_command_line_knows_the_tiers_of_the_classifier() -> None:
    assert get_args(ports.Tier) == get_args(document.Tier)


def install(folder: Path, module: str) -> None:
    """Lay out an installed distribution with one command, as an installer would."""
    (folder / "extra_commands.py").write_text(module)
    information = folder / "extra_commands-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-commands\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[tellsign.test]\nlearn = extra_commands:learn\n")


def test_command_of_another_package_is_found_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "def learn(arguments):\n    return len(arguments)\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert run_extra("learn", ["--a", "b", "c"], group="tellsign.test") == 3
    del sys.modules["extra_commands"]


def test_missing_package_of_a_command_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "import package_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageProblem, match=r"'package_that_is_not_there' is not installed; .*tellsign\[train\]"):
        run_extra("learn", [], group="tellsign.test")


@pytest.mark.parametrize(
    ("command", "extras"), [("learn", r"\[train\]"), ("train-encoder", r"\[train,train-encoder\]")]
)
def test_command_that_nobody_brings_names_the_extra(command: str, extras: str) -> None:
    with pytest.raises(UsageProblem, match=rf"pip install 'tellsign{extras}'"):
        run_extra(command, [], group="tellsign.nothing")


def test_key_is_made_listed_and_revoked(tmp_path: Path) -> None:
    file = str(tmp_path / "keys.json")
    made = tellsign("keys", "create", "--file", file, "--scope", "analyze", "--scope", "read", "--expires", "30")
    assert made.exit_code == 0
    token = made.stdout.strip()
    listed = tellsign("keys", "list", "--file", file)
    name = listed.stdout.split()[0]
    assert "analyze,read" in listed.stdout
    assert " ends " in listed.stdout
    assert token not in listed.stdout + (tmp_path / "keys.json").read_text()
    assert tellsign("keys", "revoke", name, "--file", file).exit_code == 0
    assert tellsign("keys", "list", "--file", file).stdout == ""
    assert tellsign("keys", "revoke", name, "--file", file).exit_code == 3


def test_key_with_an_unknown_scope_is_refused(tmp_path: Path) -> None:
    result = tellsign("keys", "create", "--file", str(tmp_path / "keys.json"), "--scope", "all")
    assert result.exit_code == 3
    assert "allowed: analyze" in result.stderr
