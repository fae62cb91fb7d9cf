"""Executed notebooks through nbconvert, as JupyterLab's own export does it: every figure is drawn, also offline."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, Route
from tests.integration.chromium import NEEDS_CHROMIUM, launched, literal_studies

pytestmark = NEEDS_CHROMIUM

#: Notebook → the maker of its study, how many figures it has.
KINDS = {"report": ("make_study", 19), "run": ("one_run", 2)}

#: What nbconvert's own template asks for, whatever the notebook is.
OWN = {HTMLExporter().require_js_url, HTMLExporter().mathjax_url}

DRAWN = "boxes => boxes.filter(box => box.querySelectorAll('.trace').length > 0).length"


@pytest.fixture(scope="module", params=list(KINDS))
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A notebook executed by a real kernel and exported by nbconvert with its defaults; how many figures it has."""
    make, figures = KINDS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    notebook = literal_studies().execute(folder, f"{make}(module.read())", request.param)
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", str(notebook)], check=True, capture_output=True)
    return notebook.with_suffix(".html"), figures


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


def visit(browser: Browser, path: Path, answer: str | None) -> tuple[Page, list[str], set[str]]:
    """The page once a figure is drawn, what it said, what it asked other hosts for; `None` answers nothing: offline."""
    page, said, asked = browser.new_page(), [], set()

    def outside(route: Route) -> None:
        asked.add(route.request.url)
        if answer is None:
            route.abort()
        else:
            route.fulfill(body=answer, content_type="text/javascript")

    page.route(re.compile("^https?:"), outside)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_function("document.querySelectorAll('.main-svg').length > 0")
    page.evaluate("window.rushlabPlotly")
    return page, said, asked


def test_every_figure_of_an_exported_notebook_is_drawn_offline(browser: Browser, exported: tuple[Path, int]) -> None:
    path, figures = exported
    page, said, asked = visit(browser, path, None)
    boxes = page.locator("div[role=img]")
    assert boxes.count() == figures
    assert boxes.evaluate_all(DRAWN) == figures
    assert asked <= OWN
    assert [text for text in said if "ERR_FAILED" not in text] == []
    page.close()


def test_a_module_loader_in_the_page_changes_nothing(browser: Browser, exported: tuple[Path, int]) -> None:
    path, figures = exported
    loader = "window.define = () => { throw new Error('defined as a module') }; window.define.amd = {};"
    page, said, _ = visit(browser, path, loader)
    assert page.locator("div[role=img]").evaluate_all(DRAWN) == figures
    assert said == []
    page.close()


def test_an_exported_notebook_carries_plotly_once(exported: tuple[Path, int]) -> None:
    text = exported[0].read_text("utf-8")
    assert text.count("window.rushlabPlotly = new Response") == 1
    assert len(text) < 6_000_000
