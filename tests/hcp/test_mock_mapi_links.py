"""The management API: replication links are made, changed, filled and taken away."""

from __future__ import annotations

import pytest
import trustme

from hcpsdk.mock import LinkState, MockHCP, Namespace, Tenant, User
from hcpsdk.mock.links import INBOUND, OUTBOUND
from hcpsdk.mock.model import ALL_RIGHTS

SERVICE = 'services/replication'
LINKS = f'{SERVICE}/links'
NEW = {
    'name': 'a to b',
    'type': 'OUTBOUND',
    'connection': {'remoteHost': 'replication.admin.hcp3.example.com'},
}
PATH = f'{LINKS}/a%20to%20b'


@pytest.fixture
def new(manager):
    """Somebody who has just made a link."""
    assert manager.does('PUT', LINKS, NEW) == 200
    return manager


@pytest.fixture
def pair(mock_hcp_pair, manager):
    """The administrators of two mocks that replicate, and the link."""
    for hcp in mock_hcp_pair:
        hcp.system.software_version = '9.7.0.1'
    replication = mock_hcp_pair[0].replicate_to(mock_hcp_pair[1], name='p')
    return [type(manager)(hcp) for hcp in mock_hcp_pair] + [replication]


def test_a_link_is_made(new) -> None:
    """A program that sets up replication would find nothing of what it ordered."""
    assert new.get(LINKS) == {'name': ['hcp1-a-a-hcp2', 'a to b']}
    link = new.get(f'{PATH}?verbose=true')
    assert (link['connection'], link['failoverSettings'], link['statusMessage']) == (
        {'localPort': 5748, 'remoteHost': 'replication.admin.hcp3.example.com', 'remotePort': 5748},
        {
            'remote': {
                'autoFailover': False,
                'autoFailoverMinutes': 120,
                'autoCompleteRecovery': False,
                'autoCompleteRecoveryMinutes': 120,
            }
        },
        'Sending data',
    )
    assert len(link['id']) == 36
    assert new.get(f'{PATH}/content/tenants') == {'name': []}


def test_all_settings_in_xml(manager) -> None:
    """The vendor's own sample would be refused, or half understood."""
    body = (
        b'<link><name>x</name><type>active_active</type><description>d</description><priority>fair</priority>'
        b'<compression>true</compression><encryption>1</encryption><connection><remoteHost>10.0.0.1, 10.0.0.2'
        b'</remoteHost><remotePort>1</remotePort><localHost>h</localHost></connection><failoverSettings><local>'
        b'<autoFailover>true</autoFailover><autoFailoverMinutes>7</autoFailoverMinutes></local><remote/>'
        b'</failoverSettings></link>'
    )
    assert manager('PUT', LINKS, body, Content_Type='application/xml').status == 200
    link = manager.get(f'{LINKS}/X')
    assert (link['type'], link['priority'], link['compression'], link['encryption']) == (
        'ACTIVE_ACTIVE',
        'FAIR',
        True,
        True,
    )
    assert link['failoverSettings'] == {
        'local': {'autoFailover': True, 'autoFailoverMinutes': 7},
        'remote': {'autoFailover': False, 'autoFailoverMinutes': 120},
    }
    assert (link['connection']['localHost'], link['connection']['remotePort']) == ('h', 1)


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in NEW.items() if key != name}


@pytest.mark.parametrize(
    ('body', 'status'),
    [
        (without('name'), 400),
        (without('type'), 400),
        (without('connection'), 400),
        ({**NEW, 'connection': {'remotePort': 1}}, 400),
        ({**NEW, 'connection': 'x'}, 400),
        ({**NEW, 'connection': {'remoteHost': 'x', 'port': 1}}, 400),
        ({**NEW, 'name': 65 * 'n'}, 400),
        ({**NEW, 'type': 'PASSIVE'}, 400),
        ({**NEW, 'priority': 'LAST'}, 400),
        ({**NEW, 'description': 1025 * 'd'}, 400),
        ({**NEW, 'failoverSettings': {'local': {}}}, 400),
        ({**NEW, 'failoverSettings': {'remote': {'autoFailoverMinutes': 6}}}, 400),
        (
            {**NEW, 'type': 'ACTIVE_ACTIVE', 'failoverSettings': {'local': {'autoCompleteRecovery': True}}},
            400,
        ),
        ({**NEW, 'colour': 'red'}, 400),
        ({**NEW, 'status': 'GOOD'}, 403),
        ({**NEW, 'name': 'HCP1-A-A-HCP2'}, 409),
    ],
)
def test_what_is_no_link(manager, body: object, status: int) -> None:
    """A slip would make a link that replicates nothing."""
    assert manager.does('PUT', LINKS, body) == status
    assert len(manager.get(LINKS)['name']) == 1


