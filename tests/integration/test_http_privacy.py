"""A marker planted wherever a client can put one never comes out in a log line, a counter or an error."""

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from starlette.testclient import TestClient

from service.logs import JsonFormatter, configure_logs
from service.security import create_key
from tests.fakes import BREAKS, FakeAnalyzer
from tests.serving import kept_logging, open_client

MARKER = "harbour-lantern-7431"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    with kept_logging():
        configure_logs("debug", stream)
        yield stream


def plant(client: TestClient) -> list[str]:
    """Send the marker in every place of a request, well-formed or not; return the error answers."""
    documents = [
        {"id": MARKER, "text": f"{MARKER} keeps our passports", "language": "en", "metadata": {MARKER: MARKER}},
        {"id": MARKER, "text": " "},
        {"id": MARKER, "text": "long " * 1_000 + MARKER},
        {"id": MARKER, "text": f"{BREAKS} {MARKER}"},
    ]
    listed = client.post("/v1/analyze", json={"documents": documents})
    assert listed.status_code == 200
    entries = [orjson.dumps(entry["error"]).decode() for entry in listed.json()["analyses"] if "error" in entry]
    assert len(entries) == 3
    answers = [
        client.post("/v1/analyze", json={"text": f"{BREAKS} {MARKER}"}),
        client.post("/v1/analyze", json={"text": MARKER * 200}),
        client.post("/v1/analyze", json={"text": [MARKER]}),
        client.post("/v1/analyze", json={"text": "a", f"{MARKER} with words": MARKER}),
        client.post("/v1/analyze", json={"documents": [{"text": "a", "language": MARKER}]}),
        client.post("/v1/analyze", json={"documents": [{"text": "a", "metadata": MARKER}]}),
        client.post("/v1/analyze", content=f'{{"text": "{MARKER}'.encode()),
        client.post("/v1/analyze", content=MARKER.encode() * 2_000),
        client.post("/v1/analyze", content=b"{}", headers={"Content-Type": MARKER}),
        client.post("/v1/analyze", content=b"{}", headers={"Content-Length": f"9{MARKER}"}),
        client.get(f"/{MARKER}?{MARKER}={MARKER}"),
        client.get(f"/static/{MARKER}.css"),
        client.request(MARKER, "/v1/analyze"),
        client.put(f"/v1/analyze?text={MARKER}"),
        client.post("/analyze", content=f"text=%ff{MARKER}".encode(), headers={"Content-Type": "text/plain"}),
    ]
    assert [answer.status_code for answer in answers if answer.status_code < 400] == []
    return [*entries, *(answer.text for answer in answers)]


def test_planted_marker_never_comes_out(log: io.StringIO) -> None:
    headers = {"User-Agent": MARKER, "X-Request-ID": MARKER, "Referer": f"http://{MARKER}/", "Cookie": f"a={MARKER}"}
    with open_client(FakeAnalyzer(max_characters=2_000), max_body_bytes=20_000) as client:
        client.headers.update(headers)
        errors = plant(client)
        assert client.get(f"/analyze?example={MARKER}").status_code == 200
        assert client.post("/analyze", data={"text": f"{MARKER} keeps our passports"}).status_code == 200
        counters = client.get("/metrics").text
    assert MARKER not in "".join(errors)
    assert MARKER not in counters
    assert MARKER not in log.getvalue()
    assert "analysis_failed" in log.getvalue()


def test_planted_key_never_comes_out(log: io.StringIO, tmp_path: Path) -> None:
    token, record = create_key(tmp_path / "keys.json", scopes=["read"])
    with open_client(keys_file=tmp_path / "keys.json") as client:
        answers = [
            client.get("/v1/taxonomy", headers={"X-API-Key": MARKER}),
            client.get("/v1/taxonomy", headers={"Authorization": f"Bearer {MARKER}"}),
            client.post("/v1/analyze", headers={"X-API-Key": token}),
            client.post("/analyze", data={"text": "a", "key": MARKER}),
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 403, 401]
    said = "".join(answer.text for answer in answers) + log.getvalue()
    assert MARKER not in said
    assert token not in said
    assert record.id not in said


def test_log_line_says_what_happened(log: io.StringIO) -> None:
    with open_client() as client:
        response = client.post("/v1/analyze", json={"documents": [{"text": "keeps our passports"}, {"text": ""}]})
    line = orjson.loads(log.getvalue().splitlines()[-1])
    expected = {"method": "POST", "route": "/v1/analyze", "status": 200, "documents": 2, "flagged": 1, "refused": 1}
    assert line.items() >= expected.items()
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["ms"] > 0
    assert line.keys() == expected.keys() | {"ms", "request_id", "event", "level", "timestamp"}


def test_log_line_of_an_error_says_its_code(log: io.StringIO) -> None:
    with open_client() as client:
        client.get("/nothing/here")
    line = orjson.loads(log.getvalue().splitlines()[-1])
    assert (line["route"], line["status"], line["problem"]) == ("(none)", 404, "not_found")


def test_exception_of_the_server_is_logged_by_type_and_frames() -> None:
    """Its message may hold document text, so it is left out."""
    try:
        raise ValueError(MARKER)
    except ValueError:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, __file__, 1, "broke", None, sys.exc_info())
    line = orjson.loads(JsonFormatter().format(record))
    assert line["error"] == "ValueError"
    assert line["frames"]
    assert MARKER not in str(line)


def test_unexpected_error_is_a_problem_and_a_line_without_its_words(log: io.StringIO) -> None:
    with open_client() as client:

        async def broken() -> None:
            raise RuntimeError(MARKER)

        client.app.add_api_route("/broken", broken)  # type: ignore[attr-defined]  # the application under test
        response = client.get("/broken")
    assert response.status_code == 500
    assert response.json()["type"] == "urn:tellsign:problem:internal"
    assert response.headers["content-security-policy"]
    assert MARKER not in response.text + log.getvalue()
    line = next(entry for entry in map(orjson.loads, log.getvalue().splitlines()) if entry["event"] == "internal_error")
    assert line["error"] == "RuntimeError"
    assert line["request_id"] == response.headers["x-request-id"]
