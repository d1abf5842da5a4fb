"""The example texts of the analyze page, read from `examples.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Example:
    """An invented text: its name in the address, its title on the button, what it shows."""

    name: str
    title: str
    about: str
    text: str


@cache
def load_examples() -> tuple[Example, ...]:
    """All examples, in the order of the page."""
    data = resources.files("service.web").joinpath("examples.toml").read_text(encoding="utf-8")
    return tuple(Example(**table) for table in tomllib.loads(data)["example"])
