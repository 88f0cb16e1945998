"""A worked example says what is true: its numbers, read back out of the text, are those of a calculation by hand."""

from __future__ import annotations

import copy
import math
import pickle
import re
from typing import TYPE_CHECKING, Any

import markdown
import numpy as np
import pytest

from backproplab import (
    ACTIVATIONS,
    LOSSES,
    SGD,
    Activation,
    Dense,
    Layer,
    Loss,
    Network,
    Trace,
    identity,
    worked_example,
)
from backproplab.book.katex import RENDERER
from backproplab.worked.examples import worked_sections
from backproplab.worked.formulas import about_activation
from backproplab.worked.sections import BLANK, SHOWN, numbers
from backproplab.worked.terminal import text

if TYPE_CHECKING:
    from collections.abc import Callable

Matrix = list[list[float]]
Given = list[tuple[Matrix, Matrix, str]]

SIGMA: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": lambda z: math.sinh(z) / math.cosh(z),
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "identity": lambda z: z,
}
SIGMA_PRIME: dict[str, Callable[[float], float]] = {
    "sigmoid": lambda z: math.exp(z) / (1 + math.exp(z)) ** 2,
    "tanh": lambda z: 1 / math.cosh(z) ** 2,
    "relu": lambda z: 1.0 if z > 0 else 0.0,
    "leaky_relu": lambda z: 1.0 if z > 0 else 0.01,
    "identity": lambda _: 1.0,
}


def matrix(rows: int, columns: int, entry: Callable[[int, int], float]) -> Matrix:
    return [[entry(j, i) for i in range(columns)] for j in range(rows)]


def transposed(m: Matrix) -> Matrix:
    return [list(row) for row in zip(*m, strict=True)]


def cost_by_hand(loss: str, a: Matrix, y: Matrix) -> tuple[float, Matrix, Matrix]:
    """The cost, its gradient, and what the network predicts."""
    n, N = len(a), len(a[0])
    if loss.endswith("squared_error"):
        factor = {"half_squared_error": 0.5, "squared_error": 1.0, "mean_squared_error": 1 / n}[loss]
        cost = sum(factor * (a[j][i] - y[j][i]) ** 2 for i in range(N) for j in range(n)) / N
        return cost, matrix(n, N, lambda j, i: 2 * factor * (a[j][i] - y[j][i]) / N), a
    if loss == "binary_cross_entropy":
        p = matrix(n, N, lambda j, i: 1 / (1 + math.exp(-a[j][i])))
        each = [y[j][i] * math.log(p[j][i]) + (1 - y[j][i]) * math.log(1 - p[j][i]) for i in range(N) for j in range(n)]
    else:
        p = matrix(n, N, lambda j, i: math.exp(a[j][i]) / sum(math.exp(a[k][i]) for k in range(n)))
        each = [y[j][i] * math.log(p[j][i]) for i in range(N) for j in range(n)]
    return -sum(each) / N, matrix(n, N, lambda j, i: (p[j][i] - y[j][i]) / N), p


def forward_by_hand(layers: Given, a: Matrix) -> list[tuple[Matrix, Matrix]]:
    found = []
    for W, b, name in layers:
        before, N = a, len(a[0])
        z = matrix(len(W), N, lambda j, i: sum(W[j][k] * before[k][i] for k in range(len(before))) + b[j][0])  # noqa: B023
        a = matrix(len(W), N, lambda j, i: SIGMA[name](z[j][i]))  # noqa: B023
        found.append((z, a))
    return found


