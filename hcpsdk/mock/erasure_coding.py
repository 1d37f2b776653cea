"""``/mapi/services/erasureCoding``: topologies, the links they are made of, their tenants (2.12)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from .estate import Topology, TopologyLink
from .formats import Tree
from .kinds import BOOLEAN, IF_SET, SHOWN_ONLY, TEXT, BadValue, Kind, choice, integer, listed, text
from .links import ACTIVE_ACTIVE, LinkState, ReplicationLink
from .model import System, find, rename
from .properties import ALL, NOBODY, Property, Table, shown_only
from .replies import Refusal
from .resource import WRITERS, Ask, Method, Route, named

SINCE = (8, 0)
"""the first release with these resources (2.12)"""

SYSTEMS = range(3, 7)
MAX_TENANTS = 1000
SIZES = (4096, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576)

BASE = 'services/erasureCoding'
FULLY_CONNECTED = 'FULLY_CONNECTED'

_SIZE = integer(SIZES[0], SIZES[-1])


def _size(value: Any) -> int:
    found: int = _SIZE.read(value)
    if found not in SIZES:
        raise BadValue(f'one of {SIZES} is required')
    return found


_SYSTEMS = listed('name', TEXT)


def _wanted(value: Any) -> dict[str, Any]:
    """What a body says of a link: a name or a UUID and, if need be, ``hcpSystems``."""
    if not isinstance(value, Mapping) or not {'uuid', 'name'} & set(value):
        raise BadValue('a replicationLink has a name, or a uuid')
    return {**value, 'hcpSystems': _SYSTEMS.read(value.get('hcpSystems'))}


_LINKS = listed('replicationLink', Kind(_wanted))

TOPOLOGY = Table(
    'ecTopology',
    Property('description', IF_SET, 'description'),
    shown_only('erasureCodedObjects', SHOWN_ONLY, 'objects', verbose=ALL),
    Property('erasureCodingDelay', integer(0, 3650), 'delay'),
    Property('fullCopy', BOOLEAN, 'full_copy'),
    shown_only('hcpSystems', SHOWN_ONLY, get=ALL),
    shown_only('id', SHOWN_ONLY, 'id', verbose=ALL),
    Property('minimumObjectSize', Kind(_size), 'minimum_size'),
    Property('name', text(64, least=1), 'name', required=True),
    shown_only('protectionStatus', SHOWN_ONLY, get=ALL),
    shown_only('readStatus', SHOWN_ONLY, get=ALL),
    Property('replicationLinks', Kind(_LINKS.read), post=NOBODY, required=True),
    Property('restorePeriod', integer(0, 180), 'restore_period'),
    shown_only('state', SHOWN_ONLY, 'state', get=ALL),
    shown_only('tenants', SHOWN_ONLY, get=ALL),
    Property('type', choice('RING', FULLY_CONNECTED), 'type', post=NOBODY, required=True),
)


def get_topologies(ask: Ask) -> Tree:
    """The names of all topologies."""
    return {'name': [one.name for one in ask.system.topologies.values()]}


def put_topology(ask: Ask) -> None:
    """Create a topology.

    :raises Refusal: 400, 403, 409
    """
    values = TOPOLOGY.read(ask, creating=True)
    links = [_chosen(ask.system, one) for one in values.pop('replicationLinks')]
    _check_shape(values['type'], links)
    _check_free(ask.system, values['name'])
    topology = Topology(values['name'], values['type'], links)
    TOPOLOGY.apply(topology, values)
    ask.system.topologies[topology.name] = topology


def _check_free(system: System, name: str) -> None:
    if find(system.topologies, name) is not None:
        raise Refusal(409, f'there is a topology {name}')


def candidates(system: System) -> list[TopologyLink]:
    """The active/active links of this system, and those between other systems that it knows of."""
    own = [
        TopologyLink(link.name, (system.domain, _other(link)), link.id or link.name)
        for link in system.links.values()
        if link.type == ACTIVE_ACTIVE
    ]
    return own + system.topology_links


def _other(link: ReplicationLink) -> str:
    """The system at the other end, as far as it is known by name."""
    host = link.remote_host
    for prefix in ('replication.', 'admin.'):
        host = host[len(prefix) :] if host.startswith(prefix) else host
    return host


def _chosen(system: System, wanted: Mapping[str, Any]) -> TopologyLink:
    """The link that a body names.

    :raises Refusal: 400 if there is none, or more than one
    """
    found = [link for link in candidates(system) if _fits(link, wanted)]
    if len(found) != 1:
        raise Refusal(400, f'{len(found)} links are {wanted.get("name", wanted.get("uuid"))}')
    return found[0]


def _fits(link: TopologyLink, wanted: Mapping[str, Any]) -> bool:
    return (
        wanted.get('uuid', link.uuid) == link.uuid
        and str(wanted.get('name', link.name)).lower() == link.name.lower()
        and set(wanted['hcpSystems']) in (set(), set(link.systems))
    )


def _check_shape(kind: str, links: list[TopologyLink]) -> None:
    """See to that the links make a ring, or join everybody with everybody.

    :raises Refusal: 400
    """
    pairs = [frozenset(link.systems) for link in links]
    systems = frozenset().union(*pairs)
    if len(systems) not in SYSTEMS or len(set(pairs)) != len(pairs):
        raise Refusal(400, 'a topology has 3 to 6 systems, and one link between any two of them')
    count = len(systems)
    if kind == FULLY_CONNECTED:
        fits = len(pairs) == count * (count - 1) // 2
    else:
        ends = [system for pair in pairs for system in pair]
        twice = all(ends.count(system) == 2 for system in systems)
        fits = count > SYSTEMS[0] and twice and len(_around(pairs)) == count
    if not fits:
        raise Refusal(400, f'these links do not make a topology of type {kind}')


def _around(pairs: list[frozenset[str]]) -> set[str]:
    """The systems met on a way that never uses a link twice."""
    left, (here, *_) = list(pairs), sorted(pairs[0])
    met = {here}
    while True:
        ways = [pair for pair in left if here in pair]
        if not ways:
            return met
        left.remove(ways[0])
        (here,) = ways[0] - {here}
        met.add(here)


def _topology(ask: Ask) -> Topology:
    return named(ask.system.topologies, ask.names['topology'])


def get_topology(ask: Ask) -> Tree:
    """The details of a topology."""
    topology, verbose = _topology(ask), ask.true('verbose')
    topology.poll()
    computed = {
        'hcpSystems': {'name': topology.systems},
        'tenants': {'name': list(topology.tenants)},
        'replicationLinks': {'replicationLink': [_link(ask.system, one, verbose) for one in topology.links]},
        'protectionStatus': _health(ask.system, topology, retiring='RETIRING'),
        'readStatus': _health(ask.system, topology, retiring='HEALTHY'),
    }
    return TOPOLOGY.show(ask, topology, computed)


def _health(system: System, topology: Topology, *, retiring: str) -> str:
    """How many links may fail is a rule of thumb [inferred]; ``readStatus`` is never RETIRING (2.12)."""
    if topology.state != 'ACTIVE':
        return 'RETIRED' if topology.state == 'RETIRED' else retiring
    broken = sum(_state(system, link) != 'HEALTHY' for link in topology.links)
    return ('HEALTHY', 'VULNERABLE', 'BROKEN')[min(broken, 2)]


def _state(system: System, link: TopologyLink) -> str:
    """Links between other systems are taken for healthy [inferred]."""
    own = find(system.links, link.name) if system.domain in link.systems else None
    return 'HEALTHY' if own is None or own.state is LinkState.REPLICATING else 'NOT_REPLICATING'


def _link(system: System, link: TopologyLink, verbose: bool) -> Tree:
    tree: dict[str, Any] = {'hcpSystems': {'name': list(link.systems)}, 'name': link.name}
    if verbose:
        tree.update(pausedTenantsCount=_paused(system, link), state=_state(system, link), uuid=link.uuid)
    return tree


def _paused(system: System, link: TopologyLink) -> int:
    own = find(system.links, link.name) if system.domain in link.systems else None
    return len(own.paused) if own else 0


def post_topology(ask: Ask) -> None:
    """Change a topology, or give it up; that takes no body, or an empty one (1.7)."""
    topology = _topology(ask)
    if ask.flagged('retire'):
        if topology.state != 'ACTIVE':  # [inferred]
            raise Refusal(403, f'the topology is {topology.state}')
        topology.retire()
        return
    values = TOPOLOGY.read(ask)
    if values.get('name', topology.name).lower() != topology.name.lower():
        _check_free(ask.system, values['name'])
    rename(ask.system.topologies, topology, values.get('name', topology.name))
    TOPOLOGY.apply(topology, values)


def delete_topology(ask: Ask) -> None:
    """Remove a topology that is retired, or by force one that is just being retired.

    :raises Refusal: 403, which is [inferred]
    """
    topology = _topology(ask)
    wanted = 'RETIRING' if ask.true('force') else 'RETIRED'
    if topology.state != wanted or topology.objects:
        raise Refusal(
            403, f'the topology is {topology.state} and has {topology.objects} erasure-coded objects'
        )
    del ask.system.topologies[topology.name]


def get_tenants(ask: Ask) -> Tree:
    """The names of a topology's tenants."""
    return {'name': list(_topology(ask).tenants)}


