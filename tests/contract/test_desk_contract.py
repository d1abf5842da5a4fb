"""Odd calls to every route of the desk: an answer of the described status and shape, never a 5xx."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from service.store.api_keys import KEY_SCOPES, create_api_key
from service.store.settings import load_store_settings
from service.store.store import open_store
from service.store.upgrade import upgrade_store
from tests.desk_app import desk_app, desk_over, somebody
from tests.reviewing import PASSPORT, put_in
from tests.serving import run_server

PICTURE = Path(__file__).with_name("openapi.json")
OPERATIONS = [
    (path, method)
    for path, item in orjson.loads(PICTURE.read_bytes())["paths"].items()
    for method, operation in item.items()
    if set(operation["tags"]).isdisjoint({"analyze", "health", "model", "taxonomy"})
]


# What may be sent depends on more than a schema can say: a reason beside a flag, a cursor that a list gave.
NOT_CHECKED: list[Any] = [positive_data_acceptance]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server with some documents, and the key of an admin that opens everything."""
    path = tmp_path_factory.mktemp("contract") / "tellsign.db"
    store = open_store(load_store_settings(database_url=f"sqlite:///{path}"))
    upgrade_store(store)
    desk = desk_over(store)
    admin = somebody(desk, "adm", "admin")
    with store.write() as tx:
        token, _ = create_api_key(tx, "contract", scopes=KEY_SCOPES, actor="system", owner=admin.id)
    for number in range(3):
        put_in(store, f"{PASSPORT} {number}")
    with run_server(desk_app(desk)) as url:
        yield url, token
    store.close()


@pytest.fixture(scope="module")
def api(served: tuple[str, str]) -> OpenApiSchema:
    config = schemathesis.config.SchemathesisConfig.from_dict({"generation": {"deterministic": True}})
    return schemathesis.openapi.from_url(f"{served[0]}/openapi.json", config=config)


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[f"{method} {path}" for path, method in OPERATIONS])
def test_route_keeps_its_description(api: OpenApiSchema, served: tuple[str, str], path: str, method: str) -> None:
    for mode in GenerationMode:

        @given(case=api[path][method].as_strategy(generation_mode=mode))
        @settings(
            max_examples=2, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        def call(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {served[1]}"}, excluded_checks=NOT_CHECKED)

        try:
            call()
        except Unsatisfiable:
            # A route without input has none that is broken.
            assert mode is GenerationMode.NEGATIVE
