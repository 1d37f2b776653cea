"""The management API: checks, formats, replication."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from hcpsdk.mock.links import INBOUND, OUTBOUND, LinkState
from hcpsdk.mock.model import SYSTEM_ROLES, User

SERVICE = '/services/replication'
LINKS = SERVICE + '/links'
LINK = LINKS + '/hcp1-a-a-hcp2'
XML, JSON = [('Content-Type', 'application/xml')], [('Content-Type', 'application/json')]


def as_dict(element: ElementTree.Element):
    """As the SDK reads it: everything is text."""
    return {child.tag: as_dict(child) for child in element} if len(element) else element.text


def test_the_manuals_settings(hcp):
    """The manual's replication settings would not come out."""
    answer = hcp.manage('GET', SERVICE)
    assert answer.status == 200
    assert as_dict(answer.xml) == {
        'allowTenantsToMonitorNamespaces': 'true',
        'enableDNSFailover': 'true',
        'enableDomainAndCertificateSynchronization': 'true',
        'network': '[hcp_system]',
    }
    assert answer.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?><replicationService><')


def test_the_manuals_links(hcp):
    """The manual's list of links would not come out."""
    answer = hcp.manage('GET', LINKS)
    assert (answer.xml.tag, [one.text for one in answer.xml]) == ('links', ['hcp1-a-a-hcp2'])


def test_the_manuals_link(hcp):
    """The manual's details of a link would not come out."""
    assert as_dict(hcp.manage('GET', LINK + '?verbose=true').xml) == {
        'compression': 'false',
        'connection': {
            'localHost': '192.168.0.52, 192.168.0.53, 192.168.0.54, 192.168.0.55',
            'localPort': '5748',
            'remoteHost': '192.168.0.56, 192.168.0.57, 192.168.0.58, 192.168.0.59',
            'remotePort': '5748',
        },
        'description': 'active/active link between HCP1 and HCP2',
        'encryption': 'false',
        'failoverSettings': {
            'local': {'autoFailover': 'false', 'autoFailoverMinutes': '120'},
            'remote': {'autoFailover': 'false', 'autoFailoverMinutes': '120'},
        },
        'id': 'b9c488db-f641-486e-a8b4-56810faf23cd',
        'name': 'hcp1-a-a-hcp2',
        'priority': 'OLDEST_FIRST',
        'statistics': {
            'bytesPending': '0',
            'bytesPendingRemote': '0',
            'bytesPerSecond': '0.0',
            'bytesReplicated': '0',
            'errors': '0',
            'errorsPerSecond': '0.0',
            'objectsPending': '0',
            'objectsPendingRemote': '0',
            'objectsReplicated': '0',
            'operationsPerSecond': '0.0',
            'upToDateAsOfMillis': '1419975449113',
            'upToDateAsOfString': '2014-12-30T22:37:29+0100',
        },
        'status': 'GOOD',
        'statusMessage': 'Synchronizing data',
        'suspended': 'false',
        'type': 'ACTIVE_ACTIVE',
    }


@pytest.mark.parametrize('query', ['', '?verbose=false', '?verbose', '?verbose=TRUE', '?unknown=true'])
def test_details_that_are_for_the_verbose_only(hcp, query):
    """A program would rely on properties that HCP does not send without being asked."""
    link = as_dict(hcp.manage('GET', LINK + query).xml)
    assert list(link) == sorted(link)
    assert not {'id', 'statistics', 'status', 'statusMessage', 'suspended'} & set(link)


@pytest.mark.parametrize('value', ['true', 't', '1'])
def test_the_verbose_service_shows_its_status(hcp, value):
    """Nobody could see whether replication is shut down."""
    assert hcp.manage('GET', f'{SERVICE}?verbose={value}').xml.findtext('status') == 'ENABLED'


@pytest.mark.parametrize(
    ('kind', 'sides'), [(INBOUND, ['local']), (OUTBOUND, ['remote']), ('ACTIVE_ACTIVE', ['local', 'remote'])]
)
def test_failover_settings_by_type(hcp, kind, sides):
    """A client would look for settings on a side where HCP shows none."""
    hcp.system.links['hcp1-a-a-hcp2'].type = kind
    settings = as_dict(hcp.manage('GET', LINK).xml)['failoverSettings']
    assert list(settings) == sides
    assert all(('autoCompleteRecovery' in settings[side]) is (len(sides) == 1) for side in sides)


def test_what_is_not_set_is_left_out(hcp):
    """Absent values would come as empty ones."""
    link = hcp.system.links['hcp1-a-a-hcp2']
    link.description, link.local_host = '', ''
    found = as_dict(hcp.manage('GET', LINK).xml)
    assert 'description' not in found
    assert 'localHost' not in found['connection']


