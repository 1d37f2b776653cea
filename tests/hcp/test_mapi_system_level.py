"""Our own classes for logs, chargeback and the system as a whole, against the mock."""

from __future__ import annotations

import csv
import gc
import io
import socket
import zipfile
from datetime import datetime, timedelta, timezone

import pytest

import hcpsdk
from hcpsdk.mapi import (
    Chargeback,
    ChargebackError,
    Logs,
    LogsError,
    LogsInProgressError,
    LogsNotReadyError,
    MapiError,
    System,
)
from hcpsdk.mock import Cut, HangUp, MockHCP, Tenant, User, When
from hcpsdk.mock.estate import TopologyLink
from hcpsdk.mock.links import ReplicationLink


@pytest.fixture
def hcp(mock_hcp_factory) -> MockHCP:
    mock = mock_hcp_factory()
    mock.system.software_version = '9.7.0.1'
    return mock


@pytest.fixture
def reach(hcp):
    """A Target for a host's MAPI."""

    def target(host: str = 'admin', user: str = 'service', password: str = '') -> hcpsdk.Target:
        auth = hcpsdk.NativeAuthorization(user, password or f'{user}01')
        name = f'{host}.{hcp.domain}'
        return hcpsdk.Target(name, auth, port=hcp.mapi_port, ssl=False, resolver=hcp.resolver())

    return target


@pytest.fixture
def stored(hcp):
    """Three objects of 100 bytes are in ``n1``."""
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target(f'n1.m.{hcp.domain}', auth, port=hcp.port, resolver=hcp.resolver())
    with hcpsdk.Connection(target) as connection:
        for number in range(3):
            assert connection.PUT(f'/rest/{number}', body=b'x' * 100).status == 201
    return target


# --- logs ------------------------------------------------------------------------------------


@pytest.fixture
def logs(reach):
    with Logs(reach()) as logs:
        yield logs


def test_the_whole_way(logs, hcp) -> None:
    """An administrator could not collect logs by a program."""
    hcp.system.logs.polls = 3
    logs.mark('our own mark, with + and ü')
    logs.prepare()
    told: list[float] = []
    assert logs.wait_ready(10, 0.01, told.append)['started'] is True
    assert len(told) == 3
    sizes: list[int] = []
    file, name = logs.download(nodes=[101, 103], logs=[Logs.L_SYSTEM], progresshook=sizes.append)
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ['node101/messages.log', 'node103/messages.log']
        assert 'MARK our own mark, with + and ü' in archive.read('node103/messages.log').decode()
    assert sizes[-1] == file.seek(0, io.SEEK_END)
    file.close()
    assert name.startswith(f'HCPLogs-{hcp.domain}-n101_103')
    assert logs.cancel() is True
    assert not logs.status()['started']


def test_s_series_nodes(logs, hcp) -> None:
    """The logs of S Series nodes could not be had."""
    hcp.system.snodes, hcp.system.logs.polls = ['s1', 's2'], 0
    logs.prepare(snodes=['s1'])
    file, _ = logs.download(snodes=['s1'], logs=[Logs.L_ACCESS])
    assert 'snode-s1/snode.log' in zipfile.ZipFile(file).namelist()
    file.close()
    with pytest.raises(LogsError, match='no logs of s2'):
        logs.download(snodes=['s2'])


def test_too_early_and_too_often(logs) -> None:
    """A program could not tell whether to wait, or to give up."""
    with pytest.raises(LogsNotReadyError):
        logs.download()
    logs.prepare()
    with pytest.raises(LogsInProgressError, match='a preparation is in progress'):
        logs.prepare()
    with pytest.raises(LogsNotReadyError):
        logs.download()


def test_packing_that_fails(logs, hcp) -> None:
    """A program would wait for ever for a package that cannot be."""
    logs.prepare()
    hcp.system.logs.error = True
    with pytest.raises(LogsError, match='packing has failed'):
        logs.wait_ready(10, 0.01)


@pytest.mark.parametrize('fault', [Cut(100), HangUp(When.CARRIED_OUT)])
def test_a_package_that_is_cut(logs, hcp, fault) -> None:
    """Half of the logs would be taken for all of them; and a download that may have run be done twice."""
    hcp.system.logs.polls = 0
    logs.prepare()
    with hcp.misbehave(fault, path='/mapi/logs/download', times=None):
        hcp.log.clear()
        with pytest.raises(hcpsdk.HcpsdkError):
            logs.download()
    assert [one.path for one in hcp.log].count('/mapi/logs/download') == 1
    file, _ = logs.download()
    assert zipfile.is_zipfile(file)
    file.close()


