"""The analyze page for everyone: by keyboard, in a narrow window, in the dark, and to a screen reader."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import CROSSING, EXAMPLES, OpenPage, overflow, read

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parents[2] / ".ci" / "node" / "node_modules" / "axe-core" / "axe.min.js"


def test_keyboard_alone_is_enough(open_page: OpenPage) -> None:
    page = open_page()
    keyboard = page.keyboard
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the text box")).to_be_focused()
    keyboard.press("Enter")
    keyboard.press("Tab")
    box = page.get_by_label("Text to read")
    if not box.evaluate("element => element === document.activeElement"):
        box.focus()
    keyboard.type("He keeps our passports. The gate is open at all hours.")
    keyboard.press("Control+Enter")
    expect(page.locator("#verdict")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("A person should read this text.")
    segments = page.locator("a.segment")
    keyboard.press("j")
    expect(segments.nth(0)).to_be_focused()
    keyboard.press("j")
    expect(segments.nth(1)).to_be_focused()
    keyboard.press("j")
    expect(segments.nth(1)).to_be_focused()
    keyboard.press("k")
    expect(segments.nth(0)).to_be_focused()
    keyboard.press("Enter")
    expect(page.locator("#panel-heading")).to_be_focused()
    expect(page.locator("#panel")).to_contain_text("Retention of documents")
    keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(segments.nth(0)).to_be_focused()


def test_letters_typed_in_the_box_are_not_commands(open_page: OpenPage) -> None:
    page = open_page()
    read(page, "He keeps our passports.")
    page.get_by_label("Text to read").focus()
    page.keyboard.type("jk")
    expect(page.locator("#panel")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 360, 768])
def test_narrow_window_needs_no_sideways_scrolling(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width)
    assert overflow(page) == 0
    for example in EXAMPLES.values():
        read(page, example.text)
        assert overflow(page) == 0
    read(page, CROSSING + " " + "x" * 500)
    page.get_by_text("not flagged").click()
    page.get_by_text("For programs").click()
    page.locator("a.segment").first.click()
    assert overflow(page) == 0


def test_notice_is_always_in_view(open_page: OpenPage) -> None:
    page = open_page(width=360)
    read(page, EXAMPLES["disclosure"].text)
    notice = page.get_by_text("Indicators for human review. Not a finding about any person.", exact=True)
    for place in ("0", "document.body.scrollHeight / 2", "document.body.scrollHeight"):
        page.evaluate(f"scrollTo(0, {place})")
        expect(notice).to_be_in_viewport()
    page.locator("a.segment").first.click()
    expect(notice).to_be_in_viewport()


def test_focused_span_is_not_covered_by_the_panel(open_page: OpenPage) -> None:
    page = open_page(width=360)
    read(page, CROSSING)
    for _ in range(4):
        page.keyboard.press("j")
    segment, panel = page.locator("a.segment:focus").bounding_box(), page.locator("#panel").bounding_box()
    assert segment is not None
    assert panel is not None
    assert 0 <= segment["y"] < panel["y"]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_no_accessibility_rule_is_broken(open_page: OpenPage, scheme: str, width: int) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci --prefix .ci/node")
    page = open_page(width=width, color_scheme=scheme)
    # Not as a script element: the policy of the page would refuse it.
    page.evaluate(AXE.read_text(encoding="utf-8"))

    def broken() -> list[tuple[str, str]]:
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
        result = page.evaluate("options => axe.run(document, options)", options)
        return [(rule["id"], node["html"][:160]) for rule in result["violations"] for node in rule["nodes"]]

    assert broken() == []
    read(page, EXAMPLES["disclosure"].text + "\n" + EXAMPLES["guidance"].text)
    for summary in page.locator("#result summary").all():
        summary.click()
    assert broken() == []
    page.locator("a.segment").first.click()
    assert broken() == []


def test_dark_scheme_is_followed(open_page: OpenPage) -> None:
    def background(scheme: str) -> str:
        page = open_page(color_scheme=scheme)
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert background("light") != background("dark")
