"""Namespaces of a tenant: their settings, and copies of them."""

from __future__ import annotations

from typing import Any

from ..target import Target
from ._collection import CORS, Collection, Part, parts_called
from ._engine import MapiError, Timeout, name_of

_PROTOCOLS = ('http', 'cifs', 'nfs', 'smtp')

# What a copy takes over besides the properties, versioning and CORS, in an order in which HCP takes it.
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
    :param debuglevel: as in :class:`hcpsdk.Connection`

    Protocols are parts as well: ``read(name, 'http')``.

    .. versionadded:: 0.9.0-5
    """

    _what = 'namespace'
    _pages = True
    _sorts = frozenset({'name', 'hardQuota'})
    _parts = {
        **parts_called(
            'complianceSettings',
            'customMetadataIndexingSettings',
            'permissions',
            'protocols',
            'replicationCollisionSettings',
        ),
        **{name: Part(('protocols', name)) for name in _PROTOCOLS},
        **parts_called('statistics', change=''),
        'cors': CORS,
        'versioningSettings': Part(('versioningSettings',), erasable=True),
    }

    def __init__(self, target: Target, tenant: str, timeout: Timeout = 60, debuglevel: int = 0) -> None:
        where = ('tenants', name_of(tenant, 'the name of a tenant'), 'namespaces')
        super().__init__(target, *where, timeout=timeout, debuglevel=debuglevel)
        self._tenant = tenant

    def statistics(self, name: str) -> dict[str, Any]:
        """What a namespace has stored. HCP asks not to be asked more than once an hour.

        :returns: ``objectCount``, ``storageCapacityUsed`` and so on, numbers; in bytes, where it is a size
        :raises MapiError: if HCP refuses
        """
        return self.read(name, 'statistics', verbose=False)

    def retentionclasses(self, name: str) -> RetentionClasses:
        """The retention classes of a namespace, a :class:`RetentionClasses`."""
        return RetentionClasses(self._target, self._tenant, name, self._timeout, self._debuglevel)

    def clone(self, name: str, new_name: str) -> None:
        """Make a namespace with all settings of another one: properties, parts and retention classes.

        Objects, permissions of users, content classes, and what HCP makes by itself are not copied. All is
        read before anything is made, with the roles administrator and compliance. If something fails on the
        way, the new namespace stays as far as it has come, and the error says at what.

        :param name: the one that there is
        :param new_name: the one that is to be made
        :raises MapiError: if HCP refuses; if there is a user of WebDAV, as passwords cannot be read
        """
        found = self.read(name)
        properties = {key: value for key, value in found.items() if key not in _NOT_TAKEN_OVER}
        parts = {part: self._settings_of(name, part) for part in _parts_of(found)}
        _check_readable(name, parts['http'])
        cors, versioning = self._settings_of(name, 'cors'), self._settings_of(name, 'versioningSettings')
        self.create(new_name, **_settable({**properties, 'versioningSettings': versioning}))
        # permissions first: a copy that fails half-way shall be no more open than the original
        self._adjust(new_name, 'permissions', parts.pop('permissions'))
        self._copy_classes(name, new_name)  # before the default retention, which may be one of them
        for part, settings in parts.items():
            self._adjust(new_name, part, settings)
        if cors:
            self.modify(new_name, 'cors', **cors)

    def _adjust(self, name: str, part: str, settings: dict[str, Any]) -> None:
        """Change what differs and nothing else: HCP refuses some settings although it has them already."""
        present = self._settings_of(name, part)
        different = {key: value for key, value in settings.items() if value != present.get(key)}
        if different:
            self.modify(name, part, **different)

    def _settings_of(self, name: str, part: str) -> dict[str, Any]:
        """Settings that may not be set, or that a release may not have: empty then.

        That they may not be seen is an error: a copy that keeps less than the original must not pass for one.
        """
        try:
            return self.read(name, part, verbose=False)
        except MapiError as error:
            if error.status == 404:
                return {}
            raise

    def _copy_classes(self, name: str, new_name: str) -> None:
        old, new = self.retentionclasses(name), self.retentionclasses(new_name)
        for one in old.list():
            new.create(one, **{key: value for key, value in old.read(one).items() if key != 'name'})


def _parts_of(namespace: dict[str, Any]) -> tuple[str, ...]:
    """The indexing settings are there only while search is on (MAPI reference, 4.1)."""
    if namespace.get('searchEnabled'):
        return _COPIED
    return tuple(part for part in _COPIED if part != 'customMetadataIndexingSettings')


def _check_readable(name: str, http: dict[str, Any]) -> None:
    """HCP tells no password, and takes the name of a user of WebDAV only together with one (4.5).

    :raises MapiError: if there is such a user
    """
    if http.get('webdavBasicAuthUsername'):
        raise MapiError(f'namespace {name} has a user of WebDAV, whose password cannot be read, nor copied')


def _settable(properties: dict[str, Any]) -> dict[str, Any]:
    """An owner's type goes with an owner only, and no setting is empty (MAPI reference, 4.2)."""
    without = set() if properties.get('owner') else {'owner', 'ownerType'}
    return {
        key: value
        for key, value in properties.items()
        if key not in without and (value or key != 'versioningSettings')
    }


class RetentionClasses(Collection):
    """The retention classes of a namespace.

    :param target: as for :class:`Namespaces`
    :param tenant: its name
    :param namespace: its name
    :param timeout: as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`

    .. versionadded:: 0.9.0-5
    """

    _what = 'retention class'

    def __init__(
        self, target: Target, tenant: str, namespace: str, timeout: Timeout = 60, debuglevel: int = 0
    ) -> None:
        of_tenant = ('tenants', name_of(tenant, 'the name of a tenant'))
        of_namespace = ('namespaces', name_of(namespace, 'the name of a namespace'))
        where = (*of_tenant, *of_namespace, 'retentionClasses')
        super().__init__(target, *where, timeout=timeout, debuglevel=debuglevel)
