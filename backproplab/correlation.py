"""Correlation: kernels slide over images; with its gradients it is all the arithmetic of a convolutional layer."""

import math
from collections.abc import Iterator

import numpy as np

from backproplab.checks import Array, array_size, image_array
from backproplab.windows import Pair, brief, pair, places, window_rows

__all__ = ["correlate", "kernel_gradient", "spread"]

SMALL = 100**3  # products up to which OpenBLAS multiplies two matrices as they lie, without copying them first
LEAST = 32  # examples that are worked through together in any case


def correlate(a: Array, W: Array, stride: Pair = (1, 1)) -> Array:
    r"""Slide kernels over images and at every place add up the products of a kernel with the window under it.

    $$z_{f,i,j} = \sum_{c,u,v} w_{f,c,u,v}\; a_{c,\;i s + u,\;j s' + v}$$

    A kernel is a row of one matrix and a window a column of another, so this is $z = W a$ once more.

    Args:
        a: Images, padded if they are to be, shape (C, H, W, N).
        W: Kernels $w$, shape (F, C, K, K').
        stride: The steps $s$ and $s'$ from window to window, down and across.

    Returns:
        $z$, shape (F, height, width, N): a place for every window that lies wholly inside the image.

    Raises:
        TypeError: If an array is not numeric, or a step is not a whole number.
        ValueError: If the channels differ, the kernel is larger than the image, or an array has not four axes.

    Source: Dumoulin and Visin 2016, *A guide to convolution arithmetic for deep learning*, section 2.
    """
    a, W, stride = image_array(a, "a"), image_array(W, "W"), pair(stride, "stride")
    if a.shape[0] != W.shape[1]:
        raise ValueError(f"a: expected {W.shape[1]} channels, as many as W {W.shape} takes, got {a.shape}")
    kernel: Pair = W.shape[2:]
    height, width = places(a.shape[1:3], kernel, stride, "a")
    kernels = W.transpose(0, 2, 1, 3).reshape(len(W), -1)  # (F, K·C·K'), in the order of window_rows
    z = np.empty((len(W), height, width, a.shape[-1]), np.result_type(a, W))
    for tile in _tiles(a.shape[-1], W.size * width):
        rows = kernels @ window_rows(a[..., tile], kernel, stride)  # (height, F, width·n)
        z[..., tile] = rows.reshape(height, len(W), width, -1).swapaxes(0, 1)
    return z


def kernel_gradient(delta: Array, a: Array, kernel: Pair, stride: Pair = (1, 1)) -> Array:
    r"""Return the gradient for the kernels: each error times the window it came from, added up over all places.

    $$\frac{\partial C}{\partial w_{f,c,u,v}} = \sum_{i,j} \delta_{f,i,j}\; a_{c,\;i s + u,\;j s' + v}$$

    The sum runs over the examples as well. It is BP4, $\delta a^T$, with a column for every window.

    Args:
        delta: $\delta = \partial C / \partial z$, shape (F, height, width, N).
        a: Images, padded as they were for `correlate`, shape (C, H, W, N).
        kernel: The kernel's size (K, K').
        stride: The steps $s$ and $s'$.

    Returns:
        The gradient, shape (F, C, K, K').

    Raises:
        TypeError: If an array is not numeric, or a size is not a whole number.
        ValueError: If an array has not four axes, or `delta` has no entry, or more than one, for each window of `a`.

    Source: LeCun et al. 1989, *Backpropagation Applied to Handwritten Zip Code Recognition*, for shared weights.
    """
    delta, a = image_array(delta, "delta"), image_array(a, "a")
    kernel, stride = pair(kernel, "kernel"), pair(stride, "stride")
    height, width = places(a.shape[1:3], kernel, stride, "a")
    filters, channels = len(delta), len(a)
    if delta.shape[1:] != (height, width, a.shape[-1]):
        raise ValueError(f"delta: expected shape (F, {height}, {width}, {a.shape[-1]}), got {delta.shape}")
    grad = np.zeros((filters, kernel[0] * channels * kernel[1]), np.result_type(delta, a))
    for tile in _tiles(a.shape[-1], grad.size * width):
        rows = delta[..., tile].swapaxes(0, 1).reshape(height, filters, -1)  # (height, F, width·n)
        grad += (rows @ window_rows(a[..., tile], kernel, stride).swapaxes(1, 2)).sum(axis=0)
    return grad.reshape(filters, kernel[0], channels, kernel[1]).swapaxes(1, 2)


def spread(delta: Array, size: Pair, kernel: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Array:
    r"""Set errors as far apart as their windows are, in a field of zeros that reaches beyond the image.

    An image's gradient is then a `correlate` once more, with every kernel turned by half a circle and read from
    feature map to channel:

    $$\frac{\partial C}{\partial a_{c,y,x}} = \sum_{f,u,v} w_{f,c,K-1-u,K'-1-v}\; d_{f,\;y + u,\;x + v}, \qquad
    d_{f,\;i s + K - 1 - p,\;j s' + K' - 1 - p'} = \delta_{f,i,j}$$

    and zero everywhere else in $d$.

    Args:
        delta: $\delta = \partial C / \partial z$, shape (F, height, width, N).
        size: The image's size (H, W), without padding.
        kernel: The kernel's size (K, K').
        stride: The steps $s$ and $s'$.
        padding: The rows $p$ and columns $p'$ of zeros around the image, fewer than the kernel has.

    Returns:
        $d$, shape (F, H + K − 1, W + K' − 1, N).

    Raises:
        TypeError: If `delta` is not numeric, or a size is not a whole number.
        ValueError: If `delta` has not four axes, or has no entry, or more than one, for each window of the image.

    Source: Dumoulin and Visin 2016, *A guide to convolution arithmetic for deep learning*, section 4.
    """
    delta, size, kernel = image_array(delta, "delta"), pair(size, "size"), pair(kernel, "kernel")
    stride, padding = pair(stride, "stride"), pair(padding, "padding", least=0)
    if padding[0] >= kernel[0] or padding[1] >= kernel[1]:
        raise ValueError(f"padding: expected less than the kernel, {brief(kernel)}, got {brief(padding)}")
    filters, height, width, examples = delta.shape
    if (height, width) != places(size, kernel, stride, "size", padding):
        expected = places(size, kernel, stride, "size", padding)
        raise ValueError(f"delta: expected shape (F, {expected[0]}, {expected[1]}, N), got {delta.shape}")
    array_size((filters, size[0] + kernel[0], size[1] + kernel[1], examples), "size")
    field = np.zeros((filters, size[0] + kernel[0] - 1, size[1] + kernel[1] - 1, examples), delta.dtype)
    top, left = kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]
    down, across = stride
    field[:, top : top + down * height : down, left : left + across * width : across] = delta
    return field


def _tiles(examples: int, products: int) -> Iterator[slice]:
    """Yield the examples in equal parts, so few at a time that the matrices of a row of windows are small."""
    parts = math.ceil(examples / max(LEAST, SMALL // products))
    size = math.ceil(examples / parts)
    return (slice(start, start + size) for start in range(0, examples, size))
