"""How two model folders differ: what shows that a training can be repeated."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from classifier.artifact import SPACE_ARRAYS, load


def compare(a: Path, b: Path) -> dict[str, Any]:
    """Compare two model folders.

    Returns:
        identical: Whether all files but the manifest have the same bytes. max_difference: Largest absolute difference
        of any array. differences: What differs otherwise, in sentences.
    """
    first, second = load(a), load(b)
    differences = [
        f"{name} differ"
        for name in ("words", "characters")
        if getattr(first.space, name) != getattr(second.space, name)
    ]
    largest = 0.0
    parts = ("weights", "text", "document", "deep", "fusion")
    for part, keys in (("space", SPACE_ARRAYS), *((p, None) for p in parts)):
        one, other = getattr(first, part), getattr(second, part)
        if one is None or other is None:
            differences += [f"only one has '{part}'"] if one is not other else []
            continue
        for name in keys or [field.name for field in fields(one)]:
            x, y = (np.asarray(getattr(each, name), dtype=np.float64) for each in (one, other))
            if x.shape != y.shape:
                differences.append(f"{part}.{name} has shape {x.shape} and {y.shape}")
            elif x.size:
                largest = max(largest, float(np.abs(x - y).max()))
    identical = first.manifest["files"] == second.manifest["files"]
    return {"identical": identical, "max_difference": largest, "differences": differences}
