"""An analysis as bytes and back: JSON without the words of the document, compressed."""

from dataclasses import replace

import orjson
import zstandard
from pydantic import TypeAdapter

from classifier.document import Analysis

# An analysis of the longest text there may be is a few megabytes; more is not ours.
_MOST_BYTES = 64 * 1024 * 1024
_ANALYSIS = TypeAdapter(Analysis)


def pack_analysis(analysis: Analysis) -> bytes:
    """Bytes of an analysis without its id and without the texts of its spans, which their offsets give back."""
    scores = tuple(
        replace(score, spans=tuple(replace(span, text="") for span in score.spans)) for score in analysis.indicators
    )
    data = orjson.dumps(replace(analysis, id=None, indicators=scores))
    return zstandard.ZstdCompressor(level=3).compress(data)


def unpack_analysis(data: bytes, *, document_id: str, text: str | None) -> Analysis:
    """The analysis that was packed.

    Args:
        data: As `pack_analysis` made it.
        document_id: Becomes the id of the analysis.
        text: The document, whose pieces become the texts of the spans; None once it is erased leaves them empty.
    """
    packed = zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_BYTES)
    analysis = _ANALYSIS.validate_json(packed)
    if text is None:
        return replace(analysis, id=document_id)
    scores = tuple(
        replace(score, spans=tuple(replace(span, text=text[span.start : span.end]) for span in score.spans))
        for score in analysis.indicators
    )
    return replace(analysis, id=document_id, indicators=scores)