def test_a_link_is_changed(new) -> None:
    """What was not to be changed would be lost, or a removed text stay."""
    assert (
        new.does('POST', PATH, {'description': 'd', 'failoverSettings': {'remote': {'autoFailover': 't'}}})
        == 200
    )
    changes = {'name': 'B', 'description': '', 'connection': {'localHost': '10.0.0.1'}}
    assert new.does('POST', PATH, changes) == 200
    link = new.get(f'{LINKS}/b')
    assert 'description' not in link
    assert link['connection']['remoteHost'] == 'replication.admin.hcp3.example.com'
    assert link['failoverSettings']['remote']['autoFailover'] is True
    assert new.does('GET', PATH) == 404


@pytest.mark.parametrize(
    ('body', 'status'),
    [
        ({'name': 'hcp1-a-a-hcp2'}, 409),
        ({'type': 'INBOUND'}, 400),
        ({'connection': {'remoteHost': ''}}, 400),
        ({'id': 'x'}, 403),
        ({}, 200),
    ],
)
def test_changes_that_are_refused(new, body: object, status: int) -> None:
    """An impossible change would look done."""
    before = new.get(f'{PATH}?verbose=true')
    assert new.does('POST', PATH, body) == status
    assert new.get(f'{PATH}?verbose=true') == before


def test_a_link_becomes_active_active(new) -> None:
    """A program that forgets to resume a converted link would not be found out."""
    assert new.does('POST', PATH, {'type': 'ACTIVE_ACTIVE'}) == 200
    link = new.get(f'{PATH}?verbose=true')
    assert (link['type'], link['suspended'], list(link['failoverSettings'])) == (
        'ACTIVE_ACTIVE',
        True,
        ['local', 'remote'],
    )
    assert new.does('POST', f'{PATH}?resume') == 200
    assert new.does('POST', PATH, {'type': 'OUTBOUND'}) == 400
    new.hcp.system.links['a to b'].type = OUTBOUND
    new.hcp.system.links['a to b'].state = LinkState.FAILED_OVER
    assert new.does('POST', PATH, {'type': 'ACTIVE_ACTIVE'}) == 403


def test_a_link_is_taken_away_while_suspended(new) -> None:
    """A link at work could be deleted by a slip."""
    assert new.does('DELETE', PATH) == 403
    assert new.does('POST', f'{PATH}?suspend') == 200
    assert (new.does('DELETE', PATH), new.does('DELETE', PATH)) == (200, 404)


def test_content(new) -> None:
    """Which tenants a link has could be neither seen nor changed."""
    content, tenant = f'{PATH}/content', f'{PATH}/content/tenants/M'
    assert new.get(content) == {'chainedLinks': {'name': []}, 'tenants': {'name': []}}
    assert new.get(f'{PATH}/localCandidates/tenants') == {'name': ['m']}
    assert new.does('PUT', tenant) == 200
    assert new.does('PUT', tenant) == 409
    assert new.does('PUT', f'{content}/tenants/none') == 404
    assert new.get(f'{content}/tenants') == {'name': ['m']}
    assert new.get(f'{PATH}/localCandidates') == {'chainedLinks': {'name': []}, 'tenants': {'name': []}}
    assert new('GET', content, Accept='application/xml').body.endswith(
        b'<content><chainedLinks/><tenants><name>m</name></tenants></content>'
    )
    assert (new.does('DELETE', tenant), new.does('DELETE', tenant)) == (200, 404)
    new.hcp.system.links['hcp1-a-a-hcp2'].remote_host = NEW['connection']['remoteHost']
    assert new.does('PUT', tenant) == 403


def test_a_tenant_is_paused(new) -> None:
    """A tenant that is paused would look as if it replicated."""
    tenant = f'{PATH}/content/tenants/m'
    assert new.does('PUT', tenant) == 200
    assert new.does('POST', f'{tenant}?pause') == 200
    shown = new.get(tenant)
    assert (shown['status'], shown['objectsPending'], shown['bytesPendingRemote']) == ('PAUSED', 0, 0)
    assert abs(shown['upToDateAsOfMillis'] / 1000 - new.hcp._application.clock()) < 60
    assert new.does('POST', f'{tenant}?resume=') == 200
    assert new.get(tenant)['status'] == 'REPLICATING'
    assert new.does('POST', tenant) == 400
    assert new.does('GET', f'{PATH}/content/tenants/none') == 404


