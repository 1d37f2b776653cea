"""A request on its way: how it was sent, what is known of the outcome, and what its caller gets to know."""

from __future__ import annotations

import logging

from ._journal import Attempt
from ._link import ERRORS, Failure, State
from ._request import Request
from .errors import HcpsdkError, HcpsdkTimeoutError

logger = logging.getLogger(__name__)

# Methods that change nothing, so that a lost answer leaves no doubt behind.
_READING = frozenset({'GET', 'HEAD', 'OPTIONS'})

TOO_NEAR = 'its deadline is too near'
"""why a request is not sent again"""

_TRY_LATER = 'try later'

# For a write whose answer was lost.
_ASK_FIRST = 'ask by HEAD what HCP has, before you send it again'


class Errand:
    """What is known of a request from its call to its answer.

    :param request: what is to be said
    :param until: when it has to be over
    """

    sent_again = 0
    """how many of the retries are used up"""
    lost: Failure | None = None
    """of what it died when it was last sent"""
    doubt = False
    """HCP may have carried it out, in a try of which the answer was lost"""
    resolve = connect = 0.0
    """seconds, for the next try"""

    def __init__(self, request: Request, until: float) -> None:
        self.request = request
        self.until = until
        self.attempts: list[Attempt] = []

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
        self.attempts[-1].reached = failure.state.value
        self.attempts[-1].note = failure.story

    def understood(self, note: str) -> None:
        """Its answer was taken for something else than it says, or for the last one."""
        self.attempts[-1].note = note
        logger.info('%s', self.attempts[-1])

    def given_up(self, failure: Failure, why: str) -> HcpsdkError:
        """The error for a request that failed, and that is not sent again."""
        kind = HcpsdkTimeoutError if why is TOO_NEAR else ERRORS[failure.cause]
        return kind(f'{self.attempts[-1]}; not sent again: {why}; {self.advice}')

    @property
    def advice(self) -> str:
        """What its caller should do when it failed."""
        return _TRY_LATER if self.request.method in _READING or not self.attempts else _ASK_FIRST
