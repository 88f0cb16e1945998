"""The way to PyTorch and back: the same layers with copies of the same weights, in rows there as at the boundary here."""

from collections.abc import Iterator
from typing import Any

from backproplab.activations import ACTIVATIONS, Activation, identity
from backproplab.checks import shown
from backproplab.convolution import Conv2d
from backproplab.layers import Dense, Flatten, Layer
from backproplab.losses import Loss, half_squared_error
from backproplab.network import Network
from backproplab.pooling import AvgPool2d, MaxPool2d

__all__ = ["from_torch", "to_torch"]

ONLY: dict[str, dict[str, Any]] = {
    "Linear": {},
    "Conv2d": {"dilation": (1, 1), "groups": 1, "padding_mode": "zeros"},
    "MaxPool2d": {"padding": 0, "dilation": 1, "return_indices": False, "ceil_mode": False},
    "AvgPool2d": {"padding": 0, "ceil_mode": False, "divisor_override": None},
    "Flatten": {"start_dim": 1, "end_dim": -1},
    "Identity": {},
    "Sigmoid": {},
    "Tanh": {},
    "ReLU": {},
    "LeakyReLU": {"negative_slope": 0.01},
}
"""The modules that can be carried, with the only setting of each option that the package's layer knows."""
BENDS = {"Sigmoid": "sigmoid", "Tanh": "tanh", "ReLU": "relu", "LeakyReLU": "leaky_relu"}
"""The activation of the package that each of PyTorch's is."""
INSIDE = {
    "Softmax": "leave it out: the softmax is inside softmax_cross_entropy, as it is inside nn.CrossEntropyLoss",
    "LogSoftmax": "leave it out: with softmax_cross_entropy the network ends in its logits",
}
"""What to do about a module that a loss of the package replaces."""


def to_torch(network: Network) -> Any:
    r"""Return PyTorch's twin of a network: an `nn.Sequential` of the same layers, with copies of the parameters.

    $$X W^{\mathsf T} + b^{\mathsf T} = (W X^{\mathsf T} + b)^{\mathsf T}$$

    so weights and kernels are carried as they are, and the column b becomes a vector. It takes and returns rows, (N,
    features) or (N, C, H, W), in the network's precision, and draws no random number. A loss is no part of it:

    | loss of the network | in PyTorch, for N rows |
    |---|---|
    | `half_squared_error` | `nn.MSELoss(reduction="sum")`, divided by 2N |
    | `squared_error` | `nn.MSELoss(reduction="sum")`, divided by N |
    | `mean_squared_error` | `nn.MSELoss()` |
    | `binary_cross_entropy` | `nn.BCEWithLogitsLoss(reduction="sum")`, divided by N |
    | `softmax_cross_entropy` | `nn.CrossEntropyLoss()` |

    Args:
        network: A network of the package's own layers and activations.

    Returns:
        A `torch.nn.Sequential` on the CPU, whose parameters require gradients.

    Raises:
        ImportError: If PyTorch is missing.
        TypeError: If `network` is no `Network`, or has a layer or an activation of your own.
        ValueError: If a parameter is not finite.

    Source: the documentation of PyTorch, `torch.nn`.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network: expected a Network, got {shown(network)}")
    torch = _torch("network")
    network.check_parameters()
    modules = []
    for number, layer in enumerate(network.layers, 1):
        modules.append(_module(torch, layer, number, network.dtype.name))
        if layer.activation is not identity:
            modules.append(_bend(torch, layer.activation, number))
    return torch.nn.Sequential(*modules)


def from_torch(
    module: Any, loss: Loss | str = half_squared_error, input_shape: tuple[int, ...] | None = None
) -> Network:
    """Return the network that a module of PyTorch describes, with copies of its parameters.

    Args:
        module: An `nn.Sequential`, nested ones included, of Linear, Conv2d, MaxPool2d, AvgPool2d, Flatten, Identity,
            and after a Linear or a Conv2d one of Sigmoid, Tanh, ReLU, LeakyReLU(0.01); or such a module alone.
        loss: A `Loss` or its name, as `Network` takes it; `to_torch` says which of PyTorch's it is.
        input_shape: The shape of one example, (C, H, W) for images; by default the one a first Linear takes.

    Returns:
        A network in the precision of the module, float32 or float64.

    Raises:
        ImportError: If PyTorch is missing.
        TypeError: If `module` is no module of PyTorch, or its parameters are neither float32 nor float64, or of both.
        ValueError: If it holds what cannot be carried, which the message names: another module, an option that the
            package's layer does not have, a layer without a bias, parameters that two modules share; or if layers do
            not fit together, or a number is not finite.

    Source: the documentation of PyTorch, `torch.nn`.
    """
    torch = _torch("module")
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"module: expected an nn.Sequential, got {shown(module)}")
    layers: list[Layer] = []
    seen: set[int] = set()
    for place, part in _parts(torch, module, "module"):
        kind = _kind(torch, part, place)
        shared = seen & {*map(id, part.parameters())}
        if shared:
            raise ValueError(f"{place}: expected parameters of its own, got some that an earlier module has, too")
        seen.update(map(id, part.parameters()))
        if kind in BENDS:
            if not layers or not layers[-1].parameters or layers[-1].activation is not identity:
                raise ValueError(
                    f"{place}: expected an activation right after Linear or Conv2d, got {shown(part)} here"
                )
            layers[-1].activation = ACTIVATIONS[BENDS[kind]]
        elif kind != "Identity":
            layers.append(_layer(kind, part, place))
    return Network(layers, loss, input_shape)


def _torch(name: str) -> Any:
    """Return PyTorch, or say what to install."""
    try:
        import torch
    except ImportError as error:
        raise ImportError(f"{name}: expected PyTorch to be installed: pip install torch") from error
    return torch


def _module(torch: Any, layer: Layer, number: int, dtype: str) -> Any:
    """Return PyTorch's module for a layer, whose first weights are not drawn but copied."""
    nn = torch.nn
    options = {"dtype": getattr(torch, dtype)}
    if type(layer) is Dense:
        module = nn.utils.skip_init(nn.Linear, *layer.W.shape[::-1], **options)
    elif type(layer) is Conv2d:
        outputs, inputs = layer.W.shape[:2]
        sizes = (inputs, outputs, layer.kernel, layer.stride, layer.padding)
        module = nn.utils.skip_init(nn.Conv2d, *sizes, **options)
    elif type(layer) is MaxPool2d or type(layer) is AvgPool2d:
        return getattr(nn, type(layer).__name__)(layer.window, layer.stride)
    elif type(layer) is Flatten:
        return nn.Flatten()
    else:
        raise TypeError(f"network: expected layers of the package, got {shown(layer)} as layer {number}")
    with torch.no_grad():
        module.weight.copy_(torch.tensor(layer.W.copy()))
        module.bias.copy_(torch.tensor(layer.b[:, 0].copy()))
    return module


