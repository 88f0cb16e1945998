"""MNIST from scratch: the formulas of the chapter as it prints them, and the commands that it gives."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from backproplab import mnist
from backproplab.book.formulas.formula import formula
from backproplab.commands.main import main
from tests.book import ROOT
from tests.worlds.scratch import first_costs, first_inputs, gates, paired, shrinking, stuck

REAL = Path(os.environ.get("MNIST", ROOT.parent / "shared" / "mnist"))


@pytest.mark.equation("PAIREDSEEDS")
def test_pairs_cancel_what_they_share() -> None:
    """The variance of differences is that of both lists less twice what they share, with the correlation worked out."""
    formula("PAIREDSEEDS").holds(paired(), paired(8))


@pytest.mark.equation("CLOCK")
def test_rate_times_steps_is_a_clock() -> None:
    """At a smaller and smaller rate, with more and more steps, the distance from the minimum comes to the exponential."""
    formula("CLOCK").holds(shrinking(), shrinking(1.6, 0.9), small="eta", order=1)


@pytest.mark.equation("FIRSTZ")
def test_the_first_weighted_inputs() -> None:
    """The mean square of weighted inputs, over three images and all signs of weights and bias, is the formula."""
    formula("FIRSTZ").holds(first_inputs(), first_inputs(5))


@pytest.mark.equation("OPENGATE")
def test_the_mean_gate() -> None:
    """The mean slope of a sigmoid, summed up under bell curves, is below the bound, and reaches it as they get wide."""
    formula("OPENGATE").holds(gates(0.5), gates(88.8), reached=[gates(1e8)], rtol=1e-6)


@pytest.mark.equation("FIRSTCOST")
def test_the_first_cost_of_sigmoids() -> None:
    """The mean cost of all combinations of outputs that lie as often above ½ as below it is the formula."""
    formula("FIRSTCOST").holds(first_costs(3, (0.1, 0.45)), first_costs(4, (0.3,)))


@pytest.mark.equation("UNSTICK")
def test_a_stuck_output_recovers_no_faster() -> None:
    """Gradient steps of one output stay above the line, and run along it while the output is tiny."""
    formula("UNSTICK").holds(stuck(0.02, 0.6, 12), stuck(0.3, 2.0, 4), reached=[stuck(1e-6, 600.0, 5)], rtol=1e-4)


def commands() -> list[list[str]]:
    text = (ROOT / "docs/lab/mnist.md").read_text("utf-8")
    programs = re.findall(r"(?s)```bash\n(.*?)```", text)
    return [shlex.split(program.replace("\\\n", " ")) for program in programs]


@pytest.mark.parametrize("command", commands(), ids=lambda command: command[5])
def test_the_commands_of_the_page_train(
    command: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command[:6] == ["python", "-m", "backproplab", "train", "--data", "mnist"]
    assert main([*command[3:4], *command[6:], "--epochs", "1"]) == 0  # the digits of the package, once
    said = capsys.readouterr().out
    assert "accuracy on 355 examples" in said
    if "--save" in command:
        assert (tmp_path / command[command.index("--save") + 1]).is_file()


@pytest.mark.skipif(not REAL.is_dir(), reason="MNIST is not here: MNIST=folder names the folder of its four files")
def test_the_pixels_of_mnist_are_as_the_page_says() -> None:
    x = mnist(REAL).x_train
    text = (ROOT / "docs/lab/mnist.md").read_text("utf-8")
    m, s = map(float, re.findall(r"m, s = (\S+), (\S+)", text)[0])
    assert m == pytest.approx(x.mean(dtype=float), abs=1e-4)
    assert s == pytest.approx(x.std(dtype=float), abs=1e-4)
