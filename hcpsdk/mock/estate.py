"""What a system as a whole has besides its tenants and links, as plain data: licences, keys, topologies."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Optional

TIB = 1024**4


@dataclass
class License:
    """A licence (7.1).

    :param expires: seconds since the epoch; None: never
    :param uploaded: seconds since the epoch
    """

    serial: str = '00001'
    feature: str = 'Premium'
    local_capacity: int = 100 * TIB
    extended_capacity: int = 0
    expires: Optional[float] = None
    uploaded: float = 0.0


@dataclass
class SupportKey:
    """An exclusive key for the vendor's support (7.6); times are in seconds since the epoch."""

    serial: str
    created: float
    applied: float


@dataclass(frozen=True)
class TopologyLink:
    """A link of an erasure-coding topology, or one that may become so (2.12).

    :param systems: the domains of its two ends
    """

    name: str
    systems: tuple[str, str]
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Topology:
    """An erasure-coding topology (2.12).

    :param retire_polls: how often its details may be looked at until it is retired
    :param objects: the number of erasure-coded objects
    """

    name: str
    type: str
    links: list[TopologyLink]
    description: str = ''
    delay: int = 0
    full_copy: bool = False
    minimum_size: int = 4096
    restore_period: int = 0
    tenants: list[str] = field(default_factory=list)
    state: str = 'ACTIVE'
    objects: int = 0
    retire_polls: int = 1
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _left: int = 0

    @property
    def systems(self) -> list[str]:
        """The domains of all its systems."""
        return sorted({system for link in self.links for system in link.systems})

    def retire(self) -> None:
        """Give it up, which cannot be undone."""
        self.state, self._left = 'RETIRING', self.retire_polls

    def poll(self) -> None:
        """Somebody looks at it: it comes one step closer to being retired."""
        if self.state == 'RETIRING':
            self._left -= 1
            if self._left < 0:
                self.state = 'RETIRED'
