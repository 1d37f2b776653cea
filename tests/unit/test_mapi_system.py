"""The system as a whole, and its erasure-coding topologies."""

from __future__ import annotations

import json

import pytest

from hcpsdk.mapi import HealthCheck, MapiError, System, Topologies

FQDN = 'n1.m.hcp1.example.com'
LIST = 'services/erasureCoding/ecTopologies'
TOPOLOGIES = f'/mapi/{LIST}'


@pytest.fixture
def system(names, target, network) -> System:
    names[FQDN, 'A'] = ['192.0.2.1']
    return System(target)


@pytest.fixture
def say(network, respond):
    """Scripts an answer in JSON."""

    def said(found: object = None):
        body = b'' if found is None else json.dumps(found).encode()
        return network.answers(respond(body=body, Content_Type='application/json'))

    return said


LICENSE = {'localCapacity': 5, 'serialNumber': '1'}
BASIC = {'downstreamDNSMode': 'BASIC'}
READ = {
    'licenses': (lambda s: s.licenses(), 'storage/licenses', {'license': [LICENSE]}, [LICENSE]),
    'all': (
        lambda s: s.licenses(all=True),
        'storage/licenses?verbose=true',
        {'license': [LICENSE]},
        [LICENSE],
    ),
    'none': (lambda s: s.licenses(), 'storage/licenses', {}, []),
    'nodes': (lambda s: s.nodestatistics(), 'nodes/statistics', {'requestTime': 1}, {'requestTime': 1}),
    'services': (lambda s: s.servicestatistics(), 'services/statistics', {'services': {}}, {'services': {}}),
    'network': (lambda s: s.network(), 'network', BASIC, BASIC),
    'support': (lambda s: s.supportcredentials(), 'supportaccesscredentials', {'type': 'D'}, {'type': 'D'}),
    'topologies': (lambda s: list(s.topologies.list()), LIST, {'name': ['a', 'b']}, ['a', 'b']),
    'topology': (lambda s: s.topologies.read('a/b'), f'{LIST}/a%2Fb?verbose=true', {'id': 1}, {'id': 1}),
    'tenants': (lambda s: s.topologies.tenants('a'), f'{LIST}/a/tenants', {'name': ['m']}, ['m']),
    'free': (
        lambda s: s.topologies.tenantcandidates('a'),
        f'{LIST}/a/tenantCandidates?verbose=true',
        {'tenantCandidate': [{'name': 'm'}]},
        [{'name': 'm'}],
    ),
    'taken': (
        lambda s: s.topologies.tenantcandidates('a', conflicting=True),
        f'{LIST}/a/tenantConflictingCandidates?verbose=true',
        {},
        [],
    ),
    'links': (
        lambda s: s.topologies.linkcandidates(),
        'services/erasureCoding/linkCandidates?verbose=true',
        {'replicationLink': [{'name': 'a-to-b'}]},
        [{'name': 'a-to-b'}],
    ),
}


@pytest.mark.parametrize(('ask', 'path', 'said', 'found'), READ.values(), ids=READ)
def test_what_is_read(system, say, ask, path: str, said: object, found: object) -> None:
    """Or a script would read something else, or from elsewhere."""
    wire = say(said)
    assert ask(system) == found
    assert wire.lines[0] == f'GET /mapi/{path} HTTP/1.1'


