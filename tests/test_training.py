"""Training: mini-batches, the loop, its progress and its bar."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backproplab import SGD, Dense, Network, accuracy, digits, fit, minibatches


def network_of(*sizes: int, loss: str = "half_squared_error") -> Network:
    rng = np.random.default_rng(0)
    return Network([Dense(n, m, "sigmoid", rng=rng) for n, m in pairwise(sizes)], loss)


X = np.random.default_rng(1).standard_normal((10, 3))
Y = np.random.default_rng(2).uniform(size=(10, 2))


def run(network: Network, seed: int = 0, **options: Any) -> list[float]:
    defaults: dict[str, Any] = {"epochs": 5, "batch_size": 4, "optimizer": SGD(0.5), "rng": np.random.default_rng(seed)}
    return [progress.loss for progress in fit(network, X, Y, **(defaults | options))]


@pytest.mark.parametrize(("examples", "size"), [(10, 4), (10, 5), (10, 1), (10, 10), (10, 99), (1, 1)])
def test_minibatches_hold_each_example_once(examples: int, size: int) -> None:
    """Every example is in exactly one mini-batch, all of the asked size except perhaps the last."""
    batches = list(minibatches(examples, size, np.random.default_rng(0)))
    assert sorted(np.concatenate(batches)) == list(range(examples))
    assert all(len(batch) == min(size, examples) for batch in batches[:-1])
    assert len(batches) == -(-examples // size)


def test_minibatches_are_shuffled_by_the_generator() -> None:
    """The same seed gives the same order, another seed another, and the next epoch another again."""
    rng = np.random.default_rng(0)
    first, second = (np.concatenate(list(minibatches(50, 7, rng))) for _ in range(2))
    again = np.concatenate(list(minibatches(50, 7, np.random.default_rng(0))))
    other = np.concatenate(list(minibatches(50, 7, np.random.default_rng(1))))
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()
    assert (first != other).any()


def test_training_is_reproducible() -> None:
    """One seed gives the same losses and parameters, bit by bit; another seed gives others."""
    one, two, three = (network_of(3, 4, 2) for _ in range(3))
    assert run(one, seed=5) == run(two, seed=5) != run(three, seed=6)
    for name, array in one.parameters.items():
        np.testing.assert_array_equal(array, two.parameters[name])
        assert (array != three.parameters[name]).any()


def test_the_loss_falls() -> None:
    """Full-batch descent with a small step lowers the loss in every epoch."""
    losses = run(network_of(3, 4, 2), epochs=50, batch_size=10, optimizer=SGD(0.1))
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_one_step_by_hand() -> None:
    r"""One epoch of one batch is $\theta - \eta \nabla C$, and its loss is the cost before the step."""
    network, twin = network_of(3, 4, 2), network_of(3, 4, 2)
    trace = twin.trace(X, Y)
    assert run(network, epochs=1, batch_size=10) == [pytest.approx(trace.cost, rel=1e-13)]
    for name, array in network.parameters.items():
        expected = twin.parameters[name] - 0.5 * trace.gradients[name]
        np.testing.assert_allclose(array, expected, rtol=1e-12, atol=1e-15)


def test_an_epoch_is_a_step_for_each_minibatch() -> None:
    """An epoch by hand, one trace and one step for each batch, ends at the same loss and the same parameters."""
    network, twin = network_of(3, 4, 2), network_of(3, 4, 2)
    (loss,) = run(network, seed=3, epochs=1, batch_size=4)
    total = 0.0
    for batch in minibatches(10, 4, np.random.default_rng(3)):
        trace = twin.trace(X[batch], Y[batch])
        total += trace.cost * len(batch)
        for name, gradient in trace.gradients.items():
            twin.parameters[name][...] -= 0.5 * gradient
    assert loss == pytest.approx(total / 10, rel=1e-12)
    for name, array in network.parameters.items():
        np.testing.assert_allclose(array, twin.parameters[name], rtol=1e-12, atol=1e-15)


def test_a_smaller_last_batch_weighs_by_its_size() -> None:
    """With steps too small to matter, the loss of an epoch is the cost of all examples, whatever the batch size."""
    network = network_of(3, 4, 2)
    cost = network.cost(X, Y)
    for size in (1, 3, 4, 7, 10):
        assert run(network, epochs=1, batch_size=size, optimizer=SGD(1e-12)) == [pytest.approx(cost, rel=1e-9)]


def test_training_goes_on_only_while_asked() -> None:
    """The loop trains when the next progress is asked for, and not before."""
    network = network_of(3, 4, 2)
    start = network.parameters["W1"].copy()
    progress = fit(network, X, Y, epochs=2, batch_size=5, optimizer=SGD(0.5), rng=np.random.default_rng(0))
    np.testing.assert_array_equal(network.parameters["W1"], start)
    assert next(progress).epoch == 1
    after_one = network.parameters["W1"].copy()
    assert (after_one != start).any()
    assert [state.epoch for state in progress] == [2]
    assert (network.parameters["W1"] != after_one).any()


def test_training_leaves_the_data_alone() -> None:
    """Neither the examples nor the targets are changed or reordered."""
    x, y = X.copy(), Y.copy()
    list(fit(network_of(3, 2), x, y, epochs=2, batch_size=3, optimizer=SGD(1), rng=np.random.default_rng(0)))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_digits_are_learned(dtype: Any) -> None:
    """A network of 64, 30 and 10 neurons, trained on the embedded digits, reads nineteen in twenty unseen ones."""
    data, rng = digits(dtype), np.random.default_rng(0)
    network = Network(
        [Dense(64, 30, "sigmoid", rng=rng, dtype=dtype), Dense(30, 10, rng=rng, dtype=dtype)], "softmax_cross_entropy"
    )
    validation = (data.x_test, data.y_test)
    history = list(
        fit(
            network, data.x_train, data.y_train, epochs=15, batch_size=10, optimizer=SGD(0.5), rng=rng,
            validation=validation,
        )
    )  # fmt: skip
    assert history[-1].accuracy is not None
    assert history[-1].accuracy == accuracy(network, *validation) >= 0.95
    assert history[-1].loss < 0.1 < 1 < history[0].loss < np.log(10)
    assert {array.dtype for array in network.parameters.values()} == {np.dtype(dtype)}


def test_accuracy_of_several_outputs() -> None:
    """With several outputs the class is the largest of them, for labels as for one-hot rows."""
    network = Network([Dense.from_parameters(np.eye(3), np.zeros(3))])
    x = np.array([[3, 1, 2], [0, 5, 1], [1, 2, 9], [4, 0, 0]])
    assert accuracy(network, x, [0, 1, 2, 1]) == 0.75
    assert accuracy(network, x, np.eye(3)[[0, 1, 2, 0]]) == 1
    assert accuracy(network, x[0], 2) == 0


@pytest.mark.parametrize(
    ("loss", "outputs"), [("half_squared_error", [0.4, 0.6]), ("binary_cross_entropy", [-0.1, 0.1])]
)
def test_accuracy_of_one_output(loss: str, outputs: list[float]) -> None:
    """With one output the class is whether the prediction, a probability under the cross-entropy, exceeds one half."""
    network = Network([Dense.from_parameters([[1.0]], [0.0])], loss)
    x = np.array(outputs)[:, np.newaxis]
    assert accuracy(network, x, [0, 1]) == 1
    assert accuracy(network, x, [1, 1]) == 0.5
    assert accuracy(network, x, [[1], [0]]) == 0


BAD: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"epochs": 0}, ValueError),
    ({"batch_size": 0}, ValueError),
    ({"rng": 42}, TypeError),
    ({"optimizer": 0.5}, TypeError),
    ({"validation": (X[:, :2], Y)}, ValueError),
]


@pytest.mark.parametrize(("options", "error"), BAD, ids=[next(iter(options)) for options, _ in BAD])
def test_fit_complains_at_once(options: dict[str, Any], error: type[Exception]) -> None:
    """A wrong argument is refused at the call itself, not when the first progress is asked for."""
    right: dict[str, Any] = {"epochs": 1, "batch_size": 2, "optimizer": SGD(1), "rng": np.random.default_rng(0)}
    with pytest.raises(error):
        fit(network_of(3, 2), X, Y, **(right | options))


def test_the_bar_shows_the_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """The progress bar counts the epochs, shows loss and accuracy, and passes the progress on unchanged."""
    pytest.importorskip("tqdm")
    plain, barred = network_of(3, 2), network_of(3, 2)
    options: dict[str, Any] = {"epochs": 3, "batch_size": 5, "optimizer": SGD(0.5)}
    without = list(fit(plain, X, Y, rng=np.random.default_rng(0), validation=(X, Y), **options))
    assert capsys.readouterr().err == ""
    shown = list(fit(barred, X, Y, rng=np.random.default_rng(0), validation=(X, Y), bar=True, **options))
    assert shown == without
    drawn = capsys.readouterr().err.split("\r")[-1]
    assert "3/3" in drawn
    assert f"loss {shown[-1].loss:.4g}, accuracy {shown[-1].accuracy:.2%}" in drawn


def test_the_bar_names_the_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tqdm the call itself says how to install it; without a bar nothing is missed."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    options: dict[str, Any] = {"epochs": 1, "batch_size": 5, "optimizer": SGD(1), "rng": np.random.default_rng(0)}
    assert len(list(fit(network_of(3, 2), X, Y, **options))) == 1
    with pytest.raises(
        ImportError, match=r"^bar: expected tqdm to be installed: pip install 'backproplab\[progress\]'$"
    ):
        fit(network_of(3, 2), X, Y, bar=True, **options)
