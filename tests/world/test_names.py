from pathlib import Path

from rushlab.world.names import identity, when_made

START = 1_795_600_000.25


def test_name_says_when_and_what():
    assert identity(START, "load", "pool_size=20") == "20261125T094640Z-load-pool_size=20-4000"
    assert identity(START, "a/b c") == "20261125T094640Z-a-b-c-4000"


def test_names_of_one_second_sort_by_when_they_were_made():
    made = [identity(START + after, label) for after, label in ((0.0, "z"), (0.001, "a"), (0.7, "m"), (0.8, "b"))]
    assert sorted(map(Path, reversed(made)), key=when_made) == [Path(name) for name in made]
