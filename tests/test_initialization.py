"""First weights: each rule has the spread that its paper gives, for dense layers and for kernels."""

from __future__ import annotations

import copy
import math
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backproplab import ACTIVATIONS, INITIALIZATIONS, Conv2d, Dense, Initialization, he, lecun, normal, xavier

if TYPE_CHECKING:
    from collections.abc import Callable

SPREADS: dict[str, Callable[[int, int, float], float]] = {
    "lecun": lambda fan_in, _, gain: gain * fan_in**-0.5,
    "xavier": lambda fan_in, fan_out, _: ((fan_in + fan_out) / 2) ** -0.5,
    "he": lambda fan_in, _, __: (fan_in / 2) ** -0.5,
    "normal": lambda *_: 1,
}


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_every_rule_is_tested() -> None:
    """The table of spreads leaves no initialisation of the package out."""
    assert SPREADS.keys() == INITIALIZATIONS.keys()
    assert [*INITIALIZATIONS.values()] == [lecun, xavier, he, normal]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("name", SPREADS)
def test_a_dense_layer_draws_what_the_paper_says(name: str, activation: str) -> None:
    """The weights are the generator's normal numbers times the deviation, and the biases are zero."""
    layer = Dense(40, 90, activation, init=name, rng=rng())
    deviation = SPREADS[name](40, 90, ACTIVATIONS[activation].gain)
    np.testing.assert_allclose(layer.W, deviation * rng().standard_normal((90, 40)), rtol=1e-14)
    assert not layer.b.any()


@pytest.mark.parametrize("name", SPREADS)
def test_a_kernel_counts_all_its_places(name: str) -> None:
    """A kernel of 3 × 5 has 15 weights in every channel that lead in, and 15 in every map that lead out."""
    layer = Conv2d(4, 6, (3, 5), "relu", init=name, rng=rng())
    deviation = SPREADS[name](4 * 15, 6 * 15, math.sqrt(2))
    np.testing.assert_allclose(layer.W, deviation * rng().standard_normal((6, 4, 3, 5)), rtol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_default_is_lecun_with_the_gain(activation: str) -> None:
    """A layer that says nothing starts exactly where one does that names the default."""
    np.testing.assert_array_equal(
        Dense(5, 3, activation, rng=rng()).W, Dense(5, 3, activation, init="lecun", rng=rng()).W
    )
    np.testing.assert_array_equal(
        Conv2d(2, 3, 3, activation, rng=rng()).W, Conv2d(2, 3, 3, activation, init=lecun, rng=rng()).W
    )


def test_in_front_of_a_rectifier_he_is_the_default() -> None:
    """LeCun's rule with the rectifier's gain and He's are one."""
    np.testing.assert_allclose(Dense(5, 3, "relu", rng=rng()).W, Dense(5, 3, "relu", init=he, rng=rng()).W, rtol=1e-15)


def test_the_weights_have_the_layers_precision() -> None:
    """Drawn as doubles and rounded, single precision starts from the same numbers."""
    single = Dense(5, 3, init="xavier", rng=rng(), dtype="float32").W
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, Dense(5, 3, init="xavier", rng=rng()).W.astype(np.float32))


def test_a_rule_of_your_own() -> None:
    """A user's initialisation is taken as it is, and what it returns is checked."""
    half = Initialization("half", lambda *_: 0.5)
    np.testing.assert_array_equal(Dense(2, 3, init=half, rng=rng()).W, rng().standard_normal((3, 2)) / 2)
    assert repr(half) == "half"
    for wrong in (0, -1.0, math.nan):
        bad = Initialization("bad", lambda *_, value=wrong: value)
        with pytest.raises(ValueError, match=r"^deviation of bad: expected a finite number above zero, got"):
            Dense(2, 3, init=bad, rng=rng())


def test_an_unknown_name_lists_those_that_exist() -> None:
    """A slip of the pen is answered with the four names."""
    with pytest.raises(ValueError, match=r"^init: expected one of lecun, xavier, he, normal, got 'glorot'$"):
        Dense(2, 3, init="glorot", rng=rng())
    with pytest.raises(
        TypeError, match=r"^init: expected Initialization or one of lecun, xavier, he, normal, got 0.1$"
    ):
        Conv2d(2, 3, 3, init=0.1, rng=rng())  # type: ignore[arg-type]


def test_copies_are_the_same_rule() -> None:
    """A copied or pickled rule of the package is the object itself."""
    for rule in INITIALIZATIONS.values():
        assert copy.deepcopy(rule) is rule
        assert pickle.loads(pickle.dumps(rule)) is rule
