"""The convolutional network of `cnn.py` as textbooks write it: windows by `sliding_window_view`, pooling by `argmax`."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[Any]


def convolve(a: Array, W: Array, b: Array) -> tuple[Array, Array]:
    """Return z, shape (N, F, H, W), and the windows as rows, which the way back needs."""
    padded = np.pad(a, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, (3, 3), axis=(2, 3))  # (N, C, H, W, 3, 3)
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, W[0].size)  # (N·H·W, C·9)
    z = rows @ W.reshape(len(W), -1).T + b[:, 0]
    return z.reshape(len(a), *a.shape[2:], -1).transpose(0, 3, 1, 2), rows


def kernel_and_bias_gradient(delta: Array, rows: Array, W: Array) -> tuple[Array, Array]:
    """Return ∂C/∂W and ∂C/∂b."""
    errors = delta.transpose(0, 2, 3, 1).reshape(-1, len(W))
    return (errors.T @ rows).reshape(W.shape), errors.sum(axis=0)[:, np.newaxis]


def pull_back(delta: Array, W: Array) -> Array:
    """Return ∂C/∂a, put together from nine shifted pieces."""
    N, F, height, width = delta.shape
    errors = delta.transpose(0, 2, 3, 1).reshape(-1, F)
    pieces = (errors @ W.reshape(F, -1)).reshape(N, height, width, -1, 3, 3)
    padded = np.zeros((N, pieces.shape[3], height + 2, width + 2), delta.dtype)
    for u in range(3):
        for v in range(3):
            padded[:, :, u : u + height, v : v + width] += pieces[..., u, v].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


def pool(a: Array) -> tuple[Array, Array]:
    """Return the largest of each 2 × 2 window, and which of the four it was."""
    N, C, height, width = a.shape
    windows = a.reshape(N, C, height // 2, 2, width // 2, 2).transpose(0, 1, 2, 4, 3, 5)
    windows = windows.reshape(N, C, height // 2, width // 2, 4)
    where = windows.argmax(axis=-1)[..., np.newaxis]
    return np.take_along_axis(windows, where, axis=-1)[..., 0], where


def pool_back(grad: Array, where: Array) -> Array:
    """Return ∂C/∂a, zero but for the largest of each window."""
    N, C, height, width = grad.shape
    windows = np.zeros((*grad.shape, 4), grad.dtype)
    np.put_along_axis(windows, where, grad[..., np.newaxis], axis=-1)
    windows = windows.reshape(N, C, height, width, 2, 2).transpose(0, 1, 2, 4, 3, 5)
    return windows.reshape(N, C, 2 * height, 2 * width)


def loss_and_gradients(p: dict[str, Array], x: Array, y: Array) -> tuple[float, dict[str, Array]]:
    """Return the cross-entropy of a batch and its gradients, one step of the chain rule after the other."""
    z1, rows1 = convolve(x, p["W1"], p["b1"])
    a1, where1 = pool(np.maximum(z1, 0))
    z2, rows2 = convolve(a1, p["W3"], p["b3"])
    a2, where2 = pool(np.maximum(z2, 0))
    flat = a2.reshape(len(x), -1)
    logits = flat @ p["W6"].T + p["b6"][:, 0]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    loss = -np.log(shares[np.arange(len(y)), y]).mean()

    delta = shares
    delta[np.arange(len(y)), y] -= 1
    delta /= len(y)
    grads = {"W6": delta.T @ flat, "b6": delta.sum(axis=0)[:, np.newaxis]}
    delta = pool_back((delta @ p["W6"]).reshape(a2.shape), where2) * (z2 > 0)
    grads["W3"], grads["b3"] = kernel_and_bias_gradient(delta, rows2, p["W3"])
    delta = pool_back(pull_back(delta, p["W3"]), where1) * (z1 > 0)
    grads["W1"], grads["b1"] = kernel_and_bias_gradient(delta, rows1, p["W1"])
    return float(loss), grads


def epochs(start: dict[str, Array], x: Array, labels: Array, batch: int, learning_rate: float) -> Iterator[float]:
    """Train for ever, from the given parameters, and yield the mean loss of each epoch."""
    parameters = {name: array.copy() for name, array in start.items()}
    rng = np.random.default_rng(2)
    while True:
        order, total = rng.permutation(len(x)), 0.0
        for first in range(0, len(x), batch):
            indices = order[first : first + batch]
            loss, grads = loss_and_gradients(parameters, x[indices], labels[indices])
            for name, grad in grads.items():
                parameters[name] -= learning_rate * grad
            total += loss * len(indices)
        yield total / len(x)
