"""One text as words, with what the search for names asks of it: its language, runs of capitals, groups of words."""

from collections.abc import Iterable

from service.review.mask_shapes import Found
from service.review.mask_words import Word, cut_words, is_capitals, load_lists

# Below this share of known words a text is in another language than the word list's.
_NATIVE = 0.55
# Above this share of German function words it is German, which gives every noun a capital.
_GERMAN = 0.2
# A run of words with a capital is looked at this far to each side: a text of nothing else must not take for ever.
_REACH = 8


class Reading:
    """A text and its words.

    Attributes:
        text: The text.
        lists: The word lists.
        words: Those outside of what is hidden for other reasons already.
        capitals: Whether most letters are capitals.
        native: Whether the text is in a language that the list of ordinary words covers.
        german: Whether a capital says nothing because every noun has one.
    """

    def __init__(self, text: str, taken: Iterable[Found]) -> None:
        """Cut the text; no word begins inside a stretch of `taken`."""
        self.text = text
        self.lists = load_lists()
        inside = {place for start, end, _ in taken for place in range(start, end)}
        self.words: list[Word] = [word for word in cut_words(text) if word.start not in inside]
        self.capitals = is_capitals(text)
        folds = [word.fold for word in self.words if word.shape == "small" or self.capitals]
        share = {name: sum(self.lists.is_in(name, fold) for fold in folds) for name in ("english", "foreign", "german")}
        known = sum(fold in self.lists.words for fold in folds)
        self.native = share["foreign"] <= share["english"] and known >= _NATIVE * len(folds)
        self.german = not self.native and share["german"] > _GERMAN * len(folds)

    def is_in(self, group: str, index: int) -> bool:
        """Whether there is a word of this index and it stands in a group."""
        return 0 <= index < len(self.words) and self.lists.is_in(group, self.words[index].fold)

    def gap(self, index: int) -> str:
        """What stands between a word and the next one."""
        return self.text[self.words[index].end : self.words[index + 1].start]

    def run(self, index: int) -> tuple[int, int]:
        """First and last word of the run of words with a capital around one, with single blanks between."""
        first = last = index
        while first > max(0, index - _REACH) and self._runs_on(first - 1) and not self.words[first].opens:
            first -= 1
        while last + 1 < min(len(self.words), index + _REACH) and self._runs_on(last):
            last += 1
        return first, last

    def is_place(self, index: int) -> bool:
        """Whether a word before it says that an unknown word is a place or a thing."""
        first, _ = self.run(index)
        if first == 0 or (self.is_in("family", index + 1) and self.words[first - 1].fold == "the"):
            return False
        came = self.words[first - 1].fold == "from" and not self.is_in("from_person", first - 2)
        return came or self.is_in("place_before", first - 1)

    def is_body(self, index: int, called: Iterable[int] = ()) -> bool:
        """Whether it stands among words with a capital that name a firm, an office or a street.

        Args:
            index: Of the word.
            called: Words that something has announced as a name; a run that one begins is no body.
        """
        first, last = self.run(index)
        if first == last or first in called or self.is_in("titles", first - 1):
            return False
        return any(self.is_in("bodies", place) for place in range(first, last + 1))

    def _runs_on(self, index: int) -> bool:
        small = "small" in {self.words[index].shape, self.words[index + 1].shape}
        return not small and self.gap(index) == " "
