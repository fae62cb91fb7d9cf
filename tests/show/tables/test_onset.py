import dataclasses

import msgspec
import pandas as pd
import pytest

from rushlab.model.verdict import Validity, Verdict
from rushlab.show import tables
from rushlab.show.run_series import RunSeries
from rushlab.show.views import Study


def timeline(*p95_ms: float) -> pd.DataFrame:
    # one row per second: second, vus, requests, failed, p50_ms, p90_ms, p95_ms, max_ms
    count = len(p95_ms)
    frame = pd.DataFrame(
        {"second": range(count), "vus": [100.0 * n for n in range(count)], "requests": 250, "failed": 0}
    )
    return frame.assign(p50_ms=1.0, p90_ms=1.0, p95_ms=p95_ms, max_ms=9999.0)


@pytest.fixture
def troubled(study: Study) -> Study:
    """`load` in trouble from second 4 on the report preset, never on the other."""
    lines = {"report": timeline(5, 1500, 5, 5, 1200, 1300, 1400, 5), "recommended": timeline(5, 1500, 1500, 5)}
    variants = {
        name: {"load": dataclasses.replace(study.variants[name]["load"], timeline=line)} for name, line in lines.items()
    }
    return dataclasses.replace(study, variants=variants)


def test_the_moment_with_its_users_and_its_rate(troubled: Study) -> None:
    table = tables.onset(troubled)
    assert [cell.text for cell in table.rows[0].cells] == ["4", "400", "250", "3", "4", "—", "never", *"—————"]
    assert [column.name for column in table.columns[:6]] == [
        *("from second", "VUs", "requests/s", "for seconds", "seconds over, in all", "first resource")
    ]
    assert "3 or more seconds in a row whose p95 was over 1.00 s" in table.remarks[0]


def test_a_run_that_supports_no_claim_has_no_onset(troubled: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="k6 was killed")
    first = tables.onset(exchange(troubled, "report", "load", verdict=verdict)).rows[0].cells[0]
    assert (first.text, first.note) == ("—", "INVALID: k6 was killed")


@pytest.mark.parametrize("lacking", ["timeline", "threshold", "run"])
def test_what_cannot_be_known_is_not_called_never(troubled: Study, lacking: str) -> None:
    view = troubled.variants["report"]["load"]
    if lacking == "timeline":
        troubled.variants["report"]["load"] = dataclasses.replace(view, timeline=None)
    elif lacking == "run":
        del troubled.variants["report"]["load"]
    else:
        profile = msgspec.structs.replace(view.run.profile, thresholds={"http_req_duration": ["avg<1000"]})
        run = msgspec.structs.replace(view.run, profile=profile)
        troubled.variants["report"]["load"] = dataclasses.replace(view, run=run)
    first = tables.onset(troubled).rows[0].cells[0]
    assert first.text == "—"
    assert first.note


def test_the_first_resource_is_what_held_the_requests_when_trouble_began(troubled: Study) -> None:
    view = troubled.variants["report"]["load"]
    rows = [("lock", 4, 90.0), ("lock", 40, 0.0), ("commit", 4, 10.0), ("commit", 40, 500.0)]
    frame = pd.DataFrame(
        [("stages", f'{{"stage": "{stage}"}}', 1000.0 + second, value) for stage, second, value in rows],
        columns=["name", "labels", "at", "value"],
    )
    series = RunSeries(frame, None, 1000.0, 1060.0)
    troubled.variants["report"]["load"] = dataclasses.replace(view, series=series)
    table = tables.onset(troubled)
    assert table.rows[0].cells[5].text == "Redis lock"
    assert any(note.startswith("90.0 % of the requests") for note in table.notes)


def test_the_first_resource_is_read_from_the_middle_of_what_each_sample_tells(troubled: Study) -> None:
    """Onset at second 4: a sample at 10 s tells of 7.5 to 10 s, one at 0.1 s of before the load."""
    view = troubled.variants["report"]["load"]
    rows = [("lock", 10.0, 90.0), ("lock", 0.1, 0.0), ("commit", 10.0, 10.0), ("commit", 0.1, 500.0)]
    frame = pd.DataFrame(
        [("stages", f'{{"stage": "{stage}"}}', 1000.0 + second, value) for stage, second, value in rows],
        columns=["name", "labels", "at", "value"],
    )
    troubled.variants["report"]["load"] = dataclasses.replace(view, series=RunSeries(frame, None, 1000.0, 1060.0))
    assert tables.onset(troubled).rows[0].cells[5].text == "Redis lock"
