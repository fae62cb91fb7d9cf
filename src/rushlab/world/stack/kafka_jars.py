"""Apache Kafka's jars, through Maven: the list is `stack/kafka/pom.xml`."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
from pathlib import Path

import msgspec

from rushlab.model.errors import StackError
from rushlab.world.files import nearest
from rushlab.world.stack.backend import Step
from rushlab.world.stack.processes import Launch, Processes

HELP = "Install it (Debian, Ubuntu: apt install maven) and start again."
BROKER = "kafka.Kafka"
_HEAP = ("-Xms256m", "-Xmx512m", "-XX:+UseG1GC")
#: Any 16 bytes in base 64; there is one cluster per workbench and it never meets another.
_CLUSTER = "cnVzaGxhYi1jbHVzdGVyMQ"
_TIMEOUT_S = 900


def pom(root: Path) -> Path:
    return root / "stack/kafka/pom.xml"


def version(root: Path) -> str:
    """Kafka's version, as the pom states it."""
    match = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", pom(root).read_text("utf-8"))
    if match is None:
        raise StackError(f"{pom(root)} does not state kafka.version")
    return match[1]


def folder_name(root: Path) -> str:
    """One folder per content of the pom."""
    return f"kafka-{version(root)}-{hashlib.sha256(pom(root).read_bytes()).hexdigest()[:8]}"


def java_command(java: Path, libraries: Path, logging: Path) -> tuple[str, ...]:
    """Java with Kafka's classes; the name of a main class and its arguments follow."""
    return (str(java), *_HEAP, f"-Dlog4j2.configurationFile={logging}", "-cp", f"{libraries}/*")


def format_words(properties: Path) -> tuple[str, ...]:
    """The main class and arguments that make an empty data folder of a cluster of one."""
    words = ("kafka.tools.StorageTool", "format", "--standalone", "--cluster-id", _CLUSTER)
    return (*words, "--config", str(properties))


def fetch(folder: Path, root: Path, java: Path, processes: Processes, step: Step) -> str:
    """Copy Kafka and all it needs into `folder`/libs; the manifest's JSON.

    Raises
    ------
    StackError
        Maven is missing or failed.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError(
            "Kafka cannot be fetched",
            "Maven (mvn) is not on the PATH",
            HELP,
        )
    step(f"downloading Kafka {version(root)} with Maven (54 MB)")
    command = (
        *(maven, "-B", "-q", "-f", str(pom(root)), "dependency:copy-dependencies"),
        *(f"-DoutputDirectory={folder / 'libs'}", "-DincludeScope=runtime", *_repository(folder.parent)),
    )
    # Maven wants a whole Java home; the one it finds by itself is right unless Java came with a Python package.
    environment = {} if shutil.which("java") else {"JAVA_HOME": str(java.parent.parent)}
    processes.run(Launch(name="maven", command=command, environment=environment), timeout_s=_TIMEOUT_S)
    jars = sorted(path.name for path in (folder / "libs").glob("*.jar"))
    if f"kafka_2.13-{version(root)}.jar" not in jars:
        raise StackError("Kafka cannot be fetched", "Maven ended without an error, but the broker's jar is not there")
    return msgspec.json.format(msgspec.json.encode({"schema": 1, "jars": jars})).decode()


def _repository(cache: Path) -> tuple[str, ...]:
    """Where Maven keeps its downloads: in the cache when it cannot write its own folder in the user's home.

    Java takes the home from the system's list of users, not from HOME.
    """
    try:
        usual = Path(pwd.getpwuid(os.getuid()).pw_dir, ".m2", "repository")
        if os.access(nearest(usual), os.W_OK | os.X_OK, effective_ids=True):
            return ()
    except KeyError:  # a user without an entry, as in some containers
        pass
    return (f"-Dmaven.repo.local={cache / 'm2'}",)
