"""What encoders that did not see a document gave for it: the stacking data of the deep tier, stored beside the encoder.

Fitting an encoder for every fold takes hours of the large training libraries; what comes of it is a few numbers a
sentence. They are kept, so that everything above the encoder can be fitted again without those libraries.
"""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from classifier.encoder import Encoder
from classifier.errors import ArtifactError
from classifier.pipeline import Parse

OUT_OF_FOLD = "out_of_fold.npz"
# Log-odds are kept as whole steps in one byte: far finer than two fits agree.
_STEP = 0.1
_NAMES = ("sentences", "alone", "texts", "windows", "sentence_bounds", "window_bounds")
# Arrays of log-odds.
_ROUNDED = ("sentences", "alone", "texts")


class DocumentRead(NamedTuple):
    """What an encoder gave for one document.

    Attributes:
        sentences: (n_sentences, n_outputs) log-odds.
        texts: (n_windows, n_text_outputs) log-odds.
        windows: (n_windows, 2) sentences `[first, last)`.
        alone: (n_sentences,) highest log-odds of any indicator being spoken of, each sentence read by itself.
    """

    sentences: np.ndarray
    texts: np.ndarray
    windows: np.ndarray
    alone: np.ndarray


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Out-of-fold reads of n_documents, in the order of the split's development part.

    Attributes:
        sentences: (n_sentences, n_outputs) log-odds, all documents one after the other.
        alone: (n_sentences,) highest log-odds of any indicator being spoken of, each sentence read by itself.
        texts: (n_windows, n_text_outputs) log-odds.
        windows: (n_windows, 2) sentences `[first, last)` of the window in its document.
        sentence_bounds: (n_documents + 1,) where each document's sentences begin.
        window_bounds: (n_documents + 1,) where each document's windows begin.
    """

    sentences: np.ndarray
    alone: np.ndarray
    texts: np.ndarray
    windows: np.ndarray
    sentence_bounds: np.ndarray
    window_bounds: np.ndarray

    def __len__(self) -> int:
        """Count the documents."""
        return len(self.sentence_bounds) - 1

    def of(self, number: int) -> DocumentRead:
        """Give what was read in a document."""
        first, last = self.sentence_bounds[number : number + 2]
        begin, end = self.window_bounds[number : number + 2]
        texts, windows = self.texts[begin:end], self.windows[begin:end]
        return DocumentRead(self.sentences[first:last], texts, windows, self.alone[first:last])


def join_reads(reads: list[DocumentRead]) -> OutOfFold:
    """Put what was read in documents one after the other, rounded to what is stored."""
    return OutOfFold(
        sentences=_round(np.concatenate([read.sentences for read in reads])),
        alone=_round(np.concatenate([read.alone for read in reads])),
        texts=_round(np.concatenate([read.texts for read in reads])),
        windows=np.concatenate([read.windows for read in reads]).astype(np.int32),
        sentence_bounds=np.cumsum([0, *(len(read.sentences) for read in reads)]),
        window_bounds=np.cumsum([0, *(len(read.texts) for read in reads)]),
    )


def extend_reads(encoded: OutOfFold, encoder: Encoder, parses: Sequence[Parse]) -> OutOfFold:
    """Read further documents, none of which the encoder was fitted on, and put them behind those that were read.

    Args:
        encoded: Out-of-fold reads of the encoder's own corpus.
        encoder: The one that serves.
        parses: Of the further documents.
    """
    reads = [encoded.of(number) for number in range(len(encoded))]
    return join_reads([*reads, *(read_stored(encoder, parsed) for parsed in parses)])


def read_stored(encoder: Encoder, parsed: Parse) -> DocumentRead:
    """Read a document as serving would, and each of its sentences alone."""
    n = len(encoder.bias) // 4
    count = len(parsed.sentences)
    found = encoder.encode(parsed, np.zeros(count))
    alone = [encoder.glance(parsed, sentence)[n : 2 * n].max() for sentence in range(count)]
    return DocumentRead(found.sentences, found.texts, found.windows, np.array(alone))


def _round(log_odds: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(log_odds / _STEP), -127, 127) * _STEP)


def save_out_of_fold(reads: OutOfFold, folder: Path) -> str:
    """Write the file and give its SHA-256."""
    arrays = {name: getattr(reads, name) for name in _NAMES}
    for name in _ROUNDED:
        arrays[name] = np.rint(arrays[name] / _STEP).astype(np.int8)
    path = folder / OUT_OF_FOLD
    np.savez_compressed(path, **arrays)
    return sha256(path.read_bytes()).hexdigest()


def load_out_of_fold(encoder: Encoder) -> OutOfFold:
    """Read the file beside an encoder; nothing in it is executed.

    Raises:
        ArtifactError: it is missing, changed or no such file.
    """
    path, expected = encoder.folder / OUT_OF_FOLD, encoder.manifest.get("out_of_fold_sha256")
    if not path.is_file():
        raise ArtifactError(f"'{path}' is missing: it is needed to fit a deep tier; make it by train-encoder")
    content = path.read_bytes()
    if (found := sha256(content).hexdigest()) != expected:
        raise ArtifactError(f"'{path}' has sha256 {found}; the encoder's manifest says {expected}")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as data:
            arrays = {name: data[name] for name in _NAMES}
    except (KeyError, TypeError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise ArtifactError(f"'{path}' is refused: {type(error).__name__}") from error
    for name in _ROUNDED:
        arrays[name] = arrays[name].astype(np.float64) * _STEP
    return OutOfFold(**arrays)
