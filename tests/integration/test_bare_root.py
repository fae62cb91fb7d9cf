"""The README's commands on a Debian where nothing is installed: a root file system made by debootstrap.

Slow, and needs root (mounts, chroot). The load stays inside: the root shares this machine's loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RELEASES = ("bookworm", "trixie")
#: Certificate authorities of this machine's administrator: a network that needs them here needs them there.
AUTHORITIES = Path("/usr/local/share/ca-certificates")
IN_BARE = """
mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev || exit 90
exec chroot {root} env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt sh -ec '{command}'
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="a bare root needs root: mounts and chroot"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap is not installed"),
]


def in_bare(root: Path, command: str) -> tuple[str, str]:
    """Run a command inside the root, in namespaces that end with it; what it printed and what it said."""
    script = IN_BARE.format(root=root, command=command)
    isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]
    done = subprocess.run(isolated, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout, done.stderr


@pytest.fixture(scope="module", params=RELEASES)
def bare(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp(request.param)
    root.chmod(0o755)  # it becomes the / of ordinary users too
    subprocess.run(["debootstrap", "--variant=minbase", request.param, root], check=True, capture_output=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, root / "opt" / "rushlab"], check=True)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    for authority in AUTHORITIES.glob("*.crt"):
        folder = root / "usr/local/share/ca-certificates"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(authority, folder)
    yield root
    shutil.rmtree(root, ignore_errors=True)


def test_report_from_nothing(bare):
    printed, said = in_bare(bare, "cd /tmp && /opt/rushlab/rushlab report --profiles smoke,peak-1500")
    assert "installing with apt-get" in said
    folder = bare / Path(printed.strip().splitlines()[-1]).parent.relative_to("/")
    written = {file.name for file in folder.iterdir()}
    assert {"report.html", "report.ipynb", "report.json", "junit.xml"} <= written
    report = json.loads((folder / "report.json").read_text())
    for variant in ("report", "recommended"):
        runs = report["variants"][variant]["profiles"]
        assert {run["audit"] for run in runs.values()} == {"PASS"}
        assert runs["peak-1500"]["requests"] > 0


def test_tests_from_nothing(bare):
    printed, _ = in_bare(bare, "/opt/rushlab/rushlab test")
    assert " passed" in printed


def test_ordinary_user_once_the_tools_are_there(bare):
    in_bare(bare, "useradd --create-home guest && cp -r /opt/rushlab /home/guest && rm -rf /home/guest/rushlab/.venv")
    in_bare(bare, "chown -R guest /home/guest")
    printed, _ = in_bare(bare, 'su guest -c "/home/guest/rushlab/rushlab report --profiles smoke"')
    report = bare / Path(printed.strip().splitlines()[-1]).parent.relative_to("/") / "report.json"
    profiles = json.loads(report.read_text())["variants"]["recommended"]["profiles"]
    assert profiles["smoke"]["audit"] == "PASS"
