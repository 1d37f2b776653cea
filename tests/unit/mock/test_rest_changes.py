"""Versions, deleting, holds, retention, and changes of metadata."""

from __future__ import annotations

import pytest

from hcpsdk.mock.model import RetentionClass

NAME = '/rest/a.txt'
V = 'n2.m'
FORM = [('Content-Type', 'application/x-www-form-urlencoded')]
INGEST = 1422736466


def put(hcp, data=b'x', query='', to=V):
    """Store a version a second later; returns its ID."""
    hcp.go_on(1)
    answer = hcp('PUT', NAME + query, data, to=to)
    assert answer.status == 201, answer.error
    return answer['X-HCP-VersionId']


def test_versions_stay_readable(any_hcp):
    """An old version would be lost, or shown instead of the new one."""
    one, two = put(any_hcp, b'one'), put(any_hcp, b'two')
    assert any_hcp('GET', NAME, to=V).body == b'two'
    assert any_hcp('GET', f'{NAME}?version={one}', to=V).body == b'one'
    assert any_hcp('HEAD', f'{NAME}?version={one}', to=V)['X-HCP-VersionId'] == one
    assert any_hcp('GET', f'{NAME}?version={two}', to=V).body == b'two'
    assert any_hcp('GET', f'{NAME}?version=1', to=V).status == 404


def entries(hcp, query=''):
    listing = hcp('GET', f'{NAME}?version=list{query}', to=V)
    assert listing.status == 200
    return [(entry.get('version'), entry.get('state'), entry.get('size')) for entry in listing.xml]


def test_the_list_of_versions(hcp):
    """A program that looks for an old version would not find it."""
    one, two = put(hcp, b'1'), put(hcp, b'22')
    hcp('DELETE', NAME, to=V)
    assert hcp('GET', f'{NAME}?version=list', to=V).status == 404
    three = put(hcp, b'333')
    assert entries(hcp) == [(one, 'created', '1'), (two, 'created', '2'), (three, 'created', '3')]
    states = [state for _, state, _ in entries(hcp, '&deleted=true')]
    assert states == ['created', 'created', 'deleted', 'created']
    top = hcp('GET', f'{NAME}?version=list', to=V).xml
    assert (top.tag, top.get('path'), top.get('deleted')) == ('versions', '/rest/a.txt', 'false')
    assert top.get('parentDir') == '/rest'


def test_a_deleted_objects_versions_are_listed_when_asked_for(hcp):
    """What was deleted could not be found any more."""
    put(hcp)
    hcp('DELETE', NAME, to=V)
    listing = hcp('GET', f'{NAME}?version=list&deleted=true', to=V)
    assert (listing.xml.get('deleted'), len(listing.xml)) == ('true', 2)


@pytest.mark.parametrize(('to', 'status'), [('n1.m', 400), (V, 404)])
def test_no_list_without_versioning_or_object(hcp, to, status):
    """A list of versions would be shown where HCP has none."""
    assert hcp('GET', f'{NAME}?version=list', to=to).status == status


def test_a_list_comes_only_if_all_versions_meet_the_condition(hcp):
    """Conditions on a version list would count for the newest one only."""
    put(hcp, b'same')
    put(hcp, b'same')
    etag = hcp('HEAD', NAME, to=V)['ETag']
    assert hcp('GET', f'{NAME}?version=list', to=V, headers=[('If-Match', etag)]).status == 200
    put(hcp, b'other')
    assert hcp('GET', f'{NAME}?version=list', to=V, headers=[('If-Match', etag)]).status == 412


def test_deleting_leaves_a_marker(hcp):
    """A delete in a versioned namespace would destroy data, or not delete."""
    one = put(hcp, b'one')
    assert hcp('DELETE', NAME, to=V).status == 200
    marker = hcp('GET', f'{NAME}?version=list&deleted=true', to=V).xml[-1].get('version')
    assert [hcp(method, NAME, to=V).status for method in ('GET', 'HEAD', 'DELETE')] == [404, 404, 404]
    assert hcp('GET', f'{NAME}?version={marker}', to=V).status == 204
    assert hcp('HEAD', f'{NAME}?version={marker}', to=V).status == 204
    assert hcp('GET', f'{NAME}?version={one}', to=V).body == b'one'


