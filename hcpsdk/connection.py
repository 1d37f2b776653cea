"""The way of one request: take a link, exchange, or ask the policy and go round.

Whatever has more than one case lives in the module of that case: what is said in ``_request``,
how it travels in ``_link``, what a failure means in ``_retry``.
"""

from __future__ import annotations

import logging
import random
from types import TracebackType
from typing import Any, Callable, TypeVar

from . import _request, _retry
from ._check import kind, number
from ._link import ERRORS, Cause, Failure, Link, Patience
from ._request import HeaderLines, Params, Request
from ._response import Response as Answer
from ._retry import Row, Verdict
from ._tls import WAYS_OUT
from ._trace import LEAST, SYSTEM_CLOCK, Clock
from .errors import HcpsdkCantConnectError, HcpsdkCertificateError, HcpsdkError, HcpsdkTimeoutError
from .target import Target

logger = logging.getLogger(__name__)

T = TypeVar('T')

DRAIN = 65536
"""bytes; what an answer has left up to this is read away, rather than opening a new connection"""

LONGEST_WAIT = 2_147_483.0
"""seconds; ``poll(2)`` counts its wait in milliseconds of 31 bits, so a socket takes no more (24 days)"""

MAX_DEBUGLEVEL = 9
"""the manual's range is 0 to 9"""

# Methods after which the manual promises a Connection that is ready for the next request.
_DRAINED = frozenset({'PUT', 'HEAD', 'DELETE'})

# Methods that change nothing, so that a lost answer leaves no doubt behind.
_READING = frozenset({'GET', 'HEAD', 'OPTIONS'})

# For a write whose answer was lost.
_DOUBT = 'ask by HEAD what HCP has, before you send it again'


