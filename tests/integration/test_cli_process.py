"""The command line as a process of its own: signals, pipes, a real terminal, and what it imports."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import orjson
import pytest

from tests import cli_fakes
from tests.cli_fakes import ASSERTED, NOTHING

ROOT = Path(__file__).parents[2]
# Seconds after which a process that should have ended is a failure.
PATIENCE = 60
# More shards than the workers hold at once, so that results are written while the input stays open.
LINES = b"".join(orjson.dumps({"text": NOTHING}) + b"\n" for _ in range(16 * 10))
COMMAND = (sys.executable, cli_fakes.__file__)


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)} | more


@contextmanager
def running(folder: Path, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Score standard input into `out.jsonl`; in the block results are being written and the input is still open."""
    command = [*COMMAND, "score", "-", "--jsonl", "--output", "out.jsonl", "--shard-size", "16", *options]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A test run in the background ignores Ctrl-C, and its children would inherit that.
    started = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=folder, env=environment(), preexec_fn=started, **pipes) as process:  # type: ignore[call-overload]  # noqa: PLW1509 - no threads here
        try:
            assert process.stdin is not None
            process.stdin.write(LINES)
            process.stdin.flush()
            while not list(folder.glob("out.run/shards/000/000*.jsonl")):
                assert process.poll() is None, "the run ended although its input is open"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_run_over_a_stream_leaves_no_file(number: signal.Signals, code: int, jobs: str, tmp_path: Path) -> None:
    """It could not be resumed."""
    with running(tmp_path, "--jobs", jobs) as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert b"Traceback" not in errors
    assert b"interrupted; out.jsonl was not written" in errors
    assert list(tmp_path.iterdir()) == []


def test_run_stopped_by_ctrl_c_says_how_it_goes_on(tmp_path: Path) -> None:
    """Ctrl-C reaches the whole group of processes at once, as on a terminal."""
    (tmp_path / "in.jsonl").write_bytes(LINES * 30)
    command = [*COMMAND, "score", "in.jsonl", "--output", "out.jsonl", "--shard-size", "16", "--jobs", "2"]
    started = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes = {"stderr": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), preexec_fn=started, **pipes) as process:  # type: ignore[call-overload]  # noqa: PLW1509 - no threads here
        while not list(tmp_path.glob("out.run/shards/000/*.jsonl")):
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, b"Traceback" in errors) == (130, False)
    assert b"repeat the command with --resume to go on" in errors
    done = subprocess.run([*command, "--resume"], cwd=tmp_path, env=environment(), check=True, timeout=2 * PATIENCE)
    assert done.returncode == 0
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 160 * 30


def test_killed_run_leaves_nothing_under_the_final_name_and_no_worker(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    with running(tmp_path, "--jobs", "2") as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 2
        process.kill()
        _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert alive == []
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_reader_that_goes_away_ends_the_run_without_a_traceback(jobs: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(LINES)
    command = [*COMMAND, "score", "in.jsonl", "--jobs", jobs]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(PATIENCE) == 1
    assert errors == b""


def on_terminal(*arguments: str, **more: str) -> str:
    """Return what a terminal of 100 columns shows for a command line."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    # The terminal says how wide it is; a variable left by the test runner would overrule it.
    settings = {name: value for name, value in environment(**more).items() if name not in {"COLUMNS", "LINES"}}
    settings["TERM"] = "xterm-256color"
    with subprocess.Popen([*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=settings) as process:
        os.close(theirs)
        shown = b"".join(read_until_closed(ours))
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    return shown.decode()


def read_until_closed(handle: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(handle, 65_536)
        except OSError:
            # How Linux says that the other side of a terminal is closed.
            return
        if not piece:
            return
        yield piece


def test_terminal_shows_colour_and_no_control_of_the_text() -> None:
    shown = on_terminal("score", f"{ASSERTED} \x1b]0;title\x07 [blink]x[/blink]", NO_COLOR="")
    assert "\x1b[1;4;38;5;" in shown
    assert r"\x1b]0;title\x07 [blink]x[/blink]" in shown
    assert "\x1b]" not in shown


def test_no_color_is_respected_on_a_terminal() -> None:
    shown = on_terminal("score", ASSERTED, NO_COLOR="1")
    assert "keeps our passports" in shown
    assert not re.search(r"\x1b\[[\d;]*\b3\d\b", shown)


def test_live_progress_is_wiped_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(LINES)
    shown = on_terminal("score", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl"))
    assert "160 documents" in shown
    assert shown.rstrip().endswith("out.run")
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 160


@pytest.mark.parametrize("command", ["train", "budget", "taxonomy"])
def test_one_thread_is_asked_for_before_numpy_loads(command: str) -> None:
    """Sums in another order change the last digits; the setting is read once, when the library loads."""
    script = (
        "import os, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'numpy':\n"
        "            print('numpy with', os.environ.get('OPENBLAS_NUM_THREADS'), file=sys.stderr)\n"
        "sys.meta_path.insert(0, Watch())\n"
        "from dataclasses import replace\n"
        "from service.cli import app\n"
        "from service.commands.ports import Ports\n"
        "app(prog_name='tellsign', obj=replace(Ports(), run_extra=lambda name, arguments: 0))\n"
    )
    unset = {name: value for name, value in environment().items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", script, command], env=unset, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert done.stderr.splitlines()[0] == "numpy with 1"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["score", "--help"], ["keys", "list", "--help"]], ids=" ".join
)
def test_help_does_not_wait_for_heavy_libraries(arguments: Sequence[str]) -> None:
    script = (
        "import sys, atexit\n"
        "heavy = ('spacy', 'numpy', 'sklearn', 'fastapi', 'datasets', 'classifier')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules]))\n"
        "from service.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.splitlines()[-1] == "[]"
