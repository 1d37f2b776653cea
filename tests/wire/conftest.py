"""A villain: a server that plays a script, move by move, and remembers every byte it was sent.

The n-th connection that it accepts gets the n-th script. A move is a function of the
:class:`Wire`; after the last one the villain keeps the connection, and what still comes in, until
the client hangs up. Everything it waits for is bounded by :data:`PATIENCE`.
"""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Callable, Optional

import dns.rrset
import pytest
import trustme

import hcpsdk
from hcpsdk._trace import Clock

PATIENCE = 5.0
"""seconds; longer than anything here should take"""

NAME = 'ns.tenant.villain.test'
"""what the villain's nodes are called; only the fake resolver knows them"""

Move = Callable[['Wire'], Any]


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    head: bytes
    body: bytes
    """without the framing of chunks"""
    node: str

    @property
    def line(self) -> str:
        return self.head.split(b'\r\n')[0].decode('latin-1')

    @property
    def method(self) -> str:
        return self.line.split(' ')[0]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode('latin-1').rstrip('\r\n').split('\r\n')[1:]
        return {name.lower(): value for name, _, value in (line.partition(': ') for line in lines)}


class Wire:
    """The villain's end of one connection."""

    def __init__(self, sock: socket.socket, node: str, requests: list[Seen]) -> None:
        self.sock = sock
        self.node = node
        self.raw = b''
        """every byte that came in"""
        self.requests: list[Seen] = []
        self.gone = threading.Event()
        """set when either side has hung up"""
        self._unread = b''
        self._all_requests = requests

    def receive(self, atmost: int = 65536) -> bytes:
        """What has come, at least a byte of it; nothing if the client hung up."""
        data = self.sock.recv(atmost)
        self.raw += data
        return data

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self._unread:
            data = self.receive()
            if not data:
                raise ConnectionResetError('the client hung up in the middle of a request')
            self._unread += data
        found, self._unread = self._unread.split(mark, 1)
        return found + mark

    def read_bytes(self, count: int, most: int = 65536) -> bytes:
        while len(self._unread) < count:
            data = self.receive(most)
            if not data:
                raise ConnectionResetError('the client hung up in the middle of a body')
            self._unread += data
        found, self._unread = self._unread[:count], self._unread[count:]
        return found

    def read_request(self) -> None:
        head = self.read_until(b'\r\n\r\n')
        seen = Seen(head, b'', self.node)
        body = b''
        if seen.headers.get('transfer-encoding') == 'chunked':
            while size := int(self.read_until(b'\r\n'), 16):
                body += self.read_bytes(size + 2)[:-2]
            self.read_until(b'\r\n')
        else:
            body = self.read_bytes(int(seen.headers.get('content-length', '0')))
        seen = Seen(head, body, self.node)
        self.requests.append(seen)
        self._all_requests.append(seen)

    def reset(self) -> None:
        """Close by RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()

    def outlast(self) -> None:
        """Stay until the client hangs up."""
        while self.receive():
            pass


class Resolver:
    """Stands in for :class:`dns.resolver.Resolver`: every name has the villain's nodes."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    def resolve(self, name: str, kind: str, **_: Any) -> Any:
        found = [address for address in self.addresses if (':' in address) == (kind == 'AAAA')]
        if not found:
            return SimpleNamespace(rrset=None)
        return SimpleNamespace(rrset=dns.rrset.from_text(name + '.', 300, 'IN', kind, *found))


def answer(
    body: bytes = b'', status: str = '200 OK', *, head: str = '', length: Optional[int] = None
) -> Move:
    """Read one request, then answer it; ``length`` may lie about the body."""

    def move(wire: Wire) -> None:
        wire.read_request()
        announced = len(body) if length is None else length
        wire.sock.sendall(
            f'HTTP/1.1 {status}\r\nContent-Length: {announced}\r\n{head}\r\n'.encode('latin-1') + body
        )

    return move


def read(wire: Wire) -> None:
    """Read one request, and say nothing."""
    wire.read_request()


def read_head(wire: Wire) -> None:
    """Read one request's head; what follows stays in the socket."""
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        head += wire.read_bytes(1, most=1)


