"""A language is added with data alone: a lexicon, labelled texts with their card, a recipe, and what training makes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from classifier.pipeline import Pipeline
from classifier.taxonomy import load_taxonomy
from tests.records import write_card, write_recipe, write_rows
from tests.small_model import build_small_model, save_small_model

ROOT = Path(__file__).parents[2]
# One clause for each indicator, and everyday sentences to put around them.
CLAUSES = {
    "abuse_of_vulnerability": "approfitava del fatto che non ho documenti",
    "deception": "il lavoro promesso era tutta una bugia",
    "restriction_of_movement": "di notte chiudono il cancello con il lucchetto",
    "isolation": "mi ha tolto il telefono appena arrivata",
    "physical_sexual_violence": "il caposquadra ci picchiava con un tubo",
    "intimidation_threats": "minaccia di chiamare la polizia se parliamo",
    "document_retention": "il padrone tiene i nostri passaporti in cassaforte",
    "wage_withholding": "da cinque mesi non ci pagano lo stipendio",
    "debt_bondage": "il debito del viaggio cresce ogni settimana",
    "abusive_conditions": "dormivamo in dodici per terra senza acqua",
    "excessive_overtime": "lavoriamo sedici ore al giorno senza riposo",
    "third_party_control": "lui risponde ai messaggi e tiene tutti i soldi",
    "suspicious_recruitment": "duemila euro senza esperienza, manda subito foto e passaporto",
    "sexual_exploitation": "la costringevano a prostituirsi in un locale",
    "child_exploitation": "un bambino di dieci anni carica mattoni nella fornace",
    "transport_harbouring": "ogni quindici giorni ci spostano in un'altra città",
    "supply_chain_exploitation": "il cotone viene da campi con lavoro forzato",
}
GENRES = ("disclosure", "solicitation", "report", "guidance", "unrelated")
GROUPS = 10
LEXICON = """
version = "1.0"
language = "it"
terminators = ["ma"]
listing = [",", "e", "né"]
folds = { "à" = "a", "è" = "e", "é" = "e", "ì" = "i", "ò" = "o", "ù" = "u" }
common = ["il", "la", "i", "di"]

[endings]
o = ["o", "i", "a", "e"]
"" = [""]

[[pattern]]
id = "doc-tiene"
indicator = "document_retention"
pattern = "=tiene ..2 passaporto"
match = ["tiene i nostri passaporti"]
reject = ["tiene la porta"]

[[cue]]
id = "neg-nessuno"
assertion = "negated"
pattern = "(=nessuno|=non)"
scope = "after"
reach = 9
match = ["nessuno tiene i passaporti"]
reject = ["lui tiene i passaporti"]
"""
SCRIPT = """
import json, sys
import classifier
from classifier import Document
from training import cli
if sys.argv[1:] == ["train"]:
    sys.exit(cli.train(["--recipe", "it", "--output", str(classifier.artifact.DEFAULT_MODEL.parent / "it"), "--quiet"]))
for one in classifier.load().analyze_many(Document(text) for text in json.load(sys.stdin)):
    scores = {score.id: [score.probability, score.state] for score in one.indicators}
    print(json.dumps([one.language.code, one.language.supported, one.model.name, scores]))
"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the two packages, to which files are added."""

    folder: Path

    def run(self, *arguments: str, texts: list[str] | None = None) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"PYTHONPATH": str(self.folder), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", f"import classifier.artifact\n{SCRIPT}", *arguments]
        return subprocess.run(
            command,
            env=environment,
            cwd=self.folder,
            input=json.dumps(texts),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def analyze(self, *texts: str) -> list[Any]:
        done = self.run("analyze", texts=list(texts))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The packages as they stand, with a small English model that means nothing in the place of the one that ships."""
    folder = tmp_path_factory.mktemp("copy")
    leave = shutil.ignore_patterns("__pycache__", "models", "authored")
    for package in ("classifier", "training"):
        shutil.copytree(ROOT / package, folder / package, ignore=leave)
    model = build_small_model(Pipeline("en", load_taxonomy().ids))
    save_small_model(folder / "classifier" / "models" / "default", model)
    return Copy(folder)


def fillers() -> Iterator[str]:
    """Italian sentences of everyday life, over and over."""
    rows = [json.loads(line) for line in (ROOT / "tests/data/languages.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [row["text"] for row in rows if row["language"] == "it"]
    # Steps that share no divisor with the number of texts: neighbours differ each time round.
    for step in (1, 7, 11, 13, 17, 19, 23, 29):
        yield from (texts[step * place % len(texts)] for place in range(len(texts)))


def rows() -> Iterator[dict[str, Any]]:
    """Labelled texts: every clause in every group, and every kind of text without one."""
    around = iter(list(fillers()) * 4)
    for group in range(GROUPS):
        for number, (indicator, clause) in enumerate(CLAUSES.items()):
            before, after = islice(around, 2)
            start = len(before) + 1
            span = {"start": start, "end": start + len(clause), "indicator": indicator, "assertion": "asserted"}
            genre = GENRES[number % 3]
            yield row(f"{group}-{indicator}", f"{before} {clause}. {after}", genre, [span])
        for genre in GENRES:
            yield row(f"{group}-{genre}", " ".join(islice(around, 2)), genre, [])


def row(name: str, text: str, genre: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    review = bool(spans)
    return {"id": name, "text": text, "lang": "it", "genre": genre, "needs_review": review, "spans": spans} | {
        "source": "authored",
        "group": name,
        "split": "train",
    }


def add_language(folder: Path) -> None:
    """The whole change: four files of data."""
    lexicon = folder / "classifier/taxonomy/lexicon/it.toml"
    lexicon.write_text(LEXICON, encoding="utf-8")
    corpora, recipes = folder / "training/corpora", folder / "training/recipes"
    card = write_card(corpora, [write_rows(corpora / "italian.jsonl", rows())])
    card.rename(corpora / "italian.toml")
    written = write_recipe(
        recipes,
        corpus='"italian"',
        language='"it"',
        jobs="1",
        encoder="false",
        folds="3",
        test_share="0.2",
        lexicon_share="0.0",
    )
    written.rename(recipes / "it.toml")


@pytest.mark.slow
def test_third_language_is_data_alone(copy: Copy) -> None:
    italian = "Nel laboratorio il padrone tiene i nostri passaporti in cassaforte da marzo."
    denied = "Nel laboratorio nessuno tiene i nostri passaporti e la domenica siamo liberi."
    english = "The manager took our passports and the gate is locked at night."
    (before,) = copy.analyze(italian)
    assert before[:2] == ["it", False]

    code = {path: path.read_bytes() for path in copy.folder.rglob("*.py")}
    add_language(copy.folder)
    done = copy.run("train")
    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in copy.folder.rglob("*.py")} == code

    told, denial, other = copy.analyze(italian, denied, english)
    assert told[:3] == ["it", True, "it"]
    assert denial[:3] == ["it", True, "it"]
    assert other[:3] == ["en", True, "small"]
    probabilities = {name: probability for name, (probability, _) in told[3].items()}
    assert max(probabilities, key=probabilities.__getitem__) == "document_retention"
    assert denial[3]["document_retention"][0] < probabilities["document_retention"]
