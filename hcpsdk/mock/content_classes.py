"""Content classes of tenants (5.4). The mock keeps them; it has no metadata query engine."""

from __future__ import annotations

import re

from .formats import Tree
from .kinds import BOOLEAN, TEXT, Kind, choice, listed, text
from .model import ContentClass, Tenant, find
from .properties import Property, T, Table, Values, record
from .replies import Refusal
from .resource import WRITERS, Ask, Method, Route, named

_IF_ANY = Kind(TEXT.read, lambda kept: kept or None)
_FORMATTED = ('DATE', 'FLOAT', 'INTEGER')
_TYPES = choice('BOOLEAN', 'FULLTEXT', 'STRING', *_FORMATTED)
_PROPERTY = record(
    Property('expression', required=True),
    Property('format', _IF_ANY),
    Property('multivalued', BOOLEAN, default=False),
    Property('name', text(25, least=1, pattern=re.compile('[A-Za-z0-9_]+')), required=True),
    Property('type', _TYPES, required=True),
)
CLASS = Table(
    'contentClass',
    Property('contentProperties', listed('contentProperty', _PROPERTY), 'properties'),
    Property('name', text(64, least=1), 'name', required=True),
    Property('namespaces', listed('name', text(63, least=1)), 'namespaces'),
)


def _tenant(ask: Ask) -> Tenant:
    """The tenant, if it has search. The status is [inferred]."""
    if not ask.tenant.search:
        raise Refusal(403, 'this tenant may not configure search')
    return ask.tenant


def _class(ask: Ask) -> ContentClass:
    return named(_tenant(ask).content_classes, ask.names['class'])


def get_classes(ask: Ask) -> Tree:
    """The names of the classes."""
    return {'name': [one.name for one in ask.tenant.content_classes.values()]}


def put_class(ask: Ask) -> None:
    """Create a class."""
    classes, values = ask.tenant.content_classes, CLASS.read(ask, creating=True)
    _check(ask.tenant, values)
    if find(classes, values['name']) is not None:
        raise Refusal(409, 'there is a content class of this name')
    created = ContentClass(values['name'])
    CLASS.apply(created, values)
    classes[created.name] = created


def _check(tenant: Tenant, values: Values) -> None:
    for one in values.get('contentProperties', []):
        if one.get('format') and one['type'] not in _FORMATTED:
            raise Refusal(400, f'format is for {", ".join(_FORMATTED)} only')
    found = [find(tenant.namespaces, name) for name in values.get('namespaces', [])]
    if not all(namespace is not None and namespace.search for namespace in found):
        raise Refusal(400, 'namespaces: there is one that does not exist, or is not searched')
    if found:
        values['namespaces'] = [namespace.name for namespace in found if namespace]


def get_class(ask: Ask) -> Tree:
    """A class's properties."""
    return CLASS.show(ask, _class(ask))


def post_class(ask: Ask) -> None:
    """Change a class."""
    classes, present, values = ask.tenant.content_classes, _class(ask), CLASS.read(ask)
    _check(ask.tenant, values)
    name = values.get('name', present.name)
    if find(classes, name) not in (None, present):
        raise Refusal(409, 'there is a content class of this name')
    classes[name] = classes.pop(present.name)
    CLASS.apply(present, values)


def delete_class(ask: Ask) -> None:
    """Delete a class that has no properties any more. The status is [inferred]."""
    present = _class(ask)
    if present.properties:
        raise Refusal(403, 'the content class has content properties')
    del ask.tenant.content_classes[present.name]


_PATH = 'tenants/{tenant}/contentClasses'

ROUTES = [
    Route(
        _PATH,
        'contentClasses',
        {'GET': Method(get_classes), 'PUT': Method(put_class, WRITERS)},
        _tenant,
        T,
    ),
    Route(
        f'{_PATH}/{{class}}',
        'contentClass',
        {
            'GET': Method(get_class),
            'POST': Method(post_class, WRITERS),
            'DELETE': Method(delete_class, WRITERS),
        },
        _class,
        T,
    ),
]