def by_hand(layers: Given, loss: str, x: Matrix, y: Matrix, rate: float) -> dict[str, list[list[Matrix]]]:
    """For each formula of the worked example the matrices that stand in its lines, the result last; all in loops."""
    N, last = len(x[0]), len(layers)
    passed = forward_by_hand(layers, x)
    a = {0: x} | {number: a for number, (_, a) in enumerate(passed, 1)}
    cost, grad_a, p = cost_by_hand(loss, a[last], y)
    of = {"x = a^0": [[x]], "y": [[y]]}
    if loss.endswith("entropy"):
        of["p"] = [[a[last]], [p]]
        others = [matrix(len(m), N, lambda j, i: 1 - m[j][i]) for m in (y, p)]  # noqa: B023
        of["C"] = [[y, p, *(others if loss.startswith("binary") else [])], [[[cost]]]]
    else:
        of["C"] = [[a[last], y], [[[cost]]]]
    of[r"\nabla_a C"] = [[p, y], [grad_a]]
    new: Given = []
    for l in range(last, 0, -1):
        (W, b, name), z, before = layers[l - 1], passed[l - 1][0], a[l - 1]
        prime = matrix(len(W), N, lambda j, i: SIGMA_PRIME[name](z[j][i]))  # noqa: B023
        if l == last:
            delta = matrix(len(W), N, lambda j, i: grad_a[j][i] * prime[j][i])  # noqa: B023
            of[rf"\delta^{l}"] = [[grad_a, prime], [delta]]
        else:
            W_next, after = layers[l][0], delta
            delta = matrix(
                len(W),
                N,
                lambda j, i: sum(W_next[k][j] * after[k][i] for k in range(len(after))) * prime[j][i],  # noqa: B023
            )
            paths = [[[W_next[k][j] * after[k][0]] for j in range(len(W))] for k in range(len(after))]
            come = matrix(len(W), N, lambda j, i: sum(W_next[k][j] * after[k][i] for k in range(len(after))))  # noqa: B023
            of[rf"\delta^{l}"] = [
                [transposed(W_next), after, prime],
                *([[*paths, prime]] if N == 1 and 1 < len(after) <= 4 else []),
                [come, prime],
                [delta],
            ]
        dW = matrix(len(W), len(W[0]), lambda j, k: sum(delta[j][i] * before[k][i] for i in range(N)))  # noqa: B023
        db = matrix(len(W), 1, lambda j, _: sum(delta[j][i] for i in range(N)))  # noqa: B023
        of[f"W^{l}"], of[f"b^{l}"] = [[W]], [[b]]
        of[f"z^{l}"], of[f"a^{l}"] = [[W, before, b], [z]], [[z], [passed[l - 1][1]]]
        of[rf"\sigma'(z^{l})"] = [[z], [prime]]
        of[rf"\frac{{\partial C}}{{\partial W^{l}}}"] = [[delta, transposed(before)], [dW]]
        columns = [[[row[i]] for row in delta] for i in range(N)]
        of[rf"\frac{{\partial C}}{{\partial b^{l}}}"] = [[*columns], [db]] if N > 1 else [[db]]
        moved = [
            matrix(len(m), len(m[0]), lambda j, k: m[j][k] - rate * d[j][k])  # noqa: B023
            for m, d in ((W, dW), (b, db))
        ]
        of[rf"W^{l} \leftarrow"], of[rf"b^{l} \leftarrow"] = [[W, dW], [moved[0]]], [[b, db], [moved[1]]]
        new.insert(0, (moved[0], moved[1], name))
    of[r"\eta"] = [[[[rate]]]]
    of[r"C_\text{new}"] = [[[[cost_by_hand(loss, forward_by_hand(new, x)[-1][1], y)[0]]]]]
    return of


def formulas(markdown: str) -> dict[str, list[list[Matrix]]]:
    """The matrices in the lines of each formula that has any, by what stands on its left."""
    found = {}
    for block in re.findall(r"\$\$\n(.*?)\n\$\$", markdown, re.DOTALL):
        inner = block.removeprefix(r"\begin{aligned} ").removesuffix(r" \end{aligned}")
        first, *others = re.split(r" \\\\\n&", inner)
        left, sign, right = re.match(r"(x = a\^0|.*?) &?(=|\\leftarrow) (.*)", first, re.DOTALL).groups()  # type: ignore[union-attr]
        lines = [right, *(line.removeprefix("= ") for line in others)]
        name = left if sign == "=" else rf"{left} \leftarrow"
        assert name not in found
        found[name] = [m for m in map(matrices, lines) if m]
    return found


def matrices(line: str) -> list[Matrix]:
    if re.fullmatch(r"-?[\d.]+( \\times 10\^\{-?\d+\})?", line):
        return [[[number(line)]]]
    return [
        [[number(cell) for cell in row.split(" & ")] for row in inside.split(r" \\ ")]
        for inside in re.findall(r"\\begin\{bmatrix\} (.*?) \\end\{bmatrix\}", line)
    ]


def number(tex: str) -> float:
    return float(re.sub(r" \\times 10\^\{(.*)\}", r"e\1", tex))


