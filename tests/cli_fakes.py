"""The command line with a stand-in for the model; as a script it is `tellsign` for tests that need a process."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from classifier.document import Tier
from classifier.errors import ArtifactError
from service.cli import app
from service.commands.ports import Ports
from tests.fakes import FakeAnalyzer

# What the stand-in finds in each: an asserted, a denied and a hypothetical indicator, and none.
ASSERTED = "He keeps our passports in his room."
NEGATED = "I asked, and nobody holds their passports."
HYPOTHETICAL = "Signs include unpaid wages."
NOTHING = "We met at the market in the morning."


def load_fake(model: Path | None, tier: Tier | None) -> FakeAnalyzer:
    """Load at once; refuse a model folder called `refused`."""
    if model is not None and model.name == "refused":
        raise ArtifactError("arrays.npz: its SHA-256 is not the one in the manifest")
    return FakeAnalyzer(tier="deep" if tier == "deep" else "fast")


def load_dying(*_: object) -> FakeAnalyzer:
    """End the process, as the system does to one that takes too much memory."""
    os._exit(1)


class FakeArtifacts:
    """Model folders that are what their names say: `good`, `changed`, `near` or `far`."""

    DEFAULT_MODEL = Path("good")

    def inspect(self, path: Path) -> dict[str, Any]:
        return {
            "name": path.name,
            "thresholds": {"isolation": 0.5},
            "files": [{"file": "a\x1b.npz"}],
            "languages": ["en"],
        }

    def verify(self, path: Path) -> list[str]:
        return ["arrays.npz differs from the manifest"] if path.name == "changed" else []

    def compare(self, first: Path, second: Path) -> dict[str, Any]:
        largest = {"near": 1e-7, "far": 1e-3, "unlike": float("nan")}.get(second.name, 0.0)
        return {"identical": first.name == second.name, "max_difference": largest, "differences": []}


def fake_ports(**overrides: Any) -> Ports:
    """Return ports with nothing real behind them; streams are no terminals unless told so."""
    return replace(Ports(load_analyzer=load_fake, load_artifacts=FakeArtifacts), **overrides)


if __name__ == "__main__":
    terminals = {"stdout_is_terminal": sys.stdout.isatty(), "stderr_is_terminal": sys.stderr.isatty()}
    app(prog_name="tellsign", obj=fake_ports(**terminals))
