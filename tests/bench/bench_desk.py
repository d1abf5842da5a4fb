"""Measures what a reviewer waits for at the desk: from the key that decides to the next document painted.

Chromium works documents of the authored corpus over the true server, by keys alone. The wait is timed in the page: from
the key to the second frame after the next document stands, when it has been painted.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Page, sync_playwright

from classifier import load
from classifier.document import Analysis, Document
from service.review.intake import take_in
from service.store.documents import NewDocument
from tests.e2e.conftest import CHROMIUM
from tests.e2e.desk_browsing import Site, is_ready, make_template, open_site
from tests.reviewing import POLICY
from training.corpus import load_corpus
from training.recipe import load_recipe

WARM, COUNTED = 5, 60
TARGET = 100
# Resolves with the milliseconds that passed until another document was painted.
WAIT = """() => new Promise(done => {
    const before = document.querySelector("#desk").dataset.document;
    let pressed = 0;
    addEventListener("keydown", event => { if (event.key === "Enter") pressed = performance.now(); }, true);
    const look = () => {
        const desk = document.querySelector("#desk");
        if (pressed && desk.dataset.document !== before) {
            requestAnimationFrame(() => done(performance.now() - pressed));
        } else {
            requestAnimationFrame(look);
        }
    };
    requestAnimationFrame(look);
})"""


def main() -> None:
    """Print the waits, shortest texts and longest alike."""
    if not Path(CHROMIUM).exists():
        sys.exit(f"no Chromium at {CHROMIUM}; TELLSIGN_CHROMIUM names another place")
    recipe = load_recipe("default")
    texts = [record.text for record in load_corpus(recipe.corpus, recipe.language)]
    count = WARM + COUNTED + 1
    chosen = [texts[place * len(texts) // count] for place in range(count)]
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        (folder / "template").mkdir()
        template = make_template(folder / "template")
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with open_site(browser, template, folder, policy=POLICY) as site:
            fill(site, chosen)
            waits = work(site)
        browser.close()
    cuts = quantiles(waits, n=20)
    print(f"{len(waits)} documents of {min(map(len, chosen)):,} to {max(map(len, chosen)):,} characters")
    print(f"key to next document painted: p50 {median(waits):.0f} ms, p95 {cuts[-1]:.0f} ms, most {max(waits):.0f} ms")
    print(f"target: {TARGET} ms")


def fill(site: Site, texts: Sequence[str]) -> None:
    """Queue documents with the analyses of the model that ships."""
    analyzer = load()
    with site.desk.store.write() as tx:
        for text, found in zip(texts, analyzer.analyze_many(map(Document, texts)), strict=True):
            assert isinstance(found, Analysis)
            take_in(tx, site.desk.policy, NewDocument(text, found), submitted_by="bench", queue=True)


def work(site: Site) -> list[float]:
    """Decide one document after the other; return the waits in milliseconds, the first ones left out."""
    page = site.open_next()
    waits = [decide(page) for _ in range(WARM + COUNTED)]
    return waits[WARM:]


def decide(page: Page) -> float:
    """Give the verdict that asks for no reason and go on; return the wait in milliseconds."""
    is_ready(page)
    worth = "Worth reading" in page.locator(".model-says").inner_text()
    page.evaluate(f"window.waited = ({WAIT})(); undefined")
    page.keyboard.press("Shift+E" if worth else "Shift+N")
    page.keyboard.press("Enter")
    wait: float = page.evaluate("window.waited")
    return wait


if __name__ == "__main__":
    main()
