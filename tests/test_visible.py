"""What a reader sees of a page's programs fits on a screen, and means by itself what it means on the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backproplab.book import visible
from tests.book import FRONT, tiny

if TYPE_CHECKING:
    from pathlib import Path


def page(*programs: tuple[str, str]) -> str:
    """A page of blocks that are shown or hidden."""
    options = {"shown": ' source="above"', "hidden": ""}
    return "".join(
        f'```python exec="1" session="index" id="block-{number}"{options[manner]}\n{code}\n```\n\n'
        for number, (manner, code) in enumerate(programs)
    )


X = ("shown", "x = 1\nw = [1, 2]")
USE = ("shown", "print(x, w)")
CALL = ("shown", "def f():\n    return x\n\ndef g():\n    return f()")


@pytest.mark.parametrize(
    ("programs", "name"),
    [
        ([X, ("hidden", "x = 2"), USE], "x"),
        ([X, ("hidden", "x += 2"), USE], "x"),
        ([X, ("hidden", "for x in range(3):\n    print(x)"), USE], "x"),
        ([X, ("hidden", "with open(w) as x:\n    pass"), USE], "x"),
        ([X, ("hidden", "if w:\n    x = 3"), USE], "x"),
        ([X, ("hidden", "def x():\n    pass"), USE], "x"),
        ([X, ("hidden", "class x:\n    pass"), USE], "x"),
        ([X, ("hidden", "import math as x"), USE], "x"),
        ([X, ("hidden", "del x"), USE], "x"),
        ([X, ("hidden", "print(x := 3)"), USE], "x"),
        ([X, ("hidden", "a, (x, b) = 1, (2, 3)"), USE], "x"),
        ([X, ("hidden", "w[0] = 2"), USE], "w"),
        ([X, ("hidden", "w[0].part += 2"), USE], "w"),
        ([X, CALL, ("hidden", "x = 2"), ("shown", "print(g())")], "x"),
        ([X, CALL, ("hidden", "x = 2"), ("shown", "print([g() for _ in range(2)])")], "x"),
        ([X, ("hidden", "x = 2"), ("shown", "x += 1")], "x"),
        ([X, ("hidden", "x = 2"), ("shown", "y = x\nx = 1")], "x"),
        ([X, ("hidden", "x = 2"), ("shown", "for x in [x]:\n    pass")], "x"),
        ([X, ("hidden", "x = 2"), ("hidden", "y = x"), ("shown", "print(lambda: x)")], "x"),
        ([("shown", "print(sum(range(3)))"), ("hidden", "sum = max"), ("shown", "print(sum([1]))")], "sum"),
        ([("shown", "from math import pi"), ("hidden", "from cmath import pi"), ("shown", "print(pi)")], "pi"),
        ([("shown", "pi = 3"), ("hidden", "from math import pi"), ("shown", "print(pi)")], "pi"),
    ],
)
def test_a_name_that_a_hidden_block_changes_is_seen(tmp_path: Path, programs: list[tuple[str, str]], name: str) -> None:
    text = page(*programs)
    line = 1 + (FRONT + text).split(f'id="block-{len(programs) - 1}"')[0].count("\n")
    changes = next(n for n, (manner, _) in enumerate(programs) if manner == "hidden")
    fault = f"docs/index.md:{line}: the block uses {name}, which the hidden block 'block-{changes}' has changed"
    assert visible.rebound_names(tiny(tmp_path, text)) == [fault]


@pytest.mark.parametrize(
    "programs",
    [
        [X, ("hidden", "x = 2")],
        [X, ("hidden", "y = x"), USE],
        [X, ("hidden", "x = 2"), ("shown", "x = 3\nprint(x)")],
        [X, ("hidden", "x = 2"), ("shown", "for x in w:\n    print(x)")],
        [X, ("hidden", "x = 2"), ("shown", "print([x for x in w])")],
        [X, ("hidden", "print([x for x in w], lambda x: x)\ndef f(x):\n    x = 2"), USE],
        [X, ("shown", "x = 2"), USE],
        [X, CALL, ("hidden", "x = 2"), ("shown", "x = 3"), ("shown", "print(g())")],
        [("shown", "from math import pi"), ("hidden", "from math import pi"), ("shown", "print(pi)")],
        [("shown", "import math"), ("hidden", "import math"), ("shown", "print(math.pi)")],
    ],
)
def test_what_means_the_same_is_left_alone(tmp_path: Path, programs: list[tuple[str, str]]) -> None:
    assert visible.rebound_names(tiny(tmp_path, page(*programs))) == []


def test_a_line_that_does_not_fit_is_seen_where_it_is_shown(tmp_path: Path) -> None:
    widest, wider = f"x = {'1' * 68}", f"x = {'1' * 69}"
    folded = "??? note\n\n" + "".join(f"    {line}\n" for line in page(("shown", f"y = 2\n{wider}")).splitlines())
    text = page(("shown", widest), ("hidden", wider)) + folded + f"\n```text\n{wider}\n```\n"
    first, second = (1 + (FRONT + text)[: (FRONT + text).index(mark)].count("\n") for mark in ("    ```py", "```text"))
    said = "of the block has 73 characters, and 72 fit"
    assert visible.wide_lines(tiny(tmp_path, text)) == [
        f"docs/index.md:{first}: line 2 {said}",
        f"docs/index.md:{second}: line 1 {said}",
    ]


@pytest.mark.parametrize(
    ("lead", "shown", "fault"),
    [
        ("Here is `softmax`:", "softmax", False),
        ("`Dense.forward` does it:", "Dense.forward", False),
        ("`Dense` does it:", "Dense.forward", False),
        ("Here is softmax:", "softmax", True),
        ("`softmax` is one.\n\nAnd here is another:", "softmax", True),
        ("`tanh` does it:", "softmax", True),
        ("`_routed`, and its caller `pull_back`:", "Pool._routed", False),
    ],
)
def test_a_listing_that_nobody_has_announced_is_seen(tmp_path: Path, lead: str, shown: str, fault: bool) -> None:
    block = f'```python exec="1" session="index" id="index-listing"\nprint(listing({shown}))\n```\n'
    said = f"the listing shows {shown}, which the words before it do not name"
    found = visible.unnamed_listings(tiny(tmp_path, f"{lead}\n\n{block}"))
    assert [text.partition(": ")[2] for text in found] == ([said] if fault else [])


def test_the_title_of_a_fold_announces_a_listing(tmp_path: Path) -> None:
    block = '    ```python exec="1" session="index" id="index-listing"\n    print(listing(softmax))\n    ```\n'
    for name, faults in (("softmax", 0), ("tanh", 1)):
        text = f'??? abstract "`{name}` in full"\n\n    All of it:\n\n{block}'
        assert len(visible.unnamed_listings(tiny(tmp_path, text))) == faults
        tmp_path = tmp_path / "other"
        tmp_path.mkdir()
