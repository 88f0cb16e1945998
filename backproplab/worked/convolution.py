"""How convolution, pooling and flattening are written in a worked example."""

from backproplab.checks import Array
from backproplab.network import Step
from backproplab.windows import Pair, brief
from backproplab.worked.layers import DELTA, Writing, at, slope
from backproplab.worked.sections import Formula, Line, maps


class ConvWriting(Writing):
    r"""A convolution: $\star$ slides a kernel over an image, $*$ the same kernel turned by half a circle."""

    def about(self, number: int, step: Step) -> str:
        """Return what the layer does, in a sentence or two."""
        layer = step.layer
        words = r"The sign $\star$ slides each kernel over its maps and adds up its products with the window under it"
        sizes = {"stride": layer.stride, "padding": layer.padding}  # type: ignore[attr-defined]
        said = [
            f"{name} {brief(size)}" for name, size in sizes.items() if size != ((0, 0) if name == "padding" else (1, 1))
        ]
        geometry = f", with {' and '.join(said)}" if said else ""
        return (
            f"{words}{geometry}; what the channels give adds up, and each map has one bias. {super().about(number, step)} "
            "On the way back $\\star$ slides the errors, as far apart as their windows, over the maps, and $*$ slides the "
            "kernels, turned by half a circle, over these errors with zeros around them."
        )

    def forward(self, number: int, step: Step) -> Formula:
        """Return how z comes from the activations before."""
        W, b = step.layer.parameters.values()
        symbols = rf"{at('W', number)} \star {at('a', number - 1)} + {at('b', number)}"
        kernels, bias = self.kernels(W, given=True), self.show(b, given=True)
        a_prev = self.maps(step.a_prev, given=number == 1)
        filled: Line = [*kernels, r"\star", *a_prev, "+", bias]
        return Formula(at("z", number), [[symbols], filled, self.maps(step.z)])

    def gradients(self, number: int, step: Step) -> list[Formula]:
        """Return how the gradient of each parameter comes from δ."""
        delta = at(DELTA, number)
        weights: list[Line] = [
            [rf"{delta} \star {at('a', number - 1)}"],
            [*self.maps(step.delta), r"\star", *self.maps(step.a_prev, given=number == 1)],
            self.kernels(step.grads["W"]),
        ]
        biases: list[Line] = [
            [rf"\sum {delta}"],
            [r"\sum", *self.maps(step.delta)],
            [self.show(step.grads["b"])],
        ]
        return [Formula(slope(at("W", number)), weights), Formula(slope(at("b", number)), biases)]

    def pull_back(self, number: int, step: Step) -> tuple[str, Line]:
        """Return the gradient with respect to the activations before, in symbols and in numbers."""
        W = self.kernels(step.layer.parameters["W"], given=True)
        return f"{at('W', number)} * {at(DELTA, number)}", [*W, "*", *self.maps(step.delta)]

    def kernels(self, W: Array, *, given: bool = False) -> Line:
        """Return kernels, which have no axis for examples, one after the other."""
        return maps(W, self.digits, given=given)


class _CallWriting(Writing):
    """A layer without parameters: what it does has a name, and what comes back another."""

    bends = False

    def gradients(self, number: int, step: Step) -> list[Formula]:
        """Return how the gradient of each parameter comes from δ."""
        return []

    def forward(self, number: int, step: Step) -> Formula:
        """Return how z comes from the activations before."""
        sign = self.sign(step)
        filled = _called(sign, self.maps(step.a_prev, given=number == 1))
        return Formula(at("z", number), [[f"{sign}({at('a', number - 1)})"], filled, self.maps(step.z)])

    def pull_back(self, number: int, step: Step) -> tuple[str, Line]:
        """Return the gradient with respect to the activations before, in symbols and in numbers."""
        sign = self.back_sign(step)
        return f"{sign}({at(DELTA, number)})", _called(sign, self.maps(step.delta))

    def sign(self, step: Step) -> str:
        """Return the name of what it does."""
        raise NotImplementedError

    def back_sign(self, step: Step) -> str:
        """Return the name of what it does with errors."""
        raise NotImplementedError


class MaxPoolWriting(_CallWriting):
    """Max-pooling, and the way back to the winners."""

    def about(self, number: int, step: Step) -> str:
        """Return what the layer does, in a sentence or two."""
        return (
            f"Layer {number} keeps the largest number of each window{_windows(step)}; on the way back the whole error goes "
            "to where it was, to the first of several equal ones, and 0 to the others."
        )

    def sign(self, step: Step) -> str:
        """Return the name of what it does."""
        return r"\operatorname{max}"

    def back_sign(self, step: Step) -> str:
        """Return the name of what it does with errors."""
        return r"\operatorname{route}"


class AvgPoolWriting(_CallWriting):
    """Average-pooling, and the equal split on the way back."""

    def about(self, number: int, step: Step) -> str:
        """Return what the layer does, in a sentence or two."""
        return (
            f"Layer {number} takes the mean of each window{_windows(step)}; on the way back each number of a window gets an "
            "equal share of its error."
        )

    def sign(self, step: Step) -> str:
        """Return the name of what it does."""
        return r"\operatorname{mean}"

    def back_sign(self, step: Step) -> str:
        """Return the name of what it does with errors."""
        return r"\operatorname{split}"


class FlattenWriting(_CallWriting):
    """Flattening, and the way back to the maps."""

    def about(self, number: int, step: Step) -> str:
        """Return what the layer does, in a sentence or two."""
        return f"Layer {number} writes all numbers of an example below each other, map by map and row by row."

    def sign(self, step: Step) -> str:
        """Return the name of what it does."""
        return r"\operatorname{flatten}"

    def back_sign(self, step: Step) -> str:
        """Return the name of what it does with errors."""
        return r"\operatorname{fold}"


def _called(sign: str, line: Line) -> Line:
    """Return a name and what it is applied to, in one pair of brackets."""
    return [sign, *line] if len(line) > 1 else [rf"{sign}\left(", *line, r"\right)"]


def _windows(step: Step) -> str:
    """Return how large the windows are, and how far apart unless they lie side by side."""
    window: Pair = step.layer.window  # type: ignore[attr-defined]
    stride: Pair = step.layer.stride  # type: ignore[attr-defined]
    return f" of {window[0]} × {window[1]}" + ("" if stride == window else f", {brief(stride)} apart")
