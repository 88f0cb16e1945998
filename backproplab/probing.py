"""The cost that a gradient check asks, along any line through its parameters, and how exactly it answers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from backproplab.checks import Array, plain_array, real_array
from backproplab.noise import precision, scatter
from backproplab.slopes import EPS, Line


class Problem:
    """A cost, where it is to be differentiated, and how exactly it answers there."""

    def __init__(self, cost: Callable[[dict[str, Array]], Any], parameters: dict[str, Array], *, shared: bool = False):
        self.cost, self.parameters, self.shared = cost, parameters, shared
        self.here, self.eps, self.noise = 0.0, EPS, 0.0
        self.place, self.trouble = "", "nan"

    def prepare(self) -> None:
        """Take the cost at the point, see that it is one number, always the same, and learn how exact it is."""
        answer = real_array(self._answer(), "cost")
        self.here = self._number(answer)
        self.see_that_it_stays()
        towards = self.direction(np.random.default_rng(0))
        line = Line(self.along(towards), 0.0, self.here)
        values = np.array([line.cost(k * 7e-4) for k in range(8)])
        self.eps = max(precision(values), float(np.finfo(answer.dtype).eps))
        self.noise = scatter(line)

    def see_that_it_stays(self) -> None:
        """Raise a `ValueError` if the cost is another one each time."""
        self.place = "nothing"
        for _ in range(4):
            if (again := self.value()) != self.here:
                raise ValueError(
                    f"cost: expected the same number whenever the parameters are the same, got {self.here} and then "
                    f"{again}; draw whatever is random once, before the check"
                )

    def _answer(self) -> Any:
        return self.cost(self.parameters if self.shared else {name: a.copy() for name, a in self.parameters.items()})

    def _number(self, answer: Array) -> float:
        if answer.size != 1:
            moved = f" when {self.place} was moved" if self.place else ""
            raise ValueError(
                f"cost: expected a function that returns one number, got an array of shape {answer.shape}{moved}"
            )
        return float(answer.item())

    def value(self) -> float:
        """Return the cost, or NaN where it has none."""
        try:
            answer = self._answer()
        except Exception as error:  # noqa: BLE001 – whatever the reader's function raises where it is not defined
            self.trouble = f"{type(error).__name__}: {error}"
            return np.nan
        number = self._number(plain_array(answer, "cost"))
        if not np.isfinite(number):
            self.trouble = str(number)
        return number

    def line(self, name: str, index: tuple[int, ...]) -> Line:
        """Return the cost as a function of one entry."""
        array, self.place = self.parameters[name], f"parameters[{name!r}] at {index}"
        centre = float(array[index])

        def cost_at(position: float) -> float:
            array[index] = position
            try:
                return self.value()
            finally:
                array[index] = centre

        return Line(cost_at, centre, self.here, self.eps, self.noise)

    def direction(self, rng: np.random.Generator) -> dict[str, Array]:
        """Draw a direction through all parameters, of about the length of one."""
        count = sum(array.size for array in self.parameters.values())
        return {
            name: rng.standard_normal(array.shape) * np.maximum(1, np.abs(array)) / np.sqrt(count)
            for name, array in self.parameters.items()
        }

    def along(self, direction: dict[str, Array]) -> Callable[[float], float]:
        """Return the cost as a function of how far one goes in a direction."""
        self.place = "all parameters together" if len(direction) > 1 else f"parameters[{next(iter(direction))!r}]"
        centre = {name: self.parameters[name].copy() for name in direction}

        def cost_at(position: float) -> float:
            for name, towards in direction.items():
                self.parameters[name] += position * towards
            try:
                return self.value()
            finally:
                for name, array in centre.items():
                    self.parameters[name][...] = array

        return cost_at

    def ignores(self, name: str) -> bool:
        """Say whether the cost stays the same wherever a whole parameter goes."""
        cost_at = self.along({name: np.random.default_rng(0).standard_normal(self.parameters[name].shape)})
        return all(cost_at(far) == self.here for far in (1e-3, 1.0, 1e3, -1e8, 1e8))
