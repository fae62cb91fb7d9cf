"""The page: what stands in it, and what cannot."""

import base64
import hashlib
import re
from pathlib import Path

import nbformat
import pytest

from rushlab.model.errors import ResultError
from rushlab.show import blocks, html, sanitise
from rushlab.show.figures import standalone
from rushlab.show.views import Study

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def page(executed: Path, literal_study: Study) -> str:
    return html.page(executed, html.Head.of(literal_study))


def test_the_policy_names_exactly_the_scripts_that_stand_in_the_page(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    allowed = set(re.findall(r"sha256-([A-Za-z0-9+/=]+)", policy[1]))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts} == allowed
    assert len(scripts) == 2
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe-eval" not in policy[1]


def test_the_page_is_small_enough_and_carries_plotly_once(page: str) -> None:
    assert len(page.encode()) < 6_000_000
    assert page.count("plotly.js v") == 1


def test_the_notebook_carries_plotly_once_and_compressed(executed: Path) -> None:
    text = executed.read_text("utf-8")
    assert text.count(f'"{standalone.LIBRARY_MIME}"') == 1
    assert len(text) < 3_500_000


def test_what_draws_an_exported_notebook_is_not_in_the_page(page: str) -> None:
    assert "rushlabPlotly" not in page


def test_the_page_names_no_other_host_outside_plotly(page: str) -> None:
    own = page.replace(standalone.source(), "")
    assert re.findall(r"https?://", own) == []


def test_head_contents_and_code(page: str) -> None:
    for text in ("12 runs VALID", "12 audits PASS", "5 of 36 thresholds missed", "0123456789ab", "2 cores"):
        assert text in page
    assert re.findall(r'<li class="level-2"><a href="#[A-Za-z-]+">([^<]+)', page)[:4] == [
        *("Three questions", "How to read it", "Verdicts", "Findings")
    ]
    assert "report.open_study(runs=runs" in page


def test_every_figure_is_data_with_a_description(page: str) -> None:
    assert len(re.findall(r'<script type="application/json" data-for="figure-\d+">', page)) == 19
    assert page.count('role="img" aria-label="load · report over time') == 1


def test_what_it_is_and_how_to_read_it_come_before_any_figure(page: str) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split())
    assert text.index("An earlier report, here the original") < text.index("How to read it") < text.index("NA ")
    assert text.index("is never taken for good") < text.index("Verdict and audit of each run")


def test_every_answer_leads_to_a_heading_of_the_page(page: str) -> None:
    block = page[page.index('id="Three-questions"') : page.index('id="How-to-read-it"')]
    links = re.findall(r'see <a href="#([^"]+)">', block)
    assert len(links) == 6
    assert all(f'id="{link}"' in page for link in links)


def test_headings_of_one_name_have_anchors_of_their_own() -> None:
    cells = [nbformat.v4.new_markdown_cell(text) for text in ("## Peak test", "## Peak test", '## a"<b>x</b>')]
    found = blocks.document(nbformat.v4.new_notebook(cells=cells)).entries
    assert [entry.id for entry in found] == ["Peak-test", "Peak-test-2", "a-b-x-b"]


def test_the_page_of_a_run_begins_with_its_verdict_and_every_check(executed_run: Path, one_run: Study) -> None:
    (view,) = one_run
    text = html.page(executed_run, html.Head.of_run(view))
    assert "<title>Run load · recommended</title>" in text
    assert view.run.id in text
    for badge in ("run VALID", "audit PASS", "1 of 3 thresholds missed"):
        assert badge in text
    assert re.findall(r'<li class="level-2"><a href="#[A-Za-z-]+">([^<]+)', text) == [
        *(
            "Verdict",
            "Findings",
            "Response time",
            "Over time",
            "Inside the service",
            "Distribution",
            "Outcomes",
            "Accept and confirm",
        ),
        *("Cost", "Words", "Settings and provenance"),
    ]
    assert text.index("Checks and invariants") < text.index("load: response time and requests")
    for check in (*view.run.verdict.checks, *view.run.audit.invariants):
        assert f"{check.id} {check.title}" in text
    assert len(re.findall(r'data-for="figure-\d+"', text)) == 2


def test_a_partial_study_says_so_at_the_top(hostile: Study, executed: Path) -> None:
    text = html.page(executed, html.Head.of(hostile))
    assert "This report is partial." in text
    assert "<img src=http" not in text


def test_figures_cannot_end_their_script_element() -> None:
    made = blocks.figure({"data": [{"name": "</script><script>alert(1)</script>"}], "layout": {}}, "figure-1")
    assert "<" not in made.json


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<iframe src=//outside.invalid></iframe>",
        "<style>@import url(//outside.invalid)</style>",
        '<p onclick="alert(1)" style="background:url(//outside.invalid)">x</p>',
        "<svg><script>alert(1)</script></svg>",
        "<scr<script>ipt>alert(1)</script>",
    ],
)
def test_nothing_of_others_runs_or_loads(markup: str) -> None:
    for cleaned in (sanitise.clean(markup), sanitise.markdown(markup)):
        tags = re.findall(r"<[^>]*>", cleaned)
        assert not [
            tag for tag in tags if re.match(r"<(script|img|iframe|style|svg)|.*(\son\w+=|javascript:|style=)", tag)
        ]


def test_streams_errors_images_and_text_have_their_blocks() -> None:
    output = nbformat.v4.new_output
    outputs = [
        output("stream", text="\x1b[31mred\x1b[0m"),
        output("error", ename="RushlabError", evalue="<b>no</b>", traceback=[]),
        output("display_data", data={"image/png": "aGFs\nbG8="}),
        output("display_data", data={"text/plain": "42"}),
    ]
    cell = nbformat.v4.new_code_cell("x", outputs=outputs)
    found = blocks.document(nbformat.v4.new_notebook(cells=[cell])).blocks
    assert [(block.kind, block.text) for block in found] == [
        ("text", "red"),
        ("error", "RushlabError: <b>no</b>"),
        ("image", "aGFsbG8="),
        ("text", "42"),
    ]


def test_an_output_that_was_cleared_leaves_no_empty_block() -> None:
    cleared = nbformat.v4.new_output("display_data", data={"text/plain": ""})
    cell = nbformat.v4.new_code_cell("x", outputs=[cleared])
    assert blocks.document(nbformat.v4.new_notebook(cells=[cell])).blocks == []


def test_figures_in_a_row_stand_side_by_side() -> None:
    bundle = {"application/vnd.plotly.v1+json": {"data": [], "layout": {}}}
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for _ in range(2)]
    cell = nbformat.v4.new_code_cell("x", outputs=outputs)
    document = blocks.document(nbformat.v4.new_notebook(cells=[cell]))
    assert [[figure.id for figure in block.figures] for block in document.blocks] == [["figure-1", "figure-2"]]


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b"\xff\xfe"])
def test_what_is_no_notebook_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_bytes(content)
    with pytest.raises(ResultError, match="is not a notebook that can be read"):
        html.page(path)
    with pytest.raises(ResultError, match="There is no notebook"):
        html.page(tmp_path / "none.ipynb")


@pytest.mark.parametrize("name", ["report", "run"])
def test_the_notebook_is_thin_and_stored_without_outputs(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert all(len(cell.source.splitlines()) <= 5 for cell in code)
    assert [cell.metadata.tags for cell in code if "tags" in cell.metadata] == [["parameters"]]
    assert notebook.metadata.kernelspec.name == "python3"
