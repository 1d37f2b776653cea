"""An answer notices when its body is cut short, by every way of reading it."""

from __future__ import annotations

import http.client
import io
import socket

import pytest

from hcpsdk import HcpsdkError, HcpsdkTimeoutError, HcpsdkTruncatedError, _response
from hcpsdk._reader import Reader
from hcpsdk._response import Response

BODY = b'0123456789' * 10
LINES = b'one\ntwo\nthree'


class Wire:
    """Bytes from a peer that then closes, or goes silent; they come in small pieces."""

    piece = 17

    def __init__(self, data: bytes, error: Exception | None = None) -> None:
        self._file, self._error = io.BytesIO(data), error

    def recv(self, amount: int) -> bytes:
        data = self._file.read(min(amount, self.piece))
        if not data and self._error:
            raise self._error
        return data

    def recv_into(self, view: memoryview) -> int:
        data = self.recv(len(view))
        view[: len(data)] = data
        return len(data)


def begun(data: bytes, method: str = 'GET', error: Exception | None = None) -> tuple[Response, list[bool]]:
    """A response of which the head has been read, and how its end was told."""
    ended: list[bool] = []
    response = Response(Reader(Wire(data, error)), method, '192.0.2.1 port 80', ended.append)
    response.begin()
    response.settle()
    return response, ended


def head(*lines: str, status: str = '200 OK') -> bytes:
    return '\r\n'.join([f'HTTP/1.1 {status}', *lines, '', '']).encode()


def sized(body: bytes, length: int | None = None) -> bytes:
    return head(f'Content-Length: {len(body) if length is None else length}') + body


def chunked(*parts: bytes, end: bytes = b'0\r\n\r\n') -> bytes:
    return head('Transfer-Encoding: chunked') + b''.join(b'%x\r\n%b\r\n' % (len(p), p) for p in parts) + end


def closing(body: bytes) -> bytes:
    return head('Connection: close') + body


def by_readinto(response: Response) -> bytes:
    whole, buffer = b'', bytearray(7)
    while got := response.readinto(buffer):
        whole += buffer[:got]
    return whole


WAYS = {
    'read()': lambda r: r.read(),
    'read(None)': lambda r: r.read(None),
    'read(-1)': lambda r: r.read(-1),
    'read(n)': lambda r: b''.join(iter(lambda: r.read(7), b'')),
    'read(more than there is)': lambda r: r.read(10**6) + r.read(10**6),
    'read1()': lambda r: b''.join(iter(r.read1, b'')),
    'read1(n)': lambda r: b''.join(iter(lambda: r.read1(7), b'')),
    'readinto()': by_readinto,
    'readline()': lambda r: b''.join(iter(r.readline, b'')),
    'readline(n)': lambda r: b''.join(iter(lambda: r.readline(2), b'')),
    'readline(None)': lambda r: b''.join(iter(lambda: r.readline(None), b'')),
    'readlines()': lambda r: b''.join(r.readlines()),
    'iteration': b''.join,
}
each_way = pytest.mark.parametrize('way', WAYS.values(), ids=WAYS)
each_framing = pytest.mark.parametrize(
    'framed',
    [sized, lambda body: chunked(body[:5], body[5:]), closing],
    ids=['sized', 'chunked', 'until close'],
)


@each_way
@each_framing
def test_a_whole_body_is_read_and_its_end_told_once(way, framed) -> None:
    """Or an object would come back changed, or its connection could not be used again."""
    response, ended = begun(framed(LINES))
    assert not response.whole
    assert way(response) == LINES
    assert response.whole
    assert response.read() == b''
    assert ended == [True]


@each_way
@pytest.mark.parametrize(
    'data',
    [sized(BODY[:40], 100), chunked(BODY[:40], end=b''), chunked(BODY[:40], end=b'3c\r\n01234')],
    ids=['sized', 'between chunks', 'in a chunk'],
)
def test_a_body_cut_short_raises(way, data: bytes) -> None:
    """Or a part of an object would pass for the whole: the archive's worst fault."""
    response, ended = begun(data)
    with pytest.raises(HcpsdkTruncatedError, match='cut short'):
        way(response)
    assert not response.whole
    assert ended == [False]
    with pytest.raises(HcpsdkTruncatedError, match='closed before'):
        way(response)


@each_way
def test_a_cut_body_tells_how_far_it_came(way) -> None:
    """Or nobody could tell a lost connection from a lost object."""
    with pytest.raises(HcpsdkTruncatedError, match=r'192\.0\.2\.1 port 80 .* (40|3\d) of 100 bytes'):
        way(begun(sized(BODY[:40], 100))[0])


@each_way
@each_framing
@pytest.mark.parametrize('silence', [socket.timeout('timed out'), TimeoutError('by the kernel')])
def test_a_peer_that_goes_silent_is_a_timeout(way, framed, silence: Exception) -> None:
    """Or ``except HcpsdkTimeoutError`` would miss the most usual timeout."""
    data = framed(LINES)
    response, ended = begun(data[: data.index(b'three')], error=silence)
    with pytest.raises(HcpsdkTimeoutError, match='silent in the middle'):
        way(response)
    assert ended == [False]


