"""What a request says on the wire: the target encoded once, headers checked, the body framed."""

from __future__ import annotations

import array
import io
import mmap
import os
import tempfile
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcpsdk import HcpsdkError, _request
from hcpsdk._request import BLOCK, Prepared, build, encode_params, encode_path

COMPOSED = unicodedata.normalize('NFC', 'é')
DECOMPOSED = unicodedata.normalize('NFD', 'é')


def sent(request: _request.Request) -> bytes:
    """The body as it goes over the wire."""
    return b''.join(bytes(block) for block in request.blocks())


def unchunked(data: bytes) -> bytes:
    """What a server makes of a chunked body."""
    whole = b''
    while True:
        size, _, data = data.partition(b'\r\n')
        length = int(size, 16)
        if not length:
            assert data == b'\r\n'
            return whole
        whole, data = whole + data[:length], data[length + 2 :]


def lines(request: _request.Request, **prepared: str) -> list[str]:
    return request.head(Prepared(prepared)).decode('latin-1').split('\r\n')


# --- the target ------------------------------------------------------------------------------

PATHS = {
    'plain': ('/rest/a/b.txt', '/rest/a/b.txt'),
    'unreserved stay': ('/rest/A-z_0.9~', '/rest/A-z_0.9~'),
    'blank': ('/rest/a b', '/rest/a%20b'),
    'plus means itself': ('/rest/a+b', '/rest/a%2Bb'),
    'lone percent': ('/rest/50%', '/rest/50%25'),
    'percent and no hex': ('/rest/50%zz', '/rest/50%25zz'),
    'percent and one hex digit': ('/rest/50%2', '/rest/50%252'),
    'two percents': ('/rest/%%41', '/rest/%25%41'),
    'encoded already': ('/rest/a%20b%c3%A9', '/rest/a%20b%c3%A9'),
    'encoded percent': ('/rest/50%2525', '/rest/50%2525'),
    'text of an encoded NUL': ('/rest/%2500', '/rest/%2500'),
    'question mark': ('/rest/what?a=b', '/rest/what%3Fa%3Db'),
    'hash': ('/rest/a#b', '/rest/a%23b'),
    'semicolon': ('/rest/a;b', '/rest/a%3Bb'),
    'ampersand and backslash': ('/rest/a&b\\c', '/rest/a%26b%5Cc'),
    'two slashes': ('/rest//a//b', '/rest//a//b'),
    'slash at the end': ('/rest/a/', '/rest/a/'),
    'dots': ('/rest/../a/./b', '/rest/../a/./b'),
    'emoji': ('/rest/\U0001f600', '/rest/%F0%9F%98%80'),
    'composed': (f'/rest/{COMPOSED}', '/rest/%C3%A9'),
    'decomposed': (f'/rest/{DECOMPOSED}', '/rest/e%CC%81'),
    'line ends and tab': ('/rest/a\r\nb\tc', '/rest/a%0D%0Ab%09c'),
    'vertical tab, delete, unit separator': ('/rest/\x0b\x7f\x1f', '/rest/%0B%7F%1F'),
    'bytes that were no UTF-8': ('/rest/caf\udce9', '/rest/caf%E9'),
    'header smuggling': ('/rest/a HTTP/1.1\r\nX: y', '/rest/a%20HTTP/1.1%0D%0AX%3A%20y'),
}


@pytest.mark.parametrize(('url', 'target'), PATHS.values(), ids=PATHS)
def test_the_path_on_the_wire(url: str, target: str) -> None:
    """Or an object would be stored under another name than the one asked for."""
    assert encode_path(url) == target


@pytest.mark.parametrize('url', ['/rest/a\0b', '/rest/a%00b', '/rest/%%00'])
def test_nul_in_a_path_is_refused(url: str) -> None:
    """Or HCP would cut the name there, without a word."""
    with pytest.raises(HcpsdkError, match='NUL'):
        encode_path(url)


@pytest.mark.parametrize('url', ['', 'rest/a', 'https://n1.m.hcp1.example.com/rest/a', '\r\n/rest'])
def test_what_is_no_path_is_refused(url: str) -> None:
    """Or the request would go to a place that nobody meant."""
    with pytest.raises(HcpsdkError, match='starts with'):
        encode_path(url)


