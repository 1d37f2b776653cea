"""A client that knows nothing but sockets, so that what the mock does on the wire can be seen."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

import pytest
import trustme

from hcpsdk.mock import MockHCP

HOST = 'n1.m.hcp1.example.com'
TOKEN = f'HCP {base64.b64encode(b"n").decode()}:{hashlib.md5(b"n01").hexdigest()}'

PATIENCE = 10.0
"""seconds; whatever takes longer hangs"""


@dataclass
class Reply:
    """An answer as it came."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


class Client:
    """One raw connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock
        self.file = sock.makefile('rb')

    def send(self, data: bytes) -> Client:
        self.sock.sendall(data)
        return self

    def ask(self, method: str = 'GET', path: str = '/rest/a', body: bytes = b'', **headers: str) -> Reply:
        """Send a request, take the answer. Names of headers take ``_`` for ``-``."""
        self.request(method, path, body, **headers)
        return self.take(method)

    def request(self, method: str = 'GET', path: str = '/rest/a', body: bytes = b'', **headers: str) -> None:
        fields = {'Host': HOST, 'Authorization': TOKEN, **headers}
        if body:
            fields['Content-Length'] = str(len(body))
        lines = [f'{method} {path} HTTP/1.1', *(f'{key.replace("_", "-")}: {fields[key]}' for key in fields)]
        self.send('\r\n'.join([*lines, '', '']).encode('latin-1') + body)

    def take(self, method: str = 'GET') -> Reply:
        """The next answer."""
        _, status, reason = self.file.readline().decode('latin-1').rstrip('\r\n').split(' ', 2)
        lines = iter(lambda: self.file.readline().decode('latin-1').rstrip('\r\n'), '')
        headers = {name.lower(): value for name, _, value in (line.partition(': ') for line in lines)}
        length = 0 if method == 'HEAD' else int(headers.get('content-length', '0'))
        return Reply(int(status), reason, headers, self.file.read(length))

    def ended(self) -> bool:
        """The mock has ended the connection orderly, and sends nothing more."""
        return self.file.read() == b''

    def rest(self) -> bytes:
        """All that still comes."""
        return self.file.read()

    def close(self) -> None:
        self.file.close()
        self.sock.close()


Dial = Callable[..., Client]


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Connects to a port of an address, with TLS if there is a context; closed with the test."""
    with contextlib.ExitStack() as clients:

        def connect(
            port: int,
            address: str = '127.0.0.1',
            context: Optional[ssl.SSLContext] = None,
            name: str = HOST,
            session: Optional[ssl.SSLSession] = None,
        ) -> Client:
            sock = socket.create_connection((address, port), timeout=PATIENCE)
            if context is not None:
                sock = context.wrap_socket(sock, server_hostname=name, session=session)
            client = Client(sock)
            clients.callback(client.close)
            return client

        yield connect


SERVICE = f'HCP {base64.b64encode(b"service").decode()}:{hashlib.md5(b"service01").hexdigest()}'


class Visitor:
    """Somebody who asks a mock for something, each time on a new connection."""

    def __init__(self, dial: Dial, hcp: MockHCP, host: str, node: int) -> None:
        self._dial, self._hcp, self._host, self._node = dial, hcp, host, node

    def ask(self, method: str, path: str, body: bytes = b'', **headers: str) -> Reply:
        """Below ``/rest``."""
        fields = {'Host': f'{self._host}.{self._hcp.domain}', **headers}
        return self._ask(self._hcp.port, method, f'/rest/{path}', body, fields)

    def put(self, path: str, body: bytes = b'x', **headers: str) -> int:
        return self.ask('PUT', path, body, **headers).status

    def get(self, path: str) -> Optional[bytes]:
        """The data; None if there are none."""
        reply = self.ask('GET', path)
        return reply.body if reply.status == 200 else None

    def delete(self, path: str) -> int:
        return self.ask('DELETE', path).status

    def head(self, path: str) -> dict[str, str]:
        """What does not depend on the system or on the time of the request."""
        reply = self.ask('HEAD', path)
        own = ('date', 'x-requestid', 'x-hcp-servicedbysystem', 'x-hcp-time')
        assert reply.status == 200
        return {name: value for name, value in reply.headers.items() if name not in own}

    def tree(self, path: str = '') -> dict[str, object]:
        """All objects of the namespace: name -> headers, data and the list of versions."""
        found: dict[str, object] = {}
        for name, kind in re.findall('urlName="([^"]*)".* type="([^"]*)"', (self.get(path) or b'').decode()):
            if kind == 'directory':
                found.update(self.tree(f'{path}{name}/'))
            else:
                one = path + name
                found[one] = self.head(one), self.get(one), self.get(f'{one}?version=list')
        return found

    def link(self, action: str = '', link: str = 'hcp1-a-a-hcp2') -> Union[int, dict[str, str]]:
        """Do something to the link, or look at it: by the management API."""
        path = f'/mapi/services/replication/links/{link}?{action or "verbose=true"}'
        fields = {'Host': f'admin.{self._hcp.domain}', 'Authorization': SERVICE, 'Accept': 'application/xml'}
        reply = self._ask(self._hcp.mapi_port, 'POST' if action else 'GET', path, b'', fields)
        if action:
            return reply.status
        return dict(re.findall('<([A-Za-z]+)>([^<]*)</', reply.body.decode()))

    def _ask(self, port: int, method: str, path: str, body: bytes, fields: dict[str, str]) -> Reply:
        client = self._dial(port, self._hcp.addresses[self._node])
        try:
            return client.ask(method, path, body, **fields)
        finally:
            client.close()


