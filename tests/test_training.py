"""Training: mini-batches, the loop, its progress and its bar."""

from __future__ import annotations

import os
import re
import signal
import sys
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import (
    SGD,
    Conv2d,
    Dense,
    DivergenceError,
    Network,
    accuracy,
    check_gradients,
    digits,
    fit,
    minibatches,
)

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize("low", [0, -1])
def test_accuracy_cuts_between_the_two_targets(low: int) -> None:
    """Targets of 0 and 1 are cut at one half, those of −1 and 1 at zero; on the cut counts as the lower class."""
    network, cut = Network([Dense.from_parameters([[1.0]], [0.0])]), (low + 1) / 2
    x = np.array([[cut - 0.1], [cut], [cut + 0.1]])
    assert accuracy(network, x, [low, low, 1]) == 1
    assert accuracy(network, x, [low, 1, 1]) == pytest.approx(2 / 3)


REGRESSIONS = [
    (1, [0.3, 0.7]),
    (1, [0, 2]),
    (1, [-1, 0]),
    (2, [[0.3, 0.7], [1, 0]]),
    (2, [[1, 1], [1, 0]]),
    (2, [[0, 0], [1, 0]]),
]


@pytest.mark.parametrize(("outputs", "y"), REGRESSIONS)
def test_accuracy_is_for_classes(outputs: int, y: Any) -> None:
    """For other targets than classes there is no accuracy: the loss is what to look at, and training says None."""
    network = Network([Dense(1, outputs, rng=np.random.default_rng(0))])
    with pytest.raises(ValueError, match=r"^y: expected classes, .* look at the loss, network.cost\(x, y\)$"):
        accuracy(network, [[1.0], [2.0]], y)
    rng = np.random.default_rng(0)
    (progress,) = fit(
        network, [[1.0], [2.0]], y, epochs=1, batch_size=2, optimizer=SGD(0.1), rng=rng, validation=([[1.0], [2.0]], y)
    )
    assert progress.accuracy is None
    assert progress.validation_loss == network.cost([[1.0], [2.0]], y)


def test_accuracy_under_the_cross_entropies_takes_shares() -> None:
    """Probabilities are classes as well: the largest share, or whether a single one exceeds one half."""
    for loss, y in (("softmax_cross_entropy", [[0.9, 0.1], [0.2, 0.8]]), ("binary_cross_entropy", [[0.9], [0.2]])):
        n = len(y[0])
        network = Network([Dense.from_parameters(np.eye(n, 2) - 0.5, np.zeros(n))], loss)
        assert accuracy(network, [[1, 0], [0, 1]], y) == 1
        assert accuracy(network, [[0, 1], [1, 0]], y) == 0


