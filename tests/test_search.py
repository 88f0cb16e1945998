"""The search box, asked in readers' words, and what the search looks through."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from backproplab.book.chapters import chapters
from backproplab.book.search import Reader, Section, without_formulas
from tests.browser import listen, serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


QUERIES: dict[str, tuple[str, ...]] = {
    "why transpose": ("network/four-equations/#why-transpose",),
    "hadamard": ("network/four-equations/#bp1-the-error-at-the-output",),
    "hadamard product": ("network/four-equations/#bp1-the-error-at-the-output",),
    "outer product": ("network/four-equations/#bp4-the-gradient-of-a-weight",),
    "what is delta": ("network/four-equations/#the-error-of-a-neuron",),
    "bias gradient": ("network/four-equations/#bp3-the-gradient-of-a-bias",),
    "gradient of the weights": ("network/four-equations/#bp4-the-gradient-of-a-weight",),
    "BP2": ("network/four-equations/#bp2-the-error-one-layer-earlier",),
    "four equations of backpropagation": ("network/four-equations/",),
    "wrong gradient but it learns": ("network/four-equations/#wrong-gradient",),
    "what is a neuron": ("network/neuron/", "network/neuron/#weighted-sum-and-activation"),
    "perceptron": ("network/neuron/#the-perceptron",),
    "xor": ("network/neuron/#what-one-neuron-cannot-do",),
    "sigmoid derivative": ("network/neuron/#the-sigmoid",),
    "derivative of tanh": ("network/neuron/#the-hyperbolic-tangent",),
    "relu": ("network/neuron/#relu",),
    "relu derivative at 0": ("network/neuron/#relu",),
    "leaky relu": ("network/neuron/#leaky-relu",),
    "overflow in exp": ("network/neuron/#what-goes-wrong",),
    "why do we need activation functions": ("network/layer/#why-the-bend-is-needed",),
    "how many parameters": ("network/layer/#how-many-parameters",),
    "matrix shapes": ("network/layer/#every-shape", "reference/cheat-sheet/#shapes"),
    "broadcasting bug": ("network/layer/#what-goes-wrong", "lab/arrays/#n-against-n-1"),
    "which loss function": ("network/mistake/#which-one",),
    "mean squared error": ("network/mistake/#squared-errors", "network/mistake/#without-the-half-and-the-mean"),
    "cross entropy": ("network/mistake/#cross-entropy-of-shares", "network/mistake/#yes-or-no-binary-cross-entropy"),
    "binary cross-entropy": ("network/mistake/#yes-or-no-binary-cross-entropy",),
    "softmax": ("network/mistake/#one-out-of-many-softmax", "network/mistake/#cross-entropy-of-shares"),
    "softmax derivative": ("network/mistake/#its-derivatives", "network/mistake/#cross-entropy-of-shares"),
    "one-hot": ("network/mistake/#cross-entropy-of-shares",),
    "loss is nan": ("network/mistake/#what-goes-wrong", "lab/stalls/#what-goes-wrong"),
    "vanishing gradient": (
        "lab/stalls/#vanishing-exploding",
        "network/one-neuron-per-layer/#what-a-long-chain-does-to-a-slope",
        "network/what-they-teach/#vanishing-gradient",
        "convolution/gate/#many-gates-in-a-row",
    ),
    "exploding": (
        "lab/stalls/#vanishing-exploding",
        "network/one-neuron-per-layer/#what-a-long-chain-does-to-a-slope",
        "network/what-they-teach/#vanishing-gradient",
        "convolution/gate/#how-much-survives-layer-by-layer",
        "convolution/gate/#many-gates-in-a-row",
    ),
    "saturated neurons": ("network/what-they-teach/#saturation", "lab/stalls/#saturation"),
    "initialise weights to zero": ("network/what-they-teach/#twins-never-part",),
    "symmetry breaking": ("network/what-they-teach/#twins-never-part", "network/what-they-teach/#symmetry"),
    "chain rule": ("foundations/chain-rule/",),
    "jacobian": (
        "foundations/gradient/#shapes-once-for-the-whole-book",
        "foundations/chain-rule/#many-inputs-many-outputs",
    ),
    "reverse mode": ("lab/graphs/#modes", "foundations/chain-rule/#a-long-chain-from-the-left-or-from-the-right"),
    "automatic differentiation": ("lab/graphs/#record",),
    "computational graph": ("lab/graphs/#circuits", "lab/graphs/"),
    "topological order": ("lab/graphs/#topological-order",),
    "loss.backward": ("lab/graphs/#backward",),
    "partial derivative": ("foundations/gradient/#one-input-at-a-time-the-partial-derivative",),
    "direction of steepest descent": ("foundations/gradient/#which-direction-is-the-steepest",),
    "taylor": ("foundations/taylor/",),
    "loss goes up": ("foundations/taylor/#what-goes-wrong", "foundations/descent/#what-goes-wrong"),
    "hessian": ("foundations/minima/#curvature-the-hessian",),
    "local minimum": (
        "foundations/minima/#local-and-global",
        "foundations/descent/#several-starts-several-villages",
    ),
    "saddle point": (
        "foundations/minima/",
        "foundations/minima/#nine-parameters-that-stand-still",
        "foundations/minima/#curvature-the-hessian",
    ),
    "plateau": ("foundations/minima/#plateaus-a-small-gradient-far-from-the-bottom",),
    "gradient descent": ("foundations/descent/",),
    "learning rate": (
        "foundations/descent/#how-large-may-a-step-be",
        "foundations/descent/#the-best-learning-rate-and-how-good-it-is",
    ),
    "learning rate too high": ("foundations/descent/#what-goes-wrong", "foundations/descent/#how-large-may-a-step-be"),
    "condition number": ("foundations/descent/#the-best-learning-rate-and-how-good-it-is",),
    "finite differences": ("foundations/slope/#from-both-sides", "reference/gradient-check/#one-slope-many-steps"),
    "numerical gradient": ("reference/gradient-check/#one-slope-many-steps", "foundations/slope/#from-both-sides"),
    "gradient check": ("reference/gradient-check/",),
    "training loop": ("network/algorithm/#the-loop-in-a-few-lines", "lab/digits/#the-network-and-its-training"),
    "when to stop training": ("network/algorithm/#when-to-stop", "foundations/descent/#when-to-stop"),
    "stochastic gradient descent": ("network/minibatches/",),
    "batch size": (
        "network/minibatches/",
        "network/minibatches/#how-far-off-it-is",
        "network/minibatches/#what-one-step-costs",
    ),
    "epoch": ("network/minibatches/#epochs-shuffling-and-what-random-rows-leave-out",),
    "cost of backpropagation": ("network/why-fast/", "network/why-fast/#about-three"),
    "dynamic programming": ("network/why-fast/#shared-once-used-by-all",),
    "zero_grad": ("network/algorithm/#what-goes-wrong", "lab/arrays/#zero-grad", "lab/pytorch/#zero-grad"),
    "accumulated gradients": ("lab/arrays/#zero-grad",),
    "unbroadcast": ("lab/arrays/#unbroadcast",),
    "gradient of a matrix product": ("lab/arrays/#matmul",),
    "inplace operation": ("lab/arrays/#in-place",),
    "autograd": ("lab/arrays/#program", "lab/arrays/#four-routes"),
    "ill-conditioned": ("foundations/minima/#ill-conditioned",),
    "nn.Linear": ("network/conventions/#rows-or-columns", "network/conventions/#pytorch", "lab/pytorch/#linear"),
    "keras": ("network/conventions/#keras",),
    "row or column vectors": ("network/conventions/#rows-or-columns", "notation/#columns-inside-rows-outside"),
    "convolution backward": ("convolution/kernel-gradient/#the-input-a-full-convolution-with-the-flipped-kernel",),
    "backprop through a convolution": (
        "convolution/kernel-gradient/",
        "convolution/kernel-gradient/#the-input-a-full-convolution-with-the-flipped-kernel",
    ),
    "flipped kernel": (
        "convolution/dense-to-local/#correlation-and-convolution",
        "convolution/kernel-gradient/#the-input-a-full-convolution-with-the-flipped-kernel",
    ),
    "cross-correlation": ("convolution/dense-to-local/#correlation-and-convolution",),
    "weight sharing": ("convolution/dense-to-local/#how-many-weights-is-that",),
    "stride": ("convolution/forward/#stride-not-every-place",),
    "padding": ("convolution/forward/#padding-a-rim-of-zeros",),
    "output size of a convolution": ("convolution/forward/#how-large-is-the-map",),
    "receptive field": ("convolution/forward/#how-far-a-place-can-see",),
    "dead relu": ("convolution/gate/#a-gate-that-never-opens-again", "lab/stalls/#dying-relu"),
    "max pooling backward": ("convolution/pooling/#max-a-router",),
    "average pooling": ("convolution/pooling/#average-an-equal-split",),
    "translation equivariance": ("convolution/digits-cnn/#the-image-moves-by-a-pixel",),
    "weight initialization": ("lab/stalls/#xavier", "lab/stalls/"),
    "he initialisation": ("lab/stalls/#he",),
    "glorot": ("lab/stalls/#xavier",),
    "dying relu": ("lab/stalls/#dying-relu",),
    "first loss": ("lab/stalls/#first-loss",),
    "standardize": ("lab/stalls/#standardize",),
    "loss does not decrease": ("lab/stalls/#what-goes-wrong",),
    "exploding gradient": ("lab/stalls/#vanishing-exploding",),
    "confusion matrix": ("lab/digits/#what-it-confuses",),
    "mnist": ("lab/mnist/", "lab/mnist/#task", "lab/mnist/#program", "lab/mnist/#at-home", "lab/mnist/#suspects"),
    "mnist from scratch": ("lab/mnist/",),
    "low accuracy on mnist": ("lab/mnist/#suspects",),
    "frozen biases": ("lab/mnist/#frozen-biases",),
    "train mnist": ("lab/mnist/#at-home",),
    "not converging": (
        "lab/digits/#what-goes-wrong",
        "foundations/descent/#what-goes-wrong",
    ),
    "network outputs the same value": ("lab/digits/#what-goes-wrong", "lab/stalls/#same-output"),
    "weights file": ("lab/digits/#run-it-at-home",),
    "overfitting": ("lab/generalisation/#overfitting",),
    "regularization": ("lab/generalisation/#weight-decay",),
    "weight decay": ("lab/generalisation/#weight-decay",),
    "L2 regularization": ("lab/generalisation/#weight-decay",),
    "early stopping": ("lab/generalisation/#early-stopping", "network/algorithm/#when-to-stop"),
    "data augmentation": ("lab/generalisation/#augmentation",),
    "augmentation": ("lab/generalisation/#augmentation",),
    "validation set": ("lab/generalisation/#validation-set",),
    "generalization gap": ("lab/generalisation/#validation-set", "lab/generalisation/#more-data"),
    "data leakage": ("lab/generalisation/#data-leakage",),
    "random labels": ("lab/generalisation/#random-labels",),
    "cross-validation": ("lab/generalisation/#cross-validation",),
    "white on black": ("lab/handwriting/#white-on-black",),
    "handwriting": ("lab/handwriting/",),
    "centre of mass": ("lab/handwriting/#centre-of-mass",),
    "png": ("lab/handwriting/#try-your-own",),
    "preprocessing": ("lab/handwriting/#what-mistakes-cost",),
    "cheat sheet": ("reference/cheat-sheet/",),
}
"""What readers type, and where a picky one would want to be led."""

SHOWN = """
() => [...document.querySelectorAll(".md-search-result__item")].map((item) => {
  const [page, ...sections] = item.querySelectorAll(":scope > a");
  return (sections.length ? sections : [page]).map((link) => link.href);
})
"""
"""The links of each result, but for the page's own above the sections that answer, and for those that are folded away."""

