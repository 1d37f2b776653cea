"""One socket to one node: dial, send, receive, rest, close.

What a link may do next is the table :data:`TRANSITIONS`. A link can only die *in* a state, and
the state in which it died says what HCP can have seen of the request (see ``_retry``).
"""

from __future__ import annotations

import contextlib
import enum
import errno
import http.client
import math
import os
import select
import socket
import ssl
import threading
import weakref
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Callable, NamedTuple, Protocol, Union

from ._journal import Attempt
from ._keepalive import KeepAlive
from ._reader import Reader
from ._reaper import REAPER
from ._request import FileBody, Request
from ._response import Response
from ._trace import SYSTEM_CLOCK, Clock, DeadlineError, redact_head
from .errors import HcpsdkCertificateError, HcpsdkError, HcpsdkTimeoutError

_FILE_ERRORS = frozenset({errno.EIO, errno.ENXIO, errno.ESTALE})
"""what sendfile(2) says of a file that cannot be read: no fault of the connection"""

SMALL = 65536
"""bytes; head and body together up to this go out by one call, in as few packets as can be"""


class State(enum.Enum):
    """Where a link stands; what is not yet closed has a clock that runs (``Patience``)."""

    CONNECTING = 'connecting'
    SHAKING = 'shaking hands'
    IDLE = 'idle'
    SENDING = 'sending'
    WAITING = 'waiting'
    READING = 'reading'
    CLOSED = 'closed'

    __hash__ = object.__hash__  # Enum's own is a function in Python, and called for each step of a request


class Event(enum.Enum):
    """What happens to a link."""

    CONNECTED = 'connected'
    READY = 'TLS, if any, is set up'
    TAKEN = 'taken for a request'
    SENT = 'all sent'
    HUNG_UP = 'peer hung up'
    ANSWERED = 'status and headers arrived'
    COMPLETE = 'end of body, connection stays'
    CLOSE = 'closed, expired or failed'

    __hash__ = object.__hash__


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.CONNECTING: {Event.CONNECTED: State.SHAKING, Event.CLOSE: State.CLOSED},
    State.SHAKING: {Event.READY: State.IDLE, Event.CLOSE: State.CLOSED},
    State.IDLE: {Event.TAKEN: State.SENDING, Event.CLOSE: State.CLOSED},
    State.SENDING: {
        Event.SENT: State.WAITING,
        Event.HUNG_UP: State.WAITING,  # once, as HCP may have answered before it had read all
        Event.CLOSE: State.CLOSED,
    },
    State.WAITING: {Event.ANSWERED: State.READING, Event.CLOSE: State.CLOSED},
    State.READING: {Event.COMPLETE: State.IDLE, Event.CLOSE: State.CLOSED},
    State.CLOSED: {Event.CLOSE: State.CLOSED},
}

_IN_USE = frozenset({State.SENDING, State.WAITING, State.READING})
"""where a thread may be waiting for the peer"""

CLOCKS = {
    State.CONNECTING: 'connect',
    State.SHAKING: 'handshake',
    State.SENDING: 'send',
    State.WAITING: 'wait',
    State.READING: 'read',
}
"""what the clock is called that runs in a state, in messages"""


class Cause(enum.Enum):
    """Of what a link died."""

    CERTIFICATE = 'the certificate does not verify'
    DEADLINE = 'too late'
    FULL = 'no place left'
    TIMEOUT = 'silence for longer than the timeout'
    LOST = 'refused, reset or closed'
    GARBAGE = 'the answer is not HTTP'


class FullError(OSError):
    """There are as many connections to a node as there may be."""


# The first row that fits counts, so the special ones stand above their base classes.
_CAUSES: tuple[tuple[type[Exception], Cause], ...] = (
    (ssl.SSLCertVerificationError, Cause.CERTIFICATE),
    (DeadlineError, Cause.DEADLINE),
    (FullError, Cause.FULL),
    (socket.timeout, Cause.TIMEOUT),
    (TimeoutError, Cause.TIMEOUT),  # the kernel's ETIMEDOUT, another class before Python 3.10
    (OSError, Cause.LOST),
    (http.client.HTTPException, Cause.GARBAGE),
)