def _member(ask: Ask) -> str:
    """The name of a tenant of the topology."""
    return named({name: name for name in _topology(ask).tenants}, ask.names['member'])


def put_tenant(ask: Ask) -> None:
    """Add a tenant.

    :raises Refusal: 404 if the system has none of the name; 409 if it is there; 403
    """
    topology, tenant = _active(ask), named(ask.system.tenants, ask.names['member'])
    if tenant.name in topology.tenants:
        raise Refusal(409, 'the tenant is in this topology')
    if tenant.name in _taken(ask.system) or len(topology.tenants) >= MAX_TENANTS:  # [inferred]
        raise Refusal(403, 'the tenant is in another topology, or there are too many')
    topology.tenants.append(tenant.name)


def delete_tenant(ask: Ask) -> None:
    """Take a tenant out."""
    _active(ask).tenants.remove(_member(ask))


def _active(ask: Ask) -> Topology:
    topology = _topology(ask)
    if topology.state != 'ACTIVE':
        raise Refusal(403, f'the topology is {topology.state}')
    return topology


def _taken(system: System) -> set[str]:
    return {name for topology in system.topologies.values() for name in topology.tenants}


def get_tenant_candidates(ask: Ask) -> Tree:
    """The tenants that are in no topology [inferred]."""
    return _candidates(ask, set(ask.system.tenants) - _taken(ask.system))


