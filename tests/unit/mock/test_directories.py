"""Directories and their listings."""

from __future__ import annotations

from datetime import timezone

import pytest

V = 'n2.m'
XSI = 'http://www.w3.org/2001/XMLSchema-instance'
DIR = '?type=directory'


def listed(hcp, path='/rest', query='', to='n1.m'):
    answer = hcp('GET', path + query, to=to)
    assert answer.status == 200, answer.error
    return {entry.get('utf8Name'): dict(entry.attrib) for entry in answer.xml}


def test_a_directory_is_made_and_removed(hcp):
    """Directories could not be handled by themselves."""
    put = hcp('PUT', '/rest/a/b/c' + DIR)
    assert (put.status, put['Location']) == (201, '/rest/a/b/c')
    assert hcp('PUT', '/rest/a/b/c' + DIR).status == 409
    head = hcp('HEAD', '/rest/a/b/c')
    assert (head.status, head['X-HCP-Type']) == (200, 'directory')
    assert head['X-HCP-ChangeTimeMilliseconds'] == '1422736466446.00'
    assert head['X-HCP-ChangeTimeString'] == '2015-01-31T21:34:26+0100'
    assert hcp('DELETE', '/rest/a').status == 403
    assert hcp('DELETE', '/rest/a/b/c').status == 200
    assert hcp('HEAD', '/rest/a/b/c').status == 404
    assert hcp('HEAD', '/rest/a/b').status == 200


def test_the_root_stays(hcp):
    """A namespace would lose its root directory."""
    assert hcp('DELETE', '/rest').status == 403
    assert hcp('PUT', '/rest' + DIR).status == 409
    assert listed(hcp) == {}


@pytest.mark.parametrize(
    ('path', 'status'),
    [('/rest/dir', 409), ('/rest/obj' + DIR, 409), ('/rest/obj/below', 409), ('/rest/dir/x', 201)],
)
def test_objects_and_directories_do_not_mix(hcp, path, status):
    """An object would be hidden by a directory of its name."""
    hcp('PUT', '/rest/dir' + DIR)
    hcp('PUT', '/rest/obj', b'x')
    assert hcp('PUT', path, b'x').status == status
    assert hcp('GET', '/rest/obj').body == b'x'


def test_a_name_that_ends_in_a_slash_is_a_directory(hcp):
    """A sync program would store empty objects in place of directories."""
    assert hcp('PUT', '/rest/d/', b'dropped').status == 201
    assert hcp('HEAD', '/rest/d')['X-HCP-Type'] == 'directory'


def test_a_listing_shows_all_of_an_object(hcp):
    """A program that walks a namespace would miss attributes."""
    hcp('PUT', '/rest/x%20y%26.txt', b'This is an example')
    hcp('PUT', '/rest/x%20y%26.txt?type=custom-metadata&annotation=n', b'<a/>')
    hcp('PUT', '/rest/sub' + DIR)
    found = listed(hcp)
    entry = found['x y&.txt']
    version = entry.pop('version')
    assert version == hcp('HEAD', '/rest/x%20y%26.txt')['X-HCP-VersionId']
    assert entry == {
        'urlName': 'x%20y%26.txt',
        'utf8Name': 'x y&.txt',
        'type': 'object',
        'size': '18',
        'hashScheme': 'SHA-256',
        'hash': '47FB563CC8F86DC37C86D08BC542968F7986ACD81C97BF76DB7AD744407FE117',
        'retention': '0',
        'retentionString': 'Deletion Allowed',
        'retentionClass': '',
        'ingestTime': '1422736466',
        'ingestTimeString': '1/31/2015 9:34PM',
        'hold': 'false',
        'shred': 'false',
        'dpl': '2',
        'index': 'true',
        'customMetadata': 'true',
        'customMetadataAnnotations': 'n;4',
        'hasAcl': 'false',
        'owner': 'n',
        'domain': '',
        'replicated': 'false',
        'changeTimeMilliseconds': '1422736466446.00',
        'changeTimeString': '2015-01-31T21:34:26+0100',
        'state': 'created',
    }
    assert found['sub'] == {
        'urlName': 'sub',
        'utf8Name': 'sub',
        'type': 'directory',
        'changeTimeMilliseconds': '1422736466446.00',
        'changeTimeString': '2015-01-31T21:34:26+0100',
        'state': 'created',
    }


def test_the_listings_root_element(hcp):
    """A program would not know which directory it reads."""
    hcp('PUT', '/rest/a%20b/%C3%BC' + DIR)
    answer = hcp('GET', '/rest/a%20b/%C3%BC')
    assert b'<?xml-stylesheet type="text/xsl" href="/static/xsl/directory.xsl"?>' in answer.body
    top = dict(answer.xml.attrib)
    assert (
        top.pop('{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation')
        == '/static/xsd/directory.xsd'
    )
    assert top == {
        'path': '/rest/a%20b/%C3%BC',
        'utf8Path': '/rest/a b/\xfc',
        'parentDir': '/rest/a%20b',
        'utf8ParentDir': '/rest/a b',
        'dirDeleted': 'false',
        'showDeleted': 'false',
        'namespaceName': 'n1',
        'utf8NamespaceName': 'n1',
        'changeTimeMilliseconds': '1422736466446.00',
        'changeTimeString': '2015-01-31T21:34:26+0100',
    }
    assert answer['X-HCP-Type'] == 'directory'
    assert answer['Content-Length'] == str(len(answer.body))


