"""Request bytes off a socket, however the network cuts them, and answers' framing back onto it."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any, Callable

import pytest

from hcpsdk.mock import body
from hcpsdk.mock.body import Body, BrokenFraming, ChunkedBody, SizedBody, Stream
from hcpsdk.mock.framing import render_content, render_head
from hcpsdk.mock.head import Malformed
from hcpsdk.mock.messages import Answer, ShortBody


class Arrivals:
    """Stands in for a socket: each receive gives the next piece, or raises it; then the peer is gone."""

    def __init__(self, *pieces: object) -> None:
        self.pieces = list(pieces)

    def recv(self, amount: int) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b''
        if isinstance(piece, Exception):
            raise piece
        assert isinstance(piece, bytes)
        if len(piece) > amount:
            self.pieces.insert(0, piece[amount:])
        return piece[:amount]


def stream(*pieces: object) -> Stream:
    arrivals: Any = Arrivals(*pieces)
    return Stream(arrivals)


def chunked(*pieces: object) -> ChunkedBody:
    return ChunkedBody(stream(*pieces))


WIRE = (
    b'\r\nPUT / HTTP/1.1\r\nHost: a\r\n\r\n'
    b'5\r\nhello\r\n3;x=y\r\n, w\r\n00\r\nTrailer: t\r\n\r\n'
    b'GET / HTTP/1.1\r\n\r\n'
)


@pytest.mark.parametrize('size', [1, 2, 3, 7, 16, len(WIRE)])
def test_no_cut_of_the_network_matters(size: int) -> None:
    """Requests would be misread, depending on how they were packed into segments."""
    taken = stream(*(WIRE[start : start + size] for start in range(0, len(WIRE), size)))
    assert taken.head() == b'PUT / HTTP/1.1\r\nHost: a'
    sent = ChunkedBody(taken)
    assert sent.left
    assert sent.read() == b'hello, w'
    assert sent.read() == sent.read(5) == b''
    assert (sent.left, sent.received) == (0, 8)
    assert taken.head() == b'GET / HTTP/1.1'
    assert taken.head() is None


@pytest.mark.parametrize('end', [b'', ConnectionResetError(), socket.timeout()])
def test_a_head_that_does_not_come(end: object) -> None:
    """The mock would fail, loudly, at each client that only goes away."""
    assert stream(b'GET / HT', end).head() is None


@pytest.mark.parametrize(
    ('wire', 'status'),
    [(b'GET /' + b'a' * body.HEAD_LIMIT, 414), (b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * body.HEAD_LIMIT, 431)],
)
def test_heads_have_a_limit(wire: bytes, status: int) -> None:
    """One client could fill the mock's memory."""
    with pytest.raises(Malformed) as refused:
        stream(wire).head()
    assert refused.value.status == status


def test_a_sized_body_ends_where_it_was_announced_to() -> None:
    """The next request on the connection would lose its beginning."""
    taken = stream(b'A: b\r\n\r\nhel', b'lo, world')
    taken.head()
    sent = SizedBody(taken, 7)
    assert (sent.read(2), sent.left) == (b'he', 5)
    assert sent.read(0) == b''
    assert sent.read() == b'llo, '
    assert (sent.read(1), sent.left, sent.received) == (b'', 0, 7)
    assert SizedBody(taken, 0).read() == b''


@pytest.mark.parametrize('end', [b'', ConnectionResetError(), socket.timeout()])
@pytest.mark.parametrize(
    'make',
    [
        lambda end: SizedBody(stream(b'hel', end), 5),
        lambda end: chunked(b'5\r\nhel', end),
        lambda end: chunked(b'5\r\nhello', end),
        lambda end: chunked(b'5\r\nhello\r\n', end),
        lambda end: chunked(b'0\r\nTrailer: t\r\n', end),
    ],
)
def test_a_short_body_is_no_body(make: Callable[[object], Body], end: object) -> None:
    """Half an upload would be stored as a whole object."""
    with pytest.raises(ShortBody) as short:
        make(end).read()
    assert not isinstance(short.value, BrokenFraming)


