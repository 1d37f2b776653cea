"""What an HCP does and holds while it runs, for the resources that report on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, NamedTuple

from .store import Stores
from .traffic import Traffic

FIRST_NODE = 101
"""the number of the first node; the documentation's samples count from there"""


class NodeState(NamedTuple):
    """A node as it is now: its number, and the connections that clients have to its data ports."""

    number: int
    address: str
    http: int = 0
    https: int = 0


def _resting() -> list[NodeState]:
    return [NodeState(FIRST_NODE + node, f'127.0.0.{node + 1}') for node in range(4)]


@dataclass
class Running:
    """An HCP at work.

    :param stores: the content of all namespaces
    :param clock: gives the seconds since the epoch
    :param nodes: gives the nodes; by default four to which nobody is connected
    :param https: there is a port for HTTPS
    """

    stores: Stores
    clock: Callable[[], float]
    traffic: Traffic
    nodes: Callable[[], list[NodeState]] = _resting
    https: bool = True
