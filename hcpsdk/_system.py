"""One HCP as a Connection uses it: the link that is kept, and how another one comes about.

Which addresses are tried, how long, and what is said if none of them takes a connection.
"""

from __future__ import annotations

import errno
import logging

from . import _retry
from ._errand import Errand
from ._link import ERRORS, Cause, Failure, Link, Patience
from ._retry import Verdict
from ._tls import WAYS_OUT
from .errors import HcpsdkCantConnectError, HcpsdkCertificateError, HcpsdkError, HcpsdkTimeoutError
from .target import Target

logger = logging.getLogger(__name__)

SLOT_PAUSE = 0.05
"""seconds between two looks whether one of the nodes takes one more connection"""

LAST_LOOK = 0.25
"""seconds after the timeout for connects: who holds a place began earlier, and may be failing just now"""

_OUR_OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""what keeps a socket from being made or connected on this side (socket(2), connect(2))"""

_NO_IPV6 = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
"""what an address of that family meets on a machine that has none"""


class Unreached(Exception):
    """No node took a connection. An inner matter of the package: what callers get is its ``error``.

    :param gone: HCP is not there: it was neither our time, nor our trust, nor our sockets that were short
    :param since: when the first address was tried
    """

    def __init__(self, error: HcpsdkError, failures: list[Failure], gone: bool, since: float) -> None:
        super().__init__(error.reason)
        self.error = error
        self.cause = failures[-1].error
        self.gone = gone
        self.since = since
        self.listed = _listed(failures)
        """each address and its reason"""


class System:
    """One HCP, and the one link to it.

    :param target: the HCP
    :param patience: how long to wait
    :param debuglevel: for the links
    """

    def __init__(self, target: Target, patience: Patience, debuglevel: int) -> None:
        self.target = target
        self.patience = patience
        self.debuglevel = debuglevel
        self.link: Link | None = None
        self.connect_time = 0.0
        """seconds that the last connection took, those that failed not included"""
        self.closed = 0
        """times that it was closed from outside"""

    def take(self, errand: Errand) -> Link:
        """The link we have, if it can carry one more request, else a new one.

        :raises Unreached: if none can be had
        """
        link = self.link  # another thread may close()
        if link is not None and link.take():
            return link
        self.link = link = self._dial(errand)
        link.take()
        return link

    def set_debuglevel(self, level: int) -> None:
        """For the link that there is, and for those to come."""
        self.debuglevel = level
        link = self.link
        if link is not None:
            link.debuglevel = level

    def close(self) -> None:
        """Close the link; the next request would open a new one."""
        self.closed += 1
        link, self.link = self.link, None
        if link is not None:
            link.close()
            logger.debug('connection to %s closed', link.peer)

    def _dial(self, errand: Errand) -> Link:
        """A new link; if all nodes are full, as soon as there is a place."""
        clock = self.patience.clock
        started, errand.resolve = clock.precise(), 0.0
        since = clock.now()
        end = since + self.patience.connect + LAST_LOOK
        while True:
            failures: list[Failure] = []
            link = self._round(errand, failures)
            if link is not None:
                errand.connect = clock.since(started) - errand.resolve
                return link
            waits = _may_wait(failures) and clock.now() < end
            if waits:
                clock.sleep(SLOT_PAUSE)
                if not self.target._circle.reachable():  # who has found that out may be about to fail over
                    clock.sleep(SLOT_PAUSE)
            if not waits or errand.better_off():
                gone = _is_gone(failures, self.target._circle.reachable())
                raise Unreached(self._unreachable(errand, failures), failures, gone, since)

    def _round(self, errand: Errand, failures: list[Failure]) -> Link | None:
        """Each known address once, then those that DNS may know meanwhile."""
        circle, clock = self.target._circle, self.patience.clock
        known = circle.round()
        link = self._first(known, errand, failures)
        if link is not None or _may_wait(failures) or not _goes_on(errand, failures):
            return link
        started = clock.precise()
        fresh = circle.renewed(known, min(self.patience.connect, errand.until - clock.now()))
        errand.resolve += clock.since(started)
        return self._first(fresh, errand, failures)

    def _first(self, addresses: list[str], errand: Errand, failures: list[Failure]) -> Link | None:
        """The first of these that takes a connection."""
        for address in addresses:
            started = self.patience.clock.precise()
            try:
                link = Link(address, self.target._endpoint, self.patience, self.debuglevel)
                link.dial(errand.until)
            except Failure as failure:
                failures.append(failure)
                self._note(failure, self.patience.clock.since(started))
                if not _goes_on(errand, failures):
                    return None
            else:
                self.connect_time = self.patience.clock.since(started)
                logger.debug('connected to %s in %.6f s', link.peer, self.connect_time)
                return link
        return None

    def _note(self, failure: Failure, waited: float) -> None:
        """Remember a node that takes no connection; a lack of trust or of room is no fault of it."""
        if failure.cause is Cause.DEADLINE:
            self.target._circle.hurried(failure.address, waited)
        elif _is_theirs(failure) or _is_foreign(failure):
            logger.warning('%s', failure)
            self.target._circle.refused(failure.address)

    def _unreachable(self, errand: Errand, failures: list[Failure]) -> HcpsdkError:
        """No node could be connected: each, and its reason; and whether something was sent before."""
        refused = f'no node of {self.target.fqdn} could be connected: {_listed(failures)}'
        if self.target._circle.trouble:
            refused += f'; nor can its name be resolved any more ({self.target._circle.trouble})'
        if errand.tried:
            ended = _kind(failures) if errand.lost is None else ERRORS[errand.lost.cause]
            kind = HcpsdkTimeoutError if failures[-1].cause is Cause.DEADLINE else ended
            return kind(
                f'{errand.attempts[-1]}; not sent again, as {refused}{errand.detour}; {errand.advice}'
            )
        if failures[-1].cause is Cause.CERTIFICATE:
            return HcpsdkCertificateError(f'{refused}; nothing was sent{errand.detour}\n{WAYS_OUT}')
        return _kind(failures)(f'{refused}; nothing was sent{errand.detour}; {self._advice(failures)}')

    def _advice(self, failures: list[Failure]) -> str:
        if _may_wait(failures):
            return 'close some Connections, or give the Target a larger max_per_node'
        speaks = 'TLS' if self.target.ssl else 'plain HTTP'
        return f'is HCP up, and does it speak {speaks} on port {self.target.port}?'


def _goes_on(errand: Errand, failures: list[Failure]) -> bool:
    """Whether it makes sense to try one more address here."""
    return _retry.on_failure(failures[-1], errand.request).verdict is Verdict.NEXT and not errand.better_off()


def _is_gone(failures: list[Failure], reachable: list[str]) -> bool:
    """Whether it was HCP, and nothing of our own, that let no connection come about.

    A deadline may come before all addresses were tried; those that failed in earlier requests count then.
    """
    told = [failure for failure in failures if not _is_foreign(failure)]
    if told and told[-1].cause is Cause.DEADLINE and not reachable:
        return all(map(_is_theirs, told[:-1]))
    return bool(told) and all(map(_is_theirs, told))


def _is_theirs(failure: Failure) -> bool:
    return failure.cause in (Cause.LOST, Cause.TIMEOUT) and _errno(failure) not in _OUR_OWN


def _is_foreign(failure: Failure) -> bool:
    """An address of a family that this machine does not have: it says nothing of the HCP."""
    return ':' in failure.address and _errno(failure) in _NO_IPV6


def _errno(failure: Failure) -> object:
    return getattr(failure.error, 'errno', None)


def _may_wait(failures: list[Failure]) -> bool:
    """Whether there will be a place at a node sooner or later."""
    return any(failure.cause is Cause.FULL for failure in failures)


def _kind(failures: list[Failure]) -> type[HcpsdkError]:
    """A timeout, if nothing else happened; or if that is what ended it."""
    late = failures[-1].cause is Cause.DEADLINE or {failure.cause for failure in failures} == {Cause.TIMEOUT}
    return HcpsdkTimeoutError if late else HcpsdkCantConnectError


def _listed(failures: list[Failure]) -> str:
    """Each reason once, behind the addresses that gave it."""
    reasons: dict[str, list[str]] = {}
    for failure in failures:
        reasons.setdefault(failure.story, []).append(failure.address)
    return '; '.join(f'{", ".join(addresses)}: {story}' for story, addresses in reasons.items())
