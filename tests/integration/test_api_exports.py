"""Exports of what was decided, read back from every format; and the figures that rest on it."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from classifier.docbin import read_docbin
from service.cli import app as command_line
from service.desk.desk import Desk
from service.review.audit import list_audit
from service.review.exports import csv_table, doccano, label_studio, web_annotation
from service.review.intake import read_again
from service.review.reviewed import LabelledSpan
from service.review.stored import StoredReviews
from service.store.cipher import Cipher
from service.store.documents import list_spans
from service.store.store import Store
from tests.desk_app import desk_over, open_desk_client, signed_in
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT, POLICY, Clock, by_another_model, new_document, put_in
from training.corpus import read_records

NAMED = f"{PASSPORT} My name is Ramona Stoica."
FORMATS = ("corpus", "label-studio", "doccano", "docbin", "csv", "web-annotation")
TWICE = POLICY.model_copy(update={"second_verdicts": frozenset({"escalate", "needs_second_look", "no_concern"})})


@pytest.fixture
def lead(client: TestClient, desk: Desk) -> TestClient:
    return signed_in(client, desk, "lea", "lead")


def decide(who: TestClient, name: str, word: str, *said: dict[str, object]) -> None:
    """Claim a document, decide on spans and give a verdict."""
    assert who.post(f"/v1/documents/{name}/claim").status_code == 200
    for decision in said:
        assert who.post(f"/v1/reviews/{name}/spans", json=decision).status_code == 201
    answer = who.post(f"/v1/reviews/{name}/verdict", json={"verdict": word, "reason": "As read."})
    assert answer.status_code == 200


def span_of(store: Store, name: str) -> int:
    with store.read() as tx:
        return list_spans(tx, name)[0].number


@pytest.fixture
def decided(client: TestClient, desk: Desk, sqlite_store: Store) -> dict[str, str]:
    """Four documents: a span confirmed, one changed and one added, no concern, and one that waits."""
    ana = signed_in(client, desk, "ana")
    names = {key: put_in(sqlite_store, text).id for key, text in (("kept", NAMED), ("debt", DEBT), ("calm", CALM))}
    decide(ana, names["kept"], "escalate", {"kind": "confirm", "span": span_of(sqlite_store, names["kept"])})
    change = {"kind": "change", "span": span_of(sqlite_store, names["debt"]), "start": 0, "end": 24, "reason": "All."}
    add = {"kind": "add", "indicator": "deception", "start": 2, "end": 6, "assertion": "hypothetical"}
    decide(ana, names["debt"], "escalate", change, add)
    decide(ana, names["calm"], "no_concern")
    put_in(sqlite_store, OFFER)
    return names


def read_back(name: str, data: bytes) -> dict[str, tuple[LabelledSpan, ...]]:
    """Documents and spans of an export, by the format's own reader."""
    if name == "docbin":
        documents = read_docbin(data)
        return {
            one.id: tuple(
                LabelledSpan(start, end, label.partition(":")[0], "asserted") for start, end, label in one.spans
            )
            for one in documents
        }
    if name == "corpus":
        rows = [orjson.loads(line) for line in data.splitlines()]
        return {row["id"]: tuple(LabelledSpan(**span) for span in row["spans"]) for row in rows}
    readers = {"label-studio": label_studio, "doccano": doccano, "csv": csv_table, "web-annotation": web_annotation}
    return {one.document: one.spans for one in readers[name].read(data)}