@pytest.mark.parametrize('url', [None, b'/rest/a', 5, ['/rest']])
def test_a_path_is_text(url: object) -> None:
    """Or a wrong argument would fail deep inside, without saying what is wrong."""
    with pytest.raises(TypeError, match='url must be a str'):
        encode_path(url)


@pytest.mark.parametrize('build_it', [encode_path, lambda text: encode_params({'a': text})])
def test_a_lone_surrogate_is_refused(build_it) -> None:
    """Or a UnicodeEncodeError would come where HcpsdkError was promised."""
    with pytest.raises(HcpsdkError, match='UTF-8'):
        build_it('/\ud800')


@given(st.text(st.characters(exclude_categories=['Cs'], exclude_characters='\0')))
def test_every_name_arrives_as_itself(name: str) -> None:
    """Or some name would reach HCP as another one, or break the request line."""
    target = encode_path('/' + name) if '%00' not in name else '/%'
    if '%00' not in name:
        assert unquote_to_bytes(target) == unquote_to_bytes(('/' + name).encode())
    assert all('!' <= character <= '~' for character in target)
    assert not set(target) & set(' ?#;+')


@given(st.binary())
def test_every_file_name_of_an_operating_system_arrives_as_its_bytes(raw: bytes) -> None:
    """Or files with names from the days before UTF-8 could not be archived."""
    name = os.fsdecode(raw.replace(b'\0', b'').replace(b'%', b''))
    assert unquote_to_bytes(encode_path('/' + name)) == os.fsencode('/' + name)


PARAMS = {
    'none': (None, ''),
    'empty dict': ({}, ''),
    'empty list': ([], ''),
    'dict in order': (OrderedDict([('b', '1'), ('a', '2')]), '?b=1&a=2'),
    'read-only mapping': (MappingProxyType({'a': 'b'}), '?a=b'),
    'list of pairs, a name twice': ([('a', '1'), ('a', '2')], '?a=1&a=2'),
    'tuple of lists': ((['a', '1'],), '?a=1'),
    'iterator': (iter([('a', '1')]), '?a=1'),
    'plus means itself': ({'retention': 'A+10y'}, '?retention=A%2B10y'),
    'blank': ({'a b': 'c d'}, '?a%20b=c%20d'),
    'percent is text here': ({'a': '%41'}, '?a=%2541'),
    'separators': ({'a&b=c': 'd&e=f?#/;'}, '?a%26b%3Dc=d%26e%3Df%3F%23%2F%3B'),
    'line ends and tab': ({'a': '\r\n\t'}, '?a=%0D%0A%09'),
    'no value': ({'suspend': ''}, '?suspend='),
    'booleans as HCP writes them': ({'a': True, 'b': False}, '?a=true&b=false'),
    'numbers': ({'a': 5, 'b': -1, 'c': 1.5}, '?a=5&b=-1&c=1.5'),
    'bytes': ({'a': b'\xe9'}, '?a=%E9'),
    'emoji': ({'a': '\U0001f600'}, '?a=%F0%9F%98%80'),
    'bytes that were no UTF-8': ({'a': 'caf\udce9'}, '?a=caf%E9'),
}


@pytest.mark.parametrize(('params', 'query'), PARAMS.values(), ids=PARAMS)
def test_the_query_on_the_wire(params: object, query: str) -> None:
    """Or HCP would understand another retention, owner or annotation than the caller's."""
    assert encode_params(params) == query


@pytest.mark.parametrize('params', [{'a': 'x\0'}, {'a\0': 'x'}, [('a', b'\0')]])
def test_nul_in_params_is_refused(params: object) -> None:
    """Or HCP would cut the value there, without a word."""
    with pytest.raises(HcpsdkError, match='NUL'):
        encode_params(params)


@pytest.mark.parametrize('value', ['sec\0ret', 'sec\ud800ret'])
def test_a_refused_parameter_is_not_shown(value: str) -> None:
    """Or a new password given to MAPI would stand in an exception, and then in a log."""
    with pytest.raises(HcpsdkError) as caught:
        encode_params({'password': value})
    assert 'sec' not in str(caught.value)
    assert 'password' in str(caught.value)


@pytest.mark.parametrize(
    'params',
    [
        'a=b',
        b'a=b',
        5,
        ['a'],
        ['ab'],
        [b'ab'],
        [('a', 'b', 'c')],
        [('a',)],
        {'a': None},
        {'a': ['b']},
        {None: 'a'},
        '',
        b'',
    ],
)
def test_params_of_another_shape_are_refused(params: object) -> None:
    """Or a mistyped query would change what the request does."""
    with pytest.raises(TypeError):
        encode_params(params)