@each_way
def test_a_reset_is_a_cut(way) -> None:
    """Or an OSError would come where HcpsdkError was promised."""
    response, ended = begun(sized(BODY[:40], 100), error=ConnectionResetError('reset'))
    with pytest.raises(HcpsdkTruncatedError) as caught:
        way(response)
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    assert ended == [False]


@pytest.mark.parametrize(
    ('data', 'method'),
    [
        (sized(b''), 'GET'),
        (sized(b'', 100), 'HEAD'),
        (head('Transfer-Encoding: chunked'), 'HEAD'),
        (head(status='204 No Content'), 'DELETE'),
        (head('Content-Length: 100', status='304 Not Modified'), 'GET'),
        (head('Transfer-Encoding: chunked', status='304 Not Modified'), 'GET'),
    ],
)
def test_an_answer_without_a_body_is_whole_at_once(data: bytes, method: str) -> None:
    """Or the Connection would wait for bytes that never come."""
    response, ended = begun(data, method, error=TimeoutError('waited for a body'))
    assert (response.whole, ended, response.read()) == (True, [True], b'')


@pytest.mark.parametrize('amount', [0, b''])
def test_reading_nothing_changes_nothing(amount) -> None:
    """Or a read of no bytes would be taken for the end."""
    response, ended = begun(sized(LINES))
    assert response.read(0) == b''
    assert response.read1(0) == b''
    assert response.readline(0) == b''
    assert response.readinto(bytearray()) == 0
    assert (response.whole, ended) == (False, [])
    assert response.read() == LINES


def test_the_end_is_noticed_with_the_last_byte() -> None:
    """Or a caller who reads exactly what was announced would never give the connection back."""
    response, ended = begun(sized(BODY))
    assert response.read(100) == BODY
    assert ended == [True]


def test_closing_early_gives_the_connection_up() -> None:
    """Or what is left of the body would be read as the next answer."""
    response, ended = begun(sized(BODY))
    response.read(7)
    response.close()
    response.close()
    assert (response.whole, ended) == (False, [False])


def test_closing_after_the_end_changes_nothing() -> None:
    """Or a careful caller would lose the connection by closing the answer."""
    response, ended = begun(sized(BODY))
    with response:
        response.read()
    assert (response.whole, ended) == (True, [True])


@pytest.mark.parametrize('interim', ['100 Continue', '102 Processing', '103 Early Hints'])
def test_interim_answers_are_passed_over(interim: str) -> None:
    """Or the true answer would be read as that to the next request."""
    hint = head('Link: <x>', status=interim)
    response, _ = begun(hint + hint + sized(LINES))
    assert (response.status, response.getheader('Link'), response.read()) == (200, None, LINES)


def test_a_body_read_through_a_wrapper_is_checked_too() -> None:
    """Or ``io.TextIOWrapper`` and its like would hide the cut."""
    response, _ = begun(sized(b'ab\ncd', 100))
    with io.TextIOWrapper(response, encoding='ascii') as text, pytest.raises(HcpsdkError):
        text.read()


@pytest.mark.parametrize(
    'cut', [b'HTTP/1.1 20', b'HTTP/1.1 200 OK\r\nContent-Le', b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n']
)
def test_a_head_cut_short_is_no_answer(cut: bytes) -> None:
    """Or a body would be read by a part of its headers, and a part of it pass for the whole."""
    with pytest.raises((OSError, http.client.HTTPException)):
        begun(cut)


@pytest.mark.parametrize(
    ('garbage', 'piece', 'shown'),
    [
        (b'GET /x?password=s3 HTTP/1.1\r\nHost: h\r\n\r\n', 17, 'GET /x?password=*** HTTP/1.1'),
        (b'GET / HTTP/1.1\r\nCookie: %b\r\n\r\n' % (b's3' * 90), 999, 'Cookie: ***'),
        (b'GET /?password=%b HTTP/1.1\r\nHost: h\r\n\r\n' % (b's3' * 90), 999, 'Host: h'),
        (b'GET / HTTP/1.1\nCookie: s3\n\n', 999, 'GET / HTTP/1.1'),
        (b'Authorization: s3\r\n', 17, 'Authorization: ***'),
        (b'%b?password=s3\n' % (b'x' * 68), 17, 'x?password='),
    ],
)
def test_what_is_no_answer_is_quoted_without_its_secrets(
    monkeypatch, garbage: bytes, piece: int, shown: str
) -> None:
    """Or our own credentials would stand in the error when a server echoes what it hears."""
    monkeypatch.setattr(Wire, 'piece', piece)
    with pytest.raises(http.client.HTTPException) as caught:
        begun(garbage)
    assert shown in str(caught.value)
    assert 's3' not in str(caught.value)


def test_a_forked_child_reads_nothing_of_its_parents_answer(monkeypatch) -> None:
    """Or parent and child would each get a part of the object."""
    response, ended = begun(sized(BODY))
    monkeypatch.setattr(_response.os, 'getpid', lambda: -1)
    with pytest.raises(HcpsdkError, match='belongs to the process'):
        response.read()
    assert ended == [False]
