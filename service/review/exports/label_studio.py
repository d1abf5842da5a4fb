"""Label Studio's JSON: one task a document, with the decisions as annotation and the model's spans as prediction.

Each span is a region of type `labels` and, under the same id, a choice of how the text holds it. `LABEL_CONFIG` is the
labelling interface to create the project with. Offsets are code points, as Label Studio counts since 1.4.
"""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import orjson

from classifier.taxonomy import load_taxonomy
from service.review.exports.choosing import provenance, text_of
from service.review.exports.reading import ReadBack, read_span, refuse_row
from service.review.reviewed import LabelledSpan, ReviewedDocument, model_spans

_ASSERTIONS = ("asserted", "negated", "hypothetical")
_VERDICTS = ("escalate", "needs_second_look", "no_concern")


def label_config() -> str:
    """The labelling interface that fits these tasks, as XML."""
    labels = "".join(f'<Label value="{name}"/>' for name in load_taxonomy().ids)
    return (
        f'<View><Labels name="indicator" toName="text">{labels}</Labels><Text name="text" value="$text"/>'
        f'<Choices name="assertion" toName="text" perRegion="true" choice="single">{_choices(_ASSERTIONS)}</Choices>'
        f'<Choices name="verdict" toName="text" choice="single">{_choices(_VERDICTS)}</Choices></View>'
    )


def write(documents: Iterator[ReviewedDocument], stream: BinaryIO) -> None:
    """Write one JSON array of tasks, a task at a time."""
    stream.write(b"[")
    for number, document in enumerate(documents):
        stream.write(b",\n" if number else b"\n")
        stream.write(orjson.dumps(build_task(document)))
    stream.write(b"\n]\n")


def build_task(document: ReviewedDocument) -> dict[str, Any]:
    """The task of one document."""
    text, analysis = text_of(document), document.analysis
    verdict = {
        "id": "verdict",
        "from_name": "verdict",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [document.verdict]},
    }
    prediction = {
        "model_version": f"{analysis.model.name} {analysis.model.version}",
        "score": analysis.review.probability,
        "result": list(_regions(text, model_spans(analysis))),
    }
    return {
        "data": {"text": text, "document": document.id},
        "annotations": [
            {
                "result": [*_regions(text, document.spans), verdict],
                "was_cancelled": False,
                "ground_truth": False,
                "created_at": document.decided.isoformat(),
            }
        ],
        "predictions": [prediction],
        "meta": provenance(document),
    }


def read(data: bytes) -> Iterator[ReadBack]:
    """Documents and spans of the first annotation of each task, of a file that this or Label Studio wrote.

    Raises:
        ExportError: A task is not of that shape; its place is named.
    """
    with refuse_row("file"):
        tasks = orjson.loads(data)
    for number, task in enumerate(tasks, start=1):
        with refuse_row(f"task {number}"):
            text, result = task["data"]["text"], task["annotations"][0]["result"]
            yield ReadBack(str(task["data"].get("document", task.get("id"))), text, _read_regions(text, result))


def _regions(text: str, spans: Iterable[LabelledSpan]) -> Iterator[dict[str, Any]]:
    for number, span in enumerate(spans):
        place = {"start": span.start, "end": span.end, "text": text[span.start : span.end]}
        shared = {"id": f"span-{number}", "to_name": "text"}
        labels = {**place, "labels": [span.indicator]}
        yield {**shared, "from_name": "indicator", "type": "labels", "value": labels}
        choices = {**place, "choices": [span.assertion]}
        yield {**shared, "from_name": "assertion", "type": "choices", "value": choices}


def _read_regions(text: str, result: list[dict[str, Any]]) -> tuple[LabelledSpan, ...]:
    held = {item["id"]: item["value"]["choices"][0] for item in result if item["from_name"] == "assertion"}
    return tuple(
        read_span(text, item["value"]["start"], item["value"]["end"], name, held.get(item["id"], "asserted"))
        for item in result
        if item["type"] == "labels"
        for name in item["value"]["labels"]
    )


def _choices(words: Iterable[str]) -> str:
    return "".join(f'<Choice value="{word}"/>' for word in words)
