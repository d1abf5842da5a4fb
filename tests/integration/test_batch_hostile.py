"""Files that are made to do harm end as a document or a reason, within the limits, and the run goes on behind them."""

import signal
from collections import defaultdict
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from service.batch.items import DeadLetter, Incoming, Item, ReadOptions
from service.batch.limits import ReadLimits
from service.batch.reader_process import ReaderError
from service.batch.sources import find_files, read_files
from tests.batch_files import FIRST, MIB, damaged, samples, tarred, zipped
from tests.batch_hostile import ANY, FATES, write_hostile

TIGHT = ReadLimits(
    stall_seconds=10,
    document_seconds=5,
    memory_bytes=1200 * MIB,
    whole_bytes=8 * MIB,
    spool_bytes=16 * MIB,
    ratio=100,
    ratio_free_bytes=4 * MIB,
    depth=5,
    members=200,
    pages=50,
    cells=100_000,
)
FAKES = "tests.hostile_readers:READERS"
QUICK = ReadLimits(stall_seconds=0.8, document_seconds=0.5)


def read(folder: Path, limits: ReadLimits = TIGHT, **options: str) -> list[Item]:
    return list(read_files(find_files([folder]), ReadOptions(), limits=limits, **options))


def by_file(items: list[Item]) -> dict[str, list[Item]]:
    found = defaultdict(list)
    for item in items:
        found[Path(item.source).name].append(item)
    return dict(found)


def codes(items: list[Item]) -> set[str]:
    return {item.code for item in items if isinstance(item, DeadLetter)}


def texts(items: list[Item]) -> list[str]:
    return [item.document.text for item in items if isinstance(item, Incoming)]


@pytest.mark.slow
def test_hostile_corpus_ends_as_results_or_reasons(tmp_path: Path) -> None:
    files = write_hostile(tmp_path)
    assert len(files) >= 120
    items = read(tmp_path)
    found = by_file(items)
    # An empty table and an empty list of lines hold no documents, and that is no fault.
    silent = {path.name for path in files} - set(found)
    assert silent <= {"empty-jsonl.jsonl", "no-rows.parquet"} | {
        name for name in silent if name.startswith("cut-third")
    }
    wrong: dict[str, tuple[str | None, set[str]]] = {}
    for name, fate in FATES.items():
        seen = codes(found.get(name, []))
        if fate is None and (seen or name not in found):
            wrong[name] = (fate, seen)
        if fate not in {None, ANY} and fate not in seen:
            wrong[name] = (fate, seen)
    assert wrong == {}
    assert [Path(name).name for name in dict.fromkeys(item.source for item in items)] == sorted(found)
    # What an entity of one file points at is never read.
    assert not any("/bin/" in text for text in texts(items))