def network(
    sizes: list[int], names: list[str], loss: str, examples: int, seed: int = 0
) -> tuple[Network, np.ndarray, np.ndarray]:
    """A network with weights and biases by chance, and examples and targets that its loss can take."""
    rng = np.random.default_rng(seed)
    layers = [
        Dense.from_parameters(rng.normal(size=(outputs, inputs)), rng.normal(size=outputs), name)
        for inputs, outputs, name in zip(sizes, sizes[1:], names, strict=False)
    ]
    y = rng.uniform(0.1, 0.9, size=(examples, sizes[-1]))
    if loss == "softmax_cross_entropy":
        y /= y.sum(axis=1, keepdims=True)
    if LOSSES[loss].prediction is not identity:
        layers[-1].activation = identity
    return Network(layers, loss), rng.normal(size=(examples, sizes[0])), y


NETWORKS = [
    # sizes, activations, examples
    *[([2, 2, 1], [name, name], 1) for name in ACTIVATIONS],
    *[([3, 4, 2], [name, "identity"], 3) for name in ACTIVATIONS],
    ([1, 1], ["identity"], 1),
    ([2, 3, 4, 3, 2], ["tanh", "relu", "leaky_relu", "sigmoid"], 2),
    ([6, 6, 6], ["sigmoid", "tanh"], 6),
]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("sizes", "names", "examples"), NETWORKS)
def test_every_number_is_that_of_a_calculation_by_hand(
    sizes: list[int], names: list[str], examples: int, loss: str
) -> None:
    """Whatever the network, the activation, the loss and the batch: what is put in and what comes out is right."""
    net, x, y = network(sizes, names, loss, examples)
    told = formulas(worked_example(net, x, y, 0.3, digits=14))
    layers: Given = [
        (layer.parameters["W"].tolist(), layer.parameters["b"].tolist(), name)
        for layer, name in ((layer, layer.activation.name) for layer in net.layers)
    ]
    expected = by_hand(layers, loss, x.T.tolist(), y.T.tolist(), 0.3)
    assert set(told) == set(expected)
    for name, lines in expected.items():
        assert len(told[name]) == len(lines), name
        for line, matrices_by_hand in zip(told[name], lines, strict=True):
            assert len(line) == len(matrices_by_hand), name
            for shown, right in zip(line, matrices_by_hand, strict=True):
                # a share of 1 leaves 1 − p without most of its digits
                np.testing.assert_allclose(shown, right, rtol=1e-9, atol=1e-12, err_msg=name, strict=True)


def test_four_decimals_are_shown_and_said() -> None:
    """By default results have four decimals, given numbers as many as they need; the text says so."""
    net = Network([Dense.from_parameters([[0.5, -0.25]], [1], "sigmoid")])
    told = worked_example(net, [1.5, 2], [0], 0.125)
    assert "Results are rounded to 4 decimals to be shown; the calculation carries all digits." in told
    assert r"\begin{bmatrix} 0.5 & -0.25 \end{bmatrix} \begin{bmatrix} 1.5 \\ 2 \end{bmatrix}" in told
    assert r"a^1 &= \sigma(z^1)" in told
    assert rf"&= \begin{{bmatrix}} {1 / (1 + math.exp(-1.25)):.4f} \end{{bmatrix}}" in told
    assert "- 0.125 \\cdot" in told
    assert "rounded to 1 decimal " in worked_example(net, [1.5, 2], [0], 0.125, digits=1)
    assert "rounded to whole numbers" in worked_example(net, [1.5, 2], [0], 0.125, digits=0)


@pytest.mark.parametrize("size", [1, SHOWN - 1, SHOWN, SHOWN + 1, 30])
def test_long_matrices_are_abbreviated_and_said_to_be(size: int) -> None:
    """Up to six rows and columns are shown; of more, the first five and the last, and the text says so."""
    net, x, y = network([size, size, size], ["tanh", "tanh"], "half_squared_error", size)
    told = worked_example(net, x, y, 0.3, digits=14)
    assert (r"\cdots" in told) == (r"\vdots" in told) == (r"\ddots" in told) == (size > SHOWN)
    assert ("Of more than 6 rows or columns the first 5 and the last are shown." in told) == (size > SHOWN)
    picked = [*range(size)] if size <= SHOWN else [*range(SHOWN - 1), size - 1]
    for cells, right in (
        (numbers(x, 14).cells, x[np.ix_(picked, picked)]),
        (numbers(x[:, :1], 14).cells, x[picked, :1]),
        (numbers(x[:1], 14).cells, x[:1, picked]),
    ):
        kept = [[number(cell) for cell in row if "dots" not in cell] for row in cells]
        np.testing.assert_allclose([row for row in kept if row], right, atol=1e-13, strict=True)