class Connection:
    """A connection to an HCP: opened when first needed, kept while used, closed when idle.

    :param target: the HCP, a :class:`Target`
    :param timeout: seconds to wait for a connection, and for each single step after it; a pair
        gives the two apart, ``(connect, read)``
    :param idletime: seconds that the connection is kept open while nobody uses it
    :param debuglevel: 0 to 9; above 0 the heads of requests and answers are printed to standard
        output, without credentials
    :param retries: how many times a request may be sent again, where that is safe
    :raises TypeError, ValueError: if an argument makes no sense

    A status code that says no is an answer like any other: look at :attr:`response_status`.
    A Connection belongs to one thread at a time; make one for each.

    .. versionadded:: 0.9.0-5
    """

    _clock: Clock = SYSTEM_CLOCK
    _uniform: Callable[[float, float], float] = staticmethod(random.uniform)

    def __init__(
        self,
        target: Target,
        timeout: float | tuple[float, float] = 30,
        idletime: float = 30,
        debuglevel: int = 0,
        retries: int = 3,
    ) -> None:
        connect, read = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
        self._target = kind('target', target, Target, 'a hcpsdk.Target')
        self._patience = Patience(
            connect=_seconds('timeout', connect),
            read=_seconds('timeout', read),
            idle=_seconds('idletime', idletime, zero=True),
            clock=self._clock,
        )
        self._debuglevel = number('debuglevel', debuglevel, 0, MAX_DEBUGLEVEL)
        self._retries = number('retries', retries, 0)
        self._link: Link | None = None
        self._address: str | None = None
        self._response: Answer | None = None
        self._connect_time = self._service_time1 = self._service_time2 = LEAST

    def __repr__(self) -> str:
        return f'<Connection to {self._target.fqdn} by {self._link or "no link"}>'

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def address(self) -> str | None:
        """The address of the node in use, None before the first request."""
        return self._address

    @property
    def Response(self) -> Answer | None:
        """The answer to the last request, an :class:`http.client.HTTPResponse`; None before."""
        return self._response

    response = Response

    @property
    def response_status(self) -> int | None:
        """The HTTP status code of the last request."""
        return None if self._response is None else self._response.status

    @property
    def response_reason(self) -> str | None:
        """The reason phrase that came with the status code."""
        return None if self._response is None else self._response.reason

    @property
    def connect_time(self) -> float:
        """Seconds that the last connect took, the TLS handshake included."""
        return self._connect_time

    @property
    def service_time1(self) -> float:
        """Seconds that the last step took: the request up to its answer's head, or one read."""
        return max(self._service_time1, LEAST)

    @property
    def service_time2(self) -> float:
        """Seconds that the whole last request took up to now; connecting is not in it."""
        return max(self._service_time2, LEAST)

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        params: Params = None,
        headers: HeaderLines = None,
    ) -> Answer:
        """Send a request and return its answer; all other methods come here.

        :param method: ``'GET'``, ``'PUT'`` and so on
        :param url: the path from ``/rest`` on, without a server part. It is percent-encoded; an
            escape that is there already stays. ``?`` belongs to the name, queries go to ``params``
        :param body: what to send: bytes, str (sent as UTF-8), an open file from where it stands,
            or an iterable of bytes. A file in text mode goes out as its bytes on disk
        :param params: the query, a dictionary or a list of 2-tuples; it is percent-encoded
        :param headers: more headers, a dictionary or a list of 2-tuples; they win over prepared ones
        :returns: the answer, an :class:`http.client.HTTPResponse`
        :raises HcpsdkCantConnectError: if no node takes a connection
        :raises HcpsdkTimeoutError: if HCP is silent for too long
        :raises HcpsdkCertificateError: if HCP's certificate does not verify
        :raises HcpsdkError: if the request cannot be sent as it is meant, or was lost on the way

        What may be sent again after a failure is a table, see the chapter on the way of one request.
        """
        request = _request.build(method, url, self._not_mine(body), params, headers)
        self._service_time1 = self._service_time2 = 0.0
        sent_again, lost = 0, None
        while True:
            link = self._take_link(lost)
            try:
                response = self._timed(self._exchange, link, request)
            except Failure as failure:
                sent_again, lost = self._go_round(request, failure, sent_again), failure
            else:
                self._log(request, response)
                return response

    def PUT(self, url: str, body: Any = None, params: Params = None, headers: HeaderLines = None) -> Answer:
        """Store an object, or part of its metadata; leaves the Connection ready for the next request.

        For the parameters see :meth:`request`.
        """
        return self.request('PUT', url, body, params, headers)

    def GET(self, url: str, params: Params = None, headers: HeaderLines = None) -> Answer:
        """Ask for an object; :meth:`read` its content before the next request.

        For the parameters see :meth:`request`.
        """
        return self.request('GET', url, None, params, headers)

    def HEAD(self, url: str, params: Params = None, headers: HeaderLines = None) -> Answer:
        """Ask for an object's metadata only; leaves the Connection ready for the next request.

        For the parameters see :meth:`request`.
        """
        return self.request('HEAD', url, None, params, headers)

    def POST(
        self, url: str, params: Params = None, headers: HeaderLines = None, *, body: Any = None
    ) -> Answer:
        """Change metadata; leaves the Connection ready, unless the answer has a body to be read.

        For the parameters see :meth:`request`.
        """
        return self.request('POST', url, body, params, headers)

    def DELETE(self, url: str, params: Params = None, headers: HeaderLines = None) -> Answer:
        """Delete an object; leaves the Connection ready for the next request.

        For the parameters see :meth:`request`.
        """
        return self.request('DELETE', url, None, params, headers)

    def read(self, amt: int | None = None) -> bytes:
        """Read the body of the last answer, or the next part of it.

        :param amt: how many bytes at most, all that is left by default
        :returns: the bytes; fewer than asked for, or none, mean that the body is complete
        :raises HcpsdkTruncatedError: if it ended before its announced length
        :raises HcpsdkTimeoutError: if HCP went silent in the middle of it
        """
        response = self._answered()
        return self._timed(response.read, amt)

    def getheader(self, *args: Any, **kwargs: Any) -> Any:
        """One header of the last answer, see :meth:`http.client.HTTPResponse.getheader`."""
        return self._answered().getheader(*args, **kwargs)

    def getheaders(self) -> list[tuple[str, str]]:
        """All headers of the last answer, as a list of (name, value)."""
        return self._answered().getheaders()

    def close(self) -> None:
        """Close the connection to HCP; the next request would open a new one."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
            logger.debug('connection to %s closed', link.peer)

    # --- how a request is carried out ------------------------------------------------------

    def _take_link(self, lost: Failure | None = None) -> Link:
        """The link we have, if it can carry one more request, else a new one.

        :param lost: how the request failed when it was last sent; None if it was not
        """
        if self._link is not None and self._link.busy:
            raise HcpsdkError('this Connection is in the middle of a request; use another one beside it')
        self._clear_way()
        if self._link is not None and self._link.take():
            return self._link
        self._link = self._dial(lost)
        self._link.take()
        return self._link

    def _clear_way(self) -> None:
        """Nothing that an answer has left may be taken for the next one."""
        response, self._response = self._response, None
        if response is not None and not response.whole:
            _drain(response)
            response.abandon()

    def _not_mine(self, body: Any) -> Any:
        """Sending a request takes the connection that its body would have to come from."""
        if isinstance(body, Answer) and body is self._response and not body.whole:
            raise HcpsdkError(
                'storing what is still being read takes a second Connection, or a read() before'
            )
        return body

    def _dial(self, lost: Failure | None) -> Link:
        """Try each address once; the first that takes the connection is it."""
        failures: list[Failure] = []
        for address in self._target._circle.candidates():
            started = self._clock.precise()
            try:
                link = Link(address, self._target._endpoint, self._patience, self._debuglevel)
            except Failure as failure:
                failures.append(failure)
                if failure.cause is Cause.CERTIFICATE:  # the others have the same one
                    break
                logger.warning('%s', failure)
                self._target._circle.failed(address)
            else:
                self._connect_time = self._clock.since(started)
                self._address = address
                logger.debug('connected to %s in %.6f s', link.peer, self._connect_time)
                return link
        raise _unreachable(self._target, failures, lost) from failures[-1].error

    def _exchange(self, link: Link, request: Request) -> Answer:
        response = self._response = link.exchange(request, request.head(self._target.headers))
        if request.method in _DRAINED and not response.whole:
            _drain(response)
        return response

    def _timed(self, step: Callable[..., T], *args: Any) -> T:
        """Book what a step takes, however it ends."""
        started = self._clock.precise()
        try:
            return step(*args)
        finally:
            self._service_time1 = self._clock.since(started)
            self._service_time2 += self._service_time1

    def _answered(self) -> Answer:
        if self._response is None:
            raise HcpsdkError(
                'there is no answer to look at: no request was made yet, or the last one failed'
            )
        return self._response

    def _log(self, request: Request, response: Answer) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            times = f'{self._service_time1:.6f} s'
            logger.debug(
                '%s %s: %s %s in %s', request.method, request.path, response.status, response.reason, times
            )

    def _go_round(self, request: Request, failure: Failure, sent_again: int) -> int:
        """Another try, if the policy has one for us.

        :returns: how many of the retries are used up then
        :raises HcpsdkError: if it has none
        """
        row = _retry.decide(failure, request)
        if not failure.reused:
            self._target._circle.failed(failure.address)
        if row.verdict is Verdict.FREE:
            logger.debug('%s %s goes again: %s', request.method, request.path, row.why)
            return sent_again
        if row.verdict is Verdict.RAISE or sent_again >= self._retries:
            raise _given_up(request, failure, row, sent_again) from failure.error
        logger.warning('%s %s: %s; goes again', request.method, request.path, failure)
        self._clock.sleep(_retry.pause(sent_again + 1, self._uniform))
        return sent_again + 1


def _drain(response: Answer) -> None:
    """Read away what is left, if that is not much; otherwise its connection has to go."""
    if (response.length or 0) <= DRAIN:
        try:
            response.read(DRAIN)
        except HcpsdkError as error:
            logger.debug('the rest of an answer could not be read away: %s', error)
    if not response.whole:
        response.close()


def _given_up(request: Request, failure: Failure, row: Row, sent_again: int) -> HcpsdkError:
    """What a caller gets to know about a request that failed for good."""
    used_up = f'all {sent_again} retries are used up' if sent_again else 'retries=0'
    why = used_up if row.verdict is Verdict.AGAIN else row.why
    advice = 'try later' if request.method in _READING else _DOUBT
    return ERRORS[failure.cause](
        f'{request.method} {request.path}: {failure}; not sent again: {why}; {advice}'
    )


def _unreachable(target: Target, failures: list[Failure], lost: Failure | None) -> HcpsdkError:
    """No node could be connected: each, and its reason; and whether something was sent before."""
    refused = f'no node of {target.fqdn} could be connected: {_listed(failures)}'
    if lost is not None:
        return ERRORS[lost.cause](f'{lost}; not sent again, as {refused}; if it was a write, {_DOUBT}')
    if failures[-1].cause is Cause.CERTIFICATE:
        return HcpsdkCertificateError(f'{refused}; nothing was sent\n{WAYS_OUT}')
    silent = all(failure.cause is Cause.TIMEOUT for failure in failures)
    kind = HcpsdkTimeoutError if silent else HcpsdkCantConnectError
    speaks = 'TLS' if target.ssl else 'plain HTTP'
    return kind(f'{refused}; nothing was sent; is HCP up, and does it speak {speaks} on port {target.port}?')


def _listed(failures: list[Failure]) -> str:
    """Each reason once, behind the addresses that gave it."""
    reasons: dict[str, list[str]] = {}
    for failure in failures:
        reasons.setdefault(failure.story, []).append(failure.address)
    return '; '.join(f'{", ".join(addresses)}: {story}' for story, addresses in reasons.items())


def _seconds(what: str, value: Any, zero: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f'{what} must be a number of seconds, not {type(value).__name__}')
    if not (0 < value <= LONGEST_WAIT or (zero and value == 0)):
        least = 'at least 0' if zero else 'above 0'
        raise ValueError(
            f'{what} must be a number of seconds, {least} and at most {LONGEST_WAIT:,.0f}, not {value}'
        )
    return float(value)
