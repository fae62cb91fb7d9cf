"""An archive of Kafka's loaded classes: the broker starts in half the time and half the processor seconds.

Made once per Kafka and Java by a broker that starts, is ready, and ends (application class-data sharing, JEP 310 and
JEP 350). A Java that cannot use the archive goes on without it.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
from pathlib import Path
from string import Template

from rushlab.world.stack import java, kafka_jars
from rushlab.world.stack.backend import Step
from rushlab.world.stack.ports import HOST
from rushlab.world.stack.probes import Awaited, answers_kafka, wait_for
from rushlab.world.stack.processes import Launch, Processes

FILE = "kafka.jsa"
_NAME = "kafka-archive"


def folder_name(root: Path, runtime: Path) -> str:
    """One folder per Kafka and Java."""
    told = f"{kafka_jars.folder_name(root)} {runtime.resolve()} {java.version_of(runtime)}"
    return f"kafka-classes-{hashlib.sha256(told.encode()).hexdigest()[:8]}"


def make(folder: Path, root: Path, libraries: Path, runtime: Path, *, processes: Processes, step: Step) -> str:
    """Run a broker once to write `folder`/kafka.jsa; the manifest's JSON. A Java without archives writes none.

    Raises
    ------
    StackError
        The broker did not come up.
    """
    step("preparing Kafka for fast starts")
    _train(folder, root, libraries, runtime, processes)
    shutil.rmtree(folder / "data", ignore_errors=True)
    return '{"schema": 1}'


def _train(folder: Path, root: Path, libraries: Path, runtime: Path, processes: Processes) -> None:
    port, controller = _free_ports()
    template = Template((root / "stack/kafka/server.properties").read_text("utf-8"))
    properties = folder / "server.properties"
    properties.write_text(template.substitute(host=HOST, port=port, controller=controller, data=folder / "data"))
    command = kafka_jars.java_command(runtime, libraries, root / "stack/kafka/log4j2.properties")
    formatting = (*command, *kafka_jars.format_words(properties))
    processes.run(Launch(name=f"{_NAME}-format", command=formatting), timeout_s=60)
    recording = (command[0], f"-XX:ArchiveClassesAtExit={folder / FILE}", *command[1:])
    broker = processes.start(Launch(name=_NAME, command=(*recording, kafka_jars.BROKER, str(properties)), port=port))
    try:
        wait_for([_ready(port, broker.pid, processes.log(_NAME))], lambda text: None)
    finally:
        processes.stop([broker], grace_s=60)  # it writes the archive while it ends


def _ready(port: int, pid: int, log: Path) -> Awaited:
    return Awaited(
        name=_NAME,
        what=f"a registered broker on {HOST}:{port}",
        probe=lambda: answers_kafka(port),
        pid=pid,
        port=port,
        log=log,
        hint="",
        timeout_s=60,
    )


def _free_ports() -> tuple[int, int]:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