@pytest.fixture
def at(dial: Dial) -> Callable[..., Visitor]:
    """A visitor of a mock's namespace, ``n1`` if not said otherwise."""

    def visit(hcp: MockHCP, namespace: str = 'n1', node: int = 0) -> Visitor:
        return Visitor(dial, hcp, f'{namespace}.m', node)

    return visit


class Clock:
    """A time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1422736466.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slow_pair(clock: Clock, mock_hcp_factory: Callable[..., MockHCP]) -> tuple[MockHCP, MockHCP]:
    """Two mocks side by side, whose time passes when a test says so."""
    hcp1 = mock_hcp_factory(clock=clock)
    return hcp1, mock_hcp_factory('hcp2.example.com', first=11, port=hcp1.port, clock=clock)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Waits for something that another thread is just about to do."""

    def wait(true: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, 'it did not happen'
            time.sleep(0.002)

    return wait


@pytest.fixture(scope='session')
def authority() -> trustme.CA:
    """Who signs for the mock's names."""
    return trustme.CA()


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert('*.m.hcp1.example.com', '*.hcp1.example.com').configure_cert(context)
    return context


@pytest.fixture
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


class Admin:
    """Somebody who manages a mock by JSON; ``user`` is ``name:password``, ``to`` the host's first label."""

    def __init__(self, dial: Dial, hcp: MockHCP, user: str = 'service:service01', to: str = 'admin') -> None:
        self.dial, self.hcp, self.user, self.to = dial, hcp, user, to

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        name, _, password = self.user.partition(':')
        digest = hashlib.md5(password.encode()).hexdigest()
        fields = {
            'Host': f'{self.to}.{self.hcp.domain}',
            'Authorization': f'HCP {base64.b64encode(name.encode()).decode()}:{digest}',
            'Accept': 'application/json',
            'Content-Type': 'application/json',
            **headers,
        }
        data = body if isinstance(body, bytes) else b'' if body is None else json.dumps(body).encode()
        client = self.dial(self.hcp.mapi_port)
        try:
            return client.ask(method, f'/mapi/{path}', data, **fields)
        finally:
            client.close()

    def get(self, path: str) -> dict[str, Any]:
        """A resource that is there."""
        reply = self('GET', path)
        assert reply.status == 200, reply.headers
        return json.loads(reply.body)

    def put(self, path: str, body: object = None) -> int:
        return self('PUT', path, body).status

    def post(self, path: str, body: object = None) -> int:
        return self('POST', path, {} if body is None else body).status

    def delete(self, path: str) -> int:
        return self('DELETE', path).status

    def head(self, path: str) -> int:
        return self('HEAD', path).status

    def at(self, to: str, user: str) -> Admin:
        """Somebody else, at another host."""
        return Admin(self.dial, self.hcp, user, to)


@pytest.fixture
def manage(dial: Dial, mock_hcp: MockHCP) -> Admin:
    """The system's administrator."""
    return Admin(dial, mock_hcp)


@pytest.fixture
def tenant(manage: Admin) -> Admin:
    """The administrator of the tenant m, with all the tenant's roles: user ``boss``, password ``boss01``."""
    return manage.at('m', 'boss:boss01')


@dataclass
class Managed:
    """An answer of the management API."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.headers.get('X-HCP-ErrorMessage', '')


class Manager:
    """Somebody who uses a mock's management API, in JSON if not said otherwise."""

    def __init__(self, hcp: MockHCP, host: str = 'admin', user: str = 'service', password: str = '') -> None:
        self.hcp, self.host = hcp, host
        digest = hashlib.md5((password or user + '01').encode()).hexdigest()
        self.token = f'HCP {base64.b64encode(user.encode()).decode()}:{digest}'

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Managed:
        """Ask for something below ``/mapi``; a body that is not bytes goes as JSON."""
        fields = {'Host': f'{self.host}.{self.hcp.domain}', 'Authorization': self.token}
        fields.update({'Accept': 'application/json'} if 'Accept' not in headers else {})
        if body is not None and not isinstance(body, bytes):
            body, fields['Content-Type'] = json.dumps(body).encode(), 'application/json'
        fields.update({name.replace('_', '-'): value for name, value in headers.items()})
        client = http.client.HTTPConnection(self.hcp.addresses[0], self.hcp.mapi_port, timeout=PATIENCE)
        with contextlib.closing(client):
            client.request(method, f'/mapi/{path}', body, fields)
            answer = client.getresponse()
            return Managed(answer.status, answer.headers, answer.read())

    def get(self, path: str) -> Any:
        """What there is."""
        answer = self('GET', path)
        assert answer.status == 200, answer.error
        return answer.json

    def does(self, method: str, path: str, body: object = None) -> int:
        """The status; it has to be explained if something is wrong."""
        answer = self(method, path, body)
        assert bool(answer.error) is (answer.status not in (200, 404, 405)), (answer.status, answer.error)
        assert method == 'GET' or answer.body == b''
        return answer.status


@pytest.fixture
def manager(mock_hcp_factory: Callable[..., MockHCP]) -> Manager:
    """The administrator of a mock of release 9.7."""
    hcp = mock_hcp_factory()
    hcp.system.software_version = '9.7.0.1'
    return Manager(hcp)
