"""Every way of holding convolution and pooling wrong: which argument or layer, what was expected, what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import AvgPool2d, Conv2d, Dense, Flatten, MaxPool2d, Network, correlate, kernel_gradient

if TYPE_CHECKING:
    from collections.abc import Callable

    from backproplab.layers import Layer

rng = np.random.default_rng(0)


def layered(*layers: Layer, shape: Any = (1, 6, 6)) -> Callable[[], Network]:
    return lambda: Network(layers, input_shape=shape)


def conv(*arguments: Any, **options: Any) -> Callable[[], Conv2d]:
    return lambda: Conv2d(*arguments, **({"rng": rng} | options))


MISUSE: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "zero kernel": (conv(1, 1, 0), ValueError, "kernel: expected at least 1, got 0"),
    "kernel of half a pixel": (conv(1, 1, 2.5), TypeError, "kernel: expected a whole number, got 2.5"),
    "kernel of three sizes": (
        conv(1, 1, (3, 3, 3)),
        ValueError,
        "kernel: expected a whole number or a pair of them, got (3, 3, 3)",
    ),
    "kernel zero across": (conv(1, 1, (3, 0)), ValueError, "kernel: expected at least 1, got 0"),
    "no channels": (conv(0, 1, 3), ValueError, "inputs: expected at least 1, got 0"),
    "no maps": (conv(1, 0, 3), ValueError, "outputs: expected at least 1, got 0"),
    "zero stride": (conv(1, 1, 3, stride=0), ValueError, "stride: expected at least 1, got 0"),
    "stride of half a pixel": (conv(1, 1, 3, stride=1.5), TypeError, "stride: expected a whole number, got 1.5"),
    "stride true": (conv(1, 1, 3, stride=True), TypeError, "stride: expected a whole number, got True"),
    "negative padding": (conv(1, 1, 3, padding=-1), ValueError, "padding: expected at least 0, got -1"),
    "padding in words": (conv(1, 1, 3, padding="same"), TypeError, "padding: expected a whole number, got 'same'"),
    "padding as large as the kernel": (
        conv(1, 1, 3, padding=3),
        ValueError,
        "padding: expected less than the kernel, 3, got 3",
    ),
    "padding too large across": (
        conv(1, 1, (3, 2), padding=(1, 2)),
        ValueError,
        "padding: expected less than the kernel, (3, 2), got (1, 2)",
    ),
    "unknown activation": (
        conv(1, 1, 3, "cube"),
        ValueError,
        "activation: expected one of sigmoid, tanh, relu, leaky_relu, identity, got 'cube'",
    ),
    "no generator": (
        conv(1, 1, 3, rng=0),
        TypeError,
        "rng: expected a numpy.random.Generator such as default_rng(0), got 0",
    ),
    "whole-number kernels": (conv(1, 1, 3, dtype=int), TypeError, "dtype: expected float32 or float64, got int64"),
    "kernels without channels": (
        lambda: Conv2d.from_parameters(np.ones((3, 3)), [0]),
        ValueError,
        "W: expected shape (outputs, inputs, height, width), got (3, 3)",
    ),
    "kernels in float16": (
        lambda: Conv2d.from_parameters(np.ones((1, 1, 3, 3), np.float16), [0]),
        TypeError,
        "W: expected float32 or float64, got float16",
    ),
    "too many biases": (
        lambda: Conv2d.from_parameters(np.ones((1, 2, 3, 3)), [0, 0]),
        ValueError,
        "b: expected shape (1,) or (1, 1) to fit W (1, 2, 3, 3), got (2,)",
    ),
    "no window": (lambda: MaxPool2d(0), ValueError, "window: expected at least 1, got 0"),
    "window in words": (lambda: AvgPool2d("all"), TypeError, "window: expected a whole number, got 'all'"),  # type: ignore[arg-type]
    "pool without a step": (lambda: MaxPool2d(2, stride=0), ValueError, "stride: expected at least 1, got 0"),
    "pool of half steps": (lambda: AvgPool2d(2, stride=0.5), TypeError, "stride: expected a whole number, got 0.5"),  # type: ignore[arg-type]
    "images of unknown size": (
        lambda: Network([conv(1, 1, 3)()]),
        ValueError,
        (
            "input_shape: expected the shape of one example, because "
            "Conv2d(1, 1, 3, identity, stride=1, padding=0) alone does not fix it"
        ),
    ),
    "images without rows": (
        layered(MaxPool2d(2), shape=(1, 0, 6)),
        ValueError,
        "input_shape: expected at least 1, got 0",
    ),
    "a number for a shape": (
        layered(MaxPool2d(2), shape=6),
        TypeError,
        "input_shape: expected a tuple of whole numbers, got 6",
    ),
    "other channels": (
        layered(conv(3, 1, 3)()),
        ValueError,
        (
            "layer 1, Conv2d(3, 1, 3, identity, stride=1, padding=0): expected an input of shape (3, height, width), "
            "got (1, 6, 6)"
        ),
    ),
    "convolution of a column": (
        layered(Flatten(), conv(1, 1, 3)()),
        ValueError,
        (
            "layer 2, Conv2d(1, 1, 3, identity, stride=1, padding=0): expected an input of shape (1, height, width), "
            "got (36,) (sizes on the way: (1, 6, 6) → (36,))"
        ),
    ),
    "pool of a column": (
        layered(Flatten(), AvgPool2d(2)),
        ValueError,
        (
            "layer 2, AvgPool2d(2, stride=2): expected an input of shape (channels, height, width), got (36,) "
            "(sizes on the way: (1, 6, 6) → (36,))"
        ),
    ),
    "nothing left for a pool": (
        layered(conv(1, 2, 3)(), MaxPool2d(3), MaxPool2d(2)),
        ValueError,
        (
            "layer 3, MaxPool2d(2, stride=2): expected an image of at least 2 × 2, got 1 × 1 "
            "(sizes on the way: (1, 6, 6) → (2, 4, 4) → (2, 1, 1))"
        ),
    ),
    "nothing left for a kernel": (
        layered(MaxPool2d(3), conv(1, 1, (5, 2), padding=(1, 0))()),
        ValueError,
        (
            "layer 2, Conv2d(1, 1, (5, 2), identity, stride=1, padding=(1, 0)): expected an image of at least 3 × 2, "
            "got 2 × 2 (sizes on the way: (1, 6, 6) → (1, 2, 2))"
        ),
    ),
    "dense without flatten": (
        layered(MaxPool2d(2), Dense(9, 2, rng=rng)),
        ValueError,
        (
            "layer 2, Dense(9, 2, identity): expected an input of shape (9,), got (1, 3, 3) "
            "(sizes on the way: (1, 6, 6) → (1, 3, 3))"
        ),
    ),
    "rows for images": (
        lambda: layered(MaxPool2d(2))().predict(np.ones((4, 36))),
        ValueError,
        "x: expected shape (N, 1, 6, 6) or one example (1, 6, 6), got (4, 36)",
    ),
    "channels last": (
        lambda: layered(MaxPool2d(2))().predict(np.ones((4, 6, 6, 1))),
        ValueError,
        "x: expected shape (N, 1, 6, 6) or one example (1, 6, 6), got (4, 6, 6, 1)",
    ),
    "correlation over other channels": (
        lambda: correlate(np.ones((2, 5, 5, 1)), np.ones((1, 3, 2, 2))),
        ValueError,
        "a: expected 3 channels, as many as W (1, 3, 2, 2) takes, got (2, 5, 5, 1)",
    ),
    "correlation over a small image": (
        lambda: correlate(np.ones((1, 2, 5, 1)), np.ones((1, 1, 3, 3))),
        ValueError,
        "a: expected an image of at least 3 × 3, got 2 × 5",
    ),
    "errors that fit no window": (
        lambda: kernel_gradient(np.ones((1, 4, 4, 1)), np.ones((1, 5, 5, 1)), (3, 3)),
        ValueError,
        "delta: expected shape (F, 3, 3, 1), got (1, 4, 4, 1)",
    ),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_answered_in_one_sentence(case: str) -> None:
    """The message names the argument or the layer, what was expected, and what was given."""
    act, kind, message = MISUSE[case]
    with pytest.raises(kind) as caught:
        act()
    assert str(caught.value) == message
