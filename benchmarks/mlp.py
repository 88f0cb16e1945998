"""How fast do small fully connected networks train? backproplab beside PyTorch, scikit-learn and a NumPy loop.

Everything runs on one thread; see `--help`. The numbers are examples per second of training, the loss included.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contest import Contender, installed, race, setting, settle_environment, table

DEFAULT_MNIST = Path(__file__).parents[2] / "shared" / "mnist"
REFERENCE = "PyTorch eager"
LOOP_EXAMPLES = 2_000  # enough for the slow loop


@dataclass(frozen=True)
class Task:
    """One network and how it is trained.

    Attributes:
        hidden: Neurons in the hidden layer.
        activation: Its activation; under the squared error the output layer has it too.
        loss: The loss.
        batch_size: Examples in a mini-batch.
        learning_rate: The step size.
    """

    hidden: int
    activation: str
    loss: str
    batch_size: int
    learning_rate: float

    @property
    def squared(self) -> bool:
        """Whether the loss is the squared error, on a sigmoid output."""
        return self.loss == "half_squared_error"

    def __str__(self) -> str:
        return f"784-{self.hidden}-10, {self.activation}, {self.loss}, batch {self.batch_size}"


TASKS = (
    Task(30, "sigmoid", "half_squared_error", 10, 3.0),
    Task(128, "relu", "softmax_cross_entropy", 32, 0.1),
    Task(128, "relu", "softmax_cross_entropy", 256, 0.1),
)


def load_data(folder: Path, examples: int) -> tuple[Any, Any, str]:
    """Return images from 0 to 1 as rows, labels, and where they come from: MNIST's files, or random numbers."""
    import numpy as np

    from backproplab import mnist

    if not folder.is_dir():
        rng = np.random.default_rng(0)
        return rng.random((examples, 784)), rng.integers(0, 10, examples), "random data of MNIST's shape"
    data = mnist(folder, np.float64)
    return data.x_train[:examples], data.y_train[:examples], "MNIST"


def backproplab_turn(task: Task, x: Any, labels: Any, dtype: str) -> Callable[[], object]:
    """Return one epoch of the public `fit`."""
    import numpy as np

    from backproplab import SGD, Dense, Network, fit

    rng = np.random.default_rng(1)
    output = "sigmoid" if task.squared else "identity"
    layers = [
        Dense(784, task.hidden, task.activation, rng=rng, dtype=dtype),
        Dense(task.hidden, 10, output, rng=rng, dtype=dtype),
    ]
    training = fit(
        Network(layers, task.loss),
        x,
        labels,
        epochs=1_000_000,
        batch_size=task.batch_size,
        optimizer=SGD(task.learning_rate),
        rng=rng,
    )
    return lambda: next(training)


def pytorch_turn(task: Task, x: Any, labels: Any, dtype: str) -> Callable[[], object]:
    """Return one epoch of PyTorch without a DataLoader: tensors, indexed by a permutation."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(1)
    nn, kind = torch.nn, getattr(torch, dtype)
    inputs, classes = torch.from_numpy(x), torch.from_numpy(labels)
    if task.squared:
        model = nn.Sequential(nn.Linear(784, task.hidden), nn.Sigmoid(), nn.Linear(task.hidden, 10), nn.Sigmoid())
        targets = nn.functional.one_hot(classes, 10).to(kind)
        squares = nn.MSELoss(reduction="sum")
    else:
        model = nn.Sequential(nn.Linear(784, task.hidden), nn.ReLU(), nn.Linear(task.hidden, 10))
        targets = classes
        cross_entropy = nn.CrossEntropyLoss()
    model.to(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=task.learning_rate)

    def epoch() -> float:
        total = 0.0
        for batch in torch.randperm(len(inputs)).split(task.batch_size):
            optimizer.zero_grad()
            a, y = model(inputs[batch]), targets[batch]
            loss = squares(a, y) / (2 * len(batch)) if task.squared else cross_entropy(a, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        return total / len(inputs)

    return epoch


def scikit_learn_turn(task: Task, x: Any, labels: Any, _: str) -> Callable[[], object]:
    """Return one epoch of `MLPClassifier.partial_fit`; its only loss for classes is the cross-entropy."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (task.hidden,),
        activation={"sigmoid": "logistic", "relu": "relu"}[task.activation],
        solver="sgd",
        alpha=0.0,
        batch_size=task.batch_size,
        learning_rate_init=task.learning_rate if not task.squared else 0.5,
        momentum=0.0,
        nesterovs_momentum=False,
        random_state=1,
    )
    return lambda: model.partial_fit(x, labels, classes=np.arange(10))


