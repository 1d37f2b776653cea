"""A deadline bounds a whole request, whatever its steps do; without one each step has its own clock."""

from __future__ import annotations

import math
import socket
import threading
import time

import pytest

import hcpsdk
from hcpsdk import _link

NODES = ('127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4')

DEADLINE = 0.1
"""seconds"""

LONG = 30
"""seconds; a deadline that no stall of the machine reaches"""

OVERDUE = 0.4
"""seconds; how late a deadline may be noticed on a machine that has a lot to do"""


@pytest.fixture
def in_time():
    """Counts from when the test calls it."""
    began = []
    yield lambda: began.append(time.monotonic())
    assert began
    assert time.monotonic() - began[0] < DEADLINE + OVERDUE


@pytest.fixture
def late(in_time):
    """Runs what has to end by its deadline; returns the error."""

    def run(act, *args):
        in_time()
        began = time.monotonic()
        with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='the deadline of the request passed') as caught:
            act(*args)
        assert DEADLINE * 0.9 <= time.monotonic() - began < DEADLINE + OVERDUE
        return str(caught.value)

    return run


def _drip(data, pause=0.01, most=300):
    """Byte after byte, each in time for a clock that only knows silence."""

    def move(wire):
        for at in range(most):
            wire.sock.sendall(data[at : at + 1] or b'x')
            if wire.gone.wait(pause):
                return

    return move


# --- each phase -------------------------------------------------------------------------------


def test_connect(villain, late):
    """A node that vanished holds a request of half a second for half a minute."""
    villain.listen(mute=NODES[:1])
    assert 'connecting' in late(villain.connection(deadline=DEADLINE).GET, '/rest/object')


def test_connect_to_many(villain, late):
    """As above, once for each of the nodes."""
    villain.listen(*NODES, mute=NODES)
    late(villain.connection(deadline=DEADLINE, timeout=0.06).GET, '/rest/object')


@pytest.mark.parametrize('dripping', [False, True])
def test_handshake(villain, late, dripping):
    """A node whose TLS hangs, or crawls, is waited for."""
    record = b'\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb\x03\x03'
    villain.plays(*[_drip(record)] * dripping)
    con = villain.connection(villain.target(ssl=True), deadline=DEADLINE)
    assert 'shaking hands' in late(con.GET, '/rest/object')
    assert villain.clients_gone()


class Slow(socket.socket):
    """Takes most of the time for the connection alone."""

    def connect(self, address):
        time.sleep(0.1)
        super().connect(address)


def test_connect_and_handshake_together(villain, monkeypatch):
    """As above: a deadline is passed by nearly the double of it."""
    monkeypatch.setattr(_link, '_new_socket', lambda address: Slow())
    villain.plays()
    con = villain.connection(villain.target(ssl=True), deadline=0.12)
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='deadline'):
        con.GET('/rest/object')
    assert time.monotonic() - began < 0.2


def _large(kind, path):
    if kind == 'bytes':
        return b'x' * 20_000_000
    if kind == 'list':
        return [b'x' * 1_000_000] * 20
    path.write_bytes(b'x' * 20_000_000)
    return path.open('rb')


@pytest.mark.parametrize('kind', ['bytes', 'list', 'file'])
@pytest.mark.parametrize('secure', [False, True])
def test_send(villain, late, kind, secure, server_context, client_context, tmp_path):
    """A node that stops reading holds an upload for as long as it likes."""
    villain.listen(tls=server_context() if secure else None)
    villain.plays(villain.read_head, villain.wait(villain.tested))
    con = villain.connection(villain.target(sslcontext=client_context), deadline=DEADLINE)
    body = _large(kind, tmp_path / 'object')
    assert 'sending' in late(con.PUT, '/rest/object', body)
    villain.tested.set()
    if kind == 'file':
        body.close()


def _sip(wire):
    """Read a little now and then, so that no single wait is long."""
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(300):
        if not wire.sock.recv(16384) or wire.gone.wait(0.01):
            return


