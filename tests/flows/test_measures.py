"""The metrics of a run folder: the window that its profile holds, kept and read again only when whole."""

import pytest
from msgspec.structs import replace

from rushlab.flows.measures import FILE, measure, measures_of
from rushlab.model.metric import METRICS
from rushlab.model.profile import Stage
from rushlab.model.run import State
from rushlab.world.files import write_json

START = 1_795_528_800.0
REQUESTS = [(user, 201, START + user * 0.5, 10.0 * user) for user in range(1, 20)]


def ramp(profile):
    stages = (Stage(4.0, 2), Stage(4.0, 2), Stage(2.0, 0))
    return replace(profile, executor="ramping-vus", stages=stages, vus=0, duration_s=0.0)


def test_every_metric_has_a_value_or_a_reason(recorded):
    found = measure(recorded())
    assert set(found.values) == set(METRICS)
    unknown = {name for name, value in found.values.items() if value is None}
    assert unknown == {"cpu_ms_per_request"} == set(found.reasons)
    assert (found.window, found.steady, found.backlog) == ((0.0, 5.0), True, 0)


def test_figures_are_those_of_the_plateau(recorded):
    folder = recorded(REQUESTS)
    folder.record = replace(folder.record, profile=ramp(folder.record.profile))
    found = measure(folder)
    assert (found.window, found.steady) == ((4.0, 8.0), True)
    # began within [4, 8): users 9 (ended at 4.5 s) to 16 (at 8 s, 160 ms before)
    assert found.requests == 8
    assert found.values["accept_p50_ms"] == pytest.approx(125)
    assert found.values["throughput_per_s"] == pytest.approx(8 / 4)  # ended in it: users 8 to 15


def test_pure_ramp_is_the_whole_load(recorded):
    folder = recorded(REQUESTS)
    profile = replace(ramp(folder.record.profile), stages=(Stage(5.0, 2), Stage(5.0, 0)))
    folder.record = replace(folder.record, profile=profile)
    found = measure(folder)
    assert (found.window, found.steady, found.requests) == ((0.0, 10.0), False, 19)


def test_figures_of_a_verified_run_are_read_from_its_folder(recorded):
    folder = recorded()
    write_json(folder.path / FILE, replace(measure(folder), requests=12345))
    assert measures_of(folder).requests == 4, "a file that is none of the hashed artefacts is not believed"
    folder.advance(State.VERIFIED)
    assert measures_of(folder).requests == 12345


def test_figures_of_an_older_version_are_computed_anew(recorded):
    folder = recorded()
    write_json(folder.path / FILE, replace(measure(folder), schema=0, requests=12345))
    folder.advance(State.VERIFIED)
    assert measures_of(folder).requests == 4
