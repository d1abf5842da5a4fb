"""One front door for several languages: a text goes to the model of the language it is in.

Beside the folder of a model may lie models of other languages, each in a folder named by its language code: `es` beside
`default`. Those folders are the list of languages that there are; nothing else names one.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from classifier.analyzer import MAX_CHARACTERS, Analyzer, open_model
from classifier.analyzer import load as load_single
from classifier.artifact import DEFAULT_MODEL, MANIFEST, Artifact, inspect, verify
from classifier.document import Analysis, AnalysisWarning, Document, Language, Tier
from classifier.encoder import DEFAULT_ENCODER, Encoder
from classifier.errors import ArtifactError
from classifier.language import UNDETERMINED

_CODE = re.compile(r"[a-z]{2,3}")


class MultilingualAnalyzer(Analyzer):
    """An analyzer that hands on texts of other languages. Not for several threads at once.

    Its own model looks at every text first and answers those of its language, which costs these nothing. A text that
    it abstains from goes on to the model of the language that it was found to be in, and stays an abstention where
    there is none. `Document.language` goes before all finding. A model is built when the first text of its language
    comes.

    Attributes:
        languages: Codes of the languages that there are models for, its own first; `info` and `card` are its own, and
            an analysis names the model that made it.
    """

    def __init__(
        self,
        artifact: Artifact,
        others: Mapping[str, Path],
        *,
        max_characters: int = MAX_CHARACTERS,
        tier: Tier = "fast",
        encoder: Encoder | None = None,
    ) -> None:
        """Build the pipeline of its own language.

        Args:
            artifact: Of its own model.
            others: Language code to the folder of its model.
            max_characters: Longest text accepted, code points.
            tier: Of its own model; the others are read by what suits them.
            encoder: For its own model.

        Raises:
            ArtifactError: as of `Analyzer`.
        """
        super().__init__(artifact, max_characters=max_characters, tier=tier, encoder=encoder)
        self.languages: tuple[str, ...] = (self._language, *others)
        self._others = dict(others)
        self._built: dict[str, Analyzer] = {}

    def _analyze(self, documents: Sequence[Document]) -> list[Analysis]:
        named = [document.language in self._others for document in documents]
        # What is said to be in another language need not be looked at first.
        first = iter(super()._analyze([one for one, known in zip(documents, named, strict=True) if not known]))
        found: list[Analysis | None] = [None if known else next(first) for known in named]
        waiting: dict[str, list[int]] = defaultdict(list)
        for place, (document, analysis) in enumerate(zip(documents, found, strict=True)):
            if analysis is None:
                waiting[str(document.language)].append(place)
            elif analysis.language.code in self._others:
                waiting[analysis.language.code].append(place)
            else:
                found[place] = self._name_languages(analysis)
        for code, places in waiting.items():
            answers = self._read_as(code, [documents[place] for place in places])
            for place, answer in zip(places, answers, strict=True):
                earlier = found[place]
                language = answer.language if earlier is None else replace(earlier.language, supported=True)
                found[place] = replace(answer, language=language)
        return [analysis for analysis in found if analysis is not None]

    def _read_as(self, code: str, documents: Sequence[Document]) -> list[Analysis]:
        if code not in self._built:
            self._built[code] = load_single(self._others[code], max_characters=self.max_characters)
        sure = [replace(document, language=code) for document in documents]
        # None of them is refused: their length was looked at before.
        return [one for one in self._built[code].analyze_many(sure) if isinstance(one, Analysis)]

    def _name_languages(self, analysis: Analysis) -> Analysis:
        """Let an abstention say all the languages that there are."""
        language: Language = analysis.language
        if language.supported or language.code == UNDETERMINED:
            return analysis
        detail = (
            f"language '{language.code}' is not supported (there are {', '.join(self.languages)}); "
            "an abstention is not an all-clear"
        )
        return replace(analysis, warnings=(AnalysisWarning("unsupported_language", detail),))


def load(
    path: Path | None = None,
    *,
    max_characters: int = MAX_CHARACTERS,
    tier: Tier | None = None,
    encoder: Path = DEFAULT_ENCODER,
) -> Analyzer:
    """Load an analyzer from a model folder, by default the one shipped in the package, and those of other languages.

    Args:
        path: The model folder; folders beside it that are named by a language code hold the models of those languages.
        max_characters: Longest text accepted, code points.
        tier: `fast`, `cascade` or `deep`; by default `cascade` for a model that was fitted to an encoder, else `fast`.
        encoder: The encoder's folder, read for the tiers that need it.

    Raises:
        ArtifactError: a folder is refused, or the model has no such tier.
    """
    folder = path or DEFAULT_MODEL
    artifact, chosen, network = open_model(folder, tier, encoder)
    others = find_languages(folder, artifact.manifest["language"])
    if not others:
        return Analyzer(artifact, max_characters=max_characters, tier=chosen, encoder=network)
    return MultilingualAnalyzer(artifact, others, max_characters=max_characters, tier=chosen, encoder=network)


def find_languages(folder: Path, language: str) -> dict[str, Path]:
    """Find the models of other languages beside a model folder, by language code, in alphabetical order.

    Args:
        folder: Of the model.
        language: Its own; a folder of that name is another model of it and no other language.

    Raises:
        ArtifactError: one of them is refused; half a front door would look like a whole one.
    """
    home = folder.resolve().parent
    # A model in a folder that is itself named by a language stands for that one alone.
    if _CODE.fullmatch(folder.resolve().name):
        return {}
    found: dict[str, Path] = {}
    for place in sorted(home.iterdir()):
        if place.name == language or not _CODE.fullmatch(place.name) or not (place / MANIFEST).is_file():
            continue
        # A folder called `old` may hold just another model of the same language.
        if inspect(place).get("language") != place.name:
            continue
        if problems := verify(place):
            raise ArtifactError(f"model '{place}' is refused: {'; '.join(problems)}")
        found[place.name] = place
    return found
