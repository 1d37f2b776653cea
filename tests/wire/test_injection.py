"""Whatever a program says becomes exactly one request that says it, or is refused before a byte is sent.

The examples of a test share one connection. Behind each of them a request of known form is sent: if
that is the next thing which the server sees, no byte of the example was taken for anything else.
"""

from __future__ import annotations

import io
import random
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from hcpsdk import HcpsdkError

MARKER = b'GET /marker HTTP/1.1'

property_test = settings(
    derandomize=True,
    deadline=None,
    max_examples=200,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


# --- the other side: a reader of requests that shares no code with the package -----------------


@dataclass
class Heard:
    """One request, byte for byte."""

    line: bytes
    fields: list[bytes]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """The values of all header lines of that name (RFC 9112, 5: blanks round a value do not count)."""
        pairs = [line.split(b':', 1) for line in self.fields]
        return [value.strip(b' \t') for key, value in pairs if key.lower() == name.lower()]

    @property
    def names(self) -> list[bytes]:
        return [line.split(b':', 1)[0] for line in self.fields]


@dataclass
class Ear:
    """Plays the server: hears request after request, and answers each with nothing."""

    heard: list[Heard] = field(default_factory=list)

    def __call__(self, wire: Any) -> None:
        with wire.sock.makefile('rb') as stream:
            while first := stream.readline():
                self.heard.append(_hear(first, stream))
                wire.sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')

    def pop(self) -> list[Heard]:
        heard, self.heard = self.heard, []
        return heard


def _hear(first: bytes, stream: Any) -> Heard:
    fields = list(iter(lambda: _line(stream.readline()), b''))
    heard = Heard(_line(first), fields, b'')
    if heard.values(b'transfer-encoding'):
        heard.body = b''.join(iter(lambda: _chunk(stream), b''))
    else:
        heard.body = stream.read(int(b''.join(heard.values(b'content-length')) or b'0'))
    return heard


def _line(raw: bytes) -> bytes:
    """A line of a head. A CR or LF within, or another end, is what some server takes for two lines."""
    assert raw.endswith(b'\r\n')
    assert not set(raw[:-2]) & set(b'\r\n\0')
    return raw[:-2]


def _chunk(stream: Any) -> bytes:
    data = stream.read(int(_line(stream.readline()), 16))
    assert stream.read(2) == b'\r\n'
    return data


class Dialogue:
    """A client and an ear at the ends of one connection, which has to last."""

    def __init__(self, villain: Any) -> None:
        self._ear = Ear()
        villain.plays(self._ear)
        self._villain = villain
        self._con = villain.connection(retries=0)

    def ask(self, method: Any, url: Any, *args: Any) -> Heard | None:
        """What the server makes of a request; None if it was refused, and nothing sent."""
        try:
            self._con.request(method, url, *args)
        except (HcpsdkError, TypeError):
            self._mark(0)
            return None
        assert self._con.response_status == 200
        return self._mark(1)[0]

    def _mark(self, before: int) -> list[Heard]:
        self._con.GET('/marker')
        *heard, marker = self._ear.pop()
        assert (marker.line, marker.body) == (MARKER, b'')
        assert len(marker.fields) == len(PREPARED)
        assert len(heard) == before
        assert len(self._villain.wires) == 1
        return heard


@pytest.fixture
def dialogue(villain) -> Dialogue:
    return Dialogue(villain)


PREPARED = {b'host', b'accept-encoding', b'user-agent', b'authorization', b'cookie'}
"""the names of the headers that each request has, so that one more can be told"""


# --- what programs may say ---------------------------------------------------------------------

HOSTILE = [
    *['\r\n', '\n', '\r', '\0', '\t', ' ', '%', '%41', '%0d%0a', '%00', '%zz', '+', '?', '#', '&', '=', ';'],
    *['/', '//', '..', '/../', '\\', ':', ': ', ' HTTP/1.1', '\r\nX-Evil: yes', '\r\n\r\nGET /evil HTTP/1.1'],
    *['\x0b', '\x0c', '\x1c', '\x7f', '\x85', '\xa0', '\xff', '\u2028', '\uff05\uff14\uff11', '\U0001f600'],
    *['e\u0301', '\udc80', '\udcff', '\udce9', '\ud800', '\udfff', '\udc7f', '\udc0a', '\ufeff', 'kal-el'],
]

texts = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=4), max_size=6).map(''.join)


