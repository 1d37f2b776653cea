"""Access control lists and what they grant."""

from __future__ import annotations

import json

import pytest

from hcpsdk.mock.model import rights

NAME = '/rest/a.txt'
ACL = NAME + '?type=acl'
JSON = [('Content-Type', 'application/json')]


def grant(kind, name, *permissions, extra=''):
    inner = ''.join(f'<permission>{one}</permission>' for one in permissions)
    return (
        f'<grant><grantee><type>{kind}</type><name>{name}</name>{extra}</grantee>'
        f'<permissions>{inner}</permissions></grant>'
    )


def acl(*grants):
    return f'<accessControlList>{"".join(grants)}</accessControlList>'.encode()


ALL_READ = acl(grant('group', 'all_users', 'READ'))
ALL_USERS = {'type': 'group', 'name': 'all_users'}
ALL_READ_JSON = {'grant': [{'grantee': ALL_USERS, 'permissions': {'permission': ['READ']}}]}


@pytest.fixture
def hcp(hcp):
    """With one object."""
    hcp('PUT', NAME, b'x')
    return hcp


@pytest.mark.parametrize(('body', 'headers'), [(ALL_READ, []), (json.dumps(ALL_READ_JSON).encode(), JSON)])
def test_an_acl_comes_back_in_both_formats(hcp, body, headers):
    """An ACL could not be read by those who did not write it."""
    assert hcp('PUT', ACL, body, headers=headers).status == 201
    as_xml = hcp('GET', ACL)
    assert as_xml.xml.findtext('grant/grantee/name') == 'all_users'
    assert as_xml.xml.findtext('grant/permissions/permission') == 'READ'
    as_json = hcp('GET', ACL, headers=[('Accept', 'application/json')])
    assert json.loads(as_json.body) == ALL_READ_JSON
    assert (as_xml['Content-Type'], as_json['Content-Type']) == ('application/xml', 'application/json')
    head = hcp('HEAD', ACL)
    assert (head['X-HCP-ACL'], head['Content-Length']) == ('true', str(len(as_xml.body)))
    assert hcp('HEAD', NAME)['X-HCP-ACL'] == 'true'


def test_no_acl_is_an_empty_one(hcp):
    """The absence of an ACL would look like an error."""
    assert hcp('GET', ACL).xml.tag == 'accessControlList'
    assert json.loads(hcp('GET', ACL, headers=[('Accept', 'application/json')]).body) == {'grant': []}
    head = hcp('HEAD', ACL)
    assert (head.status, head['X-HCP-ACL'], head['Content-Length']) == (200, 'false', '0')


def test_an_acl_can_be_taken_off(hcp):
    """An object that was opened could not be closed again."""
    hcp('PUT', ACL, ALL_READ)
    assert hcp('DELETE', ACL).status == 200
    assert hcp('HEAD', ACL)['X-HCP-ACL'] == 'false'
    assert hcp('DELETE', ACL).status == 200


@pytest.mark.parametrize(
    ('body', 'headers', 'status'),
    [
        (b'<accessControlList>', [], 400),
        (b'<other/>', [], 400),
        (b'<accessControlList><x/></accessControlList>', [], 400),
        (acl(grant('group', 'strangers', 'READ')), [], 400),
        (acl(grant('user', 'all_users', 'READ')), [], 400),
        (acl(grant('user', 'unknown', 'READ')), [], 400),
        (acl(grant('thing', 'n', 'READ')), [], 400),
        (acl(grant('user', 'n', 'FLY')), [], 400),
        (acl(grant('user', 'n')), [], 400),
        (acl(grant('user', '', 'READ')), [], 400),
        (acl(grant('user', 'n', 'READ', extra='<domain>ad</domain>')), [], 400),
        (acl(grant('user', 'n', 'READ'), grant('user', 'N', 'WRITE')), [], 400),
        (b'{', JSON, 400),
        (b'[]', JSON, 400),
        (b'{"grant": [1]}', JSON, 400),
        (b'{"grant": [{"grantee": {"type": "user", "name": "n", "domain": "ad"}}]}', JSON, 400),
        (ALL_READ, [('Content-Type', 'text/plain')], 415),
        (ALL_READ, [('Content-Type', 'application/xml; charset=UTF-8')], 201),
        (acl(grant('user', 'N', 'READ', 'READ_ACL', 'WRITE', 'WRITE_ACL', 'DELETE')), [], 201),
    ],
)
def test_what_an_acl_may_be(hcp, body, headers, status):
    """A malformed ACL would open or lock an object in an unforeseen way."""
    put = hcp('PUT', ACL, body, headers=headers)
    assert (put.status, bool(put.error)) == (status, status == 400)


