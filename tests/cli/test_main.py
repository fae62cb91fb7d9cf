"""Signals, and what is said when the user ends the work."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

WAITING = """
import signal, sys
from rushlab.cli import main

@main.app.command("wait")
def wait():
    print("waiting", flush=True)
    signal.pause()

sys.argv = ["rushlab", "wait"]
main.main()
"""


#: Runs a command as a terminal does, also where these tests were themselves started to outlive one.
HEARING = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


@contextmanager
def waiting(*wrapped):
    """A command that waits, started by `wrapped`, once its handlers are in place; ended in every case."""
    command = [*wrapped, sys.executable, "-c", WAITING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "waiting\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_end_that_was_asked_for_is_said_in_one_sentence(number):
    with waiting(sys.executable, "-c", HEARING) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "rushlab: Interrupted. What was whole is kept."
    assert "Traceback" not in said


def test_work_that_was_started_to_outlive_its_terminal_does():
    with waiting("sh", "-c", 'trap "" HUP; exec "$@"', "sh") as process:  # as nohup does
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=0.5)


def test_name_that_is_no_utf8_is_printed_as_it_is():
    script = "import sys; from rushlab.cli import main, runs; import typer, os;"
    script += "main.app.command('say')(lambda: typer.echo(os.fsdecode(b'caf\\xe9')));"
    script += "sys.argv = ['rushlab', 'say']; main.main()"
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, env=environment)
    assert (done.stdout, done.stderr) == (b"caf\xe9\n", b"")