def numpy_loop_turn(task: Task, x: Any, labels: Any, dtype: str) -> Callable[[], object]:
    """Return one epoch in the style of a first course: backpropagation for one example after the other."""
    import numpy as np

    rng = np.random.default_rng(1)
    pairs = [
        (image.reshape(-1, 1), np.eye(10, dtype=dtype)[:, [label]]) for image, label in zip(x, labels, strict=True)
    ]
    shapes = [(task.hidden, 784), (10, task.hidden)]
    weights = [(rng.standard_normal(shape) / shape[1] ** 0.5).astype(dtype) for shape in shapes]
    biases = [np.zeros((shape[0], 1), dtype) for shape in shapes]

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    def one_example(x: Any, y: Any) -> tuple[list[Any], list[Any]]:
        activations, zs = [x], []
        for W, b in zip(weights, biases, strict=True):
            zs.append(np.dot(W, activations[-1]) + b)
            activations.append(sigmoid(zs[-1]))
        delta = (activations[-1] - y) * sigmoid(zs[-1]) * (1 - sigmoid(zs[-1]))
        grads_W, grads_b = [np.dot(delta, activations[-2].T)], [delta]
        delta = np.dot(weights[-1].T, delta) * sigmoid(zs[-2]) * (1 - sigmoid(zs[-2]))
        return [np.dot(delta, x.T), *grads_W], [delta, *grads_b]

    def epoch() -> None:
        order = rng.permutation(len(pairs))
        for start in range(0, len(pairs), task.batch_size):
            batch = [pairs[index] for index in order[start : start + task.batch_size]]
            sums_W, sums_b = [np.zeros_like(W) for W in weights], [np.zeros_like(b) for b in biases]
            for x, y in batch:
                grads_W, grads_b = one_example(x, y)
                sums_W = [total + grad for total, grad in zip(sums_W, grads_W, strict=True)]
                sums_b = [total + grad for total, grad in zip(sums_b, grads_b, strict=True)]
            rate = task.learning_rate / len(batch)
            weights[:] = [W - rate * total for W, total in zip(weights, sums_W, strict=True)]
            biases[:] = [b - rate * total for b, total in zip(biases, sums_b, strict=True)]

    return epoch


def contenders(task: Task, x: Any, labels: Any, dtype: str) -> list[Contender]:
    """Return everybody who takes part in a task and is installed."""
    found = [Contender("backproplab", len(x), backproplab_turn(task, x, labels, dtype))]
    if installed("torch"):
        found.append(Contender(REFERENCE, len(x), pytorch_turn(task, x, labels, dtype)))
    if installed("sklearn"):
        name = "scikit-learn (with log-loss)" if task.squared else "scikit-learn"
        found.append(Contender(name, len(x), scikit_learn_turn(task, x, labels, dtype)))
    if task.squared:
        few = slice(LOOP_EXAMPLES)
        turn = numpy_loop_turn(task, x[few], labels[few], dtype)
        found.append(Contender("NumPy, one example at a time", len(x[few]), turn))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the contest and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", type=Path, default=DEFAULT_MNIST, help="a folder with MNIST's IDX files")
    parser.add_argument("--examples", type=int, default=20_000, help="training examples in each turn")
    parser.add_argument("--rounds", type=int, default=9, help="counted turns of each contender")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"], choices=["float32", "float64"])
    parser.add_argument("--tasks", nargs="+", type=int, default=[1, 2, 3], choices=[1, 2, 3], help="which networks")
    parser.add_argument("--keep-kernels", action="store_true", help="obey OPENBLAS_CORETYPE if it is set")
    options = parser.parse_args(arguments)
    settle_environment(keep_kernels=options.keep_kernels)

    images, labels, source = load_data(options.mnist, options.examples)
    print(setting("numpy", "torch", "scikit-learn"))
    print(f"- data: {source}, {len(images):,} examples at each turn, {options.rounds} rounds")
    for number in options.tasks:
        for dtype in options.dtypes:
            task = TASKS[number - 1]
            print(f"\n### {task}, {dtype}\n", flush=True)
            speeds = race(contenders(task, images.astype(dtype), labels, dtype), options.rounds)
            print(table(speeds, REFERENCE), flush=True)


if __name__ == "__main__":
    main()