def test_json(hcp):
    """Programs that prefer JSON would get something else, or other types."""
    accept = [('Accept', 'application/json')]
    listed = hcp.manage('GET', LINKS, headers=accept)
    assert (listed['Content-Type'], json.loads(listed.body)) == (
        'application/json',
        {'name': ['hcp1-a-a-hcp2']},
    )
    link = json.loads(hcp.manage('GET', LINK + '?verbose=true', headers=accept).body)
    assert link['compression'] is False
    assert link['connection']['localPort'] == 5748
    assert link['statistics']['bytesPerSecond'] == 0.0


def test_prettyprint(hcp):
    """The switch for people's eyes would have no effect, or change the content."""
    plain, pretty = hcp.manage('GET', LINK), hcp.manage('GET', LINK + '?prettyprint')
    assert pretty.body.startswith(
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<link>\n    <compression>'
    )
    assert as_dict(pretty.xml) == as_dict(plain.xml)
    as_json = hcp.manage('GET', LINK + '?prettyprint', headers=[('Accept', 'application/json')])
    assert as_json.body.startswith(b'{\n')


def test_an_empty_list(hcp):
    """A system without links would give a document that cannot be read."""
    hcp.system.links.clear()
    assert hcp.manage('GET', LINKS).body.endswith(b'<links/>')
    assert json.loads(hcp.manage('GET', LINKS, headers=[('Accept', 'application/json')]).body) == {'name': []}


def test_the_headers_of_an_answer_and_of_an_error(hcp):
    """A client that tells releases apart would not find the version."""
    good, bad = hcp.manage('GET', LINKS), hcp.manage('GET', LINKS + '/none')
    assert good.names == [
        'Date', 'Server', 'X-HCP-SoftwareVersion', 'Cache-Control', 'Pragma', 'Expires', 'Content-Type',
        'Content-Length',
    ]  # fmt: skip
    assert good['Cache-Control'] == 'no-cache,no-store,must-revalidate'
    assert bad.names == ['Date', 'Server', 'X-HCP-SoftwareVersion', 'Pragma', 'Content-Length']
    assert (bad.status, bad['X-HCP-SoftwareVersion'], bad['Content-Length']) == (404, '7.1.0.10', '0')


@pytest.mark.parametrize(
    ('method', 'path', 'status'),
    [
        ('GET', '/services/replication/', 200),
        ('GET', '/services/replication/links/HCP1-A-A-HCP2', 200),
        ('GET', '/services/replication/links/none', 404),
        ('GET', '/services/other', 404),
        ('GET', '', 404),
        ('GET', '/' + 4095 * 'a', 414),
        ('HEAD', LINK, 200),
        ('HEAD', LINKS, 200),
        ('HEAD', LINKS + '/none', 302),
        ('HEAD', '/services/other', 302),
        ('PUT', LINK, 405),
        ('DELETE', SERVICE, 405),
        ('POST', LINKS, 405),
        ('PUT', LINKS + '/none', 404),
    ],
)
def test_resources_and_methods(hcp, method, path, status):
    """A wrong path or method would be answered otherwise than by HCP."""
    answer = hcp.manage(method, path)
    assert answer.status == status
    assert answer.reason == ('Request URI Too Large' if status == 414 else None)
    assert (answer['Location'] is not None) is (status == 302)
    if method == 'HEAD':
        assert answer.body == b''


def test_head_tells_the_length_of_a_get(hcp):
    """HEAD would not be a GET without a body."""
    assert hcp.manage('HEAD', LINK)['Content-Length'] == hcp.manage('GET', LINK)['Content-Length']


def test_a_path_outside_of_mapi_is_404(hcp):
    """Data requests on the management port would be served."""
    assert hcp('GET', '/rest/a', mapi=True, to='admin', user='service:service01').status == 404
    assert hcp('GET', '/services/replication', mapi=True, to='admin', user='service:service01').status == 404


@pytest.mark.parametrize(
    ('to', 'user', 'status'),
    [
        ('admin', 'service:service01', 200),
        ('admin', 'SERVICE:service01', 200),
        ('admin', 'service:wrong', 403),
        ('admin', 'n:n01', 403),
        ('admin', None, 403),
        ('m', 'n:n01', 403),
        ('m', 'service:service01', 403),
        ('none', 'n:n01', 403),
        ('n1.m', 'n:n01', 403),
    ],
)
def test_who_may_manage(hcp, to, user, status):
    """A tenant's user could manage the system, or nobody could."""
    answer = hcp('GET', '/mapi' + LINKS, mapi=True, to=to, user=user)
    assert (answer.status, bool(answer.error)) == (status, status == 403)


