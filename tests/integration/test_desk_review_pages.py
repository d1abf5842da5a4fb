"""The queue and the review desk as plain pages and forms: who sees what, what is refused, what is written down."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.desk.desk import open_desk
from service.desk.settings import DeskSettings
from service.review.policy import ReviewPolicy
from service.review.wellness import WellnessSettings
from service.store.audit_tables import audit
from service.store.erasure import erase_words
from service.store.settings import load_store_settings
from service.store.store import open_store
from tests.desk_app import CHEAP, open_desk_client
from tests.desk_pages import House, open_house
from tests.reviewing import CALM, DEBT, OFFER, PASSPORT, POLICY, Clock, put_in

HEAVY = frozenset({"debt_bondage"})
NAMED = f"My name is Ana Example, call 555-0142. {PASSPORT}"


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    with open_house(sqlite_template, tmp_path) as opened:
        yield opened


@contextmanager
def open_with(template: Path, folder: Path, **rules: Any) -> Iterator[House]:
    """A house with rules of its own."""
    shutil.copy(template, folder / "tellsign.db")
    clock = Clock()
    store = open_store(load_store_settings(data_dir=folder), clock=clock, chance=lambda: 0.999)
    desk = open_desk(DeskSettings(**CHEAP), store=store, **{"policy": POLICY, **rules})
    with open_desk_client(desk) as client:
        yield House(desk, clock, client)
    store.close()


def take_next(client: TestClient, within: str = "") -> str:
    """Goes to the next document; returns where that led."""
    return client.post("/queue/next", data={"within": within}).headers["location"]


def audited(house: House, action: str) -> int:
    with house.store.read() as tx:
        return len(tx.execute(select(audit.c.seq).where(audit.c.action == action)).all())


def test_queue_shows_order_reasons_and_no_words_of_a_text(house: House) -> None:
    put_in(house.store, CALM, external_id="calm")
    put_in(house.store, NAMED, external_id="named")
    house.clock.advance(hours=3)
    page = house.enter().get("/queue").text
    assert page.index(">named</a>") < page.index(">calm</a>")
    for said in ("Retention of documents", "review probability", "3 h", "Waiting <b>2</b>"):
        assert said in page
    assert "passport" not in page
    assert "Adjudication" not in page
    assert "Adjudication" in house.enter("lee", "lead").get("/queue").text


@pytest.mark.parametrize("query", ["score_from=much", "indicator=%00", "cursor=x", "state=elsewhere"])
def test_queue_says_what_cannot_be_narrowed_to(house: House, query: str) -> None:
    answer = house.enter().get(f"/queue?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_queue_goes_on_where_a_page_ends(house: House) -> None:
    for place in range(30):
        put_in(house.store, f"{DEBT} {place}.", external_id=f"case-{place:02}")
    ana = house.enter()
    page = ana.get("/queue").text
    onward = page.split('<a class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = ana.get(onward).text
    assert [name for name in (f"case-{place:02}" for place in range(30)) if (name in page) == (name in rest)] == []


def test_queue_says_what_is_held(house: House) -> None:
    put_in(house.store, PASSPORT, external_id="mine")
    ana = house.enter("ana")
    assert "You hold" not in ana.get("/queue").text
    location = take_next(ana)
    assert f'You hold <a href="{location}">mine</a>' in ana.get("/queue").text
    assert "You hold" not in house.enter("bo").get("/queue").text


def test_submitter_has_no_queue_and_nobody_comes_in_unsigned(house: House) -> None:
    assert house.enter("sam", "submitter").get("/queue").status_code == 403
    assert house.client.get("/queue").headers["location"] == "/sign-in?next=%2Fqueue"


def test_text_is_shown_to_its_holder_alone_until_it_is_done(house: House) -> None:
    document = put_in(house.store, NAMED)
    ana, bo = house.enter("ana"), house.enter("bo")
    assert "passport" not in ana.get(f"/desk/{document.id}").text
    assert audited(house, "document.read") == 0
    assert take_next(ana) == f"/desk/{document.id}"
    assert "took my passport" in ana.get(f"/desk/{document.id}").text
    assert audited(house, "document.read") == 1
    assert "Another person has this document now." in bo.get(f"/desk/{document.id}").text
    answer = ana.post(f"/desk/{document.id}/verdict", data={"verdict": "escalate"})
    assert answer.headers["location"] == "/queue?said=empty"
    assert "took my passport" in bo.get(f"/desk/{document.id}").text


def test_names_are_hidden_in_everything_that_the_page_says(house: House) -> None:
    document = put_in(house.store, f"{NAMED} Ana Example keeps our passports.", metadata={"from": "ana@example.org"})
    ana = house.enter()
    take_next(ana)
    page = ana.get(f"/desk/{document.id}").text
    assert "Example" not in page
    assert "0142" not in page
    refused = ana.post(f"/desk/{document.id}/unmask", data={})
    assert refused.status_code == 422
    assert "Example" not in refused.text
    shown = ana.post(f"/desk/{document.id}/unmask", data={"why": "Needed to decide on this document"}).text
    assert "Ana Example" in shown
    assert "ana@example.org" in shown
    assert "Ana Example" in ana.get(f"/desk/{document.id}").text
    ana.post(f"/desk/{document.id}/verdict", data={"verdict": "escalate"})
    assert "Example" not in ana.get(f"/desk/{document.id}").text


REFUSED = {
    "rejecting without a reason": ({"kind": "reject", "span": "1"}, 422, "is missing; needed for rejecting a span"),
    "no such span": ({"kind": "confirm", "span": "99"}, 422, "99 is no span of the current analysis"),
    "not a number": ({"kind": "confirm", "span": "one"}, 422, "is not a whole number"),
    "ends beyond the text": (
        {"kind": "add", "indicator": "isolation", "assertion": "asserted", "start": "5", "end": "900"},
        422,
        "5 to 900; allowed: 0 &lt;= start &lt; end",
    ),
    "unknown kind": ({"kind": "praise", "span": "1"}, 422, "kind"),
}


@pytest.mark.parametrize(("form", "status", "said"), REFUSED.values(), ids=REFUSED)
def test_refused_decision_is_said_on_the_page(house: House, form: dict[str, str], status: int, said: str) -> None:
    document = put_in(house.store, PASSPORT)
    ana = house.enter()
    take_next(ana)
    answer = ana.post(f"/desk/{document.id}/spans", data=form)
    assert answer.status_code == status
    assert said in answer.text
    assert 'id="marked"' in answer.text


def test_decision_on_a_document_that_somebody_else_took_is_a_conflict(house: House) -> None:
    document = put_in(house.store, PASSPORT)
    ana, bo = house.enter("ana"), house.enter("bo")
    take_next(ana)
    house.clock.advance(minutes=20)
    take_next(bo)
    answer = ana.post(f"/desk/{document.id}/spans", data={"kind": "confirm", "span": "1"})
    assert answer.status_code == 409
    assert "Nothing was changed." in answer.text
    assert ana.post(f"/desk/{document.id}/renew").status_code == 409
    assert bo.post(f"/desk/{document.id}/renew").status_code == 204


def test_forms_without_the_token_of_the_session_do_nothing(house: House) -> None:
    document = put_in(house.store, PASSPORT)
    ana = house.enter()
    take_next(ana)
    del ana.headers["X-CSRF-Token"]
    data = {"verdict": "escalate"}
    assert ana.post(f"/desk/{document.id}/verdict", data=data).status_code == 403
    token = ana.get(f"/desk/{document.id}").text.split('name="csrf_token" value="')[1].split('"')[0]
    assert ana.post(f"/desk/{document.id}/verdict", data={**data, "csrf_token": token}).status_code == 303


def test_narrowed_queue_is_kept_to_from_document_to_document(house: House) -> None:
    put_in(house.store, PASSPORT)
    first, second = put_in(house.store, DEBT), put_in(house.store, f"{DEBT} Each week.")
    ana = house.enter()
    within = "indicator=debt_bondage"
    assert take_next(ana, within) == f"/desk/{first.id}?{within}"
    answer = ana.post(f"/desk/{first.id}/verdict", data={"verdict": "escalate", "within": within})
    assert answer.headers["location"] == f"/desk/{second.id}?{within}"
    answer = ana.post(f"/desk/{second.id}/release", data={"within": within})
    assert answer.headers["location"] == f"/queue?said=released&{within}"


def test_second_reading_is_blind(sqlite_template: Path, tmp_path: Path) -> None:
    with open_with(sqlite_template, tmp_path, policy=ReviewPolicy(second_share=1, check_share=0)) as house:
        document = put_in(house.store, PASSPORT)
        ana, bo = house.enter("ana"), house.enter("bo")
        take_next(ana)
        data = {"verdict": "needs_second_look", "reason": "Unsure of it"}
        assert ana.post(f"/desk/{document.id}/verdict", data=data).headers["location"] == "/queue?said=empty"
        assert "Second reading" in ana.get(f"/desk/{document.id}").text
        refused = ana.post(f"/desk/{document.id}/claim")
        assert refused.status_code == 403
        assert take_next(bo) == f"/desk/{document.id}"
        page = bo.get(f"/desk/{document.id}").text
        assert "Somebody has read this before you." in page
        assert "Unsure of it" not in page


def test_cap_of_the_day_is_said_in_words_and_ends_with_the_day(sqlite_template: Path, tmp_path: Path) -> None:
    with open_with(sqlite_template, tmp_path, wellness=WellnessSettings(items_per_day=1)) as house:
        first, second = put_in(house.store, PASSPORT), put_in(house.store, CALM)
        ana = house.enter()
        assert take_next(ana) == f"/desk/{first.id}"
        answer = ana.post(f"/desk/{first.id}/verdict", data={"verdict": "escalate"})
        assert answer.headers["location"] == "/queue?said=cap"
        assert "That was enough heavy reading for today." in ana.get("/queue?said=cap").text
        house.clock.advance(hours=12.1)
        assert take_next(house.enter()) == f"/desk/{second.id}"


def test_heavy_document_beyond_the_cap_is_refused_and_passed_over(sqlite_template: Path, tmp_path: Path) -> None:
    policy = ReviewPolicy(
        second_share=0,
        second_verdicts=frozenset(),
        check_share=0,
        heavy_cap_per_day=0,
        heavy_indicators=HEAVY,
    )
    with open_with(sqlite_template, tmp_path, policy=policy) as house:
        heavy, light = put_in(house.store, DEBT, policy=policy), put_in(house.store, CALM, policy=policy)
        ana = house.enter()
        assert "may be heavy to read" in ana.get("/queue").text
        assert "It may be heavy to read." in ana.get(f"/desk/{heavy.id}").text
        assert ana.post(f"/desk/{heavy.id}/claim").status_code == 403
        assert take_next(ana) == f"/desk/{light.id}"


def test_pause_is_offered_after_heavy_reading_and_kept_in_the_browser_alone(
    sqlite_template: Path, tmp_path: Path
) -> None:
    policy = ReviewPolicy(second_share=0, check_share=0, second_verdicts=frozenset(), heavy_indicators=HEAVY)
    wellness = WellnessSettings(pause_after_heavy=2)
    with open_with(sqlite_template, tmp_path, policy=policy, wellness=wellness) as house:
        documents = [put_in(house.store, f"{DEBT} {place}.", policy=policy) for place in range(2)]
        ana = house.enter()
        first, second = (f"/desk/{document.id}" for document in documents)
        assert take_next(ana) == first
        assert 'class="message pause"' not in ana.get(first).text
        house.clock.advance(minutes=1)
        assert ana.post(f"{first}/verdict", data={"verdict": "escalate"}).headers["location"] == second
        assert 'class="message pause"' in ana.get(second).text
        house.clock.advance(minutes=1)
        answer = ana.post("/pause", data={"choice": "pause", "back": second})
        assert answer.headers["location"].startswith("/pause?back=%2Fdesk%2F")
        assert "The queue waits" not in ana.get(answer.headers["location"]).text
        assert 'class="message pause"' not in ana.get(second).text
        assert (
            ana.post("/pause", data={"back": "https://elsewhere.example.org"}).headers["location"] == "/pause?back=%2F"
        )


def test_cluster_is_decided_from_one_of_its_documents(house: House) -> None:
    documents = [put_in(house.store, f"{OFFER} {word}.") for word in ("Soon", "Today", "Now")]
    ana, bo = house.enter("ana"), house.enter("bo")
    take_next(ana)
    bo.post(f"/desk/{documents[1].id}/claim")
    page = ana.get(f"/desk/{documents[0].id}").text
    assert "2 nearly the same" in page
    data = {"verdict": "escalate", "documents": [documents[1].id, documents[2].id]}
    refused = ana.post(f"/desk/{documents[0].id}/cluster", data=data)
    assert refused.status_code == 422
    answer = ana.post(f"/desk/{documents[0].id}/cluster", data={**data, "reason": "One message sent often"})
    assert answer.headers["location"] == "/queue?said=empty&together=2&left=1"
    said = ana.get(answer.headers["location"]).text
    assert "2 documents decided together. 1 left out" in said


def test_undo_without_a_decision_is_said_and_one_before_the_next_document_is_taken_back(house: House) -> None:
    first, second = put_in(house.store, PASSPORT), put_in(house.store, CALM)
    ana = house.enter()
    take_next(ana)
    assert ana.post("/desk/undo", data={"document": first.id}).status_code == 409
    ana.post(f"/desk/{first.id}/verdict", data={"verdict": "escalate"})
    answer = ana.post("/desk/undo", data={"document": second.id, "reveal": "1", "mark": "1"})
    assert answer.headers["location"] == f"/desk/{first.id}#row-1"
    assert "First reading" in ana.get(f"/desk/{first.id}").text


def test_erased_text_leaves_its_decisions(house: House) -> None:
    document = put_in(house.store, PASSPORT)
    ana = house.enter()
    take_next(ana)
    ana.post(f"/desk/{document.id}/verdict", data={"verdict": "escalate"})
    with house.store.write() as tx:
        erase_words(tx, document.id)
    page = ana.get(f"/desk/{document.id}").text
    assert "The text was erased. What was decided stays." in page
    assert "Escalate" in page
    assert "took my passport" not in page


def test_document_that_there_is_not_is_a_page_too(house: House) -> None:
    answer = house.enter().get("/desk/doc-none")
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]


def test_referrals_are_dated_and_of_the_country_that_was_asked_for(house: House) -> None:
    page = house.enter().get("/referrals?country=ar").text
    for said in ("Argentina", "145", "Written on 2", "Check before use"):
        assert said in page
    assert "International" in house.enter().get("/referrals?country=nowhere").text