def _bytes_of(text: str) -> bytes | None:
    """What a name means, as :func:`os.fsencode` says; None if it means nothing."""
    try:
        raw = text.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError:
        return None
    return None if b'\0' in raw else raw


def _split_target(heard: Heard) -> tuple[bytes, bytes | None]:
    """Path and query of a request line that no server can read in two ways."""
    found = re.fullmatch(rb'GET (/[!-~]*) HTTP/1\.1', heard.line)
    assert found, heard.line
    path, mark, query = found[1].partition(b'?')
    assert not set(path + query) & set(b'?#+;"<>\\^`{|}')
    return path, query if mark else None


@property_test
@given(texts)
@example('rest/100%')
@example('%2525%')
@example('%%00')
@example('\udce9%41\udcff')
def test_any_text_as_a_name_arrives_as_itself(dialogue, text):
    """An object lands under another name, or its name becomes a header, a query or a second request."""
    raw = _bytes_of('/' + text)
    meant = None if raw is None else urllib.parse.unquote_to_bytes(raw)  # a lone % is one to urllib, too
    heard = dialogue.ask('GET', '/' + text)
    if meant is None or b'\0' in meant:
        assert heard is None
        return
    path, query = _split_target(heard)
    assert (urllib.parse.unquote_to_bytes(path), query) == (meant, None)
    assert len(heard.fields) == len(PREPARED)


@property_test
@given(texts)
def test_what_is_no_path_never_leaves(dialogue, text):
    """A text that is no path turns the request into one to another server, or to none."""
    assume(not text.startswith('/'))
    assert dialogue.ask('GET', text) is None


@property_test
@given(st.text('%04123aAfFzZ/', max_size=30))
def test_an_escape_that_is_there_stays_as_it_is(dialogue, text):
    """A name that was encoded before is encoded twice, and the object cannot be found."""
    heard = dialogue.ask('GET', '/' + text)
    if '%00' in text:
        assert heard is None
        return
    path, _ = _split_target(heard)
    assert path.decode() == '/' + re.sub('%(?![0-9a-fA-F]{2})', '%25', text)


pairs = st.lists(st.tuples(texts, texts), max_size=4)


@property_test
@given(pairs, st.booleans())
@example([('', '')], False)
@example([('a', '%41')], True)
def test_any_text_as_a_parameter_arrives_as_itself(dialogue, given_pairs, as_dict):
    """A value changes the operation: another retention, or an annotation instead of the object."""
    params = dict(given_pairs) if as_dict else given_pairs
    given_pairs = list(dict(given_pairs).items()) if as_dict else given_pairs
    meant = [(_bytes_of(name), _bytes_of(value)) for name, value in given_pairs]
    heard = dialogue.ask('GET', '/rest/a', None, params)
    if any(None in pair for pair in meant):
        assert heard is None
        return
    path, query = _split_target(heard)
    assert (path, query is None) == (b'/rest/a', not meant)
    assert _parse(query or b'') == meant
    assert len(heard.fields) == len(PREPARED)


def _parse(query: bytes) -> list[tuple[bytes, bytes]]:
    """As a web server does, to which a plus is a blank."""
    found = urllib.parse.parse_qsl(query.decode(), keep_blank_values=True, encoding='latin-1')
    return [(name.encode('latin-1'), value.encode('latin-1')) for name, value in found]


@property_test
@given(st.binary(max_size=30), st.integers() | st.floats() | st.booleans())
def test_bytes_and_numbers_as_parameters_arrive_as_themselves(dialogue, raw, number):
    """As above, for values that are no text."""
    heard = dialogue.ask('GET', '/rest/a', None, {'raw': raw, 'number': number})
    if b'\0' in raw:
        assert heard is None
        return
    shown = str(number).lower() if isinstance(number, bool) else str(number)
    assert _parse(_split_target(heard)[1]) == [(b'raw', raw), (b'number', shown.encode())]