@pytest.mark.parametrize(('method', 'status'), [('GET', 403), ('HEAD', 302)])
def test_a_tenants_administrator_is_none_of_the_system(hcp, method, status):
    """A tenant could fail over the links of all."""
    hcp.system.tenants['m'].users['n'].roles = SYSTEM_ROLES
    assert hcp.manage(method, LINKS, to='m', user='n:n01').status == status


def test_hosts_of_other_systems_are_400(hcp):
    """Requests for another HCP would be answered by this one."""
    hcp.system.domain = 'other.example.com'
    assert hcp.manage('GET', LINKS).status == 400


def test_the_cookie_is_taken(hcp):
    """Old management scripts would be locked out."""
    token = hcp.system.users['service'].token()
    headers = [('Cookie', f'hcp-api-auth=c2VydmljZQ==:{token}')]
    assert hcp.manage('GET', LINKS, user=None, headers=headers).status == 200


@pytest.mark.parametrize(('roles', 'get', 'head', 'post'), [
    (SYSTEM_ROLES, 200, 200, 200),
    ({'MONITOR'}, 200, 200, 403),
    ({'ADMINISTRATOR'}, 200, 200, 200),
    ({'SECURITY'}, 403, 302, 403),
    ((), 403, 302, 403),
])  # fmt: skip
def test_roles(hcp, roles, get, head, post):
    """A monitor could fail over a link."""
    hcp.system.users['u'] = User('u', 'pw', roles=frozenset(roles))
    statuses = [hcp.manage(method, LINK, user='u:pw').status for method in ('GET', 'HEAD')]
    assert [*statuses, hcp.manage('POST', LINK + '?suspend', user='u:pw').status] == [get, head, post]


@pytest.mark.parametrize(
    ('holder', 'to', 'user'), [('system', 'admin', 'service:service01'), ('tenant', 'm', 'n:n01')]
)
def test_the_api_may_be_disabled(hcp, holder, to, user):
    """A system without the management API could not be tried out."""
    (hcp.system if holder == 'system' else hcp.system.tenants['m']).mapi_enabled = False
    answer = hcp.manage('GET', LINKS, to=to, user=user)
    assert (answer.status, answer.error) == (403, 'the management API is not enabled')


@pytest.mark.parametrize(
    ('accept', 'status', 'content_type'),
    [
        ('application/xml', 200, 'application/xml'),
        ('*/*', 200, 'application/xml'),
        ('text/html, application/json', 200, 'application/json'),
        ('', 200, 'application/xml'),
        ('text/html', 415, None),
        ('nonsense', 400, None),
        ('application/', 400, None),
    ],
)
def test_formats_of_the_answer(hcp, accept, status, content_type):
    """A client would get a format that it cannot read."""
    answer = hcp.manage('GET', LINKS, headers=[('Accept', accept)])
    assert (answer.status, answer['Content-Type']) == (status, content_type)


@pytest.mark.parametrize(
    ('headers', 'body', 'status'),
    [
        (XML, b'<replicationService><network>net</network></replicationService>', 200),
        (JSON, b'{"network": "net"}', 200),
        (JSON, b'{}', 200),
        (XML, b'<replicationService/>', 200),
        ([], b'<replicationService/>', 415),
        ([('Content-Type', 'text/plain')], b'<replicationService/>', 415),
        ([('Content-Type', 'nonsense')], b'<replicationService/>', 400),
        (XML, b'<other/>', 400),
        (XML, b'<replicationService>', 400),
        (XML, b'<!DOCTYPE x><replicationService/>', 400),
        (XML, b'<replicationService>text</replicationService>', 400),
        (JSON, b'{', 400),
        (JSON, b'[]', 400),
        (JSON, b'{"unknown": 1}', 400),
        (XML, b'<replicationService><network>a</network><x><y/></x><x/><x/></replicationService>', 400),
        (JSON, b'{"status": "ENABLED"}', 403),
        ([], b'', 400),
    ],
)
def test_bodies(hcp, headers, body, status):
    """A settings change would be misread, or half done."""
    answer = hcp.manage('POST', SERVICE, body, headers=headers)
    assert (answer.status, answer.body) == (status, b'')
    assert bool(answer.error) is (status != 200)
    network = hcp.manage('GET', SERVICE).xml.findtext('network')
    assert network == ('net' if status == 200 and b'net' in body else '[hcp_system]')


