"""`schema.sql` is split into its statements; what the tables do is tested on the real server."""

from __future__ import annotations

from coupons import schema


def test_every_statement_makes_one_table_if_it_is_absent() -> None:
    made = [statement.split()[5] for statement in schema.statements()]
    assert made == ["coupons", "issues", "outbox", "inbox", "idempotency_keys", "event_blocks"]
    assert all(statement.startswith("CREATE TABLE IF NOT EXISTS") for statement in schema.statements())
    assert not any("--" in statement for statement in schema.statements())
