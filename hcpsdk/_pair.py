"""Two systems with the same namespace: what becomes of a request when the primary fails it.

Where it goes is the table of ``_replica``, what is known of the primary the one of ``_failover``; this
asks them, and does what they say. A Connection without a replica has no Pair.
"""

from __future__ import annotations

import logging
import weakref
from typing import Protocol

from . import _request, _retry
from ._errand import Errand
from ._link import Cause, Failure, Patience, State
from ._replica import READS, WRITES, Go, Met, Mode, Row, movable, where
from ._request import Request
from ._response import Response
from ._system import System, Unreached
from .errors import HcpsdkError
from .ips import LONG_ENOUGH
from .target import Target

logger = logging.getLogger(__name__)

# Whatever a namespace holds, this costs HCP next to nothing, and tells a busy node from a sound one.
_PROBE = _request.build('HEAD', '/rest/')

MET = {**dict.fromkeys(_retry.BUSY, Met.BUSY), 410: Met.GONE}
"""answers that the replica may improve on"""

READ_ONLY = (
    'the replica of an active/passive link takes no writes before the link is failed over to it (MAPI:'
    ' failOver), nor while its recovery is being completed; or the user may not write there'
)
"""what 403 means for a write at the replica (MAPI reference, 2.8 and 2.11)"""


class Desk(Protocol):
    """Who carries out requests: the Connection."""

    def _carry_out(self, errand: Errand, /) -> Response:
        """At the system that it is for."""

    def _discard(self, response: Response | None, /) -> None:
        """An answer that nobody wants."""


