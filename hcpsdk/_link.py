"""One socket to one node: dial, send, receive, rest, close.

What a link may do next is the table :data:`TRANSITIONS`. A link can only die *in* a state, and
the state in which it died says what HCP can have seen of the request (see ``_retry``).
"""

from __future__ import annotations

import contextlib
import enum
import http.client
import os
import select
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ._reader import Reader
from ._reaper import REAPER
from ._request import BLOCK, Request
from ._response import Response
from ._trace import SYSTEM_CLOCK, Clock, redact_head
from .errors import HcpsdkCertificateError, HcpsdkError, HcpsdkTimeoutError

SMALL = 65536
"""bytes; head and body together up to this go out by one call, in as few packets as can be"""


class State(enum.Enum):
    """Where a link stands."""

    DIALLING = 'dialling'
    IDLE = 'idle'
    SENDING = 'sending'
    WAITING = 'waiting'
    READING = 'reading'
    CLOSED = 'closed'


class Event(enum.Enum):
    """What happens to a link."""

    CONNECTED = 'connected'
    TAKEN = 'taken for a request'
    SENT = 'all sent'
    HUNG_UP = 'peer hung up'
    ANSWERED = 'status and headers arrived'
    COMPLETE = 'end of body, connection stays'
    CLOSE = 'closed, expired or failed'


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.DIALLING: {Event.CONNECTED: State.IDLE, Event.CLOSE: State.CLOSED},
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


class Cause(enum.Enum):
    """Of what a link died."""

    CERTIFICATE = 'the certificate does not verify'
    TIMEOUT = 'silence for longer than the timeout'
    LOST = 'refused, reset or closed'
    GARBAGE = 'the answer is not HTTP'


# The first row that fits counts, so the special ones stand above their base classes.
_CAUSES: tuple[tuple[type[Exception], Cause], ...] = (
    (ssl.SSLCertVerificationError, Cause.CERTIFICATE),
    (socket.timeout, Cause.TIMEOUT),
    (TimeoutError, Cause.TIMEOUT),  # the kernel's ETIMEDOUT, another class before Python 3.10
    (OSError, Cause.LOST),
    (http.client.HTTPException, Cause.GARBAGE),
)

ERRORS: dict[Cause, type[HcpsdkError]] = {
    Cause.CERTIFICATE: HcpsdkCertificateError,
    Cause.TIMEOUT: HcpsdkTimeoutError,
    Cause.LOST: HcpsdkError,
    Cause.GARBAGE: HcpsdkError,
}


class Failure(Exception):
    """A link died. An inner matter of the package: what callers get is a HcpsdkError."""

    def __init__(self, state: State, error: Exception, peer: str, reused: bool, address: str = '') -> None:
        self.state = state
        self.address = address
        self.cause = next(cause for kind, cause in _CAUSES if isinstance(error, kind))
        self.error = error
        self.peer = peer
        self.reused = reused
        self.story = f'{self.cause.value} while {state.value} ({error or type(error).__name__})'
        super().__init__(f'{peer}: {self.story}')


class Endpoint(NamedTuple):
    """What a link has to know of its HCP."""

    host: str
    """the name that the certificate is checked against, and that is sent as SNI"""
    port: int
    context: ssl.SSLContext | None
    """None: plain HTTP"""


@dataclass(frozen=True)
class Patience:
    """How long we wait, in seconds, and on which clock."""

    connect: float
    read: float
    idle: float
    clock: Clock = SYSTEM_CLOCK


