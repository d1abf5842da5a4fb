"""A model folder: what goes in comes out, the same bytes every time, and whatever does not fit is refused."""

import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.artifact import (
    ARRAYS,
    CHARACTERS,
    FORMAT,
    MANIFEST,
    WORDS,
    hash_lexicon,
    inspect,
    lexicon_languages,
    load,
    round_weights,
    verify,
)
from classifier.errors import ArtifactError
from classifier.pipeline import Pipeline
from tests.small_model import SmallModel, build_manifest, build_small_model, save_small_model

LARGEST_FILE = 256 * 1024 * 1024
FILES = (ARRAYS, CHARACTERS, MANIFEST, WORDS)


@pytest.fixture(scope="module")
def small(pipeline: Pipeline) -> SmallModel:
    return build_small_model(pipeline)


@pytest.fixture(scope="module")
def saved(small: SmallModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that nobody changes."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    save_small_model(folder, small)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may break."""
    return shutil.copytree(saved, tmp_path / "model")


def change_manifest(folder: Path, **changes: object) -> None:
    """Rewrite the manifest; None takes an entry out."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | changes
    kept = {name: value for name, value in manifest.items() if value is not None}
    (folder / MANIFEST).write_text(json.dumps(kept), encoding="utf-8")


def change_file(folder: Path, name: str, content: bytes) -> None:
    """Exchange a file and own up to it in the manifest: only what is inside can give it away."""
    (folder / name).write_bytes(content)
    digests = inspect(folder)["files"] | {name: sha256(content).hexdigest()}
    change_manifest(folder, files=digests)


def change_array(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    with np.load(folder / ARRAYS) as data:
        arrays: dict[str, Any] = {key: data[key] for key in data.files}
    arrays[name] = change(arrays[name])
    packed = io.BytesIO()
    np.savez_compressed(packed, **{key: array for key, array in arrays.items() if array is not None})
    change_file(folder, ARRAYS, packed.getvalue())


def test_what_was_saved_is_loaded(saved: Path, small: SmallModel) -> None:
    artifact = load(saved)
    assert artifact.space.words == small.space.words
    assert artifact.space.characters == small.space.characters
    for part in ("space", "weights", "text", "document"):
        expected = getattr(small, part)
        for field in fields(expected):
            found = getattr(getattr(artifact, part), field.name)
            assert np.array_equal(found, getattr(expected, field.name)), f"{part}.{field.name}"


def test_every_language_with_a_lexicon_is_named_and_has_a_hash() -> None:
    languages = lexicon_languages()
    assert "en" in languages
    assert languages == sorted(languages)
    assert len({hash_lexicon(language) for language in languages}) == len(languages)


def test_manifest_and_its_digest_are_loaded(saved: Path) -> None:
    artifact = load(saved)
    assert artifact.info.name == "small"
    assert artifact.info.version == "0.0.1"
    assert artifact.info.sha256 == sha256((saved / MANIFEST).read_bytes()).hexdigest()
    assert artifact.manifest["format"] == FORMAT
    assert artifact.manifest["evidence"] == {"asserted": -0.5, "price": 0.1}


def test_saving_gives_the_digest_of_the_manifest(small: SmallModel, tmp_path: Path) -> None:
    digest = save_small_model(tmp_path, small)
    assert digest == sha256((tmp_path / MANIFEST).read_bytes()).hexdigest()


def test_saving_twice_gives_the_same_bytes(small: SmallModel, tmp_path: Path) -> None:
    digests = [save_small_model(tmp_path / name, small) for name in ("one", "two")]
    assert digests[0] == digests[1]
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_saved_again_after_loading_it_has_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    artifact = load(saved)
    again = SmallModel(artifact.space, artifact.weights, artifact.text, artifact.document)
    save_small_model(tmp_path, again)
    assert (tmp_path / ARRAYS).read_bytes() == (saved / ARRAYS).read_bytes()


def test_manifest_names_every_other_file_with_its_digest(saved: Path) -> None:
    digests = {name: sha256((saved / name).read_bytes()).hexdigest() for name in (ARRAYS, WORDS, CHARACTERS)}
    assert inspect(saved)["files"] == digests
    assert {path.name for path in saved.iterdir()} == set(FILES)


def test_weights_keep_what_rounding_keeps() -> None:
    weights = np.array([0.1, -3.14159, 1e-5, 1000.5])
    rounded = round_weights(weights)
    assert rounded.dtype == np.float64
    assert np.array_equal(rounded, weights.astype(np.float16).astype(np.float64))
    assert np.array_equal(round_weights(rounded), rounded)


def test_nothing_speaks_against_a_saved_model(saved: Path) -> None:
    assert verify(saved) == []


def check_refused(folder: Path, message: str) -> None:
    assert verify(folder) != []
    with pytest.raises(ArtifactError, match=message) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_missing_file_is_refused(name: str, folder: Path) -> None:
    (folder / name).unlink()
    check_refused(folder, f"{name} is missing")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    check_refused(tmp_path / "nowhere", "no model in '.*nowhere': manifest.json is missing")


@pytest.mark.parametrize("name", [ARRAYS, WORDS, CHARACTERS])
@pytest.mark.parametrize("place", [0, -1], ids=["first byte", "last byte"])
def test_changed_byte_is_refused_with_both_digests(name: str, place: int, folder: Path) -> None:
    content = bytearray((folder / name).read_bytes())
    content[place] ^= 1
    (folder / name).write_bytes(content)
    found, expected = sha256(content).hexdigest(), inspect(folder)["files"][name]
    check_refused(folder, f"{name} has sha256 {found}; the manifest says {expected}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON: JSONDecodeError"),
        (b"{", "is not JSON: JSONDecodeError"),
        (b'{"name": "\xff"}', "is not JSON: UnicodeDecodeError"),
        (b"[1]", "holds a list; it must hold an object"),
        (b"null", "holds a NoneType; it must hold an object"),
        (b"{}", f"format is None; this program needs {FORMAT}"),
    ],
    ids=["empty", "cut off", "not UTF-8", "a list", "null", "an empty object"],
)
def test_manifest_that_is_none_is_refused(content: bytes, message: str, folder: Path) -> None:
    (folder / MANIFEST).write_bytes(content)
    check_refused(folder, message)


INDICATORS = build_manifest()["indicators"]
MISMATCHES: dict[str, tuple[dict[str, object], str]] = {
    "another format": ({"format": FORMAT + 1}, f"format is {FORMAT + 1}; this program needs {FORMAT}"),
    "the format before": ({"format": FORMAT - 1}, f"format is {FORMAT - 1}; this program needs {FORMAT}"),
    "another taxonomy": ({"taxonomy": "9.9"}, "taxonomy is '9.9'; this program needs '"),
    "another order of columns": ({"indicators": INDICATORS[::-1]}, r"indicators is \['supply.*\]; this program needs"),
    "a column less": ({"indicators": INDICATORS[1:]}, r"indicators is \['deception'"),
    "other contexts": ({"contexts": ["disclosure"]}, r"contexts is \['disclosure'\]; this program needs"),
    "another language": ({"language": "xx"}, "language is 'xx'; this program has a lexicon for en"),
    "no language": ({"language": None}, "language is None; this program has a lexicon for en"),
    "another lexicon": ({"lexicon_sha256": "0" * 64}, "the lexicon is not the one the model was trained with; train"),
    "no files": ({"files": None}, "names the wrong files; it must name arrays.npz, words.txt and characters.txt"),
    "files outside the folder": ({"files": {"../words.txt": "0"}}, "names the wrong files"),
    "files in a list": ({"files": [ARRAYS, WORDS, CHARACTERS]}, "names the wrong files"),
    "no name": ({"name": None}, r"does not fit its manifest \('name'\)"),
}


@pytest.mark.parametrize(("changes", "message"), MISMATCHES.values(), ids=MISMATCHES)
def test_model_for_another_program_is_refused(changes: dict[str, object], message: str, folder: Path) -> None:
    change_manifest(folder, **changes)
    with pytest.raises(ArtifactError, match=message):
        load(folder)


def test_everything_that_differs_is_said_at_once(folder: Path) -> None:
    change_manifest(folder, format=9, taxonomy="9.9", lexicon_sha256="0")
    (folder / WORDS).unlink()
    assert len(verify(folder)) == 4


class Trap:
    """Unpickling this would make a folder: the sign that code ran."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self._path),)


def test_pickled_objects_are_refused_and_never_run(folder: Path, tmp_path: Path) -> None:
    trap = np.empty(1, dtype=object)
    trap[0] = Trap(tmp_path / "sprung")
    change_array(folder, "weights.intercept", lambda _: trap)
    with pytest.raises(ArtifactError, match="Object arrays cannot be loaded when allow_pickle=False"):
        load(folder)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", [ARRAYS, WORDS])
def test_oversized_file_is_refused_before_it_is_read(name: str, folder: Path) -> None:
    """The file is a hole: it takes no room on the disk, and reading it would take long."""
    os.truncate(folder / name, LARGEST_FILE + 1)
    check_refused(folder, f"{name} has {LARGEST_FILE + 1} bytes; at most {LARGEST_FILE} are read")


BROKEN_FILES: dict[str, tuple[str, bytes, str]] = {
    "an empty file": (ARRAYS, b"", "does not fit its manifest"),
    "no archive": (ARRAYS, b"not an archive", "does not fit its manifest"),
    "a broken archive": (ARRAYS, b"PK\x03\x04" + b"\0" * 100, "does not fit its manifest"),
    "words that are not UTF-8": (WORDS, b"\xff\xfe", "does not fit its manifest"),
    "a word less": (WORDS, b"one\ntwo", r"word_idf has shape \(\d+,\); it must have \(2,\)"),
}


@pytest.mark.parametrize(("name", "content", "message"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_file_that_is_not_what_it_says_is_refused(name: str, content: bytes, message: str, folder: Path) -> None:
    change_file(folder, name, content)
    with pytest.raises(ArtifactError, match=message):
        load(folder)


BROKEN_ARRAYS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "left out": ("text.intercept", lambda _: None, "missing 1 required"),
    "a column less": ("weights.words", lambda array: array[:, :, 1:], r"weights.words has shape .*; it must have"),
    "a row less": ("text.phrases", lambda array: array[1:], "text.phrases has shape"),
    "fewer thresholds": ("document.thresholds", lambda array: array[1:], "document.thresholds has shape"),
    "fewer of the others": ("document.held_thresholds", lambda array: array[1:], "document.held_thresholds has shape"),
    "inputs less": ("document.review_weights", lambda array: array[1:], "does not fit its manifest"),
    "text": ("document.thresholds", lambda array: array.astype(str)[:1] + "x", "does not fit its manifest"),
}


@pytest.mark.parametrize(("name", "change", "message"), BROKEN_ARRAYS.values(), ids=BROKEN_ARRAYS)
def test_array_that_does_not_fit_is_refused(
    name: str, change: Callable[[Any], Any], message: str, folder: Path
) -> None:
    change_array(folder, name, change)
    with pytest.raises(ArtifactError, match=message):
        load(folder)
