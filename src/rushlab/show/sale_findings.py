"""Findings about sales that ended, and what became of the original's guesses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rushlab.model.guess import Decision
from rushlab.show import guesses, units
from rushlab.show.claims import usable
from rushlab.show.finding import Finding
from rushlab.show.views import Study

#: What became of so many guesses, in words.
BECAME: dict[Decision, Callable[[int], str]] = {
    Decision.CONFIRMED: lambda count: f"{count} {_are(count)} confirmed",
    Decision.REFUTED: lambda count: f"{count} {_are(count)} refuted",
    Decision.OPEN: lambda count: f"{count} {'stays' if count == 1 else 'stay'} open",
}
SHORT = {Decision.CONFIRMED: "confirmed", Decision.REFUTED: "refuted", Decision.OPEN: "open"}


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


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
    named = {
        decision: [answer.guess.id.replace("-", " ") for answer in answers if answer.decision is decision]
        for decision in BECAME
    }
    counts = [BECAME[decision](len(names)) for decision, names in named.items() if names]
    told = " and ".join(filter(None, (", ".join(counts[:-1]), counts[-1])))
    which = "; ".join(f"{SHORT[decision]}: {', '.join(names)}" for decision, names in named.items() if names)
    runs = tuple(dict.fromkeys(run for answer in decided for run in answer.runs))
    sentence = f"Of the original's {len(answers)} guesses and measures, {told} ({which})."
    yield Finding(sentence, len(decided), "guesses decided", runs)
