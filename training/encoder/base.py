"""What fitting an encoder needs beside the code: its libraries, the published weights and their tokenizer."""

from collections.abc import Iterable
from hashlib import file_digest
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.errors import TellsignError
from training.encoder.data import CLOSING, OPENING, Encode
from training.encoder.recipe import BaseWeights

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LIBRARIES = ("torch", "transformers", "onnx", "onnxscript")
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
_FILES = (WEIGHTS, TOKENIZER, "config.json")
_INSTALL = "pip install 'tellsign[train,train-encoder]'"


def check_libraries(names: Iterable[str] = LIBRARIES) -> None:
    """Refuse to start without the libraries of the extra.

    Raises:
        TellsignError: names what is missing and how to install it.
    """
    if missing := [name for name in names if find_spec(name) is None]:
        raise TellsignError(f"train-encoder needs {', '.join(missing)}, not installed here; install with: {_INSTALL}")


def find_base(base: BaseWeights, folder: Path | None = None) -> Path:
    """Find the folder of the published weights and check their hash.

    Args:
        base: What the recipe asks for.
        folder: Where to look instead of in the installed package.

    Raises:
        TellsignError: there are none, or they are not those of the recipe.
    """
    found = folder or _find_packaged(base)
    if missing := [name for name in _FILES if not (found / name).is_file()]:
        raise TellsignError(f"no base weights in '{found}': {', '.join(missing)} missing")
    with (found / WEIGHTS).open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    if digest != base.sha256:
        raise TellsignError(f"{WEIGHTS} of the base has sha256 {digest}; the recipe asks for {base.sha256}")
    return found


def _find_packaged(base: BaseWeights) -> Path:
    module = base.package.replace("-", "_")
    if find_spec(module) is None:
        raise TellsignError(
            f"base weights need the package {base.package}=={base.version}; install with: {_INSTALL}, or give --base"
        )
    return Path(str(resources.files(module))) / "model"


def load_tokenizer(base: Path) -> "Tokenizer":
    """Load the tokenizer of the base without padding or truncation; marks like `[SEP]` in a text are plain letters.

    Raises:
        TellsignError: it numbers the opening and closing pieces in another way.
    """
    from tokenizers import Tokenizer  # noqa: PLC0415  the tests of this module need none

    tokenizer = Tokenizer.from_file(str(base / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    marks = (tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]"))
    if marks != (OPENING, CLOSING):
        raise TellsignError(f"the base numbers [CLS] and [SEP] {marks}; they must be {(OPENING, CLOSING)}")
    return tokenizer


def build_encode(tokenizer: "Tokenizer") -> Encode:
    """Give the function from a text to pieces and their code points."""

    def encode(text: str) -> tuple[list[int], list[tuple[int, int]]]:
        found = tokenizer.encode(text, add_special_tokens=False)
        return found.ids, found.offsets

    return encode