PAGE = """
<h1 id="taylor">Taylor<a class="headerlink" href="#taylor">¶</a></h1>
<p class="chapter">Part I · chapter 2</p>
<p>A line, not a curve.</p>
<h2 id="error">The error &amp; its size</h2>
<figure><svg><text>axis</text><g><text>label</text></g></svg><figcaption>What is left over.</figcaption></figure>
<pre><code>error = f(x)</code></pre>
<table><tr><td>exact</td><td>wrong</td></tr><tr><td>1</td><td>2</td></tr></table>
<div class="admonition success"><p>Checked by</p><div><div><p>a test</p></div></div></div>
<div class="doc"><h4 id="backproplab.taylor" class="doc doc-heading">taylor</h4><p>Cut the series.</p></div>
<p>More on <code>taylor</code>.</p>
<details><summary>Second reading: remainders</summary><p>Lagrange's.</p></details>
"""


def formula(inner: str, tag: str = "span", name: str = "math") -> str:
    mathml = (
        f'<math xmlns="x"><semantics>{inner}<annotation encoding="application/x-tex">x</annotation></semantics></math>'
    )
    return f'<{tag} class="{name}"><span class="katex"><span>{mathml}</span><span><span>x</span></span></span></{tag}>'


def test_headings_and_sentences_are_found_and_nothing_else() -> None:
    assert Reader().read(PAGE) == [
        Section("", ["Taylor"], ["<p>A line, not a curve.</p>"]),
        Section(
            "error",
            ["The error &amp; its size"],
            [
                "<p>What is left over.</p>",
                "<p>exact wrong</p>",
                "<p>taylor</p>",
                "<p>Cut the series.</p>",
                "<p>More on <code>taylor</code>.</p>",
                "<p>Second reading: remainders</p>",
                "<p>Lagrange's.</p>",
            ],
        ),
    ]


