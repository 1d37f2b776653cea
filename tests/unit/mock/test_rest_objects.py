"""Storing, looking at and reading objects."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib

import pytest

from hcpsdk.mock.blobs import GunzippedBody
from hcpsdk.mock.messages import ShortBody

TEXT = b'This is an example'
ETAG = '"68791e1b03badd5e4eb9287660f67745"'
HASH = 'SHA-256 47FB563CC8F86DC37C86D08BC542968F7986ACD81C97BF76DB7AD744407FE117'
KIB_128 = b'0123456789abcdef' * 8192
NAME = '/rest/hcpsdk/test1.txt'

# the manual's dump of a HEAD, but for X-RequestId and for the version's last digits
DUMP = [
    ('Date', 'Sat, 31 Jan 2015 20:34:53 GMT'),
    ('Server', 'HCP V7.1.0.10'),
    ('X-RequestId', None),
    ('X-HCP-ServicedBySystem', 'hcp1.example.com'),
    ('X-HCP-Time', '1422736493'),
    ('X-HCP-SoftwareVersion', '7.1.0.10'),
    ('ETag', ETAG),
    ('Cache-Control', 'no-cache, no-store'),
    ('Pragma', 'no-cache'),
    ('Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'),
    ('Content-Type', 'text/plain'),
    ('Content-Length', '18'),
    ('X-HCP-Type', 'object'),
    ('X-HCP-Size', '18'),
    ('X-HCP-Hash', HASH),
    ('X-HCP-VersionId', '91055133852545'),
    ('X-HCP-IngestTime', '1422736466'),
    ('X-HCP-RetentionClass', ''),
    ('X-HCP-RetentionString', 'Deletion Allowed'),
    ('X-HCP-Retention', '0'),
    ('X-HCP-IngestProtocol', 'HTTP'),
    ('X-HCP-RetentionHold', 'false'),
    ('X-HCP-Shred', 'false'),
    ('X-HCP-DPL', '2'),
    ('X-HCP-Index', 'true'),
    ('X-HCP-Custom-Metadata', 'false'),
    ('X-HCP-ACL', 'false'),
    ('X-HCP-Owner', 'n'),
    ('X-HCP-Domain', ''),
    ('X-HCP-UID', ''),
    ('X-HCP-GID', ''),
    ('X-HCP-CustomMetadataAnnotations', ''),
    ('X-HCP-Replicated', 'false'),
    ('X-HCP-ReplicationCollision', 'false'),
    ('X-HCP-ChangeTimeMilliseconds', '1422736466446.00'),
    ('X-HCP-ChangeTimeString', '2015-01-31T21:34:26+0100'),
    ('Last-Modified', 'Sat, 31 Jan 2015 20:34:26 GMT'),
]


def test_head_shows_what_the_manual_shows(any_hcp):
    """Programs that were written by the manual's dump would find other headers."""
    any_hcp('PUT', NAME + '?index=true', TEXT)
    any_hcp.go_on(27)
    head = any_hcp('HEAD', NAME)
    got = [(name, None if name == 'X-RequestId' else value) for name, value in head.headers]
    assert (head.status, got, head.body) == (200, DUMP, b'')
    assert len(head['X-RequestId']) == 16
    assert int(head['X-RequestId'], 16) >= 0


def test_put_answers_in_hcps_order(hcp):
    """A trace of a PUT would not look as on HCP 7."""
    put = hcp('PUT', NAME, TEXT)
    assert put.status == 201
    assert put.names == [
        'Date', 'Server', 'X-HCP-ServicedBySystem', 'Location', 'X-HCP-VersionId', 'X-HCP-Hash', 'ETag',
        'X-RequestId', 'X-HCP-Time', 'Content-Length',
    ]  # fmt: skip
    assert (put['Location'], put['ETag'], put['X-HCP-Hash']) == (NAME, ETAG, HASH)
    assert put['Content-Length'] == '0'


def test_the_manuals_128_kib_file(any_hcp):
    """The sample program's output would differ from the manual's."""
    put = any_hcp('PUT', '/rest/hcpsdk/sample', KIB_128)
    assert put['X-HCP-Hash'] == 'SHA-256 A2706A20394E48179A86C71E82C360C2960D3652340F9B9FDB355A42E3AC7691'
    assert put['ETag'] == '"ced877c812a6b561fa8c28b99fda69f2"'
    assert any_hcp('GET', '/rest/hcpsdk/sample').body == KIB_128


