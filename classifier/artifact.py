"""A model folder: `manifest.json`, two word lists and one file of arrays. Loading runs no code and trusts no bytes.

The manifest names every other file with its SHA-256; a file is hashed before it is read, and arrays are read with
pickling off. What the model was trained for (format, taxonomy, lexicon, column order) must be what the program has, or
the folder is refused with a sentence that says what differs. To change the format: raise `FORMAT` and write the reason
here.

Format 1: first.
Format 2: `deep.` and `fusion.` arrays for the tiers that use an encoder; absent where there is none.
Format 3: fused outputs hold negated and hypothetical for each indicator; `held_thresholds` in place of spoken ones.
Format 4: a second gate, `fusion.further`.
Format 5: a first look, `fusion.glance`.
"""

import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from classifier.document import ModelInfo
from classifier.errors import ArtifactError
from classifier.features import N_STATES, FeatureSpace
from classifier.fusion import Fusion
from classifier.model import ROLES, TextWeights, Weights
from classifier.scoring import DocumentModel, Outputs, pool, score_document
from classifier.taxonomy import load_taxonomy

FORMAT = 5
MANIFEST = "manifest.json"
ARRAYS = "arrays.npz"
WORDS = "words.txt"
CHARACTERS = "characters.txt"
DEFAULT_MODEL = Path(str(resources.files("classifier"))) / "models" / "default"
_LARGEST_FILE = 256 * 1024 * 1024
# The large ones of each kind of weights.
_TABLES = ("words", "characters", "pairs")
SPACE_ARRAYS = ("word_idf", "character_idf", "pairs", "pair_idf")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model ready to be used.

    Attributes:
        info: Name, version, digest of the manifest, taxonomy version.
        manifest: Everything else that training wrote down.
        space: Vocabularies.
        weights: Of the sentence outputs.
        text: Weights of the outputs of the whole text.
        document: Document models and thresholds.
        outputs: How output columns are read.
        deep: Document models and thresholds for documents that the encoder read; None without one.
        fusion: Weights of linear model and encoder; None without one.
    """

    info: ModelInfo
    manifest: Mapping[str, Any]
    space: FeatureSpace
    weights: Weights
    text: TextWeights
    document: DocumentModel
    outputs: Outputs
    deep: DocumentModel | None = None
    fusion: Fusion | None = None


def hash_lexicon(language: str) -> str:
    """Give the SHA-256 of a language's lexicon file: its phrases are features, so it belongs to the model."""
    entry = resources.files("classifier.taxonomy").joinpath("lexicon", f"{language}.toml")
    return sha256(entry.read_bytes()).hexdigest()


def lexicon_languages() -> list[str]:
    """Name the languages that have a lexicon file, in alphabetical order."""
    folder = resources.files("classifier.taxonomy").joinpath("lexicon")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def save(
    folder: Path,
    manifest: Mapping[str, Any],
    *,
    space: FeatureSpace,
    weights: Weights,
    text: TextWeights,
    document: DocumentModel,
    deep: tuple[DocumentModel, Fusion] | None = None,
) -> str:
    """Write a model folder; the same content gives the same bytes.

    Weights are stored in half precision: training rounds them before it measures anything.

    Returns:
        SHA-256 of the manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WORDS).write_text("\n".join(space.words), encoding="utf-8")
    (folder / CHARACTERS).write_text("\n".join(space.characters), encoding="utf-8")
    arrays: dict[str, np.ndarray] = {f"space.{name}": getattr(space, name) for name in SPACE_ARRAYS}
    blocks: list[tuple[str, Any]] = [("weights", weights), ("text", text), ("document", document)]
    if deep is not None:
        blocks += [("deep", deep[0]), ("fusion", deep[1])]
    for part, block in blocks:
        for field in fields(block):
            arrays[f"{part}.{field.name}"] = np.asarray(getattr(block, field.name))
    packed = {name: _pack(name, array) for name, array in arrays.items()}
    np.savez_compressed(folder / ARRAYS, **packed)  # type: ignore[arg-type]  # its stubs mix arrays with options
    files = {name: sha256((folder / name).read_bytes()).hexdigest() for name in (ARRAYS, WORDS, CHARACTERS)}
    content = json.dumps({"format": FORMAT, **manifest, "files": files}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(f"{content}\n", encoding="utf-8")
    return sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _pack(name: str, array: np.ndarray) -> np.ndarray:
    if name == "space.pairs":
        # Sorted keys: differences are small and compress well.
        return np.diff(array, prepend=np.int64(0))
    half = name.startswith(("weights.", "text.")) and array.ndim > 1
    return array.astype(np.float16 if half else np.float32 if name.startswith("space.") else np.float64)


def round_weights(array: np.ndarray) -> np.ndarray:
    """Round to what `save` keeps of a weight."""
    return np.asarray(array.astype(np.float16).astype(np.float64))


def inspect(folder: Path) -> dict[str, Any]:
    """Read a folder's manifest without trusting it.

    Raises:
        ArtifactError: there is none, or it is not a JSON object.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(f"no model in '{folder}': {MANIFEST} is missing")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArtifactError(f"'{path}' is not JSON: {type(error).__name__}") from None
    if not isinstance(manifest, dict):
        raise ArtifactError(f"'{path}' holds a {type(manifest).__name__}; it must hold an object")
    return manifest


