"""backproplab: backpropagation to read, to run and to import.

Importing the package imports nothing else: each public name brings its module along when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproplab.activations import *
    from backproplab.augmentation import *
    from backproplab.autograd.learning import *
    from backproplab.autograd.tensor import *
    from backproplab.autograd.value import *
    from backproplab.calculus.derivatives import *
    from backproplab.calculus.descent import *
    from backproplab.calculus.extrapolation import *
    from backproplab.calculus.taylor import *
    from backproplab.convolution import *
    from backproplab.correlation import *
    from backproplab.datasets import *
    from backproplab.equations import *
    from backproplab.figures.circuits import *
    from backproplab.figures.diagrams import *
    from backproplab.figures.drawing import *
    from backproplab.figures.flowcharts import *
    from backproplab.figures.grids import *
    from backproplab.figures.handwriting import *
    from backproplab.figures.networks import *
    from backproplab.figures.photos import *
    from backproplab.figures.plots import *
    from backproplab.figures.surfaces import *
    from backproplab.gradcheck import *
    from backproplab.images.files import *
    from backproplab.images.photographs import *
    from backproplab.images.preparing import *
    from backproplab.images.resampling import *
    from backproplab.initialization import *
    from backproplab.latex import *
    from backproplab.layers import *
    from backproplab.loading import *
    from backproplab.losses import *
    from backproplab.network import *
    from backproplab.optimizers import *
    from backproplab.pooling import *
    from backproplab.pytorch import *
    from backproplab.schedules import *
    from backproplab.slopes import *
    from backproplab.summary import *
    from backproplab.training import *
    from backproplab.verdicts import *
    from backproplab.widgets.stepper import *
    from backproplab.windows import *
    from backproplab.worked.examples import *

__version__ = "0.1.0"

_PUBLIC = {
    "activations": "ACTIVATIONS Activation identity leaky_relu relu sigmoid softmax softmax_jacobian tanh",
    "augmentation": "shifted",
    "autograd.learning": "Linear cross_entropy take_step",
    "autograd.tensor": "Tensor",
    "autograd.value": "Value",
    "calculus.derivatives": "central_difference derivative forward_difference gradient hessian jacobian",
    "calculus.descent": "Descent gradient_descent",
    "calculus.extrapolation": "Estimate",
    "calculus.taylor": "TaylorPolynomial taylor_polynomial",
    "convolution": "Conv2d",
    "correlation": "correlate kernel_gradient spread",
    "datasets": "Dataset digits mnist",
    "equations": "bias_gradient hidden_error output_error pull_back weight_gradient",
    "figures.circuits": "circuit_diagram",
    "figures.diagrams": "flow_diagram graph_diagram",
    "figures.drawing": "figure",
    "figures.flowcharts": "flow_chart",
    "figures.grids": "count_table image_grid number_grid",
    "figures.handwriting": "draw_digit photograph",
    "figures.networks": "network_diagram",
    "figures.photos": "photo_grid",
    "figures.plots": "BACKWARD FORWARD INK MUTED PAPER curves plot",
    "figures.surfaces": "contours surface",
    "gradcheck": "check_gradients",
    "initialization": "INITIALIZATIONS Initialization he lecun normal xavier",
    "images.files": "png",
    "images.photographs": "ImageError composite read_grey",
    "images.preparing": "PreparedDigit even_light prepare_digit",
    "images.resampling": "area_average centre_of_mass",
    "latex": "latex_matrix latex_number",
    "layers": "Dense Flatten Layer",
    "loading": "load_network recorded_network",
    "losses": "LOSSES Loss binary_cross_entropy half_squared_error mean_squared_error one_hot "
    "softmax_cross_entropy squared_error",
    "network": "Network Step Trace",
    "optimizers": "Adam Momentum Optimizer SGD",
    "pooling": "AvgPool2d MaxPool2d",
    "pytorch": "from_torch to_torch",
    "schedules": "ConstantRate CosineDecay StepDecay Warmup",
    "slopes": "Reading",
    "summary": "LayerSummary Summary",
    "training": "DivergenceError Progress accuracy fit minibatches",
    "verdicts": "GradientReport ParameterCheck",
    "widgets.stepper": "stepper",
    "windows": "put_back shifts window_rows",
    "worked.examples": "worked_example",
}
_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__all__ = [*_MODULE_OF]  # noqa: PLE0604 – they are strings


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'backproplab' has no attribute {name!r}")
    value = getattr(import_module(f"backproplab.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULE_OF])
