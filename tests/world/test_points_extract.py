"""Tables drawn from the points once: equal whatever the order of the file, kept while they fit, never stale."""

import json
import os
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from rushlab.model.errors import PointsError, ResultError
from rushlab.world import points_extract, points_sql
from rushlab.world.points import attempts, durations, ingest, populations, stages, timeline
from rushlab.world.points_load import dropped, lateness_p95, outcomes_per_second
from rushlab.world.points_window import window_quantiles

START = 1_795_514_400.0  # 2026-11-24 10:00:00 UTC


def line(metric, value, second, user, status):
    whole, micro = divmod(round(second * 1e6), 1_000_000)
    data = {
        "time": f"2026-11-24T10:00:{whole:02d}.{micro:06d}Z",
        "value": value,
        "tags": {"name": "issue", "status": str(status)},
        "metadata": {"user": str(user)},
    }
    return json.dumps({"metric": metric, "type": "Point", "data": data})


def iteration(user, status=201, took_ms=20.0):
    """The lines of one iteration in k6's order."""
    end = 1 + user / 7
    values = {
        "http_reqs": 1,
        "http_req_duration": took_ms,
        "http_req_blocked": took_ms / 8,
        "http_req_connecting": 0,
        "http_req_failed": int(status == 503),
        "iteration_duration": took_ms + 1100,
        "iterations": 1,
        "vus": user,
    }
    return [line(metric, value, end, user, status) for metric, value in values.items()]


def lines_of(users, *, took_ms=20.0):
    statuses = (201, 201, 410, 503, 0)
    return [text for user in users for text in iteration(user, statuses[user % 5], took_ms + user)]


@pytest.fixture
def ingested(tmp_path):
    def ingest_lines(lines):
        source, target = tmp_path / "points.json", tmp_path / "points.parquet"
        source.write_text("\n".join(lines) + "\n")
        ingest(source, target)
        return target

    return ingest_lines


@pytest.fixture
def keeping(monkeypatch):
    """However small the points, their tables are kept; how often they were drawn."""
    drawn = []
    draw = points_extract._draw
    monkeypatch.setattr(points_extract, "KEPT_FROM_BYTES", 0)
    monkeypatch.setattr(points_extract, "_draw", lambda con, parquet: (drawn.append(parquet), draw(con, parquet)))
    return drawn


def everything(parquet):
    """Every answer that the tables give, in plain values."""
    outcome = {201: "issued", 410: "sold_out"}
    name = lambda status: outcome.get(status, "failed")  # noqa: E731
    frames = (
        attempts(parquet),
        timeline(parquet, START),
        stages(parquet, START, [(0, 2), (2, 30)]),
        populations(parquet, name),
        outcomes_per_second(parquet, START, name),
    )
    window = window_quantiles(parquet, START + 1, START + 3, [0.5, 0.9], status=201)
    return (
        [frame.to_csv(index=False) for frame in frames],
        [durations(parquet), durations(parquet, [410]), dropped(parquet), window],
        round(lateness_p95(parquet, 1.0), 9),
    )


def kept_beside(parquet):
    return sorted(parquet.parent.glob(".points-*.duckdb"))


def test_points_apart_give_the_same_answers_as_points_in_a_row(ingested):
    """Someone sorted the file by metric: only by time, tags and metadata do points still belong together."""
    in_a_row = lines_of(range(60))
    expected = everything(ingested(in_a_row))
    apart = sorted(in_a_row, key=lambda text: json.loads(text)["metric"])
    found = everything(ingested(apart))
    assert found[1:] == expected[1:]
    for place in (0, 1, 3, 4):
        assert found[0][place] == expected[0][place]


@pytest.mark.parametrize("lost", ["http_reqs", "http_req_blocked", "http_req_duration"])
def test_request_that_misses_a_point_is_not_joined_with_its_neighbour(ingested, lost):
    lines = [*lines_of(range(4)), *(text for text in lines_of([4]) if f'"{lost}"' not in text), *lines_of(range(5, 8))]
    frame = attempts(ingested(lines)).set_index("user")
    users = [user for user in range(8) if not (lost == "http_reqs" and user == 4)]
    assert sorted(frame.index) == users
    whole = [user for user in range(8) if user != 4]
    took = ((frame["ended"] - frame["started"]) * 1000)[whole]
    assert took.tolist() == pytest.approx([(20.0 + user) * 1.125 for user in whole], abs=1e-3)


def test_shuffled_points_give_the_same_requests(ingested):
    lines = lines_of(range(40))
    expected = attempts(ingested(lines))
    random.Random(7).shuffle(lines)
    assert attempts(ingested(lines)).equals(expected)


