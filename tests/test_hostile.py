"""Every public function and class, with every argument in turn replaced by what nobody should give it."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import tracemalloc
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backproplab as lab

Call = tuple[Callable[..., Any], dict[str, Any]]

IMAGES, KERNELS, COLUMNS = np.ones((2, 5, 5, 3)), np.ones((4, 2, 2, 2)), np.full((2, 3), 0.5)
INK = np.pad(np.ones((16, 4)), 6)
X, Y = np.ones((5, 3)), [0, 1, 0, 1, 1]
TORCH = importlib.util.find_spec("torch") is not None or os.environ.get("CI") == "true"


class Odd:
    """Something that is nothing in particular."""


class Tensor:
    """What refuses to become an array, as a tensor does that requires a gradient."""

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


HOSTILE: dict[str, Any] = {
    "None": None,
    "a string": "abc",
    "a float": 0.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "minus one": -1,
    "zero": 0,
    "a huge whole number": 10**400,
    "a large whole number": 10**15,
    "True": True,
    "a complex number": 1j,
    "a span of time": np.timedelta64(3, "s"),
    "an empty list": [],
    "a ragged list": [[1, 2], [3]],
    "strings": ["a", "b"],
    "a dict": {"a": 1},
    "an object": Odd(),
    "objects": np.array([None, 1], dtype=object),
    "masked": np.ma.masked_array([1.0, 2.0], mask=[True, False]),
    "a tensor": Tensor(),
    "five axes": np.ones((1, 1, 1, 1, 1)),
}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def net() -> lab.Network:
    return lab.Network([lab.Dense(3, 2, "tanh", rng=rng())])


def drawn(panel: str, caption: str, alt: str) -> str:
    return lab.figure(panel, caption=caption, alt=alt)


def calls() -> dict[str, Call]:
    """A right call of everything public, by name."""
    network, trace = net(), net().trace(X, Y)
    moved = lab.Tensor(COLUMNS)
    moved.sum().backward()
    table: dict[str, Call] = {
        "Activation": (lab.Activation, {"name": "cube", "function": np.square, "derivative": np.sqrt, "gain": 1.0}),
        "Loss": (lab.Loss, {"name": "cost", "value": np.vdot, "gradient": np.add}),
        "softmax": (lab.softmax, {"z": COLUMNS}),
        "softmax_jacobian": (lab.softmax_jacobian, {"z": np.ones(3)}),
        "one_hot": (lab.one_hot, {"labels": [0, 1], "classes": 3}),
        "output_error": (lab.output_error, {"grad_a": COLUMNS, "prime_z": COLUMNS}),
        "hidden_error": (
            lab.hidden_error,
            {"W_next": np.ones((2, 4)), "delta_next": COLUMNS, "prime_z": np.ones((4, 3))},
        ),
        "pull_back": (lab.pull_back, {"W": np.ones((2, 4)), "delta": COLUMNS}),
        "bias_gradient": (lab.bias_gradient, {"delta": COLUMNS}),
        "weight_gradient": (lab.weight_gradient, {"delta": COLUMNS, "a_prev": COLUMNS}),
        "shifts": (lab.shifts, {"a": IMAGES, "axis": 1, "window": 2, "stride": 1}),
        "put_back": (lab.put_back, {"parts": [np.ones(3), np.ones(3)], "shape": (4,), "axis": 0, "stride": 1}),
        "window_rows": (lab.window_rows, {"a": IMAGES, "kernel": (2, 2), "stride": (1, 1)}),
        "correlate": (lab.correlate, {"a": IMAGES, "W": KERNELS, "stride": (1, 1)}),
        "kernel_gradient": (
            lab.kernel_gradient,
            {"delta": np.ones((4, 4, 4, 3)), "a": IMAGES, "kernel": (2, 2), "stride": (1, 1)},
        ),
        "spread": (
            lab.spread,
            {"delta": np.ones((4, 4, 4, 3)), "size": (5, 5), "kernel": (2, 2), "stride": (1, 1), "padding": (0, 0)},
        ),
        "Initialization": (lab.Initialization, {"name": "small", "deviation": lambda *_: 0.01}),
        "Initialization.draw": (lab.he.draw, {"shape": (2, 3), "gain": 1.0, "rng": rng()}),
        "Dense": (
            lab.Dense,
            {"inputs": 3, "outputs": 2, "activation": "tanh", "init": "he", "rng": rng(), "dtype": "float64"},
        ),
        "Dense.from_parameters": (
            lab.Dense.from_parameters,
            {"W": [[1.0, 2.0]], "b": [0.0], "activation": "tanh"},
        ),
        "Conv2d": (
            lab.Conv2d,
            {
                "inputs": 1, "outputs": 2, "kernel": 3, "activation": "tanh", "stride": 1, "padding": 0, "init": "he",
                "rng": rng(),
            },
        ),
        "MaxPool2d": (lab.MaxPool2d, {"window": 2, "stride": 1}),
        "AvgPool2d": (lab.AvgPool2d, {"window": 2, "stride": 1}),
        "Network": (
            lab.Network,
            {"layers": [lab.Dense(3, 2, rng=rng())], "loss": "squared_error", "input_shape": (3,)},
        ),
        "Network.predict": (network.predict, {"x": X}),
        "Network.trace": (network.trace, {"x": X, "y": Y}),
        "Network.cost": (network.cost, {"x": X, "y": Y}),
        "Network.astype": (network.astype, {"dtype": "float32"}),
        "Network.load": (network.load, {"path": "no such file"}),
        "SGD": (lab.SGD, {"learning_rate": 0.1, "weight_decay": 0.1}),
        "Momentum": (lab.Momentum, {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
        "Adam": (
            lab.Adam,
            {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.9, "epsilon": 1e-8, "weight_decay": 0.1},
        ),
        "ConstantRate": (lab.ConstantRate, {"learning_rate": 0.1}),
        "StepDecay": (lab.StepDecay, {"learning_rate": 0.1, "every": 2, "factor": 0.5}),
        "CosineDecay": (lab.CosineDecay, {"learning_rate": 0.1, "steps": 2, "final": 0.01}),
        "Warmup": (lab.Warmup, {"learning_rate": 0.1, "steps": 2}),
        "Value": (lab.Value, {"data": 2.0}),
        "Value.**": (lambda **given: lab.Value(0.5) ** given["exponent"], {"exponent": 2}),
        "Value.*": (lambda **given: lab.Value(2.0) * given["operand"], {"operand": 2}),
        "Tensor": (lab.Tensor, {"data": COLUMNS}),
        "Tensor.*": (lambda **given: lab.Tensor(COLUMNS) * given["operand"], {"operand": COLUMNS}),
        "Tensor.**": (lambda **given: lab.Tensor(COLUMNS) ** given["exponent"], {"exponent": 2}),
        "Tensor.sum": (lab.Tensor(COLUMNS).sum, {"axis": 0, "keepdims": True}),
        "Tensor.max": (lab.Tensor(COLUMNS).max, {"axis": 0, "keepdims": True}),
        "Tensor.reshape": (lambda **given: lab.Tensor(COLUMNS).reshape(given["shape"]), {"shape": (3, 2)}),
        "Tensor.transpose": (lambda **given: lab.Tensor(COLUMNS).transpose(given["axes"]), {"axes": (1, 0)}),
        "Tensor.backward": ((lab.Tensor(COLUMNS) * 2).backward, {"gradient": COLUMNS}),
        "Linear": (lab.Linear, {"inputs": 3, "outputs": 2, "init": "he", "rng": rng(), "dtype": "float64"}),
        "cross_entropy": (lab.cross_entropy, {"logits": lab.Tensor(X), "y": [0, 1, 2, 1, 0]}),
        "take_step": (lab.take_step, {"optimizer": lab.SGD(0.1), "parameters": [moved]}),
        "accuracy": (lab.accuracy, {"network": network, "x": X, "y": Y}),
        "minibatches": (lab.minibatches, {"examples": 5, "batch_size": 2, "rng": rng()}),
        "fit": (
            lambda **given: next(lab.fit(**given)),
            {
                "network": network, "x": X, "y": Y, "epochs": 1, "batch_size": 2, "optimizer": lab.SGD(0.01),
                "rng": rng(), "validation": (X, Y), "augment": lambda rows, _: rows,
            },
        ),
        "shifted": (lab.shifted, {"images": np.ones((2, 9)), "rng": rng(), "pixels": 1}),
        "digits": (lab.digits, {"dtype": "float32"}),
        "mnist": (lab.mnist, {"folder": "no such folder", "dtype": "float32"}),
        "photo_grid": (lab.photo_grid, {"pictures": [INK], "titles": ["a"], "columns": 2}),
        "png": (lab.png, {"picture": INK}),
        "load_network": (lab.load_network, {"path": "no such file"}),
        "prepare_digit": (lab.prepare_digit, {"picture": INK, "size": 28}),
        "read_grey": (lab.read_grey, {"picture": INK}),
        "composite": (lab.composite, {"colour": COLUMNS, "alpha": COLUMNS, "paper": 1.0}),
        "even_light": (lab.even_light, {"picture": INK}),
        "area_average": (lab.area_average, {"picture": INK, "shape": (5, 4)}),
        "centre_of_mass": (lab.centre_of_mass, {"picture": INK}),
        "draw_digit": (
            lab.draw_digit,
            {"digit": 3, "shape": (30, 20), "rng": rng(), "height": 0.6, "pen": 0.1, "angle": 5.0, "shaky": 0.02},
        ),
        "photograph": (
            lab.photograph,
            {
                "ink": INK, "rng": rng(), "paper": (0.9, 0.9, 0.8), "pen": (0.1, 0.1, 0.1), "slope": 0.1,
                "shadow": 0.1, "grain": 0.01,
            },
        ),
        "latex_number": (lab.latex_number, {"value": 0.5, "digits": 2}),
        "latex_matrix": (lab.latex_matrix, {"array": [[0.5]], "digits": 2}),
        "image_grid": (lab.image_grid, {"images": np.ones((2, 2, 2)), "titles": ["a", "b"], "columns": 2}),
        "count_table": (
            lab.count_table,
            {"counts": np.eye(2, dtype=int), "row_name": "is", "column_name": "read as"},
        ),
        "number_grid": (
            lab.number_grid,
            {"array": [[1.0]], "name": "a", "frames": [(0, 0)], "direction": "forward", "digits": 2},
        ),
        "flow_diagram": (lab.flow_diagram, {"trace": trace, "direction": "forward", "example": 0, "digits": 2}),
        "stepper": (
            lab.stepper,
            {"network": network, "x": X[:1], "y": Y[:1], "learning_rate": 0.5, "name": "step", "heights": (700, 900)},
        ),
        "graph_diagram": (
            lab.graph_diagram,
            {"nodes": {"x": (0, 0), "y": (1, 0)}, "edges": {("x", "y"): "2"}, "values": {"x": "1"}},
        ),
        "circuit_diagram": (
            lab.circuit_diagram,
            {"values": {"x": lab.Value(2)}, "places": {"x": (0, 0)}, "gates": {"x": "+"}, "digits": 2},
        ),
        "flow_chart": (lab.flow_chart, {"boxes": ["a", "b?"], "loops": {(1, 0): ("no", "yes")}}),
        "figure": (drawn, {"panel": "<svg/>", "caption": "A.", "alt": "B."}),
        "curves": (lab.curves, {"x": [1, 2], "lines": {"a": [1, 2]}, "x_label": "x", "y_label": "y", "log": ""}),
        "plot": (lab.plot, {"draw": lambda axes: axes.plot([1, 2]), "size": (100, 100)}),
        "contours": (lab.contours, {"f": np.sum, "x_range": (0, 1), "y_range": (0, 1), "paths": {"a": [[0, 1]]}}),
        "surface": (lab.surface, {"f": np.sum, "x_range": (0, 1), "y_range": (0, 1), "paths": {"a": [[0, 1]]}}),
    }  # fmt: skip
    if TORCH:
        table |= {
            "to_torch": (lab.to_torch, {"network": network}),
            "from_torch": (
                lab.from_torch, {"module": lab.to_torch(network), "loss": "squared_error", "input_shape": (3,)}
            ),
        }  # fmt: skip
    for name, activation in lab.ACTIVATIONS.items():
        table |= {name: (activation, {"z": COLUMNS}), f"{name}.derivative": (activation.derivative, {"z": COLUMNS})}
    for name, loss in lab.LOSSES.items():
        given = {"z" if loss.prediction is not lab.identity else "a": COLUMNS, "y": COLUMNS}
        table |= {name: (loss.value, given), f"{name}.gradient": (loss.gradient, given)}
    return table


ELSEWHERE = re.compile(r"calculus\.|gradcheck$|slopes$|verdicts$|worked\.|figures\.networks$")
"""Modules whose misuse other tests look after."""
RECORDS = {
    "ACTIVATIONS", "INITIALIZATIONS", "LOSSES", "Dataset", "DivergenceError", "ImageError", "PreparedDigit", "recorded_network", "Flatten", "Layer", "LayerSummary", "Optimizer", "Progress",
    "Step", "Summary", "Trace", "he", "lecun", "normal", "xavier", "BACKWARD", "FORWARD", "INK", "MUTED", "PAPER",
}  # fmt: skip
"""Public names that take no argument from a user."""
SAME = {"parts": "parts", "panel": "panels", "W_next": "W", "delta_next": "delta", "z": "a", "input_shape": "input"}
"""Arguments that an inner function knows under another name."""


def test_every_public_name_is_misused_here() -> None:
    """A new public function has to be put into the table, or be a record that takes nothing from a user."""
    names = {
        name
        for name in lab.__all__
        if not ELSEWHERE.search(lab._MODULE_OF[name]) and not isinstance(getattr(lab, name), str)
    }
    assert names - RECORDS - set(calls()) == (set() if TORCH else {"from_torch", "to_torch"})


@pytest.mark.parametrize("name", calls())
def test_what_nobody_should_give_works_or_is_refused_in_one_sentence(name: str) -> None:
    """Each argument in turn is replaced; the call works, or says on one line which argument and what was expected."""
    right = calls()[name][1]
    for argument in right:
        for kind, value in HOSTILE.items():
            function, given = calls()[name]
            with warnings.catch_warnings(), suppress(FileNotFoundError):
                warnings.simplefilter("error")
                try:
                    function(**(given | {argument: value}))
                except (TypeError, ValueError) as error:
                    said = str(error)
                else:
                    continue
                known = (argument, SAME.get(argument, argument))
                assert any(re.search(rf"\b{re.escape(word)}\b", said) for word in known), (argument, kind, said)
                assert "expected" in said, (argument, kind, said)
                assert "\n" not in said, (argument, kind, said)
                assert len(said) < 400, (argument, kind, said)


def test_an_error_in_the_call_itself_would_be_noticed() -> None:
    """Every right call of the table works."""
    for name, (function, given) in calls().items():
        if name not in {"Network.load", "load_network", "mnist"}:  # there is no such file
            function(**given)


def test_a_name_that_could_run_in_a_page_is_refused() -> None:
    """What names a function is letters, digits and underscores: no link, no markup, no formula."""
    for name in ("[x](javascript:alert(1))", "<b>", "a b", "$x$", "", "2x"):
        with pytest.raises(ValueError, match=r"^name: expected letters, digits and underscores"):
            lab.Activation(name, np.square, np.sqrt)
        with pytest.raises(ValueError, match=r"^name: expected letters, digits and underscores"):
            lab.Loss(name, np.vdot, np.add)


@pytest.mark.parametrize("loss", lab.LOSSES.values(), ids=str)
@pytest.mark.parametrize(
    ("a", "y"),
    [((1, 5), (5, 1)), ((3, 5), (5, 3)), ((3, 5), (3,)), ((3, 5), (1, 5)), ((3, 0), (3, 0)), ((3,), (3,)), ((), ())],
)
def test_a_loss_stretches_nothing(loss: lab.Loss, a: tuple[int, ...], y: tuple[int, ...]) -> None:
    """Output and target of two shapes are refused, by the value and by the gradient, and so is a batch of nothing."""
    for function in (loss.value, loss.gradient):
        with pytest.raises(ValueError, match=r"^(y: expected the shape of|[az]: expected a column for each example)"):
            function(np.ones(a), np.zeros(y))


def test_equations_take_lists() -> None:
    """The four equations take what NumPy can read as numbers."""
    np.testing.assert_array_equal(lab.output_error([[1, 2]], [[3, 4]]), [[3, 8]])  # type: ignore[arg-type]
    np.testing.assert_array_equal(lab.pull_back([[1, 2]], [[3]]), [[3], [6]])  # type: ignore[arg-type]
    np.testing.assert_array_equal(lab.bias_gradient([[1, 2]]), [[3]])  # type: ignore[arg-type]
    np.testing.assert_array_equal(lab.weight_gradient([[1, 2]], [[3, 4]]), [[11]])  # type: ignore[arg-type]


def test_one_hot_takes_no_more_room_than_its_rows() -> None:
    """Two labels of twenty thousand classes are two rows, not a square; what no memory holds is refused."""
    assert lab.one_hot([0, 19_999], 20_000).shape == (2, 20_000)
    tracemalloc.start()
    lab.one_hot([0, 19_999], 20_000)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    for act in (
        lambda: lab.one_hot([0], 10**13),
        lambda: lab.Dense(10**7, 10**7, rng=rng()),
        lambda: lab.Conv2d(10**6, 10**6, 3, rng=rng()),
        lambda: lab.minibatches(10**13, 1, rng()),
    ):
        with pytest.raises(ValueError, match="expected less than a tebibyte of numbers"):
            act()


@pytest.mark.parametrize("activation", lab.ACTIVATIONS.values(), ids=str)
def test_activations_of_extreme_and_of_whole_numbers(activation: lab.Activation) -> None:
    """The largest floats raise no warning, and narrow integers count as the floats they stand for."""
    with np.errstate(all="raise", under="ignore"):
        for z in (np.array([1e308, -1e308]), np.array([3e38, -3e38], np.float32)):
            assert np.isfinite(activation(z)).all()
            assert np.isfinite(activation.derivative(z)).all()
    whole = np.arange(-128, 128)
    np.testing.assert_array_equal(activation(whole.astype(np.int8)), activation(whole.astype(float)))
    np.testing.assert_array_equal(
        activation.derivative(whole.astype(np.int8)), activation.derivative(whole.astype(float))
    )


def test_the_gain_keeps_the_size_of_a_signal() -> None:
    """Behind a rectifier, leaky or not, weights scaled by the gain keep the mean square of a signal."""
    a = np.random.default_rng(1).standard_normal((400, 200))
    for name in ("relu", "leaky_relu"):
        for seed in range(8):
            layer = lab.Dense(400, 400, name, rng=np.random.default_rng(seed))
            behind = layer.activation(layer.forward(a))
            assert np.mean(behind**2) == pytest.approx(1, rel=0.1)


MESSAGES: list[tuple[Callable[[], object], str]] = [
    (lambda: net().cost(X, np.zeros((5, 1), int)), "y: expected labels of shape (5,), got (5, 1): write y[:, 0]"),
    (
        lambda: net().cost(X, np.array([0] * 5, object)),
        "y: expected integer labels, got an array of Python objects: try numpy.array(…, int)",
    ),
    (
        lambda: net().predict(np.ones((5, 3), object)),
        "x: expected real numbers, got an array of Python objects: try numpy.array(…, float)",
    ),
    (lambda: lab.accuracy(np.zeros(3), Y, Y), "network: expected a Network, got array([0., 0., 0.])"),  # type: ignore[arg-type]
    (
        lambda: lab.Dense.from_parameters(np.ones((3, 2)), [0, 0]),
        "W: expected shape (outputs, inputs), got (3, 2) with b (2,): write W.T",
    ),
    (
        lambda: net().predict(np.ma.masked_array(X, mask=X > 0)),
        "x: expected numbers without a mask, got a masked array: fill it first, with .filled(…)",
    ),
    (lambda: lab.latex_number("2"), "value: expected a number, got '2'"),  # type: ignore[arg-type]
    (lambda: lab.latex_number(value=True), "value: expected a number, got True"),
    (
        lambda: lab.latex_number(10**400),
        "value: expected a number that a float can hold, got a number of some 400 digits",
    ),
    (lambda: lab.image_grid(np.ones((1, 2, 2)), ["a"], 0), "columns: expected at least 1, got 0"),
    (lambda: lab.count_table([[np.nan]], "a", "b"), "counts: expected whole numbers, got an array of type float64"),
]


@pytest.mark.parametrize(("act", "message"), MESSAGES, ids=[message[:50] for _, message in MESSAGES])
def test_a_message_says_what_to_do(act: Callable[[], object], message: str) -> None:
    """What is commonly given by mistake is answered with what to write instead."""
    with pytest.raises((TypeError, ValueError)) as caught:
        act()
    assert str(caught.value) == message


def test_large_negative_numbers_are_powers_of_ten() -> None:
    """More than six digits before the point are not written out, whatever the sign."""
    assert lab.latex_number(-5_000_000) == r"-5.000 \times 10^{6}"
    assert lab.latex_number(5_000_000) == r"5.000 \times 10^{6}"


def dropped_checks(source: str) -> list[int]:
    """Find the lines that check a whole number and go on with what was given, which may wrap around."""
    found = []
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.Expr):
            parts = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
            found += [
                part.lineno
                for part in parts
                if isinstance(part, ast.Call)
                and ast.unparse(part.func) in {"whole_number", "whole_numbers", "digit_count", "pair"}
            ]
    return found


def test_what_a_check_returns_is_used() -> None:
    """No module checks a whole number and then counts with what it was given instead of what the check returns."""
    assert dropped_checks('whole_number(n, "n"), generator(rng)') == [1]
    assert dropped_checks('n = whole_number(n, "n")') == []
    for path in Path(lab.__file__).parent.rglob("*.py"):
        assert dropped_checks(path.read_text("utf-8")) == [], path
