"""The command `train`: what it learns from, what it keeps, and what it says to mistakes."""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from backproplab import Dense, Network, Progress, accuracy, digits, load_network
from backproplab.commands import progress
from backproplab.commands.data import Examples
from backproplab.commands.main import main
from backproplab.commands.train import _Best, _finish
from tests.book import ROOT
from tests.commands.shell import ENVIRONMENT, PROGRAM, refusal, run

if TYPE_CHECKING:
    from pathlib import Path

FAST = ("--epochs", "2", "--hidden", "8")


def clusters(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Two heaps of points that a network tells apart at once."""
    rng = np.random.default_rng(0)
    y = np.arange(count) % 2
    return rng.normal(0, 0.2, (count, 4)) + y[:, np.newaxis], y


def trained(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints when all is well."""
    assert main(["train", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_digits_are_learnt_and_saved(tmp_path: Path) -> None:
    """The program trains, says how good the network is on unseen digits, and what it saved is as good."""
    path = tmp_path / "digits.npz"
    done = run("train", "--epochs", "12", "--save", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(re.findall(r"^epoch +\d+ of 12: loss \d", done.stdout, re.MULTILINE)) == 12
    assert re.search(r"epoch  1 of 12: .* \d+ s left\n", done.stdout)
    said = re.search(r"accuracy on 355 examples that it has never seen: ([\d.]+)%\n$", done.stdout)
    assert said is not None
    assert "\x1b" not in done.stdout
    data = digits("float32")
    share = accuracy(load_network(path), data.x_test, data.y_test)
    assert f"{share:.2%}" == said[1] + "%"
    assert share > 0.93


def test_a_convolutional_network_is_trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Images become squares with a channel, and shifts, momentum and a constant rate are taken."""
    path = tmp_path / "conv.npz"
    options = "--network conv --maps 4 --hidden 8 --shift 1 --optimizer momentum --schedule constant --epochs 1"
    out = trained(*options.split(), "--save", path, capsys=capsys)
    assert "Conv2d(1, 4, 3, relu, stride=1, padding=1)" in out
    assert load_network(path).input_shape == (1, 8, 8)


def test_the_same_seed_gives_the_same_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights, order and shifts come from the seed alone."""
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        trained(*FAST, "--shift", "1", "--seed", seed, "--save", tmp_path / name, capsys=capsys)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_own_arrays_are_learnt_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An archive of x and y, with or without something to be tested on, and images of several channels."""
    x, y = clusters()
    np.savez(tmp_path / "own.npz", x=x, y=y)
    assert "2 classes" in trained("--data", tmp_path / "own.npz", *FAST, capsys=capsys)
    np.savez(tmp_path / "tested.npz", x_train=x, y_train=y.astype(float), x_test=x[:6], y_test=y[:6])
    assert "accuracy on 6 examples" in trained("--data", tmp_path / "tested.npz", *FAST, capsys=capsys)
    np.savez(tmp_path / "images.npz", x=np.random.default_rng(0).random((20, 3, 4, 6)), y=np.arange(20) % 3)
    out = trained("--data", tmp_path / "images.npz", "--network", "conv", "--maps", "2", "--epochs", "1", capsys=capsys)
    assert "(3, 4, 6)" in out


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("place", ["first", "last", "named"])
@pytest.mark.parametrize("header", [True, False])
def test_tables_are_learnt_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mark: str, place: str, header: bool
) -> None:
    """With names in the first line or without, with commas, semicolons or tabs, the class anywhere: one and the same."""
    if place == "named" and not header:
        return
    x, y = clusters()
    rows = np.column_stack([y, x] if place == "first" else [x, y]).tolist()
    names = ["kind", *"abcd"] if place == "first" else [*"abcd", "kind"]
    lines = [mark.join(map(repr, row)) for row in rows]
    path = tmp_path / "table.csv"
    path.write_text("\ufeff" + "\n".join([mark.join(names)] * header + lines) + "\n", "utf-8")
    label = "kind" if place == "named" else place
    saved = tmp_path / "saved.npz"
    trained("--data", path, "--label", label, *FAST, "--save", saved, capsys=capsys)
    np.savez(tmp_path / "own.npz", x=x, y=y)
    same = tmp_path / "same.npz"
    trained("--data", tmp_path / "own.npz", *FAST, "--save", same, capsys=capsys)
    assert saved.read_bytes() == same.read_bytes()


def test_large_inputs_are_pointed_out_and_divided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pixels up to 255 get a hint, and --divide 255 takes it away."""
    x, y = clusters()
    np.savez(tmp_path / "pixels.npz", x=255 * x, y=y)
    arguments = ("--data", tmp_path / "pixels.npz", *FAST)
    assert "see --divide" in trained(*arguments, capsys=capsys)
    assert "see --divide" not in trained(*arguments, "--divide", "255", capsys=capsys)


def written(tmp_path: Path, name: str, content: str) -> Path:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    return path


def test_mistakes_get_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """Real processes: what is wrong with arguments and files is said in one line, without a traceback."""
    no_place = tmp_path / "no" / "file.npz"
    assert refusal("train", "--save", no_place).startswith("train: --save: expected a file in an existing folder")
    assert refusal("train", "--data", "nowhere").startswith("train: --data: expected digits, a folder or a file")
    assert refusal("train", "--epochs", "many").startswith("train: argument --epochs: invalid int value")
    assert refusal("train", "--learning-rate", "1e30", "--optimizer", "sgd").startswith("train: epoch 1, batch ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "--epochs: expected at least 1, got 0"),
        (["--batch-size", "0"], "--batch-size: expected at least 1, got 0"),
        (["--hidden", "-1"], "--hidden: expected at least 1, got -1"),
        (["--held-out", "1"], "--held-out: expected a share between 0 and 1, got 1"),
        (["--learning-rate", "-1"], "--learning-rate: expected a finite number above zero, got -1"),
        (["--network", "conv", "--maps", "1", "1", "1", "1"], "--maps: expected no more convolutions than"),
        (["--data", "{folder}"], "folder: expected train-images-idx3-ubyte"),
        (["--data", "{folder}/text.csv"], "expected the classes as whole numbers"),
        (["--data", "{folder}/words.csv"], "expected a table of numbers"),
        (["--data", "{folder}/ragged.csv"], "expected a table of numbers"),
        (["--data", "{folder}/empty.csv"], "expected a table of numbers: the file is empty"),
        (
            ["--data", "{folder}/good.csv", "--label", "colour"],
            "--label: expected one of the columns, last, first, a, b",
        ),
        (["--data", "{folder}/four.csv", "--network", "conv"], "expected square images"),
        (["--data", "{folder}/bad.npz"], "expected an .npz file of plain arrays"),
        (["--data", "{folder}/other.npz"], "expected arrays x and y, got z"),
        (["--data", "{folder}/picture.jpg"], "expected a name that ends with .npz or .csv"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Each mistake is answered with the option or the file, and with what was expected."""
    files = {
        "text.csv": "1,0.5\n2,1.5\n", "words.csv": "1,x\n2,y\n1,z\n", "ragged.csv": "1,2,0\n1,0\n", "empty.csv": "",
        "names.csv": "a,b\n", "four.csv": "1,2,3,0\n1,2,4,1\n", "good.csv": "a,b\n1,0\n2,1\n3,0\n", "bad.npz": "no archive", "picture.jpg": "",
    }  # fmt: skip
    for name, content in files.items():
        written(tmp_path, name, content)
    np.savez(tmp_path / "other.npz", z=1)
    with pytest.raises(SystemExit) as caught:
        main(["train", *(argument.format(folder=tmp_path) for argument in arguments)])
    out, err = capsys.readouterr()
    assert caught.value.code == 2
    assert words in err
    assert err.count("\n") == 1
    assert "\nTraceback" not in out


def test_the_best_epoch_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of several epochs the one with the smallest loss on what was held out comes back, bit by bit."""
    network = Network([Dense(1, 1, rng=np.random.default_rng(0))])
    best = _Best(network)
    for epoch, loss in enumerate((3.0, 1.0, 2.0), 1):
        network.parameters["W1"][...] = epoch
        best.see(Progress(epoch, 0.0, None, loss))
    path = tmp_path / "best.npz"
    examples = Examples(np.ones((2, 1)), np.array([0, 1]))
    assert _finish(best, examples, argparse.Namespace(save=path), None) == 0
    assert load_network(path).parameters["W1"] == network.parameters["W1"] == 2
    assert capsys.readouterr().out.startswith("the best epoch is 2, loss 0.0000, held out 1.0000\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C reaches the whole console")
def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    """A real process, stopped after its first epochs, saves what it has learnt, says so, and ends with 130."""
    path = tmp_path / "so far.npz"
    command = [*PROGRAM, "train", "--epochs", "100000", "--hidden", "8", "--save", str(path)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background may ignore it
    with subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch      3 of 100000"):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "\nstopped: the best epoch is " in out
    assert out.endswith(f"saved to {path}\n")
    data = digits("float32")
    assert accuracy(load_network(path), data.x_test, data.y_test) > 0.2


def test_stopped_before_anything_is_learnt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the first epoch saves nothing, and says so."""

    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.Counting, "step", stopped)
    assert main(["train", "--save", str(tmp_path / "none.npz")]) == 130
    assert capsys.readouterr().out.endswith("nothing is learnt, nothing saved\n")
    assert not (tmp_path / "none.npz").exists()


def test_a_bar_counts_steps(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a terminal tqdm draws a bar that moves with every step, and ends full."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["train", *FAST]) == 0
    assert re.search(r"100%.* 82/82 ", capsys.readouterr().err)


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7300, "2 h 1 min")])
def test_the_time_left_in_words(seconds: float, said: str) -> None:
    """Seconds, minutes or hours, as people say it."""
    assert progress._time(seconds) == said
