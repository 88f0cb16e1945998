"""The commands `predict` and `check`: a picture read by a saved network, and the gradients of one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from backproplab import Conv2d, Dense, Flatten, Network, draw_digit, photograph, png, prepare_digit
from backproplab.commands.main import main
from backproplab.commands.stages import as_letters, as_picture
from tests.commands.shell import refusal, run

if TYPE_CHECKING:
    from pathlib import Path


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def save(path: Path, shape: tuple[int, ...], loss: str = "softmax_cross_entropy") -> Network:
    """A network that has learnt nothing, of inputs of some shape."""
    size = int(np.prod(shape))
    flat = [] if len(shape) == 1 else [Flatten()]
    network = Network([*flat, Dense(size, 10, rng=rng())], loss, shape)
    network.save(path)
    return network


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a photo.png"
    path.write_bytes(png(photograph(draw_digit(5, rng=rng()), rng=rng(), slope=0.2, shadow=0.3, grain=0.02)))
    return path


@pytest.mark.parametrize("shape", [(1, 28, 28), (28, 28), (784,), (1, 8, 8), (8, 8), (64,)])
def test_all_ten_outputs_are_those_of_the_network(
    tmp_path: Path, photo: Path, shape: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever shape of input the network takes, the picture is prepared for it, and the largest output is said."""
    network = save(tmp_path / "net.npz", shape)
    assert main(["predict", str(photo), "--network", str(tmp_path / "net.npz")]) == 0
    out, err = capsys.readouterr()
    outputs = network.predict(prepare_digit(photo, 28 if 28 in shape or 784 in shape else 8).centred.reshape(shape))
    first, *bars = out.splitlines()
    assert (first, err) == (f"{photo}: {outputs.argmax()}", "")
    assert [bar.split()[:2] for bar in bars] == [[str(k), f"{value:.2%}"] for k, value in enumerate(outputs)]


def test_the_network_of_the_package_reads_at_once(photo: Path) -> None:
    """Without any option the network that comes with the package reads the 5 that was photographed."""
    done = run("predict", photo)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{photo}: 5\n")


def test_a_process_reads_a_picture_and_draws_the_stages(tmp_path: Path, photo: Path) -> None:
    """Without a terminal there is no colour, lines keep to the width, and the stages are drawn."""
    save(tmp_path / "net.npz", (784,))
    done = run("predict", photo.name, "--show", "--network", "net.npz", folder=tmp_path, COLUMNS="60")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 60
    for stage in ("read", "light", "inverted", "cropped", "scaled", "centred"):
        assert stage in done.stdout


def test_stages_are_written_to_a_page_and_to_a_picture(tmp_path: Path, photo: Path) -> None:
    """The page needs no other file, and the picture holds what the network reads, pixel by pixel."""
    save(tmp_path / "net.npz", (784,))
    for name in ("stages.html", "stages.png"):
        assert (
            main(["predict", str(photo), "--network", str(tmp_path / "net.npz"), "--output", str(tmp_path / name)]) == 0
        )
    page = (tmp_path / "stages.html").read_text("utf-8")
    assert page.count('<img src="data:image/png;base64,') == 6
    assert "http" not in page
    with Image.open(tmp_path / "stages.png") as image:
        last = np.asarray(image)[10:290, -290:-10]
    digit = prepare_digit(photo)
    assert abs(last[5::10, 5::10] / 255 - digit.centred).max() <= 0.5 / 255
    assert as_picture(digit) == (tmp_path / "stages.png").read_bytes()


def test_letters_are_as_dense_as_the_picture_is_light(photo: Path) -> None:
    """Paper in the picture is dense, and where the network sees none there is nothing."""
    lines = as_letters(prepare_digit(photo), 30).split("\n")
    names = ["read", "light", "inverted", "cropped", "scaled", "centred"]
    start = {name: lines.index(name) + 1 for name in names}
    assert list(start.values()) == sorted(start.values())
    light, centred = (lines[start[name] : start[name] + 14] for name in ("light", "centred"))
    assert "".join(light).count("@") > 200
    assert centred[0] == ""
    assert 0 < "".join(centred).count("@") < 60


