"""The network: what a trace holds, what goes in and comes out at the boundary, and parameters in a file."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
import zipfile
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import ACTIVATIONS, LOSSES, Activation, Dense, Flatten, Network, Step, Trace, identity
from backproplab.layers import Layer

if TYPE_CHECKING:
    from pathlib import Path


def network_of(*sizes: int, loss: str = "half_squared_error", seed: int = 0, **options: Any) -> Network:
    rng = np.random.default_rng(seed)
    on_logits = LOSSES[loss].prediction is not identity
    last = "identity" if on_logits else "sigmoid"
    activations = ["sigmoid"] * (len(sizes) - 2) + [last]
    layers = [Dense(n, m, g, rng=rng, **options) for (n, m), g in zip(pairwise(sizes), activations, strict=True)]
    return Network(layers, loss)


X = np.random.default_rng(1).standard_normal((5, 2))
Y = np.random.default_rng(2).uniform(size=(5, 4))


def test_a_trace_holds_every_layer_as_columns() -> None:
    """Inside a trace each example is a column: the batch is the last axis of everything but the gradients."""
    network = network_of(2, 3, 4)
    trace = network.trace(X, Y)
    assert [(s.a_prev.shape, s.z.shape, s.a.shape, s.delta.shape) for s in trace.steps] == [
        ((2, 5), (3, 5), (3, 5), (3, 5)),
        ((3, 5), (4, 5), (4, 5), (4, 5)),
    ]
    assert [step.layer for step in trace.steps] == list(network.layers)
    assert {name: grad.shape for name, grad in trace.gradients.items()} == {
        name: array.shape for name, array in network.parameters.items()
    }
    np.testing.assert_array_equal(trace.y, Y.T)
    assert trace.cost == network.cost(X, Y)
    assert repr(trace.steps[0]) == "Step(Dense(2, 3, sigmoid): a_prev (2, 5), z (3, 5), a (3, 5), delta (3, 5))"
    assert repr(network.forward(X.T)[1]) == "Step(Dense(3, 4, sigmoid): a_prev (3, 5), z (4, 5), a (4, 5))"
    assert isinstance(trace, Trace)
    assert isinstance(trace.steps[0], Step)


def test_rows_go_in_and_rows_come_out() -> None:
    """At the boundary an example is a row: a batch gives a batch of rows, a single example a single row."""
    network = network_of(2, 3, 4)
    predictions = network.predict(X)
    assert predictions.shape == (5, 4)
    for i, row in enumerate(X):
        assert network.predict(row).shape == (4,)
        np.testing.assert_allclose(network.predict(row), predictions[i], rtol=1e-14)
        np.testing.assert_allclose(network.predict(row[np.newaxis]), predictions[[i]], rtol=1e-14)
    np.testing.assert_allclose(network.predict(X.tolist()), predictions, rtol=1e-14)
    assert network.trace(X[0], Y[0]).steps[-1].a.shape == (4, 1)


@pytest.mark.parametrize(
    ("loss", "total"), [("softmax_cross_entropy", 1), ("binary_cross_entropy", None), ("half_squared_error", None)]
)
def test_predictions_are_probabilities_under_the_cross_entropies(loss: str, total: float | None) -> None:
    """Under the two cross-entropies a prediction is no logit but a probability; otherwise it is the activation."""
    network = Network([Dense.from_parameters([[3.0], [-2.0]], [0, 1])], loss)
    logits, prediction = np.array([6.0, -3.0]), network.predict([2.0])
    expected = {
        "softmax_cross_entropy": np.exp(logits) / np.exp(logits).sum(),
        "binary_cross_entropy": 1 / (1 + np.exp(-logits)),
        "half_squared_error": logits,
    }
    np.testing.assert_allclose(prediction, expected[loss], rtol=1e-14)
    assert total is None or prediction.sum() == pytest.approx(total)


def test_targets_may_be_labels_rows_or_a_vector() -> None:
    """Class labels and one-hot rows mean the same, and so do a vector and a column for a network of one output."""
    network = network_of(2, 4, loss="softmax_cross_entropy")
    labels = [3, 0, 1, 1, 2]
    assert network.cost(X, labels) == network.cost(X, np.eye(4)[labels]) == network.trace(X, np.array(labels)).cost
    assert network.cost(X[0], 3) == network.cost(X[:1], [3]) == network.cost(X[0], [0, 0, 0, 1])
    single = network_of(2, 1)
    assert single.cost(X, Y[:, 0]) == single.cost(X, Y[:, :1])
    assert single.cost(X[0], Y[0, 0]) == single.cost(X[0], Y[0, :1])


def test_a_trace_knows_the_slopes_of_the_inputs() -> None:
    """∂C/∂x has a slope for every input, as nudging each of them finds; after a step it is refused, not wrong."""
    network = network_of(2, 3, 4)
    trace = network.trace(X, Y)
    slopes = np.empty_like(X)
    for index in np.ndindex(X.shape):
        up, down = X.copy(), X.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        slopes[index] = (network.cost(up, Y) - network.cost(down, Y)) / 2e-6
    np.testing.assert_allclose(trace.grad_x.T, slopes, rtol=1e-6, atol=1e-10)
    network.parameters["W1"][0, 0] += 1
    with pytest.raises(ValueError, match=r"^grad_x: expected the parameters of the trace, "):
        trace.grad_x  # noqa: B018


def test_a_last_layer_that_bends_is_refused_in_front_of_logits() -> None:
    """A sigmoid, tanh or rectifier before a loss that applies its own, even with a `Flatten` between, is refused."""
    rng = np.random.default_rng(0)
    for name, inside in (("binary_cross_entropy", "sigmoid"), ("softmax_cross_entropy", "softmax")):
        for activation in set(ACTIVATIONS) - {"identity"}:
            first, last = Dense(2, 3, "tanh", rng=rng), Dense(3, 2, activation, rng=rng)
            for layers in ([first, last], [first, last, Flatten()]):
                with pytest.raises(ValueError) as raised:  # noqa: PT011 – the whole text is compared
                    Network(layers, name)
                assert str(raised.value) == (
                    f"layers: expected the identity at the end, because {name} applies the {inside} itself, "
                    f"got layer 2, Dense(3, 2, {activation})"
                )
        Network([Dense(2, 3, "tanh", rng=rng), Dense(3, 2, rng=rng), Flatten()], name)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],
    ids=["copy", "deep", "pickle"],
)
def test_a_copy_knows_its_activations_and_its_loss(copied: Any) -> None:
    """However a network is copied, its sigmoid stays the sigmoid and its loss the loss, and its parameters are its own."""
    for thing in (*ACTIVATIONS.values(), *LOSSES.values()):
        assert copied(thing) is thing
    for name, activation in ACTIVATIONS.items():
        network = Network([Dense(2, 3, activation, rng=np.random.default_rng(0))])
        twin = copied(network)
        assert twin.layers[0].activation is activation, name
        assert twin.loss is network.loss
        assert network.astype(np.float32).layers[0].activation is activation
    own = Activation("cube", np.square, np.sqrt)
    assert copied(own) == own


def test_loading_reads_only_what_it_expects(saved: Path) -> None:
    """Other members of an archive stay unread, and an array whose header claims another size is never unpacked."""
    with zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("extra.npy", b"hello")
    network_of(2, 3, 4, seed=5).load(saved)
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in ("architecture", "W1", "b1", "b2")}
    np.savez_compressed(saved, W2=np.zeros((2_000, 2_000)), **arrays)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"expected W2 of shape \(4, 3\), the file holds \(2000, 2000\)$"):
        network_of(2, 3, 4).load(saved)
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_a_member_that_is_no_array_is_refused(saved: Path) -> None:
    """A member with the right name and other contents gives the same sentence as any damaged file."""
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "W1"}
    np.savez(saved, **arrays)
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("W1.npy", b"hello")
    with pytest.raises(ValueError, match=r"expected parameters saved by backproplab, got a damaged file"):
        network_of(2, 3, 4).load(saved)


RUNS: list[str] = []


def run_program() -> None:
    RUNS.append("ran")


class Program:
    """Something that runs a program where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return run_program, ()