def test_one_long_side_is_enough_to_be_said() -> None:
    """The sentence on what is left out stands there even if only one vector of the whole example is long."""
    net, x, y = network([SHOWN + 1, 1], ["tanh"], "half_squared_error", 1)
    assert "are shown." in worked_example(net, x, y, 0.3)
    net, x, y = network([1, 1], ["tanh"], "half_squared_error", SHOWN + 1)
    assert "are shown." in worked_example(net, x, y, 0.3)


def value(tex: str, **known: object) -> float:
    """What a formula of the text comes to, as Python reads it."""
    tex = re.sub(r"(.*) \\text\{ for \} (.*)\\text\{, else \} (.*)", r"(\1) if (\2) else (\3)", tex)
    tex = re.sub(r"e\^\{(.*?)\}", r"exp(\1)", tex)
    tex = re.sub(r"\\frac\{(.*)\}\{(.*)\}", r"(\1)/(\2)", tex)
    tex = re.sub(r"\^2(\(.*?\))", r"\1**2", tex).replace("\\,", "*").replace(r"\cdot", "*").replace("\\", "")
    tex = re.sub(r"(?<=[\dn])(?=N)|(?<=\d) (?=z)", "*", tex)
    return float(eval(tex, {"exp": math.exp, "tanh": math.tanh, "max": max, **known}))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_formulas_of_the_activations_are_what_is_calculated(name: str) -> None:
    """The sentence on an activation, read as a program, gives the activation and its derivative."""
    pattern = r"the activation [a-z ]+, \$\\sigma\(z\) = (.*)\$ with \$\\sigma'\(z\) = (.*)\$"
    found = re.fullmatch(pattern, about_activation(ACTIVATIONS[name]))
    assert found is not None
    function, derivative = found.groups()
    for z in (-2.0, -0.5, 0.0, 0.5, 2.0):
        assert math.isclose(value(function, z=z), SIGMA[name](z), abs_tol=1e-15)
        assert math.isclose(value(derivative, z=z, sigma=SIGMA[name]), SIGMA_PRIME[name](z), rel_tol=1e-12)


@pytest.mark.parametrize("examples", [1, 3])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_factor_before_a_cost_is_right_in_letters_and_in_numbers(loss: str, examples: int) -> None:
    """The fractions before the squares or logarithms, and before their gradient, are those of the loss."""
    net, x, y = network([3, 2], ["identity"], loss, examples)
    told = worked_example(net, x, y, 0.3, digits=14)
    found = formulas(told)
    fractions = re.findall(r"(?:C &|\n&)= (?:- )?(\\frac\{\d\}\{(?:\d|n|N| \\cdot )+\})", told)
    assert len(fractions) == 4
    in_cost, in_cost_filled, in_grad, in_grad_filled = (value(tex, n=2, N=examples) for tex in fractions)
    assert in_cost == in_cost_filled
    assert in_grad == in_grad_filled
    line = [np.array(m) for m in found["C"][0]]
    if loss.endswith("squared_error"):
        total = np.sum((line[0] - line[1]) ** 2)
    else:
        total = -sum(np.sum(line[n] * np.log(line[n + 1])) for n in range(0, len(line), 2))
    np.testing.assert_allclose(in_cost * total, found["C"][1][0][0][0], rtol=1e-9)
    a, target = (np.array(m) for m in found[r"\nabla_a C"][0])
    np.testing.assert_allclose(in_grad * (a - target), found[r"\nabla_a C"][1][0], rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("sizes", "names", "examples"), NETWORKS)
def test_blanks_leave_out_every_result_and_the_solutions_hold_them(
    sizes: list[int], names: list[str], examples: int, loss: str
) -> None:
    """Before the solutions there is nothing but what is given; after them, exactly the results of the full text."""
    net, x, y = network(sizes, names, loss, examples)
    full = formulas(worked_example(net, x, y, 0.3, digits=14))
    exercise, heading, solutions = worked_example(net, x, y, 0.3, digits=14, blank=True).partition("**Solutions: ")
    assert heading
    held = np.concatenate([array.ravel() for array in (x, y, 1 - y, *net.parameters.values())])
    given = {0.3, *(float(f"{abs(value):.14f}") for value in held)}
    shown = {abs(float(decimal)) for decimal in re.findall(r"\d*\.\d{3,}", exercise)}
    assert shown <= given
    solved = formulas(solutions)
    of_given = {"x = a^0", "y", r"\eta", *(name for name in full if re.fullmatch(r"[Wb]\^\d", name))}
    assert set(solved) == set(full) - of_given
    for name, lines in solved.items():
        assert lines == [full[name][-1]], name
    assert BLANK in exercise
    assert BLANK not in solutions


