"""The sentence encoder of the deep tier: windows of a parsed text to log-odds a sentence, run by ONNX Runtime.

The exported network gives one vector a word piece; everything after it is linear and done here, so that a sentence's
score is the mean over its pieces of what each piece adds (late chunking: Günther et al. 2024). The shares sum exactly,
but a piece's vector has read its neighbours: a share says where the network looked, not what a word means alone.
Each window is run by itself: quantisation scales a whole batch at once, and a score must not depend on its company.
"""

import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors
from tokenizers import Tokenizer

from classifier.errors import ArtifactError
from classifier.pipeline import Parse

DEFAULT_ENCODER = Path(str(resources.files("classifier"))) / "models" / "encoder"
MANIFEST = "manifest.json"
NETWORK = "encoder.onnx"
HEADS = "heads.npz"
TOKENIZER = "tokenizer.json"
FORMAT = 1
WINDOW = 96
MAX_WINDOWS = 64
_HEADS = ("sentence_weights", "sentence_bias", "text_weights", "text_bias")
_LARGEST_FILE = 64 * 1024 * 1024
# What the runtime raises of a network that it cannot use; they share no base but Exception.
_NETWORK_ERRORS = tuple(
    getattr(ort_errors, name)
    for name in ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException")
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder read in one document.

    Attributes:
        sentences: (n_sentences, n_outputs) log-odds; NaN where a sentence was not read.
        shares: (n_tokens, n_outputs) what each token adds to its own sentence; with the bias they sum to its log-odds.
        windows: (n_windows, 2) sentences of the windows read, in reading order; at most `MAX_WINDOWS`.
        texts: (n_windows, n_text_outputs) log-odds of the windows' texts.
        wanted: Number of windows that should have been read.
        cut: Number of sentences of which only the beginning was read, for their length.
    """

    sentences: np.ndarray
    shares: np.ndarray
    windows: np.ndarray
    texts: np.ndarray
    wanted: int
    cut: int = 0


class Encoder:
    """Reads windows of sentences. Belongs to one process; its network runs on one thread.

    Attributes:
        folder: Where it was loaded from.
        manifest: What training wrote down.
        sha256: Of the manifest.
    """

    def __init__(self, folder: Path = DEFAULT_ENCODER) -> None:
        """Check every file's hash, then load it; nothing in the folder is executed as Python.

        Raises:
            ArtifactError: a file is missing, changed or made for another program.
        """
        self.folder = folder
        self.manifest: Mapping[str, Any] = inspect(folder)
        files = {name: _read_checked(folder, name, self.manifest) for name in (NETWORK, HEADS, TOKENIZER)}
        self.sha256 = sha256((folder / MANIFEST).read_bytes()).hexdigest()
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            with np.load(io.BytesIO(files[HEADS]), allow_pickle=False) as data:
                heads = {name: data[name].astype(np.float32) for name in _HEADS}
            self._session = ort.InferenceSession(files[NETWORK], options, providers=["CPUExecutionProvider"])
            self._tokenizer = Tokenizer.from_buffer(files[TOKENIZER])
        except (KeyError, TypeError, ValueError, EOFError, BadZipFile, zlib.error, *_NETWORK_ERRORS) as error:
            raise ArtifactError(f"encoder '{folder}' is refused: {type(error).__name__}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        # `[SEP]` written in a text is letters, not the end of a window.
        self._tokenizer.encode_special_tokens = True
        self._weights, self.bias = heads["sentence_weights"].T.copy(), heads["sentence_bias"].astype(np.float64)
        self._text_weights, self._text_bias = heads["text_weights"], heads["text_bias"]
        self._first = self._tokenizer.token_to_id("[CLS]")
        self._last = self._tokenizer.token_to_id("[SEP]")

    def encode(self, parsed: Parse, priority: np.ndarray) -> Encoded:
        """Read the windows in which any sentence has a priority.

        Args:
            parsed: The document, at least one sentence.
            priority: (n_sentences,) the higher the sooner a sentence's window is read; -inf when it need not be.
        """
        pieces = self._tokenizer.encode(parsed.normalised.text, add_special_tokens=False)
        ids = np.array(pieces.ids, dtype=np.int64)
        starts = np.array(pieces.offsets, dtype=np.int64).reshape(-1, 2)[:, 0]
        bounds = piece_bounds(starts, parsed.starts[parsed.sentences[:, 0]])
        windows = [w for w in pack_windows(bounds) if priority[w[0] : w[1]].max() > -np.inf]
        chosen = sorted(windows, key=lambda w: (-priority[w[0] : w[1]].max(), w[0]))[:MAX_WINDOWS]
        sentences = np.full((len(bounds), len(self.bias)), np.nan)
        shares = np.zeros((len(parsed.tokens), len(self.bias)))
        token = np.maximum(np.searchsorted(parsed.starts, starts, side="right") - 1, 0)
        texts = []
        for first, last in sorted(chosen):
            vectors, text = self._run(np.concatenate([ids[a:b] for a, b in bounds[first:last]]))
            texts.append(text)
            place = 0
            for sentence in range(first, last):
                begin, end = bounds[sentence].tolist()
                found = vectors[place : place + end - begin].astype(np.float64) / max(end - begin, 1)
                place += end - begin
                sentences[sentence] = self.bias + found.sum(axis=0)
                np.add.at(shares, np.clip(token[begin:end], *_inside(parsed, sentence)), found)
        whole = piece_bounds(starts, parsed.starts[parsed.sentences[:, 0]], limit=max(len(starts), 1))
        cut = int(np.count_nonzero((whole[:, 1] > bounds[:, 1]) & ~np.isnan(sentences[:, 0])))
        return Encoded(sentences, shares, np.array(sorted(chosen)), np.array(texts), len(windows), cut)

    def glance(self, parsed: Parse, sentence: int) -> np.ndarray:
        """Read one sentence alone, without its neighbours: (n_outputs,) log-odds."""
        first, last = parsed.sentences[sentence].tolist()
        text = parsed.normalised.text[int(parsed.starts[first]) : int(parsed.ends[last - 1])]
        ids = np.array(self._tokenizer.encode(text, add_special_tokens=False).ids[:WINDOW], dtype=np.int64)
        vectors, _ = self._run(ids)
        return np.asarray(self.bias + vectors.astype(np.float64).sum(axis=0) / max(len(ids), 1))

    def _run(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give what each piece of a window adds to the sentence outputs, and the outputs of the window's text."""
        row = np.concatenate([[self._first], ids, [self._last]])[None]
        (hidden,) = self._session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})
        text = self._text_weights @ hidden[0].mean(axis=0) + self._text_bias
        return np.asarray(hidden[0, 1:-1] @ self._weights), np.asarray(text, dtype=np.float64)


