"""Tenants: their settings, and what they use."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ..target import Target
from ._collection import CORS, Collection, parts_called
from ._engine import Mapi, Timeout, as_dict, name_of

TenantPath = ('tenants',)

Self = TypeVar('Self', bound='Tenant')


class Tenants(Collection):
    """The tenants of a system.

    :param target: for ``admin.<hcp domain>``, a system-level user; or for ``<tenant>.<hcp domain>``, which
        may read and change its own tenant, and not list them
    :param timeout: as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`

    Which properties there are, and who may set them when, is HCP's own matter: MAPI reference, tenant.

    .. versionadded:: 0.9.0-5
    """

    _what = 'tenant'
    _pages = True
    _sorts = frozenset({'name', 'hardQuota'})
    _parts = {
        **parts_called(
            'consoleSecurity',
            'contactInfo',
            'emailNotification',
            'namespaceDefaults',
            'permissions',
            'searchSecurity',
        ),
        **parts_called('availableServicePlans', 'statistics', change=''),
        'cors': CORS,
    }

    def __init__(self, target: Target, timeout: Timeout = 60, debuglevel: int = 0) -> None:
        super().__init__(target, *TenantPath, timeout=timeout, debuglevel=debuglevel)

    def create(
        self,
        name: str,
        *,
        username: str | None = None,
        password: str | None = None,
        initialSecurityGroup: str | None = None,
        forcePasswordChange: bool | None = None,
        **properties: Any,
    ) -> None:
        """Make a tenant, with its first user, or with a group of Active Directory in the place of one.

        That user has the role SECURITY and no other: give itself ADMINISTRATOR first, see
        :class:`hcpsdk.mapi.Users`.

        :param name: of the new tenant
        :param username: of its first user
        :param password: that user's
        :param initialSecurityGroup: ``group@domain``, or its SID
        :param forcePasswordChange: that user has to change the password at the first login
        :param properties: more properties, as HCP spells them, such as ``hardQuota='500 GB'``
        :raises MapiError: if HCP refuses
        """
        first = {
            'username': username,
            'password': password,
            'initialSecurityGroup': initialSecurityGroup,
            'forcePasswordChange': forcePasswordChange,
        }
        params = {key: value for key, value in first.items() if value is not None}
        self._create({'name': self._named(name), **properties}, params)

    def statistics(self, name: str) -> dict[str, Any]:
        """What a tenant has stored. HCP asks not to be asked more than once an hour.

        :returns: ``objectCount``, ``storageCapacityUsed`` and so on, numbers; in bytes, where it is a size
        :raises MapiError: if HCP refuses
        """
        return self.read(name, 'statistics', verbose=False)


class Tenant:
    """One tenant, by its name.

    :param target: as for :class:`Tenants`
    :param name: the tenant's
    :param timeout: as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`

    .. versionadded:: 0.9.0-5
    """

    def __init__(self, target: Target, name: str, timeout: float = 60, debuglevel: int = 0) -> None:
        self._mapi = Mapi(target, timeout, debuglevel)
        self.name = name_of(name, 'the name of a tenant')
        """The tenant's name (str)."""
        self._settings: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f'<Tenant {self.name}>'

    def info(self, cache: bool = True) -> dict[str, Any]:
        """The tenant's settings.

        :param cache: True for those that were read last, if they were
        :returns: a dictionary as HCP spells it, the caller's own
        :raises MapiError: if HCP refuses
        """
        if not (cache and self._settings):
            found = self._mapi.get((*TenantPath, self.name))
            self._settings = as_dict(found, f'tenant {self.name}')
        return copy.deepcopy(self._settings)

    def __enter__(self: Self) -> Self:
        self._mapi.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to HCP; the next question would open a new one."""
        self._mapi.close()


def listtenants(target: Target, timeout: float = 60, debuglevel: int = 0) -> list[Tenant]:
    """All tenants that the user may see.

    :param target: as for :class:`Tenants`
    :returns: a list of :class:`Tenant`
    :raises MapiError: if HCP refuses

    .. versionadded:: 0.9.0-5
    """
    names = Tenants(target, timeout, debuglevel)._names(None)
    return [Tenant(target, name, timeout, debuglevel) for name in names]
