"""What answers carry in ``data``. The fields have the names of the wire."""
# ruff: noqa: N815

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Submitted(BaseModel):
    """A task; durable from now on."""

    taskId: str = Field(description="32 hex digits.")
    recordId: str = Field(description="The same as `taskId`.")


class ResultUrl(BaseModel):
    """One video of a record."""

    resultUrl: str


class ResultInfo(BaseModel):
    """The videos of a record, in their order."""

    resultUrls: list[ResultUrl]


class Parent(BaseModel):
    """The record that was extended, and which of its videos."""

    taskId: str
    index: int | None


class ProgressInfo(BaseModel):
    """How far a running task is: ``done`` of ``total`` steps of a stage."""

    stage: str
    done: int
    total: int
    candidate: int


class RecordInfo(BaseModel):
    """A record, as it stands."""

    taskId: str
    taskType: str
    paramJson: str = Field(description="JSON text of the request, keys in order.")
    createTime: int = Field(description="Epoch milliseconds.")
    completeTime: int | None = Field(description="Null while unfinished.")
    resultInfoJson: ResultInfo | None = Field(description="Null before success.")
    successFlag: Literal[0, 1, 2, 3] = Field(
        description="0 generating, 1 success, 2 failed before an engine ran, 3 failed "
        "after, or canceled."
    )
    errorCode: str | None
    errorMessage: str | None
    state: Literal["waiting", "queuing", "generating", "success", "fail"]
    resultJson: str | None = Field(description='JSON text: {"resultUrls":["..."]}.')
    failCode: str | None = Field(description="errorCode, as other clients read it.")
    failMsg: str | None = Field(description="errorMessage, likewise.")
    origin: Literal["made", "imported", "adopted"]
    prompt: str | None
    credits: int
    parent: Parent | None
    startTime: int | None
    expireTime: int | None = Field(description="When its media go.")
    progress: ProgressInfo | None
    reportUrl: str | None
