"""Search and dashboard as pages: what is found, masked; what is counted, and what is too few to say."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from service.review import checks, claims, decisions
from service.store.audit_tables import audit
from service.store.documents import list_spans
from service.store.erasure import erase_words
from service.store.store import Store
from tests.desk_app import open_desk_client, signed_in, somebody
from tests.desk_pages import House, open_house
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT, POLICY, decide, person, put_in

NAMED = f"My name is Ramona Stoica, call 555-0134. {PASSPORT}"


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    with open_house(sqlite_template, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three documents, one of them decided."""
    with open_house(sqlite_template, tmp_path_factory.mktemp("filled")) as opened:
        ana = somebody(opened.desk, "ana")
        debt = put_in(opened.store, DEBT, external_id="debt")
        put_in(opened.store, OFFER, external_id="offer", source="hotline")
        put_in(opened.store, CALM, external_id="calm")
        with opened.store.write() as tx:
            claims.claim_item(tx, POLICY, ana, debt.id)
            decisions.decide_document(tx, POLICY, ana, debt.id, "escalate")
        yield opened


def reads(store: Store) -> list[str]:
    """What for texts were opened, oldest first."""
    with store.read() as tx:
        entries = tx.execute(select(audit.c.detail).where(audit.c.action == "document.read").order_by(audit.c.seq))
        return [json.loads(entry.detail)["purpose"] for entry in entries]


def test_words_are_found_and_shown_with_names_hidden(house: House) -> None:
    document = put_in(house.store, NAMED, external_id="case-7")
    put_in(house.store, OFFER)
    page = house.enter().get("/search", params={"q": "passport"}).text
    assert f'href="/desk/{document.id}">case-7</a>' in page
    assert "<mark>passport</mark>" in page
    assert "Stoica" not in page
    assert "555-0134" not in page
    assert "█" in page
    assert reads(house.store) == ["search"]


def test_hidden_words_are_not_given_away_by_marking_them(house: House) -> None:
    put_in(house.store, NAMED)
    page = house.enter().get("/search", params={"q": "Stoica"}).text
    # The word stands in the box it was typed in, and nowhere else.
    assert page.count("Stoica") == 1
    assert "<mark>" not in page


def test_nothing_is_read_before_something_is_looked_for(house: House) -> None:
    put_in(house.store)
    assert "passport" not in house.enter().get("/search").text
    assert reads(house.store) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"indicator": "debt_bondage"}, ["debt"]),
        ({"indicator": "document_retention", "assertion": "negated"}, ["calm"]),
        ({"assertion": "negated", "language": "en"}, ["calm", "offer", "debt"]),
        ({"state": "done"}, ["debt"]),
        ({"verdict": "escalate"}, ["debt"]),
        ({"context": "solicitation"}, ["offer"]),
        ({"score_to": "20"}, ["calm"]),
        ({"from": "2030-01-07", "to": "2030-01-07", "q": "-meet garden"}, ["calm"]),
        ({"from": "2030-01-08"}, []),
        ({"source": "hotline"}, ["offer"]),
    ],
    ids=["indicator", "assertion", "alone", "state", "verdict", "context", "score", "day", "later", "source"],
)
def test_filters_narrow_what_is_found(filled: House, asked: dict[str, str], found: list[str]) -> None:
    page = filled.enter().get("/search", params=asked).text
    places = {name: page.find(f">{name}</a>") for name in ("calm", "offer", "debt")}
    assert [name for name, place in sorted(places.items(), key=lambda pair: pair[1]) if place >= 0] == found


def test_more_results_are_a_page_further(house: House) -> None:
    for place in range(12):
        put_in(house.store, f"{PASSPORT} Note {place}.", external_id=f"n-{place:02}")
    ana = house.enter()
    first = ana.get("/search", params={"q": "passport"}).text
    assert (first.count("result-card"), ">n-11</a>" in first, ">n-01</a>" in first) == (10, True, False)
    older = first.partition('<a class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = ana.get(older).text
    assert (second.count("result-card"), ">n-01</a>" in second, "Newest" in second) == (2, True, True)
    assert 'rel="next"' not in second


def test_heavy_words_are_folded_away(house: House) -> None:
    put_in(house.store, DEBT)
    policy = POLICY.model_copy(update={"heavy_indicators": frozenset({"debt_bondage"})})
    heavy = replace(house.desk, policy=policy)
    with open_desk_client(heavy) as other:
        page = signed_in(other, heavy).get("/search", params={"q": "harvest"}).text
    assert "<details><summary>Show the words; they may be heavy to read</summary>" in page
    assert "Show the words" not in house.enter().get("/search", params={"q": "harvest"}).text


def test_erased_text_is_said_to_be_erased(house: House) -> None:
    document = put_in(house.store)
    with house.store.write() as tx:
        erase_words(tx, document.id)
    page = house.enter().get("/search", params={"state": "waiting"}).text
    assert "The text was erased on 2030-01-07." in page
    assert reads(house.store) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"q": "-only"}, "nothing to look for"),
        ({"score_from": "many"}, "Score from is not a number of percent"),
        ({"from": "yesterday"}, "From is no day"),
        ({"state": "elsewhere"}, "State is not one there can be"),
        ({"q": "x", "cursor": "what"}, "Cursor not one that this list gave"),
    ],
)
def test_what_cannot_be_searched_is_said(filled: House, asked: dict[str, str], said: str) -> None:
    answer = filled.enter().get("/search", params=asked)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert "elsewhere" not in answer.text.partition('role="alert"')[2].partition("</div>")[0]


