"""Initialisation: how large the weights are that a layer draws before it has learnt anything."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np

from backproplab.checks import Array, array_size, generator, positive
from backproplab.options import function, symbol, whole_numbers

__all__ = ["INITIALIZATIONS", "Initialization", "he", "lecun", "normal", "xavier"]


@dataclass(frozen=True)
class Initialization:
    r"""A rule for the first weights: normal random numbers with mean 0 and a standard deviation that fits the layer.

    Attributes:
        name: The name under which layers know it.
        deviation: Gives the standard deviation for $n_\text{in}$, the weights that lead into one neuron, $n_\text{out}$,
            the weights that lead out of one input, and the gain of the layer's activation.

    Raises:
        TypeError: If `deviation` cannot be called.
        ValueError: If the name is not made of letters, digits and underscores.
    """

    name: str
    deviation: Callable[[int, int, float], float]

    def __post_init__(self) -> None:
        symbol(self.name, "name"), function(self.deviation, "deviation")

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        # copied and pickled by its name, one of the package's own stays the same object
        return self.name if INITIALIZATIONS.get(self.name) is self else super().__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return self.name

    def draw(self, shape: tuple[int, ...], gain: float, rng: np.random.Generator) -> Array:
        """Return weights of the shape (outputs, inputs, …), where further axes are those of a kernel.

        A kernel of K × K′ has C K K′ weights that lead into one neuron, and F K K′ that lead out of one input.

        Args:
            shape: The shape of the weights.
            gain: The gain of the layer's activation.
            rng: The generator to draw from.

        Raises:
            TypeError: If `shape` is no tuple of whole numbers, `gain` is no number, or `rng` is no generator.
            ValueError: If `shape` has fewer than two axes or is larger than any memory, or `gain` or the standard
                deviation is not above zero.
        """
        sizes = whole_numbers(shape, "shape")
        if len(sizes) < 2:
            raise ValueError(f"shape: expected (outputs, inputs, …), got {sizes}")
        array_size(sizes, "shape")
        outputs, inputs, *kernel = sizes
        places = math.prod(kernel)
        deviation = self.deviation(inputs * places, outputs * places, positive(gain, "gain"))
        return positive(deviation, f"deviation of {self.name}") * generator(rng).standard_normal(sizes)


lecun = Initialization("lecun", lambda fan_in, _, gain: gain / math.sqrt(fan_in))
r"""What layers start from unless told otherwise: standard deviation $g / \sqrt{n_\text{in}}$, with the activation's gain $g$.

Source: LeCun et al. 1998, *Efficient BackProp*, equation 16; the gain from He et al. 2015, section 2.2.
"""

xavier = Initialization("xavier", lambda fan_in, fan_out, _: math.sqrt(2 / (fan_in + fan_out)))
r"""A compromise between the forward and the backward pass: standard deviation $\sqrt{2 / (n_\text{in} + n_\text{out})}$.

Source: Glorot and Bengio 2010, *Understanding the Difficulty of Training Deep Feedforward Neural Networks*, equation 12.
"""

he = Initialization("he", lambda fan_in, _, __: math.sqrt(2 / fan_in))
r"""For rectifiers, which pass on half of what they get: standard deviation $\sqrt{2 / n_\text{in}}$.

Source: He et al. 2015, *Delving Deep into Rectifiers*, equation 10.
"""

normal = Initialization("normal", lambda _, __, ___: 1.0)
r"""Standard deviation 1, however many weights there are: large layers saturate, which is what it is good for showing.

Source: Nielsen, *Neural Networks and Deep Learning*, chapter 1, whose first program draws weights so.
"""

INITIALIZATIONS = {rule.name: rule for rule in (lecun, xavier, he, normal)}
"""Every initialisation of the package by its name."""
