"""The only reader of the environment: one frozen Settings, each field with a user."""

from __future__ import annotations

import os
from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set, as ``LONGTAKE_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="LONGTAKE_", frozen=True)

    engine: str = Field("motion", description="engine used when none is named")
    max_clip_s: int = Field(
        900, gt=0, description="longest clip taken in, seconds; own results are exempt"
    )
    max_clip_bytes: int = Field(
        2_000_000_000, gt=0, description="largest file taken in, bytes"
    )
    engine_silence_s: int = Field(
        120, gt=0, description="an engine silent for this long is stopped, seconds"
    )


@cache
def load() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def child_environment(*names: str) -> dict[str, str]:
    """The environment of a child process: nothing but ``names``, where they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}
