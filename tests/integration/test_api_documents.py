"""`/v1/documents`: taken in once, opened masked, unmasked for a reason, erased."""

from dataclasses import replace

import orjson
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.desk.desk import Desk
from service.review import intake
from service.review.audit import list_audit
from service.store.document_tables import documents
from service.store.store import Store
from tests.desk_app import signed_in
from tests.fakes import BREAKS
from tests.reviewing import CALM, PASSPORT, POLICY, Clock, by_another_model, new_document

NAMED = f"{PASSPORT} My name is Ramona Stoica and my number is +44 7700 900123."


@pytest.fixture
def program(client: TestClient, desk: Desk) -> TestClient:
    return signed_in(client, desk, "sub", "submitter")


@pytest.fixture
def ana(client: TestClient, desk: Desk) -> TestClient:
    return signed_in(client, desk, "ana")


def stored(store: Store) -> int:
    with store.read() as tx:
        return len(tx.execute(select(documents.c.number)).all())


def actions(store: Store, subject: str) -> list[str]:
    with store.read() as tx:
        return [entry.action for entry in reversed(list_audit(tx, subject=subject).items)]


def test_document_is_analysed_stored_and_queued(program: TestClient, ana: TestClient) -> None:
    answer = program.post("/v1/documents", json={"text": PASSPORT, "external_id": "case-7", "source": "intake"})
    assert answer.status_code == 201
    receipt = answer.json()
    assert answer.headers["location"] == f"/v1/documents/{receipt['id']}"
    assert (receipt["flagged"], receipt["existing"], receipt["source"]) == (True, False, "intake")
    assert PASSPORT not in answer.text
    queue = ana.get("/v1/queue").json()
    assert [item["document"] for item in queue["items"]] == [receipt["id"]]


def test_document_that_is_not_flagged_waits_only_when_asked(program: TestClient, ana: TestClient) -> None:
    program.post("/v1/documents", json={"text": CALM})
    assert ana.get("/v1/queue").json()["items"] == []
    program.post("/v1/documents", json={"text": CALM, "review": True})
    assert len(ana.get("/v1/queue").json()["items"]) == 1


def test_list_keeps_its_order_and_one_bad_document_costs_the_others_nothing(
    program: TestClient, sqlite_store: Store
) -> None:
    listed = [
        {"text": PASSPORT, "external_id": "a"},
        {"text": "   ", "external_id": "b"},
        {"text": f"x {BREAKS}", "external_id": "c"},
        {"text": CALM, "metadata": {"long": "m" * 70_000}},
        {"text": CALM},
    ]
    answer = program.post("/v1/documents", json={"documents": listed})
    assert answer.status_code == 200
    entries = answer.json()["documents"]
    assert [entry.get("external_id", entry["id"]) for entry in entries[:3]] == ["a", "b", "c"]
    assert [entry.get("error", {}).get("status") for entry in entries] == [None, 422, 500, 422, None]
    assert stored(sqlite_store) == 2


def test_what_cannot_be_taken_is_named_and_not_repeated(program: TestClient, sqlite_store: Store) -> None:
    refused: list[tuple[object, int, str | None]] = [
        ({}, 422, "text"),
        ({"text": PASSPORT, "queue": True}, 422, "queue"),
        ({"text": 5}, 422, "text"),
        ({"text": PASSPORT, "external_id": "a\x00"}, 422, "external_id"),
        ({"text": PASSPORT, "source": ""}, 422, "source"),
        ({"documents": [{"text": PASSPORT}, {"txt": PASSPORT}]}, 422, "documents.1.text"),
        ({"documents": [{"text": CALM}] * 300}, 413, None),
        ({"text": "x" * 100_001}, 413, None),
        ([], 422, "(body)"),
    ]
    for body, status, field in refused:
        answer = program.post("/v1/documents", json=body)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "passport" not in answer.text
        if field is not None:
            assert field in {error["field"] for error in answer.json()["errors"]}
    assert stored(sqlite_store) == 0


