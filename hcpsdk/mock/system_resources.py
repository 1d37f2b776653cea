"""What belongs to the system as a whole: licences, statistics, the DNS mode, support keys (7)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from math import sin
from typing import Any, Optional
from zlib import crc32

from .estate import License, SupportKey
from .formats import Tree
from .kinds import choice
from .properties import Property, S, Table, settings
from .replies import Refusal, local_time
from .resource import WRITERS, Ask, Method, Route
from .running import NodeState

SUPPORT_SINCE = (9, 0)
"""the first release with support access credentials (11)"""

NODE_DISK = 4 * 1024**4
"""bytes of a node's volume"""


def get_licenses(ask: Ask) -> Tree:
    """The licence that counts; all that there ever were, with their dates, if asked to be verbose."""
    verbose = ask.true('verbose')
    shown = ask.system.licenses if verbose else ask.system.licenses[-1:]
    return {'license': [_license(ask, one, dated=verbose) for one in shown]}


def _license(ask: Ask, one: License, *, dated: bool) -> Tree:
    """Of the two sets of names in the vendor's text these are those of the table (10)."""
    tree = {
        'localCapacity': one.local_capacity,
        'extendedCapacity': one.extended_capacity,
        'feature': one.feature,
        'expirationDate': _day(ask, one.expires),
        'serialNumber': one.serial,
    }
    return {**tree, 'uploadDate': _day(ask, one.uploaded)} if dated else tree


def _day(ask: Ask, at: Optional[float]) -> str:
    if at is None:
        return 'None'
    day = datetime.fromtimestamp(at, ask.system.zone)
    return f'{day:%b} {day.day}, {day.year}'


def put_license(ask: Ask) -> None:
    """Take a key. Nothing is known of what is in one: it renews what there is [inferred]."""
    key = ask.body.strip()
    if not key:
        raise Refusal(400, 'the license key is empty')
    serial = hashlib.sha1(key).hexdigest()[:8].upper()
    ask.system.licenses.append(License(serial, uploaded=ask.now))


# Of a node: what moves, and between which values. Rates are averages per second (7.2).
_LOADS = {
    'cpuUser': (1.0, 30.0),
    'cpuSystem': (0.5, 10.0),
    'ioWait': (0.0, 5.0),
    'swapOut': (0.0, 1.0),
}
_BANDWIDTHS = {
    'BackEnd': (1e3, 1e6),
    'FrontEnd': (1e3, 1e7),
}
_DISK = {
    'blocksRead': (0.0, 500.0),
    'blocksWritten': (0.0, 900.0),
    'diskUtilization': (0.0, 40.0),
    'transferSpeed': (0.0, 200.0),
}


def _moving(ask: Ask, what: str, limits: tuple[float, float]) -> float:
    """A figure that goes up and down within an hour; the same at the same time."""
    low, high = limits
    angle = ask.now / 600 + crc32(what.encode())
    return round(low + (high - low) * (1 + sin(angle)) / 2, 2)


def get_nodes(ask: Ask) -> Tree:
    """How the nodes fare; connections and used space are the real ones, the rest is made up."""
    nodes = ask.running.nodes()
    stores = [
        ask.stores.of(tenant.name, space.name, ask.now_ms).usage.bytes * space.dpl
        for tenant in ask.system.tenants.values()
        for space in tenant.namespaces.values()
    ]
    used = sum(stores) // max(len(nodes), 1)
    return {'requestTime': ask.now_ms, 'nodes': {'node': [_node(ask, node, used) for node in nodes]}}


def _node(ask: Ask, node: NodeState, used: int) -> Tree:
    moving = {name: _moving(ask, f'{node.number}{name}', limits) for name, limits in _LOADS.items()}
    tree: dict[str, Any] = {
        'nodeNumber': node.number,
        'frontendIpAddresses': {'ipAddress': [node.address]},
        'backendIpAddress': f'172.21.150.{node.number}',
        'openHttpConnections': node.http,
        'openHttpsConnections': node.https,
        'maxHttpConnections': 255,
        'maxHttpsConnections': 255,
        **moving,
        'cpuMax': round(moving['cpuUser'] + moving['cpuSystem'] + moving['ioWait'], 2),
    }
    for end, limits in _BANDWIDTHS.items():
        tree[f'max{end}Bandwidth'] = 1_250_000_000
        for way in ('Read', 'Written'):
            name = f'{end[0].lower()}{end[1:]}Bytes{way}'
            tree[name] = _moving(ask, f'{node.number}{name}', limits)
    return {**tree, 'collectionTimestamp': ask.now_ms, 'volumes': {'volume': [_volume(ask, node, used)]}}


