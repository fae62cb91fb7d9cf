"""An executed notebook as the blocks of a page: prose, tables, figures, text, errors, code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from nbconvert.filters import strip_ansi

from rushlab.show import sanitise
from rushlab.show.figures.chart import MIME
from rushlab.show.table_html import notebook_style

Kind = Literal["prose", "html", "figures", "image", "text", "error", "code"]

HEADING = re.compile(r"<h(?P<level>[1-4])>(?P<inner>.*?)</h(?P=level)>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Figure:
    """A Plotly figure as JSON that may stand inside a script element."""

    id: str
    json: str
    description: str


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
    """All blocks in order, the title (the first h1) and the entries of the contents."""

    title: str = "Report"
    blocks: list[Block] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    figures: int = 0


def document(notebook: Any) -> Document:
    """The blocks of a notebook (nbformat 4); cells tagged `hidden` and parameters show their code only."""
    page = Document()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            _prose(page, sanitise.markdown(cell.source))
        elif cell.cell_type == "code" and cell.source.strip():
            for block in _merged(_outputs(page, cell.outputs)):
                _add(page, block)
            page.blocks.append(Block("code", text=cell.source))
    return page


def _outputs(page: Document, outputs: list[Any]) -> Iterator[Block]:
    for output in outputs:
        if output.output_type == "stream":
            yield Block("text", text=strip_ansi(output.text))
        elif output.output_type == "error":
            yield Block("error", text=f"{output.ename}: {output.evalue}")
        else:
            yield _bundle(page, output.data)


def _bundle(page: Document, data: dict[str, Any]) -> Block:
    if MIME in data:
        page.figures += 1
        return Block("figures", figures=(figure(data[MIME], f"figure-{page.figures}"),))
    if "text/html" in data:
        return Block("html", html=sanitise.clean(data["text/html"].replace(notebook_style(), "")))
    if "text/markdown" in data:
        return Block("prose", html=sanitise.markdown(data["text/markdown"]))
    if "image/png" in data:
        return Block("image", text=re.sub(r"\s+", "", data["image/png"]))
    return Block("text", text=data.get("text/plain", ""))


def figure(data: dict[str, Any], name: str) -> Figure:
    """A figure's data as JSON without any `<`, so that no text in it can end the script element."""
    description = (data.get("layout", {}).get("meta") or {}).get("description", "Figure")
    return Figure(name, script_safe({"data": data["data"], "layout": data["layout"]}), str(description))


def script_safe(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


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
    entry = Entry(level, f"s{len(page.entries) + 1}-{_slug(title)}", title)
    page.entries.append(entry)
    return f'<h{level} id="{entry.id}">{found["inner"]}</h{level}>'


def _plain(inner: str) -> str:
    import html

    return html.unescape(TAG.sub("", inner)).strip()


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
