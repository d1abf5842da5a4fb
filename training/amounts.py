"""Amounts as people write them: `40/day`, `0.5%`, `npv >= 0.98, ppv >= 0.9`."""

import math
import re

from classifier.errors import TellsignError

_HOURS = {"hour": 1.0, "day": 24.0, "week": 168.0}
_RATE = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?)(?:\s*/\s*(?P<unit>hour|day|week))?")
_SHARE = re.compile(r"(?P<number>\d*\.?\d+)\s*(?P<percent>%?)")
_BAND = re.compile(r"npv\s*>=\s*(?P<npv>0?\.\d+)\s*,\s*ppv\s*>=\s*(?P<ppv>0?\.\d+)")


class AmountError(TellsignError):
    """An amount is not written as it must be; the message shows how."""


def read_rate(text: str) -> float:
    """Read `40/day`, `5,000/day`, `2/hour` or a bare number, and give it by day.

    Raises:
        AmountError: it is not of this form, or not above 0.
    """
    parsed = _RATE.fullmatch(text.strip())
    value = float(parsed["number"].replace(",", "")) * 24.0 / _HOURS[parsed["unit"] or "day"] if parsed else 0.0
    if not 0.0 < value < math.inf:
        raise AmountError(f"'{text}' is no rate above 0; write it like 40/day, 5000/day, 2/hour or 300/week")
    return value


def read_share(text: str) -> float:
    """Read `0.5%` or `0.005`.

    Raises:
        AmountError: it is not of this form, or not between 0 and 1.
    """
    parsed = _SHARE.fullmatch(text.strip())
    value = float(parsed["number"]) / (100.0 if parsed["percent"] else 1.0) if parsed else 0.0
    if not 0.0 < value < 1.0:
        raise AmountError(f"'{text}' is no share between 0 and 1; write it like 0.5% or 0.005")
    return value


def read_band(text: str) -> tuple[float, float]:
    """Read `npv >= 0.98, ppv >= 0.9` and give both.

    Raises:
        AmountError: it is not of this form, or a value is not between 0 and 1.
    """
    parsed = _BAND.fullmatch(text.strip().lower())
    npv, ppv = (float(parsed["npv"]), float(parsed["ppv"])) if parsed else (0.0, 0.0)
    if not (npv > 0.0 and ppv > 0.0):
        raise AmountError(f"'{text}' is no band; write it like 'npv >= 0.98, ppv >= 0.9', both between 0 and 1")
    return npv, ppv
