"""A table as a value: cells with their number, tone and note, apart from how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Tone = Literal["", "good", "bad", "warn", "quiet", "void", "name"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell says: text, the number behind it, a tone, and a note that becomes a footnote.

    `beside` has what the number alone does not say and the text does (its unit, met or missed): column → text.
    """

    text: str
    value: float | int | str | bool | None = None
    tone: Tone = ""
    note: str = ""
    badge: bool = False
    beside: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name, the group it stands under, and whether it holds numbers."""

    name: str
    group: str = ""
    number: bool = True
    badge: Cell | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The label of a row and its cells; a row without cells is a heading over those below it."""

    label: str
    cells: tuple[Cell, ...] = ()
    note: str = ""

    @property
    def heading(self) -> bool:
        return not self.cells


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns, a caption, and remarks that hold for the whole table.

    Renders itself in a notebook; `frame` gives the numbers, `rushlab.show.markdown.table` a pipe table.

    Raises
    ------
    ValueError
        A row's cells do not fit the columns.
    """

    caption: str
    corner: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.cells and len(row.cells) != len(self.columns):
                raise ValueError(f"row {row.label!r} has {len(row.cells)} cells for {len(self.columns)} columns")
        found = [note for row in self.rows for note in (row.note, *(cell.note for cell in row.cells)) if note]
        object.__setattr__(self, "notes", tuple(dict.fromkeys(found)))

    def mark(self, note: str) -> int | None:
        """The number of a note, counted from 1."""
        return self.notes.index(note) + 1 if note else None

    @property
    def frame(self) -> pd.DataFrame:
        """The numbers (or texts where there is none), one row per row of the table; what is struck out is missing."""
        import pandas as pd

        names = [" · ".join(filter(None, (column.group, column.name))) for column in self.columns]
        rows, heading = [], ""
        for row in self.rows:
            if row.heading:
                heading = row.label
                continue
            values = [None if cell.tone == "void" else _told(cell) for cell in row.cells]
            rows.append([" · ".join(filter(None, (heading, row.label))), *values])
        return pd.DataFrame(rows, columns=[self.corner, *names]).set_index(self.corner)

    def _repr_html_(self) -> str:
        from rushlab.show.table_html import notebook

        return notebook(self)

    def __str__(self) -> str:
        from rushlab.show.markdown import table

        return table(self)

    __repr__ = __str__


def _told(cell: Cell) -> float | int | str | bool | None:
    return cell.text if cell.value is None and cell.text != "—" else cell.value
