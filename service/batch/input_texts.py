"""Reads the texts of a few documents of a finished run once more, for people to look at."""

from collections.abc import Collection, Mapping

from service.batch.inputs import FileInputs, Inputs
from service.batch.items import DeadLetter, Incoming

Place = tuple[int, int]


def read_texts(inputs: Inputs | None, places: Collection[Place]) -> Mapping[Place, Incoming]:
    """Return the documents at places of the input; only the files that hold one are read.

    Where the input cannot be read again, or only by the workers of a cluster, none are returned.

    Args:
        inputs: What the run read; None where it cannot be read again.
        places: Number of the file in the listing, and number of the document in the file.
    """
    if not isinstance(inputs, FileInputs) or not places:
        return {}
    files = {file for file, _ in places}
    wanted = ((number, found) for number, found in enumerate(inputs.files()) if number in files)
    texts: dict[Place, Incoming] = {}
    for placed in inputs.placed(wanted):
        place = placed.file, placed.number
        if place in places and not isinstance(placed.item, DeadLetter):
            texts[place] = placed.item
            if len(texts) == len(places):
                break
    return texts
