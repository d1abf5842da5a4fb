"""A hash table from keys to small numbers in one array: eight bytes an entry, where a dict takes over a hundred."""

from array import array
from collections.abc import Iterable

import numpy as np

_32, _64 = 2**32 - 1, 2**64 - 1
_SPREAD = 0x9E3779B97F4A7C15
MAX_VALUE = 2**32 - 2


class KeyTable:
    """Maps 64-bit keys to numbers up to `MAX_VALUE`; the first number of a key stays.

    Of a key 32 bits are kept, so that one lookup in a few hundred finds a number by chance when there are millions of
    entries: callers check what they find. Entries are never removed. Open addressing with linear probing.
    """

    def __init__(self, bits: int = 12) -> None:
        """Begin with `2**bits` places; there are more as they are needed."""
        self._entries = array("Q", bytes(8 << bits))
        self._bits = bits
        self._count = 0

    def __len__(self) -> int:
        """Return the number of entries."""
        return self._count

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return 8 * len(self._entries)

    def find(self, key: int) -> int:
        """Return the number of a key, -1 for none."""
        return (self._entries[self._place(key >> 32)] & _32) - 1

    def add(self, keys: Iterable[int], value: int) -> None:
        """Give the value to each key that has none yet."""
        for key in keys:
            if 10 * self._count > 7 * len(self._entries):
                self._grow()
            place = self._place(key >> 32)
            if not self._entries[place]:
                self._entries[place] = (key >> 32) << 32 | (value + 1)
                self._count += 1

    def _place(self, print_: int) -> int:
        """Return where the entry of these 32 bits is, or would be."""
        entries, mask = self._entries, len(self._entries) - 1
        place = (print_ * _SPREAD & _64) >> (64 - self._bits)
        while (entry := entries[place]) and entry >> 32 != print_:
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        old = np.frombuffer(self._entries, dtype=np.uint64)
        kept = old[old != 0]
        self._bits += 1
        grown = np.zeros(1 << self._bits, dtype=np.uint64)
        places = ((kept >> np.uint64(32)) * np.uint64(_SPREAD) >> np.uint64(64 - self._bits)).astype(np.int64)
        while len(kept):
            free = np.flatnonzero(grown[places] == 0)
            # Of several that want one place the first gets it; the others look at the next one in another round.
            winners = free[np.unique(places[free], return_index=True)[1]]
            grown[places[winners]] = kept[winners]
            left = np.ones(len(kept), dtype=np.bool_)
            left[winners] = False
            kept, places = kept[left], (places[left] + 1) & (len(grown) - 1)
        self._entries = array("Q")
        self._entries.frombytes(grown.tobytes())
