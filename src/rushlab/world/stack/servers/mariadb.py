"""MariaDB: the coupons' truth. Every commit is on disk before it is answered."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from rushlab.world.stack.ports import HOST
from rushlab.world.stack.probes import answers_sql, connect_sql
from rushlab.world.stack.servers.base import Setup, Site, has_content

DATABASE = USER = "coupons"


class MariaDB(Struct, frozen=True):
    """`mariadbd` on loopback, with a database and a user for the service."""

    site: Site
    name: str = "mariadb"
    timeout_s: float = 60  # recovery after a crash reads up to 256 MB of log

    @property
    def port(self) -> int:
        return self.site.ports["database"]

    @property
    def awaited(self) -> str:
        return f"an answer to SELECT 1 on {HOST}:{self.port}"

    @property
    def hint(self) -> str:
        return f"If its data is damaged, run `rushlab down` and remove {self._folder}."

    @property
    def _folder(self) -> Path:
        return self.site.folder(self.name)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def files(self) -> Mapping[Path, str]:
        cnf = self.site.render("mariadb/server.cnf", port=self.port, host=HOST, data=self._data, folder=self._folder)
        words = self.site.passwords
        accounts = self.site.render("sql/accounts.sql", root=words.root, coupons=words.coupons, exporter=words.exporter)
        return {self._folder / "server.cnf": cnf, self._folder / "accounts.sql": accounts}

    def setup(self) -> Setup | None:
        if has_content(self._data):
            return None
        fresh = self._folder / "fresh"
        command = (
            self.site.tools.program("mariadb-install-db"),
            "--no-defaults",
            f"--basedir={self.site.tools.debian / 'usr'}",
            f"--datadir={fresh}",
            "--auth-root-authentication-method=normal",
            "--force",  # also where the machine cannot look up its own name
            "--skip-test-db",
            *self._as_root(),
        )
        return Setup(command=command, fresh=fresh, data=self._data)

    def command(self) -> tuple[str, ...]:
        return (
            self.site.tools.program("mariadbd"),
            f"--defaults-file={self._folder / 'server.cnf'}",
            f"--basedir={self.site.tools.debian / 'usr'}",
            *self._as_root(),
        )

    def environment(self) -> dict[str, str]:
        return self.site.tools.libraries()

    def probe(self) -> str | None:
        return answers_sql(self.port, USER, self.site.passwords.coupons)

    def version(self) -> str:
        password = self.site.passwords.coupons
        with (
            connect_sql(self.port, USER, password) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT VERSION()")
            row = cursor.fetchone()
        return str(row[0]) if row else "unknown"

    def url(self, scheme: str) -> str:
        """The coupons database for a driver named by `scheme`."""
        return f"{scheme}://{USER}:{self.site.passwords.coupons}@{HOST}:{self.port}/{DATABASE}"

    @staticmethod
    def _as_root() -> tuple[str, ...]:
        # mariadbd refuses to run as root unless it is told to.
        return ("--user=root",) if os.geteuid() == 0 else ()