def test_broken_files_read_the_same_twice(tmp_path: Path) -> None:
    for name, raw in damaged():
        (tmp_path / name).write_bytes(raw)
    assert read(tmp_path) == read(tmp_path)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Good files around one that does harm, which the test adds."""
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "z.txt").write_text("last")
    return tmp_path


@pytest.mark.parametrize(
    ("suffix", "code"),
    [
        pytest.param("md", "too_slow", id="waiting without end"),
        pytest.param("eml", "too_slow", id="computing without progress"),
        pytest.param("html", "too_slow", id="progress without end"),
        pytest.param("mbox", "reader_ended", id="killed by the kernel"),
        pytest.param("tsv", "reader_failed", id="unforeseen error"),
        pytest.param("csv", "out_of_memory", id="too much memory"),
    ],
)
def test_file_that_ends_the_process_costs_only_itself(suffix: str, code: str, dump: Path) -> None:
    (dump / f"b.{suffix}").write_text("x")
    first, letter, last = read(dump, QUICK, readers=FAKES)
    assert texts([first, last]) == ["first", "last"]
    assert isinstance(letter, DeadLetter)
    assert (letter.code, letter.id, letter.source) == (code, f"b.{suffix}", str(dump / f"b.{suffix}"))


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
def test_member_that_ends_the_process_costs_only_itself(pack: object, dump: Path) -> None:
    members = {"1.txt": b"one", "2.mbox": b"x", "3.jsonl": b"l1\nl2\n", "4.tsv": b"x", "5.txt": b"five"}
    assert callable(pack)
    (dump / "b.pack").write_bytes(pack(members))
    items = read(dump, QUICK, readers=FAKES)
    assert texts(items) == ["first", "one", "l1", "l2", "five", "last"]
    assert [(item.code, item.member) for item in items if isinstance(item, DeadLetter)] == [
        ("reader_ended", "2.mbox"),
        ("reader_failed", "4.tsv"),
    ]


def test_members_behind_too_many_deadly_ones_are_not_read(dump: Path) -> None:
    members = {"0.txt": b"zero", **{f"{n}.mbox": b"x" for n in range(1, 6)}, "6.txt": b"six"}
    (dump / "b.zip").write_bytes(zipped(members))
    items = read(dump, ReadLimits(crashes=2), readers=FAKES)
    assert texts(items) == ["first", "zero", "last"]
    assert [item.member for item in items if isinstance(item, DeadLetter)] == list(members)[1:]
    assert codes(items) == {"reader_ended"}


def test_what_a_library_prints_does_not_get_between_the_answers(dump: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (dump / "b.json").write_text("x")
    assert texts(read(dump, QUICK, readers=FAKES)) == ["first", "quiet", "last"]
    assert capfd.readouterr() == ("", "")


def test_long_file_before_a_crash_is_delivered_once(dump: Path) -> None:
    (dump / "b.jsonl").write_text("".join(f"line {n}\n" for n in range(1000)))
    (dump / "c.mbox").write_text("x")
    items = read(dump, QUICK, readers=FAKES)
    assert texts(items) == ["first", *(f"line {n}" for n in range(1000)), "last"]
    assert codes(items) == {"reader_ended"}


def test_closing_the_generator_ends_the_process(dump: Path) -> None:
    items = read_files(find_files([dump]), ReadOptions())
    assert texts([next(items)]) == ["first"]
    readers = [child for child in psutil.Process().children() if "service.batch.reading" in " ".join(child.cmdline())]
    assert len(readers) == 1
    items.close()  # type: ignore[attr-defined] # read_files is a generator
    assert not readers[0].is_running()


def test_process_killed_between_files_is_replaced(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number:03}.txt").write_text(f"text {number}")
    items = read_files(find_files([tmp_path]), ReadOptions())
    seen = [next(items)]
    for child in psutil.Process().children():
        if "service.batch.reading" in " ".join(child.cmdline()):
            child.send_signal(signal.SIGKILL)
    seen += items
    # Whatever the process was at when it was killed, nobody sees that it was.
    assert texts(seen) == [f"text {number}" for number in range(100)]


def test_folder_of_a_stranger_is_never_imported_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orjson.py").write_text("raise SystemExit(9)")
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").write_text("raise SystemExit(9)")
    (tmp_path / "a.txt").write_text("fine")
    monkeypatch.chdir(tmp_path)
    assert texts(list(read_files(find_files([Path("a.txt")]), ReadOptions()))) == ["fine"]


def test_process_that_does_not_start_is_an_error_not_a_dead_letter(dump: Path) -> None:
    with pytest.raises(ReaderError, match="does not start"):
        read(dump, QUICK, readers="tests.no_such_module:READERS")


def test_memory_of_the_parent_does_not_grow_with_a_bomb(tmp_path: Path) -> None:
    (tmp_path / "bomb.zip").write_bytes(zipped({f"{n}.txt": bytes(30 * MIB) for n in range(4)}))
    before = psutil.Process().memory_info().rss
    assert codes(read(tmp_path)) <= {"not_text", "unsupported_format", "expands_too_far"}
    assert psutil.Process().memory_info().rss - before < 50 * MIB


def test_samples_come_through_the_process_as_they_are_read(tmp_path: Path) -> None:
    for name, sample in samples().items():
        (tmp_path / f"{name}{sample.suffix}").write_bytes(sample.raw)
    items = read(tmp_path)
    assert codes(items) == set()
    assert len(texts(items)) == sum(len(sample.documents) for sample in samples().values())
    assert any(FIRST in text for text in texts(items))