@pytest.mark.parametrize("name", ["architecture", "W1", "extra"])
def test_a_pickle_in_a_file_never_runs(saved: Path, name: str) -> None:
    """A file whose arrays are pickled programs is refused, or the array is left alone; the program does not run."""
    shape = {"architecture": (4,), "W1": (3, 2)}.get(name, (1,))
    tampered(saved, **{name: np.full(shape, Program(), object)})
    network = network_of(2, 3, 4)
    if name == "extra":
        network.load(saved)
    else:
        with pytest.raises(ValueError, match="expected"):
            network.load(saved)
    assert not RUNS
    with np.load(saved, allow_pickle=True) as archive:
        archive[name]
    assert RUNS, "the trap was not armed"
    RUNS.clear()


def test_a_network_with_a_read_only_array_is_not_half_loaded(saved: Path) -> None:
    """Whether all arrays can be written to is asked before the first is written."""
    network = network_of(2, 3, 4, seed=5)
    before = {name: array.copy() for name, array in network.parameters.items()}
    network.parameters["b2"].setflags(write=False)
    with pytest.raises(ValueError, match=r"^b2: expected an array that can be written to, got a read-only one$"):
        network.load(saved)
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, before[name])


def test_two_traces_share_nothing() -> None:
    """A second pass leaves an earlier trace as it was: nothing is kept in the network or its layers."""
    network = network_of(2, 3, 4)
    first = network.trace(X, Y)
    kept = [{name: getattr(s, name).copy() for name in ("a_prev", "z", "a", "delta")} for s in first.steps]
    grads = {name: grad.copy() for name, grad in first.gradients.items()}
    held = [{key: id(value) for key, value in vars(layer).items()} for layer in network.layers]
    second = network.trace(-X, Y + 1)
    for step, before, other in zip(first.steps, kept, second.steps, strict=True):
        for name, array in before.items():
            np.testing.assert_array_equal(getattr(step, name), array)
            assert not np.shares_memory(getattr(step, name), getattr(other, name))
    for name, grad in grads.items():
        np.testing.assert_array_equal(first.gradients[name], grad)
        assert not np.shares_memory(first.gradients[name], second.gradients[name])
    assert held == [{key: id(value) for key, value in vars(layer).items()} for layer in network.layers]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_step_knows_the_slope_of_its_activation(name: str) -> None:
    """The slope at z is the activation's derivative there, whether the forward pass kept it or not."""
    network = Network([Dense(2, 3, name, rng=np.random.default_rng(0))])
    step = network.trace(X, np.zeros((5, 3))).steps[0]
    np.testing.assert_array_equal(step.prime_z, ACTIVATIONS[name].derivative(step.z))
    assert (step.kept_prime_z is None) == (ACTIVATIONS[name].with_derivative is None)