def get_conflicting(ask: Ask) -> Tree:
    """The tenants that are in another topology [inferred]."""
    return _candidates(ask, _taken(ask.system) - set(_topology(ask).tenants))


def _candidates(ask: Ask, names: set[str]) -> Tree:
    return {'tenantCandidate': [_candidate(ask, name) for name in sorted(names)]}


def _candidate(ask: Ask, name: str) -> Tree:
    if not ask.true('verbose'):
        return {'name': name}
    systems = {ask.system.domain, *(_other(one) for one in ask.system.links.values() if name in one.tenants)}
    number = uuid.uuid5(uuid.NAMESPACE_DNS, f'{name}.{ask.system.domain}')
    return {'hcpSystems': {'name': sorted(systems)}, 'name': name, 'uuid': str(number)}


def get_link_candidates(ask: Ask) -> Tree:
    """The links of which a topology can be made."""
    verbose = ask.true('verbose')
    return {'replicationLink': [_link(ask.system, one, verbose) for one in candidates(ask.system)]}


_LIST: Mapping[str, Method] = {'GET': Method(get_topologies), 'PUT': Method(put_topology, WRITERS)}
_ONE: Mapping[str, Method] = {
    'GET': Method(get_topology),
    'POST': Method(post_topology, WRITERS),
    'DELETE': Method(delete_topology, WRITERS),
}
_TENANT: Mapping[str, Method] = {
    'PUT': Method(put_tenant, WRITERS),
    'DELETE': Method(delete_tenant, WRITERS),
}
_ITEM = f'{BASE}/ecTopologies/{{topology}}'

ROUTES = [
    Route(f'{BASE}/ecTopologies', 'ecTopologies', _LIST, since=SINCE),
    Route(_ITEM, 'ecTopology', _ONE, _topology, since=SINCE),
    Route(f'{_ITEM}/tenants', 'tenants', {'GET': Method(get_tenants)}, _topology, since=SINCE),
    Route(f'{_ITEM}/tenants/{{member}}', 'tenant', _TENANT, _topology, since=SINCE),
    Route(
        f'{_ITEM}/tenantCandidates',
        'tenantCandidates',
        {'GET': Method(get_tenant_candidates)},
        _topology,
        since=SINCE,
    ),
    Route(
        f'{_ITEM}/tenantConflictingCandidates',
        'tenantCandidates',
        {'GET': Method(get_conflicting)},
        _topology,
        since=SINCE,
    ),
    Route(f'{BASE}/linkCandidates', 'replicationLinks', {'GET': Method(get_link_candidates)}, since=SINCE),
]
