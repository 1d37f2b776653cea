"""Tenants in the mock's management API, and who may do what to them."""

from __future__ import annotations

import re

import pytest

LAB = {'name': 'lab', 'hardQuota': '500 GB'}
WITH_ALICE = 'tenants?username=alice&password=Secret-1'


def test_a_tenant_from_nothing_to_its_first_object(manage, dial) -> None:
    """A script that sets up a tenant could not be tried out from its first to its last step."""
    assert manage.put(WITH_ALICE, LAB) == 200
    alice = manage.at('lab', 'alice:Secret-1')
    assert alice.put('tenants/lab/namespaces', {'name': 'scans'}) == 403
    assert (
        alice.post('tenants/lab/userAccounts/alice', {'roles': {'role': ['security', 'ADMINISTRATOR']}})
        == 200
    )
    assert alice.put('tenants/lab/namespaces', {'name': 'scans', 'hardQuota': '20 GB'}) == 200
    entry = {'namespaceName': 'SCANS', 'permissions': {'permission': ['READ', 'WRITE']}}
    grants = 'tenants/lab/userAccounts/alice/dataAccessPermissions'
    assert alice.post(grants, {'namespacePermission': [entry]}) == 200
    fields = {'Host': 'scans.lab.hcp1.example.com', 'Authorization': alice_token()}
    assert dial(manage.hcp.port).ask('PUT', '/rest/a', b'abc', **fields).status == 201
    assert dial(manage.hcp.port).ask('GET', '/rest/a', **fields).body == b'abc'
    figures = alice.get('tenants/lab/statistics')
    assert (figures['objectCount'], figures['ingestedVolume'], figures['storageCapacityUsed']) == (1, 3, 6)
    assert figures == alice.get('tenants/lab/namespaces/scans/statistics')


def alice_token() -> str:
    return 'HCP YWxpY2U=:e002921a4c0a23c035ed44005c979955'


def test_the_default_tenant_has_an_administrator(mock_hcp, manage, at) -> None:
    """Who starts the mock to try the management of a tenant would first have to write a program for it."""
    boss = manage.at('m', 'boss:boss01')
    assert boss.put('tenants/m/namespaces', {'name': 'scans', 'hardQuota': '20 GB'}) == 200
    assert boss.post('tenants/m/namespaces/n2/complianceSettings', {'retentionDefault': 'A+1y'}) == 200
    assert boss.get('tenants/m/userAccounts') == {'username': ['n', 'boss']}
    account = boss.get('tenants/m/userAccounts/boss')
    assert sorted(account['roles']['role']) == ['ADMINISTRATOR', 'COMPLIANCE', 'MONITOR', 'SECURITY']
    assert account['allowNamespaceManagement'] is True
    assert at(mock_hcp).put('a', Authorization='HCP Ym9zcw==:139481750da232516dce55110c161c12') == 403


def test_what_a_tenant_shows_to_whom(manage, tenant) -> None:
    """A program would see other properties than HCP shows to an account of its level."""
    of_system, of_tenant = manage.get('tenants/m'), tenant.get('tenants/M')
    assert of_tenant == {
        'administrationAllowed': False,
        'maxNamespacesPerUser': 100,
        'snmpLoggingEnabled': False,
        'syslogLoggingEnabled': False,
        'tenantVisibleDescription': '',
    }
    assert not set(of_tenant) & set(of_system)
    assert (of_system['hardQuota'], of_system['namespaceQuota']) == ('1.00 TB', 'None')
    assert of_system['authenticationTypes'] == {'authenticationType': ['LOCAL', 'RADIUS']}
    added = set(manage.get('tenants/m?verbose=true')) - set(of_system)
    assert added == {'creationTime', 'fullyQualifiedName', 'id'}
    assert {'name', 'hardQuota', 'id'} <= set(tenant.get('tenants/m?verbose=true'))


def test_administration_allowed_opens_the_tenant_to_the_system(manage, tenant) -> None:
    """A system-level account could do too much at a tenant, or nothing, through one of the two hosts."""
    at_tenant = manage.at('m', 'service:service01')
    assert [one('GET', 'tenants/m/namespaces').status for one in (manage, at_tenant)] == [403, 403]
    assert manage.post('tenants/m', {'administrationAllowed': True}) == 403
    assert tenant.post('tenants/m', {'administrationAllowed': True}) == 200
    assert [one('GET', 'tenants/m/namespaces').status for one in (manage, at_tenant)] == [200, 200]
    assert {'administrationAllowed', 'hardQuota'} <= set(at_tenant.get('tenants/m'))
    assert at_tenant('GET', 'tenants').status == 403


