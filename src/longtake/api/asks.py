"""What the video endpoints are asked: the bodies, and what of them is kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, ConfigDict, Field, StringConstraints, model_validator

from longtake.api.body import Ask
from longtake.api.fields import (
    BatchSize,
    Moment,
    Motion,
    OneOf,
    Prompt,
    Seconds,
    Truth,
    Url,
    Version,
    WaterMark,
    Whole,
)
from longtake.errors import FieldInvalid
from longtake.sizes import ASPECTS

MANUAL = "mj_video_extend_manual"
AUTO = "mj_video_extend_auto"
HD = "mj_video_hd"
IMAGES = ("mj_txt2img", "mj_img2img", "mj_style_reference", "mj_omni_reference")

TaskId = Annotated[str, StringConstraints(strip_whitespace=True, max_length=128)]
Scalar = (
    Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
    | Annotated[float, Field(strict=True)]
    | Annotated[str, StringConstraints(strict=True, max_length=100)]
    | bool
)


class _VideoAsk(Ask):
    """What extending and generating have in common."""

    water_mark: WaterMark | None = Field(
        None,
        validation_alias=AliasChoices("waterMark", "watermark"),
        serialization_alias="waterMark",
        description="Text drawn into the new material, bottom right; also `watermark`.",
    )
    callback_url: Url | None = Field(
        None, alias="callBackUrl", description="POSTed to when the task is over."
    )
    engine: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="One of GET /api/v1/engines; Longtake's own."
    )
    seed: Whole | None = Field(
        None,
        description="Same seed, same frames. By default one of each task's own, which its "
        "report tells; Longtake's own.",
    )

    def params(self) -> dict[str, Any]:
        """What paramJson keeps: what was sent, and the defaults that have a value."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class ExtendAsk(_VideoAsk):
    """Make a video of a record longer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "taskId": "6f0f6bd4-4d1a-4a3f-9d6e-2b1d8f4c7a10",
                    "taskType": MANUAL,
                    "index": 0,
                    "prompt": "The camera pulls back and the fog lifts.",
                    "waterMark": "",
                    "callBackUrl": "https://example.com/callback",
                }
            ]
        }
    )

    task_id: TaskId = Field(alias="taskId", description="The record to extend.")
    task_type: Literal["mj_video_extend_manual", "mj_video_extend_auto"] = Field(
        alias="taskType",
        description="`manual` follows the prompt; `auto` writes the continuation itself.",
    )
    index: Whole = Field(description="Which video of that record, from 0.")
    prompt: Prompt | None = Field(
        None, description="What happens next. Required for manual; a hint for auto."
    )
    seconds: Seconds | None = Field(
        None, description="New material, 0.5 to 20 s, by default 4; Longtake's own."
    )
    from_: Moment | None = Field(
        None,
        alias="from",
        description="Extend from this second on, keeping what lies before it; Longtake's own.",
    )
    batch_size: BatchSize | None = Field(
        None,
        alias="videoBatchSize",
        description="Candidates, ranked best first; by default 1; Longtake's own.",
    )
    sound: Literal["continue", "fade", "silent"] | None = Field(
        None,
        description="How the sound goes on; decided by measure unless sent; Longtake's own.",
    )

    @model_validator(mode="after")
    def _manual_has_a_prompt(self) -> Self:
        if self.task_type == MANUAL and self.prompt is None:
            raise FieldInvalid(f"prompt is required for {MANUAL}.", field="prompt")
        return self


class GenerateAsk(_VideoAsk):
    """Start a lineage from one image."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "taskType": "mj_video",
                    "prompt": "The waves roll in.",
                    "fileUrls": ["https://example.com/beach.jpg"],
                    "motion": "high",
                    "videoBatchSize": 1,
                    "aspectRatio": "16:9",
                }
            ]
        }
    )

    task_type: Literal["mj_video", "mj_video_hd"] = Field(alias="taskType")
    prompt: Prompt = Field(description="What happens in the video.")
    file_urls: list[Url] | None = Field(
        None, alias="fileUrls", description="Exactly one URL of a JPEG, PNG or WebP."
    )
    file_url: Url | None = Field(
        None, alias="fileUrl", description="The same as a single text."
    )
    motion: Motion = Field("high", description="As a number: from 50 on it means high.")
    batch_size: BatchSize = Field(
        1, alias="videoBatchSize", description="How many videos."
    )
    aspect: Annotated[str, OneOf(ASPECTS)] | None = Field(
        None,
        alias="aspectRatio",
        description="The image is cropped to it; by default to the nearest of them.",
    )
    translated: Truth = Field(True, alias="enableTranslation")
    version: Version | None = Field(None, description="Kept, without effect.")
    speed: Scalar | None = Field(None, description="Kept, without effect.")
    ow: Scalar | None = Field(None, description="Kept, without effect.")
    variety: Scalar | None = Field(None, description="Kept, without effect.")
    stylization: Scalar | None = Field(None, description="Kept, without effect.")
    weirdness: Scalar | None = Field(None, description="Kept, without effect.")

    @model_validator(mode="after")
    def _one_image(self) -> Self:
        urls = [url for url in self.file_urls or () if url.strip()]
        if len(urls) > 1 or not (urls or self.file_url):
            raise FieldInvalid("fileUrls must have exactly one URL.", field="fileUrls")
        return self

    @property
    def image_url(self) -> str:
        """The URL of the image."""
        urls = [url for url in self.file_urls or () if url.strip()]
        return (urls[0] if urls else self.file_url or "").strip()