# --- headers -----------------------------------------------------------------------------------

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FRAMING = frozenset({'content-length', 'transfer-encoding'})

names = st.one_of(
    st.from_regex(TOKEN, fullmatch=True),
    st.sampled_from(['Host', 'COOKIE', 'authorization', 'Content-Length', 'transfer-encoding', 'Connection',
                     'Expect', 'X-A:', 'X-A ', ' X-A', 'X-A\r\nX-B', 'X-A\n', '', 'X\tA', 'X-\xc4']),
    texts,
)  # fmt: skip
values = st.one_of(
    texts,
    st.text(st.characters(max_codepoint=0xFF), max_size=20),
    st.text('\t !~\x80\x85\xa0\xff', max_size=20),
    st.text('\t !~\x80\x85\xa0\xff', max_size=20).map(lambda text: text.encode('latin-1')),
    st.binary(max_size=20),
    st.integers(),
    st.sampled_from(['0', '5', '+0', '0, 0', 'chunked', 'CHUNKED', 'chunked, chunked', ' chunked', 'gzip']),
)


def _line_of(name: str, value: Any) -> tuple[bytes, bytes] | None:
    """What a header line has to hold; None if HTTP knows no such line (RFC 9110, 5.1 and 5.5)."""
    if isinstance(value, bytes):
        value = value.decode('latin-1')
    if not TOKEN.fullmatch(name) or not re.fullmatch('[\t\x20-\x7e\x80-\xff]*', str(value)):
        return None
    return name.encode(), str(value).encode('latin-1').strip(b' \t')


@property_test
@given(names, values)
@example('X-A', 'a\r\n b')
@example('X-A', 'a\x85X-B: b')
@example('Content-Length', '\xb2')
def test_any_header_arrives_as_itself_and_alone(dialogue, name, value):
    """A value out of a file name adds headers, or whole requests, in the name of the program."""
    meant = _line_of(name, value)
    heard = dialogue.ask('GET', '/rest/a', None, None, {name: value})
    if heard is None:
        assert meant is None or name.lower() in FRAMING
        return
    _check_lines(heard, [meant])


@property_test
@given(st.lists(st.tuples(names, values), max_size=4))
def test_any_list_of_headers_arrives_line_by_line(dialogue, headers):
    """As above, where the same header comes twice, or two of them work together."""
    meant = [_line_of(name, value) for name, value in headers]
    once = [name.lower() for name, _ in headers if name.lower() in {*FRAMING, 'host'}]
    heard = dialogue.ask('GET', '/rest/a', None, None, headers)
    if heard is None:
        assert None in meant or FRAMING & set(once) or len(set(once)) < len(once)
        return
    _check_lines(heard, meant)


def _check_lines(heard: Heard, meant: list[tuple[bytes, bytes] | None]) -> None:
    assert None not in meant
    assert heard.line == b'GET /rest/a HTTP/1.1'
    mine = [name.lower() for name, _ in meant]
    assert len(heard.fields) == len(PREPARED - set(mine)) + len(meant)
    assert {name.lower() for name in heard.names} == PREPARED | set(mine)
    for name, _ in meant:
        assert name in heard.names
        assert heard.values(name) == [value for other, value in meant if other.lower() == name.lower()]
    assert heard.body == b''


@pytest.mark.parametrize('place', ['a{}b', '{}b', 'a{}'])
def test_every_character_in_a_value_is_itself_or_refused(dialogue, place):
    """As above, for the one character that no example had."""
    for character in map(chr, [*range(0x102), 0x2028, 0xDC0A, 0xDCFF, 0xFF0A]):
        value = place.format(character)
        meant = _line_of('X-A', value)
        heard = dialogue.ask('GET', '/rest/a', None, None, {'X-A': value})
        assert (heard is None) == (meant is None)
        if heard is not None:
            _check_lines(heard, [meant])