def test_a_blank_has_the_shape_of_what_it_stands_for() -> None:
    """Whoever solves the exercise sees how many numbers are asked for."""
    net, x, y = network([2, 9, 1], ["tanh", "tanh"], "half_squared_error", 2)
    exercise = worked_example(net, x, y, 0.3, blank=True)
    row = rf"{BLANK} & {BLANK}"
    assert rf"&= \begin{{bmatrix}} {row} \end{{bmatrix}} \end{{aligned}}" in exercise
    assert rf"{row} \\ {row} \\ {row} \\ {row} \\ {row} \\ \vdots & \vdots \\ {row} \end{{bmatrix}}" in exercise


def test_the_network_stays_as_it_is_and_the_update_is_that_of_gradient_descent() -> None:
    """Writing the example does not train the network; its update is what SGD does with the same gradients."""
    net, x, y = network([2, 3, 1], ["sigmoid", "sigmoid"], "half_squared_error", 4)
    before = {name: array.copy() for name, array in net.parameters.items()}
    told = formulas(worked_example(net, x, y, 0.3, digits=14))
    assert all(np.array_equal(array, before[name]) for name, array in net.parameters.items())
    SGD(0.3).step([*net.parameters.values()], [*net.trace(x, y).gradients.values()])
    for name, array in net.parameters.items():
        np.testing.assert_allclose(told[rf"{name[0]}^{name[1:]} \leftarrow"][-1][0], array, atol=1e-13)
    np.testing.assert_allclose(told[r"C_\text{new}"][0][0], net.cost(x, y), atol=1e-13)


@pytest.mark.parametrize("blank", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_katex_draws_every_formula(loss: str, blank: bool) -> None:
    """The book's own strict renderer takes all of the mathematics, in displays and in sentences."""
    net, x, y = network([8, 3, 4, 2, 9, 2], [*ACTIVATIONS], loss, 8)
    told = worked_example(net, 1e-6 * x, y, 1e7, digits=2, blank=blank)
    assert r"\times 10^{" in told
    displays = re.findall(r"\$\$\n(.*?)\n\$\$", told, re.DOTALL)
    inline = re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.*?\$\$", "", told, flags=re.DOTALL))
    assert len(displays) > 30
    assert len(inline) > 10
    for tex in displays:
        assert RENDERER.render(tex, display=True)
    for tex in inline:
        assert RENDERER.render(tex)
    assert r"\tag" not in told
    assert not re.search(r"^#", told, re.MULTILINE)


def test_a_tenth_layer_has_both_its_digits_above() -> None:
    """Layer 10 is written with braces, or the nought would fall down."""
    net, x, y = network([1] * 12, ["tanh"] * 11, "half_squared_error", 1)
    told = worked_example(net, x, y, 0.3)
    assert r"z^{10} &= W^{10} a^9 + b^{10}" in told
    assert r"\frac{\partial C}{\partial W^{11}} &= \delta^{11} (a^{10})^T" in told
    assert "^10" not in told


def test_functions_of_the_readers_own_are_called_by_their_name() -> None:
    """An activation or a loss that is none of the package's is written without its formula."""
    cube = Activation("cube", lambda z: z**3, lambda z: 3 * z**2)
    far = Loss("quartic", lambda a, y: float(np.sum((a - y) ** 4)), lambda a, y: 4 * (a - y) ** 3)
    told = worked_example(Network([Dense.from_parameters([[2]], [0.0], cube)], far), [1.0], [9.0], 0.001)
    assert "Layer 1 has the activation cube, entry by entry." in told
    assert "The cost is quartic." in told
    found = formulas(told)
    assert found["a^1"][-1] == [[[8]]]
    assert found["C"] == [[[[1]]]]
    assert found[r"\nabla_a C"] == [[[[-4]]]]
    assert found[r"\delta^1"] == [[[[-4]], [[12]]], [[[-48]]]]
    other = Loss("half_squared_error", far.value, far.gradient)
    assert "2N" not in worked_example(Network([Dense.from_parameters([[2]], [0.0])], other), [1.0], [9.0], 0.001)
    impostor = Activation("sigmoid", lambda z: z, np.ones_like)
    told = worked_example(Network([Dense.from_parameters([[2]], [0.0], impostor)]), [1.0], [9.0], 0.001)
    assert "e^{-z}" not in told


def test_single_precision_is_written_as_what_it_is() -> None:
    """A given 0.1 stays 0.1 in float32, which is not the 0.1 of float64."""
    net = Network([Dense.from_parameters(np.array([[0.1]], np.float32), [0])])
    assert formulas(worked_example(net, [1], [0], 0.5, digits=14))["W^1"] == [[[[0.1]]]]


class Mirror(Layer):
    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def forward(self, a_prev: np.ndarray) -> np.ndarray:
        return -a_prev

    def pull_back(self, a_prev: np.ndarray, delta: np.ndarray) -> np.ndarray:
        return -delta

    def __repr__(self) -> str:
        return "Mirror()"


NET, X, Y = network([2, 1], ["sigmoid"], "half_squared_error", 1)


def example(net: Any = NET, x: Any = X, y: Any = Y, rate: Any = 0.5, **options: Any) -> str:
    return worked_example(net, x, y, rate, **options)


MISUSES: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: example("net"), TypeError, "network: expected a Network, got 'net'"),
    (
        lambda: example(Network([NET.layers[0], Mirror()]), X, Y),
        TypeError,
        "network: expected layers of the kinds Dense, Conv2d, MaxPool2d, AvgPool2d, Flatten, got Mirror() as layer 2",
    ),
    (lambda: example(x=[1, 2, 3]), ValueError, "x: expected shape (N, 2) or one example (2,), got (3,)"),
    (lambda: example(y=[1, 2]), ValueError, "y: expected 1 targets, one for each example of x, got 2"),
    (lambda: example(rate="1"), TypeError, "learning_rate: expected a number, got '1'"),
    (lambda: example(rate=-1), ValueError, "learning_rate: expected a finite number above zero, got -1"),
    (lambda: example(digits=-1), ValueError, "digits: expected at least 0, got -1"),
    (lambda: example(digits=18), ValueError, "digits: expected at most 17, which is all a number has, got 18"),
    (lambda: example(digits=2.0), TypeError, "digits: expected a whole number, got 2.0"),
    (
        lambda: example(Network([Dense.from_parameters([[1e308, 1e308]], [0])]), x=[9, 9]),
        ValueError,
        "network: expected finite numbers in every step, got others in z of layer 1",
    ),
    (
        lambda: example(Network([Dense.from_parameters([[1.0, 1.0]], [0])]), x=[1e3, 1e3], rate=1e304),
        ValueError,
        "learning_rate: expected a step that keeps all numbers finite, got 1e+304",
    ),
    (
        lambda: example(Network([Dense.from_parameters([[1.0, 1.0]], [0])]), x=[1e155, 1e155]),
        ValueError,
        "network: expected finite numbers in every step, got others in the cost",
    ),
]


