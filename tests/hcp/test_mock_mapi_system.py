"""The management API: what belongs to the system as a whole."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from hcpsdk.mock import User

REPORT = 'healthCheckReport'


def test_licenses(manager) -> None:
    """An inventory script would find no licence, or take an old one for the present one."""
    (first,) = manager.get('storage/licenses')['license']
    assert first == {
        'localCapacity': 100 * 1024**4,
        'extendedCapacity': 0,
        'feature': 'Premium',
        'expirationDate': 'None',
        'serialNumber': '00001',
    }
    manager.hcp.system.licenses[0].expires = 1893456000
    assert manager('PUT', 'storage/licenses', b'KEY', Content_Type='text/html').status == 200
    (second,) = manager.get('storage/licenses')['license']
    assert re.fullmatch('[0-9A-F]{8}', second['serialNumber'])
    both = manager.get('storage/licenses?verbose=true')['license']
    assert [one['serialNumber'] for one in both] == ['00001', second['serialNumber']]
    assert (both[0]['expirationDate'], both[0]['uploadDate']) == ('Jan 1, 2030', 'Jan 1, 1970')
    assert manager('PUT', 'storage/licenses', b' ', Content_Type='text/html').status == 400
    assert manager('PUT', 'storage/licenses', b'KEY', Content_Type='image/png').status == 415
    xml = manager('GET', 'storage/licenses', Accept='application/xml').body
    assert b'<licenses><license><localCapacity>' in xml


def test_node_statistics(manager, clock, mock_hcp_factory, dial) -> None:
    """A monitor would not see who is connected where, or figures that never change."""
    manager.hcp = hcp = mock_hcp_factory(clock=clock)
    dial(hcp.port, hcp.addresses[1]).ask('PUT', body=b'x' * 100)
    dial(hcp.port, hcp.addresses[1]).ask()
    found = manager.get('nodes/statistics')
    nodes = found['nodes']['node']
    assert found['requestTime'] == nodes[0]['collectionTimestamp'] == int(clock() * 1000)
    assert [node['nodeNumber'] for node in nodes] == [101, 102, 103, 104]
    assert [node['openHttpConnections'] for node in nodes] == [0, 2, 0, 0]
    assert [node['frontendIpAddresses']['ipAddress'] for node in nodes][1] == ['127.0.0.2']
    (volume,) = nodes[0]['volumes']['volume']
    assert volume['totalBytes'] - volume['freeBytes'] == 2 * 100 // 4
    assert found == manager.get('nodes/statistics')
    clock.now += 60
    later = manager.get('nodes/statistics')['nodes']['node'][0]
    moved = {name for name in later if later[name] != nodes[0][name]}
    assert {'cpuUser', 'cpuMax', 'ioWait', 'frontEndBytesRead', 'backEndBytesWritten'} < moved


def test_node_statistics_count_tls_apart(
    manager, server_context, client_context, mock_hcp_factory, dial
) -> None:
    """A monitor would take connections for others."""
    hcp = mock_hcp_factory(ssl_context=server_context)
    manager.hcp = mock_hcp_factory(first=11, system=hcp.system)
    dial(hcp.https_port, context=client_context).ask()
    states = hcp._application.running.nodes()
    assert [(state.http, state.https) for state in states] == [(0, 1), (0, 0), (0, 0), (0, 0)]
    assert len(manager.get('nodes/statistics')['nodes']['node']) == 4


def test_service_statistics(manager, clock, mock_hcp_factory) -> None:
    """A program that waits for the end of a service would wait for ever."""
    manager.hcp = mock_hcp_factory(clock=clock)
    seen = []
    for _ in range(13):
        services = manager.get('services/statistics')['services']['service']
        seen.append([one['name'] for one in services if one['state'] == 'RUNNING'])
        for one in services:
            assert ('performanceLevel' in one) is (one['state'] == 'RUNNING')
            assert ('formattedStartTime' in one) is (one['startTime'] != -1)
        clock.now += 600
    assert all(len(running) < 2 for running in seen)
    assert seen[0] == seen[12]
    assert ['GarbageCollection'] in seen
    ready = next(one for one in services if one['state'] == 'READY')
    assert (ready['endTime'] - ready['startTime'], ready['objectsExamined']) == (600, 6000)
    disabled = [one for one in services if one['state'] == 'DISABLED']
    assert disabled
    assert {(one['startTime'], one['endTime'], one['objectsExamined']) for one in disabled} == {(-1, -1, 0)}


def test_network(manager) -> None:
    """The DNS mode could not be changed."""
    assert manager.get('network') == {'downstreamDNSMode': 'BASIC'}
    assert manager.does('POST', 'network', {'downstreamDNSMode': 'advanced'}) == 200
    assert manager.does('POST', 'network', {}) == 200
    assert manager.get('network') == {'downstreamDNSMode': 'ADVANCED'}
    assert manager.does('POST', 'network', {'downstreamDNSMode': 'NONE'}) == 400


@pytest.mark.parametrize('path', ['supportaccesscredentials', 'supportAccesscredentials'])
def test_support_credentials(manager, path: str) -> None:
    """Whether the vendor's default key still counts could not be seen."""
    assert manager.get(path)['type'] == 'Default'
    assert manager('PUT', path, b'\0package', Content_Type='application/octet-stream').status == 200
    shown = manager.get(path)
    assert (shown['type'], len(shown['serialNumberFromPackage'])) == ('Exclusive', 8)
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0100', shown['applyTimeStamp'])
    assert manager('PUT', path, b'').status == 400
    manager.hcp.system.software_version = '8.2.0.0'
    assert manager.does('GET', path) == 404


