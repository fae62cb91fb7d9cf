"""The OpenAPI description driven by schemathesis: no 5xx, no answer that it does not describe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.integration.service_load import query

pytestmark = pytest.mark.integration

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


def test_every_answer_is_one_that_the_description_promises(stack: Any, tmp_path: Path) -> None:
    target = stack.reset("recommended", coupons=1000)
    driven = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{target.service}/openapi.json"),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", "8"),
            *("--max-time", "12", "--seed", "1", "--no-shrink", "--warnings", "off", "--request-timeout", "10"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert driven.returncode == 0, driven.stdout[-6000:]
    issued = query(stack, "SELECT COUNT(*) FROM issues JOIN outbox USING (event_id, coupon_id, user_id)")
    assert issued == query(stack, "SELECT COUNT(*) FROM issues") == query(stack, "SELECT COUNT(*) FROM outbox")