def _bend(torch: Any, activation: Activation, number: int) -> Any:
    """Return PyTorch's module for an activation."""
    for there, here in BENDS.items():
        if activation is ACTIVATIONS[here]:
            return getattr(torch.nn, there)(*ONLY[there].values())
    raise TypeError(f"network: expected activations of the package, got {shown(activation)} in layer {number}")


def _parts(torch: Any, module: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Give the modules inside nested `nn.Sequential`s in their order, each with the Python that leads to it."""
    if type(module).forward is not torch.nn.Sequential.forward:
        yield place, module
        return
    for number, part in enumerate(module):
        yield from _parts(torch, part, f"{place}[{number}]")


def _kind(torch: Any, part: Any, place: str) -> str:
    """Return the name of a module that can be carried, options and all."""
    kind = type(part).__name__
    if kind not in ONLY or type(part) is not getattr(torch.nn, kind):
        advice = INSIDE.get(kind, "the package has no such layer")
        raise ValueError(f"{place}: expected one of {', '.join(ONLY)}, got {shown(part)}: {advice}")
    for option, only in ONLY[kind].items():
        value = getattr(part, option)
        if value not in (only, (only, only)):
            raise ValueError(f"{place}: expected {option}={only!r}, got {shown(part)} with {option}={value!r}")
    return kind


def _layer(kind: str, part: Any, place: str) -> Layer:
    """Return the layer that a module is."""
    try:
        if kind == "Flatten":
            return Flatten()
        if kind in ("MaxPool2d", "AvgPool2d"):
            pool = MaxPool2d if kind == "MaxPool2d" else AvgPool2d
            return pool(part.kernel_size, stride=part.stride)
        W, b = _parameters(part)
        if kind == "Linear":
            return Dense.from_parameters(W, b)
        return Conv2d.from_parameters(W, b, stride=part.stride, padding=_padding(part))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{place}, {error} in {shown(part)}") from None


def _parameters(part: Any) -> tuple[Any, Any]:
    """Return weights and biases as NumPy's arrays."""
    parameters = dict(part.named_parameters())
    if parameters.keys() != {"weight", "bias"}:
        raise ValueError(f"parameters: expected weight and bias, got {', '.join(parameters)}")
    for name, tensor in parameters.items():
        if str(tensor.dtype) not in ("torch.float32", "torch.float64"):
            raise TypeError(f"{name}: expected float32 or float64, got {tensor.dtype}")
    return tuple(parameters[name].detach().cpu().numpy() for name in ("weight", "bias"))


def _padding(part: Any) -> tuple[int, int]:
    """Return the padding as numbers; "same" is half of an odd kernel."""
    if part.padding == "valid":
        return 0, 0
    if part.padding == "same":
        if any(size % 2 == 0 for size in part.kernel_size):
            raise ValueError(f"padding: expected an odd kernel with padding='same', got {part.kernel_size}")
        return tuple(size // 2 for size in part.kernel_size)
    return part.padding