def flags(manager) -> tuple[bool, ...]:
    status = manager.get(REPORT)
    assert status['content'] == 'HCR'
    return status['started'], status['readyForStreaming'], status['streamingInProgress'], status['error']


@pytest.mark.parametrize('root', [b'healthCheckPrepare', b'healthcheckPrepare'])
@pytest.mark.parametrize('cancel', ['?cancel', '/cancel'])
def test_health_check_report(manager, root: bytes, cancel: str) -> None:
    """A program would wait in vain for its report, or not get rid of it."""
    body = b'<%b><startDate>03/01/2024</startDate><exactTime>08:30</exactTime></%b>' % (root, root)
    assert flags(manager) == (False, False, False, False)
    assert manager('POST', f'{REPORT}/prepare', body, Content_Type='application/xml').status == 200
    assert manager.does('POST', f'{REPORT}/prepare', {}) == 400
    assert manager.does('POST', f'{REPORT}/download', {}) == 400
    assert [flags(manager)[:2] for _ in range(3)] == [(True, False), (True, False), (True, True)]
    answer = manager('POST', f'{REPORT}/download', {'nodes': '101,104'}, Accept='*/*')
    assert answer.headers['Content-Type'] == 'application/zip'
    names = zipfile.ZipFile(io.BytesIO(answer.body)).namelist()
    assert names == ['node101/health_check.txt', 'node104/health_check.txt']
    assert manager.does('POST', f'{REPORT}{cancel}') == 200
    assert flags(manager) == (False, False, False, False)


def test_bad_orders_of_a_health_check_report(manager) -> None:
    """A slip in an order would go unnoticed."""
    for bad in ({'exactTime': '8:30'}, {'startDate': 'x'}, {'snodes': ''}):
        assert manager.does('POST', f'{REPORT}/prepare', bad) == 400
    assert manager.does('POST', REPORT) == 400
    assert manager.does('POST', f'{REPORT}/download', {'snodes': ''}) == 400
    assert flags(manager)[0] is False
    manager.hcp.system.software_version = '8.2.0.0'
    assert manager.does('POST', f'{REPORT}/prepare', {}) == 404


@pytest.mark.parametrize(
    ('role', 'statuses'),
    [
        ('MONITOR', [200, 200, 200, 200, 403, 200, 403, 403]),
        ('ADMINISTRATOR', [200, 200, 200, 200, 200, 200, 200, 200]),
        ('SERVICE', [403, 403, 403, 403, 200, 200, 403, 200]),
        ('SECURITY', [403, 403, 403, 403, 403, 200, 403, 403]),
    ],
)
def test_roles(manager, role: str, statuses: list[int]) -> None:
    """Somebody without the right could change the system, or somebody with it not see it."""
    manager.hcp.system.users['service'] = User('service', 'service01', roles=frozenset({role}))
    read = ['storage/licenses', 'nodes/statistics', 'services/statistics', 'network', REPORT]
    read.append('supportaccesscredentials')
    asked = [manager('GET', path) for path in read]
    asked.append(manager('POST', 'network', {}))
    asked.append(manager('POST', f'{REPORT}/prepare', {}))
    assert [one.status for one in asked] == statuses
