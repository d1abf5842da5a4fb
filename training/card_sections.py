"""A model card as sections of plain blocks, so that Markdown, HTML and the service's page say the same.

A block is one of `{"text": …}`, `{"list": […]}`, `{"table": {"head": […], "rows": [[…]]}}` and `{"plot": svg}`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Block = dict[str, Any]
Section = dict[str, Any]
_MEASURES = (
    "review AP",
    "review F1",
    "indicator macro AP",
    "indicator macro F1",
    "span character F1",
    "context accuracy",
    "indicator ECE",
    "review ECE",
    "negated not flagged",
    "hypothetical not flagged",
    "negated reported as such",
    "hypothetical reported as such",
    "documents flagged for review",
)


def build_sections(content: Mapping[str, Any]) -> list[Section]:
    """Cut the figures of `training.card.measure_card` into sections, in reading order."""
    return [
        _section("Intended use", {"text": content["users"]}, {"list": content["intended_use"]}),
        _section("Out of scope", {"list": content["out_of_scope"]}),
        _weakest(content),
        _metrics(content),
        _fairness(content),
        _calibration(content),
        _thresholds(content),
        _data(content),
        _section("Caveats", {"list": content["caveats"]}),
        _making(content),
    ]


def _section(title: str, *blocks: Block) -> Section:
    return {"title": title, "blocks": list(blocks)}


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Block:
    return {"table": {"head": list(head), "rows": [[str(cell) for cell in row] for row in rows]}}


def say_interval(values: Sequence[float | None]) -> str:
    """Write `[0.71, 0.69, 0.73]` as `0.710 [0.690, 0.730]`, or a dash where there is no value."""
    if values[0] is None:
        return "-"
    low, high = ("-" if value is None else f"{value:.3f}" for value in values[1:])
    return f"{values[0]:.3f} [{low}, {high}]"


def _weakest(content: Mapping[str, Any]) -> Section:
    indicators = [(name, row) for name, row in content["metrics"]["indicators"].items() if row["positives"]][:5]
    cells = list(content["cells"].items())[:5]
    blocks: list[Block] = [
        {"text": f"Measured on {content['data']['measured_on']}. Where to trust it least, first."},
        _table(
            ("indicator", "positives", "average precision"),
            [(name, row["positives"], say_interval(row["average_precision"])) for name, row in indicators],
        ),
        _table(
            ("context and assertion", "cases", "right flags"),
            [(name, cell["cases"], say_interval(cell["right"])) for name, cell in cells],
        ),
    ]
    if content["suite"]:
        rows = [(name, c["cases"], say_interval(c["passed"])) for name, c in content["suite"]["cells"].items()]
        blocks.append(_table(("ability, functional suite", "cases", "passed"), rows))
    return _section("Weakest first", *blocks)


def _metrics(content: Mapping[str, Any]) -> Section:
    metrics = content["metrics"]
    said = f"{metrics['documents']} documents in {metrics['groups']} groups, {metrics['abstained']} abstained."
    overall = [(name, say_interval(metrics["overall"][name])) for name in _MEASURES if name in metrics["overall"]]
    rows = [
        (name, row["positives"], *(say_interval(row[key]) for key in ("average_precision", "f1", "character_f1")))
        for name, row in metrics["indicators"].items()
    ]
    return _section(
        "Measured",
        {"text": f"{said} In brackets 95 percent intervals by bootstrap over groups."},
        _table(("measure", "value"), overall),
        _table(("indicator", "positives", "average precision", "F1", "span character F1"), rows),
    )


def _fairness(content: Mapping[str, Any]) -> Section:
    alarms = [
        (name.replace("_", " "), one["texts"], say_interval(one["alarms"])) for name, one in content["alarms"].items()
    ]
    blocks: list[Block] = [
        {"text": "Invented texts that speak of no indicator, and the share of them in which something is flagged."},
        _table(("texts about", "texts", "false alarms"), alarms),
    ]
    if content["suite"]:
        rows = [
            (name, one["pairs"], say_interval(one["flips"]), f"{one['largest_move']:.3f}")
            for name, one in content["suite"]["swaps"].items()
        ]
        blocks += [
            {"text": "Pairs of texts that differ only in who a person is said to be; no answer should change."},
            _table(("what differs", "pairs", "answers changed", "largest move of a probability"), rows),
        ]
    return _section("Fairness", *blocks)


def _calibration(content: Mapping[str, Any]) -> Section:
    errors = ", ".join(f"{name} {one['error']:.3f}" for name, one in content["calibration"].items())
    text = f"On the diagonal a probability means what it says. Expected calibration error: {errors}."
    return _section("Calibration", {"text": text}, {"plot": content["calibration_plot"]})


def _thresholds(content: Mapping[str, Any]) -> Section:
    rows = [
        (name, f"{t['value']:.3f}", _say_rule(t), t["support"], f"{t['precision']:.3f}", f"{t['recall']:.3f}")
        for name, t in content["thresholds"].items()
    ]
    text = "Chosen on documents that the model had not seen in fitting, by the rule beside each; flagged from it on."
    head = ("question", "threshold", "rule", "positives", "precision", "recall")
    return _section("Thresholds", {"text": text}, _table(head, rows))


def _say_rule(threshold: Mapping[str, Any]) -> str:
    return threshold["rule"] if threshold["met"] else f"{threshold['rule']} (no threshold meets it)"


def _data(content: Mapping[str, Any]) -> Section:
    data = content["data"]
    parts = f"{data['development_documents']} documents to learn from, {data['test_documents']} held out"
    facts = [
        f"{data['title']} ({data['corpus']}). {data['source']}",
        f"Licence: {data['licence']}. Cite: {data['citation']}",
        f"{parts}, {data['clusters']} clusters that no split cuts; split sha256 {data['split_sha256']}.",
    ]
    return _section(
        "Data", {"list": facts}, {"text": "Known flaws of the corpus:"}, {"list": data["flaws"] or ["None."]}
    )


def _making(content: Mapping[str, Any]) -> Section:
    cost, assumed = content["cost"], content["cost"]["assumed"]
    model, run = content["model"], cost["training"]
    rows = [
        ("model", f"{model['name']} {model['version']}, taxonomy {model['taxonomy']}, tier {model['tier']}"),
        ("manifest sha256", model["sha256"]),
        ("code sha256", content["hashes"]["code"]),
        *content["environment"].items(),
        ("scoring, CPU time a document", f"{cost['scoring_cpu_milliseconds']} ms on the machine that made this card"),
        ("training, CPU time", f"{run['cpu_seconds']} s" if run else "not recorded"),
    ]
    if run:
        rows.append(("training, estimated", f"{run['watt_hours']} Wh, {run['grams_co2e']} g CO2e"))
    said = (
        f"Energy and emissions are estimates: {assumed['watts']:g} W ({assumed['watts_source']}) "
        f"and {assumed['grams']:g} g ({assumed['grams_source']})."
    )
    return _section("Making", _table(("what", "value"), rows), {"text": said}, *_promotion(content["promotion"]))


def _promotion(record: Mapping[str, Any] | None) -> list[Block]:
    if record is None:
        return []
    over = record["over"] or {"name": "a model that could not be asked", "version": ""}
    said = f"Promoted on {record['date']} over {over['name']} {over['version']}".rstrip()
    if forced := record.get("forced"):
        said += f", although {len(forced['refusals'])} gates were failed. The reason given: {forced['reason']}"
    return [{"text": f"{said}."}]
