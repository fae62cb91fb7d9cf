"""The table of verdicts: what failed or lacks evidence is named, so that a VALID run with a FAIL is no riddle."""

from __future__ import annotations

from rushlab.show.tables import verdicts
from rushlab.show.views import Study


def test_checks_that_failed_or_lack_evidence_are_named(one_run: Study) -> None:
    (view,) = one_run
    assert verdicts.statuses(view).text == "2 PASS, 1 WARN, 1 FAIL (V2), 1 UNKNOWN (V3), 2 NA"
