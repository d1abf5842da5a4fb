"""Pages of the desk as tests reach them without a browser: one application for many tests, or a fresh one for each."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from service.desk.desk import Desk
from service.store.settings import load_store_settings
from service.store.store import Store, open_store
from tests.desk_app import desk_over, open_desk_client, signed_in
from tests.reviewing import Clock


@dataclass(frozen=True, slots=True)
class House:
    """A desk over a database of its own, its clock, and a client that nobody is signed in at."""

    desk: Desk
    clock: Clock
    client: TestClient

    @property
    def store(self) -> Store:
        return self.desk.store

    def enter(self, name: str = "ana", role: str = "analyst") -> TestClient:
        """A client of somebody who is signed in."""
        return signed_in(self.client, self.desk, name, role)


@contextmanager
def open_house(template: Path, folder: Path, **settings: Any) -> Iterator[House]:
    """A house over a copy of a database with tables; it begins on a Monday noon, with a first admin."""
    shutil.copy(template, folder / "tellsign.db")
    clock = Clock()
    store = open_store(load_store_settings(data_dir=folder), clock=clock, chance=lambda: 0.999)
    desk = desk_over(store, **settings)
    with open_desk_client(desk) as client:
        yield House(desk, clock, client)
    store.close()