@given(st.lists(st.tuples(st.text(), st.text())))
def test_every_query_arrives_as_itself(pairs: list[tuple[str, str]]) -> None:
    """Or some value would reach HCP as another one, or break the request line."""
    pairs = [
        tuple(part.replace('\0', '').encode('utf-8', 'ignore').decode() for part in pair) for pair in pairs
    ]
    query = encode_params(pairs)
    read = [part.split('=') for part in query[1:].split('&')] if pairs else []
    assert [tuple(unquote_to_bytes(part).decode() for part in pair) for pair in read] == pairs
    assert all('!' <= character <= '~' for character in query)


def test_nothing_of_the_callers_is_changed() -> None:
    """Or a dictionary used for the next request would hold what this one left in it."""
    params, headers = {'a': 1}, {'X-Mine': 'x', 'Content-Length': 1}
    request = build('PUT', '/rest/a', b'x', params, headers)
    request.head(Prepared({'Host': 'h'}))
    assert (params, headers) == ({'a': 1}, {'X-Mine': 'x', 'Content-Length': 1})
    headers['X-Mine'] = 'changed'
    assert 'X-Mine: x' in lines(request)


def test_the_path_is_shown_without_its_query() -> None:
    """Or a password in a query of MAPI would stand in every log."""
    assert build('GET', '/rest/a?', params={'password': 'x'}).path == '/rest/a%3F'


# --- method and headers ----------------------------------------------------------------------


@pytest.mark.parametrize('method', ['GET', 'M-SEARCH', 'head', 'Patch'])
def test_methods_go_out_in_capitals(method: str) -> None:
    """Or an answer to ``head`` would be waited for that never comes, as it has no body."""
    assert lines(build(method, '/rest/a'))[0] == f'{method.upper()} /rest/a HTTP/1.1'


@pytest.mark.parametrize('method', ['', 'GE T', 'GET\r\n', 'GET\n', 'G\0', 'GÉT', 'GET /x HTTP/1.1\r\nX:'])
def test_what_is_no_method_is_refused(method: str) -> None:
    """Or a method could smuggle a second request."""
    with pytest.raises(HcpsdkError, match='not an HTTP method'):
        build(method, '/rest/a')


def test_a_method_is_text() -> None:
    """Or a wrong argument would fail deep inside."""
    with pytest.raises(TypeError, match='method must be a str'):
        build(b'GET', '/rest/a')


def test_the_callers_headers_win() -> None:
    """Or a caller could not say what he means by his own header."""
    head = lines(
        build('GET', '/rest/a', headers={'accept-ENCODING': 'gzip'}),
        **{'Accept-Encoding': 'identity', 'Host': 'h'},
    )
    assert head == ['GET /rest/a HTTP/1.1', 'Host: h', 'accept-ENCODING: gzip', '', '']


@pytest.mark.parametrize(
    ('headers', 'line'),
    [
        ({'X-A': 'b'}, 'X-A: b'),
        ([('X-A', 'b')], 'X-A: b'),
        ({'X-A': 5}, 'X-A: 5'),
        ({'X-A': b'\xe9'}, 'X-A: \xe9'),
        ({'X-A': 'a\tb c'}, 'X-A: a\tb c'),
        ({'X-A': ''}, 'X-A: '),
        ({'X-A': 'é'}, 'X-A: é'),
    ],
)
def test_headers_on_the_wire(headers: object, line: str) -> None:
    """Or a header would arrive with another value."""
    assert line in lines(build('GET', '/rest/a', headers=headers))


@pytest.mark.parametrize('name', ['', 'X Y', 'X:', 'X\r\nY', 'X\n', 'X\0', ' X', 'X\t', 'É', '(X)'])
def test_what_is_no_header_name_is_refused(name: str) -> None:
    """Or a name could smuggle a header, or a request."""
    with pytest.raises(HcpsdkError, match='not a header name'):
        build('GET', '/rest/a', headers={name: 'x'})


