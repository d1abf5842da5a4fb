"""Mails and mailboxes: subject and body are one document, attachments are documents of their own."""

import email
import email.errors
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from io import BytesIO

from service.batch.found import Found, Part
from service.batch.readers.charset import decode, known
from service.batch.readers.html import text_of_html
from service.batch.readers.source import Source, UnreadableError, clean

_MAX_PARTS = 1000
_FROM = b"From "
_PIECE = 1 << 20


def read_mail(source: Source) -> Iterator[Found | Source]:
    """Yield the mail, then its attachments.

    Raises:
        UnreadableError: It is no mail, too large, or has too many parts.
    """
    raw = source.whole()
    if not raw.strip():
        raise UnreadableError("empty_file", "the mail is empty")
    yield from _mail(email.message_from_bytes(raw, policy=compat32), source)


def read_mailbox(source: Source) -> Iterator[Found | Source]:
    """Yield every mail of an mbox file and its attachments, one mail in memory at a time.

    Raises:
        UnreadableError: It holds no mail.
    """
    number = 0
    for number, raw in enumerate(_messages(source), 1):
        if number > source.limits.members:
            raise UnreadableError("too_many_members", f"more than {source.limits.members} mails; the rest was not read")
        yield source.inside(f"{number}", BytesIO(raw), mark="#", claims="mail.eml")
    if not number:
        raise UnreadableError("no_documents", "the mailbox holds no mails")


def _messages(source: Source) -> Iterator[bytes]:
    held, size, blank = list[bytes](), 0, True
    while line := source.stream.readline(_PIECE):
        if blank and line.startswith(_FROM):
            if held:
                yield b"".join(held)
            held, size, blank = [], 0, False
            continue
        size += len(line)
        # A mail over the limit is handed on cut, one byte too long, and refused as any other large mail is.
        if size <= source.limits.whole_bytes + 1:
            held.append(line.removeprefix(b">") if line.startswith(b">From ") else line)
        elif size - len(line) <= source.limits.whole_bytes:
            held.append(line[: source.limits.whole_bytes + 1 - (size - len(line))])
        blank = not line.strip()
        source.watch.tick()
    if b"".join(held).strip():
        yield b"".join(held)


def _mail(message: Message, source: Source) -> Iterator[Found | Source]:
    if not message.keys():
        raise UnreadableError("damaged", "the file has no mail headers")
    bodies, attachments = _sorted(message, source)
    subject, body = _header(message, "Subject"), "\n\n".join(text for text in bodies if text.strip())
    parts = (Part("subject", 0), Part("body", len(subject) + 2)) if subject else (Part("body", 0),)
    yield source.document(f"{subject}\n\n{body}" if subject else body, parts=parts)
    seen = set[str]()
    for number, attachment in enumerate(attachments, 1):
        name = _name(attachment, number)
        name = f"{number}-{name}" if name in seen else name
        seen.add(name)
        yield source.inside(name, BytesIO(_content(attachment)))


def _sorted(message: Message, source: Source) -> tuple[list[str], list[Message]]:
    """Return the texts that a mail program shows as the mail, and the parts that it shows as attachments."""
    bodies, attachments = list[str](), list[Message]()
    waiting, count = [message], 0
    while waiting:
        part, count = waiting.pop(), count + 1
        source.watch.tick()
        if count > _MAX_PARTS:
            raise UnreadableError("too_many_members", f"a mail of more than {_MAX_PARTS} parts")
        kind = part.get_content_type()
        inner = part.get_payload()
        if kind == "message/rfc822" or _is_attachment(part):
            attachments.append(part)
        elif isinstance(inner, list):
            # The last alternative is the richest; the plain one is what its sender wrote, where it says anything.
            within = [each for each in inner if isinstance(each, Message)]
            waiting.extend(reversed(_alternative(within) if kind == "multipart/alternative" else within))
        elif kind in {"text/plain", "text/html"}:
            bodies.append(_text(part))
        else:
            attachments.append(part)
    return bodies, attachments


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or (
        part.get_filename() is not None and not part.is_multipart()
    )


def _alternative(parts: list[Message]) -> list[Message]:
    plain = [part for part in parts if part.get_content_type() == "text/plain" and _text(part).strip()]
    return plain[:1] or parts[-1:]


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    declared = part.get_content_charset()
    # Python has no name for some sets that mails declare; then the bytes decide.
    text, _ = decode(raw, declared if known(declared) else None)
    text = text.replace("\r\n", "\n")
    return text_of_html(text) if part.get_content_type() == "text/html" else text


def _content(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        first = inner[0] if isinstance(inner, list) and inner else None
        return first.as_bytes() if isinstance(first, Message) else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _name(part: Message, number: int) -> str:
    suffix = {"message/rfc822": ".eml", "text/html": ".html", "text/plain": ".txt", "text/csv": ".csv"}
    kind = part.get_content_type()
    name = _decoded(part.get_filename() or "")
    if kind == "message/rfc822":
        return name if name.lower().endswith(".eml") else f"{name or f'attachment-{number}'}.eml"
    return name or f"attachment-{number}{suffix.get(kind, '')}"


def _header(message: Message, name: str) -> str:
    return " ".join(_decoded(str(message.get(name) or "")).split())


def _decoded(value: str) -> str:
    try:
        pieces = decode_header(clean(value))
    except (email.errors.HeaderParseError, ValueError):
        return clean(value)
    return "".join(
        decode(piece, charset)[0] if isinstance(piece, bytes) else piece for piece, charset in pieces
    ).replace("\x00", "")
