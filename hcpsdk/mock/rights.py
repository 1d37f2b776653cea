"""Permissions as the management API names them: in masks (3.6) and for data access (5.3)."""

from __future__ import annotations

from typing import Callable, Union

from .formats import JSON, Tree
from .kinds import BadValue, permissions
from .model import Namespace, Tenant
from .properties import T
from .replies import Refusal
from .resource import READERS, WRITERS, Ask, Method, Route

# How the six divide the ten of the REST interface among themselves is [inferred]
MASK = permissions(
    {
        'DELETE': ('delete',),
        'PRIVILEGED': ('privileged',),
        'PURGE': ('purge',),
        'READ': ('read', 'browse', 'readAcl'),
        'SEARCH': ('search',),
        'WRITE': ('write', 'writeAcl', 'changeOwner'),
    },
    {'PURGE': 'DELETE', 'SEARCH': 'READ'},
    exact=True,
)
_IMPLIED = {'PURGE': 'DELETE', 'READ': 'BROWSE', 'SEARCH': 'BROWSE READ'}
_MINIMUM = {
    'BROWSE': ('browse',),
    'DELETE': ('delete',),
    'PURGE': ('purge',),
    'READ': ('read',),
    'READ_ACL': ('readAcl',),
    'WRITE': ('write',),
    'WRITE_ACL': ('writeAcl',),
}
MINIMUM = permissions(_MINIMUM, {'PURGE': 'DELETE', 'READ': 'BROWSE'}, exact=False)
DATA_ACCESS = permissions(
    {**_MINIMUM, 'CHOWN': ('changeOwner',), 'PRIVILEGED': ('privileged',), 'SEARCH': ('search',)},
    _IMPLIED,
    exact=False,
)

Masked = Union[Tenant, Namespace]


def mask(path: str, thing: Callable[[Ask], Masked]) -> Route:
    """The resource ``permissions`` of a tenant or a namespace."""

    def get(ask: Ask) -> Tree:
        shown: Tree = MASK.show(thing(ask).permissions)
        return shown

    def post(ask: Ask) -> None:
        tree = ask.tree('permissions')
        if ask.form == JSON and not tree:
            return  # in XML the empty list is that
        try:
            thing(ask).permissions = MASK.read(tree)
        except BadValue as error:
            raise Refusal(400, f'permissions: {error}') from error

    methods = {'GET': Method(get, READERS | {'COMPLIANCE'}), 'POST': Method(post, WRITERS)}
    return Route(path, 'permissions', methods, thing, T)
