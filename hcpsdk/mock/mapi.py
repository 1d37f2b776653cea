"""The management API: from a request on its port to the resource, in HCP's order of checks.

New resources need no change here: they come as :class:`~hcpsdk.mock.resource.Route` into ``ROUTES``.
"""

from __future__ import annotations

import threading
from email.utils import formatdate
from typing import Callable

from . import (
    accounts,
    content_classes,
    defaults,
    groups,
    namespace_settings,
    namespaces,
    replication,
    retention_classes,
    tenant_settings,
    tenants,
    versioning,
)
from .call import read_all
from .callers import Caller, Identity, identify
from .formats import requested, write
from .messages import Answer, MockRequest
from .model import System, find
from .replies import REASONS, Lines, Refusal, error_message
from .resource import Ask, Hidden, Method, Route
from .store import Stores

PREFIX = b'/mapi'
MAX_PATH = 4095
"""bytes after the prefix, the query not counted"""

MAX_BODY = 1024 * 1024
"""bytes of a body that we read [inferred]; documents here are small"""

ROUTES: list[Route] = [
    *replication.ROUTES,
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
]


class Mapi:
    """The management API of one HCP; one request at a time.

    :param stores: the content of the namespaces
    :param https: this HCP has a port for HTTPS
    """

    def __init__(
        self, system: System, clock: Callable[[], float], stores: Stores, *, https: bool = True
    ) -> None:
        self._system = system
        self._clock = clock
        self._stores = stores
        self._https = https
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
            ('Date', formatdate(self._clock(), usegmt=True)),
            ('Server', f'HCP V{self._system.software_version}'),
            ('X-HCP-SoftwareVersion', self._system.software_version),
        ]

    def _answer(self, request: MockRequest, data: bytes) -> Answer:
        """The checks stand in the order that fits HCP's documentation [inferred]."""
        path = request.path[len(PREFIX) :]
        if len(path) > MAX_PATH:
            raise Refusal(414)
        identity = identify(self._system, request)
        body_form, answer_form = requested(request.headers, with_body=bool(data))
        route, names = _route(request)
        ask = self._ask(request, names, body_form, data, identity)
        if not ask.caller.levels & route.level:
            raise Hidden('this resource is not for accounts of this level')
        route.find(ask)
        tree = _method(request, route, ask.caller).act(ask)
        lines = [*self._general(), *_CACHING]
        if tree is None:
            return Answer(200, [*lines, ('Content-Length', '0')])
        body = write(answer_form, route.root, tree, pretty=_pretty(ask))
        lines += [('Content-Type', answer_form), ('Content-Length', str(len(body)))]
        return Answer(200, lines, b'' if request.method == 'HEAD' else body)

    def _ask(
        self, request: MockRequest, names: dict[str, str], form: str, data: bytes, identity: Identity
    ) -> Ask:
        tenant = find(self._system.tenants, names.get('tenant', ''))
        if 'tenant' in names and tenant is None and identity.host is None:
            raise Refusal(404)
        return Ask(
            self._system,
            names,
            dict(request.query),
            form,
            data,
            identity.caller(tenant, below_tenant='tenant' in names),
            self._stores,
            self._clock(),
            self._https,
        )


_CACHING: Lines = [
    ('Cache-Control', 'no-cache,no-store,must-revalidate'),
    ('Pragma', 'no-cache'),
    ('Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'),
]


def _pretty(ask: Ask) -> bool:
    return ask.flagged('prettyprint')


def _route(request: MockRequest) -> tuple[Route, dict[str, str]]:
    """The resource that a path names; a slash at its end does not matter.

    :raises Refusal: 404
    """
    parts = request.path.decode('utf-8', 'replace').strip('/').split('/')
    for route in ROUTES:
        names = route.match(parts[1:])
        if names is not None and parts[0] == PREFIX[1:].decode():
            return route, names
    raise Refusal(404)


def _for_head(refused: Refusal) -> Refusal:
    """HEAD says 302 for what is not there, or not to be seen. Where to, nobody says."""
    unseen = refused.status == 404 or isinstance(refused, Hidden)
    return Refusal(302, headers=[('Location', '/')]) if unseen else refused


def _method(request: MockRequest, route: Route, caller: Caller) -> Method:
    """What the request's method does here, if the caller may do it.

    :raises Refusal: 405, or 403
    """
    method = route.methods.get(request.method)
    if method is None and request.method == 'HEAD':
        method = route.methods.get('GET')
    if method is None:
        raise Refusal(405)
    if method.level is not None and not caller.levels & method.level:
        raise Hidden('accounts of this level may not do this')
    if not caller.roles & method.roles:
        raise Hidden(f'one of these roles is required: {", ".join(sorted(method.roles))}')
    return method
