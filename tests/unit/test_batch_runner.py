"""A batch run: every document has its line, whatever happens on the way, and always the same line."""

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson
import pytest

from classifier.document import Document
from service.batch.cutting import Job, Placed, cut
from service.batch.engines import InProcess
from service.batch.extensions import Extensions, Link
from service.batch.inputs import Found, OnceInputs
from service.batch.items import DeadLetter, Incoming, Item, ReadOptions
from service.batch.run_folder import RunFolder
from service.batch.runner import Mode, Plan, run_batch
from service.batch.stores import BatchRefusedError, LocalStore
from service.commands.progress import Silence
from tests.batch_runs import Heard, QuickAnalyzer, Runs, corpus, line, read_plainly
from tests.cli_fakes import ASSERTED, NOTHING


class StoppedError(Exception):
    """What a test stops a run with."""


class StoppingAfter(Heard):
    """Stops a run when so many documents were scored."""

    def __init__(self, documents: int) -> None:
        super().__init__()
        self._documents = documents

    def advance(self, documents: int, size: int, *, reused: bool = False) -> None:
        super().advance(documents, size, reused=reused)
        if self.scored >= self._documents:
            raise StoppedError


class FullDisk(LocalStore):
    """A folder with room for so many files; the one that is too many is half written."""

    def __init__(self, root: Path, files: int) -> None:
        super().__init__(root)
        self.left = files

    @contextmanager
    def create(self, name: str, temporary: str) -> Iterator[BinaryIO]:
        with super().create(name, temporary) as stream:
            self.left -= 1
            if self.left < 0:
                stream.write(b"half of it")
                raise OSError(errno.ENOSPC, "No space left on device", str(name))
            yield stream


class ById:
    """Takes documents for repeated when what comes before the `/` of their ids was met."""

    settings: Mapping[str, object] = {"by": "id"}

    def __init__(self) -> None:
        self.seen: dict[str, tuple[int, str]] = {}

    def assign(self, document: Document, number: int) -> Link | None:
        name = str(document.id)
        first = self.seen.setdefault(name.split("/", maxsplit=1)[0], (number, name))
        return None if first[1] == name else Link(first[0], first[1], 0.9)


def stop(runs: Runs, documents: int) -> None:
    runs_heard = StoppingAfter(documents)
    plan_listen = runs._listen
    runs._listen = lambda total: runs_heard if total else plan_listen(total)  # type: ignore[method-assign]
    with pytest.raises(StoppedError):
        runs.run()
    runs._listen = plan_listen  # type: ignore[method-assign]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    corpus(tmp_path / "in.jsonl", 200)
    return Runs(tmp_path)


@pytest.fixture
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run over the same input that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    corpus(folder / "in.jsonl", 200)
    undisturbed = Runs(folder)
    undisturbed.run()
    return relative(undisturbed)


def relative(runs: Runs) -> dict[str, bytes]:
    """The files of a run with its folder taken out of the dead letters."""
    return {name: content.replace(str(runs.folder).encode(), b"") for name, content in runs.files().items()}


def ids(runs: Runs) -> list[str]:
    return [orjson.loads(one)["id"] for one in (runs.folder / "out.jsonl").read_bytes().splitlines()]


def letters(runs: Runs) -> list[dict[str, object]]:
    path = runs.folder / "out.dead.jsonl"
    return [orjson.loads(one) for one in path.read_bytes().splitlines()] if path.exists() else []


def test_every_document_has_a_line_or_a_dead_letter(runs: Runs) -> None:
    counts = runs.run()
    dead = {49, 69, 99, 139, 149, 199}
    assert (counts.analysed, counts.dead, counts.duplicates) == (194, 6, 0)
    assert ids(runs) == [f"n-{number}" for number in range(200) if number not in dead]
    assert [letter["line"] for letter in letters(runs)] == [number + 1 for number in sorted(dead)]


