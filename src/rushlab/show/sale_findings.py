"""Findings about sales that ended, and what became of the original's guesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rushlab.model.guess import Decision
from rushlab.show import guesses, units
from rushlab.show.claims import usable
from rushlab.show.finding import Finding
from rushlab.show.views import Study


def sold_out(study: Study) -> Iterator[Finding]:
    """Per run that sold out: when the last coupon went, at which pace, and how long a refusal took."""
    for view, _ in usable(study):
        rows = {} if view.populations is None else view.populations.set_index("outcome").to_dict("index")
        if "sold_out" in rows and "issued" in rows:
            won, lost = rows["issued"], rows["sold_out"]
            told = f"the last of {int(won['requests']):,d} coupons went {units.seconds(won['last'])} after the start; "
            told += f"then {int(lost['requests']):,d} requests were told “sold out”, "
            told += f"half of them within {units.duration(lost['median_ms'])}"
            yield Finding(f"{view.label}: {told}.", won["last"], "s", (view.run.id,))


def guessed(study: Study) -> Iterator[Finding]:
    """How many of the original's guesses were confirmed, refuted, or left open, and which were decided."""
    answers = guesses.answers(study)
    decided = [answer for answer in answers if answer.decision is not Decision.OPEN]
    if not decided:
        return
    counts = Counter(answer.decision for answer in answers)
    told = ", ".join(f"{counts[decision]} {decision}" for decision in Decision if counts[decision])
    which = "; ".join(f"{answer.guess.id.replace('-', ' ')} {answer.decision}" for answer in decided)
    runs = tuple(dict.fromkeys(run for answer in decided for run in answer.runs))
    sentence = f"Of the original's {len(answers)} guesses and measures {told} ({which})."
    yield Finding(sentence, len(decided), "guesses decided", runs)
