"""JupyterLab as `rushlab lab` opens it: loopback only, and nothing without the token."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

pytestmark = pytest.mark.tool

URL = re.compile(r"(http://127\.0\.0\.1:\d+)/lab/\S*token=([0-9a-f]+)")


@pytest.fixture
def lab(tmp_path) -> Iterator[tuple[int, str, str]]:
    """A running JupyterLab: its pid, its address and its token."""
    hostile = tmp_path / "config"
    hostile.mkdir()
    (hostile / "jupyter_server_config.py").write_text("c.IdentityProvider.token = ''\nc.ServerApp.ip = '0.0.0.0'\n")
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(hostile), "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "rushlab", "lab", "--port", "18888"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        watchdog = threading.Timer(90, server.kill)
        watchdog.start()
        try:
            found = next(match for line in server.stderr if (match := URL.search(line)))
            threading.Thread(target=server.stderr.read, daemon=True).start()
            yield server.pid, found[1], found[2]
        finally:
            watchdog.cancel()
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def test_loopback_only_and_token_always_on(lab):
    pid, address, token = lab
    with requests.Session() as session:
        session.trust_env = False
        # The address is printed a moment before it is listened on.
        session.mount("http://", HTTPAdapter(max_retries=Retry(connect=12, backoff_factor=0.05)))
        notebook = f"{address}/api/contents/notebooks/report.ipynb"
        assert session.get(notebook, timeout=30).status_code == 403
        reply = session.get(notebook, headers={"Authorization": f"token {token}"}, timeout=30)
    assert reply.status_code == 200
    assert reply.json()["name"] == "report.ipynb"
    listeners = [one for one in psutil.Process(pid).net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    assert {one.laddr.ip for one in listeners} == {"127.0.0.1"}
