"""What a user can get wrong: one sentence on standard error, its exit code, no traceback, nothing left behind."""

import os
import subprocess
import sys

import pytest

CASES = [
    (["run", "laod"], 2, "Did you mean load"),
    (["run", "load", "--variant", "reprot"], 2, "Did you mean report"),
    (["run", "load", "--set", "pool_sze=3"], 2, "Did you mean pool_size"),
    (["run", "load", "--set", "pool_size=many"], 2, "pool_size cannot be"),
    (["run", "load", "--set", "pool_size"], 2, "knob=value"),
    (["run", "load", "--scale", "huge"], 2, "Scale"),
    (["run", "load", "--backend", "cloud"], 2, "Backend"),
    (["run", "load", "--model", "ajar"], 2, "ajar"),
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


def rushlab(arguments, folder):
    environment = os.environ | {"RUSHLAB_STATE": str(folder / "state"), "RUSHLAB_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "rushlab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


@pytest.mark.parametrize(
    ("arguments", "code", "words"), CASES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_one_sentence_and_the_exit_code(arguments, code, words, tmp_path):
    done = rushlab(arguments, tmp_path)
    assert done.returncode == code, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr + done.stdout
    assert list((tmp_path / "data").glob("runs/*")) == []


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "data").write_text("a file where the data folder should be")
    done = rushlab(["ls"], tmp_path)
    assert done.returncode == 1
    assert "Cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_runs_yet_is_no_error(tmp_path):
    done = rushlab(["ls"], tmp_path)
    assert done.returncode == 0
    assert "No runs yet" in done.stdout


HEAVY = ("pandas", "duckdb", "plotly", "sqlalchemy", "kafka")


def test_start_imports_nothing_heavy():
    script = f"import sys, rushlab.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
