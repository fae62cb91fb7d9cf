from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rushlab.world.stack.processes import Processes


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Processes of a folder of its own, all ended afterwards."""
    own = Processes(tmp_path / "home")
    yield own
    own.stop(own.found(), grace_s=1)


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
