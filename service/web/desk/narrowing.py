"""What a queue is narrowed to, as it stands in an address, and back: unknown or empty values narrow nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from service.review.filters import Filters
from service.store.errors import RefusedError

# `state` is apart: it says which list, not what in it.
FIELDS = ("indicator", "assertion", "context", "language", "source", "score_from", "score_to")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Values as they stand in an address, without the empty ones; `state` is the list that is looked at."""

    state: str
    values: Mapping[str, str]

    @property
    def query(self) -> str:
        """As the query of an address; empty for the plain queue."""
        named = {"state": self.state} if self.state != "waiting" else {}
        return urlencode({**named, **self.values})

    def filters(self, *, state: str | None = None) -> Filters:
        """As filters of the store.

        Raises:
            RefusedError: A score is not a number of percent.
        """
        given = {name: value for name, value in self.values.items() if not name.startswith("score_")}
        scores = {name: _share(name, self.values[name]) for name in ("score_from", "score_to") if name in self.values}
        return Filters(state=state, **given, **scores)  # type: ignore[arg-type]  # the names are those of FIELDS


def read_narrowing(given: Mapping[str, str]) -> Narrowing:
    """What the query of an address or the fields of a form narrow to."""
    values = {name: given[name].strip() for name in FIELDS if given.get(name, "").strip()}
    if "indicator" not in values:
        values.pop("assertion", None)
    return Narrowing(given.get("state") or "waiting", {name: value[:_LONGEST] for name, value in values.items()})


def read_within(query: str) -> Narrowing:
    """The narrowing that a form carried on, from its query."""
    return read_narrowing(dict(parse_qsl(query[: 10 * _LONGEST])))


def _share(name: str, value: str) -> float:
    """A percentage as it is typed, as a share."""
    try:
        share = float(value.rstrip(" %")) / 100
    except ValueError:
        raise RefusedError(name, "is not a number; allowed: 0 to 100") from None
    if not 0 <= share <= 1:
        raise RefusedError(name, "is out of range; allowed: 0 to 100")
    return share
