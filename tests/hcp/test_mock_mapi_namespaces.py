"""Namespaces in the mock's management API, and what comes of their settings on the data side."""

from __future__ import annotations

import pytest

from hcpsdk.mock import MockHCP, User

NAMESPACES = 'tenants/m/namespaces'
N1 = f'{NAMESPACES}/n1'


@pytest.fixture
def n3(tenant, at):
    """A visitor of a namespace just made, where the user n may do everything."""
    assert tenant.put(NAMESPACES, {'name': 'n3', 'owner': 'n', 'hardQuota': '1 GB'}) == 200
    entry = {'namespaceName': 'n3', 'permissions': {'permission': ['DELETE', 'PURGE', 'READ', 'WRITE']}}
    grants = 'tenants/m/userAccounts/n/dataAccessPermissions'
    assert tenant.post(grants, {'namespacePermission': [entry]}) == 200
    return at(tenant.hcp, 'n3')


def test_the_smallest_namespace(tenant) -> None:
    """A namespace would not get HCP's defaults, or the tenant's."""
    assert tenant.post('tenants/m/namespaceDefaults', {'softQuota': 70, 'description': 'd'}) == 200
    assert tenant.put(NAMESPACES, {'name': 'Scans'}) == 200
    read = tenant.get(f'{NAMESPACES}/scans?verbose=true')
    assert (read['name'], read['hardQuota'], read['softQuota'], read['description']) == (
        'Scans',
        '50.00 GB',
        70,
        'd',
    )
    assert (read['hashScheme'], read['aclsUsage'], read['ownerType']) == ('SHA-256', 'NOT_ENABLED', '')
    assert (read['enterpriseMode'], read['searchEnabled'], read['indexingDefault']) == (True, False, True)
    assert read['fullyQualifiedName'] == 'Scans.m.hcp1.example.com'
    assert set(read) - set(tenant.get(f'{NAMESPACES}/scans')) == {
        'creationTime', 'fullyQualifiedName', 'hashScheme', 'id', 'isDplDynamic', 'mqeIndexingTimestamp',
    }  # fmt: skip


def test_a_namespace_as_a_template(tenant) -> None:
    """Cloning a namespace by what GET shows would fail."""
    read = {**tenant.get(N1), 'name': 'n3'}
    versions = tenant.get(f'{N1}/versioningSettings')
    assert tenant.put(NAMESPACES, {**read, 'versioningSettings': versions}) == 200
    assert tenant.get(f'{NAMESPACES}/n3') == read


@pytest.mark.parametrize(
    ('body', 'status'),
    [
        ({'name': 'x', 'hashScheme': 'RIPEMD160', 'tags': {'tag': ['a']}}, 200),
        ({'name': 'x', 'versioningSettings': {'enabled': 't', 'prune': True, 'pruneDays': '30'}}, 200),
        ({}, 400),
        ({'name': ''}, 400),
        ({'name': 'a_b'}, 400),
        ({'name': 64 * 'a'}, 400),
        ({'name': 'x', 'hardQuota': '2 TB'}, 400),
        ({'name': 'x', 'softQuota': 5}, 400),
        ({'name': 'x', 'hashScheme': 'md5'}, 400),
        ({'name': 'x', 'versioningSettings': {'enabled': True}}, 400),
        ({'name': 'x', 'versioningSettings': {'enabled': True, 'prune': True}}, 400),
        ({'name': 'x', 'versioningSettings': {'prune': True}}, 400),
        ({'name': 'x', 'indexingEnabled': True}, 400),
        (
            {
                'name': 'x',
                'customMetadataIndexingEnabled': True,
                'searchEnabled': True,
                'indexingEnabled': False,
            },
            400,
        ),
        ({'name': 'x', 'readFromReplica': True}, 400),
        ({'name': 'x', 'owner': 'nobody'}, 400),
        ({'name': 'x', 'ownerType': 'LOCAL'}, 400),
        ({'name': 'x', 'aclsUsage': 'ENABLED'}, 400),
        ({'name': 'x', 'authMinimumPermissions': {'permission': ['SEARCH']}}, 400),
        ({'name': 'x', 'id': '1'}, 403),
        ({'name': 'N1'}, 409),
    ],
)
def test_creation_of_namespaces(tenant, body, status) -> None:
    """A namespace that HCP refuses would be made, or a good one not."""
    reply = tenant('PUT', NAMESPACES, body)
    assert (reply.status, 'x-hcp-errormessage' in reply.headers) == (status, status != 200)
    assert ('x' in tenant.get(NAMESPACES)['name']) is (status == 200)