@pytest.mark.parametrize(
    ('wrong', 'shown'),
    [
        ({'headers': {'Cookie: geheim': 'x'}}, "not a header name: 'Cookie:***'"),
        ({'headers': {'X:': 'x'}}, "not a header name: 'X:'"),
        ({'headers': {'X Y': 'x'}}, "not a header name: 'X Y'"),
        ({'params': {'password=geheim\0': ''}}, "parameter 'password=***'"),
        ({'params': {b'password=geheim\0': ''}}, "parameter 'password=***'"),
        ({'params': {'password=geheim\ud800': ''}}, "parameter 'password=***'"),
        ({'params': {5: '\0'}}, "parameter '5'"),
        ({'url': 'https://a:geheim@h/rest'}, "'https://***@h/rest'"),
        ({'url': 'https://a:geheim@h\0'}, "'https://***@h"),
        ({'url': '/mapi/x?password=geheim\0'}, "'/mapi/x?password=***'"),
        ({'url': '/mapi/x?password=geheim\ud800'}, "url '/mapi/x?password=***'"),
        ({'method': 'https://a:geheim@h/rest'}, "not an HTTP method: 'https://***@h/rest'"),
        ({'body': 'geheim\ud800'}, 'the body holds'),
        ({'body': io.StringIO('geheim\ud800')}, 'the body holds'),
    ],
)
def test_what_is_refused_is_shown_without_its_secret(wrong: dict[str, object], shown: str) -> None:
    """Or a slip of the caller's would end with a password in the log, or with no word on what is wrong."""
    with pytest.raises(HcpsdkError) as caught:
        build(**{'method': 'GET', 'url': '/rest/a', **wrong})
    assert shown in str(caught.value)
    assert 'geheim' not in repr(caught.value)


@pytest.mark.parametrize('value', ['a\r\nX: b', 'a\n b', 'a\r', 'a\0', 'a\x0b', '\x7f', b'a\r\nb'])
def test_control_characters_in_a_value_are_refused_and_not_shown(value: object) -> None:
    """Or a value could smuggle a header; and it may be a credential, so no message may repeat it."""
    with pytest.raises(HcpsdkError, match='control character') as caught:
        build('GET', '/rest/a', headers={'Authorization': value})
    assert repr(value)[2:-1] not in str(caught.value)


def test_a_value_beyond_latin_1_is_refused_and_not_shown() -> None:
    """Or http could not carry it; it must fail before anything is sent, with words."""
    with pytest.raises(HcpsdkError, match='Latin-1') as caught:
        build('GET', '/rest/a', headers={'Cookie': 'geheim\u20ac'})
    assert 'geheim' not in str(caught.value)


@pytest.mark.parametrize(
    'headers', [5, 'a', '', b'', 'ab: c', ['ab'], [('a',)], {5: 'a'}, {'a': None}, {'a': True}, {'a': ['b']}]
)
def test_headers_of_another_shape_are_refused(headers: object) -> None:
    """Or a mistyped header would be sent as something else."""
    with pytest.raises(TypeError):
        build('GET', '/rest/a', headers=headers)


@pytest.mark.parametrize(
    'headers',
    [
        [('Content-Length', '1'), ('content-length', '2')],
        [('Content-Length', '1'), ('Content-Length', '1')],
        {'Content-Length': '1', 'Transfer-Encoding': 'chunked'},
        {'Transfer-Encoding': 'gzip'},
        {'Transfer-Encoding': 'gzip, chunked'},
        [('Host', 'a'), ('host', 'b')],
    ],
)
def test_framing_that_two_servers_could_read_differently_is_refused(headers: object) -> None:
    """Or a proxy and HCP could disagree where this request ends (request smuggling)."""
    with pytest.raises(HcpsdkError):
        build('PUT', '/rest/a', b'x', headers=headers)


token_text = st.text(st.characters(max_codepoint=0x2FF), max_size=20)


@given(token_text, token_text)
def test_what_is_accepted_as_a_header_parses_back(name: str, value: str) -> None:
    """Or some header would be read as two, or as another."""
    try:
        head = build('GET', '/rest/a', headers={name: value}).head(Prepared({'Host': 'h'}))
    except HcpsdkError:
        return
    first, host, line, *rest = head.decode('latin-1').split('\r\n')
    assert (first, host, rest) == ('GET /rest/a HTTP/1.1', 'Host: h', ['', ''])
    assert line.partition(': ') == (name, ': ', value)


# --- bodies ----------------------------------------------------------------------------------

DATA = b'This is an example'