@pytest.mark.parametrize(
    ('body', 'status'),
    [
        ({'softQuota': '70', 'tags': {'tag': ['a', 'b']}}, 200),
        ({}, 200),
        ({'unknown': 1}, 400),
        ({'hardQuota': '20 GB'}, 400),
        ({'hardQuota': '0.5 GB'}, 400),
        ({'hardQuota': '50GB'}, 400),
        ({'softQuota': 101}, 400),
        ({'softQuota': True}, 400),
        ({'tags': {'tag': ['a,b']}}, 400),
        ({'tags': {'name': ['a']}}, 400),
        ({'tags': ['a']}, 400),
        ({'namespaceQuota': '1'}, 400),
        ({'namespaceQuota': 'none'}, 400),
        ({'authenticationTypes': {'authenticationType': ['radius']}}, 400),
        ({'authenticationTypes': {'authenticationType': []}}, 400),
        ({'servicePlan': 'Gold'}, 400),
        ({'name': 'Admin'}, 400),
        ({'name': '-x'}, 400),
        ({'name': 'xn--a'}, 400),
        ({'name': {'a': 'b'}}, 400),
        ({'id': 'x'}, 403),
        ({'tenantVisibleDescription': 'x'}, 403),
        ({'replicationConfigurationEnabled': False}, 403),
        ({'unknown': 1, 'id': 'x'}, 400),
    ],
)
def test_changes_of_a_tenant(manage, body, status) -> None:
    """A change that HCP refuses would be done, or refused otherwise, or be half done."""
    before = manage.get('tenants/m')
    reply = manage('POST', 'tenants/m', body)
    assert (reply.status, 'x-hcp-errormessage' in reply.headers) == (status, status != 200)
    assert (manage.get('tenants/m') == before) is (status != 200 or not body)


def test_what_was_read_can_be_sent_back(manage, tenant) -> None:
    """The usual way, read, change, write, would be refused because of a property that nobody touched."""
    for one, path in ((manage, 'tenants/m'), (tenant, 'tenants/m'), (tenant, 'tenants/m/namespaces/n1')):
        read = one.get(path)
        assert one.post(path, read) == 200, path
        assert one.get(path) == read


def test_xml_is_the_same_as_json(manage) -> None:
    """A script that speaks XML would change something else than one that speaks JSON."""
    fields = {'Content-Type': 'application/xml', 'Accept': 'application/xml'}
    body = b'<tenant><tags><tag>a</tag></tags><namespaceQuota>7</namespaceQuota></tenant>'
    assert manage('POST', 'tenants/m', body, **fields).status == 200
    text = manage('GET', 'tenants/m', **fields).body.decode()
    assert '<tags><tag>a</tag></tags>' in text
    assert re.search('<namespaceQuota>7</namespaceQuota>', text)
    assert manage('POST', 'tenants/m', b'<tenant><tags/></tenant>', **fields).status == 200
    assert '<tags/>' in manage('GET', 'tenants/m', **fields).body.decode()
    assert manage.get('tenants/m')['tags'] == {'tag': []}


@pytest.mark.parametrize(
    ('path', 'body', 'status'),
    [
        (WITH_ALICE, LAB, 200),
        ('tenants', LAB, 400),
        ('tenants?username=alice', LAB, 400),
        ('tenants?username=alice&password=x', LAB, 400),
        ('tenants?username=alice&password=onlyletters', LAB, 400),
        ('tenants?initialSecurityGroup=g', LAB, 400),
        (WITH_ALICE, {'name': 'lab'}, 400),
        (WITH_ALICE, {'hardQuota': '1 TB'}, 400),
        (WITH_ALICE, {**LAB, 'administrationAllowed': True}, 403),
        (WITH_ALICE, {**LAB, 'name': 'M'}, 409),
    ],
)
def test_creation_of_tenants(manage, path, body, status) -> None:
    """A tenant would be made that nobody could log in to, or twice, or a good one not at all."""
    assert manage.put(path, body) == status
    assert ('lab' in manage.get('tenants')['name']) is (status == 200)


def test_a_tenant_of_active_directory_begins_with_a_group(manage) -> None:
    """Setting up a tenant without local accounts could not be tried out."""
    body = {**LAB, 'authenticationTypes': {'authenticationType': ['EXTERNAL']}}
    assert manage.put('tenants?initialSecurityGroup=admins@ad', body) == 200
    assert manage.hcp.system.tenants['lab'].groups['admins@ad'].roles == {'SECURITY'}
    assert not manage.hcp.system.tenants['lab'].users


