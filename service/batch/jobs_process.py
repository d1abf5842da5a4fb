"""The process of one job as the service sees it: started, ended, waited for."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

import service

COMMAND = (sys.executable, "-P", "-m", "service.commands.job_run")
# A process that ends without an answer is started again so often.
STARTS = 3
# Seconds after which a process that was asked to end is ended.
_PATIENCE = 10.0


class JobProcess:
    """A process that runs, and ends with the service: its standard input is held open for as long as it may live."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        """Take a process that was just started."""
        self._process = process
        self._timer: threading.Timer | None = None

    def end(self) -> None:
        """Ask it to end in a state that can be gone on from, and end it when it does not."""
        self._process.terminate()
        if self._timer is None:
            self._timer = threading.Timer(_PATIENCE, self._process.kill)
            self._timer.daemon = True
            self._timer.start()

    def wait(self) -> int:
        """Wait for its end and return its exit code."""
        code = self._process.wait()
        if self._timer is not None:
            self._timer.cancel()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return code


@dataclass(frozen=True, slots=True)
class Launch:
    """Starts the process of a job.

    Attributes:
        command: What is started, without its arguments.
        model: Model folder, or None for the one that ships.
        niceness: How much it stands back behind what answers people at once.
    """

    command: Sequence[str] = COMMAND
    model: Path | None = None
    niceness: int = 5

    def __call__(self, folder: Path, workers: int) -> JobProcess:
        """Start the process of the job in `folder`, with so many worker processes."""
        model = None if self.model is None else str(self.model.absolute())
        orders = {"model": model, "workers": workers, "niceness": self.niceness}
        here = str(Path(service.__file__).parents[1])
        places = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
        process = subprocess.Popen(  # noqa: S603 - our own module
            [*self.command, str(folder), orjson.dumps(orders).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            # A traceback may quote a document.
            stderr=subprocess.DEVNULL,
            # Ctrl-C in a terminal is for the service, which ends this process itself.
            process_group=0,
            env=os.environ | {"PYTHONPATH": places, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        return JobProcess(process)
