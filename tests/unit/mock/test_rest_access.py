"""Who may do what: hosts, credentials, permissions; and what /rest does not understand."""

from __future__ import annotations

import pytest

from hcpsdk.mock.model import System, Tenant, User, rights

NAME = '/rest/a.txt'
GOOD = 'bg==:1dc7fed37e11b35093d311ef66928ad9'


@pytest.mark.parametrize(
    ('host', 'status'),
    [
        ('n1.m', 200),
        ('N1.M', 200),
        ('n3.m', 403),
        ('n1.t', 403),
        ('m', 403),
        ('a.n1.m', 403),
        ('admin', 403),
    ],
)
def test_the_host_selects_the_namespace(hcp, host, status):
    """A wrong host name would reach some namespace, or none would be reached at all."""
    hcp('PUT', NAME, b'x')
    assert hcp('GET', NAME, to=host).status == status


@pytest.mark.parametrize('domain', ['hcp2.example.com', 'nothcp1.example.com', 'n1.m.hcp1.example.com'])
def test_hosts_outside_of_the_domain_are_400(hcp, domain):
    """Requests for another HCP would be answered by this one."""
    hcp.system.domain = domain
    assert hcp('GET', NAME).status == 400


@pytest.mark.parametrize(
    ('headers', 'status'),
    [
        ([('Authorization', f'HCP {GOOD}')], 200),
        ([('Authorization', f'HCP {GOOD.upper().replace("BG", "bg")}')], 200),
        ([('Authorization', f'hcp   {GOOD} ')], 200),
        ([('Cookie', f'other=1; hcp-ns-auth={GOOD}')], 200),
        ([('Cookie', f'hcp-api-auth={GOOD}')], 403),
        ([('Authorization', 'HCP bg==:00'), ('Cookie', f'hcp-ns-auth={GOOD}')], 403),
        ([('Authorization', f'HCP {GOOD}'), ('Cookie', 'hcp-ns-auth=bg==:00')], 200),
        ([('Authorization', 'HCP bg==:00')], 403),
        ([('Authorization', 'HCP bg==')], 403),
        ([('Authorization', 'HCP %%%:1dc7fed37e11b35093d311ef66928ad9')], 403),
        ([('Authorization', 'HCP eA==:1dc7fed37e11b35093d311ef66928ad9')], 403),
        ([('Authorization', 'HCP /w==:1dc7fed37e11b35093d311ef66928ad9')], 403),
        ([('Authorization', 'HCP bg==:\xfc')], 403),
        ([('Authorization', 'AD n@example.com:n01')], 403),
        ([('Authorization', 'Negotiate YII=')], 403),
        ([('Authorization', 'HCP all_users:')], 403),
        ([('Authorization', GOOD)], 403),
        ([], 403),
    ],
)
def test_credentials(hcp, headers, status):
    """A wrong password would be let in, or a right one turned away."""
    hcp('PUT', NAME, b'x')
    got = hcp('GET', NAME, user=None, headers=headers)
    assert got.status == status
    assert bool(got.error) is (status == 403)
    assert 'WWW-Authenticate' not in got.headers


def test_disabled_users_are_refused(hcp):
    """Disabling an account would have no effect."""
    hcp.system.tenants['m'].users['n'].enabled = False
    assert hcp('PUT', NAME).status == 403


@pytest.mark.parametrize(
    ('anonymous', 'method', 'headers', 'status'),
    [
        (rights('read'), 'GET', [], 200),
        (rights('read'), 'GET', [('Authorization', 'HCP all_users:')], 200),
        (rights('read'), 'DELETE', [], 403),
        (rights('read'), 'GET', [('Authorization', 'HCP bg==:00')], 403),
        (rights(), 'GET', [], 403),
    ],
)
def test_anonymous_access(hcp, anonymous, method, headers, status):
    """A namespace that is open for reading would be closed, or open for all."""
    hcp('PUT', NAME, b'x')
    hcp.namespace().anonymous = anonymous
    assert hcp(method, NAME, user=None, headers=headers).status == status


@pytest.mark.parametrize(('http', 'https', 'secure', 'status'), [
    (True, True, False, 200),
    (False, True, False, 403),
    (False, True, True, 200),
    (True, False, True, 403),
])  # fmt: skip
def test_http_or_https_may_be_disabled(hcp, http, https, secure, status):
    """A namespace that takes https only would answer on http."""
    hcp('PUT', NAME, b'x')
    hcp.namespace().http, hcp.namespace().https = http, https
    assert hcp('GET', NAME, secure=secure).status == status


