"""Annotations, alone and together with their object's data."""

from __future__ import annotations

import gzip
import zlib

import pytest

NAME = '/rest/a.txt'
CM = NAME + '?type=custom-metadata'
INFO = NAME + '?type=custom-metadata-info'
WHOLE = NAME + '?type=whole-object'
DATA, NOTE = b'This is an example', b'<note>n</note>'


@pytest.fixture
def hcp(any_hcp):
    """With one object."""
    any_hcp('PUT', NAME, DATA)
    return any_hcp


def test_an_annotation_comes_back(hcp):
    """Metadata of one's own could not be kept with the object."""
    put = hcp('PUT', CM + '&annotation=x', NOTE)
    assert (put.status, put['Location']) == (201, NAME)
    got = hcp('GET', CM + '&annotation=x')
    assert (got.status, got.body) == (200, NOTE)
    assert (got['Content-Type'], got['X-HCP-Type'], got['X-HCP-Size']) == ('text/xml', 'annotation', '14')
    assert got['X-HCP-Hash'] == put['X-HCP-Hash']
    head = hcp('HEAD', CM + '&annotation=x')
    assert (head.status, head.body, head['ETag'], head['Content-Length']) == (200, b'', got['ETag'], '14')


def test_the_object_tells_of_its_annotations(hcp):
    """A HEAD would not show that there is more than data."""
    hcp.go_on(5)
    hcp('PUT', CM, NOTE)
    hcp('PUT', CM + '&annotation=b', b'')
    head = hcp('HEAD', NAME)
    assert head['X-HCP-Custom-Metadata'] == 'true'
    assert head['X-HCP-CustomMetadataAnnotations'] == 'b;0, default;14'
    assert head['X-HCP-ChangeTimeMilliseconds'] == '1422736471446.00'


def test_annotations_are_listed(hcp):
    """A program could not find out which annotations there are."""
    assert hcp('GET', INFO).status == 204
    hcp('PUT', CM + '&annotation=b', NOTE)
    hash_ = hcp('PUT', CM, b'')['X-HCP-Hash']
    listing = hcp('GET', INFO).xml
    assert [[child.tag for child in one] for one in listing][0] == [
        'name', 'hash', 'changeTimeMilliseconds', 'changeTimeString', 'size', 'contentType',
    ]  # fmt: skip
    assert [[child.text for child in one][::4] for one in listing] == [['b', '14'], ['default', '0']]
    assert [one.findtext('contentType') for one in listing] == ['text/xml', 'unknown']
    assert listing[1].findtext('hash') == hash_


def test_an_annotation_is_replaced_and_deleted_as_a_whole(hcp):
    """An old annotation would stay, or a part of it."""
    hcp('PUT', CM, NOTE)
    assert hcp('PUT', CM + '&annotation=default', b'<b/>').status == 201
    assert hcp('GET', CM).body == b'<b/>'
    assert hcp('DELETE', CM).status == 200
    for method in ('GET', 'HEAD', 'DELETE'):
        missing = hcp(method, CM)
        assert (missing.status, missing.error) == (204, 'No annotation exists with name default.')


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE'])
@pytest.mark.parametrize(('path', 'status'), [('/rest/none', 404), ('/rest', 400)])
def test_annotations_need_an_object(hcp, method, path, status):
    """An annotation would be stored for nothing."""
    assert hcp(method, path + '?type=custom-metadata', NOTE).status == status


DEEP = b'<a>' * 101 + b'</a>' * 101
WIDE = b'<a>' + b'<b/>' * 10_000 + b'</a>'
BAD_XML = [
    b'plain',
    b'<a>',
    b'<a/><b/>',
    b'<!DOCTYPE a><a/>',
    b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    b'<a>&unknown;</a>',
    b'<a>\xff</a>',
    DEEP,
    WIDE,
]


@pytest.mark.parametrize('data', BAD_XML)
def test_annotations_have_to_be_harmless_xml(hcp, data):
    """A bad annotation, or an attack by XML, would be stored."""
    assert hcp('PUT', CM, data).status == 400
    assert hcp('GET', CM).status == 204


@pytest.mark.parametrize('data', [b'<a>' * 100 + b'</a>' * 100, b'<a>' + b'<b/>' * 9_999 + b'</a>'])
def test_complex_xml_within_the_limits_is_taken(hcp, data):
    """An annotation that HCP still takes would be refused."""
    assert hcp('PUT', CM, data).status == 201


def test_a_namespace_may_take_anything(hcp):
    """Annotations that are not XML could not be stored where that is allowed."""
    hcp.namespace().xml_check = False
    assert hcp('PUT', CM, b'{"json": true}').status == 201
    assert hcp('GET', CM)['Content-Type'] == 'text/xml'
    assert hcp('GET', INFO).xml[0].findtext('contentType') == 'unknown'


def test_ten_annotations_are_the_most(hcp):
    """A program that uses too many would fail only on a real HCP."""
    for number in range(10):
        assert hcp('PUT', f'{CM}&annotation=a{number}', NOTE).status == 201
    assert hcp('PUT', CM, NOTE).status == 400
    assert hcp('PUT', CM + '&annotation=a3', b'<b/>').status == 201


@pytest.mark.parametrize(
    ('name', 'size', 'status'), [('x', 2**20, 201), ('x', 2**20 + 1, 413), ('default', 2**20 + 1, 201)]
)
def test_the_size_of_annotations(hcp, name, size, status):
    """A huge annotation would be taken here and refused by a real HCP."""
    hcp.namespace().xml_check = False
    assert hcp('PUT', f'{CM}&annotation={name}', bytes(size)).status == status


