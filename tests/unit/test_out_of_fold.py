"""Reads of unseen documents are kept beside the encoder, come back as they were, and are refused when they are not."""

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from classifier.artifact import build_outputs
from classifier.encoder import Encoder
from classifier.errors import ArtifactError
from training.encoder.out_of_fold import (
    OUT_OF_FOLD,
    DocumentRead,
    OutOfFold,
    join_reads,
    load_out_of_fold,
    save_out_of_fold,
)

NAMES = [field.name for field in fields(OutOfFold)]


@dataclass(frozen=True)
class Beside:
    """The part of an encoder that says where its reads lie and what they are."""

    folder: Path
    manifest: Mapping[str, Any]


def load(folder: Path, digest: object) -> OutOfFold:
    return load_out_of_fold(cast("Encoder", Beside(folder, {"out_of_fold_sha256": digest})))


def draw(n_sentences: int, *windows: tuple[int, int], seed: int = 0) -> DocumentRead:
    """A read of a document with two sentence outputs and three text outputs."""
    drawn = np.random.default_rng([seed, n_sentences])
    sentences, texts = drawn.normal(scale=4.0, size=(n_sentences, 2)), drawn.normal(size=(len(windows), 3))
    return DocumentRead(sentences, texts, np.array(windows), drawn.normal(scale=4.0, size=n_sentences))


READS = [draw(3, (0, 2), (2, 3)), draw(1, (0, 1)), draw(6, (0, 1), (1, 4), (4, 6)), draw(1, (0, 1), seed=1)]


def test_each_document_has_its_own_sentences_and_windows() -> None:
    joined = join_reads(READS)
    assert len(joined) == len(READS)
    assert joined.sentence_bounds.tolist() == [0, 3, 4, 10, 11]
    assert joined.window_bounds.tolist() == [0, 2, 3, 6, 7]
    for number, read in enumerate(READS):
        found = joined.of(number)
        for name in ("sentences", "texts", "alone"):
            assert getattr(found, name) == pytest.approx(getattr(read, name), abs=0.05 + 1e-9), name
        assert found.windows.tolist() == read.windows.tolist()


def test_log_odds_are_rounded_to_tenths_and_cut_off() -> None:
    """What is fitted now and what is fitted from the file later is the same."""
    sentences = np.array([[0.04, -0.06, 3.14], [12.69, 40.0, -1e6]])
    joined = join_reads([DocumentRead(sentences, np.array([[-2.26]]), np.array([[0, 2]]), np.array([0.26, -99.0]))])
    assert joined.alone == pytest.approx(np.array([0.3, -12.7]))
    assert joined.sentences == pytest.approx(np.array([[0.0, -0.1, 3.1], [12.7, 12.7, -12.7]]))
    assert joined.texts == pytest.approx(np.array([[-2.3]]))


def test_reads_come_back_from_the_file_to_the_last_bit(tmp_path: Path) -> None:
    joined = join_reads(READS)
    digest = save_out_of_fold(joined, tmp_path)
    assert digest == sha256((tmp_path / OUT_OF_FOLD).read_bytes()).hexdigest()
    found = load(tmp_path, digest)
    for name in NAMES:
        assert np.array_equal(getattr(found, name), getattr(joined, name)), name
    assert found.sentences.dtype == found.texts.dtype == np.float64


def test_same_reads_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (save_out_of_fold(join_reads(READS), tmp_path / name) for name in ("one", "two"))
    assert one == two


def test_file_takes_a_byte_a_score(tmp_path: Path) -> None:
    """Thousands of documents lie beside the encoder."""
    drawn = np.random.default_rng(0)
    scores, texts, alone = drawn.normal(scale=4.0, size=(50, 68)), drawn.normal(size=(2, 6)), drawn.normal(size=50)
    read = DocumentRead(scores, texts, np.array([[0, 25], [25, 50]]), alone)
    save_out_of_fold(join_reads([read] * 40), tmp_path)
    assert (tmp_path / OUT_OF_FOLD).stat().st_size < 40 * 50 * 68 * 1.2


def test_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"out_of_fold\.npz' is missing: .*make it by train-encoder"):
        load(tmp_path, "0" * 64)


@pytest.mark.parametrize("said", ["0" * 64, None], ids=["another hash", "an encoder that names none"])
def test_changed_file_is_refused(said: str | None, tmp_path: Path) -> None:
    digest = save_out_of_fold(join_reads(READS), tmp_path)
    with pytest.raises(ArtifactError, match=f"has sha256 {digest}; the encoder's manifest says {said}"):
        load(tmp_path, said)


class Trap:
    """Unpickling this would make a folder: the sign that code ran."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self._path),)


def pack(**changes: object) -> bytes:
    """The content of a file of reads with some arrays exchanged; None leaves one out."""
    joined, packed = join_reads(READS), io.BytesIO()
    arrays: dict[str, Any] = {name: getattr(joined, name) for name in NAMES} | changes
    np.savez_compressed(packed, **{name: array for name, array in arrays.items() if array is not None})
    return packed.getvalue()


# Numpy leaves an archive that it cannot read open until it is collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"", "EOFError", id="an empty file"),
        pytest.param(b"not an archive", "ValueError", id="no archive"),
        pytest.param(b"PK\x03\x04" + bytes(100), "BadZipFile", id="a broken archive"),
        pytest.param(pack(windows=None), "KeyError", id="an array less"),
    ],
)
def test_file_that_is_not_what_it_says_is_refused(content: bytes, error: str, tmp_path: Path) -> None:
    (tmp_path / OUT_OF_FOLD).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"is refused: {error}"):
        load(tmp_path, sha256(content).hexdigest())


def test_pickled_objects_are_refused_and_never_run(tmp_path: Path) -> None:
    trap = np.empty(1, dtype=object)
    trap[0] = Trap(tmp_path / "sprung")
    content = pack(texts=trap)
    (tmp_path / OUT_OF_FOLD).write_bytes(content)
    with pytest.raises(ArtifactError, match="is refused: ValueError"):
        load(tmp_path, sha256(content).hexdigest())
    assert not (tmp_path / "sprung").exists()


def test_shipped_encoder_has_reads_of_every_development_document() -> None:
    encoder, outputs = Encoder(), build_outputs()
    found = load_out_of_fold(encoder)
    assert len(found) == encoder.manifest["data"]["development_documents"]
    assert found.sentences.shape == (found.sentence_bounds[-1], 4 * outputs.n_indicators)
    assert found.alone.shape == found.sentences.shape[:1]
    assert found.texts.shape == (found.window_bounds[-1], outputs.n_contexts + 1)
    assert np.isfinite(found.sentences).all()
    # Windows hold all sentences of their document once, in reading order.
    lengths = np.diff(found.sentence_bounds)
    assert (found.windows[found.window_bounds[:-1], 0] == 0).all()
    assert (found.windows[found.window_bounds[1:] - 1, 1] == lengths).all()
    inside = np.setdiff1d(np.arange(len(found.windows)), found.window_bounds[:-1])
    assert (found.windows[inside, 0] == found.windows[inside - 1, 1]).all()
