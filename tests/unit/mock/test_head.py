"""The mock's grammar of request heads: what it takes, and what it refuses with which status."""

from __future__ import annotations

import pytest

from hcpsdk.mock.head import Malformed, parse

HOST = b'Host: n1.m.hcp1.example.com'


def head(line: bytes = b'GET /rest/a HTTP/1.1', *fields: bytes) -> bytes:
    return b'\r\n'.join([line, *(fields or (HOST,))])


def target(raw: bytes) -> bytes:
    return head(b'GET ' + raw + b' HTTP/1.1')


def also(*fields: bytes) -> bytes:
    return head(b'PUT /rest/a HTTP/1.1', HOST, *fields)


@pytest.mark.parametrize(
    ('raw', 'status'),
    [
        (b'', 400),
        (head(b'GET /rest/a'), 400),
        (head(b'GET  /rest/a HTTP/1.1'), 400),
        (head(b'GET /rest/a  HTTP/1.1'), 400),
        (head(b' GET /rest/a HTTP/1.1'), 400),
        (head(b'GET /rest/a HTTP/1.1 '), 400),
        (head(b'GET /rest/a http/1.1'), 400),
        (head(b'G@T /rest/a HTTP/1.1'), 400),
        (head(b'GET /rest/a HTTP/2.0'), 505),
        (target(b'/rest/a b'), 400),
        (target(b'/rest/a\tb'), 400),
        (target(b'/rest/a\x00b'), 400),
        (target(b'/rest/a\nb'), 400),
        (target(b'/rest/\xc3\xa4'), 400),
        (target(b'/rest/100%'), 400),
        (target(b'/rest/%4'), 400),
        (target(b'/rest/%zz'), 400),
        (target(b'/rest/a#b'), 400),
        (target(b'/rest/a\\b'), 400),
        (target(b'/rest/"a"'), 400),
        (target(b'rest/a'), 400),
        (target(b'*'), 400),
        (target(b'http://n1.m.hcp1.example.com/rest/a'), 400),
        (head(b'GET /rest/a HTTP/1.1', b'Accept: */*'), 400),
        (head(b'GET /rest/a HTTP/1.1', HOST, HOST), 400),
        (head(b'GET /rest/a HTTP/1.1', b'Host:'), 400),
        (head(b'GET /rest/a HTTP/1.1', b'Host: n1 .m'), 400),
        (head(b'GET /rest/a HTTP/1.1', b'Host: n1.m:port'), 400),
        (head(b'GET /rest/a HTTP/1.1', b'Host: user@n1.m'), 400),
        (also(b'X-Folded: a', b' b'), 400),
        (also(b'X-Blank : a'), 400),
        (also(b'X-Nul: a\x00b'), 400),
        (also(b'X-Cr: a\rb'), 400),
        (also(b'X-Lf: a\nb'), 400),
        (also(b'No colon'), 400),
        (also(b': no name'), 400),
        (also(b'Content-Length: 1', b'Content-Length: 1'), 400),
        (also(b'Content-Length: 1, 1'), 400),
        (also(b'Content-Length: +1'), 400),
        (also(b'Content-Length: -1'), 400),
        (also(b'Content-Length: 0x10'), 400),
        (also(b'Content-Length:'), 400),
        (also(b'Content-Length: \xb2'), 400),
        (also(b'Content-Length: ' + b'9' * 5000), 400),
        (also(b'Content-Length: 1', b'Transfer-Encoding: chunked'), 400),
        (also(b'Transfer-Encoding: gzip'), 501),
        (also(b'Transfer-Encoding: chunked', b'Transfer-Encoding: chunked'), 501),
        (head(b'PUT /rest/a HTTP/1.0', HOST, b'Transfer-Encoding: chunked'), 400),
        (also(b'Expect: a miracle'), 417),
    ],
)
def test_what_is_malformed_is_refused(raw: bytes, status: int) -> None:
    """A client would learn of its broken requests in production, not here."""
    with pytest.raises(Malformed) as refused:
        parse(raw)
    assert refused.value.status == status
    assert refused.value.message


def test_the_target_is_understood_as_hcp_does() -> None:
    """Objects would lie under other names than the client meant, or queries mean something else."""
    parsed = parse(target(b'/rest/a+b%20%2F%C3%A4?retention=A%2B10y&nowait&x=&y=1+2&q=%E4'))
    assert parsed.method == 'GET'
    assert parsed.target == '/rest/a+b%20%2F%C3%A4?retention=A%2B10y&nowait&x=&y=1+2&q=%E4'
    assert parsed.path == b'/rest/a+b /\xc3\xa4'
    assert parsed.query == [
        ('retention', 'A+10y'),
        ('nowait', None),
        ('x', ''),
        ('y', '1 2'),
        ('q', '\udce4'),
    ]


@pytest.mark.parametrize(
    ('raw', 'query'), [(b'/rest/a', []), (b'/rest/a?', []), (b'/rest/a?b', [('b', None)])]
)
def test_a_query_may_be_missing(raw: bytes, query: list[object]) -> None:
    """A request without parameters would be taken for one with an empty one, and be refused."""
    assert parse(target(raw)).query == query


@pytest.mark.parametrize(
    ('host', 'name'),
    [
        (b'N1.M.Example.com', 'n1.m.example.com'),
        (b'n1.m:8080', 'n1.m'),
        (b'[::1]:80', '[::1]'),
        (b'n1.m:', 'n1.m'),
    ],
)
def test_the_host_names_the_namespace(host: bytes, name: str) -> None:
    """A port or a capital in the Host header would hide the namespace."""
    assert parse(head(b'GET / HTTP/1.1', b'Host: ' + host)).host == name


def test_headers_keep_their_order_and_lose_their_padding() -> None:
    """What a client really sent could not be asserted."""
    parsed = parse(also(b'X-Tag: \t one two \t', b'x-tag:2', b'X-Empty:', b'X-Latin: \xe4'))
    assert list(parsed.headers)[1:] == [
        ('X-Tag', 'one two'),
        ('x-tag', '2'),
        ('X-Empty', ''),
        ('X-Latin', 'ä'),
    ]


@pytest.mark.parametrize(
    ('raw', 'length', 'chunked', 'expects'),
    [
        (also(), None, False, False),
        (also(b'Content-Length: 0'), 0, False, False),
        (also(b'Content-Length: 18', b'Expect: 100-Continue'), 18, False, True),
        (also(b'Transfer-Encoding: Chunked'), None, True, False),
        (head(b'PUT / HTTP/1.0', HOST, b'Content-Length: 1', b'Expect: 100-continue'), 1, False, False),
    ],
)
def test_the_framing_of_the_body(raw: bytes, length: object, chunked: bool, expects: bool) -> None:
    """The end of a body would be missed, and the next request be read out of it."""
    parsed = parse(raw)
    assert (parsed.length, parsed.chunked, parsed.expects) == (length, chunked, expects)


@pytest.mark.parametrize(
    ('line', 'fields', 'keep'),
    [
        (b'GET / HTTP/1.1', (), True),
        (b'GET / HTTP/1.1', (b'Connection: keep-alive',), True),
        (b'GET / HTTP/1.1', (b'Connection: TE, Close',), False),
        (b'GET / HTTP/1.0', (), False),
        (b'GET / HTTP/1.0', (b'Connection: keep-alive',), False),
    ],
)
def test_who_wants_the_connection_to_be_kept(line: bytes, fields: tuple[bytes, ...], keep: bool) -> None:
    """Clients that asked for the end would wait for it, and others lose their connections."""
    assert parse(head(line, HOST, *fields)).keep is keep
