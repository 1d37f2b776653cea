"""The management API: erasure-coding topologies."""

from __future__ import annotations

import pytest

from hcpsdk.mock import LinkState, Tenant, User
from hcpsdk.mock.estate import TopologyLink
from hcpsdk.mock.links import ReplicationLink

BASE = 'services/erasureCoding'
TOPOLOGIES = f'{BASE}/ecTopologies'
ONE = f'{TOPOLOGIES}/t'

A, B, C, D = (f'hcp{n}.example.com' for n in range(1, 5))


@pytest.fixture
def ring(manager):
    """The administrator of one of four systems, all of which have links to all others."""
    system = manager.hcp.system
    system.links = {
        name: ReplicationLink(name, id=f'id of {name}', remote_host=f'replication.admin.{other}')
        for name, other in (('ab', B), ('ac', C), ('ad', D))
    }
    system.topology_links = [
        TopologyLink('bc', (B, C)),
        TopologyLink('bd', (B, D)),
        TopologyLink('cd', (C, D)),
    ]
    return manager


def links(*names: str) -> dict[str, object]:
    return {'replicationLink': [{'name': name} for name in names]}


def topology(kind: str = 'RING', *names: str, **more: object) -> dict[str, object]:
    return {
        'name': 't',
        'type': kind,
        'replicationLinks': links(*(names or ('ab', 'bc', 'cd', 'ad'))),
        **more,
    }


def test_a_topology_is_made(ring) -> None:
    """A program that sets up erasure coding would find nothing of what it ordered."""
    assert ring.does('PUT', TOPOLOGIES, topology('ring', erasureCodingDelay=30, fullCopy='true')) == 200
    assert ring.get(TOPOLOGIES) == {'name': ['t']}
    assert ring('HEAD', f'{TOPOLOGIES}/T').status == 200
    shown = ring.get(f'{TOPOLOGIES}/T')
    assert [link['name'] for link in shown.pop('replicationLinks')['replicationLink']] == [
        'ab',
        'bc',
        'cd',
        'ad',
    ]
    assert shown == {
        'erasureCodingDelay': 30,
        'fullCopy': True,
        'hcpSystems': {'name': [A, B, C, D]},
        'minimumObjectSize': 4096,
        'name': 't',
        'protectionStatus': 'HEALTHY',
        'readStatus': 'HEALTHY',
        'restorePeriod': 0,
        'state': 'ACTIVE',
        'tenants': {'name': []},
        'type': 'RING',
    }
    verbose = ring.get(f'{ONE}?verbose=true')
    assert (len(verbose['id']), verbose['erasureCodedObjects']) == (36, 0)
    assert verbose['replicationLinks']['replicationLink'][0] == {
        'hcpSystems': {'name': [A, B]},
        'name': 'ab',
        'pausedTenantsCount': 0,
        'state': 'HEALTHY',
        'uuid': 'id of ab',
    }


def test_in_xml(ring) -> None:
    """The vendor's own sample would be refused."""
    body = (
        b'<ecTopology><name>t</name><type>FULLY_CONNECTED</type><replicationLinks><replicationLink>'
        b'<uuid>id of ab</uuid></replicationLink><replicationLink><name>AC</name>'
        b'<hcpSystems><name>hcp1.example.com</name><name>hcp3.example.com</name></hcpSystems>'
        b'</replicationLink><replicationLink><name>bc</name>'
        b'</replicationLink></replicationLinks></ecTopology>'
    )
    assert ring('PUT', TOPOLOGIES, body, Content_Type='application/xml').status == 200
    shown = ring('GET', ONE, Accept='application/xml').body
    assert b'<hcpSystems><name>hcp1.example.com</name><name>hcp2.example.com</name>' in shown


