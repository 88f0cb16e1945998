"""The mistakes of the five notes, each shown by running what the note says beside what is right."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from backproplab import Dense, Network, bias_gradient, digits, fit, half_squared_error, sigmoid, squared_error
from backproplab.optimizers import SGD
from tests.browser import serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.mark.erratum("000-cost")
def test_the_third_target_is_zero() -> None:
    """Every output has a target of its own; taking 1 for the third adds nearly a whole unit to the cost."""
    outputs, target, misread = np.array([[0.27], [0.99], [0.01]]), np.array([[1], [0], [0]]), np.array([[1], [0], [1]])
    assert squared_error.value(outputs, target) == pytest.approx(0.73**2 + 0.99**2 + 0.01**2)
    assert squared_error.value(outputs, misread) - squared_error.value(outputs, target) == pytest.approx(0.98)


@pytest.mark.erratum("000-probabilities", "003-probabilities")
def test_sigmoid_outputs_add_up_to_anything() -> None:
    """Sigmoids side by side are no distribution: the outputs of neither note add up to one."""
    assert sum((0.27, 0.99, 0.01)) == pytest.approx(1.27)
    percentages = (0.21, 0.08, 0.06, 0.53, 17.36, 2.49, 2.85, 0.12, 48.34, 70.89)
    assert sum(percentages) == pytest.approx(142.93)


@pytest.mark.erratum("000-shape")
def test_a_flat_image_has_784_entries() -> None:
    """A 28×28 image becomes a column of 784 numbers, and 100 neurons need 100 · 784 weights for it."""
    layer = Dense(28 * 28, 100, rng=np.random.default_rng(0))
    assert layer.forward(np.zeros((28 * 28, 1))).shape == (100, 1)
    assert layer.W.size == 78_400


@pytest.mark.erratum("002-rows")
def test_indices_from_zero_to_k_are_one_more_than_k() -> None:
    """Rows 0 to k and columns 0 to n are k + 1 neurons and n + 1 inputs."""
    k, n = 3, 5
    weights = [(j, i) for j in range(k + 1) for i in range(n + 1)]
    assert len({j for j, _ in weights}) == k + 1
    assert len({i for _, i in weights}) == n + 1


@pytest.mark.erratum("002-factor-two")
def test_squared_error_without_a_half_has_a_two() -> None:
    """The gradient of (a − y)² is 2 (a − y); without the 2 it belongs to half the squared error."""
    a, y, h = np.array([[0.8]]), np.array([[0.3]]), 1e-6
    for loss, expected in ((squared_error, 2 * 0.5), (half_squared_error, 0.5)):
        measured = (loss.value(a + h, y) - loss.value(a - h, y)) / (2 * h)
        assert measured == pytest.approx(expected)
        assert loss.gradient(a, y)[0, 0] == pytest.approx(expected)


@pytest.mark.erratum("002-delta")
def test_folding_the_chain_gives_the_delta_of_the_layer_before() -> None:
    """What stands in front of the activation is δ of the same layer as the weight, and in matrix form W is transposed."""
    rng = np.random.default_rng(0)
    network = Network([Dense(2, 3, "sigmoid", rng=rng), Dense(3, 3, "sigmoid", rng=rng)])
    first, last = network.trace([0.5, -1.0], [1, 0, 1]).steps
    W, prime = network.parameters["W2"], sigmoid.derivative(first.z)
    for j in range(3):
        folded = sum(last.delta[k, 0] * W[k, j] for k in range(3)) * prime[j, 0]
        assert folded == pytest.approx(first.delta[j, 0])
        assert folded != pytest.approx(last.delta[j, 0])
    assert not np.allclose((W @ last.delta) * prime, first.delta)


@pytest.mark.erratum("003-bias-once")
def test_the_bias_is_added_once() -> None:
    """A bias inside the sum over the inputs counts once for every input."""
    w, x, b = np.array([0.5, -0.4, 0.3]), np.array([0.9, 0.4, 0.2]), 0.1
    layer = Dense.from_parameters([w], [b])
    right = layer.forward(x[:, np.newaxis])[0, 0]
    assert right == pytest.approx(sum(w[i] * x[i] for i in range(3)) + b)
    assert sum(w[i] * x[i] + b for i in range(3)) == pytest.approx(right + 2 * b)


@pytest.mark.erratum("003-biases-never-train")
def test_a_misspelt_attribute_leaves_the_biases_alone() -> None:
    """Writing the update to another name keeps the old biases in use; here every bias moves in one step."""

    class Note:
        def __init__(self) -> None:
            self.bias = np.zeros(3)

        def update(self) -> None:
            self.biases = self.bias - 0.1

    note = Note()
    note.update()
    assert not note.bias.any()
    rng = np.random.default_rng(0)
    network = Network([Dense(2, 3, "sigmoid", rng=rng), Dense(3, 2, "sigmoid", rng=rng)])
    list(fit(network, [[0.5, 1.0]], [[1, 0]], epochs=1, batch_size=1, optimizer=SGD(0.1), rng=rng))
    assert network.parameters["b1"].all()
    assert network.parameters["b2"].all()


@pytest.mark.erratum("003-zeros-like-shape")
def test_zeros_like_a_shape_is_an_array_of_two_integers() -> None:
    """`np.zeros_like(b.shape)` makes zeros of the shape's own shape: the integers [0 0], whatever b is."""
    wrong = np.zeros_like(np.ones((30, 1)).shape)
    assert wrong.shape == (2,)
    assert wrong.dtype.kind == "i"