@pytest.mark.parametrize("shard_size", [1, 7, 200, 1000])
def test_size_of_shards_does_not_show_in_the_output(
    shard_size: int, runs: Runs, whole: dict[str, bytes], tmp_path: Path
) -> None:
    runs.shard_size = shard_size
    runs.run()
    assert relative(runs) == whole
    assert len(runs.shards()) == -(-200 // shard_size)
    assert not list(tmp_path.rglob("*.tmp"))


def test_long_documents_fill_a_shard_early(tmp_path: Path) -> None:
    """A shard is held in memory, so it is bounded in characters too; the cut depends on the input alone."""
    document = Document("word " * 20_000)
    placed = (Placed(Incoming(document, "in"), 0, number) for number in range(100))
    job = Job(LocalStore(tmp_path), "out.run", "run", "model", shard_size=1000)
    assert [len(spec.rows.read()) for spec in cut(placed, job)] == [80, 20]


def test_manifest_says_what_was_done(runs: Runs) -> None:
    runs.run()
    manifest = orjson.loads((runs.folder / "out.run" / "manifest.json").read_bytes())
    assert manifest["state"] == "finished"
    assert manifest["counts"] == {
        "documents": 200,
        "analysed": 194,
        "dead_letters": 6,
        "duplicates": 0,
        "shards": 13,
    }
    assert manifest["identity"]["model"]["sha256"] == "f" * 64
    assert {"python", "tellsign", "numpy"} <= manifest["identity"]["versions"].keys()
    assert manifest["inputs"]["bytes"] == (runs.folder / "in.jsonl").stat().st_size
    assert manifest["timings"].keys() >= {"started", "finished", "seconds", "documents_per_second"}
    (listed,) = (orjson.loads(one) for one in (runs.folder / "out.run" / "inputs.jsonl").read_bytes().splitlines())
    assert (listed["label"], len(listed["sha256"])) == ("in.jsonl", 64)


def test_no_documents_give_an_empty_output(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    runs = Runs(tmp_path)
    assert (runs.run().analysed, runs.files()) == (0, {"out.jsonl": b""})
    assert runs.run("resume").analysed == 0


def test_all_dead_is_an_empty_output_and_all_dead_letters(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"broken\n" * 40)
    runs = Runs(tmp_path)
    assert (runs.run().dead, runs.files()["out.jsonl"], len(letters(runs))) == (40, b"", 40)


def test_dead_letters_of_an_older_run_do_not_stay(runs: Runs) -> None:
    runs.run()
    corpus(runs.folder / "in.jsonl", 40)
    assert runs.run().dead == 0
    assert list(runs.files()) == ["out.jsonl"]


@pytest.mark.parametrize("documents", [1, 17, 100, 200])
def test_stopped_run_is_resumed_to_the_same_bytes(documents: int, runs: Runs, whole: dict[str, bytes]) -> None:
    stop(runs, documents)
    assert runs.files() == {}
    runs.run("resume")
    assert relative(runs) == whole
    assert runs.heard.reused >= documents
    assert runs.heard.reused + runs.heard.scored == 200


def test_old_output_stays_until_the_new_one_is_whole(runs: Runs) -> None:
    (runs.folder / "out.jsonl").write_bytes(b"old")
    stop(runs, 100)
    assert runs.files() == {"out.jsonl": b"old"}


def test_resume_begins_where_nothing_was_begun(runs: Runs, whole: dict[str, bytes]) -> None:
    runs.run("resume")
    assert relative(runs) == whole


def test_resume_of_a_finished_run_scores_nothing(runs: Runs, whole: dict[str, bytes]) -> None:
    runs.run()
    (runs.folder / "out.jsonl").unlink()
    runs.run("resume")
    assert (relative(runs), runs.heard.scored) == (whole, 0)


def test_unfinished_run_is_not_begun_anew_by_mistake(runs: Runs) -> None:
    stop(runs, 50)
    with pytest.raises(BatchRefusedError, match="not finished; add --resume"):
        runs.run()


@pytest.mark.parametrize("files", range(0, 24, 2))
def test_full_disk_ends_a_run_that_can_be_resumed(files: int, runs: Runs, whole: dict[str, bytes]) -> None:
    runs.store = FullDisk(runs.folder, files)
    if files < 20:
        with pytest.raises(OSError, match="No space left"):
            runs.run()
    else:
        runs.run()
    assert not list(runs.folder.rglob("*.tmp"))
    runs.store = None
    runs.run("resume")
    assert relative(runs) == whole


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"n-", b"m-", 1))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(damage, id="other bytes"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-40]), id="cut off"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(b'{"shard": 3}\n'), id="no record"),
        pytest.param(lambda path: path.write_bytes(path.with_name("000004.jsonl").read_bytes()), id="another's"),
        pytest.param(lambda path: path.unlink(), id="gone"),
    ],
)
@pytest.mark.parametrize("number", [0, 5, 12])
def test_damaged_shard_is_done_again(
    number: int, spoil: Callable[[Path], None], runs: Runs, whole: dict[str, bytes]
) -> None:
    runs.run()
    spoil(runs.shards()[number])
    runs.run("resume")
    assert relative(runs) == whole
    assert runs.heard.scored == (8 if number == 12 else 16)


