"""What a namespace tells about itself."""

from __future__ import annotations

import pytest

from hcpsdk.mock.model import ALL_RIGHTS, PERMISSIONS, Namespace, rights

XSI = '{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation'


def attributes(element):
    return {name: value for name, value in element.attrib.items() if name != XSI}


def test_the_manuals_namespaces(hcp):
    """The manual's listing of all namespaces would not come out."""
    answer = hcp('GET', '/proc')
    assert answer.status == 200
    assert b'href="/static/xsl/proc-namespaces.xsl"' in answer.body
    top = answer.xml
    assert (top.tag, top.get(XSI)) == ('namespaces', '/static/xsd/proc-namespaces.xsd')
    assert attributes(top) == {'tenantHostName': 'm.hcp1.example.com', 'httpScheme': 'http'}
    assert [attributes(one) for one in top] == [
        {
            'name': name,
            'nameIDNA': name,
            'versioningEnabled': versioning,
            'searchEnabled': 'true',
            'retentionMode': 'enterprise',
            'defaultShredValue': 'false',
            'defaultIndexValue': 'true',
            'defaultRetentionValue': '0',
            'hashScheme': 'SHA-256',
            'dpl': '2',
        }
        for name, versioning in [('n1', 'false'), ('n2', 'true')]
    ]
    words = [one.findtext('description').strip().split('\N{DEGREE SIGN}') for one in top]
    assert words == [['replicated', 'search', 'no versioning'], ['replicated', 'search', 'versioning']]


@pytest.mark.parametrize(
    ('query', 'names'),
    [('', ['n1', 'n2']), ('?single=true', ['n1']), ('?single=false', ['n1', 'n2'])],
)
def test_one_or_all(hcp, query, names):
    """The current namespace could not be told from its sisters."""
    assert [one.get('name') for one in hcp('GET', '/proc' + query).xml] == names


def test_https_is_shown(hcp):
    """A client would build URLs with the wrong scheme."""
    assert hcp('GET', '/proc', secure=True).xml.get('httpScheme') == 'https'


def test_a_description_may_hold_anything(hcp):
    """A strange description would break the whole document."""
    hcp.namespace().description = 'a ]]> b & <c>'
    assert hcp('GET', '/proc?single=true').xml.findtext('*/description').strip() == 'a ]]> b & <c>'


@pytest.mark.parametrize('user', ['granted', 'nothing'])
def test_only_accessible_namespaces_are_listed(hcp, user):
    """A user would see namespaces that are not his."""
    credentials = hcp.add_user('u', *({'granted': ['browse'], 'nothing': []}[user]))
    answer = hcp('GET', '/proc', user=credentials)
    assert answer.status == 200
    assert [one.get('name') for one in answer.xml] == (['n1'] if user == 'granted' else [])


def test_anonymous_callers_see_open_namespaces(hcp):
    """Namespaces would be shown to strangers, or hidden from them."""
    assert hcp('GET', '/proc', user=None).status == 403
    hcp.namespace().anonymous = rights('browse')
    assert [one.get('name') for one in hcp('GET', '/proc', user=None).xml] == ['n1']


def test_the_statistics_of_an_empty_namespace(hcp):
    """The manual's statistics would not come out."""
    answer = hcp('GET', '/proc/statistics')
    assert answer.status == 200
    assert attributes(answer.xml) == {
        'namespaceName': 'n1',
        'totalCapacityBytes': '53687091200',
        'usedCapacityBytes': '0',
        'softQuotaPercent': '85',
        'objectCount': '0',
        'shredObjectCount': '0',
        'shredObjectBytes': '0',
        'customMetadataObjectCount': '0',
        'customMetadataObjectBytes': '0',
    }


COUNTED = ('objectCount', 'usedCapacityBytes', 'customMetadataObjectCount', 'customMetadataObjectBytes')
CM = '/rest/a?type=custom-metadata'
PUT_A, PUT_CM = ('PUT', '/rest/a', b'x'), ('PUT', CM, b'<a/>')
PURGE = ('DELETE', '/rest/a?purge=true', b'')


