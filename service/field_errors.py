"""What is wrong with a field of a request, in our own words: pydantic's may quote what was sent."""

import re
from collections.abc import Mapping
from typing import Any

_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
_ELSEWHERE = ("is not valid", "see /openapi.json")
_MOMENT = ("is no moment with a time zone", "such as 2030-01-07T12:00:00Z")
_WHOLE = ("is not a whole number", "a whole number")
_NUMBER = ("is not a number", "a number")
_TRUTH = ("is not true or false", "true or false")

# pydantic error type -> (what is wrong, what is allowed).
_REASONS: Mapping[str, tuple[str, str]] = {
    "missing": ("is missing", "required"),
    "string_type": ("is not a string", "a string"),
    "list_type": ("is not a list", "a list"),
    "tuple_type": ("is not a list", "a list"),
    "dict_type": ("is not an object", "an object"),
    "model_type": ("is not an object", "an object"),
    "model_attributes_type": ("is not an object", "an object"),
    "string_too_long": ("is too long", "at most {max_length} characters"),
    "string_too_short": ("is too short", "at least {min_length} characters"),
    "string_pattern_mismatch": ("has the wrong form", "a text that matches {pattern}"),
    "too_long": ("has too many entries", "at most {max_length}"),
    "too_short": ("has too few entries", "at least {min_length}"),
    "literal_error": ("is not one of those allowed", "{expected}"),
    "extra_forbidden": ("is not a known field", "see /openapi.json"),
    "greater_than_equal": ("is too small", "at least {ge}"),
    "less_than_equal": ("is too large", "at most {le}"),
    "greater_than": ("is too small", "more than {gt}"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "json_invalid": ("is not JSON", "one JSON object, UTF-8"),
}


def reason_of(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong and what is allowed.

    Args:
        entry: One of `ValidationError.errors()`.
    """
    detail, allowed = _REASONS.get(entry["type"], _ELSEWHERE)
    return detail, allowed.format_map(entry.get("ctx", {}))


def safe_name(part: int | str) -> str:
    """A name that can be shown: a client could hide document text in the name of a field."""
    name = str(part)
    return name if isinstance(part, int) or _SAFE_NAME.fullmatch(name) else "(unnamed)"
