"""Every row of the table of bad input: the right status, which field and what is allowed, and no word of the input."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.fakes import FakeAnalyzer
from tests.serving import load_model

JSON = {"Content-Type": "application/json"}
MARKER = "harbour-lantern-7431"
LIMIT, MOST, BODY = 2_000, 8, 1_000_000


@pytest.fixture(scope="module", params=["fake", "model"])
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """The application around the fake, and around the model that ships."""
    settings = Settings(desk=False, max_characters=LIMIT, max_documents=MOST, max_body_bytes=BODY)
    analyzer = FakeAnalyzer(max_characters=LIMIT) if request.param == "fake" else load_model(max_characters=LIMIT)
    with TestClient(create_app(settings, analyzer=analyzer)) as opened:
        yield opened


def post(client: TestClient, body: bytes | object, headers: dict[str, str] | None = None) -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return client.post("/v1/analyze", content=content, headers=JSON if headers is None else headers)


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:tellsign:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert MARKER not in response.text
    return problem


MALFORMED: dict[str, bytes] = {
    "no body": b"",
    "not JSON": MARKER.encode(),
    "cut off": b'{"text": "' + MARKER.encode(),
    "two values": b'{"text": "a"} {"text": "b"}',
    "NaN": b'{"text": NaN}',
    "NaN in metadata": b'{"documents": [{"text": "a", "metadata": {"x": NaN}}]}',
    "infinity": b'{"documents": [{"text": "a", "metadata": {"x": -Infinity}}]}',
    "lone surrogate": b'{"text": "' + MARKER.encode() + b' \\ud800"}',
    "invalid UTF-8": b'{"text": "' + MARKER.encode() + b'\xff\xfe"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "raw NUL": b'{"text": "a\x00b"}',
    "raw line feed in a string": b'{"text": "a\nb"}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"text":' * 50_000,
    "deep metadata": b'{"documents":[{"text":"a","metadata":{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}}]}",
    "single quotes": b"{'text': 'a'}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_bytes_that_are_not_json_are_refused(client: TestClient, body: bytes) -> None:
    problem = assert_problem(post(client, body), 422, "invalid_request")
    assert problem["errors"][0]["field"] == "(body)"
    assert problem["errors"][0]["allowed"]


# body -> the field that is named
WRONG: dict[str, tuple[object, str]] = {
    "a list": ([], "(body)"),
    "a number": (7, "(body)"),
    "null": (None, "(body)"),
    "neither": ({}, "text, documents"),
    "both": ({"text": MARKER, "documents": []}, "text, documents"),
    "text a number": ({"text": 5}, "text"),
    "text a list": ({"text": [MARKER]}, "text"),
    "text an object": ({"text": {"text": MARKER}}, "text"),
    "text null": ({"text": None}, "text"),
    "text true": ({"text": True}, "text"),
    "unknown field": ({"text": MARKER, "txt": MARKER}, "txt"),
    "unknown field that hides text": ({"text": "a", f"{MARKER} and more words": 1}, "(unnamed)"),
    "unknown field that is long": ({"text": "a", "x" * 5_000 + MARKER: 1}, "(unnamed)"),
    "documents an object": ({"documents": {"text": MARKER}}, "documents"),
    "documents null": ({"documents": None}, "documents"),
    "a document is a string": ({"documents": [MARKER]}, "documents.0"),
    "a document without text": ({"documents": [{"id": "a"}]}, "documents.0.text"),
    "a document with a wrong text": ({"documents": [{"text": "a"}, {"text": 5}]}, "documents.1.text"),
    "unknown field in a document": ({"documents": [{"text": "a", "lang": MARKER}]}, "documents.0.lang"),
    "id a number": ({"documents": [{"id": 5, "text": "a"}]}, "documents.0.id"),
    "id too long": ({"documents": [{"id": MARKER * 40, "text": "a"}]}, "documents.0.id"),
    "language a sentence": ({"documents": [{"text": "a", "language": MARKER}]}, "documents.0.language"),
    "metadata a list": ({"documents": [{"text": "a", "metadata": [MARKER]}]}, "documents.0.metadata"),
}


@pytest.mark.parametrize(("body", "field"), WRONG.values(), ids=WRONG.keys())
def test_wrong_shape_names_the_field_and_what_is_allowed(client: TestClient, body: object, field: str) -> None:
    problem = assert_problem(post(client, body), 422, "invalid_request")
    assert problem["errors"][0]["field"] == field
    assert problem["errors"][0]["allowed"]


def test_unknown_field_is_answered_with_the_known_ones(client: TestClient) -> None:
    problem = post(client, {"documents": [{"text": "a", "txt": 1}]}).json()
    assert problem["errors"][0]["allowed"] == "id, text, language, metadata"


def test_many_wrong_fields_are_not_all_listed(client: TestClient) -> None:
    problem = post(client, {"text": "a", **{f"field_{n}": n for n in range(500)}}).json()
    assert len(problem["errors"]) == 20
    assert "500" in problem["detail"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_media_types_are_not_taken_for_json(client: TestClient, media_type: str) -> None:
    """A page on another site can send these without asking; none of them may reach the analyzer."""
    problem = assert_problem(post(client, {"text": MARKER}, {"Content-Type": media_type}), 422, "invalid_request")
    assert problem["errors"] == [
        {"field": "Content-Type", "detail": "is not JSON", "allowed": "application/json"},
    ]


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json; charset=utf-8"}], ids=["none", "charset"])
def test_json_is_taken_without_or_with_a_charset(client: TestClient, headers: dict[str, str]) -> None:
    assert post(client, {"text": "The gate is open."}, headers).status_code == 200


@pytest.mark.parametrize("text", ["", " ", "\n\t \r", "\u2003\u00a0", "\u3000" * 50], ids=ascii)
def test_empty_or_blank_text_is_refused(client: TestClient, text: str) -> None:
    assert_problem(post(client, {"text": text}), 422, "empty_text")


def test_text_at_the_limit_is_analysed(client: TestClient) -> None:
    assert post(client, {"text": "\N{SLIGHTLY SMILING FACE}" * LIMIT}).status_code == 200


def test_text_over_the_limit_is_too_large(client: TestClient) -> None:
    """The limit counts code points: one emoji more is one too many."""
    response = post(client, {"text": MARKER + "\N{SLIGHTLY SMILING FACE}" * LIMIT})
    assert str(LIMIT) in assert_problem(response, 413, "text_too_long")["detail"].replace(",", "")


def test_too_many_documents_are_too_large(client: TestClient) -> None:
    body = {"documents": [{"text": MARKER}] * (MOST + 1)}
    assert str(MOST) in assert_problem(post(client, body), 413, "too_many_documents")["detail"]


def test_as_many_documents_as_allowed_are_analysed(client: TestClient) -> None:
    response = post(client, {"documents": [{"text": "The gate is open."}] * MOST})
    assert response.status_code == 200
    assert len(response.json()["analyses"]) == MOST


def test_body_over_the_limit_is_too_large(client: TestClient) -> None:
    body = {"documents": [{"text": "a", "metadata": {"x": MARKER * 60_000}}]}
    assert_problem(post(client, body), 413, "body_too_large")


ABSURD_LENGTHS = [str(BODY + 1), "9" * 30, "9" * 5_000]


@pytest.mark.parametrize("length", ABSURD_LENGTHS, ids=["one over", "30 digits", "5,000 digits"])
def test_declared_length_over_the_limit_is_too_large(client: TestClient, length: str) -> None:
    response = post(client, b"{}", {**JSON, "Content-Length": length})
    assert_problem(response, 413, "body_too_large")


# Texts that are odd but are texts: an analysis, or 422; the service never breaks.
ODD: dict[str, str] = {
    "NUL": "a\x00b" * 200,
    "controls": "".join(map(chr, range(1, 32))) * 20,
    "C1 controls": "".join(map(chr, range(0x7F, 0xA0))) * 20,
    "bidi marks": "\u202ehe keeps our papers\u202c \u2066again\u2069",
    "one word": "a" * LIMIT,
    "emoji": "\N{FACE WITH TEARS OF JOY}" * LIMIT,
    "family emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 300,
    "zalgo": ("e" + "\u0301\u0316\u0334" * 30) * 20,
    "zero width": "p\u200ba\u200bs\u200bs\u200bp\u200bo\u200br\u200bt " * 100,
    "noncharacters": "\ufffe\uffff\U0010ffff" * 100,
    "private use": "\ue000\uf8ff" * 100,
    "line separators": "a\u2028b\u2029c\x85d" * 100,
    "markup": "<script>alert(1)</script>" * 60,
    "entities": "&#x202e;&amp;&lt;b&gt;" * 80,
    "many line feeds": "\n" * (LIMIT - 1) + "a",
    "byte order marks": "\ufeff" * 100 + "a",
    "combining first": "\u0301abc",
    "dotted capital i": "\u0130" * 500,
    "tags": "\U000e0061\U000e0062" * 200,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_odd_text_is_analysed_or_refused(client: TestClient, text: str) -> None:
    response = post(client, {"text": text})
    assert response.status_code in {200, 422}
    if response.status_code == 200:
        analysis = response.json()
        assert analysis["characters"] == len(text)
        for indicator in analysis["indicators"]:
            for span in indicator["spans"]:
                assert text[span["start"] : span["end"]] == span["text"]


def test_unsupported_language_abstains_with_a_warning(client: TestClient) -> None:
    text = "Minulle ei ole maksettu palkkaa viiteen kuukauteen, ja esimies pitää passini lukitussa laatikossa."
    response = post(client, {"documents": [{"text": text, "language": "fi"}]})
    assert response.status_code == 200
    analysis = response.json()["analyses"][0]
    assert {indicator["state"] for indicator in analysis["indicators"]} == {"abstained"}
    assert {indicator["probability"] for indicator in analysis["indicators"]} == {None}
    assert analysis["review"]["probability"] is None
    assert analysis["warnings"]


def test_bad_document_gets_its_own_entry_and_the_others_their_analyses(client: TestClient) -> None:
    documents = [
        {"id": "a", "text": "The gate is open."},
        {"id": "b", "text": " "},
        {"id": "c", "text": "x" * (LIMIT + 1)},
        {"text": "They walk to town."},
    ]
    response = post(client, {"documents": documents})
    assert response.status_code == 200
    entries = response.json()["analyses"]
    assert [entry["id"] for entry in entries] == ["a", "b", "c", None]
    assert [entry.get("error", {}).get("status") for entry in entries] == [None, 422, 413, None]
    assert entries[1]["error"]["type"] == "urn:tellsign:problem:empty_text"
    assert entries[2]["error"]["type"] == "urn:tellsign:problem:text_too_long"
    assert entries[3]["characters"] == len("They walk to town.")


def test_unknown_path_is_not_found_and_not_repeated(client: TestClient) -> None:
    assert_problem(client.get(f"/v1/{MARKER}"), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_answered_with_the_allowed_ones(client: TestClient, method: str) -> None:
    response = client.request(method, "/v1/analyze")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"
