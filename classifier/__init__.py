"""Turns a text into an Analysis; the main flow is `analyzer.py`."""

from classifier.analyzer import Analyzer
from classifier.document import Analysis, Document, Evidence, IndicatorScore
from classifier.errors import ArtifactError, DocumentError, TaxonomyError, TellsignError
from classifier.languages import MultilingualAnalyzer, load
from classifier.taxonomy import load_taxonomy

__all__ = [
    "Analysis",
    "Analyzer",
    "ArtifactError",
    "Document",
    "DocumentError",
    "Evidence",
    "IndicatorScore",
    "MultilingualAnalyzer",
    "TaxonomyError",
    "TellsignError",
    "load",
    "load_taxonomy",
]