IN_MEMORY = {
    'bytes': (DATA, DATA),
    'bytearray': (bytearray(DATA), DATA),
    'memoryview': (memoryview(DATA), DATA),
    'every other byte': (memoryview(DATA)[::2], DATA[::2]),
    'array of words': (array.array('I', [1, 2]), array.array('I', [1, 2]).tobytes()),
    'empty array': (array.array('I'), b''),
    'str as UTF-8': ('Grüße', 'Grüße'.encode()),
    'str with undecodable bytes': ('caf\udce9', b'caf\xe9'),
    'BytesIO': (io.BytesIO(DATA), DATA),
    'StringIO as UTF-8': (io.StringIO('Grüße'), 'Grüße'.encode()),
    'nothing': (None, b''),
    'empty': (b'', b''),
    'more than a block': (b'x' * (BLOCK + 1), b'x' * (BLOCK + 1)),
}


@pytest.mark.parametrize(('body', 'data'), IN_MEMORY.values(), ids=IN_MEMORY)
def test_a_body_in_memory_goes_out_as_it_is_as_often_as_need_be(body: object, data: bytes) -> None:
    """Or a repetition would store something else than the first try."""
    request = build('PUT', '/rest/a', body)
    assert f'Content-Length: {len(data)}' in lines(request)
    assert [sent(request), sent(request)] == [data, data]
    assert not request.body.spent


def test_a_file_goes_out_from_where_it_stands() -> None:
    """Or a repetition would send nothing, or begin at the wrong place."""
    file = io.BytesIO(DATA)
    file.seek(5)
    request = build('PUT', '/rest/a', file)
    assert file.tell() == 5
    assert f'Content-Length: {len(DATA) - 5}' in lines(request)
    assert [sent(request), sent(request)] == [DATA[5:], DATA[5:]]


def test_a_file_that_stands_beyond_its_end_has_nothing_to_send() -> None:
    """Or a negative length would be announced."""
    file = io.BytesIO(DATA)
    file.seek(100)
    request = build('PUT', '/rest/a', file)
    assert 'Content-Length: 0' in lines(request)
    assert sent(request) == b''


def test_a_half_read_stringio_goes_out_from_where_it_stands() -> None:
    """Or the beginning would be sent though it had been read."""
    file = io.StringIO('ab')
    file.read(1)
    assert sent(build('PUT', '/rest/a', file)) == b'b'


def test_a_mapped_file_goes_out() -> None:
    """Or a large file mapped into memory could not be stored: before 3.13 its ``seek`` tells nothing."""
    with mmap.mmap(-1, len(DATA)) as mapped:
        mapped[:] = DATA
        assert sent(build('PUT', '/rest/a', mapped)) == DATA


TEXTS = {
    'utf-8': ('utf-8', None),
    'line ends kept': ('utf-8', ''),
    'with a signature': ('utf-8-sig', None),
    'utf-16': ('utf-16', None),
    'latin-1': ('latin-1', None),
}


@pytest.mark.parametrize(('encoding', 'newline'), TEXTS.values(), ids=TEXTS)
def test_a_text_file_goes_out_as_its_bytes_on_disk(tmp_path, encoding: str, newline: str | None) -> None:
    """Or the manual's own sample would store a file that differs from the one on disk."""
    path = tmp_path / 'text'
    path.write_bytes('Grüße\r\nan alle\n\r\n'.encode(encoding))
    with path.open(encoding=encoding, newline=newline) as file:
        request = build('PUT', '/rest/a', file)
        assert [sent(request), sent(request)] == [path.read_bytes(), path.read_bytes()]


@pytest.mark.parametrize(('encoding', 'newline'), TEXTS.values(), ids=TEXTS)
def test_a_text_file_half_read_goes_out_from_there(tmp_path, encoding: str, newline: str | None) -> None:
    """Or what the file object had read ahead would be missing."""
    path = tmp_path / 'text'
    first, second = 'Grüße\n', 'an alle\n'
    path.write_bytes((first + second).encode(encoding))
    with path.open(encoding=encoding, newline=newline) as file:
        file.readline()
        assert sent(build('PUT', '/rest/a', file)) == path.read_bytes()[len(first.encode(encoding)) :]