def test_shard_of_a_run_with_other_options_is_not_taken(runs: Runs, tmp_path: Path) -> None:
    runs.run()
    stale = runs.shards()[3].read_bytes()
    corpus(tmp_path / "in.jsonl", 200, broken=1000)
    runs.run()
    fresh = runs.files()
    runs.shards()[3].write_bytes(stale)
    runs.run("resume")
    assert runs.files() == fresh


def grow(runs: Runs) -> None:
    with (runs.folder / "in.jsonl").open("ab") as stream:
        stream.write(line("late"))


def come(runs: Runs) -> None:
    runs.names.append("more.jsonl")
    (runs.folder / "more.jsonl").write_bytes(line("x"))


def go(runs: Runs) -> None:
    (runs.folder / "in.jsonl").rename(runs.folder / "other.jsonl")
    runs.names = ["other.jsonl"]


def set_options(runs: Runs) -> None:
    runs.options = ReadOptions(text_field="body")


def set_size(runs: Runs) -> None:
    runs.shard_size = 20


def set_duplicates(runs: Runs) -> None:
    runs.extensions = Extensions(ById())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(grow, "in.jsonl changed", id="file changed"),
        pytest.param(come, "more.jsonl is new", id="file came"),
        pytest.param(go, "in.jsonl is gone", id="file went"),
        pytest.param(set_options, 'options was "text" and is "body"', id="options"),
        pytest.param(set_size, "shard_size was 16 and is 20", id="size of shards"),
        pytest.param(set_duplicates, "duplicates was null", id="finding of duplicates"),
    ],
)
def test_run_over_something_else_is_not_resumed(change: Callable[[Runs], None], says: str, runs: Runs) -> None:
    stop(runs, 100)
    change(runs)
    with pytest.raises(BatchRefusedError, match=says) as refused:
        runs.run("resume")
    assert "out.run" in str(refused.value)


def test_run_with_another_model_is_not_resumed(runs: Runs) -> None:
    runs.run()
    path = runs.folder / "out.run" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"' + b"f" * 64, b'"' + b"e" * 64))
    with pytest.raises(BatchRefusedError, match='model sha256 was "eee'):
        runs.run("resume")


def test_two_runs_do_not_write_one_output(runs: Runs) -> None:
    with runs.run_folder().lock(), pytest.raises(BatchRefusedError, match="another run is at work"):
        runs.run()
    assert runs.run().analysed == 194


@pytest.mark.parametrize("content", [b"{", b'{"format": 99}'], ids=["no JSON", "another format"])
def test_manifest_of_something_else_is_refused_and_kept(content: bytes, runs: Runs) -> None:
    path = runs.folder / "out.run" / "manifest.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(BatchRefusedError, match="to start anew"):
        runs.run()
    assert path.read_bytes() == content


def once(folder: Path, count: int, mode: Mode = "new") -> Plan:
    items = (Incoming(Document(ASSERTED, str(number)), "stdin", number) for number in range(count))
    return Plan(OnceInputs(items, "standard input"), RunFolder(LocalStore(folder), "out.jsonl"), mode=mode)


@pytest.mark.parametrize("mode", ["resume", "retry"])
def test_stream_is_not_resumed_and_the_reason_is_said(mode: Mode, tmp_path: Path) -> None:
    with pytest.raises(BatchRefusedError, match="standard input cannot be read a second time"):
        run_batch(once(tmp_path, 3, mode), InProcess(QuickAnalyzer()), progress=Silence)


def test_stopped_run_over_a_stream_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        run_batch(once(tmp_path, 600), InProcess(QuickAnalyzer()), progress=lambda _: StoppingAfter(256))
    assert list(tmp_path.iterdir()) == []


def test_stream_is_scored(tmp_path: Path) -> None:
    counts = run_batch(once(tmp_path, 600), InProcess(QuickAnalyzer()), progress=Silence)
    assert counts.analysed == len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 600


