"""Tenants, namespaces, users and groups are managed on a mock HCP, and the result is put to use."""

from __future__ import annotations

from typing import Callable

import pytest

import hcpsdk
from hcpsdk import mapi
from hcpsdk.mapi import (
    ContentClasses,
    Groups,
    Mapi,
    MapiError,
    Namespaces,
    Tenant,
    Tenants,
    Users,
    listtenants,
)
from hcpsdk.mock import MockHCP

ALL_ROLES = ['ADMINISTRATOR', 'COMPLIANCE', 'MONITOR', 'SECURITY']

Aim = Callable[..., hcpsdk.Target]


@pytest.fixture
def aim(mock_hcp: MockHCP) -> Aim:
    """A Target for the management of ``host``, by a user."""

    def make(host: str = 'admin', user: str = 'service', password: str = 'service01') -> hcpsdk.Target:
        auth = hcpsdk.NativeAuthorization(user, password)
        return hcpsdk.Target(
            f'{host}.{mock_hcp.domain}', auth, mock_hcp.mapi_port, resolver=mock_hcp.resolver()
        )

    return make


@pytest.fixture
def lab(aim: Aim) -> hcpsdk.Target:
    """The administrator of a tenant that has just been made."""
    Tenants(aim()).create(
        'lab', username='boss', password='Secret-1', hardQuota='500 GB', tags={'tag': ['dept-7']},
        versioningConfigurationEnabled=True, searchConfigurationEnabled=True,
        servicePlanSelectionEnabled=True,
    )  # fmt: skip
    boss = aim('lab', 'boss', 'Secret-1')
    Users(boss, 'lab').modify('boss', roles={'role': ALL_ROLES})
    return boss


def test_the_life_of_a_tenant(aim: Aim, lab: hcpsdk.Target) -> None:
    """Or an administrator would go back to pasting tokens into curl."""
    tenants = Tenants(aim())
    assert list(tenants.list()) == ['lab', 'm']
    assert list(tenants.list(descending=True)) == ['m', 'lab']
    assert list(tenants.list(prefix='L')) == ['lab']
    assert list(tenants.list(tag='dept')) == ['lab']
    assert list(tenants.list(sort='hardQuota')) == ['lab', 'm']
    assert tenants.exists('lab')
    assert not tenants.exists('nobody')
    tenants.modify('lab', softQuota=70, systemVisibleDescription='a laboratory')
    found = tenants.read('lab')
    assert (found['hardQuota'], found['softQuota']) == ('500.00 GB', 70)
    assert found['systemVisibleDescription'] == 'a laboratory'
    assert 'id' in found
    assert 'id' not in tenants.read('lab', verbose=False)
    tenants.delete('lab')
    assert list(tenants.list()) == ['m']


def test_a_tenant_as_the_last_public_release_has_it(aim: Aim, lab: hcpsdk.Target) -> None:
    """Or programs for that release could not move over."""
    found = {tenant.name: tenant for tenant in listtenants(aim())}
    assert set(found) == {'lab', 'm'}
    assert found['lab'].info()['hardQuota'] == '500.00 GB'
    Tenants(aim()).modify('lab', softQuota=60)
    assert found['lab'].info()['softQuota'] != 60
    assert found['lab'].info(cache=False)['softQuota'] == 60
    found['lab'].close()
    with pytest.raises(MapiError, match='404'):
        Tenant(aim(), 'nobody').info()


def test_the_parts_of_a_tenant(lab: hcpsdk.Target) -> None:
    """Or contacts, notifications and rules for passwords could not be set."""
    tenants = Tenants(lab)
    tenants.modify('lab', 'contactInfo', firstName='Ann', emailAddress='ann@example.com')
    assert tenants.read('lab', 'contactInfo')['firstName'] == 'Ann'
    tenants.modify('lab', 'consoleSecurity', minimumPasswordLength=8)
    assert tenants.read('lab', 'consoleSecurity')['minimumPasswordLength'] == 8
    tenants.modify('lab', 'permissions', permission=['READ'])
    assert tenants.read('lab', 'permissions')['permission'] == ['READ']
    assert tenants.statistics('lab')['objectCount'] == 0
    for part in ('availableServicePlans', 'emailNotification', 'namespaceDefaults', 'searchSecurity'):
        assert isinstance(tenants.read('lab', part), dict)


