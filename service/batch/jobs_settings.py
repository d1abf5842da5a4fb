"""What can be set about jobs over HTTP, from `TELLSIGN_JOBS_*` variables."""

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.store.settings import load_as

_GIB = 2**30


class JobsSettings(BaseSettings):
    """Whether people may start batch runs over HTTP, over what, and how much of it is kept.

    Attributes:
        folder: Where uploads and results are kept, made when missing; None takes no jobs.
        roots: Comma-separated absolute folders of this machine whose files jobs may read; empty for uploads alone.
        running: Jobs that run at the same time.
        waiting: Jobs and uploads that wait for their turn; more are refused.
        workers: Worker processes of each job.
        upload_bytes: Largest upload, bytes.
        kept_bytes: All files of all jobs together, bytes; an upload that does not fit any more is refused.
        kept_days: Days after its end at which a job is removed with all its files.
    """

    model_config = SettingsConfigDict(env_prefix="TELLSIGN_JOBS_", frozen=True, extra="forbid", env_ignore_empty=True)

    folder: Path | None = None
    roots: str = ""
    running: int = Field(default=1, ge=1, le=64)
    waiting: int = Field(default=16, ge=1, le=10_000)
    workers: int = Field(default=1, ge=1, le=256)
    upload_bytes: int = Field(default=_GIB, ge=1_024)
    kept_bytes: int = Field(default=20 * _GIB, ge=1_024)
    kept_days: float = Field(default=30.0, gt=0, le=3_650)

    @field_validator("roots")
    @classmethod
    def _roots_are_folders(cls, value: str) -> str:
        for name in filter(None, map(str.strip, value.split(","))):
            if not Path(name).is_absolute() or not Path(name).is_dir() or Path(name) == Path("/"):
                raise ValueError("allowed: absolute paths of folders that are there, separated by commas")
        return value

    @model_validator(mode="after")
    def _folder_is_apart(self) -> Self:
        folder = self.folder.resolve() if self.folder is not None else None
        for root in self.root_paths:
            if folder is not None and (folder.is_relative_to(root) or root.is_relative_to(folder)):
                # Jobs would read the results of other people's jobs.
                raise ValueError("roots and folder must not lie in each other")
        return self

    @property
    def root_paths(self) -> tuple[Path, ...]:
        """The folders of `roots`, links resolved."""
        return tuple(Path(name.strip()).resolve() for name in self.roots.split(",") if name.strip())


def load_jobs_settings(**overrides: object) -> JobsSettings:
    """The settings from the environment; `overrides` that are not None win over it.

    Raises:
        service.settings.SettingsError: A value is not allowed.
    """
    return load_as(JobsSettings, **overrides)