def say(data: bytes) -> Move:
    """Send bytes as they are."""
    return lambda wire: wire.sock.sendall(data)


def hang_up(wire: Wire) -> None:
    wire.sock.close()


def reset(wire: Wire) -> None:
    wire.reset()


def echo(wire: Wire) -> None:
    """Answer every request with its own target, until the client hangs up."""
    while True:
        wire.read_request()
        method, target = wire.requests[-1].line.encode('latin-1').split(b' ')[:2]
        body = b'' if method == b'HEAD' else target
        wire.sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(target) + body)


def wait(event: threading.Event) -> Move:
    """Go on when the test says so."""

    def move(wire: Wire) -> None:
        if not event.wait(PATIENCE):
            raise AssertionError('the test never gave the sign that its villain waits for')

    return move


@dataclass
class Villain:
    """See the module; made by the fixture of the same name."""

    requests: list[Seen] = field(default_factory=list)
    """what came in, in order, on all connections"""
    wires: list[Wire] = field(default_factory=list)
    """one per accepted connection"""
    naps: list[float] = field(default_factory=list)
    """how long the client wanted to sleep; it did not"""
    failures: list[BaseException] = field(default_factory=list)
    shakes: list[BaseException] = field(default_factory=list)
    """TLS handshakes that the client broke off"""
    skipped: float = 0.0
    """seconds that the client believes to have passed, besides those that have"""
    tested: threading.Event = field(default_factory=threading.Event)
    """for scripts that wait until the test has seen enough"""
    _scripts: queue.Queue[tuple[Move, ...]] = field(default_factory=queue.Queue)
    _threads: list[threading.Thread] = field(default_factory=list)
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _selector: Optional[selectors.BaseSelector] = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    tls: Optional[ssl.SSLContext] = None
    nodes: tuple[str, ...] = ('127.0.0.1',)
    port: int = 0

    resolver = Resolver
    answer = staticmethod(answer)
    read = staticmethod(read)
    read_head = staticmethod(read_head)
    say = staticmethod(say)
    hang_up = staticmethod(hang_up)
    reset = staticmethod(reset)
    echo = staticmethod(echo)
    wait = staticmethod(wait)

    def plays(self, *moves: Move, times: int = 1) -> Villain:
        """The script of the next connection(s)."""
        for _ in range(times):
            self._scripts.put(moves)
        return self

    def listen(
        self,
        *nodes: str,
        dead: tuple[str, ...] = (),
        mute: tuple[str, ...] = (),
        tls: Optional[ssl.SSLContext] = None,
    ) -> Villain:
        """Open the nodes, all on one port.

        :param dead: those of them that refuse every connection
        :param mute: those of them that let everybody wait for a connection
        """
        self.nodes, self.tls = nodes or self.nodes, tls
        listeners = _bind(self.nodes)
        self.port = listeners[0].getsockname()[1]
        self._selector = self._open.enter_context(selectors.DefaultSelector())
        self._ear, self._mouth = socket.socketpair()
        self._selector.register(self._ear, selectors.EVENT_READ)
        for sock in (*listeners, self._ear, self._mouth):
            self._open.enter_context(sock)
        for node, sock in zip(self.nodes, listeners):
            if node in mute:
                self._fill(sock)
            elif node not in dead:  # which are bound, but do not listen: the kernel refuses
                sock.listen(300)
                self._selector.register(sock, selectors.EVENT_READ)
        self._run(self._accept)
        return self

    def _fill(self, listener: socket.socket) -> None:
        """Take all places in the queue of a listener that nobody accepts from."""
        listener.listen(0)
        for _ in range(10):
            sock = self._open.enter_context(socket.socket())
            sock.settimeout(0.02)
            try:
                sock.connect(listener.getsockname())
            except socket.timeout:
                return
        raise AssertionError('the queue of a listener is never full here')

    def target(self, fqdn: str = NAME, **options: Any) -> hcpsdk.Target:
        if not self.port:
            self.listen()
        options = {'ssl': self.tls is not None, 'resolver': Resolver(*self.nodes), **options}
        authorization = hcpsdk.NativeAuthorization('clark', 'k2ryptonite')
        return hcpsdk.Target(fqdn, authorization, self.port, **options)

    def nap(self, seconds: float) -> None:
        """What the client does instead of sleeping; a test may do something else."""
        self.naps.append(seconds)

    def wall(self) -> float:
        """What the client takes for the time of day."""
        return time.time()

    def now(self) -> float:
        """What the client measures its waits and its deadline by."""
        return time.monotonic() + self.skipped

    def connection(self, target: Optional[hcpsdk.Target] = None, **options: Any) -> hcpsdk.Connection:
        """A client that closes with the test, and sleeps without losing time."""

        class Client(hcpsdk.Connection):
            _clock = Clock(now=self.now, sleep=lambda seconds: self.nap(seconds), wall=lambda: self.wall())
            _uniform = staticmethod(lambda low, high: high)

        options = {'timeout': PATIENCE, **options}
        return self._clients.enter_context(Client(target or self.target(), **options))

    def clients_gone(self, count: int = 1, patience: float = PATIENCE) -> bool:
        """The first ``count`` connections have ended, from either side."""
        end = time.monotonic() + patience
        while len(self.wires) < count and time.monotonic() < end:
            time.sleep(0.001)  # until the villain, too, has seen them
        return len(self.wires) >= count and all(wire.gone.wait(patience) for wire in self.wires[:count])

    def stop(self) -> None:
        """End everything, then complain about what went wrong on our side."""
        self._clients.close()
        self.tested.set()
        self._stopped.set()
        if self._selector is not None:
            self._mouth.send(b'!')
        for thread in self._threads[:1]:
            thread.join(PATIENCE)
        for wire in self.wires:
            with contextlib.suppress(OSError):
                wire.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        self._open.close()
        assert not any(thread.is_alive() for thread in self._threads)
        for failure in self.failures:
            raise failure

    def _run(self, act: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=act, args=args, name='villain')
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            for key, _ in self._selector.select():
                if key.fileobj is not self._ear:
                    sock, _ = key.fileobj.accept()
                    self._welcome(sock, key.fileobj.getsockname()[0])

    def _welcome(self, sock: socket.socket, node: str) -> None:
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what was said before a close must leave
        wire = Wire(sock, node, self.requests)
        self.wires.append(wire)
        try:
            script = self._scripts.get_nowait()
        except queue.Empty:
            self.failures.append(AssertionError(f'connection {len(self.wires)} was not in the script'))
            script = (hang_up,)
        self._run(self._play, wire, script)

    def _play(self, wire: Wire, script: tuple[Move, ...]) -> None:
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(wire.gone.set)
                stack.callback(lambda: wire.sock.close())
                if self.tls is not None and not self._shake(wire):
                    return
                for move in script:
                    move(wire)
                if wire.sock.fileno() >= 0:
                    wire.outlast()
        except socket.timeout as error:
            self.failures.append(error)
        except OSError:  # the client hung up, which may be what the test wants
            pass
        except BaseException as error:
            self.failures.append(error)

    def _shake(self, wire: Wire) -> bool:
        try:
            wire.sock = self.tls.wrap_socket(wire.sock, server_side=True)
        except OSError as error:
            self.shakes.append(error)
            return False
        return True


def _bind(nodes: tuple[str, ...]) -> list[socket.socket]:
    """One socket per node, all on the same port."""
    for _ in range(20):
        with contextlib.ExitStack() as stack:
            port, made = 0, []
            try:
                for node in nodes:
                    family = socket.AF_INET6 if ':' in node else socket.AF_INET
                    sock = stack.enter_context(socket.socket(family))
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    sock.bind((node, port))
                    port = sock.getsockname()[1]
                    made.append(sock)
            except OSError:
                continue
            stack.pop_all()
            return made
    raise AssertionError(f'no port is free on all of {nodes}')


@pytest.fixture
def villain() -> Iterator[Villain]:
    made = Villain()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope='session')
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_context(ca: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """A villain's TLS context with a certificate for the given names."""

    def make(*names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(*(names or (NAME,))).configure_cert(context)
        return context

    return make


@pytest.fixture
def client_context(ca: trustme.CA) -> ssl.SSLContext:
    """Trusts the villain's authority."""
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context
