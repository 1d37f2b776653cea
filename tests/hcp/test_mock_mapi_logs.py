"""The management API: logs."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from hcpsdk.mock import Silent, User, When

FLAGS = ('readyForStreaming', 'streamingInProgress', 'started', 'error')
IDLE, PACKING = (False, False, False, False), (False, False, True, False)
READY, DOWNLOADING = (True, False, True, False), (True, True, True, False)


def state(manager) -> tuple[bool, ...]:
    status = manager.get('logs')
    assert status['content'] == 'ACCESS,SYSTEM,SERVICE,APPLICATION'
    return tuple(status[name] for name in FLAGS)


def ready(manager) -> None:
    manager.hcp.system.logs.polls = 0
    assert manager.does('POST', 'logs/prepare', {}) == 200


def package(manager, order: object) -> dict[str, str]:
    answer = manager('POST', 'logs/download', order, Accept='*/*')
    assert answer.status == 200, answer.error
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize('root', [b'logPrepare', b'logDownloadPrepare'])
def test_the_whole_way_in_xml(manager, root: bytes) -> None:
    """A program that waits until its logs are packed could not be tried, whichever root it sends."""
    body = b'<%b><startDate>03/01/2014</startDate><endDate>03/05/2024</endDate></%b>' % (root, root)
    assert state(manager) == IDLE
    assert manager('POST', 'logs/prepare', body, Content_Type='application/xml').status == 200
    assert [state(manager) for _ in range(4)] == [PACKING, PACKING, READY, READY]
    answer = manager('POST', 'logs/download', b'<logDownload/>', Content_Type='application/xml', Accept='*/*')
    shown = answer.headers
    assert (shown['Content-Type'], shown['Transfer-Encoding'], shown['Accept-Ranges']) == (
        'application/zip',
        'chunked',
        'none',
    )
    name = r'attachment; filename=HCPLogs-hcp1\.example\.com-n101_102_103_104-sp\d{8}-\d{4}\.zip'
    assert re.fullmatch(name, shown['Content-Disposition'])
    assert len(zipfile.ZipFile(io.BytesIO(answer.body)).namelist()) == 4 * 4
    xml = manager('GET', 'logs', Accept='application/xml').body
    assert b'<logDownloadStatus><readyForStreaming>true</readyForStreaming>' in xml


def test_how_long_it_takes_can_be_set(manager) -> None:
    """A client's wait loop would always go round as often."""
    manager.hcp.system.logs.polls = 1
    assert manager.does('POST', 'logs/prepare', {}) == 200
    assert [state(manager) for _ in range(2)] == [PACKING, READY]


def test_marks_are_in_the_logs(manager) -> None:
    """Whether a remark arrives could not be seen."""
    assert manager.does('POST', 'logs?mark=before%20the+test') == 200
    assert manager.does('POST', 'logs/?mark=b') == 200
    ready(manager)
    assert manager.does('POST', 'logs?mark=too+late') == 200
    files = package(manager, {'nodes': '101', 'content': 'SYSTEM'})
    assert list(files) == ['node101/messages.log']
    assert re.findall('MARK (.*)', files['node101/messages.log']) == ['before the test', 'b']
    manager.hcp.system.logs.order = None
    assert manager.does('POST', 'logs/prepare', {'startDate': '1/1/2001', 'endDate': '1/2/2001'}) == 200
    assert 'MARK' not in package(manager, {'content': 'SYSTEM'})['node101/messages.log']


def test_the_access_log_tells_what_was_done(manager, at) -> None:
    """A program that reads the logs would find nothing of what it did."""
    at(manager.hcp).put('a')
    ready(manager)
    files = package(manager, {'content': 'access', 'nodes': '102'})
    assert 'n1.m GET 0 PUT 1 DELETE 0' in files['node102/http_gateway_request.log']


def test_what_is_downloaded_can_be_chosen(manager) -> None:
    """A client would get all logs, or none, whatever it asks for."""
    manager.hcp.system.snodes = ['s1', 's2']
    manager.hcp.system.logs.polls = 0
    assert manager.does('POST', 'logs/prepare', {'snodes': 's1'}) == 200
    assert list(package(manager, {'nodes': '101, 103', 'content': 'ACCESS'})) == [
        'node101/http_gateway_request.log',
        'node103/http_gateway_request.log',
    ]
    assert list(package(manager, {'nodes': '', 'snodes': 's1'})) == ['snode-s1/snode.log']
    assert package(manager, {'nodes': ''}) == {}
    for bad in ({'nodes': '1'}, {'snodes': 's2'}, {'content': ''}, {'content': 'ALL'}, {'node': '101'}):
        assert manager.does('POST', 'logs/download', bad) == 400