def test_images_are_targets_as_well() -> None:
    """Where the outputs are images, the class is the largest channel at every place, and training lowers the cost."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((12, 2, 4, 5))
    labels = x.argmax(axis=1)
    y = np.moveaxis(np.eye(2)[labels], -1, 1)
    for loss in ("softmax_cross_entropy", "binary_cross_entropy", "half_squared_error"):
        network = Network([Conv2d(2, 2, 1, rng=rng)], loss, input_shape=(2, 4, 5))
        outputs = network.forward(np.moveaxis(x, 0, -1))[-1].a
        expected = np.mean(outputs.argmax(axis=0) == np.moveaxis(labels, 0, -1))
        assert accuracy(network, x, y) == pytest.approx(expected)
        by_example = [network.cost(x[i], y[i]) for i in range(12)]
        assert network.cost(x, y) == pytest.approx(np.mean(by_example))
        history = list(fit(network, x, y, epochs=3, batch_size=5, optimizer=SGD(0.05), rng=rng, validation=(x, y)))
        assert history[-1].loss < history[0].loss
        assert history[-1].validation_loss == pytest.approx(network.cost(x, y))
        assert history[-1].accuracy == accuracy(network, x, y)


# loss, activation, learning rate, size of the inputs, batch: each runs away
RUNAWAYS = [
    ("half_squared_error", "identity", 1e3, 1.0, 5),
    ("half_squared_error", "relu", 1e4, 100.0, 10),
    ("mean_squared_error", "leaky_relu", 1e3, 1.0, 3),
    ("softmax_cross_entropy", "relu", 1e300, 1e3, 10),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("loss", "activation", "rate", "size", "batch"), RUNAWAYS)
def test_training_says_when_it_has_failed(
    loss: str, activation: str, rate: float, size: float, batch: int, dtype: Any
) -> None:
    """A run that leaves the finite numbers ends in an error that says where, and keeps the last whole epoch."""
    rate = min(rate, 1e30) if dtype == np.float32 else rate
    rng, x = np.random.default_rng(0), size * X
    layers = [Dense(3, 8, activation, rng=rng, dtype=dtype), Dense(8, 2, rng=rng, dtype=dtype)]
    network = Network(layers, loss)
    y = np.eye(2)[np.arange(10) % 2]
    states = [{name: array.copy() for name, array in network.parameters.items()}]

    def train() -> None:
        for progress in fit(network, x, y, epochs=2_000, batch_size=batch, optimizer=SGD(rate), rng=rng):
            assert np.isfinite(progress.loss)
            states.append({name: array.copy() for name, array in network.parameters.items()})

    with pytest.raises(DivergenceError) as caught:
        train()
    assert isinstance(caught.value, ArithmeticError)
    said = str(caught.value)
    assert re.match(
        rf"epoch {len(states)}, (batch \d+: the cost is (nan|inf)|after batch \d+: [Wb]\d is not finite), ", said
    )
    largest = np.abs(x.astype(dtype)).max()
    assert f"with SGD({rate:g}) and inputs up to {largest:.3g}: try a smaller learning rate" in said
    assert ("inputs of a size about 1" in said) == (size > 10)
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, states[-1][name])
        assert np.isfinite(array).all()


def test_a_parameter_that_no_cost_shows_is_found() -> None:
    """An infinite weight behind a saturated sigmoid leaves the cost finite; the end of the epoch finds it."""

    class Breaking(SGD):
        def step(self, parameters: Any, gradients: Any) -> None:
            parameters[1][0] = np.inf

    network = network_of(3, 2)
    with pytest.raises(DivergenceError, match=r"^epoch 1, after batch 2: b1 is not finite, with Breaking\(1\)"):
        run(network, batch_size=5, optimizer=Breaking(1))
    assert np.isfinite(network.parameters["b1"]).all()


def test_large_parameters_are_no_failure() -> None:
    """Numbers whose squares overflow are finite all the same."""
    network = Network([Dense.from_parameters([[1e200]], [0.0])])
    y = 1e200 * np.ones((1, 1))
    (progress,) = fit(network, [[1.0]], y, epochs=1, batch_size=1, optimizer=SGD(0.1), rng=np.random.default_rng(0))
    assert progress.loss == 0


@pytest.mark.parametrize("moved", [1, 4])
def test_an_interrupt_loses_no_whole_epoch(moved: int) -> None:
    """Ctrl-C, a true signal, in the middle of an epoch, within a step or after it, takes all back to the last whole one."""
    network, twin = network_of(3, 4, 2), network_of(3, 4, 2)
    run(twin, epochs=1, batch_size=3)
    astray: list[bool] = []

    class Interrupted(SGD):
        calls = 0

        def step(self, parameters: Any, gradients: Any) -> None:
            self.calls += 1
            if self.calls < 6:
                super().step(parameters, gradients)
                return
            super().step(parameters[:moved], gradients[:moved])
            astray.extend((a != b).any() for a, b in zip(parameters, twin.parameters.values(), strict=True))
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(network, epochs=2, batch_size=3, optimizer=Interrupted(0.5))
    finally:
        signal.signal(signal.SIGINT, before)
    assert astray == [True] * 4
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, twin.parameters[name])


def test_training_that_nobody_asks_for_warns() -> None:
    """Thrown away unused, a call of `fit` says that nothing was trained, at the line of the call; used, it is quiet."""
    options: dict[str, Any] = {"epochs": 1, "batch_size": 5, "optimizer": SGD(1), "rng": np.random.default_rng(0)}
    with pytest.warns(RuntimeWarning, match=r"^fit: nothing was trained, .* write list\(fit\(…\)\)$") as caught:
        fit(network_of(3, 2), X, Y, **options)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        next(fit(network_of(3, 2), X, Y, **options))
        list(fit(network_of(3, 2), X, Y, **options))


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint64, np.int64, int])
def test_any_whole_number_counts_epochs(kind: Any) -> None:
    """The largest number of a narrow type is so many epochs: nothing wraps around."""
    epochs = int(np.iinfo(kind).max) if kind in (np.uint8, np.int8) else 3
    assert len(run(network_of(3, 2), epochs=kind(epochs), batch_size=kind(10))) == epochs


def test_the_largest_number_of_epochs_begins() -> None:
    """As many epochs as an unsigned integer can count are not zero epochs."""
    options: dict[str, Any] = {"batch_size": 10, "optimizer": SGD(0.1), "rng": np.random.default_rng(0)}
    assert next(fit(network_of(3, 2), X, Y, epochs=np.uint64(2**64 - 1), **options)).epoch == 1  # type: ignore[arg-type]


def test_a_network_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    """Neither prediction nor accuracy nor training nor a file comes of NaN; an older file is not touched."""
    network, path = network_of(3, 2), tmp_path / "network.npz"
    network.save(path)
    before = path.read_bytes()
    network.parameters["W1"][1, 2] = np.nan
    options: dict[str, Any] = {"epochs": 1, "batch_size": 5, "optimizer": SGD(1), "rng": np.random.default_rng(0)}
    for act in (
        lambda: network.predict(X),
        lambda: accuracy(network, X, np.eye(2)[[0] * 10]),
        lambda: network.save(path),
        lambda: check_gradients(network, X, Y),
        lambda: fit(network, X, Y, **options),
    ):
        with pytest.raises(ValueError, match=r"^W1: expected finite numbers, got nan at index \(1, 2\)$"):
            act()
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


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
    held_out = X, np.arange(10) % 2
    without = list(fit(plain, X, Y, rng=np.random.default_rng(0), validation=held_out, **options))
    assert capsys.readouterr().err == ""
    shown = list(fit(barred, X, Y, rng=np.random.default_rng(0), validation=held_out, bar=True, **options))
    assert shown == without
    drawn = capsys.readouterr().err.split("\r")[-1]
    assert "3/3" in drawn
    last = shown[-1]
    said = f"loss {last.loss:.4g}, validation loss {last.validation_loss:.4g}, accuracy {last.accuracy:.2%}"
    assert said in drawn


def test_the_bar_names_the_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without tqdm the call itself says how to install it; without a bar nothing is missed."""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    options: dict[str, Any] = {"epochs": 1, "batch_size": 5, "optimizer": SGD(1), "rng": np.random.default_rng(0)}
    assert len(list(fit(network_of(3, 2), X, Y, **options))) == 1
    with pytest.raises(
        ImportError, match=r"^bar: expected tqdm to be installed: pip install 'backproplab\[progress\]'$"
    ):
        fit(network_of(3, 2), X, Y, bar=True, **options)