def test_a_namespace_is_of_use_at_once(mock_hcp: MockHCP, lab: hcpsdk.Target) -> None:
    """Or what was created could not be written to, by the very user that was created for that."""
    namespaces, users = Namespaces(lab, 'lab'), Users(lab, 'lab')
    namespaces.create('scans', hardQuota='20 GB', versioningSettings={'enabled': True, 'prune': False})
    users.create('ann', 'Secret-2')
    users.setpermissions('ann', {'scans': ['READ', 'WRITE', 'DELETE']})
    assert users.permissions('ann') == {'scans': ['BROWSE', 'DELETE', 'READ', 'WRITE']}
    auth = hcpsdk.NativeAuthorization('ann', 'Secret-2')
    data = hcpsdk.Target(f'scans.lab.{mock_hcp.domain}', auth, mock_hcp.port, resolver=mock_hcp.resolver())
    with hcpsdk.Connection(data) as con:
        assert con.PUT('/rest/a', b'one').status == 201
        assert con.PUT('/rest/a', b'two').status == 201
        assert namespaces.statistics('scans')['objectCount'] == 2
        users.setpermissions('ann', {'scans': []})
        assert con.GET('/rest/a').status == 403
    with pytest.raises(MapiError, match='403'):
        namespaces.delete('scans')


def test_the_life_of_a_namespace(lab: hcpsdk.Target) -> None:
    """Or portals and Terraform-like tools could not be built on it."""
    namespaces = Namespaces(lab, 'lab')
    for name, quota in (('a', '3 GB'), ('b', '1 GB'), ('ab', '2 GB')):
        namespaces.create(name, hardQuota=quota)
    assert list(namespaces.list()) == ['a', 'ab', 'b']
    assert list(namespaces.list(sort='hardQuota')) == ['b', 'ab', 'a']
    assert list(namespaces.list(prefix='a', descending=True)) == ['ab', 'a']
    namespaces.modify('a', description='first', softQuota=50)
    assert namespaces.read('a')['description'] == 'first'
    namespaces.modify('a', 'complianceSettings', retentionDefault='A+1y')
    assert namespaces.read('a', 'complianceSettings')['retentionDefault'] == 'A+1y'
    namespaces.modify('a', 'http', httpEnabled=False, httpsEnabled=True)
    assert namespaces.read('a', 'http')['httpEnabled'] is False
    namespaces.delete('ab')
    assert not namespaces.exists('ab')
    with pytest.raises(MapiError, match='409.*of this name'):
        namespaces.create('a')


def test_a_clone_has_all_settings(lab: hcpsdk.Target) -> None:
    """Or the copy would keep less than the original has to."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create(
        'scans', hardQuota='20 GB', softQuota=60, description='x-rays', tags={'tag': ['rays']},
        searchEnabled=True, aclsUsage='ENFORCED',
        versioningSettings={'enabled': True, 'prune': True, 'pruneDays': 7},
    )  # fmt: skip
    namespaces.modify('scans', 'complianceSettings', retentionDefault='A+1y', customMetadataChanges='ALL')
    namespaces.modify('scans', 'http', hs3Enabled=True, restRequiresAuthentication=False)
    namespaces.modify('scans', 'permissions', permission=['READ', 'WRITE'])
    namespaces.modify('scans', 'replicationCollisionSettings', action='RENAME')
    classes = namespaces.retentionclasses('scans')
    classes.create('five-years', value='A+5y', allowDisposition=True, description='tax')
    namespaces.clone('scans', 'copy')
    own = {'name', 'id', 'fullyQualifiedName', 'creationTime', 'mqeIndexingTimestamp'}
    old, new = namespaces.read('scans'), namespaces.read('copy')
    assert {key: new[key] for key in new if key not in own} == {
        key: old[key] for key in old if key not in own
    }
    for part in (
        'complianceSettings',
        'http',
        'permissions',
        'replicationCollisionSettings',
        'versioningSettings',
    ):
        assert namespaces.read('copy', part) == namespaces.read('scans', part), part
    copied = namespaces.retentionclasses('copy')
    assert list(copied.list()) == ['five-years']
    assert copied.read('five-years') == classes.read('five-years')


def test_a_clone_has_cors_and_indexing(lab: hcpsdk.Target) -> None:
    """Or a web application would not work on the copy, nor searches find what they find on the original."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create('scans', searchEnabled=True, indexingEnabled=True, customMetadataIndexingEnabled=True)
    namespaces.modify('scans', 'customMetadataIndexingSettings', fullIndexingEnabled=True)
    Mapi(lab).put('tenants/lab/namespaces/scans/cors', body={'cors': '<CORSConfiguration/>'})
    namespaces.clone('scans', 'copy')
    assert namespaces.read('copy', 'customMetadataIndexingSettings')['fullIndexingEnabled'] is True
    assert namespaces.read('copy', 'cors') == {'cors': '<CORSConfiguration/>'}