def test_what_goes_in_stays_as_it_was() -> None:
    """A trace writes neither into the examples nor into the targets nor into the parameters."""
    network, x, y = network_of(2, 3, 4), X.copy(), Y.copy()
    before = {name: array.copy() for name, array in network.parameters.items()}
    network.trace(x, y)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, before[name])


def test_parameters_are_live() -> None:
    """The parameters by name are the layers' own arrays: to change one is to change the network."""
    network = network_of(2, 3, 4)
    assert list(network.parameters) == ["W1", "b1", "W2", "b2"]
    assert [a.shape for a in network.parameters.values()] == [(3, 2), (3, 1), (4, 3), (4, 1)]
    before = network.predict(X)
    network.parameters["b2"][...] += 1
    assert (network.predict(X) > before).all()
    assert np.shares_memory(network.parameters["W1"], network.layers[0].parameters["W"])


def test_weights_index_to_then_from() -> None:
    r"""The entry `W[j, k]` is $w^l_{jk}$, from neuron k of the layer before to neuron j of this one."""
    layer = Dense.from_parameters([[1, 2, 3], [4, 5, 6]], [10, 20])
    np.testing.assert_array_equal(layer.forward(np.array([[0.0], [0.0], [1.0]])), [[13], [26]])
    assert repr(layer) == "Dense(3, 2, identity)"
    assert layer.input_shape == (3,)
    assert layer.output_shape((3,)) == (2,)


