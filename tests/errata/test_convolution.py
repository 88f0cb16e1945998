"""Mistakes of the notes that belong to the part on convolution, each shown beside what is right."""

from __future__ import annotations

import numpy as np
import pytest

from backproplab import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Network,
    kernel_gradient,
    sigmoid,
)


@pytest.mark.erratum("000-nine-terms")
def test_a_window_has_nine_terms_for_each_channel() -> None:
    """One place of a map sums nine products over one channel and 288 over 32: so many weights move it."""
    rng = np.random.default_rng(0)
    for channels, terms in ((1, 9), (32, 288)):
        layer = Conv2d(channels, 1, 3, rng=rng)
        window = 1 + rng.random((channels, 3, 3, 1))
        z = layer.forward(window)
        assert z.shape == (1, 1, 1, 1)
        assert z.item() == pytest.approx(sum(w * a for w, a in zip(layer.W.flat, window.flat, strict=True)))
        assert np.count_nonzero(layer.gradients(window, np.ones_like(z))["W"]) == terms


@pytest.mark.erratum("003-two-by-two")
def test_no_filter_of_two_by_two_keeps_the_size() -> None:
    """Filters of 2×2 and poolings make 28 → 27 → 13 → 12 → 6, so 2304 numbers from 64 maps; 3×3 with a rim makes 3136."""
    rng = np.random.default_rng(0)

    def flat(kernel: int, padding: int) -> tuple[list[int], int]:
        layers = [
            Conv2d(1, 32, kernel, padding=padding, rng=rng),
            MaxPool2d(2),
            Conv2d(32, 64, kernel, padding=padding, rng=rng),
            MaxPool2d(2),
        ]
        shapes = [line.output_shape for line in Network(layers, input_shape=(1, 28, 28)).summary().layers]
        return [shape[1] for shape in shapes], int(np.prod(shapes[-1]))

    assert flat(2, 0) == ([27, 13, 12, 6], 2304)
    assert flat(3, 1) == ([28, 14, 14, 7], 3136)
    for padding in range(50):
        assert 28 + 2 * padding - 2 + 1 != 28
    layers = [Conv2d(1, 64, 2, rng=rng), MaxPool2d(2), Flatten(), Dense(3136, 10, rng=rng)]
    with pytest.raises(ValueError, match="3136"):
        Network(layers, input_shape=(1, 28, 28))


@pytest.mark.erratum("003-multiplied")
def test_an_image_is_not_multiplied_by_a_filter() -> None:
    """A 28×28 and a 2×2 matrix have no product; the layer's number at a place is the sum of four products in its window."""
    rng = np.random.default_rng(0)
    image, kernel = rng.random((28, 28)), rng.standard_normal((2, 2))
    with pytest.raises(ValueError, match="mismatch"):
        image @ kernel
    z = Conv2d.from_parameters(kernel[None, None], [0.0]).forward(image[None, :, :, None])
    for i, j in ((0, 0), (5, 11), (26, 26)):
        assert z[0, i, j, 0] == pytest.approx(sum(kernel[u, v] * image[i + u, j + v] for u in (0, 1) for v in (0, 1)))


@pytest.mark.erratum("000-kernel-sum")
def test_no_single_product_is_the_gradient_of_a_kernel_weight() -> None:
    """The measured slope is the sum of error times input over all nine places, and none of the nine products."""
    rng = np.random.default_rng(0)
    a, w, delta = rng.random((1, 4, 4, 1)), rng.random((1, 1, 2, 2)), rng.random((1, 3, 3, 1))
    nudged = w.copy()
    nudged[0, 0, 0, 1] += 1  # z is linear in w, so a step of one measures the slope exactly
    z, z_nudged = (Conv2d.from_parameters(kernel, [0.0]).forward(a) for kernel in (w, nudged))
    slope = np.sum(delta * (z_nudged - z))
    products = delta[0, :, :, 0] * a[0, :3, 1:, 0]
    assert slope == pytest.approx(products.sum())
    assert slope == pytest.approx(kernel_gradient(delta, a, (2, 2))[0, 0, 0, 1])
    assert np.all(products < slope)


@pytest.mark.erratum("000-average-pooling")
def test_each_pixel_gets_its_share_and_not_the_whole() -> None:
    """Raise one of the nine pixels of a window by one, and its mean rises by a ninth: that is the share of the error."""
    a, one = np.random.default_rng(0).random((1, 3, 3, 1)), np.ones((1, 1, 1, 1))
    pool = AvgPool2d(3)
    for y, x in np.ndindex(3, 3):
        raised = a.copy()
        raised[0, y, x, 0] += 1
        assert (pool.forward(raised) - pool.forward(a)).item() == pytest.approx(1 / 9)
    np.testing.assert_allclose(pool.pull_back(a, one), 1 / 9)