def test_one_at_a_time(manager) -> None:
    """A client that does not know that somebody else is packing would wait for the wrong package."""
    assert manager.does('POST', 'logs/prepare', {}) == 200
    assert manager.does('POST', 'logs/prepare', {}) == 400
    assert manager.does('POST', 'logs/download', {}) == 400
    assert manager.does('POST', 'logs?cancel') == 200
    assert (state(manager), manager.does('POST', 'logs/prepare', {})) == (IDLE, 200)


def test_while_it_is_downloaded(manager, dial) -> None:
    """A client could not see that somebody is busy with the package."""
    ready(manager)
    manager.hcp.misbehave(Silent(When.ANSWERING, sent=10), path='/mapi/logs/download')
    client = dial(manager.hcp.mapi_port)
    client.request(
        'POST',
        '/mapi/logs/download',
        b'{}',
        Content_Type='application/json',
        Host='admin.hcp1.example.com',
        Authorization=manager.token,
    )
    assert client.file.readline() == b'HTTP/1.1 200 OK\r\n'
    assert len(b''.join(iter(client.file.readline, b'\r\n')) + client.file.read(10)) > 10
    assert state(manager) == DOWNLOADING
    assert manager.does('POST', 'logs/prepare', {}) == 400


def test_a_package_gets_old(clock, mock_hcp_factory, manager) -> None:
    """A client would expect on the next day what is deleted by then."""
    manager.hcp = mock_hcp_factory(clock=clock)
    manager.hcp.system.software_version = '7.2.0.0'
    ready(manager)
    clock.now += 24 * 3600 - 1
    assert state(manager) == READY
    clock.now += 1
    assert (manager.does('POST', 'logs/download', {}), state(manager)) == (400, IDLE)


def test_it_may_fail(manager) -> None:
    """What a client does when the packing fails could not be tried."""
    ready(manager)
    manager.hcp.system.logs.error = True
    assert (state(manager), manager.does('POST', 'logs/download', {})) == ((False, False, True, True), 400)


@pytest.mark.parametrize(
    'order',
    [
        {'startDate': '2024-03-01'},
        {'endDate': '1/1/2001'},
        {'snodes': 's9'},
        {'date': '1'},
        b'<logDownload/>',
    ],
)
def test_bad_orders(manager, order: object) -> None:
    """A slip in an order would go unnoticed."""
    headers = {'Content_Type': 'application/xml'} if isinstance(order, bytes) else {}
    assert manager('POST', 'logs/prepare', order, **headers).status == 400
    assert state(manager) == IDLE


@pytest.mark.parametrize('query', ['', '?mark', '?mark=', '?cancel=false'])
def test_a_post_needs_a_purpose(manager, query: str) -> None:
    """An empty remark would look written."""
    assert manager.does('POST', f'logs{query}') == 400


@pytest.mark.parametrize(
    ('role', 'statuses'),
    [
        ('MONITOR', [200, 403, 403]),
        ('SERVICE', [200, 200, 200]),
        ('ADMINISTRATOR', [200, 200, 200]),
        ('SECURITY', [403, 403, 403]),
    ],
)
def test_roles(manager, role: str, statuses: list[int]) -> None:
    """Somebody without the right could take the logs away."""
    manager.hcp.system.users['service'] = User('service', 'service01', roles=frozenset({role}))
    asked = [manager('GET', 'logs'), manager('POST', 'logs?mark=x'), manager('POST', 'logs/prepare', {})]
    assert [one.status for one in asked] == statuses


@pytest.mark.parametrize(('version', 'status'), [('7.1.0.10', 404), ('7.2.0.0', 200), ('10.0', 200)])
def test_the_first_release_that_has_them(manager, version: str, status: int) -> None:
    """A program for all releases would not be told that an old one has no logs."""
    manager.hcp.system.software_version = version
    assert manager('GET', 'logs').status == status


def test_tenants_have_no_logs(manager) -> None:
    """A tenant's administrator could read what others do."""
    manager.hcp.system.tenants['m'].users['n'].roles = frozenset({'ADMINISTRATOR'})
    tenant = type(manager)(manager.hcp, 'm', 'n')
    assert tenant.does('GET', 'logs') == 403
