"""The formulas without a tag that have a meaning in a world are where they were, and true."""

from __future__ import annotations

import pytest

from tests.prose import complaint, formulas, listed

FORMULAS = [(file, name, tex) for file, worlds in listed().items() for name, texts in worlds.items() for tex in texts]


def test_there_are_many() -> None:
    assert len(FORMULAS) >= 100


@pytest.mark.parametrize(("file", "name", "tex"), FORMULAS)
def test_a_formula_of_the_prose_stands_there_and_is_true(file: str, name: str, tex: str) -> None:
    assert tex in formulas().get(file, ()), f"it is no longer in {file}; if that is meant, run python -m tests.prose"
    assert not complaint(file, name, tex)
