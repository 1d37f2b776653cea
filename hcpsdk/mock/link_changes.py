"""Replication links are made, changed and taken away by the management API (2.3)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .checks import checked, required
from .kinds import BOOLEAN, TEXT, BadValue, Kind, choice, integer, text
from .links import ACTIVE_ACTIVE, INBOUND, OUTBOUND, Failover, LinkState, ReplicationLink
from .model import System, find, rename
from .replies import Refusal
from .resource import Ask, named

_PORT = integer(1, 65_535)

# property -> (attribute, kind)
CONNECTION = {
    'localHost': ('local_host', TEXT),
    'localPort': ('local_port', _PORT),
    'remoteHost': ('remote_host', TEXT),
    'remotePort': ('remote_port', _PORT),
}
FAILOVER = {
    'autoFailover': ('auto_failover', BOOLEAN),
    'autoFailoverMinutes': ('auto_failover_minutes', integer(7, 9999)),
}
RECOVERY = {
    'autoCompleteRecovery': ('auto_complete_recovery', BOOLEAN),
    'autoCompleteRecoveryMinutes': ('auto_complete_recovery_minutes', integer(1, 9999)),
}
SIMPLE = {
    'compression': ('compression', BOOLEAN),
    'description': ('description', TEXT),
    'encryption': ('encryption', BOOLEAN),
    'name': ('name', text(64, least=1)),
    'priority': ('priority', choice('OLDEST_FIRST', 'FAIR')),
}
READ_ONLY = frozenset({'id', 'status', 'statusMessage', 'suspended', 'statistics'})

# type -> the sides whose failover settings there are (2.3)
SIDES = {ACTIVE_ACTIVE: ('local', 'remote'), OUTBOUND: ('remote',), INBOUND: ('local',)}

Attributes = Mapping[str, tuple[str, Kind]]


def _mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one in XML looks like a text."""
    if value == '':
        return {}
    if not isinstance(value, Mapping):
        raise BadValue('an object is required')
    return value


_OBJECT = Kind(_mapping)
_KINDS: Mapping[str, Kind] = {
    **{name: kind for name, (_, kind) in SIMPLE.items()},
    'type': choice(ACTIVE_ACTIVE, OUTBOUND, INBOUND),
    'connection': _OBJECT,
    'failoverSettings': _OBJECT,
}


def the_link(ask: Ask) -> ReplicationLink:
    """The link that the path names.

    :raises Refusal: 404
    """
    return named(ask.system.links, ask.names['link'])


def put_link(ask: Ask) -> None:
    """Make a link. Without a second mock nothing is at its other end.

    HCP wants both systems to hold each other's certificate before; we do not [inferred].

    :raises Refusal: 400, 403, 409
    """
    values = checked(ask.tree('link'), 'link', _KINDS, READ_ONLY)
    required(values, 'name', 'type', 'connection')
    required(values['connection'], 'remoteHost')
    link = ReplicationLink(values['name'], type=values['type'], id=str(uuid.uuid4()))
    link.statistics.up_to_date_ms = ask.now_ms
    settings = _settings(link, values)
    _check_free(ask.system, link.name)
    _apply(link, settings)
    ask.system.links[link.name] = link


def modify(ask: Ask) -> None:
    """Change the settings of a link. It becomes active/active if that is wanted, and then stands still (2.3).

    :raises Refusal: 400, 403, 409
    """
    link = the_link(ask)
    values = checked(ask.tree('link'), 'link', _KINDS, READ_ONLY)
    converted = values.get('type', link.type) != link.type
    if converted and values['type'] != ACTIVE_ACTIVE:
        raise Refusal(400, f'a link of type {link.type} cannot become {values["type"]}')
    if converted and link.state not in (LinkState.REPLICATING, LinkState.SUSPENDED):  # [inferred]
        raise Refusal(403, f'the link is {link.state.value}')
    settings = _settings(link, values)
    if settings.get('name', link.name).lower() != link.name.lower():
        _check_free(ask.system, settings['name'])
    rename(ask.system.links, link, settings.get('name', link.name))
    _apply(link, settings)
    if converted:
        link.type = ACTIVE_ACTIVE
        link.enter(LinkState.SUSPENDED)
    link.changed()


def _settings(link: ReplicationLink, values: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a link -> what they are to be; nothing has changed yet.

    :raises Refusal: 400
    """
    found = {attribute: values[name] for name, (attribute, _) in SIMPLE.items() if name in values}
    found.update(_attributes(values.get('connection', {}), 'connection', CONNECTION))
    if not found.get('remote_host', 'there'):
        raise Refusal(400, 'remoteHost cannot be removed')
    kind = values.get('type', link.type)
    known = FAILOVER if kind == ACTIVE_ACTIVE else {**FAILOVER, **RECOVERY}
    sides = checked(
        values.get('failoverSettings', {}), 'failoverSettings', dict.fromkeys(SIDES[kind], _OBJECT)
    )
    for side, tree in sides.items():
        found[side] = replace(_side(link, side), **_attributes(tree, side, known))
    return found


def _side(link: ReplicationLink, side: str) -> Failover:
    return link.local if side == 'local' else link.remote


def _attributes(tree: Mapping[str, Any], root: str, known: Attributes) -> dict[str, Any]:
    values = checked(tree, root, {name: kind for name, (_, kind) in known.items()})
    return {known[name][0]: value for name, value in values.items()}


def _apply(link: ReplicationLink, settings: Mapping[str, Any]) -> None:
    for attribute, value in settings.items():
        setattr(link, attribute, value)


def _check_free(system: System, name: str) -> None:
    if find(system.links, name) is not None:
        raise Refusal(409, f'there is a link {name}')


def delete(ask: Ask) -> None:
    """Take a link away, on both systems; that is possible only while it is suspended.

    :raises Refusal: 403, which is [inferred]
    """
    link = the_link(ask)
    if not link.suspended:
        raise Refusal(403, 'the link is not suspended')
    link.dissolve()
    ask.system.links.pop(link.name, None)
