"""`Tensor`: every operation against central differences, and what a record must withstand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from backproplab import SGD, Tensor, Value, take_step
from backproplab.autograd import operations
from backproplab.autograd.operations import Operation, unbroadcast

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.extra.numpy import BroadcastableShapes

Shapes = tuple[tuple[int, ...], ...]

FOR_TWO: dict[str, Callable[..., Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
}
ENTRY_BY_ENTRY: dict[str, Callable[..., Any]] = {
    "-x": lambda x: -x,
    "** 3": lambda x: x**3,
    "** -1": lambda x: x**-1,
    "** 0": lambda x: x**0 + 0 * x,
    "** 1.5": lambda x: (x * x) ** 1.5,
    "exp": lambda x: x.exp(),
    "log": lambda x: (x * x).log(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "relu": lambda x: x.relu(),
}
REARRANGED: dict[str, Callable[..., Tensor]] = {
    "T": lambda x: x.T,
    "transpose": lambda x: x.transpose(2, 0, 1),
    "transpose from the end": lambda x: x.transpose((-1, 0, 1)),
    "reshape": lambda x: x.reshape(4, 6),
    "reshape with -1": lambda x: x.reshape((2, -1)),
    "one row": lambda x: x[1],
    "one entry": lambda x: x[1, 2, -1],
    "a slice": lambda x: x[:, ::2, 1:3],
    "the last of each": lambda x: x[..., -1],
    "a new axis": lambda x: x[:, None],
    "rows, one of them twice": lambda x: x[[0, 1, 1, 0]],
    "places": lambda x: x[[0, 1, 1], [2, 0, 0]],
    "a mask": lambda x: x[np.arange(24).reshape(2, 3, 4) % 3 == 0],
    "row by row": lambda x: [row.exp() for row in x][1],
}
MATMULS: list[Shapes] = [
    ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (6, 3, 4)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)), ((1, 1), (1, 1)), ((0, 3), (3, 4)),
]  # fmt: skip


def away_from_zero(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Numbers of both signs, none of them close to a kink or a pole."""
    rng = np.random.default_rng(seed)
    return np.array(rng.uniform(0.3, 2, shape) * rng.choice([-1, 1], shape))


def gradients_agree(operation: Callable[..., Tensor], *arrays: np.ndarray) -> bool:
    """Whether the gradient in every operand is the one that central differences measure, along a random direction."""
    tensors = [Tensor(array) for array in arrays]
    result = operation(*tensors)
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.5, 1.5, result.shape)
    result.backward(weights)
    h = 1e-5
    for place, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
        assert tensor.grad is not None
        assert tensor.grad.shape == array.shape
        assert tensor.grad.dtype == array.dtype
        for index in np.ndindex(array.shape):
            at = []
            for step in (h, -h):
                moved = [other.copy() for other in arrays]
                moved[place][index] += step
                at.append(float((operation(*map(Tensor, moved)).data * weights).sum()))
            measured = (at[0] - at[1]) / (2 * h)
            if abs(tensor.grad[index] - measured) > 1e-6 * (1 + abs(measured) + abs(at[0])):
                return False
    return True


@pytest.mark.parametrize("name", FOR_TWO)
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3), seed=st.integers(0, 99))
def test_two_operands_of_any_shapes(name: str, shapes: BroadcastableShapes, seed: int) -> None:
    """Operands are stretched as NumPy stretches them, and their gradients come back in their own shapes."""
    x, y = (away_from_zero(shape, seed + number) for number, shape in enumerate(shapes.input_shapes))
    assert FOR_TWO[name](Tensor(x), Tensor(y)).shape == shapes.result_shape
    assert gradients_agree(FOR_TWO[name], x, y)


@pytest.mark.parametrize("name", ENTRY_BY_ENTRY)
@given(shape=st.lists(st.integers(0, 3), max_size=3).map(tuple), seed=st.integers(0, 99))
def test_entry_by_entry(name: str, shape: tuple[int, ...], seed: int) -> None:
    """Functions of single numbers, on arrays of any shape, also of none and of no entries."""
    assert gradients_agree(ENTRY_BY_ENTRY[name], away_from_zero(shape, seed))


@pytest.mark.parametrize("shapes", MATMULS, ids=str)
def test_matrix_products(shapes: Shapes) -> None:
    """Matrices, vectors on either side, and stacks of matrices of which one or both are stretched."""
    x, y = (away_from_zero(shape, number) for number, shape in enumerate(shapes))
    np.testing.assert_array_equal((Tensor(x) @ Tensor(y)).data, x @ y)
    assert gradients_agree(lambda a, b: a @ b, x, y)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (1, -1), (), (0, 1, 2)])
