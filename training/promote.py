"""Puts a model in the place of another once it has passed the gates, and writes into its manifest what was decided."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from classifier import load
from classifier.artifact import MANIFEST, inspect, verify
from classifier.document import ModelInfo
from classifier.errors import ArtifactError, TellsignError
from training.gates import Gate, judge, measure_gates
from training.suite_cases import Suite

_SHORTEST, _LONGEST = 10, 500


class PromotionError(TellsignError):
    """A model is not promoted: it failed a gate, or the reason to force it is missing or unusable."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How a candidate fared.

    Attributes:
        candidate: Which model.
        current: The model whose place it would take; None where that one cannot be loaded.
        gates: All of them, in order.
        unknown: Why the current model could not be asked; "" when it was.
    """

    candidate: ModelInfo
    current: ModelInfo | None
    gates: tuple[Gate, ...]
    unknown: str = ""

    @property
    def refusals(self) -> list[str]:
        """Why the candidate is refused, a sentence each; empty when it is not."""
        found = [f"{gate.name}: {gate.refusal}" for gate in self.gates if gate.refusal]
        return [*found, self.unknown] if self.unknown else found


def decide(candidate: Path, current: Path, suite: Suite) -> Decision:
    """Hold a candidate against the model in service.

    Args:
        candidate: Folder of the model that is to take the place.
        current: Folder of the model in service. Where it is refused by this program there is nothing to compare with,
            and that itself speaks against promoting.
        suite: The functional suite.

    Raises:
        ArtifactError: the candidate is refused.
        CorpusError: a text of the suite cannot be analysed.
    """
    analyzer = load(candidate)
    found = measure_gates(analyzer, suite)
    try:
        other = load(current)
    except ArtifactError as error:
        gates = tuple(judge(found, None))
        return Decision(analyzer.info, None, gates, f"the current model cannot be asked: {error}")
    return Decision(analyzer.info, other.info, tuple(judge(found, measure_gates(other, suite))))


def check_reason(reason: str) -> str:
    """Give the reason as it goes into the manifest.

    Raises:
        PromotionError: it is too short to be one, too long, or holds controls.
    """
    said = " ".join(reason.split())
    if not _SHORTEST <= len(said) <= _LONGEST or not said.isprintable():
        raise PromotionError(
            f"the reason has {len(said)} characters; {_SHORTEST} to {_LONGEST} printable ones are allowed"
        )
    return said


def promote(
    candidate: Path, place: Path, decision: Decision, *, reason: str | None = None, today: date | None = None
) -> str:
    """Put a copy of the candidate in a place; what was there is kept beside it as `<name>.previous`.

    Args:
        candidate: Its folder, left as it is.
        place: Folder that the service loads.
        decision: Of `decide`.
        reason: Why it is promoted although it failed a gate.
        today: For the manifest; by default the date in UTC.

    Returns:
        SHA-256 of the new manifest.

    Raises:
        PromotionError: the candidate failed a gate and no reason was given.
    """
    if decision.refusals and reason is None:
        raise PromotionError(f"not promoted: {'; '.join(decision.refusals)}")
    record = build_record(decision, reason, today or datetime.now(UTC).date())
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as scratch:
        draft = Path(scratch) / place.name
        # What the manifest does not name, such as a card of the old numbers, stays behind.
        _copy(candidate, draft)
        digest = rewrite_manifest(draft, {"promotion": record})
        if problems := verify(draft):
            raise ArtifactError(f"the promoted copy of '{candidate}' is refused: {'; '.join(problems)}")
        _swap(draft, place)
    return digest


def _copy(source: Path, target: Path) -> None:
    target.mkdir()
    for name in (MANIFEST, *inspect(source)["files"]):
        shutil.copyfile(source / name, target / name)


def _swap(draft: Path, place: Path) -> None:
    """Rename the draft into place: between two renames there is an instant without a model, and never half of one."""
    previous = place.with_name(f"{place.name}.previous")
    if place.exists():
        if previous.exists():
            shutil.rmtree(previous)
        place.rename(previous)
    try:
        draft.rename(place)
    except OSError:
        if previous.exists():
            previous.rename(place)
        raise


def rewrite_manifest(folder: Path, changes: Mapping[str, Any]) -> str:
    """Write changes into a manifest; the hashes of the other files stay as they are and stay true.

    Returns:
        SHA-256 of the new manifest, by which analyses name the model.

    Raises:
        ArtifactError: a change would touch what loading relies on.
    """
    manifest = inspect(folder)
    if fixed := sorted({"format", "files", "indicators", "contexts", "lexicon_sha256", "taxonomy"} & set(changes)):
        raise ArtifactError(f"the fields {', '.join(fixed)} of a manifest cannot be rewritten")
    content = {**manifest, **changes}
    # Where `save` puts the files: last.
    content["files"] = content.pop("files")
    written = f"{json.dumps(content, indent=1, ensure_ascii=False)}\n"
    (folder / MANIFEST).write_text(written, encoding="utf-8")
    return sha256(written.encode()).hexdigest()


def build_record(decision: Decision, reason: str | None, day: date) -> dict[str, Any]:
    """Give what the manifest says of a promotion."""
    over = None if decision.current is None else _describe(decision.current)
    record: dict[str, Any] = {
        "date": day.isoformat(),
        "from": _describe(decision.candidate),
        "over": over,
        "gates": build_gates(decision.gates),
    }
    if decision.refusals:
        record["forced"] = {"reason": check_reason(reason or ""), "refusals": decision.refusals}
    return record


def _describe(info: ModelInfo) -> dict[str, str]:
    return {"name": info.name, "version": info.version, "sha256": info.sha256}


def build_gates(gates: Sequence[Gate]) -> dict[str, Any]:
    """Turn gates into plain JSON values, by name."""
    return {
        gate.name: {
            "cases": gate.cases,
            "failed": gate.candidate,
            "failed_by_current": gate.current,
            "refusal": gate.refusal or None,
        }
        for gate in gates
    }
