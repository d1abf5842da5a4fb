"""What a saved spaCy component consists of: its settings and, unless it uses the shipped model, the model folders.

In a folder they lie as files; as bytes they are a zip archive of the same names. Nothing in them is run, and names that
`collect_files` does not give are refused.
"""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from classifier.artifact import ARRAYS, CHARACTERS, DEFAULT_MODEL, MANIFEST, WORDS, inspect
from classifier.document import Tier
from classifier.errors import ArtifactError, TellsignError
from classifier.languages import find_languages

SETTINGS = "settings.json"
_FORMAT = 1
_MODEL_FILES = (MANIFEST, ARRAYS, WORDS, CHARACTERS)
_CODE = re.compile(r"[a-z]{2,3}")
_MODEL = re.compile(r"default|[a-z]{2,3}")
_MODEL_FILE = re.compile(rf"(?:{_MODEL.pattern})/(?:{'|'.join(map(re.escape, _MODEL_FILES))})")
_MAX_BYTES = 512 * 1024 * 1024
_FIELDS: Mapping[str, tuple[type, ...]] = {
    "model": (str, type(None)),
    "name": (str,),
    "files": (dict,),
    "tier": (str, type(None)),
    "spans_key": (str,),
    "language": (str, type(None)),
    "max_characters": (int,),
}


class ComponentError(TellsignError):
    """A saved component cannot be read, or an option is wrong; the message names what is allowed."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the component reads.

    Attributes:
        tier: As of `classifier.load`.
        spans_key: Where in `doc.spans` the spans go.
        language: ISO 639-1 code of all texts, or None to detect each.
        max_characters: Longest text that is read, code points.
    """

    tier: Tier | None
    spans_key: str
    language: str | None
    max_characters: int


def collect_files(folder: Path | None, options: Options) -> dict[str, bytes]:
    """Give all that has to be saved, by name.

    Args:
        folder: Of the model, whose neighbours of other languages come along; None for the shipped one.
        options: Of the component.
    """
    models: dict[str, Path] = {}
    if folder is not None:
        own = folder.resolve().name
        models = {own if _CODE.fullmatch(own) else "default": folder}
        models |= find_languages(folder, inspect(folder)["language"])
    manifest = inspect(folder or DEFAULT_MODEL)
    said = {"format": _FORMAT, "model": next(iter(models), None), "name": manifest["name"], "files": manifest["files"]}
    files = {SETTINGS: json.dumps(said | asdict(options), indent=1).encode()}
    for name, place in models.items():
        files |= {f"{name}/{one}": (place / one).read_bytes() for one in _MODEL_FILES}
    return files


def write_files(files: Mapping[str, bytes], home: Path) -> None:
    """Write files under a folder."""
    for name, content in files.items():
        target = home / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def read_settings(home: Path) -> tuple[Path | None, Options]:
    """Read the settings in a folder: where the model lies, None for the shipped one, and the options.

    Raises:
        ComponentError: there are none, or they are of another form.
        ArtifactError: the model is not the one that was saved.
    """
    if not (home / SETTINGS).is_file():
        raise ComponentError(f"no component in '{home}': {SETTINGS} is missing")
    settings = _parse_settings((home / SETTINGS).read_bytes())
    folder = None if settings["model"] is None else home / settings["model"]
    if inspect(folder or DEFAULT_MODEL).get("files") != settings["files"]:
        raise ArtifactError(f"the component was saved with another model '{settings['name']}'; save it again")
    options = {name: settings[name] for name in ("tier", "spans_key", "language", "max_characters")}
    return folder, Options(**options)


def _parse_settings(content: bytes) -> dict[str, Any]:
    try:
        settings = json.loads(content)
    except ValueError:
        raise ComponentError(f"{SETTINGS} is not JSON") from None
    if not isinstance(settings, dict) or settings.get("format") != _FORMAT:
        raise ComponentError(f"{SETTINGS} is not of format {_FORMAT}; save the component again")
    for name, kinds in _FIELDS.items():
        if not isinstance(settings.get(name), kinds):
            raise ComponentError(f"{SETTINGS}: field '{name}' is missing or of a wrong type")
    if settings["model"] is not None and not _MODEL.fullmatch(settings["model"]):
        raise ComponentError(f"{SETTINGS}: field 'model' must be 'default' or a language code")
    return settings


def pack(files: Mapping[str, bytes]) -> bytes:
    """Pack files; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            # Without a time of its own an entry has the zip format's first day.
            packed.writestr(ZipInfo(name), content)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Read packed files.

    Raises:
        ComponentError: the bytes are of another form, hold other files, or are too many.
    """
    try:
        with ZipFile(io.BytesIO(data)) as packed:
            entries = packed.infolist()
            if (size := sum(entry.file_size for entry in entries)) > _MAX_BYTES:
                raise ComponentError(f"unpacks to {size} bytes; allowed: {_MAX_BYTES}")
            files = {entry.filename: packed.read(entry) for entry in entries}
    except BadZipFile:
        raise ComponentError("not a packed component; allowed: bytes of `to_bytes`") from None
    if SETTINGS not in files or not all(name == SETTINGS or _MODEL_FILE.fullmatch(name) for name in files):
        raise ComponentError(f"not a packed component: {SETTINGS} is needed, and only model files may be beside it")
    return files