@pytest.mark.parametrize(("misuse", "error", "text"), MISUSES, ids=[text[:60] for _, _, text in MISUSES])
def test_misuse_is_named(misuse: Callable[[], object], error: type[Exception], text: str) -> None:
    """Each misuse raises its error at once, and the text names the argument, what was expected and what was given."""
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        misuse()


def shown_in_a_notebook(trace: Trace) -> str | None:
    return trace._repr_markdown_()


def test_a_trace_shows_itself_in_a_notebook() -> None:
    """It is the worked example without the update, for which a trace has no learning rate."""
    net, x, y = network([2, 3, 1], ["sigmoid", "tanh"], "half_squared_error", 2)
    shown = shown_in_a_notebook(net.trace(x, y))
    assert shown is not None
    assert worked_example(net, x, y, 0.5).startswith(shown.rstrip())
    assert "Update" not in shown


def test_a_trace_that_has_been_overtaken_does_not_pretend() -> None:
    """After the network has learned, the trace's numbers no longer fit its weights, and it shows its usual line."""
    net, x, y = network([2, 3, 1], ["sigmoid", "tanh"], "half_squared_error", 2)
    trace = net.trace(x, y)
    SGD(0.1).step([*net.parameters.values()], [*trace.gradients.values()])
    assert shown_in_a_notebook(trace) is None


def test_a_trace_that_cannot_be_written_shows_its_usual_line() -> None:
    """A layer that the worked example does not know, or a number that is not finite, is no error in a notebook."""
    assert shown_in_a_notebook(Network([NET.layers[0], Mirror()]).trace(X, Y)) is None
    net = Network([Dense.from_parameters([[1.0, 1.0]], [0])])
    with np.errstate(all="ignore"):
        trace = net.trace([1e155, 1e155], [0.0])
    assert shown_in_a_notebook(trace) is None


