"""Copies made by HCP itself."""

from __future__ import annotations

import pytest

NAME, COPY = '/rest/a b.txt', '/rest/copy'
DATA = b'This is an example'
LATER = 'Sun, 01 Feb 2015 00:00:00 GMT'


@pytest.fixture
def hcp(any_hcp):
    """With an object that has all kinds of metadata, in a versioned namespace."""
    any_hcp('PUT', '/rest/dir/a%20b.txt?index=false&acl=all_read', DATA, to='n2.m')
    any_hcp('PUT', '/rest/dir/a%20b.txt?type=custom-metadata', b'<a/>', to='n2.m')
    return any_hcp


def copy(hcp, source='n2.m/dir/a%20b.txt', *headers, target=COPY, **more):
    return hcp('PUT', target, headers=[('X-HCP-CopySource', source), *headers], **more)


def test_a_copy_has_the_data_and_nothing_else(hcp):
    """A copy would carry metadata over that HCP leaves behind."""
    answer = copy(hcp)
    assert (answer.status, answer['ETag']) == (201, '"68791e1b03badd5e4eb9287660f67745"')
    got = hcp('GET', COPY)
    assert got.body == DATA
    names = ['Content-Type', 'X-HCP-Index', 'X-HCP-ACL', 'X-HCP-Custom-Metadata', 'X-HCP-Owner']
    assert [got[name] for name in names] == ['text/plain', 'true', 'false', 'false', 'n']


def test_annotations_are_copied_if_asked_for(hcp):
    """The one way to copy annotations would not work, or hash them by the wrong scheme."""
    hcp.namespace('n1').hash_scheme = 'MD5'
    assert copy(hcp, 'n2.m/dir/a%20b.txt', ('X-HCP-MetadataDirective', 'ALL')).status == 201
    got = hcp('GET', COPY + '?type=custom-metadata')
    assert got.body == b'<a/>'
    assert got['X-HCP-Hash'].startswith('MD5 ')


def test_a_large_object_is_copied(hcp):
    """A copy of a file would lose its end."""
    data = b'0123456789abcdef' * 50_000
    hcp('PUT', '/rest/large', data)
    assert copy(hcp, 'n1.m/large').status == 201
    assert hcp('GET', COPY).body == data


def test_a_copy_over_an_object_is_a_new_version(hcp):
    """A copy would inherit from the version before it."""
    hcp('PUT', COPY + '?index=false', b'old', to='n2.m')
    assert copy(hcp, to='n2.m').status == 201
    got = hcp('GET', COPY, to='n2.m')
    assert (got.body, got['X-HCP-Index']) == (DATA, 'true')
    assert copy(hcp).status == 201
    assert copy(hcp).status == 409


def test_an_old_version_is_copied(hcp):
    """Bringing an old version back without a download would not work."""
    one = hcp('HEAD', '/rest/dir/a%20b.txt', to='n2.m')['X-HCP-VersionId']
    hcp('PUT', '/rest/dir/a%20b.txt', b'new', to='n2.m')
    assert copy(hcp, f'n2.m/dir/a%20b.txt?version={one}').status == 201
    assert hcp('GET', COPY).body == DATA


def test_a_directory_becomes_an_empty_directory(hcp):
    """A copied directory would bring its content, or an object of its name."""
    assert copy(hcp, 'n2.m/dir').status == 201
    assert (hcp('HEAD', COPY)['X-HCP-Type'], len(hcp('GET', COPY).xml)) == ('directory', 0)


def test_parameters_count_for_the_copy(hcp):
    """Retention could not be set along with a copy."""
    assert copy(hcp, target=COPY + '?retention=-1&forceEtag=true').status == 201
    assert hcp('HEAD', COPY)['X-HCP-Retention'] == '-1'


@pytest.mark.parametrize(
    ('source', 'headers', 'status'),
    [
        ('n2.m/none', [], 404),
        ('n3.m/a', [], 400),
        ('n2.t/a', [], 400),
        ('n2/a', [], 400),
        ('', [], 400),
        ('n2.m/dir/a%20b.txt?version=x', [], 400),
        ('n2.m/dir/a%20b.txt?deleted=true', [], 400),
        ('n2.m/dir/a%20b.txt?version=5', [], 404),
        ('n2.m/dir/a%20b.txt', [('X-HCP-MetadataDirective', 'SOME')], 400),
        ('n2.m/dir/a%20b.txt', [('X-HCP-CopySource-If-Match', '"0"')], 412),
        ('n2.m/dir/a%20b.txt', [('X-HCP-CopySource-If-None-Match', '*')], 304),
        (
            'n2.m/dir/a%20b.txt',
            [('X-HCP-CopySource-If-Modified-Since', LATER)],
            304,
        ),
        (
            'n2.m/dir/a%20b.txt',
            [('X-HCP-CopySource-If-Unmodified-Since', LATER)],
            201,
        ),
        ('n2.m/dir/a%20b.txt', [('If-None-Match', '*')], 201),
        ('n2.m/dir/a%20b.txt', [('If-Match', '*')], 412),
    ],
)
def test_what_cannot_be_copied(hcp, source, headers, status):
    """A copy that was not made would look made."""
    assert copy(hcp, source, *headers).status == status
    assert hcp('HEAD', COPY).status == (200 if status == 201 else 404)


def test_a_delete_marker_is_nothing_to_copy(hcp):
    """A copy of a deleted version would be an empty object."""
    hcp('DELETE', '/rest/dir/a%20b.txt', to='n2.m')
    listing = hcp('GET', '/rest/dir/a%20b.txt?version=list&deleted=true', to='n2.m').xml
    assert copy(hcp).status == 404
    assert copy(hcp, f'n2.m/dir/a%20b.txt?version={listing[-1].get("version")}').status == 204
    assert hcp('HEAD', COPY).status == 404


@pytest.mark.parametrize(('source', 'status'), [('n2.m/a', 403), ('n2.m', 403), ('n1.m/a', 201)])
def test_the_source_has_to_be_readable(hcp, source, status):
    """Copying would be a way to read what one must not read."""
    hcp('PUT', '/rest/a', b'x')
    hcp('PUT', '/rest/a', b'x', to='n2.m')
    user = hcp.add_user('u', 'write', 'read')
    assert copy(hcp, source, user=user).status == status


def test_source_conditions_without_a_source_are_400(hcp):
    """A forgotten source header would store an empty object."""
    assert hcp('PUT', COPY, b'x', headers=[('X-HCP-CopySource-If-Match', '*')]).status == 400
