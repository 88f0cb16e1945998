"""The four equations of backpropagation, one function each; the same functions train every network."""

from functools import lru_cache
from typing import Any

import numpy as np

from backproplab.checks import Array, column_array, given_array

__all__ = ["bias_gradient", "hidden_error", "output_error", "pull_back", "weight_gradient"]


def output_error(grad_a: Array, prime_z: Array) -> Array:
    r"""Return the error of a layer whose activations' gradient is known (BP1).

    $$\delta^L = \nabla_a C \odot \sigma'(z^L)$$

    Args:
        grad_a: $\partial C / \partial a^L$, shape (n, N).
        prime_z: $\sigma'(z^L)$, shape (n, N).

    Returns:
        $\delta^L = \partial C / \partial z^L$, shape (n, N).

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If the two shapes differ.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, equation BP1.
    """
    grad_a, prime_z = given_array(grad_a, "grad_a"), given_array(prime_z, "prime_z")
    if grad_a.shape != prime_z.shape:
        raise ValueError(f"grad_a: expected the shape of prime_z, {prime_z.shape}, got {grad_a.shape}")
    return grad_a * prime_z


def hidden_error(W_next: Array, delta_next: Array, prime_z: Array) -> Array:
    r"""Return the error of a hidden layer from the error of the layer after it (BP2).

    $$\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)$$

    Args:
        W_next: $W^{l+1}$, shape (n_next, n).
        delta_next: $\delta^{l+1}$, shape (n_next, N).
        prime_z: $\sigma'(z^l)$, shape (n, N).

    Returns:
        $\delta^l = \partial C / \partial z^l$, shape (n, N).

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If the shapes do not fit together.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, equation BP2.
    """
    return output_error(pull_back(W_next, delta_next), prime_z)


def pull_back(W: Array, delta: Array) -> Array:
    r"""Return the gradient with respect to a layer's inputs, the first half of BP2.

    $$\frac{\partial C}{\partial a^{l-1}} = (W^l)^T \delta^l$$

    Args:
        W: $W^l$, shape (n, n_prev).
        delta: $\delta^l$, shape (n, N).

    Returns:
        $\partial C / \partial a^{l-1}$, shape (n_prev, N).

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If the shapes do not fit together.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, proof of BP2.
    """
    W, delta = column_array(W, "W"), column_array(delta, "delta")
    try:
        return W.T.dot(delta)
    except ValueError:
        message = f"delta: expected {W.shape[0]} rows, one for each row of W {W.shape}, got {delta.shape}"
        raise ValueError(message) from None


def bias_gradient(delta: Array) -> Array:
    r"""Return the gradient with respect to the biases of a layer (BP3).

    $$\frac{\partial C}{\partial b^l} = \delta^l \quad\text{(summed over the columns of a batch)}$$

    Args:
        delta: $\delta^l$, shape (n, N).

    Returns:
        $\partial C / \partial b^l$, shape (n, 1).

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If `delta` has no two axes.

    A bias is the weight of an input that is always 1, so its gradient is that of BP4 with ones for $a^{l-1}$.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, equation BP3.
    """
    delta = column_array(delta, "delta")
    return delta.dot(_ones(delta.shape[-1], delta.dtype))


@lru_cache(maxsize=32)
def _ones(n: int, dtype: np.dtype[Any]) -> Array:
    """Return a read-only column of n ones; for small arrays a product with it is several times faster than a sum."""
    ones = np.ones((n, 1), dtype)
    ones.setflags(write=False)
    return ones


def weight_gradient(delta: Array, a_prev: Array) -> Array:
    r"""Return the gradient with respect to the weights of a layer (BP4).

    $$\frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T$$

    The matrix product also sums over the columns of a batch.

    Args:
        delta: $\delta^l$, shape (n, N).
        a_prev: $a^{l-1}$, shape (n_prev, N).

    Returns:
        $\partial C / \partial W^l$, shape (n, n_prev).

    Raises:
        TypeError: If an argument is not numeric.
        ValueError: If the two do not hold the same number of examples.

    Source: Nielsen, *Neural Networks and Deep Learning*, chapter 2, equation BP4.
    """
    delta, a_prev = column_array(delta, "delta"), column_array(a_prev, "a_prev")
    try:
        return delta.dot(a_prev.T)
    except ValueError:
        message = f"a_prev: expected {delta.shape[-1]} columns like delta {delta.shape}, got {a_prev.shape}"
        raise ValueError(message) from None