def test_a_clone_that_cannot_see_all_is_not_made(aim: Aim, lab: hcpsdk.Target) -> None:
    """Or the copy would have no retention, as its maker may not see that of the original."""
    Namespaces(lab, 'lab').create('scans')
    Namespaces(lab, 'lab').modify('scans', 'complianceSettings', retentionDefault='A+10y')
    Users(lab, 'lab').create('joe', 'Secret-5', roles=['ADMINISTRATOR'], allowNamespaceManagement=True)
    Users(lab, 'lab').modify('joe', roles={'role': []})
    joe = Namespaces(aim('lab', 'joe', 'Secret-5'), 'lab')
    with pytest.raises(MapiError, match='403'):
        joe.clone('scans', 'copy')
    assert not Namespaces(lab, 'lab').exists('copy')


def test_a_clone_whose_retention_is_a_class(lab: hcpsdk.Target) -> None:
    """Or a namespace whose default retention is a class could not be cloned: the copy would lack it."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create('scans')
    namespaces.retentionclasses('scans').create('five', value='A+5y', allowDisposition=True)
    namespaces.modify('scans', 'complianceSettings', retentionDefault='C+five')
    namespaces.clone('scans', 'copy')
    assert namespaces.read('copy', 'complianceSettings') == namespaces.read('scans', 'complianceSettings')


def test_a_password_that_nobody_can_read_is_told_at_once(lab: hcpsdk.Target) -> None:
    """Or half a copy would be left, as HCP tells no WebDAV password, and takes no name without one."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create('scans', optimizedFor='ALL')
    namespaces.modify(
        'scans', 'http', webdavEnabled=True, webdavBasicAuthEnabled=True,
        webdavBasicAuthUsername='w', webdavBasicAuthPassword='Web-1234',
    )  # fmt: skip
    with pytest.raises(MapiError, match='WebDAV'):
        namespaces.clone('scans', 'copy')
    assert not namespaces.exists('copy')


