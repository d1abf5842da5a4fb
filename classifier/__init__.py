"""Turns a text into an Analysis; the main flow is `analyzer.py`."""

from classifier.analyzer import Analyzer
from classifier.display import render_html
from classifier.document import Analysis, Document, Evidence, IndicatorScore
from classifier.errors import ArtifactError, DocumentError, TaxonomyError, TellsignError
from classifier.frames import analyze_frame
from classifier.languages import MultilingualAnalyzer, load
from classifier.rows import TableError, analyze_rows, columns_of
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
    "TableError",
    "TaxonomyError",
    "TellsignError",
    "analyze_frame",
    "analyze_rows",
    "columns_of",
    "load",
    "load_taxonomy",
    "render_html",
]
