"""The page of section 6: experiments opened beside the original's recommendations, and written as one HTML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rushlab.flows import notebooks
from rushlab.flows.experiments import open_result, page_head, result_of
from rushlab.flows.live import refuse_unknown_parameters
from rushlab.flows.workbench import Workbench
from rushlab.model.errors import ResultError
from rushlab.model.experiment_result import ExperimentResult
from rushlab.show.section_six import SectionSix
from rushlab.world.experiments import all_experiments
from rushlab.world.reference import PATH, read_reference

NOTEBOOK = "section-6.ipynb"
PAGE = "section-6.html"


def open_section_six(experiments: Sequence[str] = ()) -> SectionSix:
    """The page's content for a notebook: of the experiments named (ids, parts of one, folders), or of the last one.

    Raises
    ------
    ResultError
        There is no such experiment, or none that tries a recommendation.
    """
    refuse_unknown_parameters(("experiments",))
    bench = Workbench.open()
    return gather(bench, experiments or [last_of_section_six(bench)])


def gather(bench: Workbench, names: Sequence[str]) -> SectionSix:
    """The experiments of these names against the original's section 6."""
    results = tuple(open_result(bench, name) for name in dict.fromkeys(names))
    reference = read_reference(bench.settings.root / PATH)
    measures = tuple(guess for guess in reference.guesses if guess.kind == "measure")
    return SectionSix(results, measures, reference.problems)


def last_of_section_six(bench: Workbench) -> str:
    """The folder of the newest experiment with a variant that stands for a recommendation (ResultError: none)."""
    folders = [
        folder
        for folder in all_experiments(bench.settings.experiments)
        if any(arm.section for arm in folder.planned.plan.variants)
    ]
    for folder in reversed(folders):
        try:
            result_of(bench, folder)
        except ResultError:  # not one block of it is complete
            continue
        return str(folder.path.absolute())
    raise ResultError("No experiment has tried a recommendation of section 6", do="Make one: rushlab tune section-6.")


def tries_recommendations(result: ExperimentResult) -> bool:
    """Whether an experiment has anything to say of section 6."""
    return any(arm.section for arm in result.arms)


def write_section_six(bench: Workbench, names: Sequence[str], target: Path | None = None) -> Path:
    """Write the page of these experiments (none: the last one), and its executed notebook beside it; the page's path.

    Raises
    ------
    ResultError
        As `open_section_six`; or the notebook failed.
    StorageError
        The page cannot be written.
    """
    wanted = list(names) or [last_of_section_six(bench)]
    page = gather(bench, wanted)
    written = (target or Path(PAGE)).absolute()
    source, first = bench.settings.root / "notebooks" / NOTEBOOK, page.results[0]
    notebooks.write_page(source, written, {"experiments": wanted}, lambda: page_head(first), root=bench.settings.root)
    return written
