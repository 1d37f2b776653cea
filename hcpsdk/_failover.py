"""Is the primary there? What a Target with a replica knows about that; a table, and no I/O.

HCP's own failover (MAPI ``failOver``) is another matter: it says what a system may do, this here only
which of the two systems is asked. One finding is shared by all Connections of a Target, so that one
request pays for it and the others do not.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Collection
from typing import Any, NamedTuple

from ._trace import SYSTEM_CLOCK, Clock

logger = logging.getLogger(__name__)


class Standing(enum.Enum):
    """How it stands with the primary."""

    NORMAL = 'normal'
    BUSY = 'busy'
    FAILED_OVER = 'failed over'


class Event(enum.Enum):
    """What a request finds out about the primary, whatever it was made for."""

    BUSY = 'a node answers 503'
    BUSY_TOO_LONG = 'all nodes have answered nothing but 503 for failover_after'
    UNREACHABLE = 'no node takes a connection'
    ANSWERED = 'a node answers, a probe or a request'


_IN_USE = {
    Event.ANSWERED: Standing.NORMAL,
    Event.BUSY: Standing.BUSY,
    Event.BUSY_TOO_LONG: Standing.FAILED_OVER,
    Event.UNREACHABLE: Standing.FAILED_OVER,
}

TRANSITIONS: dict[Standing, dict[Event, Standing]] = {
    Standing.NORMAL: _IN_USE,
    Standing.BUSY: _IN_USE,
    Standing.FAILED_OVER: {
        Event.ANSWERED: Standing.NORMAL,
        Event.BUSY: Standing.FAILED_OVER,
        Event.BUSY_TOO_LONG: Standing.FAILED_OVER,
        Event.UNREACHABLE: Standing.FAILED_OVER,
    },
}

ONE_OCCASION = 10
"""times ``failover_after``: two answers 503 that are further apart have nothing to do with each other"""


class FailoverState(NamedTuple):
    """Which of its two systems a Target uses, see :attr:`hcpsdk.Target.state`.

    .. versionadded:: 0.9.0-5
    """

    name: str
    """``'normal'``, ``'busy'`` (nothing but 503 comes from the primary) or ``'failed over'`` (str)."""
    since: float
    """Since when, in seconds since the epoch (float)."""
    reason: str
    """Why, for people; empty at first (str)."""


class Failover:
    """Knows whether a Target is failed over, and when to look again.

    :param fqdn: the primary's name, for the log
    :param after: seconds for which all nodes must have answered 503
    :param interval: seconds between two probes

    It may be shared by threads. A copy in another process begins anew.
    """

    _clock: Clock = SYSTEM_CLOCK

    def __init__(self, fqdn: str, after: float, interval: float) -> None:
        self._settings = (fqdn, after, interval)
        self._fqdn, self._after, self._interval = self._settings
        self._lock = threading.Lock()
        self._standing = Standing.NORMAL
        self._busy: dict[str, tuple[float, float]] = {}
        self._probe_at = self._answered_at = self._since = 0.0
        self.state = FailoverState(Standing.NORMAL.value, self._clock.wall(), '')
        """how it stands, since when, and why"""
        self.failed_over = False
        """the replica is used"""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._settings

    def unreachable(self, reason: str, since: float) -> None:
        """No address of the primary takes a connection, nor one that DNS has newly told.

        :param since: when the first of them was tried. If one has answered somebody else since then, it
            may just have come back: the next request is to look.
        """
        if self._on(Event.UNREACHABLE, reason) and self._answered_at > since:
            self._probe_at = 0.0

    def answered(self, address: str, began: float) -> None:
        """A node of the primary gave another answer than 503, on a new connection.

        :param began: when the request began; what began before the primary was given up proves nothing
        """
        self._answered_at = self._clock.now()
        if self._standing is not Standing.NORMAL and began >= self._since:
            self._on(Event.ANSWERED, f'{address} answers')

    def busy(self, address: str, nodes: Collection[str]) -> None:
        """A node of the primary answered 503.

        :param nodes: the addresses that have not failed lately: as long as one of them has not said
            the same, for long enough, the HCP is not given up
        """
        now = self._clock.now()
        first, last = self._busy.get(address, (now, now))
        first = now if now - last > ONE_OCCASION * self._after else first
        self._busy[address] = first, now
        youngest = max(self._busy.get(node, (now, now))[0] for node in {address, *nodes})
        if now - youngest > self._after:
            self._on(Event.BUSY_TOO_LONG, f'all nodes have answered 503 for {now - youngest:.3g} s')
        else:
            self._on(Event.BUSY, f'{address} answers 503')

    def probe_due(self) -> bool:
        """Whether it is time to look whether the primary is there again; True for one caller only."""
        with self._lock:
            now = self._clock.now()
            if not self.failed_over or now < self._probe_at:
                return False
            self._probe_at = now + self._interval
            return True

    def _on(self, event: Event, reason: str) -> bool:
        """Whether it changes anything. That is logged when the lock is free: who logs may take his time."""
        with self._lock:
            before, following = self._standing, TRANSITIONS[self._standing][event]
            if following is before:
                return False
            if following is Standing.NORMAL:
                self._busy.clear()
            self._standing, self._since = following, self._clock.now()
            self._probe_at = self._since + self._interval
            self.failed_over = following is Standing.FAILED_OVER
            self.state = FailoverState(following.value, self._clock.wall(), reason)
        if following is Standing.FAILED_OVER:
            logger.warning('%s is failed over to its replica: %s', self._fqdn, reason)
        elif before is Standing.FAILED_OVER:
            logger.warning('%s is used again: %s', self._fqdn, reason)
        return True