ERRORS: dict[Cause, type[HcpsdkError]] = {
    Cause.CERTIFICATE: HcpsdkCertificateError,
    Cause.DEADLINE: HcpsdkTimeoutError,
    Cause.FULL: HcpsdkError,
    Cause.TIMEOUT: HcpsdkTimeoutError,
    Cause.LOST: HcpsdkError,
    Cause.GARBAGE: HcpsdkError,
}


class Failure(Exception):
    """A link died. An inner matter of the package: what callers get is a HcpsdkError."""

    def __init__(
        self,
        state: State,
        error: Exception,
        peer: str,
        reused: bool,
        address: str = '',
        touched: bool = True,
    ) -> None:
        self.state = state
        self.address = address
        self.cause = next(cause for kind, cause in _CAUSES if isinstance(error, kind))
        self.error = error
        self.peer = peer
        self.reused = reused
        self.touched = touched
        """a byte of the request was sent"""
        self.story = f'{self.cause.value} while {state.value} ({self._detail()})'
        super().__init__(f'{peer}: {self.story}')

    def _detail(self) -> str:
        clock = f'the {CLOCKS[self.state]} clock ran out' if self.cause is Cause.TIMEOUT else ''
        return ': '.join(filter(None, [clock, str(self.error) or type(self.error).__name__]))


class Slots(Protocol):
    """Who may have how many connections to an address."""

    def claim(self, holder: Link, /) -> bool:
        """Whether there may be one more; if so, it counts from now on."""

    def release(self, holder: Link, /) -> None:
        """One is gone."""


class Endpoint(NamedTuple):
    """What a link has to know of its HCP."""

    host: str
    """the name that the certificate is checked against, and that is sent as SNI"""
    port: int
    context: ssl.SSLContext | None
    """None: plain HTTP"""
    slots: Slots
    sessions: dict[str, ssl.SSLSession]
    """by address: what makes the next handshake with that node a short one"""


class Patience(NamedTuple):
    """How long we wait, in seconds, and on which clock."""

    connect: float
    read: float
    idle: float
    clock: Clock = SYSTEM_CLOCK
    deadline: float | None = None
    """for a whole request; None: it may take as long as its single steps do"""
    keepalive: KeepAlive | None = None
    """what the kernel does meanwhile; None: nothing"""

    def until(self) -> float:
        """When a request that begins now has to be over."""
        return math.inf if self.deadline is None else self.clock.now() + self.deadline


class Wire(NamedTuple):
    """The connection to a node, for whoever wants to look at it."""

    host: str
    """the address of the node"""
    port: int
    timeout: float
    """seconds for a single wait"""
    sock: socket.socket
    """an :class:`ssl.SSLSocket` with TLS; whoever reads, writes or closes it breaks the Connection"""


class Hurry:
    """Lets the waits of a socket end at a deadline, too: each call gets what is left.

    :param sock: the socket
    :param timeout: for a single wait, in seconds
    :param clock: which tells what is left
    :param until: the deadline, by that clock
    """

    def __init__(self, sock: socket.socket, timeout: float, clock: Clock, until: float) -> None:
        self.timeout = timeout
        self.until = until
        self._sock = sock
        self._clock = clock

    def within(self, step: Callable[..., Any], *args: Any) -> Any:
        """Do something with the socket.

        :raises DeadlineError: if it is not done at the deadline
        """
        left = self.until - self._clock.now()
        if left <= 0:
            raise DeadlineError
        self._sock.settimeout(min(self.timeout, left))
        try:
            return step(*args)
        except socket.timeout as error:
            if left > self.timeout:
                raise
            raise DeadlineError from error


class HurriedLine:
    """A socket, all calls of which hurry."""

    def __init__(self, sock: socket.socket, hurry: Hurry) -> None:
        self.hurry = hurry
        self.fileno = sock.fileno
        self.recv = partial(hurry.within, sock.recv)
        self.recv_into = partial(hurry.within, sock.recv_into)
        self.send = partial(hurry.within, sock.send)


Line = Union[socket.socket, HurriedLine]


