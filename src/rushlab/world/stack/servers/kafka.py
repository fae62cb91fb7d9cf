"""Apache Kafka, one node in KRaft mode: broker and controller in one process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from rushlab.world.stack import kafka_jars
from rushlab.world.stack.ports import HOST
from rushlab.world.stack.probes import answers_kafka
from rushlab.world.stack.servers.base import Setup, Site, has_content


class Kafka(Struct, frozen=True):
    """`kafka.Kafka` on loopback."""

    site: Site
    name: str = "kafka"
    timeout_s: float = 60

    @property
    def port(self) -> int:
        return self.site.ports["kafka"]

    @property
    def awaited(self) -> str:
        return f"a registered broker on {HOST}:{self.port}"

    @property
    def hint(self) -> str:
        return f"If its data is damaged, run `rushlab down` and remove {self._folder}."

    @property
    def _folder(self) -> Path:
        return self.site.folder(self.name)

    def files(self) -> Mapping[Path, str]:
        logging = self.site.render("kafka/log4j2.properties")
        return {
            self._folder / "server.properties": self._properties(self._folder / "data"),
            self._folder / "format.properties": self._properties(self._folder / "fresh"),
            self._folder / "log4j2.properties": logging,
        }

    def _properties(self, data: Path) -> str:
        ports = self.site.ports
        controller = ports["kafka-controller"]
        return self.site.render("kafka/server.properties", host=HOST, port=self.port, controller=controller, data=data)

    def setup(self) -> Setup | None:
        data = self._folder / "data"
        if has_content(data):
            return None
        command = (*self._java(), *kafka_jars.format_words(self._folder / "format.properties"))
        return Setup(command=command, fresh=self._folder / "fresh", data=data)

    def command(self) -> tuple[str, ...]:
        return (*self._java(), kafka_jars.BROKER, str(self._folder / "server.properties"))

    def _java(self) -> tuple[str, ...]:
        tools = self.site.tools
        program, *words = kafka_jars.java_command(tools.java, tools.kafka, self._folder / "log4j2.properties")
        return (program, f"-XX:SharedArchiveFile={tools.kafka_archive}", *words)

    def environment(self) -> dict[str, str]:
        return {}

    def probe(self) -> str | None:
        return answers_kafka(self.port)

    def version(self) -> str:
        """The jar's version: the broker's protocol does not tell it."""
        names = sorted(path.stem for path in self.site.tools.kafka.glob("kafka_2.13-*.jar"))
        return names[0].partition("-")[2] if names else "unknown"
