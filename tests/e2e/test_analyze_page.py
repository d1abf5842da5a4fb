"""The analyze page in a real browser: what a reader types, clicks and sees, with and without its script."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from service.security import create_key
from tests.e2e.browsing import CROSSING, EXAMPLES, OpenPage, marked_words, read, spans_of
from tests.serving import build_app, load_model, run_server

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "text", [CROSSING, *(example.text for example in EXAMPLES.values())], ids=["crossing", *EXAMPLES]
)
def test_highlighted_words_are_the_spans_of_the_api(open_page: OpenPage, address: str, text: str) -> None:
    page = open_page()
    read(page, text)
    spans = spans_of(address, text)
    assert marked_words(page) == [(span["start"], span["text"]) for span in spans]
    assert page.locator("#marked").text_content() == text


def test_highlighted_words_are_the_spans_of_the_model_that_ships(browser: Browser) -> None:
    with run_server(build_app(load_model())) as url:
        page = browser.new_page()
        page.goto(url)
        for example in EXAMPLES.values():
            read(page, example.text)
            spans = spans_of(url, example.text)
            assert marked_words(page) == [(span["start"], span["text"]) for span in spans]
        page.close()


def test_reading_replaces_the_result_without_loading_the_page_again(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate("window.kept = true")
    read(page, EXAMPLES["disclosure"].text)
    expect(page.locator("#verdict")).to_have_text("Worth reading")
    read(page, EXAMPLES["denial"].text)
    expect(page.locator("#verdict")).to_have_text("No indicators above threshold")
    assert page.evaluate("window.kept") is True
    expect(page).to_have_title("No indicators above threshold · Tellsign")


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_fills_the_box_and_is_counted(open_page: OpenPage, name: str) -> None:
    page = open_page()
    page.get_by_role("link", name=EXAMPLES[name].title, exact=True).click()
    expect(page.get_by_label("Text to read")).to_have_value(EXAMPLES[name].text)
    expect(page.locator("#count")).to_have_text(f"{len(EXAMPLES[name].text)} of 100,000 characters")


def test_characters_are_counted_as_code_points(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("Text to read").fill("\N{FACE WITH TEARS OF JOY}" * 3)
    expect(page.locator("#count")).to_have_text("3 of 100,000 characters")
    page.get_by_label("Text to read").fill("a" * 100_002)
    expect(page.locator("#count")).to_have_text("2 characters over the limit of 100,000")
    expect(page.get_by_label("Text to read")).to_have_attribute("aria-invalid", "true")


def test_segment_opens_its_why_panel(open_page: OpenPage) -> None:
    page = open_page()
    read(page, EXAMPLES["disclosure"].text)
    panel = page.get_by_role("dialog", name="Why this is highlighted")
    expect(panel).to_be_hidden()
    page.locator("a.segment", has_text="locked at ten").click()
    expect(panel).to_contain_text("Restriction of movement")
    expect(panel).to_contain_text("+5.20, raises the odds about 180 times")
    expect(panel).to_contain_text("Together")
    expect(panel).to_contain_text("To ask, if you follow up")
    page.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()


def test_segment_of_several_indicators_explains_each(open_page: OpenPage) -> None:
    page = open_page()
    read(page, EXAMPLES["disclosure"].text)
    page.locator("a.segment", has_text=re.compile("^when I have paid for the ticket$")).click()
    headings = page.locator("#panel .indicator h4")
    expect(headings).to_have_text(["Retention of documents", "Debt bondage"])


def test_assertion_is_shown_by_line_and_word(open_page: OpenPage) -> None:
    page = open_page()
    shown = {}
    for name, state in (("disclosure", "asserted"), ("denial", "negated"), ("guidance", "hypothetical")):
        read(page, EXAMPLES[name].text)
        line = page.locator(f"#marked .line.{state}").first
        tag = page.locator(f"#marked .tag.{state}").first
        style = line.evaluate("element => getComputedStyle(element).textDecorationStyle")
        shown[state] = (style, (tag.get_attribute("data-label") or "").partition(":")[0])
    assert shown == {
        "asserted": ("solid", "Retention of documents"),
        "negated": ("dashed", "denied"),
        "hypothetical": ("dotted", "hypothetical"),
    }


def test_quote_in_the_list_leads_to_its_words(open_page: OpenPage) -> None:
    page = open_page()
    read(page, "The gate is open at all hours. He keeps our passports.")
    page.locator(".indicator.flagged summary").click()
    page.locator(".scores").get_by_role("link", name="keeps our passports").click()
    expect(page.locator("a.segment", has_text="keeps our passports")).to_be_focused()


def test_json_is_copied_as_the_api_answers_it(open_page: OpenPage, address: str) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    text = "He keeps our passports."
    read(page, text)
    page.get_by_text("For programs").click()
    page.get_by_role("button", name="Copy the JSON").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("async () => JSON.parse(await navigator.clipboard.readText())")
    assert copied == httpx.post(f"{address}/v1/analyze", json={"text": text}, trust_env=False).json()
    expect(page.locator("#command")).to_contain_text(f"curl {address}/v1/analyze")


def test_refusal_is_said_in_place_and_the_text_stays(browser: Browser, address: str) -> None:
    """The browser reports a refused request on its console, so this context is not held to silence."""
    page = browser.new_page()
    page.goto(address)
    read(page, "   ")
    expect(page.locator("#verdict")).to_have_text("The text is empty")
    page.get_by_label("Text to read").fill("kept")
    page.context.set_offline(True)
    page.get_by_role("button", name="Read this text").click()
    expect(page.get_by_role("status")).to_have_text("The service cannot be reached. Your text is still in the box.")
    expect(page.get_by_label("Text to read")).to_have_value("kept")
    page.close()


def test_page_works_without_its_script(open_page: OpenPage, address: str) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_role("link", name=EXAMPLES["disclosure"].title).click()
    expect(page.get_by_label("Text to read")).to_have_value(EXAMPLES["disclosure"].text)
    page.get_by_role("button", name="Read this text").click()
    expect(page.locator("#verdict")).to_have_text("Worth reading")
    spans = spans_of(address, EXAMPLES["disclosure"].text)
    assert [text for _, text in marked_words(page)] == [span["text"] for span in spans]
    expect(page.get_by_role("button", name="Copy the JSON")).to_have_count(0)
    why = page.locator("#why-restriction_of_movement")
    expect(why).to_be_hidden()
    page.locator("a.segment", has_text="locked at ten").click()
    expect(why).to_be_visible()
    why.get_by_role("link", name="locked at ten").click()
    assert page.url.endswith("#mark-5")


def test_page_takes_a_key_where_keys_are_on(browser: Browser, tmp_path: Path) -> None:
    token, _ = create_key(tmp_path / "keys.json", scopes=["analyze"])
    with run_server(build_app(keys_file=tmp_path / "keys.json")) as url:
        page = browser.new_page()
        page.goto(url)
        page.get_by_label("Access key").fill("tsk_wrong")
        read(page, "He keeps our passports.")
        expect(page.locator("#verdict")).to_have_text("A valid key is required")
        page.get_by_label("Access key").fill(token)
        read(page, "He keeps our passports.")
        expect(page.locator("#verdict")).to_have_text("Worth reading")
        page.close()