def test_a_tenant_with_namespaces_is_not_deleted(manage, tenant) -> None:
    """A slip would destroy what HCP protects; or a script that cleans up would fail."""
    assert manage.delete('tenants/m') == 403
    assert tenant.delete('tenants/m') == 403
    for name in ('n1', 'n2'):
        assert tenant.delete(f'tenants/m/namespaces/{name}') == 200
    assert manage.delete('tenants/M') == 200
    assert (manage.head('tenants/m'), manage('GET', 'tenants/m').status) == (302, 404)
    assert manage.hcp.system.links['hcp1-a-a-hcp2'].tenants == []


def test_a_renamed_tenant_keeps_its_data(manage, at) -> None:
    """Data would be gone after a rename."""
    at(manage.hcp).put('a', b'abc')
    assert manage.post('tenants/m', {'name': 'm2'}) == 200
    client = manage.dial(manage.hcp.port)
    assert client.ask(path='/rest/a', Host='n1.m2.hcp1.example.com').body == b'abc'
    assert client.ask(path='/rest/a').status == 403


def test_sorting_paging_filtering(manage) -> None:
    """A loop over pages would miss tenants, or take an unsorted list for a sorted one."""
    for name, quota, tag in (('b', '3 GB', 'x1'), ('C', '2 GB', 'X2'), ('d', '1 GB', 'y')):
        body = {'name': name, 'hardQuota': quota, 'tags': {'tag': [tag]}}
        assert manage.put(WITH_ALICE, body) == 200

    def names(query: str = '') -> list[str]:
        return manage.get(f'tenants?{query}')['name']

    assert names('sortType=name') == ['b', 'C', 'd', 'm']
    assert sorted(names()) == sorted(names('sortType=name'))
    assert names() not in (names('sortType=name'), names('sortOrder=descending'))
    assert names('sortOrder=descending&count=2') == ['m', 'd']
    assert names('sortType=hardQuota&offset=1&count=9') == ['C', 'b', 'm']
    assert names('sortType=name&filterType=tag&filterString=x') == ['b', 'C']
    assert names('sortType=name&filterString=c') == ['C']
    assert names('offset=99') == []
    for bad in ('sortType=id', 'sortOrder=up', 'filterType=id', 'offset=-1', 'count=x', 'filterString=a,b'):
        assert manage('GET', f'tenants?{bad}').status == 400, bad


def test_other_tenants_are_closed(manage, tenant) -> None:
    """A tenant's administrator could look into another tenant, or learn that it exists."""
    assert manage.put(WITH_ALICE, LAB) == 200
    for path in ('tenants/lab', 'tenants/none', 'tenants', 'tenants/lab/namespaces'):
        assert (tenant('GET', path).status, tenant.head(path)) == (403, 302), path


def test_a_tenant_whose_management_api_is_off(manage, tenant) -> None:
    """A client would not learn how that looks, or could not do it at all."""
    manage.hcp.system.tenants['m'].mapi_enabled = False
    reply = tenant('GET', 'tenants/m')
    assert (reply.status, reply.headers['x-hcp-errormessage']) == (403, 'the management API is not enabled')
    assert manage('GET', 'tenants/m').status == 200


SETTINGS = {
    'consoleSecurity': {'minimumPasswordLength': 9, 'passwordcombination': 'true'},
    'searchSecurity': {'ipSettings': {'denyAddresses': {'ipAddress': ['10.0.0.0/8', '::1']}}},
    'contactInfo': {'firstName': 'Ann', 'primaryPhone': '+1 (22) 3-4'},
    'emailNotification': {
        'enabled': True,
        'recipients': {'recipient': [{'address': 'a@b', 'importance': 'all', 'type': 'general, security'}]},
        'emailTemplate': {'from': 'a@b', 'subject': '$reason'},
    },
    'namespaceDefaults': {'hardQuota': '.5 TB', 'hashScheme': 'RIPEMD160', 'dpl': '2'},
}
SHOWN = {
    'consoleSecurity': {'minimumPasswordLength': 9, 'passwordCombination': True, 'logoutOnInactive': 10},
    'searchSecurity': {
        'ipSettings': {
            'allowAddresses': {'ipAddress': ['0.0.0.0/0']},
            'denyAddresses': {'ipAddress': ['10.0.0.0/8', '::1']},
            'allowIfInBothLists': True,
        }
    },
    'contactInfo': {'firstName': 'Ann', 'primaryPhone': '+1 (22) 3-4', 'lastName': ''},
    'emailNotification': {
        'enabled': True,
        'recipients': {
            'recipient': [
                {'address': 'a@b', 'importance': 'ALL', 'severity': 'ERROR', 'type': 'GENERAL,SECURITY'}
            ]
        },
        'emailTemplate': {'body': '', 'from': 'a@b', 'subject': '$reason'},
    },
    'namespaceDefaults': {
        'hardQuota': '512.00 GB',
        'hashScheme': 'RIPEMD-160',
        'dpl': 'Dynamic',
        'softQuota': 85,
    },
}


