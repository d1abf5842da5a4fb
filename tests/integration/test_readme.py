"""The README's tagged blocks do what it says; its other blocks hold only make targets."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
ADDRESS = "127.0.0.1:8000"
FENCE = re.compile(
    r"^(?P<tag><!-- run -->\n)?```(?P<language>bash|python)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)

pytestmark = pytest.mark.slow


class Block(NamedTuple):
    """One fenced block of the README."""

    tagged: bool
    language: str
    code: str


def read_blocks(markdown: str) -> list[Block]:
    return [Block(bool(match["tag"]), match["language"], match["code"]) for match in FENCE.finditer(markdown)]


BLOCKS = read_blocks((ROOT / "README.md").read_text(encoding="utf-8"))
TAGGED = [block for block in BLOCKS if block.tagged]
UNTAGGED = [block for block in BLOCKS if not block.tagged]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader stands: one folder for all blocks, so a file made by one is there for the next."""
    return tmp_path_factory.mktemp("reader")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A reader's shell with the virtual environment switched on and no settings of this project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELLSIGN_")}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120"}


@pytest.fixture(scope="module")
def address(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Host and port of a server started with `tellsign serve` for this module."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["tellsign", "serve", "--port", str(port)],  # noqa: S607 - the command as the reader types it
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz", server, log)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def wait_until_ready(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return at the first 200; fail with the server's log when it ends or a minute passes."""
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
        except (urllib.error.URLError, ConnectionError):
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not get ready:\n{log.read_text(encoding='utf-8', errors='replace')}")


@pytest.mark.parametrize("block", TAGGED, ids=[block.code.splitlines()[0][:60] for block in TAGGED])
def test_block_runs(block: Block, folder: Path, environment: dict[str, str], request: pytest.FixtureRequest) -> None:
    code = block.code
    if ADDRESS in code:
        code = code.replace(ADDRESS, request.getfixturevalue("address"))
    interpreter = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-W", "error", "-c"]}
    finished = subprocess.run(
        [*interpreter[block.language], code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, f"{finished.stdout}\n{finished.stderr}"
    assert finished.stdout.strip(), "the reader sees nothing"


def test_blocks_that_are_not_run_hold_only_make_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    lines = [line for block in UNTAGGED for line in block.code.splitlines() if line.strip()]
    assert [line for line in lines if not re.match(rf"make (?:{'|'.join(targets)})\b", line)] == []


def test_readme_shows_http_command_line_and_python() -> None:
    code = [block.code for block in TAGGED]
    assert any("curl" in text for text in code)
    assert any("tellsign score" in text for text in code)
    assert any(block.language == "python" for block in TAGGED)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_linked_files_exist(name: str) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
