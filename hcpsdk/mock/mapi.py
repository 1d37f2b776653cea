"""The management API: from a request on its port to the resource, in HCP's order of checks.

New resources need no change here: they come as :class:`~hcpsdk.mock.resource.Route` into ``ROUTES``.
"""

from __future__ import annotations

import threading
from email.utils import formatdate
from typing import Optional, Union

from . import chargeback, erasure_coding, health, logs, replication, system_resources
from .access import MAPI_COOKIE, authenticate, credentials, labels_below
from .call import read_all
from .formats import Tree, requested, write
from .messages import Answer, MockRequest
from .model import System, User, find
from .replies import REASONS, Lines, Refusal, error_message
from .resource import SYSTEM, TENANT, Ask, Method, Route
from .running import Running

PREFIX = b'/mapi'
MAX_PATH = 4095
"""bytes after the prefix, the query not counted"""

MAX_BODY = 1024 * 1024
"""bytes of a body that we read [inferred]; documents here are small"""

ADMIN_HOST = 'admin'

ROUTES: list[Route] = [
    *replication.ROUTES,
    *erasure_coding.ROUTES,
    *logs.ROUTES,
    *health.ROUTES,
    *system_resources.ROUTES,
    *chargeback.ROUTES,
]


class Mapi:
    """The management API of one HCP; one request at a time."""

    def __init__(self, system: System, running: Running) -> None:
        self._system = system
        self._running = running
        self._lock = threading.Lock()

    def __call__(self, request: MockRequest) -> Answer:
        """Do what the request says."""
        try:
            data = read_all(request.body, MAX_BODY)
            with self._lock:
                return self._answer(request, data)
        except Refusal as refused:
            return self.refusal(_for_head(refused) if request.method == 'HEAD' else refused)

    def refusal(self, refused: Refusal) -> Answer:
        """An error, explained in a header only; no words about caching on these."""
        lines = [*self._general(), ('Pragma', 'no-cache'), *refused.headers, *error_message(refused.message)]
        return Answer(refused.status, [*lines, ('Content-Length', '0')], reason=REASONS.get(refused.status))

    def _general(self) -> Lines:
        return [
            ('Date', formatdate(self._running.clock(), usegmt=True)),
            ('Server', f'HCP V{self._system.software_version}'),
            ('X-HCP-SoftwareVersion', self._system.software_version),
        ]

    def _answer(self, request: MockRequest, data: bytes) -> Answer:
        """The checks stand in the order that fits HCP's documentation [inferred]."""
        path = request.path[len(PREFIX) :]
        if len(path) > MAX_PATH:
            raise Refusal(414)
        level, home, user = self._caller(request)
        route, names = self._route(request)
        method = route.methods.get(_kind(request))
        body_form, answer_form = requested(
            request.headers,
            with_body=bool(data),
            takes=method.takes if method else (),
            gives=method.gives if method else (),
        )
        ask = Ask(
            self._system,
            names,
            dict(request.query),
            self._running,
            body_form,
            data,
            answer_form,
            level,
            home,
        )
        if level not in route.level:
            raise _hidden(request, f'this resource is not for accounts of a {level}')
        route.find(ask)
        return self._dressed(request, route, ask, _allowed(request, method, user).act(ask))

    def _dressed(
        self, request: MockRequest, route: Route, ask: Ask, found: Union[Tree, Answer, None]
    ) -> Answer:
        """What was found, in the format that was asked for, with the general headers."""
        if found is None:
            answer = Answer(200)
        elif isinstance(found, Answer):
            answer = found
        else:
            body = write(ask.accept, route.root, found, pretty=ask.flagged('prettyprint'))
            answer = Answer(200, [('Content-Type', ask.accept)], body)
        answer.headers[:0] = [*self._general(), *_CACHING]
        if isinstance(answer.body, bytes):
            answer.headers.append(('Content-Length', str(len(answer.body))))
        if request.method == 'HEAD':
            answer.body = b''
        return answer

    def _route(self, request: MockRequest) -> tuple[Route, dict[str, str]]:
        """The resource that a path names, and the names in it; a slash at the end does not matter."""
        parts = request.path.decode('utf-8', 'replace').strip('/').split('/')
        for route in ROUTES:
            names = route.match(parts[1:])
            if names is not None and parts[0] == PREFIX[1:].decode() and self._system.release >= route.since:
                return route, names
        return NOWHERE, {}

    def _caller(self, request: MockRequest) -> tuple[str, str, User]:
        """The level that the host name stands for, its tenant, and the user; the rest is refused.

        :raises Refusal: 400, 403
        """
        labels = labels_below(self._system.domain, request.host)
        token = credentials(request.headers, MAPI_COOKIE)
        if token is None:
            raise Refusal(403, 'credentials are required')
        if labels == [ADMIN_HOST]:
            user, enabled, level, home = authenticate(self._system.users, token), True, SYSTEM, ''
        else:
            tenant = find(self._system.tenants, '.'.join(labels))
            user = authenticate(tenant.users if tenant else {}, token)
            enabled, level = tenant is not None and tenant.mapi_enabled, TENANT
            home = tenant.name if tenant else ''
        if not (enabled and self._system.mapi_enabled):
            raise Refusal(403, 'the management API is not enabled')
        return level, home, user


_CACHING: Lines = [
    ('Cache-Control', 'no-cache,no-store,must-revalidate'),
    ('Pragma', 'no-cache'),
    ('Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'),
]


def _nothing(ask: Ask) -> None:
    raise Refusal(404)


NOWHERE = Route('', '', {}, _nothing, frozenset({SYSTEM, TENANT}))
"""what a path leads to if there is no such resource, or not yet in this release: that is told after the
media types are looked at (12)"""


def _kind(request: MockRequest) -> str:
    return 'GET' if request.method == 'HEAD' else request.method


def _for_head(refused: Refusal) -> Refusal:
    """HEAD says 302 for what is not there. Where to is not documented: to a harmless place."""
    return Refusal(302, headers=[('Location', '/')]) if refused.status == 404 else refused


def _hidden(request: MockRequest, why: str) -> Refusal:
    """What an account may not see; HEAD says no more than that it is not there."""
    return Refusal(404 if request.method == 'HEAD' else 403, why)


def _allowed(request: MockRequest, method: Optional[Method], user: User) -> Method:
    """The method, if there is one and the user may have it done.

    :raises Refusal: 405, or as :func:`_hidden` says
    """
    if method is None:
        raise Refusal(405)
    if not user.roles & method.roles:
        raise _hidden(request, f'one of these roles is required: {", ".join(sorted(method.roles))}')
    return method
