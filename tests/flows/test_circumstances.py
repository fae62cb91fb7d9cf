"""What a folder tells of a run's circumstances: and an older one, that it does not know."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from msgspec.structs import replace
from tests.flows.conftest import START

from rushlab.flows.circumstances import circumstances, counted_s
from rushlab.model.run import Fault, Load
from rushlab.model.series import SERIES, SeriesFacts
from rushlab.model.verdict import Status
from rushlab.world.files import write_json


def checks(folder):
    return {check.id: check for check in circumstances(folder)}


def with_series(folder, **values):
    """Every series in every slot, 1.0 or what `values` say."""
    rows = [
        (series.name, json.dumps(dict.fromkeys(series.by, "k6")), START + second, values.get(series.name, 1.0))
        for series in SERIES
        for second in range(-5, 11, int(series.every_s))
    ]
    rows += [("up", '{"instance": "service"}', START + second, 1.0) for second in range(-5, 11)]
    pd.DataFrame(rows, columns=["name", "labels", "at", "value"]).to_parquet(folder.path / "series.parquet")
    write_json(folder.path / "series.json", SeriesFacts(begin=START - 5, end=START + 10, clock_offset_s=0.001))
    return folder


def test_an_older_run_is_unknown_where_it_recorded_nothing_and_judged_where_the_points_tell(recorded):
    found = checks(recorded())
    assert {name: check.status for name, check in found.items()} == {
        "V0": Status.UNKNOWN,
        "V4": Status.PASS,
        "V5": Status.UNKNOWN,
        "V6": Status.UNKNOWN,
        "V7": Status.UNKNOWN,
        "V8": Status.NA,
        "V9": Status.UNKNOWN,
    }
    assert "no series were collected" in found["V7"].evidence
    assert "memory was not recorded" in found["V5"].evidence


def test_points_without_virtual_users_do_not_show_that_the_load_was_offered(recorded):
    assert checks(recorded(without=["vus"]))["V4"].status is Status.UNKNOWN


def test_an_open_model_is_judged_by_what_was_dropped(recorded):
    found = checks(recorded(load=Load(model="open", exit_code=0, elapsed_s=5.0)))["V4"]
    assert (found.status, found.value) == (Status.PASS, "0 of 0 iterations dropped (0.00%)")


def test_series_that_are_all_there_are_covered_and_tell_the_generators_memory(recorded):
    found = checks(with_series(recorded(), memory_free=4.0, memory_all=16.0, swapped=7.0))
    assert found["V7"].status is Status.PASS, found["V7"]
    assert "memory 75%, swapped 0 MB" in found["V5"].value


def test_prometheus_that_was_away_is_the_reason(recorded):
    folder = recorded()
    facts = SeriesFacts(begin=START, end=START + 5, reason="Prometheus does not answer: no connection")
    write_json(folder.path / "series.json", facts)
    found = checks(folder)["V7"]
    assert (found.status, "no connection" in found.evidence) == (Status.UNKNOWN, True)


@pytest.mark.parametrize(("planned", "status"), [((), Status.FAIL), (("relay",), Status.PASS)])
def test_a_restart_is_a_breach_unless_it_was_planned(recorded, planned, status):
    folder = recorded()
    faults = tuple(Fault(what="kill", process=name, start=START) for name in planned)
    around = {"surroundings": {"restarted": ["relay"], "oom_kills": 0}, "host": {"cores": 2}}
    folder.record = replace(folder.record, faults=faults, environment=folder.record.environment | around)
    assert checks(folder)["V6"].status is status


def test_cpu_time_of_others_is_a_reservation(recorded):
    folder = recorded()
    around = {"surroundings": {"restarted": [], "oom_kills": 0}, "host": {"cores": 2}}
    busy = {"k6": 1.0, "service": 1.0, "host": 8.0}
    folder.record = replace(folder.record, cpu_s=busy, environment=folder.record.environment | around)
    found = checks(folder)["V6"]
    assert found.status is Status.WARN
    assert "others' CPU 50%" in found.value


def test_cpu_time_is_a_share_of_the_time_over_which_it_was_counted(recorded):
    folder = recorded()
    around = {"surroundings": {"restarted": [], "oom_kills": 0}, "host": {"cores": 2}}
    busy = {"k6": 1.0, "service": 1.0, "host": 8.0}
    folder.record = replace(folder.record, cpu_s=busy, cpu_over_s=60.0, environment=folder.record.environment | around)
    assert "others' CPU 5%" in checks(folder)["V6"].value


def test_cpu_time_of_a_run_that_did_not_drain_needs_the_time_over_which_it_was_counted(recorded):
    record = recorded().record
    undrained = replace(record, timing=replace(record.timing, drained=None), cpu_s={"service": 1.0})
    assert counted_s(undrained) is None
    assert counted_s(replace(undrained, cpu_over_s=68.0)) == 68.0
    assert counted_s(replace(record, cpu_s={"service": 1.0})) == 6.0  # until k6 had ended
