"""Where everything lives, from the environment (`RUSHLAB_…`) or the project's own folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[3]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Folders and ports of a workbench; every field can be set as `RUSHLAB_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="RUSHLAB_", frozen=True)

    root: Path = Field(default=PROJECT, description="project folder: notebooks, k6, service, stack, data")
    cache: Path = Field(
        default=Path("~/.cache/rushlab").expanduser(), description="downloads, shared by all checkouts of a user"
    )
    data: Path | None = Field(default=None, description="runs, experiments and reports; default <root>/data")
    state: Path | None = Field(default=None, description="server data, pids, lock, logs; default <root>/.rushlab")
    catalogue: str | None = Field(default=None, description="SQLAlchemy URL of the run index; default SQLite in data")

    service_port: Port | None = None
    database_port: Port | None = None
    redis_port: Port | None = None
    kafka_port: Port | None = None
    prometheus_port: Port | None = None
    k6_port: Port | None = None

    @field_validator("root", "cache", "data", "state")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        """Notebooks run in another folder than the command line: a relative path would mean two places."""
        return None if path is None else path.expanduser().absolute()

    @property
    def home(self) -> Path:
        """Server data, pids, the lock and logs of this workbench."""
        return self.state or self.root / ".rushlab"

    @property
    def data_folder(self) -> Path:
        return self.data or self.root / "data"

    @property
    def runs(self) -> Path:
        return self.data_folder / "runs"

    @property
    def reports(self) -> Path:
        return self.data_folder / "reports"

    @property
    def experiments(self) -> Path:
        return self.data_folder / "experiments"

    @property
    def baselines(self) -> Path:
        return self.data_folder / "baselines.json"

    @property
    def catalogue_url(self) -> str:
        return self.catalogue or f"sqlite:///{self.data_folder / 'catalogue.db'}"

    @property
    def cache_folder(self) -> Path:
        return self.cache
