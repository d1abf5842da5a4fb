"""The queue and review over HTTP: one holder, reasons, undo, second readers, disputes, check items, clusters."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from service.desk.desk import Desk
from service.review.wellness import WellnessSettings
from service.store.store import Store
from tests.desk_app import desk_over, open_desk_client, signed_in
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT, POLICY, Clock, put_in

TWICE = POLICY.model_copy(update={"second_verdicts": frozenset({"escalate", "needs_second_look"})})


@pytest.fixture
def ana(client: TestClient, desk: Desk) -> TestClient:
    return signed_in(client, desk, "ana")


@pytest.fixture
def ben(client: TestClient, desk: Desk) -> TestClient:
    return signed_in(client, desk, "ben")


@pytest.fixture
def lead(client: TestClient, desk: Desk) -> TestClient:
    return signed_in(client, desk, "lea", "lead")


@pytest.fixture
def read_twice(sqlite_store: Store) -> Iterator[tuple[TestClient, TestClient, TestClient]]:
    """Two analysts and a lead where what one escalates another reads too."""
    desk = replace(desk_over(sqlite_store), policy=TWICE)
    with open_desk_client(desk) as opened:
        yield (
            signed_in(opened, desk, "ana"),
            signed_in(opened, desk, "ben"),
            signed_in(opened, desk, "lea", "lead"),
        )


def verdict(client: TestClient, name: str, word: str = "escalate", reason: str | None = "As read.") -> TestClient:
    """Claim a document and give a verdict; the client goes on."""
    assert client.post(f"/v1/documents/{name}/claim").status_code == 200
    answer = client.post(f"/v1/reviews/{name}/verdict", json={"verdict": word, "reason": reason})
    assert answer.status_code == 200, answer.text
    return client


def first_span(client: TestClient, name: str) -> int:
    return int(client.get(f"/v1/documents/{name}/spans").json()["spans"][0]["number"])


def test_next_item_is_claimed_decided_and_gone(ana: TestClient, sqlite_store: Store) -> None:
    name = put_in(sqlite_store).id
    claim = ana.post("/v1/queue/next", json={}).json()["claim"]
    assert (claim["document"], claim["round"]) == (name, "first")
    assert ana.post("/v1/queue/next", json={}).json()["claim"]["id"] == claim["id"]
    span = first_span(ana, name)
    said = ana.post(f"/v1/reviews/{name}/spans", json={"kind": "confirm", "span": span})
    assert (said.status_code, said.json()["indicator"]) == (201, "document_retention")
    item = ana.post(f"/v1/reviews/{name}/verdict", json={"verdict": "escalate"}).json()
    assert (item["state"], item["verdict"], item["holder"]) == ("done", "escalate", None)
    assert ana.post("/v1/queue/next", json={}).json() == {"claim": None, "day_full": False}
    assert ana.get("/v1/queue/counts").json()["done"] == 1
    kinds = [one["kind"] for one in ana.get(f"/v1/reviews/{name}").json()["decisions"]]
    assert kinds == ["confirm", "verdict"]


def test_cap_of_the_day_counts_for_programs_of_a_person_too(sqlite_store: Store) -> None:
    desk = replace(desk_over(sqlite_store), wellness=WellnessSettings(items_per_day=1))
    for text in (PASSPORT, CALM):
        put_in(sqlite_store, text)
    with open_desk_client(desk) as opened:
        ana = signed_in(opened, desk, "ana")
        first = ana.post("/v1/queue/next", json={}).json()["claim"]["document"]
        ana.post(f"/v1/reviews/{first}/verdict", json={"verdict": "escalate"})
        assert ana.post("/v1/queue/next", json={}).json() == {"claim": None, "day_full": True}


def test_next_item_can_be_narrowed(ana: TestClient, sqlite_store: Store) -> None:
    put_in(sqlite_store, PASSPORT)
    debt = put_in(sqlite_store, DEBT).id
    assert ana.post("/v1/queue/next", json={"indicator": "debt_bondage"}).json()["claim"]["document"] == debt


def test_two_analysts_racing_for_one_item_leave_one_holder(
    ana: TestClient, ben: TestClient, sqlite_store: Store
) -> None:
    name = put_in(sqlite_store).id
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda who: who.post(f"/v1/documents/{name}/claim"), [ana, ben] * 6))
    winners = {answer.json()["reviewer"] for answer in answers if answer.status_code == 200}
    assert len(winners) == 1
    assert {answer.status_code for answer in answers} == {200, 409}
    with ThreadPoolExecutor(2) as pool:
        ends = pool.map(
            lambda who: who.post(f"/v1/reviews/{name}/verdict", json={"verdict": "escalate"}).status_code, [ana, ben]
        )
    assert sorted(ends) == [200, 409]


def test_racing_for_the_next_gives_everybody_another_item(
    ana: TestClient, ben: TestClient, sqlite_store: Store
) -> None:
    names = {put_in(sqlite_store, f"{PASSPORT} {number}").id for number in range(2)}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda who: who.post("/v1/queue/next", json={}), [ana, ben] * 3))
    held = {(answer.json()["claim"]["reviewer"], answer.json()["claim"]["document"]) for answer in answers}
    assert {document for _, document in held} == names
    assert len(held) == 2


def test_claim_is_renewed_released_and_taken_over_after_its_lease(
    client: TestClient, desk: Desk, ana: TestClient, ben: TestClient, sqlite_store: Store, clock: Clock
) -> None:
    name = put_in(sqlite_store).id
    first = ana.post(f"/v1/documents/{name}/claim").json()
    clock.advance(minutes=5)
    assert ana.post(f"/v1/documents/{name}/claim/renew").json()["expires"] > first["expires"]
    assert ben.post(f"/v1/documents/{name}/claim/renew").status_code == 409
    assert ben.post(f"/v1/documents/{name}/claim").status_code == 409
    assert ana.post(f"/v1/documents/{name}/claim/release").status_code == 204
    assert ben.post(f"/v1/documents/{name}/claim").status_code == 200
    clock.advance(minutes=20)
    again = signed_in(client, desk, "ana")
    assert again.post(f"/v1/documents/{name}/claim").status_code == 200
    assert ben.post(f"/v1/reviews/{name}/verdict", json={"verdict": "escalate"}).status_code == 409


def test_decision_that_cannot_be_names_its_field(ana: TestClient, sqlite_store: Store) -> None:
    name = put_in(sqlite_store).id
    ana.post(f"/v1/documents/{name}/claim")
    added = {"kind": "add", "indicator": "debt_bondage", "start": 0, "end": 2, "assertion": "asserted"}
    refused: list[tuple[str, dict[str, object], str]] = [
        ("verdict", {"verdict": "no_concern"}, "reason"),
        ("verdict", {"verdict": "needs_second_look", "reason": "  "}, "reason"),
        ("verdict", {"verdict": "certain"}, "verdict"),
        ("spans", {"kind": "reject", "span": first_span(ana, name)}, "reason"),
        ("spans", {"kind": "confirm", "span": 999}, "span"),
        ("spans", {"kind": "confirm", "span": "1"}, "span"),
        ("spans", {**added, "start": 5}, "start"),
        ("spans", {**added, "indicator": "none"}, "indicator"),
    ]
    for path, body, field in refused:
        answer = ana.post(f"/v1/reviews/{name}/{path}", json=body)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field]), body
    assert ana.get(f"/v1/reviews/{name}").json() == {"decisions": []}


def test_span_is_changed_added_and_taken_back(ana: TestClient, sqlite_store: Store) -> None:
    name = put_in(sqlite_store).id
    ana.post(f"/v1/documents/{name}/claim")
    span = first_span(ana, name)
    change = {"kind": "change", "span": span, "start": 0, "end": 30, "reason": "Only this."}
    assert ana.post(f"/v1/reviews/{name}/spans", json=change).status_code == 201
    add = {"kind": "add", "indicator": "third_party_control", "start": 4, "end": 11, "assertion": "asserted"}
    assert ana.post(f"/v1/reviews/{name}/spans", json=add).status_code == 201
    assert ana.post(f"/v1/reviews/{name}/undo").json()["kind"] == "undo"
    said = ana.get(f"/v1/reviews/{name}").json()["decisions"]
    assert [(one["kind"], one["undone"]) for one in said] == [("change", False), ("add", True), ("undo", False)]
    assert (said[0]["start"], said[0]["end"], said[0]["reason"]) == (0, 30, "Only this.")


def test_verdict_taken_back_gives_the_document_back(ana: TestClient, ben: TestClient, sqlite_store: Store) -> None:
    name = put_in(sqlite_store).id
    verdict(ana, name)
    assert ben.post(f"/v1/reviews/{name}/undo").status_code == 409
    assert ana.post(f"/v1/reviews/{name}/undo").status_code == 200
    item = ana.get(f"/v1/documents/{name}/item").json()
    assert (item["state"], item["verdict"]) == ("waiting", None)
    assert item["holder"] is not None


def test_readers_who_differ_go_to_a_lead_who_sees_both_sides(
    read_twice: tuple[TestClient, TestClient, TestClient], sqlite_store: Store
) -> None:
    ana, ben, lead = read_twice
    name = put_in(sqlite_store).id
    verdict(ana, name)
    assert ben.get(f"/v1/documents/{name}/item").json()["state"] == "second"
    assert ben.get(f"/v1/reviews/{name}").json() == {"decisions": []}
    assert ana.post(f"/v1/documents/{name}/claim").status_code == 403
    claim = ben.post("/v1/queue/next", json={"state": "second"}).json()["claim"]
    assert (claim["document"], claim["round"]) == (name, "second")
    span = first_span(ben, name)
    ben.post(f"/v1/reviews/{name}/spans", json={"kind": "reject", "span": span, "reason": "Kept by himself."})
    verdict(ben, name, "no_concern")
    assert ben.get(f"/v1/reviews/{name}/dispute").status_code == 403
    assert ben.get("/v1/queue", params={"state": "adjudication"}).status_code == 403
    assert [item["document"] for item in lead.get("/v1/queue?state=adjudication").json()["items"]] == [name]
    dispute = lead.get(f"/v1/reviews/{name}/dispute").json()
    assert [dispute[side]["verdict"] for side in ("first", "second")] == ["escalate", "no_concern"]
    assert dispute["differing_spans"] == [span]
    done = verdict(lead, name, "no_concern").get(f"/v1/documents/{name}/item").json()
    assert (done["state"], done["verdict"], len(done["reviewers"])) == ("done", "no_concern", 3)
    assert lead.get(f"/v1/reviews/{name}/dispute").status_code == 409


def test_reader_can_ask_for_a_second_look(ana: TestClient, sqlite_store: Store) -> None:
    name = put_in(sqlite_store).id
    verdict(ana, name, "needs_second_look", "Another language would help.")
    said = ana.get(f"/v1/reviews/{name}").json()["decisions"]
    assert [(one["verdict"], one["reason"]) for one in said] == [("needs_second_look", "Another language would help.")]


def test_cluster_is_listed_and_decided_together(ana: TestClient, ben: TestClient, sqlite_store: Store) -> None:
    advert = f"{OFFER} Call us today, the rooms are warm and the bus leaves on Monday from the market square."
    names = [put_in(sqlite_store, advert).id for _ in range(4)]
    other = put_in(sqlite_store, DEBT).id
    listed = ana.get(f"/v1/documents/{names[0]}/cluster").json()["items"]
    assert listed[0]["document"] == names[0]
    assert {item["document"] for item in listed} == set(names)
    near = ana.get(f"/v1/documents/{names[0]}/similar").json()["similar"]
    assert {one["item"]["document"] for one in near} == set(names[1:])
    assert {one["share"] for one in near} == {1.0}
    body = {"documents": names, "verdict": "escalate", "reason": "One advert."}
    assert ana.post("/v1/reviews/bulk", json=body).status_code == 409
    assert ana.post(f"/v1/documents/{names[0]}/claim").status_code == 200
    assert ben.post(f"/v1/documents/{names[3]}/claim").status_code == 200
    assert ana.post("/v1/reviews/bulk", json={**body, "reason": ""}).status_code == 422
    assert ana.post("/v1/reviews/bulk", json={**body, "documents": [*names, other]}).status_code == 422
    result = ana.post("/v1/reviews/bulk", json=body).json()
    assert result["skipped"] == {names[3]: "held"}
    assert set(result["decided"]) == set(names[:3])
    listed = ana.get("/v1/reviews", params={"batch": result["batch"]}).json()["items"]
    assert {one["document"] for one in listed} == set(names[:3])


def test_check_item_is_hidden_from_readers_and_listed_for_leads(
    ana: TestClient, lead: TestClient, sqlite_store: Store
) -> None:
    name = put_in(sqlite_store).id
    body = {"document": name, "verdict": "escalate", "indicators": ["document_retention"]}
    assert ana.post("/v1/checks", json=body).status_code == 403
    assert lead.post("/v1/checks", json=body).status_code == 204
    assert lead.post("/v1/checks", json=body).status_code == 409
    item = verdict(ana, name, "no_concern").get(f"/v1/documents/{name}/item").json()
    assert (item["state"], item["verdict"]) == ("done", "no_concern")
    assert ana.get("/v1/checks").status_code == 403
    listed = lead.get("/v1/checks").json()["items"]
    assert [(one["document"], one["done"], one["indicators"]) for one in listed] == [(name, 1, ["document_retention"])]
    scores = lead.get("/v1/figures/reviewers").json()
    assert [(one["items"], one["accuracy"]["value"], one["missed"]["value"]) for one in scores["checks"]] == [
        (1, 0.0, 1.0)
    ]
    assert list(scores["verdicts"].values()) == [{"escalate": 0, "needs_second_look": 0, "no_concern": 1}]
    assert lead.post(f"/v1/checks/{name}/retire").status_code == 204
    assert lead.get("/v1/checks").json()["items"] == []
    assert len(lead.get("/v1/checks?retired=true").json()["items"]) == 1


def test_pages_hold_still_while_documents_come_in(ana: TestClient, sqlite_store: Store) -> None:
    before = {put_in(sqlite_store, f"{PASSPORT} {number}").id for number in range(7)}
    for path, method in (("/v1/queue", "GET"), ("/v1/search", "POST")):
        seen: list[str] = []
        cursor = None
        for _ in range(10):
            sent = {"limit": 3} | ({} if cursor is None else {"cursor": cursor})
            answer = ana.get(path, params=sent) if method == "GET" else ana.post(path, json=sent)
            page = answer.json()
            assert len(page["items"]) <= 3
            seen += [item["document"] for item in page["items"]]
            cursor = page["cursor"]
            put_in(sqlite_store, CALM)
            if cursor is None:
                break
        assert len(seen) == len(set(seen))
        assert before <= set(seen)


def test_decisions_are_listed_in_pages_and_others_only_when_done(
    read_twice: tuple[TestClient, TestClient, TestClient], sqlite_store: Store
) -> None:
    ana, ben, _ = read_twice
    done, waiting = (put_in(sqlite_store, f"{PASSPORT} {number}").id for number in range(2))
    for who in (ana, ben):
        verdict(who, done)
    verdict(ana, waiting)
    assert [one["document"] for one in ben.get("/v1/reviews").json()["items"]] == [done, done]
    first = ana.get("/v1/reviews", params={"limit": 2}).json()
    assert [one["document"] for one in first["items"]] == [waiting, done]
    second = ana.get("/v1/reviews", params={"limit": 2, "cursor": first["cursor"]}).json()
    assert ([one["document"] for one in second["items"]], second["cursor"]) == ([done], None)
    assert ana.get("/v1/reviews", params={"kind": "confirm"}).json()["items"] == []


def test_filter_that_cannot_be_is_refused_and_never_ignored(ana: TestClient) -> None:
    queries = (
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=!",
        "cursor=WzFd",
        "score_from=2",
        "score_from=nan",
        "assertion=asserted",
        "created_from=2030-01-07",
        "created_from=1",
        "language=EN",
        "source=%00",
        "indicatr=debt_bondage",
    )
    answers = {query: ana.get(f"/v1/queue?{query}") for query in queries}
    assert {query: answer.status_code for query, answer in answers.items()} == dict.fromkeys(queries, 422)
    assert all(answer.json()["errors"] for answer in answers.values())
    # A number that no database can hold.
    assert ana.get("/v1/reviews?cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTld").status_code == 422


def test_words_are_searched_for_with_filters(ana: TestClient, sqlite_store: Store) -> None:
    passport, debt = put_in(sqlite_store, PASSPORT).id, put_in(sqlite_store, DEBT).id
    found = ana.post("/v1/search", json={"query": "passport"}).json()["items"]
    assert [item["document"] for item in found] == [passport]
    found = ana.post("/v1/search", json={"query": "", "indicator": "debt_bondage", "state": "waiting"}).json()["items"]
    assert [item["document"] for item in found] == [debt]
    assert ana.post("/v1/search", json={"query": "x" * 500}).status_code == 422
    assert ana.post("/v1/search", json={"query": "passport", "created_from": 5}).status_code == 422
