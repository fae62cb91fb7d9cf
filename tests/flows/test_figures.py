"""What was answered, by outcome."""

import pandas as pd

from rushlab.flows.figures import outcomes


def test_every_answer_belongs_to_one_outcome():
    answers = [201, 201, 409, 410, 410, 410, 400, 422, 503, 0]
    assert outcomes(pd.DataFrame({"status": answers})) == {
        "issued": 2,
        "already": 1,
        "sold_out": 3,
        "rejected": 2,
        "failed": 2,
    }


def test_outcome_that_nobody_had_is_zero():
    assert set(outcomes(pd.DataFrame({"status": [201]})).values()) == {1, 0}
