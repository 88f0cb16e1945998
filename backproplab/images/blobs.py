"""Blobs: which pixels of a picture hang together."""

import numpy as np

from backproplab.checks import Array


def blobs(mask: Array) -> Array:
    """Return a picture in which every pixel bears the number of its connected blob, from 1, and 0 where `mask` is false.

    Pixels that touch at a corner hang together. Each row is cut into runs; runs that touch in neighbouring rows are
    joined until every run knows the smallest number that it can reach.

    Args:
        mask: Truth values, shape (height, width).

    Source: Rosenfeld and Pfaltz 1966, *Sequential Operations in Digital Picture Processing*.
    """
    height, width = mask.shape
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]  # the first pixel after the run
    order = np.repeat(_joined(rows * (width + 2) + starts, rows * (width + 2) + ends, width + 2), ends - starts)
    labels = np.zeros((height, width), dtype=np.intp)
    labels[mask] = 1 + np.unique(order, return_inverse=True)[1]
    return labels


def _joined(starts: Array, ends: Array, stride: int) -> Array:
    """Return for each run, given by where it starts and ends along all rows in sequence, the first run of its blob."""
    first = np.searchsorted(ends, starts + stride, "left")  # of the runs below that touch this one, corners included
    last = np.searchsorted(starts, ends + stride, "right")
    count = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(starts)), count)
    below = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count) + np.repeat(first, count)
    blob = np.arange(len(starts))
    while (blob[above] != blob[below]).any():
        smaller = np.minimum(blob[above], blob[below])
        np.minimum.at(blob, blob[above], smaller)
        np.minimum.at(blob, blob[below], smaller)
        blob = blob[blob]
    return blob
