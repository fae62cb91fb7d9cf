"""Progress in a notebook: a line and a figure, each one output that is updated in place."""

import IPython.display
import pytest

from rushlab.flows.live import NotebookListener, hearing
from rushlab.flows.workbench import Progress, Silent
from rushlab.model.errors import Interrupted
from rushlab.show.figures.chart import MIME


class Place:
    """One output of a cell, with everything it has shown."""

    def __init__(self, content):
        self.shown = [content]

    def update(self, content, raw):
        self.shown.append(content)

    @property
    def text(self):
        return self.shown[-1]["text/plain"]


@pytest.fixture
def places(monkeypatch):
    made = []

    def display(content, raw, display_id):
        made.append(Place(content))
        return made[-1]

    monkeypatch.setattr(IPython.display, "display", display)
    return made


def told(elapsed, requests, *, vus=50, failed=0, p95=None):
    return Progress(elapsed_s=elapsed, planned_s=60, vus=vus, requests=requests, failed=failed, p95_ms=p95)


def drawn(place):
    return {trace["name"]: (trace["x"], trace["y"]) for trace in place.shown[-1][MIME]["data"]}


def test_the_line_has_elapsed_users_requests_p95_and_failures(places):
    listener = NotebookListener()
    listener.progress("load", told(2, 100))
    listener.progress("load", told(4, 500, failed=3, p95=123.4))
    assert places[0].text == "load: 4/60 s  50 VUs  500 requests  p95 123 ms  3 failed  200 requests/s"


def test_the_figure_has_rates_between_reports_over_the_planned_time(places):
    listener = NotebookListener()
    listener.progress("load", told(2, 100))
    listener.progress("load", told(4, 500, failed=4, p95=123.4))
    _, figure = places
    assert drawn(figure)["requests"] == ([2, 4], [50, 200])
    assert drawn(figure)["failed"] == ([2, 4], [0, 2])
    assert drawn(figure)["p95"] == ([2, 4], [None, 123.4])
    assert figure.shown[-1][MIME]["layout"]["xaxis"]["range"] == [0, 60]
    assert figure.text == "load after 4 s: 50 virtual users, 200 requests/s, p95 123 ms"
    assert len(figure.shown) == 2


@pytest.mark.parametrize(("run", "elapsed"), [("peak-1500", 4), ("load", 1)])
def test_the_next_run_begins_its_own_figure_in_the_same_place(places, run, elapsed):
    listener = NotebookListener()
    listener.progress("load", told(2, 900))
    listener.progress(run, told(elapsed, 40))
    assert len(places) == 2
    assert drawn(places[1])["requests"] == ([elapsed], [40 / elapsed])


def test_the_figure_goes_when_the_work_is_done(places):
    with NotebookListener() as listener:
        listener.progress("load", told(2, 100))
    assert [place.text for place in places] == ["done", ""]


def test_an_interrupt_is_one_sentence_and_the_figure_stays(places):
    with pytest.raises(Interrupted, match="is no result") as stopped, NotebookListener() as listener:
        listener.progress("load", told(2, 100))
        raise KeyboardInterrupt
    assert places[0].text == "interrupted"
    assert MIME in places[1].shown[-1]
    assert stopped.value._render_traceback_() == [f"Interrupted: {stopped.value.sentence}"]


def test_what_the_work_itself_says_of_its_interrupt_is_kept(places):
    with pytest.raises(Interrupted, match="after 1 of 6 runs"), NotebookListener():
        raise Interrupted("The report was stopped after 1 of 6 runs")
    assert places[0].text == "interrupted"


def test_a_listener_of_the_caller_is_used_and_left_to_him(places):
    given = Silent()
    with hearing(given) as told_to:
        assert told_to is given
    assert places == []
    with hearing(None) as told_to:
        told_to.step("warming up")
    assert [content["text/plain"] for content in places[0].shown] == ["starting", "warming up", "done"]


def test_steps_are_told_with_the_run_they_belong_to(places):
    listener = NotebookListener()
    listener.step("[1/2] load · report")
    listener.step("warming up <b>")
    assert places[0].text == "[1/2] load · report: warming up <b>"
    assert places[0].shown[-1]["text/html"] == "<pre>[1/2] load · report: warming up &lt;b&gt;</pre>"
