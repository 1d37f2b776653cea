"""What a failure means, and what an answer means: may the request be sent again? Tables, and no I/O.

The question behind each row is what HCP can have seen, and HCP is write-once: a PUT that is
repeated meets 409 if the first one had won. Where a namespace keeps versions it makes a second
version of the same content instead.
"""

from __future__ import annotations

import email.utils
import enum
import re
from typing import Callable, NamedTuple

from ._link import Cause, Failure, State
from ._request import Request
from ._table import first_fitting


class Verdict(enum.Enum):
    """What to do."""

    NEXT = 'the next address, at once'
    FREE = 'again, not counted'
    AGAIN = 'again, as one of the retries'
    SETTLE = 'ask by HEAD whose it is'
    DONE = 'success'
    STANDS = 'the answer stands'
    RAISE = 'raise'


class FailureRow(NamedTuple):
    """A way to die: every column that is not ``None`` has to fit."""

    died: frozenset[State] | None
    """the states in which the link died"""
    reused: bool | None
    """it had carried a request before"""
    touched: bool | None
    """a byte of the request was sent"""
    causes: frozenset[Cause] | None
    methods: frozenset[str] | None
    spent: bool | None
    """the body cannot be sent a second time"""
    verdict: Verdict
    why: str


class AnswerRow(NamedTuple):
    """An answer: every column that is not ``None`` has to fit."""

    statuses: frozenset[int] | None
    methods: frozenset[str] | None
    doubt: bool | None
    """the request was sent before, and what became of it is not known"""
    spent: bool | None
    """the body cannot be sent a second time"""
    verdict: Verdict
    why: str


REPEATABLE = frozenset({'GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'})
"""methods whose repetition has the effect of one (RFC 9110, 9.2.2)"""

_DIALLING = frozenset({State.CONNECTING, State.SHAKING})
_SENDING = frozenset({State.SENDING})
_SENT = frozenset({State.SENDING, State.WAITING})
_LOST = frozenset({Cause.LOST})
_SILENT_OR_LOST = frozenset({Cause.LOST, Cause.TIMEOUT})

FAILURES = (
    FailureRow(None, None, None, frozenset({Cause.DEADLINE}), None, None, Verdict.RAISE,
        'the time for the whole request is over'),
    FailureRow(_DIALLING, None, None, frozenset({Cause.CERTIFICATE}), None, None, Verdict.RAISE,
        'the other nodes have the same certificate'),
    FailureRow(_DIALLING, None, None, None, None, None, Verdict.NEXT,
        'nothing was sent, and another node may answer'),
    FailureRow(frozenset({State.READING}), None, None, None, None, None, Verdict.RAISE,
        'the caller has a part of the body; only he knows what he did with it'),
    FailureRow(None, None, None, None, None, True, Verdict.RAISE,
        'a generator or a pipe cannot be read a second time'),
    FailureRow(_SENDING, True, None, _LOST, None, None, Verdict.FREE,
        'HCP had closed the kept connection, and never saw the whole request'),
    FailureRow(_SENT, True, None, _LOST, REPEATABLE, None, Verdict.FREE,
        'HCP had closed the kept connection, which is no failure of the request'),
    FailureRow(_SENDING, None, False, _LOST, None, None, Verdict.AGAIN,
        'not a byte of it was sent'),
    FailureRow(_SENT, None, None, _SILENT_OR_LOST, REPEATABLE, None, Verdict.AGAIN,
        'the repetition of this method has the effect of one'),
    FailureRow(None, None, None, None, None, None, Verdict.RAISE,
        'HCP may have acted on it, or will not answer differently'),
)  # fmt: skip

BUSY = frozenset({503})
"""HCP is too busy just now, or a node is being maintained (REST reference, 6.1)"""

