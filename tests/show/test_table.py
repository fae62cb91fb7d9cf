import io

import pytest
from rich.console import Console

from rushlab.show import markdown, sanitise, terminal
from rushlab.show.table import Cell, Column, Row, Table
from rushlab.show.table_html import fragment


def make(note: str = "") -> Table:
    columns = (Column("published", "original"), Column("measured", "ours"))
    rows = (Row("times"), Row("mean, ms", (Cell("540", 539.9), Cell("—", note=note))))
    return Table("load", "figure", columns, rows)


def test_a_row_must_fit_its_columns() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table("load", "", (Column("a"), Column("b")), (Row("x", (Cell("1"),)),))


def test_equal_notes_are_one_footnote() -> None:
    cells = (Cell("—", note="why"), Cell("—", note="why"))
    table = Table("load", "", (Column("a"), Column("b")), (Row("x", cells), Row("y", cells, note="other")))
    assert table.notes == ("why", "other")
    assert table.mark("other") == 2


def test_the_frame_holds_numbers_and_unknown_is_missing() -> None:
    frame = make("no evidence").frame
    assert list(frame.columns) == ["original · published", "ours · measured"]
    assert frame.loc["times · mean, ms", "original · published"] == 539.9
    assert frame["ours · measured"].isna().all()


def test_html_marks_the_unknown_and_says_why_below() -> None:
    markup = fragment(make("no <evidence>"))
    assert '<sup title="no &lt;evidence&gt;">1</sup>' in markup
    assert "<li>no &lt;evidence&gt;</li>" in markup


def test_html_survives_the_sanitiser_unchanged_in_its_cells() -> None:
    cleaned = sanitise.clean(make("why")._repr_html_())
    assert "style" not in cleaned
    assert 'class="rl-number"' in cleaned
    assert 'colspan="3"' in cleaned


def test_markdown_has_one_line_per_row_and_escapes() -> None:
    table = Table("a|b", "", (Column("x"),), (Row("1|2", (Cell("<b>", note="why"),)),))
    text = markdown.table(table)
    assert "| 1\\|2 | \\<b\\> (1) |" in text
    assert text.endswith("1. why")


def struck() -> Table:
    rows = (Row("p95, ms", (Cell("1,912", 1912.0, "void", note="INVALID"),), note="over all"),)
    return Table("load", "", (Column("measured"),), rows)


def test_markdown_strikes_out_what_supports_no_claim() -> None:
    assert "| ~~1,912~~ (2) |" in markdown.table(struck())


def test_the_frame_has_no_number_that_is_struck_out() -> None:
    assert struck().frame["measured"].isna().all()


def test_every_footnote_is_referred_to_in_markdown_and_in_the_terminal() -> None:
    text = markdown.table(struck())
    assert "| p95, ms (1) |" in text
    assert text.endswith("1. over all\n2. INVALID")
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(terminal.grid(struck()))
    assert "p95, ms (1)" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_heading_has_its_footnote_in_markdown_too() -> None:
    table = Table("load", "", (Column("x"),), (Row("times", note="why"), Row("p95", (Cell("1"),))))
    assert "| **times** (1) |" in markdown.table(table)
