"""Which of two systems is asked: a table, and no I/O.

What the rows rest on: a replica may be read at any time, but lags behind; it takes writes at any time
only if its link is active/active; and a write that one system may have carried out must not be made on
the other one, as nothing would join the two (MAPI reference, 2.8 to 2.11).
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from ._request import Request
from ._table import first_fitting

RS_READ_ALLOWED = 1
"""Replica strategy: read from the replica while failed over, and whenever else it helps."""
RS_READ_ON_FAILOVER = 2
"""Replica strategy: read from the replica while failed over."""
RS_WRITE_ALLOWED = 4
"""Replica strategy: write to the replica while failed over, and whenever else it helps (active/active)."""
RS_WRITE_ON_FAILOVER = 8
"""Replica strategy: write to the replica while failed over."""


class Mode(enum.Enum):
    """What a strategy allows."""

    READ_ALLOWED = 'RS_READ_ALLOWED'
    READ_ON_FAILOVER = 'RS_READ_ON_FAILOVER'
    WRITE_ALLOWED = 'RS_WRITE_ALLOWED'
    WRITE_ON_FAILOVER = 'RS_WRITE_ON_FAILOVER'


# What is allowed always, is while failed over, too.
MODES: dict[int, frozenset[Mode]] = {
    RS_READ_ALLOWED: frozenset({Mode.READ_ALLOWED, Mode.READ_ON_FAILOVER}),
    RS_READ_ON_FAILOVER: frozenset({Mode.READ_ON_FAILOVER}),
    RS_WRITE_ALLOWED: frozenset({Mode.WRITE_ALLOWED, Mode.WRITE_ON_FAILOVER}),
    RS_WRITE_ON_FAILOVER: frozenset({Mode.WRITE_ON_FAILOVER}),
}


def modes(strategy: int) -> frozenset[Mode]:
    """What a combination of ``RS_*`` allows."""
    return frozenset().union(*(allowed for bit, allowed in MODES.items() if strategy & bit))


class Met(enum.Enum):
    """What a request meets at the primary."""

    BEGIN = 'nothing yet, it begins'
    UNREACHABLE = 'no node takes a connection'
    UNSENT = 'the connection breaks before a byte is sent'
    UNANSWERED = 'no answer'
    CUT = 'the body of the answer breaks off'
    BUSY = '503'
    GONE = '410'


class Go(enum.Enum):
    """Where to."""

    OVER = 'the replica'
    ASIDE = 'the replica, for this once'
    STAY = 'the primary alone'


class Row(NamedTuple):
    """A situation: every column that is not ``None`` has to fit."""

    met: frozenset[Met] | None
    """after the retries"""
    failed_over: bool | None
    methods: frozenset[str] | None
    mode: Mode | None
    """one of those that the strategy allows"""
    unknown: bool | None
    """some of it was sent to the primary, and got no answer"""
    own: bool | None
    """this Target wrote the object less than ``read_your_writes`` ago"""
    spent: bool | None
    """the body cannot be sent a second time"""
    go: Go
    why: str


READS = frozenset({'GET', 'HEAD'})
WRITES = frozenset({'PUT', 'POST', 'DELETE'})

_NOT_THERE = frozenset({Met.BEGIN, Met.UNREACHABLE, Met.UNSENT, Met.BUSY})
_NO_HELP = frozenset({Met.UNSENT, Met.UNANSWERED, Met.CUT, Met.BUSY, Met.GONE})

ROWS = (
    Row(None, True, READS, Mode.READ_ON_FAILOVER, None, None, None, Go.OVER,
        'the primary is not there, or not able to answer'),
    Row(_NOT_THERE, True, WRITES, Mode.WRITE_ON_FAILOVER, False, None, False, Go.OVER,
        'the primary has not carried it out'),
    Row(_NO_HELP, False, READS, Mode.READ_ALLOWED, None, False, None, Go.ASIDE,
        'the replica may have what the primary cannot give'),
    Row(frozenset({Met.UNSENT, Met.BUSY}), False, WRITES, Mode.WRITE_ALLOWED, False, None, False, Go.ASIDE,
        'the primary has not carried it out, and an active/active replica can'),
    Row(None, None, None, None, None, None, None, Go.STAY,
        'the strategy does not allow it, or nobody knows what the primary has done'),
)  # fmt: skip


def where(
    met: Met, failed_over: bool, request: Request, allowed: frozenset[Mode], unknown: bool, own: bool
) -> Row:
    """The first row that fits."""
    facts = (met, failed_over, request.method, allowed, unknown, own, request.body.spent)
    return first_fitting(ROWS, facts)


def movable(request: Request) -> bool:
    """Whether a replica can serve it at all: objects only, as ``/proc`` and MAPI tell of one system."""
    head, of_both = request.target[:6], 'host' not in request.headers
    return head[:5] == '/rest' and head[5:] in ('', '/', '?') and request.method in READS | WRITES and of_both
