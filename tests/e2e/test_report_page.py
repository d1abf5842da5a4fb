"""The report of a run in a browser: wide and narrow, light and dark, with a policy that allows its style alone."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Browser, Page

from service.batch.clusters import ClusterRows
from service.batch.contacts import ContactHasher
from service.batch.duplicates import Duplicates
from service.batch.extensions import Extensions
from service.batch.inputs import FileInputs
from service.batch.report import Report
from tests.batch_runs import OPTIONS, Runs, read_plainly
from tests.cli_fakes import ASSERTED, HYPOTHETICAL, NEGATED, NOTHING
from tests.e2e.browsing import overflow
from tests.e2e.test_page_access import AXE

pytestmark = pytest.mark.e2e

KEY = ContactHasher(b"a key of a test", "random")
AD = f"{ASSERTED} Ask for {{name}} by the gate of the market, 202-555-01{{number}}, before the week is over."


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    texts = [AD.format(name=name, number=20 + place) for place, name in enumerate(("Asha", "Bela", "Ciro", "Dara"))]
    texts += [NEGATED, HYPOTHETICAL, NOTHING, " "]
    lines = [orjson.dumps({"id": f"n-{number}", "text": text}) + b"\n" for number, text in enumerate(texts)]
    (folder / "in.jsonl").write_bytes(b"".join(lines))
    inputs = FileInputs([folder / "in.jsonl"], OPTIONS, read=read_plainly)
    finder = Duplicates(hasher=KEY)
    Runs(folder, extensions=Extensions(finder, [ClusterRows(finder, KEY), Report(inputs)])).run()
    return folder / "out.run/report.html"


@pytest.fixture(params=[(1280, "light"), (360, "dark")], ids=["wide and light", "narrow and dark"])
def page(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Iterator[Page]:
    """The report; it must stay quiet and fetch nothing."""
    width, scheme = request.param
    trouble: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    opened = context.new_page()
    opened.on("console", lambda message: trouble.append(message.text))
    opened.on("request", lambda asked: trouble.append(asked.url) if asked.url != report.as_uri() else None)
    opened.goto(report.as_uri())
    yield opened
    context.close()
    assert trouble == []


def test_style_is_applied_and_nothing_is_cut_off(page: Page) -> None:
    assert page.locator(".card").first.evaluate("element => getComputedStyle(element).borderTopWidth") == "1px"
    assert overflow(page) <= 0


@pytest.mark.slow
def test_no_accessibility_rule_is_broken(page: Page) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci --prefix .ci/node")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    result = page.evaluate("options => axe.run(document, options)", options)
    assert [(rule["id"], node["html"][:160]) for rule in result["violations"] for node in rule["nodes"]] == []