def test_a_new_version_inherits_but_a_restored_one_does_not(hcp):
    """Metadata would be lost with each version, or come back after a delete."""
    put(hcp, b'1', '?index=false&acl=all_read')
    hcp('PUT', NAME + '?type=custom-metadata', b'<a/>', to=V)
    put(hcp, b'2')
    kept = hcp('HEAD', NAME, to=V)
    names = ['X-HCP-Index', 'X-HCP-ACL', 'X-HCP-CustomMetadataAnnotations']
    assert [kept[name] for name in names] == ['false', 'true', 'default;4']
    hcp('DELETE', NAME, to=V)
    put(hcp, b'3')
    restored = hcp('HEAD', NAME, to=V)
    assert [restored[name] for name in names] == ['true', 'false', '']


def test_an_old_version_without_versioning_is_the_current_one(hcp):
    """Switching versioning off would make old IDs fail [doc for S3]."""
    one = put(hcp, b'one')
    put(hcp, b'two')
    hcp.namespace('n2').versioning = False
    assert hcp('GET', f'{NAME}?version={one}', to=V).body == b'two'


def test_deleting_after_versioning_was_switched_off(any_hcp):
    """The current version would vanish and bring the old one back."""
    one, two = put(any_hcp, b'one'), put(any_hcp, b'two')
    any_hcp.namespace('n2').versioning = False
    assert any_hcp('DELETE', NAME, to=V).status == 200
    assert any_hcp('GET', NAME, to=V).status == 404
    any_hcp.namespace('n2').versioning = True
    assert entries(any_hcp, '&deleted=true') == [(one, 'created', '3'), (two, 'deleted', '0')]
    assert any_hcp('GET', '/proc/statistics', to=V).xml.get('usedCapacityBytes') == '6'


def test_purge_takes_all_versions(any_hcp, tmp_path):
    """A purge would leave data behind."""
    one = put(any_hcp, b'one')
    put(any_hcp, b'two')
    assert any_hcp('DELETE', NAME + '?purge=true', to=V).status == 200
    assert any_hcp('GET', f'{NAME}?version={one}', to=V).status == 404
    assert not [path for path in tmp_path.rglob('*') if path.is_file()]


def test_a_deleted_object_can_be_purged(hcp):
    """Old versions of a deleted object could never be removed [inferred]."""
    put(hcp)
    hcp('DELETE', NAME, to=V)
    assert hcp('DELETE', NAME + '?purge=true', to=V).status == 200
    assert hcp('GET', f'{NAME}?version=list&deleted=true', to=V).status == 404


def test_old_versions_can_be_deleted_by_their_id(any_hcp):
    """Cleaning up old versions could not be tried out."""
    one, two, three = put(any_hcp, b'1'), put(any_hcp, b'2'), put(any_hcp, b'3')
    assert any_hcp('DELETE', f'{NAME}?version={two}', to=V).status == 200
    assert [version for version, _, _ in entries(any_hcp)] == [one, three]
    assert any_hcp('DELETE', f'{NAME}?version={two}', to=V).status == 404
    assert any_hcp('DELETE', f'{NAME}?version={three}', to=V).status == 400


KEPT = ['?retention=A%2B1y', '?retention=-1', '?retention=-2', '?hold=true', '?retention=C%2BTAX_DATA']


@pytest.mark.parametrize('query', KEPT)
@pytest.mark.parametrize('to', ['n1.m', V])
def test_what_is_kept_stays(hcp, query, to):
    """Records could be deleted or replaced before their time."""
    put(hcp, b'x', query, to)
    for method, target in [('DELETE', NAME), ('DELETE', NAME + '?purge=true')]:
        got = hcp(method, target, to=to)
        assert (got.status, bool(got.error)) == (403, True)
    assert hcp('PUT', NAME, b'y', to=to).status == (403 if to == V else 409)
    assert hcp('GET', NAME, to=to).body == b'x'


