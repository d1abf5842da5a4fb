"""What the browser tests do with the page, and the texts they do it with."""

from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from service.web.examples import load_examples

EXAMPLES = {example.name: example for example in load_examples()}
# Two spans of one indicator, one of another across both, behind a character of two UTF-16 units.
CROSSING = "\N{FACE WITH TEARS OF JOY} " + EXAMPLES["disclosure"].text

OpenPage = Callable[..., Page]


def read(page: Page, text: str) -> None:
    page.get_by_label("Text to read").fill(text)
    page.get_by_role("button", name="Read this text").click()
    # Busy from the click on: without this, the result of the reading before would be taken for the new one.
    expect(page.locator("#ask")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#verdict")).to_be_visible()


def spans_of(address: str, text: str) -> list[dict[str, Any]]:
    analysis = httpx.post(f"{address}/v1/analyze", json={"text": text}, trust_env=False).json()
    spans = [span for indicator in analysis["indicators"] for span in indicator["spans"]]
    return sorted(spans, key=lambda span: (span["start"], -span["end"]))


def marked_words(page: Page) -> list[tuple[int, str]]:
    """For each mark in reading order: where its first segment starts, and the words of all its segments."""
    words: dict[int, tuple[int, str]] = {}
    for segment in page.locator("a.segment").all():
        for number in map(int, (segment.get_attribute("data-marks") or "").split()):
            start, before = words.get(number, (int(segment.get_attribute("data-start") or -1), ""))
            words[number] = (start, before + (segment.text_content() or ""))
    return [words[number] for number in sorted(words)]


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