class Pair:
    """A primary and its replica, as one Connection uses them.

    :param primary: the one system
    :param replica: the Target of the other one
    :param debuglevel: for the links to the other one
    :param desk: the Connection; it is not held, or neither could go without the garbage collector
    """

    def __init__(self, primary: System, replica: Target, debuglevel: int, desk: Desk) -> None:
        target, patience = primary.target, primary.patience
        soon = min(LONG_ENOUGH, patience.connect)
        hasty = Patience(soon, soon, 0.0, patience.clock, deadline=soon)
        self._primary = primary
        self._replica = System(replica, patience, debuglevel)
        self._scout = System(target, hasty, debuglevel)
        self.systems = (primary, self._replica, self._scout)
        self._soon, self._clock = soon, patience.clock
        self._failover, self._recent, self._modes = target._failover, target._recent, target._modes
        self._desk = weakref.ref(desk)
        self._errand: Errand | None = None

    @classmethod
    def of(cls, primary: System, debuglevel: int, desk: Desk) -> Pair | None:
        """A Pair, if there is a replica, and a strategy to use it."""
        replica, usable = primary.target.replica, primary.target._modes
        return cls(primary, replica, debuglevel, desk) if replica and usable else None

    def carry_out(self, errand: Errand) -> Response:
        """Carry out a request of a caller, at whatever system is there for it."""
        self._errand, errand.began, errand.abandons = None, self._clock.now(), self._abandons
        try:
            self._choose(errand)
            answer = self._alone(errand)
        finally:
            self._wrote(errand.request)
            errand.abandons = None  # or the two would hold each other
        if answer.status == 200 and errand.request.method == 'GET':
            self._errand, answer.elsewhere = errand, weakref.WeakMethod(self._rest)
        return answer

    def _choose(self, errand: Errand) -> None:
        """The system for a request that begins; while failed over it may be the one that looks again."""
        errand.fixed = not movable(errand.request)
        if errand.fixed or not self._failover.failed_over:
            return
        if self._row(errand, Met.BEGIN).go is Go.OVER and not self._back(errand):
            errand.system, errand.fixed, errand.detour = self._replica, True, self._detour()

    def _alone(self, errand: Errand) -> Response:
        desk = self._desk()
        if desk is None:
            raise HcpsdkError('the Connection is gone that the rest of this answer would have to come by')
        return desk._carry_out(errand)

    def _abandons(self, errand: Errand) -> bool:
        """Whether the primary has been given up by now, while a request tries it or its next node again."""
        if errand.fixed or not self._failover.failed_over:
            return False
        return self._row(errand, Met.BUSY).go is Go.OVER

    def unreached(self, errand: Errand, none: Unreached) -> Response | None:
        """No node took a connection: the primary may be gone.

        :returns: the answer of the replica; None if it is not to be asked
        """
        if errand.system.target is self._primary.target and none.gone:
            self._failover.unreachable(none.listed, none.since)
        return self.instead(errand, Met.UNREACHABLE)

    def answered(self, errand: Errand, address: str, status: int) -> None:
        """A system answered: that tells something about it.

        What comes over a connection of old tells nothing new once the primary has refused one.
        """
        if errand.system.target is self._primary.target:
            if status in _retry.BUSY:
                self._failover.busy(address, self._primary.target._circle.sound())
            elif not (self._failover.failed_over and errand.attempts[-1].reused):
                self._failover.answered(address, errand.began)
        elif status == 403 and errand.request.method in WRITES:
            logger.warning('%s; reason: %s', errand.attempts[-1], READ_ONLY)

    def _wrote(self, request: Request) -> None:
        """A write is over, or nobody knows what became of it."""
        if request.method in WRITES and Mode.READ_ALLOWED in self._modes:
            self._recent.add(request.path)

    def instead(self, errand: Errand, met: Met) -> Response | None:
        """What the replica says, if the table sends a request there.

        :returns: its answer; None: what the primary said stands
        :raises HcpsdkError: if nobody knows what has become of it there, or if there is no other system now
        """
        row = None if errand.fixed else self._row(errand, met)
        if row is None or row.go is Go.STAY:
            return None
        logger.warning('%r goes to the replica: %s', errand.request, row.why)
        other = errand.at(self._replica, self._detour() if row.go is Go.OVER else '')
        try:
            found = self._alone(other)
        except HcpsdkError as error:
            if row.go is Go.OVER or (other.unknown and errand.request.method in WRITES):
                raise
            logger.warning('the replica could not help: %s', error)
            return None
        if row.go is Go.ASIDE and not _helps(errand.request, found.status):
            self._discard(found)
            asks = found.status == 404 and errand.request.method in READS
            return self._once_more(errand) if asks else None
        return self._settled(errand, other, found)

    def _once_more(self, errand: Errand) -> Response | None:
        """A replica lags behind (MAPI reference, 2.11): what it has not, the primary is asked for again."""
        again, before = errand.at(self._primary), errand.answer
        self._discard(before)
        try:
            answer = self._alone(again)
        except HcpsdkError:
            if before is None:
                raise
            return None
        return self._settled(errand, again, answer)

    def _settled(self, errand: Errand, other: Errand, answer: Response) -> Response:
        """It is this answer, and not that of the primary, if that gave one."""
        self._discard(errand.answer)
        errand.became(other)
        return answer

    def _rest(self, answer: Response, start: int) -> Response | None:
        """What is left of a body that broke off, if the replica has the same object.

        :param start: bytes that the caller has
        :returns: an answer whose body goes on there; None if there is none
        """
        errand = self._errand
        if errand is None or errand.answer is not answer or errand.fixed or errand.system.link is None:
            return None  # not from there, not once more, and not after close()
        request = _request.remaining(errand.request, start)
        if request is None or self._row(errand, Met.CUT).go is Go.STAY:
            return None
        rest, broken = errand.at(self._replica), errand.attempts[-1]
        rest.request = request
        try:
            found = self._alone(rest)
        except HcpsdkError as error:
            logger.warning('the replica could not help: %s', error)
            return None
        if not _continues(answer, found, start):
            found.close()
            return None
        broken.goes_on(start, errand.attempts[-1])
        logger.warning('%s', broken)
        errand.became(rest)
        return found

    def _discard(self, response: Response | None) -> None:
        desk = self._desk()
        if desk is not None:
            desk._discard(response)

    def _row(self, errand: Errand, met: Met) -> Row:
        own = errand.request.method in READS and errand.request.path in self._recent
        return where(met, self._failover.failed_over, errand.request, self._modes, errand.unknown, own)

    def _detour(self) -> str:
        state = self._failover.state
        return f'; it is {self._primary.target.fqdn} that is failed over: {state.reason}'

    def _back(self, errand: Errand) -> bool:
        """Look whether the primary is there again, if that is due, and say so.

        :raises HcpsdkError: if close() has ended that, from another thread
        """
        if not self._failover.probe_due():
            return False
        self._primary.close()  # whatever it is, it is of no use; and there is one link to a system
        soon, closed = min(self._soon, (errand.until - self._clock.now()) / 2), self._scout.closed
        probe = Errand(_PROBE, self._clock.now() + soon, self._scout, retries=0, fixed=True)
        probe.began = self._clock.now()
        try:
            self._alone(probe)
        except HcpsdkError as error:
            if self._scout.closed > closed:
                raise
            logger.debug('the primary is still not there: %s', error)
        finally:
            self._scout.close()
        return not self._failover.failed_over


def _helps(request: Request, status: int) -> bool:
    """Whether the replica's answer counts in normal times: that of a write does, unless it lags behind."""
    return status < 400 or (request.method in WRITES and status != 404)


def met_by(failure: Failure) -> Met | None:
    """What a request met whose connection died; None if the replica could not help."""
    if failure.state is State.CLOSED or failure.cause is Cause.DEADLINE:
        return None
    return Met.UNANSWERED if failure.touched else Met.UNSENT


def _continues(answer: Response, rest: Response, start: int) -> bool:
    """Whether one answer goes on where the other one broke off; the same object is what has the same hash."""
    size, digest = answer.getheader('Content-Length'), answer.getheader('X-HCP-Hash')
    wanted = f'bytes {start}-{int(size) - 1}/{size}'
    same = digest is not None and digest == rest.getheader('X-HCP-Hash')
    return same and rest.getheader('Content-Range') == wanted
