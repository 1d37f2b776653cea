"""One HCP without sockets, and short ways to ask it."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Optional, Union
from urllib.parse import unquote, unquote_to_bytes
from xml.etree import ElementTree

import pytest

from hcpsdk.mock.application import MockApplication
from hcpsdk.mock.messages import Answer, Headers, MockRequest, RequestBody
from hcpsdk.mock.model import Namespace, System, User, default_system

DOMAIN = 'hcp1.example.com'
INGEST_MS = 1422736466446
"""when the manual's object came in: Sat, 31 Jan 2015 20:34:26 GMT"""


@dataclass
class Reply:
    """An answer with its body in one piece."""

    status: int
    headers: Headers
    body: bytes
    reason: Optional[str] = None

    def __getitem__(self, name: str) -> Optional[str]:
        return self.headers.get(name)

    @property
    def error(self) -> str:
        return self.headers.get('X-HCP-ErrorMessage', '')

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.headers]


def token(user: str, password: str) -> str:
    digest = hashlib.md5(password.encode()).hexdigest()
    return f'{base64.b64encode(user.encode()).decode()}:{digest}'


def parse_query(text: str) -> list[tuple[str, Optional[str]]]:
    """As the mock's server does it: None for a name without ``=``."""
    pairs = [part.partition('=') for part in text.split('&') if part]
    return [(unquote(name), unquote(value) if sign else None) for name, sign, value in pairs]


@dataclass
class Hcp:
    """Asks an application as its server would."""

    app: MockApplication
    system: System
    now: list[float] = field(default_factory=lambda: [INGEST_MS / 1000])

    def __call__(self, *what, **more) -> Reply:
        """Ask, and read the answer to its end."""
        return reply(self.ask(*what, **more))

    def ask(
        self,
        method: str,
        target: str,
        body: Union[bytes, RequestBody] = b'',
        *,
        to: str = 'n1.m',
        user: Optional[str] = 'n:n01',
        headers: Iterable[tuple[str, str]] = (),
        length: Optional[int] = None,
        chunked: bool = False,
        secure: bool = False,
        mapi: bool = False,
    ) -> Answer:
        lines = [('Host', f'{to}.{DOMAIN}'), *headers]
        if user is not None:
            lines.append(('Authorization', f'HCP {token(*user.split(":"))}'))
        if chunked:
            lines.append(('Transfer-Encoding', 'chunked'))
        elif isinstance(body, bytes) and length is None and (body or method in ('PUT', 'POST')):
            length = len(body)
        path, _, query = target.partition('?')
        stream = io.BytesIO(body) if isinstance(body, bytes) else body
        request = MockRequest(
            node=0,
            mapi=mapi,
            secure=secure,
            method=method,
            target=target,
            path=unquote_to_bytes(path),
            query=parse_query(query),
            host=f'{to}.{DOMAIN}'.lower(),
            headers=Headers(lines),
            body=stream,
            length=None if chunked else length,
        )
        return self.app(request)

    def manage(self, method: str, target: str, body: bytes = b'', **more) -> Reply:
        """Ask the management API, as the system-level user if nothing else is said."""
        more = {'to': 'admin', 'user': 'service:service01', 'secure': True, **more}
        return self(method, '/mapi' + target, body, mapi=True, **more)

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.now[0] += seconds

    def namespace(self, name: str = 'n1') -> Namespace:
        return self.system.tenants['m'].namespaces[name]

    def add_user(self, name: str, *rights: str, namespace: str = 'n1', password: str = 'pw') -> str:
        """A user with these permissions; returns ``name:password``."""
        permissions = {namespace: frozenset(rights)}
        self.system.tenants['m'].users[name] = User(name, password, permissions)
        return f'{name}:{password}'


def reply(answer: Answer) -> Reply:
    body = answer.body if isinstance(answer.body, bytes) else b''.join(answer.body)
    return Reply(answer.status, Headers(answer.headers), body, answer.reason)


def make(directory=None) -> Hcp:
    system = default_system(DOMAIN)
    now = [INGEST_MS / 1000]
    app = MockApplication(system, directory=directory, clock=lambda: now[0])
    return Hcp(app, system, now)


@pytest.fixture
def hcp() -> Hcp:
    """The manual's HCP at the manual's time, its data in memory."""
    return make()


@pytest.fixture(params=['memory', 'files'])
def any_hcp(request, tmp_path) -> Hcp:
    """Twice: with the data in memory, and in files."""
    return make(tmp_path / 'data' if request.param == 'files' else None)
