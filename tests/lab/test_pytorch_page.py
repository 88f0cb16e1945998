"""The same in PyTorch: the chapter's formulas, its dictionary, and what its programs gave when they were recorded."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import backproplab as lab
from backproplab import Dense, Momentum, Network, softmax, softmax_cross_entropy, to_torch
from backproplab.book import installed
from backproplab.book.formulas.formula import formula
from backproplab.book.source import pages
from tests import record
from tests.worlds.pytorch import linear_rows, logits, never_cleared, shares_as_logits

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.book.source import Page

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None and os.environ.get("CI") != "true",
    reason="PyTorch is not installed: pip install torch (CI=true requires it)",
)


def page() -> Page:
    return next(each for each in pages() if each.name == "lab/pytorch.md")


@pytest.mark.equation("NNLINEAR")
def test_linear_is_the_formula() -> None:
    r"""With an example in each row, `Dense` computes $z_{ij} = \sum_k x_{ik}\,w_{jk} + b_j$."""
    world = linear_rows()
    layer = Dense.from_parameters(world["w"], world["b"])
    formula("NNLINEAR").holds(world, package=lambda: layer.forward(world["x"].T).T)


@pytest.mark.equation("NNBACK")
def test_linear_goes_back_as_the_formula_says() -> None:
    r"""Measured slopes in inputs, weights and biases are the three sums over $\delta_{ij}$, which the package gives, too."""
    world = linear_rows()
    layer, x, delta = Dense.from_parameters(world["w"], world["b"]), world["x"].T, world["delta"].T
    package = [
        lambda: layer.pull_back(x, delta).T,
        lambda: layer.gradients(x, delta)["W"],
        lambda: layer.gradients(x, delta)["b"][:, 0],
    ]
    formula("NNBACK").holds(world, package=package)


def one_hot_columns(world: Any) -> Any:
    return np.array([[float(world["y"][i] == j) for i in (1, 2, 3)] for j in (1, 2, 3)])


@pytest.mark.equation("NNCROSS")
def test_cross_entropy_is_the_formula() -> None:
    r"""The mean of $-\ln p$ of the right class is $\ln \sum_k e^{z_{ik}} - z_{i,y_i}$ on average, and the package's cost."""
    world = logits()
    cost = softmax_cross_entropy.value(world["z"].T, one_hot_columns(world))
    formula("NNCROSS").holds(world, logits((3, 3, 1), seed=8), package=lambda: cost)


@pytest.mark.equation("NNCROSSGRAD")
def test_cross_entropy_has_the_gradient_of_the_formula() -> None:
    """The measured slopes of that cost in the logits are share minus target, over N, and the package's gradient."""
    world = logits()
    gradient = softmax_cross_entropy.gradient(world["z"].T, one_hot_columns(world)).T
    formula("NNCROSSGRAD").holds(world, logits((3, 3, 1), seed=8), package=lambda: gradient)


@pytest.mark.equation("FORGOTTEN")
def test_forgotten_gradients_add_up() -> None:
    r"""A walk that never clears its total follows $\sum_{s \le t} \nabla C(w_s)$, and is momentum with $\mu = 1$ in the limit."""
    world = never_cleared()
    formula("FORGOTTEN").holds(world)
    H, w, optimizer = np.array([[1.3, 0.4], [0.4, 0.9]]), world["w"][0].copy(), Momentum(world["eta"], 1 - 1e-13)
    for t in range(4):
        optimizer.step([w], [H @ (w - [0.3, -0.7])])
        np.testing.assert_allclose(w, world["w"][t + 1], rtol=1e-11)


@pytest.mark.equation("SOFTTWICE")
def test_softmax_twice_has_a_floor() -> None:
    r"""Probabilities taken for logits cost at least $\ln(1 + (n-1)/e)$, and just that if all belongs to the right class."""
    world = shares_as_logits([0.2, 0.5, 0.3], 2)
    formula("SOFTTWICE").holds(world, reached=[shares_as_logits([0.0, 1.0, 0.0], 2), shares_as_logits([1.0, 0.0], 1)])
    shares = softmax(np.random.default_rng(0).standard_normal((10, 500)) * 20)
    targets = np.eye(10)[shares.argmax(axis=0)].T
    assert np.log(1 + 9 / np.e) < softmax_cross_entropy.value(shares, targets) < np.log(1 + 9 / np.e) + 0.1