@pytest.mark.parametrize(('entries', 'status'), [(1000, 201), (1001, 400)])
def test_the_length_of_an_acl(hcp, entries, status):
    """An ACL that is too long would be refused only by a real HCP."""
    names = [f'u{number}' for number in range(entries)]
    for name in names:
        hcp.add_user(name)
    assert hcp('PUT', ACL, acl(*[grant('user', name, 'READ') for name in names])).status == status


@pytest.mark.parametrize(
    ('accept', 'status'), [('text/html', 406), ('*/*', 200), ('text/html, application/json;q=0.5', 200)]
)
def test_the_format_of_an_acl(hcp, accept, status):
    """A client would get a format that it did not ask for."""
    assert hcp('GET', ACL, headers=[('Accept', accept)]).status == status


@pytest.mark.parametrize('path', ['/rest/none', '/rest'])
def test_acls_need_an_object(hcp, path):
    """An ACL would be stored for nothing."""
    for method in ('GET', 'HEAD', 'PUT', 'DELETE'):
        assert hcp(method, path + '?type=acl', ALL_READ).status in (404, 400)


def test_acls_may_be_disabled(hcp):
    """A namespace without ACLs would take them."""
    hcp('PUT', ACL, acl(grant('user', 'n', 'READ')))
    hcp.namespace().acls = False
    for method in ('GET', 'HEAD', 'PUT', 'DELETE'):
        assert hcp(method, ACL, ALL_READ).status == 400
    assert hcp('PUT', '/rest/b?acl=all_read').status == 400
    user = hcp.add_user('n', 'write')
    assert hcp('GET', NAME, user=user).status == 403


@pytest.mark.parametrize(
    ('entry', 'method', 'status'),
    [
        (grant('user', 'U', 'READ'), 'GET', 200),
        (grant('user', 'U', 'READ'), 'DELETE', 403),
        (grant('user', 'U', 'DELETE'), 'DELETE', 200),
        (grant('user', 'other', 'READ'), 'GET', 403),
        (grant('group', 'authenticated', 'READ'), 'GET', 200),
        (grant('group', 'all_users', 'READ'), 'HEAD', 200),
        (grant('group', 'all_users', 'WRITE'), 'POST', 200),
    ],
)
def test_an_acl_grants_more_than_the_namespace(hcp, entry, method, status):
    """Sharing one object with one user would not work, or would share too much."""
    user = hcp.add_user('u')
    hcp.add_user('other')
    hcp('PUT', ACL, acl(entry))
    assert hcp(method, NAME + ('?index=true' if method == 'POST' else ''), user=user).status == status


@pytest.mark.parametrize(('name', 'anonymous', 'status'), [
    ('all_read', rights(), 200),
    ('auth_read', rights(), 403),
    ('all_read', None, 403),
])  # fmt: skip
def test_canned_acls(hcp, name, anonymous, status):
    """The short forms in the query would not do what they are named for."""
    hcp('PUT', f'/rest/b?acl={name}', b'x')
    hcp.namespace().anonymous = anonymous
    assert hcp('GET', '/rest/b', user=None).status == status
    assert hcp('GET', '/rest/b', user=hcp.add_user('u')).status == 200


def test_nobody_grants_what_he_does_not_have(hcp):
    """A user could get himself further permissions by way of an ACL."""
    user = hcp.add_user('u', 'writeAcl', 'read', 'browse')
    assert hcp('PUT', ACL, acl(grant('user', 'u', 'DELETE')), user=user).status == 403
    assert hcp('PUT', ACL, acl(grant('user', 'u', 'READ')), user=user).status == 201


def test_an_acl_counts_for_old_versions(hcp):
    """Closing an object would leave its old versions open."""
    one = hcp('PUT', NAME, b'1', to='n2.m')['X-HCP-VersionId']
    hcp('PUT', NAME, b'2', to='n2.m')
    hcp('PUT', ACL, ALL_READ, to='n2.m')
    user = hcp.add_user('u', namespace='n2')
    assert hcp('GET', f'{NAME}?version={one}', to='n2.m', user=user).body == b'1'
    assert hcp('GET', f'{ACL}&version={one}', to='n2.m').status == 200
    assert hcp('GET', f'{ACL}&version=5', to='n2.m').status == 404
