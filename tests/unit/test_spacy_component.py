"""The spaCy component says what the analyzer says, on its own tokens, alone, in batches and after a journey."""

import json
import pickle
import shutil
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from classifier import Analyzer, ArtifactError
from classifier.artifact import DEFAULT_MODEL
from classifier.component_files import SETTINGS, ComponentError, Options, pack, unpack
from classifier.pipeline import Pipeline
from classifier.spacy_component import TellsignComponent, displacy_options
from tests.analyses import DENIAL, DISCLOSURE, GUIDANCE, OFFER, RECIPE, SPANISH, TEXTS
from tests.fakes import FakeAnalyzer
from tests.small_model import build_small_model, save_small_model

NAMES = ("label_", "kb_id_", "start_char", "end_char")


def spans_of(doc: Doc, key: str = "tellsign") -> list[tuple[Any, ...]]:
    return [tuple(getattr(span, name) for name in NAMES) for span in doc.spans[key]]


@pytest.fixture(scope="module")
def nlp(analyzer: Analyzer) -> Language:
    """A blank pipeline with the component, which has the model that is loaded already."""
    blank = spacy.blank("en")
    component: Any = blank.add_pipe("tellsign")
    component._analyzer = analyzer
    return blank


@pytest.fixture(scope="module")
def folder(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model in a folder of its own."""
    place = tmp_path_factory.mktemp("models") / "site"
    save_small_model(place, build_small_model(pipeline))
    return place


def small(folder: Path, **options: Any) -> Language:
    blank = spacy.blank("en")
    blank.add_pipe("tellsign", config={"path": str(folder), **options})
    return blank


def component_of(folder: Path) -> TellsignComponent:
    return TellsignComponent(folder, Options("fast", "tellsign", "en", 1_000))


def faked(**options: Any) -> Language:
    """A pipeline whose component has a stand-in for its model."""
    blank = spacy.blank("en")
    component: Any = blank.add_pipe("tellsign", config=options)
    component._analyzer = FakeAnalyzer(max_characters=100)
    return blank


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_spans_are_those_of_the_analyzer_on_whole_tokens(nlp: Language, analyzer: Analyzer, text: str) -> None:
    doc, analysis = nlp(text), analyzer.analyze(text)
    group = doc.spans["tellsign"]
    found = [(span, score) for score in analysis.indicators for span in score.spans]
    found.sort(key=lambda pair: (pair[0].start, pair[0].end))
    assert [(span.label_, span.kb_id_) for span in group] == [(score.id, one.assertion) for one, score in found]
    assert list(zip(group.attrs["starts"], group.attrs["ends"], strict=True)) == [(s.start, s.end) for s, _ in found]
    assert group.attrs["scores"].tolist() == [score.probability for _, score in found]
    assert group.attrs["contributions"].tolist() == [span.contribution for span, _ in found]
    for span, (one, score) in zip(group, found, strict=True):
        assert span.start_char <= one.start < one.end <= span.end_char
        assert span._.tellsign["probability"] == score.probability


def test_analysis_is_there_in_plain_objects(nlp: Language, analyzer: Analyzer) -> None:
    doc, analysis = nlp(DISCLOSURE), analyzer.analyze(DISCLOSURE)
    told = json.loads(json.dumps(doc._.tellsign))
    assert told == doc._.tellsign
    assert told["review"]["probability"] == analysis.review.probability
    assert [one["id"] for one in told["indicators"]] == [one.id for one in analysis.indicators]


def test_batches_say_what_single_documents_say(nlp: Language) -> None:
    texts = [DISCLOSURE, "", DENIAL, OFFER, RECIPE, SPANISH, GUIDANCE] * 3
    alone = [nlp(text) for text in texts]
    for size in (1, 4, 100):
        together = list(nlp.pipe(texts, batch_size=size))
        assert [doc._.tellsign for doc in together] == [doc._.tellsign for doc in alone]
        assert [spans_of(doc) for doc in together] == [spans_of(doc) for doc in alone]


def test_stream_is_read_a_batch_at_a_time(nlp: Language) -> None:
    taken = []

    def texts() -> Iterator[str]:
        for number in range(10):
            taken.append(number)
            yield f"{RECIPE} {number}"

    next(iter(nlp.pipe(texts(), batch_size=3)))
    assert len(taken) <= 6


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_gets_an_analysis_or_an_error(small_nlp: Language, text: str) -> None:
    doc = small_nlp(text)
    assert ("error" in doc._.tellsign) != ("indicators" in doc._.tellsign)
    for span, start, end in zip(doc.spans["tellsign"], *bounds(doc), strict=True):
        assert span.start_char <= start < end <= span.end_char
        assert doc.text[start:end]


def bounds(doc: Doc) -> tuple[list[int], list[int]]:
    attributes = doc.spans["tellsign"].attrs
    return list(attributes.get("starts", ())), list(attributes.get("ends", ()))


@pytest.fixture(scope="module")
def small_nlp(folder: Path) -> Language:
    return small(folder)


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty_text"), ("  \n", "empty_text"), ("a " * 60, "text_too_long")], ids=repr
)
def test_text_that_cannot_be_read_says_why(text: str, code: str) -> None:
    doc = faked()(text)
    assert doc._.tellsign["error"]["code"] == code
    assert spans_of(doc) == []


def test_language_of_all_texts_can_be_said() -> None:
    doc = faked(language="tl")("They took my passport.")
    assert {one["state"] for one in doc._.tellsign["indicators"]} == {"abstained"}


def test_spans_key_can_be_chosen() -> None:
    doc = faked(spans_key="sc")("He keeps our passports.")
    assert list(doc.spans) == ["sc"]
    assert spans_of(doc, "sc") == [("document_retention", "asserted", 3, 22)]


def test_displacy_draws_the_spans(nlp: Language) -> None:
    doc = nlp(DISCLOSURE)
    drawn = displacy.render(doc, style="span", options=displacy_options(), jupyter=False)
    assert "document_retention" in drawn
    assert displacy_options()["colors"]["document_retention"] in drawn


def test_other_pipes_see_the_spans(nlp: Language) -> None:
    both = spacy.blank("en")
    both.add_pipe("tellsign", source=nlp)
    both.add_pipe("span_ruler", config={"spans_key": "ruler"})
    ruler: Any = both.get_pipe("span_ruler")
    ruler.add_patterns([{"label": "SAFE", "pattern": "safe"}])
    doc = both(DISCLOSURE)
    assert set(doc.spans) == {"tellsign", "ruler"}
    told = both.analyze_pipes()
    assert told is not None
    assert told["problems"] == {"tellsign": [], "span_ruler": []}


def test_document_survives_bytes_and_docbin(nlp: Language) -> None:
    doc = nlp(DISCLOSURE)
    packed = DocBin(docs=[doc], store_user_data=True).to_bytes()
    for copy in (Doc(nlp.vocab).from_bytes(doc.to_bytes()), *DocBin().from_bytes(packed).get_docs(nlp.vocab)):
        assert spans_of(copy) == spans_of(doc)
        # A DocBin gives tuples back for lists.
        assert json.dumps(copy._.tellsign) == json.dumps(doc._.tellsign)
        assert copy.spans["tellsign"].attrs["scores"].tolist() == doc.spans["tellsign"].attrs["scores"].tolist()


def test_saved_pipeline_carries_its_model(folder: Path, small_nlp: Language, tmp_path: Path) -> None:
    model = tmp_path / "models" / "site"
    shutil.copytree(folder, model)
    before = small(model, language="en", spans_key="found")
    before.to_disk(tmp_path / "saved")
    packed = before.to_bytes()
    shutil.rmtree(model)
    blank = spacy.blank("en")
    blank.add_pipe("tellsign")
    expected = spans_of(small_nlp(DISCLOSURE))
    for after in (spacy.load(tmp_path / "saved"), blank.from_bytes(packed)):
        assert spans_of(after(DISCLOSURE), "found") == expected != []


def test_component_travels_to_another_process(folder: Path) -> None:
    component = component_of(folder)
    copy = pickle.loads(pickle.dumps(component))  # noqa: S301 - our own bytes
    assert copy._options == component._options
    assert copy.to_bytes() == component.to_bytes()


def test_model_files_of_a_copy_go_with_it(folder: Path) -> None:
    copy = component_of(folder).from_bytes(component_of(folder).to_bytes())
    place = copy._folder
    assert place is not None
    assert place.is_dir()
    del copy
    assert not place.exists()


def test_only_a_model_of_one_s_own_is_packed(folder: Path) -> None:
    assert {name.split("/")[0] for name in unpack(component_of(folder).to_bytes())} == {SETTINGS, "default"}
    shipped = TellsignComponent(None, Options(None, "tellsign", None, 100))
    assert set(unpack(shipped.to_bytes())) == {SETTINGS}


def test_neighbours_of_other_languages_come_along() -> None:
    component = TellsignComponent(DEFAULT_MODEL, Options("fast", "tellsign", None, 100))
    assert {name.split("/")[0] for name in unpack(component.to_bytes())} == {SETTINGS, "default", "es"}


def changed(data: bytes, **values: object) -> bytes:
    files = unpack(data)
    return pack(files | {SETTINGS: json.dumps(json.loads(files[SETTINGS]) | values).encode()})


def with_file(data: bytes, name: str) -> bytes:
    buffer = BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as packed:
        packed.writestr(name, b"x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: b"no zip", "not a packed component"),
        (lambda _: pack({}), "not a packed component"),
        (lambda data: with_file(data, "../evil"), "not a packed component"),
        (lambda data: with_file(data, "default/evil.py"), "not a packed component"),
        (lambda data: pack(unpack(data) | {SETTINGS: b"{"}), "settings.json is not JSON"),
        (lambda data: changed(data, format=9), "settings.json is not of format 1"),
        (lambda data: changed(data, spans_key=3), "field 'spans_key' is missing or of a wrong type"),
        (lambda data: changed(data, model="../elsewhere"), "field 'model' must be 'default' or a language code"),
        (lambda data: changed(data, tier="slow"), "tier 'slow' is unknown; allowed: fast, cascade, deep"),
    ],
    ids=["other bytes", "empty", "path", "code", "no JSON", "format", "type", "model", "tier"],
)
def test_wrong_bytes_are_refused(folder: Path, change: Any, message: str) -> None:
    component = component_of(folder)
    with pytest.raises(ComponentError, match=message):
        component.from_bytes(change(component.to_bytes()))


def test_another_model_than_the_saved_one_is_refused(folder: Path) -> None:
    component = component_of(folder)
    with pytest.raises(ArtifactError, match="saved with another model 'small'"):
        component.from_bytes(changed(component.to_bytes(), files={}))


def test_folder_without_a_component_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"settings\.json is missing"):
        component_of(folder).from_disk(tmp_path)


def test_unknown_tier_is_refused_as_the_pipe_is_added(folder: Path) -> None:
    with pytest.raises(ComponentError, match="tier 'slow' is unknown"):
        small(folder, tier="slow")


def test_folder_without_a_model_is_refused_when_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no model in"):
        small(tmp_path)(DISCLOSURE)
