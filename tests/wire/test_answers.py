"""What HCP, and what stands between, may say; and an answer that is cut is never taken for a whole one."""

from __future__ import annotations

import io
import shutil

import pytest

import hcpsdk

BODY = bytes(range(256)) * 400

LARGE = b'x' * 20_000_000
"""more than the kernel keeps for a peer that does not read"""

WAYS = {
    'read()': lambda answer: answer.read(),
    'read(n)': lambda answer: list(iter(lambda: answer.read(10_000), b'')),
    'read(too much)': lambda answer: answer.read(10_000_000),
    'readinto': lambda answer: list(iter(lambda: answer.readinto(bytearray(10_000)), 0)),
    'readinto1': lambda answer: list(iter(lambda: answer.readinto1(bytearray(10_000)), 0)),
    'read1': lambda answer: list(iter(lambda: answer.read1(10_000), b'')),
    'read1()': lambda answer: list(iter(answer.read1, b'')),
    'readline': lambda answer: list(iter(answer.readline, b'')),
    'readline(n)': lambda answer: list(iter(lambda: answer.readline(100), b'')),
    'iteration': list,
    'readlines': lambda answer: answer.readlines(),
    'copyfileobj': lambda answer: shutil.copyfileobj(answer, io.BytesIO()),
    'BufferedReader': lambda answer: io.BufferedReader(answer).read(),
}

CUTS = {
    'Content-Length': b'HTTP/1.1 200 OK\r\nContent-Length: 102400\r\n\r\n' + BODY[:70_000],
    'nothing of it': b'HTTP/1.1 200 OK\r\nContent-Length: 102400\r\n\r\n',
    'a byte missing': b'HTTP/1.1 200 OK\r\nContent-Length: 102400\r\n\r\n' + BODY[:-1],
    'within a chunk': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n19000\r\n' + BODY[:70_000],
    'between chunks': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\n\n\r\n4\r\nbody\r\n',
    'within a size': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n11',
    'within a padded size': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\n01234\r\n0',
}  # fmt: skip