ACL = b'<accessControlList/>'
FORM = [('Content-Type', 'application/x-www-form-urlencoded')]

# method, target, body, headers, permissions that are all needed
NEEDS = [
    ('PUT', '/rest/new', b'x', [], 'write'),
    ('PUT', '/rest/new?hold=true', b'x', [], 'write privileged'),
    ('PUT', '/rest/dir?type=directory', b'', [], 'write'),
    ('PUT', NAME + '?type=custom-metadata', b'<a/>', [], 'write'),
    ('PUT', NAME + '?type=acl', ACL, [], 'write'),
    ('PUT', NAME + '?type=acl', ACL, [], 'writeAcl'),
    ('POST', NAME, b'index=false', FORM, 'write'),
    ('POST', NAME, b'hold=true', FORM, 'write privileged'),
    ('POST', NAME, b'owner=', FORM, 'write changeOwner'),
    ('GET', NAME, b'', [], 'read'),
    ('HEAD', NAME, b'', [], 'read'),
    ('GET', NAME + '?type=whole-object', b'', [], 'read'),
    ('GET', NAME + '?type=custom-metadata', b'', [], 'read'),
    ('GET', NAME + '?type=custom-metadata-info', b'', [], 'read'),
    ('GET', NAME + '?type=acl', b'', [], 'readAcl'),
    ('HEAD', NAME + '?type=acl', b'', [], 'readAcl'),
    ('GET', '/rest', b'', [], 'browse'),
    ('HEAD', '/rest', b'', [], 'browse'),
    ('DELETE', NAME, b'', [], 'delete'),
    ('DELETE', NAME + '?type=custom-metadata', b'', [], 'delete'),
    ('DELETE', NAME + '?type=acl', b'', [], 'delete'),
    ('DELETE', NAME + '?purge=true', b'', [], 'purge'),
    ('DELETE', NAME + '?privileged=true&reason=r', b'', [], 'delete privileged'),
    ('PUT', '/rest/new', b'', [('X-HCP-CopySource', 'n1.m/a.txt')], 'write read'),
]


@pytest.mark.parametrize(('method', 'target', 'body', 'headers', 'needed'), NEEDS)
def test_each_operation_needs_its_permissions(hcp, method, target, body, headers, needed):
    """A user would do what only others may, or could not do his own work."""
    hcp('PUT', NAME, b'x')
    hcp('PUT', NAME + '?type=custom-metadata', b'<a/>')
    for missing in needed.split():
        user = hcp.add_user(
            'u', *(set(rights(*needed.split(), 'search')) - {missing} - set(_stronger(missing)))
        )
        refused = hcp(method, target, body, user=user, headers=headers)
        assert refused.status == 403, f'without {missing}'
        assert missing in refused.error or (missing, needed) == ('writeAcl', 'writeAcl')
    user = hcp.add_user('u', *rights(*needed.split()))
    assert hcp(method, target, body, user=user, headers=headers).status in (200, 201)


def _stronger(permission: str) -> list[str]:
    """The permissions that include this one."""
    return {'browse': ['read', 'search'], 'read': ['search'], 'delete': ['purge']}.get(permission, [])


@pytest.mark.parametrize('where', ['system', 'tenant', 'namespace'])
def test_masks_limit_everybody(hcp, where):
    """A permission that was taken from a whole namespace would still be there."""
    hcp('PUT', NAME, b'x')
    holder = {'system': hcp.system, 'tenant': hcp.system.tenants['m'], 'namespace': hcp.namespace()}[where]
    holder.permissions = rights('write')
    assert hcp('GET', NAME).status == 403
    assert hcp('PUT', '/rest/b', b'x').status == 201


@pytest.mark.parametrize(
    ('method', 'target', 'status'),
    [
        ('GET', NAME, 200),
        ('GET', '/rest', 200),
        ('PUT', '/rest/new', 403),
        ('DELETE', NAME, 403),
        ('PUT', NAME + '?type=custom-metadata', 403),
        ('POST', NAME + '?index=false', 403),
    ],
)
def test_a_read_only_namespace(hcp, method, target, status):
    """A replica that was not failed over would take writes."""
    hcp('PUT', NAME, b'x')
    hcp.namespace().read_only = True
    got = hcp(method, target)
    assert got.status == status
    assert ('read-only' in got.error) is (status == 403)


def test_unknown_permissions_are_an_error_at_once():
    """A slip in a test's set-up would show as a 403 later."""
    with pytest.raises(ValueError, match='raed'):
        rights('raed')


def test_passwords_are_not_shown():
    """A test's log would carry passwords."""
    assert 'secret' not in repr(System('d', users={'u': User('u', 'secret')}, tenants={'t': Tenant('t')}))


