"""Who asks the management API, and of which level the account is for what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .access import MAPI_COOKIE, authenticate, credentials, labels_below
from .messages import MockRequest
from .model import System, Tenant, User, find
from .replies import Refusal

SYSTEM, TENANT = 'system', 'tenant'

MANAGER = 'allowNamespaceManagement'
"""what an account may that has this without any role (1.4)"""

ADMIN_HOST = 'admin'


@dataclass(frozen=True)
class Caller:
    """An account, and as what it counts for the resource that it asks for.

    :param levels: SYSTEM, TENANT, both, or none: then there is nothing here for it
    """

    user: User
    levels: frozenset[str] = frozenset()

    @property
    def roles(self) -> frozenset[str]:
        """The account's roles, and MANAGER."""
        return self.user.roles | ({MANAGER} if self.user.manager else set())

    @property
    def words(self) -> frozenset[str]:
        """Levels and roles together: what tables of properties ask for."""
        return self.levels | self.roles


@dataclass(frozen=True)
class Identity:
    """An account that has shown its credentials.

    :param level: where it lives
    :param host: the tenant whose host was addressed; None: the system's
    """

    user: User
    level: str
    host: Optional[Tenant]

    def caller(self, tenant: Optional[Tenant], *, below_tenant: bool) -> Caller:
        """As what the account counts for a resource.

        :param tenant: the one that the resource belongs to, if there is one
        :param below_tenant: the resource belongs to a tenant
        """
        if self.host is not None and not below_tenant:
            return Caller(self.user, frozenset({TENANT}))  # here is nothing of the system's [inferred]
        if self.host is not None and tenant is not self.host:
            return Caller(self.user)
        if self.level == SYSTEM and tenant is not None and tenant.administration_allowed:
            return Caller(self.user, frozenset({SYSTEM, TENANT}))
        return Caller(self.user, frozenset({self.level}))


def identify(system: System, request: MockRequest) -> Identity:
    """The account of a request; the host name says on which level to look for it (12).

    :raises Refusal: 400, 403
    """
    labels = labels_below(system.domain, request.host)
    token = credentials(request.headers, MAPI_COOKIE)
    if token is None:
        raise Refusal(403, 'credentials are required')
    if labels == [ADMIN_HOST]:
        identity = Identity(authenticate(system.users, token), SYSTEM, None)
    else:
        identity = _at_tenant(system, find(system.tenants, '.'.join(labels)), token)
    if not system.mapi_enabled or (identity.host is not None and not identity.host.mapi_enabled):
        raise Refusal(403, 'the management API is not enabled')
    return identity


def _at_tenant(system: System, tenant: Optional[Tenant], token: str) -> Identity:
    if tenant is None:
        raise Refusal(403, 'invalid credentials')
    try:
        return Identity(authenticate(tenant.users, token), TENANT, tenant)
    except Refusal:
        if not tenant.administration_allowed:
            raise
        return Identity(authenticate(system.users, token), SYSTEM, tenant)
