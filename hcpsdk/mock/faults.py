"""How a node misbehaves: each fault is a value, and a short script played instead of the normal way.

The normal way of a request is *carry out, then reply*. A fault plays with the same few verbs,
those of :class:`Exchange`; a fault of one's own is a subclass of :class:`Fault` with a ``play()``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Callable, Optional, Protocol, Union

from .messages import Answer


class Link(Protocol):
    """A connection, as a fault may treat it."""

    def close(self) -> None:
        """Close it at once; the system turns what is unread, or comes later, into a reset."""

    def hang_up(self) -> None:
        """End it orderly (FIN), whatever the client still sends."""

    def reset(self) -> None:
        """Break it (RST)."""

    def fall_silent(self) -> None:
        """Say nothing any more, swallow what comes, until the client goes or the mock stops."""


class Exchange(Link, Protocol):
    """A request whose head was read, and all that can be done with it."""

    def carry_out(self) -> Answer:
        """Do what the request says; reads the body as far as HCP does."""

    def take_body(self) -> None:
        """Read the body to its end, and forget it."""

    def refuse(self, status: int, message: str) -> Answer:
        """An error answer in HCP's form."""

    def reply(self, answer: Answer) -> None:
        """Send a whole answer."""

    def head(self, answer: Answer) -> bytes:
        """An answer's status line and headers as they go over the wire."""

    def content(self, answer: Answer) -> Iterable[bytes]:
        """An answer's body as it goes over the wire."""

    def send(self, data: bytes) -> None:
        """Send these bytes."""

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the mock's end."""


class When(Enum):
    """The moment at which a connection dies or falls silent."""

    ACCEPTED = 'the connection was taken; no byte was read, not even TLS greeted'
    HEAD_READ = "the request's head was read, its body was not"
    BODY_READ = 'the body was read, too, but nothing is carried out'
    CARRIED_OUT = 'the request was carried out (an object was stored), but no answer is sent'
    ANSWERING = 'the head of the answer and ``sent`` bytes of its body are out'


@dataclass(frozen=True)
class Fault:
    """What all faults have in common."""

    @property
    def at_accept(self) -> bool:
        """It happens before there is a request."""
        return False

    def meet(self, link: Link) -> None:
        """Do it to a connection just taken (if :attr:`at_accept`)."""
        raise NotImplementedError

    def play(self, exchange: Exchange) -> None:
        """Do it to a request."""
        raise NotImplementedError


@dataclass(frozen=True)
class Refuse(Fault):
    """Connections are refused; those that exist live on.

    The node's sockets do not listen, so the system itself refuses, and nothing counts how often:
    ``times`` has no meaning here, the fault is in force until it is withdrawn.
    For connections that are taken and broken at once use ``Reset(When.ACCEPTED)``, which counts.
    """


@dataclass(frozen=True)
class Blackhole(Fault):
    """Connections neither succeed nor fail, as to a machine that lost its network; those that exist live on.

    The packets that ask for a connection are dropped, so that a client waits until its own timeout. Like
    :class:`Refuse` it is in force until it is withdrawn. It needs Linux, which drops them when a queue
    is full; systems that do otherwise (macOS) let clients connect, and then nobody answers.
    """


@dataclass(frozen=True)
class _Stop(Fault):
    """Go the normal way up to a moment, and not beyond it.

    :param when: the moment
    :param sent: bytes of the answer's body that go out before it (with ``When.ANSWERING``)
    """

    when: When = When.BODY_READ
    sent: int = 0

    @property
    def at_accept(self) -> bool:
        return self.when is When.ACCEPTED

    def play(self, exchange: Exchange) -> None:
        if self.when is When.BODY_READ:
            exchange.take_body()
        elif self.when is When.CARRIED_OUT:
            exchange.carry_out()
        elif self.when is When.ANSWERING:
            _begin(exchange, self.sent)
        self.meet(exchange)


@dataclass(frozen=True)
class Reset(_Stop):
    """The connection breaks (RST)."""

    def meet(self, link: Link) -> None:
        link.reset()


@dataclass(frozen=True)
class HangUp(_Stop):
    """The connection is ended orderly (FIN)."""

    def meet(self, link: Link) -> None:
        link.hang_up()


@dataclass(frozen=True)
class Silent(_Stop):
    """Nothing is said any more; the connection stays open."""

    def meet(self, link: Link) -> None:
        link.fall_silent()


@dataclass(frozen=True)
class Cut(Fault):
    """The body of the answer ends after so many bytes, though more were promised."""

    after: int

    def play(self, exchange: Exchange) -> None:
        _begin(exchange, self.after)
        exchange.close()


@dataclass(frozen=True)
class Late(Fault):
    """The answer comes so many seconds late; the request was carried out before."""

    seconds: float

    def play(self, exchange: Exchange) -> None:
        answer = exchange.carry_out()
        exchange.pause(self.seconds)
        exchange.reply(answer)


@dataclass(frozen=True)
class Drip(Fault):
    """The answer comes in pieces of ``size`` bytes, its head too, ``interval`` seconds apart."""

    size: int = 1
    interval: float = 0.01

    def play(self, exchange: Exchange) -> None:
        answer = exchange.carry_out()
        for piece in (exchange.head(answer), *exchange.content(answer)):
            for start in range(0, len(piece), self.size):
                exchange.send(piece[start : start + self.size])
                exchange.pause(self.interval)


