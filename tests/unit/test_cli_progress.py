"""Progress on standard error: a line now and then, a bar on a terminal, or nothing."""

from collections.abc import Callable

import pytest

from service.commands.progress import LiveBar, PlainLines, Silence


def steps(*moments: float) -> Callable[[], float]:
    """Return a clock that shows these seconds, one a look."""
    return iter(moments).__next__


def test_plain_progress_speaks_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines(4000, clock=steps(0, 5, 10, 15, 20)) as progress:
        for _ in range(4):
            progress.advance(1000, 500)
    assert capsys.readouterr().err.splitlines() == [
        "tellsign: 2,000 documents, 200/s, 0:00:30 left",
        "tellsign: 4,000 documents, 200/s, 0:00:20 left",
    ]


def test_plain_progress_of_unknown_size_names_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines(None, clock=steps(0, 10)) as progress:
        progress.advance(50, 500)
    assert capsys.readouterr().err == "tellsign: 50 documents, 5/s\n"


@pytest.mark.parametrize("total", [1000, 0, None])
def test_live_bar_leaves_standard_output_alone(total: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    with LiveBar(total) as progress:
        progress.advance(64, 1000)
    assert capsys.readouterr().out == ""


def test_silence_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Silence() as progress:
        progress.advance(1, 1)
    assert capsys.readouterr() == ("", "")


def test_documents_of_an_earlier_session_say_nothing_of_the_speed(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines(1000, clock=steps(0, 5, 10)) as progress:
        progress.advance(900, 900, reused=True)
        progress.advance(50, 50)
    assert capsys.readouterr().err == "tellsign: 950 documents, 5/s, 0:00:10 left\n"
