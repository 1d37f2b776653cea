"""Accounts and passwords in the mock's management API."""

from __future__ import annotations

import pytest

from hcpsdk.mock import User

USERS = 'tenants/m/userAccounts'
ANN = {
    'username': 'Ann',
    'fullName': 'Ann A.',
    'localAuthentication': True,
    'forcePasswordChange': False,
    'enabled': True,
}


def test_a_new_user_works_with_what_was_granted(manage, tenant, at) -> None:
    """A user made by a script could not log in, or could do something else than granted."""
    assert tenant.put(f'{USERS}?password=Secret-1', {**ANN, 'roles': {'role': ['monitor']}}) == 200
    ann = manage.at('m', 'ann:Secret-1')
    assert ann.get('tenants/m/namespaces')['name']
    assert ann.put('tenants/m/namespaces', {'name': 'x'}) == 403
    fields = {'Authorization': 'HCP QW5u:e002921a4c0a23c035ed44005c979955'}
    n1, path = at(manage.hcp), f'{USERS}/ann/dataAccessPermissions'
    assert n1.ask('PUT', 'a', b'x', **fields).status == 403
    for rights, put, get in ((['WRITE'], 201, 403), (['read', 'CHOWN'], 403, 200), ([], 403, 403)):
        entry = {'namespaceName': 'n1', 'permissions': {'permission': rights}}
        assert tenant.post(path, {'namespacePermission': [entry]}) == 200
        assert n1.ask('PUT', f'b{put}', b'x', **fields).status == put
        assert n1.ask('GET', 'b201', **fields).status == get
    assert tenant.post(f'{USERS}/ann', {'enabled': False}) == 200
    assert ann('GET', 'tenants/m/namespaces').status == 403


def test_permissions_are_incremental(tenant) -> None:
    """Granting something in one namespace would take away what was granted in others."""
    path = f'{USERS}/n/dataAccessPermissions'
    before = tenant.get(f'{path}?sortType=name')['namespacePermission']
    assert [one['namespaceName'] for one in before] == ['n1', 'n2']
    entry = {'namespaceName': 'N2', 'permissions': {'permission': ['PURGE', 'SEARCH']}}
    assert tenant.post(path, {'namespacePermission': [entry]}) == 200
    after = tenant.get(f'{path}?sortType=name')['namespacePermission']
    assert after[0] == before[0]
    assert sorted(after[1]['permissions']['permission']) == ['BROWSE', 'DELETE', 'PURGE', 'READ', 'SEARCH']
    xml = (
        b'<dataAccessPermissions><namespacePermission><namespaceName>n1</namespaceName><permissions/>'
        b'</namespacePermission></dataAccessPermissions>'
    )
    assert tenant('POST', path, xml, **{'Content-Type': 'application/xml'}).status == 200
    assert tenant.get(path)['namespacePermission'] == [after[1]]
    assert tenant.get(f'{path}?filterString=x') == {'namespacePermission': []}
    for bad in (
        {'namespaceName': 'none'},
        {'permissions': {}},
        {'namespaceName': 'n1', 'permissions': {'permission': ['X']}},
    ):
        assert tenant.post(path, {'namespacePermission': [bad]}) == 400


@pytest.mark.parametrize(
    ('query', 'changes', 'status'),
    [
        ('?password=Secret-1', {}, 200),
        ('?password=Secret-1', {'allowNamespaceManagement': True}, 200),
        ('', {'localAuthentication': False}, 200),
        ('', {}, 400),
        ('?password=', {}, 400),
        ('?password=short', {}, 400),
        ('?password=onlyletters', {}, 400),
        ('?password=1234567', {}, 400),
        ('?password=' + 33 * 'a1', {}, 400),
        ('?password=Secret-1', {'fullName': ''}, 400),
        ('?password=Secret-1', {'username': '[x'}, 400),
        ('?password=Secret-1', {'roles': {'role': ['SERVICE']}}, 400),
        ('?password=Secret-1', {'userID': 1}, 403),
        ('?password=Secret-1', {'username': 'N'}, 409),
    ],
)
def test_creation_of_users(tenant, query, changes, status) -> None:
    """A user would be made that HCP refuses, or a good one not; or a password be repeated in an answer."""
    reply = tenant('PUT', USERS + query, {**ANN, **changes})
    assert reply.status == status
    assert 'ecret' not in repr(reply)
    assert (tenant.head(f'{USERS}/ANN') == 200) is (status == 200)


