"""Group accounts (5.2, 5.5), and what users and groups may do in which namespace (5.3)."""

from __future__ import annotations

from typing import Union

from .accounts import ADMINISTRATOR, MANAGER, NAME, READERS, SECURITY, holder, roles
from .formats import Tree
from .kinds import SHOWN_ONLY, BadValue, listed, text
from .listing import listed as names_listed
from .listing import row
from .model import SYSTEM_ROLES, TENANT_ROLES, Group, User, find
from .properties import NOBODY, Property, S, T, Table, record, shown_only
from .replies import Refusal
from .resource import Ask, Method, Route, named
from .rights import DATA_ACCESS

GROUP = Table(
    'groupAccount',
    roles(TENANT_ROLES),
    MANAGER,
    Property('externalGroupID', text(256), 'sid', post=NOBODY, get=NOBODY, verbose=SECURITY),
    Property('groupname', text(256), 'name', post=NOBODY),
)
SYSTEM_GROUP = Table(
    'groupAccount',
    shown_only('roles', roles(SYSTEM_ROLES).kind, 'roles', get=SECURITY),
    shown_only('externalGroupID', SHOWN_ONLY, 'sid', verbose=SECURITY),
    shown_only('groupname', SHOWN_ONLY, 'name', get=S),
)
_PERMISSION = record(Property('namespaceName', NAME, required=True), Property('permissions', DATA_ACCESS))
PERMISSIONS = listed('namespacePermission', _PERMISSION)

Account = Union[User, Group]


def get_groups(ask: Ask) -> Tree:
    """The names of the groups."""
    return {'groupname': [group.name for group in holder(ask).groups.values()]}


def put_group(ask: Ask) -> None:
    """Create a group account. That the tenant must support Active Directory is refused so is [inferred]."""
    values = GROUP.read(ask, creating=True)
    tenant = ask.tenant
    if 'EXTERNAL' not in tenant.authentication:
        raise Refusal(403, 'this tenant does not support Active Directory')
    name = values.get('groupname') or values.get('externalGroupID')
    if not name:
        raise Refusal(400, 'groupname or externalGroupID is required')
    if find(tenant.groups, name) is not None:
        raise Refusal(409, 'there is a group account of this name')
    group = Group(name, manager='ADMINISTRATOR' in values.get('roles', ()))
    GROUP.apply(group, {**values, 'groupname': name})
    tenant.groups[name] = group


def _group(ask: Ask) -> Group:
    return named(holder(ask).groups, ask.names['group'])


def get_group(ask: Ask) -> Tree:
    """A group's properties."""
    return (GROUP if 'tenant' in ask.names else SYSTEM_GROUP).show(ask, _group(ask))


def post_group(ask: Ask) -> None:
    """Change a group's properties."""
    group, values = _group(ask), GROUP.read(ask)
    if 'ADMINISTRATOR' in values.get('roles', frozenset()) - group.roles:
        values['allowNamespaceManagement'] = True
    GROUP.apply(group, values)


def delete_group(ask: Ask) -> None:
    """Delete a group account."""
    del ask.tenant.groups[_group(ask).name]


def _account(ask: Ask) -> Account:
    if 'group' in ask.names:
        return _group(ask)
    return named(ask.tenant.users, ask.names['user'])


def get_permissions(ask: Ask) -> Tree:
    """What an account may do, for the namespaces where it may do anything."""
    given, tenant = _account(ask).permissions, ask.tenant
    rows = [row(one) for one in tenant.namespaces.values() if given.get(one.name)]
    kept = [{'namespaceName': name, 'permissions': given[name]} for name in names_listed(ask, rows)]
    tree: Tree = PERMISSIONS.show(kept)
    return tree


def post_permissions(ask: Ask) -> None:
    """Set what an account may do in some namespaces; in all others it stays as it is."""
    account, tenant = _account(ask), ask.tenant
    try:
        wanted = PERMISSIONS.read(ask.tree('dataAccessPermissions'))
    except BadValue as error:
        raise Refusal(400, str(error)) from error
    changed = dict(account.permissions)
    for one in wanted:
        namespace = find(tenant.namespaces, one['namespaceName'])
        if namespace is None:
            raise Refusal(400, f'there is no namespace {one["namespaceName"]}')
        changed[namespace.name] = one.get('permissions', frozenset())
    account.permissions = changed


def _permissions(path: str, readers: frozenset[str]) -> Route:
    methods = {'GET': Method(get_permissions, readers), 'POST': Method(post_permissions, ADMINISTRATOR)}
    return Route(f'{path}/dataAccessPermissions', 'dataAccessPermissions', methods, _account, T)


_USER, _GROUPS = 'tenants/{tenant}/userAccounts/{user}', 'tenants/{tenant}/groupAccounts'
_GROUP = {
    'GET': Method(get_group, READERS),
    'POST': Method(post_group, SECURITY | ADMINISTRATOR),
    'DELETE': Method(delete_group, SECURITY),
}

ROUTES = [
    _permissions(_USER, SECURITY | ADMINISTRATOR),
    Route(
        _GROUPS,
        'groupAccounts',
        {'GET': Method(get_groups, READERS), 'PUT': Method(put_group, SECURITY)},
        holder,
        T,
    ),
    Route(f'{_GROUPS}/{{group}}', 'groupAccount', _GROUP, _group, T),
    _permissions(f'{_GROUPS}/{{group}}', READERS),
    Route('groupAccounts', 'groupAccounts', {'GET': Method(get_groups, READERS)}),
    Route('groupAccounts/{group}', 'groupAccount', {'GET': Method(get_group, READERS)}, _group),
]
