"""One connection: its requests are taken one by one, each carried out or, by order, mishandled."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Optional, Union
from weakref import WeakKeyDictionary

from .body import GULP, Body, BrokenFraming, ChunkedBody, SizedBody, Stream
from .faults import Fault, Faults
from .framing import render_content, render_head
from .gates import Access
from .head import Head, Malformed, parse
from .messages import Answer, Application, MockRequest, ShortBody
from .seen import Caller, Seen

PATIENCE = 60.0
"""seconds that a client may be silent within a handshake or a body, or may not take what we send"""

DRAIN_LIMIT = 65536
"""bytes of a body that we read after an early answer, to save the connection"""

LINGER = 1.0
"""seconds that a client may be silent while we wait for it to stop sending"""

LINGER_READS = 64
"""times that something may come meanwhile"""

ONE_SEND = 65536
"""bytes of a body up to which it is worth a copy to send head and body together"""

REMEMBERED = 100_000
"""requests that the log keeps at least: some 150 MB"""

# struct linger, on, 0 seconds: a close then sends RST.
_BREAK = struct.pack('ii', 1, 0)

_TlsSide = Union[ssl.SSLSocket, ssl.SSLObject]

_server_names: WeakKeyDictionary[_TlsSide, Optional[str]] = WeakKeyDictionary()


class Gone(Exception):
    """The client does not take what we send."""


@dataclass(frozen=True)
class Site:
    """What the connections of one mock have in common."""

    application: Application
    keepalive: float
    """seconds that a connection may be idle"""
    faults: Faults = field(default_factory=Faults)
    log: list[Seen] = field(default_factory=list)

    def remember(self, seen: Seen) -> None:
        """Append to the log; a mock that runs for days forgets what is old."""
        self.log.append(seen)
        if len(self.log) > 2 * REMEMBERED:
            del self.log[:-REMEMBERED]


def remember_server_names(context: ssl.SSLContext) -> None:
    """Have the names that clients ask for (SNI) kept, unless the context's owner uses the hook."""
    if context.sni_callback is None:
        context.sni_callback = _remember_server_name


def _remember_server_name(sock: _TlsSide, name: Optional[str], _: ssl.SSLContext) -> None:
    _server_names[sock] = name


class Conversation:
    """A connection from its acceptance to its end, in a thread of its own."""

    def __init__(self, sock: socket.socket, access: Access, caller: Caller, site: Site) -> None:
        self.caller = caller
        self.site = site
        self.stream = Stream(sock)
        self._sock = sock
        self._access = access
        self._lock = threading.Lock()
        self._ended = threading.Event()

    @property
    def closed(self) -> bool:
        """Its socket is closed."""
        return self._sock.fileno() < 0

    def run(self) -> None:
        """Serve the connection until it ends."""
        try:
            with contextlib.suppress(Gone):
                self._converse()
        finally:
            self.close()

    def end(self) -> None:
        """Have it end, from another thread: whatever it waits for, it waits no longer."""
        self._ended.set()
        with self._lock, contextlib.suppress(OSError):
            # SSLSocket's own shutdown() would go on in plain text.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket, as far as it is not closed."""
        with self._lock:
            self._sock.close()

    def reset(self) -> None:
        """Close the socket by a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAK)
        self.close()

    def hang_up(self) -> None:
        """Say that nothing more will come, and give the client time to notice.

        A close() with bytes unread sends a reset, which may overtake an answer.
        """
        with contextlib.suppress(OSError):
            self._sock.settimeout(LINGER)
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
            for _ in range(LINGER_READS):
                if not self._sock.recv(GULP):
                    break
        self.close()

    def fall_silent(self) -> None:
        """Swallow what comes until nothing can come."""
        with contextlib.suppress(OSError):
            self._sock.settimeout(None)
            while self._sock.recv(GULP):
                pass

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond :meth:`end`."""
        self._ended.wait(seconds)

    def send(self, data: bytes) -> None:
        """Send everything.

        :raises Gone: if the client does not take it
        """
        view = memoryview(data)
        try:
            for start in range(0, len(data), GULP):
                self._sock.sendall(view[start : start + GULP])
        except OSError as cause:
            raise Gone from cause

    def _converse(self) -> None:
        fault = self.site.faults.strike(self.caller.node)
        if fault is not None:
            fault.meet(self)
        elif self._greet():
            while self._take_request():
                pass

    def _greet(self) -> bool:
        """Come to terms about TLS; False if that fails."""
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.settimeout(PATIENCE)
        if self._access.context is None:
            return True
        try:
            self._secure(self._access.context)
        except OSError:  # no TLS, no trust in our certificate, or no patience
            return False
        return True

    def _secure(self, context: ssl.SSLContext) -> None:
        with self._lock:
            sock = context.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
            self._sock = sock
        sock.do_handshake()
        self.stream = Stream(sock)
        self.caller.secure = True
        self.caller.server_name = _server_names.get(sock)
        self.caller.resumed = bool(sock.session_reused)

    def _take_request(self) -> bool:
        """Deal with the next request; False if it was the last one."""
        try:
            self._sock.settimeout(self.site.keepalive)
            raw = self.stream.head()
            if raw is None or self._ended.is_set():
                return False
            head = parse(raw)
        except Malformed as bad:
            self._turn_away(bad)
            return False
        self._sock.settimeout(PATIENCE)
        return Turn(self, head).run(self.site.faults.strike(self.caller.node, head.method, _text(head.path)))

    def _turn_away(self, bad: Malformed) -> None:
        answer = self.site.application.refuse(bad.status, bad.message, mapi=self.caller.mapi)
        self.site.remember(Seen(self.caller, '', '', status=answer.status))
        body = answer.body if isinstance(answer.body, bytes) else b''.join(answer.body)
        self.send(render_head(answer, modern=True, keep=False) + body)
        self.hang_up()