@needs_torch
def test_a_training_step_is_the_same() -> None:
    """Fifty steps with momentum, in both, lead to the same parameters."""
    import torch

    rng = np.random.default_rng(0)
    network = Network([Dense(6, 8, "tanh", rng=rng), Dense(8, 3, rng=rng)], "softmax_cross_entropy")
    x, labels = rng.standard_normal((40, 6)), rng.integers(0, 3, 40)
    model, optimizer, loss = to_torch(network), Momentum(0.05), torch.nn.CrossEntropyLoss()
    there = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    first = network.parameters["W1"].copy()
    for _ in range(50):
        trace = network.trace(x, labels)
        optimizer.step([*network.parameters.values()], [*trace.gradients.values()])
        there.zero_grad()
        cost = loss(model(torch.tensor(x)), torch.tensor(labels))
        cost.backward()
        there.step()
        assert trace.cost == pytest.approx(cost.item(), rel=1e-12)
    for parameter, array in zip(model.parameters(), network.parameters.values(), strict=True):
        np.testing.assert_allclose(array.reshape(parameter.shape), parameter.detach(), rtol=1e-10, atol=1e-13)
    assert np.abs(network.parameters["W1"] - first).max() > 0.01


def small(loss: str = "half_squared_error", last: str = "sigmoid") -> tuple[Network, Any, Any]:
    """A network of two layers, five examples and their targets, which add up to 1."""
    rng = np.random.default_rng(0)
    network = Network([Dense(4, 3, "sigmoid", rng=rng), Dense(3, 2, last, rng=rng)], loss)
    y = rng.uniform(0.1, 0.9, 5)
    return network, rng.standard_normal((5, 4)), np.stack([y, 1 - y], axis=1)


def grads_there(network: Network, x: Any, cost_of: Callable[[Any, int], Any]) -> tuple[Any, Any]:
    """The cost in PyTorch, and the model with its gradients."""
    import torch

    model = to_torch(network)
    cost = cost_of(model(torch.tensor(x)), len(x))
    cost.backward()
    return cost, model


def same_loss(name: str, cost_of: Callable[[Any, Any, int], Any]) -> None:
    import torch

    network, x, y = small(name, "identity")
    trace = network.trace(x, y)
    cost, model = grads_there(network, x, lambda out, N: cost_of(out, torch.tensor(y), N))
    assert trace.cost == pytest.approx(cost.item(), rel=1e-12)
    np.testing.assert_allclose(trace.gradients["W1"], model[0].weight.grad, rtol=1e-10, atol=1e-14)


def rows_everywhere(torch: Any) -> None:
    network, x, y = small()
    assert network.trace(x, y).steps[0].a.shape == (3, 5)
    assert network.predict(x).shape == tuple(to_torch(network)(torch.tensor(x)).shape) == (5, 2)


def images_everywhere(torch: Any) -> None:
    layer = lab.Conv2d(2, 3, 3, rng=np.random.default_rng(0))
    network, x = Network([layer], input_shape=(2, 6, 5)), np.ones((7, 2, 6, 5))
    assert network.forward(np.moveaxis(x, 0, -1))[0].a.shape == (3, 4, 3, 7)
    assert network.predict(x).shape == tuple(to_torch(network)(torch.tensor(x)).shape) == (7, 3, 4, 3)


def weight_shapes(torch: Any) -> None:
    assert Dense(4, 3, rng=np.random.default_rng(0)).W.shape == tuple(torch.nn.Linear(4, 3).weight.shape) == (3, 4)


def bias_shapes(torch: Any) -> None:
    assert Dense(4, 3, rng=np.random.default_rng(0)).b.shape == (3, 1)
    assert tuple(torch.nn.Linear(4, 3).bias.shape) == (3,)


def precisions(torch: Any) -> None:
    assert Dense(4, 3, rng=np.random.default_rng(0)).W.dtype == np.float64
    assert torch.nn.Linear(4, 3).weight.dtype == torch.float32


