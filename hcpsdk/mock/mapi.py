"""The management API: from a request on its port to the resource, in HCP's order of checks.

New resources need no change here: they come as :class:`~hcpsdk.mock.resource.Route` into ``ROUTES``.
"""

from __future__ import annotations

import threading
from email.utils import formatdate
from typing import Optional, Union

from . import (
    accounts,
    chargeback,
    content_classes,
    defaults,
    erasure_coding,
    groups,
    health,
    logs,
    namespace_settings,
    namespaces,
    replication,
    retention_classes,
    system_resources,
    tenant_settings,
    tenants,
    versioning,
)
from .call import read_all
from .callers import Caller, identify
from .formats import Tree, requested, write
from .messages import Answer, MockRequest
from .model import System, find
from .replies import REASONS, Lines, Refusal, error_message
from .resource import BOTH_LEVELS, Ask, Hidden, Method, Route
from .running import Running

PREFIX = b'/mapi'
MAX_PATH = 4095
"""bytes after the prefix, the query not counted"""

MAX_BODY = 1024 * 1024
"""bytes of a body that we read [inferred]; documents here are small"""

ROUTES: list[Route] = [
    *replication.ROUTES,
    *erasure_coding.ROUTES,
    *logs.ROUTES,
    *health.ROUTES,
    *system_resources.ROUTES,
    *tenants.ROUTES,
    *defaults.ROUTES,
    *namespaces.ROUTES,
    *versioning.ROUTES,
    *namespace_settings.ROUTES,
    *retention_classes.ROUTES,
    *tenant_settings.ROUTES,
    *content_classes.ROUTES,
    *accounts.ROUTES,
    *groups.ROUTES,
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
        identity = identify(self._system, request)
        route, names = self._route(request)
        method = _method(request, route)
        body_form, answer_form = requested(
            request.headers,
            with_body=bool(data),
            takes=method.takes if method else (),
            gives=method.gives if method else (),
        )
        tenant = find(self._system.tenants, names.get('tenant', ''))
        if 'tenant' in names and tenant is None and identity.host is None:
            raise Refusal(404)
        caller = identity.caller(tenant, below_tenant='tenant' in names)
        ask = Ask(
            self._system, names, dict(request.query), self._running, caller, body_form, data, answer_form
        )
        if not caller.levels & route.level:
            raise Hidden('this resource is not for accounts of this level')
        route.find(ask)
        return self._dressed(request, route, ask, _allowed(method, caller).act(ask))

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


_CACHING: Lines = [
    ('Cache-Control', 'no-cache,no-store,must-revalidate'),
    ('Pragma', 'no-cache'),
    ('Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'),
]


def _nothing(ask: Ask) -> None:
    raise Refusal(404)


NOWHERE = Route('', '', {}, _nothing, BOTH_LEVELS)
"""what a path leads to if there is no such resource, or not yet in this release: that is told after the
media types are looked at (12)"""


def _for_head(refused: Refusal) -> Refusal:
    """HEAD says 302 for what is not there, or not to be seen. Where to, nobody says."""
    unseen = refused.status == 404 or isinstance(refused, Hidden)
    return Refusal(302, headers=[('Location', '/')]) if unseen else refused


def _method(request: MockRequest, route: Route) -> Optional[Method]:
    """What the request's method does here, if anything."""
    method = route.methods.get(request.method)
    return route.methods.get('GET') if method is None and request.method == 'HEAD' else method


def _allowed(method: Optional[Method], caller: Caller) -> Method:
    """The method, if there is one and the caller may have it done.

    :raises Refusal: 405, 403
    """
    if method is None:
        raise Refusal(405)
    if method.level is not None and not caller.levels & method.level:
        raise Hidden('accounts of this level may not do this')
    if not caller.roles & method.roles:
        raise Hidden(f'one of these roles is required: {", ".join(sorted(method.roles))}')
    return method
