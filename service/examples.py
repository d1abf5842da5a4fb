"""Invented requests and a shortened answer, as the OpenAPI description shows them."""

from typing import Any

from classifier.document import NOTICE

_TEXT = "The manager keeps our passports in his safe and will not give them back."

ANALYZE_REQUESTS: dict[str, Any] = {
    "text": {"summary": "One text", "value": {"text": _TEXT}},
    "documents": {
        "summary": "Several documents",
        "value": {
            "documents": [
                {"id": "note-1", "text": "I owe 4,000 for the ticket and it goes up each week."},
                {"id": "note-2", "text": "Nobody holds my passport.", "language": "en", "metadata": {"desk": "B"}},
            ]
        },
    },
}

_ANALYSIS: dict[str, Any] = {
    "id": None,
    "characters": 72,
    "language": {"code": "en", "probability": 0.99, "supported": True},
    "model": {"name": "default", "version": "0.1.0", "sha256": "0" * 64, "taxonomy": "1.0"},
    "context": {
        "label": "disclosure",
        "probabilities": {
            "disclosure": 0.895,
            "solicitation": 0.002,
            "report": 0.02,
            "guidance": 0.003,
            "unrelated": 0.08,
        },
    },
    "review": {"probability": 0.996, "threshold": 0.45, "flagged": True, "reasons": ["document_retention"]},
    "indicators": [
        {
            "id": "document_retention",
            "probability": 0.9996,
            "threshold": 0.229,
            "flagged": True,
            "state": "asserted",
            "log_odds": 7.94,
            "intercept": -4.65,
            "remainder": 0.06,
            "spans": [
                {
                    "start": 0,
                    "end": 71,
                    "text": _TEXT[:71],
                    "assertion": "asserted",
                    "source": "model",
                    "contribution": 12.54,
                    "sentence": 0,
                }
            ],
        }
    ],
    "warnings": [],
    "tier": "deep",
    "notice": NOTICE,
}

ANALYZE_RESPONSES: dict[str, Any] = {
    "text": {"summary": "For one text (one of the 17 indicators shown)", "value": _ANALYSIS},
    "documents": {
        "summary": "For a list: an analysis, and a document that has none",
        "value": {
            "analyses": [
                {**_ANALYSIS, "id": "note-1"},
                {
                    "id": "note-2",
                    "error": {
                        "type": "urn:tellsign:problem:empty_text",
                        "title": "The text is empty",
                        "status": 422,
                        "detail": "the text is empty or blank; it must have at least one visible character",
                    },
                },
            ]
        },
    },
}