def verify(folder: Path) -> list[str]:
    """List everything that speaks against loading a folder; empty when it can be loaded."""
    try:
        manifest = inspect(folder)
    except ArtifactError as error:
        return [str(error)]
    problems = _compare_program(manifest)
    files = manifest.get("files")
    if not isinstance(files, dict) or set(files) != {ARRAYS, WORDS, CHARACTERS}:
        return [*problems, f"manifest names the wrong files; it must name {ARRAYS}, {WORDS} and {CHARACTERS}"]
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif path.stat().st_size > _LARGEST_FILE:
            problems.append(f"{name} has {path.stat().st_size} bytes; at most {_LARGEST_FILE} are read")
        elif (found := sha256(path.read_bytes()).hexdigest()) != expected:
            problems.append(f"{name} has sha256 {found}; the manifest says {expected}")
    return problems


def _compare_program(manifest: Mapping[str, Any]) -> list[str]:
    taxonomy = load_taxonomy()
    expected = {
        "format": FORMAT,
        "taxonomy": taxonomy.version,
        "indicators": list(taxonomy.ids),
        "contexts": [context.id for context in taxonomy.contexts],
    }
    problems = [
        f"{name} is {manifest.get(name)!r}; this program needs {value!r}"
        for name, value in expected.items()
        if manifest.get(name) != value
    ]
    language, known = manifest.get("language"), lexicon_languages()
    if language not in known:
        return [*problems, f"language is {language!r}; this program has a lexicon for {', '.join(known)}"]
    if manifest.get("lexicon_sha256") != hash_lexicon(language):
        problems.append("the lexicon is not the one the model was trained with; train again")
    return problems