@pytest.mark.parametrize('scheme', ['MD5', 'SHA-1', 'SHA-384', 'SHA-512'])
def test_the_namespaces_hash_scheme_is_used(hcp, scheme):
    """A check of the stored hash would fail in namespaces with another algorithm."""
    hcp.namespace().hash_scheme = scheme
    digest = hashlib.new(scheme.replace('-', '').lower(), TEXT).hexdigest().upper()
    assert hcp('PUT', '/rest/x', TEXT)['X-HCP-Hash'] == f'{scheme} {digest}'


def test_empty_objects_are_objects(any_hcp):
    """Empty files could not be stored."""
    assert any_hcp('PUT', '/rest/empty').status == 201
    got = any_hcp('GET', '/rest/empty')
    assert (got.status, got.body, got['Content-Length']) == (200, b'', '0')
    assert any_hcp('PUT', '/rest/empty').status == 409


def test_objects_are_write_once(any_hcp):
    """An object could be overwritten where HCP never does it."""
    any_hcp('PUT', NAME, TEXT)
    assert any_hcp('PUT', NAME, b'other').status == 409
    assert any_hcp('GET', NAME).body == TEXT


@pytest.mark.parametrize(
    ('path', 'media'),
    [
        ('/rest/a.txt', 'text/plain'),
        ('/rest/a.JPG', 'image/jpeg'),
        ('/rest/a.tar.gz', 'application/gzip'),
        ('/rest/128kbfile', 'application/octet-stream'),
        ('/rest/a.unknown', 'application/octet-stream'),
    ],
)
def test_the_media_type_comes_from_the_name(hcp, path, media):
    """Browsers would be told the wrong type, or another one on each machine."""
    hcp('PUT', path, b'x')
    assert hcp('HEAD', path)['Content-Type'] == media


def test_a_given_media_type_is_kept(hcp):
    """The type that the client knows would be lost."""
    hcp('PUT', NAME, TEXT, headers=[('Content-Type', 'application/pdf')])
    assert hcp('GET', NAME)['Content-Type'] == 'application/pdf'


def test_delete_takes_the_object_away(any_hcp):
    """Deleted data would stay readable; a second delete would look like a success."""
    any_hcp('PUT', NAME, TEXT)
    gone = any_hcp('DELETE', NAME)
    assert (gone.status, gone.body) == (200, b'')
    assert any_hcp('GET', NAME).status == 404
    assert any_hcp('HEAD', NAME).status == 404
    assert any_hcp('DELETE', NAME).status == 404


def test_files_lie_below_the_directory_and_go_with_their_objects(any_hcp, tmp_path):
    """Large tests would fill the disk, or the directory would not be used at all."""
    for method, path, expected in [
        ('PUT', NAME, 1),
        ('PUT', NAME, 1),  # refused
        ('DELETE', NAME, 0),
    ]:
        any_hcp(method, path, TEXT if method == 'PUT' else b'')
        files = [path for path in (tmp_path / 'data').rglob('*') if path.is_file()]
        assert len(files) == (expected if (tmp_path / 'data').exists() else 0)