@pytest.mark.parametrize(
    ('policy', 'add', 'replace', 'delete'),
    [('ALL', 201, 201, 200), ('ADD', 201, 403, 403), ('NONE', 403, 403, 403)],
)
def test_annotations_of_objects_under_retention(hcp, policy, add, replace, delete):
    """The namespace's setting would have no effect."""
    hcp('PUT', CM, NOTE)
    hcp('POST', NAME + '?retention=A%2B1y')
    hcp.namespace().custom_metadata_changes = policy
    assert hcp('PUT', CM + '&annotation=new', NOTE).status == add
    assert hcp('PUT', CM, b'<b/>').status == replace
    assert hcp('DELETE', CM).status == delete


def test_compressed_annotations(hcp):
    """Compression would work for objects only."""
    put = hcp('PUT', CM, gzip.compress(NOTE), headers=[('Content-Encoding', 'gzip')])
    assert put.status == 201
    got = hcp('GET', CM, headers=[('Accept-Encoding', 'gzip')])
    assert (got['Content-Encoding'], got['X-HCP-ContentLength']) == ('gzip', '14')
    assert zlib.decompress(got.body, wbits=31) == NOTE


def test_annotations_of_old_versions(hcp):
    """An old version would show the annotations of the new one."""
    one = hcp('PUT', NAME, b'1', to='n2.m')['X-HCP-VersionId']
    hcp('PUT', CM, NOTE, to='n2.m')
    hcp('PUT', NAME, b'2', to='n2.m')
    hcp('PUT', CM, b'<b/>', to='n2.m')
    hcp('DELETE', NAME, to='n2.m')
    assert hcp('GET', f'{CM}&version={one}', to='n2.m').body == NOTE
    assert hcp('GET', CM, to='n2.m').status == 404


# ---------------------------------------------------------------------------------- whole-object


@pytest.mark.parametrize(
    ('annotation', 'first', 'body'),
    [('', 'false', DATA + NOTE), ('&annotation=x', 'true', NOTE + DATA)],
)
def test_data_and_annotation_in_one_request(any_hcp, annotation, first, body):
    """Storing both at once, or reading both at once, would lose one of them."""
    put = any_hcp('PUT', WHOLE + annotation, DATA + NOTE, headers=[('X-HCP-Size', '18')])
    assert put.status == 201
    assert put['ETag'] == '"68791e1b03badd5e4eb9287660f67745"'
    assert any_hcp('GET', NAME).body == DATA
    alone = any_hcp('GET', CM + annotation)
    assert (alone.body, alone['X-HCP-Hash']) == (NOTE, put['X-HCP-CustomMetadataHash'])
    both = any_hcp('GET', WHOLE + annotation, headers=[('X-HCP-CustomMetadataFirst', first)])
    assert (both.status, both.body, both['X-HCP-Size']) == (200, body, '18')
    assert both['Content-Length'] == '32'
    assert both['X-HCP-CustomMetadataFirst'] == first
    assert (both['X-HCP-DataContentType'], both['X-HCP-CustomMetadataContentType']) == (
        'text/plain',
        'text/xml',
    )


def test_data_with_an_empty_annotation(any_hcp):
    """An object whose annotation is empty could not be stored in one request."""
    assert any_hcp('PUT', WHOLE, DATA, headers=[('X-HCP-Size', '18')]).status == 201
    assert any_hcp('HEAD', NAME)['X-HCP-CustomMetadataAnnotations'] == 'default;0'


def test_large_data_and_annotation_in_one_answer(any_hcp):
    """Streaming both from a file would mix them up."""
    any_hcp('PUT', WHOLE, bytes(600_000) + NOTE, headers=[('X-HCP-Size', '600000')])
    assert any_hcp('GET', WHOLE).body == bytes(600_000) + NOTE


def test_without_the_annotation_only_the_data_come(hcp):
    """A client would take data for an annotation."""
    got = hcp('GET', WHOLE)
    assert (got.status, got.body, got['X-HCP-CustomMetadataFirst']) == (200, DATA, None)


def test_a_range_of_both_is_not_possible(hcp):
    """A part of both would look like a part of the data."""
    assert hcp('GET', WHOLE, headers=[('Range', 'bytes=0-1')]).status == 400


@pytest.mark.parametrize(
    'headers', [[], [('X-HCP-Size', 'x')], [('X-HCP-Size', '33')], [('X-HCP-Size', '-1')]]
)
@pytest.mark.parametrize('chunked', [False, True])
def test_the_size_of_the_data_is_needed(any_hcp, headers, chunked):
    """The annotation would become part of the data."""
    assert any_hcp('PUT', WHOLE, DATA + NOTE, headers=headers, chunked=chunked).status == 400
    assert any_hcp('HEAD', NAME).status == 404


def test_a_bad_annotation_leaves_an_empty_object(any_hcp):
    """HCP does so, and a client has to know: the next attempt meets a 409."""
    put = any_hcp('PUT', WHOLE, DATA + b'<bad>', headers=[('X-HCP-Size', '18')])
    assert put.status == 400
    head = any_hcp('HEAD', NAME)
    assert (head.status, head['X-HCP-Size'], head['X-HCP-Custom-Metadata']) == (200, '0', 'false')