@pytest.mark.parametrize(
    'wire',
    [
        b'\r\nhello',
        b'-5\r\nhello\r\n0\r\n\r\n',
        b'0x5\r\nhello\r\n0\r\n\r\n',
        b'5 \r\nhello\r\n0\r\n\r\n',
        b'5\nhello\r\n0\r\n\r\n',
        b'5\r\nhello!\r\n0\r\n\r\n',
        b'5\r\nhello0\r\n\r\n',
        b'1' * 16 + b'\r\n',
        b'5;' + b'x' * body.LINE_LIMIT + b'\r\nhello\r\n0\r\n\r\n',
        b'0\r\n' + b'X: y\r\n' * body.LINE_LIMIT + b'\r\n',
    ],
)
def test_broken_chunks_are_noticed(wire: bytes) -> None:
    """A client with broken framing would pass here, and fail, or smuggle, in production."""
    with pytest.raises(BrokenFraming):
        chunked(wire).read()


def test_chunks_are_not_joined_beyond_what_was_asked_for() -> None:
    """A reader with a buffer would get more than fits, or wait for what it did not ask for."""
    sent = chunked(b'5\r\nhello\r\n')
    assert (sent.read(3), sent.read(9)) == (b'hel', b'lo')


def generated(*pieces: bytes) -> Iterable[bytes]:
    return iter(pieces)


SIZED = [('content-length', '5')]


@pytest.mark.parametrize(
    ('answer', 'method', 'modern', 'head', 'content'),
    [
        (Answer(200, body=b'hello'), 'GET', True, [b'Content-Length: 5'], b'hello'),
        (Answer(200, body=b'hello'), 'HEAD', True, [b'Content-Length: 5'], b''),
        (Answer(404), 'GET', True, [b'Content-Length: 0'], b''),
        (Answer(200, SIZED, generated(b'he', b'', b'llo')), 'GET', True, [b'content-length: 5'], b'hello'),
        (
            Answer(200, [], generated(b'he', b'', b'llo')),
            'GET',
            True,
            [b'Transfer-Encoding: chunked'],
            b'2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
        ),
        (Answer(200, [], generated(b'he', b'llo')), 'GET', False, [], b'hello'),
        (Answer(204, body=b'hello'), 'GET', True, [], b''),
        (Answer(304, body=b'hello'), 'GET', True, [], b''),
    ],
)
def test_how_an_answer_is_delimited(
    answer: Answer, method: str, modern: bool, head: list[bytes], content: bytes
) -> None:
    """Clients would wait for bytes that never come, or take a body for the next answer."""
    assert render_head(answer, modern=modern, keep=True).split(b'\r\n')[1:-2] == head
    assert b''.join(render_content(answer, method, modern=modern)) == content


@pytest.mark.parametrize(
    ('answer', 'line'),
    [
        (Answer(409), b'HTTP/1.1 409 Conflict'),
        (Answer(413, reason='File Too Large'), b'HTTP/1.1 413 File Too Large'),
        (Answer(599), b'HTTP/1.1 599 '),
    ],
)
def test_the_status_line(answer: Answer, line: bytes) -> None:
    """``response_reason`` would not be what HCP says."""
    assert render_head(answer, modern=True, keep=False).split(b'\r\n')[0] == line
    assert b'\r\nConnection: close\r\n\r\n' in render_head(answer, modern=True, keep=False)


def test_a_header_cannot_break_out() -> None:
    """A name quoted in an error message could forge headers of the mock's answers."""
    with pytest.raises(ValueError, match='line break'):
        render_head(Answer(400, [('X-HCP-ErrorMessage', 'no\r\nSet-Cookie: a')]), modern=True, keep=True)