@pytest.mark.parametrize('size', [0, 1, 262_144, 262_145, 1_000_000])
def test_bodies_of_all_sizes_come_back(any_hcp, size):
    """Data at the edge of a read block would be cut or doubled."""
    data = hashlib.sha256(b'seed').digest() * (size // 32 + 1)
    any_hcp('PUT', NAME, data[:size])
    got = any_hcp('GET', NAME)
    assert got.body == data[:size]
    assert got['Content-Length'] == str(size)


@pytest.mark.parametrize('size', [18, 1_000_000])
def test_a_get_survives_the_delete_of_its_object(any_hcp, size):
    """A download would break because somebody deletes the object meanwhile."""
    any_hcp('PUT', NAME, bytes(size))
    answer = any_hcp.ask('GET', NAME)
    assert any_hcp('DELETE', NAME).status == 200
    assert len(b''.join([answer.body] if isinstance(answer.body, bytes) else answer.body)) == size


class Dribble:
    """A body that comes in small pieces, and may end too early."""

    def __init__(self, data: bytes, *, short: bool = False) -> None:
        self._stream = io.BytesIO(data)
        self._short = short

    def read(self, amount: int = -1) -> bytes:
        piece = self._stream.read(min(amount, 7) if amount >= 0 else -1)
        if not piece and self._short:
            raise ShortBody
        return piece


def test_a_short_body_stores_nothing(any_hcp, tmp_path):
    """Half an upload would become an object that can never be replaced."""
    with pytest.raises(ShortBody):
        any_hcp('PUT', NAME, Dribble(TEXT, short=True), length=100)
    assert any_hcp('HEAD', NAME).status == 404
    assert not [path for path in tmp_path.rglob('*') if path.is_file()]
    assert any_hcp('PUT', NAME, TEXT).status == 201


def test_chunked_bodies_are_stored(any_hcp):
    """Uploads of unknown length would not work."""
    assert any_hcp('PUT', NAME, Dribble(TEXT), chunked=True)['ETag'] == ETAG


def test_a_body_without_length_is_refused(hcp):
    """A client that forgets the framing would store an empty object."""
    assert hcp('PUT', NAME, Dribble(TEXT)).status == 411


@pytest.mark.parametrize('members', [1, 2])
def test_gzip_uploads_are_stored_plain(any_hcp, members):
    """Size and hash of a compressed upload would be those of the compressed data."""
    half = len(TEXT) // members
    packed = b''.join(gzip.compress(TEXT[at : at + half]) for at in range(0, len(TEXT), half))
    put = any_hcp('PUT', NAME, Dribble(packed), chunked=True, headers=[('Content-Encoding', 'gzip')])
    assert (put.status, put['ETag']) == (201, ETAG)
    assert any_hcp('GET', NAME).body == TEXT


@pytest.mark.parametrize('data', [b'not gzip at all', gzip.compress(TEXT)[:-4], b''])
def test_bad_gzip_is_refused_and_stores_nothing(hcp, data):
    """A broken compressed upload would become a broken object."""
    put = hcp('PUT', NAME, data, headers=[('Content-Encoding', 'gzip')])
    assert (put.status, 'gzip' in put.error) == (400, True)
    assert hcp('HEAD', NAME).status == 404


def test_a_compressed_body_can_be_read_at_once():
    """Whoever reads a body without saying how much would get a part of it."""
    body = GunzippedBody(Dribble(gzip.compress(KIB_128)))
    assert (body.read(), body.read()) == (KIB_128, b'')


def test_other_content_codings_are_415(hcp):
    """Data would be stored in a coding that nobody undoes."""
    assert hcp('PUT', NAME, TEXT, headers=[('Content-Encoding', 'deflate')]).status == 415


@pytest.mark.parametrize('accept', ['gzip', 'deflate, gzip;q=0.5', '*', 'GZIP', 'identity;q=0, gzip'])
@pytest.mark.parametrize('data', [TEXT, KIB_128 * 8])
def test_answers_are_compressed_for_those_who_ask(any_hcp, accept, data):
    """A client that asks for gzip could not tell the size of what it gets."""
    any_hcp('PUT', NAME, data)
    got = any_hcp('GET', NAME, headers=[('Accept-Encoding', accept)])
    assert (got.status, got['Content-Encoding']) == (200, 'gzip')
    assert got['X-HCP-ContentLength'] == str(len(data))
    assert got['Content-Length'] == str(len(got.body))
    assert zlib.decompress(got.body, wbits=31) == data


@pytest.mark.parametrize('accept', ['identity', '', 'identity, deflate', 'gzip;q=0, identity'])
def test_answers_are_plain_for_the_others(hcp, accept):
    """Python's http.client, which sends identity, would be refused."""
    hcp('PUT', NAME, TEXT)
    got = hcp('GET', NAME, headers=[('Accept-Encoding', accept)])
    assert (got.status, got.body, got['Content-Encoding']) == (200, TEXT, None)


def test_impossible_codings_are_406(hcp):
    """A client would get a coding that it cannot undo."""
    hcp('PUT', NAME, TEXT)
    assert hcp('GET', NAME, headers=[('Accept-Encoding', 'deflate')]).status == 406


@pytest.mark.parametrize(
    ('wanted', 'part', 'content_range'),
    [
        ('bytes=0-3', b'This', 'bytes 0-3/18'),
        ('bytes=5-', b'is an example', 'bytes 5-17/18'),
        ('bytes=-7', b'example', 'bytes 11-17/18'),
        ('bytes=-100', TEXT, 'bytes 0-17/18'),
        ('bytes=11-100', b'example', 'bytes 11-17/18'),
        ('bytes=0-0', b'T', 'bytes 0-0/18'),
    ],
)
def test_ranges(any_hcp, wanted, part, content_range):
    """A download could not be resumed."""
    any_hcp('PUT', NAME, TEXT)
    got = any_hcp('GET', NAME, headers=[('Range', wanted), ('Accept-Encoding', 'gzip')])
    assert (got.status, got.body, got['Content-Range']) == (206, part, content_range)
    assert (got['Content-Length'], got['X-HCP-Size']) == (str(len(part)), '18')
    assert got['Accept-Ranges'] == 'bytes'


@pytest.mark.parametrize('size', [300_000, 600_000])
def test_long_ranges_come_from_the_right_place(any_hcp, size):
    """A resumed download of a large object would hold other bytes."""
    data = b''.join(b'%08d' % number for number in range(100_000))
    any_hcp('PUT', NAME, data)
    got = any_hcp('GET', NAME, headers=[('Range', f'bytes=1000-{size}')])
    assert got.body == data[1000 : size + 1]


@pytest.mark.parametrize(
    ('wanted', 'status'),
    [('bytes=18-', 416), ('bytes=-0', 416), ('bytes=5-3', 416), ('bytes=-', 400), ('bytes=0-1,3-4', 400),
     ('bytes=a-b', 400), ('lines=1-2', 200)],
)  # fmt: skip
def test_impossible_ranges(hcp, wanted, status):
    """A wrong range would look like data."""
    hcp('PUT', NAME, TEXT)
    got = hcp('GET', NAME, headers=[('Range', wanted)])
    assert got.status == status
    assert (got['Content-Range'] == 'bytes */18') is (status == 416)


PAST, SAME, FUTURE = (
    'Sat, 31 Jan 2015 20:34:25 GMT',
    'Saturday, 31-Jan-15 20:34:26 GMT',
    'Sat Jan 31 20:34:27 2015',
)
OTHER = '"0123456789abcdef0123456789abcdef"'


@pytest.mark.parametrize(
    ('header', 'value', 'reading', 'writing'),
    [
        ('If-Match', ETAG, 200, 201),
        ('If-Match', f'{OTHER}, {ETAG}', 200, 201),
        ('If-Match', '*', 200, 201),
        ('If-Match', OTHER, 412, 412),
        ('If-None-Match', OTHER, 200, 201),
        ('If-None-Match', ETAG, 304, 412),
        ('If-None-Match', '*', 304, 412),
        ('If-Modified-Since', PAST, 200, 201),
        ('If-Modified-Since', SAME, 304, 304),
        ('If-Modified-Since', FUTURE, 304, 304),
        ('If-Unmodified-Since', PAST, 412, 412),
        ('If-Unmodified-Since', SAME, 200, 201),
        ('If-Unmodified-Since', FUTURE, 200, 201),
        ('If-Unmodified-Since', 'yesterday', 400, 400),
    ],
)
def test_conditions(hcp, header, value, reading, writing):
    """A write would overtake another one, or a cache would be filled anew each time."""
    hcp('PUT', NAME, TEXT, to='n2.m')
    for method, status in [('GET', reading), ('HEAD', reading), ('PUT', writing)]:
        assert hcp(method, NAME, TEXT, to='n2.m', headers=[(header, value)]).status == status, method


@pytest.mark.parametrize(
    ('header', 'value', 'status'),
    [
        ('If-Match', '*', 412),
        ('If-Match', ETAG, 412),
        ('If-None-Match', '*', 201),
        ('If-None-Match', ETAG, 201),
        ('If-Modified-Since', FUTURE, 201),
        ('If-Unmodified-Since', PAST, 201),
    ],
)
def test_conditions_on_a_new_object(hcp, header, value, status):
    """The way to store only what is not there would not work."""
    assert hcp('PUT', NAME, TEXT, headers=[(header, value)]).status == status


@pytest.mark.parametrize(
    ('method', 'path'),
    [
        ('DELETE', NAME),
        ('POST', NAME),
        ('PUT', NAME + '?type=custom-metadata'),
        ('GET', NAME + '?type=custom-metadata'),
        ('PUT', '/rest/new?type=directory'),
        ('GET', '/rest/hcpsdk'),
        ('HEAD', '/rest/hcpsdk'),
    ],
)
def test_conditions_where_hcp_knows_none_are_400(hcp, method, path):
    """A condition would be ignored, and the work done regardless."""
    hcp('PUT', NAME, TEXT)
    assert hcp(method, path, headers=[('If-Match', '*')]).status == 400


def test_the_quota_is_kept(hcp):
    """A full namespace could not be tried out."""
    hcp.namespace().hard_quota = 2 * 30
    assert hcp('PUT', '/rest/a', TEXT).status == 201
    full = hcp('PUT', '/rest/b', TEXT)
    assert (full.status, full.reason) == (413, 'File Too Large')
    assert hcp('PUT', '/rest/b', Dribble(TEXT), chunked=True).status == 413
    assert hcp('PUT', '/rest/b', TEXT[:12]).status == 201


@pytest.mark.parametrize(('asked', 'shown'), [('false', None), ('true', 'false')])
def test_the_replicated_header_can_be_left_out(hcp, asked, shown):
    """The request header that switches it off would have no effect."""
    hcp('PUT', NAME, TEXT)
    assert hcp('HEAD', NAME, headers=[('X-HCP-Get-Replicated', asked)])['X-HCP-Replicated'] == shown


def test_version_ids_grow_within_a_millisecond(hcp):
    """Two objects stored at once would share a version."""
    ids = [int(hcp('PUT', f'/rest/{number}')['X-HCP-VersionId']) for number in range(100)]
    assert ids == sorted(set(ids))
    assert ids[0] == 1422736466446 * 64 + 1


WRITING_STATUS = [('n1.m', 'GET', 404), ('n1.m', 'HEAD', 404), ('n1.m', 'PUT', 409), ('n1.m', 'DELETE', 409),
                  ('n2.m', 'GET', 404), ('n2.m', 'PUT', 409), ('n2.m', 'DELETE', 404)]  # fmt: skip


class Meanwhile(Dribble):
    """A body during whose arrival something else happens."""

    def __init__(self, data: bytes, what) -> None:
        super().__init__(data)
        self._what = what

    def read(self, amount: int = -1) -> bytes:
        what, self._what = self._what, lambda: None
        what()
        return super().read(amount)


@pytest.mark.parametrize(('to', 'method', 'status'), WRITING_STATUS)
def test_an_object_that_is_open_for_write(hcp, to, method, status):
    """What happens to a name while it is being written could not be tried out."""
    seen = []
    body = Meanwhile(
        TEXT, lambda: seen.append(hcp(method, NAME, TEXT if method == 'PUT' else b'', to=to).status)
    )
    assert hcp('PUT', NAME, body, to=to, chunked=True).status == 201
    assert seen == [status]
    assert hcp('GET', NAME, to=to).body == TEXT


def test_readers_get_the_finished_version_while_a_new_one_comes(hcp):
    """Readers would lose an object for as long as its next version takes."""
    hcp('PUT', NAME, b'old', to='n2.m')
    seen = []
    body = Meanwhile(TEXT, lambda: seen.append(hcp('GET', NAME, to='n2.m').body))
    hcp('PUT', NAME, body, to='n2.m', chunked=True)
    assert seen == [b'old']


@pytest.mark.parametrize(
    ('between', 'between_status', 'status'),
    [
        ('/rest/a', 201, 409),  # an object takes the place of the directory
        ('/rest/a/b/c/d', 201, 409),  # a directory takes the place of the object
        ('/rest/a/b/c?type=directory', 409, 201),
    ],
)
def test_something_takes_the_place_of_what_is_being_written(
    any_hcp, between, between_status, status, tmp_path
):
    """An upload whose directory has become an object would damage the namespace."""
    seen = []
    body = Meanwhile(TEXT, lambda: seen.append(any_hcp('PUT', between).status))
    assert any_hcp('PUT', '/rest/a/b/c', body, chunked=True).status == status
    assert seen == [between_status]
    assert any_hcp('HEAD', between.partition('?')[0]).status == 200
    assert len([path for path in tmp_path.rglob('*') if path.is_file()]) <= 1
