"""Tables that grow while texts are read: what is known of a token is looked up once and then stands in a row."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

# Slots for each key of an index, and Knuth's multiplier, 2^64 over the golden ratio (The Art of Computer Programming,
# volume 3, section 6.4).
_ROOM = 8
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class GrowingTable:
    """Rows that are appended often and read as one array.

    Attributes:
        rows: (n_rows, ...) view of what is there.
    """

    def __init__(self, rows: np.ndarray) -> None:
        """Start with a copy of these rows."""
        self._space = rows.copy()
        self.rows = self._space

    def extend(self, rows: np.ndarray) -> None:
        """Append rows; room is doubled when it runs out, so that appending never copies the table each time."""
        have, need = len(self.rows), len(self.rows) + len(rows)
        if need > len(self._space):
            room = np.zeros((2 * need, *self._space.shape[1:]), dtype=self._space.dtype)
            room[:have] = self.rows
            self._space = room
        self._space[have:need] = rows
        self.rows = self._space[:need]

    def shrink(self, count: int) -> None:
        """Forget all rows but the first `count` and the room they took."""
        self._space = self._space[:count].copy()
        self.rows = self._space


class Words:
    """Different tokens, numbered in the order in which they were met.

    Attributes:
        strings: The tokens; a token's number is its position.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.strings: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, tokens: Iterable[str]) -> list[int]:
        """Give the numbers of tokens; new ones are taken in."""
        numbers, found = self._numbers, []
        for token in tokens:
            number = numbers.get(token)
            if number is None:
                number = numbers[token] = len(self.strings)
                self.strings.append(token)
            found.append(number)
        return found


class Lookup:
    """What a function says of tokens, by their numbers: it is asked once a token and not at every place.

    It follows one `Words` at a time; another one, as comes when a pipeline has learned enough, makes it start anew.
    """

    def __init__(self, ask: Callable[[str], int]) -> None:
        """Read what `ask` gives for a token."""
        self._ask = ask
        self._words: Words | None = None
        self._values = GrowingTable(np.zeros(0, dtype=np.int64))

    def find(self, words: Words, numbers: np.ndarray) -> np.ndarray:
        """Give the values of tokens, (n_tokens,) int64."""
        if words is not self._words:
            self.forget()
            self._words = words
        have = len(self._values.rows)
        if have < len(words.strings):
            self._values.extend(np.fromiter(map(self._ask, words.strings[have:]), dtype=np.int64))
        return self._values.rows.take(numbers)

    def set(self, numbers: Sequence[int], values: Sequence[int]) -> None:
        """Set the values of tokens that `find` has seen."""
        self._values.rows[numbers] = values

    def forget(self) -> None:
        """Ask again from here on."""
        self._words = None
        self._values.shrink(0)


class KeyIndex:
    """Where keys stand in a sorted array, by a table of hashes: a twentieth of the memory reads of a binary search."""

    def __init__(self, keys: np.ndarray) -> None:
        """Index (n_keys,) int64 keys that ascend, none negative, none twice.

        Raises:
            ValueError: There are so large and so many keys that a key and its position do not fit in 63 bits.
        """
        self._bits = len(keys).bit_length()
        if len(keys) and int(keys[-1]).bit_length() + self._bits > 63:
            raise ValueError(f"a key is {keys[-1]}; with {len(keys)} keys it must be below 2 ** {63 - self._bits}")
        self._shift = np.uint64(64 - max(4, (_ROOM * len(keys)).bit_length()))
        # A slot holds a key and its position side by side, so that a look takes one read; -1 is no key's.
        entries = keys << self._bits | np.arange(len(keys))
        slots = self._hash(keys)
        self._slots = np.full(1 << (64 - int(self._shift)), -1, dtype=np.int64)
        self._slots[slots] = entries
        # Keys whose slot another one took are few and are searched for.
        self._late = entries[self._slots[slots] != entries]
        self._late_keys = self._late >> self._bits

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give which of the keys (n,) are in the array, ascending, and where: (n_found,) int64 each."""
        entries = self._slots.take(self._hash(keys))
        other = (entries >> self._bits != keys) & (entries >= 0)
        if other.any() and len(self._late):
            asked = other.nonzero()[0]
            places = np.minimum(self._late_keys.searchsorted(keys[asked]), len(self._late) - 1)
            entries[asked] = self._late[places]
        found = (entries >> self._bits == keys).nonzero()[0]
        return found, entries[found] & ((1 << self._bits) - 1)

    def _hash(self, keys: np.ndarray) -> np.ndarray:
        return ((keys.view(np.uint64) * _MULTIPLIER) >> self._shift).view(np.int64)
