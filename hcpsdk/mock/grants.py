"""What an access control list is: whom it grants what, and its XML and JSON forms."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Optional
from xml.etree.ElementTree import Element

from .access import Visit
from .model import find
from .replies import Refusal
from .store import Acl, File, Grant
from .xmldoc import PROLOG, BadXML, element, parse

PERMISSIONS = {
    'READ': frozenset({'browse', 'read'}),
    'READ_ACL': frozenset({'readAcl'}),
    'WRITE': frozenset({'write'}),
    'WRITE_ACL': frozenset({'writeAcl'}),
    'DELETE': frozenset({'delete'}),
}
ALL_USERS, AUTHENTICATED = 'all_users', 'authenticated'
MAX_GRANTS = 1000

CANNED = {
    'all_read': (Grant('group', ALL_USERS, ('READ',)),),
    'auth_read': (Grant('group', AUTHENTICATED, ('READ',)),),
}


def granted(visit: Visit, file: Optional[File]) -> frozenset[str]:
    """The permissions that an object's ACL gives to the caller, besides those in the namespace."""
    namespace = visit.namespace
    if file is None or file.acl is None or not (namespace.acls and namespace.acls_enforced):
        return frozenset()
    return _rights(name for grant in file.acl if _counts(grant, visit) for name in grant.permissions)


def _rights(permissions: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*(PERMISSIONS[name] for name in permissions))


def _counts(grant: Grant, visit: Visit) -> bool:
    if grant.kind == 'group':
        return grant.name == ALL_USERS or visit.user is not None
    return visit.user is not None and grant.name.lower() == visit.user.name.lower()


def validate(grants: Acl, visit: Visit) -> None:
    """Look whether the caller may give an object this ACL.

    :raises Refusal: 400; 403 for a permission that the caller does not have
    """
    if len(grants) > MAX_GRANTS:
        raise Refusal(400, f'an ACL has at most {MAX_GRANTS} entries')
    if len({(grant.kind, grant.name.lower()) for grant in grants}) < len(grants):
        raise Refusal(400, 'a grantee is named twice')
    for grant in grants:
        _validate_grantee(grant, visit)
        unknown = set(grant.permissions) - set(PERMISSIONS)
        if unknown:
            raise Refusal(400, f'unknown permission {sorted(unknown)[0]}')
        visit.need(*sorted(_rights(grant.permissions)))


def _validate_grantee(grant: Grant, visit: Visit) -> None:
    """Without Active Directory the two built-in groups are all there are."""
    known = {
        'group': grant.name in (ALL_USERS, AUTHENTICATED),
        'user': find(visit.tenant.users, grant.name) is not None,
    }
    if not known.get(grant.kind, False):
        raise Refusal(400, f'there is no {grant.kind} {grant.name}')


def from_xml(data: bytes) -> Acl:
    """Read an ACL.

    :raises Refusal: 400
    """
    try:
        root = parse(data)
    except BadXML as error:
        raise Refusal(400, str(error)) from error
    if root.tag != 'accessControlList' or any(grant.tag != 'grant' for grant in root):
        raise Refusal(400, 'not an accessControlList')
    return tuple(_grant_from_xml(grant) for grant in root)


def _grant_from_xml(grant: Element) -> Grant:
    if grant.findtext('grantee/domain'):
        raise Refusal(400, 'this HCP does not support Active Directory')
    permissions = tuple((one.text or '').strip() for one in grant.iterfind('permissions/permission'))
    return _grant(grant.findtext('grantee/type'), grant.findtext('grantee/name'), permissions)


def from_json(data: bytes) -> Acl:
    """Read an ACL in its JSON form.

    :raises Refusal: 400
    """
    try:
        return tuple(_grant_from_json(grant) for grant in json.loads(data)['grant'])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(400, 'not a JSON ACL') from error


def _grant_from_json(grant: dict[str, Any]) -> Grant:
    grantee = grant['grantee']
    if grantee.get('domain'):
        raise Refusal(400, 'this HCP does not support Active Directory')
    return _grant(grantee['type'], grantee['name'], tuple(grant['permissions']['permission']))


def _grant(kind: Optional[str], name: Optional[str], permissions: tuple[str, ...]) -> Grant:
    if not kind or not name or not permissions:
        raise Refusal(400, 'a grant needs a type, a name and permissions')
    return Grant(kind.strip(), name.strip(), permissions)


def to_xml(acl: Acl) -> bytes:
    """An ACL as HCP writes it."""
    if not acl:
        return f'{PROLOG}\n<accessControlList/>\n'.encode()
    grants = ''.join(_grant_to_xml(grant) for grant in acl)
    return f'{PROLOG}\n<accessControlList>{grants}</accessControlList>\n'.encode()


def _grant_to_xml(grant: Grant) -> str:
    permissions = ''.join(element('permission', name) for name in grant.permissions)
    grantee = element('type', grant.kind) + element('name', grant.name)
    return f'<grant><grantee>{grantee}</grantee><permissions>{permissions}</permissions></grant>'


def to_json(acl: Acl) -> bytes:
    """An ACL in its JSON form."""
    grants = [
        {
            'grantee': {'type': grant.kind, 'name': grant.name},
            'permissions': {'permission': list(grant.permissions)},
        }
        for grant in acl
    ]
    return json.dumps({'grant': grants}).encode()
