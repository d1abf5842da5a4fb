"""What `tellsign score --output` does beside scoring: finds repeated documents, draws a sample, writes the report."""

from pathlib import Path

from service.batch.audit_sample import AuditSample
from service.batch.clusters import ClusterRows
from service.batch.contacts import load_hasher
from service.batch.duplicates import Duplicates
from service.batch.extensions import Extensions, Finisher
from service.batch.report import Report
from service.batch.stores import is_remote
from service.commands.score_request import Request


def build_extensions(request: Request) -> Extensions:
    """Return the extensions that a request with an output asks for.

    The workers of a cluster each see a part of the documents, so that repeated ones are only found on one machine.

    Raises:
        TellsignError: `TELLSIGN_CONTACT_KEY` is not usable.
    """
    inputs = request.run_inputs() if request.paths and request.engine == "local" else None
    finishers: list[Finisher] = []
    duplicates = None
    if request.dedupe and request.engine == "local":
        hasher = load_hasher()
        duplicates = Duplicates(hasher=hasher, max_characters=request.options.max_characters, folder=_folder(request))
        finishers.append(ClusterRows(duplicates, hasher))
    if request.sample_audit is not None:
        finishers.append(AuditSample(inputs, request.sample_audit))
    # Last: it tells of the others.
    return Extensions(duplicates, [*finishers, Report(inputs)])


def _folder(request: Request) -> Path | None:
    """Return where texts are kept while the run lasts: beside the output, for temporary folders may be memory."""
    if request.output is None or is_remote(request.output):
        return None
    return Path(request.output.removeprefix("file://")).parent
