"""`rushlab export`: one run or one experiment as a file.

A page is made by its notebook, in another process. What that process reads and draws with takes long to import, so
nothing of it is imported here before the notebook has started.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rushlab.flows import notebooks
from rushlab.flows.workbench import Workbench
from rushlab.world.experiments import names_experiment
from rushlab.world.files import write_atomic
from rushlab.world.folders import RunFolder, open_run

if TYPE_CHECKING:
    from rushlab.show.html import Head

_SUFFIXES = {"html": ".html", "junit": ".xml", "markdown": ".md", "json": ".json", "csv": "-tables"}


def export(bench: Workbench, name: str, kind: str, out: Path | None) -> Path:
    """Write the run or experiment of that name (errors as of `export_run` and `tuning.export_experiment`)."""
    if not is_experiment(bench, name):
        return export_run(bench, name, kind, out)
    from rushlab.flows.tuning import export_experiment

    return export_experiment(bench, name, kind, out)


def is_experiment(bench: Workbench, name: str) -> bool:
    """Whether an experiment is meant; a part of a name that runs have too means a run."""
    of_runs = not Path(name).is_dir() and any(name in path.name for path in bench.settings.runs.glob("*"))
    return not of_runs and names_experiment(bench.settings.experiments, name)


def export_run(bench: Workbench, name: str, kind: str, out: Path | None) -> Path:
    """Write one run as html, junit, markdown, json or csv (a folder of tables); the path of what was written."""
    folder = open_run(bench.settings.runs, name)
    target = (out or Path(f"{folder.record.id}{_SUFFIXES[kind]}")).absolute()
    if kind == "html":  # the notebook reads the points itself
        _write_page(bench, folder, target)
        return target
    from rushlab.flows import outputs
    from rushlab.flows.studies import gather

    study = gather(bench, [str(folder.path)])
    if kind == "csv":
        outputs.write_tables(study, target)
    else:
        write_atomic(target, outputs.text(study, kind))
    return target


def _write_page(bench: Workbench, folder: RunFolder, target: Path) -> None:
    """The run's page, and the executed notebook beside it."""
    source, parameters = bench.settings.root / "notebooks" / "run.ipynb", {"run": str(folder.path.absolute())}
    notebooks.write_page(source, target, parameters, lambda: _head(folder), root=bench.settings.root)


def _head(folder: RunFolder) -> Head:
    from rushlab.flows.recorded import record_view
    from rushlab.show import html

    return html.Head.of_run(record_view(folder))