UNKNOWN = [
    ('GET', '?verbose=true'),
    ('GET', '?prettyprint'),
    ('GET', '?version=x'),
    ('GET', '?version=1-2'),
    ('GET', '?version=\u0663'),
    ('GET', '?version='),
    ('GET', '?deleted=yes'),
    ('GET', '?nowait=perhaps'),
    ('GET', '?nowait&nowait'),
    ('GET', '?type=object'),
    ('GET', '?type=directory'),
    ('GET', '?type=acl&annotation=x'),
    ('GET', '?type=acl&type=acl'),
    ('GET', '?type=custom-metadata&annotation=a%20b'),
    ('GET', '?type=custom-metadata&annotation=' + 33 * 'a'),
    ('GET', '?type=custom-metadata&annotation=...'),
    ('GET', '?type'),
    ('HEAD', '?deleted=true'),
    ('HEAD', '?type=custom-metadata-info'),
    ('PUT', '?retention=B+1y'),
    ('PUT', '?hold=maybe'),
    ('PUT', '?index=TRUE'),
    ('PUT', '?shred'),
    ('PUT', '?acl=all_write'),
    ('PUT', '?owner=n'),
    ('PUT', '?label_hold=%5B%5D'),
    ('POST', '?index=1'),
    ('POST', '?purge=true'),
    ('POST', ''),
    ('POST', '?type=acl'),
    ('DELETE', '?purge=1'),
    ('DELETE', '?reason=why'),
    ('DELETE', '?privileged=true'),
    ('DELETE', '?privileged=true&reason='),
    ('DELETE', '?privileged=true&reason=' + 1025 * 'r'),
]


@pytest.mark.parametrize(('method', 'query'), UNKNOWN)
def test_unknown_parameters_and_bad_values_are_400(hcp, method, query):
    """A misspelled parameter would be ignored, on a store that forgives nothing."""
    hcp('PUT', NAME, b'x')
    path = '/rest/new' if method == 'PUT' else NAME
    got = hcp(method, path + query)
    assert (got.status, bool(got.error)) == (400, True)
    assert hcp('HEAD', NAME).status == 200
    assert hcp('HEAD', '/rest/new').status == 404


@pytest.mark.parametrize('query', ['?nowait', '?nowait=', '?nowait=true', '?forceEtag=true', '?deleted=true'])
def test_harmless_parameters_of_get(hcp, query):
    """Documented parameters would be refused."""
    hcp('PUT', NAME, b'x')
    assert hcp('GET', NAME + query).body == b'x'


@pytest.mark.parametrize('method', ['PATCH', 'OPTIONS', 'TRACE', 'get'])
def test_other_methods_are_405(hcp, method):
    """A wrong method would look like a missing object."""
    assert hcp(method, NAME).status == 405


@pytest.mark.parametrize(
    ('path', 'status'),
    [
        ('/rest/' + 4094 * 'a', 201),
        ('/rest/' + 4095 * 'a', 414),
        ('/rest/' + 2047 * '%C3%BC', 201),
        ('/rest/' + 2048 * '%C3%BC', 414),
        ('/rest/./a', 400),
        ('/rest/a/..', 400),
        ('/rest/.directory-metadata', 400),
        ('/rest/a/.directory-metadata/b', 400),
        ('/rest/a%00b', 400),
        ('/rest/.a', 201),
        ('/rest/a%20b%25%23%3F', 201),
        ('/rest/%FF', 201),
        ('/rest/a+b', 201),
        ('/rest', 409),
        ('/rest/', 409),
        ('/restful', 404),
        ('/REST/a', 404),
        ('/', 404),
        ('/query', 404),
        ('/mapi/tenants', 403),
    ],
)
def test_names(hcp, path, status):
    """Names would work here that HCP refuses, or fail here that HCP takes."""
    put = hcp('PUT', path, b'x')
    assert put.status == status
    assert put.reason == ('Request URI Too Large' if status == 414 else None)
    if status == 201:
        assert hcp('GET', put['Location']).body == b'x'


def test_a_long_path_is_no_matter_for_post(hcp):
    """HCP's limit is for all methods but POST."""
    assert hcp('POST', '/rest/' + 5000 * 'a' + '?index=true').status == 404


def test_error_messages_are_one_line_of_ascii(hcp):
    """A name in an error message would break the answer's framing."""
    got = hcp('GET', NAME + '?a%0D%0Ab%C3%BC=1')
    assert got.error == 'unsupported parameter: a b\\xfc'
