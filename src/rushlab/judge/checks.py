"""How a check is put into words: its status from what was found and what was missing, with examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rushlab.judge.ids import Ids, distinct
from rushlab.model.verdict import Check, Status

EXAMPLES = 3
NOT_BUILT = "not built yet"


def decide(bad: bool, lacking: Sequence[str]) -> Status:
    """FAIL as soon as something bad was found, even in part of the evidence; PASS needs all of it."""
    if bad:
        return Status.FAIL
    return Status.UNKNOWN if lacking else Status.PASS


def check(id: str, title: str, status: Status, *, value: str, limit: str, evidence: Iterable[str]) -> Check:
    """A check whose evidence is several clauses; empty clauses are left out."""
    clauses = "; ".join(clause for clause in evidence if clause)
    return Check(id=id, title=title, status=status, value=value, limit=limit, evidence=clauses)


def not_built(id: str, title: str) -> Check:
    """A check that this version does not make: it applies to nothing, and it is never a pass."""
    return check(id, title, Status.NA, value=NOT_BUILT, limit="", evidence=["this version does not judge it"])


def examples(noun: str, ids: Ids) -> str:
    """`users 3, 7, 9 and 12 more`; empty for none."""
    if not len(ids):
        return ""
    named = distinct(ids)
    shown = ", ".join(str(one) for one in named[:EXAMPLES])
    more = f" and {len(named) - EXAMPLES:,} more" if len(named) > EXAMPLES else ""
    return f"{noun} {shown}{more}"
