"""Where everything lives, from the environment (`RUSHLAB_…`) or the project's own folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[3]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Folders and ports of a workbench; every field can be set as `RUSHLAB_<FIELD>`, empty is not set."""

    # An empty folder's name would be the current folder, which `clean` then empties.
    model_config = SettingsConfigDict(env_prefix="RUSHLAB_", frozen=True, env_ignore_empty=True)

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
    def index(self) -> Path:
        """The default file of the run index."""
        return self.data_folder / "catalogue.db"

    @property
    def index_files(self) -> tuple[Path, ...]:
        """The index, and what SQLite keeps beside it while it writes."""
        return tuple(self.index.with_name(self.index.name + end) for end in ("", "-journal", "-wal", "-shm"))

    @property
    def catalogue_url(self) -> str:
        return self.catalogue or f"sqlite:///{self.index}"

    @property
    def cache_folder(self) -> Path:
        return self.cache
