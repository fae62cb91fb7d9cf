from rushlab.model.verdict import Status, Validity
from rushlab.show import sanitise
from rushlab.show.legend import legend


def test_every_verdict_and_status_is_explained() -> None:
    run, check, _ = legend().groups.values()
    assert [term.text for term, _ in run] == [str(validity) for validity in Validity]
    assert [term.text for term, _ in check] == [str(status) for status in Status]
    assert all(text for terms in legend().groups.values() for _, text in terms)


def test_it_survives_the_sanitiser() -> None:
    cleaned = sanitise.clean(legend()._repr_html_())
    assert cleaned.count("<dt>") == cleaned.count("<dd>") == sum(map(len, legend().groups.values()))
    assert '<span class="rl-badge rl-good">VALID</span>' in cleaned
    assert "<style" not in cleaned


def test_it_is_text_where_no_html_is_shown() -> None:
    assert "INVALID: the measurement went wrong" in repr(legend())


def test_the_scale_says_what_keeps_its_length() -> None:
    assert "smoke keeps its ten seconds" in repr(legend())