def load(folder: Path) -> Artifact:
    """Load a model folder.

    Raises:
        ArtifactError: anything is missing, changed or made for another program; the message says what.
    """
    if problems := verify(folder):
        raise ArtifactError(f"model '{folder}' is refused: {'; '.join(problems)}")
    manifest = inspect(folder)
    digest = sha256((folder / MANIFEST).read_bytes()).hexdigest()
    try:
        with np.load(io.BytesIO((folder / ARRAYS).read_bytes()), allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        artifact = _build(manifest, digest, folder, arrays)
        _check_shapes(artifact)
    except (KeyError, ValueError, TypeError, EOFError, BadZipFile, zlib.error) as error:
        raise ArtifactError(f"model '{folder}' is refused: {ARRAYS} does not fit its manifest ({error})") from error
    return artifact


def _build(manifest: Mapping[str, Any], digest: str, folder: Path, arrays: Mapping[str, np.ndarray]) -> Artifact:
    def part(prefix: str) -> dict[str, Any]:
        found = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        return {name: array.astype(np.float64) if array.ndim else float(array) for name, array in found.items()}

    def weights(prefix: str) -> dict[str, Any]:
        # Widened where they are folded: in double precision they would take four times the memory as long as they live.
        stored = {name: arrays[prefix + name] for name in _TABLES if prefix + name in arrays}
        return part(prefix) | stored

    space = part("space.")
    space["pairs"] = np.cumsum(arrays["space.pairs"])
    return Artifact(
        info=ModelInfo(manifest["name"], manifest["version"], digest, manifest["taxonomy"]),
        manifest=manifest,
        space=FeatureSpace(
            words=tuple((folder / WORDS).read_text(encoding="utf-8").split("\n")),
            characters=tuple((folder / CHARACTERS).read_text(encoding="utf-8").split("\n")),
            **space,
        ),
        weights=Weights(**weights("weights.")),
        text=TextWeights(**weights("text.")),
        document=DocumentModel(**part("document.")),
        outputs=build_outputs(),
        deep=DocumentModel(**part("deep.")) if manifest.get("deep") else None,
        fusion=Fusion(**part("fusion.")) if manifest.get("deep") else None,
    )


def _check_shapes(artifact: Artifact) -> None:
    """Raise ValueError for an array that does not have the shape its columns call for."""
    space, outputs = artifact.space, artifact.outputs
    n, n_text, n_phrases = 2 * outputs.n_indicators + 2, outputs.n_contexts + 1, outputs.n_indicators * N_STATES
    n_words, n_characters, n_pairs = len(space.words), len(space.characters), len(space.pairs)
    expected = {
        "word_idf": (space.word_idf, (n_words,)),
        "character_idf": (space.character_idf, (n_characters,)),
        "pair_idf": (space.pair_idf, (n_pairs,)),
        "weights.words": (artifact.weights.words, (len(ROLES), n_words, n)),
        "weights.characters": (artifact.weights.characters, (n_characters, n)),
        "weights.pairs": (artifact.weights.pairs, (n_pairs, n)),
        "weights.phrases": (artifact.weights.phrases, (n_phrases, n)),
        "weights.document_phrases": (artifact.weights.document_phrases, (n_phrases, n)),
        "weights.intercept": (artifact.weights.intercept, (n,)),
        "text.words": (artifact.text.words, (n_words, n_text)),
        "text.pairs": (artifact.text.pairs, (n_pairs, n_text)),
        "text.phrases": (artifact.text.phrases, (n_phrases, n_text)),
        "text.intercept": (artifact.text.intercept, (n_text,)),
        "document.thresholds": (artifact.document.thresholds, (outputs.n_indicators,)),
        "document.held_thresholds": (artifact.document.held_thresholds, (outputs.n_indicators,)),
    }
    if artifact.fusion is not None:
        for field in (field for field in fields(Fusion) if field.type is np.ndarray):
            width = n_text if field.name.startswith("text_") else 4 * outputs.n_indicators
            expected[f"fusion.{field.name}"] = (getattr(artifact.fusion, field.name), (width,))
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}; it must have {shape}")
    # The document models read what pooling gives: one empty document shows whether they still do.
    empty = pool(np.zeros((1, 4 * outputs.n_indicators)), np.zeros(n_text), outputs)
    for document in (artifact.document, artifact.deep):
        if document is not None:
            score_document(empty, document, outputs)


def build_outputs() -> Outputs:
    """Say how output columns are read under the taxonomy of this program."""
    taxonomy = load_taxonomy()
    contexts = [context.id for context in taxonomy.contexts]
    severe = (
        "restriction_of_movement",
        "document_retention",
        "debt_bondage",
        "sexual_exploitation",
        "child_exploitation",
        "transport_harbouring",
        "physical_sexual_violence",
    )
    return Outputs(
        n_indicators=len(taxonomy.ids),
        n_contexts=len(contexts),
        severe=tuple(taxonomy.ids.index(name) for name in severe),
        offer=taxonomy.ids.index("suspicious_recruitment"),
        situations=tuple(contexts.index(name) for name in ("disclosure", "solicitation", "report")),
    )
