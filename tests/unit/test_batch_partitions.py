"""Slices of large files: together they give what reading the whole file gives."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet

from service.batch.engines import InProcess
from service.batch.items import DeadLetter, Incoming, Item, ReadOptions
from service.batch.partitions import ClusterInputs, find_partitions
from service.batch.run_folder import Listed, RunFolder
from service.batch.runner import Mode, Plan, run_batch
from service.batch.slices import Partition, slices, survey_file
from service.batch.sources import find_files, read_files
from service.batch.stores import BatchRefusedError, LocalStore
from service.commands.progress import Silence
from tests.batch_runs import QuickAnalyzer, corpus, line
from tests.cli_fakes import NOTHING

OPTIONS = ReadOptions()
NAMELESS = orjson.dumps({"text": NOTHING}) + b"\n"

LINES = {
    "documents": b"".join(line(f"n-{number}") for number in range(20)),
    "no ids": NAMELESS * 20,
    "blank lines": (b"\n" * 3 + line("a") + b"  \n" + NAMELESS) * 8 + b"\n\n",
    "broken lines": (b"broken\n" + NAMELESS + b'{"id": 3}\n' + b'{"text": 5}\n') * 6,
    "no line feed at the end": NAMELESS * 9 + NAMELESS.strip(),
    "byte order mark": b"\xef\xbb\xbf" + NAMELESS * 20,
    "UTF-16": (NAMELESS * 20).decode().encode("utf-16"),
    "empty": b"",
    "blank": b"\n\n\n",
}


def survey(files: Iterable[Partition], options: ReadOptions, shard_size: int) -> Iterator[Listed]:
    return (survey_file(file, options, shard_size) for file in files)


def in_slices(path: Path, size: int) -> list[list[Item]]:
    listed = survey_file(Partition(str(path), path.name), OPTIONS, size)
    return [list(part.read()) for part in slices(listed, OPTIONS)]


def facts(items: Iterable[Item]) -> list[object]:
    """Everything but the bytes taken up, which only serve progress."""
    return [
        item.to_json() if isinstance(item, DeadLetter) else (item.document, item.source, item.line, item.charset)
        for item in items
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of file, to be read whole by one reading process."""
    made = tmp_path_factory.mktemp("files")
    for number, content in enumerate(LINES.values()):
        (made / f"{number}.jsonl").write_bytes(content)
    columns = {"id": [f"r-{n}" if n % 3 else None for n in range(50)], "text": [NOTHING] * 25 + [""] * 5 + [None] * 20}
    parquet.write_table(pa.table(columns), made / "rows.parquet", row_group_size=7)
    parquet.write_table(pa.table({"words": ["x"]}), made / "unlike.parquet")
    (made / "torn.parquet").write_bytes((made / "rows.parquet").read_bytes()[:-30])
    return made


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in read_files(find_files([folder]), OPTIONS):
        found.setdefault(Path(item.source).name, []).append(item)
    return found


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("number", range(len(LINES)), ids=list(LINES))
def test_slices_of_lines_give_what_the_file_gives(
    number: int, size: int, folder: Path, whole: dict[str, list[Item]]
) -> None:
    path = folder / f"{number}.jsonl"
    parts = in_slices(path, size)
    assert facts(item for part in parts for item in part) == facts(whole.get(path.name, []))


@pytest.mark.parametrize("size", [1, 10, 1000])
@pytest.mark.parametrize("name", ["rows", "unlike", "torn"])
def test_slices_of_rows_give_what_the_file_gives(
    name: str, size: int, folder: Path, whole: dict[str, list[Item]]
) -> None:
    path = folder / f"{name}.parquet"
    assert facts(item for part in in_slices(path, size) for item in part) == facts(whole[path.name])


def test_slices_hold_as_many_documents_as_a_shard(tmp_path: Path) -> None:
    path = corpus(tmp_path / "in.jsonl", 100)
    assert [len(part) for part in in_slices(path, 32)] == [32, 32, 32, 4]


def test_bytes_of_the_slices_are_those_of_the_file(tmp_path: Path) -> None:
    path = corpus(tmp_path / "in.jsonl", 100)
    assert sum(item.size for part in in_slices(path, 32) for item in part) == path.stat().st_size


def test_labels_are_those_of_a_local_run(tmp_path: Path) -> None:
    for name in ("a/x.jsonl", "a/b/y.parquet", "a/.hidden.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    assert [found.label for found in find_partitions([str(tmp_path / "a")])] == ["b/y.parquet", "x.jsonl"]
    both = find_partitions([str(tmp_path / "a"), str(tmp_path / "a" / "x.jsonl")])
    assert [found.label for found in both] == ["a/b/y.parquet", "a/x.jsonl", "x.jsonl"]


def test_files_at_an_address_are_found_and_read(tmp_path: Path) -> None:
    memory = pytest.importorskip("fsspec").filesystem("memory")
    memory.pipe_file("/dump/2/b.jsonl", line("b"))
    memory.pipe_file("/dump/a.jsonl", line("a"))
    found = list(find_partitions(["memory://dump"]))
    assert [(one.label, one.source) for one in found] == [
        ("2/b.jsonl", "memory://dump/2/b.jsonl"),
        ("a.jsonl", "memory://dump/a.jsonl"),
    ]
    (part,) = slices(survey_file(found[0], OPTIONS, 5), OPTIONS)
    assert [item.document.id for item in part.read() if isinstance(item, Incoming)] == ["b"]
    both = list(find_partitions(["memory://dump", str(corpus(tmp_path / "c.jsonl", 1))]))
    assert [one.label for one in both] == ["c.jsonl", "dump/2/b.jsonl", "dump/a.jsonl"]
    memory.store.clear()
    with pytest.raises(BatchRefusedError, match="nothing at memory://dump"):
        list(find_partitions(["memory://dump"]))


def test_other_formats_are_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").touch()
    with pytest.raises(BatchRefusedError, match=r"a.pdf: a cluster reads \.jsonl and \.parquet"):
        list(find_partitions([str(tmp_path)]))


def run(folder: Path, mode: Mode = "new") -> dict[str, bytes]:
    inputs = ClusterInputs([str(folder / "in.jsonl")], OPTIONS, survey)
    out = RunFolder(LocalStore(folder), "out.jsonl")
    run_batch(Plan(inputs, out, mode=mode, shard_size=16), InProcess(QuickAnalyzer()), progress=Silence)
    return {name: (folder / name).read_bytes() for name in ("out.jsonl", "out.dead.jsonl")}


@pytest.mark.parametrize("mode", ["resume", "retry"])
def test_run_in_slices_goes_on_to_the_same_bytes(mode: Mode, tmp_path: Path) -> None:
    corpus(tmp_path / "in.jsonl", 100)
    before = run(tmp_path)
    (tmp_path / "out.run/shards/000/000002.jsonl").unlink() if mode == "resume" else None
    assert run(tmp_path, mode) == before


def test_changed_file_is_not_retried(tmp_path: Path) -> None:
    corpus(tmp_path / "in.jsonl", 100)
    run(tmp_path)
    corpus(tmp_path / "in.jsonl", 90)
    with pytest.raises(BatchRefusedError, match=r"in\.jsonl changed"):
        run(tmp_path, "retry")
