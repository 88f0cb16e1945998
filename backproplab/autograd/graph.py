"""The order in which a record is walked back: nothing hands its gradient on before it has all of it."""

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar


class Recorded(Protocol):
    """What knows what it was computed from."""

    @property
    def parents(self) -> Sequence[Self]:
        """What it was computed from."""


Node = TypeVar("Node", bound=Recorded)


def backward_order(result: Node) -> list[Node]:
    """Return everything that `result` was computed from, itself first, and each only after all that use it.

    Two walks without recursion, so that a chain may have any length: the first counts how often each node is used, the
    second takes a node as soon as all its users have been taken.

    Source: Kahn 1962, *Topological Sorting of Large Networks*.
    """
    uses = {result: 0}
    found = [result]
    for node in found:
        for parent in node.parents:
            if parent in uses:
                uses[parent] += 1
            else:
                uses[parent] = 1
                found.append(parent)
    order = [result]
    for node in order:
        for parent in node.parents:
            uses[parent] -= 1
            if not uses[parent]:
                order.append(parent)
    return order