@pytest.mark.parametrize(
    ('body', 'status'),
    [
        ({'hashScheme': 'MD5'}, 403),
        ({'versioningSettings': {'enabled': False}}, 403),
        ({'hardQuota': '2000 GB'}, 400),
        ({'name': 'N2'}, 409),
        ({'enterpriseMode': False}, 200),
        ({'aclsUsage': 'not_enforced'}, 200),
        ({'aclsUsage': 'NOT_ENABLED'}, 403),
    ],
)
def test_changes_of_a_namespace(tenant, body, status) -> None:
    """A change that HCP refuses would be done."""
    assert tenant.post(N1, body) == status


def test_compliance_mode_is_for_ever(tenant) -> None:
    """A test would loosen what cannot be loosened at HCP."""
    assert tenant.post(N1, {'enterpriseMode': False}) == 200
    assert tenant.post(N1, {'enterpriseMode': True}) == 403
    classes = f'{N1}/retentionClasses'
    assert tenant.post(f'{classes}/TAX_DATA', {'value': 'A+9y', 'allowDisposition': True}) == 400
    assert tenant.post(f'{classes}/TAX_DATA', {'value': 'A+11y', 'allowDisposition': True}) == 200
    assert tenant.delete(f'{classes}/TAX_DATA') == 403


def test_a_new_namespace_takes_data(n3, tenant) -> None:
    """Scripts could not go on with what they have just made."""
    assert n3.put('a', b'abc') == 201
    assert n3.get('a') == b'abc'
    assert tenant.get(f'{NAMESPACES}/n3/statistics')['objectCount'] == 1


def test_http_is_off_where_there_is_https(server_context, client_context, dial) -> None:
    """A client that forgets to switch HTTP on would work here, and not with HCP."""
    with MockHCP(ssl_context=server_context) as hcp:
        boss = User(
            'n', 'n01', roles=frozenset({'ADMINISTRATOR'}), permissions={'n3': frozenset({'read', 'write'})}
        )
        hcp.system.tenants['m'].users['n'] = boss
        host = {'Host': 'm.hcp1.example.com', 'Content-Type': 'application/json'}

        def manage(method: str, path: str, body: bytes) -> int:
            client = dial(hcp.mapi_port, context=client_context, name='m.hcp1.example.com')
            return client.ask(method, f'/mapi/{path}', body, **host).status

        assert manage('PUT', NAMESPACES, b'{"name": "n3"}') == 200
        names = {'Host': 'n3.m.hcp1.example.com'}
        secure = dial(hcp.https_port, context=client_context, name=names['Host'])
        assert secure.ask('PUT', '/rest/a', b'x', **names).status == 201
        assert dial(hcp.port).ask('GET', '/rest/a', **names).status == 403
        assert manage('POST', f'{NAMESPACES}/n3/protocols/http', b'{"httpEnabled": true}') == 200
        assert dial(hcp.port).ask('GET', '/rest/a', **names).status == 200


def test_protocols_take_effect(tenant, at) -> None:
    """Switching an interface off would have no effect on the data."""
    n1, path = at(tenant.hcp), f'{N1}/protocols/http'
    assert n1.put('a') == 201
    for name in ('httpEnabled', 'restEnabled'):
        assert tenant.post(path, {name: 'false'}) == 200
        assert n1.ask('GET', 'a').status == 403
        assert tenant.post(path, {name: True}) == 200
        assert n1.ask('GET', 'a').status == 200


