"""What a failure means: may the request be sent again? A table, and no I/O.

The question behind each row is what HCP can have seen, and HCP is write-once: a PUT that is
repeated meets 409 if the first one had won. Where a namespace keeps versions it makes a second
version of the same content instead.
"""

from __future__ import annotations

import enum
from typing import Callable, NamedTuple

from ._link import Cause, Failure, State
from ._request import Request


class Verdict(enum.Enum):
    """What to do about a failure."""

    FREE = 'again, not counted'
    AGAIN = 'again, as one of the retries'
    RAISE = 'raise'


class Row(NamedTuple):
    """One case: every column that is not ``None`` has to fit."""

    died: frozenset[State] | None
    """the states in which the link died"""
    reused: bool | None
    """it had carried a request before"""
    causes: frozenset[Cause] | None
    methods: frozenset[str] | None
    spent: bool | None
    """the body cannot be sent a second time"""
    verdict: Verdict
    why: str


REPEATABLE = frozenset({'GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'})
"""methods whose repetition has the effect of one (RFC 9110, 9.2.2)"""

_SENDING = frozenset({State.SENDING})
_SENT = frozenset({State.SENDING, State.WAITING})
_LOST = frozenset({Cause.LOST})
_SILENT_OR_LOST = frozenset({Cause.LOST, Cause.TIMEOUT})

TABLE = (
    Row(None, None, None, None, True, Verdict.RAISE, 'a generator or a pipe cannot be read a second time'),
    Row(_SENDING, True, _LOST, None, None, Verdict.FREE,
        'HCP had closed the kept connection, and never saw the whole request'),
    Row(_SENT, True, _LOST, REPEATABLE, None, Verdict.FREE,
        'HCP had closed the kept connection, which is no failure of the request'),
    Row(_SENT, None, _SILENT_OR_LOST, REPEATABLE, None, Verdict.AGAIN,
        'the repetition of this method has the effect of one'),
    Row(None, None, None, None, None, Verdict.RAISE,
        'HCP may have acted on it, or will not answer differently'),
)  # fmt: skip


def decide(failure: Failure, request: Request) -> Row:
    """The first row of the table that fits."""
    return next(row for row in TABLE if _fits(row, failure, request))


def _fits(row: Row, failure: Failure, request: Request) -> bool:
    return (
        (row.died is None or failure.state in row.died)
        and row.reused in (None, failure.reused)
        and (row.causes is None or failure.cause in row.causes)
        and (row.methods is None or request.method in row.methods)
        and row.spent in (None, request.body.spent)
    )


FIRST_PAUSE = 0.25
"""seconds; the longest pause before the second repetition, doubled with each further one"""

LONGEST_PAUSE = 8.0
"""seconds; HCP's manuals ask for growing delays, a caller's patience ends them"""


def pause(repetition: int, uniform: Callable[[float, float], float]) -> float:
    """Seconds to wait before a repetition (from 1): none at first, then exponential with full jitter.

    The jitter keeps many clients that failed together from coming back together.
    """
    if repetition <= 1:
        return 0.0
    return uniform(0.0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (repetition - 2)))
