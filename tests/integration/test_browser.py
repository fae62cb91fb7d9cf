"""The page in a real Chromium, under its own content security policy, with no way to any other host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.integration.chromium import NEEDS_CHROMIUM, launched, literal_studies

from rushlab.show import html

pytestmark = NEEDS_CHROMIUM

#: Drawing every figure anew takes seconds where the processors are busy with other things.
PATIENCE_MS = 30_000

WIDTHS = {"desktop": 1440, "phone": 390}

#: Page → the maker of its study, its notebook, how many figures it has.
KINDS = {
    "plain": ("make_study", "report", 19),
    "hostile": ("hostile_study", "report", 4),
    "run": ("one_run", "run", 2),
    "hostile-run": ("hostile_study", "run", 2),
}


@pytest.fixture(scope="module")
def studies() -> ModuleType:
    """The literal studies of the unit tests of show."""
    return literal_studies()


@pytest.fixture(scope="module")
def pages(studies: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a report and of one run, each of a plain study and of one whose every name is hostile."""
    made = {}
    for kind, (make, notebook, _) in KINDS.items():
        folder = tmp_path_factory.mktemp(kind)
        study = getattr(studies, make)(studies.read())
        head = html.Head.of(study) if notebook == "report" else html.Head.of_run(next(iter(study)))
        executed = studies.execute(folder, f"{make}(module.read())", notebook)
        made[kind] = folder / "page.html"
        made[kind].write_text(html.page(executed, head), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


class Visit:
    """One page, opened, with everything it asked for and said."""

    def __init__(self, browser: Browser, path: Path, **options: Any) -> None:
        self.page: Page = browser.new_page(**options)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-drawn]", state="attached")

    def count(self, selector: str) -> int:
        return self.page.locator(selector).count()


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", WIDTHS)
def test_every_figure_is_drawn_silently_and_nothing_is_asked_for(
    browser: Browser, pages: dict[str, Path], kind: str, device: str, scheme: str
) -> None:
    size = {"width": WIDTHS[device], "height": 900}
    visit = Visit(browser, pages[kind], viewport=size, color_scheme=scheme)
    assert visit.said == []
    assert visit.asked == [pages[kind].as_uri()]
    figures = visit.count("figure .figure")
    assert figures == KINDS[kind][2]
    assert visit.count("figure .figure .main-svg >> nth=0") == 1
    drawn = "boxes => boxes.filter(box => box.querySelectorAll('.trace').length > 0).length"
    assert visit.page.locator("figure .figure").evaluate_all(drawn) == figures
    assert visit.page.evaluate("document.documentElement.scrollWidth") == WIDTHS[device]
    visit.page.close()


@pytest.mark.parametrize("hostile", ["hostile", "hostile-run"])
def test_hostile_text_is_seen_as_the_text_it_is(
    browser: Browser, pages: dict[str, Path], studies: ModuleType, hostile: str
) -> None:
    visit = Visit(browser, pages[hostile])
    text = visit.page.inner_text("main")
    assert text.count(studies.HOSTILE) > 5
    assert visit.count("main img") == 0
    titles = visit.page.locator(".gtitle").all_text_contents()
    assert f"load · {studies.HOSTILE}" in titles
    visit.page.close()


def test_an_injected_script_does_not_run(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["plain"])
    inject = "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    visit.page.evaluate(f"() => {{ {inject} }}")
    assert visit.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in visit.said)
    visit.page.close()


def test_figures_take_the_colours_of_the_scheme(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["plain"], color_scheme="light")
    line = visit.page.locator("figure .js-line").first
    light = line.evaluate("path => path.style.stroke")
    visit.page.emulate_media(color_scheme="dark")
    expect(line).not_to_have_css("stroke", light, timeout=PATIENCE_MS)
    visit.page.emulate_media(color_scheme="light")
    expect(line).to_have_css("stroke", light, timeout=PATIENCE_MS)
    visit.page.close()


def test_print_has_every_figure_within_the_paper(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["plain"], color_scheme="dark")
    visit.page.emulate_media(media="print")
    visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(visit.page.locator("figure .main-svg").first).to_have_attribute("width", "660")
    widths = visit.page.locator("figure .main-svg").evaluate_all("all => all.map(one => one.clientWidth)")
    assert set(widths) == {660}
    assert visit.page.evaluate("getComputedStyle(document.querySelector('.contents')).display") == "none"
    visit.page.close()


#: Lays the page out in columns as high as an A4 sheet: the engine cuts them where it would cut sheets of paper.
SHEETS = """() => Object.assign(document.querySelector('main').style, {
  height: '1031px', width: '703px', minWidth: 0, columnWidth: '703px', columnGap: '17px', columnFill: 'auto'})"""
CUT = "all => all.filter(one => one.getClientRects().length > 1).length"


@pytest.mark.parametrize("kind", ["plain", "run"], indirect=True)
def test_print_cuts_no_figure_finding_or_row_and_no_table_leaves_the_paper(
    browser: Browser, pages: dict[str, Path], kind: str
) -> None:
    visit = Visit(browser, pages[kind], viewport={"width": 703, "height": 1031})
    visit.page.emulate_media(media="print")
    visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(visit.page.locator("figure .main-svg").first).to_have_attribute("width", "660")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 703
    visit.page.evaluate(SHEETS)
    for whole in ("figure", ".rl-findings li", "tbody tr"):
        assert visit.page.locator(whole).evaluate_all(CUT) == 0, whole
    visit.page.close()


def test_contents_lead_to_their_sections(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["plain"], viewport={"width": 1440, "height": 900})
    links = visit.page.locator(".contents a")
    targets = links.evaluate_all("links => links.map(link => document.querySelector(link.hash) !== null)")
    assert targets and all(targets)
    visit.page.locator(".contents a", has_text="Provenance").click()
    visit.page.wait_for_selector(".contents a[aria-current='true']:has-text('Provenance')")
    visit.page.close()