def test_anonymous_access(tenant, dial) -> None:
    """Opening a namespace to everybody could not be tried out."""

    def ask(method: str) -> int:
        data = b'x' if method == 'PUT' else b''
        return dial(tenant.hcp.port).ask(method, '/rest/a', data, Authorization='HCP all_users:').status

    assert ask('GET') == 403
    assert tenant.post(f'{N1}/protocols/http', {'restRequiresAuthentication': False}) == 200
    assert tenant.post(N1, {'authAndAnonymousMinimumPermissions': {'permission': ['read']}}) == 200
    shown = {'permission': ['BROWSE', 'READ']}
    assert tenant.get(N1)['authAndAnonymousMinimumPermissions'] == shown
    assert ask('GET') == 404
    assert ask('PUT') == 403
    assert tenant.post(f'{N1}/protocols/http', {'restRequiresAuthentication': True}) == 200
    assert ask('GET') == 403


def test_versioning_takes_effect(n3, tenant) -> None:
    """Versions would not be kept though they were ordered, or the settings be lost."""
    settings = f'{NAMESPACES}/n3/versioningSettings'
    assert n3.put('a') == 201
    assert n3.put('a') == 409
    assert tenant.post(settings, {'enabled': True, 'prune': True, 'pruneDays': 3}) == 200
    assert n3.put('a') == 201
    assert tenant.get(settings) == {
        'enabled': True,
        'keepDeletionRecords': True,
        'prune': True,
        'pruneDays': 3,
        'useDeleteMarkers': False,
    }
    assert tenant.post(f'{NAMESPACES}/n3', {'appendEnabled': True}) == 400
    assert tenant.post(f'{NAMESPACES}/n3/protocols/nfs', {'enabled': True}) == 400
    assert tenant.delete(settings) == 200
    assert tenant.get(settings)['enabled'] is False
    assert tenant.post(f'{NAMESPACES}/n3/protocols/nfs', {'enabled': True, 'uid': 7}) == 200
    assert tenant.post(settings, {'enabled': True}) == 400


def test_masks_take_effect(tenant, at) -> None:
    """Closing a namespace or a tenant to writers would have no effect."""
    n1 = at(tenant.hcp)
    for path in (f'{N1}/permissions', 'tenants/m/permissions'):
        assert tenant.get(path) == {
            'permission': ['DELETE', 'PRIVILEGED', 'PURGE', 'READ', 'SEARCH', 'WRITE']
        }
        assert tenant.post(path, {'permission': ['PURGE', 'SEARCH']}) == 200
        assert tenant.get(path) == {'permission': ['DELETE', 'PURGE', 'READ', 'SEARCH']}
        assert n1.put('a') == 403
        assert tenant.post(path, {}) == 200
        assert tenant.get(path)['permission']
        fields = {'Content-Type': 'application/xml'}
        assert tenant('POST', path, b'<permissions/>', **fields).status == 200
        assert tenant.get(path) == {'permission': []}
        body = b'<permissions><permission>WRITE</permission></permissions>'
        assert tenant('POST', path, body, **fields).status == 200
        assert n1.put(path.replace('/', '_')) == 201


def test_quotas_take_effect(n3, tenant) -> None:
    """A full namespace could not be tried out; or a quota be set below what is used."""
    namespace = tenant.hcp.system.tenants['m'].namespaces['n3']
    assert namespace.hard_quota == 1024**3
    namespace.dpl = 2**30
    assert n3.put('a', b'ab') == 413
    assert tenant.post(f'{NAMESPACES}/n3', {'hardQuota': '3 GB'}) == 200
    assert n3.put('a', b'ab') == 201
    assert tenant.post(f'{NAMESPACES}/n3', {'hardQuota': '1.5 GB'}) == 400