@pytest.mark.parametrize('place', ['A{}B', '{}B', 'A{}'])
def test_every_character_in_a_name_is_itself_or_refused(dialogue, place):
    """As above, for names of headers."""
    for character in map(chr, [*range(0x102), 0x2028, 0xDC0A, 0xDCFF, 0xFF0A]):
        name = place.format(character)
        meant = _line_of(name, 'c')
        heard = dialogue.ask('GET', '/rest/a', None, None, {name: 'c'})
        assert (heard is None) == (meant is None)
        if heard is not None:
            _check_lines(heard, [meant])


framing = st.tuples(
    st.sampled_from(
        ['Content-Length', 'content-length', 'Transfer-Encoding', 'TRANSFER-ENCODING', 'HOST', 'host']
    ),
    st.sampled_from(['0', '5', '05', '6', '5, 5', 'chunked', 'Chunked', 'chunked, chunked', 'identity', '']),
)


@property_test
@given(st.lists(framing, max_size=3), st.sampled_from([bytes, lambda body: [body]]))
@example([('Content-Length', '5'), ('Transfer-Encoding', 'chunked')], bytes)
@example([('Content-Length', '5'), ('content-length', '5')], bytes)
def test_no_two_servers_can_disagree_where_a_request_ends(dialogue, headers, kind):
    """What is a body to the proxy is a request to HCP, in the name of the program (request smuggling)."""
    assume(kind is bytes or not {('content-length', '0'), ('content-length', '6')} & _lowered(headers))
    heard = dialogue.ask('PUT', '/rest/a', kind(b'12345'), None, headers)
    if heard is None:
        assert headers
        return
    assert heard.body == b'12345'
    assert len(heard.values(b'content-length') + heard.values(b'transfer-encoding')) == 1
    assert len(heard.values(b'host')) == 1


