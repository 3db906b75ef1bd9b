"""Failures that say the same of many files are told once, with all of the files behind them."""

from core.failure_groups import FailureGroup, grouped
from core.listing import SourceFailure


def test_rows_that_fail_alike_are_one_group_and_one_that_stands_alone_keeps_its_row() -> None:
    failures = [
        SourceFailure("a.png", "row 2 of m: x.csv: there is no such file in the source"),
        SourceFailure("b.png", "row 3 of m: x.csv: unknown label 'elbow'"),
        SourceFailure("c.png", "row 4 of m: x.csv: there is no such file in the source"),
        SourceFailure("d.png", "no image"),
        SourceFailure("e.png", "no image"),
        SourceFailure("g.png", "cannot be read: row 7 of it: is cut off"),
        SourceFailure("h.png", "cannot be read: row 8 of it: is cut off"),
        SourceFailure("f.png", "row 9 of other.csv: there is no such file in the source"),
    ]
    assert grouped(failures) == (
        FailureGroup("m: x.csv: there is no such file in the source", ("a.png", "c.png")),
        FailureGroup("row 3 of m: x.csv: unknown label 'elbow'", ("b.png",)),
        FailureGroup("no image", ("d.png", "e.png")),
        FailureGroup("cannot be read: row 7 of it: is cut off", ("g.png",)),
        FailureGroup("cannot be read: row 8 of it: is cut off", ("h.png",)),
        FailureGroup("row 9 of other.csv: there is no such file in the source", ("f.png",)),
    )
    assert grouped([]) == ()
