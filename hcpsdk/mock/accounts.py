"""User accounts of tenants (5.1), and of the system (5.5)."""

from __future__ import annotations

import re
import secrets
from collections.abc import MutableMapping
from typing import Any, Union

from .formats import Tree
from .kinds import BOOLEAN, SHOWN_ONLY, Kind, text
from .kinds import words as some_of
from .listing import BY_USER, Row, listed
from .model import SYSTEM_ROLES, TENANT_ROLES, System, Tenant, User, find
from .passwords import checked
from .properties import ALL, NOBODY, Property, S, T, Table, Values, shown_only
from .replies import Refusal
from .resource import Ask, Method, Route, named

SECURITY, ADMINISTRATOR = frozenset({'SECURITY'}), frozenset({'ADMINISTRATOR'})
READERS = frozenset({'MONITOR', 'ADMINISTRATOR', 'SECURITY'})

NAME = text(64, least=1)
_USER_NAME = text(64, least=1, pattern=re.compile(r'[^\[].*', re.DOTALL))


def roles(known: frozenset[str]) -> Property:
    """The property that holds an account's roles: for those who may administer accounts."""
    plain = some_of('role', *sorted(known))
    kind = Kind(lambda value: frozenset(plain.read(value)), lambda kept: {'role': sorted(kept)})
    return Property('roles', kind, 'roles', put=SECURITY, post=SECURITY, get=SECURITY)


# that PUT takes it: the documented sample and the default's rule say so, against the table (10)
MANAGER = Property('allowNamespaceManagement', BOOLEAN, 'manager', post=ADMINISTRATOR)

USER = Table(
    'userAccount',
    Property('enabled', BOOLEAN, 'enabled', post=SECURITY, required=True),
    Property('localAuthentication', BOOLEAN, 'local', post=NOBODY, get=NOBODY, verbose=ALL, required=True),
    roles(TENANT_ROLES),
    MANAGER,
    Property('description', text(), 'description', post=SECURITY),
    Property('forcePasswordChange', BOOLEAN, 'force_change', post=SECURITY, get=SECURITY, required=True),
    Property('fullName', NAME, 'full_name', post=SECURITY, required=True),
    shown_only('userGUID', SHOWN_ONLY, 'id', verbose=SECURITY),
    shown_only('userID', SHOWN_ONLY, 'number', verbose=SECURITY),
    Property('username', _USER_NAME, 'name', post=SECURITY, required=True),
)
# Which of the properties these show is [inferred]
SYSTEM_USER = Table(
    'userAccount',
    shown_only('enabled', SHOWN_ONLY, 'enabled', get=S),
    shown_only('localAuthentication', SHOWN_ONLY, 'local', verbose=S),
    shown_only('roles', roles(SYSTEM_ROLES).kind, 'roles', get=SECURITY),
    shown_only('description', SHOWN_ONLY, 'description', get=S),
    shown_only('forcePasswordChange', SHOWN_ONLY, 'force_change', get=SECURITY),
    shown_only('fullName', SHOWN_ONLY, 'full_name', get=S),
    shown_only('userGUID', SHOWN_ONLY, 'id', verbose=SECURITY),
    shown_only('userID', SHOWN_ONLY, 'number', verbose=SECURITY),
    shown_only('username', SHOWN_ONLY, 'name', get=S),
)
NEW_PASSWORD = Table('updatePasswordRequest', Property('newPassword', required=True))


def holder(ask: Ask) -> Union[System, Tenant]:
    """Whose accounts a path is about."""
    return ask.tenant if 'tenant' in ask.names else ask.system


def _table(ask: Ask) -> Table:
    return USER if 'tenant' in ask.names else SYSTEM_USER


def _user(ask: Ask) -> User:
    return named(holder(ask).users, ask.names['user'])


def _rules(ask: Ask) -> dict[str, Any]:
    """The tenant's rules for passwords; what those of the system are is not in MAPI."""
    found: dict[str, Any] = ask.tenant.further.get('consoleSecurity', {}) if 'tenant' in ask.names else {}
    return found


def get_users(ask: Ask) -> Tree:
    """The names of the users."""
    users = holder(ask).users
    if 'tenant' not in ask.names:
        return {'username': [user.name for user in users.values()]}
    return {'username': listed(ask, [Row(user.name) for user in users.values()], BY_USER)}


def put_user(ask: Ask) -> None:
    """Create a user."""
    values = USER.read(ask, creating=True)
    password = _password(ask) if values['localAuthentication'] else secrets.token_hex()
    if not password:
        raise Refusal(400, "the 'password' parameter is required")
    values.setdefault('allowNamespaceManagement', 'ADMINISTRATOR' in values.get('roles', ()))
    users = ask.tenant.users
    if find(users, values['username']) is not None:
        raise Refusal(409, 'there is a user of this name')
    add_user(users, User(values['username'], password), values)