@pytest.mark.erratum("003-squash")
def test_slopes_and_weights_are_multiplied_and_not_activations() -> None:
    """Between two sigmoids the error changes by weight times slope: with activations near 1 it vanishes, with a weight of 8 it grows."""
    for bias, weight in ((6.0, 1.0), (0.0, 8.0)):
        layers = [
            Dense.from_parameters([[0.0]], [bias], "sigmoid"),
            Dense.from_parameters([[weight]], [-4.0], "sigmoid"),
        ]
        first, last = Network(layers).trace([1.0], [1.0]).steps
        z, a = first.z.item(), first.a.item()
        factor = (first.delta / last.delta).item()
        measured = weight * float(sigmoid(np.array(z + 1e-5)) - sigmoid(np.array(z - 1e-5))) / 2e-5
        assert factor == pytest.approx(measured, rel=1e-6)
        if bias:
            assert a > 0.99
            assert factor < 0.01
        else:
            assert factor == pytest.approx(2)


@pytest.mark.erratum("003-dead")
def test_a_neuron_that_is_silent_for_one_input_learns_from_another() -> None:
    """For an input with z < 0 a ReLU neuron has no gradient; in a batch with one where z > 0 it has, and only if all are negative it has none."""
    network = Network([Dense.from_parameters([[1.0]], [0.0], "relu")])
    for batch, learns in (([[-1.0]], False), ([[-1.0], [2.0]], True), ([[-1.0], [-2.0]], False)):
        gradients = network.trace(batch, [[1.0]] * len(batch)).gradients
        assert (gradients["W1"].item() != 0) == learns
        assert (gradients["b1"].item() != 0) == learns


@pytest.mark.erratum("000-kernel-paths")
def test_one_chain_of_three_factors_is_not_the_derivative() -> None:
    """No product of output slope, gate and pixel, at any place, is the measured slope; six factors summed over 32 paths are."""
    image = np.array(
        [
            [0, 1, 1, 1, 1, 0],
            [0, 0, 0, 0.5, 1, 0],
            [0, 0, 0, 1, 0.5, 0],
            [0, 0, 1, 0.5, 0, 0],
            [0, 0.5, 1, 0, 0, 0],
            [0, 1, 0.5, 0, 0, 0],
        ]
    )
    kernel = np.array([[-0.4, 0.3, 0.8], [-0.2, 0.9, 0.1], [0.7, 0.5, -0.6]])
    dense = np.array([[0.9, -1.2, 1.5, -0.8], [-0.7, 2.0, -1.1, 0.6]])
    y, u, v, h = [1, 0], 0, 2, 1e-5

    def network(weight: float) -> Network:
        W = kernel.copy()
        W[u, v] = weight
        layers = [
            Conv2d.from_parameters(W[np.newaxis, np.newaxis], [-0.5], "sigmoid"),
            MaxPool2d(2),
            Flatten(),
            Dense.from_parameters(dense, [0.2, -0.1], "sigmoid"),
        ]
        return Network(layers, "half_squared_error", input_shape=(1, 6, 6))

    w = kernel[u, v]
    measured = (network(w + h).cost([image], y) - network(w - h).cost([image], y)) / (2 * h)
    first, pool, _, last = network(w).trace([image], y).steps
    a, out = first.a[0, :, :, 0], last.a[:, 0]
    by_out, by_net = out - y, out * (1 - out)
    chains, paths = [], []
    for i, j in np.ndindex(4, 4):
        m = 2 * (i // 2) + j // 2
        won = a[i, j] == pool.a[0, i // 2, j // 2, 0]
        for k in range(2):
            chains += [
                by_out[k] * a[i, j] * (1 - a[i, j]) * image[i + u, j + v],
                by_out[k] * by_net[k] * image[i + u, j + v],
            ]
            paths.append(by_out[k] * by_net[k] * dense[k, m] * won * a[i, j] * (1 - a[i, j]) * image[i + u, j + v])
    assert len(paths) == 32
    assert sum(paths) == pytest.approx(measured, rel=1e-6)
    assert not any(chain == pytest.approx(measured, rel=0.1) for chain in chains)
    assert sum(chains[::2]) != pytest.approx(measured, rel=0.1)
    assert sum(chains[1::2]) != pytest.approx(measured, rel=0.1)
