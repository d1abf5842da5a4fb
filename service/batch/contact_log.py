"""Which cluster has which contact points, as keyed hashes in two arrays: twelve bytes a pair."""

from array import array
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_FIRST_COMPACTION = 1 << 16


class ContactLog:
    """Pairs of a contact point and a cluster, each once."""

    def __init__(self) -> None:
        """Begin empty."""
        self._contacts, self._clusters = array("Q"), array("I")
        self._limit = _FIRST_COMPACTION
        self._sorted = True
        self._by_cluster: tuple[NDArray[np.uint32], NDArray[np.uint64]] | None = None

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return len(self._contacts) * self._contacts.itemsize + len(self._clusters) * self._clusters.itemsize

    def add(self, cluster: int, contacts: Iterable[int]) -> None:
        """Note that a cluster has contact points."""
        for contact in contacts:
            self._contacts.append(contact)
            self._clusters.append(cluster)
            self._sorted = False
        if len(self._contacts) > self._limit:
            self._compact()
            self._limit = max(_FIRST_COMPACTION, 2 * len(self._contacts))

    def rename(self, names: NDArray[np.uint32]) -> None:
        """Give every cluster another number, `names[cluster]`; several may become one."""
        self._clusters = array("I", names[np.array(self._clusters, dtype=np.uint32)].tobytes())
        self._sorted = False

    def of(self, cluster: int) -> tuple[int, ...]:
        """Return the contact points of a cluster, sorted."""
        self._compact()
        if self._by_cluster is None:
            clusters = np.frombuffer(self._clusters, dtype=np.uint32)
            order = np.argsort(clusters, kind="stable")
            self._by_cluster = clusters[order], np.frombuffer(self._contacts, dtype=np.uint64)[order]
        clusters, contacts = self._by_cluster
        start, end = np.searchsorted(clusters, (cluster, cluster + 1))
        return tuple(contacts[start:end].tolist())

    def sharing(self, contact: int) -> tuple[int, ...]:
        """Return the clusters that have a contact point, sorted."""
        self._compact()
        contacts = np.frombuffer(self._contacts, dtype=np.uint64)
        start, end = np.searchsorted(contacts, np.array([contact, contact + 1], dtype=np.uint64))
        return tuple(self._clusters[start:end])

    def _compact(self) -> None:
        """Sort by contact point and cluster, and keep each pair once."""
        if self._sorted:
            return
        contacts, clusters = np.array(self._contacts, dtype=np.uint64), np.array(self._clusters, dtype=np.uint32)
        order = np.lexsort((clusters, contacts))
        contacts, clusters = contacts[order], clusters[order]
        new = np.ones(len(contacts), dtype=np.bool_)
        new[1:] = (contacts[1:] != contacts[:-1]) | (clusters[1:] != clusters[:-1])
        self._contacts, self._clusters = array("Q", contacts[new].tobytes()), array("I", clusters[new].tobytes())
        self._sorted, self._by_cluster = True, None