@pytest.mark.parametrize(
    ("rendered", "said"),
    [
        (formula("<mi>δ</mi>"), "δ"),
        (formula('<mrow><mi mathvariant="normal">W</mi></mrow>'), "W"),
        (formula("<mrow><msup><mi>w</mi><mi>l</mi></msup></mrow>"), " … "),
        (formula("<mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>", "div", "equation"), " … "),
    ],
)
def test_of_a_formula_only_a_single_letter_is_said(rendered: str, said: str) -> None:
    assert without_formulas(f"<p>so {rendered} is</p>") == f"<p>so {said} is</p>"


@pytest.fixture(scope="module")
def index(site: Path) -> list[dict[str, Any]]:
    docs: list[dict[str, Any]] = json.loads((site / "search/search_index.json").read_text("utf-8"))["docs"]
    return docs


def test_the_index_names_no_function_and_no_formula(index: list[dict[str, Any]]) -> None:
    assert len(index) > 200
    for entry in index:
        assert not {"backproplab.", "tests."} & set(entry["location"].split("#")), entry["location"]
        assert "#backproplab." not in entry["location"]
        for unreadable in ("\\(", "\\frac", "<svg", "<pre", "def test_"):
            assert unreadable not in entry["title"] + entry["text"], entry["location"]


def test_reference_pages_without_sections_of_their_own_are_one_entry(index: list[dict[str, Any]]) -> None:
    for page in ("", "reference/errata/", "reference/ledger/"):
        assert [entry["location"] for entry in index if entry["location"].split("#")[0] == page] == [page]