@pytest.mark.parametrize(
    ('body', 'status'),
    [
        (topology('RING', 'ab', 'bc', 'ac'), 400),
        (topology('FULLY_CONNECTED', 'ab', 'bc', 'ac'), 200),
        (topology('FULLY_CONNECTED', 'ab', 'bc', 'ac', 'cd'), 400),
        (topology(replicationLinks={'replicationLink': [{'name': 'ab', 'hcpSystems': 3}]}), 400),
        (topology('FULLY_CONNECTED', 'ab', 'bc', 'ac', 'ad', 'bd', 'cd'), 200),
        (topology('RING', 'ab', 'bc', 'ac', 'ad'), 400),
        (topology('RING', 'ab', 'cd'), 400),
        (topology('RING', 'ab'), 400),
        (topology('RING', 'ab', 'ab', 'bc', 'cd', 'ad'), 400),
        (topology('RING', 'ab', 'bc', 'cd', 'none'), 400),
        (topology('LINE'), 400),
        (topology(minimumObjectSize=5000), 400),
        (topology(minimumObjectSize='1048576'), 200),
        (topology(erasureCodingDelay=3651), 400),
        (topology(restorePeriod=181), 400),
        (topology(name=''), 400),
        (topology(replicationLinks={'replicationLink': [{'systems': 'a'}]}), 400),
        (topology(replicationLinks='ab'), 400),
        (topology(state='ACTIVE'), 403),
        (topology(colour='red'), 400),
    ],
)
def test_shapes_and_settings(ring, body: object, status: int) -> None:
    """An impossible topology would be made, or a possible one refused."""
    assert ring.does('PUT', TOPOLOGIES, body) == status
    assert len(ring.get(TOPOLOGIES)['name']) == (status == 200)


def test_six_systems_that_make_two_rings(manager) -> None:
    """Two halves that do not know each other would be one topology."""
    pairs = [(f'{x}', f'{y}') for x, y in ('ab', 'bc', 'ca', 'de', 'ef', 'fd')]
    manager.hcp.system.topology_links = [TopologyLink(''.join(pair), pair) for pair in pairs]
    assert manager.does('PUT', TOPOLOGIES, topology('RING', 'ab', 'bc', 'ca', 'de', 'ef', 'fd')) == 400


def test_names_are_unique(ring) -> None:
    """Two topologies could not be told apart."""
    assert ring.does('PUT', TOPOLOGIES, topology()) == 200
    assert ring.does('PUT', TOPOLOGIES, topology(name='T')) == 409
    assert ring.does('PUT', TOPOLOGIES, topology(name='u')) == 200
    assert ring.does('POST', ONE, {'name': 'U'}) == 409


def test_a_topology_is_changed(ring) -> None:
    """What was not to be changed would be lost."""
    assert ring.does('PUT', TOPOLOGIES, topology(restorePeriod=3)) == 200
    assert ring.does('POST', ONE, {'name': 'T2', 'description': 'd'}) == 200
    shown = ring.get(f'{TOPOLOGIES}/t2')
    assert (shown['name'], shown['description'], shown['restorePeriod']) == ('T2', 'd', 3)
    assert ring.does('POST', f'{TOPOLOGIES}/t2', {'type': 'RING'}) == 403
    assert ring.does('POST', f'{TOPOLOGIES}/t2', {'links': 'RING'}) == 400


@pytest.mark.parametrize('body', [None, {}])
def test_the_end_of_a_topology(ring, body: object) -> None:
    """The way out of erasure coding, which cannot be undone, could not be rehearsed."""
    assert ring.does('PUT', TOPOLOGIES, topology()) == 200
    assert ring.does('DELETE', ONE) == 403
    assert ring.does('POST', f'{ONE}?retire', body) == 200
    assert ring.does('POST', f'{ONE}?retire', body) == 403
    assert ring.does('PUT', f'{ONE}/tenants/m') == 403
    shown = ring.get(ONE)
    assert (shown['state'], shown['protectionStatus'], shown['readStatus']) == (
        'RETIRING',
        'RETIRING',
        'HEALTHY',
    )
    assert ring.does('DELETE', ONE) == 403
    shown = ring.get(ONE)
    assert (shown['state'], shown['protectionStatus'], shown['readStatus']) == 3 * ('RETIRED',)
    ring.hcp.system.topologies['t'].objects = 1
    assert ring.does('DELETE', ONE) == 403
    ring.hcp.system.topologies['t'].objects = 0
    assert (ring.does('DELETE', ONE), ring.does('DELETE', ONE)) == (200, 404)