def test_from_parameters_copies() -> None:
    """A layer made from given arrays does not change with them."""
    W, b = np.ones((2, 2)), np.zeros((2, 1))
    layer = Dense.from_parameters(W, b)
    W[...] = b[...] = 7
    np.testing.assert_array_equal(layer.parameters["W"], np.ones((2, 2)))
    np.testing.assert_array_equal(layer.parameters["b"], np.zeros((2, 1)))


def test_first_weights_keep_the_size_of_the_signal() -> None:
    r"""The first weights have standard deviation $g / \sqrt{n}$ and depend on the generator alone; biases are zero."""
    for activation, gain in (("sigmoid", 1), ("relu", np.sqrt(2))):
        layer = Dense(400, 300, activation, rng=np.random.default_rng(0))
        assert layer.W.std() == pytest.approx(gain / np.sqrt(400), rel=0.01)
        assert layer.W.mean() == pytest.approx(0, abs=0.001)
        np.testing.assert_array_equal(layer.b, np.zeros((300, 1)))
        np.testing.assert_array_equal(layer.W, Dense(400, 300, activation, rng=np.random.default_rng(0)).W)
        assert (layer.W != Dense(400, 300, activation, rng=np.random.default_rng(1)).W).all()


def test_single_precision_throughout() -> None:
    """A float32 network computes everything in float32, whatever comes in, and `astype` makes an independent copy."""
    network = network_of(2, 3, 4, dtype=np.float32)
    assert network.dtype == np.float32
    trace = network.trace(X, Y)
    arrays = [getattr(s, name) for s in trace.steps for name in ("a_prev", "z", "a", "delta")]
    assert {a.dtype for a in [*arrays, trace.y, network.predict(X), *trace.gradients.values()]} == {np.dtype("f4")}
    double = network.astype(np.float64)
    assert {a.dtype for a in double.parameters.values()} == {double.dtype} == {np.dtype("f8")}
    assert network.dtype == np.float32
    np.testing.assert_allclose(double.predict(X), network.predict(X), rtol=1e-5)
    double.parameters["W1"][...] = 0
    assert network.parameters["W1"].all()


@pytest.mark.equation("UPDATE")
def test_update_lowers_the_cost_by_eta_times_the_squared_gradient() -> None:
    r"""The step lowers the cost by $\eta \lVert \nabla C \rVert^2$; halving $\eta$ divides what is left over by four."""
    errors = []
    for learning_rate in (0.02, 0.01, 0.005, 0.0025):
        net = network_of(2, 3, 4)
        trace = net.trace(X, Y)
        length_squared = 0.0
        for name, gradient in trace.gradients.items():
            theta = net.parameters[name]
            for index in np.ndindex(theta.shape):
                theta[index] = theta[index] - learning_rate * gradient[index]
                length_squared += float(gradient[index]) ** 2
        lowered = trace.cost - net.cost(X, Y)
        assert lowered == pytest.approx(learning_rate * length_squared, rel=0.05)
        errors.append(abs(lowered - learning_rate * length_squared))
    for larger, smaller in pairwise(errors):
        assert larger / smaller == pytest.approx(4, rel=0.02)


class Twice(Layer):
    """A layer without parameters, as a reader may write one."""

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def forward(self, a_prev: np.ndarray) -> np.ndarray:
        return 2 * a_prev

    def pull_back(self, a_prev: np.ndarray, delta: np.ndarray) -> np.ndarray:
        return 2 * delta

    def __repr__(self) -> str:
        return "Twice()"


