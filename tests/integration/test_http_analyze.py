"""What the JSON endpoints answer when all is well, and what every answer carries."""

from collections.abc import Iterator

import orjson
import pytest
from starlette.testclient import TestClient

from classifier.document import NOTICE
from classifier.taxonomy import load_taxonomy
from tests.fakes import FakeAnalyzer
from tests.serving import build_app, open_client

TEXT = "He keeps our passports. The gate is open at all hours."


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with open_client() as opened:
        yield opened


def test_one_text_gets_one_analysis(client: TestClient) -> None:
    analysis = client.post("/v1/analyze", json={"text": TEXT}).json()
    assert analysis["id"] is None
    assert analysis["notice"] == NOTICE
    assert [indicator["id"] for indicator in analysis["indicators"]] == list(load_taxonomy().ids)
    assert analysis["review"]["reasons"] == ["document_retention"]


def test_answer_is_the_analysis_of_the_classifier_byte_for_byte(client: TestClient) -> None:
    assert client.post("/v1/analyze", json={"text": TEXT}).content == orjson.dumps(FakeAnalyzer().analyze(TEXT))


def test_same_text_has_the_same_bytes_alone_and_in_a_list(client: TestClient) -> None:
    alone = client.post("/v1/analyze", json={"text": TEXT}).content
    listed = client.post("/v1/analyze", json={"documents": [{"text": "Other."}, {"text": TEXT}]}).content
    assert listed.endswith(alone + b"]}")


def test_list_keeps_its_order_and_ids_need_not_be_unique(client: TestClient) -> None:
    names = ["b", "a", "b", None, "\N{SNOWMAN} 1"]
    documents = [{"id": name, "text": f"text {place}" * (place + 1)} for place, name in enumerate(names)]
    entries = client.post("/v1/analyze", json={"documents": documents}).json()["analyses"]
    assert [entry["id"] for entry in entries] == names
    assert [entry["characters"] for entry in entries] == [len(str(document["text"])) for document in documents]


def test_empty_list_has_no_analyses(client: TestClient) -> None:
    assert client.post("/v1/analyze", json={"documents": []}).json() == {"analyses": []}


def test_metadata_is_taken_and_not_given_back(client: TestClient) -> None:
    document = {"text": TEXT, "metadata": {"desk": "lantern", "nested": {"list": [1, None, True]}}}
    response = client.post("/v1/analyze", json={"documents": [document]})
    assert response.status_code == 200
    assert "lantern" not in response.text


def test_offsets_count_code_points(client: TestClient) -> None:
    text = "\N{FACE WITH TEARS OF JOY} He keeps our passports."
    span = client.post("/v1/analyze", json={"text": text}).json()["indicators"][6]["spans"][0]
    assert text[span["start"] : span["end"]] == span["text"] == "keeps our passports"


def test_taxonomy_is_served_whole(client: TestClient) -> None:
    taxonomy = client.get("/v1/taxonomy").json()
    assert taxonomy == orjson.loads(orjson.dumps(load_taxonomy()))
    assert len(taxonomy["indicators"]) == 17


def test_model_is_served_as_its_card(client: TestClient) -> None:
    card = client.get("/v1/model").json()
    assert card["model"]["name"] == "fake"
    assert {"data", "metrics", "thresholds", "hashes"} <= card.keys()


def test_metrics_count_documents_flags_and_errors_by_code() -> None:
    with open_client() as client:
        client.post("/v1/analyze", json={"documents": [{"text": TEXT}, {"text": "Nothing."}, {"text": " "}]})
        client.post("/v1/analyze", json={"text": ""})
        lines = client.get("/metrics").text.splitlines()
    assert 'tellsign_documents_total{outcome="analyzed"} 2.0' in lines
    assert 'tellsign_documents_total{outcome="empty_text"} 2.0' in lines
    assert 'tellsign_flags_total{indicator="document_retention"} 1.0' in lines
    assert 'tellsign_errors_total{code="empty_text"} 1.0' in lines
    assert 'tellsign_requests_total{method="POST",route="/v1/analyze",status="200"} 1.0' in lines
    assert "tellsign_queue_documents 0.0" in lines
    assert any(line.startswith("tellsign_request_seconds_bucket") for line in lines)


def test_health_is_always_ok_and_readiness_waits_for_the_model() -> None:
    """Without its lifespan the application is what a server is before loading: alive, and not ready."""
    client = TestClient(build_app())
    assert client.get("/healthz").json() == {"status": "ok"}
    for path in ("/readyz", "/v1/taxonomy", "/v1/model"):
        response = client.get(path)
        assert response.status_code == 503, path
        assert response.json()["type"] == "urn:tellsign:problem:not_ready"
        assert int(response.headers["retry-after"]) >= 1
    assert client.post("/v1/analyze", json={"text": TEXT}).status_code == 503
    assert client.get("/analyze").status_code == 200
    with client:
        assert client.get("/readyz").json() == {"status": "ready"}
    assert client.get("/readyz").status_code == 503


PATHS = [
    "/analyze",
    "/healthz",
    "/v1/taxonomy",
    "/openapi.json",
    "/metrics",
    "/static/base.css",
    "/nothing",
    "/static/nothing",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    for rule in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert headers["x-request-id"]


def test_request_id_is_our_own(client: TestClient) -> None:
    """A client's own id could carry anything into the log."""
    assert client.get("/healthz", headers={"X-Request-ID": "mine"}).headers["x-request-id"] != "mine"


def test_description_can_be_switched_off() -> None:
    with open_client(docs=False) as client:
        assert client.get("/openapi.json").status_code == 404
        assert "/openapi.json" not in client.get("/analyze").text


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_that_loads_scripts_from_elsewhere(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