def test_the_end_by_force(ring) -> None:
    """A topology that does not get retired could not be got rid of."""
    assert ring.does('PUT', TOPOLOGIES, topology()) == 200
    assert ring.does('DELETE', f'{ONE}?force=true') == 403
    assert ring.does('POST', f'{ONE}?retire') == 200
    assert ring.does('DELETE', f'{ONE}?force=true') == 200


def test_links_in_trouble(ring) -> None:
    """A monitor would be told that all is well."""
    assert ring.does('PUT', TOPOLOGIES, topology()) == 200
    ring.hcp.system.links['ab'].state = LinkState.SUSPENDED
    assert ring.get(ONE)['protectionStatus'] == 'VULNERABLE'
    ring.hcp.system.links['ad'].state = LinkState.FAILED_OVER
    assert ring.get(ONE)['readStatus'] == 'BROKEN'
    found = ring.get(f'{BASE}/linkCandidates?verbose=true')['replicationLink']
    assert [(one['name'], one['state']) for one in found][:3] == [
        ('ab', 'NOT_REPLICATING'),
        ('ac', 'HEALTHY'),
        ('ad', 'NOT_REPLICATING'),
    ]


def test_tenants(ring) -> None:
    """Which tenants are erasure-coded could be neither seen nor changed."""
    ring.hcp.system.tenants['x'] = Tenant('x')
    for name in 'tu':
        assert ring.does('PUT', TOPOLOGIES, topology(name=name)) == 200
    other = f'{TOPOLOGIES}/u'
    assert ring.get(f'{ONE}/tenantCandidates') == {'tenantCandidate': [{'name': 'm'}, {'name': 'x'}]}
    assert ring.does('PUT', f'{ONE}/tenants/M') == 200
    assert [ring.does('PUT', f'{path}/tenants/m') for path in (ONE, other)] == [409, 403]
    assert ring.does('PUT', f'{ONE}/tenants/none') == 404
    assert ring.get(f'{ONE}/tenants') == {'name': ['m']}
    assert ring.get(f'{other}/tenantConflictingCandidates') == {'tenantCandidate': [{'name': 'm'}]}
    (candidate,) = ring.get(f'{ONE}/tenantCandidates?verbose=true')['tenantCandidate']
    assert (candidate['hcpSystems'], len(candidate['uuid'])) == ({'name': [A]}, 36)
    assert [ring.does('DELETE', f'{ONE}/tenants/m') for _ in range(2)] == [200, 404]


def test_a_tenant_with_another_name(ring) -> None:
    """A link, or a topology, would name a tenant that is no more."""
    link = ring.hcp.system.links['ab']
    link.tenants, link.paused = ['m'], {'m'}
    assert ring.does('PUT', TOPOLOGIES, topology()) == 200
    assert ring.does('PUT', f'{ONE}/tenants/m') == 200
    assert ring.does('POST', 'tenants/m', {'name': 'n'}) == 200
    assert (ring.get(f'{ONE}/tenants'), link.tenants, link.paused) == ({'name': ['n']}, ['n'], {'n'})


def test_link_candidates(ring) -> None:
    """A program could not know of what to make a topology."""
    found = ring.get(f'{BASE}/linkCandidates')['replicationLink']
    assert found[0] == {'hcpSystems': {'name': [A, B]}, 'name': 'ab'}
    assert [one['name'] for one in found] == ['ab', 'ac', 'ad', 'bc', 'bd', 'cd']
    assert (
        b'<replicationLinks><replicationLink>'
        in ring('GET', f'{BASE}/linkCandidates', Accept='application/xml').body
    )


def test_roles_and_releases(ring) -> None:
    """Somebody without the right could retire a topology; an old release would have what it has not."""
    assert ring.does('PUT', TOPOLOGIES, topology()) == 200
    ring.hcp.system.users['service'] = User('service', 'service01', roles=frozenset({'MONITOR'}))
    asked = [
        ('GET', TOPOLOGIES),
        ('GET', f'{ONE}/tenants'),
        ('PUT', TOPOLOGIES),
        ('DELETE', ONE),
        ('POST', ONE),
    ]
    assert [ring.does(*one) for one in asked] == [200, 200, 403, 403, 403]
    ring.hcp.system.software_version = '7.3.0.1'
    assert ring.does('GET', TOPOLOGIES) == 404