def test_what_is_refused_is_named(tmp_path: Path, photo: Path) -> None:
    """Real processes: the reason comes first, in one line, with exit code 2; other pictures are still read."""
    save(tmp_path / "net.npz", (784,))
    network = ("--network", tmp_path / "net.npz")
    blank = tmp_path / "blank.png"
    blank.write_bytes(png(np.ones((60, 50))))
    assert refusal("predict", blank, *network) == f"predict: {blank}: blank: picture: expected a digit, got blank paper"
    done = run("predict", blank, photo, *network)
    assert (done.returncode, len(done.stderr.splitlines()), len(done.stdout.splitlines())) == (2, 1, 11)
    nothing = tmp_path / "nothing.png"
    assert refusal("predict", nothing, *network).startswith("predict: picture: expected a file that can be read")
    assert refusal("predict", photo, "--network", nothing) == f"predict: {nothing}: No such file or directory"
    odd = tmp_path / "odd.npz"
    Network([Dense(10, 2, rng=rng())], "softmax_cross_entropy").save(odd)
    assert refusal("predict", photo, "--network", odd).startswith(
        "predict: --network: expected one that takes images of"
    )
    assert refusal("predict", photo, *network, "--output", "x.gif").startswith(
        "predict: --output: expected one picture"
    )


def test_outputs_that_are_no_shares_keep_their_numbers(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a softmax an output is a number, not a percentage, and may be negative."""
    network = save(tmp_path / "net.npz", (784,), "half_squared_error")
    assert main(["predict", str(photo), "--network", str(tmp_path / "net.npz")]) == 0
    outputs = network.predict(prepare_digit(photo).centred.reshape(784))
    assert outputs.min() < 0
    bars = capsys.readouterr().out.splitlines()[1:]
    assert [bar.split()[1] for bar in bars] == [f"{value:.3f}" for value in outputs]


def test_a_saved_network_is_checked(tmp_path: Path) -> None:
    """A convolutional one too, on random examples or on digits; every gradient is right, and the exit code is 0."""
    path = tmp_path / "conv.npz"
    layers = [Conv2d(1, 2, 3, "tanh", rng=rng()), Flatten(), Dense(72, 10, rng=rng())]
    Network(layers, "softmax_cross_entropy", (1, 8, 8)).save(path)
    done = run("check", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "verdict: right (tolerance 1e-06, all 750 entries seen)"
    done = run("check", path, "--data", "digits", "--examples", "3", "--entries", "5")
    assert (done.returncode, done.stderr) == (0, "")
    assert "17 of 750 entries seen" in done.stdout


def test_a_wrong_gradient_is_reported_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network whose backward pass is broken is found out."""
    path = tmp_path / "dense.npz"
    Network([Dense(3, 2, "tanh", rng=rng())]).save(path)
    honest = Dense.gradients
    monkeypatch.setattr(Dense, "gradients", lambda *a: {name: 2 * g for name, g in honest(*a).items()})
    assert main(["check", str(path)]) == 1
    assert "verdict: wrong" in capsys.readouterr().out


def test_what_check_cannot_read_is_refused(tmp_path: Path) -> None:
    """No file, no network, data of another size: one line each."""
    path = tmp_path / "dense.npz"
    Network([Dense(3, 2, rng=rng())]).save(path)
    assert refusal("check", tmp_path / "none.npz").startswith("check: ")
    assert refusal("check", path, "--data", "digits").startswith("check: --data: expected examples of shape (3,)")
    path.write_bytes(b"no archive")
    assert "expected parameters saved by backproplab" in refusal("check", path)


@pytest.mark.parametrize("command", [[], ["train"], ["predict"], ["check"], ["explain"]])
def test_help_has_examples(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself, within eighty letters a line, with something to copy."""
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert command == ["explain"] or f"python -m backproplab {command[0] if command else 'train'} " in out


def test_a_png_file_is_read_as_it_was(tmp_path: Path) -> None:
    """Grey and coloured pixels come back as they were."""
    for pixels in (np.arange(12, dtype=np.uint8).reshape(3, 4), rng().integers(0, 256, (3, 4, 3), dtype=np.uint8)):
        with Image.open(io.BytesIO(png(pixels))) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)
    with Image.open(io.BytesIO(png([[0.0, 0.5, 1.0]]))) as image:
        np.testing.assert_array_equal(np.asarray(image), [[0, 128, 255]])
    with pytest.raises(ValueError, match=r"^picture: expected bytes or numbers from 0 to 1"):
        png([[0, 2]])