def test_a_download_that_is_given_up_leaves_nothing_open(logs, hcp, until) -> None:
    """A program whose hook raises would hold a connection, and HCP believe in a download for ever."""
    hcp.system.logs.polls = 0
    logs.prepare()

    def stop(size: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        logs.download(progresshook=stop)
    gc.collect()
    until(lambda: not logs.status()['streamingInProgress'])
    logs.close()
    until(lambda: hcp.open_connections() == 0)


def test_who_may_not(reach, hcp) -> None:
    """A refusal would not say that a role is missing, or that it was the wrong door."""
    hcp.system.users['viewer'] = User('viewer', 'viewer01', roles=frozenset({'MONITOR'}))
    viewer = Logs(reach(user='viewer'))
    assert viewer.status()['started'] is False
    with pytest.raises(LogsError, match='a role be missing') as caught:
        viewer.prepare()
    assert (type(caught.value), caught.value.status) == (LogsError, 403)
    hcp.system.mapi_enabled = False
    with pytest.raises(LogsError, match='the management API be switched off'):
        viewer.status()


# --- chargeback ------------------------------------------------------------------------------


def test_rows(reach, hcp, stored) -> None:
    """Whoever bills by what namespaces hold would have to parse it himself."""
    hcp.system.tenants['m'].administration_allowed = True
    report = Chargeback(reach())
    rows = {row['namespaceName']: row for row in report.rows('m')}
    assert list(rows) == ['n1', 'n2', None]
    assert [rows[name]['objectCount'] for name in rows] == [3, 0, 3]
    assert (rows['n1']['bytesIn'], rows['n1']['writes'], rows['n1']['valid']) == (300, 3, False)
    assert rows['n1']['startTime'].utcoffset() is not None
    assert [row['objectCount'] for row in report.rows('m', namespace='n1')] == [3]


def test_a_time_and_a_granularity(reach, hcp, stored) -> None:
    """A report would be of another time, or of fewer hours than asked for."""
    report = Chargeback(reach())
    now = datetime.now(timezone.utc)
    by_hour = list(report.rows('m', now - timedelta(hours=3), now, Chargeback.CBG_HOUR))
    assert sum(row['writes'] for row in by_hour) == 3
    with pytest.raises(ValueError, match='earlier'):
        report.rows('m', now, now - timedelta(hours=1))


def test_all_formats(reach, stored) -> None:
    """A program of old would not get the format that it reads."""
    report = Chargeback(reach())
    [row] = csv.DictReader(report.request('m', fmt=report.CBM_CSV))
    assert row['objectCount'] == '3'
    assert '"objectCount": 3' in report.request('m').read()
    assert '<objectCount>3</objectCount>' in report.request('m', fmt=report.CBM_XML).read()


def test_refused_reports(reach, hcp) -> None:
    """A wrong name would look like a missing right."""
    report = Chargeback(reach())
    with pytest.raises(ChargebackError, match='404 Not Found'):
        report.request('nobody')
    with pytest.raises(ChargebackError, match='403 Forbidden'):
        list(report.rows('m', namespace='n1'))
    hcp.system.tenants['m'].administration_allowed = True
    with hcp.misbehave(Cut(50), times=None), pytest.raises(hcpsdk.HcpsdkTruncatedError):
        next(report.rows('m'))


# --- the system ------------------------------------------------------------------------------


@pytest.fixture
def system(reach):
    with System(reach()) as system:
        yield system


def test_licenses(system) -> None:
    """An inventory would lack the licences, or a new one could not be brought in."""
    [before] = system.licenses()
    system.uploadlicense('A NEW KEY')
    [after] = system.licenses()
    assert before['serialNumber'] != after['serialNumber']
    assert [one['serialNumber'] for one in system.licenses(all=True)] == [
        before['serialNumber'],
        after['serialNumber'],
    ]


def test_statistics(system) -> None:
    """A program that watches nodes and services would see nothing of them."""
    nodes = system.nodestatistics()['nodes']['node']
    assert [node['nodeNumber'] for node in nodes] == [101, 102, 103, 104]
    services = system.servicestatistics()['services']['service']
    assert {'GarbageCollection', 'ProtectionPolicy'} <= {service['name'] for service in services}


def test_network_and_support(system) -> None:
    """Settings of the system could be changed in the console only."""
    assert system.network() == {'downstreamDNSMode': 'BASIC'}
    system.modifynetwork('ADVANCED')
    assert system.network() == {'downstreamDNSMode': 'ADVANCED'}
    assert system.supportcredentials()['type'] == 'Default'
    system.uploadsupportcredentials(b'\0a package')
    assert system.supportcredentials()['type'] == 'Exclusive'


def test_health_check_report(system) -> None:
    """The report that support asks for could be had by hand only."""
    report = system.healthcheck
    with pytest.raises(MapiError, match='not ready'):
        report.download()
    report.prepare(collectcurrent=True)
    with pytest.raises(MapiError, match='being packed already'):
        report.prepare()
    report.wait_ready(10, 0.01)
    file, name = report.download(nodes=[102])
    assert zipfile.ZipFile(file).namelist() == ['node102/health_check.txt']
    file.close()
    assert name.startswith('HCPHealthCheck-')
    assert report.cancel() is True
    assert not report.status()['started']


def test_topologies(system, hcp) -> None:
    """Erasure coding could be set up in the console only."""
    b, c = 'hcp2.example.com', 'hcp3.example.com'
    hcp.system.links = {
        name: ReplicationLink(name, id=name, remote_host=f'replication.admin.{other}')
        for name, other in (('ab', b), ('ac', c))
    }
    hcp.system.topology_links = [TopologyLink('bc', (b, c))]
    hcp.system.tenants['t'] = Tenant('t')
    topologies = system.topologies
    names = [link['name'] for link in topologies.linkcandidates()]
    assert names == ['ab', 'ac', 'bc']
    links = {'replicationLink': [{'name': name} for name in names]}
    topologies.create('all', type='FULLY_CONNECTED', replicationLinks=links, description='three')
    assert (list(topologies.list()), topologies.exists('all'), topologies.exists('x')) == (
        ['all'],
        True,
        False,
    )
    topologies.addtenant('all', 't')
    assert topologies.tenants('all') == ['t']
    assert 't' not in [one['name'] for one in topologies.tenantcandidates('all')]
    assert topologies.tenantcandidates('all', conflicting=True) == []
    topologies.removetenant('all', 't')
    topologies.modify('all', erasureCodingDelay=30)
    found = topologies.read('all')
    assert (found['erasureCodingDelay'], found['description'], found['state']) == (30, 'three', 'ACTIVE')
    topologies.retire('all')
    with pytest.raises(MapiError, match='403'):
        topologies.addtenant('all', 't')
    for _ in range(10):
        topologies.read('all')
    topologies.delete('all')
    assert list(topologies.list()) == []


def test_a_release_that_lacks_it(system, hcp) -> None:
    """A 404 would send people looking for a typing error."""
    hcp.system.software_version = '7.1.0.10'
    for ask, since in ((system.healthcheck.status, '9.0'), (system.topologies.linkcandidates, '8.0')):
        with pytest.raises(MapiError, match=f'since release {since}, and this one is 7.1.0.10'):
            ask()


# --- what a Connection goes by -----------------------------------------------------------------


def test_keep_alive_on_a_real_socket(stored) -> None:
    """The arguments would be taken, and the kernel know nothing of them."""
    with hcpsdk.Connection(stored, sock_keepalive=True, tcp_keepalive=30) as connection:
        connection.HEAD('/rest/0')
        assert connection.con.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
    with hcpsdk.Connection(stored) as connection:
        connection.HEAD('/rest/0')
        assert connection.con.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0


def test_the_certificate_can_be_looked_at(mock_hcp_factory, server_context, client_context) -> None:
    """A program could not tell whom it speaks to, or by which version of TLS."""
    hcp = mock_hcp_factory(ssl_context=server_context)
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target(
        f'n1.m.{hcp.domain}', auth, port=hcp.https_port, ssl=True, sslcontext=client_context,
        resolver=hcp.resolver(),
    )  # fmt: skip
    with hcpsdk.Connection(target, sock_keepalive=True) as connection:
        connection.HEAD('/rest/')
        assert ('DNS', '*.m.hcp1.example.com') in connection.con.sock.getpeercert()['subjectAltName']
        assert connection.con.sock.version().startswith('TLSv1')
        assert connection.con.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        assert connection.con.host == connection.address


def test_the_debug_level_counts_for_the_replica_too(mock_hcp_pair, capsys) -> None:
    """Whoever looks for what goes wrong in a failover would see the half of it."""
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2)
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target(
        'n1.m.hcp1.example.com', auth, port=hcp1.port, resolver=hcp2.resolver(),
        replica_fqdn='n1.m.hcp2.example.com', replica_strategy=hcpsdk.RS_READ_ON_FAILOVER,
    )  # fmt: skip
    with hcpsdk.Connection(target) as connection:
        connection.debug_level = 1
        hcp1.stop()
        assert connection.HEAD('/rest/nothing').status == 404
    assert 'Host: n1.m.hcp2.example.com' in capsys.readouterr().out