@pytest.mark.parametrize('query', KEPT)
def test_a_privileged_delete_with_a_reason_goes_through(hcp, query):
    """An ordered deletion could not be carried out."""
    put(hcp, b'x', query)
    assert hcp('DELETE', NAME + '?privileged=true&reason=court%20order&purge=true', to=V).status == 200
    assert hcp('HEAD', NAME, to=V).status == 404


def test_an_old_version_under_retention_is_not_deleted(hcp):
    """Deleting by ID would be a way around retention."""
    one = put(hcp, b'1', '?retention=N%2B10s')
    hcp.go_on(20)
    put(hcp, b'2')
    hcp.go_on(-15)
    assert hcp('DELETE', f'{NAME}?version={one}', to=V).status == 403
    assert hcp('DELETE', f'{NAME}?version={one}&privileged=true&reason=r', to=V).status == 200


def test_there_is_no_privileged_delete_in_compliance_mode(hcp):
    """Compliance would be broken by a privileged user."""
    put(hcp, b'x', '?retention=-1')
    hcp.namespace('n2').retention_mode = 'compliance'
    assert hcp('DELETE', NAME + '?privileged=true&reason=r', to=V).status == 403


@pytest.mark.parametrize(
    ('query', 'body', 'headers', 'status'),
    [
        ('', b'privileged=true&reason=it is so', FORM, 200),
        ('', b'purge=true', FORM, 200),
        ('?purge=true', b'privileged=true&reason=r', FORM, 400),
        ('', b'purge=true', [], 400),
        ('', b'purge=maybe', FORM, 400),
        ('', b'colour=red', FORM, 400),
        ('', b'reason=r' * 20_000, FORM, 413),
    ],
)
def test_delete_by_form(hcp, query, body, headers, status):
    """A reason that is too long for a URL could not be sent."""
    put(hcp)
    assert hcp('DELETE', NAME + query, body, to=V, headers=headers).status == status


def test_retention_ends(hcp):
    """An object could never be deleted again."""
    put(hcp, b'x', '?retention=A%2B1m')
    assert hcp('DELETE', NAME, to=V).status == 403
    hcp.go_on(60)
    assert hcp('DELETE', NAME, to=V).status == 200


@pytest.mark.parametrize(
    ('query', 'retention', 'text', 'name'),
    [
        ('', '0', 'Deletion Allowed', ''),
        ('?retention=-2', '-2', 'Initial Unspecified', ''),
        ('?retention=Deletion%20Prohibited', '-1', 'Deletion Prohibited', ''),
        ('?retention=2000000000', '2000000000', '2033-05-18T04:33:20+0100', ''),
        ('?retention=A%2B1d', str(INGEST + 86_401), '2015-02-01T21:34:27+0100', ''),
        ('?retention=C%2Btax_data', '1738355667', '2025-01-31T21:34:27+0100', 'TAX_DATA'),
    ],
)
def test_retention_is_shown(hcp, query, retention, text, name):
    """The retention that was set could not be read back."""
    put(hcp, b'x', query)
    head = hcp('HEAD', NAME, to=V)
    assert head['X-HCP-Retention'] == retention
    assert head['X-HCP-RetentionString'] == text
    assert head['X-HCP-RetentionClass'] == name


def test_the_namespaces_defaults_are_taken(hcp):
    """Objects would ignore what the administrator has set."""
    namespace = hcp.namespace('n2')
    namespace.default_retention, namespace.default_index, namespace.default_shred = 'C+TAX_DATA', False, True
    put(hcp)
    head = hcp('HEAD', NAME, to=V)
    names = ['X-HCP-RetentionClass', 'X-HCP-Index', 'X-HCP-Shred', 'X-HCP-RetentionHold', 'X-HCP-Owner']
    assert [head[name] for name in names] == ['TAX_DATA', 'false', 'true', 'false', 'n']


def test_a_class_that_is_gone_keeps_for_ever(hcp):
    """Removing a retention class would free its objects."""
    hcp.namespace('n2').add_class(RetentionClass('OLD', 'A+1s'))
    put(hcp, b'x', '?retention=C%2BOLD')
    del hcp.namespace('n2').retention_classes['OLD']
    head = hcp('HEAD', NAME, to=V)
    assert (head['X-HCP-RetentionClass'], head['X-HCP-Retention']) == ('undefined', '-1')


