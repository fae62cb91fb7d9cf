"""One run from the command line: what is said when it is interrupted."""

import contextlib

import pytest

from rushlab.flows import driving, single
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import Interrupted
from rushlab.world.settings import Settings


def test_an_interrupted_run_says_where_its_rest_is(tmp_path, monkeypatch):
    @contextlib.contextmanager
    def interrupted(*arguments):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(driving, "running_stack", interrupted)
    bench = Workbench.open(Settings(data=tmp_path / "data", state=tmp_path / "state"))
    with pytest.raises(Interrupted, match="rushlab ls") as caught:
        single.run_once(bench, single.parse_order(bench, "smoke"))
    assert caught.value.exit_code == 130
