"""What the database holds of one coupon, read in one consistent snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import compute, csv
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    cast,
    create_engine,
    func,
    or_,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from rushlab.world.evidence_files import SCHEMAS, write_frame

PACK_ROWS = 5_000
#: Room for a pack of the widest rows (five numbers of 20 digits), far below the largest packet of a server.
PACK_BYTES = 5_000 * 5 * 21
MICROSECONDS = 1_000_000
SESSION = f"SET SESSION group_concat_max_len = {PACK_BYTES}"
#: A moment that has not come.
NEVER = -(10**18)


class Incomplete(Exception):
    """The server cut a pack short."""


#: Everything that only the database knows.
OF_DATABASE = ("issues", "outbox", "effects", "stock", "database_remaining")

#: What reading can meet: the server, a value that is no int64, the disk.
TROUBLES = (SQLAlchemyError, pa.ArrowException, Incomplete, OSError)

_tables = MetaData()
coupons = Table("coupons", _tables, Column("id", BigInteger), Column("stock", Integer), Column("remaining", Integer))
issues = Table(
    "issues",
    _tables,
    Column("id", BigInteger),
    Column("coupon_id", BigInteger),
    Column("user_id", BigInteger),
    Column("event_id", BigInteger),
    Column("accepted_at", DateTime),
    Column("confirmed_at", DateTime),
    Column("confirmations", Integer),
)
outbox = Table(
    "outbox",
    _tables,
    Column("id", BigInteger),
    Column("event_id", BigInteger),
    Column("coupon_id", BigInteger),
    Column("user_id", BigInteger),
    Column("status", Integer),
    Column("sent_at", DateTime),
)
inbox = Table("inbox", _tables, Column("event_id", BigInteger))


class EpochMicroseconds(FunctionElement[int]):
    """A UTC DATETIME(6) as microseconds since 1970, whatever the session's time zone is.

    Whole numbers cost the driver a tenth of what parsing half a million dates costs.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(EpochMicroseconds)
def _timestampdiff(element: EpochMicroseconds, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    return f"TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', {column})"


def database_engine(url: str) -> Engine:
    """An engine for the coupons database of a stack, with bounded waiting."""
    return create_engine(url, connect_args={"connect_timeout": 10, "read_timeout": 120, "init_command": SESSION})


def collect_database(engine: Engine, coupon_id: int, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Write issues, outbox and effects of the coupon as Parquet; return the coupon's row.

    Everything is read in one transaction, so all of it shows the same moment (repeatable read is
    the default of MySQL and MariaDB).

    Returns
    -------
    tuple
        `{"stock", "database_remaining"}` and, by name, why something could not be had. What one
        query cannot read does not keep the others from being read.
    """
    facts: dict[str, Any] = {"stock": None, "database_remaining": None}
    reasons: dict[str, str] = {}
    try:
        with engine.connect() as connection, connection.begin():
            facts |= _coupon(connection, coupon_id, reasons)
            for name, query in _queries(coupon_id).items():
                _write(connection, query, folder, name, reasons)
    except TROUBLES as error:
        missing = (name for name in OF_DATABASE if facts.get(name) is None)
        reasons = dict.fromkeys(missing, f"the database did not answer ({brief(error)})") | reasons
    return facts, reasons


def brief(error: Exception) -> str:
    """The first line of an error, without the statement that SQLAlchemy adds."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _coupon(connection: Connection, coupon_id: int, reasons: dict[str, str]) -> Mapping[str, Any]:
    row = connection.execute(select(coupons.c.stock, coupons.c.remaining).where(coupons.c.id == coupon_id)).first()
    if row is None:
        reasons |= dict.fromkeys(("stock", "database_remaining"), f"there is no coupon {coupon_id} in the database")
        return {}
    return {"stock": int(row.stock), "database_remaining": int(row.remaining)}


def _queries(coupon_id: int) -> dict[str, Select[Any]]:
    """One query per frame, its columns in the order of the frame's schema.

    An effect belongs to this coupon unless its event is another coupon's: an effect without any
    event must be seen too.
    """
    accepted, confirmed = EpochMicroseconds(issues.c.accepted_at), EpochMicroseconds(issues.c.confirmed_at)
    of_issues = (issues.c.user_id, issues.c.event_id, accepted, func.coalesce(confirmed, NEVER), issues.c.confirmations)
    sent = func.coalesce(EpochMicroseconds(outbox.c.sent_at), NEVER)
    of_outbox = (outbox.c.event_id, outbox.c.user_id, outbox.c.status, outbox.c.id, sent)
    other = outbox.c.event_id == inbox.c.event_id
    return {
        "issues": packed(of_issues, issues.c.id).where(issues.c.coupon_id == coupon_id),
        "outbox": packed(of_outbox, outbox.c.id).where(outbox.c.coupon_id == coupon_id),
        "effects": packed((inbox.c.event_id,), inbox.c.event_id)
        .join_from(inbox, outbox, other, isouter=True)
        .where(or_(outbox.c.coupon_id == coupon_id, outbox.c.coupon_id.is_(None))),
    }


def packed(columns: Sequence[ColumnElement[Any]], key: ColumnElement[Any]) -> Select[Any]:
    """Thousands of rows as one: their number, and `1 2 3,4 5 6,…`.

    A driver written in Python takes about 10 µs for a row: 20 s for three tables of 600,000 rows.
    Packed, the client needs little more than a second and the server does the rest.
    """
    first, *others = (cast(column, String) for column in columns)
    line: ColumnElement[str] = first
    for other in others:
        line = line + " " + other
    return select(func.count(), func.group_concat(line)).group_by(key // PACK_ROWS)


def _write(connection: Connection, query: Select[Any], folder: Path, name: str, reasons: dict[str, str]) -> None:
    try:
        write_frame(folder / f"{name}.parquet", SCHEMAS[name], _chunks(connection, query, name))
    except TROUBLES as error:
        reasons[name] = f"the table could not be read ({brief(error)})"


def _chunks(connection: Connection, query: Select[Any], name: str) -> Iterator[pa.Table]:
    """One table per pack, streamed from a server-side cursor."""
    result = connection.execution_options(stream_results=True, max_row_buffer=1).execute(query)
    for count, lines in result:
        table = _unpacked(lines or "", SCHEMAS[name])
        if table.num_rows != count:
            raise Incomplete(f"{table.num_rows} of {count} rows came over")
        yield table


def _unpacked(lines: str, schema: pa.Schema) -> pa.Table:
    """The rows of a pack; float columns come as microseconds and become seconds, NEVER becomes null."""
    numbers = dict.fromkeys(schema.names, pa.int64())
    whole = csv.read_csv(
        pa.py_buffer(lines.replace(",", "\n").encode()),
        read_options=csv.ReadOptions(column_names=schema.names),
        parse_options=csv.ParseOptions(delimiter=" "),
        convert_options=csv.ConvertOptions(column_types=numbers, null_values=[str(NEVER)]),
    )
    return pa.table([_in_units(whole[field.name], field.type) for field in schema], schema=schema)


def _in_units(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return compute.divide(column.cast(kind), float(MICROSECONDS)) if kind == pa.float64() else column
