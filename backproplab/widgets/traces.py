"""A network and one whole step of gradient descent as JSON, with every digit, for the page's own network to read."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backproplab.activations import ACTIVATIONS
from backproplab.checks import Array
from backproplab.layers import Layer
from backproplab.loading import LAYERS
from backproplab.losses import LOSSES
from backproplab.network import Network, Step
from backproplab.optimizers import SGD


def network_json(network: Network) -> dict[str, Any]:
    """Return what `Network.from` in `network.js` reads.

    Parameters in float64 are nested lists, whose digits lead back to the same numbers; those in float32 are an object
    with their shape and, under `float32`, their bytes in base 64, which are a third as long.

    Raises:
        ValueError: If a layer, an activation or the loss is not the package's own, or a parameter is not finite.
    """
    if LOSSES.get(network.loss.name) is not network.loss:
        raise ValueError(f"network: expected a loss of the package's own, got {network.loss}")
    network.check_parameters()
    layers = [_layer_json(layer) for layer in network.layers]
    return {"input_shape": list(network.input_shape), "loss": network.loss.name, "layers": layers}


def _layer_json(layer: Layer) -> dict[str, Any]:
    kind, activation = type(layer).__name__, layer.activation
    if LAYERS.get(kind) is not type(layer) or ACTIVATIONS.get(activation.name) is not activation:
        raise ValueError(f"network: expected layers and activations of the package's own, got {layer!r}")
    geometry = {name: list(getattr(layer, name)) for name in ("window", "stride", "padding") if hasattr(layer, name)}
    return {"type": kind, "activation": activation.name, **geometry, **_arrays_json(layer.parameters)}


def _arrays_json(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {name: _array_json(array) for name, array in arrays.items()}


def _array_json(array: Array) -> Any:
    if array.dtype == np.float64:
        return array.tolist()
    return {"shape": list(array.shape), "float32": base64.b64encode(array.astype("<f4").tobytes()).decode("ascii")}


def trace_json(network: Network, x: ArrayLike, y: ArrayLike, learning_rate: float) -> dict[str, Any]:
    """Return one step of gradient descent with everything that is computed on the way, in float64.

    Args:
        network: The network; it stays as it is.
        x: Rows of examples, or one example.
        y: Targets, as for `Network.trace`.
        learning_rate: The step size η.

    Returns:
        The network, `x` and `y` as rows, `learning_rate`, `cost`, a step for each layer with `z`, `a`, `grad_a`,
        `prime_z`, `delta` and `gradients`, the `input_gradient`, and the `updated` parameters by name; as in a trace,
        examples are columns in all but `x` and `y`.

    Raises:
        TypeError: If `x` or `y` is not numeric.
        ValueError: If a shape does not fit, a number is not finite, or a part of the network is not the package's own.
    """
    exact = network.astype(np.float64)
    rows, targets = exact.pairs(x, y)
    trace = exact.trace(rows, targets)
    grad_a = [step.layer.pull_back(step.a_prev, step.delta) for step in trace.steps]  # of what comes into each layer
    grad_a.append(trace.loss.gradient(trace.steps[-1].a, trace.y))
    result = {
        "network": network_json(exact),
        "x": rows.tolist(),
        "y": targets.tolist(),
        "learning_rate": learning_rate,
        "cost": trace.cost,
        "steps": [_step_json(step, grad) for step, grad in zip(trace.steps, grad_a[1:], strict=True)],
        "input_gradient": grad_a[0].tolist(),
    }
    SGD(learning_rate).step([*exact.parameters.values()], [*trace.gradients.values()])
    return result | {"updated": _arrays_json(exact.parameters)}


def _step_json(step: Step, grad_a: Array) -> dict[str, Any]:
    arrays = {"z": step.z, "a": step.a, "grad_a": grad_a, "prime_z": step.prime_z, "delta": step.delta}
    return {**_arrays_json(arrays), "gradients": _arrays_json(step.grads)}
