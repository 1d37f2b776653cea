"""Stand-ins for what the core reaches out to: time, name servers, sockets. Nothing here opens one."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace

import dns.exception
import dns.resolver
import dns.rrset
import pytest

import hcpsdk
from hcpsdk import _link
from hcpsdk._reaper import Reaper
from hcpsdk._trace import Clock

FQDN = 'n1.m.hcp1.example.com'
ADDRESSES = ('192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4')


class FakeTime:
    """A clock that stands until it is moved, and remembers who slept."""

    def __init__(self) -> None:
        self.value = 1000.0
        self.naps: list[float] = []
        self.clock = Clock(now=lambda: self.value, sleep=self.sleep, precise=lambda: self.value)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.value += seconds

    def go_on(self, seconds: float) -> None:
        self.value += seconds


class Names:
    """A resolver that answers out of a dictionary, and counts the questions."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], object] = {}
        self.asked: list[tuple[str, str]] = []
        self.ttl = 300

    def __setitem__(self, key: tuple[str, str], value: object) -> None:
        self.records[key] = value

    def resolve(self, name: str, kind: str, *, lifetime: float, raise_on_no_answer: bool) -> SimpleNamespace:
        self.asked.append((name, kind))
        assert lifetime > 0
        assert not raise_on_no_answer
        found = self.records.get((name, kind), [])
        if isinstance(found, Exception):
            raise found
        rrset = dns.rrset.from_text(f'{name}.', self.ttl, 'IN', kind, *found) if found else None
        return SimpleNamespace(rrset=rrset)


class FakeSocket:
    """A socket of which each answer is scripted: bytes, or the exception that reading them raises."""

    def __init__(self, *answers: object, network: Network | None = None, address: str = '') -> None:
        self.answers = list(answers)
        self.network = network
        self.address = address
        self.sent = b''
        self.send_error: Exception | None = None
        self.refusal: Exception | None = None
        self.closed = False
        self.readable = False
        self.timeouts: list[float] = []
        self.options: dict[tuple[int, int], int] = {}
        self._answer: object = None

    def connect(self, where: tuple[str, int]) -> None:
        self.network.dial(self, where)

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options[level, option] = value

    def send(self, data: object) -> int:
        if self.send_error is not None:
            raise self.send_error
        self._answer = None
        self.sent += bytes(data)
        return len(data)

    def recv(self, amount: int) -> bytes:
        if self._answer is None:
            self._answer = self.answers.pop(0) if self.answers else b''
        if isinstance(self._answer, BaseException):
            raise self._answer
        data, self._answer = self._answer[:amount], self._answer[amount:]
        return data

    def recv_into(self, view: memoryview) -> int:
        data = self.recv(len(view))
        view[: len(data)] = data
        return len(data)

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def close(self) -> None:
        self.closed = True

    @property
    def lines(self) -> list[str]:
        """The head of what was sent."""
        return self.sent.partition(b'\r\n\r\n')[0].decode('latin-1').split('\r\n')

    @property
    def body(self) -> bytes:
        return self.sent.partition(b'\r\n\r\n')[2]


class Network:
    """What dialling an address leads to: a fake socket, or an exception."""

    Socket = FakeSocket

    def __init__(self) -> None:
        self.script: dict[str, list[object]] = defaultdict(list)
        self.dialled: list[str] = []
        self.sockets: list[FakeSocket] = []

    def answers(self, *answers: object, at: str = ADDRESSES[0]) -> FakeSocket:
        """The next connection to an address gives these answers, one for each request."""
        sock = FakeSocket(*answers, network=self, address=at)
        self.script[at].append(sock)
        return sock

    def refuses(self, error: Exception, at: str = ADDRESSES[0]) -> None:
        """The next connection to an address fails."""
        self.script[at].append(error)

    def new_socket(self, address: str) -> FakeSocket:
        """A socket that will be what is next in the script of an address."""
        outcome = (
            self.script[address].pop(0) if self.script[address] else ConnectionRefusedError('no one there')
        )
        if isinstance(outcome, FakeSocket):
            return outcome
        sock = FakeSocket(network=self, address=address)
        sock.refusal = outcome
        return sock

    def dial(self, sock: FakeSocket, where: tuple[str, int]) -> None:
        assert where[0] == sock.address
        self.dialled.append(sock.address)
        if sock.refusal is not None:
            raise sock.refusal
        self.sockets.append(sock)


def answer(status: str = '200 OK', body: bytes = b'', **headers: object) -> bytes:
    """One answer of HCP; names of headers take ``_`` for ``-``, and None leaves one out."""
    fields = {'Content_Length': len(body), **headers}
    lines = [f'{name.replace("_", "-")}: {value}' for name, value in fields.items() if value is not None]
    return '\r\n'.join([f'HTTP/1.1 {status}', *lines, '', '']).encode('latin-1') + body


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def names() -> Names:
    names = Names()
    names[FQDN, 'A'] = list(ADDRESSES)
    return names


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, time: FakeTime) -> Network:
    """Fake sockets, the fake clock, and a reaper that only looks when told to."""
    network = Network()
    reaper = Reaper(time.clock)
    monkeypatch.setattr(reaper, '_start', lambda: None)
    monkeypatch.setattr(_link, '_new_socket', network.new_socket)
    monkeypatch.setattr(_link, '_wake', lambda sock: None)
    monkeypatch.setattr(_link, '_watch', lambda sock: lambda: sock.readable)
    monkeypatch.setattr(_link, 'REAPER', reaper)
    monkeypatch.setattr(hcpsdk.Connection, '_clock', time.clock)
    monkeypatch.setattr(hcpsdk.Connection, '_uniform', staticmethod(lambda low, high: high))
    network.reaper = reaper
    return network


@pytest.fixture
def authorization() -> hcpsdk.NativeAuthorization:
    return hcpsdk.NativeAuthorization('n', 'n01')


@pytest.fixture
def target(names: Names, authorization: hcpsdk.NativeAuthorization) -> hcpsdk.Target:
    """An HCP with four nodes, plain HTTP."""
    return hcpsdk.Target(FQDN, authorization, port=80, resolver=names)


@pytest.fixture
def connection(network: Network, target: hcpsdk.Target):
    with hcpsdk.Connection(target) as connection:
        yield connection


@pytest.fixture
def respond():
    """Makes the bytes of an answer."""
    return answer


@pytest.fixture
def no_such_name() -> dns.exception.DNSException:
    return dns.resolver.NXDOMAIN()
