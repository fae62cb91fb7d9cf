"""What a drive of k6 is told, what it tells while it runs, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from rushlab.model.profile import Model, Profile
from rushlab.world.settings import PROJECT

SCRIPT = PROJECT / "k6" / "coupons.js"


class K6Order(Struct, frozen=True, kw_only=True):
    """One drive: `profile` at `scale` against `base_url`; files go to `folder`.

    `home` marks the process for the cleaner of crashed workbenches. `port` is that of k6's REST
    API (None: the next free one from 6565). `live_p95` gives the p95 of the last seconds in ms,
    from the service's histogram: reading a trend from k6 would slow k6 down.
    """

    profile: Profile
    base_url: str
    coupon_id: int
    folder: Path
    script: Path = SCRIPT
    scale: float = 1.0
    model: Model = "closed"
    repeat_users: float = 0.0
    seed: int = 1
    first_user: int = 1
    home: Path | None = None
    port: int | None = None
    live_p95: Callable[[], float | None] | None = None

    @property
    def points(self) -> Path:
        return self.folder / "points.json.gz"

    @property
    def summary(self) -> Path:
        return self.folder / "summary.json"

    @property
    def log(self) -> Path:
        return self.folder / "k6.log"

    @property
    def planned_s(self) -> float:
        """Planned length in seconds, without the graceful stop."""
        return self.profile.at_scale(self.scale).length_s


class Progress(Struct, frozen=True, kw_only=True):
    """What is known while k6 runs; `p95_ms` is None where nobody measures it live."""

    elapsed_s: float
    planned_s: float
    vus: int
    requests: int
    failed: int
    p95_ms: float | None = None


class K6Result(Struct, frozen=True, kw_only=True):
    """How k6 ended: `exit_code` is negative for a signal, `started` and `ended` are epoch seconds.

    `started` is the moment k6's test began (after its virtual users were made), `elapsed_s` the
    time from then to the end of the process, `cpu_s` the CPU time of the process (None = not known).
    """

    exit_code: int
    started: float
    ended: float
    elapsed_s: float
    version: str
    cpu_s: float | None = None
