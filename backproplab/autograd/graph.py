"""The order in which a record is walked back: nothing hands its gradient on before it has all of it."""

from collections.abc import Sequence
from typing import Protocol, Self, TypeVar, cast


class Recorded(Protocol):
    """What knows what it was computed from."""

    @property
    def parents(self) -> Sequence[Self]:
        """What it was computed from."""


Node = TypeVar("Node", bound=Recorded)


def backward_order(result: Node) -> list[Node]:
    """Return everything that `result` was computed from, itself first, and each only after all that use it.

    The walk goes into depth, with a list in place of recursion, so that a chain may have any length. A node whose parents
    are still to come waits on the list under a None; when the None comes up, all of them are in the order.

    Source: Cormen, Leiserson, Rivest and Stein 2009, *Introduction to Algorithms*, section 22.4.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    waiting: list[Node | None] = [result]
    while waiting:
        node = waiting.pop()
        if node is None:
            order.append(cast("Node", waiting.pop()))
        elif node not in seen:
            seen.add(node)
            waiting += (node, None)
            waiting += node.parents
    order.reverse()
    return order