class Link:
    """A connection to one node, opened when made.

    It belongs to one thread at a time; only :meth:`expire` is called by another, the reaper.

    :raises Failure: if the node does not take it
    """

    def __init__(self, address: str, endpoint: Endpoint, patience: Patience, debuglevel: int = 0) -> None:
        self.address = address
        self.peer = f'{address} port {endpoint.port}'
        self.state = State.DIALLING
        self.reused = False
        self._patience = patience
        self._debuglevel = debuglevel
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._deadline = 0.0
        self._response: Response | None = None
        self._doomed = False
        try:
            self._sock = _dial(address, endpoint, patience.connect)
        except OSError as error:
            raise self._failure(error) from error
        self._sock.settimeout(patience.read)
        self._reader = Reader(self._sock)
        self._move(Event.CONNECTED)

    def __repr__(self) -> str:
        return f'<Link to {self.peer}, {self.state.value}>'

    @property
    def busy(self) -> bool:
        """A request is on its way, or its answer is."""
        return self.state in (State.SENDING, State.WAITING)

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

    def exchange(self, request: Request, head: bytes) -> Response:
        """Send the request; return the answer, its body still to be read.

        :raises Failure: if the link died of it. What the body itself raises passes through.
        """
        try:
            return self._receive(request.method, self._send(request, head))
        except BaseException:  # KeyboardInterrupt, too: half a request may be on its way
            self.close()
            raise

    def close(self) -> None:
        """End the connection, whatever it is doing; a thread that waits for it is woken up."""
        if self.busy and self._pid == os.getpid():
            with contextlib.suppress(OSError):  # the peer was faster
                self._sock.shutdown(socket.SHUT_RDWR)
        self._move(Event.CLOSE)
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

    def _send(self, request: Request, head: bytes) -> Failure | None:
        """Send everything, or as much as the peer takes.

        :returns: the failure, if the peer hung up; it may have left an answer
        """
        if self._debuglevel:
            _show('send', head.decode('latin-1'))
        try:
            for piece in _pieces(request, head):
                self._push(piece)
        except Failure as failure:
            if failure.cause is not Cause.LOST or self.state is not State.SENDING:
                raise
            self._doomed = True
            self._move(Event.HUNG_UP)
            return failure
        self._move(Event.SENT)
        return None

    def _push(self, piece: Any) -> None:
        try:
            self._sock.sendall(piece)
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
        if self._debuglevel:
            _show('reply', _head_of(response))
        self._move(Event.ANSWERED)
        response.settle()
        return response

    def _ended(self, whole: bool) -> None:
        """The body of an answer is over: rest, or close."""
        response, self._response = self._response, None
        if not whole or self._doomed or response is None or response.will_close:
            self.close()
            return
        first, self.reused = not self.reused, True
        self._deadline = self._patience.clock.now() + self._patience.idle
        self._move(Event.COMPLETE)
        if first:
            REAPER.watch(self, self._deadline)

    def _expired(self) -> bool:
        return self._patience.clock.now() >= self._deadline

    def _stale(self) -> bool:
        """The peer hung up while we rested, or said something that nobody asked for."""
        if self._reader.pending or (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
            return True  # it was read, or deciphered, already: no poll shows it
        if not _readable(self._sock):
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
                raise self._failure(ConnectionAbortedError('closed from elsewhere'))
            if following is None:
                raise RuntimeError(f'{event} cannot happen to {self!r}')
            self.state = following

    def _failure(self, error: Exception) -> Failure:
        """A peer that had begun to answer had not closed a kept connection: it counts as a new one."""
        begun = self._response is not None and self._response.begun
        return Failure(self.state, error, self.peer, self.reused and not begun, self.address)

    def _drop(self) -> None:
        """Let go of the socket without a word to the peer; a body half read goes with it."""
        response, self._response = self._response, None
        if response is not None:
            response.close()
        with contextlib.suppress(OSError):  # the peer may have reset it: closed it is all the same
            self._sock.close()


def _show(what: str, head: str) -> None:
    """``debuglevel`` prints to standard output, as that of http.client does, but no secrets."""
    print(f'{what}: {redact_head(head)!r}')


def _head_of(response: Response) -> str:
    """With folded lines (RFC 9112, 5.2) in one, as their end would escape redaction otherwise."""
    lines = [f'{name}: {" ".join(value.split())}' for name, value in response.getheaders()]
    return '\r\n'.join([f'{response.status} {response.reason}', *lines])


def _dial(address: str, endpoint: Endpoint, timeout: float) -> socket.socket:
    """Connect to the address, but let TLS check the name: a node's address is in no certificate."""
    sock = socket.create_connection((address, endpoint.port), timeout)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if endpoint.context is None:
            return sock
        return endpoint.context.wrap_socket(sock, server_hostname=endpoint.host)
    except BaseException:
        sock.close()
        raise


def _readable(sock: socket.socket) -> bool:
    """Without waiting. ``select`` fails on descriptors above 1023, so ``poll`` where there is one."""
    if hasattr(select, 'poll'):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


def _pieces(request: Request, head: bytes) -> Iterator[Any]:
    """The request as it goes to the socket: small ones at once, large ones block by block."""
    if request.length is not None and len(head) + request.length <= SMALL:
        yield b''.join([head, *request.blocks()])
        return
    yield head
    yield from _sliced(request.blocks())


def _sliced(blocks: Iterable[Any]) -> Iterator[memoryview]:
    """Blocks of at most :data:`BLOCK` bytes, as the timeout of ``sendall`` counts for the whole of it."""
    for block in blocks:
        view = memoryview(block)
        for start in range(0, len(view), BLOCK):
            yield view[start : start + BLOCK]
