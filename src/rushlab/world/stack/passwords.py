"""Passwords of the database, drawn once per workbench and readable by its user alone."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec

from rushlab.model.errors import StorageError
from rushlab.world.files import decoded, storage_error
from rushlab.world.stack.files import write_private


class Passwords(msgspec.Struct, frozen=True, kw_only=True):
    """One per database user; hexadecimal, so that no quoting is ever needed."""

    root: str
    coupons: str
    exporter: str

    def __repr__(self) -> str:
        return "Passwords(…)"


def load(home: Path) -> Passwords:
    """The passwords of this workbench, made on first use.

    Raises
    ------
    StorageError
        The file is damaged, or cannot be read or written.
    """
    file = home / "passwords.json"
    try:
        return decoded(file.read_bytes(), Passwords)
    except FileNotFoundError:
        drawn = Passwords(root=secrets.token_hex(16), coupons=secrets.token_hex(16), exporter=secrets.token_hex(16))
        write_private(file, msgspec.json.encode(drawn).decode())
        return drawn
    except OSError as error:
        raise storage_error(file, error) from error
    except msgspec.DecodeError as error:
        raise StorageError(f"{file} is damaged", str(error), "Remove it; new passwords are drawn.") from error
