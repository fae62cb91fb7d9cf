"""A small real server for the tests of starting and waiting: an HTTP server in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rushlab.world.stack.probes import answers_http
from rushlab.world.stack.servers.base import Setup

SERVE = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
HTTPServer(("127.0.0.1", int(sys.argv[1])), BaseHTTPRequestHandler).serve_forever()
"""


@dataclass(frozen=True, kw_only=True)
class LittleServer:
    """Answers 501 to everything, which is an answer."""

    folder: Path
    port: int
    name: str = "little"
    code: str = SERVE
    setting: str = "a"
    setup_code: str | None = None
    timeout_s: float = 10
    awaited: str = "an answer"
    hint: str = "Try again."

    def files(self) -> Mapping[Path, str]:
        return {self.folder / "little.conf": self.setting}

    def setup(self) -> Setup | None:
        data = self.folder / "data"
        if self.setup_code is None or data.exists():
            return None
        command = (sys.executable, "-c", self.setup_code, str(self.folder / "fresh"))
        return Setup(command=command, fresh=self.folder / "fresh", data=data)

    def command(self) -> tuple[str, ...]:
        return (sys.executable, "-c", self.code, str(self.port))

    def environment(self) -> dict[str, str]:
        return {}

    def probe(self) -> str | None:
        return answers_http(f"http://127.0.0.1:{self.port}/", lambda response: response.status_code == 501)

    def version(self) -> str:
        return "1"
