"""The sections of a model card as Markdown and as one HTML page that needs no other file."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from classifier.document import NOTICE

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff}"
    "body{max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "th,td{border-bottom:1px solid #d9d9d9;padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}"
    "svg{max-width:100%;height:auto}.notice{border-left:4px solid #1f5fa8;padding-left:1rem}"
)


def _title(content: Mapping[str, Any]) -> str:
    return f"Model card: {content['model']['name']} {content['model']['version']}"


def render_markdown(content: Mapping[str, Any]) -> str:
    """Write a card as Markdown; the plot is drawn in place, as a table of its bins where drawings are not shown."""
    parts = [f"# {_title(content)}", f"> {NOTICE}"]
    for section in content["sections"]:
        parts.append(f"## {section['title']}")
        parts += [_markdown_block(block, content) for block in section["blocks"]]
    return "\n\n".join([*parts, ""])


def _markdown_block(block: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    if "text" in block:
        return _inline(block["text"])
    if "list" in block:
        return "\n".join(f"- {_inline(item)}" for item in block["list"])
    if "table" in block:
        return _markdown_table(block["table"]["head"], block["table"]["rows"])
    # Most viewers of Markdown drop drawings written in place; the HTML card has the plot.
    rows = [
        (name, f"{one['low']:.1f} to {one['high']:.1f}", one["answers"], f"{one['predicted']:.3f}", _share(one))
        for name, table in content["calibration"].items()
        for one in table["bins"]
    ]
    head = ("of", "probability", "answers", "mean probability", "observed share")
    return _markdown_table(head, [[str(cell) for cell in row] for row in rows])


def _share(one: Mapping[str, Any]) -> str:
    value, low, high = one["observed"]
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _inline(text: str) -> str:
    """Keep a text on one line, and its marks from becoming markup."""
    said = " ".join(text.split())
    return said.replace("<", "&lt;").replace("|", "\\|")


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    lines += [f"| {' | '.join(_inline(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def render_html(content: Mapping[str, Any]) -> str:
    """Write a card as an HTML page with the calibration plot inside."""
    title = escape(_title(content))
    body = [f"<h1>{title}</h1>", f'<p class="notice">{escape(NOTICE)}</p>']
    for section in content["sections"]:
        body.append(f"<h2>{escape(section['title'])}</h2>")
        body += [_html_block(block) for block in section["blocks"]]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style>"
    )
    return "\n".join(["<!doctype html>", f'<html lang="en"><head>{head}</head><body>', *body, "</body></html>", ""])


def _html_block(block: Mapping[str, Any]) -> str:
    if "text" in block:
        return f"<p>{escape(block['text'])}</p>"
    if "list" in block:
        return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in block['list'])}</ul>"
    if "plot" in block:
        # Drawn by this package a moment ago, its texts escaped there.
        return f"<figure>{block['plot']}</figure>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in block["table"]["head"])
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in block["table"]["rows"])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
