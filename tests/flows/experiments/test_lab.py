"""The notebook about two experiments in JupyterLab itself, in a real browser: every figure is drawn where it is run."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import nbformat
import pytest
from playwright.sync_api import Page, expect
from tests.integration.chromium import NEEDS_CHROMIUM, launched

from rushlab.world.settings import PROJECT

URL = re.compile(r"http://127\.0\.0\.1:\d+/lab\?token=[0-9a-f]+")

#: Blocks, ratios and percentiles of each of the two.
FIGURES = 6

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def notebook(driver, tuning, plan, tmp_path):
    """A folder with the notebook, two recorded experiments as its parameters."""
    ids = []
    for factor in (0.7, 0.5):
        driver.value = lambda arm, block, factor=factor: 100 * (factor if arm == "large" else 1) + block
        ids.append(tuning.start(plan(blocks=3, variants=[{"name": "large", "set": {"pool_size": 20}}])).planned.id)
    book = nbformat.read(PROJECT / "notebooks/compare.ipynb", as_version=4)
    parameters = next(cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ()))
    parameters.source = f"first = {ids[0]!r}\nsecond = {ids[1]!r}\nanyway = False"
    folder = tmp_path / "lab"
    folder.mkdir()
    nbformat.write(book, folder / "compare.ipynb")
    return folder


@pytest.fixture
def lab(notebook, tmp_path) -> Iterator[str]:
    """The address, token and all, of a JupyterLab that serves the notebook's folder."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=18890", "--allow-root"]
    settings = [f"--ServerApp.root_dir={notebook}", f"--LabApp.user_settings_dir={tmp_path / 'settings'}"]
    with subprocess.Popen([*command, *settings], stderr=subprocess.PIPE, text=True) as server:
        watchdog = threading.Timer(180, server.kill)
        watchdog.start()
        try:
            yield next(match[0] for line in server.stderr if (match := URL.search(line)))
        finally:
            watchdog.cancel()
            server.terminate()
            server.communicate(timeout=30)


def choose(page: Page, menu: str, entry: str) -> None:
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


@pytest.fixture
def page() -> Iterator[Page]:
    with launched() as browser:
        yield browser.new_page(viewport={"width": 1400, "height": 12_000})


def test_compare_is_drawn_in_jupyterlab_and_in_its_own_export(lab, notebook, page, tmp_path):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.replace("/lab?", "/lab/tree/compare.ipynb?"))
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=90_000)
    choose(page, "Run", "Run All Cells")
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    expect(last.locator(".jp-OutputArea-output table").first).to_be_visible(timeout=90_000)
    expect(page.locator(".jp-Notebook .js-plotly-plot:has(.trace)")).to_have_count(FIGURES)
    assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert [
        url for url in asked if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
    ] == []
    with page.expect_response(lambda reply: reply.request.method == "PUT" and "compare.ipynb" in reply.url) as saved:
        page.keyboard.press("Control+s")
    assert saved.value.ok
    exported = tmp_path / "compare.html"
    exported.write_bytes(page.request.get(lab.replace("/lab?", "/nbconvert/html/compare.ipynb?")).body())
    page.context.set_offline(True)
    page.goto(exported.as_uri())
    expect(page.locator("div[role=img]:has(.trace)")).to_have_count(FIGURES)