def _volume(ask: Ask, node: NodeState, used: int) -> Tree:
    return {
        'id': f'{node.number}-0',
        **{name: _moving(ask, f'{node.number}{name}', limits) for name, limits in _DISK.items()},
        'totalBytes': NODE_DISK,
        'freeBytes': NODE_DISK - used,
        'totalInodes': 200_000_000,
        'freeInodes': 199_000_000,
    }


# service -> does it run by turns; the others are disabled (7.3; which ones is [inferred])
SERVICES = {
    'CapacityBalancePolicy': True,
    'CompressionPolicy': False,
    'ContentVerification': True,
    'DispositionPolicy': False,
    'DuplicateElimination': True,
    'ErasureCodingService': False,
    'GarbageCollection': True,
    'MigrationPolicy': False,
    'ProtectionPolicy': True,
    'RetirementPolicy': False,
    'ScavengingPolicy': True,
    'StorageTieringService': True,
}
TURN = 600
"""seconds that a service runs, one after the other"""


def get_services(ask: Ask) -> Tree:
    """What the background services do."""
    return {
        'requestTime': ask.now_ms,
        'services': {'service': [_service(ask, name, place) for place, name in enumerate(SERVICES)]},
    }


def _service(ask: Ask, name: str, place: int) -> Tree:
    """A service's last turn; its times are in seconds (7.3)."""
    if not SERVICES[name]:
        return {'name': name, 'state': 'DISABLED', 'startTime': -1, 'endTime': -1, **_done(ask, 0)}
    now, cycle = int(ask.now), TURN * len(SERVICES)
    start = (now - place * TURN) // cycle * cycle + place * TURN
    running = now < start + TURN
    end = -1 if running else start + TURN
    tree: dict[str, Any] = {'name': name, 'state': 'RUNNING' if running else 'READY'}
    tree.update(startTime=start, endTime=end, formattedStartTime=local_time(start * 1000, ask.system.zone))
    if running:
        return {**tree, 'performanceLevel': 'MEDIUM', **_done(ask, now - start)}
    return {**tree, 'formattedEndTime': local_time(end * 1000, ask.system.zone), **_done(ask, TURN)}


def _done(ask: Ask, seconds: int) -> Tree:
    """What a service has looked at in so many seconds: ten objects in each."""
    rate = 10.0 if seconds else 0.0
    return {
        'objectsExamined': seconds * 10,
        'objectsExaminedPerSecond': rate,
        'objectsServiced': seconds,
        'objectsServicedPerSecond': rate / 10,
        'objectsUnableToService': 0,
        'objectsUnableToServicePerSecond': 0.0,
    }


NETWORK = Table(
    'networkSettings', Property('downstreamDNSMode', choice('BASIC', 'ADVANCED'), 'downstream_dns_mode')
)


def get_support(ask: Ask) -> Tree:
    """By which key the vendor's support gets in. ``defaultKeyType`` has no documented values [inferred]."""
    key = ask.system.support_key
    if key is None:
        return {'type': 'Default', 'defaultKeyType': 'RSA'}
    return {
        'type': 'Exclusive',
        'defaultKeyType': 'RSA',
        'applyTimeStamp': local_time(int(key.applied * 1000), ask.system.zone),
        'createTimeStamp': local_time(int(key.created * 1000), ask.system.zone),
        'serialNumberFromPackage': key.serial,
    }


def put_support(ask: Ask) -> None:
    """Take a key package, whatever is in it [inferred]."""
    if not ask.body:
        raise Refusal(400, 'the key package is empty')
    now = ask.now
    ask.system.support_key = SupportKey(hashlib.sha1(ask.body).hexdigest()[:8].upper(), now, now)


_LICENSES = {
    'GET': Method(get_licenses),
    'PUT': Method(put_license, WRITERS, takes=('text/html', 'text/plain')),
}
_SUPPORT = {
    'GET': Method(get_support, frozenset({'MONITOR', 'ADMINISTRATOR', 'SECURITY', 'SERVICE'})),
    'PUT': Method(
        put_support,
        frozenset({'ADMINISTRATOR', 'SERVICE'}),
        takes=('application/octet-stream', 'application/zip', 'text/plain'),
    ),
}

ROUTES = [
    Route('storage/licenses', 'licenses', _LICENSES),
    Route('nodes/statistics', 'nodeStatistics', {'GET': Method(get_nodes)}),
    Route('services/statistics', 'serviceStatistics', {'GET': Method(get_services)}),
    settings('network', NETWORK, lambda ask: ask.system, level=S),
    # the vendor's text spells it in both ways (7.6)
    *(
        Route(path, 'supportAccessCredentials', _SUPPORT, since=SUPPORT_SINCE)
        for path in ('supportaccesscredentials', 'supportAccesscredentials')
    ),
]
