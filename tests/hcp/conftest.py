"""A client that knows nothing but sockets, so that what the mock does on the wire can be seen."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable, Optional

import pytest
import trustme

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
