"""`python -m coupons.schema`: makes the tables that are absent."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pymysql

from coupons import database, settings
from coupons.errors import CouponsError

SCHEMA_FILE = Path(__file__).with_name("schema.sql")


def statements() -> list[str]:
    """The statements of `schema.sql`, without comments."""
    text = re.sub(r"--.*", "", SCHEMA_FILE.read_text("utf-8"))
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def create(where: settings.Database) -> None:
    """Make every table that is not there yet; nothing that exists is changed."""
    with database.connect(where) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_notes = 0")  # "table already exists" is what idempotent means
        for statement in statements():
            cursor.execute(statement)


def main() -> int:
    """Make the tables; 0 when they are there, 1 with one sentence otherwise."""
    try:
        create(settings.load(os.environ).database)
    except (CouponsError, pymysql.MySQLError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the sentence for the one who started it
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
