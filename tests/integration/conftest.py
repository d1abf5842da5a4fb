"""A store for tests on each kind of database, made anew for every test from a template."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.desk.desk import Desk
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from service.store.upgrade import upgrade_store
from tests.databases import Postgres, running_postgres
from tests.desk_app import desk_over, open_desk_client
from tests.reviewing import Clock, MakeStore


def make_tables(url: str) -> None:
    store = open_store(load_store_settings(database_url=url))
    upgrade_store(store)
    store.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "template.db"
    make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        make_tables(server.create(name="upgraded"))
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with tables and nothing in them."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "tellsign.db")
        return f"sqlite:///{tmp_path / 'tellsign.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(template="upgraded")


@pytest.fixture
def clock() -> Clock:
    """Stands still until a test moves it."""
    return Clock()


@pytest.fixture
def make_store(database_url: str, clock: Clock) -> Iterator[MakeStore]:
    """Opens the test's database, as often and with the settings it asks for."""
    opened: list[Store] = []

    def make(*, chance: Callable[[], float] = lambda: 0.999, **settings: object) -> Store:
        store = open_store(load_store_settings(database_url=database_url, **settings), clock=clock, chance=chance)
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    """The test's database without keys."""
    return make_store()


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """A store on SQLite alone, for what does not depend on the kind of database."""
    shutil.copy(sqlite_template, tmp_path / "tellsign.db")
    opened = open_store(load_store_settings(database_url=f"sqlite:///{tmp_path / 'tellsign.db'}"), clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    """A desk over the embedded database, with nobody and nothing in it."""
    return desk_over(sqlite_store)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """A client of the running application; whoever uses it is not signed in."""
    with open_desk_client(desk) as opened:
        yield opened
