"""What must hold before any test module is imported, and what is loaded once for many."""

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from classifier import Analyzer
    from classifier.pipeline import Pipeline

# Read when numpy and `datasets` load: one BLAS thread gives the sums one order, and no test waits for a hub.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "HF_HUB_OFFLINE"):
    os.environ.setdefault(name, "1")


@pytest.fixture(scope="session")
def analyzer() -> "Analyzer":
    """The shipped model."""
    import classifier  # noqa: PLC0415  numpy comes with it, and must not come before the environment is set

    return classifier.load()


@pytest.fixture(scope="session")
def pipeline() -> "Pipeline":
    """The English pipeline."""
    from classifier.pipeline import Pipeline  # noqa: PLC0415  numpy again
    from classifier.taxonomy import load_taxonomy  # noqa: PLC0415

    return Pipeline("en", load_taxonomy().ids)