def test_compliance_settings_take_effect(n3, tenant) -> None:
    """Objects would not be kept as long as the settings say."""
    path = f'{NAMESPACES}/n3/complianceSettings'
    assert tenant.put(f'{NAMESPACES}/n3/retentionClasses', {'name': 'k', 'value': '-1'}) == 200
    body = {
        'retentionDefault': 'C+K',
        'customMetadataChanges': 'none',
        'minimumRetentionAfterInitialUnspecified': '1y+2M',
    }
    assert tenant.post(path, body) == 200
    assert tenant.get(path) == {
        **body, 'customMetadataChanges': 'NONE', 'dispositionEnabled': False, 'shreddingDefault': False,
    }  # fmt: skip
    assert n3.put('a') == 201
    assert n3.head('a')['x-hcp-retentionclass'] == 'k'
    assert n3.delete('a') == 403
    for bad in ('C+none', 'forever', 'A+1'):
        assert tenant.post(path, {'retentionDefault': bad}) == 400
    assert tenant.post(path, {'minimumRetentionAfterInitialUnspecified': '-1'}) == 400


@pytest.mark.parametrize(
    ('body', 'status'),
    [
        ({'name': 'k', 'value': '0'}, 200),
        ({'name': 'k', 'value': 'Deletion Prohibited'}, 200),
        ({'name': 'k', 'value': 'A+1y-2d', 'allowDisposition': True}, 200),
        ({'name': 'k', 'value': 'A+1y'}, 400),
        ({'name': 'k'}, 400),
        ({'name': 'k', 'value': 'N+1y', 'allowDisposition': True}, 400),
        ({'name': 'k', 'value': '1422736466'}, 400),
        ({'name': 'k', 'value': 'C+TAX_DATA'}, 400),
        ({'name': 'a b', 'value': '0'}, 400),
        ({'name': 'tax_data', 'value': '0'}, 409),
    ],
)
def test_retention_classes(tenant, body, status) -> None:
    """A class would be made that HCP refuses, or a good one not."""
    path = f'{N1}/retentionClasses'
    assert tenant.put(path, body) == status
    assert (tenant.head(f'{path}/K') == 200) is (status == 200)
    if status == 200:
        assert tenant.get(f'{path}/k?verbose=true') == {'allowDisposition': False, 'description': '', **body}
        assert tenant.post(f'{path}/k', tenant.get(f'{path}/k')) == 200
        assert tenant.delete(f'{path}/k') == 200
    assert sorted(tenant.get(path)['name']) == ['TAX_DATA', 'deletion_prohibited', 'initial_unspecified']


@pytest.mark.parametrize(
    ('path', 'body', 'status'),
    [
        ('protocols/http', {'ipSettings': {'allowIfInBothLists': False}}, 200),
        ('protocols/http', {'hs3Enabled': True}, 200),
        ('protocols/http', {'webdavBasicAuthUsername': 'u'}, 400),
        ('protocols/http', {'webdavBasicAuthUsername': 'u', 'webdavBasicAuthPassword': 'Secret-9'}, 200),
        ('protocols/nfs', {'ipSettings': {'denyAddresses': {'ipAddress': []}}}, 400),
        ('protocols/nfs', {'uid': -1}, 400),
        ('protocols/cifs', {'ipSettings': {'allowIfInBothLists': True}}, 400),
        ('protocols/cifs', {'caseForcing': 'upper', 'enabled': True}, 200),
        ('protocols/smtp', {'emailLocation': '/mail/', 'emailFormat': '.MBOX'}, 200),
        ('protocols/smtp', {'emailLocation': 'mail'}, 400),
        ('protocols/ftp', {}, 404),
        ('replicationCollisionSettings', {'action': 'rename', 'deleteEnabled': True, 'deleteDays': 5}, 200),
        ('replicationCollisionSettings', {'deleteEnabled': True}, 400),
        ('replicationCollisionSettings', {'deleteDays': 5}, 400),
        ('customMetadataIndexingSettings', {'contentClasses': {'name': []}}, 200),
        ('customMetadataIndexingSettings', {'contentClasses': {'name': ['none']}}, 400),
        ('customMetadataIndexingSettings', {'fullIndexingEnabled': True}, 403),
    ],
)
def test_further_settings(tenant, path, body, status) -> None:
    """A setting would be forgotten, or one be taken that HCP refuses."""
    assert tenant.post(f'{N1}/{path}', body) == status
    if status == 200:
        read = tenant.get(f'{N1}/{path}')
        assert tenant.post(f'{N1}/{path}', read) == 200
        assert tenant.get(f'{N1}/{path}') == read
        assert set(body) - set(read) <= {'webdavBasicAuthPassword'}
        assert 'Secret-9' not in repr(read)


