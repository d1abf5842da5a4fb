"""MinHash over word shingles, cut into bands: texts that share most shingles share a band key with high probability.

After Broder (1997) for the estimate and Indyk and Motwani (1998) for the bands. With 20 bands of 3 values two texts are
brought together with probability 1 - (1 - s**3)**20 for a similarity of s: 0.93 at 0.5, 0.99 at 0.6.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from random import Random
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3
BANDS, ROWS = 20, 3
_VALUES = BANDS * ROWS
_SEED = 20_210_419
_64 = 2**64 - 1
# Shingles that the numpy sketcher looks at in one go; bounds its memory for long texts.
_STRETCH = 4_096
_FACTORS = tuple(np.uint64(factor) for factor in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
_HALF = np.uint64(32)

Hashes = NDArray[np.uint64]


class Sketcher(Protocol):
    """Makes the MinHash values of a set of shingles."""

    @property
    def name(self) -> str:
        """How a run's manifest names it; links made by another one may differ."""

    def sketch(self, shingles: Hashes) -> Sequence[int]:
        """Return `BANDS * ROWS` values for one shingle or more; one that comes twice changes nothing."""


def shingle(words: Hashes, salt: int = 0, *, single: int = 0) -> Hashes:
    """Return a hash of each row of `SHINGLE` words; fewer words make none.

    Args:
        words: Hashes of the words in order; zeros are left out.
        salt: Texts with different salts share no shingle.
        single: Of several of this hash in a row one is left: a telephone number is one word, however it is parted.
    """
    if not words.all():
        words = words[words != 0]
    if single and len(words) > 1:
        same = words == np.uint64(single)
        again = same[1:] & same[:-1]
        if again.any():
            words = words[np.concatenate(([True], ~again))]
    if len(words) < SHINGLE:
        return words[:0]
    mixed: Hashes = words[:-2] * _FACTORS[0]
    mixed += words[1:-1] * _FACTORS[1]
    mixed += words[2:] * _FACTORS[2]
    if salt:
        mixed += np.uint64(salt)
    # The words' hashes are random already; only sums that differ in high bits alone need the low ones mixed in.
    mixed ^= mixed >> _HALF
    return mixed


def jaccard(first: frozenset[int], second: frozenset[int]) -> float:
    """Return the share of shingles that two sets have in common, 0..1; 0 for two empty ones."""
    common = len(first & second)
    union = len(first) + len(second) - common
    return common / union if union else 0.0


def band_keys(sketch: Sequence[int]) -> Iterator[int]:
    """Yield the 64-bit key of each of the `BANDS` bands of a sketch, worked out as it is asked for."""
    for band, (one, two, three) in enumerate(_BAND_FACTORS):
        place = ROWS * band
        mixed = (sketch[place] + 1) * one + (sketch[place + 1] + 1) * two + (sketch[place + 2] + 1) * three
        yield (mixed ^ (mixed >> 64)) & _64


def pair_keys(sketch: Sequence[int]) -> Iterator[int]:
    """Yield a 64-bit key of each two values of a sketch: more texts share one, and more of those by chance."""
    for place in range(0, _VALUES, 2):
        one, two, _ = _BAND_FACTORS[place % BANDS]
        mixed = (sketch[place] + 1 + place) * one + (sketch[place + 1] + 1) * two
        yield (mixed ^ (mixed >> 64)) & _64


class NumpySketcher:
    """MinHash with multiply-shift hashes; needs nothing but numpy."""

    name = "numpy"

    def __init__(self) -> None:
        """Draw the multipliers; the same in any process."""
        random = np.random.default_rng(_SEED)
        self._factors = random.integers(1, 2**63, _VALUES, dtype=np.uint64)[:, None] * np.uint64(2) + np.uint64(1)
        self._terms = random.integers(0, 2**63, _VALUES, dtype=np.uint64)[:, None]

    def sketch(self, shingles: Hashes) -> Sequence[int]:
        """Return `BANDS * ROWS` values for one shingle or more; one that comes twice changes nothing."""
        lowest = np.full(_VALUES, _64, dtype=np.uint64)
        for start in range(0, len(shingles), _STRETCH):
            hashed = self._factors * shingles[start : start + _STRETCH] + self._terms
            np.minimum(lowest, hashed.min(axis=1), out=lowest)
        values: list[int] = lowest.tolist()
        return values


class RensaSketcher:
    """MinHash by the compiled package `rensa`, of the extra `dedupe`: faster, the longer the text the more."""

    def __init__(self, rensa: Any) -> None:
        """Take the imported package."""
        self.name = f"rensa {getattr(rensa.RMinHash, 'ALGORITHM_VERSION', 1)}"
        self._digest = partial(rensa.RMinHash.digest_matrix_from_flat_token_hashes, num_perm=_VALUES, seed=_SEED)

    def sketch(self, shingles: Hashes) -> Sequence[int]:
        """Return `BANDS * ROWS` values for one shingle or more; one that comes twice changes nothing."""
        rows: Sequence[Sequence[int]] = self._digest(shingles, (0, len(shingles))).to_rows()
        return rows[0]


def build_sketcher(name: str | None = None) -> Sketcher:
    """Return the sketcher of that name; without one `rensa` where it is installed, else `numpy`.

    Raises:
        ImportError: `rensa` was asked for and is not installed; the message names the extra.
        ValueError: There is no such sketcher.
    """
    if name not in {None, "numpy", "rensa"}:
        raise ValueError(f"there is no sketcher '{name}'; allowed: numpy, rensa")
    if name == "numpy":
        return NumpySketcher()
    try:
        return RensaSketcher(import_module("rensa"))
    except ImportError as error:
        if name is None:
            return NumpySketcher()
        raise ImportError("the package 'rensa' is not installed: pip install 'tellsign[dedupe]'") from error


def _draw_factors() -> tuple[tuple[int, ...], ...]:
    # Each band has factors of its own: what is alike in two bands is no likeness. Wide, for all bits of a key to count.
    random = Random(_SEED)  # noqa: S311 - nothing is secret
    return tuple(tuple(random.getrandbits(128) | 1 for _ in range(ROWS)) for _ in range(BANDS))


_BAND_FACTORS = _draw_factors()