def read(house: House, name: str, document: str, kind: str, verdict: str = "escalate") -> None:
    user = somebody(house.desk, name)
    policy = POLICY.model_copy(update={"second_share": 1.0})
    with house.store.write() as tx:
        claims.claim_item(tx, policy, user, document)
        for span in list_spans(tx, document):
            decisions.decide_span(tx, user, document, decisions.SpanDecision(kind, span=span.number, reason="Read."))
        decisions.decide_document(tx, policy, user, document, verdict, reason="Read.")


def test_dashboard_counts_and_says_when_there_is_too_little(house: House) -> None:
    for _ in range(9):
        document = put_in(house.store).id
        read(house, "ana", document, "confirm")
        read(house, "ben", document, "confirm")
    ana = house.enter()
    page = ana.get("/dashboard").text
    assert "came in: <b>9</b>" in page
    assert "decided: <b>9</b>" in page
    assert "too few to say" in page
    assert "Today 9 documents, 0 heavy." in page
    document = put_in(house.store).id
    read(house, "ana", document, "reject")
    read(house, "ben", document, "reject")
    page = ana.get("/dashboard", params={"days": 7}).text
    assert "90 % (60 % to 98 %)" in page
    assert "too few to say" not in page
    assert "fake 0.0.1 (20)" in page


def test_empty_desk_has_a_dashboard_too(house: House) -> None:
    lena = house.enter("lena", "lead")
    page = lena.get("/dashboard").text
    assert "Nothing waits." in page
    assert "No span was decided on in this time." in page
    page = lena.get("/dashboard/agreement", params={"spans": "on"}).text
    assert "No document was read by two people" in page
    assert "No check item was done" in page


def test_agreement_is_for_leads_and_names_people(house: House) -> None:
    lead = person(house.store, "lena", "lead")
    hidden = put_in(house.store).id
    with house.store.write() as tx:
        checks.make_check(tx, lead, hidden, verdict="escalate", indicators=("document_retention",))
    read(house, "ana", hidden, "confirm")
    for place in range(20):
        document = put_in(house.store).id
        read(house, "ana", document, "confirm")
        read(house, "ben", document, *(("reject", "no_concern") if place < 4 else ("confirm", "escalate")))
    assert house.enter().get("/dashboard/agreement").status_code == 403
    lena = house.enter("lena", "lead")
    page = lena.get("/dashboard/agreement").text
    assert "20 documents" in page
    assert re.search(
        r'<th scope="row">ana</th>\s*<td class="amount">1</td>\s*<td class="quiet" colspan="3">too few', page
    )
    assert "not reliable" in page
    assert "Compare spans" in page
    assert reads(house.store) == []
    assert "beyond chance" in lena.get("/dashboard/agreement", params={"spans": "on"}).text


def test_week_in_which_readers_turn_from_the_model_is_said_to_have_drifted(house: House) -> None:
    ana = somebody(house.desk, "ana")
    for verdict in ("escalate", "no_concern"):
        for _ in range(12):
            decide(house.store, ana, put_in(house.store).id, verdict)
        house.clock.advance(days=8)
    page = house.enter("lena", "lead").get("/dashboard/agreement").text
    weeks = page.partition("week by week")[2].partition("</table>")[0]
    assert weeks.count("<tr>") == 3
    assert "the first" in weeks
    assert '\N{MINUS SIGN}100 points <span class="badge strong">drifted</span>' in weeks


@pytest.mark.parametrize("path", ["/search", "/dashboard", "/dashboard/agreement"])
def test_submitter_sees_no_page_of_review(filled: House, path: str) -> None:
    assert filled.client.get(path).headers["location"] == f"/sign-in?next={path.replace('/', '%2F')}"
    answer = filled.enter("sub", "submitter").get(path)
    assert (answer.status_code, "<h1" in answer.text) == (403, True)