def test_repeated_documents_carry_the_analysis_of_the_first(tmp_path: Path) -> None:
    texts = {"a": ASSERTED, "b": NOTHING, "a/1": ASSERTED, "b/1": NOTHING, "a/2": ASSERTED, "c": " ", "c/1": " "}
    (tmp_path / "in.jsonl").write_bytes(b"".join(line(name, text) for name, text in texts.items()))
    runs = Runs(tmp_path, shard_size=2, extensions=Extensions(ById()))
    counts = runs.run()
    rows = {row["id"]: row for row in map(orjson.loads, (tmp_path / "out.jsonl").read_bytes().splitlines())}
    assert (counts.analysed, counts.dead, counts.duplicates) == (5, 2, 3)
    assert list(rows) == ["a", "b", "a/1", "b/1", "a/2"]
    assert rows["a/2"]["duplicate_of"] == {"id": "a", "similarity": 0.9}
    assert "duplicate_of" not in rows["a"]
    assert rows["a/2"] | {"id": "a"} == rows["a"] | {"duplicate_of": rows["a/2"]["duplicate_of"]}
    assert [(letter["id"], letter["code"]) for letter in letters(runs)] == [("c", "empty_text"), ("c/1", "empty_text")]


def test_only_first_documents_are_scored(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"".join(line(f"a/{number}" if number else "a") for number in range(100)))
    analyzer = QuickAnalyzer()
    runs = Runs(tmp_path, engine=InProcess(analyzer), extensions=Extensions(ById()))
    assert (runs.run().duplicates, sum(analyzer.turns)) == (99, 1)


def test_resume_finds_the_same_repeated_documents(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"".join(line(f"{n % 40}/{n}" if n >= 40 else str(n)) for n in range(160)))
    runs = Runs(tmp_path, extensions=Extensions(ById()))
    runs.run()
    before = runs.files()
    runs.shards()[4].unlink()
    runs.extensions = Extensions(ById())
    runs.run("resume")
    assert (runs.files(), runs.heard.scored) == (before, 16)


