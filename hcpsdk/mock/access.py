"""Who asks, for which namespace, and what they may do there."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

from .messages import Headers
from .model import READ_RIGHTS, Namespace, System, Tenant, User, find
from .replies import Refusal

ANONYMOUS = 'all_users'
REST_COOKIE, MAPI_COOKIE = 'hcp-ns-auth', 'hcp-api-auth'


def labels_below(domain: str, host: str) -> list[str]:
    """The labels of a host name in front of the HCP's domain.

    >>> labels_below('hcp1.example.com', 'n1.m.hcp1.example.com')
    ['n1', 'm']

    :raises Refusal: 400, if the host is not in the domain
    """
    if not host.endswith('.' + domain.lower()):
        raise Refusal(400, 'the Host header names no host of this HCP')
    return host[: -len(domain) - 1].split('.')


def locate(system: System, host: str) -> tuple[Tenant, Namespace]:
    """The namespace that the Host header selects.

    :raises Refusal: 403 if there is none of that name (HCP's table for HEAD says 400 instead; as
        its other tables say 403, we take that for HEAD, too: conflict in the vendor's text)
    """
    labels = labels_below(system.domain, host)
    if len(labels) == 2:
        tenant = find(system.tenants, labels[1])
        namespace = find(tenant.namespaces, labels[0]) if tenant else None
        if tenant and namespace:
            return tenant, namespace
    raise Refusal(403, 'the namespace does not exist, or the credentials are not valid for it')


def credentials(headers: Headers, cookie: str) -> Optional[str]:
    """The token ``<base64 user>:<md5>``; the header wins over the deprecated cookie.

    :returns: None if the request has no credentials at all
    :raises Refusal: 403 for a scheme that this HCP does not speak (AD, Negotiate)
    """
    header = headers.get('Authorization')
    if header is None:
        return _cookie(headers, cookie)
    scheme, _, token = header.strip().partition(' ')
    if scheme.upper() != 'HCP':
        raise Refusal(403, 'this HCP knows local users only')
    return token.strip()


def _cookie(headers: Headers, wanted: str) -> Optional[str]:
    for line in headers.getall('Cookie'):
        for part in line.split(';'):
            name, _, value = part.strip().partition('=')
            if name == wanted:
                return value
    return None


def authenticate(users: Mapping[str, User], token: str) -> User:
    """The user who shows this token.

    :raises Refusal: 403 if it is no valid token of an enabled user
    """
    name, _, digest = token.partition(':')
    user = find(users, _user_name(name))
    # the vendor's samples show the hex digits in both cases
    if user is None or not user.enabled or not _same(user.token(), digest.lower()):
        raise Refusal(403, 'invalid credentials')
    return user


def _user_name(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode('utf-8')
    except (binascii.Error, UnicodeError, ValueError):
        return ''


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode('utf-8'), other.encode('utf-8', 'surrogateescape'))


@dataclass(frozen=True)
class Visit:
    """A caller in a namespace. ``user`` is None for one without credentials."""

    system: System
    tenant: Tenant
    namespace: Namespace
    user: Optional[User]

    @property
    def name(self) -> str:
        """What becomes the owner of a new object."""
        return self.user.name if self.user else ''

    @property
    def read_only(self) -> bool:
        return self.system.read_only(self.tenant, self.namespace)

    def granted(self) -> frozenset[str]:
        """The permissions that the caller was given, before any mask."""
        if self.user is None:
            return self.namespace.anonymous or frozenset()
        own = self.user.permissions.get(self.namespace.name, frozenset())
        return own | self.namespace.minimum | self.namespace.everyone

    def mask(self) -> frozenset[str]:
        """The most that anybody may do: system, tenant and namespace together.

        [inferred]: a namespace that is read-only, by itself or as a replica, leaves reading only.
        """
        mask = self.system.permissions & self.tenant.permissions & self.namespace.permissions
        return mask & READ_RIGHTS if self.read_only else mask

    def rights(self, also: frozenset[str] = frozenset()) -> frozenset[str]:
        """What the caller may do.

        :param also: permissions that an object's ACL adds to the namespace's
        """
        return (self.granted() | also) & self.mask()

    def need(self, *wanted: str, also: frozenset[str] = frozenset()) -> None:
        """Refuse a caller who lacks one of these permissions.

        :param also: see :meth:`rights`
        :raises Refusal: 403
        """
        allowed = self.rights(also)
        missing = [name for name in wanted if name not in allowed]
        if not missing:
            return
        if self.read_only and not READ_RIGHTS.issuperset(missing):
            # HCP documents no status for this; 403 is the plausible one [inferred]
            raise Refusal(403, 'the namespace is read-only on this system')
        raise Refusal(403, f'permission required: {", ".join(missing)}')

    def elsewhere(self, namespace: Namespace) -> Visit:
        """The same caller in another namespace of the tenant."""
        return Visit(self.system, self.tenant, namespace, self.user)


def enter(system: System, host: str, headers: Headers, *, secure: bool) -> Visit:
    """Find the namespace and check the caller's credentials.

    :param secure: the request came over https
    :raises Refusal: 400 or 403
    """
    tenant, namespace = locate(system, host)
    if not (namespace.https if secure else namespace.http):
        raise Refusal(403, f'{"https" if secure else "http"} is disabled for this namespace')
    if not namespace.rest:
        raise Refusal(403, 'REST is disabled for this namespace')
    token = credentials(headers, REST_COOKIE)
    if token is None or token == f'{ANONYMOUS}:':
        if namespace.anonymous is None:
            raise Refusal(403, 'credentials are required')
        return Visit(system, tenant, namespace, None)
    # bad credentials are refused even where none would do
    return Visit(system, tenant, namespace, authenticate(tenant.users, token))
