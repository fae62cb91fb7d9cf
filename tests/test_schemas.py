"""What `--json` prints follows the schemas in docs/schemas."""

import json
import sys

import jsonschema
import pytest

from rushlab.cli.main import main
from rushlab.flows.workbench import Workbench
from rushlab.model.run import State
from rushlab.model.schemas import experiment_schema, run_schema
from rushlab.world.folders import create_run
from rushlab.world.settings import PROJECT, Settings

SCHEMAS = PROJECT / "docs" / "schemas"


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RUSHLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("RUSHLAB_DATA", str(tmp_path / "data"))

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["rushlab", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return json.loads(capsys.readouterr().out)

    return call


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_schema_is_one(path):
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


def test_run_schema_is_the_one_that_follows_from_the_value_objects():
    assert schema("run") == json.loads(json.dumps(run_schema())), (
        "write it again: python -m rushlab.model.schemas run > docs/schemas/run.schema.json"
    )


def test_experiment_schema_is_the_one_that_follows_from_the_value_objects():
    assert schema("experiment") == json.loads(json.dumps(experiment_schema())), (
        "write it again: python -m rushlab.model.schemas experiment > docs/schemas/experiment.schema.json"
    )


def test_list_of_runs_follows_its_schema(printed, tmp_path):
    jsonschema.validate(printed("ls"), schema("runs"))
    bench = Workbench.open(Settings(state=tmp_path / "state", data=tmp_path / "data"))
    folder = create_run(
        bench.settings.runs, bench.profile("load"), 0.1, bench.variant("report"), model="closed", environment={}
    )
    folder.advance(State.FAILED, problem="as an example")
    listed = printed("ls")
    jsonschema.validate(listed, schema("runs"))
    assert [run["state"] for run in listed["runs"]] == ["failed"]
    jsonschema.validate(json.loads((folder.path / "run.json").read_text()), schema("run"))


def test_status_follows_its_schema(printed):
    jsonschema.validate(printed("status"), schema("status"))
