"""Names of uploads and settings of jobs: nothing that is sent chooses where a file goes."""

from pathlib import Path

import pytest

from service.batch.jobs_inputs import safe_name
from service.batch.jobs_records import JobOptions, JobRecord, read_record, save_record
from service.batch.jobs_settings import load_jobs_settings
from service.settings import SettingsError


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param("ads.csv", "ads.csv", id="plain"),
        pytest.param("../../etc/ads.csv", "ads.csv", id="folders"),
        pytest.param("C:\\Users\\ana\\ads.csv", "ads.csv", id="folders of Windows"),
        pytest.param(".hidden.csv", "hidden.csv", id="hidden"),
        pytest.param("-o", "o", id="like an option"),
        pytest.param("..", "upload", id="dots alone"),
        pytest.param("a\x00b\n.txt", "a_b_.txt", id="controls"),
        pytest.param("Mäkelä май.txt", "Mäkelä май.txt", id="letters of any script"),
        pytest.param("x" * 300 + ".jsonl", "x" * 48 + ".jsonl", id="too long"),
        pytest.param("." + "х" * 300, "х" * 48, id="too long without a suffix"),
    ],
)
def test_name_of_an_upload_is_a_plain_file_name(given: str, name: str) -> None:
    assert safe_name(given) == name


@pytest.mark.parametrize(
    ("folder", "roots"),
    [
        pytest.param(None, "dumps", id="not absolute"),
        pytest.param(None, "{here}/none", id="not there"),
        pytest.param(None, "/", id="everything"),
        pytest.param("{here}/jobs", "{here}", id="root around the jobs"),
        pytest.param("{here}", "{here}/dumps", id="jobs around a root"),
    ],
)
def test_folders_that_jobs_could_misuse_are_refused(folder: str | None, roots: str, tmp_path: Path) -> None:
    (tmp_path / "dumps").mkdir()
    chosen = None if folder is None else Path(folder.format(here=tmp_path))
    with pytest.raises(SettingsError, match="TELLSIGN_JOBS_"):
        load_jobs_settings(folder=chosen, roots=roots.format(here=tmp_path))


def test_several_folders_are_named_with_commas(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    settings = load_jobs_settings(roots=f"{tmp_path / 'a'}, {tmp_path / 'b'}")
    assert settings.root_paths == (tmp_path / "a", tmp_path / "b")


def test_record_is_read_as_it_was_saved(tmp_path: Path) -> None:
    record = JobRecord(tmp_path.name, "ana", "upload", "a.txt", JobOptions(metadata_fields=("site",)))
    save_record(tmp_path, record)
    assert read_record(tmp_path) == record


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"id": "x"}'])
def test_record_that_is_none_is_passed_over(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_bytes(content)
    assert read_record(tmp_path) is None