def test_every_format_is_exported_and_read_back(lead: TestClient, decided: dict[str, str], sqlite_store: Store) -> None:
    for name in FORMATS:
        answer = lead.get(f"/v1/exports/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith(f'attachment; filename="tellsign-{name}.')
        assert b"Ramona" not in answer.content
        found = read_back(name, answer.content)
        assert set(found) == set(decided.values())
        kinds = {key: sorted(span.indicator for span in found[decided[key]]) for key in decided}
        assert kinds == {"kept": ["document_retention"], "debt": ["debt_bondage", "deception"], "calm": []}
        if name != "docbin":
            (debt,) = (span for span in found[decided["debt"]] if span.indicator == "debt_bondage")
            assert (debt.start, debt.end) == (0, 24)
    with sqlite_store.read() as tx:
        log = list_audit(tx, subject="csv").items
    assert [entry.action for entry in log] == ["export.finished", "export.started"]
    assert json.loads(log[0].detail) == {"aside": 0, "format": "csv", "masked": True, "written": 3}


def test_export_with_names_needs_a_reason_that_is_kept(
    lead: TestClient, decided: dict[str, str], sqlite_store: Store
) -> None:
    refused = lead.get("/v1/exports/csv?unmasked=true")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    answer = lead.get("/v1/exports/csv", params={"unmasked": True, "reason": "Court order"})
    assert "Ramona Stoica" in answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert {row["document"] for row in rows} == set(decided.values())
    # People stand under pseudonyms.
    assert {row["reviewer"][:2] for row in rows} == {"r-"}
    with sqlite_store.read() as tx:
        assert "Court order" in list_audit(tx, subject="csv").items[0].detail


def test_every_text_that_is_exported_is_in_the_audit_log(
    lead: TestClient, decided: dict[str, str], sqlite_store: Store
) -> None:
    lead.get("/v1/exports/doccano")
    for name in decided.values():
        with sqlite_store.read() as tx:
            newest = list_audit(tx, subject=name).items[0]
        assert (newest.action, json.loads(newest.detail)) == ("document.read", {"purpose": "export"})


def test_only_what_was_decided_since_then_and_no_check_item(
    client: TestClient, desk: Desk, lead: TestClient, decided: dict[str, str], sqlite_store: Store, clock: Clock
) -> None:
    clock.advance(minutes=30)
    since = clock().isoformat().replace("+00:00", "Z")
    late, check = (put_in(sqlite_store, f"{PASSPORT} {number}").id for number in range(2))
    assert lead.post("/v1/checks", json={"document": check, "verdict": "escalate"}).status_code == 204
    ben = signed_in(client, desk, "ben")
    for name in (late, check):
        decide(ben, name, "no_concern")
    assert lead.post(f"/v1/checks/{check}/retire").status_code == 204
    answer = lead.get("/v1/exports/corpus", params={"since": since})
    assert list(read_back("corpus", answer.content)) == [late]
    assert set(read_back("corpus", lead.get("/v1/exports/corpus").content)) == {*decided.values(), late}
    assert lead.get("/v1/exports/corpus?since=yesterday").status_code == 422
    assert lead.get("/v1/exports/pdf").status_code == 422


def test_erased_and_reopened_documents_are_left_out(
    client: TestClient, desk: Desk, lead: TestClient, decided: dict[str, str]
) -> None:
    lead.post(f"/v1/documents/{decided['kept']}/erase", json={})
    signed_in(client, desk, "ana").post(f"/v1/reviews/{decided['debt']}/undo")
    assert set(read_back("doccano", lead.get("/v1/exports/doccano").content)) == {decided["calm"]}


def test_decisions_speak_of_the_analysis_that_the_reviewer_saw(
    lead: TestClient, decided: dict[str, str], sqlite_store: Store
) -> None:
    other = by_another_model(new_document(CALM).analysis, 0.9)
    with sqlite_store.write() as tx:
        read_again(tx, POLICY, decided["kept"], other, actor="usr-1")
    found = {one.id: one for one in StoredReviews(sqlite_store, actor="usr-1").iterate_reviewed()}
    assert found[decided["kept"]].analysis.model.version == "0.0.1"
    assert [span.indicator for span in found[decided["kept"]].spans] == ["document_retention"]
    assert found[decided["kept"]].undecided == ()
    assert lead.get("/v1/exports/csv").status_code == 200


def test_long_export_is_whole(client: TestClient, desk: Desk, lead: TestClient, sqlite_store: Store) -> None:
    ana = signed_in(client, desk, "ana")
    names = [put_in(sqlite_store, f"{CALM} {'word ' * 2_500}{number}").id for number in range(6)]
    for name in names:
        decide(ana, name, "no_concern")
    data = lead.get("/v1/exports/doccano").content
    assert len(data) > 70_000
    assert list(read_back("doccano", data)) == names


def test_export_whose_key_is_missing_is_a_problem_and_no_half_file(
    lead: TestClient, decided: dict[str, str], sqlite_store: Store
) -> None:
    assert decided
    sqlite_store.cipher = Cipher({"k1": b"k" * 32})
    sealed = put_in(sqlite_store, CALM).id
    decide(lead, sealed, "no_concern")
    sqlite_store.cipher = Cipher({})
    with pytest.raises(Exception, match="k1"):
        list(StoredReviews(sqlite_store, actor="usr-1").iterate_reviewed())
    answer = lead.get("/v1/exports/doccano")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "k1" not in answer.text


def test_command_writes_a_corpus_that_training_reads(
    decided: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLSIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'tellsign.db'}")
    path = tmp_path / "reviewed.jsonl"
    result = CliRunner().invoke(command_line, ["export", "corpus", "--output", str(path)])
    assert result.exit_code == 0, result.output
    records = list(read_records(path))
    assert {record.id for record in records} == set(decided.values())
    assert {record.source for record in records} == {"reviewed"}


def test_command_without_a_store_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELLSIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    result = CliRunner().invoke(command_line, ["export", "csv", "--output", str(tmp_path / "out")])
    assert result.exit_code != 0
    assert not (tmp_path / "out").exists()


@pytest.fixture
def read_twice(sqlite_store: Store) -> Iterator[TestClient]:
    """A lead's client over a store where two people have read five documents and differ on one."""
    desk = replace(desk_over(sqlite_store), policy=TWICE)
    with open_desk_client(desk) as opened:
        ana, ben = signed_in(opened, desk, "ana"), signed_in(opened, desk, "ben")
        for number in range(4):
            name = put_in(sqlite_store, f"{PASSPORT} {number}").id
            span = span_of(sqlite_store, name)
            decide(ana, name, "escalate", {"kind": "confirm", "span": span})
            decide(ben, name, "escalate", {"kind": "change", "span": span, "start": 0, "end": 60, "reason": "Less."})
        name = put_in(sqlite_store, CALM).id
        decide(ana, name, "no_concern")
        decide(ben, name, "no_concern")
        name = put_in(sqlite_store, DEBT).id
        decide(ana, name, "escalate", {"kind": "confirm", "span": span_of(sqlite_store, name)})
        decide(ben, name, "no_concern")
        yield signed_in(opened, desk, "lea", "lead")


def test_agreement_is_told_for_verdicts_indicators_and_spans(read_twice: TestClient) -> None:
    figures = read_twice.get("/v1/figures/agreement?spans=true").json()
    assert figures["documents"] == 6
    # Five of six alike; chance gives 5/6 * 4/6 + 1/6 * 2/6 = 22/36.
    assert figures["verdict_kappa"] == pytest.approx((30 - 22) / (36 - 22))
    by_name = {one["indicator"]: one for one in figures["indicators"]}
    assert by_name["document_retention"]["alpha"]["value"] == pytest.approx(1.0)
    assert by_name["debt_bondage"]["kappa"] == pytest.approx(0.0)
    assert by_name["deception"]["alpha"]["value"] is None
    assert figures["span_documents"] == 5
    assert 0.5 < figures["spans"]["score"] < 1.0
    assert read_twice.get("/v1/figures/agreement").json()["spans"] is None


def test_drift_compares_windows_of_final_verdicts(read_twice: TestClient, clock: Clock) -> None:
    start = clock().isoformat().replace("+00:00", "Z")
    windows = read_twice.get("/v1/figures/drift", params={"days": 1, "since": start}).json()["windows"]
    assert [(one["judgements"], one["agreement"]["value"], one["change"]) for one in windows] == [(5, 1.0, None)]
    assert read_twice.get("/v1/figures/drift?days=0").status_code == 422


def test_suggestions_are_open_documents_with_reasons(lead: TestClient, decided: dict[str, str]) -> None:
    found = lead.get("/v1/suggestions").json()["suggestions"]
    assert len(found) == 1
    assert found[0]["item"]["document"] not in decided.values()
    assert 0 <= found[0]["uncertainty"] <= 1
    assert lead.get("/v1/suggestions?count=0").status_code == 422


def test_figures_of_an_empty_store_are_null(lead: TestClient) -> None:
    figures = lead.get("/v1/figures/agreement").json()
    assert (figures["documents"], figures["verdicts"]["value"], figures["verdict_kappa"]) == (0, None, None)
    assert lead.get("/v1/figures/drift").json() == {"windows": []}
    assert lead.get("/v1/figures/reviewers").json() == {"checks": [], "verdicts": {}}
    assert lead.get("/v1/suggestions").json() == {"suggestions": []}
    assert lead.get("/v1/exports/corpus").content == b""
