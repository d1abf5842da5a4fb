"""The spaCy component `tellsign`: spans in `doc.spans["tellsign"]`, the whole analysis in `doc._.tellsign`.

spaCy finds it by its entry point: `nlp.add_pipe("tellsign")` is all. It reads `doc.text` with its own tokenizer, so it
works in any pipeline and at any place in it. A saved pipeline carries the model folder that it was given; of the
shipped model it carries the digests alone and refuses another one.
"""

import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast, get_args

import numpy as np
import orjson
from spacy.language import Language
from spacy.tokens import Doc, Span

from classifier.analyzer import MAX_CHARACTERS, Analyzer
from classifier.component_files import ComponentError, Options, collect_files, pack, read_settings, unpack, write_files
from classifier.display import PALETTE
from classifier.document import Analysis, Document, Tier
from classifier.errors import DocumentError
from classifier.languages import load
from classifier.taxonomy import load_taxonomy

NAME = "tellsign"


class TellsignComponent:
    """Marks what texts speak of. The model is loaded when the first text comes.

    Each span has the indicator as its label and how the text holds it (`asserted`, `negated`, `hypothetical`) as its
    `kb_id_`, widened to whole tokens. The group's `attrs` hold, for each span, `scores` (the probability of its
    indicator), `contributions` (log-odds) and the exact `starts` and `ends`, code points. What could not be analysed
    has no spans and an `error` in `doc._.tellsign`.
    """

    def __init__(self, folder: Path | None, options: Options) -> None:
        """Keep the options.

        Args:
            folder: Of the model; None for the shipped one.
            options: How to read.

        Raises:
            ComponentError: there is no such tier.
        """
        self._set(folder, options)

    def _set(self, folder: Path | None, options: Options) -> None:
        if options.tier not in (None, *get_args(Tier)):
            raise ComponentError(f"tier '{options.tier}' is unknown; allowed: {', '.join(get_args(Tier))}")
        self._folder, self._options = folder, options
        self._analyzer: Analyzer | None = None

    @property
    def analyzer(self) -> Analyzer:
        """The model, loaded when it is first asked for.

        Raises:
            ArtifactError: its folder is refused.
        """
        if self._analyzer is None:
            options = self._options
            self._analyzer = load(self._folder, tier=options.tier, max_characters=options.max_characters)
        return self._analyzer

    def __call__(self, doc: Doc) -> Doc:
        """Mark one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Mark a stream of documents, in order and each as if alone."""
        left = iter(stream)
        while docs := list(islice(left, batch_size)):
            documents = [Document(doc.text, language=self._options.language) for doc in docs]
            for doc, outcome in zip(docs, self.analyzer.analyze_many(documents), strict=True):
                mark(doc, outcome, spans_key=self._options.spans_key)
                yield doc

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:  # noqa: ARG002  spaCy's signature
        """Write options and model files into a folder."""
        write_files(collect_files(self._folder, self._options), Path(path))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "TellsignComponent":  # noqa: ARG002
        """Read what `to_disk` wrote; the folder must stay where it is.

        Raises:
            ComponentError: there is no such folder, or it is of another form.
            ArtifactError: the model is not the one that was saved.
        """
        self._set(*read_settings(Path(path)))
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:  # noqa: ARG002  spaCy's signature
        """Pack options and model files; the same content gives the same bytes."""
        return pack(collect_files(self._folder, self._options))

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "TellsignComponent":  # noqa: ARG002
        """Read what `to_bytes` packed; model files lie in a temporary folder as long as the component lives.

        Raises:
            ComponentError: the bytes are of another form, or too many.
            ArtifactError: the model is not the one that was saved.
        """
        files = unpack(data)
        home = Path(mkdtemp(prefix="tellsign-"))
        weakref.finalize(self, shutil.rmtree, home, ignore_errors=True)
        write_files(files, home)
        self._set(*read_settings(home))
        return self

    def __reduce__(self) -> tuple[Callable[[bytes], "TellsignComponent"], tuple[bytes]]:
        """Travel to another process as bytes."""
        return _from_bytes, (self.to_bytes(),)


def build_component(
    nlp: Language,  # noqa: ARG001  spaCy calls a factory so
    name: str,  # noqa: ARG001
    *,
    path: str | None,
    tier: str | None,
    spans_key: str,
    language: str | None,
    max_characters: int,
) -> TellsignComponent:
    """Build the component from the settings of a pipeline: `path` of a model folder, and what `Options` says.

    Raises:
        ComponentError: there is no such tier.
    """
    options = Options(cast("Tier | None", tier), spans_key, language, max_characters)
    return TellsignComponent(None if path is None else Path(path), options)


def mark(doc: Doc, outcome: Analysis | DocumentError, *, spans_key: str = NAME) -> None:
    """Write into a document what was found in its text."""
    if isinstance(outcome, DocumentError):
        doc.spans[spans_key] = []
        doc._.tellsign = {"error": {"code": outcome.code, "detail": str(outcome)}}
        return
    found = [(evidence, score) for score in outcome.indicators for evidence in score.spans]
    found.sort(key=lambda pair: (pair[0].start, pair[0].end))
    spans: list[Any] = [
        doc.char_span(one.start, one.end, label=score.id, kb_id=one.assertion, alignment_mode="expand")
        for one, score in found
    ]
    doc.spans[spans_key] = spans
    doc.spans[spans_key].attrs.update(
        scores=np.array([score.probability for _, score in found], dtype=np.float64),
        contributions=np.array([one.contribution for one, _ in found], dtype=np.float64),
        starts=np.array([one.start for one, _ in found], dtype=np.int64),
        ends=np.array([one.end for one, _ in found], dtype=np.int64),
    )
    # Plain lists and objects: a document can be written to bytes and sent to another process.
    doc._.tellsign = orjson.loads(orjson.dumps(outcome))


def displacy_options(spans_key: str = NAME) -> dict[str, Any]:
    """Give the options with which `displacy.render(doc, style="span", options=…)` draws the spans."""
    ids = load_taxonomy().ids
    colours = {name: "#{:02x}{:02x}{:02x}".format(*PALETTE[place % len(PALETTE)]) for place, name in enumerate(ids)}
    return {"spans_key": spans_key, "colors": colours}


def _from_bytes(data: bytes) -> TellsignComponent:
    return TellsignComponent(None, Options(None, NAME, None, MAX_CHARACTERS)).from_bytes(data)


def _find_indicator(span: Span) -> Mapping[str, Any] | None:
    """Find what the analysis says of the indicator that a span is labelled with."""
    indicators = (span.doc._.tellsign or {}).get("indicators", ())
    return next((one for one in indicators if one["id"] == span.label_), None)


for _kind, _options in ((Doc, {"default": None}), (Span, {"getter": _find_indicator})):
    if not _kind.has_extension(NAME):
        _kind.set_extension(NAME, **_options)

Language.factory(
    NAME,
    assigns=["doc.spans", f"doc._.{NAME}"],
    default_config={
        "path": None,
        "tier": None,
        "spans_key": NAME,
        "language": None,
        "max_characters": MAX_CHARACTERS,
    },
    func=build_component,
)
