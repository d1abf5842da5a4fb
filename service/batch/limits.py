"""How much one input file may cost: time, memory, expansion, nesting and counts."""

from dataclasses import dataclass

# The size of the largest request body of the HTTP service; longer lines are skipped without being held.
MAX_LINE_BYTES = 16 * 2**20
# A process that waits takes no processor time, and one on a busy machine little.
CLOCK = 10
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What reading may cost before a file or member becomes a dead letter.

    Attributes:
        stall_seconds: Processor time without any progress, after which the reading process is ended. Processor time
            does not depend on what else the machine does; the clock counts as well, `CLOCK` times as long.
        document_seconds: Processor time for one document, and `CLOCK` times as long on the clock.
        memory_bytes: Address space of the reading process beyond what it takes when it has started; 0 for no limit.
        whole_bytes: Largest file of a format that has to be held in memory whole.
        spool_bytes: Largest member of an archive that is held on disk, because its format is read from its end.
        expanded_bytes: Bytes that come out of one input file, all nested levels counted.
        ratio: Bytes out for each byte in, once more than `ratio_free_bytes` came out.
        ratio_free_bytes: Bytes that come out before the ratio counts.
        depth: Containers in containers, compression counted: a document in an archive in a mail in a .tar.gz is 4.
        members: Members of one container.
        pages: Pages of one document.
        cells: Cells of one sheet or one table row.
        xml_depth: Elements in elements of office files.
        crashes: Members of one input file that end the reading process, after which the others are not read.
    """

    stall_seconds: float = 30.0
    document_seconds: float = 120.0
    memory_bytes: int = 1536 * _MIB
    whole_bytes: int = 64 * _MIB
    spool_bytes: int = 1024 * _MIB
    expanded_bytes: int = 64 * 1024 * _MIB
    ratio: int = 400
    ratio_free_bytes: int = 64 * _MIB
    depth: int = 6
    members: int = 500_000
    pages: int = 10_000
    cells: int = 20_000_000
    xml_depth: int = 200
    crashes: int = 16
