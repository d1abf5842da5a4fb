"""`tellsign store`, `retention` and `audit` on a store of their own."""

import base64
from pathlib import Path

import pytest
import typer
from sqlalchemy import text
from typer.testing import CliRunner, Result

from service.commands import audit, retention
from service.commands import store as store_commands
from service.commands.exits import REFUSED, USAGE, OneLineErrors
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from tests.reviewing import CALM, put_in

app = typer.Typer(cls=OneLineErrors)
app.add_typer(store_commands.app, name="store")
app.add_typer(retention.app, name="retention")
app.add_typer(audit.app, name="audit")
KEY = "a:" + base64.b64encode(b"a" * 32).decode()


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TELLSIGN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TELLSIGN_DATABASE_URL", raising=False)
    return tmp_path / "data"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def opened() -> Store:
    return open_store(load_store_settings())


def test_upgrade_makes_the_tables_once() -> None:
    assert run("store", "upgrade").stdout.startswith("applied: 0001, ")
    assert run("store", "upgrade").stdout == "nothing to do\n"


@pytest.mark.parametrize("command", [["audit", "verify"], ["retention", "run", "--days", "1"], ["store", "reseal"]])
def test_command_without_tables_says_what_to_do(command: list[str]) -> None:
    found = run(*command)
    assert found.exit_code == REFUSED
    assert "run: tellsign store upgrade" in found.stderr


def test_retention_erases_what_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    run("store", "upgrade")
    store = opened()
    put_in(store, CALM)
    store.close()
    assert run("retention", "run").exit_code == USAGE
    assert run("retention", "run", "--days", "1").stdout == "0 texts erased\n"
    monkeypatch.setenv("TELLSIGN_RETENTION_DAYS", "1")
    store = opened()
    with store.write() as tx:
        tx.execute(text("UPDATE documents SET created = created - 90000000"))
    store.close()
    assert run("retention", "run").stdout == "1 texts erased\n"


def test_audit_verify_prints_an_entry_to_keep_and_finds_what_was_changed() -> None:
    run("store", "upgrade")
    kept = run("audit", "verify")
    assert kept.exit_code == 0
    number, _, digest = kept.stdout.strip().partition(":")
    assert (number, len(digest)) == ("1", 64)
    assert run("audit", "verify", "--expect", kept.stdout.strip()).exit_code == 0
    assert run("audit", "verify", "--expect", f"1:{'0' * 64}").exit_code == REFUSED
    assert run("audit", "verify", "--expect", "first").exit_code == USAGE
    store = opened()
    with store.write() as tx:
        tx.execute(text("DROP TRIGGER audit_no_update"))
        tx.execute(text("UPDATE audit SET actor = 'usr-9'"))
    store.close()
    changed = run("audit", "verify")
    assert changed.exit_code == REFUSED
    assert "entry 1 is not as it was written" in changed.stderr


def test_reseal_needs_no_old_key_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    run("store", "upgrade")
    store = opened()
    put_in(store, CALM)
    store.close()
    monkeypatch.setenv("TELLSIGN_TEXT_KEYS", KEY)
    assert run("store", "reseal").stdout == "1 documents sealed again\n"
    assert run("audit", "verify").exit_code == 0
