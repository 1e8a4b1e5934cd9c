"""The only reader of the environment: one frozen Settings, each field with a user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    """What an operator may set: ``LONGTAKE_<NAME>`` in the environment, or ``<name>`` in
    the TOML file that ``LONGTAKE_SETTINGS`` names. The environment goes first.
    """

    model_config = SettingsConfigDict(env_prefix="LONGTAKE_", frozen=True)

    # the pictures
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
    engine_memory_bytes: int = Field(
        8_000_000_000, gt=0, description="memory an engine may take, bytes"
    )

    # where the server lives
    data: Path = Field(
        default_factory=lambda: _home() / ".longtake",
        description="folder of the database and the files",
    )
    database_url: str = Field(
        "", description="postgresql://... instead of the SQLite file in the data folder"
    )
    host: str = Field("127.0.0.1", description="address the server listens on")
    port: int = Field(8420, ge=0, le=65_535, description="its port; 0 takes a free one")
    public_url: str = Field(
        "", description="base of the URLs that clients get [http://HOST:PORT]"
    )
    cors_origins: tuple[str, ...] = Field(
        (), description='web pages elsewhere that may call, as JSON; ["*"] for all'
    )

    # the work
    slots: int = Field(1, ge=0, description="tasks that `serve` runs at a time")
    task_deadline_s: int = Field(
        3600, gt=0, description="a task that runs longer fails, seconds"
    )
    stop_grace_s: int = Field(
        20,
        ge=0,
        description="seconds that a stop lets tasks finish in, before it hands them back",
    )
    tiers: dict[str, int] = Field(
        {"standard": 3, "priority": 10},
        description="tiers of accounts and how many tasks each runs at a time, as JSON",
    )
    prices: dict[str, int] = Field(
        {"extend": 60, "video": 15, "video_hd": 45},
        description="credits per task, as JSON",
    )
    submit_rate: int = Field(
        20, gt=0, description="new tasks per account in ten seconds"
    )
    read_rate: int = Field(10, gt=0, description="other requests per key in a second")
    media_days: int = Field(15, gt=0, description="days a result's files are kept")
    record_days: int = Field(60, gt=0, description="days a record is kept")

    # the network
    callback_waits_s: tuple[float, ...] = Field(
        (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
        description="seconds between the attempts of a callback, as JSON",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (), description="host:port entries the door lets through, as JSON"
    )
    allow_private_addresses: bool = Field(
        False, description="let the door reach private addresses (closed networks)"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file."""
        file = os.environ.get("LONGTAKE_SETTINGS")
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=file),
        )

    @field_validator("prices", "tiers")
    @classmethod
    def _complete(cls, given: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        """What is given changes its entries; the others stay."""
        assert info.field_name, "a validator of fields"
        known: dict[str, int] = cls.model_fields[info.field_name].default
        if any(number < 0 for number in given.values()):
            raise ValueError("numbers from 0 on are taken")
        if info.field_name == "tiers" and not all(given.values()):
            raise ValueError("each tier needs at least one task at a time")
        return known | given

    def at_a_time(self, tier: str) -> int:
        """How many tasks an account of ``tier`` runs at a time."""
        return self.tiers.get(tier, min(self.tiers.values()))

    @property
    def base_url(self) -> str:
        """The base of every URL that clients get, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether this name or address means the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _home() -> Path:
    """The user's folder; this one, where the system knows of no user."""
    try:
        return Path.home()
    except (RuntimeError, ImportError):
        return Path.cwd()


@cache
def load() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def child_environment(*names: str) -> dict[str, str]:
    """The environment of a child process: nothing but ``names``, where they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def environment(changes: Mapping[str, object]) -> dict[str, str]:
    """Our own environment with these settings changed: for another process of ours."""
    names = {f"LONGTAKE_{name.upper()}": str(changes[name]) for name in changes}
    return {**os.environ, **names}