@pytest.mark.parametrize('name', sorted(ANN))
def test_required_properties_of_a_user(tenant, name) -> None:
    """An incomplete request would be taken here and refused by HCP."""
    body = {key: value for key, value in ANN.items() if key != name}
    reply = tenant('PUT', f'{USERS}?password=Secret-1', body)
    assert (reply.status, reply.headers['x-hcp-errormessage']) == (400, f'{name} is required')


def test_a_user_of_radius_cannot_log_in_without_a_password(tenant) -> None:
    """Whoever sends an empty password would be let in."""
    assert tenant.put(USERS, {**ANN, 'localAuthentication': False, 'roles': {'role': ['MONITOR']}}) == 200
    assert tenant.at('m', 'Ann:')('GET', 'tenants/m').status == 403
    assert tenant.post(f'{USERS}/ann?password=Secret-1') == 400
    assert tenant.post(f'{USERS}/ann/changePassword', {'newPassword': 'Secret-1'}) == 400


def test_what_is_shown_of_a_user(tenant) -> None:
    """Roles would be shown to those who must not see them, or passwords to anybody."""
    users = tenant.hcp.system.tenants['m'].users
    users['mon'] = User('mon', 'Secret-8', roles=frozenset({'MONITOR'}))
    monitor = tenant.at('m', 'mon:Secret-8')
    seen = {'enabled', 'allowNamespaceManagement', 'description', 'fullName', 'username'}
    assert set(monitor.get(f'{USERS}/mon')) == seen
    assert set(monitor.get(f'{USERS}/mon?verbose=true')) == {*seen, 'localAuthentication'}
    assert set(tenant.get(f'{USERS}/mon?verbose=true')) == {
        *seen, 'localAuthentication', 'roles', 'forcePasswordChange', 'userGUID', 'userID',
    }  # fmt: skip
    assert 'Secret' not in repr(users['mon'])
    assert 'Secret' not in repr(tenant.get(f'{USERS}/mon?verbose=true'))


def test_the_three_ways_to_change_a_password(manage, tenant) -> None:
    """A rotation of passwords could not be tried out; or a password would stand in the log."""
    boss = tenant
    assert boss.post(f'{USERS}/boss?password=Secret-2') == 200
    assert boss('GET', 'tenants/m').status == 403
    boss = manage.at('m', 'boss:Secret-2')
    assert boss.post(f'{USERS}/boss/changePassword', {'newPassword': 'Secret-3'}) == 200
    boss = manage.at('m', 'boss:Secret-3')
    assert boss.post(f'{USERS}?resetPasswords=Secret-4') == 403
    assert manage.post(f'{USERS}?resetPasswords=Secret-4') == 200
    assert manage.post(USERS) == 400
    assert manage.at('m', 'boss:Secret-4').get('tenants/m')
    assert manage.hcp.system.tenants['m'].users['n'].password == 'n01'
    assert 'Secret' not in repr(manage.hcp.log)


def test_the_tenants_rules_for_passwords(tenant) -> None:
    """The minimum length that a tenant has set would have no effect."""
    assert tenant.post('tenants/m/consoleSecurity', {'minimumPasswordLength': 12}) == 200
    assert tenant.put(f'{USERS}?password=Secret-1', ANN) == 400
    assert tenant.put(f'{USERS}?password=Secret-12345', ANN) == 200


def test_roles_and_namespace_management(tenant) -> None:
    """An administrator could make somebody a security officer, or the reverse."""
    users = tenant.hcp.system.tenants['m'].users
    users['adm'] = User('adm', 'pw', roles=frozenset({'ADMINISTRATOR'}))
    users['sec'] = User('sec', 'pw', roles=frozenset({'SECURITY'}))
    adm, sec = tenant.at('m', 'adm:pw'), tenant.at('m', 'sec:pw')
    assert adm.post(f'{USERS}/n', {'roles': {'role': ['SECURITY']}}) == 403
    assert adm.post(f'{USERS}/n?password=Secret-1') == 403
    assert adm.post(f'{USERS}/n', {'allowNamespaceManagement': True}) == 200
    assert adm.put(f'{USERS}?password=Secret-1', ANN) == 403
    assert sec.post(f'{USERS}/n', {'allowNamespaceManagement': False}) == 403
    assert adm.post(f'{USERS}/n', {'allowNamespaceManagement': False}) == 200
    assert sec.post(f'{USERS}/n', {'roles': {'role': ['ADMINISTRATOR']}}) == 200
    assert sec.get(f'{USERS}/n')['allowNamespaceManagement'] is True