ANSWERS = (
    AnswerRow(BUSY, None, None, True, Verdict.STANDS,
        'a generator or a pipe cannot be read a second time'),
    AnswerRow(BUSY, REPEATABLE, None, None, Verdict.AGAIN,
        'HCP asks to come back later, and another node may be less busy'),
    AnswerRow(BUSY, None, None, None, Verdict.STANDS,
        'HCP has seen it: the caller has to say whether it may be carried out twice'),
    AnswerRow(frozenset({409}), frozenset({'PUT'}), True, None, Verdict.SETTLE,
        'an earlier try may have stored the object, which exists now'),
    AnswerRow(frozenset({404}), frozenset({'DELETE'}), True, None, Verdict.DONE,
        'an earlier try has deleted the object'),
    AnswerRow(frozenset({410}), None, None, None, Verdict.STANDS,
        'this HCP knows the object, but its data are on another one'),
    AnswerRow(None, None, None, None, Verdict.STANDS,
        'a status code is an answer, whatever it says'),
)  # fmt: skip

TELLING = frozenset().union(*(row.statuses for row in ANSWERS if row.statuses))
"""status codes that are looked up; all others stand"""


def on_failure(failure: Failure, request: Request) -> FailureRow:
    """The first row that fits."""
    link = (failure.state, failure.reused, failure.touched, failure.cause)
    return first_fitting(FAILURES, (*link, request.method, request.body.spent))


def on_answer(status: int, request: Request, doubt: bool) -> AnswerRow:
    """The first row that fits."""
    return first_fitting(ANSWERS, (status, request.method, doubt, request.body.spent))


FIRST_PAUSE = 0.25
"""seconds; the longest pause before the second repetition, doubled with each further one"""

LONGEST_PAUSE = 8.0
"""seconds; HCP's manuals ask for growing delays, a caller's patience ends them"""

# RFC 9110, 10.2.3; more digits are no time that anybody waits.
_SECONDS = re.compile(r'[0-9]{1,9}')

Uniform = Callable[[float, float], float]


def pause(repetition: int, uniform: Uniform) -> float:
    """Seconds to wait before a repetition (from 1): none at first, then exponential with full jitter.

    The jitter keeps many clients that failed together from coming back together.
    """
    if repetition <= 1:
        return 0.0
    return uniform(0.0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (repetition - 2)))


def busy_pause(
    repetition: int, said: str | None, date: str | None, longest: float, wall: float, uniform: Uniform
) -> float:
    """Seconds to wait after 503: as HCP says, within reason, and never none.

    :param said: ``Retry-After``, seconds or a date (RFC 9110, 10.2.3)
    :param date: ``Date`` of the same answer: HCP's clock and ours may differ
    :param longest: what may be waited at most
    :param wall: seconds since the epoch, for an answer without a date
    """
    asked = _retry_after(said, date, wall)
    if asked is None:
        return min(pause(repetition + 1, uniform), longest)
    return min(asked + uniform(0.0, FIRST_PAUSE), longest)


def _retry_after(said: str | None, date: str | None, wall: float) -> float | None:
    if said is None:
        return None
    if _SECONDS.fullmatch(said):
        return float(said)
    until, now = _since_epoch(said), _since_epoch(date)
    return None if until is None else max(0.0, until - (wall if now is None else now))


def _since_epoch(date: str | None) -> float | None:
    """Seconds; None if it is no date."""
    try:
        return email.utils.parsedate_to_datetime(date or '').timestamp()
    except (TypeError, ValueError, OverflowError):  # which of them depends on the version of Python
        return None


class Budget:
    """How many repetitions a Target has left: when nearly all fail, asking again makes it worse.

    A client library multiplies the load of a system in trouble by its retries. So each repetition
    costs, and what succeeds at once earns; a single mishap is repeated, a breakdown is not.
    It takes no lock: a count that is off by one does no harm.
    """

    FULL = 100.0
    """repetitions that may be made one after the other; far above what a hiccup of a node costs"""
    EARNED = 0.125
    """for each request that succeeds at once: in the long run one in eight may be repeated"""

    def __init__(self) -> None:
        self.left = self.FULL

    def spend(self) -> bool:
        """Take one repetition out; False if there is none."""
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def earn(self) -> None:
        """A request succeeded at once."""
        if self.left < self.FULL:
            self.left += self.EARNED