def _lowered(headers: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """To see what would fail while it is sent only, which costs the connection."""
    return {(name.lower(), value) for name, value in headers}


NO_HEADERS = [True, 1.5, 'X: y', b'X: y', [('X',)], [('X', 'y', 'z')], {1: 'y'}, {b'X': 'y'}, {'X': None}]


@pytest.mark.parametrize('headers', NO_HEADERS)
def test_what_is_no_header_at_all_never_leaves(dialogue, headers):
    """A slip of the caller's reaches HCP as something else than what he meant."""
    assert dialogue.ask('GET', '/rest/a', None, None, headers) is None


# --- methods -----------------------------------------------------------------------------------

WORDS = [
    *['GET', 'get', 'Head', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'M-SEARCH', 'TRACE'],
    *['', ' GET', 'GET ', 'GET\n', 'G\0T', 'G\xc9T', '\u0130', 'GET\t', 'GE/T'],
    'GET /evil HTTP/1.1\r\nX: y\r\n\r\nGET',
]


@property_test
@given(st.sampled_from(WORDS) | st.from_regex(TOKEN, fullmatch=True) | texts)
@example('\u017fet')  # its capital is an S
def test_any_text_as_a_method_is_a_method_or_refused(dialogue, method):
    """A method smuggles a second request; or HCP does not know one written in small letters."""
    heard = dialogue.ask(method, '/rest/a')
    assert (heard is None) == (not TOKEN.fullmatch(method))
    if heard is not None:
        assert heard.line == b'%b /rest/a HTTP/1.1' % method.upper().encode()
        needs_length = method.upper() in {'PUT', 'POST', 'PATCH'}
        assert heard.values(b'content-length') == [b'0'] * needs_length
        assert len(heard.fields) == len(PREPARED) + needs_length


@pytest.mark.parametrize('method', [None, b'GET', 1, ['GET']])
def test_a_method_that_is_no_text_is_refused(dialogue, method):
    """A slip of the caller's fails deep inside, with a connection half used."""
    assert dialogue.ask(method, '/rest/a') is None


# --- bodies ------------------------------------------------------------------------------------

NOISE = random.Random(1).randbytes(310_000)

TRAPS = [b'', b'0\r\n\r\n', b'\r\n', b'\r\n\r\nGET /evil HTTP/1.1\r\n\r\n', b'5\r\n', b'\0', b'\xff' * 3]

BORDERS = [0, 1, 4096, 65_000, 65_536, 131_072, 262_144, 300_000]

long_blocks = st.builds(
    lambda start, border, more: NOISE[start : start + border + more],
    st.integers(0, 1000),
    st.sampled_from(BORDERS),
    st.sampled_from([-1, 0, 1]) | st.integers(0, 1000),
)
blocks = st.one_of(st.sampled_from(TRAPS), st.binary(max_size=200), long_blocks)


@property_test
@given(blocks, st.sampled_from([bytes, bytearray, memoryview, io.BytesIO]))
@example(NOISE[:65_537], io.BytesIO)
@example(NOISE[:262_145], bytes)
@example(NOISE, memoryview)
def test_any_bytes_arrive_as_they_are(dialogue, data, kind):
    """An object is stored changed, or its end is read as the next request."""
    heard = dialogue.ask('PUT', '/rest/a', kind(data))
    assert heard.body == data
    assert heard.values(b'content-length') == [b'%d' % len(data)]
    assert len(heard.fields) == len(PREPARED) + 1


some_blocks = st.lists(st.sampled_from(TRAPS) | st.binary(max_size=200), max_size=8) | st.lists(
    long_blocks, max_size=2
)
KINDS = {
    'list': list,
    'tuple': tuple,
    'iterator': iter,
    'generator': lambda parts: (part for part in parts),
    'one buffer for all': lambda parts: _reused(parts),
}


def _reused(parts: list[bytes]) -> Iterator[memoryview]:
    """As programs do that read without copying: each part is overwritten by the next."""
    buffer = bytearray(max(map(len, parts), default=0))
    for part in parts:
        buffer[: len(part)] = part
        yield memoryview(buffer)[: len(part)]


@property_test
@given(some_blocks, st.sampled_from(sorted(KINDS)))
@example([b'', b''], 'iterator')
@example([], 'list')
def test_any_stream_arrives_as_it_is(dialogue, parts, kind):
    """A part of a stream is lost, or an empty part ends it early, and the rest is read as a request."""
    heard = dialogue.ask('PUT', '/rest/a', KINDS[kind](parts))
    assert heard.body == b''.join(parts)
    assert heard.values(b'transfer-encoding') == [b'chunked']
    assert len(heard.fields) == len(PREPARED) + 1


@property_test
@given(some_blocks, st.sampled_from(['PUT', 'POST']), st.sampled_from(sorted(KINDS)))
def test_any_stream_of_announced_length_arrives_as_it_is(dialogue, parts, method, kind):
    """As above, where the length is known, and an intermediary wants no chunks."""
    length = sum(map(len, parts))
    heard = dialogue.ask(method, '/rest/a', KINDS[kind](parts), None, {'content-length': length})
    assert (heard.body, heard.values(b'content-length')) == (b''.join(parts), [b'%d' % length])
    assert len(heard.fields) == len(PREPARED) + 1


@property_test
@given(texts, st.sampled_from([str, io.StringIO]))
@example('caf\udce9', str)
def test_any_text_as_a_body_arrives_as_utf_8(dialogue, text, kind):
    """Text is stored in an encoding that nobody chose."""
    assume(not re.search('[\ud800-\udc7f\udd00-\udfff]', text))  # see below
    assume(kind is str or '\r' not in text)  # which StringIO turns into a line feed itself
    heard = dialogue.ask('PUT', '/rest/a', kind(text))
    assert heard.body == text.encode('utf-8', 'surrogateescape')


@pytest.mark.parametrize('kind', [str, io.StringIO])
def test_a_text_that_has_no_utf_8_form_is_refused_as_such(dialogue, kind):
    """An exception of another family, which holds the whole body, comes where HcpsdkError was promised."""
    assert dialogue.ask('PUT', '/rest/a', kind('secret \ud800')) is None
