import dataclasses

import msgspec
from tests.show.conftest import make_study

from rushlab.show.answered import answered
from rushlab.show.views import Study
from rushlab.world.reference import PATH, read_reference
from rushlab.world.settings import PROJECT


def test_every_guess_has_an_entry_with_its_verdict_its_words_and_the_way_to_settle_it() -> None:
    study: Study = make_study(read_reference(PROJECT / PATH))
    found = answered(study)
    markup = found._repr_html_()
    assert markup.count("<li ") == len(study.reference.guesses) == 22
    assert "500명 시나리오의 요청 수가 오히려 더 적음" in markup
    assert '<span class="rl-badge rl-bad">refuted</span> <strong>Steps of 500 users' in markup
    assert "<code>rushlab tune plans/lock-scope.yaml</code>" in markup


def test_hostile_text_is_escaped(hostile: Study) -> None:
    guesses = read_reference(PROJECT / PATH).guesses
    reference = msgspec.structs.replace(hostile.reference, guesses=guesses)
    assert "<img" not in answered(dataclasses.replace(hostile, reference=reference))._repr_html_()