def test_chained_links(new) -> None:
    """A chain of systems could not be set up."""
    chain = f'{PATH}/content/chainedLinks'
    assert new.does('PUT', f'{chain}/in') == 404
    assert new.does('PUT', LINKS, {**NEW, 'name': 'in', 'type': INBOUND}) == 200
    assert new.get(f'{PATH}/localCandidates/chainedLinks') == {'name': ['in']}
    assert (new.does('PUT', f'{chain}/IN'), new.does('PUT', f'{chain}/in')) == (200, 409)
    assert new.get(chain) == {'name': ['in']}
    assert new.get(f'{PATH}/localCandidates/chainedLinks') == {'name': []}
    assert (new.does('DELETE', f'{chain}/in'), new.does('DELETE', f'{chain}/in')) == (200, 404)
    active = f'{LINKS}/hcp1-a-a-hcp2'
    assert new.does('GET', f'{active}/content/chainedLinks') == 404
    assert new.get(f'{active}/content') == {'tenants': {'name': ['m']}}


def test_directories_need_the_default_tenant(new) -> None:
    """A program would look for a default namespace where there is none."""
    directories = f'{PATH}/content/defaultNamespaceDirectories'
    assert (new.does('GET', directories), new.does('PUT', f'{directories}/d')) == (404, 404)
    new.hcp.system.tenants['Default'] = Tenant('Default')
    assert (new.does('PUT', f'{directories}/d'), new.does('PUT', f'{directories}/d')) == (200, 409)
    assert new.get(directories) == {'name': ['d']}
    assert list(new.get(f'{PATH}/content')) == ['chainedLinks', 'defaultNamespaceDirectories', 'tenants']
    assert (new.does('DELETE', f'{directories}/d'), new.does('DELETE', f'{directories}/d')) == (200, 404)


def test_content_is_fixed_while_all_links_are_shut_down(new) -> None:
    """A program would not be told that it has to wait."""
    assert new.does('POST', f'{SERVICE}?shutDownAllLinks=work') == 200
    assert new.does('PUT', f'{PATH}/content/tenants/m') == 403
    assert new.does('POST', f'{SERVICE}?reestablishAllLinks') == 200
    assert new.does('PUT', f'{PATH}/content/tenants/m') == 200


def test_schedule(new) -> None:
    """When a link sends could be neither seen nor set."""
    path = f'{PATH}/schedule'
    local = new.get(path)['local']
    assert local == {
        'scheduleOverride': 'NONE',
        'transition': [{'time': 'Sun:00', 'performanceLevel': 'MEDIUM'}],
    }
    one = b'<transition><time>Tue:18</time><performanceLevel>off</performanceLevel></transition>'
    body = b'<schedule><local>%b</local></schedule>' % one
    assert new('POST', path, body, Content_Type='application/xml').status == 200
    assert new.does('POST', path, {'local': {'scheduleOverride': 'low'}}) == 200
    for nothing, form in ((b'{"local": {}}', 'json'), (b'<schedule><local/></schedule>', 'xml')):
        assert new('POST', path, nothing, Content_Type=f'application/{form}').status == 200
    assert new.get(path) == {
        'local': {'scheduleOverride': 'LOW', 'transition': [{'time': 'Tue:18', 'performanceLevel': 'OFF'}]}
    }


@pytest.mark.parametrize(
    'side',
    [
        {'scheduleOverride': 'OFF'},
        {'transition': [{'time': 'tue:18', 'performanceLevel': 'LOW'}]},
        {'transition': [{'time': 'Tue:24', 'performanceLevel': 'LOW'}]},
        {'transition': [{'time': 'Tue:18'}]},
        {'transition': 2 * [{'time': 'Tue:18', 'performanceLevel': 'LOW'}]},
        {'transition': ['Tue:18']},
        {'time': 'Tue:18'},
        'x',
    ],
)
def test_bad_schedules(new, side: object) -> None:
    """A slip would stop replication for a week."""
    assert new.does('POST', f'{PATH}/schedule', {'local': side}) == 400
    assert new.does('POST', f'{PATH}/schedule', {'remote': {}}) == 400


