"""Namespaces of a tenant: their settings, and copies of them."""

from __future__ import annotations

from typing import Any

from ..target import Target
from ._collection import Collection
from ._engine import MapiError, Timeout, name_of

_SIMPLE = (
    'complianceSettings',
    'cors',
    'customMetadataIndexingSettings',
    'permissions',
    'replicationCollisionSettings',
    'statistics',
    'versioningSettings',
)
_PROTOCOLS = ('http', 'cifs', 'nfs', 'smtp')

# What a copy takes over besides the properties: in an order in which HCP takes it. Statistics are nobody's
# settings; the indexing settings are there only while search is on (MAPI reference, 4.1).
_COPIED = (
    'complianceSettings',
    'permissions',
    'replicationCollisionSettings',
    'customMetadataIndexingSettings',
    *_PROTOCOLS,
)

# HCP makes these itself, or they were the answer to a question that is not asked again (4.2).
_NOT_TAKEN_OVER = frozenset(
    {
        'name', 'id', 'creationTime', 'fullyQualifiedName', 'mqeIndexingTimestamp', 'replicationTimestamp',
        'isDplDynamic', 'dpl',
    }
)  # fmt: skip


class Namespaces(Collection):
    """The namespaces of a tenant.

    :param target: for ``<tenant>.<hcp domain>``, a tenant-level user; or for ``admin.<hcp domain>``, if the
        tenant lets system-level users administer it
    :param tenant: its name
    :param timeout: as in :class:`hcpsdk.Connection`

    Protocols are parts as well: ``read(name, 'http')``.

    .. versionadded:: 0.9.0-5
    """

    _what = 'namespace'
    _pages = True
    _sorts = frozenset({'name', 'hardQuota'})
    _parts = {
        **{name: (name,) for name in _SIMPLE},
        **{name: ('protocols', name) for name in _PROTOCOLS},
        'protocols': ('protocols',),
    }

    def __init__(self, target: Target, tenant: str, timeout: Timeout = 60) -> None:
        where = ('tenants', name_of(tenant, 'the name of a tenant'), 'namespaces')
        super().__init__(target, *where, timeout=timeout)
        self._tenant = tenant

    def statistics(self, name: str) -> dict[str, Any]:
        """What a namespace has stored. HCP asks not to be asked more than once an hour.

        :returns: ``objectCount``, ``storageCapacityUsed`` and so on, numbers; in bytes, where it is a size
        :raises MapiError: if HCP refuses
        """
        return self.read(name, 'statistics', verbose=False)

    def retentionclasses(self, name: str) -> RetentionClasses:
        """The retention classes of a namespace, a :class:`RetentionClasses`."""
        return RetentionClasses(self._target, self._tenant, name, self._timeout)

    def clone(self, name: str, new_name: str) -> None:
        """Make a namespace with all settings of another one: properties, parts and retention classes.

        Objects, permissions of users, and what HCP makes by itself are not copied. If something fails on the
        way, the new namespace stays as far as it has come, and the error says at what.

        :param name: the one that there is
        :param new_name: the one that is to be made
        :raises MapiError: if HCP refuses
        """
        found = self.read(name)
        properties = {key: value for key, value in found.items() if key not in _NOT_TAKEN_OVER}
        versioning = self._part(name, 'versioningSettings')
        if versioning is not None:
            properties['versioningSettings'] = versioning
        self.create(new_name, **_settable(properties))
        for part in _COPIED:
            settings = self._part(name, part)
            if settings:
                self.modify(new_name, part, **settings)
        self._copy_classes(name, new_name)

    def _part(self, name: str, part: str) -> dict[str, Any] | None:
        """Settings that HCP does not have of every namespace: None then."""
        try:
            return self.read(name, part, verbose=False)
        except MapiError as error:
            if error.status in (400, 403, 404):
                return None
            raise

    def _copy_classes(self, name: str, new_name: str) -> None:
        old, new = self.retentionclasses(name), self.retentionclasses(new_name)
        for one in old.list():
            new.create(one, **{key: value for key, value in old.read(one).items() if key != 'name'})


def _settable(properties: dict[str, Any]) -> dict[str, Any]:
    """An owner's type goes with an owner only (MAPI reference, 4.2)."""
    if properties.get('owner'):
        return properties
    return {key: value for key, value in properties.items() if key not in ('owner', 'ownerType')}


class RetentionClasses(Collection):
    """The retention classes of a namespace.

    :param target: as for :class:`Namespaces`
    :param tenant: its name
    :param namespace: its name
    :param timeout: as in :class:`hcpsdk.Connection`

    .. versionadded:: 0.9.0-5
    """

    _what = 'retention class'

    def __init__(self, target: Target, tenant: str, namespace: str, timeout: Timeout = 60) -> None:
        where = ('tenants', name_of(tenant, 'the name of a tenant'), 'namespaces')
        super().__init__(
            target, *where, name_of(namespace, 'the name of a namespace'), 'retentionClasses', timeout=timeout
        )