def test_sections_are_titled_in_the_order_of_the_algorithm() -> None:
    """Forward to the end, the cost, backward to the start, the update."""
    net, x, y = network([2, 3, 1], ["sigmoid", "tanh"], "half_squared_error", 2)
    titles = [section.title for section in worked_sections(net, x, y, 0.5)]
    there = ["Forward, layer 1", "Forward, layer 2"]
    back = ["Backward, layer 2", "Backward, layer 1"]
    assert titles == ["Given", *there, "Cost", *back, "Update"]


def well_known() -> Network:
    """The network of two inputs, two hidden neurons and two outputs that most students know."""
    return Network(
        [
            Dense.from_parameters([[0.15, 0.20], [0.25, 0.30]], [0.35, 0.35], "sigmoid"),
            Dense.from_parameters([[0.40, 0.45], [0.50, 0.55]], [0.60, 0.60], "sigmoid"),
        ]
    )


def test_the_network_most_students_know_is_written_out_whole() -> None:
    """Each output's share of the cost, what comes back to a neuron as the sum of two paths, biases held."""
    net = well_known()
    told = worked_example(net, [0.05, 0.10], [0.01, 0.99], 0.5, digits=9, hold=["b"])
    found = formulas(told)
    a = [1 / (1 + math.exp(-z)) for z in (0.15 * 0.05 + 0.2 * 0.1 + 0.35, 0.25 * 0.05 + 0.3 * 0.1 + 0.35)]
    out = [1 / (1 + math.exp(-(w * a[0] + v * a[1] + 0.6))) for w, v in ((0.4, 0.45), (0.5, 0.55))]
    shares = [(o - y) ** 2 / 2 for o, y in zip(out, (0.01, 0.99), strict=True)]
    assert f"&= {shares[0]:.9f} + {shares[1]:.9f} " in told
    deltas = [(o - y) * o * (1 - o) for o, y in zip(out, (0.01, 0.99), strict=True)]
    _, paths, come, _ = found[r"\delta^1"]
    assert paths[0][0] == [round(0.4 * deltas[0], 9)]
    assert paths[1][0] == [round(0.5 * deltas[1], 9)]
    assert come[0][0] == [0.036350306]
    assert math.isclose(0.4 * deltas[0] + 0.5 * deltas[1], 0.036350306, abs_tol=1e-9)
    assert r"W^1 \leftarrow" in found
    assert r"b^1 \leftarrow" not in found
    assert "except those that are held where they are: $b^1$, $b^2$." in told
    SGD(0.5).step([*net.parameters.values()][::2], [*net.trace([0.05, 0.10], [0.01, 0.99]).gradients.values()][::2])
    assert found[r"C_\text{new}"] == [[[[round(net.cost([0.05, 0.10], [0.01, 0.99]), 9)]]]]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_shares_of_the_outputs_add_up_to_the_cost(loss: str) -> None:
    """The line before the result has one summand for each output, and they are right one by one."""
    net, x, y = network([2, 3], ["identity"], loss, 4)
    told = worked_example(net, x, y, 0.3, digits=14)
    line = re.search(r"\n&= ([\d.]+ \+ [\d.]+ \+ [\d.]+) \\\\\n&= [\d.]+ \\end", told)
    assert line is not None
    a = net.forward(x.T)[-1].a.tolist()
    right = []
    for j in range(3):
        others = [row if k == j else target for k, (row, target) in enumerate(zip(a, y.T.tolist(), strict=True))]
        if loss.endswith("squared_error"):
            right.append(cost_by_hand(loss, others, y.T.tolist())[0])
        else:
            p = cost_by_hand(loss, a, y.T.tolist())[2]
            t = y.T.tolist()[j]
            total = sum(t[i] * math.log(p[j][i]) for i in range(4))
            total += sum((1 - t[i]) * math.log(1 - p[j][i]) for i in range(4)) if loss.startswith("binary") else 0
            right.append(-total / 4)
    np.testing.assert_allclose([float(share) for share in line[1].split(" + ")], right, rtol=1e-9)


@pytest.mark.parametrize("digits", [0, 1, 4])
def test_what_is_given_is_never_rounded(digits: int) -> None:
    """Weights, inputs, targets and the rate stand as they were given, however few decimals the results have."""
    W, b, x, y = [[0.15, 0.123456789]], [-5_000_000.25], [1.5e-7, 0.05], [0.01]
    found = formulas(worked_example(Network([Dense.from_parameters(W, b)]), x, y, 0.125, digits=digits))
    assert found["W^1"] == [[W]]
    assert found["b^1"] == [[[b]]]
    assert found["x = a^0"] == [[[[value] for value in x]]]
    assert found["y"] == [[[y]]]
    assert found[r"\eta"] == [[[[0.125]]]]