def test_certificates(manager, authority: trustme.CA) -> None:
    """Two systems could not be introduced to each other."""
    path = f'{SERVICE}/certificates'
    pem = authority.issue_cert('replication.hcp3.example.com').cert_chain_pems[0].bytes()
    assert manager('PUT', path, pem, Content_Type='text/plain').status == 200
    assert manager('PUT', path, pem, Content_Type='application/xml').status == 409
    assert manager('PUT', path, b'pem', Content_Type='text/plain').status == 400
    own, other = manager.get(path)['certificate']
    assert (own['id'], own['subjectDN'], own['validOn'], own['expiresOn']) == (
        'server',
        'O=Mock HCP, CN=*.hcp.example.com',
        '2014-12-01T01:00:00+0100',
        '2049-12-01T01:00:00+0100',
    )
    assert other['subjectDN'].startswith('O=trustme')
    assert manager('GET', f'{path}/{other["id"]}', Accept='text/plain').body == pem
    mine = manager('GET', f'{path}/server', Accept='*/*')
    assert mine.headers['Content-Disposition'] == 'attachment; filename=server_certificate.txt'
    assert mine.body.startswith(b'-----BEGIN CERTIFICATE-----\n')
    assert manager.does('DELETE', f'{path}/server') == 403
    assert [manager.does('DELETE', f'{path}/{other["id"]}') for _ in range(2)] == [200, 404]
    manager.hcp.system.users['service'].roles = frozenset({'MONITOR'})
    assert [manager('GET', f'{path}/server').status, manager('GET', path).status] == [403, 200]


def test_settings_of_newer_releases(manager) -> None:
    """A client of 9.x would miss what is there since 8.0, one of 7.x see what is not."""
    assert manager.does('POST', SERVICE, {'verification': 'once', 'connectivityTimeoutSeconds': '5'}) == 200
    shown = manager.get(SERVICE)
    assert (shown['verification'], shown['connectivityTimeoutSeconds']) == ('ONCE', 5)
    for bad in ({'verification': 'YES'}, {'connectivityTimeoutSeconds': -1}, {'network': '[HCP_backend]'}):
        assert manager.does('POST', SERVICE, bad) == 400
    link = manager.get(f'{LINKS}/hcp1-a-a-hcp2?verbose=true')
    assert link['statistics']['objectsVerified'] == 0
    manager.hcp.system.software_version = '7.2.0.0'
    assert len(manager.get(SERVICE)) == 4
    assert manager.does('POST', SERVICE, {'verification': 'ON'}) == 400


def test_roles(new) -> None:
    """Somebody without the right could take a link away."""
    new.hcp.system.users['service'] = User('service', 'service01', roles=frozenset({'MONITOR'}))
    content = f'{PATH}/content/tenants'
    asked = [('GET', PATH), ('GET', content), ('PUT', LINKS), ('DELETE', PATH), ('PUT', f'{content}/m')]
    assert [new.does(*one) for one in asked] == [200, 200, 403, 403, 403]


def test_a_pair_shows_its_settings_on_both_sides(pair) -> None:
    """A program that looks at the other system would see what was before."""
    one, other, replication = pair
    settings = {'remote': {'autoFailover': True, 'autoFailoverMinutes': 9}}
    assert (
        one.does('POST', f'{LINKS}/p', {'name': 'q', 'failoverSettings': settings, 'priority': 'FAIR'}) == 200
    )
    assert one.does('POST', f'{LINKS}/q/schedule', {'remote': {'scheduleOverride': 'HIGH'}}) == 200
    seen = other.get(f'{LINKS}/q')
    assert (seen['failoverSettings']['local'], seen['priority']) == (settings['remote'], 'FAIR')
    assert other.get(f'{LINKS}/q/schedule')['local']['scheduleOverride'] == 'HIGH'
    assert other.get(LINKS) == {'name': ['q']}
    assert replication.name == 'q'


def test_a_pair_becomes_active_active(mock_hcp_pair, manager, at) -> None:
    """The other system would stay a replica, which takes no writes."""
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2, 'ACTIVE_PASSIVE', name='p')
    assert at(hcp2).put('a') == 403
    one, other = type(manager)(hcp1), type(manager)(hcp2)
    assert one.does('POST', f'{LINKS}/p', {'type': 'ACTIVE_ACTIVE'}) == 200
    shown = other.get(f'{LINKS}/p?verbose=true')
    assert (shown['type'], shown['suspended'], at(hcp2).put('a')) == ('ACTIVE_ACTIVE', True, 201)
    assert at(hcp1).get('a') is None
    assert other.does('POST', f'{LINKS}/p?resume') == 200
    assert at(hcp1).get('a') == b'x'