def test_acls_are_needed_for_s3(tenant) -> None:
    """A script would be told too late that S3 needs ACLs."""
    assert tenant.put(NAMESPACES, {'name': 'x'}) == 200
    assert tenant.post(f'{NAMESPACES}/x/protocols/http', {'hs3Enabled': True}) == 400
    assert tenant.post(f'{NAMESPACES}/x', {'aclsUsage': 'ENFORCED'}) == 200
    assert tenant.post(f'{NAMESPACES}/x/protocols/http', {'hs3Enabled': True}) == 200
    assert tenant.post(f'{NAMESPACES}/x', {'name': 'y'}) == 403


def test_a_renamed_namespace(n3, tenant, at) -> None:
    """After a rename data, permissions and owner would be gone."""
    assert n3.put('a', b'abc') == 201
    assert tenant.post(f'{NAMESPACES}/n3', {'name': 'n4'}) == 200
    assert at(tenant.hcp, 'n4').get('a') == b'abc'
    assert n3.ask('GET', 'a').status == 403
    assert tenant.get(f'{NAMESPACES}/N4')['owner'] == 'n'
    assert (tenant.head(f'{NAMESPACES}/n3'), tenant.head(f'{NAMESPACES}/n4')) == (302, 200)


def test_only_an_empty_namespace_is_deleted(n3, tenant) -> None:
    """A slip would destroy data; or what was deleted would come back under an old name."""
    assert n3.put('d/a') == 201
    assert tenant.delete(f'{NAMESPACES}/n3') == 403
    assert n3.delete('d/a') == 200
    assert tenant.delete(f'{NAMESPACES}/n3') == 200
    assert tenant.delete(f'{NAMESPACES}/n3') == 404
    assert tenant.put(NAMESPACES, {'name': 'n3'}) == 200
    assert n3.ask('GET', '').status == 403


def test_namespace_quota(manage, tenant) -> None:
    """A tenant could have more namespaces than the system's administrator allows."""
    assert manage.post('tenants/m', {'namespaceQuota': 3}) == 200
    assert [tenant.put(NAMESPACES, {'name': name}) for name in ('x', 'y')] == [200, 403]


def test_roles_for_namespaces(tenant) -> None:
    """A monitor or a compliance officer could do too much, or too little."""
    users = tenant.hcp.system.tenants['m'].users
    seen = {}
    for role in ('MONITOR', 'COMPLIANCE', 'SECURITY'):
        users[role] = User(role, 'pw', roles=frozenset({role}))
        one = tenant.at('m', f'{role}:pw')
        seen[role] = [
            one.head(N1),
            one('GET', N1).status,
            one.post(N1, {}),
            one('GET', NAMESPACES).status,
            one.post(f'{N1}/complianceSettings', {}),
        ]
    assert seen == {
        'MONITOR': [200, 200, 403, 200, 403],
        'COMPLIANCE': [200, 403, 403, 200, 200],
        'SECURITY': [302, 403, 403, 403, 403],
    }


