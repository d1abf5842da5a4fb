"""The tables as migrations make them are the tables as the code knows them, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, text

from service.store.errors import StoreError
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from service.store.tables import metadata
from service.store.upgrade import check_store, upgrade_store
from tests.databases import Postgres
from tests.reviewing import MakeStore


def known(_: object, name: str | None, kind: str, *__: object) -> bool:
    """Everything but the search index, which each database keeps in its own way."""
    if kind == "index" and name in {"ix_items_next", "ix_items_readable", "ix_deliveries_webhook"}:
        # By an expression (descending), which databases do not report in words that could be compared.
        return False
    return kind != "table" or not (name or "").startswith(("document_search", "alembic"))


def test_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.read() as tx:
        options = {"include_object": known, "compare_type": store.is_sqlite, "compare_server_default": False}
        context = MigrationContext.configure(tx.connection, opts=options)
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_table_has_the_same_columns_everywhere(store: Store, table: Table) -> None:
    with store.read() as tx:
        assert list(tx.execute(table.select()).keys()) == [column.name for column in table.columns]


def test_second_upgrade_has_nothing_to_do(store: Store) -> None:
    assert upgrade_store(store) == []
    check_store(store)


def test_two_servers_that_start_at_once_make_the_tables_once(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    postgres: Postgres = request.getfixturevalue("postgres")
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres.create()):
        stores = [open_store(load_store_settings(database_url=url)) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            applied = list(pool.map(upgrade_store, stores))
        assert sorted(map(len, applied)) == [0, 5]
        for store in stores:
            store.close()


def test_store_without_tables_says_what_to_do(tmp_path: Path) -> None:
    store = open_store(load_store_settings(database_url=f"sqlite:///{tmp_path / 'empty.db'}"))
    with pytest.raises(StoreError, match="run: tellsign store upgrade"):
        check_store(store)
    store.close()


def test_store_of_a_newer_program_is_refused(make_store: MakeStore) -> None:
    store = make_store()
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (upgrade_store, check_store):
        with pytest.raises(StoreError, match="revision 9999, of a newer program"):
            use(store)


def test_database_that_cannot_be_reached_is_named_without_a_password(tmp_path: Path) -> None:
    url = f"postgresql://tellsign:hunter2@/x?unix_sock={tmp_path / 'none'}"
    store = open_store(load_store_settings(database_url=url))
    with pytest.raises(StoreError, match="cannot be used") as refused:
        upgrade_store(store)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:////no/such/folder/x.db"])
def test_embedded_database_needs_a_file(url: str) -> None:
    with pytest.raises(StoreError):
        open_store(load_store_settings(database_url=url))