def test_a_text_file_that_stands_inside_a_line_end_is_refused(tmp_path) -> None:
    """Or a byte would be lost, as text and bytes have no common place there."""
    path = tmp_path / 'text'
    path.write_bytes(b'a\r\nb')
    with path.open(encoding='latin-1', newline='') as file:
        assert file.read(2) == 'a\r'
        with pytest.raises(HcpsdkError, match='binary'):
            build('PUT', '/rest/a', file)


def test_a_text_file_walked_through_by_lines_is_refused(tmp_path) -> None:
    """Or an OSError about ``next()`` would come where HcpsdkError was promised."""
    path = tmp_path / 'text'
    path.write_bytes(b'a\nb\n')
    with path.open(encoding='ascii') as file:
        next(file)
        with pytest.raises(HcpsdkError, match='binary'):
            build('PUT', '/rest/a', file)


def test_a_named_temporary_text_file_goes_out_as_its_bytes() -> None:
    """Or it would be taken for a binary file: it is no TextIOBase, but wraps one."""
    with tempfile.NamedTemporaryFile('w+', encoding='latin-1') as file:
        file.write('Grüße')
        file.seek(0)
        assert sent(build('PUT', '/rest/a', file)) == 'Grüße'.encode('latin-1')


def test_a_text_pipe_is_refused_as_it_may_have_been_read_ahead() -> None:
    """Or what stands behind the first line would be lost, and the rest stored as if it were all."""
    reading, writing = os.pipe()
    with os.fdopen(writing, 'wb') as pipe:
        pipe.write(b'first\nsecond\n')
    with os.fdopen(reading, encoding='latin-1') as pipe:
        assert pipe.readline() == 'first\n'
        with pytest.raises(HcpsdkError, match=r'\.buffer'):
            build('PUT', '/rest/a', pipe)


