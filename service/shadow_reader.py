"""Reads documents for the shadow in a process of its own at the lowest priority, so that answering keeps its cores."""

import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import classifier
from classifier.artifact import verify
from classifier.document import Document, ModelInfo
from classifier.errors import ArtifactError, TellsignError
from service.analysis_queue import Analyzer
from service.batch.workers import end_with_parent
from service.shadow import ShadowError, Verdict, build_verdict

_NICE = 19
# Loads the analyzer of a folder for texts of at most so many code points; importable by name.
Load = Callable[[Path, int], Analyzer]


def load_shadow(model: Path, max_characters: int) -> Analyzer:
    """Load the second model, in the tier that suits it."""
    return classifier.load(model, max_characters=max_characters)


class ProcessReader:
    """A reader in a process of its own.

    Args:
        model: Folder of the model.
        max_characters: Longest text, code points.
        load: Loads it there.

    Raises:
        ArtifactError: The folder is refused; said here, before the service answers anyone.
    """

    def __init__(self, model: Path, *, max_characters: int, load: Load = load_shadow) -> None:
        if load is load_shadow and (problems := verify(model)):
            raise ArtifactError(f"shadow model '{model}' is refused: {'; '.join(problems)}")
        # A fresh process, not a fork: this one has threads, and numerical libraries read their settings on loading.
        self._pool = ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=_start, initargs=(load, model, max_characters)
        )

    def start(self) -> ModelInfo:
        """Load the model there.

        Raises:
            ShadowError: It is refused, or the process ended.
        """
        info: ModelInfo = self._ask(_read_info)
        return info

    def read(self, documents: Sequence[Document]) -> Sequence[Verdict | None]:
        """One verdict a document, in order.

        Raises:
            ShadowError: The model broke on a document, or the process ended.
        """
        verdicts: Sequence[Verdict | None] = self._ask(_read_documents, list(documents))
        return verdicts

    def _ask(self, question: Callable[..., Any], *arguments: object) -> Any:
        try:
            answer = self._pool.submit(question, *arguments)
            error = answer.exception()
        except (RuntimeError, CancelledError) as gone:
            # The process died, or the pool was let go of in the meantime.
            raise ShadowError(type(gone).__name__) from None
        if error is not None:
            # What broke may quote a document: its kind alone is told, unless it is an error of our own.
            raise ShadowError(str(error) if isinstance(error, TellsignError) else type(error).__name__) from None
        return answer.result()

    def stop(self) -> None:
        """End the process once it is done with its turn."""
        self._pool.shutdown(wait=False, cancel_futures=True)


_loaded: list[Analyzer | TellsignError] = []


def _start(load: Load, model: Path, max_characters: int) -> None:
    # The server answers Ctrl-C for both, and a reader whose server was killed must not stay behind.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.nice(_NICE)
    try:
        _loaded.append(load(model, max_characters))
    except TellsignError as error:
        # Raised again when asked: an initializer that raises is reported as a traceback and a broken pool.
        _loaded.append(error)


def _analyzer() -> Analyzer:
    found = _loaded[0]
    if isinstance(found, TellsignError):
        raise found
    return found


def _read_info() -> ModelInfo:
    return _analyzer().info


def _read_documents(documents: Sequence[Document]) -> list[Verdict | None]:
    return [build_verdict(outcome) for outcome in _analyzer().analyze_many(documents)]
