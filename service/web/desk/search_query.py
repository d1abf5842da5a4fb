"""What a search asks for, as it stands in an address: words, filters and where the page goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from service.review.filters import Filters
from service.store.errors import RefusedError
from service.web.desk.form_reading import read_day

FILTERS = (
    "indicator",
    "assertion",
    "state",
    "verdict",
    "context",
    "language",
    "source",
    "score_from",
    "score_to",
    "from",
    "to",
)
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Values as typed, without the empty ones: `q` is words, the others are `FILTERS`."""

    values: Mapping[str, str]

    @property
    def words(self) -> str:
        """What the texts must say."""
        return self.values.get("q", "")

    @property
    def asked(self) -> bool:
        """Whether anything is looked for at all."""
        return bool(self.values)

    @property
    def narrowed(self) -> int:
        """How many filters are set."""
        return sum(name in self.values for name in FILTERS)

    def address(self, cursor: str | None = None) -> str:
        """The address of this search, or of how it goes on."""
        more = {} if cursor is None else {"cursor": cursor}
        return f"/search?{urlencode({**self.values, **more})}"

    def filters(self) -> Filters:
        """As filters of the store.

        Raises:
            RefusedError: A score or a day is not one.
        """
        as_typed = ("indicator", "assertion", "state", "verdict", "context", "language", "source")
        return Filters(
            **{name: self.values[name] for name in as_typed if name in self.values},
            score_from=_share("score_from", self.values.get("score_from", "")),
            score_to=_share("score_to", self.values.get("score_to", "")),
            created_from=read_day("from", self.values.get("from", "")),
            created_to=read_day("to", self.values.get("to", ""), after=True),
        )


def read_search(given: Mapping[str, str]) -> SearchQuery:
    """The search that the query of an address asks for; what it does not know is left out."""
    values = {name: given[name].strip()[:_LONGEST] for name in ("q", *FILTERS) if given.get(name, "").strip()}
    if "indicator" not in values:
        # How the text holds an indicator says nothing without one.
        values.pop("assertion", None)
    return SearchQuery(values)


def _share(name: str, value: str) -> float | None:
    """A percentage as typed, as a share; None when it was left empty."""
    if not value:
        return None
    try:
        share = float(value.rstrip(" %")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise RefusedError(name, "is not a number of percent; allowed: 0 to 100")
    return share
