"""A request on its way: how it was sent, what is known of the outcome, and what its caller gets to know."""

from __future__ import annotations

import logging
from typing import Callable, Protocol

from ._journal import Attempt
from ._link import ERRORS, Cause, Failure, Link, State
from ._request import Request
from ._response import Response
from .errors import HcpsdkError, HcpsdkTimeoutError
from .target import P_HTTP, Target

logger = logging.getLogger(__name__)

# Methods that change nothing, so that a lost answer leaves no doubt behind.
_READING = frozenset({'GET', 'HEAD', 'OPTIONS'})

TOO_NEAR = 'its deadline is too near'
"""why a request is not sent again"""

_TRY_LATER = 'try later'

# For a write whose answer was lost.
_ASK_FIRST = 'ask by HEAD (of management, by GET) what HCP has, before you send it again'

# What becomes of plain HTTP where somebody expects TLS, or of any other misunderstanding at a door.
_SHUT = frozenset({Cause.LOST, Cause.GARBAGE})


class Way(Protocol):
    """An HCP, as an errand knows it: ``_system`` has the real one."""

    target: Target
    link: Link | None
    connect_time: float

    def take(self, errand: Errand, /) -> Link:
        """A link that can carry a request."""

    def close(self) -> None:
        """Close the link."""


class Errand:
    """What is known of a request from its call to its answer.

    :param request: what is to be said
    :param until: when it has to be over
    :param system: whom it is said to
    :param retries: how often it may be said again
    :param fixed: it is for that system, whatever happens
    """

    sent_again = 0
    """how many of the retries are used up"""
    lost: Failure | None = None
    """of what it died when it was last sent"""
    doubt = False
    """HCP may have carried it out, in a try of which the answer was lost"""
    unknown = False
    """some of it was sent, and not answered"""
    detour = ''
    """why it is said to the replica, for errors"""
    began = 0.0
    """when, by the clock of those who want to know"""
    abandons: Callable[[Errand], bool] | None = None
    """tells whether the system that it is for is not to be tried any more"""
    resolve = connect = 0.0
    """seconds, for the next try"""
    address: str | None = None
    """of the node that it was said to last"""
    answer: Response | None = None
    """what that said"""

    def __init__(
        self, request: Request, until: float, system: Way, retries: int, fixed: bool = False
    ) -> None:
        self.request = request
        self.until = until
        self.system = system
        self.retries = retries
        self.fixed = fixed
        self.attempts: list[Attempt] = []
        self._before = 0

    def at(self, system: Way, detour: str = '') -> Errand:
        """The same request at one system and no other; whether that may be is for others to know."""
        other = Errand(self.request, self.until, system, self.retries, fixed=True)
        other.attempts, other.sent_again, other.detour = self.attempts, self.sent_again, detour
        other._before, other.began = len(self.attempts), self.began
        return other

    @property
    def tried(self) -> bool:
        """It was sent, or a part of it, to this system."""
        return len(self.attempts) > self._before

    def better_off(self) -> bool:
        """Another thread has found out meanwhile that another system serves it better."""
        return self.abandons is not None and self.abandons(self)

    def became(self, other: Errand) -> None:
        """What was said at the other system counts."""
        self.system, self.address, self.fixed = other.system, other.address, True

    def begin(self, address: str, reused: bool) -> Attempt:
        """It is being sent."""
        attempt = Attempt(self.request, address, reused)
        if not reused:
            attempt.resolve, attempt.connect = self.resolve, self.connect
        self.attempts.append(attempt)
        return attempt

    def died(self, failure: Failure) -> None:
        """It got no answer."""
        self.lost = failure
        self.doubt = self.doubt or failure.state is State.WAITING
        self.unknown = self.unknown or failure.touched
        self.attempts[-1].reached = failure.state.value
        self.attempts[-1].note = failure.story

    def understood(self, note: str) -> None:
        """Its answer was taken for something else than it says, or for the last one."""
        self.attempts[-1].note = note
        logger.info('%s', self.attempts[-1])

    def given_up(self, failure: Failure, why: str) -> HcpsdkError:
        """The error for a request that failed, and that is not sent again."""
        kind = HcpsdkTimeoutError if why is TOO_NEAR else ERRORS[failure.cause]
        return kind(
            f'{self.attempts[-1]}; not sent again: {why}{self.detour}; {self.advice}{self._door(failure)}'
        )

    def _door(self, failure: Failure) -> str:
        """A tunnel may end at a port of HCP that speaks TLS, and ours is not one that says so."""
        target = self.system.target
        if target.ssl or target.port == P_HTTP or failure.reused or failure.cause not in _SHUT:
            return ''
        return f'; if there is TLS behind port {target.port}, the Target needs ssl=True'

    @property
    def advice(self) -> str:
        """What its caller should do when it failed."""
        return _TRY_LATER if self.request.method in _READING or not self.tried else _ASK_FIRST
