"""The way of one request: take a link, exchange, or ask the policy and go round.

Whatever has more than one case lives in the module of that case: what is said in ``_request``,
how it travels in ``_link``, what a failure means in ``_retry``.
"""

from __future__ import annotations

import logging
import random
from types import TracebackType
from typing import Any

from . import _request, _retry
from ._check import kind, number, seconds
from ._errand import TOO_NEAR, Errand, Way
from ._journal import Attempt
from ._keepalive import LONGEST, MOST, KeepAlive
from ._link import Cause, Failure, Link, Patience, State, Wire
from ._pair import MET, Pair, met_by
from ._replica import Met
from ._request import HeaderLines, Params
from ._response import Response as Answer
from ._retry import Verdict
from ._settle import is_object, whose
from ._system import System, Unreached
from ._trace import LEAST, SYSTEM_CLOCK, Clock
from .errors import HcpsdkError
from .target import Target

logger = logging.getLogger(__name__)

DRAIN = 65536
"""bytes; what an answer has left up to this is read away, rather than opening a new connection"""

LOOKS, LOOK_PAUSE = 5, 1.0
"""times, and seconds between them: HCP advises to ask again about an object that is open for write after
one or two seconds (REST reference, 3.2)"""

MAX_DEBUGLEVEL = 9
"""the manual's range is 0 to 9"""

# What a node is passed over for; that our own time was up is no fault of it.
_NODES_FAULT = frozenset({Cause.LOST, Cause.TIMEOUT, Cause.GARBAGE})

# Methods after which the manual promises a Connection that is ready for the next request.
_DRAINED = frozenset({'PUT', 'HEAD', 'DELETE'})


