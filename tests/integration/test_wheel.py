"""The wheel is whole: installed away from the checkout, it finds its own taxonomy, model and corpus."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = "The manager keeps our passports in his safe. I owe 4,000 for the ticket and it goes up each week."

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built with the hatchling that is installed."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("tellsign-*.whl")
    return path


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel and nothing else; its dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-index", "--no-compile", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(wheel)], check=True)
    return folder


def run(site: Path, *arguments: str) -> str:
    """Standard output of this Python with the installed wheel ahead of the checkout, started elsewhere."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TELLSIGN_")}
    environment["PYTHONPATH"] = str(site)
    # -P keeps the working folder and the script's folder off the path, so nothing is found by accident.
    finished = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=site.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_wheel_holds_data_and_types_but_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"classifier/py.typed", "training/py.typed", "service/py.typed"} <= set(names)
    for pattern in (
        "classifier/taxonomy/indicators.toml",
        "classifier/taxonomy/lexicon/en.toml",
        "classifier/models/default/manifest.json",
        "classifier/models/encoder/manifest.json",
        "classifier/models/encoder/encoder.onnx",
        "classifier/models/encoder/heads.npz",
        "classifier/models/encoder/tokenizer.json",
        "training/recipes/default.toml",
        "training/encoder/*.toml",
        "training/benchmarks/*.toml",
        "training/corpora/authored/*.jsonl",
        "service/web/**/*.html",
        "service/web/**/*.css",
    ):
        assert any(Path("/", name).match(pattern) for name in names), pattern
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"classifier", "training", "service"}


def test_installed_packages_are_the_ones_that_run(site: Path) -> None:
    code = "import classifier, service.cli, training.cli as t; print(classifier.__file__, service.__file__, t.__file__)"
    assert [Path(name).is_relative_to(site) for name in run(site, "-c", code).split()] == [True, True, True]


def test_installed_command_analyses_a_text(site: Path) -> None:
    analysis = json.loads(run(site, str(site / "bin" / "tellsign"), "score", "--json", TEXT))
    assert analysis["model"]["name"] == "default"
    assert len(analysis["indicators"]) == 17
    spans = [span for indicator in analysis["indicators"] for span in indicator["spans"]]
    assert spans, "an example full of indicators has no evidence"
    assert all(TEXT[span["start"] : span["end"]] == span["text"] for span in spans)


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("train", "--recipe"),
        ("evaluate", "--suite"),
        ("budget", "--alert-budget"),
        ("recalibrate", "--output"),
        ("benchmark", "--data"),
        ("train-encoder", "--recipe"),
    ],
)
def test_installed_command_knows_the_commands_of_training(command: str, option: str, site: Path) -> None:
    assert option in run(site, str(site / "bin" / "tellsign"), command, "--help")
