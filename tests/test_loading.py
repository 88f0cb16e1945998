"""A network comes back from its file without being built first, and what is no network of the package is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import (
    Activation,
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Network,
    load_network,
)
from backproplab.storage import write_parameters

if TYPE_CHECKING:
    from pathlib import Path


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def convolutional(dtype: str = "float64") -> Network:
    draw = rng()
    return Network(
        [
            Conv2d(1, 2, (3, 5), "leaky_relu", stride=(1, 2), padding=(1, 0), rng=draw, dtype=dtype),
            MaxPool2d((2, 1), stride=1),
            AvgPool2d(2),
            Conv2d(2, 3, 3, "relu", rng=draw, dtype=dtype),
            Flatten(),
            Dense(132, 4, "tanh", rng=draw, dtype=dtype),
            Dense(4, 10, rng=draw, dtype=dtype),
        ],
        "softmax_cross_entropy",
        (1, 28, 28),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_convolutional_network_comes_back_whole(tmp_path: Path, dtype: str) -> None:
    """Layers, strides, padding, loss, precision and every parameter are those that were saved."""
    network = convolutional(dtype)
    network.save(tmp_path / "saved.npz")
    again = load_network(tmp_path / "saved.npz")
    assert (repr(again), again.input_shape, again.dtype) == (repr(network), network.input_shape, network.dtype)
    x = rng().random((3, 1, 28, 28))
    np.testing.assert_array_equal(again.predict(x), network.predict(x))


def test_half_precision_is_read_as_single(tmp_path: Path) -> None:
    """A file in float16 is half as large, and its network counts in float32."""
    network = convolutional()
    small = {name: array.astype(np.float16) for name, array in network.parameters.items()}
    write_parameters(tmp_path / "small.npz", small, network.architecture)
    again = load_network(tmp_path / "small.npz")
    assert again.dtype == np.float32
    np.testing.assert_allclose(again.predict(np.ones((1, 28, 28))), network.predict(np.ones((1, 28, 28))), atol=1e-2)


DENSE = ["input shape (2,)", "layer 1 Dense(2, 1, tanh)", "loss squared_error"]
ARRAYS = {"W1": np.ones((1, 2)), "b1": np.zeros((1, 1))}
WRONG: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "another activation": ([DENSE[0], "layer 1 Dense(2, 1, cube)", DENSE[2]], ARRAYS, "activation cube of layer 1"),
    "another loss": ([*DENSE[:2], "loss mine"], ARRAYS, "loss: expected one of"),
    "another layer": ([DENSE[0], "layer 1 Dropout(2)", DENSE[2]], ARRAYS, "layer 1 is"),
    "another size": ([DENSE[0], "layer 1 Dense(2, 3, tanh)", DENSE[2]], ARRAYS, "expected the arrays of the network"),
    "a missing array": (DENSE, {"W1": ARRAYS["W1"]}, "expected a network of the package's own parts"),
    "an array too many": (DENSE, ARRAYS | {"W2": np.ones((1, 1))}, "expected the arrays of the network"),
    "no layer": ([DENSE[0], DENSE[2]], {}, "expected at least one layer"),
    "nothing": ([], {}, "a damaged file or one of another kind"),
    "a program": ([DENSE[0], "layer 1 Flatten(print('run'))", DENSE[2]], {}, "expected a network of the package's own"),
    "an escape": ([DENSE[0], "layer 1 Flatten() or print('run')", DENSE[2]], {}, "layer 1 is"),
    "depth": (["(" * 5000, "layer 1 Flatten()", DENSE[2]], {}, "expected a network of the package's own parts"),
    "NaN": (DENSE, ARRAYS | {"b1": [[np.nan]]}, "b1: expected finite numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_network_of_the_package_is_refused(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says what is wrong, and nothing in a file is run."""
    lines, arrays, words = WRONG[case]
    path = tmp_path / "wrong.npz"
    write_parameters(path, {name: np.asarray(array) for name, array in arrays.items()}, lines)
    with pytest.raises(ValueError, match=words) as caught:
        load_network(path)
    assert str(path) in str(caught.value)
    assert capsys.readouterr().out == ""


def test_a_custom_activation_is_refused_but_can_still_be_loaded_into(tmp_path: Path) -> None:
    """Whoever built the network can build it again and load the file."""
    cube = Activation("cube", lambda z: z**3, lambda z: 3 * z**2)
    network = Network([Dense(2, 1, cube, rng=rng())])
    network.save(tmp_path / "cube.npz")
    with pytest.raises(ValueError, match="the activation cube of layer 1 is not the package's own"):
        load_network(tmp_path / "cube.npz")
    other = Network([Dense(2, 1, cube, rng=np.random.default_rng(1))])
    other.load(tmp_path / "cube.npz")
    np.testing.assert_array_equal(other.predict([1.0, 2.0]), network.predict([1.0, 2.0]))


def test_a_file_that_claims_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A header can claim any shape; a hundred million numbers are the most."""
    path = tmp_path / "huge.npz"
    write_parameters(path, {"W1": np.broadcast_to(np.float16(0), (1, 1))}, DENSE)
    import io
    import zipfile

    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f2", "fortran_order": False, "shape": (10**5, 10**5)})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("W2.npy", header.getvalue())
    with pytest.raises(ValueError, match="expected at most 100,000,000 parameters, the file holds 10,000,000,001"):
        load_network(path)
