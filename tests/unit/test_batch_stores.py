"""Where runs keep their files: whole files or none, on this machine and on any filesystem that fsspec opens."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.batch.cluster import OnCluster
from service.batch.scoring import Loading
from service.batch.stores import BatchRefusedError, LocalStore, RemoteStore, Store, is_remote, open_store
from tests.cli_fakes import load_fake


@pytest.fixture(params=["local", "remote"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "local":
        yield LocalStore(tmp_path)
        return
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    yield RemoteStore("memory://bucket/runs")
    memory.store.clear()


def test_written_file_is_read_whole_and_in_part(store: Store) -> None:
    store.write("run/shards/1", b"0123456789")
    assert store.read("run/shards/1") == b"0123456789"
    assert [store.read("run/shards/1", *part) for part in ((2, 5), (8, 20), (10, 20))] == [b"234", b"89", b""]
    assert store.exists("run/shards/1")
    assert store.exists("run/shards")


def test_missing_file_is_said_to_be_missing(store: Store) -> None:
    assert not store.exists("run/none")
    with pytest.raises(FileNotFoundError):
        store.read("run/none")


def test_file_is_replaced(store: Store) -> None:
    store.write("a", b"old")
    store.write("a", b"new")
    assert store.read("a") == b"new"


def test_unfinished_file_does_not_appear_and_the_old_one_stays(store: Store) -> None:
    store.write("a", b"old")

    def stop() -> None:
        with store.create("a", "run/.a.tmp") as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert store.read("a") == b"old"
    assert not store.exists("run/.a.tmp")


def test_folder_is_removed_with_all_in_it(store: Store) -> None:
    store.write("run/shards/1", b"x")
    store.remove("run")
    store.remove("run")
    assert not store.exists("run/shards/1")


def test_store_is_opened_again_by_its_url(store: Store) -> None:
    store.write("a", b"x")
    assert open_store(store.url).read("a") == b"x"


@pytest.mark.parametrize(
    ("place", "remote"),
    [("out.jsonl", False), ("/data/out.jsonl", False), ("file:///data/out", False), ("s3://bucket/out.jsonl", True)],
)
def test_address_is_told_from_a_path(place: str, remote: bool) -> None:
    assert is_remote(place) is remote


@pytest.mark.parametrize("url", ["nosuchfilesystem://bucket/out"])
def test_unknown_kind_of_address_is_refused(url: str) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(BatchRefusedError, match="nosuchfilesystem"):
        open_store(url)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(BatchRefusedError, match=r"tellsign\[cluster\]"):
        open_store("s3://bucket/out")


def test_cluster_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BatchRefusedError, match=r"the extra 'cluster': pip install 'tellsign\[cluster\]'"):
        OnCluster("tcp://127.0.0.1:1", Loading(load_fake))


def test_what_killed_processes_left_is_tidied_away(store: Store) -> None:
    for name in ("run/shards/000/.000001.jsonl.77.tmp", "run/shards/000/000001.jsonl", "run/.output.tmp"):
        store.write(name, b"x")
    store.tidy("run")
    assert not store.exists("run/shards/000/.000001.jsonl.77.tmp")
    assert not store.exists("run/.output.tmp")
    assert store.exists("run/shards/000/000001.jsonl")