class Connection:
    """A connection to an HCP: opened when first needed, kept while used, closed when idle.

    :param target: the HCP, a :class:`Target`
    :param timeout: seconds to wait for a connection, and for each single step after it; a pair
        gives the two apart, ``(connect, read)``
    :param idletime: seconds that the connection is kept open while nobody uses it
    :param debuglevel: 0 to 9; above 0 the heads of requests and answers are printed to standard
        output, without credentials
    :param retries: how many times a request may be sent again, where that is safe
    :param deadline: seconds for a whole request, from its call to the last byte of its answer,
        retries and pauses included; None, the default: each of its steps has its timeout, the
        sum of them has none
    :param sock_keepalive: True to have the kernel send TCP keep-alive probes while the connection
        rests, as some firewalls want it
    :param tcp_keepalive: seconds of rest before the first probe
    :param tcp_keepintvl: seconds between two probes
    :param tcp_keepcnt: how many probes without an answer end the connection
    :raises TypeError, ValueError: if an argument makes no sense

    A status code that says no is an answer like any other: look at :attr:`response_status`.
    A Connection belongs to one thread at a time; make one for each.

    .. versionadded:: 0.9.0-5
    """

    _clock: Clock = SYSTEM_CLOCK
    _uniform: _retry.Uniform = staticmethod(random.uniform)

    def __init__(
        self,
        target: Target,
        timeout: float | tuple[float, float] = 30,
        idletime: float = 30,
        debuglevel: int = 0,
        retries: int = 3,
        *,
        deadline: float | None = None,
        sock_keepalive: bool = False,
        tcp_keepalive: int = 60,
        tcp_keepintvl: int = 60,
        tcp_keepcnt: int = 3,
    ) -> None:
        connect, read = timeout if isinstance(timeout, tuple) and len(timeout) == 2 else (timeout, timeout)
        self._target = kind('target', target, Target, 'a hcpsdk.Target')
        self._patience = Patience(
            connect=seconds('timeout', connect),
            read=seconds('timeout', read),
            idle=seconds('idletime', idletime, zero=True),
            clock=self._clock,
            deadline=None if deadline is None else seconds('deadline', deadline),
            keepalive=_keepalive(sock_keepalive, tcp_keepalive, tcp_keepintvl, tcp_keepcnt),
        )
        self._debuglevel = number('debuglevel', debuglevel, 0, MAX_DEBUGLEVEL)
        self._retries = number('retries', retries, 0)
        primary = System(target, self._patience, debuglevel)
        self._pair = Pair.of(primary, debuglevel, self)
        self._system: Way = primary
        self._systems = self._pair.systems if self._pair else (primary,)
        self._address: str | None = None
        self._response: Answer | None = None
        self._attempts: list[Attempt] = []
        self._service_time1 = self._service_time2 = LEAST

    def __repr__(self) -> str:
        return f'<Connection to {self._system.target.fqdn} by {self._link or "no link"}>'

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
    def served_by(self) -> str | None:
        """The domain of the HCP that gave the last answer (``X-HCP-ServicedBySystem``), if it says so.

        A replica, or a system that has taken over the name of another one, says its own.
        """
        return None if self._response is None else self._response.getheader('X-HCP-ServicedBySystem')

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
    def debug_level(self) -> int:
        """What is printed, as ``debuglevel`` says; may be set at any time, from 0 to 9 (int)."""
        return self._debuglevel

    @debug_level.setter
    def debug_level(self, level: int) -> None:
        self._debuglevel = number('debug_level', level, 0, MAX_DEBUGLEVEL)
        for system in self._systems:
            system.set_debuglevel(level)

    @property
    def con(self) -> Wire | None:
        """The open connection to the node, for a look at it; None if there is none.

        It has ``host`` (the node's address), ``port``, ``timeout`` (seconds) and ``sock``, the socket: that
        tells the certificate (``con.sock.getpeercert()``), the version of TLS (``con.sock.version()``)
        and our own address (``con.sock.getsockname()``). To read, write or close it breaks the Connection.
        """
        return None if self._link is None else self._link.opened

    @property
    def connect_time(self) -> float:
        """Seconds that the last connect took, the TLS handshake included."""
        return max(self._system.connect_time, LEAST)

    @property
    def service_time1(self) -> float:
        """Seconds that the last step took: the request up to its answer's head, or one read."""
        return max(self._service_time1, LEAST)

    @property
    def service_time2(self) -> float:
        """Seconds that the whole last request took up to now; connecting is not in it."""
        return max(self._service_time2, LEAST)

    @property
    def attempts(self) -> list[Attempt]:
        """What became of the last request, each time that it was sent.

        :returns: a list of :class:`hcpsdk.Attempt`, the last one last; empty if it was never sent
        """
        return list(self._attempts)

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        params: Params = None,
        headers: HeaderLines = None,
        *,
        verify: bool = False,
    ) -> Answer:
        """Send a request and return its answer; all other methods come here.

        :param method: ``'GET'``, ``'PUT'`` and so on
        :param url: the path from ``/rest`` on, without a server part. It is percent-encoded; an
            escape that is there already stays. ``?`` belongs to the name, queries go to ``params``
        :param body: what to send: bytes, str (sent as UTF-8), an open file from where it stands,
            or an iterable of bytes. A file in text mode goes out as its bytes on disk
        :param params: the query, a dictionary or a list of 2-tuples; it is percent-encoded
        :param headers: more headers, a dictionary or a list of 2-tuples; they win over prepared ones
        :param verify: True to have the body of the answer compared with ``X-HCP-Hash`` while it is
            read; the last read raises :exc:`HcpsdkHashError` if it differs. The answer's ``verified``
            tells afterwards whether there was something to compare with: HCP has no hash of
            multipart objects, and none of a part that was asked for by ``Range``
        :returns: the answer, an :class:`http.client.HTTPResponse`
        :raises HcpsdkCantConnectError: if no node takes a connection
        :raises HcpsdkTimeoutError: if HCP is silent for too long
        :raises HcpsdkCertificateError: if HCP's certificate does not verify
        :raises HcpsdkError: if the request cannot be sent as it is meant, or was lost on the way

        What may be sent again after a failure is a table, see the chapter on the way of one request.
        """
        request = _request.build(method, url, self._not_mine(body), params, headers)
        self._service_time1 = self._service_time2 = 0.0
        errand = Errand(request, self._patience.until(), self._systems[0], self._retries)
        self._clear_way()
        self._attempts = errand.attempts  # no more than that of the errand: its body may be large
        try:
            answer = (self._carry_out if self._pair is None else self._pair.carry_out)(errand)
        finally:
            self._system, self._address = errand.system, errand.address or self._address
        self._response = answer
        if not errand.sent_again and answer.status not in _retry.BUSY:
            errand.system.target._budget.earn()
        if verify:
            answer.prove()
        return answer

    def _carry_out(self, errand: Errand) -> Answer:
        """Take a link, exchange, or ask the policy and go round."""
        while True:
            try:
                answer = self._exchange(self._take_link(errand), errand)
            except Unreached as none:
                return self._after_none(errand, none)  # raises, unless there is a replica
            except Failure as failure:
                settled = self._after_failure(errand, failure)  # raises, unless it may be sent again
            else:
                if answer.status not in _retry.TELLING:
                    return answer
                settled = self._after_answer(errand, answer)
            if settled is not None:
                return settled

    def PUT(self, url: str, body: Any = None, params: Params = None, headers: HeaderLines = None) -> Answer:
        """Store an object, or part of its metadata; leaves the Connection ready for the next request.

        For the parameters see :meth:`request`.
        """
        return self.request('PUT', url, body, params, headers)

    def GET(
        self, url: str, params: Params = None, headers: HeaderLines = None, *, verify: bool = False
    ) -> Answer:
        """Ask for an object; :meth:`read` its content before the next request.

        For the parameters see :meth:`request`.
        """
        return self.request('GET', url, None, params, headers, verify=verify)

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
        :raises HcpsdkHashError: if it is not what HCP stored, and ``verify=True`` was asked for
        """
        response, started, before = self._answered(), self._clock.precise(), self._service_time2
        try:
            return response.read(amt)
        finally:
            self._service_time2 = before  # what a continuation elsewhere took is in this step
            self._book(started)
            self._attempts[-1].read += self._service_time1

    def getheader(self, *args: Any, **kwargs: Any) -> Any:
        """One header of the last answer, see :meth:`http.client.HTTPResponse.getheader`."""
        return self._answered().getheader(*args, **kwargs)

    def getheaders(self) -> list[tuple[str, str]]:
        """All headers of the last answer, as a list of (name, value)."""
        return self._answered().getheaders()

    def close(self) -> None:
        """Close the connection to HCP; the next request would open a new one."""
        for system in self._systems:
            system.close()

    # --- how a request is carried out ------------------------------------------------------

    @property
    def _link(self) -> Link | None:
        return self._system.link

    def _clear_way(self) -> None:
        """One request at a time, and nothing of the last one's answer may be taken for the next one's."""
        for system in self._systems:
            if system.link is not None and system.link.busy:
                raise HcpsdkError('this Connection is in the middle of a request; use another one beside it')
        response, self._response = self._response, None
        self._discard(response)

    def _take_link(self, errand: Errand) -> Link:
        """The link to that system, if it can carry one more request, else a new one."""
        answer, errand.answer = errand.answer, None
        self._discard(answer)
        link = errand.system.take(errand)
        errand.address = link.address
        return link

    def _discard(self, response: Answer | None) -> None:
        """Nothing that an answer has left may be taken for the next one."""
        if response is not None and not response.whole:
            response.elsewhere = None
            if not response.will_close:
                self._drain(response)
            response.abandon()

    def _not_mine(self, body: Any) -> Any:
        """Sending a request takes the connection that its body would have to come from."""
        if isinstance(body, Answer) and body is self._response and not body.whole:
            raise HcpsdkError(
                'storing what is still being read takes a second Connection, or a read() before'
            )
        return body

    def _exchange(self, link: Link, errand: Errand) -> Answer:
        """Send it once, and write down what becomes of that."""
        request, started = errand.request, self._clock.precise()
        attempt = errand.begin(link.address, link.reused)
        try:
            head = request.head(errand.system.target._prepared)
            answer = errand.answer = link.exchange(request, head, attempt, errand.until)
            if not answer.whole and request.method in _DRAINED:
                self._drain(answer)
        finally:
            self._book(started)
        if not attempt.reused:
            errand.system.target._circle.works(link.address)
        if self._pair is not None:
            self._pair.answered(errand, link.address, answer.status)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug('%s', attempt)
        return answer

    def _drain(self, response: Answer) -> None:
        """Read away what is left, if that is not much and comes soon; otherwise its connection has to go."""
        room = DRAIN if (response.length or 0) <= DRAIN else 0
        end = self._clock.now() + self._patience.read
        try:
            while not response.whole and room > 0 and self._clock.now() < end:
                room -= len(response.read1(room))
        except HcpsdkError as error:
            logger.debug('the rest of an answer could not be read away: %s', error)
        if not response.whole:
            response.close()

    def _book(self, started: float) -> None:
        """The time of a step, however it ended."""
        self._service_time1 = self._clock.precise() - started
        self._service_time2 += self._service_time1

    def _answered(self) -> Answer:
        if self._response is None:
            raise HcpsdkError(
                'there is no answer to look at: no request was made yet, or the last one failed'
            )
        return self._response

    def _after_none(self, errand: Errand, none: Unreached) -> Answer:
        """What the replica says, if there is one for us.

        :raises HcpsdkError: if there is none
        """
        instead = None if self._pair is None else self._pair.unreached(errand, none)
        if instead is None:
            raise none.error from none.cause
        return instead

    def _after_failure(self, errand: Errand, failure: Failure) -> Answer | None:
        """Another try, if the policy has one for us; or what the replica says.

        :returns: the answer for the caller; None if the request is to be sent again
        :raises HcpsdkError: if the policy has nothing
        """
        errand.died(failure)
        row = _retry.on_failure(failure, errand.request)
        if failure.cause in _NODES_FAULT and not failure.reused and failure.state is not State.CLOSED:
            errand.system.target._circle.failed(failure.address)
        if row.verdict is Verdict.FREE and not errand.better_off():
            logger.debug('%s; goes again: %s', errand.attempts[-1], row.why)
            return None
        wait = _retry.pause(errand.sent_again + 1, self._uniform)
        refused = row.why if row.verdict is not Verdict.AGAIN else self._no_more(errand, wait)
        if not refused:
            logger.warning('%s; goes again', errand.attempts[-1])
            self._wait(errand, wait)
            return None
        error = errand.given_up(failure, refused)
        instead = self._instead(errand, met_by(failure))
        if instead is None:
            raise error from failure.error
        return instead

    def _after_answer(self, errand: Errand, answer: Answer) -> Answer | None:
        """What a status code means that may not be the last word.

        :returns: the answer for the caller; None if the request is to be sent again
        """
        row = _retry.on_answer(answer.status, errand.request, errand.doubt)
        if row.verdict is Verdict.SETTLE:
            return self._settle(errand, answer)
        if row.verdict is Verdict.DONE:
            answer.rename(200, 'OK')
            errand.understood(row.why)
        if row.verdict is not Verdict.AGAIN:
            return self._instead(errand, MET.get(answer.status))
        wait = _retry.busy_pause(
            errand.sent_again + 1, answer.getheader('Retry-After'), answer.getheader('Date'),
            self._patience.read, self._clock.wall(), self._uniform,
        )  # fmt: skip
        refused = self._no_more(errand, wait)
        if refused:
            errand.understood(f'not sent again: {refused}')
            return self._instead(errand, Met.BUSY)
        logger.warning('%s; goes again after %.1f s', errand.attempts[-1], wait)
        errand.system.close()  # so that another node is asked
        self._wait(errand, wait)
        return None

    def _no_more(self, errand: Errand, wait: float) -> str:
        """Why a request may not be sent again, though it is of the kind that may; empty if it may."""
        if errand.sent_again >= errand.retries:
            return f'all {errand.sent_again} retries are used up' if errand.sent_again else 'retries=0'
        if self._clock.now() + wait >= errand.until:
            return TOO_NEAR
        if errand.better_off():
            return 'the primary is failed over'
        if not errand.system.target._budget.spend():
            return 'too many requests to this HCP had to be sent again'
        return ''

    def _wait(self, errand: Errand, seconds: float) -> None:
        errand.sent_again += 1
        self._clock.sleep(seconds)

    def _instead(self, errand: Errand, met: Met | None) -> Answer | None:
        """The answer of the replica, where it has one that counts; else that of the primary, if any."""
        found = None if self._pair is None or met is None else self._pair.instead(errand, met)
        return errand.answer if found is None else found

    def _settle(self, errand: Errand, conflict: Answer) -> Answer:
        """Whose object is it that is in the way of a repeated PUT? If it is ours, the first try had won."""
        if not is_object(errand.request):
            return conflict
        try:
            found = self._look(errand)
            other = whose(errand.request, found)
        except HcpsdkError as error:
            other = f'HCP could not be asked: {error.reason.splitlines()[0]}'
        errand.understood(f'settled by HEAD: {other or "it is ours"}')
        if other:
            return conflict
        found.rename(201, 'Created')
        return found

    def _look(self, errand: Errand) -> Answer:
        """HEAD, until HCP has finished writing; up to then it says that there is no such object."""
        question = Errand(
            _request.about(errand.request), errand.until, errand.system, self._retries, fixed=True
        )
        found = self._carry_out(question)
        for _ in range(LOOKS - 1):
            if found.status != 404 or self._clock.now() + LOOK_PAUSE >= errand.until:
                break
            self._clock.sleep(LOOK_PAUSE)
            found = self._carry_out(question.at(errand.system))
        return found


def _keepalive(wanted: bool, idle: int, interval: int, count: int) -> KeepAlive | None:
    """What to have the kernel do; its numbers are checked even if nothing is wanted of it."""
    found = KeepAlive(
        number('tcp_keepalive', idle, 1, LONGEST),
        number('tcp_keepintvl', interval, 1, LONGEST),
        number('tcp_keepcnt', count, 1, MOST),
    )
    return found if kind('sock_keepalive', wanted, bool) else None