class Link:
    """A connection to one node, opened by :meth:`dial`.

    It belongs to one thread at a time; only :meth:`expire` is called by another, the reaper.

    :param address: of the node
    :raises Failure: if there is no socket to be had
    """

    def __init__(self, address: str, endpoint: Endpoint, patience: Patience, debuglevel: int = 0) -> None:
        self.address = address
        self.peer = f'{address} port {endpoint.port}'
        self.state = State.CONNECTING
        self.reused = False
        self._endpoint = endpoint
        self._patience = patience
        self.debuglevel = debuglevel
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._deadline = 0.0
        self._attempt: Attempt | None = None
        self._response: Response | None = None
        self._doomed = False
        try:
            self._sock = _new_socket(address)
        except OSError as error:  # too many open files, or an address of a kind that this system lacks
            raise self._failure(error) from error

    def __repr__(self) -> str:
        return f'<Link to {self.peer}, {self.state.value}>'

    @property
    def busy(self) -> bool:
        """A request is on its way, or its answer is; in a forked child that is its parent's affair."""
        return self.state in (State.SENDING, State.WAITING) and self._pid == os.getpid()

    @property
    def opened(self) -> Wire | None:
        """What it goes by; None if it is closed."""
        if self.state is State.CLOSED:
            return None
        return Wire(self.address, self._endpoint.port, self._patience.read, self._sock)

    def dial(self, until: float = math.inf) -> None:
        """Connect to the address, but let TLS check the name: a node's address is in no certificate.

        :raises Failure: if the node does not take the connection, or not before ``until``
        """
        try:
            if self._patience.clock.now() >= until:
                raise DeadlineError
            if not self._endpoint.slots.claim(self):
                raise FullError('this process has as many connections to it as max_per_node allows')
            self._open(until)
        except OSError as error:
            failure = self._failure(error)
            self.close()
            raise failure from error
        except BaseException:
            self.close()
            raise

    def _open(self, until: float) -> None:
        """The connection, then TLS; each of the two may take as long as the timeout for connects."""
        if self._endpoint.context is not None:
            self._sock = self._wrapped(self._endpoint.context)
        hurry = Hurry(self._sock, self._patience.connect, self._patience.clock, until)
        hurry.within(self._sock.connect, (self.address, self._endpoint.port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._patience.keepalive is not None:
            self._patience.keepalive.switch_on(self._sock)
        self._move(Event.CONNECTED)
        if isinstance(self._sock, ssl.SSLSocket):
            hurry.within(self._sock.do_handshake)
        self._move(Event.READY)
        self._sock.settimeout(self._patience.read)
        hurry.timeout = self._patience.read
        self._line = self._sock if self._patience.deadline is None else HurriedLine(self._sock, hurry)
        self._reader = Reader(self._line)
        self._readable = _watch(self._sock)

    def _wrapped(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Before it is connected: if a peer resets at once, ``wrap_socket`` would lose the socket."""
        return context.wrap_socket(
            self._sock,
            server_hostname=self._endpoint.host,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,  # RFC 9112, 9.8: without a goodbye of TLS an end is a cut
            session=self._endpoint.sessions.get(self.address),
        )

    def take(self) -> bool:
        """Claim the link for a request if it can still carry one, else close it."""
        if self._pid != os.getpid():  # after a fork the connection is our parent's
            self._drop()
            return False
        with self._lock:
            if self.state is State.IDLE and not (self.reused and (self._expired() or self._stale())):
                self._move(Event.TAKEN)
                return True
        self.close()
        return False

    def exchange(self, request: Request, head: bytes, attempt: Attempt, until: float = math.inf) -> Response:
        """Send the request; return the answer, its body still to be read.

        :param attempt: is told how far it came
        :raises Failure: if the link died of it. What the body itself raises passes through.
        """
        precise = self._patience.clock.precise
        self._attempt, begun, sent = attempt, precise(), 0.0
        if isinstance(self._line, HurriedLine):
            self._line.hurry.until = until
        try:
            hung_up = self._send(request, head, attempt)
            sent = precise()
            answer = attempt._answer = self._receive(request.method, hung_up)
            answer.trail = weakref.ref(attempt)
            return answer
        except BaseException:  # KeyboardInterrupt, too: half a request may be on its way
            attempt.reached = self.state.value
            self.close()
            raise
        finally:
            ended = precise()
            attempt.send = (sent or ended) - begun
            attempt.wait = ended - (sent or ended)

    def close(self) -> None:
        """End the connection, whatever it is doing; a thread that waits for it is woken up."""
        in_use = self.state in _IN_USE and self._pid == os.getpid()
        self._move(Event.CLOSE)
        if self._response is not None:
            self._response.aborted = True
        if in_use:
            _wake(self._sock)
        self._drop()

    def expire(self, now: float) -> float | None:
        """For the reaper: close if idle for too long, and only if idle.

        :returns: when to look again; None if the link is closed
        """
        with self._lock:
            if self.state is State.IDLE and now >= self._deadline:
                self.close()
            if self.state is State.CLOSED:
                return None
            return self._deadline if self.state is State.IDLE else now + self._patience.idle

    def _send(self, request: Request, head: bytes, attempt: Attempt) -> Failure | None:
        """Send everything, or as much as the peer takes.

        :returns: the failure, if the peer hung up; it may have left an answer
        """
        if self.debuglevel:
            _show('send', head.decode('latin-1'))
        try:
            self._transmit(request, head, attempt)
        except Failure as failure:
            if self.state is not State.SENDING or not self._may_have_answered(failure):
                raise
            self._doomed = True
            self._move(Event.HUNG_UP)
            return failure
        self._move(Event.SENT)
        return None

    def _may_have_answered(self, failure: Failure) -> bool:
        """HCP may refuse before it has read all; then it hangs up, or just stops reading."""
        return failure.cause is Cause.LOST or (failure.cause is Cause.TIMEOUT and self._readable())

    def _transmit(self, request: Request, head: bytes, attempt: Attempt) -> None:
        """Small requests at once, large ones block by block, files by the kernel where it can."""
        if request.length is not None and len(head) + request.length <= SMALL:
            self._push(b''.join((head, *request.blocks())), attempt)
            return
        self._push(head, attempt)
        for piece in self._pieces(request, attempt):
            self._push(piece, attempt)

    def _pieces(self, request: Request, attempt: Attempt) -> Iterable[Any]:
        """The body, what the kernel can take from the file by itself being sent already."""
        body, bulk = request.body, None
        if isinstance(body, FileBody) and request.length is not None and type(self._line) is socket.socket:
            bulk = body.bulk()
        if bulk is None or not isinstance(body, FileBody):
            return _sliced(request.blocks())
        return body.blocks(self._send_bulk(*bulk, attempt))

    def _send_bulk(self, file: Any, start: int, size: int, attempt: Attempt) -> int:
        """The kernel copies from the file to the socket; fewer bytes if the file has become shorter."""
        file.seek(start)
        try:
            return self._sock.sendfile(file, start, size)
        except OSError as error:
            if error.errno in _FILE_ERRORS:
                raise
            raise self._failure(error) from error
        finally:
            attempt.sent += file.tell() - start

    def _push(self, piece: Any, attempt: Attempt) -> None:
        """Each wait for the peer has the whole timeout, as long as it takes some of it."""
        try:
            done = self._line.send(piece)
            attempt.sent += done
            while done < len(piece):
                step = self._line.send(memoryview(piece)[done:])
                attempt.sent += step
                done += step
        except OSError as error:
            raise self._failure(error) from error

    def _receive(self, method: str, hung_up: Failure | None) -> Response:
        """Status line and headers; when there are none after a hang-up, that is what failed."""
        response = self._response = Response(self._reader, method, self.peer, self._ended)
        try:
            response.begin()
        except (OSError, http.client.HTTPException) as error:
            if hung_up is not None and not response.begun:
                raise hung_up from error
            raise self._failure(error) from error
        if self.debuglevel:
            _show('reply', _head_of(response))
        self._move(Event.ANSWERED)
        response.settle()
        return response

    def _ended(self, whole: bool) -> None:
        """The body of an answer is over: rest, or close."""
        response, self._response = self._response, None
        first, self.reused = not self.reused, True
        if first:
            self._remember()
        if not whole or self._doomed or response is None or response.will_close:
            self.close()
            return
        self._deadline = self._patience.clock.now() + self._patience.idle
        with self._lock:
            if self.state is State.CLOSED:  # from elsewhere, which does no harm to a body that is here
                return
            self._move(Event.COMPLETE)
        if first:
            REAPER.watch(self, self._deadline)

    def _remember(self) -> None:
        """Keep the TLS session for the next handshake; TLS 1.3 sends it with the first answer.

        One that could be resumed serves again: Python copies a session whenever it is asked for, certificate
        and all, which costs a good part of what resuming saves.
        """
        if isinstance(self._sock, ssl.SSLSocket) and not self._sock.session_reused:
            session = self._sock.session
            if session is not None:
                self._endpoint.sessions[self.address] = session

    def _expired(self) -> bool:
        return self._patience.clock.now() >= self._deadline

    def _stale(self) -> bool:
        """The peer hung up while we rested, or said something that nobody asked for."""
        if self._reader.pending or (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
            return True  # it was read, or deciphered, already: no poll shows it
        if not self._readable():
            return False
        if not isinstance(self._sock, ssl.SSLSocket):
            return True
        self._sock.settimeout(0)  # a session ticket of TLS 1.3 makes a socket readable, and means nothing
        try:
            self._sock.recv(1)
        except ssl.SSLWantReadError:
            return False
        except OSError:
            return True
        finally:
            self._sock.settimeout(self._patience.read)
        return True

    def _move(self, event: Event) -> None:
        with self._lock:
            following = TRANSITIONS[self.state].get(event)
            if following is None and self.state is State.CLOSED:
                raise self._failure(ConnectionAbortedError())
            if following is None:
                raise RuntimeError(f'{event} cannot happen to {self!r}')
            self.state = following

    def _failure(self, error: Exception) -> Failure:
        """A peer that had begun to answer had not closed a kept connection: it counts as a new one."""
        if self.state is State.CLOSED:
            error = ConnectionAbortedError('closed from elsewhere')
        begun = self._response is not None and self._response.begun
        touched = self._attempt is not None and self._attempt.sent > 0
        return Failure(self.state, error, self.peer, self.reused and not begun, self.address, touched)

    def _drop(self) -> None:
        """Let go of the socket without a word to the peer; a body half read goes with it."""
        response, self._response = self._response, None
        if response is not None:
            response.close()
        with contextlib.suppress(OSError):  # the peer may have reset it: closed it is all the same
            self._sock.close()
        self._endpoint.slots.release(self)


def _show(what: str, head: str) -> None:
    """``debuglevel`` prints to standard output, as that of http.client does, but no secrets."""
    print(f'{what}: {redact_head(head)!r}')


def _head_of(response: Response) -> str:
    """As it came, but for the version and the ends of lines."""
    lines = [f'{name}: {value}' for name, value in response.getheaders()]
    return '\r\n'.join([f'{response.status} {response.reason}', *lines])


def _new_socket(address: str) -> socket.socket:
    """Not :func:`socket.create_connection`, which would have the address resolved once more."""
    return socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_STREAM)


def _wake(sock: socket.socket) -> None:
    """Whoever waits for it, in any thread, gets an end.

    Not by the ``shutdown()`` of :mod:`ssl`: it takes TLS off first, and what another thread is about
    to send would go out in the clear.
    """
    with contextlib.suppress(OSError):  # the peer was faster
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _watch(sock: socket.socket) -> Callable[[], bool]:
    """Whether there is something to be read, without waiting.

    ``select`` fails on descriptors above 1023, so ``poll`` where there is one.
    """
    if not hasattr(select, 'poll'):
        return lambda: bool(select.select([sock], [], [], 0)[0])
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return lambda: bool(poll.poll(0))


def _sliced(blocks: Iterable[Any]) -> Iterator[memoryview]:
    """Blocks of at most :data:`SMALL` bytes: TLS sends each as a whole, for which it has one timeout."""
    for block in blocks:
        view = memoryview(block)
        for start in range(0, len(view), SMALL):
            yield view[start : start + SMALL]
