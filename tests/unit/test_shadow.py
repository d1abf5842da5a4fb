"""The shadow: what is drawn, what is counted, what is dropped, and that no answer depends on it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from classifier.document import Analysis, Document, ModelInfo
from classifier.errors import DocumentError
from service.metrics import Metrics
from service.shadow import QUEUE_CHARACTERS, QUEUE_DOCUMENTS, Shadow, ShadowError, Tally, Verdict, build_verdict
from service.shadow_figures import ShadowCollector, build_figures
from tests.fakes import INFO, FakeAnalyzer

LIVE = FakeAnalyzer()
PRIVATE = "zebrawood"
TEXT = f"The manager keeps our passports in a {PRIVATE} drawer."


class FakeReader:
    """Reads by a function; may wait for a test, refuse to start, or break."""

    def __init__(
        self,
        verdict: Callable[[Document], Verdict | None],
        *,
        gate: threading.Event | None = None,
        refusal: str = "",
        breaks: bool = False,
    ) -> None:
        self._verdict, self._gate, self._refusal, self._breaks = verdict, gate, refusal, breaks
        self.turns: list[list[Document]] = []
        self.stopped = False

    def start(self) -> ModelInfo:
        if self._refusal:
            raise ShadowError(self._refusal)
        return replace(INFO, name="second")

    def read(self, documents: Sequence[Document]) -> Sequence[Verdict | None]:
        if self._gate is not None:
            assert self._gate.wait(30)
        if self._breaks:
            raise ShadowError("BrokenProcessPool")
        self.turns.append(list(documents))
        return [self._verdict(document) for document in documents]

    def stop(self) -> None:
        self.stopped = True


def verdict(document: Document) -> Verdict | None:
    return build_verdict(LIVE.analyze(document))


def nothing(document: Document) -> Verdict | None:
    """A model that flags nothing."""
    found = verdict(document)
    assert found is not None
    return Verdict(dict.fromkeys(found.indicators, (0.0, False)), (0.0, False))


def analyses(documents: Sequence[Document]) -> list[Analysis]:
    return [LIVE.analyze(document) for document in documents]


def wait_until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if true():
            return
        pause.wait(0.01)
    pytest.fail("it did not come to pass")


def run(reader: FakeReader, documents: Sequence[Document], *, share: float = 1.0) -> Shadow:
    shadow = Shadow(reader, share=share, chance=lambda: 0.0)
    shadow.start()
    shadow.offer(documents, analyses(documents))
    wait_until(lambda: shadow.read_tally().compared + shadow.read_tally().unanswered == len(documents))
    shadow.stop()
    return shadow


def test_the_same_model_agrees_on_everything() -> None:
    tally = run(FakeReader(verdict), [Document(TEXT), Document("We eat at noon.")]).read_tally()
    assert (tally.compared, tally.agreed, tally.unanswered) == (2, 2, 0)
    assert tally.review_difference == 0.0
    assert (tally.gained, tally.lost) == ({}, {})


def test_flags_that_the_second_model_does_not_raise_are_lost() -> None:
    shadow = run(FakeReader(nothing), [Document(TEXT), Document("We eat at noon.")])
    live = LIVE.analyze(TEXT)
    tally = shadow.read_tally()
    assert tally.agreed == 1
    assert tally.lost == {"review": 1, "document_retention": 1}
    assert tally.gained == {}
    assert tally.difference["document_retention"] > next(
        score.probability or 0.0 for score in live.indicators if score.id == "document_retention"
    )


def test_a_tally_counts_a_gained_flag_and_its_difference() -> None:
    tally = Tally()
    tally.add(Verdict({"isolation": (0.25, False)}, (0.5, False)), Verdict({"isolation": (0.75, True)}, (0.25, False)))
    assert (tally.compared, tally.agreed) == (1, 0)
    assert tally.gained == {"isolation": 1}
    assert tally.difference == {"isolation": 0.5}
    assert tally.review_difference == 0.25


def test_a_document_that_one_model_abstains_on_is_not_compared() -> None:
    tally = run(FakeReader(lambda _: None), [Document(TEXT)]).read_tally()
    assert (tally.compared, tally.unanswered) == (0, 1)


def test_a_document_that_neither_answers_counts_nothing() -> None:
    tally = Tally()
    tally.add(build_verdict(DocumentError("empty_text", "empty")), None)
    assert tally == Tally()


def test_what_waits_carries_neither_id_nor_fields_of_the_caller() -> None:
    reader = FakeReader(verdict)
    run(reader, [Document(TEXT, id="case-7", language="en", metadata={"desk": "north"})])
    assert reader.turns == [[Document(TEXT, language="en")]]


def test_only_the_share_is_drawn() -> None:
    chances = iter([0.05, 0.5, 0.99, 0.01])
    shadow = Shadow(FakeReader(verdict), share=0.1, chance=lambda: next(chances))
    documents = [Document(f"{TEXT} {number}") for number in range(4)]
    shadow.offer(documents, analyses(documents))
    assert shadow.read_tally().sampled == 2


def test_a_full_queue_drops_and_answers_at_once() -> None:
    gate = threading.Event()
    shadow = Shadow(FakeReader(verdict, gate=gate), share=1.0, chance=lambda: 0.0)
    documents = [Document("We eat at noon.")] * (QUEUE_DOCUMENTS + 5)
    shadow.offer(documents, analyses(documents))
    tally = shadow.read_tally()
    assert (tally.sampled, tally.dropped) == (QUEUE_DOCUMENTS + 5, 5)


def test_texts_that_are_too_long_together_are_dropped() -> None:
    shadow = Shadow(FakeReader(verdict), share=1.0, chance=lambda: 0.0)
    whole = LIVE.analyze("We eat at noon.")
    shadow.offer([Document("a" * QUEUE_CHARACTERS), Document("b")], [whole, whole])
    assert shadow.read_tally().dropped == 1


@pytest.mark.parametrize(
    "reader",
    [FakeReader(verdict, refusal="the model is refused"), FakeReader(verdict, breaks=True)],
    ids=["refused", "broken"],
)
def test_a_shadow_that_fails_is_switched_off_and_answers_go_on(reader: FakeReader) -> None:
    shadow = Shadow(reader, share=1.0, chance=lambda: 0.0)
    documents = [Document(TEXT)]
    shadow.start()
    shadow.offer(documents, analyses(documents))
    wait_until(lambda: shadow.state == "failed")
    before = shadow.read_tally().sampled
    shadow.offer(documents, analyses(documents))
    assert shadow.read_tally().sampled == before


def test_stopping_forgets_what_waits() -> None:
    reader = FakeReader(verdict)
    shadow = Shadow(reader, share=1.0, chance=lambda: 0.0)
    documents = [Document(TEXT)]
    shadow.offer(documents, analyses(documents))
    shadow.stop()
    shadow.start()
    assert reader.stopped
    assert shadow.state == "stopped"
    assert reader.turns == []


def test_figures_are_means_over_compared_documents_and_hold_no_text() -> None:
    shadow = run(FakeReader(nothing), [Document(TEXT), Document("We eat at noon.")])
    figures = build_figures(shadow)
    assert figures["agreement"] == 0.5
    questions = figures["questions"]
    assert isinstance(questions, dict)
    assert next(iter(questions)) == "review"
    assert questions["document_retention"]["lost"] == 1
    assert 0.0 < questions["document_retention"]["mean_absolute_difference"] <= 1.0
    assert PRIVATE not in str(figures)


def test_without_a_shadow_the_figures_say_off() -> None:
    assert build_figures(None) == {"state": "off"}


def test_metrics_show_the_counts_and_no_text() -> None:
    metrics = Metrics(lambda: 0.0)
    metrics.include(ShadowCollector(run(FakeReader(nothing), [Document(TEXT)])))
    shown = metrics.exposition().decode()
    assert 'tellsign_shadow_documents_total{outcome="compared"} 1.0' in shown
    assert 'tellsign_shadow_flags_total{change="lost",question="document_retention"} 1.0' in shown
    assert 'tellsign_shadow_difference_total{question="review"}' in shown
    assert PRIVATE not in shown