def inspect(folder: Path) -> dict[str, Any]:
    """Read an encoder's manifest.

    Raises:
        ArtifactError: there is none, it is not a JSON object, or its format is another one.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(f"no encoder in '{folder}': {MANIFEST} is missing; without it the allowed tier is fast")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArtifactError(f"'{path}' is not JSON: {type(error).__name__}") from None
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT or not isinstance(manifest.get("files"), dict):
        raise ArtifactError(f"encoder '{folder}' has format {found!r}; this program needs {FORMAT} and a list of files")
    return dict(manifest)


def _read_checked(folder: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    path = folder / name
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
        raise ArtifactError(f"encoder '{folder}' is refused: {name} is missing or above {_LARGEST_FILE} bytes")
    content = path.read_bytes()
    found, expected = sha256(content).hexdigest(), manifest["files"].get(name)
    if found != expected:
        raise ArtifactError(f"encoder '{folder}' is refused: {name} has sha256 {found}; the manifest says {expected}")
    return content


def piece_bounds(starts: np.ndarray, sentences: np.ndarray, *, limit: int = WINDOW) -> np.ndarray:
    """Give the pieces `[first, last)` of every sentence, (n_sentences, 2); of a long sentence only its first `limit`.

    Args:
        starts: (n_pieces,) code points where the pieces begin, rising.
        sentences: (n_sentences,) code points where the sentences begin, rising.
        limit: Most pieces of a sentence.
    """
    first = np.searchsorted(starts, sentences, side="left")
    first[:1] = 0
    last = np.append(first[1:], len(starts))
    return np.stack([first, np.minimum(last, first + limit)], axis=1)


def pack_windows(bounds: np.ndarray, *, limit: int = WINDOW) -> list[tuple[int, int]]:
    """Pack sentences into windows `[first, last)` of at most `limit` pieces, in reading order."""
    windows, first, total = [], 0, 0
    for sentence, count in enumerate((bounds[:, 1] - bounds[:, 0]).tolist()):
        if sentence > first and total + count > limit:
            windows.append((first, sentence))
            first, total = sentence, 0
        total += count
    return [*windows, (first, len(bounds))] if len(bounds) else windows


def _inside(parsed: Parse, sentence: int) -> tuple[int, int]:
    first, last = parsed.sentences[sentence].tolist()
    return first, last - 1
