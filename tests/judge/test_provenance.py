"""V0: what must be known of where a run comes from."""

from __future__ import annotations

from typing import Any

import pytest

from rushlab.judge.provenance import MACHINE, SERVERS, provenance
from rushlab.model.verdict import Status

KNOWN: dict[str, Any] = {
    "code": {"commit": "0123456789abcdef", "dirty": False},
    "versions": dict.fromkeys(("mariadb", *SERVERS), "1.0"),
    "host": dict.fromkeys(MACHINE, "something"),
    "seed": 0,
}


def test_everything_known_is_a_pass_and_changes_on_top_are_a_reservation() -> None:
    assert provenance(KNOWN, {"workers": 1}).status is Status.PASS
    changed = provenance(KNOWN | {"code": {"commit": "0123", "dirty": True}}, {"workers": 1})
    assert (changed.status, "with changes" in changed.value) == (Status.WARN, True)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"code": {"commit": None, "dirty": None}}, "commit"),
        ({"code": {"commit": "0123", "dirty": None}}, "whether the code had changes"),
        ({"versions": KNOWN["versions"] | {"kafka": "unknown"}}, "version of kafka"),
        ({"versions": dict.fromkeys(SERVERS, "1")}, "version of the database"),
        ({"host": {}}, "the machine's cores"),
        ({"seed": None}, "seed"),
        ({"code": None, "versions": None, "host": None}, "commit"),
    ],
)
def test_what_is_missing_is_unknown_and_named(change: dict[str, Any], missing: str) -> None:
    found = provenance(KNOWN | change, {"workers": 1})
    assert found.status is Status.UNKNOWN
    assert missing in found.evidence


def test_settings_must_be_there() -> None:
    assert "settings" in provenance(KNOWN, {}).evidence