MEMBERS = {'replicationLink': [{'name': 'a-to-b'}]}
DONE = {
    'license': (lambda s: s.uploadlicense('key'), 'PUT /mapi/storage/licenses', 'text/html', b'key'),
    'mode': (
        lambda s: s.modifynetwork('ADVANCED'),
        'POST /mapi/network',
        'application/json',
        b'{"downstreamDNSMode": "ADVANCED"}',
    ),
    'key': (
        lambda s: s.uploadsupportcredentials(b'\0key'),
        'PUT /mapi/supportaccesscredentials',
        'application/octet-stream',
        b'\0key',
    ),
    'create': (
        lambda s: s.topologies.create('a', type='RING', replicationLinks=MEMBERS),
        f'PUT {TOPOLOGIES}',
        'application/json',
        json.dumps({'name': 'a', 'type': 'RING', 'replicationLinks': MEMBERS}).encode(),
    ),
    'modify': (
        lambda s: s.topologies.modify('a', restorePeriod=5),
        f'POST {TOPOLOGIES}/a',
        'application/json',
        b'{"restorePeriod": 5}',
    ),
    'retire': (lambda s: s.topologies.retire('a'), f'POST {TOPOLOGIES}/a?retire=', 'application/json', b'{}'),
    'delete': (lambda s: s.topologies.delete('a'), f'DELETE {TOPOLOGIES}/a', None, b''),
    'force': (lambda s: s.topologies.delete('a', force=True), f'DELETE {TOPOLOGIES}/a?force=true', None, b''),
    'add': (lambda s: s.topologies.addtenant('a', 'm'), f'PUT {TOPOLOGIES}/a/tenants/m', None, b''),
    'remove': (lambda s: s.topologies.removetenant('a', 'm'), f'DELETE {TOPOLOGIES}/a/tenants/m', None, b''),
}


@pytest.mark.parametrize(('act', 'line', 'form', 'body'), DONE.values(), ids=DONE)
def test_what_is_done(system, say, act, line: str, form: object, body: bytes) -> None:
    """Or something else would be changed; HCP insists on the type of a body, if there is one."""
    wire = say()
    act(system)
    assert wire.lines[0] == f'{line} HTTP/1.1'
    forms = [value.partition(': ')[2] for value in wire.lines if value.startswith('Content-Type')]
    assert forms == ([form] if form else [])
    assert wire.body == body


BAD = [
    (lambda s: s.uploadlicense(''), ValueError, 'key'),
    (lambda s: s.uploadlicense(None), TypeError, 'key'),
    (lambda s: s.uploadsupportcredentials(b' '), ValueError, 'package'),
    (lambda s: s.modifynetwork('basic'), ValueError, 'downstreamDNSMode'),
    (lambda s: s.topologies.retire(''), ValueError, 'topology'),
    (lambda s: s.topologies.addtenant('a', ''), ValueError, 'tenant'),
    (lambda s: s.topologies.delete('a', force=1), TypeError, 'force'),
    (lambda s: s.topologies.tenantcandidates('a', conflicting=1), TypeError, 'conflicting'),
]


@pytest.mark.parametrize(('call', 'error', 'said'), BAD)
def test_bad_arguments_are_refused_before_anything_is_sent(
    system, network, call, error: type, said: str
) -> None:
    """Or a mistake would reach a production system."""
    with pytest.raises(error, match=said):
        call(system)
    assert network.dialled == []


@pytest.mark.parametrize(
    ('look', 'said'),
    [
        (lambda s: list(s.topologies.list()), {'name': []}),
        (lambda s: s.healthcheck.status(), {'started': False}),
    ],
)
def test_a_with_block_holds_for_what_it_is_made_of_too(system, say, look, said) -> None:
    """Or each look at the health check would cost a handshake of its own."""
    wire = say(said)
    with system:
        look(system)
        assert not wire.closed
    assert wire.closed


def test_what_it_is_made_of_shows_what_goes_on_too(target, say, capsys) -> None:
    """Or one who looks for the fault in there would see nothing."""
    say({'name': []})
    list(System(target, debuglevel=1).topologies.list())
    assert 'GET /mapi/services/erasureCoding/ecTopologies' in capsys.readouterr().out


def test_a_release_too_old_is_named(system, network, respond) -> None:
    """Or a 404 would be taken for a wrong path."""
    network.answers(respond('404 Not Found', X_HCP_SoftwareVersion='7.1.0.10'))
    with pytest.raises(MapiError, match=r'since release 9\.0, and this one is 7\.1\.0\.10'):
        system.healthcheck.status()


def test_what_it_is_made_of(system, say) -> None:
    """Or the two would have to be made apart, and be closed apart."""
    assert isinstance(system.healthcheck, HealthCheck)
    assert isinstance(system.topologies, Topologies)
    with system:
        wire = say({'name': []})
        with system.topologies:
            list(system.topologies.list())
            assert not wire.closed
            system.close()
            assert wire.closed
