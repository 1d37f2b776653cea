"""Access control lists."""

from __future__ import annotations

from .access import Visit
from .store import File, Grant

PERMISSIONS = {
    'READ': frozenset({'browse', 'read'}),
    'READ_ACL': frozenset({'readAcl'}),
    'WRITE': frozenset({'write'}),
    'WRITE_ACL': frozenset({'writeAcl'}),
    'DELETE': frozenset({'delete'}),
}
ALL_USERS, AUTHENTICATED = 'all_users', 'authenticated'

CANNED = {
    'all_read': (Grant('group', ALL_USERS, ('READ',)),),
    'auth_read': (Grant('group', AUTHENTICATED, ('READ',)),),
}


def granted(visit: Visit, file: File) -> frozenset[str]:
    """The permissions that an object's ACL gives to the caller, besides those in the namespace."""
    if file.acl is None or not visit.namespace.acls:
        return frozenset()
    names = [PERMISSIONS[name] for grant in file.acl if _counts(grant, visit) for name in grant.permissions]
    return frozenset[str]().union(*names)


def _counts(grant: Grant, visit: Visit) -> bool:
    if grant.kind == 'group':
        return grant.name == ALL_USERS or visit.user is not None
    return visit.user is not None and grant.name.lower() == visit.user.name.lower()
