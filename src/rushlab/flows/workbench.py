"""What every flow needs: settings, knobs, profiles and the backend, opened once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from rushlab.model.errors import StorageError, UsageError
from rushlab.model.profile import Profile
from rushlab.model.run import State
from rushlab.model.variant import KnobTable, KnobValue, Variant, unknown
from rushlab.world.files import storage
from rushlab.world.folders import all_runs, driver_of
from rushlab.world.k6_order import Progress
from rushlab.world.knobs import load_knobs
from rushlab.world.profiles import load_profiles
from rushlab.world.settings import Settings
from rushlab.world.stack.backend import Backend, ServerStatus, Step
from rushlab.world.stack.lock import workbench_lock

__all__ = [
    "REPORT_PROFILES",
    "Listener",
    "Progress",
    "ServerStatus",
    "Silent",
    "Workbench",
    "parse_names",
    "parse_sets",
    "progress_line",
    "project_root",
]

#: The report's six profiles, in the report's order.
REPORT_PROFILES = ("smoke", "load", "stress-100", "stress-500", "peak-1500", "peak-2000")


def progress_line(run: str, progress: Progress) -> str:
    """Profile, elapsed of planned seconds, VUs, requests, p95 (from the service's histogram), failures."""
    p95 = "p95 —" if progress.p95_ms is None else f"p95 {progress.p95_ms:,.0f} ms"
    return (
        f"{run}: {progress.elapsed_s:,.0f}/{progress.planned_s:,.0f} s  {progress.vus:,} VUs  "
        f"{progress.requests:,} requests  {p95}  {progress.failed:,} failed"
    )


class Listener(Protocol):
    """Told what a flow does while it does it (terminal, notebook, or nobody)."""

    def step(self, text: str) -> None:
        """One short line per step."""

    def progress(self, run: str, progress: Progress) -> None:
        """k6's figures so far, about every two seconds."""


class Silent:
    """Listens to nothing."""

    def step(self, text: str) -> None:
        pass

    def progress(self, run: str, progress: Progress) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Workbench:
    """One checkout, ready for use: everything a flow would otherwise have to look up."""

    settings: Settings
    knobs: KnobTable
    profiles: dict[str, Profile]

    @classmethod
    def open(cls, settings: Settings | None = None) -> Workbench:
        """The workbench of this checkout, or of `settings`."""
        settings = settings or read_settings()
        return cls(settings, load_knobs(settings), load_profiles(settings))

    def profile(self, name: str) -> Profile:
        """The profile of that name (UsageError with the nearest one when there is none)."""
        if name not in self.profiles:
            raise unknown("Profile", name, self.profiles)
        return self.profiles[name]

    def variant(self, name: str, changes: dict[str, KnobValue] | None = None) -> Variant:
        return self.knobs.variant(name, changes)

    def backend(self, name: str = "native") -> Backend:
        """The backend of that name; `auto` is native until the others are built."""
        if name not in ("native", "auto"):
            raise UsageError(f"Backend {name!r} is not built", "there are native and auto")
        from rushlab.world.stack.native import NativeBackend  # only who drives needs the servers' clients

        return NativeBackend(self.settings)

    def up(self, name: str, step: Step) -> Backend:
        """Start every server of the stack; they stay up, whoever drives them meanwhile, until `down`."""
        backend = self.backend(name)
        with self.driving():
            backend.up(step)
            with storage(self._kept):
                self._kept.touch()
        return backend

    def down(self, name: str, step: Step) -> None:
        """Stop every server that this workbench started, and nothing else."""
        backend = self.backend(name)
        with self.driving():
            self._forget_kept()
            backend.down(step)

    def stays_up(self, backend: Backend) -> bool:
        """Whether the stack runs because of `up`; what a killed run left running does not, nor what a restart ended."""
        stays = self._kept.exists() and any(server.state == "running" for server in backend.status())
        if not stays:
            self._forget_kept()
        return stays

    @property
    def _kept(self) -> Path:
        """The file that is there from `up` to `down`."""
        return self.settings.home / "kept"

    def _forget_kept(self) -> None:
        with storage(self._kept):
            self._kept.unlink(missing_ok=True)

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Hold the lock of this folder; runs that a dead workbench left behind are marked aborted."""
        with workbench_lock(self.settings.home):
            self._bury_the_dead()
            yield

    def _bury_the_dead(self) -> None:
        for folder in all_runs(self.settings.runs):
            if folder.unfinished and driver_of(folder.record) is None:
                folder.sweep()
                problem = f"the workbench ended while this run was {folder.record.state}"
                with suppress(StorageError):  # a full disk must not keep `clean` from freeing it
                    folder.advance(State.ABORTED, problem=problem)


def read_settings() -> Settings:
    """Settings from the environment (UsageError that names the variable which cannot be what it is)."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"RUSHLAB_{str(first['loc'][0]).upper()}"
        raise UsageError(f"{name} cannot be {first['input']!r}", first["msg"]) from None


def project_root() -> Path:
    """The checkout that this workbench belongs to."""
    return read_settings().root


def parse_sets(assignments: Iterable[str]) -> dict[str, KnobValue]:
    """`knob=value` texts as a mapping (UsageError for one without an equals sign)."""
    pairs = [text.partition("=") for text in assignments]
    for name, sign, value in pairs:
        if not (sign and name and value):
            raise UsageError(f"{name + sign + value!r} is not a setting", "a setting is knob=value")
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_names(text: str | Iterable[str], known: Iterable[str], kind: str) -> list[str]:
    """A comma-separated list (or a list) of names, each one of `known`, in the order given."""
    parts = text.split(",") if isinstance(text, str) else list(text)
    names = [part.strip() for part in parts if part.strip()]
    choices = list(known)
    for name in names:
        if name not in choices:
            raise unknown(kind, name, choices)
    if not names:
        raise UsageError(f"No {kind.lower()} was named", do=f"Name one of {', '.join(choices)}.")
    return list(dict.fromkeys(names))
