"""The errors that reach the user, drawn once.

RushlabError
├── UsageError            2   the request names something that does not exist or cannot be
│   └── RefusedTarget     2   load would leave this machine's private addresses
├── StackError            1   a server cannot be had, started, reset or stopped
│   ├── PortTaken         1
│   └── Locked            1   another workbench works in this folder
├── LoadError             1   k6 is missing, failed or was killed
├── PointsError           1   a points file is empty, foreign, damaged or over a limit
├── StorageError          1   a folder cannot be written, or the disk is full
├── ResultError           1   a run, report or figure that is asked for is not there
└── Interrupted         130   the user or the system asked to end; what is whole is kept

An error is one sentence in three parts: what happened, why, what to do.
"""

from __future__ import annotations


class RushlabError(Exception):
    """One clear sentence for the user, and the exit code that goes with it."""

    exit_code = 1

    def __init__(self, what: str, why: str = "", do: str = "") -> None:
        self.what, self.why, self.do = what, why, do
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """What, why and what to do, as one line (log excerpts keep their line breaks)."""
        text = self.what.rstrip(".")
        if self.why:
            text += f": {self.why.rstrip('.')}"
        text += "."
        return f"{text} {self.do}" if self.do else text

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: a notebook's user gets the one sentence too."""
        return [f"{type(self).__name__}: {self.sentence}"]


class UsageError(RushlabError):
    exit_code = 2


class RefusedTarget(UsageError):
    pass


class StackError(RushlabError):
    pass


class PortTaken(StackError):
    pass


class Locked(StackError):
    pass


class LoadError(RushlabError):
    pass


class PointsError(RushlabError):
    pass


class StorageError(RushlabError):
    pass


class ResultError(RushlabError):
    pass


class Interrupted(RushlabError):
    exit_code = 130
