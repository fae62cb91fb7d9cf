"""Verified runs as their records tell them, without their points."""

from __future__ import annotations

import msgspec

from rushlab.model.errors import ResultError
from rushlab.model.results import RunFigures
from rushlab.model.run import State
from rushlab.show.views import RunView
from rushlab.world.folders import RunFolder


def record_view(folder: RunFolder) -> RunView:
    """A verified run as its record alone tells it (ResultError as for `require_verified`)."""
    require_verified(folder)
    record = folder.record
    return RunView(record, msgspec.convert(record.figures, RunFigures) if record.figures else None, None)


def require_verified(folder: RunFolder) -> None:
    """ResultError unless the run came to its end and its artefacts are what they were then."""
    record = folder.record
    if record.state is not State.VERIFIED:
        why = record.problem or f"it is {record.state}"
        raise ResultError(f"Run {record.id} has no result", why, "Drive it again with `rushlab run`.")
    if damaged := folder.damaged():
        raise ResultError(f"Run {record.id} was changed after it was verified", ", ".join(damaged))
