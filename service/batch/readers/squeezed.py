"""Compressed RTF of Outlook messages, as MS-OXRTFCP describes it."""

from service.batch.readers.source import UnreadableError

_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096
# The dictionary that both sides begin with, from section 2.1.3.1.
_PRESET = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def unsqueeze(raw: bytes, limit: int) -> bytes:
    """Return the RTF.

    Raises:
        UnreadableError: It is damaged, or expands beyond `limit` bytes.
    """
    if len(raw) < 16 or raw[8:12] not in {_COMPRESSED, _PLAIN}:
        raise UnreadableError("damaged", "the RTF of the message is damaged")
    size = int.from_bytes(raw[4:8], "little")
    if size > limit:
        raise UnreadableError("expands_too_far", f"the RTF of the message has {size} bytes; allowed: {limit}")
    body = raw[16 : 4 + int.from_bytes(raw[:4], "little")]
    return body[:size] if raw[8:12] == _PLAIN else _expand(body, size)


def _expand(body: bytes, size: int) -> bytes:
    # The output with the preset in front serves as the window: an offset in it is a distance from its end.
    out, place = bytearray(_PRESET), 0
    end = size + len(_PRESET)
    while place < len(body) and len(out) < end:
        flags, place = body[place], place + 1
        for bit in range(8):
            if place >= len(body):
                break
            if not flags >> bit & 1:
                out.append(body[place])
                place += 1
                continue
            reference = int.from_bytes(body[place : place + 2], "big")
            place += 2
            distance = (len(out) - (reference >> 4)) % _WINDOW
            # A reference to the place of writing is the mark of the end.
            if distance == 0:
                return bytes(out[len(_PRESET) :])
            _copy(out, distance, (reference & 15) + 2)
    return bytes(out[len(_PRESET) : end])


def _copy(out: bytearray, distance: int, length: int) -> None:
    if distance > len(out):
        raise UnreadableError("damaged", "the RTF of the message is damaged")
    # Byte by byte: what is copied may begin in what is being written.
    for _ in range(length):
        out.append(out[-distance])