def test_who_may_only_manage_own_namespaces(tenant) -> None:
    """A self-service portal's account could see or delete the namespaces of others."""
    users = tenant.hcp.system.tenants['m'].users
    users['self'] = User('self', 'pw', manager=True)
    own = tenant.at('m', 'self:pw')
    assert own.get(NAMESPACES) == {'name': []}
    assert own.put(NAMESPACES, {'name': 'mine'}) == 200
    assert own.get(NAMESPACES) == {'name': ['mine']}
    assert own.get(f'{NAMESPACES}/mine') == {'name': 'mine', 'owner': 'self'}
    assert (own('GET', N1).status, own.head(N1), own.delete(N1)) == (403, 302, 403)
    assert own.post(f'{NAMESPACES}/mine', {}) == 403
    assert own.post(f'{NAMESPACES}/mine/versioningSettings', {'enabled': True}) == 200
    assert tenant.post('tenants/m', {'maxNamespacesPerUser': 1}) == 200
    assert own.put(NAMESPACES, {'name': 'more'}) == 403
    assert own.delete(f'{NAMESPACES}/mine') == 200
    assert users['self'].permissions == {}


def test_indexing_again(tenant) -> None:
    """Ordering a new index would be refused, or taken though it makes no sense."""
    assert tenant.post(f'{N1}?resetMQECheckpoint=03/05/2024') == 200
    stamp = tenant.get(f'{N1}?verbose=true')['mqeIndexingTimestamp']
    assert stamp == '2024-03-05T00:00:00+0100'
    assert tenant.post(f'{N1}?resetMQECheckpoint=0') == 200
    assert tenant.post(f'{N1}?resetMQECheckpoint=2024-03-05') == 400


def test_content_classes(tenant) -> None:
    """A content class would be forgotten, or outlive its namespace."""
    path, slot = 'tenants/m/contentClasses', {'name': 'stain', 'expression': '/slide/stain', 'type': 'string'}
    body = {
        'name': 'Slides',
        'contentProperties': {'contentProperty': [slot]},
        'namespaces': {'name': ['N2']},
    }
    assert tenant.put(path, body) == 200
    assert tenant.put(path, {'name': 'slides'}) == 409
    assert tenant.get(path) == {'name': ['Slides']}
    assert tenant.get(f'{path}/slides') == {
        'contentProperties': {'contentProperty': [{**slot, 'multivalued': False, 'type': 'STRING'}]},
        'name': 'Slides',
        'namespaces': {'name': ['n2']},
    }
    bad = {**slot, 'format': 'x'}, {**slot, 'type': 'x'}, {'name': 'a'}, {**slot, 'name': 'a b'}
    for one in bad:
        assert tenant.post(f'{path}/slides', {'contentProperties': {'contentProperty': [one]}}) == 400
    assert tenant.post(f'{path}/slides', {'namespaces': {'name': ['none']}}) == 400
    assert tenant.delete(f'{path}/slides') == 403
    assert tenant.post(f'{NAMESPACES}/n2', {'searchEnabled': False}) == 200
    assert tenant.get(f'{path}/slides')['namespaces'] == {'name': []}
    assert tenant.post(f'{path}/slides', {'contentProperties': {'contentProperty': []}, 'name': 'S'}) == 200
    assert (tenant.delete(f'{path}/s'), tenant.head(f'{path}/s')) == (200, 302)


def test_the_time_of_replication(tenant) -> None:
    """Nobody could see up to when a replicated namespace is the same on both sides."""
    assert 'replicationTimestamp' not in tenant.get(f'{N1}?verbose=true')
    assert tenant.post(N1, {'replicationEnabled': True}) == 200
    assert tenant.get(f'{N1}?verbose=true')['replicationTimestamp'] == '2014-12-30T22:37:29+0100'
    assert 'readFromReplica' in tenant.get(N1)
