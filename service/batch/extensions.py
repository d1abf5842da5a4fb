"""What others may add to a run: who finds repeated documents, and what is made of a finished run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from classifier.document import Document

if TYPE_CHECKING:
    from service.batch.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Link:
    """Says that a document repeats an earlier one, whose analysis is carried over.

    Attributes:
        number: The `number` with which the earlier document was assigned; it must have got no link itself.
        id: Its id.
        similarity: How alike the two are, 0..1; 1.0 for the same words.
        characters: Length of the later text, code points; None when it is the same, letter for letter.
        blocks: What is the same in a text that differs: first code point in the earlier text, first in the later one,
            and length, in order; None when all is.
    """

    number: int
    id: str | None
    similarity: float
    characters: int | None = None
    blocks: tuple[tuple[int, int, int], ...] | None = None


class Deduplicator(Protocol):
    """Finds repeated documents. The same documents in the same order must give the same links, in any process."""

    @property
    def settings(self) -> Mapping[str, object]:
        """What its links depend on, as JSON values; a run is not resumed under others."""

    def assign(self, document: Document, number: int) -> Link | None:
        """Return which earlier document this one repeats, or None for one to be scored.

        Called once for every document that was read, in input order, from the first one on: a resumed run calls it for
        the documents that are done too. What could not be read is not shown and has a number all the same.

        Args:
            document: The document.
            number: Its place in the input, counted from 0; rises from call to call.
        """


class Finisher(Protocol):
    """Makes something of a finished run, such as a report; it may add files to the run folder."""

    def finish(self, run: "RunFolder") -> None:
        """Read the run's `manifest` and `results()`; called after the output file is in place.

        Raises:
            OSError: Nothing could be written. The run's output stays, and the command ends with exit code 3.
        """


@dataclass(frozen=True, slots=True)
class Extensions:
    """The extensions of one run; by default none."""

    deduplicator: Deduplicator | None = None
    finishers: Sequence[Finisher] = ()