@pytest.mark.parametrize('kind', ['bytes', 'file'])
def test_send_to_one_that_reads_slowly(villain, late, kind, tmp_path):
    """As above, for a node that reads on, but hardly."""
    villain.plays(villain.read_head, _sip)
    body = _large(kind, tmp_path / 'object')
    late(villain.connection(deadline=DEADLINE).PUT, '/rest/object', body)
    if kind == 'file':
        body.close()


def _small_socket(address):
    """What it does not get rid of it cannot keep, either."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return sock


def test_send_to_one_that_reads_slowly_over_tls(villain, late, server_context, client_context, monkeypatch):
    """As above, over TLS, where one block is sent as many records, each with a wait of its own."""
    monkeypatch.setattr(_link, '_new_socket', _small_socket)
    villain.listen(tls=server_context()).plays(villain.read_head, _sip)
    con = villain.connection(villain.target(sslcontext=client_context), deadline=DEADLINE)
    late(con.PUT, '/rest/object', b'x' * 20_000_000)


def test_wait(villain, late):
    """A node that says nothing is waited for, and then others are, too."""
    villain.listen(*NODES).plays(villain.read, villain.wait(villain.tested))
    con = villain.connection(deadline=DEADLINE)
    assert 'waiting' in late(con.GET, '/rest/object')
    villain.tested.set()
    assert [len(villain.requests), con.attempts[-1].status] == [1, None]
    assert 'deadline' in con.attempts[-1].note


def test_a_head_in_drops(villain, late):
    """Each byte of an answer begins the wait anew: three hundred of them take for ever."""
    villain.plays(villain.read, _drip(b'HTTP/1.1 200 OK\r\nX-Long: '))
    late(villain.connection(deadline=DEADLINE).GET, '/rest/object')
    assert villain.clients_gone()


@pytest.mark.parametrize('status', [b'100 Continue', b'102 Processing'])
def test_interim_answers_in_drops(villain, late, status):
    """As above, where HCP says again and again that it is still at work."""

    def move(wire):
        for _ in range(90):
            wire.sock.sendall(b'HTTP/1.1 %b\r\n\r\n' % status)
            if wire.gone.wait(0.02):
                return

    villain.plays(villain.read, move)
    late(villain.connection(deadline=DEADLINE).PUT, '/rest/object', b'content')


HEADS = {
    'length': b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
    'huge': b'HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n',
    'chunked': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n',
    'chunks of one': b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'close': b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n',
}

WAYS = {
    'read()': lambda answer: answer.read(),
    'read(n)': lambda answer: list(iter(lambda: answer.read(100), b'')),
    'read1': lambda answer: list(iter(answer.read1, b'')),
    'readinto': lambda answer: list(iter(lambda: answer.readinto(bytearray(100)), 0)),
    'iteration': list,
}


@pytest.mark.parametrize('framing', HEADS)
@pytest.mark.parametrize('way', WAYS)
def test_a_body_in_drops(villain, way, framing):
    """A download trickles on for days, though its caller gave it a minute."""
    drops = b'1\r\nx\r\n' * 100 if framing == 'chunks of one' else b''
    villain.plays(villain.read, villain.say(HEADS[framing]), _drip(drops, 0.005))
    con = villain.connection(deadline=LONG)
    answer = con.GET('/rest/object')
    villain.skipped = LONG - DEADLINE  # what comes before the body may take its time here
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='deadline.*in the middle of a body'):
        WAYS[way](answer)
    assert time.monotonic() - began < DEADLINE + OVERDUE
    assert villain.clients_gone()
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()


def test_a_body_in_drops_over_tls(villain, server_context, client_context):
    """As above, over TLS."""
    villain.listen(tls=server_context()).plays(villain.read, villain.say(HEADS['length']), _drip(b''))
    con = villain.connection(villain.target(sslcontext=client_context), deadline=LONG)
    con.GET('/rest/object')
    villain.skipped = LONG - DEADLINE
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='deadline.*in the middle of a body'):
        con.read()


def test_an_unread_answer_after_its_deadline(villain):
    """What one request had not read in time ends the next one, which has all the time it needs."""
    villain.plays(villain.read, villain.say(HEADS['length'] + b'a part'))
    villain.plays(villain.answer(b'whole'))
    con = villain.connection(deadline=LONG)
    con.GET('/rest/1')
    villain.skipped = LONG
    con.GET('/rest/2')
    assert con.read() == b'whole'


# --- more than one try ------------------------------------------------------------------------


def test_retries(villain, in_time):
    """With retries the deadline begins anew each time: it takes as many times as long."""
    villain.listen(*NODES).plays(villain.read, times=9)
    con = villain.connection(deadline=DEADLINE, timeout=(5, 0.03), retries=9)
    type(con)._uniform = staticmethod(lambda low, high: low)
    in_time()
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='deadline'):
        con.GET('/rest/object')
    assert 2 <= len(con.attempts) <= 4


@pytest.mark.parametrize(('deadline', 'pauses'), [(0.2, []), (0.4, [0.25]), (0.9, [0.25, 0.5])])
def test_no_pause_goes_beyond_it(villain, deadline, pauses):
    """A program sleeps through its deadline before it is told."""
    villain.plays(villain.read, villain.hang_up, times=9)
    con = villain.connection(deadline=deadline, retries=9)
    with pytest.raises(hcpsdk.HcpsdkError, match='its deadline is too near'):
        con.GET('/rest/object')
    assert [nap for nap in villain.naps if nap] == pauses
    assert len(con.attempts) == len(pauses) + 2
    villain._scripts.queue.clear()


@pytest.mark.parametrize('what', ['pause', 'connect'])
def test_an_end_between_two_tries_is_a_timeout_too(villain, what):
    """Who catches HcpsdkTimeoutError for his deadline misses every one that ended between two tries."""
    villain.listen(*NODES[:2], mute=NODES[1:2] if what == 'connect' else ())
    villain.plays(villain.read, villain.hang_up, times=9)
    con = villain.connection(deadline=DEADLINE, retries=9)
    with pytest.raises(hcpsdk.HcpsdkError, match='deadline') as caught:
        con.GET('/rest/object')
    villain._scripts.queue.clear()
    assert isinstance(caught.value, hcpsdk.HcpsdkTimeoutError)


def test_a_connect_between_two_tries_is_bounded(villain):
    """The second try has all the time in the world to find a node."""
    villain.listen(*NODES[:2], mute=NODES[1:2]).plays(villain.read, villain.hang_up)
    con = villain.connection(deadline=DEADLINE)
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkError, match='deadline'):
        con.GET('/rest/object')
    assert time.monotonic() - began < DEADLINE + OVERDUE
    assert len(con.attempts) == 1


@pytest.fixture
def no_dns(villain):
    """A Target all of whose nodes are dead, and whose name servers say nothing any more."""
    villain.listen(*NODES, dead=NODES)
    target, over = villain.target(), threading.Event()
    known = target._circle._resolver

    class Silent:
        def resolve(self, *args, **options):
            over.wait(5)
            return known.resolve(*args, **options)

    target._circle._resolver = Silent()
    yield target
    over.set()
    target._circle._refresher.join(5)


@pytest.mark.parametrize('options', [{'deadline': DEADLINE}, {'timeout': DEADLINE}])
def test_resolve(villain, no_dns, options):
    """Name servers that are silent hold a request, which no timeout of its own can end."""
    con = villain.connection(no_dns, **options)
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match='nothing was sent'):
        con.GET('/rest/object')
    assert time.monotonic() - began < DEADLINE + OVERDUE


def test_resolve_is_named(villain, no_dns):
    """Nodes that refuse at once are blamed for a wait of half a minute."""
    with pytest.raises(hcpsdk.HcpsdkError, match='resolve'):
        villain.connection(no_dns, timeout=DEADLINE).GET('/rest/object')


# --- without one ------------------------------------------------------------------------------


def _connect(villain, _):
    villain.listen(mute=NODES[:1])
    return villain.connection(timeout=(0.05, 5), retries=0)


def _handshake(villain, _):
    villain.plays()
    return villain.connection(villain.target(ssl=True), timeout=(0.05, 5), retries=0)


def _send(villain, _):
    villain.plays(villain.read_head, villain.wait(villain.tested))
    return villain.connection(timeout=(5, 0.05), retries=0)


def _wait(villain, _):
    villain.plays(villain.read, villain.wait(villain.tested))
    return villain.connection(timeout=(5, 0.05), retries=0)


def _read(villain, _):
    villain.plays(villain.read, villain.say(HEADS['length'] + b'half'), villain.wait(villain.tested))
    return villain.connection(timeout=(5, 0.05), retries=0)


@pytest.mark.parametrize('clock', [_connect, _handshake, _send, _wait, _read])
@pytest.mark.parametrize('deadline', [None, 5])
def test_each_clock_is_named(villain, clock, deadline):
    """Nobody knows which number to change, or whom to call."""
    con = clock(villain, deadline)
    body = b'x' * 20_000_000 if clock is _send else None
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match=f'the {clock.__name__[1:]} clock ran out') as caught:
        con.request('GET', '/rest/object', body).read()
    villain.tested.set()
    assert 'deadline' not in str(caught.value)


# --- nothing else changes ---------------------------------------------------------------------


@pytest.mark.parametrize('secure', [False, True])
def test_a_quick_request_is_not_disturbed(villain, server_context, client_context, secure):
    """A deadline costs a connection for each request, or changes what arrives."""
    content = bytes(range(256)) * 4000
    villain.listen(tls=server_context() if secure else None)
    villain.plays(villain.answer(), villain.answer(content), villain.answer())
    con = villain.connection(villain.target(sslcontext=client_context), deadline=5)
    con.PUT('/rest/1', content)
    assert villain.requests[0].body == content
    con.GET('/rest/2')
    assert b''.join(iter(lambda: con.read(9999), b'')) == content
    con.HEAD('/rest/3')
    assert [con.response_status, len(villain.wires)] == [200, 1]


def test_the_next_request_has_a_deadline_of_its_own(villain):
    """A connection ends with the deadline of its first request; or all requests share one."""
    villain.plays(*[villain.answer(b'content')] * 3, villain.read, villain.wait(villain.tested))
    con = villain.connection(deadline=2 * DEADLINE)
    for number in range(3):
        con.GET(f'/rest/{number}')
        assert con.read() == b'content'
        time.sleep(0.8 * DEADLINE)
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='deadline'):
        con.GET('/rest/late')
    assert DEADLINE * 1.9 <= time.monotonic() - began < 2 * DEADLINE + OVERDUE
    villain.tested.set()
    assert len(villain.wires) == 1


@pytest.mark.parametrize(
    ('value', 'error'),
    [
        (0, ValueError), (-1, ValueError), (math.nan, ValueError), (math.inf, ValueError), (-0.0, ValueError),
        (1e300, ValueError), (10**400, ValueError), ('x', TypeError), ('1', TypeError), (True, TypeError),
        ((1, 2), TypeError), (b'1', TypeError),
    ],
)  # fmt: skip
def test_what_is_no_deadline_is_refused(villain, value, error):
    """A slip is noticed by the first request that hangs."""
    with pytest.raises(error, match='deadline must be a number of seconds'):
        villain.connection(deadline=value)


def test_a_deadline_is_given_by_its_name(villain):
    """A sixth argument by position means something else with the next release."""
    with pytest.raises(TypeError):
        hcpsdk.Connection(villain.target(), 30, 30, 0, 3, 10)
