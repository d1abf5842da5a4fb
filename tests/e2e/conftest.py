"""A browser and a served page for the tests of this folder."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.browsing import OpenPage
from tests.e2e.desk_browsing import Site, make_template, open_site
from tests.serving import build_app, run_server

CHROMIUM = os.environ.get("TELLSIGN_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with run_server(build_app()) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; TELLSIGN_CHROMIUM names another place")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens the page in a context of its own; whatever it does, it must stay quiet and ask nobody else."""
    contexts: list[BrowserContext] = []
    trouble: list[str] = []

    def note(page: Page) -> None:
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.on(
            "console", lambda message: trouble.append(message.text) if message.type in {"error", "warning"} else None
        )
        page.on("request", lambda request: trouble.append(request.url) if not request.url.startswith(address) else None)

    def open_(path: str = "/analyze", *, width: int = 1280, **options: Any) -> Page:
        options = {"reduced_motion": "reduce", **options}
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        note(page)
        page.goto(f"{address}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []


@pytest.fixture(scope="session")
def desk_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them."""
    return make_template(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def site(browser: Browser, desk_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A desk with nobody and nothing at it."""
    with open_site(browser, desk_template, tmp_path) as opened:
        yield opened