class Turn:
    """One request and its answer: the verbs of :class:`~hcpsdk.mock.faults.Exchange`."""

    def __init__(self, conversation: Conversation, head: Head) -> None:
        self._conversation = conversation
        self._site = conversation.site
        self._head = head
        self._body = _body(conversation.stream, head)
        self._awaited = head.expects
        self._keep = head.keep
        self._begun = False
        self._answer: Optional[Answer] = None
        self._seen = Seen(conversation.caller, head.method, head.target, head.headers)

    def run(self, fault: Optional[Fault]) -> bool:
        """From the head to the end of the answer; whether the connection may live on."""
        self._site.remember(self._seen)
        try:
            if fault is None:
                self.reply(self.carry_out())
            else:
                fault.play(self)
            if self._keep:
                self.take_body()
        except BrokenFraming:
            self._fail(400, 'The chunks of the request body are malformed.')
        except ShortBody:
            self._fail(503, 'The request body is shorter than announced.')
        except Exception:
            self._fail(500, 'The mock has failed.')
            raise
        finally:
            self._let_go()
        return self._keep

    def read(self, amount: int = -1) -> bytes:
        """The request's body, for the application; the first call invites the client to send it."""
        if self._awaited:
            self._awaited = False
            self._conversation.send(b'HTTP/1.1 100 Continue\r\n\r\n')
        data = self._body.read(amount)
        self._seen.body_bytes = self._body.received
        return data

    def carry_out(self) -> Answer:
        caller, head = self._conversation.caller, self._head
        request = MockRequest(
            node=caller.node,
            mapi=caller.mapi,
            secure=caller.secure,
            method=head.method,
            target=head.target,
            path=head.path,
            query=head.query,
            host=head.host,
            headers=head.headers,
            body=self,
            length=head.length,
        )
        self._answer = self._site.application(request)
        return self._answer

    def take_body(self) -> None:
        while self._body.left and self.read(GULP):
            pass

    def refuse(self, status: int, message: str) -> Answer:
        return self._site.application.refuse(status, message, mapi=self._conversation.caller.mapi)

    def reply(self, answer: Answer) -> None:
        head, content = self.head(answer), self.content(answer)
        if isinstance(answer.body, bytes) and len(answer.body) <= ONE_SEND:
            self.send(b''.join((head, *content)))
        else:
            self.send(head)
            for piece in content:
                self.send(piece)
        if not self._keep and self._body.left:
            self._conversation.hang_up()

    def head(self, answer: Answer) -> bytes:
        """Also decides whether the connection can be kept: only what is worth it is drained."""
        if self._body.left > (0 if self._awaited else DRAIN_LIMIT):
            self._keep = False
        self._seen.status = answer.status
        self._begun = True
        return render_head(answer, modern=self._head.modern, keep=self._keep)

    def content(self, answer: Answer) -> Iterable[bytes]:
        return render_content(answer, self._head.method, modern=self._head.modern)

    def send(self, data: bytes) -> None:
        self._conversation.send(data)

    def pause(self, seconds: float) -> None:
        self._conversation.pause(seconds)

    def close(self) -> None:
        self._keep = False
        self._conversation.close()

    def hang_up(self) -> None:
        self._keep = False
        self._conversation.hang_up()

    def reset(self) -> None:
        self._keep = False
        self._conversation.reset()

    def fall_silent(self) -> None:
        self._keep = False
        self._conversation.fall_silent()

    def _fail(self, status: int, message: str) -> None:
        """Answer with an error, if it is not too late for that, and end the connection."""
        self._keep = False
        if not self._begun:
            with contextlib.suppress(Gone):
                self.reply(self.refuse(status, message))

    def _let_go(self) -> None:
        """An answer that was not sent to its end may hold a file open."""
        close = getattr(self._answer and self._answer.body, 'close', None)
        if close is not None:
            close()


def _body(stream: Stream, head: Head) -> Body:
    return ChunkedBody(stream) if head.chunked else SizedBody(stream, head.length or 0)


def _text(path: bytes) -> str:
    return path.decode('utf-8', 'surrogateescape')
