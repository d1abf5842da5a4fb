"""What the store and the review raise on purpose; none of them carries document text."""

from classifier.errors import TellsignError


class StoreError(TellsignError):
    """The store cannot be opened, read or written; base of the other errors here."""


class NotFoundError(StoreError):
    """Nothing has this id."""

    def __init__(self, kind: str, name: str) -> None:
        """Name what was looked for; ids are cut, since anything can be sent as one."""
        super().__init__(f"There is no {kind} {name[:80]!r}")
        self.kind = kind


class ConflictError(StoreError):
    """Somebody else was first: the item is held, decided already, or a name is taken."""


class NotAllowedError(StoreError):
    """This person may not do this: the role is another, or the item is one they have read before."""


class RefusedError(StoreError):
    """A value is not allowed.

    Attributes:
        field: Which one.
    """

    def __init__(self, field: str, detail: str) -> None:
        """Keep the field beside the sentence for people."""
        super().__init__(f"{field}: {detail}")
        self.field = field
