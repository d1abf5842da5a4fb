"""The front door: which model a text goes to, and that nothing else depends on who else is asked."""

import json
from pathlib import Path

import pytest

from classifier import Analysis, Analyzer, ArtifactError, Document, DocumentError, MultilingualAnalyzer, load
from classifier.artifact import hash_lexicon
from classifier.languages import find_languages
from classifier.pipeline import Pipeline
from classifier.taxonomy import load_taxonomy
from tests.small_model import build_manifest, build_small_model, save_small_model

ENGLISH = "The manager took our passports, and the gate is locked at night."
SPANISH = "El patrón nos quitó los pasaportes y no nos deja salir de la casa por la noche."
FRENCH = "Le patron nous a pris nos passeports et nous ne pouvons pas sortir de la maison."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two models that mean nothing: English in `default`, Spanish in `es`."""
    folder = tmp_path_factory.mktemp("models")
    for number, (name, language) in enumerate((("default", "en"), ("es", "es"))):
        save_model(folder / name, language, seed=number)
    return folder


@pytest.fixture(scope="module")
def door(home: Path) -> MultilingualAnalyzer:
    analyzer = load(home / "default", max_characters=1000)
    assert isinstance(analyzer, MultilingualAnalyzer)
    return analyzer


def save_model(folder: Path, language: str, seed: int = 0, **changes: object) -> None:
    manifest = build_manifest(
        name=f"small-{language}", language=language, lexicon_sha256=hash_lexicon(language), **changes
    )
    save_small_model(folder, build_small_model(Pipeline(language, load_taxonomy().ids), seed), manifest)


TEXTS = [("en", ENGLISH, "small-en"), ("es", SPANISH, "small-es")]


@pytest.mark.parametrize(("code", "text", "model"), TEXTS, ids=[case[0] for case in TEXTS])
def test_text_goes_to_the_model_of_its_language(door: Analyzer, code: str, text: str, model: str) -> None:
    analysis = door.analyze(text)
    assert (analysis.language.code, analysis.language.supported, analysis.model.name) == (code, True, model)
    assert 0.0 < analysis.language.probability < 1.0
    assert all(score.probability is not None for score in analysis.indicators)


def test_answer_is_that_of_the_model_alone(door: Analyzer, home: Path) -> None:
    alone, handed_on = load(home / "es").analyze(SPANISH), door.analyze(SPANISH)
    assert type(load(home / "es")) is Analyzer
    assert handed_on.indicators == alone.indicators
    assert (handed_on.review, handed_on.context, handed_on.model) == (alone.review, alone.context, alone.model)


def test_language_that_is_said_goes_before_the_one_that_is_found(door: Analyzer) -> None:
    analysis = door.analyze(Document(ENGLISH, "one", language="es"))
    assert (analysis.id, analysis.model.name) == ("one", "small-es")
    assert (analysis.language.code, analysis.language.probability) == ("es", 1.0)
    assert door.analyze(Document(SPANISH, language="en")).model.name == "small-en"


@pytest.mark.parametrize("said", [None, "fr"], ids=["found", "said"])
def test_language_without_a_model_abstains_and_names_those_with_one(door: Analyzer, said: str | None) -> None:
    analysis = door.analyze(Document(FRENCH, language=said))
    assert (analysis.language.code, analysis.language.supported) == ("fr", False)
    assert {score.state for score in analysis.indicators} == {"abstained"}
    (warning,) = analysis.warnings
    assert warning.code == "unsupported_language"
    assert warning.detail.startswith("language 'fr' is not supported (there are en, es);")


def test_text_without_words_abstains_for_want_of_words(door: Analyzer) -> None:
    (warning,) = door.analyze("12 34 !!").warnings
    assert warning.code == "no_words"


def test_mixed_batch_gives_what_each_text_gives_alone(door: Analyzer) -> None:
    texts = [SPANISH, ENGLISH, FRENCH, " ", "12", "x" * 1001, SPANISH.upper(), ENGLISH, "hola", "no"]
    documents = [
        Document(text, f"{number}", language=said)
        for number, (text, said) in enumerate((text, said) for said in (None, "es", "en", "fr") for text in texts)
    ]
    together = list(door.analyze_many(documents))
    assert [one.id for one in together if isinstance(one, Analysis)] == [
        document.id for document, one in zip(documents, together, strict=True) if isinstance(one, Analysis)
    ]
    for document, one in zip(documents, together, strict=True):
        if isinstance(one, DocumentError):
            with pytest.raises(DocumentError) as caught:
                door.analyze(document)
            assert caught.value.code == one.code
        else:
            assert door.analyze(document) == one


def test_model_is_built_when_its_language_comes(home: Path) -> None:
    """Spanish costs those who never see it a look at its files and no more."""
    analyzer = load(home / "default")
    assert isinstance(analyzer, MultilingualAnalyzer)
    analyzer.analyze(ENGLISH)
    assert not analyzer._built
    analyzer.analyze(SPANISH)
    assert set(analyzer._built) == {"es"}


def test_languages_are_the_folders_that_there_are(home: Path, tmp_path: Path) -> None:
    assert find_languages(home / "default", "en") == {"es": home / "es"}
    assert find_languages(home / "default", "es") == {}
    assert find_languages(home / "es", "es") == {}
    save_model(tmp_path / "mine", "en")
    assert type(load(tmp_path / "mine")) is Analyzer


def test_folder_that_holds_another_language_than_its_name_is_none(tmp_path: Path) -> None:
    save_model(tmp_path / "default", "en")
    save_model(tmp_path / "old", "en")
    (tmp_path / "fr").mkdir()
    assert find_languages(tmp_path / "default", "en") == {}


def test_changed_model_of_another_language_is_refused_at_once(tmp_path: Path) -> None:
    save_model(tmp_path / "default", "en")
    save_model(tmp_path / "es", "es")
    path = tmp_path / "es" / "words.txt"
    path.write_text(f"{path.read_text(encoding='utf-8')}x", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"es' is refused: words\.txt has sha256"):
        load(tmp_path / "default")


def test_info_and_card_are_those_of_the_main_model(door: MultilingualAnalyzer) -> None:
    assert (door.info.name, door.card["language"], door.languages) == ("small-en", "en", ("en", "es"))
    assert json.dumps(door.card["indicators"]) == json.dumps(list(door.taxonomy.ids))