@pytest.mark.parametrize('name', SETTINGS)
def test_settings_of_a_tenant(tenant, name) -> None:
    """A setting would be forgotten, or come back in another form than HCP's."""
    assert tenant.post(f'tenants/m/{name}', SETTINGS[name]) == 200
    read = tenant.get(f'tenants/m/{name}')
    assert {key: read[key] for key in SHOWN[name]} == SHOWN[name]
    assert tenant.post(f'tenants/m/{name}', {}) == 200
    assert tenant.post(f'tenants/m/{name}', read) == 200
    assert tenant.get(f'tenants/m/{name}') == read
    assert tenant.post(f'tenants/m/{name}', {'unknown': 1}) == 400


@pytest.mark.parametrize(
    ('name', 'body', 'status'),
    [
        ('consoleSecurity', {'minimumPasswordLength': 1}, 400),
        ('searchSecurity', {'ipSettings': {'allowAddresses': {'ipAddress': ['x']}}}, 400),
        ('searchSecurity', {'ipSettings': {'addresses': 1}}, 400),
        ('searchSecurity', {'ipSettings': 'x'}, 400),
        ('contactInfo', {'primaryPhone': 'none'}, 400),
        ('emailNotification', {'emailTemplate': {'from': 'a@b'}}, 400),
        ('emailNotification', {'recipients': {'recipient': [{'severity': 'ERROR'}]}}, 400),
        ('namespaceDefaults', {'hardQuota': '2 TB'}, 400),
        ('namespaceDefaults', {'hashScheme': 'sha-256'}, 400),
        ('namespaceDefaults', {'softQuota': 9}, 400),
        ('namespaceDefaults', {'servicePlan': 'Gold'}, 400),
        ('namespaceDefaults', {'versioningSettings': {'prune': True}}, 400),
        ('namespaceDefaults', {'versioningSettings': {'enabled': True}}, 400),
        ('permissions', {'permission': ['read']}, 400),
    ],
)
def test_settings_that_no_tenant_can_have(tenant, name, body, status) -> None:
    """A script with a slip would pass here and fail at HCP."""
    assert tenant.post(f'tenants/m/{name}', body) == status


def test_what_the_system_does_not_let_a_tenant_configure(manage, tenant) -> None:
    """A tenant without a feature could not be told from one that has it."""
    m = manage.hcp.system.tenants['m']
    m.compliance = m.search = m.versioning = m.replication = m.service_plans = False
    for body in ({'enterpriseMode': False}, {'searchEnabled': True}, {'replicationEnabled': True}):
        assert tenant.post('tenants/m/namespaceDefaults', body) == 403
        assert tenant.put('tenants/m/namespaces', {'name': 'x', **body}) == 403
    assert tenant.post('tenants/m/namespaces/n1/versioningSettings', {'enabled': True}) == 403
    assert tenant('GET', 'tenants/m/availableServicePlans').status == 403
    assert tenant('GET', 'tenants/m/contentClasses').status == 403


def test_service_plans(tenant) -> None:
    """The plans that a tenant may choose would not be found."""
    assert tenant.get('tenants/m/availableServicePlans') == {'name': ['Default']}
    assert tenant.get('tenants/m/availableServicePlans/Default')['name'] == 'Default'
    assert tenant.head('tenants/m/availableServicePlans/Gold') == 302


@pytest.mark.parametrize('path', ['tenants/m', 'tenants/m/namespaces/n1'])
def test_cors(tenant, path) -> None:
    """A CORS configuration would not come back as it was set, or never go away."""
    document = '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>'
    assert (tenant.delete(f'{path}/cors'), tenant.head(f'{path}/cors')) == (404, 302)
    wrapped = f'<cors><![CDATA[{document}]]></cors>'.encode()
    fields = {'Content-Type': 'application/xml', 'Accept': 'application/xml'}
    assert tenant('PUT', f'{path}/cors', wrapped, **fields).status == 200
    assert wrapped in tenant('GET', f'{path}/cors', **fields).body
    assert tenant.get(f'{path}/cors') == {'cors': document}
    assert tenant.put(f'{path}/cors', {'cors': document}) == 200
    for bad in ({'cors': '<CORSConfiguration>'}, {'cors': '<a/>'}, {}):
        assert tenant.put(f'{path}/cors', bad) == 400
    for bad_xml in (b'<cors', b'<other/>', b'<cors/>'):
        assert tenant('PUT', f'{path}/cors', bad_xml, **fields).status == 400
    assert (tenant.delete(f'{path}/cors'), tenant('GET', f'{path}/cors').status) == (200, 404)
