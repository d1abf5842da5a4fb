"""The pages under /admin: who may see them, what their forms do, what is shown once, and who cannot send them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from service.desk.csrf import HEADER
from service.review.audit import list_audit
from service.store.audit_tables import audit
from service.store.store import Store
from service.store.users import read_user
from service.store.webhooks import add_webhook, change_webhook, emit, list_deliveries, list_webhooks, mark_failed
from tests.desk_app import somebody
from tests.desk_pages import House, open_house
from tests.reviewing import PASSPORT, decide, put_in

FOR_ADMINS = ("people", "keys", "webhooks", "audit")
FOR_LEADS = ("retention", "checks")
FORMS = (
    "/sign-out",
    "/password",
    "/admin/people",
    "/admin/people/usr-x",
    "/admin/keys",
    "/admin/keys/key-x",
    "/admin/webhooks",
    "/admin/webhooks/hook-x",
    "/admin/deliveries/dlv-x",
    "/admin/retention",
    "/admin/checks",
    "/admin/checks/doc-x",
    "/admin/audit/verify",
)


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for the tests that need nothing to be as it was at the start."""
    with open_house(sqlite_template, tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest.fixture
def fresh(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    with open_house(sqlite_template, tmp_path) as opened:
        yield opened


@pytest.fixture
def admin(house: House) -> TestClient:
    return house.enter("ada", "admin")


def actions(store: Store) -> list[str]:
    with store.read() as tx:
        return [entry.action for entry in list_audit(tx).items]


def token_in(page: str) -> str:
    found = re.search(r'<code class="token"[^>]*>([^<]+)</code>', page)
    assert found is not None
    return found[1]


def test_each_page_is_for_its_roles(house: House) -> None:
    roles = {"submitter": "sue", "analyst": "ana", "lead": "lena", "admin": "ada"}
    people = {role: house.enter(name, role) for role, name in roles.items()}
    seen = {
        role: [tab for tab in ("", *FOR_ADMINS, *FOR_LEADS) if one.get(f"/admin/{tab}".rstrip("/")).status_code == 200]
        for role, one in people.items()
    }
    assert seen == {
        "submitter": [],
        "analyst": [],
        "lead": ["", *FOR_LEADS],
        "admin": ["", *FOR_ADMINS, *FOR_LEADS],
    }
    overview = people["lead"].get("/admin").text
    assert "/admin/checks" in overview
    assert "/admin/keys" not in overview
    assert house.client.get("/admin/keys").headers["location"] == "/sign-in?next=%2Fadmin%2Fkeys"


def test_form_without_the_token_of_its_page_does_nothing(admin: TestClient, house: House) -> None:
    del admin.headers[HEADER]
    before = actions(house.store)
    answers = {path: admin.post(path, data={"csrf_token": "0" * 64, "do": "revoke"}) for path in FORMS}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(FORMS, 403)
    assert all("<h1" in answer.text for answer in answers.values())
    assert actions(house.store) == before


def test_form_of_another_site_does_nothing_even_with_a_token(admin: TestClient) -> None:
    form = {"name": "k", "scopes": "admin"}
    assert admin.post("/admin/keys", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_person_is_added_with_a_password_that_is_shown_once(admin: TestClient, house: House) -> None:
    page = admin.post("/admin/people", data={"name": "New", "display_name": "Nel <b>", "role": "analyst"}).text
    password = token_in(page)
    assert "Nel &lt;b&gt;" in page
    assert password not in admin.get("/admin/people").text
    entered = house.client.post("/sign-in", data={"name": "new", "password": password})
    assert entered.headers["location"].startswith("/password")
    house.client.cookies.clear()


def test_person_gets_another_role_a_new_password_and_a_closed_account(admin: TestClient, house: House) -> None:
    ben = somebody(house.desk, "ben")
    path = f"/admin/people/{ben.id}"
    assert admin.post(path, data={"do": "role", "role": "lead"}).headers["location"] == "/admin/people?done=role"
    password = token_in(admin.post(path, data={"do": "password"}).text)
    assert admin.post(path, data={"do": "close"}).headers["location"] == "/admin/people?done=closed"
    assert house.client.post("/sign-in", data={"name": "ben", "password": password}).status_code == 401
    assert ">closed<" in admin.get("/admin/people?done=closed").text
    assert admin.post(path, data={"do": "open"}).headers["location"] == "/admin/people?done=opened"
    with house.store.read() as tx:
        found = read_user(tx, ben.id)
    assert (found.role, found.active) == ("lead", True)


def test_locked_person_is_seen_and_let_in_again(admin: TestClient, house: House) -> None:
    lou = somebody(house.desk, "lou")
    for _ in range(5):
        house.client.post("/sign-in", data={"name": "lou", "password": "not that one"})
    page = admin.get("/admin/people").text
    assert "locked until 12:15 UTC" in page
    assert "5 wrong passwords in a row" in page
    admin.post(f"/admin/people/{lou.id}", data={"do": "open"})
    assert "locked until" not in admin.get("/admin/people").text


def test_nobody_changes_their_own_role_there(admin: TestClient, house: House) -> None:
    ada = somebody(house.desk, "ada")
    answer = admin.post(f"/admin/people/{ada.id}", data={"do": "role", "role": "analyst"})
    assert (answer.status_code, "is about yourself" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("path", "form", "status", "said"),
    [
        ("/admin/people", {"name": "ada", "role": "analyst"}, 409, "There is a user"),
        ("/admin/people", {"name": "x", "role": "owner"}, 422, "submitter, analyst, lead, admin"),
        ("/admin/people/usr-x", {"do": "close"}, 404, "There is no such user"),
        ("/admin/keys", {"name": "k"}, 422, "scopes"),
        ("/admin/keys", {"name": "k", "scopes": "read", "days": "many"}, 422, "a whole number from 1 to 3650"),
        ("/admin/keys", {"name": "k", "scopes": "read", "owner": "usr-x"}, 404, "There is no such user"),
        ("/admin/keys/key-x", {"do": "revoke"}, 404, "There is no such key"),
        ("/admin/keys/key-x", {"do": "what"}, 422, "rotate, revoke"),
        ("/admin/webhooks", {"url": "http://10.0.0.1/x", "events": "document.created"}, 422, "https"),
        ("/admin/webhooks", {"url": "https://example.org/x"}, 422, "events"),
        ("/admin/webhooks/hook-x", {"do": "remove"}, 404, "There is no such webhook"),
        ("/admin/deliveries/dlv-x", {}, 409, "no dead letter"),
        ("/admin/retention", {"document": "doc-x"}, 422, "is not ticked"),
        ("/admin/retention", {"document": "doc-x", "sure": "yes"}, 404, "There is no such document"),
        ("/admin/checks", {"document": "doc-x", "verdict": "escalate"}, 404, "There is no such document"),
        ("/admin/audit/verify", {"expect": "12"}, 422, "64 hex digits"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(
    admin: TestClient, path: str, form: dict[str, str], status: int, said: str
) -> None:
    answer = admin.post(path, data=form)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert 'role="alert"' in answer.text


def test_key_is_shown_once_works_is_replaced_and_ended(admin: TestClient, house: House) -> None:
    ana = somebody(house.desk, "ana")
    form = {"name": "intake", "scopes": ["submit", "review"], "owner": ana.id, "days": "30"}
    token = token_in(admin.post("/admin/keys", data=form).text)
    page = admin.get("/admin/keys").text
    assert token not in page
    assert "submit, review" in page
    headers = {"Authorization": f"Bearer {token}"}
    assert house.client.post("/v1/documents", json={"text": PASSPORT}, headers=headers).status_code == 201
    key_id = re.search(r'action="/admin/keys/(key-\w+)"', page)
    assert key_id is not None
    newer = token_in(admin.post(f"/admin/keys/{key_id[1]}", data={"do": "rotate"}).text)
    assert ">replaced<" in admin.get("/admin/keys").text
    assert admin.post(f"/admin/keys/{key_id[1]}", data={"do": "revoke"}).headers["location"] == "/admin/keys?done=ended"
    used = {
        one: house.client.get("/v1/queue", headers={"Authorization": f"Bearer {one}"}).status_code
        for one in (token, newer)
    }
    assert used == {token: 401, newer: 200}


def test_webhook_is_added_turned_off_and_removed(admin: TestClient, house: House) -> None:
    form = {"url": "https://example.org/hook", "events": ["document.created"]}
    secret = token_in(admin.post("/admin/webhooks", data=form).text)
    page = admin.get("/admin/webhooks").text
    assert secret not in page
    hook_id = re.search(r'action="/admin/webhooks/(hook-\w+)"', page)
    assert hook_id is not None
    for do in ("off", "on", "remove"):
        assert admin.post(f"/admin/webhooks/{hook_id[1]}", data={"do": do}).status_code == 303
    with house.store.read() as tx:
        assert list_webhooks(tx) == []


def test_dead_letter_is_seen_and_sent_again(admin: TestClient, house: House) -> None:
    with house.store.write() as tx:
        _, hook = add_webhook(tx, "https://example.org/hook", events=["document.created"], actor="system")
        emit(tx, "document.created", {"document": "doc-x"})
        # Off in the same step, so that the server itself sends nothing.
        change_webhook(tx, hook.id, actor="system", active=False)
        (delivery,) = list_deliveries(tx, webhook=hook.id)
        mark_failed(tx, delivery.id, error="another status than 2xx", status=500)
    assert "No dead letters." not in admin.get("/admin/webhooks?state=dead").text
    assert admin.post(f"/admin/deliveries/{delivery.id}").headers["location"] == "/admin/webhooks?done=retried"
    assert "No dead letters." in admin.get("/admin/webhooks?state=dead").text


def test_retention_says_what_would_go_and_erases_one_document(fresh: House) -> None:
    document = put_in(fresh.store, external_id="case-7")
    fresh.clock.advance(days=31)
    lena = fresh.enter("lena", "lead")
    page = lena.get("/admin/retention").text
    assert re.search(r"30 days</th>.*?2030-01-08 12:00.*?<td class=\"amount\">1</td>", page, re.DOTALL)
    done = lena.post("/admin/retention", data={"document": "case-7", "sure": "yes"})
    assert done.headers["location"] == "/admin/retention?done=erased"
    again = lena.post("/admin/retention", data={"document": document.id, "sure": "yes"})
    assert again.headers["location"] == "/admin/retention?done=before"
    assert "document.erased" in actions(fresh.store)


def test_name_that_several_documents_have_erases_none(house: House) -> None:
    put_in(house.store, external_id="case-8")
    put_in(house.store, external_id="case-8")
    lena = house.enter("lena", "lead")
    answer = lena.post("/admin/retention", data={"document": "case-8", "sure": "yes"})
    assert (answer.status_code, "2 documents have this name" in answer.text) == (409, True)
    assert "document.erased" not in actions(house.store)


def test_check_item_is_made_and_retired_by_a_lead(house: House) -> None:
    document = put_in(house.store)
    lena = house.enter("lena", "lead")
    form = {"document": document.id, "verdict": "escalate", "indicators": ["document_retention", "not one"]}
    assert lena.post("/admin/checks", data=form).headers["location"] == "/admin/checks?done=made"
    decide(house.store, somebody(house.desk, "ana"), document.id)
    page = lena.get("/admin/checks").text
    assert "<td>Retention of documents</td>" in page
    assert '<td class="amount">1</td>' in page
    assert (
        lena.post(f"/admin/checks/{document.id}", data={"do": "retire"}).headers["location"]
        == "/admin/checks?done=retired"
    )
    assert "retired 2030-01-07" in lena.get("/admin/checks").text


def test_audit_log_is_browsed_by_person_and_by_subject(admin: TestClient, house: House) -> None:
    document = put_in(house.store)
    decide(house.store, somebody(house.desk, "uma"), document.id)
    with house.store.write() as tx:
        for _ in range(50):
            tx.audit("system", "user.added", "usr-x", role="analyst")
    assert 'rel="next"' in admin.get("/admin/audit").text
    hers = admin.get("/admin/audit", params={"actor": "Uma"}).text
    assert "decision.made" in hers
    assert "document.created" not in hers
    about = admin.get("/admin/audit", params={"subject": document.id}).text
    assert "document.created" in about
    assert "decision.made" in about
    assert "user.added" not in about
    assert admin.get("/admin/audit", params={"cursor": "what"}).status_code == 422


def test_audit_log_is_verified_and_a_change_is_found(fresh: House) -> None:
    put_in(fresh.store)
    admin = fresh.enter("ada", "admin")
    noted = token_in(admin.post("/admin/audit/verify", data={"expect": ""}).text)
    again = admin.post("/admin/audit/verify", data={"expect": noted}).text
    assert "as written" in again
    with fresh.store.write() as tx:
        # Whoever can write to the database can also take its own guards away.
        guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        for (name,) in tx.connection.exec_driver_sql(guards).all():
            tx.connection.exec_driver_sql(f"DROP TRIGGER {name}")
        tx.execute(update(audit).where(audit.c.seq == 2).values(actor="somebody"))
    page = admin.post("/admin/audit/verify", data={"expect": noted}).text
    assert "The log is not as it was written." in page
    assert "entry 2 is not as it was written" in page


def test_no_page_may_be_kept_or_run_foreign_scripts(admin: TestClient) -> None:
    for tab in ("", "/people", "/keys", "/webhooks", "/retention", "/checks", "/audit"):
        answer = admin.get(f"/admin{tab}")
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert " style=" not in answer.text