@pytest.mark.erratum("003-mean-twice")
def test_mean_taken_twice_is_n_times_too_small() -> None:
    """The factor 1/N is in the cost already; averaging δ again divides the gradient by N once more."""
    rng = np.random.default_rng(0)
    network = Network([Dense(2, 1, "sigmoid", rng=rng)], "squared_error")
    x, y = rng.standard_normal((8, 2)), rng.random((8, 1))
    (step,) = network.trace(x, y).steps
    right = bias_gradient(step.delta)[0, 0]
    per_example = (step.a - y.T) * step.a * (1 - step.a)
    assert 2 / 8 * per_example.sum() == pytest.approx(right)
    assert 2 / 8 * per_example.mean() == pytest.approx(right / 8)


@pytest.mark.erratum("003-per-example-sum")
def test_the_input_stands_inside_the_sum() -> None:
    """∂C/∂w_j sums error times *its own example's* input; no input can be taken out of the sum."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 2)), rng.random(5)
    network = Network([Dense(2, 1, "sigmoid", rng=rng)], "squared_error")
    trace = network.trace(x, y)
    a = trace.steps[0].a[0]
    inside = [2 / 5 * sum((a[i] - y[i]) * a[i] * (1 - a[i]) * x[i, j] for i in range(5)) for j in range(2)]
    np.testing.assert_allclose(trace.gradients["W1"][0], inside)
    outside = 2 / 5 * sum((a[i] - y[i]) * a[i] * (1 - a[i]) for i in range(5)) * x[0]
    assert not np.allclose(outside, inside)


@pytest.mark.erratum("003-ink")
def test_ink_is_one_and_paper_is_zero() -> None:
    """In the digits, as in MNIST, the middle of the image carries the ink and is bright; the corner is 0."""
    images = digits().x_train.reshape(-1, 8, 8)
    assert images[:, 0, 0].mean() < 0.01
    assert images[:, 3:5, 3:5].mean() > 0.4


@pytest.mark.erratum("003-descent")
def test_backpropagation_moves_nothing() -> None:
    """Backpropagation computes a gradient and leaves every parameter as it was; descent is the step after it."""
    rng = np.random.default_rng(0)
    network = Network([Dense(2, 3, "tanh", rng=rng), Dense(3, 1, rng=rng)])
    before = {name: array.copy() for name, array in network.parameters.items()}
    trace = network.trace([[1.0, 2.0]], [[0.5]])
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, before[name])
        assert trace.gradients[name].any()


@pytest.mark.erratum("003-hadamard")
def test_the_product_entry_by_entry_is_not_a_matrix_product() -> None:
    """⊙ multiplies entry by entry; for two columns no matrix product is even defined."""
    u, v = np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]])
    np.testing.assert_array_equal(u * v, [[3.0], [8.0]])
    with pytest.raises(ValueError, match="mismatch"):
        u @ v


@pytest.mark.erratum("003-sigmoid-overflow")
def test_the_sigmoid_as_written_overflows() -> None:
    """1 / (1 + exp(−z)) warns of an overflow far to the left; the package's sigmoid does not."""
    z = np.array([-1000.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="overflow"):
            1 / (1 + np.exp(-z))
        assert sigmoid(z)[0] == 0


@pytest.mark.erratum("004-z-not-a")
def test_the_weighted_sum_is_z_and_not_a() -> None:
    """w a + b is the weighted input z; the activation comes after the sigmoid has been applied to it."""
    (step,) = Network([Dense.from_parameters([[0.5]], [0.2], "sigmoid")]).trace([0.8], [1]).steps
    assert step.z[0, 0] == pytest.approx(0.5 * 0.8 + 0.2)
    assert step.a[0, 0] == pytest.approx(1 / (1 + np.exp(-0.6)))
    assert step.a[0, 0] != pytest.approx(step.z[0, 0])


@pytest.mark.erratum("004-one-factor")
def test_one_factor_is_not_the_chain() -> None:
    """∂z/∂w alone is the previous activation; the slope of the cost has two factors more."""
    network = Network([Dense.from_parameters([[0.5]], [0.2], "sigmoid")], "squared_error")
    trace = network.trace([0.8], [1])
    (step,) = trace.steps
    dz_dw, da_dz, dC_da = 0.8, step.a[0, 0] * (1 - step.a[0, 0]), 2 * (step.a[0, 0] - 1)
    assert trace.gradients["W1"][0, 0] == pytest.approx(dz_dw * da_dz * dC_da)
    assert trace.gradients["W1"][0, 0] != pytest.approx(dz_dw)


def test_a_link_to_a_mistake_opens_the_fold_it_lies_in(chromium: Browser, site: Path) -> None:
    with serve(site) as front:
        page = chromium.new_page()
        page.goto(f"{front}reference/errata/")
        mistake = page.locator("[id='003-squash']")
        expect(mistake).not_to_be_visible()
        page.locator("a[href='#003-squash']").click()
        expect(mistake).to_be_in_viewport()
        page.close()