@pytest.mark.parametrize("digits", [0, 4, 8, 17])
def test_given_numbers_that_are_rounded_are_said_to_be(digits: int) -> None:
    """Numbers as long as only a random draw makes them are rounded in arrays, and the text says so; the rate never is."""
    W, rate = 1 / 3, 1 / 7
    told = worked_example(Network([Dense.from_parameters([[W]], [0.5])]), [0.25], [1.0], rate, digits=digits)
    shown = f"{W:.{max(digits, 4)}f}" if digits < 16 else repr(W)
    assert rf"W^1 = \begin{{bmatrix}} {shown} \end{{bmatrix}}" in told
    assert rf"\eta = {rate!r}" in told
    assert (f"So are those given numbers that are long, to {max(digits, 4)} decimals." in told) == (digits < 16)


def test_numbers_of_seven_digits_are_powers_of_ten_whatever_their_sign() -> None:
    for value in (5e6, -5e6):
        sign = "-" if value < 0 else ""
        assert numbers(value, 4).cells == ((rf"{sign}5.000 \times 10^{{6}}",),)
        assert numbers(value, 4, given=True).cells == ((rf"{sign}5 \times 10^{{6}}",),)


def pickled(protocol: int) -> Callable[[Network], Network]:
    def copied(net: Network) -> Network:
        twin = pickle.loads(pickle.dumps(net, protocol))
        assert isinstance(twin, Network)
        return twin

    return copied


COPIES: dict[str, Callable[[Network], Network]] = {
    "astype": lambda net: net.astype(np.float64),
    "float32": lambda net: net.astype(np.float32),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_copied_network_keeps_its_formulas(loss: str, way: str) -> None:
    """Activations and losses are known by what they are, however the network was copied."""
    net, x, y = network([2] * (len(ACTIVATIONS) + 1), [*ACTIVATIONS], loss, 2)

    def words(net: Network) -> list[str]:
        return [part for s in worked_sections(net, x, y, 0.1) for part in s.parts if isinstance(part, str)]

    assert words(COPIES[way](net)) == words(net)


def test_a_readers_name_is_no_markup() -> None:
    """A link or a tag is refused as the name of an activation or a loss, and underscores make nothing bold."""
    for name in ("[x](javascript:alert(1))", "<b onclick=x>", "a$b$c", "a\x1b[31m"):
        with pytest.raises(ValueError, match=r"^name: expected letters, digits and underscores"):
            Activation(name, np.tanh, np.tanh)
        with pytest.raises(ValueError, match=r"^name: expected letters, digits and underscores"):
            Loss(name, lambda a, y: float(np.vdot(a, y)), lambda a, y: a - y)
    name = "__cube__"
    cube = Activation(name, lambda z: z**3, lambda z: 3 * z**2)
    far = Loss(name, lambda a, y: float(np.sum((a - y) ** 4)), lambda a, y: 4 * (a - y) ** 3)
    net = Network([Dense.from_parameters([[2]], [0.0], cube)], far)
    rendered = markdown.markdown(worked_example(net, [1.0], [9.0], 0.001))
    assert f"has the activation {name}, entry by entry." in rendered
    assert f"The cost is {name}." in rendered
    assert f"The cost is {name}." in text(worked_sections(net, [1.0], [9.0], 0.001))


def test_each_section_back_says_where_its_error_comes_from() -> None:
    net, x, y = network([2, 3, 2, 1], ["tanh"] * 3, "half_squared_error", 1)
    back = {s.title: s.parts[0] for s in worked_sections(net, x, y, 0.5) if s.title.startswith("Backward")}
    assert back == {
        "Backward, layer 3": "The error at the output, by BP1, and the gradients, by BP3 and BP4.",
        "Backward, layer 2": "The error comes back from layer 3, by BP2; the gradients by BP3 and BP4.",
        "Backward, layer 1": "The error comes back from layer 2, by BP2; the gradients by BP3 and BP4.",
    }


HOLD_MISUSES: list[tuple[Any, type[Exception], str]] = [
    ("b", TypeError, "hold: expected a list of names such as ['b'], got 'b'"),
    (["c"], ValueError, "hold: expected names among W, b, W1, b1, got 'c'"),
]


@pytest.mark.parametrize(("hold", "error", "words"), HOLD_MISUSES)
def test_a_misused_hold_is_named(hold: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(words)}$"):
        example(hold=hold)