@pytest.mark.parametrize("name", ["sum", "mean", "max"])
def test_reductions(name: str, axis: Any, keepdims: bool) -> None:
    """Over all axes, one, several or none, kept or not, the numbers are NumPy's and the gradients the measured ones."""
    x = away_from_zero((2, 3, 4), 5)
    result = getattr(Tensor(x), name)(axis, keepdims=keepdims)
    np.testing.assert_array_equal(result.data, getattr(x, name)(axis=axis, keepdims=keepdims))
    assert gradients_agree(lambda t: getattr(t, name)(axis, keepdims=keepdims), x)


@pytest.mark.parametrize("name", REARRANGED)
def test_rearranging(name: str) -> None:
    """Entries that are moved, left out or taken twice have the gradients that are measured."""
    assert gradients_agree(REARRANGED[name], away_from_zero((2, 3, 4), 6))


OPERATIONS = {name: value for name, value in vars(operations).items() if isinstance(value, Operation)}
CALLS: dict[str, Callable[..., Tensor]] = {
    "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y, "matmul": lambda x, y: x @ y, "negative": lambda x, _: -x, "power": lambda x, _: x**3,
    "exp": lambda x, _: x.exp(), "log": lambda x, _: (x * x).log(), "tanh": lambda x, _: x.tanh(),
    "sigmoid": lambda x, _: x.sigmoid(), "relu": lambda x, _: x.relu(), "sum_over": lambda x, _: x.sum(0),
    "mean_over": lambda x, _: x.mean(1), "max_over": lambda x, _: x.max(1), "reshape": lambda x, _: x.reshape(9),
    "transpose": lambda x, _: x.T, "take": lambda x, _: x[1],
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("factor", [-1.0, 1.001])
def test_a_wrong_pull_back_would_be_noticed(name: str, factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With any one pull-back wrong, in sign or by a thousandth, the comparison fails."""
    x, y = away_from_zero((3, 3), 7), away_from_zero((3, 3), 8)
    assert {*CALLS, "cross_entropy_of_rows"} == OPERATIONS.keys()
    operation = OPERATIONS[name]

    def compared() -> bool:
        return gradients_agree(lambda a, b: CALLS[name](a, b) + 0 * (a + b).sum(), x, y)

    assert compared()
    right = operation.pull_backs
    for place, pull_back in enumerate(right):
        wrong = [*right]
        wrong[place] = lambda *arrays, pull_back=pull_back, **given: factor * pull_back(*arrays, **given)
        monkeypatch.setattr(operation, "pull_backs", wrong)
        assert not compared()


def test_unbroadcast_adds_up_what_was_copied() -> None:
    """New axes in front disappear, and an axis of one entry gets the sum."""
    g = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(unbroadcast(g, (3, 1)), g.sum(axis=0).sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(unbroadcast(g, ()), g.sum())
    assert unbroadcast(g, (2, 3, 4)) is g


def test_ties_of_a_maximum_share_its_gradient() -> None:
    """Equally, so that the shares add up to the whole."""
    x = Tensor([[2, 1, 2], [0, 0, 0]])
    x.max(1).sum().backward()
    np.testing.assert_array_equal(x.grad, [[1 / 2, 0, 1 / 2], [1 / 3, 1 / 3, 1 / 3]])


def test_at_the_kink_and_at_the_pole() -> None:
    """The rectifier takes 0 at zero; x⁰ is flat everywhere; far out, nothing overflows."""
    x = Tensor([-1, 0, 1])
    x.relu().sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 1])
    x.zero_grad()
    (x**0).sum().backward()
    np.testing.assert_array_equal(x.grad, [0, 0, 0])
    for act in (Tensor.sigmoid, Tensor.tanh):
        far = Tensor([-1e4, -300, 300, 1e4])
        act(far).sum().backward()
        assert far.grad is not None
        assert np.isfinite(far.grad).all()
        assert (far.grad[1:3] > 0).all()  # 1 − z, subtracted, would have rounded to nothing


def test_shared_parents_add_up() -> None:
    """b = a + a, c = b * b: nothing is handed on before all of it is there, and no array is added to in place."""
    a = Tensor([1, 2])
    b = a + a
    c = b * b
    c.sum().backward()
    np.testing.assert_array_equal(b.grad, [4, 8])
    np.testing.assert_array_equal(a.grad, [8, 16])


def test_a_pass_spoils_nothing_that_it_was_handed() -> None:
    """Two operands that get the same array as their gradient own it apart, and a given gradient stays as it was."""
    x, y, start = Tensor([1, 2]), Tensor([3, 4]), np.array([1.0, 1.0])
    z = x + y
    z.backward(start)
    assert x.grad is not None
    x.grad *= 100
    np.testing.assert_array_equal(y.grad, [1, 1])
    np.testing.assert_array_equal(z.grad, [1, 1])
    np.testing.assert_array_equal(start, [1, 1])
    with pytest.raises(ValueError, match="read-only"):  # what may still be shared, nothing can write to
        z.grad[0] = 7  # type: ignore[index]
    start[:] = 7
    np.testing.assert_array_equal(z.grad, [1, 1])


def test_used_a_thousand_times_and_a_hundred_thousand_deep() -> None:
    """All shares arrive, and no recursion limits the length of a chain."""
    x = Tensor([1, 2])
    y = x * 2
    total: Any = 0
    for number in range(1_000):
        total = total + y * number
    total.sum().backward()
    np.testing.assert_array_equal(x.grad, 2 * sum(range(1_000)) * np.ones(2))
    x = deep = Tensor(1.0)
    for _ in range(100_000):
        deep = deep + 1
    deep.backward()
    assert x.grad == 1


def test_passes_add_up_until_zero_grad() -> None:
    """On what the user made; a result shows the last pass."""
    x = Tensor([1, 2])
    y = x * x
    z = (y * x).sum()
    z.backward()
    z.backward()
    np.testing.assert_array_equal(x.grad, [6, 24])
    np.testing.assert_array_equal(y.grad, [1, 2])
    x.zero_grad()
    assert x.grad is None
    z.backward()
    np.testing.assert_array_equal(x.grad, [3, 12])


def test_constants_are_copied_and_get_no_gradient() -> None:
    """An array that takes part stays the user's; changing it later, or the index, spoils nothing."""
    x, c, key = Tensor([1, 2]), np.array([3.0, 4.0]), [0, 0]
    z = (c * x[key] + c @ x).sum()
    c[:] = 100
    key[:] = [1, 1]
    z.backward()
    np.testing.assert_array_equal(x.grad, [3 + 4 + 2 * 3, 2 * 4])
    assert c.tolist() == [100, 100]


def test_what_was_recorded_cannot_be_changed_in_place() -> None:
    """NumPy refuses to write; new numbers are a new array, and what was recorded keeps the old one."""
    given = np.array([1.0, 2.0])
    x = Tensor(given)
    given[:] = 50
    z = x * x
    for array in (x.data, z.data):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5
    x.data = x.data + 10
    z.sum().backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    np.testing.assert_array_equal(x.data, [11, 12])


def test_a_step_between_forward_and_backward_is_noticed() -> None:
    """An optimizer moves arrays in place: a record of before refuses to go back, and touches no gradient."""
    x, y = Tensor([1, 2]), Tensor([1, 1])
    z = (x * y).sum()
    z.backward()
    take_step(SGD(0.1), [x])
    with pytest.raises(RuntimeError, match=r"^\*: an array was changed after it was recorded"):
        z.backward()
    np.testing.assert_array_equal(y.grad, [1, 2])
    np.testing.assert_array_equal(x.grad, [1, 1])
    (x * y).sum().backward()
    assert y.grad is not None
    np.testing.assert_allclose(y.grad, np.array([1 + 0.9, 2 + 1.9]))


@pytest.mark.parametrize("name", REARRANGED)
def test_a_step_changes_no_result(name: str) -> None:
    """A row, a transpose or another shape of a tensor keeps its numbers when an optimizer moves the tensor."""
    x = Tensor(away_from_zero((2, 3, 4), 6))
    result = REARRANGED[name](x)
    before = result.data.copy()
    x.grad = np.ones((2, 3, 4))
    take_step(SGD(0.1), [x])
    np.testing.assert_array_equal(result.data, before)


@pytest.mark.parametrize("name", [*FOR_TWO, *ENTRY_BY_ENTRY])
@given(x=st.floats(0.3, 2), y=st.floats(-2, -0.3))
def test_a_tensor_of_one_number_is_a_value(name: str, x: float, y: float) -> None:
    """Both engines, which share no derivative, give one number the same gradient."""
    operation = FOR_TWO.get(name) or (lambda a, b: ENTRY_BY_ENTRY[name](a * b))
    values, tensors = (Value(x), Value(y)), (Tensor(x), Tensor(y))
    operation(*values).backward()
    operation(*tensors).backward()
    for value, tensor in zip(values, tensors, strict=True):
        assert value.grad == pytest.approx(float(tensor.grad), rel=1e-13, abs=1e-15)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(dtype: Any) -> None:
    """Plain numbers take the precision of the tensor, and gradients have that of what they belong to."""
    x = Tensor(np.array([[1, 2], [3, 4]], dtype))
    z = ((2 * x + 1).tanh() @ x / 3 - x.mean(0)).sigmoid().max(0).sum()
    assert z.dtype == dtype
    z.backward()
    assert x.grad is not None
    assert x.grad.dtype == dtype
    (x * np.ones(2)).sum().backward()
    assert x.grad.dtype == dtype
    assert Tensor([1, 2]).dtype == np.float64


def hidden(value: object) -> Any:
    """Return what a type checker would refuse."""
    return value


T = Tensor(np.ones((2, 3)))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: T + np.ones((3, 2)), ValueError, r"\+: expected operand shapes .* got \(2, 3\) and \(3, 2\)"),
        (lambda: T @ T, ValueError, r"@: expected operand shapes that fit together, got \(2, 3\) and \(2, 3\)"),
        (lambda: T @ 2, ValueError, r"@: expected operand shapes that fit together, got \(2, 3\) and \(\)"),
        (lambda: T.reshape(4), ValueError, r"reshape: expected what fits the shape \(2, 3\)"),
        (lambda: T.transpose(0, 0), ValueError, r"axes: expected each axis of shape \(2, 3\) once, got \(0, 0\)"),
        (lambda: T.sum(2), ValueError, r"axis: expected different axes of shape \(2, 3\), got 2"),
        (lambda: T.sum((0, -2)), ValueError, r"axis: expected different axes of shape \(2, 3\), got \(0, -2\)"),
        (lambda: Tensor(np.ones((0, 2))).max(0), ValueError, r"axis: expected at least one entry .* \(0, 2\)"),
        (lambda: Tensor([]).mean(), ValueError, r"axis: expected at least one entry .* \(0,\)"),
        (lambda: T[5], IndexError, r"expected what fits the shape \(2, 3\): index 5 is out of bounds"),
        (lambda: T[T], TypeError, "index: expected whole numbers, slices or arrays of them, got a Tensor"),
        (T.backward, ValueError, r"gradient: expected an array of shape \(2, 3\), got none"),
        (lambda: T.backward(np.ones(3)), ValueError, r"gradient: expected shape \(2, 3\), got \(3,\)"),
        (lambda: T ** hidden(T), TypeError, "exponent: expected a number, got Tensor"),
        (lambda: Tensor(hidden(["a"])), TypeError, "data: expected real numbers"),
        (lambda: Tensor([[1], hidden([2, 3])]), ValueError, "data: expected a rectangular array"),
        (lambda: Tensor(np.ones(2, np.float16)), TypeError, "data: expected float32 or float64, got float16"),
        (lambda: float(T), TypeError, r"tensor: expected a single number, got shape \(2, 3\)"),
        (lambda: bool(T), TypeError, "tensor: expected a question about its numbers"),
        (lambda: len(Tensor(1)), TypeError, "tensor: expected at least one axis"),
        (lambda: [*Tensor(1)], TypeError, "tensor: expected at least one axis"),
        (lambda: setattr(T * 1, "data", np.ones((2, 3))), ValueError, "data: expected a tensor that you made"),
        (lambda: setattr(Tensor([1]), "data", [1, 2]), ValueError, r"data: expected shape \(1,\), got \(2,\)"),
        (lambda: max(hidden(T)), TypeError, "not supported"),
    ],
)
def test_what_is_refused(act: Callable[[], object], error: type[Exception], words: str) -> None:
    """One sentence says what was expected, with the shapes."""
    with pytest.raises(error, match=words):
        act()


@pytest.mark.parametrize("function", [np.sum, np.mean, np.max, np.min, np.prod, np.std, np.linalg.norm, np.concatenate])
def test_a_function_that_records_nothing_refuses(function: Callable[..., Any]) -> None:
    """No reduction of NumPy takes a tensor and silently loses its gradient; nor does an array, or a ufunc."""
    with pytest.raises(TypeError, match=rf"^numpy\.{function.__name__}: expected arrays, got a Tensor"):
        function(hidden(T))
    for act in (np.asarray, np.exp, math.exp, lambda t: np.array([1.0]).dot(t)):
        with pytest.raises(TypeError):
            act(hidden(T))


def test_builtin_sum_is_recorded() -> None:
    """Python's own sum goes over rows and adds them, so that it is tracked like any addition."""
    x = Tensor([[1, 2], [3, 4]])
    total = sum(hidden(x))
    np.testing.assert_array_equal(total.data, [4, 6])
    total.sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones((2, 2)))
    assert len(x) == 2
    assert float(x[1, 1]) == 4
    assert repr(x[0]) == "Tensor([1., 2.])"