def test_only_the_search_of_mkdocs_is_asked_through_our_worker(site: Path, zensical_site: Path) -> None:
    worker = "javascripts/search.js?../assets/javascripts/workers/"
    assert f'"../../{worker}' in (site / "network/neuron/index.html").read_text("utf-8")
    assert worker not in (zensical_site / "network/neuron/index.html").read_text("utf-8")


def test_the_index_weighs_little(site: Path) -> None:
    """A chapter adds no more to what a search loads than a small picture would."""
    assert len(gzip.compress((site / "search/search_index.json").read_bytes())) < 5_800 * len(chapters())


@pytest.fixture(scope="module")
def places(chromium: Browser, site: Path) -> dict[str, int | None]:
    """Ask everything in the search box of one page; give the place of the right section among the results."""
    found: dict[str, int | None] = {}
    with serve(site) as front:
        page = chromium.new_page()
        heard = listen(page, front)
        page.goto(f"{front}network/neuron/")
        box = page.locator(".md-search__input")
        box.click()
        for question, wanted in QUERIES.items():
            page.evaluate("document.querySelector('.md-search-result__list').innerHTML = '<li id=before></li>'")
            box.fill(question)
            box.press("End")
            page.wait_for_function("!document.getElementById('before')")
            links = [{urlsplit(link)._replace(query="").geturl() for link in links} for links in page.evaluate(SHOWN)]
            right = {front + place for place in wanted}
            found[question] = next((place for place, shown in enumerate(links, 1) if right & shown), None)
        page.close()
    assert not heard
    return found


def test_the_search_leads_to_the_right_section(places: dict[str, int | None]) -> None:
    assert len(places) >= 60
    far = {question: place for question, place in places.items() if place is None or place > 3}
    assert not far
    later = [question for question, place in places.items() if place != 1]
    assert len(places) - len(later) >= 50, later
