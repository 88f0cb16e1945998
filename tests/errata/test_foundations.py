"""Mistakes of the notes that belong to the part on foundations, each shown beside what is right."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import Dense, Network, gradient_descent, hessian


@pytest.mark.erratum("001-one-unit")
def test_a_slope_is_not_the_change_over_one_unit() -> None:
    """One unit from −5 changes 5b² by −45, a thousandth changes it by −50 for each unit, and the slope is −50."""

    def loss(b: float) -> float:
        return 5 * b**2

    assert loss(-4) - loss(-5) == -45
    assert (loss(-4.999) - loss(-5)) / 0.001 == pytest.approx(-49.995)
    assert (loss(-5 + 1e-7) - loss(-5 - 1e-7)) / 2e-7 == pytest.approx(-50)


@pytest.mark.erratum("000-second-derivative")
def test_one_second_derivative_is_cheap_and_n_squared_are_not() -> None:
    """Three values give the slope and the bend of a function of one number; n parameters have n² second derivatives."""
    asked = []

    def f(x: float) -> float:
        asked.append(x)
        return float(np.exp(x))

    h = 1e-4
    below, here, above = f(1 - h), f(1), f(1 + h)
    assert len(asked) == 3
    assert (above - below) / (2 * h) == pytest.approx(np.e)
    assert (above - 2 * here + below) / h**2 == pytest.approx(np.e, rel=1e-6)
    for n in (1, 2, 9):
        assert hessian(lambda w: float(np.sum(w) ** 2), np.ones(n)).value.size == n**2


@pytest.mark.erratum("000-short-gradient")
def test_a_short_gradient_is_found_near_the_bottom_and_far_from_it() -> None:
    """For C(b) = ½(σ(b) − 0.2)², the slope at b = 10 is smaller than at a hundredth to the right of the minimum."""

    def slope(b: float) -> float:
        a = 1 / (1 + np.exp(-b))
        return float((a - 0.2) * a * (1 - a))

    bottom = float(np.log(0.2 / 0.8))
    assert slope(bottom) == pytest.approx(0, abs=1e-15)
    assert 0 < slope(10.0) < slope(bottom + 0.01)
    assert 10.0 - bottom > 1000 * 0.01


@pytest.mark.erratum("001-zero-slope")
def test_a_zero_gradient_need_not_be_a_minimum() -> None:
    """A 2-2-1 network with nine parameters of zero has a gradient of zero, and lower costs right beside it."""
    x, y = np.array([[1.0, 0.5], [-1.0, 0.5], [0.5, -1.0], [-0.5, 0.0]]), np.array([[1.0], [-1.0], [0.5], [-0.5]])

    def network(t: float) -> Network:
        hidden = Dense.from_parameters([[t, 0.0], [0.0, 0.0]], [0.0, 0.0], "sigmoid")
        return Network([hidden, Dense.from_parameters([[t, 0.0]], [-t / 2])], "half_squared_error")

    still = network(0)
    assert sum(array.size for array in still.parameters.values()) == 9
    assert all(np.all(np.abs(grad) < 1e-14) for grad in still.trace(x, y).gradients.values())
    for t in (0.3, 0.1, 0.01):
        assert network(t).cost(x, y) < still.cost(x, y)


@pytest.mark.erratum("001-eta-one")
def test_a_learning_rate_of_one_diverges() -> None:
    """On 5b² from −5 the rate 1 gives 45, −405, 3645 …: each time nine times as far; one hundredth gives −4.5."""
    path = gradient_descent(lambda b: 5 * b**2, -5, 1, 20, gradient=lambda b: 10 * b)
    np.testing.assert_array_equal(path.points[:4], [-5, 45, -405, 3645])
    np.testing.assert_allclose(path.points[1:] / path.points[:-1], -9)
    gentle = gradient_descent(lambda b: 5 * b**2, -5, 0.01, 1, gradient=lambda b: 10 * b)
    assert gentle.points[1] == pytest.approx(-4.5)


@pytest.mark.erratum("001-tiny-eta")
def test_small_updates_are_no_convergence() -> None:
    """With a rate of 0.00001 no update on 5b² is longer than 0.0005, and after 100 of them the slope still is −49.5."""
    path = gradient_descent(lambda b: 5 * b**2, -5, 0.00001, 100, gradient=lambda b: 10 * b)
    assert np.abs(np.diff(path.points)).max() == pytest.approx(0.0005)
    assert path.gradients[-1] == pytest.approx(-50 * 0.9999**100)
    assert path.gradients[-1] < -49


@pytest.mark.erratum("003-village")
def test_not_every_way_down_leads_to_the_lowest_village() -> None:
    """On ¼w⁴ − ½w² + 0.15w, descents from 0.1 and 0.3 end at a slope of zero, far apart and at different heights."""

    def cost(w: float) -> float:
        return w**4 / 4 - w**2 / 2 + 0.15 * w

    lower, higher = (
        gradient_descent(cost, start, 0.1, 500, gradient=lambda w: w**3 - w + 0.15) for start in (0.1, 0.3)
    )
    for path in (lower, higher):
        assert abs(path.gradients[-1]) < 1e-9
    assert higher.points[-1] - lower.points[-1] > 1.5
    assert higher.values[-1] - lower.values[-1] > 0.2


@pytest.mark.erratum("003-print-x")
def test_the_first_program_stops_at_its_first_print() -> None:
    """A name that was never given a value cannot be printed."""
    program = "def descend():\n    weight = 10.0\n    print(f'Starting x: {x}, f(x): {weight**2:.4f}')\n\ndescend()"
    with pytest.raises(NameError, match="'x' is not defined"):
        exec(program, {})


@pytest.mark.erratum("003-slope-before")
def test_the_printed_gradient_belongs_to_the_point_before() -> None:
    """At steps 1, 10 and 20 the note's gradients 20, 2.6844 and 0.2882 are twice the w of one step earlier."""
    points = gradient_descent(lambda w: w**2, 10, 0.1, 100, gradient=lambda w: 2 * w).points
    for step, printed_w, printed_gradient in ((1, 8.0, 20.0), (10, 1.0737, 2.6844), (20, 0.1153, 0.2882)):
        assert points[step] == pytest.approx(printed_w, abs=5e-5)
        assert 2 * points[step - 1] == pytest.approx(printed_gradient, abs=5e-5)
        assert 2 * points[step] != pytest.approx(printed_gradient, rel=0.1)


@pytest.mark.erratum("003-cancel")
def test_cancelling_denominators_proves_a_wrong_slope() -> None:
    """For C = uv with u = 3x and v = x² at 2, the paths give 12 and 24; the slope is 36, their sum."""
    x, h = 2.0, 1e-6
    u, v, du_dx, dv_dx = 3 * x, x**2, 3, 2 * x
    measured = (3 * (x + h) * (x + h) ** 2 - 3 * (x - h) * (x - h) ** 2) / (2 * h)
    assert (v * du_dx, u * dv_dx) == (12, 24)
    assert measured == pytest.approx(36)
    assert measured == pytest.approx(v * du_dx + u * dv_dx)
