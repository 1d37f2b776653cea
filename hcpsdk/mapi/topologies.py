"""Erasure-coding topologies."""

from __future__ import annotations

from typing import Any

from .._check import kind
from ..target import Target
from ._collection import Collection, Names
from ._engine import as_dict, listed, name_of

Dicts = list[dict[str, Any]]  # a Collection has a list() of its own

_SERVICE = ('services', 'erasureCoding')


class Topologies(Collection):
    """Systems that keep parts of each other's objects: their erasure-coding topologies.

    :param target: as for :class:`hcpsdk.mapi.System`, whose :attr:`hcpsdk.mapi.System.topologies` it is
    :param timeout: seconds, as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`

    To make one takes ``type`` (``'RING'`` or ``'FULLY_CONNECTED'``) and ``replicationLinks``, for example
    ``{'replicationLink': [{'name': 'a-to-b'}, {'name': 'b-to-c'}, {'name': 'a-to-c'}]}``. Neither can be
    changed afterwards.

    .. versionadded:: 0.9.0-5
    """

    _since = '8.0'
    _what = 'topology'

    def __init__(
        self, target: Target, timeout: float | tuple[float, float] = 60, debuglevel: int = 0
    ) -> None:
        super().__init__(target, *_SERVICE, 'ecTopologies', timeout=timeout, debuglevel=debuglevel)

    def retire(self, name: str) -> None:
        """Give a topology up: its objects become whole again. There is no way back.

        :param name: of the topology
        :raises MapiError: if HCP refuses
        """
        self.post(self._path(name), {'retire': ''}, {})

    def delete(self, name: Any, params: Any = None, *, force: bool = False) -> Any:
        """Delete a topology that is retired.

        :param name: of the topology
        :param params: more of the query
        :param force: True for one that is still retiring, while a system cannot be reached; data may be lost
        :raises MapiError: if HCP refuses
        """
        more = {'force': True} if kind('force', force, bool) else {}
        return super().delete(name, {**(params or {}), **more} or None)

    def tenants(self, name: str) -> Names:
        """The names of the tenants of a topology.

        :param name: of the topology
        :raises MapiError: if HCP refuses
        """
        found = as_dict(self.get((*self._path(name), 'tenants')), f'the tenants of {name}')
        return [str(tenant) for tenant in listed(found, 'name')]

    def addtenant(self, name: str, tenant: str) -> None:
        """Add a tenant to a topology.

        :param name: of the topology
        :param tenant: its name
        :raises MapiError: if HCP refuses
        """
        self.put(self._tenant(name, tenant))  # without a body (MAPI reference, 2.12)

    def removetenant(self, name: str, tenant: str) -> None:
        """Take a tenant out of a topology.

        :param name: of the topology
        :param tenant: its name
        :raises MapiError: if HCP refuses
        """
        super(Collection, self).delete(self._tenant(name, tenant))

    def tenantcandidates(self, name: str, conflicting: bool = False) -> Dicts:
        """The tenants that could be added to a topology.

        :param name: of the topology
        :param conflicting: True for those that could not, as something else is in the way
        :returns: a list of dictionaries with ``name``, ``hcpSystems`` and ``uuid``
        :raises MapiError: if HCP refuses
        """
        which = (
            'tenantConflictingCandidates' if kind('conflicting', conflicting, bool) else 'tenantCandidates'
        )
        return self._verbose((*self._path(name), which), 'tenantCandidate')

    def linkcandidates(self) -> Dicts:
        """The replication links of which a topology could be made.

        :returns: a list of dictionaries with ``name``, ``hcpSystems``, ``state``, ``uuid`` and so on
        :raises MapiError: if HCP refuses
        """
        return self._verbose((*_SERVICE, 'linkCandidates'), 'replicationLink')

    def _tenant(self, name: str, tenant: str) -> tuple[str, ...]:
        return (*self._path(name), 'tenants', name_of(tenant, 'the name of a tenant'))

    def _verbose(self, path: tuple[str, ...], key: str) -> Dicts:
        found = as_dict(self.get(path, {'verbose': True}), path[-1])
        return [as_dict(one, key) for one in listed(found, key)]
