"""The wire format: its frozen picture, its likeness to the classifier's dataclasses, and odd calls made from it."""

import dataclasses
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from pydantic import BaseModel
from schemathesis import GenerationMode
from schemathesis.specs.openapi.schemas import OpenApiSchema

from classifier import document, taxonomy
from service import schemas
from service.examples import ANALYZE_REQUESTS, ANALYZE_RESPONSES
from service.problems import FieldError
from service.schemas import AnalysesOut, AnalysisOut, ProblemOut
from service.security import SCOPES, create_key
from tests.fakes import FakeAnalyzer
from tests.serving import build_app, run_server

PICTURE = Path(__file__).with_name("openapi.json")

PAIRS: list[tuple[type[BaseModel], type]] = [
    (schemas.AnalysisOut, document.Analysis),
    (schemas.LanguageOut, document.Language),
    (schemas.ModelInfoOut, document.ModelInfo),
    (schemas.ContextOut, document.Context),
    (schemas.ReviewOut, document.Review),
    (schemas.IndicatorOut, document.IndicatorScore),
    (schemas.EvidenceOut, document.Evidence),
    (schemas.WarningOut, document.AnalysisWarning),
    (schemas.TaxonomyOut, taxonomy.Taxonomy),
    (schemas.IndicatorDefinitionOut, taxonomy.Indicator),
    (schemas.SourceOut, taxonomy.Source),
    (schemas.ContextLabelOut, taxonomy.ContextLabel),
    (schemas.AssertionLabelOut, taxonomy.AssertionLabel),
    (schemas.FieldErrorOut, FieldError),
    (schemas.DocumentIn, document.Document),
]


@pytest.mark.parametrize(("model", "shape"), PAIRS, ids=[model.__name__ for model, _ in PAIRS])
def test_model_and_dataclass_have_the_same_fields(model: type[BaseModel], shape: type) -> None:
    """Answers are written from the dataclass and described by the model: the two must not drift apart."""
    described = list(model.model_fields)
    written = [field.name for field in dataclasses.fields(shape)]
    assert sorted(described) == sorted(written)


@pytest.mark.parametrize(("model", "shape"), PAIRS[:-2], ids=[model.__name__ for model, _ in PAIRS[:-2]])
def test_model_and_dataclass_agree_on_what_may_be_null(model: type[BaseModel], shape: type) -> None:
    def nullable(annotation: Any) -> bool:
        return type(None) in typing.get_args(annotation)

    hints = typing.get_type_hints(shape)
    described = {name for name, field in model.model_fields.items() if nullable(field.annotation)}
    assert described == {name for name, hint in hints.items() if nullable(hint)}


def test_analyses_validate_against_their_model() -> None:
    analyzer = FakeAnalyzer()
    for entry in (document.Document("He keeps our passports."), document.Document("Suomeksi.", language="fi")):
        AnalysisOut.model_validate_json(orjson.dumps(analyzer.analyze(entry)))


def test_examples_of_the_description_are_valid() -> None:
    assert ANALYZE_REQUESTS.keys() == ANALYZE_RESPONSES.keys()
    schemas.TextIn.model_validate(ANALYZE_REQUESTS["text"]["value"])
    schemas.DocumentsIn.model_validate(ANALYZE_REQUESTS["documents"]["value"])
    AnalysisOut.model_validate(ANALYZE_RESPONSES["text"]["value"])
    AnalysesOut.model_validate(ANALYZE_RESPONSES["documents"]["value"])
    ProblemOut.model_validate(ANALYZE_RESPONSES["documents"]["value"]["analyses"][1]["error"])


def test_description_is_the_frozen_picture() -> None:
    """A change of the wire format is seen in review; to accept it, write the file again from `/openapi.json`."""
    described = build_app().openapi()
    described["info"]["version"] = "0"
    assert described == orjson.loads(PICTURE.read_bytes())


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def token(keys: Path) -> str:
    return create_key(keys, scopes=SCOPES)[0]


@pytest.fixture(scope="module")
def address(keys: Path, token: str) -> Iterator[str]:
    """A server with keys on, so that the description's word on security is tested too."""
    assert token
    with run_server(build_app(keys_file=keys)) as url:
        yield url


@pytest.fixture(scope="module")
def api(address: str) -> OpenApiSchema:
    config = schemathesis.config.SchemathesisConfig.from_dict({"generation": {"deterministic": True}})
    return schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)


# Those of the desk need people and documents: test_desk_contract.py has them.
OPERATIONS = [
    (path, method)
    for path, item in orjson.loads(PICTURE.read_bytes())["paths"].items()
    for method, operation in item.items()
    if not set(operation["tags"]).isdisjoint({"analyze", "health", "model", "taxonomy"})
]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[f"{method} {path}" for path, method in OPERATIONS])
def test_endpoint_keeps_its_description(
    api: OpenApiSchema, token: str, path: str, method: str, mode: GenerationMode
) -> None:
    """Calls with well-formed and with broken input get a described status, media type and shape, never a 5xx."""

    @given(case=api[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def call(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

    try:
        call()
    except Unsatisfiable:
        pytest.skip("an endpoint without input has none that is broken")
