"""What the database holds of one coupon, read in one consistent snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Select,
    Table,
    create_engine,
    or_,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from rushlab.world.evidence_files import SCHEMAS, Columns, write_frame

CHUNK_ROWS = 20_000
MICROSECONDS = 1_000_000

#: What reading can meet: the server, a value that is no int64, the disk.
TROUBLES = (SQLAlchemyError, pa.ArrowException, OverflowError, OSError)

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
    return create_engine(url, connect_args={"connect_timeout": 10, "read_timeout": 120})


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
        missing = ("issues", "outbox", "effects", *(key for key, value in facts.items() if value is None))
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
    times = [EpochMicroseconds(column) for column in (issues.c.accepted_at, issues.c.confirmed_at)]
    return {
        "issues": select(issues.c.user_id, issues.c.event_id, *times, issues.c.confirmations).where(
            issues.c.coupon_id == coupon_id
        ),
        "outbox": select(outbox.c.event_id, outbox.c.user_id, outbox.c.status).where(outbox.c.coupon_id == coupon_id),
        "effects": select(inbox.c.event_id)
        .join(outbox, outbox.c.event_id == inbox.c.event_id, isouter=True)
        .where(or_(outbox.c.coupon_id == coupon_id, outbox.c.coupon_id.is_(None))),
    }


def _write(connection: Connection, query: Select[Any], folder: Path, name: str, reasons: dict[str, str]) -> None:
    try:
        write_frame(folder / f"{name}.parquet", SCHEMAS[name], _chunks(connection, query, name))
    except TROUBLES as error:
        reasons[name] = f"the table could not be read ({brief(error)})"


def _chunks(connection: Connection, query: Select[Any], name: str) -> Iterator[Columns]:
    """Columns of each chunk, streamed from a server-side cursor; moments become epoch seconds."""
    result = connection.execution_options(stream_results=True, max_row_buffer=CHUNK_ROWS).execute(query)
    for rows in result.partitions(CHUNK_ROWS):
        columns: list[Any] = list(zip(*rows, strict=True))
        if name == "issues":
            columns[2:4] = [_seconds(columns[2]), _seconds(columns[3])]
        yield columns


def _seconds(values: tuple[int | None, ...]) -> list[float | None]:
    return [None if value is None else value / MICROSECONDS for value in values]
