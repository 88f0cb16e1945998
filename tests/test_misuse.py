"""Every way of holding it wrong: which argument, what was expected, what was given."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import (
    LOSSES,
    SGD,
    Dense,
    Network,
    accuracy,
    bias_gradient,
    check_gradients,
    digits,
    fit,
    hidden_error,
    latex_matrix,
    latex_number,
    minibatches,
    one_hot,
    output_error,
    pull_back,
    softmax_jacobian,
    weight_gradient,
)

if TYPE_CHECKING:
    from collections.abc import Callable

rng = np.random.default_rng(0)
nan, inf = float("nan"), float("inf")
X, Y = np.ones((5, 3)), np.full((5, 2), 0.5)
SQUARE = Dense.from_parameters(np.ones((2, 2)), np.zeros(2))


def dense(inputs: Any = 3, outputs: Any = 2, activation: Any = "sigmoid", **options: Any) -> Dense:
    return Dense(inputs, outputs, activation, **({"rng": rng} | options))


def net(loss: Any = "half_squared_error", **options: Any) -> Network:
    activation = {"activation": "identity"} if loss in ("binary_cross_entropy", "softmax_cross_entropy") else {}
    return Network([dense(**(activation | options))], loss)


def train(x: Any = X, y: Any = Y, network: Any = None, **options: Any) -> object:
    right: dict[str, Any] = {"epochs": 1, "batch_size": 2, "optimizer": SGD(1), "rng": rng}
    return fit(network or net(), x, y, **(right | options))


def claim(cost: Any = lambda p: p["w"] ** 2, parameters: Any = None, gradients: Any = None, **options: Any) -> object:
    given = {"w": 1.0} if parameters is None else parameters
    return check_gradients(cost, given, {"w": 2.0} if gradients is None else gradients, **options)


def with_entry(value: float) -> np.ndarray:
    x = X.copy()
    x[1, 2] = value
    return x


def as_given(value: Any) -> Any:
    """Hand on what a type checker would not let pass."""
    return value


class Holder:
    """Something that is neither layer nor network nor number."""

    def __repr__(self) -> str:
        return "Holder()"


MISUSES: list[tuple[Callable[[], object], type[Exception], str]] = [
    # layers
    (lambda: dense(inputs=0), ValueError, "inputs: expected at least 1, got 0"),
    (lambda: dense(outputs=2.0), TypeError, "outputs: expected a whole number, got 2.0"),
    (lambda: dense(outputs=True), TypeError, "outputs: expected a whole number, got True"),
    (lambda: dense(inputs="3"), TypeError, "inputs: expected a whole number, got '3'"),
    (
        lambda: dense(activation="sigmiod"),
        ValueError,
        "activation: expected one of sigmoid, tanh, relu, leaky_relu, identity, got 'sigmiod'",
    ),
    (
        lambda: dense(activation=np.cos),
        TypeError,
        "activation: expected Activation or one of sigmoid, tanh, relu, leaky_relu, identity, got <ufunc 'cos'>",
    ),
    (
        lambda: dense(rng=42),
        TypeError,
        "rng: expected a numpy.random.Generator such as default_rng(0), got 42",
    ),
    (lambda: dense(dtype=np.int32), TypeError, "dtype: expected float32 or float64, got int32"),
    (lambda: dense(dtype="double precision"), TypeError, "dtype: expected float32 or float64, got 'double precision'"),
    (lambda: Dense.from_parameters([1, 2], [0]), ValueError, "W: expected shape (outputs, inputs), got (2,)"),
    (
        lambda: Dense.from_parameters([[1, 2]], [0, 0]),
        ValueError,
        "W: expected shape (outputs, inputs), got (1, 2) with b (2,): write W.T",
    ),
    (
        lambda: Dense.from_parameters([[1, 2], [3]], [0, 0]),
        ValueError,
        "W: expected a rectangular array of numbers, got a ragged one",
    ),
    (
        lambda: Dense.from_parameters([[1j]], [0]),
        TypeError,
        "W: expected real numbers, got an array of type complex128",
    ),
    (lambda: Dense.from_parameters([[1]], [nan]), ValueError, "b: expected finite numbers, got nan at index (0,)"),
    (
        lambda: Dense.from_parameters(np.ones((1, 1), np.float16), [0]),
        TypeError,
        "W: expected float32 or float64, got float16",
    ),
    # networks
    (lambda: Network([]), ValueError, "layers: expected at least one layer, got none"),
    (lambda: Network(as_given(dense())), TypeError, "layers: expected a list of layers, got Dense(3, 2, sigmoid)"),
    (
        lambda: Network([SQUARE, SQUARE]),
        ValueError,
        "layers: expected every layer once, layer 2 is one that came before: Dense(2, 2, identity)",
    ),
    (lambda: Network(as_given([Holder()])), TypeError, "layers: expected a Layer as layer 1, got Holder()"),
    (
        lambda: Network([dense(3, 4), dense(5, 2)]),
        ValueError,
        "layer 2, Dense(5, 2, sigmoid): expected an input of shape (5,), got (4,) (sizes on the way: (3,) → (4,))",
    ),
    (
        lambda: Network([dense(3, 4)], input_shape=(7,)),
        ValueError,
        "layer 1, Dense(3, 4, sigmoid): expected an input of shape (3,), got (7,)",
    ),
    (
        lambda: Network([dense(3, 4), dense(4, 2, dtype=np.float32)]),
        TypeError,
        "layers: expected one dtype for all parameters, got W1 float64, b1 float64, W2 float32, b2 float32",
    ),
    (
        lambda: net("hinge"),
        ValueError,
        f"loss: expected one of {', '.join(LOSSES)}, got 'hinge'",
    ),
    (
        lambda: net(None),
        TypeError,
        f"loss: expected Loss or one of {', '.join(LOSSES)}, got None",
    ),
    (lambda: net().astype(int), TypeError, "dtype: expected float32 or float64, got int64"),
    # examples
    (lambda: net().predict(np.ones((5, 4))), ValueError, "x: expected shape (N, 3) or one example (3,), got (5, 4)"),
    (lambda: net().predict(np.ones(4)), ValueError, "x: expected shape (N, 3) or one example (3,), got (4,)"),
    (lambda: net().predict(1.0), ValueError, "x: expected shape (N, 3) or one example (3,), got ()"),
    (lambda: net().predict(X.T), ValueError, "x: expected shape (N, 3) or one example (3,), got (3, 5)"),
    (
        lambda: net().predict(np.ones((0, 3))),
        ValueError,
        "x: expected at least one example, got an empty batch of shape (0, 3)",
    ),
    (lambda: net().predict([]), ValueError, "x: expected shape (N, 3) or one example (3,), got (0,)"),
    (lambda: net().predict(with_entry(nan)), ValueError, "x: expected finite numbers, got nan at index (1, 2)"),
    (lambda: net().predict(with_entry(-inf)), ValueError, "x: expected finite numbers, got -inf at index (1, 2)"),
    (
        lambda: net(dtype=np.float32).predict(with_entry(1e300)),
        ValueError,
        "x: expected numbers that float32 can hold, got 1e+300 at index (1, 2)",
    ),
    (lambda: net().predict("abc"), TypeError, "x: expected real numbers, got an array of type <U3"),
    (lambda: net().predict(as_given(None)), TypeError, "x: expected real numbers, got None"),
    (lambda: net().predict(X + 1j), TypeError, "x: expected real numbers, got an array of type complex128"),
    (
        lambda: net().predict([[1, 2, 3], [4, 5]]),
        ValueError,
        "x: expected a rectangular array of numbers, got a ragged one",
    ),
    # targets
    (lambda: net().trace(X, Y[:4]), ValueError, "y: expected 5 targets, one for each example of x, got 4"),
    (lambda: net().cost(X, [0, 1]), ValueError, "y: expected 5 targets, one for each example of x, got 2"),
    (lambda: net().cost(X, Y[:, :1]), ValueError, "y: expected shape (N, 2) or one example (2,), got (5, 1)"),
    (lambda: net().cost(X, [0, 1, 2, 0, 1]), ValueError, "y: expected labels from 0 to 1, got 2"),
    (lambda: net().cost(X, [0, 1, -1, 0, 1]), ValueError, "y: expected labels from 0 to 1, got -1"),
    (
        lambda: net().cost(X, [0.0, 1.0, 1.0, 0.0, 1.0]),
        TypeError,
        "y: expected integer labels or targets of shape (5, 2), got float64",
    ),
    (lambda: net().cost(X, Y * nan), ValueError, "y: expected finite numbers, got nan at index (0, 0)"),
    (lambda: net().cost(X, ["a"] * 5), TypeError, "y: expected real numbers, got an array of type <U1"),
    (
        lambda: net().cost(X, [[1, 0], [1]]),
        ValueError,
        "y: expected a rectangular array of numbers, got a ragged one",
    ),
    (lambda: net("binary_cross_entropy").cost(X, Y + 1), ValueError, "y: expected targets from 0 to 1, got 1.5"),
    (lambda: net("binary_cross_entropy").cost(X, Y - 1), ValueError, "y: expected targets from 0 to 1, got -0.5"),
    (lambda: net("softmax_cross_entropy").cost(X, 4 * Y), ValueError, "y: expected targets from 0 to 1, got 2.0"),
    (
        lambda: net("softmax_cross_entropy").cost(X, Y / 2),
        ValueError,
        "y: expected the targets of each example to add up to 1, got a sum of 0.5",
    ),
    (lambda: one_hot([0, 3], 3), ValueError, "labels: expected labels from 0 to 2, got 3"),
    (lambda: one_hot([0.5], 3), TypeError, "labels: expected integer labels, got an array of type float64"),
    (lambda: one_hot([[0, 1]], 3), ValueError, "labels: expected one label per example, shape (N,), got (1, 2)"),
    (
        lambda: one_hot(as_given([0, [1]]), 3),
        ValueError,
        "labels: expected a rectangular array of numbers, got a ragged one",
    ),
    (lambda: one_hot([0], as_given(2.5)), TypeError, "classes: expected a whole number, got 2.5"),
    # training
    (lambda: SGD(0), ValueError, "learning_rate: expected a finite number above zero, got 0"),
    (lambda: SGD(-0.1), ValueError, "learning_rate: expected a finite number above zero, got -0.1"),
    (lambda: SGD(inf), ValueError, "learning_rate: expected a finite number above zero, got inf"),
    (lambda: SGD(nan), ValueError, "learning_rate: expected a finite number above zero, got nan"),
    (
        lambda: SGD(as_given("0.1")),
        TypeError,
        "learning_rate: expected a number or a schedule such as CosineDecay, got '0.1'",
    ),
    (lambda: train(network=Holder()), TypeError, "network: expected a Network, got Holder()"),
    (lambda: train(optimizer=0.1), TypeError, "optimizer: expected an Optimizer such as SGD(0.1), got 0.1"),
    (lambda: train(optimizer=SGD), TypeError, f"optimizer: expected an Optimizer such as SGD(0.1), got {SGD!r}"),
    (lambda: train(epochs=0), ValueError, "epochs: expected at least 1, got 0"),
    (lambda: train(epochs=1.5), TypeError, "epochs: expected a whole number, got 1.5"),
    (lambda: train(batch_size=0), ValueError, "batch_size: expected at least 1, got 0"),
    (lambda: train(batch_size=-3), ValueError, "batch_size: expected at least 1, got -3"),
    (lambda: train(batch_size=2.0), TypeError, "batch_size: expected a whole number, got 2.0"),
    (lambda: train(rng=42), TypeError, "rng: expected a numpy.random.Generator such as default_rng(0), got 42"),
    (
        lambda: train(rng=None),
        TypeError,
        "rng: expected a numpy.random.Generator such as default_rng(0), got None",
    ),
    (
        lambda: train(x=X[:0], y=Y[:0]),
        ValueError,
        "x: expected at least one example, got an empty batch of shape (0, 3)",
    ),
    (lambda: train(y=Y[1:]), ValueError, "y: expected 5 targets, one for each example of x, got 4"),
    (lambda: train(validation=X), TypeError, "validation: expected a pair (x, y), got ndarray"),
    (lambda: train(validation=(X, Y, Y)), ValueError, "validation: expected a pair (x, y), got 3 values"),
    (
        lambda: train(validation=(X, Y[1:])),
        ValueError,
        "validation: y: expected 5 targets, one for each example of x, got 4",
    ),
    (lambda: minibatches(0, 1, rng), ValueError, "examples: expected at least 1, got 0"),
    (lambda: accuracy(net(), X, [0, 1]), ValueError, "y: expected 5 targets, one for each example of x, got 2"),
    # the four equations
    (
        lambda: output_error(np.ones((2, 5)), np.ones((2, 4))),
        ValueError,
        "grad_a: expected the shape of prime_z, (2, 4), got (2, 5)",
    ),
    (
        lambda: hidden_error(np.ones((2, 3)), np.ones((2, 5)), np.ones((3, 4))),
        ValueError,
        "grad_a: expected the shape of prime_z, (3, 4), got (3, 5)",
    ),
    (
        lambda: pull_back(np.ones((2, 3)), np.ones((3, 5))),
        ValueError,
        "delta: expected 2 rows, one for each row of W (2, 3), got (3, 5)",
    ),
    (
        lambda: weight_gradient(np.ones((2, 5)), np.ones((3, 4))),
        ValueError,
        "a_prev: expected 5 columns like delta (2, 5), got (3, 4)",
    ),
    (
        lambda: weight_gradient(np.ones(3), np.ones(3)),
        ValueError,
        "delta: expected a column for each example, shape (n, N), got (3,)",
    ),
    (
        lambda: bias_gradient(np.ones(3)),
        ValueError,
        "delta: expected a column for each example, shape (n, N), got (3,)",
    ),
    (
        lambda: softmax_jacobian(np.ones((2, 2))),
        ValueError,
        "z: expected the scores of one example, shape (n,), got (2, 2)",
    ),
    # gradient checks and calculus
    (lambda: check_gradients(as_given(3), X, Y), TypeError, "network: expected a Network or a cost function, got 3"),
    (lambda: claim(parameters=[1.0]), TypeError, "parameters: expected a dict of arrays, got list"),
    (lambda: claim(gradients=[2.0]), TypeError, "gradients: expected a dict of arrays, got list"),
    (lambda: claim(parameters={}), ValueError, "parameters: expected at least one array, got none"),
    (lambda: claim(parameters={"w": []}), ValueError, "parameters['w']: expected at least one number, got shape (0,)"),
    (lambda: claim(gradients={"v": 2.0}), ValueError, "gradients: expected the names ['w'], got ['v']"),
    (lambda: claim(gradients={"w": [2.0]}), ValueError, "gradients['w']: expected shape (), got (1,)"),
    (lambda: claim(gradients={"w": nan}), ValueError, "gradients['w']: expected finite numbers, got nan at index ()"),
    (lambda: claim(lambda _: nan), ValueError, "cost: expected finite numbers, got nan at index ()"),
    (lambda: claim(lambda _: None), TypeError, "cost: expected real numbers, got None"),
    (
        lambda: claim(lambda _: np.ones(2)),
        ValueError,
        "cost: expected a function that returns one number, got an array of shape (2,)",
    ),
    (lambda: claim(tolerance=0), ValueError, "tolerance: expected a finite number above zero, got 0"),
    # data, LaTeX
    (lambda: digits(np.int8), TypeError, "dtype: expected float32 or float64, got int8"),
    (lambda: latex_number(nan), ValueError, "value: expected a number, got nan"),
    (lambda: latex_number(1, -1), ValueError, "digits: expected at least 0, got -1"),
    (lambda: latex_matrix(np.ones((2, 2, 2))), ValueError, "array: expected a vector or a matrix, got shape (2, 2, 2)"),
    (lambda: latex_matrix([nan]), ValueError, "array: expected finite numbers, got nan at index (0,)"),
    # files
    (
        lambda: net().save("/nowhere/network.npz"),
        FileNotFoundError,
        "path: expected a file in an existing folder, got /nowhere/network.npz",
    ),
    (
        lambda: net().load("/nowhere/network.npz"),
        FileNotFoundError,
        "[Errno 2] No such file or directory: '/nowhere/network.npz'",
    ),
    (
        lambda: net().load(Path(__file__)),
        ValueError,
        f"{__file__}: expected parameters saved by backproplab, got a damaged file or one of another kind",
    ),
]


@pytest.mark.parametrize(("misuse", "error", "text"), MISUSES, ids=[text[:60] for _, _, text in MISUSES])
def test_misuse_is_named(misuse: Callable[[], object], error: type[Exception], text: str) -> None:
    """Each misuse raises its error at once, and the text names the argument, what was expected and what was given."""
    with pytest.raises(error, match=f"^{re.escape(text)}$") as raised:
        misuse()
    assert type(raised.value) is error