def add_user(users: MutableMapping[str, User], user: User, values: Values) -> None:
    """Have one more user, with these properties."""
    USER.apply(user, values)
    user.number = max((one.number for one in users.values()), default=499) + 1
    users[user.name] = user


def get_user(ask: Ask) -> Tree:
    """A user's properties."""
    return _table(ask).show(ask, _user(ask))


def post_user(ask: Ask) -> None:
    """Change a user's properties, the password, or both."""
    user, values = _user(ask), _table(ask).read(ask)
    password = _password(ask)
    _need_security(ask, password)
    if password and not user.local:
        raise Refusal(400, 'RADIUS has the password of this user')
    if 'ADMINISTRATOR' in values.get('roles', frozenset()) - user.roles:
        values['allowNamespaceManagement'] = True
    _rename(ask, user, values.get('username', user.name))
    _table(ask).apply(user, values)
    user.password = password or user.password


def _password(ask: Ask) -> str:
    """The password among the parameters; empty: there is none."""
    return checked(ask.query['password'] or '', _rules(ask)) if 'password' in ask.query else ''


def _need_security(ask: Ask, password: str) -> None:
    if password and not ask.caller.roles & SECURITY:
        raise Refusal(403, 'only SECURITY may change passwords')


def _rename(ask: Ask, user: User, name: str) -> None:
    """Have a user under another name, as an owner, too."""
    if name == user.name:
        return
    tenant = ask.tenant
    if find(tenant.users, name) not in (None, user):
        raise Refusal(409, 'there is a user of this name')
    for namespace in tenant.namespaces.values():
        if namespace.owner.lower() == user.name.lower():
            namespace.owner = name
    tenant.users[name] = tenant.users.pop(user.name)


def change_password(ask: Ask) -> None:
    """Change a password that comes in the body, and so in no log."""
    user, values = _user(ask), NEW_PASSWORD.read(ask, creating=True)
    if not user.local:
        raise Refusal(400, 'RADIUS has the password of this user')
    user.password = checked(values['newPassword'], _rules(ask))


def reset_passwords(ask: Ask) -> None:
    """Give all local users with the security role the same password."""
    if 'resetPasswords' not in ask.query:
        raise Refusal(400, "the 'resetPasswords' parameter is required")
    password = checked(ask.query['resetPasswords'] or '', _rules(ask))
    for user in ask.tenant.users.values():
        if user.local and 'SECURITY' in user.roles:
            user.password = password


def delete_user(ask: Ask) -> None:
    """Delete a user, but for the last one who could make others (1.9)."""
    user, tenant = _user(ask), ask.tenant
    left = [one for one in tenant.users.values() if _secures(one) and one is not user]
    if _secures(user) and not left and not any('SECURITY' in group.roles for group in tenant.groups.values()):
        raise Refusal(403, 'this is the last enabled local account with the role SECURITY')
    del tenant.users[user.name]


def _secures(user: User) -> bool:
    return user.enabled and user.local and 'SECURITY' in user.roles


_OF_TENANT, _OF_SYSTEM = 'tenants/{tenant}/userAccounts', 'userAccounts'
_PASSWORD = {'POST': Method(change_password, SECURITY)}

ROUTES = [
    Route(
        _OF_TENANT,
        'userAccounts',
        {
            'GET': Method(get_users, READERS, T),
            'PUT': Method(put_user, SECURITY, T),
            'POST': Method(reset_passwords, ADMINISTRATOR, S),
        },
        holder,
        ALL,
    ),
    Route(
        f'{_OF_TENANT}/{{user}}',
        'userAccount',
        {
            'GET': Method(get_user, READERS),
            'POST': Method(post_user, SECURITY | ADMINISTRATOR),
            'DELETE': Method(delete_user, SECURITY),
        },
        _user,
        T,
    ),
    Route(f'{_OF_TENANT}/{{user}}/changePassword', 'updatePasswordRequest', _PASSWORD, _user, ALL),
    Route(_OF_SYSTEM, 'userAccounts', {'GET': Method(get_users, READERS)}),
    Route(
        f'{_OF_SYSTEM}/{{user}}',
        'userAccount',
        {'GET': Method(get_user, READERS), 'POST': Method(post_user, SECURITY)},
        _user,
    ),
    Route(f'{_OF_SYSTEM}/{{user}}/changePassword', 'updatePasswordRequest', _PASSWORD, _user),
]