@dataclass(frozen=True)
class BreakPromise(Fault):
    """The answer promises that the connection may be used again, which is then closed."""

    def play(self, exchange: Exchange) -> None:
        exchange.reply(exchange.carry_out())
        exchange.close()


@dataclass(frozen=True)
class Say(Fault):
    """A status of one's choice instead of carrying the request out.

    :param headers: header lines that go with it
    """

    status: int
    message: str = ''
    headers: tuple[tuple[str, str], ...] = ()

    def play(self, exchange: Exchange) -> None:
        exchange.reply(self._answer(exchange))

    def _answer(self, exchange: Exchange) -> Answer:
        answer = exchange.refuse(self.status, self.message)
        answer.headers.extend(self.headers)
        return answer


@dataclass(frozen=True)
class Busy(Fault):
    """503, and nothing is carried out.

    :param retry_after: value of Retry-After, seconds or a date; None: there is no such header
    """

    retry_after: Optional[Union[int, str]] = None

    def play(self, exchange: Exchange) -> None:
        answer = exchange.refuse(503, 'The system is overloaded, try again later.')
        if self.retry_after is not None:
            answer.headers.append(('Retry-After', str(self.retry_after)))
        exchange.reply(answer)


@dataclass(frozen=True)
class Early(Say):
    """An answer while the body is still being sent, which nobody reads: the connection is closed at once."""

    def play(self, exchange: Exchange) -> None:
        answer = self._answer(exchange)
        exchange.send(b''.join([exchange.head(answer), *exchange.content(answer)]))
        exchange.close()


@dataclass(frozen=True)
class Garbage(Fault):
    """Something that is not HTTP where the status line belongs; the request is not carried out."""

    data: bytes = b'This is not the protocol you are looking for.\r\n\r\n'

    def play(self, exchange: Exchange) -> None:
        exchange.take_body()
        exchange.send(self.data)
        exchange.close()


@dataclass(frozen=True)
class Surplus(Fault):
    """Bytes behind the end of the answer, on a connection that stays open."""

    data: bytes = b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

    def play(self, exchange: Exchange) -> None:
        answer = exchange.carry_out()
        exchange.send(b''.join([exchange.head(answer), *exchange.content(answer), self.data]))


@dataclass(frozen=True)
class Interim(Fault):
    """So many 1xx answers that nobody asked for, before the real one."""

    count: int = 1

    def play(self, exchange: Exchange) -> None:
        exchange.send(b'HTTP/1.1 100 Continue\r\n\r\n' * self.count)
        exchange.reply(exchange.carry_out())


def _begin(exchange: Exchange, wanted: int) -> None:
    """Carry out, and send the answer's head and that much of its body."""
    answer = exchange.carry_out()
    exchange.send(exchange.head(answer))
    for piece in exchange.content(answer):
        exchange.send(piece[:wanted])
        wanted -= len(piece[:wanted])
        if not wanted:
            return


class Trouble:
    """A fault in force: whom it meets and how often yet. Its ``with`` block ends with its withdrawal.

    :param on_withdrawal: called once when it is withdrawn
    """

    def __init__(
        self,
        fault: Fault,
        *,
        node: Optional[int] = None,
        method: Optional[str] = None,
        path: Optional[str] = None,
        times: Optional[int] = 1,
        on_withdrawal: Callable[[], None] = lambda: None,
    ) -> None:
        self.fault = fault
        self.left = times
        """times that it will still strike; None: every time"""
        self._node, self._method, self._path = node, method, path
        self._on_withdrawal = on_withdrawal

    def withdraw(self) -> None:
        """Let the mock behave again."""
        self.left = 0
        on_withdrawal, self._on_withdrawal = self._on_withdrawal, lambda: None
        on_withdrawal()

    def __enter__(self) -> Trouble:
        return self

    def __exit__(self, *exc: object) -> None:
        self.withdraw()

    def meets(self, node: int, method: Optional[str] = None, path: Optional[str] = None) -> bool:
        """Whether a request (or, without method and path, a connection) has it coming."""
        return (
            self.left != 0
            and self.fault.at_accept == (method is None)
            and self._node in (None, node)
            and self._method in (None, method)
            and (path is None or self._path is None or _matches(self._path, path))
        )


def _matches(pattern: str, path: str) -> bool:
    """Exact, or, if the pattern ends with a star, a prefix.

    >>> _matches('/rest/a', '/rest/ab'), _matches('/rest/a*', '/rest/ab')
    (False, True)
    """
    return path.startswith(pattern[:-1]) if pattern.endswith('*') else path == pattern


class Faults:
    """The troubles in force, in the order in which they were ordered: the first that fits strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._troubles: list[Trouble] = []

    def add(self, trouble: Trouble) -> None:
        """Put it into force, behind those that are there."""
        with self._lock:
            self._troubles = [old for old in self._troubles if old.left != 0] + [trouble]

    def strike(self, node: int, method: Optional[str] = None, path: Optional[str] = None) -> Optional[Fault]:
        """The fault that befalls this request, or this connection; None: all goes well."""
        if not self._troubles:
            return None
        with self._lock:
            for trouble in self._troubles:
                if trouble.meets(node, method, path):
                    trouble.left = None if trouble.left is None else trouble.left - 1
                    return trouble.fault
        return None
