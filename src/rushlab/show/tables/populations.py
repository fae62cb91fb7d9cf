"""The populations of a profile's requests, each apart: what was answered, the issued ones alone, accept and confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rushlab.model.results import RunFigures
from rushlab.show import support, units
from rushlab.show.table import Cell, Column, Row, Table, Tone
from rushlab.show.tables.cells import absent, blank, ours, unknown
from rushlab.show.tables.response import weighed
from rushlab.show.views import RunView, Study

#: Every outcome, in words.
OUTCOMES = {
    "issued": "issued (201)",
    "already": "already issued to this user (409)",
    "sold_out": "sold out (410)",
    "rejected": "rejected (other 4xx)",
    "failed": "failed (no answer, 5xx)",
}

#: Outcomes that no service should give when it is well.
UNWANTED: dict[str, Tone] = {"rejected": "warn", "failed": "bad"}

ALL_ISSUED = "Every request was issued a coupon (201), so the issued ones alone have the same figures."

#: Coupons whose time to confirm is 0.
EARLY = "confirmed before the reply was read"

#: Percentile → its names in `issued_ms` and in `confirm_ms`.
HALVES = {"median": ("median", "p50"), "p95": ("p95", "p95"), "p99": ("p99", "p99"), "max": ("max", "max")}

WHAT_HALVES_ARE = (
    "Accept: the load generator's time of the requests answered 201. Confirm: from the accept until a consumer had "
    "applied the event"
)


def mixed(study: Study, profile: str) -> bool:
    """Whether any request of any variant was answered otherwise than issued."""
    return any(count for found in _counted(study, profile) for name, count in found.items() if name != "issued")


def all_issued(study: Study, profile: str) -> bool:
    """Whether outcomes were counted and every one was issued."""
    found = list(_counted(study, profile))
    return bool(found) and all(outcomes.get("issued") for outcomes in found) and not mixed(study, profile)


def answers(study: Study, profile: str) -> Table | None:
    """Requests by what was answered, counts and shares per variant; None where every request was issued."""
    if not mixed(study, profile):
        return None
    columns = [Column(name, ours(variant)) for variant in study.variants for name in ("requests", "share")]
    rows = [Row(label, _both(study, profile, name)) for name, label in OUTCOMES.items()]
    return Table(f"{profile}: what was answered", "answer", tuple(columns), tuple(rows))


def halves(study: Study, profile: str) -> Table:
    """Accept and confirm: the time until the reply, and the time from there until the event was applied (ms)."""
    columns = [Column(name, ours(variant)) for variant in study.variants for name in ("accept", "confirm")]
    rows = [Row(f"{figure}, ms", _pairs(study, profile, figure)) for figure in HALVES]
    rows.append(Row("coupons", _coupons(study, profile)))
    rows += [Row(EARLY, _two(study, profile, _early))] if _knows_early(study, profile) else []
    remark = f"{WHAT_HALVES_ARE}; {support.rule()}."
    return Table(f"{profile}: accept and confirm", "", tuple(columns), tuple(rows), (remark,))


def issued(view: RunView, figure: str) -> Cell:
    """A time over the issued requests alone (median, p95, p99, max), in ms."""
    times = view.figures.issued_ms if view.figures else {}
    reasons = view.figures.reasons if view.figures else {}
    return _time(view, times.get(figure), "issued", figure, reasons.get("issued_ms", "no request was issued"))


def confirm(view: RunView, figure: str) -> Cell:
    """The time from accept to confirm (median, p95, p99, max), in ms."""
    times = view.figures.confirm_ms if view.figures else {}
    return _time(view, times.get(HALVES[figure][1]), "confirmed", figure, view.reason("confirm_ms"))


def issued_count(view: RunView) -> Cell:
    """How many requests were issued a coupon."""
    count = view.figures.outcomes.get("issued") if view.figures else None
    return unknown(view.reason("outcomes")) if count is None else Cell(units.count(count), value=count)


def _time(view: RunView, value: float | None, population: str, figure: str, reason: str) -> Cell:
    if view.figures is None or value is None:
        return unknown(view.reason("figures") if view.figures is None else reason)
    if view.objection:
        return Cell(units.milliseconds(value), value=value, tone="void", note=view.objection)
    return weighed(value, _samples(view.figures, population), figure, f"{population} coupons")


def _samples(figures: RunFigures, population: str) -> int:
    return (figures.confirmed if population == "confirmed" else figures.outcomes.get(population)) or 0


def _counted(study: Study, profile: str) -> Iterator[dict[str, int]]:
    for variant in study.variants:
        view = study.view(variant, profile)
        if view and view.figures:
            yield view.figures.outcomes


def _two(study: Study, profile: str, make: Callable[[RunView], tuple[Cell, Cell]]) -> tuple[Cell, ...]:
    """Two cells of each variant."""
    views = [study.view(variant, profile) for variant in study.variants]
    return tuple(cell for view in views for cell in (make(view) if view else (absent(profile), absent(profile))))


def _both(study: Study, profile: str, name: str) -> tuple[Cell, ...]:
    def make(view: RunView) -> tuple[Cell, Cell]:
        count = view.figures.outcomes.get(name) if view.figures else None
        if view.figures is None or count is None:
            return unknown(view.reason("outcomes")), unknown(view.reason("outcomes"))
        share = count / view.figures.requests if view.figures.requests else 0.0
        tone: Tone = UNWANTED.get(name, "") if count else "quiet"
        return Cell(units.count(count), value=count, tone=tone), Cell(units.percent(share), value=share, tone=tone)

    return _two(study, profile, make)


def _pairs(study: Study, profile: str, figure: str) -> tuple[Cell, ...]:
    return _two(study, profile, lambda view: (issued(view, HALVES[figure][0]), confirm(view, figure)))


def _knows_early(study: Study, profile: str) -> bool:
    views = [study.view(variant, profile) for variant in study.variants]
    return any(view and view.figures and view.figures.confirmed_early is not None for view in views)


def _early(view: RunView) -> tuple[Cell, Cell]:
    count = view.figures.confirmed_early if view.figures else None
    return blank(), unknown(view.reason("confirmed_early")) if count is None else Cell(units.count(count), value=count)


def _coupons(study: Study, profile: str) -> tuple[Cell, ...]:
    def make(view: RunView) -> tuple[Cell, Cell]:
        confirmed = view.figures.confirmed if view.figures else None
        if confirmed is None:
            return issued_count(view), unknown(view.reason("confirmed"))
        return issued_count(view), Cell(units.count(confirmed), value=confirmed)

    return _two(study, profile, make)