def test_the_last_security_officer_stays(tenant) -> None:
    """A tenant could lock itself out, which HCP does not let it."""
    assert tenant.delete(f'{USERS}/boss') == 403
    assert tenant.put(f'{USERS}?password=Secret-1', {**ANN, 'roles': {'role': ['SECURITY']}}) == 200
    assert tenant.delete(f'{USERS}/boss') == 200


def test_a_renamed_user(tenant) -> None:
    """After a rename a user would lose namespaces, or keep the old name."""
    assert tenant.post('tenants/m/namespaces/n1', {'owner': 'n'}) == 200
    assert tenant.post(f'{USERS}/n', {'username': 'boss'}) == 409
    assert tenant.post(f'{USERS}/n', {'username': 'nn'}) == 200
    assert tenant.get('tenants/m/namespaces/n1')['owner'] == 'nn'
    assert (tenant.head(f'{USERS}/n'), tenant.head(f'{USERS}/nn')) == (302, 200)
    assert tenant.get(f'{USERS}?sortType=username&sortOrder=descending') == {'username': ['nn', 'boss']}
    assert tenant.get(f'{USERS}?filterType=username&filterString=B') == {'username': ['boss']}
    assert tenant('GET', f'{USERS}?sortType=name').status == 400


def test_groups(manage, tenant) -> None:
    """Scripts for accounts of Active Directory could not be tried out."""
    path, name = 'tenants/m/groupAccounts', 'readers@ad.example.net'
    assert tenant.put(path, {'groupname': name}) == 403
    types = {'authenticationTypes': {'authenticationType': ['LOCAL', 'EXTERNAL']}}
    assert manage.post('tenants/m', types) == 200
    assert tenant.put(path, {}) == 400
    assert tenant.put(path, {'groupname': name, 'roles': {'role': ['MONITOR']}}) == 200
    assert tenant.put(path, {'groupname': name.upper()}) == 409
    assert tenant.put(path, {'externalGroupID': 'S-1-5'}) == 200
    assert sorted(tenant.get(path)['groupname']) == ['S-1-5', name]
    assert tenant.post(f'{path}/{name}', {'groupname': 'x'}) == 403
    assert tenant.post(f'{path}/{name}', {'roles': {'role': ['ADMINISTRATOR']}}) == 200
    assert tenant.get(f'{path}/{name}') == {
        'roles': {'role': ['ADMINISTRATOR']}, 'allowNamespaceManagement': True, 'groupname': name,
    }  # fmt: skip
    entry = {'namespaceName': 'n1', 'permissions': {'permission': ['READ']}}
    assert tenant.post(f'{path}/{name}/dataAccessPermissions', {'namespacePermission': [entry]}) == 200
    assert len(tenant.get(f'{path}/{name}/dataAccessPermissions')['namespacePermission']) == 1
    assert (tenant.delete(f'{path}/{name}'), tenant.head(f'{path}/{name}')) == (200, 302)


def test_accounts_of_the_system(manage, tenant) -> None:
    """The system's own accounts would not be found, or be open to tenants and to changes."""
    assert manage.get('userAccounts') == {'username': ['service']}
    shown = manage.get('userAccounts/SERVICE?verbose=true')
    assert (shown['username'], len(shown['roles']['role'])) == ('service', 6)
    assert manage.post('userAccounts/service', {'enabled': False}) == 403
    assert manage.put('userAccounts', ANN) == 405
    assert tenant('GET', 'userAccounts').status == 403
    assert manage.get('groupAccounts') == {'groupname': []}
    assert manage.head('groupAccounts/none') == 302
    assert manage.post('userAccounts/service?password=Secret-1') == 200
    manage = manage.at('admin', 'service:Secret-1')
    assert manage.post('userAccounts/service/changePassword', {'newPassword': 'service01'}) == 200
    assert manage('GET', 'userAccounts').status == 403
