"""`tellsign users` and `tellsign keys` on a store of their own."""

import typing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from service.commands import keys, users
from service.commands.exits import REFUSED, OneLineErrors
from service.desk.desk import Desk, open_desk
from service.desk.passwords import must_change
from service.store.api_keys import find_api_key
from service.store.schema import ROLES
from service.store.settings import load_store_settings
from service.store.store import open_store
from service.store.upgrade import upgrade_store
from service.store.users import find_user, password_hash_of, record_failed_sign_in

app = typer.Typer(cls=OneLineErrors)
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """What the commands reach by their environment."""
    monkeypatch.delenv("TELLSIGN_DATABASE_URL", raising=False)
    for name, value in {"DATA_DIR": str(tmp_path / "data"), "ARGON2_TIME": "1", "ARGON2_MEMORY_KIB": "32"}.items():
        monkeypatch.setenv(f"TELLSIGN_{name}", value)
    store = open_store(load_store_settings())
    upgrade_store(store)
    yield open_desk(store=store)
    store.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_added_person_gets_a_one_time_password(desk: Desk) -> None:
    made = run("users", "add", "Ana", "--role", "lead", "--display-name", "Ana Example")
    assert made.exit_code == 0, made.stderr
    password = made.stdout.strip()
    with desk.store.read() as tx:
        user = find_user(tx, "ana")
        assert user is not None
        kept = password_hash_of(tx, user.id)
    assert (user.role, user.display_name) == ("lead", "Ana Example")
    assert desk.passwords.matches(kept, password)
    assert must_change(kept)
    assert password not in made.stderr


def test_person_of_a_provider_gets_no_password(desk: Desk) -> None:
    made = run("users", "add", "ana", "--subject", "https://id.example.org|7")
    assert (made.exit_code, made.stdout) == (0, "")
    with desk.store.read() as tx:
        user = find_user(tx, "ana")
        assert user is not None
        assert password_hash_of(tx, user.id) is None


def test_people_are_listed_with_what_they_may() -> None:
    run("users", "add", "ana")
    run("users", "add", "boss", "--role", "admin")
    run("users", "lock", "ana")
    assert run("users", "list").stdout.splitlines() == [
        "ana  analyst  locked  never signed in",
        "boss  admin  in use  never signed in",
    ]
    assert run("users", "unlock", "ANA").stdout == "ana is in use\n"


def test_unlock_ends_a_lock_after_failures(desk: Desk) -> None:

    run("users", "add", "ana")
    with desk.store.write() as tx:
        user = find_user(tx, "ana")
        assert user is not None
        record_failed_sign_in(tx, user.id, limit=1, lock_for=timedelta(hours=1))
    assert "too many failures" in run("users", "list").stdout
    run("users", "unlock", "ana")
    assert "in use" in run("users", "list").stdout


def test_new_password_replaces_the_old_one(desk: Desk) -> None:
    first = run("users", "add", "ana").stdout.strip()
    second = run("users", "password", "ana").stdout.strip()
    with desk.store.read() as tx:
        user = find_user(tx, "ana")
        assert user is not None
        kept = password_hash_of(tx, user.id)
    assert [desk.passwords.matches(kept, password) for password in (first, second)] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["users", "lock", "nobody"], "no user 'nobody'"),
        (["users", "password", "nobody"], "no user 'nobody'"),
        (["users", "add", "x" * 101], "allowed: 1 to 100"),
        (["keys", "create", "--scope", "all"], "allowed: analyze"),
        (["keys", "create", "--owner", "nobody"], "no user 'nobody'"),
        (["keys", "revoke", "key-1"], "no key 'key-1'"),
        (["keys", "rotate", "key-1"], "no key 'key-1'"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_refused_in_one_line(arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == REFUSED
    assert says in result.stderr
    assert result.stdout == ""


def test_last_admin_cannot_be_locked_out() -> None:
    run("users", "add", "boss", "--role", "admin")
    assert run("users", "lock", "boss").exit_code == REFUSED


def test_key_of_the_store_is_made_listed_rotated_and_revoked(desk: Desk) -> None:
    run("users", "add", "ana")
    made = run("keys", "create", "--scope", "submit", "--name", "intake", "--owner", "ana", "--expires", "90")
    token = made.stdout.strip()
    listed = run("keys", "list").stdout
    key_id = listed.split()[0]
    assert "submit  intake  for ana  made " in listed
    assert " ends " in listed
    assert token not in listed
    other = run("keys", "rotate", key_id, "--overlap", "0").stdout.strip()
    with desk.store.read() as tx:
        assert find_api_key(tx, token) is None
        found = find_api_key(tx, other)
    assert found is not None
    assert found.scopes == ("submit",)
    assert run("keys", "revoke", found.id).stdout == f"{found.id} revoked\n"
    assert "revoked " in run("keys", "list").stdout.splitlines()[1]


def test_command_knows_the_roles_of_the_store() -> None:
    assert typing.get_args(users.Role) == ROLES