def test_a_copy_that_fails_half_way_is_no_more_open(
    lab: hcpsdk.Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or what may only be read could be overwritten in the copy, if the rest of it cannot be made."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create('scans')
    namespaces.modify('scans', 'permissions', permission=['READ'])
    namespaces.modify('scans', 'complianceSettings', retentionDefault='A+1y')
    modify = namespaces.modify

    def fail(name: str, part: str, **properties: object) -> None:
        if part == 'complianceSettings':
            raise MapiError('refused')
        modify(name, part, **properties)

    monkeypatch.setattr(namespaces, 'modify', fail)
    with pytest.raises(MapiError, match='refused'):
        namespaces.clone('scans', 'copy')
    assert namespaces.read('copy', 'permissions')['permission'] == ['READ']


def test_retention_classes(lab: hcpsdk.Target) -> None:
    """Or rules for keeping records could not be set by a program."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create('scans')
    classes = namespaces.retentionclasses('scans')
    classes.create('k', value='0')
    classes.modify('k', value='A+1y', allowDisposition=False)
    assert classes.read('k')['value'] == 'A+1y'
    classes.delete('k')
    assert list(classes.list()) == []


def test_the_life_of_a_user(mock_hcp: MockHCP, aim: Aim, lab: hcpsdk.Target) -> None:
    """Or accounts would have to be made by hand."""
    users = Users(lab, 'lab')
    users.create('ann', 'Secret-2', fullName='Ann Example', roles=['MONITOR'])
    assert list(users.list()) == ['ann', 'boss']
    assert users.read('ann')['fullName'] == 'Ann Example'
    assert list(Namespaces(aim('lab', 'ann', 'Secret-2'), 'lab').list()) == []
    users.changepassword('ann', 'Secret-3')
    with pytest.raises(MapiError, match='403'):
        list(Namespaces(aim('lab', 'ann', 'Secret-2'), 'lab').list())
    assert list(Namespaces(aim('lab', 'ann', 'Secret-3'), 'lab').list()) == []
    users.modify('ann', enabled=False)
    with pytest.raises(MapiError, match='403'):
        list(Namespaces(aim('lab', 'ann', 'Secret-3'), 'lab').list())
    users.delete('ann')
    assert not users.exists('ann')


def test_the_users_of_the_system(aim: Aim) -> None:
    """Or the system's own accounts could not be looked at."""
    users = Users(aim())
    assert list(users.list()) == ['service']
    assert users.read('service')['username'] == 'service'
    users.changepassword('service', 'Secret-9')
    with pytest.raises(MapiError, match='403'):
        list(users.list())
    assert list(Users(aim(password='Secret-9')).list()) == ['service']


def test_groups_and_content_classes(lab: hcpsdk.Target) -> None:
    """Or those of Active Directory could not be let in, nor annotations be searched."""
    Tenants(lab)
    classes = ContentClasses(lab, 'lab')
    classes.create('slides', contentProperties={'contentProperty': []})
    assert list(classes.list()) == ['slides']
    classes.delete('slides')
    groups = Groups(lab, 'lab')
    assert list(groups.list()) == []
    with pytest.raises(MapiError):  # without Active Directory
        groups.create('readers@ad.example.com', roles=['MONITOR'])


BAD = [
    (lambda lab: Namespaces(lab, ''), ValueError, 'name of a tenant'),
    (lambda lab: Namespaces(lab, None), TypeError, 'name of a tenant'),
    (lambda lab: Namespaces(lab, 'lab').read(''), ValueError, 'name of a namespace'),
    (lambda lab: Users(lab, 'lab').create('ann', 'pw', roles='MONITOR'), TypeError, 'list of names'),
    (lambda lab: Users(lab, 'lab').create('ann', b'pw'), TypeError, 'password'),
    (lambda lab: Users(lab, 'lab').create('ann'), ValueError, 'password must be given'),
    (lambda lab: Users(lab, 'lab').setpermissions('ann', {'scans': 'READ'}), TypeError, 'list of names'),
    (lambda lab: Users(lab, 'lab').setpermissions('ann', ['READ']), TypeError, 'a dictionary'),
    (lambda lab: Groups(lab, 'lab').create(), ValueError, 'a name or an externalGroupID'),
    (lambda lab: Groups(lab, 'lab').create(externalGroupID=''), ValueError, 'name of a group'),
    (lambda lab: Users(lab, 'lab').list(sort='hardQuota'), ValueError, 'sorted by username'),
    (lambda lab: Users(lab, 'lab').list(tag='x'), ValueError, 'tags'),
    (lambda lab: Groups(lab, 'lab').list(prefix='x'), ValueError, 'neither sorts nor filters'),
    (lambda lab: Tenants('lab'), TypeError, 'Target'),
    (lambda lab: Tenant(lab, ''), ValueError, 'name of a tenant'),
]


@pytest.mark.parametrize(('call', 'kind', 'why'), BAD, ids=[why for *_, why in BAD])
def test_bad_arguments_fail_before_hcp_is_asked(mock_hcp: MockHCP, aim: Aim, call, kind, why) -> None:
    """Or a typing error would be HCP's to explain."""
    with pytest.raises(kind, match=why):
        call(aim('m', 'n', 'n01'))
    assert mock_hcp.log == []


def likely(hcp: MockHCP, target: hcpsdk.Target, path: str) -> str:
    with pytest.raises(MapiError) as caught:
        Mapi(target).get(path)
    assert caught.value.status in (403, 404)
    return str(caught.value)


def test_each_mishap_has_its_likely_cause(mock_hcp: MockHCP, aim: Aim, lab: hcpsdk.Target) -> None:
    """Or bad names, missing rights, a MAPI that is off and a wrong host would all look the same."""
    Users(lab, 'lab').create('eve', 'Secret-4')
    assert 'no such resource' in likely(mock_hcp, aim(), 'tenants/nobody')
    assert 'password may be wrong' in likely(mock_hcp, aim(password='wrong'), 'tenants')
    assert 'role' in likely(mock_hcp, aim('lab', 'eve', 'Secret-4'), 'tenants/lab/namespaces')
    assert 'level' in likely(mock_hcp, lab, 'services/replication')
    mock_hcp.system.tenants['lab'].mapi_enabled = False
    assert 'switched off' in likely(mock_hcp, lab, 'tenants/lab')


def test_a_group_by_its_sid(aim: Aim) -> None:
    """Or a group whose name is not unique in the forest could not be let in."""
    types = {'authenticationType': ['LOCAL', 'EXTERNAL']}
    Tenants(aim()).create(
        'ad', username='boss', password='Secret-1', hardQuota='5 GB', authenticationTypes=types
    )
    groups = Groups(aim('ad', 'boss', 'Secret-1'), 'ad')
    groups.create(externalGroupID='S-1-5-21-1-2-3-4', roles=['MONITOR'])
    [name] = groups.list()
    assert groups.read(name)['externalGroupID'] == 'S-1-5-21-1-2-3-4'


def test_rules_for_other_origins(lab: hcpsdk.Target) -> None:
    """Or a tenant's web pages could not use it without curl."""
    tenants = Tenants(lab)
    tenants.modify('lab', 'cors', cors='<CORSConfiguration/>')
    assert tenants.read('lab', 'cors')['cors'] == '<CORSConfiguration/>'
    tenants.deletepart('lab', 'cors')
    with pytest.raises(MapiError, match='404'):
        tenants.deletepart('lab', 'cors')


def test_versioning_of_a_namespace_can_be_given_back(lab: hcpsdk.Target) -> None:
    """Or what the tenant's settings say could not be made to count again."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create('scans', hardQuota='1 GB')
    namespaces.modify('scans', 'versioningSettings', enabled=True, prune=False)
    namespaces.deletepart('scans', 'versioningSettings')


def test_renaming(aim: Aim, lab: hcpsdk.Target) -> None:
    """Or a tenant or a namespace would keep the name of a typing error."""
    namespaces = Namespaces(lab, 'lab')
    namespaces.create('scasn', hardQuota='1 GB')
    namespaces.modify('scasn', name='scans')
    assert list(namespaces.list()) == ['scans']


def test_a_tenant_in_a_with_block(mock_hcp: MockHCP, lab: hcpsdk.Target) -> None:
    """Or it would be the only one of the classes that cannot."""
    mock_hcp.log.clear()
    with Tenant(lab, 'lab') as tenant:
        tenant.info()['hardQuota'] = 'mine'
        assert tenant.info() == tenant.info(cache=False)
    assert len(mock_hcp.log) == 2
    assert len({seen.connection for seen in mock_hcp.log}) == 1


def test_mapi_reaches_what_has_no_class(aim: Aim, lab: hcpsdk.Target) -> None:
    """Or a resource that nobody wrote a class for would be out of reach."""
    with Mapi(lab) as m:
        m.put('tenants/lab/cors', body={'cors': '<CORSConfiguration/>'})
        assert m.get(('tenants', 'lab', 'cors'))['cors'] == '<CORSConfiguration/>'
        m.delete('tenants/lab/cors')
        assert not m.exists('tenants/lab/cors')
        assert m.software_version == '7.1.0.10'
    assert mapi.Mapi is Mapi
