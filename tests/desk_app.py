"""The desk as tests reach it: the real application over a test's store, and clients of people who are signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from service.analysis_queue import Analyzer
from service.app import create_app
from service.desk.csrf import COOKIE, HEADER, token_for
from service.desk.desk import Desk, open_desk
from service.desk.settings import DeskSettings
from service.desk.sign_in import open_for
from service.settings import Settings
from service.store.store import Store
from service.store.users import UserRecord, add_user, find_user
from tests.fakes import FakeAnalyzer
from tests.reviewing import POLICY

# As cheap as argon2 goes.
CHEAP: dict[str, Any] = {"argon2_time": 1, "argon2_memory_kib": 8, "argon2_lanes": 1, "examples": False}
# Not this machine, so that cookies are as strict as they are for everybody else.
ADDRESS = "https://desk.example.org"
PASSWORD = "correct horse battery"  # noqa: S105 - of people in tests


def desk_over(store: Store, **settings: Any) -> Desk:
    """A desk over a test's store, without examples unless it asks for them."""
    return open_desk(DeskSettings(**{**CHEAP, **settings}), store=store, policy=POLICY)


def desk_app(desk: Desk, analyzer: Analyzer | None = None, **settings: Any) -> FastAPI:
    """The real application around a desk and a fake analyzer."""
    served = Settings(desk=True, **{"open_access": False, **settings})
    return create_app(served, analyzer=analyzer or FakeAnalyzer(), desk=desk)


@contextmanager
def open_desk_client(desk: Desk, analyzer: Analyzer | None = None, **settings: Any) -> Iterator[TestClient]:
    """A client of the running application; whoever uses it is not signed in."""
    with TestClient(desk_app(desk, analyzer, **settings), base_url=ADDRESS, follow_redirects=False) as client:
        yield client


def somebody(desk: Desk, name: str, role: str = "analyst", *, password: str = PASSWORD) -> UserRecord:
    """A person with a password; the one of this name if there is one."""
    with desk.store.write() as tx:
        found = find_user(tx, name)
        return found or add_user(tx, name, role=role, actor="system", password_hash=desk.passwords.hash(password))


def signed_in(client: TestClient, desk: Desk, name: str = "ana", role: str = "analyst") -> TestClient:
    """Another client of the same application, with the session and the token of somebody."""
    user = somebody(desk, name, role)
    with desk.store.write() as tx:
        token = open_for(tx, desk, user.id)
    headers = {HEADER: token_for(token)}
    twin = TestClient(client.app, base_url=ADDRESS, follow_redirects=False, cookies={COOKIE: token}, headers=headers)
    # The application runs in the event loop of the first client.
    twin.portal = client.portal
    return twin
