"""The wire format of jobs: what a batch run over HTTP is asked for with, and how it is told of."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
FileName = Literal["results", "dead-letters", "clusters", "report", "manifest"]


class JobPathIn(BaseModel):
    """Files of the machine that the service runs on."""

    model_config = ConfigDict(strict=True, extra="forbid")

    path: str = Field(
        min_length=1,
        max_length=4_000,
        description="A file or folder inside one of the folders of TELLSIGN_JOBS_ROOTS; absolute.",
    )


class JobOptionsIn(BaseModel):
    """How a job reads, and what it writes; in the query."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field("upload", description="What the uploaded file is called; its documents are called by it.")
    format: Literal["jsonl", "csv", "parquet"] = Field("jsonl", description="Of the results.")
    tier: Literal["fast", "cascade", "deep"] | None = Field(None, description="How much the encoder reads.")
    language: str | None = Field(
        None, pattern="^[a-z]{2,3}$", description="ISO 639 code of documents that name none; detected when not given."
    )
    text_field: Name = Field("text", description="JSON field or column of the text.")
    id_field: Name = Field("id", description="JSON field or column of the id.")
    metadata_field: list[Name] = Field(
        [], max_length=50, description="JSON field or column to carry along to the results; may be repeated."
    )
    dedupe: bool = Field(True, description="Repeated documents carry the analysis of the first.")


class JobProgressOut(BaseModel):
    """How far a job is, as its process noted last."""

    documents: int = Field(ge=0, description="Done, dead letters included.")
    bytes: int = Field(ge=0, description="Of input.")
    total_bytes: int | None = Field(description="Of input, where known.")
    documents_per_second: float = Field(ge=0)


class JobCountsOut(BaseModel):
    """What became of the documents."""

    documents: int
    analysed: int
    dead_letters: int
    duplicates: int


class JobOut(BaseModel):
    """A job; never with a word of a document."""

    id: str
    state: Literal["waiting", "running", "finished", "failed", "cancelled"]
    source: Literal["upload", "path"]
    name: str = Field(description="The uploaded file, or the path.")
    created: AwareDatetime
    began: AwareDatetime | None
    ended: AwareDatetime | None
    removed_after: AwareDatetime | None = Field(description="When it is removed with all its files, once it has ended.")
    starts: int = Field(ge=0, description="More than 1: it was interrupted and taken up again.")
    progress: JobProgressOut | None
    counts: JobCountsOut | None = Field(description="Once it is finished.")
    reason: str | None = Field(description="Why it failed.")
    files: list[FileName] = Field(description="What can be downloaded, from `/v1/jobs/{id}/files/{name}`.")


class JobsOut(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobOut]
