"""`/model`: the card beside the model as a page, and what is shown when there is none of that model."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.security import create_key
from service.web.model_page import read_card
from tests.fakes import INFO
from tests.serving import open_client

CARD: dict[str, Any] = {
    "model": {"name": "fake", "sha256": INFO.sha256},
    "sections": [
        {
            "title": "Intended use",
            "blocks": [{"text": "To sort texts <script>alert(1)</script>"}, {"list": ["One", "Two"]}],
        },
        {"title": "Measured", "blocks": [{"table": {"head": ["measure", "value"], "rows": [["review AP", "0.812"]]}}]},
        {"title": "Calibration", "blocks": [{"plot": "<svg onload='alert(1)'></svg>"}]},
    ],
    "more": {"left": "out"},
}


def write(folder: Path, content: object) -> Path:
    (folder / "card.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_page_shows_the_card_and_trusts_none_of_it_as_markup(tmp_path: Path) -> None:
    with open_client(model=write(tmp_path, CARD)) as client:
        answer = client.get("/model")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    assert '<h2 id="section-1">Intended use</h2>' in page
    assert "<td>0.812</td>" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "onload" not in page
    assert 'src="data:image/svg+xml;base64,' in page
    assert "No card was written" not in page


@pytest.mark.parametrize(
    "content",
    [{}, [], {**CARD, "model": {"sha256": "0" * 64}}, {**CARD, "sections": [{"title": "One"}]}],
    ids=["empty", "no object", "of another model", "without blocks"],
)
def test_card_of_another_model_or_form_is_not_shown(content: object, tmp_path: Path) -> None:
    assert read_card(write(tmp_path, content), INFO.sha256) is None
    with open_client(model=tmp_path) as client:
        page = client.get("/model").text
    assert "No card was written for this very model" in page
    assert "Intended use" not in page


def test_card_over_the_limit_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {**CARD, "padding": "x" * (4 * 1024 * 1024)})
    assert read_card(tmp_path, INFO.sha256) is None


def test_page_needs_a_key_where_keys_are_on(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    token, _ = create_key(keys, scopes=["read"])
    with open_client(keys_file=keys, model=write(tmp_path, CARD)) as client:
        assert client.get("/model").status_code == 401
        assert client.get("/model", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_page_and_its_style_are_served_under_the_policy_of_the_others(tmp_path: Path) -> None:
    with open_client(model=write(tmp_path, CARD)) as client:
        answer = client.get("/model")
        style = client.get("/static/model.css")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert style.status_code == 200
    assert "style=" not in answer.text
