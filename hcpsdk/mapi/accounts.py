"""Users and groups, of a tenant or of the system, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..target import Target
from ._collection import Collection, names_in, parts_called
from ._engine import MapiError, Timeout, as_dict, listed, name_of


class _Accounts(Collection):
    _pages = True
    _list = ''
    """the last word of its path"""
    _parts = parts_called('dataAccessPermissions')

    def __init__(
        self, target: Target, tenant: str | None = None, timeout: Timeout = 60, debuglevel: int = 0
    ) -> None:
        where = () if tenant is None else ('tenants', name_of(tenant, 'the name of a tenant'))
        super().__init__(target, *where, self._list, timeout=timeout, debuglevel=debuglevel)
        self._pages = self._pages and tenant is not None  # HCP does it for a tenant's users only (1.7)

    def permissions(self, name: str) -> dict[str, list[str]]:
        """What an account may do with data.

        :returns: a dictionary, name of a namespace: its permissions, such as ``['BROWSE', 'READ']``
        :raises MapiError: if HCP refuses
        """
        found = self.read(name, 'dataAccessPermissions', verbose=False)
        return dict(map(_permission, listed(found, 'namespacePermission')))

    def setpermissions(self, name: str, permissions: Mapping[str, Iterable[str]]) -> None:
        """Say what an account may do with data. Namespaces that are not named stay as they are.

        :param name: the account's
        :param permissions: name of a namespace: its permissions from now on; none takes all away
        :raises MapiError: if HCP refuses
        :raises TypeError: if it is no dictionary of lists
        """
        if not isinstance(permissions, Mapping):
            raise TypeError(f'permissions must be a dictionary, not {type(permissions).__name__}')
        wanted = [
            {'namespaceName': namespace, 'permissions': {'permission': names_in(allowed)}}
            for namespace, allowed in permissions.items()
        ]
        self.modify(name, 'dataAccessPermissions', namespacePermission=wanted)


class Users(_Accounts):
    """The users of a tenant, or of the system.

    :param target: for ``<tenant>.<hcp domain>`` or ``admin.<hcp domain>``
    :param tenant: its name; None: the system's users, which can be looked at, and get new passwords
    :param timeout: as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`

    Passwords go to HCP as parameters of a query: they show up nowhere in logs and errors of this package.

    .. versionadded:: 0.9.0-5
    """

    _what = 'user'
    _key = 'username'
    _sorts = frozenset({'username'})
    _list = 'userAccounts'

    def create(
        self,
        name: str,
        password: str | None = None,
        *,
        fullName: str | None = None,
        localAuthentication: bool = True,
        forcePasswordChange: bool = False,
        enabled: bool = True,
        roles: Iterable[str] = (),
        **properties: Any,
    ) -> None:
        """Make a user.

        :param name: of the new user
        :param password: needed, unless another system knows it (``localAuthentication=False``: RADIUS)
        :param fullName: for people, the name by default
        :param localAuthentication: HCP itself knows the password
        :param forcePasswordChange: it has to be changed at the first login to a console
        :param enabled: the user may log in
        :param roles: such as ``['MONITOR', 'ADMINISTRATOR']``
        :param properties: more properties, as HCP spells them
        :raises MapiError: if HCP refuses
        :raises ValueError: if there is no password, though HCP itself has to know one
        """
        if password is None and localAuthentication:
            raise ValueError('password must be given, unless localAuthentication is False')
        fixed = {
            'username': self._named(name),
            'fullName': name if fullName is None else fullName,
            'localAuthentication': localAuthentication,
            'forcePasswordChange': forcePasswordChange,
            'enabled': enabled,
            'roles': names_in(roles),
        }
        self._create({**fixed, **properties}, None if password is None else {'password': _secret(password)})

    def changepassword(self, name: str, password: str) -> None:
        """Give a user another password.

        :raises MapiError: if HCP refuses, as it does if the password is too simple
        """
        self.post(self._path(name), {'password': _secret(password)}, {})


class Groups(_Accounts):
    """The groups of Active Directory that a tenant, or the system, knows.

    :param target: for ``<tenant>.<hcp domain>`` or ``admin.<hcp domain>``
    :param tenant: its name; None: the system's groups, which can be looked at only
    :param timeout: as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`

    .. versionadded:: 0.9.0-5
    """

    _what = 'group'
    _key = 'groupname'
    _pages = False
    _list = 'groupAccounts'

    def create(
        self,
        name: str | None = None,
        *,
        externalGroupID: str | None = None,
        roles: Iterable[str] = (),
        **properties: Any,
    ) -> None:
        """Let a group of Active Directory in, by its name or by its SID.

        :param name: ``group`` or ``group@domain``
        :param externalGroupID: the SID
        :param roles: such as ``['MONITOR']``
        :param properties: more properties, as HCP spells them
        :raises MapiError: if HCP refuses
        :raises ValueError: if there is neither a name nor a SID
        """
        if name is None and externalGroupID is None:
            raise ValueError('a group needs a name or an externalGroupID')
        called = {'groupname': name, 'externalGroupID': externalGroupID}
        known = {key: self._named(value) for key, value in called.items() if value is not None}
        self._create({**known, 'roles': names_in(roles), **properties})


class ContentClasses(Collection):
    """The content classes of a tenant: what its objects' annotations are searched by.

    :param target: for ``<tenant>.<hcp domain>``
    :param tenant: its name
    :param timeout: as in :class:`hcpsdk.Connection`
    :param debuglevel: as in :class:`hcpsdk.Connection`

    .. versionadded:: 0.9.0-5
    """

    _what = 'content class'

    def __init__(self, target: Target, tenant: str, timeout: Timeout = 60, debuglevel: int = 0) -> None:
        where = ('tenants', name_of(tenant, 'the name of a tenant'), 'contentClasses')
        super().__init__(target, *where, timeout=timeout, debuglevel=debuglevel)


def _permission(found: Any) -> tuple[str, list[str]]:
    """A namespace, and what is allowed there.

    :raises MapiError: if it has no name
    """
    namespace = as_dict(found, 'a permission').get('namespaceName')
    if not isinstance(namespace, str):
        raise MapiError(f'a permission names no namespace: {found!r}')
    return namespace, [str(one) for one in listed(found, 'permissions', 'permission')]


def _secret(password: str) -> str:
    """Checked without being shown."""
    if not isinstance(password, str):
        raise TypeError(f'password must be a str, not {type(password).__name__}')
    return password