@pytest.mark.parametrize(
    ('value', 'shown'), [(True, 'true'), ('t', 'true'), ('1', 'true'), ('yes', 'false'), (False, 'false')]
)
def test_booleans_in_bodies(hcp, value, shown):
    """A truth value in another of HCP's spellings would count as false."""
    hcp.system.replication.enable_dns_failover = not value
    body = json.dumps({'enableDNSFailover': value}).encode()
    assert hcp.manage('POST', SERVICE, body, headers=JSON).status == 200
    assert hcp.manage('GET', SERVICE).xml.findtext('enableDNSFailover') == shown


def test_all_links_are_shut_down_and_come_back(hcp):
    """A maintenance script could not be tried out."""
    assert hcp.manage('POST', SERVICE + '?shutDownAllLinks=planned%20work').status == 200
    assert hcp.manage('GET', SERVICE + '?verbose=true').xml.findtext('status') == 'SHUTDOWN'
    assert hcp.manage('POST', SERVICE + '?reestablishAllLinks').status == 200
    assert hcp.manage('GET', SERVICE + '?verbose=true').xml.findtext('status') == 'ENABLED'


@pytest.mark.parametrize('reason', ['', '=', '=' + 1025 * 'r'])
def test_a_shutdown_needs_a_reason(hcp, reason):
    """A slip would stop all replication."""
    assert hcp.manage('POST', SERVICE + '?shutDownAllLinks' + reason).status == 400
    assert hcp.system.replication.status == 'ENABLED'


def state(hcp):
    link = hcp.manage('GET', LINK + '?verbose=true').xml
    return link.findtext('suspended'), link.findtext('status'), link.findtext('statusMessage')


@pytest.mark.parametrize('form', ['?suspend', '?suspend=', '?suspend=true'])
def test_the_three_forms_of_an_action(hcp, form):
    """One of the forms that real clients send would be refused."""
    answer = hcp.manage('POST', LINK + form)
    assert (answer.status, answer.body, answer['Content-Length']) == (200, b'', '0')
    assert state(hcp) == ('true', 'WARNING', 'Suspended by user')
    assert hcp.manage('POST', LINK + '?resume=').status == 200
    assert state(hcp) == ('false', 'GOOD', 'Synchronizing data')


def test_failover_and_failback(hcp):
    """The documented way to another system and back could not be rehearsed."""
    assert hcp.manage('POST', LINK + '?failOver').status == 200
    assert state(hcp) == ('false', 'WARNING', 'Failed over')
    assert hcp.manage('POST', LINK + '?suspend').status == 403
    assert hcp.manage('POST', LINK + '?failBack').status == 200
    assert state(hcp) == ('false', 'GOOD', 'Synchronizing data')


def test_recovery_of_a_replica(hcp):
    """The long way back after an active/passive failover could not be rehearsed."""
    link = hcp.system.links['hcp1-a-a-hcp2']
    link.type = INBOUND
    for action, message in [
        ('failOver', 'Failed over'),
        ('beginRecovery', 'Recovering data'),
        ('completeRecovery', 'Completing recovery'),
    ]:
        writable = action != 'completeRecovery'
        assert hcp.manage('POST', f'{LINK}?{action}').status == 200
        assert hcp('PUT', f'/rest/{action}', b'x').status == (201 if writable else 403)
        assert state(hcp)[2] == message
    assert state(hcp)[2] == 'Receiving data'
    assert hcp('PUT', '/rest/after', b'x').status == 403


@pytest.mark.parametrize(
    ('kind', 'query', 'status'),
    [
        ('ACTIVE_ACTIVE', '?beginRecovery', 400),
        ('ACTIVE_ACTIVE', '?failBack', 403),
        ('ACTIVE_ACTIVE', '?resume', 403),
        (INBOUND, '?failBack', 400),
        (OUTBOUND, '?failOver', 403),
        ('ACTIVE_ACTIVE', '', 400),
        ('ACTIVE_ACTIVE', '?suspend=false', 400),
        ('ACTIVE_ACTIVE', '?suspend&failOver', 400),
        ('ACTIVE_ACTIVE', '?Suspend', 400),
        ('ACTIVE_ACTIVE', '?restore', 200),
    ],
)
def test_refused_actions(hcp, kind, query, status):
    """An impossible action would look done."""
    link = hcp.system.links['hcp1-a-a-hcp2']
    link.type = kind
    answer = hcp.manage('POST', LINK + query)
    assert (answer.status, bool(answer.error)) == (status, status != 200)
    assert link.state is LinkState.REPLICATING


def test_an_action_on_no_link(hcp):
    """A misspelled link would look failed over."""
    assert hcp.manage('POST', LINKS + '/none?failOver').status == 404
