"""The formulas of the package's own activations and losses, as a worked example writes them."""

from collections.abc import Callable, Sequence

import numpy as np

from backproplab.activations import ACTIVATIONS, LEAK, Activation
from backproplab.checks import Array
from backproplab.losses import LOSSES, Loss
from backproplab.worked.sections import Formula, Line, Numbers, Token, abbreviated

_ACTIVATIONS = {
    "sigmoid": (r"\frac{1}{1 + e^{-z}}", r"\sigma(z)\,(1 - \sigma(z))"),
    "tanh": (r"\tanh(z)", r"1 - \tanh^2(z)"),
    "relu": (r"\max(0, z)", r"1 \text{ for } z > 0\text{, else } 0"),
    "leaky_relu": (rf"\max(z, {LEAK} z)", rf"1 \text{{ for }} z > 0\text{{, else }} {LEAK}"),
    "identity": ("z", "1"),
}


def about_activation(activation: Activation) -> str:
    """Return the clause that says which function σ is, in formulas if it is one of the package's own."""
    if ACTIVATIONS.get(activation.name) != activation:
        return f"the activation {activation.name}"
    function, derivative = _ACTIVATIONS[activation.name]
    name = activation.name.replace("_", " ")
    return rf"the activation {name}, $\sigma(z) = {function}$ with $\sigma'(z) = {derivative}$"


_SQUARES = {  # numerator and denominator before the squares, and before their gradient
    "half_squared_error": (("1", "2N"), ("1", "N")),
    "squared_error": (("1", "N"), ("2", "N")),
    "mean_squared_error": (("1", "nN"), ("2", "nN")),
}
_ENTROPIES = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}


def _shares(loss: Loss, a: Array, y: Array) -> list[float]:
    """Return what each output adds to the cost: the cost where all others are as they should be."""
    if loss.name == "binary_cross_entropy":
        return [loss.value(a[j : j + 1], y[j : j + 1]) for j in range(len(a))]
    rows = np.eye(len(a), dtype=a.dtype)[:, :, np.newaxis]
    return [loss.value(a if loss.name in _ENTROPIES else row * a, row * y) for row in rows]


def cost_formulas(loss: Loss, last: str, a: Array, y: Array, show: Callable[..., Numbers]) -> tuple[list[Formula], str]:
    r"""Return the formulas of a loss, and what they say in words.

    Args:
        loss: The loss.
        last: The symbol of the last activation, such as `a^2`.
        a: The last activation, shape (n, N).
        y: The targets, shape (n, N).
        show: Turns an array into `Numbers`.

    Returns:
        The formulas, of which the last but one is the cost $C$ and the last its gradient $\nabla_a C$, and a sentence.
    """
    cost, grad, target = show(loss.value(a, y)), show(loss.gradient(a, y)), show(y, given=True)

    def fraction(over: str, under: str) -> tuple[str, str]:
        sizes = {"n": str(a.shape[0]), "N": str(a.shape[-1])}
        filled = r" \cdot ".join(sizes.get(letter, letter) for letter in under)
        return rf"\frac{{{over}}}{{{under}}}", rf"\frac{{{over}}}{{{filled}}}"

    def both(c: Sequence[Line], g: Sequence[Line]) -> list[Formula]:
        return [Formula("C", [*c, [cost]]), Formula(r"\nabla_a C", [*g, [grad]])]

    if LOSSES.get(loss.name) != loss:
        name = f"C({last}, y)"
        slope: Line = [rf"\frac{{\partial C}}{{\partial {last}}}"]
        return both([[name]], [slope]), f"The cost is {loss.name}."
    words = f"The cost is the {loss.name.replace('_', ' ')} of $N = {a.shape[-1]}$"
    words += " examples." if a.shape[-1] > 1 else " example."
    each: list[Line] = []
    if len(a) > 1:
        summands: list[Token] = abbreviated([show(share) for share in _shares(loss, a, y)], r"\cdots")
        summed: Line = [token for summand in summands for token in ("+", summand)][1:]
        each = [summed]
        words += " The sum in the line before the result has one summand for each output."
    if loss.name in _SQUARES:
        (of_cost, in_cost), (of_grad, in_grad) = (fraction(*pair) for pair in _SQUARES[loss.name])
        squares: Line = [in_cost, r"\left\lVert", show(a), "-", target, r"\right\rVert^2"]
        formulas = both(
            [[of_cost, rf"\left\lVert {last} - y \right\rVert^2"], squares, *each],
            [[of_grad, rf"({last} - y)"], [in_grad, r"\left(", show(a), "-", target, r"\right)"]],
        )
        words += r" The bars $\lVert \cdot \rVert^2$ add up the squares of all entries."
        return formulas, words + (f" There are $n = {len(a)}$ outputs." if loss.name == "mean_squared_error" else "")
    function, predicted = _ENTROPIES[loss.name], loss.prediction(a)
    p, (of, filled) = show(predicted), fraction("1", "N")
    call = rf"\operatorname{{{function}}}"
    chosen: list[Token] = [target, r"\odot \ln", p]
    others: list[Token] = []
    if function == "sigmoid":
        others = ["+", show(1 - y, given=True), r"\odot \ln", show(1 - predicted)]
    symbols = r"y \odot \ln p + (1 - y) \odot \ln(1 - p)" if others else r"y \odot \ln p"
    formulas = [
        Formula("p", [[rf"{call}({last})"], [call, show(a)], [p]]),
        *both(
            [
                ["-", of, r"\sum \left(", symbols, r"\right)"],
                ["-", filled, r"\sum \left(", *chosen, *others, r"\right)"],
                *each,
            ],
            [[of, "(p - y)"], [filled, r"\left(", p, "-", target, r"\right)"]],
        ),
    ]
    return formulas, words + r" It works on the probabilities $p$; $\sum$ adds up all entries."