@pytest.mark.parametrize('query', ['?retention=C%2BNOSUCH', '?retention=A-1y'])
def test_put_with_an_impossible_retention(hcp, query):
    """An object would be stored without the retention that was asked for."""
    assert hcp('PUT', NAME + query, b'x').status == 400
    assert hcp('HEAD', NAME).status == 404


@pytest.mark.parametrize(
    ('change', 'header', 'value'),
    [
        ('index=false', 'X-HCP-Index', 'false'),
        ('shred=true', 'X-HCP-Shred', 'true'),
        ('hold=true', 'X-HCP-RetentionHold', 'true'),
        ('retention=A%2B1y', 'X-HCP-Retention', str(1454272467)),
        ('retention=C%2BTAX_DATA', 'X-HCP-RetentionClass', 'TAX_DATA'),
        ('owner=U', 'X-HCP-Owner', 'u'),
        ('owner=', 'X-HCP-Owner', ''),
        ('owner=u&domain=', 'X-HCP-Owner', 'u'),
    ],
)
@pytest.mark.parametrize('place', ['form', 'query'])
def test_post_changes_what_it_names(hcp, change, header, value, place):
    """Metadata could not be changed after an object is stored."""
    hcp.add_user('u')
    put(hcp)
    before = dict(hcp('HEAD', NAME, to=V).headers)
    hcp.go_on(10)
    if place == 'form':
        answer = hcp('POST', NAME, change.encode(), to=V, headers=FORM)
    else:
        answer = hcp('POST', f'{NAME}?{change}', to=V)
    assert (answer.status, answer.body) == (200, b'')
    after = dict(hcp('HEAD', NAME, to=V).headers)
    assert after[header] == value
    changed = {name for name in after if after[name] != before[name]} - {'Date', 'X-RequestId', 'X-HCP-Time'}
    times = {'X-HCP-ChangeTimeMilliseconds', 'X-HCP-ChangeTimeString', 'Last-Modified'}
    assert changed - times <= {header, 'X-HCP-Retention', 'X-HCP-RetentionString'}
    assert times <= changed


@pytest.mark.parametrize(
    ('stored', 'change'),
    [
        ('', 'retention=A%2B1y&hold=true'),
        ('?hold=true', 'retention=A%2B1y'),
        ('?shred=true', 'shred=false'),
        ('?retention=C%2BTAX_DATA', 'retention=2000000000'),
        ('?retention=A%2B2y', 'retention=A%2B1y'),
        ('', 'retention=C%2BNOSUCH'),
        ('', 'owner=nobody-here'),
        ('', 'owner=n&domain=ad.example.com'),
        ('', 'colour=red'),
    ],
)
def test_post_refuses_what_hcp_does_not_allow(hcp, stored, change):
    """A forbidden change would look done."""
    put(hcp, b'x', stored)
    before = hcp('HEAD', NAME, to=V)
    answer = hcp('POST', NAME, change.encode(), to=V, headers=FORM)
    assert (answer.status, bool(answer.error)) == (400, True)
    assert hcp('HEAD', NAME, to=V)['X-HCP-ChangeTimeMilliseconds'] == before['X-HCP-ChangeTimeMilliseconds']


@pytest.mark.parametrize(('path', 'status'), [('/rest/none', 404), ('/rest', 400)])
def test_post_on_what_is_no_object(hcp, path, status):
    """A change that found nothing to change would look done."""
    assert hcp('POST', path + '?index=true').status == status


def test_shredding_may_be_switched_on_and_stays_on(hcp):
    """An object that must be shredded could lose that property."""
    put(hcp, b'x', '?shred=true')
    assert hcp('POST', NAME + '?shred=true', to=V).status == 200
    assert hcp('HEAD', NAME, to=V)['X-HCP-Shred'] == 'true'


def test_the_deleted_version_of_a_deleted_object_has_no_metadata(hcp):
    """An annotation would be put on a delete marker."""
    put(hcp)
    hcp('DELETE', NAME, to=V)
    assert hcp('PUT', NAME + '?type=custom-metadata', b'<a/>', to=V).status == 404
    assert hcp('POST', NAME + '?index=true', to=V).status == 404
