"""Three lists of packages that must say the same: pyproject.toml, environment.yml, the lock files."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FIXED = ("jupyterlab", "papermill", "pandas", "plotly", "requests", "docker", "redis", "kafka-python", "sqlalchemy")


def normal(requirement: str) -> str:
    return requirement.replace(" ", "").split(";")[0].lower()


def name(requirement: str) -> str:
    return re.split(r"[\[<>=;!~ ]", requirement.lower())[0]


def conda() -> dict[str, str]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    plain = [entry for entry in listed if isinstance(entry, str)]
    return {name(entry): normal(entry) for entry in [*plain, *pip] if not entry.startswith("--")}


def locked(file: str) -> set[str]:
    return {name(line) for line in (ROOT / file).read_text().splitlines() if re.match(r"[a-z0-9]", line)}


def test_environment_yml_asks_for_what_pyproject_asks():
    environment = conda()
    for requirement in PROJECT["dependencies"]:
        assert environment.get(name(requirement)) == normal(requirement)
    assert environment["python"] == f"python{PROJECT['requires-python']}"


def test_fixed_packages_are_asked_for():
    asked = {name(requirement) for requirement in PROJECT["dependencies"]}
    assert set(FIXED) <= asked


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_lock_has_every_package_and_a_hash_for_each(file):
    assert {name(requirement) for requirement in PROJECT["dependencies"]} <= locked(file)
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / file).read_text().strip())
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_development_packages_stay_out_of_the_runtime_lock():
    development = {"pytest", "ruff", "mypy", "hypothesis", "playwright", "import-linter"}
    assert development & locked("requirements.lock") == set()
    assert development <= locked("requirements-dev.lock")
