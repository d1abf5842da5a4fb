"""The process of a job with a stand-in for the model; as a script, what `Launch` starts in tests.

A file of the name `hold` beside the job's folder lets one shard through and holds up the others; `crash` ends the
process at once, as the system does to one that takes too much memory.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Before what takes its time to import.
if __name__ == "__main__" and (Path(sys.argv[1]).parent / "crash").exists():
    os.kill(os.getpid(), signal.SIGKILL)

from classifier.document import Tier
from service.commands.job_run import main
from tests.batch_runs import QuickAnalyzer
from tests.cli_fakes import fake_ports


class HeldAnalyzer(QuickAnalyzer):
    """Waits before its second turn for as long as a file is there."""

    def __init__(self, hold: Path) -> None:
        super().__init__()
        self._hold, self._turns = hold, 0

    def analyze_many(self, documents: Any) -> Any:
        self._turns += 1
        while self._turns > 1 and self._hold.exists():
            time.sleep(0.02)
        return super().analyze_many(documents)


def run_fake(arguments: Sequence[str]) -> int:
    """Run the job of a folder."""
    jobs = Path(arguments[0]).parent

    def load(model: Path | None, tier: Tier | None) -> HeldAnalyzer:  # noqa: ARG001 - as `load_analyzer`
        return HeldAnalyzer(jobs / "hold")

    return main(arguments, fake_ports(load_analyzer=load))


if __name__ == "__main__":
    os._exit(run_fake(sys.argv[1:]))