def first_weights(torch: Any) -> None:
    n, generator = 400, torch.random.get_rng_state()
    ours, theirs = Dense(n, 300, rng=np.random.default_rng(0)), torch.nn.Linear(n, 300)
    torch.random.set_rng_state(generator)
    assert np.std(ours.W) == pytest.approx(n**-0.5, rel=0.02)
    assert not ours.b.any()
    for parameter in (theirs.weight, theirs.bias):
        assert 0.97 * n**-0.5 < parameter.abs().max().item() <= n**-0.5
        assert parameter.std().item() == pytest.approx((3 * n) ** -0.5, rel=0.1)


def activations_are_modules(torch: Any) -> None:
    network = Network([Dense(4, 3, "sigmoid", rng=np.random.default_rng(0))])
    assert len(network.layers) == 1
    assert [type(part) for part in to_torch(network)] == [torch.nn.Linear, torch.nn.Sigmoid]


def leaks(torch: Any) -> None:
    z = np.array([-3.0, 0.0, 2.0])
    np.testing.assert_array_equal(lab.leaky_relu(z), torch.nn.LeakyReLU()(torch.tensor(z)))
    assert torch.nn.LeakyReLU().negative_slope == 1 / 100


def generators(torch: Any) -> None:
    state, drawn = torch.random.get_rng_state(), []
    for _ in range(2):
        torch.manual_seed(3)
        drawn.append(torch.nn.Linear(4, 3).weight)
    torch.random.set_rng_state(state)
    assert torch.equal(*drawn)
    one, two = (Dense(4, 3, rng=np.random.default_rng(3)).W for _ in range(2))
    np.testing.assert_array_equal(one, two)


def delta_is_z_grad(torch: Any) -> None:
    network, x, y = small()
    trace, model = network.trace(x, y), to_torch(network)
    z = model[0](torch.tensor(x))
    z.retain_grad()
    out = model[3](model[2](model[1](z)))
    torch.nn.MSELoss(reduction="sum")(out, torch.tensor(y)).div(2 * len(x)).backward()
    np.testing.assert_allclose(trace.steps[0].delta.T, z.grad, rtol=1e-10, atol=1e-15)


def weights_have_grads(torch: Any) -> None:
    network, x, y = small()
    assert all(parameter.grad is None for parameter in to_torch(network).parameters())
    half = lambda out, N: ((out - torch.tensor(y)) ** 2).sum() / (2 * N)  # noqa: E731
    _, model = grads_there(network, x, half)
    np.testing.assert_allclose(network.trace(x, y).gradients["W1"], model[0].weight.grad, rtol=1e-10, atol=1e-15)


def inputs_have_grads(torch: Any) -> None:
    network, x, y = small()
    model = to_torch(network)
    for wanted in (True, False):
        rows = torch.tensor(x, requires_grad=wanted)
        ((model(rows) - torch.tensor(y)) ** 2).sum().div(2 * len(x)).backward()
        assert (rows.grad is not None) is wanted
        if wanted:
            np.testing.assert_allclose(network.trace(x, y).grad_x.T, rows.grad, rtol=1e-10, atol=1e-15)


