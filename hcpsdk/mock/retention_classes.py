"""Retention classes of a namespace (4.8)."""

from __future__ import annotations

import re
from typing import Any

from . import retention
from .defaults import COMPLIANCE
from .formats import Tree
from .kinds import BOOLEAN, BadValue, Kind, scalar, text
from .model import Namespace, RetentionClass, find
from .owners import ANY_READER
from .properties import ALL, NOBODY, Property, T, Table, Values
from .replies import Refusal
from .resource import Ask, Method, Route, named

WRITERS = frozenset({'COMPLIANCE'})

_SPECIAL = (retention.DELETION_ALLOWED, retention.DELETION_PROHIBITED, retention.INITIAL_UNSPECIFIED)


def setting(value: Any) -> retention.Setting:
    """A retention value, understood.

    :raises BadValue: if it is none
    """
    try:
        return retention.parse(scalar(value))
    except retention.RetentionError as error:
        raise BadValue('no retention value') from error


def _read_class_value(value: Any) -> str:
    found = setting(value)
    of_ingest = isinstance(found, retention.Offset) and found.base == 'A'
    if not of_ingest and found not in _SPECIAL:
        raise BadValue('a special value is required, or an offset that begins with A')
    return scalar(value)


CLASS = Table(
    'retentionClass',
    Property('allowDisposition', BOOLEAN, 'auto_delete'),
    Property('description', text(1024), 'description'),
    Property(
        'name',
        text(64, least=1, pattern=re.compile('[A-Za-z0-9_-]+')),
        'name',
        post=NOBODY,
        get=NOBODY,
        verbose=ALL,
        required=True,
    ),
    Property('value', Kind(_read_class_value), 'value', required=True),
)


def get_classes(ask: Ask) -> Tree:
    """The names of the classes."""
    return {'name': [one.name for one in ask.namespace.retention_classes.values()]}


def put_class(ask: Ask) -> None:
    """Create a class."""
    namespace, values = ask.namespace, CLASS.read(ask, creating=True)
    _check_disposition(values)
    if find(namespace.retention_classes, values['name']) is not None:
        raise Refusal(409, 'there is a retention class of this name')
    created = RetentionClass(values['name'], values['value'])
    CLASS.apply(created, values)
    namespace.add_class(created)


def _check_disposition(values: Values) -> None:
    offset = 'value' in values and isinstance(setting(values['value']), retention.Offset)
    if offset and 'allowDisposition' not in values:
        raise Refusal(400, 'allowDisposition is required with an offset')
    if 'value' in values and not offset:
        values['allowDisposition'] = False


def _class(ask: Ask) -> RetentionClass:
    return named(ask.namespace.retention_classes, ask.names['class'])


def get_class(ask: Ask) -> Tree:
    """A class's properties."""
    return CLASS.show(ask, _class(ask))


def post_class(ask: Ask) -> None:
    """Change a class; in compliance mode it cannot become shorter."""
    present, values = _class(ask), CLASS.read(ask)
    _check_disposition(values)
    if ask.namespace.retention_mode == COMPLIANCE and 'value' in values:
        _forbid_shorter(present, values['value'], int(ask.now))
    CLASS.apply(present, values)


def _forbid_shorter(present: RetentionClass, value: str, now: int) -> None:
    """The status of a value that is too short is [inferred]."""
    old = retention.Kept(retention.class_value(present, now))
    new = retention.Kept(retention.class_value(RetentionClass('', value), now))
    if retention.longer(old, new) != new:
        raise Refusal(400, 'value: in compliance mode it cannot become shorter')


def delete_class(ask: Ask) -> None:
    """Delete a class; objects that have it are then never to be deleted."""
    namespace: Namespace = ask.namespace
    name = _class(ask).name
    if namespace.retention_mode == COMPLIANCE:
        raise Refusal(403, 'in compliance mode retention classes cannot be deleted')
    del namespace.retention_classes[name]


_PATH = 'tenants/{tenant}/namespaces/{namespace}/retentionClasses'

ROUTES = [
    Route(
        _PATH,
        'retentionClasses',
        {'GET': Method(get_classes, ANY_READER), 'PUT': Method(put_class, WRITERS)},
        lambda ask: ask.namespace,
        T,
    ),
    Route(
        f'{_PATH}/{{class}}',
        'retentionClass',
        {
            'GET': Method(get_class, ANY_READER),
            'POST': Method(post_class, WRITERS),
            'DELETE': Method(delete_class, WRITERS),
        },
        _class,
        T,
    ),
]
