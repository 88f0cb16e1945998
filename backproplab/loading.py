"""Loading: a network comes back from its file, layers and all."""

import ast
import os
import re
from importlib.resources import as_file, files
from typing import Any, cast

import numpy as np

from backproplab.activations import ACTIVATIONS
from backproplab.checks import Array, real_array
from backproplab.convolution import Conv2d
from backproplab.layers import Dense, Flatten, Layer
from backproplab.network import Network
from backproplab.pooling import AvgPool2d, MaxPool2d
from backproplab.storage import read_all

__all__ = ["load_network", "recorded_network"]

LAYERS: dict[str, Any] = {layer.__name__: layer for layer in (Dense, Conv2d, MaxPool2d, AvgPool2d, Flatten)}


def load_network(path: str | os.PathLike[str]) -> Network:
    """Return the network that a file holds, as `Network.save` wrote it.

    Args:
        path: The file.

    Returns:
        A new network, in float64 if all its parameters were saved so, and else in float32.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If `path` is none.
        ValueError: If the file holds no network, a damaged one, or one with a layer, an activation or a loss that is
            not the package's own: build that one yourself, and `load` the file into it.
    """
    lines, arrays = read_all(path)
    numbers = {name: real_array(array, f"{path}: {name}") for name, array in arrays.items()}
    kind = np.result_type(np.float32, *numbers.values())
    parameters = {name: array.astype(kind) for name, array in numbers.items()}
    try:
        first, *middle, last = lines
        shape = ast.literal_eval(first.removeprefix("input shape "))
        layers = [_layer(line, number, parameters) for number, line in enumerate(middle, 1)]
        network = Network(layers, last.removeprefix("loss "), shape)
    except (KeyError, RecursionError, SyntaxError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected a network of the package's own parts, got another: {error}") from error
    if network.architecture != lines or network.parameters.keys() != parameters.keys():
        raise ValueError(f"{path}: expected the arrays of the network that it describes, got others")
    return network


def _layer(line: str, number: int, parameters: dict[str, Array]) -> Layer:
    """Return the layer that a line of the architecture describes, such as `layer 1 Dense(784, 30, sigmoid)`."""
    found = re.fullmatch(rf"layer {number} (\w+)\((.*)\)", line)
    if not found or found[1] not in LAYERS:
        raise ValueError(f"layer {number} is {line!r}")
    call = ast.parse(f"layer({found[2]})", mode="eval").body
    if not isinstance(call, ast.Call):
        raise ValueError(f"layer {number} is {line!r}")
    settings = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
    own = [parameters[f"{name}{number}"] for name in ("W", "b") if f"{name}{number}" in parameters]
    if own:
        activation = next((argument.id for argument in call.args if isinstance(argument, ast.Name)), "")
        if activation not in ACTIVATIONS:
            raise ValueError(f"the activation {activation} of layer {number} is not the package's own")
        return cast("Layer", LAYERS[found[1]].from_parameters(*own, activation, **settings))
    return cast("Layer", LAYERS[found[1]](*map(ast.literal_eval, call.args), **settings))


def recorded_network() -> Network:
    """Return the convolutional network that comes with the package and reads MNIST's digits.

    Raises:
        FileNotFoundError: If the package was installed without it.
    """
    with as_file(files("backproplab").joinpath("data/mnist-cnn.npz")) as path:
        return load_network(path)