def test_tables_are_drawn_once_for_all_questions(ingested, keeping):
    parquet = ingested(lines_of(range(30)))
    first = everything(parquet)
    assert everything(parquet) == first
    assert (len(keeping), len(kept_beside(parquet))) == (1, 1)


def test_kept_tables_say_what_tables_in_memory_say(ingested, monkeypatch):
    parquet = ingested(lines_of(range(30)))
    in_memory = everything(parquet)
    assert kept_beside(parquet) == []
    monkeypatch.setattr(points_extract, "KEPT_FROM_BYTES", 0)
    assert everything(parquet) == in_memory
    assert len(kept_beside(parquet)) == 1


def test_tables_of_other_points_are_never_read(ingested, keeping):
    (before,) = kept_beside(parquet) if durations(parquet := ingested(lines_of(range(30))))["count"] == 30 else ()
    assert durations(ingested(lines_of(range(30), took_ms=99.0)))["max"] == 99.0 + 29
    (after,) = kept_beside(parquet)
    assert before != after
    assert len(keeping) == 2


@pytest.mark.parametrize("changed", ["engine", points_extract, points_sql])
def test_tables_of_another_version_are_drawn_anew(ingested, keeping, monkeypatch, tmp_path, changed):
    parquet = ingested(lines_of(range(30)))
    expected = everything(parquet)
    if changed == "engine":
        monkeypatch.setattr(duckdb, "__version__", "0.0.1")
    else:
        (tmp_path / "code.py").write_text("another reading of the points")
        monkeypatch.setattr(changed, "__file__", str(tmp_path / "code.py"))
    assert everything(parquet) == expected
    assert (len(keeping), len(kept_beside(parquet))) == (2, 1)


@pytest.mark.parametrize("damage", [lambda content: content[:-100], lambda content: b"", lambda content: content[::-1]])
def test_damaged_tables_are_not_believed(ingested, keeping, damage):
    parquet = ingested(lines_of(range(30)))
    expected = everything(parquet)
    (file,) = kept_beside(parquet)
    file.write_bytes(damage(file.read_bytes()))
    assert everything(parquet) == expected
    assert len(keeping) == 2


def test_changed_value_in_kept_tables_is_not_believed(ingested, keeping, tmp_path):
    parquet = ingested(lines_of(range(30)))
    expected = durations(parquet)
    changed = Path(shutil.copy(kept_beside(parquet)[0], tmp_path / "changed.duckdb"))
    with duckdb.connect(str(changed)) as con:
        con.execute("UPDATE answers SET ms = 1")
    changed.replace(kept_beside(parquet)[0])
    assert durations(parquet) == expected
    assert len(keeping) == 2


def test_where_nothing_can_be_kept_the_answers_still_come(ingested, keeping, monkeypatch):
    def refuse(*_):
        raise PermissionError("read-only")

    parquet = ingested(lines_of(range(30)))
    monkeypatch.setattr(points_extract, "_made", refuse)
    assert durations(parquet)["count"] == 30
    assert [path.name for path in parquet.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("kept_from", [0, 2**40], ids=["kept", "in memory"])
def test_what_is_no_points_file_is_told_and_leaves_no_tables(tmp_path, monkeypatch, kept_from):
    monkeypatch.setattr(points_extract, "KEPT_FROM_BYTES", kept_from)
    file = tmp_path / "points.parquet"
    with pytest.raises(ResultError, match="no points at"):
        durations(file)
    with duckdb.connect() as con:
        con.execute(f"COPY (SELECT 1 AS x) TO '{file}'")
    with pytest.raises(ResultError, match="not a points file"):
        durations(file)
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ResultError, match="not a points file"):
        durations(file)
    assert [path.name for path in tmp_path.iterdir()] == ["points.parquet"]


@pytest.mark.parametrize("kept_from", [0, 2**40], ids=["kept", "in memory"])
def test_points_damaged_within_are_told(ingested, monkeypatch, kept_from):
    monkeypatch.setattr(points_extract, "KEPT_FROM_BYTES", kept_from)
    parquet = ingested(lines_of(range(300)))
    content = bytearray(parquet.read_bytes())
    content[100:2000] = bytes(1900)
    parquet.write_bytes(content)
    with pytest.raises(PointsError, match="cannot be read"):
        durations(parquet)
    assert kept_beside(parquet) == []


def test_what_a_killed_process_left_half_drawn_goes_once_it_is_old(ingested, keeping):
    parquet = ingested(lines_of(range(1, 5)))
    left, young = parquet.with_name(".extract-old"), parquet.with_name(".extract-young")
    for folder in (left, young):
        folder.mkdir()
        (folder / "tables.duckdb").touch()
    os.utime(left, (0, 0))
    attempts(parquet)
    assert not left.exists()
    assert young.exists(), "another process may be at work in it"