def test_a_pair_ends(pair, at) -> None:
    """After the end of a link changes would still travel, or the tenant be read-only."""
    one, other, replication = pair
    assert at(one.hcp).put('before') == 201
    assert one.does('POST', f'{LINKS}/p?suspend') == 200
    assert at(one.hcp).put('after') == 201
    assert other.does('DELETE', f'{LINKS}/p') == 200
    assert (one.get(LINKS), other.get(LINKS)) == ({'name': []}, {'name': []})
    assert (at(other.hcp).get('before'), at(other.hcp).get('after')) == (b'x', None)
    assert (at(other.hcp).put('b'), at(one.hcp).get('b')) == (201, None)
    again = one.hcp.replicate_to(other.hcp)
    assert (at(one.hcp).get('b'), at(other.hcp).get('after')) == (b'x', b'x')
    assert again.pending(one.hcp) == 0


def second_tenant(hcp: MockHCP) -> None:
    user = User('n', 'n01', {'n1': ALL_RIGHTS})
    hcp.system.tenants['t'] = Tenant('t', {'n1': Namespace('n1')}, {'n': user})


def put(dial, hcp: MockHCP, name: str) -> int:
    """Into the second tenant."""
    client = dial(hcp.port, hcp.addresses[0])
    return client.ask('PUT', f'/rest/{name}', b'x', Host=f'n1.t.{hcp.domain}').status


def get(dial, hcp: MockHCP, name: str) -> int:
    client = dial(hcp.port, hcp.addresses[0])
    return client.ask('GET', f'/rest/{name}', Host=f'n1.t.{hcp.domain}').status


def test_a_tenant_joins_and_leaves_a_pair(pair, dial) -> None:
    """Adding a tenant to a link would have no effect, or no end."""
    one, other, _ = pair
    second_tenant(one.hcp)
    assert put(dial, one.hcp, 'before') == 201
    assert other.get(f'{LINKS}/p/remoteCandidates/tenants') == {'name': ['t']}
    tenant = f'{LINKS}/p/content/tenants/t'
    assert one.does('PUT', tenant) == 200
    assert [get(dial, hcp, 'before') for hcp in (one.hcp, other.hcp)] == [200, 200]
    assert other.get(f'{LINKS}/p/content/tenants') == {'name': ['m', 't']}
    assert other.does('DELETE', tenant) == 200
    assert put(dial, one.hcp, 'after') == 201
    assert get(dial, other.hcp, 'after') == 404


def test_a_tenant_of_a_pair_is_paused(pair, at, dial) -> None:
    """What is paused would travel, or keep other tenants from travelling."""
    one, other, replication = pair
    second_tenant(one.hcp)
    assert one.does('PUT', f'{LINKS}/p/content/tenants/t') == 200
    tenant = f'{LINKS}/p/content/tenants/m'
    assert other.does('POST', f'{tenant}?pause') == 200
    at(one.hcp).put('a', b'1234')
    assert put(dial, one.hcp, 'b') == 201
    assert (at(other.hcp).get('a'), get(dial, other.hcp, 'b')) == (None, 200)
    shown, there = one.get(tenant), other.get(tenant)
    assert (shown['status'], shown['objectsPending'], shown['bytesPending']) == ('PAUSED', 1, 4)
    assert (there['status'], there['objectsPending'], there['objectsPendingRemote']) == ('PAUSED', 0, 1)
    assert (at(one.hcp).head('a')['x-hcp-replicated'], replication.pending(one.hcp)) == ('false', 1)
    assert one.does('POST', f'{tenant}?resume') == 200
    assert (at(other.hcp).get('a'), at(one.hcp).head('a')['x-hcp-replicated']) == (b'1234', 'true')


def test_a_pair_that_cannot_talk(pair) -> None:
    """A program would not be told that the other system has to be asked first."""
    one, other, _ = pair
    second_tenant(one.hcp)
    other.hcp.stop()
    assert one.does('GET', f'{LINKS}/p/remoteCandidates') == 503
    assert one.does('PUT', f'{LINKS}/p/content/tenants/t') == 403


def test_a_tenant_is_in_one_pair_only(pair, mock_hcp_factory) -> None:
    """Changes would travel by the wrong link."""
    one, other, _ = pair
    third = mock_hcp_factory('hcp3.example.com', first=21, port=one.hcp.port)
    second_tenant(one.hcp)
    second_tenant(third)
    one.hcp.replicate_to(third, tenants=['t'], name='third')
    assert one.does('PUT', f'{LINKS}/third/content/tenants/m') == 403
