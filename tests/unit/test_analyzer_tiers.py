"""All tiers on a small model whose rules hold like those of any other: batches, the gate, and what is left unread."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from classifier import Analysis, Analyzer, Document, DocumentError, load
from classifier.document import Tier
from classifier.pipeline import Pipeline
from tests.analyses import DISCLOSURE, RECIPE, TEXTS, check_contract
from tests.small_model import (
    build_manifest,
    build_small_model,
    draw_document_model,
    draw_fusion,
    save_small_encoder,
    save_small_model,
)

MAX = 100_000
# Best log-odds of anything being spoken of, for which the cascade of the small model reads on.
GATE = 4.0


@pytest.fixture(scope="module")
def tiers(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[Tier, Analyzer]:
    """A small model with all tiers: what it says means nothing, and every rule holds for it too."""
    return build_tiers(pipeline, tmp_path_factory.mktemp("tiers"))


def build_tiers(pipeline: Pipeline, home: Path, **gates: float) -> dict[Tier, Analyzer]:
    drawn = np.random.default_rng(11)
    digest = save_small_encoder(home / "encoder")
    manifest = build_manifest(deep={"encoder_sha256": digest, "evidence": {"asserted": 0.5, "price": 0.05}})
    parts = (draw_document_model(drawn), draw_fusion(drawn, gate=GATE, **gates))
    save_small_model(home / "model", build_small_model(pipeline), manifest, deep=parts)
    return {tier: load(home / "model", tier=tier, encoder=home / "encoder") for tier in get_args(Tier)}


MIXED = [
    *(Document(text, id=name) for name, text in TEXTS.items()),
    Document("", id="empty"),
    Document("x" * (MAX + 1), id="too long"),
    Document(None, id="nothing"),  # type: ignore[arg-type]  # what a caller may send by mistake
    Document("\u200b", id="no words", language="en"),
    Document("my boss took my pass\u200bport", id="hidden"),
]


@pytest.mark.parametrize("tier", get_args(Tier))
def test_documents_analysed_together_are_analysed_as_each_alone(tier: Tier, tiers: dict[Tier, Analyzer]) -> None:
    """More documents than are read together, of which some are refused and some abstained from."""
    together = list(tiers[tier].analyze_many(MIXED * 4))
    assert len(together) == 4 * len(MIXED)
    for number, document in enumerate(MIXED):
        (alone,) = tiers[tier].analyze_many([document])
        for found in together[number :: len(MIXED)]:
            if isinstance(alone, Analysis):
                assert found == alone == tiers[tier].analyze(document)
                check_contract(alone, document.text)
            else:
                assert (type(found), str(found)) == (DocumentError, str(alone))
    codes = {found.code for found in together if isinstance(found, DocumentError)}
    assert codes == {"empty_text", "text_too_long", "not_text"}


def test_every_tier_says_how_it_read(tiers: dict[Tier, Analyzer]) -> None:
    """The gate of the cascade lets some of these texts through to the encoder, and not all."""
    texts = [text for name, text in TEXTS.items() if name != "spanish"]
    read = {tier: {chosen.analyze(text).tier for text in texts} for tier, chosen in tiers.items()}
    assert read == {"fast": {"fast"}, "cascade": {"fast", "deep"}, "deep": {"deep"}}


@pytest.mark.parametrize(("glance", "read"), [(-60.0, {"fast", "deep"}), (60.0, {"fast"})])
def test_cascade_leaves_what_says_nothing_at_a_first_look(
    glance: float, read: set[str], pipeline: Pipeline, tmp_path: Path, tiers: dict[Tier, Analyzer]
) -> None:
    """An only sentence needs no look, so that texts of more are read here."""
    looking = build_tiers(pipeline, tmp_path, glance=glance)
    texts = [text for name, text in TEXTS.items() if name != "spanish"]
    texts = [text for text in texts if len(pipeline.parse(text).sentences) > 1]
    found = [looking["cascade"].analyze(text) for text in texts]
    assert {one.tier for one in found} == read
    expected: Tier = "cascade" if "deep" in read else "fast"
    for text, one in zip(texts, found, strict=True):
        other = tiers[expected].analyze(text)
        assert (one.indicators, one.review.probability) == (other.indicators, other.review.probability)
    assert {looking["deep"].analyze(text).tier for text in texts} == {"deep"}


def test_encoder_changes_the_scores_of_what_it_read(tiers: dict[Tier, Analyzer]) -> None:
    fast, deep = tiers["fast"].analyze(DISCLOSURE), tiers["deep"].analyze(DISCLOSURE)
    assert not {score.log_odds for score in fast.indicators} & {score.log_odds for score in deep.indicators}


def test_texts_are_read_together_up_to_a_number_of_characters(tiers: dict[Tier, Analyzer]) -> None:
    """Long documents would else be held in memory by the dozen."""
    text, taken = f"{RECIPE} " * 500, 0

    def read() -> Iterator[Document]:
        nonlocal taken
        for _ in range(20):
            taken += 1
            yield Document(text)

    next(tiers["fast"].analyze_many(read()))
    assert taken == -(-MAX // len(text))


UNREAD = [
    ("what is read whole", DISCLOSURE, None),
    ("many windows", "We eat at noon in the yard of the farm. " * 1_000, r"read the 64 most telling windows of \d+$"),
    ("a sentence of too many pieces", "bqzvkxwj " * 25, r"^of 1 very long sentences it read the beginning$"),
    ("both", ("bqzvkxwj " * 25 + ". ") * 70, r"the 64 most telling windows of 70; of 64 very long sentences it read"),
]


@pytest.mark.parametrize(("text", "detail"), [case[1:] for case in UNREAD], ids=[case[0] for case in UNREAD])
def test_reader_is_warned_of_what_the_encoder_left_unread(
    text: str, detail: str | None, tiers: dict[Tier, Analyzer]
) -> None:
    analysis = tiers["deep"].analyze(Document(text, language="en"))
    check_contract(analysis, text)
    details = [warning.detail for warning in analysis.warnings if warning.code == "partly_read"]
    assert len(details) == (detail is not None)
    assert all(re.search(detail or "", found) for found in details)
    fast = tiers["fast"].analyze(Document(text, language="en"))
    assert "partly_read" not in {warning.code for warning in fast.warnings}
