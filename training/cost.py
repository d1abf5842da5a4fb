"""What a run costs: measured processor time, and an estimate of energy and emissions with its assumptions beside it."""

import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cost:
    """Time that a run took.

    Attributes:
        cpu_seconds: Of this process and of those it waited for.
        wall_seconds: By the clock.
    """

    cpu_seconds: float
    wall_seconds: float


class Meter:
    """Measures from its making on; children count once they have ended and were waited for."""

    def __init__(self) -> None:
        self._cpu, self._wall = _cpu_seconds(), time.monotonic()

    def read(self) -> Cost:
        """Give what was used so far."""
        return Cost(_cpu_seconds() - self._cpu, time.monotonic() - self._wall)


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def estimate(cost: Cost, assumed: Mapping[str, Any]) -> dict[str, float]:
    """Estimate energy and emissions of a run.

    Args:
        cost: What was measured.
        assumed: `watts` a busy core draws, and `grams` of CO2 equivalents a kilowatt-hour.

    Returns:
        cpu_seconds, wall_seconds, watt_hours and grams_co2e.
    """
    watt_hours = cost.cpu_seconds * float(assumed["watts"]) / 3600.0
    return {
        "cpu_seconds": round(cost.cpu_seconds, 1),
        "wall_seconds": round(cost.wall_seconds, 1),
        "watt_hours": round(watt_hours, 3),
        "grams_co2e": round(watt_hours * float(assumed["grams"]) / 1000.0, 3),
    }