class Pipe:
    """Has nothing but ``read()``."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, amount: int = -1) -> bytes:
        return self._file.read(min(amount, 7))


class NoSeeking(io.BytesIO):
    def seek(self, *args: int) -> int:
        raise io.UnsupportedOperation('no')


ONE_SHOT = {
    'pipe': lambda: Pipe(DATA),
    'file that cannot be rewound': lambda: NoSeeking(DATA),
    'generator': lambda: (part for part in (b'This is', b'', b' an example')),
    'iterator': lambda: iter([DATA]),
    'generator of views of one buffer': lambda: reused_buffer(DATA),
}


def reused_buffer(data: bytes):
    """As programs do that read without copying: each view is overwritten by the next."""
    source, buffer = io.BytesIO(data), bytearray(5)
    while got := source.readinto(buffer):
        yield memoryview(buffer)[:got]


@pytest.mark.parametrize('make', ONE_SHOT.values(), ids=ONE_SHOT)
def test_a_body_that_can_be_read_once_goes_out_in_chunks(make) -> None:
    """Or a stream of unknown length could not be stored, or would be sent half a second time."""
    request = build('PUT', '/rest/a', make())
    assert 'Transfer-Encoding: chunked' in lines(request)
    assert not request.body.spent
    assert unchunked(sent(request)) == DATA
    assert request.body.spent


@pytest.mark.parametrize('make', ONE_SHOT.values(), ids=ONE_SHOT)
def test_a_stream_of_announced_length_arrives_unchanged(make) -> None:
    """Or a block would be overwritten by the next one before it is sent, and stored so."""
    request = build('PUT', '/rest/a', make(), headers={'Content-Length': len(DATA)})
    assert lines(request).count(f'Content-Length: {len(DATA)}') == 1
    assert b''.join([b'', *request.blocks()]) == DATA


def test_a_list_can_be_sent_again() -> None:
    """Or a repetition would be refused though nothing is lost."""
    request = build('PUT', '/rest/a', [b'This is', b'', bytearray(b' an'), memoryview(b' example')])
    assert 'Transfer-Encoding: chunked' in lines(request)
    assert [unchunked(sent(request)), unchunked(sent(request))] == [DATA, DATA]
    assert not request.body.spent


@pytest.mark.parametrize('body', [5, 1.5, object(), {'a': 'b'}, ['text'], [1, 2], (b'a', None), True])
def test_what_cannot_be_a_body_is_refused_at_once(body: object) -> None:
    """Or the head would be on its way before it shows that there is nothing to follow."""
    with pytest.raises(TypeError, match='body'):
        build('PUT', '/rest/a', body)


@pytest.mark.parametrize('parts', [lambda: (part for part in ['text']), lambda: Words()])
def test_a_stream_of_text_is_refused(parts) -> None:
    """Or text would be sent in an encoding that nobody chose."""
    with pytest.raises(TypeError, match='bytes, not str'):
        sent(build('PUT', '/rest/a', parts()))


class Words:
    def read(self, amount: int) -> str:
        return 'text'


@pytest.mark.parametrize('length', [len(DATA) - 1, len(DATA) + 1])
@pytest.mark.parametrize('make', [lambda: DATA, lambda: io.BytesIO(DATA)])
def test_a_contradicting_content_length_is_refused(make, length: int) -> None:
    """Or HCP would wait for bytes that never come, or take the rest for a request."""
    with pytest.raises(HcpsdkError, match=f'says {length} bytes, but the body has {len(DATA)}'):
        build('PUT', '/rest/a', make(), headers={'content-length': str(length)})


@pytest.mark.parametrize('length', ['', 'x', '-1', '+5', ' 18', '1_8', '١٨', '18, 18', '9' * 5000])
def test_a_content_length_that_is_no_number_is_refused(length: str) -> None:
    """Or HCP would read another number than we do."""
    with pytest.raises(HcpsdkError):
        build('PUT', '/rest/a', DATA, headers={'Content-Length': length})


@pytest.mark.parametrize(
    ('length', 'what'), [(len(DATA) - 1, 'more than'), (len(DATA) + 1, 'ended after 18 of 19')]
)
def test_a_stream_of_another_length_never_becomes_a_whole_request(length: int, what: str) -> None:
    """Or HCP would store a part as if it were the whole."""
    parts = (DATA[i : i + 5] for i in range(0, 18, 5))
    request = build('PUT', '/rest/a', parts, headers={'Content-Length': length})
    out = []
    with pytest.raises(HcpsdkError, match=what):
        out.extend(map(bytes, request.blocks()))
    assert sum(map(len, out)) < length


def test_a_file_that_shrinks_or_grows_while_it_is_sent_is_noticed(tmp_path) -> None:
    """Or HCP would store what never was in the file."""
    path = tmp_path / 'log'
    path.write_bytes(DATA)
    with path.open('rb') as file:
        request = build('PUT', '/rest/a', file)
        path.write_bytes(DATA[:5])
        with pytest.raises(HcpsdkError, match='shrank'):
            sent(request)
        path.write_bytes(DATA * 2)
        with pytest.raises(HcpsdkError, match='more than the 18 bytes'):
            sent(request)
        path.write_bytes(DATA)
        assert sent(request) == DATA


def test_the_callers_own_chunked_header_stands_once() -> None:
    """Or two of them would make the request unreadable."""
    request = build('PUT', '/rest/a', DATA, headers={'transfer-encoding': 'Chunked'})
    assert [line for line in lines(request) if 'ransfer' in line] == ['transfer-encoding: Chunked']
    assert unchunked(sent(request)) == DATA


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'DELETE', 'OPTIONS'])
def test_no_body_no_length(method: str) -> None:
    """Or servers that take a length for a body would refuse a plain question."""
    assert lines(build(method, '/rest/a')) == [f'{method} /rest/a HTTP/1.1', '', '']


@pytest.mark.parametrize('method', ['PUT', 'POST', 'PATCH'])
def test_an_empty_body_has_its_length(method: str) -> None:
    """Or HCP would answer 411."""
    assert 'Content-Length: 0' in lines(build(method, '/rest/a'))


def test_a_body_with_delete_has_its_length() -> None:
    """Or the reason of a privileged delete would be taken for the next request."""
    assert 'Content-Length: 18' in lines(build('DELETE', '/rest/a', DATA))


@given(st.lists(st.binary(max_size=30)))
def test_chunks_decode_back(parts: list[bytes]) -> None:
    """Or some stream would end early, at an empty part, say."""
    assert unchunked(sent(build('PUT', '/rest/a', iter(parts)))) == b''.join(parts)


class Once:
    """Can be walked through once, though it is no iterator."""

    def __init__(self) -> None:
        self._blocks = iter([b'all', b' of', b' it'])

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks


def test_what_may_be_walked_through_only_once_is_sent_only_once() -> None:
    """Or its repetition would store an empty object, and look successful."""
    request = build('PUT', '/rest/a', Once())
    assert not request.body.spent
    assert unchunked(sent(request)) == b'all of it'
    assert request.body.spent
