import csv as reader
import dataclasses
import io

from rushlab.model.verdict import Validity, Verdict
from rushlab.show import csv, tables
from rushlab.show.views import Study


def rows(text: str) -> list[list[str]]:
    return list(reader.reader(io.StringIO(text)))


def test_every_public_table_is_written(study: Study, one_run: Study) -> None:
    made = {make.__name__ for make in (*csv.WHOLE.values(), *csv.PER_PROFILE.values())}
    assert set(tables.__all__) - made == {"checks", "cost"}  # of one run; costs has the same figures
    assert "checks.csv" in csv.files(one_run)
    assert {"guesses.csv", "steeper-against-milder.csv", "load-response-time.csv"} <= set(csv.files(study))


def test_numbers_are_the_measured_ones_not_the_rounded_ones(study: Study) -> None:
    view = study.variants["report"]["load"]
    table = rows(csv.files(study)["load-response-time.csv"])
    p95 = next(row for row in table if row[0] == "p95, ms")
    assert float(p95[table[0].index("ours: report: measured")]) == view.figures.p95_ms


def test_a_heading_becomes_a_column_and_unknown_is_empty(study: Study) -> None:
    head, *body = rows(csv.files(study)["thresholds.csv"])
    assert head[:2] == ["part", "threshold"]
    assert {row[0] for row in body} == set(study.profiles)
    assert body[0][2] == ""


def test_a_number_has_its_unit_and_its_result_beside_it(study: Study) -> None:
    head, *body = rows(csv.files(study)["thresholds.csv"])
    found = {(row[0], row[1]): dict(zip(head, row, strict=True)) for row in body}
    slow = found["load", "http_req_duration p(95)<1000"]
    assert [slow[f"ours: report{more}"] for more in ("", ": unit", ": result")] == ["1912.0", "ms", "missed"]
    assert found["load", "success_rate rate>0.85"]["ours: report: unit"] == "share"
    head, *body = rows(csv.files(study)["verdicts.csv"])
    assert dict(zip(head, body[1], strict=True))["thresholds met: of"] == "3"


def test_a_text_is_no_formula(hostile: Study) -> None:
    named = dataclasses.replace(hostile, missing=["=cmd|' /C calc'!A0"])
    for text in csv.files(named).values():
        assert not any(cell.startswith(("=", "@", "+")) for row in rows(text) for cell in row)
    assert csv._safe("=1+1") == "'=1+1"


def test_names_of_files_leave_the_folder_never(study: Study) -> None:
    view = study.variants["report"]["load"]
    odd = dataclasses.replace(study, variants={"report": {"../../etc/x": view}})
    assert all("/" not in name and ".." not in name for name in csv.files(odd))


def test_a_figure_that_is_struck_out_is_no_number_and_says_why(study: Study, exchange) -> None:
    verdict = Verdict(validity=Validity.INVALID, checks=(), reason="k6 was killed")
    broken = exchange(study, "report", "load", verdict=verdict)
    head, *body = rows(csv.files(broken)["load-response-time.csv"])
    p95 = dict(zip(head, next(row for row in body if row[0] == "p95, ms"), strict=True))
    assert p95["ours: report: measured"] == ""
    assert p95["ours: report: measured: struck out"] == "1,912; INVALID: k6 was killed"
    assert float(p95["ours: recommended: measured"]) == 143.0
    assert "ours: recommended: measured: struck out" not in p95
    assert not any("struck out" in name for name in rows(csv.files(study)["load-response-time.csv"])[0])
