"""What a user can get wrong: one sentence on standard error, its exit code, no traceback, nothing left behind."""

import socket
import subprocess
import sys

import pytest

from rushlab.cli.main import main

CASES = [
    (["run", "laod"], 2, "Did you mean load"),
    (["run", "load", "--variant", "reprot"], 2, "Did you mean report"),
    (["run", "load", "--set", "pool_sze=3"], 2, "Did you mean pool_size"),
    (["run", "load", "--set", "pool_size=many"], 2, "pool_size cannot be"),
    (["run", "load", "--set", "pool_size"], 2, "knob=value"),
    (["run", "load", "--scale", "huge"], 2, "Scale"),
    (["run", "load", "--backend", "cloud"], 2, "Backend"),
    (["run", "load", "--model", "ajar"], 2, "ajar"),
    (["run", "load", "--seed", "-5"], 2, "seed"),
    (["report", "--profiles", "smoke,peak"], 2, "Profile 'peak' is not known"),
    (["report", "--variants", ""], 2, "No variant"),
    (["report", "--repeat", "0"], 2, "repeat"),
    (["report", "--from", "nothing"], 1, "There is no run 'nothing'"),
    (["show", "nothing"], 1, "There is no run 'nothing'"),
    (["audit", "nothing"], 1, "There is no run 'nothing'"),
    (["export", "nothing"], 1, "There is no run 'nothing'"),
    (["ingest", "nowhere.json"], 1, "nowhere.json"),
    (["nonsense"], 2, "nonsense"),
]


@pytest.fixture
def rushlab(tmp_path, monkeypatch, capsys):
    """Call the command line in a workbench of the test's own; what it exited with, said and printed."""
    monkeypatch.setenv("RUSHLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("RUSHLAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["rushlab", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return call


@pytest.mark.parametrize(("arguments", "code", "words"), CASES, ids=[" ".join(case[0]) for case in CASES])
def test_one_sentence_and_the_exit_code(rushlab, arguments, code, words, tmp_path):
    exit_code, _, error = rushlab(*arguments)
    assert exit_code == code, error
    assert words in " ".join(error.split())
    assert "Traceback" not in error
    assert list(tmp_path.glob("data/runs/*")) == []


def test_folder_that_cannot_be_written(rushlab, tmp_path):
    (tmp_path / "data").write_text("a file where the data folder should be")
    exit_code, _, error = rushlab("ls")
    assert exit_code == 1
    assert "Cannot write" in error


@pytest.mark.parametrize("port", ["0", "-1", "99999", "many"])
def test_port_that_none_can_be(rushlab, monkeypatch, port):
    monkeypatch.setenv("RUSHLAB_K6_PORT", port)
    exit_code, _, error = rushlab("run", "smoke")
    assert exit_code == 2
    assert error.startswith(f"rushlab: RUSHLAB_K6_PORT cannot be '{port}'")


def test_what_would_refuse_a_run_late_is_asked_first(rushlab, monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("RUSHLAB_K6_PORT", str(taken.getsockname()[1]))
        exit_code, said, error = rushlab("run", "smoke")
    assert exit_code == 1
    assert "for k6's REST API is taken" in error
    assert not (tmp_path / "state").exists(), said


def test_no_runs_yet_is_no_error(rushlab):
    exit_code, said, _ = rushlab("ls")
    assert exit_code == 0
    assert "No runs yet" in said


def test_sentence_reaches_standard_error_of_the_process(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "rushlab", "run", "laod"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rushlab: Profile 'laod' is not known")


HEAVY = ("pandas", "duckdb", "plotly", "sqlalchemy", "kafka")


@pytest.mark.parametrize("module", ["rushlab.cli.main", "rushlab.flows.exporting"])
def test_what_starts_at_once_imports_nothing_heavy(module):
    script = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
