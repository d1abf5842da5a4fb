"""Signing in and out, choosing a password, and one's own account, as a browser without scripts does it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.desk.accounts import add_account
from service.desk.csrf import COOKIE, HEADER, token_for
from tests.desk_app import PASSWORD, desk_over, open_desk_client, somebody
from tests.desk_pages import House, open_house
from tests.reviewing import decide, put_in

OTHER, WRONG = "another horse, same battery", "not that one"
ONWARD = "/search?q=ferry"


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path) -> Iterator[House]:
    with open_house(sqlite_template, tmp_path, lock_after=3) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for the tests after which everything is as it was; ana may sign in, and nobody is."""
    with open_house(sqlite_template, tmp_path_factory.mktemp("shared"), sign_in_rate="1000/minute") as opened:
        somebody(opened.desk, "ana")
        yield opened


def enter(client: TestClient, name: str = "ana", password: str = PASSWORD, onward: str = "/", **headers: str) -> str:
    """Send the form; returns where it leads to, or the page that says what is wrong."""
    form = {"name": name, "password": password, "next": onward}
    answer = client.post("/sign-in", data=form, headers=headers)
    return answer.headers["location"] if answer.status_code == 303 else f"{answer.status_code} {answer.text}"


def test_person_signs_in_and_goes_on_to_where_they_wanted(house: House) -> None:
    somebody(house.desk, "ana")
    sent = house.client.get(ONWARD)
    assert sent.headers["location"] == "/sign-in?next=%2Fsearch%3Fq%3Dferry"
    assert 'value="/search?q=ferry"' in house.client.get(sent.headers["location"]).text
    assert enter(house.client, onward=ONWARD) == ONWARD
    cookie = house.client.cookies.get(COOKIE)
    assert cookie is not None
    assert house.client.get(ONWARD).status_code == 200
    assert house.client.get("/sign-in?next=/queue").headers["location"] == "/queue"


@pytest.mark.parametrize(
    "onward", ["https://elsewhere.example.org/", "//elsewhere.example.org", "/\\elsewhere.example.org", "queue", ""]
)
def test_other_sites_are_no_place_to_go_on_to(shared: House, onward: str) -> None:
    somebody(shared.desk, "ana")
    assert 'name="next" value="/"' in shared.client.get("/sign-in", params={"next": onward}).text
    assert enter(shared.client, onward=onward) == "/"
    shared.client.cookies.clear()


def test_wrong_password_says_the_same_as_an_unknown_name(house: House) -> None:
    somebody(house.desk, "ana")
    wrong, unknown = enter(house.client, password=WRONG), enter(house.client, name="nobody")
    assert wrong.startswith("401 ")
    assert "The name or the password is wrong." in wrong
    assert wrong.replace('value="ana"', "") == unknown.replace('value="nobody"', "")
    assert WRONG not in wrong


def test_locked_account_stays_closed_for_the_right_password_and_the_page_says_for_how_long(house: House) -> None:
    somebody(house.desk, "ana")
    said = [enter(house.client, password=WRONG) for _ in range(3)]
    assert "3 failures in a row close an account for 15 minutes" in said[-1]
    assert enter(house.client).startswith("401 ")
    house.clock.advance(minutes=16)
    assert enter(house.client) == "/"


def test_too_many_tries_from_one_address_are_told_to_wait(house: House) -> None:
    with open_desk_client(desk_over(house.store, sign_in_rate="2/minute")) as narrow:
        enter(narrow, name="nobody")
        enter(narrow, name="nobody")
        answer = narrow.post("/sign-in", data={"name": "nobody", "password": "x"})
    assert (answer.status_code, "Too many requests" in answer.text) == (429, True)
    assert int(answer.headers["retry-after"]) > 0


def test_form_of_another_site_signs_nobody_in(shared: House) -> None:
    somebody(shared.desk, "ana")
    said = enter(shared.client, **{"Sec-Fetch-Site": "cross-site"})
    assert said.startswith("403 ")
    assert "<h1" in said
    assert COOKIE not in shared.client.cookies


def test_page_takes_a_form_only(shared: House) -> None:
    answer = shared.client.post("/sign-in", json={"name": "ana", "password": PASSWORD})
    assert answer.status_code == 422
    assert "<h1" in answer.text


def test_first_password_has_to_be_changed_before_anything_else(house: House) -> None:
    _, password = add_account(house.desk, "new", role="analyst", actor="system")
    assert password is not None
    assert enter(house.client, "new", password, ONWARD) == "/password?next=%2Fsearch%3Fq%3Dferry"
    assert house.client.get("/queue").headers["location"] == "/password"
    page = house.client.get("/password", params={"next": ONWARD}).text
    assert "Choose a password of your own" in page
    token = token_for(house.client.cookies[COOKIE])
    form = {"current": password, "new": OTHER, "again": OTHER, "next": ONWARD, "csrf_token": token}
    assert f'value="{token}"' in page
    assert house.client.post("/password", data=form).headers["location"] == ONWARD
    assert house.client.get("/queue").status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"current": WRONG, "new": OTHER, "again": OTHER}, 401, "The password until now is wrong"),
        ({"current": PASSWORD, "new": OTHER, "again": OTHER + "!"}, 422, "is not the same both times"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, 422, "12 to 256 characters"),
        ({"current": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 422, "is the one until now"),
    ],
    ids=["wrong", "not twice", "short", "the same"],
)
def test_password_is_not_changed_for(shared: House, form: dict[str, str], status: int, said: str) -> None:
    answer = shared.enter().post("/password", data=form)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert OTHER not in answer.text
    assert enter(shared.client) == "/"
    shared.client.cookies.clear()


def test_changed_password_ends_every_other_session(house: House) -> None:
    here, elsewhere = house.enter(), house.enter()
    answer = here.post("/password", data={"current": PASSWORD, "new": OTHER, "again": OTHER})
    assert answer.headers["location"] == "/account?done=password"
    assert "Your password is changed" in here.get("/account?done=password").text
    assert elsewhere.get("/account").headers["location"].startswith("/sign-in")
    assert enter(house.client, password=PASSWORD).startswith("401 ")


def test_sign_out_ends_the_session_and_needs_the_token_of_the_page(shared: House) -> None:
    ana = shared.enter()
    token = ana.headers.pop(HEADER)
    assert ana.post("/sign-out").status_code == 403
    assert ana.get("/account").status_code == 200
    out = ana.post("/sign-out", data={"csrf_token": token})
    assert out.headers["location"] == "/sign-in?done=out"
    assert "You are signed out" in ana.get("/sign-in?done=out").text
    assert ana.get("/account").headers["location"].startswith("/sign-in")


def test_account_says_who_is_signed_in_and_what_they_have_read(house: House) -> None:
    document = put_in(house.store)
    ana = house.enter()
    decide(house.store, somebody(house.desk, "ana"), document.id)
    page = ana.get("/account").text
    assert "1 document, 0 heavy" in page
    assert "Read what waits in the queue" in page
    assert "Change the password" in page


def test_other_provider_is_offered_where_there_is_one(shared: House) -> None:
    assert "Sign in with" not in shared.client.get("/sign-in").text
    provider = {
        "oidc_issuer": "https://id.example.org",
        "oidc_client_id": "tellsign",
        "oidc_client_secret": "s",
        "public_url": "https://desk.example.org",
        "oidc_label": "Harbour House",
    }
    with open_desk_client(desk_over(shared.store, **provider)) as other:
        page = other.get("/sign-in", params={"next": ONWARD}).text
    assert "Sign in with Harbour House" in page
    assert "/sign-in/oidc?next=%2Fsearch%3Fq%3Dferry" in page
