"""The cost table: a line per process, the sum without machine and workbench, a reason where nothing is known."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from rushlab.model.verdict import Audit, Status
from rushlab.show import tables
from rushlab.show.table import Cell, Table
from rushlab.show.views import Study

USED = {"redis": 1.0, "k6": 15.0, "service": 11.2, "workbench": 0.4, "host": 60.0}


def cells(table: Table, label: str) -> tuple[Cell, ...]:
    return next(row.cells for row in table.rows if row.label == label)


def test_every_process_its_seconds_and_what_a_confirmed_request_costs(study: Study, exchange) -> None:
    table = tables.cost(exchange(study, "recommended", "load", cpu_s=USED), "load")
    assert [row.label for row in table.rows] == [
        *("k6", "service", "redis", "all but the workbench", "workbench", "the whole machine")
    ]
    assert [cell.text for cell in cells(table, "k6")[2:]] == ["15.00", "1.594"]  # 15 s for 9,410 confirmed
    assert cells(table, "all but the workbench")[3].value == pytest.approx(1000 * 27.2 / 9410)


def test_unknown_is_a_dash_with_its_reason(study: Study, exchange) -> None:
    changed = exchange(study, "recommended", "load", cpu_s=USED)
    table = tables.cost(exchange(changed, "report", "load", cpu_reason="another machine's"), "load")
    assert [(cell.text, cell.note) for cell in cells(table, "k6")[:2]] == [("—", "another machine's")] * 2
    assert tables.cost(study, "load").rows[0].cells[0].note == "not recorded"


def test_costs_of_all_runs_in_one_table(study: Study, exchange) -> None:
    table = tables.costs(exchange(study, "recommended", "load", cpu_s=USED))
    assert [column.name for column in table.columns][:4] == ["k6", "service", "redis", "all but the workbench"]
    assert [cell.text for cell in cells(table, "load · recommended")[:2]] == ["1.594", "1.190"]
    assert cells(table, "load · report")[0].note == "not recorded"


def test_a_process_that_one_variant_does_not_have(study: Study, exchange) -> None:
    changed = exchange(study, "recommended", "load", cpu_s=USED | {"consumer-1": 2.0})
    table = tables.cost(exchange(changed, "report", "load", cpu_s=USED), "load")
    assert cells(table, "consumer-1")[0].note == "consumer-1 did not run"
    assert cells(table, "consumer-1")[2].text == "2.00"


def test_a_run_with_an_objection_is_struck_out(study: Study, exchange) -> None:
    failed = Audit(verdict=Status.FAIL, invariants=(), counts={})
    table = tables.cost(exchange(study, "report", "load", cpu_s=USED, audit=failed), "load")
    assert cells(table, "k6")[1].tone == "void"


def with_outcomes(study: Study, confirmed: int, **outcomes: int) -> Study:
    view = study.variants["recommended"]["load"]
    assert view.figures
    figures = msgspec.structs.replace(view.figures, confirmed=confirmed, outcomes=outcomes)
    study.variants["recommended"]["load"] = dataclasses.replace(view, figures=figures)
    return study


def test_a_few_coupons_on_idle_servers_have_no_cost_each(study: Study, exchange) -> None:
    used = exchange(with_outcomes(study, 99, issued=99), "recommended", "load", cpu_s=USED)
    line = cells(tables.cost(used, "load"), "k6")
    assert [cell.text for cell in line[2:]] == ["15.00", "—"]
    assert line[3].note == "only 99 coupons confirmed: mostly the cost of idle servers"
    enough = exchange(with_outcomes(study, 100, issued=100), "recommended", "load", cpu_s=USED)
    assert cells(tables.cost(enough, "load"), "k6")[3].text == "150.000"


def test_a_sale_says_that_its_refusals_are_in_the_cost(study: Study, exchange) -> None:
    used = exchange(with_outcomes(study, 250, issued=250, sold_out=1965), "recommended", "load", cpu_s=USED)
    assert cells(tables.cost(used, "load"), "k6")[3].note == "the cost of 1,965 refusals (409, 410) is in it"
