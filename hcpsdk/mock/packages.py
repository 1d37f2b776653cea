"""What HCP packs for download on request, step by step: its logs (6), its health check report (7.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Optional

EXPIRY = 24 * 3600
"""seconds after which a package is deleted (6)"""

PIECE = 16_384
"""bytes of a package that are sent at a time"""


@dataclass
class Order:
    """What was asked to be packed.

    :param at: when, in seconds since the epoch
    """

    at: float
    start: date
    end: date
    snodes: list[str] = field(default_factory=list)


@dataclass
class Package:
    """Something that is packed while its status is looked at.

    :param polls: how often the status shows that it is being packed, before it is ready
    :param error: packing has failed: never ready
    """

    polls: int = 2
    error: bool = False
    order: Optional[Order] = None
    downloads: int = 0
    """that are under way"""
    _left: int = 0

    def begin(self, order: Order) -> None:
        """Start to pack; what was packed before is gone."""
        self.order, self._left, self.error = order, self.polls, False

    def cancel(self) -> None:
        """Forget it."""
        self.order, self.error = None, False

    def expire(self, now: float) -> None:
        """Forget it if it is too old."""
        if self.order and self.order.at + EXPIRY <= now:
            self.cancel()

    def advance(self) -> None:
        """The status was told: the next one may be another."""
        self._left = max(0, self._left - 1)

    @property
    def packing(self) -> bool:
        return self.order is not None and not self.error and self._left > 0

    @property
    def ready(self) -> bool:
        return self.order is not None and not self.error and self._left == 0

    def streamed(self, data: bytes) -> Iterator[bytes]:
        """A package in pieces; it is being downloaded until the last one is taken, or the client gone."""
        self.downloads += 1
        try:
            for start in range(0, len(data), PIECE):
                yield data[start : start + PIECE]
        finally:
            self.downloads -= 1


@dataclass(frozen=True)
class Mark:
    """A remark in the internal logs.

    :param at: when, in seconds since the epoch
    """

    at: float
    text: str


@dataclass
class Logs(Package):
    """The internal logs."""

    marks: list[Mark] = field(default_factory=list)
