"""The command `python -m backproplab explain`: what it prints, in three formats, and what it says to mistakes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from html.entities import html5
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from backproplab import ACTIVATIONS, LOSSES, Dense, Network, worked_example
from backproplab.commands.main import main
from backproplab.worked.terminal import WIDTH
from tests.book import ROOT
from tests.browser import listen

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

EXAMPLE = "--layers 2 2 1 --activation sigmoid --x 0.8 0.6 --y 1 --seed 1"
TWO_EXAMPLES = {
    "layers": [
        {"W": [[0.5, -0.4], [0.8, 0.2]], "b": [0.1, -0.3], "activation": "tanh"},
        {"W": [[0.7, -0.5]], "b": [0.2]},
    ],
    "x": [[0.8, 0.6], [0.1, 0.9]],
    "y": [1, 0],
    "loss": "squared_error",
    "learning_rate": 0.25,
}
AS_TOML = """
x = [[0.8, 0.6], [0.1, 0.9]]
y = [1, 0]
loss = "squared_error"
learning_rate = 0.25
[[layers]]
W = [[0.5, -0.4], [0.8, 0.2]]
b = [0.1, -0.3]
activation = "tanh"
[[layers]]
W = [[0.7, -0.5]]
b = [0.2]
"""
NETWORK = Network(
    [
        Dense.from_parameters([[0.5, -0.4], [0.8, 0.2]], [0.1, -0.3], "tanh"),
        Dense.from_parameters([[0.7, -0.5]], [0.2]),
    ],
    "squared_error",
)
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


@pytest.fixture(autouse=True)
def usual_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever terminal the tests run in, sentences are as wide as in a file."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))


def explain(arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints when all is well."""
    assert main(["explain", *arguments.split()]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def numbers_of_markdown(markdown: str) -> list[str]:
    return NUMBER.findall(re.sub(r" \\times 10\^\{(.*?)\}", r"e\1", markdown))


def numbers_of_html(page: str) -> list[str]:
    """The numbers in the order of the page: those of matrices row by row, as in LaTeX."""
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>"))
    for power in root.iter("msup"):
        base, exponent = power
        if base.text == "10":
            base.text, exponent.text = "", "e" + "".join(exponent.itertext()).replace("−", "-")
            for inner in list(exponent):
                exponent.remove(inner)
    for cell in root.iter("mtd"):
        if cell[0].text == "−":  # a sign, and not the minus of a difference
            cell[0].text = "sign"
    body = root.find("body")
    assert body is not None
    pieces = (piece.strip() for element in body.iter() for piece in [element.text or ""])
    return NUMBER.findall(" ".join(p for p in pieces if p).replace(" × e", "e").replace("sign ", "-"))


def written(tmp_path: Path) -> Path:
    path = tmp_path / "network.json"
    path.write_text(json.dumps(TWO_EXAMPLES), "utf-8")
    return path


def test_the_terminal_shows_symbols_numbers_and_result(capsys: pytest.CaptureFixture[str]) -> None:
    """Unicode symbols, matrices with tall brackets, everything under everything, and no LaTeX."""
    out = explain(EXAMPLE, capsys)
    rng = np.random.default_rng(1)
    W = Dense(2, 2, rng=rng).parameters["W"].round(2)
    z = W @ [0.8, 0.6]
    filled = "\n".join(
        [
            "  z¹ = W¹ a⁰ + b¹",
            f"     = ⎡ {W[0, 0]:.2f}   {W[0, 1]:.2f} ⎤ ⎡ 0.8 ⎤ + ⎡ 0 ⎤",
            f"       ⎣ {W[1, 0]:.2f}  {W[1, 1]:.2f} ⎦ ⎣ 0.6 ⎦   ⎣ 0 ⎦",
            f"     = ⎡  {z[0]:.4f} ⎤",
            f"       ⎣ {z[1]:.4f} ⎦",
        ]
    )
    assert filled in out
    assert "  δ¹ = (W²)ᵀ δ² ⊙ σ′(z¹)\n" in out
    assert "σ(z) = 1/(1 + e⁻ᶻ) with σ′(z) = σ(z) (1 - σ(z))" in out
    assert "  W² ← W² - η ∂C/∂W²\n" in out
    assert "  C = 1/(2N) ‖ a² - y ‖²\n" in out
    assert "  C_new = " in out


@pytest.mark.parametrize("blank", ["", " --blank"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_latex_is_left_in_the_terminal(
    activation: str, loss: str, blank: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """For every activation and loss all of the mathematics has become Unicode, and no line is too long."""
    arguments = f"--layers 8 3 7 2 --x 1 2 3 4 5 6 7 8 --y 0 1 --activation {activation} --loss {loss}{blank}"
    out = explain(arguments, capsys)
    assert not set(r"\{}^$&") & set(out)
    assert not re.search(r"(?<!_)_(?!_|new)| ,| \n", out)
    assert ("_____" in out) == bool(blank)
    assert max(map(len, out.splitlines())) <= 132


FORMATS = [f"--layers 3 4 2 --x 1 2.5 -3 --y 0 1 --loss {loss} --digits 6 --seed 3" for loss in LOSSES]
FORMATS.append("--layers 2 2 1 --x 1.5e-7 3.25e8 --y 0.5 --activation tanh --learning-rate 2.5e-9")


@pytest.mark.parametrize("blank", ["", " --blank"])
@pytest.mark.parametrize("arguments", FORMATS)
def test_the_three_formats_hold_the_same_numbers(
    arguments: str, blank: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Number for number, what the page and the terminal show is what the Markdown says."""
    markdown = numbers_of_markdown(explain(f"{arguments}{blank} --format markdown", capsys))
    assert len(markdown) > 50
    assert numbers_of_html(explain(f"{arguments}{blank} --format html", capsys)) == markdown
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    text = re.sub(r"×10([⁰-⁹¹²³⁻]+)", lambda m: "e" + m[1].translate(raised), explain(arguments + blank, capsys))
    assert sorted(NUMBER.findall(text)) == sorted(markdown)  # a terminal shows matrices line by line, side by side


def test_markdown_is_that_of_the_function(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """From a file with several examples, JSON or TOML, comes what `worked_example` writes for the same network."""
    toml = tmp_path / "network.toml"
    toml.write_text(AS_TOML, "utf-8")
    right = worked_example(NETWORK, TWO_EXAMPLES["x"], TWO_EXAMPLES["y"], 0.25, digits=3)  # type: ignore[arg-type]
    for path in (written(tmp_path), toml):
        assert explain(f"--file {path} --format markdown --digits 3", capsys) == right
    right = worked_example(NETWORK, [3, 4], [5], 2, blank=True)
    arguments = "--x 3 4 --y 5 --learning-rate 2 --loss squared_error --blank"
    assert explain(f"--file {path} --format markdown {arguments}", capsys) == right, "arguments go before the file"


def test_drawn_weights_are_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Two decimals, so that an exercise is worked with the numbers on the sheet; the seed decides them."""
    rng = np.random.default_rng(7)
    layers = []
    for inputs, outputs, activation in ((2, 3, "tanh"), (3, 2, "identity")):
        drawn = Dense(inputs, outputs, activation, rng=rng).parameters["W"]
        layers.append(Dense.from_parameters(drawn.round(2), np.zeros(outputs), activation))
    right = worked_example(Network(layers, "softmax_cross_entropy"), [1, 2], [1], 0.5)
    arguments = "--layers 2 3 2 --x 1 2 --y 1 --loss softmax_cross_entropy --format markdown"
    assert explain(f"{arguments} --seed 7 --activation tanh", capsys) == right, "the last layer gets the identity"
    assert explain(f"{arguments} --seed 7 --activation tanh identity", capsys) == right
    assert explain(f"{arguments} --seed 8 --activation tanh", capsys) != right


def test_a_page_needs_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """No address, no script, no file: a page that can be sent by mail; and its markup is well-formed."""
    page = explain(f"{EXAMPLE} --format html", capsys)
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not re.search(r"https?:|//|<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=", page)
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>"))
    assert root.findtext("head/title") == root.findtext("body/main/h1") == "A 2-2-1 network, step by step"
    assert len(root.findall(".//section")) == 7
    assert not set(re.findall(r"&(\w+);", page)) - {name.rstrip(";") for name in html5}
    assert not [text for text in root.itertext() if re.search(r"\\|\$|&", text)]


SEEN = """
() => {
  const faults = [];
  for (const math of document.querySelectorAll("math")) {
    const { width, height } = math.getBoundingClientRect();
    if (!width || !height) faults.push(`shows nothing: ${math.outerHTML.slice(0, 120)}`);
  }
  for (const error of document.querySelectorAll("merror")) faults.push(error.textContent);
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) faults.push(`the page scrolls sideways by ${wide} pixels`);
  return faults;
}
"""


@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_draws_the_page(chromium: Browser, tmp_path: Path, width: int) -> None:
    """In Chromium every formula has a size, a wide one scrolls in its own box, and nothing is asked for elsewhere."""
    page_file = tmp_path / "example.html"
    arguments = f"--layers 9 4 2 --x 1 2 3 4 5 6 7 8 9 --y 1 --loss softmax_cross_entropy --output {page_file}"
    assert main(["explain", *arguments.split(), "--format", "html"]) == 0
    page = chromium.new_page(viewport={"width": width, "height": 800})
    heard = listen(page, page_file.as_uri())
    page.goto(page_file.as_uri())
    assert page.locator("math").count() > 50
    assert [*page.evaluate(SEEN), *heard] == []
    assert page.locator("mtable").first.evaluate("e => e.getBoundingClientRect().height") > 60
    page.close()


GOOD = "--layers 2 1 --x 1 2 --y 1"
MISTAKES = [
    # arguments, the line without its beginning
    ("", "the following arguments are required: command"),
    ("learn", "argument command: invalid choice: 'learn' (choose from train, predict, check, explain)"),
    ("explain", "x: expected --x, or x in a file given with --file, got neither"),
    ("explain --x 1 2 --layers 2 1", "y: expected --y, or y in a file given with --file, got neither"),
    ("explain --x 1 2 --y 1", "layers: expected --layers, or layers in a file given with --file, got neither"),
    ("explain --layers", "argument --layers: expected at least one argument"),
    ("explain --layers 2 x", "argument --layers: invalid int value: 'x'"),
    (f"explain {GOOD} --layers 2", "layers: expected the inputs and at least one layer, such as 2 1, got 2"),
    (f"explain {GOOD} --layers 2 0", "layers: expected at least 1, got 0"),
    (f"explain {GOOD} --layers 2 1001", "layers: expected at most 1000, got 1001"),
    (f"explain {GOOD} --x 1 2 3", "x: expected shape (N, 2) or one example (2,), got (3,)"),
    (f"explain {GOOD} --x 1 two", "argument --x: invalid number value: 'two'"),
    (f"explain {GOOD} --x 1 nan", "x: expected finite numbers, got nan at index (1,)"),
    (f"explain {GOOD} --x 1 {'9' * 400}", "x: expected finite numbers, got inf at index (1,)"),
    (f"explain {GOOD} --y 1 2", "y: expected 1 targets, one for each example of x, got 2"),
    (f"explain {GOOD} --layers 2 3 --y 3", "y: expected labels from 0 to 2, got 3"),
    (
        f"explain {GOOD} --activation sigmiod",
        "activation: expected one of sigmoid, tanh, relu, leaky_relu, identity, got 'sigmiod'",
    ),
    (
        f"explain {GOOD} --activation tanh tanh",
        "activation: expected one name or 1, one for each layer, got 2",
    ),
    (f"explain {GOOD} --loss hinge", f"loss: expected one of {', '.join(LOSSES)}, got 'hinge'"),
    (f"explain {GOOD} --loss binary_cross_entropy --y 2", "y: expected targets from 0 to 1, got 2.0"),
    (f"explain {GOOD} --seed -1", "seed: expected at least 0, got -1"),
    (f"explain {GOOD} --learning-rate 0", "learning_rate: expected a finite number above zero, got 0"),
    (f"explain {GOOD} --learning-rate inf", "learning_rate: expected a finite number above zero, got inf"),
    (f"explain {GOOD} --digits 18", "digits: expected at most 17, which is all a number has, got 18"),
    (f"explain {GOOD} --digits -1", "digits: expected at least 0, got -1"),
    (f"explain {GOOD} --format pdf", "argument --format: invalid choice: 'pdf' (choose from text, markdown, html)"),
    (f"explain {GOOD} --output /nowhere/x", "--output: expected a file in an existing folder, got /nowhere/x"),
    (f"explain {GOOD} --output /", "--output: expected a file, got the folder /"),
    (f"explain {GOOD} --colour", "unrecognized arguments: --colour"),
    (f"explain {GOOD} --dig 3", "unrecognized arguments: --dig 3"),
    (
        "explain --file /nowhere/x",
        "--file: expected a file that can be read, got /nowhere/x: No such file or directory",
    ),
    (f"explain {GOOD} --hold c", "hold: expected names among W, b, W1, b1, got 'c'"),
]


def mistake(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr, without the command's name at its beginning."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return re.sub(r"^python -m backproplab( explain)?: ", "", err.rstrip("\n"))


@pytest.mark.parametrize(("arguments", "line"), MISTAKES, ids=[line[:60] for _, line in MISTAKES])
def test_a_mistake_gets_one_line(arguments: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, nothing on standard output, and one line that names the argument and what was expected."""
    said = mistake(arguments.split(), capsys)
    # Python 3.12 and later leave out the quotes around the choices
    assert re.sub(r"\(choose from (.*)\)", lambda m: m[0].replace("'", ""), said) == line


FILES = [
    # the file's content, what is said of it
    (
        "{",
        "expected JSON, got something else: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    ("[1]", "expected a table of layers, x, y, loss, learning_rate, got list"),
    ('{"rate": 1, "eta": 2}', "expected a table of layers, x, y, loss, learning_rate, got eta, rate"),
    ('{"x": 1, "y": 1, "layers": 3}', "expected a list of layers, got int"),
    ('{"x": 1, "y": 1, "layers": [3]}', "expected W, b and activation in layer 1, got int"),
    ('{"x": 1, "y": 1, "layers": [{}]}', "expected W, b and activation in layer 1, got nothing"),
    ('{"x": 1, "y": 1, "layers": [{"W": 1}]}', "expected W, b and activation in layer 1, got W"),
    (
        '{"x": 1, "y": 1, "layers": [{"W": [[1]], "b": [0], "c": 1}]}',
        "expected W, b and activation in layer 1, got W, b, c",
    ),
    ('{"x": 1, "y": 1, "layers": [{"W": [1], "b": [0]}]}', "layer 1, W: expected shape (outputs, inputs), got (1,)"),
    (
        '{"x": 1, "y": 1, "layers": [{"W": [["1"]], "b": [0]}]}',
        "layer 1, W: expected real numbers, got an array of type <U1",
    ),
    ('{"x": 1, "y": 1, "layers": []}', "layers: expected at least one layer, got none"),
    (
        '{"x": [{}], "y": 1, "layers": [{"W": [[1]], "b": [0]}]}',
        "x: expected real numbers, got an array of Python objects: try numpy.array(…, float)",
    ),
    (
        '{"x": [1], "y": 1, "layers": [{"W": [[1]], "b": [0]}], "learning_rate": "1"}',
        "learning_rate: expected a number, got '1'",
    ),
    (
        '{"x": [1], "y": 1, "layers": [{"W": [[1]], "b": [0]}], "loss": 3}',
        f"loss: expected Loss or one of {', '.join(LOSSES)}, got 3",
    ),
]


@pytest.mark.parametrize(("content", "line"), FILES, ids=[line[:60] for _, line in FILES])
def test_a_mistake_in_a_file_gets_one_line(
    content: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that cannot be used is named together with what was expected in it."""
    path = tmp_path / "network.json"
    path.write_text(content, "utf-8")
    assert mistake(["explain", "--file", str(path)], capsys).removeprefix(f"{path}: ") == line


def test_a_file_that_is_no_text_or_no_toml_gets_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are no UTF-8, and TOML with a mistake in it."""
    for name, content, kind in (("a.json", b"\xff\xfe", "JSON"), ("a.toml", b"x = = 1", "TOML")):
        path = tmp_path / name
        path.write_bytes(content)
        said = mistake(["explain", "--file", str(path)], capsys)
        assert said.startswith(f"{path}: expected {kind}, got something else: ")


def test_a_files_layers_are_not_mixed_with_drawn_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Weights come from the file or from chance."""
    path = written(tmp_path)
    for argument in ("--layers 2 1", "--activation tanh", "--seed 0"):
        name = argument.split()[0].removeprefix("--")
        said = mistake(["explain", "--file", str(path), *argument.split()], capsys)
        assert said == f"{name}: expected no --{name} beside the layers of {path}"


def test_without_the_library_the_page_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only HTML needs latex2mathml, and the error names the extra."""
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    said = mistake(["explain", *GOOD.split(), "--format", "html"], capsys)
    assert said == "format: expected latex2mathml to be installed: pip install 'backproplab[html]'"
    assert explain(GOOD, capsys)


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text is written beside and renamed: an older file stays until then, and nothing is left behind."""
    path = tmp_path / "example.txt"
    printed = explain(GOOD, capsys)
    assert explain(f"{GOOD} --output {path}", capsys) == ""
    assert path.read_text("utf-8") == printed
    path.write_text("older", "utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    said = mistake(["explain", *GOOD.split(), "--output", str(path)], capsys)
    assert said == f"--output: expected a file that can be written, got {path}: No space left on device"
    assert path.read_text("utf-8") == "older"
    assert [*tmp_path.iterdir()] == [path]


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own."""
    command = [sys.executable, "-m", "backproplab", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, check=False)


def test_it_runs_as_a_module_whatever_the_terminal_speaks() -> None:
    """`python -m backproplab explain …` prints UTF-8 even where that is not the custom; a mistake is no traceback."""
    done = run("explain", *EXAMPLE.split(), PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert done.stderr == b""
    assert "δ¹ = (W²)ᵀ δ² ⊙ σ′(z¹)" in done.stdout.decode()
    done = run("explain", "--y", "1")
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "python -m backproplab explain: x: expected --x, or x in a file given with --file, got neither"
    ]
    done = run("explain", "--help")
    assert done.returncode == 0
    assert b'"layers": [{"W": [[0.5, -0.4], [0.8, 0.2]]' in done.stdout


def test_a_reader_may_leave_early() -> None:
    """Piped into a program that has ended, such as `head`, the command ends without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "backproplab", "explain", *EXAMPLE.split()]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 0


def test_the_file_in_the_help_is_a_working_example(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the help shows can be copied."""
    with pytest.raises(SystemExit):
        main(["explain", "--help"])
    shown = re.search(r"^  (\{.*\})$", capsys.readouterr().out, re.DOTALL | re.MULTILINE)
    assert shown is not None
    path = tmp_path / "network.json"
    path.write_text(shown[1], "utf-8")
    assert "Each of the N = 2 examples is a column" in " ".join(explain(f"--file {path}", capsys).split())


def test_a_captured_output_without_a_terminal_is_written_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a notebook standard output is no terminal and has no encoding to change."""
    caught = io.StringIO()
    monkeypatch.setattr(sys, "stdout", caught)
    assert main(["explain", *GOOD.split()]) == 0
    assert "C_new" in caught.getvalue()


def test_negative_numbers_are_numbers_however_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A minus before a number with an exponent or a point starts no option."""
    for numbers in ("-1e-3 -2", "-.001 -2E0", "-0.001 -2."):
        out = explain(f"--layers 2 1 --x {numbers} --y -1e0", capsys)
        assert "  x = a⁰ = ⎡ -0.001 ⎤" in out


def test_biases_can_be_held(capsys: pytest.CaptureFixture[str]) -> None:
    """`--hold b` leaves the biases out of the update."""
    out = explain(f"{EXAMPLE} --hold b", capsys)
    assert "W¹ ← W¹" in out
    assert "b¹ ←" not in out
    assert "except those that are held where they are: b¹, b²." in " ".join(out.split())


def test_a_byte_order_mark_and_capitals_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Editors on Windows write both."""
    json_file, toml_file = tmp_path / "a.json", tmp_path / "A.TOML"
    json_file.write_text(json.dumps(TWO_EXAMPLES), "utf-8-sig")
    toml_file.write_text(AS_TOML, "utf-8-sig")
    assert explain(f"--file {json_file}", capsys) == explain(f"--file {toml_file}", capsys)


@pytest.mark.parametrize("digits", [30, 400])
def test_a_huge_learning_rate_in_a_file_is_a_number(
    digits: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole numbers that no machine word holds get the message of any number too large."""
    for name, content in (
        ("a.json", json.dumps(TWO_EXAMPLES | {"learning_rate": 10**digits})),
        ("a.toml", AS_TOML.replace("0.25", f"1{'0' * digits}", 1)),
    ):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        if digits == 30:
            assert "10³⁰" in explain(f"--file {path}", capsys)
        else:
            said = mistake(["explain", "--file", str(path)], capsys)
            assert said == "learning_rate: expected a finite number above zero, got inf"


def test_nothing_in_a_message_steers_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape bytes in keys and in names of files are spelt out."""
    path = tmp_path / "a\x1b[31m.json"
    path.write_text(json.dumps({"\x1b]0;owned\x07": 1}), "utf-8")
    said = mistake(["explain", "--file", str(path)], capsys)
    assert said.isprintable()
    assert r"\x1b]0;owned\x07" in said


def test_the_width_is_that_of_the_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """COLUMNS says how wide sentences may be."""
    widest = []
    for columns in (60, 90):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = explain(EXAMPLE, capsys).splitlines()
        widest.append(max(map(len, lines)))
        assert widest[-1] <= columns
    assert widest[0] < widest[1]


@pytest.mark.parametrize("where", ["main.Parser", "explain.worked_sections", "explain.write"])
def test_ctrl_c_ends_it_without_a_word(where: str, tmp_path: Path) -> None:
    """A signal that comes while it works ends it with 130, as shells do, and writes no file, nor half of one."""
    program = f"""
import os, runpy, signal, sys
from backproplab.commands import explain, main
signal.signal(signal.SIGINT, signal.default_int_handler)
inner = {where}
def interrupted(*arguments, **options):
    os.kill(os.getpid(), signal.SIGINT)
    return inner(*arguments, **options)
{where} = interrupted
sys.argv = ["backproplab", "explain", *{EXAMPLE.split()!r}, "--output", "sheet.md"]
runpy.run_module("backproplab", run_name="__main__", alter_sys=False)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_a_closed_standard_output_gets_one_line() -> None:
    """There is nowhere to write to, and the exit code says so."""
    command = f'"{sys.executable}" -m backproplab explain {EXAMPLE} >&-'
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "python -m backproplab explain: --output: expected a file where standard output is closed, got none"
    ]


def test_an_interactive_page_needs_no_other_file(
    chromium: Browser, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The stepper at the head of the page starts, from a file, with no request to anywhere."""
    (tmp_path / "page.html").write_text(explain(f"{EXAMPLE} --format html --interactive", capsys), "utf-8")
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(",")[0]))
    page.goto((tmp_path / "page.html").as_uri())
    page.get_by_role("slider").press("End")
    assert "C after" in page.locator(".moment.now").inner_text()
    assert set(asked) <= {(tmp_path / "page.html").as_uri(), "data:text/javascript;base64"}
    page.close()
    for other in ("--format text", "--format html --blank", "--format html --hold b"):
        said = mistake(["explain", *f"{EXAMPLE} {other} --interactive".split()], capsys)
        assert said == "interactive: expected --format html, and neither --blank nor --hold, with --interactive"
