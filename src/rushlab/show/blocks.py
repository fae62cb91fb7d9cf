"""An executed notebook as the blocks of a page: prose, tables, figures, text, errors, code."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from nbconvert.filters import strip_ansi

from rushlab.show import sanitise
from rushlab.show.figures.chart import MIME
from rushlab.show.figures.standalone import LIBRARY_MIME, script_safe

Kind = Literal["prose", "html", "figures", "image", "text", "error"]

HEADING = re.compile(r"<h(?P<level>[1-4])>(?P<inner>.*?)</h(?P=level)>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Figure:
    """A Plotly figure as JSON that may stand inside a script element, its description and its caption."""

    id: str
    json: str
    description: str
    caption: str


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a page. `html` is clean; `text` is escaped by the template."""

    kind: Kind
    html: str = ""
    text: str = ""
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A heading for the contents."""

    level: int
    id: str
    title: str


@dataclass(slots=True)
class Document:
    """All blocks in order, the title (the first h1), the entries of the contents, and the cells' code."""

    title: str = "Report"
    blocks: list[Block] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    figures: int = 0
    code: list[str] = field(default_factory=list)


def document(notebook: Any) -> Document:
    """The blocks of a notebook (nbformat 4)."""
    page = Document()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            _prose(page, sanitise.markdown(cell.source))
        elif cell.cell_type == "code" and cell.source.strip():
            for block in _merged(_outputs(page, cell.outputs)):
                _add(page, block)
            page.code.append(cell.source)
    return page


def _outputs(page: Document, outputs: list[Any]) -> Iterator[Block]:
    for output in outputs:
        if output.output_type == "stream":
            yield Block("text", text=strip_ansi(output.text))  # type: ignore[no-untyped-call]  # nbconvert leaves it untyped
        elif output.output_type == "error":
            yield Block("error", text=f"{output.ename}: {output.evalue}")
        elif LIBRARY_MIME not in output.data:
            block = _bundle(page, output.data)
            if block.kind != "text" or block.text.strip():
                yield block


def _bundle(page: Document, data: dict[str, Any]) -> Block:
    if MIME in data:
        page.figures += 1
        return Block("figures", figures=(figure(data[MIME], f"figure-{page.figures}"),))
    if "text/html" in data:
        return Block("html", html=sanitise.clean(data["text/html"]))
    if "text/markdown" in data:
        return Block("prose", html=sanitise.markdown(data["text/markdown"]))
    if "image/png" in data:
        return Block("image", text=re.sub(r"\s+", "", data["image/png"]))
    return Block("text", text=data.get("text/plain", ""))


def figure(data: dict[str, Any], name: str) -> Figure:
    """A figure's data as JSON without any `<`, so that no text in it can end the script element."""
    layout = data.get("layout", {})
    meta = layout.get("meta") or {}
    content = script_safe({"data": data.get("data", []), "layout": layout})
    return Figure(name, content, str(meta.get("description", "Figure")), str(meta.get("caption", "")))


def _merged(blocks: Iterator[Block]) -> Iterator[Block]:
    """Figures that follow each other become one row."""
    row: tuple[Figure, ...] = ()
    for block in blocks:
        if block.kind == "figures":
            row += block.figures
            continue
        if row:
            yield Block("figures", figures=row)
            row = ()
        yield block
    if row:
        yield Block("figures", figures=row)


def _add(page: Document, block: Block) -> None:
    if block.kind == "prose":
        _prose(page, block.html)
    else:
        page.blocks.append(block)


def _prose(page: Document, markup: str) -> None:
    first = HEADING.search(markup)
    if first and first["level"] == "1" and not page.blocks:
        page.title = _plain(first["inner"])
        markup = markup.replace(first[0], "", 1)
    page.blocks.append(Block("prose", html=HEADING.sub(lambda found: _anchored(page, found), markup)))


def _anchored(page: Document, found: re.Match[str]) -> str:
    title, level = _plain(found["inner"]), int(found["level"])
    entry = Entry(level, _anchor(title, {entry.id for entry in page.entries}), title)
    page.entries.append(entry)
    return f'<h{level} id="{entry.id}">{found["inner"]}</h{level}>'


def _plain(inner: str) -> str:
    return html.unescape(TAG.sub("", inner)).strip()


def _anchor(title: str, taken: set[str]) -> str:
    """A heading's anchor as Jupyter forms it, so that a link to it works in the notebook and in the page."""
    anchor = re.sub(r"[^\w-]+", "-", title).strip("-") or "section"
    return anchor if anchor not in taken else f"{anchor}-{len(taken) + 1}"
