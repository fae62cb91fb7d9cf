"""Cells and headings that several tables share."""

from __future__ import annotations

from rushlab.model.verdict import Status, Validity
from rushlab.show.table import Cell, Tone
from rushlab.show.units import UNKNOWN
from rushlab.show.views import RunView

TONES: dict[str, Tone] = {
    Status.PASS: "good",
    Status.WARN: "warn",
    Status.FAIL: "bad",
    Status.UNKNOWN: "warn",
    Status.NA: "quiet",
    Validity.VALID: "good",
    Validity.INVALID: "bad",
}

#: The heading of the original report's figures (one of our variants is called report).
ORIGINAL = "original report"


def ours(variant: str) -> str:
    """The heading of a variant's figures."""
    return f"ours: {variant}"


def unknown(reason: str) -> Cell:
    """A dash with the reason as its note."""
    return Cell(UNKNOWN, tone="quiet", note=reason)


def blank() -> Cell:
    """A dash where nobody would expect a figure."""
    return Cell(UNKNOWN, tone="quiet")


def absent(profile: str) -> Cell:
    """The cell of a run that this study does not have."""
    return unknown(f"{profile} was not run on this variant")


def badge(status: Status | Validity, note: str = "") -> Cell:
    """A status as a badge, with its colour."""
    return Cell(str(status), value=str(status), tone=TONES[status], note=note, badge=True)


def verdict(view: RunView) -> Cell:
    """A run's validity; the reason is its note unless it is VALID."""
    found = view.run.verdict
    if found is None:
        return badge(Validity.UNKNOWN, view.run.problem or f"run {view.run.id} was not judged")
    return badge(found.validity, "" if found.validity is Validity.VALID else found.reason)


def audit(view: RunView) -> Cell:
    """A run's audit; the note names the invariants that did not pass."""
    if view.run.audit is None:
        return badge(Status.UNKNOWN, f"run {view.run.id} was not audited")
    noted = (Status.FAIL, Status.WARN, Status.UNKNOWN)
    open_ones = [check for check in view.run.audit.invariants if check.status in noted]
    note = "; ".join(f"{check.id} {check.title}: {check.status}, {check.value}" for check in open_ones)
    return badge(view.run.audit.verdict, note)
