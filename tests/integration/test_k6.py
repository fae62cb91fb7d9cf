"""The real k6 drives a real HTTP server: every request leaves its trace, and k6 is ended in every case."""

import json
import shutil
import signal
import socket
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from rushlab.model.errors import LoadError, RefusedTarget
from rushlab.model.profile import Profile, Stage
from rushlab.world.k6 import K6Order, drive, find_k6, k6_version
from rushlab.world.k6_checks import free_port
from rushlab.world.points import attempts, disagreements, figures, ingest, timeline, vus
from rushlab.world.points_load import dropped
from rushlab.world.points_sql import connection
from rushlab.world.profiles import load_profiles
from rushlab.world.settings import Settings
from rushlab.world.summary import read_summary

pytestmark = [pytest.mark.tool, pytest.mark.xdist_group("k6")]  # one port of k6's own

SCRIPTS = Path(__file__).parents[2] / "k6"
THRESHOLDS = {"http_req_duration": ["p(95)<1000"], "http_req_failed": ["rate<0.15"], "success_rate": ["rate>0.1"]}


class CouponServer(ThreadingHTTPServer):
    """Answers as the service does: 201 for a new user, 409 for one who has a coupon; other answers by user."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.lock = threading.Lock()
        self.issued = set()
        self.answers = []
        self.seen = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, user):
        with self.lock:
            status = 409 if user in self.issued else {0: 410, 1: 503, 2: 0}.get(user % 17, 201)
            if status == 201:
                self.issued.add(user)
            self.answers.append((user, status))
        self.seen.set()
        return status


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.answer(body["user_id"])
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format, *args):
        """Quiet."""


@pytest.fixture
def server():
    with CouponServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def script(tmp_path):
    """Our script beside profiles that take three seconds."""
    folder = tmp_path / "k6"
    folder.mkdir()
    shutil.copy(SCRIPTS / "coupons.js", folder)
    common = {"title": "x", "purpose": "x"}
    profiles = {
        "tiny": common | {"executor": "ramping-vus", "stages": [[1, 20], [1, 20], [1, 0]]},
        "long": common | {"executor": "constant-vus", "vus": 5, "duration_s": 600},
    }
    table = {"schema": 1, "pause_s": 0.05, "thresholds": THRESHOLDS, "profiles": profiles}
    (folder / "profiles.json").write_text(json.dumps(table))
    return folder / "coupons.js"


TINY = Profile(
    name="tiny",
    title="x",
    purpose="x",
    executor="ramping-vus",
    pause_s=0.05,
    thresholds=THRESHOLDS,
    stages=(Stage(1, 20), Stage(1, 20), Stage(1, 0)),
)
LONG = Profile(
    name="long", title="x", purpose="x", executor="constant-vus", pause_s=0.05, thresholds={}, vus=5, duration_s=600
)


@pytest.fixture
def order(server, script, tmp_path):
    def make(profile=TINY, **changes):
        folder = tmp_path / "run"
        return K6Order(profile=profile, base_url=server.url, coupon_id=7, folder=folder, script=script, **changes)

    return make


def ingested(order):
    target = order.folder / "points.parquet"
    result = ingest(order.points, target)
    return result, target


@pytest.mark.parametrize("model", ["closed", "open"])
def test_every_request_of_the_server_is_an_attempt_with_its_user(server, order, model):
    told = order(repeat_users=0.3, model=model, first_user=1000)
    progress = []
    result = drive(told, progress.append)
    assert result.exit_code == 0, told.log.read_text()
    assert result.version == k6_version(find_k6())
    _, parquet = ingested(told)
    frame = attempts(parquet)
    assert Counter(zip(frame["user"], frame["status"], strict=True)) == Counter(server.answers)
    assert {201, 409, 410, 503, 0} <= set(frame["status"])
    assert min(frame["user"]) >= 1000
    assert (frame["started"] <= frame["ended"]).all()
    assert result.started - 0.2 <= frame["started"].min() <= frame["ended"].max() <= result.ended
    assert progress[-1].requests <= len(frame)
    assert progress[-1].planned_s == 3


def test_points_give_exactly_what_k6_summed_up(order):
    told = order(repeat_users=0.3)
    drive(told, lambda progress: None)
    result, parquet = ingested(told)
    summary = read_summary(told.summary)
    found = figures(parquet, summary)
    assert not result.truncated
    assert disagreements(found, summary, relative=1e-9) == []
    assert set(summary.metrics) == set(found["metrics"])
    assert found["metrics"]["http_reqs"]["rate_source"] == "summary"
    assert summary.thresholds == {name: {limit[0]: True} for name, limit in THRESHOLDS.items()}
    assert {"p(99)", "count", "max"} <= set(summary.metrics["http_req_duration"])


def test_success_rate_is_issued_over_all_and_expected_answers_are_no_failures(server, order):
    told = order(repeat_users=0.3)
    drive(told, lambda progress: None)
    metrics = figures(ingested(told)[1])["metrics"]
    statuses = Counter(status for _, status in server.answers)
    assert metrics["success_rate"]["passes"] == statuses[201]
    assert metrics["success_rate"]["fails"] == len(server.answers) - statuses[201]
    assert metrics["http_req_failed"]["passes"] == statuses[503] + statuses[0]


def test_timeline_adds_up(order):
    told = order()
    result = drive(told, lambda progress: None)
    _, parquet = ingested(told)
    frame = timeline(parquet, result.started)
    assert frame["requests"].sum() == dropped(parquet)[1] == len(attempts(parquet))
    assert vus(parquet)["vus"].max() <= 20


def test_new_users_are_new_over_the_whole_test(server, order):
    drive(order(), lambda progress: None)
    users = sorted(user for user, _ in server.answers)
    assert users == list(range(1, len(users) + 1))


def test_repeated_users_follow_from_the_seed(server, order):
    drive(order(repeat_users=0.5, seed=3), lambda progress: None)
    first = Counter(user for user, _ in server.answers)
    server.answers.clear()
    drive(order(repeat_users=0.5, seed=3), lambda progress: None)
    second = Counter(user for user, _ in server.answers)
    assert first.keys() <= second.keys() or second.keys() <= first.keys()
    server.answers.clear()
    drive(order(repeat_users=0.5, seed=4), lambda progress: None)
    other = Counter(user for user, _ in server.answers)
    assert not (first.keys() <= other.keys() or other.keys() <= first.keys()), "another seed, other users"
    assert 0.4 < 1 - len(first) / first.total() < 0.6
    assert max(first.values()) < first.total() / 20, "no single user is hot"


def test_only_the_tags_that_figures_need_are_written(order):
    """No URL and no user among them: each would be a series of its own."""
    told = order()
    drive(told, lambda progress: None)
    _, parquet = ingested(told)
    with connection() as con:
        keys = con.execute(
            "SELECT DISTINCT unnest(json_keys(tags)) FROM read_parquet(?) WHERE tags IS NOT NULL", [str(parquet)]
        ).fetchall()
    assert {key for (key,) in keys} <= {
        "status",
        "method",
        "name",
        "scenario",
        "check",
        "expected_response",
        "error_code",
    }


def test_missed_threshold_is_a_result(server, order):
    server.issued.update(range(10_000_000))
    told = order()
    result = drive(told, lambda progress: None)
    assert result.exit_code == 99
    assert read_summary(told.summary).thresholds["success_rate"] == {"rate>0.1": False}


def test_a_port_that_another_took_meanwhile_costs_one_more_start(order, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        lost = other.getsockname()[1]
        ports = iter([lost, free_port(None)])
        monkeypatch.setattr("rushlab.world.k6.free_port", lambda asked: next(ports))
        assert drive(order(), lambda progress: None).exit_code == 0
    assert list(ports) == []


def test_a_port_that_was_asked_for_and_lost_is_an_error(order, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        lost = other.getsockname()[1]
        monkeypatch.setattr("rushlab.world.k6.free_port", lambda asked: asked)
        with pytest.raises(LoadError, match="106"):
            drive(order(port=lost), lambda progress: None)


def k6_process():
    (found,) = [child for child in psutil.Process().children() if child.name() == "k6"]
    return found


def test_killed_k6_is_a_result_and_its_cut_points_are_kept_and_marked(server, order):
    told = order(LONG)
    result = drive(told, lambda progress: k6_process().kill() if told.points.stat().st_size > 1000 else None)
    assert result.exit_code == -signal.SIGKILL
    assert not told.summary.exists()
    assert ingested(told)[0].truncated


def test_interrupt_ends_k6_gently_and_goes_on(order):
    told = order(LONG)

    def interrupt(progress):
        if progress.requests > 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(told, interrupt)
    assert not [child for child in psutil.Process().children() if child.name() == "k6"]
    result, parquet = ingested(told)
    assert not result.truncated
    summary = read_summary(told.summary)
    assert disagreements(figures(parquet, summary), summary) == []


def test_failing_watcher_does_not_leave_k6_behind(order):
    def fail(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(order(LONG), fail)
    assert not [child for child in psutil.Process().children() if child.name() == "k6"]


def test_k6_carries_its_workbenchs_mark_a_calm_collector_and_none_of_our_k6_settings(order, tmp_path, monkeypatch):
    monkeypatch.setenv("K6_VUS", "1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen = {}

    def look(progress):
        seen.update(k6_process().environ())
        k6_process().send_signal(signal.SIGINT)

    result = drive(order(LONG, home=tmp_path), look)
    assert result.exit_code == 105
    assert seen["RUSHLAB_HOME"] == str(tmp_path)
    assert seen["RUSHLAB_PROCESS"] == "k6"
    assert not {"K6_VUS", "HTTP_PROXY"} & seen.keys()
    assert seen["GOGC"] == "400"
    assert int(seen["GOMEMLIMIT"]) < psutil.virtual_memory().total / 2


def test_bad_script_is_told_with_its_last_lines(order, script):
    script.write_text("export default function () { nothing")
    with pytest.raises(LoadError, match=r"its script threw|exit code 107"):
        drive(order(), lambda progress: None)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BASE_URL", "http://8.8.8.8", "is refused"),
        ("BASE_URL", "http://example.com", "is refused"),
        ("BASE_URL", "http://127.0.0.1@8.8.8.8", "is refused"),
        ("BASE_URL", "http://172.32.0.1", "is refused"),
        ("PROFILE", "pique", "there are tiny, long"),
        ("MODEL", "ajar", "there are closed, open"),
        ("SCALE", "big", "SCALE cannot be"),
        ("REPEAT_USERS", "1.5", "REPEAT_USERS cannot be"),
    ],
)
def test_script_itself_refuses_what_it_may_not_do(script, variable, value, said):
    answer = subprocess.run(
        [find_k6(), "inspect", "-e", f"{variable}={value}", script], capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert said in answer.stderr


def test_foreign_target_is_refused_before_anything_is_made(order, tmp_path):
    with pytest.raises(RefusedTarget):
        drive(replace(order(), base_url="http://8.8.8.8"), lambda progress: None)
    assert not (tmp_path / "run").exists()


def test_profiles_of_the_project_are_k6s_profiles():
    """k6 reads every profile, in both models, at both scales."""
    table = json.loads((SCRIPTS / "profiles.json").read_text())
    for name in table["profiles"]:
        for model in ("closed", "open"):
            subprocess.run(
                [find_k6(), "inspect", "-e", f"PROFILE={name}", "-e", f"MODEL={model}", SCRIPTS / "coupons.js"],
                capture_output=True,
                check=True,
            )


@pytest.mark.parametrize("peak", [1, 77, 500, 1333])
def test_script_draws_the_same_heights_as_the_profile(peak):
    """A plan's rate or number of virtual users: k6 makes what `at_peak` says."""
    steady = load_profiles(Settings())["steady"].at_peak(peak)
    told = ["-e", "PROFILE=steady", "-e", "MODEL=open", "-e", f"PEAK={peak}"]
    said = subprocess.run(
        [find_k6(), "inspect", *told, SCRIPTS / "coupons.js"], capture_output=True, check=True, text=True
    ).stdout
    stages = json.loads(said)["scenarios"]["issue"]["stages"]
    assert [stage["target"] for stage in stages] == [stage.target for stage in steady.stages]