@pytest.mark.parametrize(
    ('path', 'shown'),
    [
        ('%0A%09', '%0A%09'),
        ('%FF%C3%BC', '%FF\xfc'),
        ('%C2%85', '%C2%85'),
        ('%3Ca%3E%22', '<a>"'),
        ('a%2Bb', 'a+b'),
    ],
)
def test_names_that_xml_cannot_hold(hcp, path, shown):
    """One strange name would make a whole directory unreadable."""
    hcp('PUT', f'/rest/{path}', b'x')
    entry = listed(hcp)[shown]
    assert hcp('GET', f'/rest/{entry["urlName"]}').body == b'x'


def test_only_immediate_children_in_order(hcp):
    """A listing would hold too much, or change from call to call."""
    for name in ('b', 'a/x', 'c/y/z'):
        hcp('PUT', f'/rest/{name}')
    assert list(listed(hcp)) == ['a', 'b', 'c']


def test_deleted_children_are_shown_when_asked_for(hcp):
    """What was deleted from a directory could not be found."""
    for name in ('kept', 'gone', 'dir/gone'):
        hcp('PUT', f'/rest/{name}', b'x', to=V)
    for name in ('gone', 'dir/gone', 'dir'):
        assert hcp('DELETE', f'/rest/{name}', to=V).status == 200
    assert list(listed(hcp, to=V)) == ['kept']
    found = listed(hcp, query='?deleted=true', to=V)
    assert {name: entry['state'] for name, entry in found.items()} == {
        'dir': 'deleted', 'gone': 'deleted', 'kept': 'created',
    }  # fmt: skip
    assert hcp('GET', '/rest/dir', to=V).status == 404
    assert hcp('HEAD', '/rest/dir', to=V).status == 404
    deleted = hcp('GET', '/rest/dir?deleted=true', to=V)
    assert (deleted.xml.get('dirDeleted'), deleted.xml.get('showDeleted'), len(deleted.xml)) == (
        'true',
        'true',
        1,
    )


def test_deleted_needs_versioning(hcp):
    """A program would look for deleted objects where none are kept."""
    assert hcp('GET', '/rest?deleted=true').status == 400


def test_a_deleted_directory_comes_back_with_its_first_child(hcp):
    """A directory could not be used again after it was deleted."""
    hcp('PUT', '/rest/d/a', b'x', to=V)
    hcp('DELETE', '/rest/d/a', to=V)
    hcp('DELETE', '/rest/d', to=V)
    assert hcp('DELETE', '/rest/d', to=V).status == 404
    hcp('PUT', '/rest/d/b', b'x', to=V)
    assert list(listed(hcp, '/rest/d', to=V)) == ['b']


def test_a_directory_keeps_its_deleted_objects_when_versioning_is_off(hcp):
    """Deleted objects would be lost with their directory once versioning is switched off."""
    hcp('PUT', '/rest/d/a', b'x', to=V)
    hcp('DELETE', '/rest/d/a', to=V)
    hcp.namespace('n2').versioning = False
    assert hcp('DELETE', '/rest/d', to=V).status == 200
    hcp.namespace('n2').versioning = True
    assert list(listed(hcp, '/rest/d', '?deleted=true', to=V)) == ['a']


def test_an_object_may_take_a_deleted_directorys_name(hcp):
    """A name would be lost for ever."""
    hcp('PUT', '/rest/d' + DIR, to=V)
    hcp('DELETE', '/rest/d', to=V)
    assert hcp('PUT', '/rest/d', b'x', to=V).status == 201
    hcp('DELETE', '/rest/d', to=V)
    assert hcp('PUT', '/rest/d' + DIR, to=V).status == 409


def test_change_times_of_directories(hcp):
    """mostRecentDirTimes would make no difference."""
    hcp('PUT', '/rest/d' + DIR)
    hcp.go_on(10)
    hcp('PUT', '/rest/d/x')
    assert listed(hcp)['d']['changeTimeMilliseconds'] == '1422736466446.00'
    recent = listed(hcp, query='?mostRecentDirTimes=true')['d']
    assert recent['changeTimeMilliseconds'] == '1422736476446.00'


def test_a_version_of_a_directory_is_no_object(hcp):
    """A version ID on a directory would be ignored where an object is meant."""
    hcp('PUT', '/rest/d' + DIR)
    assert hcp('GET', '/rest/d?version=list', to=V).status == 404


def test_the_systems_zone_is_used(hcp):
    """Local times would be wrong outside of the manual's time zone."""
    hcp.system.zone = timezone.utc
    hcp('PUT', '/rest/x')
    entry = listed(hcp)['x']
    assert entry['ingestTimeString'] == '1/31/2015 8:34PM'
    assert entry['changeTimeString'] == '2015-01-31T20:34:26+0000'
