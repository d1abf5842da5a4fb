"""What holds over HTTP for any text and JSON: an answer, never a 5xx, true offsets, a list equal to its parts."""

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.web.segments import build_marks, build_segments
from tests.fakes import PHRASES, FakeAnalyzer
from tests.serving import load_model, open_client

# Surrogates cannot be sent as UTF-8; everything else can, and the phrases make spans likely.
phrases = st.sampled_from(sorted(PHRASES))
texts = st.one_of(st.text(max_size=200), st.lists(st.one_of(phrases, st.text(max_size=20)), max_size=6).map("".join))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)),
    max_leaves=12,
)
fields = st.sampled_from(["text", "documents", "id", "language", "metadata", "txt"])
submissions = st.one_of(
    values,
    st.dictionaries(fields, values, max_size=3),
    st.fixed_dictionaries({"documents": st.lists(st.dictionaries(fields, values, max_size=4), max_size=4)}),
)

quietly = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module", params=["fake", "model"])
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    with open_client(FakeAnalyzer() if request.param == "fake" else load_model()) as opened:
        yield opened


@quietly
@given(text=texts)
@example(text="\x00")
@example(text="\u0130\N{FACE WITH TEARS OF JOY} He keeps our passports")
def test_any_text_is_analysed_with_true_offsets_or_refused(client: TestClient, text: str) -> None:
    response = client.post("/v1/analyze", content=orjson.dumps({"text": text}))
    assert response.status_code in {200, 422}
    if response.status_code == 200:
        analysis = response.json()
        assert analysis["characters"] == len(text)
        for indicator in analysis["indicators"]:
            for span in indicator["spans"]:
                assert text[span["start"] : span["end"]] == span["text"]


@quietly
@given(batch=st.lists(texts, max_size=5))
def test_list_is_its_parts_byte_for_byte(client: TestClient, batch: list[str]) -> None:
    documents = [{"text": text} for text in batch]
    listed = client.post("/v1/analyze", content=orjson.dumps({"documents": documents}))
    assert listed.status_code == 200
    entries = listed.json()["analyses"]
    parts = []
    for text, entry in zip(batch, entries, strict=True):
        alone = client.post("/v1/analyze", content=orjson.dumps({"text": text}))
        assert (alone.status_code == 200) == ("error" not in entry)
        parts.append(alone.content if alone.status_code == 200 else orjson.dumps(entry))
    assert listed.content == b'{"analyses":[' + b",".join(parts) + b"]}"


@quietly
@given(value=submissions)
def test_any_json_gets_an_answer_that_is_no_server_error(client: TestClient, value: object) -> None:
    response = client.post("/v1/analyze", content=orjson.dumps(value))
    assert response.status_code < 500
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"


@quietly
@given(body=st.binary(max_size=200))
def test_any_bytes_get_an_answer_that_is_no_server_error(client: TestClient, body: bytes) -> None:
    assert client.post("/v1/analyze", content=body).status_code < 500


@quietly
@given(text=texts)
def test_any_text_is_shown_by_the_page_or_refused(client: TestClient, text: str) -> None:
    assert client.post("/analyze", data={"text": text}).status_code in {200, 422}


@quietly
@given(text=texts)
def test_segments_joined_are_the_text_and_every_mark_covers_its_span(text: str) -> None:
    marks = build_marks(FakeAnalyzer().analyze(text).indicators if text.strip() else [])
    segments = build_segments(text, marks)
    assert sum(len(segment.text) for segment in segments) == len(text)
    assert [segment.end for segment in segments[:-1]] == [segment.start for segment in segments[1:]]
    for mark in marks:
        covered = [segment for segment in segments if mark in segment.marks]
        assert (covered[0].start, covered[-1].end) == (mark.start, mark.end)
        assert mark in covered[0].opening
        assert mark in covered[-1].closing