def test_same_key_is_done_once_and_answered_alike(program: TestClient, sqlite_store: Store) -> None:
    sent = [program.post("/v1/documents", json={"text": CALM}, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    assert [answer.headers.get("idempotent-replayed") for answer in sent] == [None, "true"]
    assert stored(sqlite_store) == 1


def test_same_key_for_a_list_repeats_its_errors_too(program: TestClient, sqlite_store: Store) -> None:
    body = {"documents": [{"text": CALM}, {"text": " ", "external_id": "blank"}]}
    first, second = (program.post("/v1/documents", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert orjson.loads(first.content) == orjson.loads(second.content)
    assert stored(sqlite_store) == 1


def test_same_key_for_another_request_is_a_conflict(program: TestClient, sqlite_store: Store) -> None:
    program.post("/v1/documents", json={"text": CALM}, headers={"Idempotency-Key": "k-1"})
    answer = program.post("/v1/documents", json={"text": PASSPORT}, headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 409
    assert stored(sqlite_store) == 1


def test_key_of_a_request_that_failed_can_be_used_again(program: TestClient, sqlite_store: Store) -> None:
    failed = program.post("/v1/documents", json={"text": f"x {BREAKS}"}, headers={"Idempotency-Key": "k-1"})
    assert failed.status_code == 500
    answer = program.post("/v1/documents", json={"text": CALM}, headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 201
    assert stored(sqlite_store) == 1


def test_keys_of_two_senders_have_nothing_to_do_with_each_other(
    program: TestClient, ana: TestClient, sqlite_store: Store
) -> None:
    for sender in (program, ana):
        assert sender.post("/v1/documents", json={"text": CALM}, headers={"Idempotency-Key": "k"}).status_code == 201
    assert stored(sqlite_store) == 2


def test_same_text_under_the_same_name_is_the_same_document(
    program: TestClient, ana: TestClient, sqlite_store: Store
) -> None:
    body = {"text": CALM, "external_id": "case-7", "source": "intake"}
    first = program.post("/v1/documents", json=body)
    again = ana.post("/v1/documents", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {**first.json(), "existing": True}
    for change in ({"text": PASSPORT}, {"source": "mailbox"}, {"external_id": "case-8"}):
        assert program.post("/v1/documents", json={**body, **change}).status_code == 201
    assert stored(sqlite_store) == 4


def test_erased_document_does_not_come_back_by_being_sent_again(
    client: TestClient, desk: Desk, program: TestClient, sqlite_store: Store
) -> None:
    body = {"text": CALM, "external_id": "case-7"}
    receipt = program.post("/v1/documents", json=body).json()
    lead = signed_in(client, desk, "lea", "lead")
    assert lead.post(f"/v1/documents/{receipt['id']}/erase", json={}).json() == {"erased": True}
    again = program.post("/v1/documents", json=body).json()
    assert again["id"] == receipt["id"]
    assert again["erased_at"] is not None
    assert stored(sqlite_store) == 1


def test_submitter_finds_what_they_have_sent_and_an_analyst_all(
    client: TestClient, desk: Desk, program: TestClient, ana: TestClient
) -> None:
    receipt = program.post("/v1/documents", json={"text": CALM, "external_id": "case-7"}).json()
    other = signed_in(client, desk, "oth", "submitter")
    found = {
        name: [one["id"] for one in who.get("/v1/documents", params={"external_id": "case-7"}).json()["documents"]]
        for name, who in (("own", program), ("other", other), ("analyst", ana))
    }
    assert found == {"own": [receipt["id"]], "other": [], "analyst": [receipt["id"]]}
    elsewhere = ana.get("/v1/documents", params={"external_id": "case-7", "source": "mailbox"})
    assert elsewhere.json() == {"documents": []}


def test_document_is_opened_masked_and_audited(program: TestClient, ana: TestClient, sqlite_store: Store) -> None:
    body = {"text": NAMED, "metadata": {"caller": "Ramona"}}
    name = program.post("/v1/documents", json=body).json()["id"]
    shown = ana.get(f"/v1/documents/{name}")
    assert shown.status_code == 200
    assert "Ramona" not in shown.text
    assert "900123" not in shown.text
    seen = shown.json()
    assert (seen["masked"], seen["metadata"], len(seen["text"])) == (True, None, len(NAMED))
    assert {"name", "phone"} <= {mask["kind"] for mask in seen["masks"]}
    for indicator in seen["analysis"]["indicators"]:
        for span in indicator["spans"]:
            assert seen["text"][span["start"] : span["end"]] == span["text"]
    assert actions(sqlite_store, name) == ["document.created", "document.read"]


def test_unmasking_needs_a_reason_and_is_audited_with_it(
    program: TestClient, ana: TestClient, sqlite_store: Store
) -> None:
    name = program.post("/v1/documents", json={"text": NAMED, "metadata": {"caller": "r"}}).json()["id"]
    for body in ({}, {"reason": ""}, {"reason": "  "}):
        assert ana.post(f"/v1/documents/{name}/unmask", json=body).status_code == 422
    assert actions(sqlite_store, name) == ["document.created"]
    seen = ana.post(f"/v1/documents/{name}/unmask", json={"reason": "To call back"}).json()
    assert (seen["text"], seen["masked"], seen["metadata"]) == (NAMED, False, {"caller": "r"})
    assert actions(sqlite_store, name) == ["document.created", "document.read", "document.unmasked"]
    with sqlite_store.read() as tx:
        assert "To call back" in list_audit(tx, subject=name).items[0].detail


def test_submitter_opens_nothing(program: TestClient) -> None:
    name = program.post("/v1/documents", json={"text": NAMED}).json()["id"]
    for path in ("", "/spans", "/analyses", "/item", "/cluster", "/similar"):
        assert program.get(f"/v1/documents/{name}{path}").status_code == 403


def test_erasing_is_for_leads_and_leaves_no_words(
    client: TestClient, desk: Desk, program: TestClient, ana: TestClient
) -> None:
    name = program.post("/v1/documents", json={"text": NAMED}).json()["id"]
    assert ana.post(f"/v1/documents/{name}/erase", json={}).status_code == 403
    lead = signed_in(client, desk, "lea", "lead")
    assert [lead.post(f"/v1/documents/{name}/erase", json={}).json()["erased"] for _ in range(2)] == [True, False]
    shown = ana.get(f"/v1/documents/{name}").json()
    assert (shown["text"], shown["masks"], shown["metadata"]) == (None, [], None)
    assert {span["text"] for one in shown["analysis"]["indicators"] for span in one["spans"]} == {""}
    assert ana.post("/v1/search", json={"query": "passport"}).json()["items"] == []


def test_spans_and_analyses_are_listed(program: TestClient, ana: TestClient) -> None:
    name = program.post("/v1/documents", json={"text": PASSPORT}).json()["id"]
    spans = ana.get(f"/v1/documents/{name}/spans").json()["spans"]
    assert [(span["indicator"], span["assertion"]) for span in spans] == [("document_retention", "asserted")]
    analyses = ana.get(f"/v1/documents/{name}/analyses").json()["analyses"]
    assert [(one["model_name"], one["current"]) for one in analyses] == [("fake", True)]


def test_document_that_is_not_there_is_a_404(ana: TestClient) -> None:
    for path in ("", "/spans", "/analyses", "/item", "/cluster", "/similar"):
        answer = ana.get(f"/v1/documents/doc-none{path}")
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:tellsign:problem:not_found"


def test_session_without_its_token_changes_nothing(program: TestClient, sqlite_store: Store) -> None:
    del program.headers["X-CSRF-Token"]
    assert program.post("/v1/documents", json={"text": CALM}).status_code == 403
    program.headers["X-CSRF-Token"] = "0" * 64
    assert program.post("/v1/documents", json={"text": CALM}).status_code == 403
    assert stored(sqlite_store) == 0
    assert program.get("/v1/me").status_code == 200


def test_nobody_we_know_gets_nowhere(client: TestClient) -> None:
    for method, path in (("GET", "/v1/queue"), ("POST", "/v1/documents"), ("GET", "/v1/me")):
        answer = client.request(method, path)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


def test_kept_answer_is_forgotten_after_a_day(
    program: TestClient, clock: Clock, client: TestClient, desk: Desk
) -> None:
    first = program.post("/v1/documents", json={"text": CALM}, headers={"Idempotency-Key": "k"}).json()
    clock.advance(hours=25)
    later = signed_in(client, desk, "sub", "submitter")
    second = later.post("/v1/documents", json={"text": CALM}, headers={"Idempotency-Key": "k"}).json()
    assert first["id"] != second["id"]


def test_another_model_reads_a_document_again_once(
    client: TestClient, desk: Desk, ana: TestClient, sqlite_store: Store
) -> None:
    earlier = replace(new_document(PASSPORT), analysis=by_another_model(new_document(PASSPORT).analysis, 0.1))
    with sqlite_store.write() as tx:
        name = intake.take_in(tx, POLICY, earlier, submitted_by="key-1").id
    assert ana.post(f"/v1/documents/{name}/analyses").status_code == 403
    lead = signed_in(client, desk, "lea", "lead")
    again = lead.post(f"/v1/documents/{name}/analyses")
    assert (again.status_code, again.json()["review_probability"] > 0.5) == (201, True)
    analyses = ana.get(f"/v1/documents/{name}/analyses").json()["analyses"]
    assert [(one["model_version"], one["current"]) for one in analyses] == [("0.0.2", False), ("0.0.1", True)]
    assert lead.post(f"/v1/documents/{name}/analyses").status_code == 409
    assert actions(sqlite_store, name)[1:3] == ["document.read", "analysis.added"]
    lead.post(f"/v1/documents/{name}/erase", json={})
    assert lead.post(f"/v1/documents/{name}/analyses").status_code == 409
