"""`/model`: the model card for people, from the card file beside the model; nothing in it is trusted as markup."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import HTMLResponse, Response

from classifier.artifact import DEFAULT_MODEL
from classifier.document import NOTICE
from service.answering import loaded
from service.guard import page_needs
from service.parts import parts_of

router = APIRouter(include_in_schema=False)

CARD = "card.json"
_LARGEST = 4 * 1024 * 1024
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("service.web"), autoescape=True, undefined=jinja2.StrictUndefined
)


class Table(BaseModel):
    """A table of a card."""

    head: list[str]
    rows: list[list[str]]


class Block(BaseModel):
    """One block of a section: a text, a list, a table or a drawing."""

    text: str | None = None
    items: list[str] | None = Field(default=None, alias="list")
    table: Table | None = None
    plot: str | None = None

    @property
    def image(self) -> str | None:
        """The drawing as the address of an image: in an image no script of a drawing runs."""
        if self.plot is None:
            return None
        return f"data:image/svg+xml;base64,{b64encode(self.plot.encode()).decode()}"


class Section(BaseModel):
    """A part of the card under one heading."""

    title: str
    blocks: list[Block]


class Model(BaseModel):
    """Which model a card is of."""

    sha256: str


class CardFile(BaseModel):
    """What is read of a card file."""

    model: Model
    sections: list[Section]


@router.api_route("/model", methods=["GET", "HEAD"], dependencies=[page_needs("read")])
def show_model(request: Request) -> Response:
    """The card of the model that answers."""
    analyzer, parts = loaded(request), parts_of(request)
    card = read_card(parts.settings.model or DEFAULT_MODEL, analyzer.info.sha256)
    content = _TEMPLATES.get_template("model.html").render(
        model=analyzer.info,
        sections=card.sections if card else build_sections(analyzer.card),
        complete=card is not None,
        notice=NOTICE,
        docs=parts.settings.docs,
    )
    return HTMLResponse(content)


def read_card(folder: Path, sha256: str) -> CardFile | None:
    """The card beside a model; None where there is none of that very model, or it cannot be read as one."""
    path = folder / CARD
    try:
        if path.stat().st_size > _LARGEST:
            return None
        card = CardFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return card if card.model.sha256 == sha256 else None


def build_sections(manifest: Mapping[str, Any]) -> list[Section]:
    """What the manifest alone says, for a model without a card: data, figures, thresholds."""
    measured = manifest.get("metrics", {}).get("test", {}).get("overall", {})
    tables = {
        "Data": [[name, str(manifest["data"][name])] for name in ("corpus", "licence") if name in manifest["data"]],
        "Measured": [[name, _interval(values)] for name, values in measured.items()],
        "Thresholds": [
            [name, f"{entry['value']:.3f}, {entry['rule']}"]
            for name, entry in manifest.get("thresholds", {}).items()
            if ":" not in name
        ],
    }
    return [
        Section(title=title, blocks=[Block(table=Table(head=["what", "value"], rows=rows))])
        for title, rows in tables.items()
        if rows
    ]


def _interval(values: list[float | None]) -> str:
    if None in values:
        return "-"
    value, low, high = values
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