def grads_add_up(torch: Any) -> None:
    network, x, y = small()
    one, two = (network.trace(x, y).gradients["W1"] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    model = to_torch(network)
    optimizer, found = torch.optim.SGD(model.parameters(), lr=0.1), []
    for clears in (False, False, True):
        if clears:
            optimizer.zero_grad()
        model(torch.tensor(x)).sum().backward()
        found.append(model[0].weight.grad.clone())
    np.testing.assert_allclose(found[1], 2 * found[0])
    np.testing.assert_allclose(found[2], found[0])


def graphs_are_gone(torch: Any) -> None:
    network, x, y = small()
    trace = network.trace(x, y)
    np.testing.assert_array_equal(trace.grad_x, trace.grad_x)
    cost = to_torch(network)(torch.tensor(x)).square().sum()
    cost.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        cost.backward()


def one_number_only(torch: Any) -> None:
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    with pytest.raises(RuntimeError, match="scalar outputs"):
        (w * 5).backward()
    cost = (w * 5).sum()
    cost.retain_grad()
    cost.backward()
    assert cost.grad == 1


def on_numbers_or_shares(torch: Any) -> None:
    loss = torch.nn.CrossEntropyLoss()
    same_loss("softmax_cross_entropy", lambda out, y, _: loss(out, y))
    z, labels = torch.tensor([[0.3, -1.0, 2.0]]), torch.tensor([2])
    assert torch.isclose(loss(z, labels), loss(z, torch.tensor([[0.0, 0, 1]])))


def probabilities(torch: Any) -> None:
    network, x, _ = small("softmax_cross_entropy", "identity")
    out = to_torch(network)(torch.tensor(x))
    np.testing.assert_allclose(network.predict(x), out.softmax(dim=1).detach(), rtol=1e-12)
    assert (out.sum(dim=1) - 1).abs().max() > 0.1


def same_steps(ours: Any, make: Callable[[Any, Any], Any]) -> Callable[[Any], None]:
    def check(torch: Any) -> None:
        network, x, y = small("softmax_cross_entropy", "identity")
        model, loss = to_torch(network), torch.nn.CrossEntropyLoss()
        there = make(torch.optim, model.parameters())
        for _ in range(10):
            trace = network.trace(x, y)
            ours.step([*network.parameters.values()], [*trace.gradients.values()])
            there.zero_grad()
            loss(model(torch.tensor(x)), torch.tensor(y)).backward()
            there.step()
        np.testing.assert_allclose(network.parameters["W1"], model[0].weight.detach(), rtol=1e-9)

    return check


def batches_of_all(torch: Any) -> None:
    dataset = torch.utils.data.TensorDataset(torch.arange(10))
    loader = torch.utils.data.DataLoader(dataset, 4, shuffle=True, generator=torch.Generator().manual_seed(0))
    theirs = [batch[0].numpy() for batch in loader]
    ours = [*lab.minibatches(10, 4, np.random.default_rng(0))]
    for batches in (ours, theirs):
        assert [len(batch) for batch in batches] == [4, 4, 2]
        assert sorted(np.concatenate(batches)) == list(range(10))


def accuracies(torch: Any) -> None:
    network, x, _ = small("softmax_cross_entropy", "identity")
    labels = np.array([0, 1, 1, 0, 1])
    right = to_torch(network)(torch.tensor(x)).argmax(dim=1) == torch.tensor(labels)
    assert lab.accuracy(network, x, labels) == pytest.approx(right.double().mean().item())
    assert 0 < right.double().mean() < 1


def parameters_by_name(torch: Any) -> None:
    network, _, _ = small()
    assert [*network.parameters] == ["W1", "b1", "W2", "b2"]
    there = to_torch(network).state_dict()
    assert [*there] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    for ours, theirs in zip(network.parameters.values(), there.values(), strict=True):
        np.testing.assert_array_equal(ours.reshape(theirs.shape), theirs)


DICTIONARY: dict[str, Callable[[Any], None]] = {
    "a batch: columns $(n, N)$ inside, rows outside": rows_everywhere,
    "images $(C, H, W, N)$ inside, $(N, C, H, W)$ outside": images_everywhere,
    "`Dense(n, m)`, $W$ of shape $(m, n)$": weight_shapes,
    "$b$, a column $(m, 1)$": bias_shapes,
    "float64 unless told otherwise": precisions,
    r"weights of size $1/\sqrt{n}$, biases 0": first_weights,
    "an activation belongs to its layer": activations_are_modules,
    "`leaky_relu`": leaks,
    "chance from a generator that you hand over": generators,
    r"$\delta^l = \partial C / \partial z^l$": delta_is_z_grad,
    '`trace.gradients["W1"]`': weights_have_grads,
    "`trace.grad_x`": inputs_have_grads,
    "each trace has gradients of its own": grads_add_up,
    "a trace can be looked at again and again": graphs_are_gone,
    r"$\partial C / \partial C = 1$ to start from": one_number_only,
    "`half_squared_error`": lambda torch: same_loss(
        "half_squared_error", lambda out, y, N: torch.nn.MSELoss(reduction="sum")(out, y) / (2 * N)
    ),
    "`squared_error`": lambda torch: same_loss(
        "squared_error", lambda out, y, N: torch.nn.MSELoss(reduction="sum")(out, y) / N
    ),
    "`mean_squared_error`": lambda torch: same_loss("mean_squared_error", lambda out, y, _: torch.nn.MSELoss()(out, y)),
    "`binary_cross_entropy`": lambda torch: same_loss(
        "binary_cross_entropy", lambda out, y, N: torch.nn.BCEWithLogitsLoss(reduction="sum")(out, y) / N
    ),
    "`softmax_cross_entropy`": on_numbers_or_shares,
    "`predict` gives probabilities": probabilities,
    "`SGD(eta, weight_decay=…)`": same_steps(
        lab.SGD(0.3, weight_decay=0.1), lambda optim, theta: optim.SGD(theta, lr=0.3, weight_decay=0.1)
    ),
    "`Momentum(eta, momentum=mu)`": same_steps(
        Momentum(0.3, momentum=0.8), lambda optim, theta: optim.SGD(theta, lr=0.3, momentum=0.8)
    ),
    "`Adam(eta)`": same_steps(lab.Adam(0.03), lambda optim, theta: optim.Adam(theta, lr=0.03)),
    "`minibatches`, in `fit`": batches_of_all,
    "`accuracy`": accuracies,
    "`network.parameters`, by name": parameters_by_name,
}


def test_every_row_of_the_dictionary_is_checked() -> None:
    """The rows of the page's dictionary are those that the test below checks, in their order."""
    text = page().text
    section = text[text.index("{ #dictionary") : text.index("{ #what-goes-wrong")]
    rows = re.findall(r"(?m)^\| (.+?) \| .+ \|$", section)
    assert [row for row in rows if row != "here"] == [*DICTIONARY]


@needs_torch
@pytest.mark.parametrize("row", DICTIONARY)
def test_the_dictionary(row: str) -> None:
    """What a row of the dictionary says of both sides is so."""
    import torch

    DICTIONARY[row](torch)


@pytest.fixture(scope="module")
def gave() -> dict[str, Any]:
    """What the page's programs give, run twice: nothing is left over from the first time."""
    pytest.importorskip("torch")
    record.run(page())
    installed.given.clear()
    record.run(page())
    return dict(installed.given)


def flat(outcome: Any) -> tuple[list[Any], list[float]]:
    """Words and shapes of an outcome, and its numbers."""
    numbers: list[float] = []

    def words(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: words(each) for name, each in part.items()}
        if isinstance(part, list):
            return [words(each) for each in part]
        if isinstance(part, float):
            numbers.append(part)
            return "number"
        return part

    return words(outcome), numbers


@needs_torch
def test_the_record_is_what_the_programs_give(gave: dict[str, Any]) -> None:
    """Every program of the page, run with PyTorch now, gives what the record says, and the record holds nothing else."""
    recorded = installed.record()["outcomes"]
    assert recorded.keys() == gave.keys()
    for name, outcome in gave.items():
        (words, numbers), (words_then, numbers_then) = flat(outcome), flat(recorded[name])
        assert words == words_then, name
        single = "float32" in name
        np.testing.assert_allclose(numbers, numbers_then, rtol=1e-2 if single else 1e-6, atol=1e-4 if single else 1e-9)


def test_without_pytorch_the_page_reads_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyTorch is missing, the page builds, says that its outcomes were recorded, and prints the same otherwise."""
    monkeypatch.setitem(sys.modules, "torch", None)
    installed.given.clear()
    noted, printed = record.run(page())
    assert not installed.given
    assert "PyTorch wasn't at hand when this page was built." in printed
    assert installed.record()["pytorch"].partition("+")[0] in printed
    assert record.differences(record.place(page()).read_text("utf-8"), noted) == []


@needs_torch
def test_with_pytorch_the_page_says_that_it_has_run() -> None:
    """Where PyTorch is installed, the page names the version that has run."""
    import torch

    printed = record.run(page())[1]
    assert f"PyTorch {torch.__version__.partition('+')[0]} was installed when this page was built" in printed
    assert "recorded" not in printed


def test_an_outcome_is_the_same_from_either_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """What a program gives goes through JSON even when it has just run, and a name that nobody recorded is an error."""

    def pair(kind: str) -> Any:
        return (1.5, {"kind": kind})

    monkeypatch.setattr(installed, "RECORD", tmp_path / "record.json")
    monkeypatch.setattr(installed, "given", {})
    monkeypatch.setattr(installed, "pytorch_is_at_hand", lambda: True)
    now = installed.outcome(pair, "a")
    assert now == [1.5, {"kind": "a"}]
    installed.RECORD.write_text(json.dumps({"outcomes": installed.given}), "utf-8")
    monkeypatch.setattr(installed, "pytorch_is_at_hand", lambda: False)
    assert installed.outcome(pair, "a") == now
    with pytest.raises(KeyError, match="pair b"):
        installed.outcome(pair, "b")
