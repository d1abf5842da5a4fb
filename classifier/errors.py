"""Every error that Tellsign raises on purpose; none of them ever carries document text."""


class TellsignError(Exception):
    """Base of all errors raised on purpose; the message names the value and what is allowed."""


class DocumentError(TellsignError):
    """A document cannot be analysed as submitted.

    Attributes:
        code: Stable machine word: `empty_text`, `text_too_long` or `not_text`.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Keep the machine word beside the sentence for people."""
        super().__init__(detail)
        self.code = code


class TaxonomyError(TellsignError):
    """The taxonomy or a lexicon file breaks its schema; the message names file, table and field."""


class ArtifactError(TellsignError):
    """A model folder is refused: a file is missing, changed, or made for another program."""


class CorpusError(TellsignError):
    """A labelled record breaks the corpus format; the message names file, line and field."""


class RecipeError(TellsignError):
    """A training recipe names an unknown option or a value out of range."""