@pytest.mark.parametrize(
    ('steps', 'figures'),
    [
        ([('PUT', '/rest/a', b'x' * 10)], (1, 20, 0, 0)),
        ([('PUT', '/rest/a', b'x' * 10), ('PUT', '/rest/a', b'y')], (2, 22, 0, 0)),
        ([PUT_A, ('DELETE', '/rest/a', b'')], (1, 2, 0, 0)),
        ([PUT_A, PURGE], (0, 0, 0, 0)),
        ([PUT_A, PUT_CM], (1, 10, 1, 4)),
        ([PUT_A, PUT_CM, ('PUT', CM, b'<abc/>')], (1, 14, 1, 6)),
        (
            [PUT_A, PUT_CM, ('PUT', CM + '&annotation=b', b'<b/>')],
            (1, 18, 1, 8),
        ),
        ([PUT_A, PUT_CM, ('DELETE', CM, b'')], (1, 2, 0, 0)),
        (
            [PUT_A, PUT_CM, PURGE],
            (0, 0, 0, 0),
        ),
        ([('PUT', '/rest/d/e?type=directory', b'')], (0, 0, 0, 0)),
    ],
)
def test_the_statistics_count_what_is_stored(hcp, steps, figures):
    """A report of used space would be wrong."""
    for method, target, body in steps:
        assert hcp(method, target, body, to='n2.m').status in (200, 201)
    found = attributes(hcp('GET', '/proc/statistics', to='n2.m').xml)
    assert tuple(int(found[name]) for name in COUNTED) == figures


def test_retention_classes(hcp):
    """The retention classes that one may use could not be found out."""
    top = hcp('GET', '/proc/retentionClasses').xml
    assert (top.tag, attributes(top)) == ('retentionClasses', {'namespaceName': 'n1'})
    names = ('name', 'value', 'autoDelete')
    assert [([one.get(name) for name in names], one.findtext('description').strip()) for one in top] == [
        (['initial_unspecified', '-2', 'false'], 'Retention to be decided later'),
        (['deletion_prohibited', '-1', 'false'], 'Never to be deleted'),
        (['TAX_DATA', 'A+10y', 'true'], 'Tax records'),
    ]


def test_permissions(hcp):
    """A user could not find out what he may do."""
    hcp.namespace().permissions = ALL_RIGHTS - {'purge'}
    hcp.system.tenants['m'].permissions = ALL_RIGHTS - {'search'}
    user = hcp.add_user('u', 'browse', 'read', 'purge')
    top = hcp('GET', '/proc/permissions', user=user).xml
    found = {one.tag: {name for name, value in one.attrib.items() if value == 'true'} for one in top}
    assert found == {
        'namespacePermissions': ALL_RIGHTS - {'purge'},
        'namespaceEffectivePermissions': ALL_RIGHTS - {'purge', 'search'},
        'userPermissions': {'browse', 'read', 'purge'},
        'userEffectivePermissions': {'browse', 'read'},
    }
    assert all(tuple(one.attrib) == PERMISSIONS for one in top)


@pytest.mark.parametrize('resource', ['statistics', 'retentionClasses', 'permissions'])
def test_without_any_permission_it_is_401(hcp, resource):
    """The one 401 of HCP could not be met."""
    assert hcp('GET', f'/proc/{resource}', user=hcp.add_user('u')).status == 401
    assert hcp('GET', f'/proc/{resource}', user='u:wrong').status == 403
    assert hcp('GET', f'/proc/{resource}', user=hcp.add_user('u', 'search')).status == 200


@pytest.mark.parametrize(
    ('method', 'target', 'status'),
    [
        ('GET', '/proc/', 200),
        ('GET', '/proc/other', 404),
        ('GET', '/procedure', 404),
        ('GET', '/proc?single=maybe', 400),
        ('GET', '/proc?verbose=true', 400),
        ('GET', '/proc/statistics?single=true', 400),
        ('HEAD', '/proc', 405),
        ('PUT', '/proc', 405),
    ],
)
def test_what_proc_does_not_know(hcp, method, target, status):
    """A slip would look like an answer."""
    assert hcp(method, target).status == status


def test_namespaces_that_come_later_are_served(hcp):
    """A test could not add a namespace while the mock runs."""
    tenant = hcp.system.tenants['m']
    tenant.namespaces['n3'] = Namespace('n3')
    tenant.users['n'].permissions['n3'] = ALL_RIGHTS
    assert hcp('PUT', '/rest/a', b'x', to='n3.m').status == 201
    assert [one.get('name') for one in hcp('GET', '/proc').xml] == ['n1', 'n2', 'n3']
