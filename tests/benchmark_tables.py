"""Tiny invented tables in the columns of the public benchmarks."""

from typing import Any

from datasets import Dataset

from training.benchmarks.card import load_benchmark_card

AIMS_LABELS = tuple(load_benchmark_card("aims").labels)
RAFOLA_LABELS = tuple(load_benchmark_card("rafola").labels)


def adverts() -> Dataset:
    """Forty advertisements; those that promise quick money are the frauds."""
    rows = []
    for number in range(40):
        fraud = number % 2 == 1
        rows.append(
            {
                "title": f"Post {number}",
                "company_profile": None if fraud else f"We bake bread in town {number}.",
                "description": f"Quick money {number}, no skills." if fraud else f"Bake rolls in shift {number}.",
                "requirements": "None" if fraud else "A baker's papers",
                "benefits": None,
                "department": None,
                "salary_range": None,
                "industry": "Food",
                "function": None,
                "fraudulent": int(fraud),
                "selection": "all_fraud" if fraud else "random_2pct",
            }
        )
    rows.append({**rows[0], "selection": "complete_case_real"})
    return Dataset.from_list(rows)


def statements(jurisdiction: str | None, count: int = 6) -> Dataset:
    """Statements of one sentence for each label and one that discloses nothing; filed backwards where numbered."""
    rows: list[dict[str, Any]] = []
    for statement in range(count):
        for place, label in enumerate((*AIMS_LABELS, None)):
            row: dict[str, Any] = {name: int(name == label) for name in AIMS_LABELS}
            told = f"Mill {statement} writes about {label.lower()}" if label else f"Mill {statement} sells flour"
            row |= {"statement_id": statement, "sentence": told}
            row |= {"sentence_orig_idxs": place} if jurisdiction is None else {"jurisdiction": jurisdiction}
            rows.append(row)
    return Dataset.from_list(rows[::-1] if jurisdiction is None else rows)


def articles() -> list[dict[str, Any]]:
    """Articles that name their indicators."""
    rows = []
    for number in range(66):
        label = number % len(RAFOLA_LABELS)
        told = f"The report of week {number} speaks of {RAFOLA_LABELS[label].lower()}."
        part = ("train", "train", "dev", "train", "test", "train")[number // len(RAFOLA_LABELS)]
        marks = [int(k == label) for k in range(len(RAFOLA_LABELS))]
        rows.append({"index": number, "content": told, "labels": marks, "set": part, "rationales": [["x", 1]]})
    return rows
