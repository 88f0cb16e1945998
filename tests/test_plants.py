"""A sample of the mistakes that `make plants` makes in the equations; somebody must notice each."""

from __future__ import annotations

from tests.book import ROOT, run


def test_no_mistake_in_an_equation_goes_unnoticed() -> None:
    done = run(ROOT, "tests.plants", "0.1")
    assert done.returncode == 0, done.stdout