class Counting:
    """A finisher that reads the run."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, bool]] = []

    def finish(self, run: RunFolder) -> None:
        results = list(run.results())
        dead = sum(result.dead for result in results)
        self.seen.append((run.manifest["counts"]["documents"], len(results) - dead, run.store.exists(run.output)))


def test_finisher_reads_the_finished_run(runs: Runs) -> None:
    finisher = Counting()
    runs.extensions = Extensions(finishers=[finisher])
    runs.run()
    assert finisher.seen == [(200, 194, True)]


def mend(runs: Runs, content: bytes) -> None:
    (runs.folder / "bad.jsonl").write_bytes(content)


def with_bad_file(runs: Runs, content: bytes) -> None:
    """Run over a file with documents, one that is `content`, and another one with documents."""
    corpus(runs.folder / "in.jsonl", 40, broken=1000)
    (runs.folder / "last.jsonl").write_bytes(line("last"))
    runs.names = ["in.jsonl", "bad.jsonl", "last.jsonl"]
    mend(runs, content)
    runs.run()


def test_retry_scores_nothing_but_dead_letters(runs: Runs) -> None:
    runs.run()
    before = runs.files()
    analyzer = QuickAnalyzer()
    runs.engine = InProcess(analyzer)
    assert runs.run("retry").dead == 6
    # Two are blank texts, which an analyzer has to see; four lines are broken.
    assert (sum(analyzer.turns), runs.files()) == (2, before)


@pytest.mark.parametrize("count", [1, 2, 5], ids="{} documents".format)
def test_mended_file_takes_the_place_of_its_dead_letters(count: int, runs: Runs) -> None:
    with_bad_file(runs, b"broken\nbroken\n")
    assert [letter["line"] for letter in letters(runs)] == [1, 2]
    mend(runs, b"".join(line(f"new-{number}") for number in range(count)))
    counts = runs.run("retry")
    assert (counts.analysed, counts.dead) == (41 + count, 0)
    assert ids(runs)[40:] == [*(f"new-{number}" for number in range(count)), "last"]
    assert not (runs.folder / "out.dead.jsonl").exists()
    again = runs.files()
    assert runs.run("resume").analysed == 41 + count
    assert runs.files() == again


@pytest.mark.parametrize("letters_before", [1, 2, 3])
def test_file_that_is_mended_in_part_can_be_retried_again(letters_before: int, runs: Runs) -> None:
    with_bad_file(runs, b"broken\n" * letters_before)
    mend(runs, line("one") + b"broken\n" + line("three"))
    assert (runs.run("retry").dead, ids(runs)[40:]) == (1, ["one", "three", "last"])
    assert runs.run("retry").dead == 1
    assert ids(runs)[40:] == ["one", "three", "last"]


def test_damaged_shard_after_a_retry_is_not_guessed_at(runs: Runs) -> None:
    with_bad_file(runs, b"broken\n" * 40)
    mend(runs, line("new"))
    runs.run("retry")
    runs.shards()[3].unlink()
    with pytest.raises(BatchRefusedError, match="shard 3 is damaged or gone, and dead letters were retried"):
        runs.run("resume")


def test_retry_refuses_a_changed_file_that_has_results(runs: Runs) -> None:
    with_bad_file(runs, b"broken\n" + line("good"))
    mend(runs, line("mended") + line("good"))
    with pytest.raises(BatchRefusedError, match=r"bad.jsonl changed .* not all of it is dead letters"):
        runs.run("retry")


def test_retry_refuses_when_files_came_or_went(runs: Runs) -> None:
    with_bad_file(runs, b"broken\n")
    runs.names.remove("in.jsonl")
    with pytest.raises(BatchRefusedError, match="files came or went"):
        runs.run("retry")


def test_retry_needs_a_finished_run(runs: Runs) -> None:
    with pytest.raises(BatchRefusedError, match="there is no run"):
        runs.run("retry")
    stop(runs, 50)
    with pytest.raises(BatchRefusedError, match="not finished, resume it first"):
        runs.run("retry")


def test_retry_that_was_stopped_goes_on(runs: Runs) -> None:
    with_bad_file(runs, b"broken\n" * 40)
    mend(runs, b"".join(line(f"new-{number}") for number in range(40)))
    runs.store = FullDisk(runs.folder, 5)
    with pytest.raises(OSError, match="No space left"):
        runs.run("retry")
    runs.store = None
    assert runs.run("retry").analysed == 81


def test_what_repeats_a_document_that_was_replaced_says_so(tmp_path: Path) -> None:
    """It is not given the analysis of a text that it does not repeat."""
    (tmp_path / "a.jsonl").write_bytes(line("a", " "))
    (tmp_path / "b.jsonl").write_bytes(line("a/1", " "))
    runs = Runs(tmp_path, ["a.jsonl", "b.jsonl"], extensions=Extensions(ById()))
    runs.run()
    assert [letter["code"] for letter in letters(runs)] == ["empty_text", "empty_text"]
    (tmp_path / "a.jsonl").write_bytes(line("a", ASSERTED))
    runs.run("retry")
    assert (ids(runs), [letter["code"] for letter in letters(runs)]) == (["a"], ["repeats_replaced"])


def test_run_whose_retry_was_refused_can_be_begun_anew(runs: Runs) -> None:
    with_bad_file(runs, b"broken\n" + line("good"))
    mend(runs, line("mended") + line("good"))
    with pytest.raises(BatchRefusedError, match="run anew"):
        runs.run("retry")
    assert runs.run().dead == 0


class TiredReader:
    """Gives up inside `long.jsonl` the first time, as a reader does that takes too much memory."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, files: Iterable[Found], options: ReadOptions) -> Iterator[Item]:
        self.times += 1
        for item in read_plainly(files, options):
            tired = self.times == 1 and item.source.endswith("long.jsonl")
            if not tired or (item.line or 0) < 5:
                yield item
            elif item.line == 5:
                yield DeadLetter(item.source, None, None, "too_large", "the reading process ran out of memory")


def test_rest_of_a_file_comes_with_the_retry_of_a_reader_that_gave_up(runs: Runs) -> None:
    corpus(runs.folder / "long.jsonl", 30)
    (runs.folder / "last.jsonl").write_bytes(line("last"))
    runs.names, runs.read = ["long.jsonl", "last.jsonl"], TiredReader()
    assert runs.run().analysed == 5
    assert [letter["code"] for letter in letters(runs)] == ["too_large"]
    assert (runs.run("retry").analysed, ids(runs)) == (31, [*(f"n-{number}" for number in range(30)), "last"])
    assert runs.heard.scored == 6
