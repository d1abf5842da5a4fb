"""Whether a candidate may take the place of the model in service: not if it is worse where people pay for mistakes.

Three gates. The functional suite: no ability may get worse beyond what chance explains, or by more than two cases in a
hundred. Identity swaps: no more answers may change when a text only says of another person. Ordinary texts: no more
of them may be flagged. The last two allow nothing: each case is a stranger at somebody's door.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from classifier import Analyzer
from training.alarms import Alarm, OrdinaryText, load_ordinary, rate_alarms, sound_alarms
from training.suite import AxisRate, CaseResult, SuiteResult, run_suite
from training.suite_cases import CELLS, Suite

ALLOWED_LOSS = 0.02
LEVEL = 0.05
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a model does on everything that the gates look at."""

    suite: SuiteResult
    alarms: tuple[Alarm, ...]

    @property
    def flips(self) -> int:
        """Pairs of texts that differ in who is spoken of alone, and yet get different answers."""
        return sum(round(axis.flips.value * axis.pairs) for axis in self._axes)

    @property
    def pairs(self) -> int:
        """How many such pairs there are."""
        return sum(axis.pairs for axis in self._axes)

    @property
    def _axes(self) -> list[AxisRate]:
        single = [axis for axis in self.suite.axes if axis.axis != _ALL]
        return single or list(self.suite.axes)


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate and how a candidate fared.

    Attributes:
        name: Of the gate.
        current: Failures of the model in service; None where it could not be asked.
        candidate: Failures of the candidate.
        cases: Out of how many.
        refusal: Why the candidate is refused; "" when it passes.
    """

    name: str
    current: int | None
    candidate: int
    cases: int
    refusal: str = ""


def measure_gates(analyzer: Analyzer, suite: Suite, texts: Sequence[OrdinaryText] | None = None) -> Figures:
    """Ask a model everything that the gates look at.

    Raises:
        CorpusError: a text cannot be analysed.
    """
    ordinary = load_ordinary() if texts is None else texts
    return Figures(run_suite(analyzer, suite), tuple(sound_alarms(analyzer, ordinary)))


def judge(candidate: Figures, current: Figures | None) -> list[Gate]:
    """Hold a candidate against the model in service.

    Args:
        candidate: Its figures.
        current: Those of the model in service, on the same suite and texts; None where it cannot be loaded, and then
            nothing is refused and only the candidate's failures are told.
    """
    before = None if current is None else current.suite.results
    gates = [_judge_cell(cell, candidate.suite.results, before) for cell in (_ALL, *CELLS)]
    return [gate for gate in gates if gate.cases] + [
        _judge_flips(candidate, current),
        *_judge_slices(candidate, current),
    ]


def _judge_cell(cell: str, candidate: Sequence[CaseResult], current: Sequence[CaseResult] | None) -> Gate:
    chosen = [k for k, one in enumerate(candidate) if cell in (_ALL, one.case.cell)]
    failed = sum(not candidate[k].passed for k in chosen)
    name = f"suite: {cell}"
    if current is None:
        return Gate(name, None, failed, len(chosen))
    lost = sum(current[k].passed and not candidate[k].passed for k in chosen)
    gained = sum(candidate[k].passed and not current[k].passed for k in chosen)
    chance = sign_test(lost, gained)
    refusal = ""
    if lost > gained and (chance < LEVEL or lost - gained > ALLOWED_LOSS * len(chosen)):
        refusal = f"fails {lost} cases that the current model passes, passes {gained} that it fails (p {chance:.3f})"
    return Gate(name, sum(not current[k].passed for k in chosen), failed, len(chosen), refusal)


def sign_test(lost: int, gained: int) -> float:
    """Give the chance of at least so many losses among the cases that changed, if either was as likely (McNemar)."""
    changed = lost + gained
    return sum(comb(changed, k) for k in range(lost, changed + 1)) / 2.0**changed


def _judge_flips(candidate: Figures, current: Figures | None) -> Gate:
    before = None if current is None else current.flips
    refusal = ""
    if before is not None and candidate.flips > before:
        refusal = f"{candidate.flips} answers change with who is spoken of; {before} do in the current model"
    return Gate("identity swaps", before, candidate.flips, candidate.pairs, refusal)


def _judge_slices(candidate: Figures, current: Figures | None) -> list[Gate]:
    before = {} if current is None else _count_alarms(current.alarms)
    gates = []
    for rate in rate_alarms(candidate.alarms):
        found = sum(not alarm.clear for alarm in candidate.alarms if alarm.slice == rate.slice)
        known = before.get(rate.slice)
        refusal = ""
        if known is not None and found > known:
            refusal = (
                f"{found} of {rate.texts} texts that speak of no indicator are flagged; {known} by the current model"
            )
        gates.append(Gate(f"false alarms: {rate.slice}", known, found, rate.texts, refusal))
    return gates


def _count_alarms(alarms: Sequence[Alarm]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for alarm in alarms:
        counts[alarm.slice] = counts.get(alarm.slice, 0) + (not alarm.clear)
    return counts
