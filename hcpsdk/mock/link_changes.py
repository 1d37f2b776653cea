"""Replication links are made, changed and taken away by the management API (2.3)."""

from __future__ import annotations

import uuid
from dataclasses import replace

from .kinds import BOOLEAN, IF_SET, SHOWN_ONLY, Kind, choice, integer, text
from .links import ACTIVE_ACTIVE, INBOUND, OUTBOUND, LinkState, ReplicationLink
from .model import System, find, rename
from .properties import ALL, Properties, Property, Table, Values, inner, part, shown_only
from .replies import Refusal
from .resource import Ask, named

_PORT = integer(1, 65_535)

CONNECTION = part(
    Property('localHost', IF_SET, 'local_host'),
    Property('localPort', _PORT, 'local_port'),
    Property('remoteHost', IF_SET, 'remote_host'),
    Property('remotePort', _PORT, 'remote_port'),
)
_FAILOVER = (
    Property('autoFailover', BOOLEAN, 'auto_failover'),
    Property('autoFailoverMinutes', integer(7, 9999), 'auto_failover_minutes'),
)
_RECOVERY = (
    Property('autoCompleteRecovery', BOOLEAN, 'auto_complete_recovery'),
    Property('autoCompleteRecoveryMinutes', integer(1, 9999), 'auto_complete_recovery_minutes'),
)
_ACTIVE, _PASSIVE = part(*_FAILOVER), part(*_FAILOVER, *_RECOVERY)

_SIDES = {
    ACTIVE_ACTIVE: [Property('local', _ACTIVE, 'local'), Property('remote', _ACTIVE, 'remote')],
    OUTBOUND: [Property('remote', _PASSIVE, 'remote')],
    INBOUND: [Property('local', _PASSIVE, 'local')],
}
SIDES = {
    kind: Properties(*sides, what=f'the failoverSettings of a link of type {kind}')
    for kind, sides in _SIDES.items()
}
"""type -> the sides that have such settings: of active/passive links, only the replica (2.3)"""

# HCP's order is that of the alphabet
LINK = Table(
    'link',
    Property('compression', BOOLEAN, 'compression'),
    Property('connection', CONNECTION, required=True),
    Property('description', IF_SET, 'description'),
    Property('encryption', BOOLEAN, 'encryption'),
    Property('failoverSettings', Kind(inner)),
    shown_only('id', Kind(SHOWN_ONLY.read, IF_SET.show), 'id', verbose=ALL),
    Property('name', text(64, least=1), 'name', required=True),
    Property('priority', choice('OLDEST_FIRST', 'FAIR'), 'priority'),
    shown_only('statistics', SHOWN_ONLY, verbose=ALL),
    shown_only('status', SHOWN_ONLY, 'status', verbose=ALL),
    shown_only('statusMessage', SHOWN_ONLY, 'status_message', verbose=ALL),
    shown_only('suspended', SHOWN_ONLY, 'suspended', verbose=ALL),
    Property('type', choice(ACTIVE_ACTIVE, OUTBOUND, INBOUND), 'type', required=True),
)


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
    values = LINK.read(ask, creating=True)
    if not values['connection'].get('remote_host'):
        raise Refusal(400, 'remoteHost is required')
    link = ReplicationLink(values['name'], type=values['type'], id=str(uuid.uuid4()))
    link.statistics.up_to_date_ms = ask.now_ms
    inside = _inside(link, values)
    _check_free(ask.system, link.name)
    _apply(link, values, inside)
    ask.system.links[link.name] = link


def modify(ask: Ask) -> None:
    """Change the settings of a link. It becomes active/active if that is wanted, and then stands still (2.3).

    :raises Refusal: 400, 403, 409
    """
    link, values = the_link(ask), LINK.read(ask)
    converted = values.get('type', link.type) != link.type
    if converted and values['type'] != ACTIVE_ACTIVE:
        raise Refusal(400, f'a link of type {link.type} cannot become {values["type"]}')
    if converted and link.state not in (LinkState.REPLICATING, LinkState.SUSPENDED):  # [inferred]
        raise Refusal(403, f'the link is {link.state.value}')
    inside = _inside(link, values)
    if values.get('name', link.name).lower() != link.name.lower():
        _check_free(ask.system, values['name'])
    rename(ask.system.links, link, values.get('name', link.name))
    _apply(link, values, inside)
    if converted:
        link.enter(LinkState.SUSPENDED)
    link.changed()


def _inside(link: ReplicationLink, values: Values) -> Values:
    """Attributes of a link -> what the inner objects want them to be, which are taken out of the values.

    :raises Refusal: 400
    """
    found: Values = values.pop('connection', {})
    if not found.get('remote_host', 'there'):
        raise Refusal(400, 'remoteHost cannot be removed')
    sides = SIDES[values.get('type', link.type)].checked(values.pop('failoverSettings', {}))
    return {**found, **{side: replace(getattr(link, side), **changes) for side, changes in sides.items()}}


def _apply(link: ReplicationLink, values: Values, inside: Values) -> None:
    LINK.apply(link, values)
    for attribute, value in inside.items():
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
