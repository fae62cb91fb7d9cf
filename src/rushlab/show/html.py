"""The report as one HTML file that opens offline and loads nothing.

The page is drawn by our own template from the outputs of an executed notebook. plotly.js stands in
it once; figures are JSON; one small script draws them. The content security policy names the two
scripts by their hashes, so nothing else can run, and allows no connection at all.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from markupsafe import Markup

from rushlab.model.errors import ResultError
from rushlab.model.profile import scale_name
from rushlab.model.results import ThresholdResult
from rushlab.model.verdict import Status, Validity
from rushlab.show import units
from rushlab.show.blocks import Document, document
from rushlab.show.figures import standalone
from rushlab.show.table import Cell
from rushlab.show.table_html import TEMPLATES, environment
from rushlab.show.tables.cells import TONES
from rushlab.show.tables.origin import commit, machine
from rushlab.show.views import RunView, Study


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a page: facts (name → text), badges, and sentences that must not be overlooked.

    `title` takes the place of the notebook's own where a page is about one thing that has a name,
    `caution` that of "This report is partial." over the warnings.
    """

    facts: tuple[tuple[str, str], ...] = ()
    badges: tuple[Cell, ...] = ()
    warnings: tuple[str, ...] = ()
    title: str = ""
    caution: str = ""

    @classmethod
    def of(cls, study: Study) -> Head:
        """The head of a study: date, scale, commit, machine; verdicts counted; what is missing."""
        facts = (
            ("made", units.moment(study.created)),
            ("scale", study.scale_label),
            ("variants", ", ".join(study.variants)),
            ("commit", commit(study.environment) or "not recorded"),
            ("machine", machine(study.environment)),
        )
        return cls(facts, counted(study), tuple(study.missing))

    @classmethod
    def of_run(cls, view: RunView) -> Head:
        """The head of one run's page: its id, when and where it ran; verdict, audit, thresholds."""
        run, results = view.run, view.figures.thresholds if view.figures else ()
        facts = (
            ("run", run.id),
            ("started", units.moment(run.timing.started)),
            ("scale", scale_name(run.scale) if run.profile.scaled else "not scaled"),
            ("commit", commit(run.environment) or "not recorded"),
            ("machine", machine(run.environment)),
        )
        badges = (_labelled("run", view.validity), _labelled("audit", view.audit), _met(list(results)))
        return cls(facts, tuple(cell for cell in badges if cell.text), (), f"Run {view.label}")


def counted(study: Study) -> tuple[Cell, ...]:
    """Runs by validity and by audit, and thresholds missed, as badges."""
    views = list(study)
    validities, audits = [str(view.validity) for view in views], [str(view.audit) for view in views]
    cells = [_count("run", validities, status) for status in Validity]
    cells += [_count("audit", audits, status) for status in Status]
    results = [result for view in views if view.figures for result in view.figures.thresholds]
    return tuple(cell for cell in (*cells, _met(results)) if cell.text)


def _labelled(noun: str, status: Status | Validity) -> Cell:
    return Cell(f"{noun} {status}", str(status), TONES[status])


def _met(results: list[ThresholdResult]) -> Cell:
    missed = sum(result.passed is False for result in results)
    if missed:
        return Cell(f"{missed} of {units.plural(len(results), 'threshold')} missed", missed, "bad")
    decided = results and all(result.passed for result in results)
    return Cell(f"all {units.plural(len(results), 'threshold')} met" if decided else "", 0, "good")


def _count(noun: str, values: list[str], status: str) -> Cell:
    number = values.count(status)
    return Cell(f"{units.plural(number, noun)} {status}" if number else "", number, TONES[status])


def page(notebook: Path, head: Head | None = None) -> str:
    """The HTML page of an executed notebook.

    Raises
    ------
    ResultError
        The file is not there or is no notebook.
    """
    try:
        read = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]  # nbformat leaves it untyped
    except FileNotFoundError as error:
        raise ResultError(f"There is no notebook {notebook}") from error
    except (ValueError, nbformat.ValidationError, KeyError, AttributeError) as error:
        raise ResultError(f"{notebook} is not a notebook that can be read", str(error).splitlines()[0]) from error
    return render(document(read), head or Head())


def render(content: Document, head: Head) -> str:
    """The page of these blocks."""
    scripts = [standalone.source(), script()] if content.figures else [script()]
    template = environment().get_template("page.html.j2")
    style = Markup((TEMPLATES / "page.css").read_text("utf-8"))
    parts = {"policy": policy(scripts), "style": style, "scripts": [Markup(text) for text in scripts]}
    return template.render(content=content, head=head, markup=Markup, **parts)


def policy(scripts: list[str]) -> str:
    """A content security policy under which only these scripts run, and nothing is loaded."""
    hashes = " ".join(f"'sha256-{_digest(text)}'" for text in scripts)
    rules = {
        "default-src": "'none'",
        "script-src": hashes,
        "style-src": "'unsafe-inline'",
        "img-src": "data: blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def script() -> str:
    """The page's own script."""
    return (TEMPLATES / "page.js").read_text("utf-8")
