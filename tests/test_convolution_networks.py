"""Convolution and pooling inside a network: traces, gradients, training, files, summaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import (
    SGD,
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Network,
    accuracy,
    check_gradients,
    digits,
    fit,
)
from tests.test_convolution import convolution, indices

if TYPE_CHECKING:
    from pathlib import Path

    from backproplab.layers import Layer


def reader(rng: np.random.Generator, kernel: Any = 3, dtype: Any = np.float64, **options: Any) -> Network:
    """Return convolution → activation → pool, twice, and a dense layer, for 8 × 8 images of ten classes."""
    layers = [
        Conv2d(1, 3, kernel, "tanh", rng=rng, dtype=dtype, **({"padding": 1} | options)),
        MaxPool2d(2),
        Conv2d(3, 4, 2, "relu", rng=rng, dtype=dtype),
        AvgPool2d(2, stride=1),
        Flatten(),
        Dense(16, 10, rng=rng, dtype=dtype),
    ]
    return Network(layers, "softmax_cross_entropy", (1, 8, 8))


def test_a_trace_shows_every_stage() -> None:
    """Convolution, activation, pool, flatten: each stage has its z, its a and its δ, batch last."""
    network = reader(np.random.default_rng(0))
    steps = network.trace(np.random.default_rng(1).standard_normal((5, 1, 8, 8)), [1, 2, 3, 4, 5]).steps
    shapes = [(3, 8, 8, 5), (3, 4, 4, 5), (4, 3, 3, 5), (4, 2, 2, 5), (16, 5), (10, 5)]
    assert [step.z.shape for step in steps] == [step.a.shape for step in steps] == shapes
    assert [step.delta.shape for step in steps] == shapes
    np.testing.assert_array_equal(steps[0].a, np.tanh(steps[0].z))
    assert repr(steps[1]) == (
        "Step(MaxPool2d(2, stride=2): a_prev (3, 8, 8, 5), z (3, 4, 4, 5), a (3, 4, 4, 5), delta (3, 4, 4, 5))"
    )


def test_a_batch_of_one_and_a_single_image_are_the_same() -> None:
    """An image without its batch axis goes in, and a prediction without it comes out."""
    network = reader(np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((1, 1, 8, 8))
    assert network.predict(x[0]).shape == (10,)
    np.testing.assert_array_equal(network.predict(x[0]), network.predict(x)[0])
    assert network.trace(x[0], 3).steps[0].a_prev.shape == (1, 8, 8, 1)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu", "identity"])
@pytest.mark.parametrize("loss", ["half_squared_error", "softmax_cross_entropy"])
@pytest.mark.parametrize(
    "pool",
    [MaxPool2d(2), MaxPool2d((2, 3), stride=1), AvgPool2d((3, 2), stride=(1, 2))],
    ids=["apart", "overlap", "mean"],
)
def test_gradients_agree_with_finite_differences(activation: str, loss: str, pool: Layer) -> None:
    """`check_gradients` finds every kernel, bias and weight right, behind every activation and pool."""
    rng = np.random.default_rng(3)
    first = convolution(rng, 2, 3, (2, 3), activation, stride=(1, 2), padding=(1, 0))
    second = convolution(rng, 3, 2, (3, 1), "tanh", padding=(1, 0))
    shape = Network([first, pool, second, Flatten()], input_shape=(2, 5, 9)).output_shape
    network = Network([first, pool, second, Flatten(), Dense(shape[0], 3, rng=rng)], loss, (2, 5, 9))
    report = check_gradients(network, rng.standard_normal((2, 2, 5, 9)), np.eye(3)[[0, 2]])
    assert report.verdict == "right", report
    assert [check.name for check in report.checks] == ["W1", "b1", "W3", "b3", "W5", "b5"]


def test_a_network_may_begin_with_pooling_and_end_in_feature_maps() -> None:
    """No layer needs another kind before or behind it."""
    rng = np.random.default_rng(0)
    network = Network([AvgPool2d(2), convolution(rng, 1, 2, 2)], input_shape=(1, 6, 6))
    x, y = rng.standard_normal((3, 1, 6, 6)), rng.standard_normal((3, 2, 2, 2))
    assert network.predict(x).shape == (3, 2, 2, 2)
    assert check_gradients(network, x, y).verdict == "right"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_stays_in_its_precision(dtype: Any) -> None:
    """No stage of a float32 network makes a float64 array, forward or back."""
    network = reader(np.random.default_rng(0), dtype=dtype)
    trace = network.trace(np.ones((2, 1, 8, 8)), [0, 1])
    for step in trace.steps:
        assert {array.dtype for array in (step.z, step.a, step.delta, *step.grads.values())} == {np.dtype(dtype)}
    assert network.astype(np.float32).predict(np.ones((1, 8, 8))).dtype == np.float32


def test_training_reads_digits() -> None:
    """A small convolutional network learns the embedded digits through the public `fit`."""
    data, rng = digits(), np.random.default_rng(0)
    x, x_test = data.x_train.reshape(-1, 1, 8, 8), data.x_test.reshape(-1, 1, 8, 8)
    layers = [
        Conv2d(1, 8, 3, "relu", padding=1, rng=rng, dtype=np.float32),
        MaxPool2d(2),
        Flatten(),
        Dense(128, 10, rng=rng, dtype=np.float32),
    ]
    network = Network(layers, "softmax_cross_entropy", (1, 8, 8))
    training = fit(network, x, data.y_train, epochs=6, batch_size=10, optimizer=SGD(0.1), rng=rng)
    losses = [progress.loss for progress in training]
    assert losses == sorted(losses, reverse=True)
    assert accuracy(network, x_test, data.y_test) > 0.9


def test_parameters_are_saved_and_loaded(tmp_path: Path) -> None:
    """A saved network comes back into one of the same architecture, to the bit."""
    x = np.random.default_rng(9).standard_normal((2, 1, 8, 8))
    network, other = reader(np.random.default_rng(0)), reader(np.random.default_rng(1))
    network.save(tmp_path / "reader.npz")
    other.load(tmp_path / "reader.npz")
    np.testing.assert_array_equal(other.predict(x), network.predict(x))


def first_layer(kernel: Any = 3, **options: Any) -> Network:
    return Network([Conv2d(1, 3, kernel, "tanh", rng=np.random.default_rng(0), **options)], input_shape=(1, 8, 8))


@pytest.mark.parametrize(
    ("saved", "loaded", "complaint"),
    [
        ({}, {"kernel": 1}, r"expected layer 1 Conv2d\(1, 3, 1, tanh, stride=1, padding=0\), the file holds"),
        ({"padding": (2, 1)}, {}, r"the file holds layer 1 Conv2d\(1, 3, 3, tanh, stride=1, padding=\(2, 1\)\)"),
        ({"stride": 2}, {"stride": (2, 1)}, r"expected layer 1 Conv2d\(1, 3, 3, tanh, stride=\(2, 1\), padding=0\)"),
    ],
    ids=["kernel", "padding", "stride"],
)
def test_a_file_of_another_geometry_is_refused(
    tmp_path: Path, saved: dict[str, Any], loaded: dict[str, Any], complaint: str
) -> None:
    """Kernel, stride and padding are part of the architecture: a file that differs in one is named and refused."""
    first_layer(**saved).save(tmp_path / "layer.npz")
    with pytest.raises(ValueError, match=complaint):
        first_layer(**loaded).load(tmp_path / "layer.npz")


def test_first_weights_keep_the_size_of_the_signal() -> None:
    """The standard deviation of the first kernels is the gain over √(C K K')."""
    layer = Conv2d(16, 64, (3, 5), "relu", rng=np.random.default_rng(0))
    assert layer.W.std() == pytest.approx(np.sqrt(2 / (16 * 3 * 5)), rel=0.02)
    assert not layer.b.any()


def test_given_kernels_are_copied() -> None:
    """`from_parameters` keeps its own arrays, in the precision of the kernels."""
    W, b = np.ones((2, 1, 3, 3), np.float32), np.zeros(2)
    layer = Conv2d.from_parameters(W, b, "relu", stride=(2, 1), padding=2)
    W[...] = 5
    assert layer.W.max() == 1
    assert layer.b.shape == (2, 1)
    assert layer.b.dtype == np.float32
    assert repr(layer) == "Conv2d(1, 2, 3, relu, stride=(2, 1), padding=2)"


def test_the_summary_is_a_table_with_totals() -> None:
    """Output shape, parameters and multiply-adds of every layer; they add up."""
    summary = reader(np.random.default_rng(0)).summary()
    assert str(summary) == repr(summary) == (
        "   layer                                       output shape  parameters  multiply-adds\n"
        "   input                                       (1, 8, 8)\n"
        "1  Conv2d(1, 3, 3, tanh, stride=1, padding=1)  (3, 8, 8)             30          1,728\n"
        "2  MaxPool2d(2, stride=2)                      (3, 4, 4)              0              0\n"
        "3  Conv2d(3, 4, 2, relu, stride=1, padding=0)  (4, 3, 3)             52            432\n"
        "4  AvgPool2d(2, stride=1)                      (4, 2, 2)              0              0\n"
        "5  Flatten()                                   (16,)                  0              0\n"
        "6  Dense(16, 10, identity)                     (10,)                170            160\n"
        "   total                                                            252          2,320"
    )  # fmt: skip
    assert (summary.parameters, summary.multiply_adds) == (252, 2320)
    assert summary.layers[0].output_shape == (3, 8, 8)


def test_multiply_adds_are_the_products_of_the_formula() -> None:
    """A convolution multiplies once for each weight at each place, counted here one by one; zeros outside count too."""
    layer = Conv2d(2, 3, (2, 3), stride=(2, 1), padding=(1, 2), rng=np.random.default_rng(0))
    filters, height, width = layer.output_shape((2, 5, 4))
    assert layer.multiply_adds((2, 5, 4)) == sum(1 for _ in indices(filters, height, width, 2, 2, 3))