@pytest.mark.parametrize('goodbye', ['hang_up', 'reset'])
@pytest.mark.parametrize('cut', CUTS)
@pytest.mark.parametrize('way', WAYS)
def test_a_cut_body_raises_by_every_way_of_reading(villain, way, cut, goodbye):
    """Half an object is archived, or processed, as if it were the whole."""
    villain.plays(villain.read, villain.say(CUTS[cut]), getattr(villain, goodbye))
    con = villain.connection()
    response = con.GET('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        WAYS[way](response)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):  # and it does not look complete afterwards
        con.read()


def test_a_single_line_that_was_cut_raises(villain):
    """Who reads one line only gets half of it, and no hint."""
    villain.plays(villain.answer(b'half a li', length=99), villain.hang_up)
    response = villain.connection().GET('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError, match='9 of 99'):
        response.readline()


def test_a_cut_body_says_how_far_it_came(villain):
    """Nobody can tell a lost byte from a lost terabyte."""
    villain.plays(villain.answer(b'x' * 40, length=100), villain.hang_up)
    con = villain.connection()
    con.GET('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError, match='40 of 100 bytes'):
        con.read()


def _answer_with(villain, said, keeps):
    """An answer, and another one to a second request: on the same connection, or on a new one."""
    again = villain.answer(status='202 Again')
    if keeps:
        villain.plays(villain.read, villain.say(said), again)
    else:
        villain.plays(villain.read, villain.say(said), villain.hang_up).plays(again)


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('framing', ['length', 'chunked', 'close'])
def test_a_whole_body_passes_by_every_way_of_reading(villain, way, framing):
    """What guards against cut bodies refuses whole ones, or loses the connection."""
    framed = {
        'length': b'Content-Length: %d\r\n\r\n' % len(BODY) + BODY,
        'chunked': b'Transfer-Encoding: chunked\r\n\r\n7;x=y\r\n%b\r\n18ff9\r\n%b\r\n0\r\nTrailer: x\r\n\r\n'
        % (BODY[:7], BODY[7:]),
        'close': b'Connection: close\r\n\r\n' + BODY,
    }[framing]
    _answer_with(villain, b'HTTP/1.1 200 OK\r\n' + framed, keeps=framing != 'close')
    con = villain.connection(retries=0)
    WAYS[way](con.GET('/rest/object'))
    con.HEAD('/rest/other')
    assert con.response_status == 202
    assert len(villain.wires) == (2 if framing == 'close' else 1)


@pytest.mark.parametrize('framing', ['length', 'chunked'])
def test_bytes_arrive_as_they_are(villain, framing):
    """An object comes back changed."""
    framed = {
        'length': b'Content-Length: %d\r\n\r\n' % len(BODY) + BODY,
        'chunked': b'Transfer-Encoding: chunked\r\n\r\n19000\r\n%b\r\n0\r\n\r\n' % BODY,
    }[framing]
    villain.plays(*[villain.read, villain.say(b'HTTP/1.1 200 OK\r\n' + framed)] * 3)
    con = villain.connection()
    con.GET('/rest/object')
    assert con.read() == BODY
    con.GET('/rest/object')
    assert b''.join(iter(lambda: con.read(9_999), b'')) == BODY
    buffer = bytearray(len(BODY) + 10)
    assert con.GET('/rest/object').readinto(buffer) == len(BODY)
    assert buffer[:-10] == BODY


@pytest.mark.parametrize(
    'head',
    [
        b'HTTP/1.1 200 OK',
        b'HTTP/1.1 200 OK\r\n',
        b'HTTP/1.1 200 OK\r\nContent-Le',
        b'HTTP/1.1 200 OK\r\nContent-Length: 10',
        b'HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n',
        b'HTTP/1.1 200 OK\r\nContent-Length: 1024\r\nX-HCP-Hash: SHA-2',
        b'HTTP/1.1 100 Continue\r\n\r\n',
    ],
)
@pytest.mark.parametrize('goodbye', ['hang_up', 'reset'])
def test_an_answer_cut_in_its_head_is_no_answer(villain, head, goodbye):
    """An object whose answer broke off among the headers reads as an empty one."""
    villain.plays(villain.read, villain.say(head), getattr(villain, goodbye))
    villain.plays(villain.answer(b'whole'))
    con = villain.connection(retries=1)
    con.GET('/rest/object')
    assert con.read() == b'whole'


def test_an_answer_cut_in_its_head_is_not_for_free(villain):
    """A PUT that HCP had begun to answer is redone behind the back of a caller who said retries=0."""
    villain.plays(
        villain.answer(), villain.read, villain.say(b'HTTP/1.1 201 Created\r\nX-HCP'), villain.hang_up
    )
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    with pytest.raises(hcpsdk.HcpsdkError):
        con.PUT('/rest/object', b'body')
    assert len(villain.requests) == 2


@pytest.mark.parametrize(
    'interim',
    [
        b'HTTP/1.1 100 Continue\r\n\r\n',
        b'HTTP/1.1 100 Continue\r\nX-Odd: header\r\n\r\n' * 3,
        b'HTTP/1.1 102 Processing\r\n\r\n',
        b'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n',
    ],
)
def test_interim_answers_are_skipped(villain, interim):
    """A `100 Continue` that nobody asked for is taken for the answer, and the answer for the next one's."""
    created = b'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'
    villain.plays(
        villain.read, villain.say(interim), villain.say(created), villain.answer(status='404 Not Found')
    )
    con = villain.connection()
    con.PUT('/rest/object', b'body')
    assert con.response_status == 201
    con.GET('/rest/other')
    assert con.response_status == 404
    assert 'expect' not in villain.requests[0].headers


@pytest.mark.parametrize('status', ['403 Forbidden', '413 Too Large', '503 Busy'])
@pytest.mark.parametrize('method', ['PUT', 'POST'])
def test_an_early_answer_is_seen(villain, status, method):
    """The reason of a refusal is lost in a broken pipe, and a hopeless upload is repeated."""
    early = f'HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nno'.encode()
    villain.plays(villain.read_head, villain.say(early), villain.hang_up)
    con = villain.connection(retries=0 if status.startswith('503') else 3)
    con.request(method, '/rest/object', LARGE)
    assert con.response_status == int(status[:3])
    assert len(villain.wires) == 1
    assert villain.naps == []


def test_an_early_answer_over_tls_is_seen(villain, server_context, client_context):
    """As above, over TLS."""
    villain.listen(tls=server_context())
    early = b'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'
    villain.plays(villain.read_head, villain.say(early), villain.hang_up)
    con = villain.connection(villain.target(sslcontext=client_context))
    con.PUT('/rest/object', LARGE)
    assert con.response_status == 403
    assert len(villain.wires) == 1


def test_a_connection_with_an_early_answer_is_not_reused(villain):
    """The rest of a refused upload is read as the next request."""
    early = b'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'
    villain.plays(villain.read_head, villain.say(early), villain.hang_up)
    villain.plays(villain.answer(status='202 Again'))
    con = villain.connection(retries=0)
    con.PUT('/rest/object', LARGE)
    assert 'closed' in repr(con)
    con.POST('/rest/other')
    assert con.response_status == 202


@pytest.mark.parametrize('status', ['301 Moved Permanently', '302 Found', '307 Temporary Redirect'])
def test_redirects_are_handed_to_the_caller(villain, status):
    """Credentials follow wherever a stranger points."""
    villain.plays(villain.answer(status=status, head='Location: http://127.0.0.1:1/elsewhere\r\n'))
    con = villain.connection()
    con.HEAD('/mapi/tenants/x')
    assert con.response_status == int(status[:3])
    assert con.getheader('location') == 'http://127.0.0.1:1/elsewhere'
    assert [len(villain.requests), len(villain.wires)] == [1, 1]


@pytest.mark.parametrize(
    ('said', 'keeps'),
    [
        (b'HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody', False),
        (b'HTTP/1.0 200 OK\r\n\r\nbody', False),
        (b'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody', True),
        (b'HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nbody', True),
        (b'HTTP/1.1 200 \r\nContent-Length: 4\r\n\r\nbody', True),
        (b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody', False),
        (b'HTTP/1.1 200 OK\r\ncOnnEction: CLOSE\r\ncontent-LENGTH:4\r\n\r\nbody', False),
        (b'HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n', True),
        (b'HTTP/1.1 200 OK\nContent-Length: 4\n\nbody', True),
    ],
)
def test_what_middle_boxes_make_of_an_answer_is_tolerated(villain, said, keeps):
    """An HCP behind a proxy or a load balancer cannot be used."""
    _answer_with(villain, said, keeps)
    con = villain.connection(retries=0)
    con.GET('/rest/object')
    assert [con.response_status, con.read(), con.read()] == [200, b'body', b'']
    con.HEAD('/rest/other')
    assert con.response_status == 202
    assert len(villain.wires) == (1 if keeps else 2)


@pytest.mark.parametrize('status', ['204 No Content', '304 Not Modified'])
@pytest.mark.parametrize('head', ['Content-Length: 400\r\n', 'Transfer-Encoding: chunked\r\n', ''])
def test_answers_that_never_have_a_body_end_at_once(villain, status, head):
    """A conditional GET waits for a body that does not come."""
    said = f'HTTP/1.1 {status}\r\n{head}\r\n'.encode()
    villain.plays(villain.read, villain.say(said), villain.answer(status='202 Again'))
    con = villain.connection(timeout=0.3, retries=0)
    con.GET('/rest/object', headers={'If-None-Match': '"x"'})
    assert con.read() == b''
    con.HEAD('/rest/other')
    assert [con.response_status, len(villain.wires)] == [202, 1]


@pytest.mark.parametrize('head', ['Content-Length: 400\r\n', 'Transfer-Encoding: chunked\r\n'])
def test_an_answer_to_head_has_no_body(villain, head):
    """HEAD waits for the body that its headers describe."""
    said = f'HTTP/1.1 200 OK\r\n{head}\r\n'.encode()
    villain.plays(villain.read, villain.say(said), villain.answer(status='202 Again'))
    con = villain.connection(timeout=0.3, retries=0)
    con.HEAD('/rest/object')
    assert con.read() == b''
    con.HEAD('/rest/other')
    assert [con.response_status, len(villain.wires)] == [202, 1]


@pytest.mark.parametrize(
    'garbage',
    [
        b'SSH-2.0-OpenSSH_9.2p1\r\n',
        b'HTTP/1.1 abc OK\r\n\r\n',
        b'HTTP/9 200 OK\r\n\r\n',
        b'\x15\x03\x01\x00\x02\x02\x50\n',
        b'HTTP/1.1 200 OK\r\n' + b'X-Flood: x\r\n' * 200 + b'\r\n',
        b'HTTP/1.1 200 OK\r\nX-Long: ' + b'x' * 70_000 + b'\r\n\r\n',
    ],
)
def test_what_is_not_http_is_an_error_and_not_asked_again(villain, garbage):
    """Something else on that port looks like a broken library, by an exception of another family."""
    villain.plays(villain.read, villain.say(garbage))
    con = villain.connection()
    with pytest.raises(hcpsdk.HcpsdkError, match='not HTTP'):
        con.GET('/rest/object')
    assert len(villain.requests) == 1
    assert villain.clients_gone()


def test_interim_answers_without_an_end_are_an_error(villain):
    """A server that says `100 Continue` for ever is listened to for ever."""

    def on_and_on(wire):
        while True:
            wire.sock.sendall(b'HTTP/1.1 100 Continue\r\n\r\n' * 50)

    villain.plays(villain.read, on_and_on)
    con = villain.connection()
    with pytest.raises(hcpsdk.HcpsdkError, match='nothing but interim answers'):
        con.PUT('/rest/object', b'body')
    assert len(villain.requests) == 1
    assert villain.clients_gone()


def test_a_few_dozen_interim_answers_are_none_too_many(villain):
    """A slow HCP that shows that it is alive is given up."""
    created = b'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'
    villain.plays(villain.read, villain.say(b'HTTP/1.1 102 Processing\r\n\r\n' * 50 + created))
    con = villain.connection()
    con.PUT('/rest/object', b'body')
    assert con.response_status == 201