def test_a_readers_own_layer_takes_part() -> None:
    """A layer that learns nothing needs three methods, and its neighbours keep the numbers of their places."""
    network = Network([Dense(2, 3, rng=np.random.default_rng(0)), Twice(), Dense(3, 4, rng=np.random.default_rng(1))])
    assert list(network.trace(X, Y).gradients) == list(network.parameters) == ["W1", "b1", "W3", "b3"]
    assert repr(network) == "Network([Dense(2, 3, identity), Twice(), Dense(3, 4, identity)], loss=half_squared_error)"
    assert Network([Twice()], input_shape=(7,)).output_shape == (7,)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A file with the parameters of a 2-3-4 network."""
    network_of(2, 3, 4).save(tmp_path / "network.npz")
    return tmp_path / "network.npz"


def test_saved_parameters_come_back(saved: Path) -> None:
    """What was saved is what is loaded, bit by bit, into the arrays that the network already has."""
    original, other = network_of(2, 3, 4), network_of(2, 3, 4, seed=9)
    live = dict(other.parameters)
    other.load(saved)
    for name, array in original.parameters.items():
        np.testing.assert_array_equal(other.parameters[name], array)
        assert other.parameters[name] is live[name]
    single = network_of(2, 3, 4, seed=9, dtype=np.float32)
    single.load(str(saved))
    assert single.parameters["W1"].dtype == np.float32
    np.testing.assert_array_equal(single.parameters["W1"], original.parameters["W1"].astype(np.float32))


def test_the_file_is_plain(saved: Path) -> None:
    """The file is an ordinary archive of arrays that NumPy opens without unpickling anything."""
    with np.load(saved, allow_pickle=False) as archive:
        assert sorted(archive.files) == ["W1", "W2", "architecture", "b1", "b2"]
        assert all(archive[name].dtype != object for name in archive.files)


OTHERS = [
    (network_of(2, 5, 4), "expected layer 1 Dense(2, 5, sigmoid), the file holds layer 1 Dense(2, 3, sigmoid)"),
    (network_of(7, 3, 4), "expected input shape (7,), the file holds input shape (2,)"),
    (network_of(2, 3, 4, 4), "expected layer 3 Dense(4, 4, sigmoid), the file holds loss half_squared_error"),
    (network_of(2, 3), "expected loss half_squared_error, the file holds layer 2 Dense(3, 4, sigmoid)"),
    (
        network_of(2, 3, 4, loss="squared_error"),
        "expected loss squared_error, the file holds loss half_squared_error",
    ),
    (
        Network([Dense(2, 3, "tanh", rng=np.random.default_rng(0)), Dense(3, 4, "relu", rng=np.random.default_rng(0))]),
        "expected layer 1 Dense(2, 3, tanh), the file holds layer 1 Dense(2, 3, sigmoid)",
    ),
]


@pytest.mark.parametrize(("other", "difference"), OTHERS, ids=repr)
def test_another_architecture_is_refused(saved: Path, other: Network, difference: str) -> None:
    """A file of another architecture is refused with the first difference named, and the network stays as it was."""
    before = {name: array.copy() for name, array in other.parameters.items()}
    with pytest.raises(ValueError) as raised:  # noqa: PT011 – the whole text is compared
        other.load(saved)
    assert str(raised.value) == f"{saved}: {difference}"
    for name, array in other.parameters.items():
        np.testing.assert_array_equal(array, before[name])


def tampered(saved: Path, **changes: Any) -> None:
    """Replace, or with None remove, arrays of a saved file."""
    with np.load(saved) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays.update(changes)
    np.savez(saved, **{name: array for name, array in arrays.items() if array is not None})


TAMPERED = [
    ({"b2": None}, "{}: expected an array b2 of shape (4, 1), the file holds none"),
    ({"b2": np.zeros((4, 2))}, "{}: expected b2 of shape (4, 1), the file holds (4, 2)"),
    ({"W2": np.full((4, 3), np.nan)}, "{}: W2: expected finite numbers, got nan at index (0, 0)"),
    ({"b2": np.full((4, 1), "x")}, "{}: b2: expected real numbers, got an array of type <U1"),
    (
        {"architecture": None},
        (
            "{}: expected parameters saved by backproplab, got a file of another program, with the arrays W1, W2, b1, b2 "
            "but without an architecture"
        ),
    ),
    (
        {"architecture": np.array(3)},
        "{}: expected parameters saved by backproplab, got a damaged file or one of another kind",
    ),
    ({"W1": np.full((3, 2), None)}, "{}: W1: expected real numbers, got an array of type object"),
]


@pytest.mark.parametrize(("changes", "message"), TAMPERED, ids=lambda value: str(value)[:40])
def test_loading_is_all_or_nothing(saved: Path, changes: dict[str, Any], message: str) -> None:
    """If the last array of a file is wrong, the first ones are not loaded either."""
    tampered(saved, **changes)
    network = network_of(2, 3, 4, seed=5)
    before = {name: array.copy() for name, array in network.parameters.items()}
    with pytest.raises(ValueError) as raised:  # noqa: PT011 – the whole text is compared
        network.load(saved)
    assert str(raised.value) == message.format(saved)
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, before[name])


def test_damaged_files_are_refused(saved: Path) -> None:
    """A file cut short anywhere is refused; a flipped byte is noticed or harmless, and never another error."""
    whole = saved.read_bytes()
    network = network_of(2, 3, 4)
    message = f"{saved}: expected parameters saved by backproplab, got a damaged file or one of another kind"
    for length in range(0, len(whole), 37):
        saved.write_bytes(whole[:length])
        with pytest.raises(ValueError) as raised:  # noqa: PT011 – the whole text is compared
            network.load(saved)
        assert str(raised.value) == message
    rng, messages = np.random.default_rng(0), set()
    for position in rng.integers(0, len(whole), 400):
        broken = bytearray(whole)
        broken[position] ^= int(rng.integers(1, 256))
        saved.write_bytes(broken)
        try:
            network.load(saved)
        except ValueError as error:
            messages.add(str(error))
        for name, array in network_of(2, 3, 4).parameters.items():
            np.testing.assert_array_equal(network.parameters[name], array)
    assert messages
    assert all(text.startswith(f"{saved}: expected ") for text in messages)


def pickled(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([{"W": 1}], dtype=object), allow_pickle=True)


FOREIGN = {
    "text": lambda path: path.write_text("W1 = 3"),
    "nothing": lambda path: path.write_bytes(b""),
    "one array": lambda path: np.save(path.open("wb"), np.ones(3)),
    "another archive": lambda path: zipfile.ZipFile(path, "w").writestr("a.txt", "a"),
    "pickle": pickled,
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_foreign_files_are_refused(tmp_path: Path, kind: str) -> None:
    """A file that `save` has not written is refused with one clear sentence, and nothing in it is executed."""
    path = tmp_path / "foreign.npz"
    FOREIGN[kind](path)
    with pytest.raises(
        ValueError, match=r"expected parameters saved by backproplab, got a (damaged file|file of another)"
    ):
        network_of(2, 3).load(path)


def test_a_crash_while_writing_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing fails half way, the older file stays whole and nothing is left beside it."""
    before = saved.read_bytes()

    def half(file: Any, **_: Any) -> None:
        file.write(before[: len(before) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(KeyboardInterrupt):
        network_of(2, 3, 4, seed=3).save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_saving_replaces_the_file_as_a_whole(saved: Path) -> None:
    """A second save takes the place of the first, with nothing left beside it and the usual permissions."""
    network_of(2, 3, 4, seed=3).save(saved)
    other = network_of(2, 3, 4)
    other.load(saved)
    np.testing.assert_array_equal(other.parameters["W1"], network_of(2, 3, 4, seed=3).parameters["W1"])
    assert list(saved.parent.iterdir()) == [saved]
    ordinary = saved.with_name("ordinary")
    ordinary.touch()
    assert saved.stat().st_mode == ordinary.stat().st_mode
