"""Every wait for the network ends, and says so."""

from __future__ import annotations

import itertools
import time

import pytest

import hcpsdk
from hcpsdk._trace import Clock

SHORT = 0.1


@pytest.fixture(autouse=True)
def bounded():
    """None of these takes anything like the default timeout."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 3


def test_a_silent_peer(villain):
    """A node that takes the request and says nothing holds the program for ever."""
    villain.plays(villain.read)
    con = villain.connection(timeout=(5, SHORT), retries=0)
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='waiting'):
        con.GET('/rest/object')
    assert villain.clients_gone()


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE'])
def test_a_silent_peer_is_asked_again_as_often_as_allowed(villain, method):
    """A single silent node fails the request; or a silent HCP is asked more often than the caller wants."""
    villain.plays(villain.read, times=3)
    con = villain.connection(timeout=0.05, retries=2)
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='all 2 retries'):
        con.request(method, '/rest/object')
    assert len(villain.requests) == 3
    assert [nap for nap in villain.naps if nap] == [0.25]


def test_a_silent_peer_gets_a_post_once(villain):
    """A POST that a slow node still carries out is carried out twice."""
    villain.plays(villain.read)
    con = villain.connection(timeout=SHORT)
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='by HEAD'):
        con.POST('/rest/object')
    assert len(villain.requests) == 1


def test_a_late_answer_is_never_the_next_ones(villain):
    """The answer that came too late is taken for the one to the next request."""
    villain.plays(villain.answer(), villain.read).plays(villain.answer(b'mine'))
    con = villain.connection(timeout=SHORT, retries=0)
    con.HEAD('/rest/1')
    with pytest.raises(hcpsdk.HcpsdkTimeoutError):
        con.GET('/rest/2')
    con.GET('/rest/3')
    assert con.read() == b'mine'


@pytest.mark.parametrize(
    'said',
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
        b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf',
    ],
)
@pytest.mark.parametrize('way', ['read', 'readinto', 'readline', 'iterate'])
def test_silence_in_the_middle_of_a_body(villain, said, way):
    """A download that stalls never ends, or ends as if it were complete."""
    villain.plays(villain.read, villain.say(said))
    con = villain.connection(timeout=SHORT)
    response = con.GET('/rest/object')
    reads = {
        'read': con.read,
        'readinto': lambda: response.readinto(bytearray(20)),
        'readline': response.readline,
        'iterate': lambda: list(response),
    }[way]
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='silent in the middle'):
        reads()
    assert villain.clients_gone()
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()


def test_silence_in_the_middle_of_the_head(villain):
    """As above, before the body."""
    villain.plays(villain.read, villain.say(b'HTTP/1.1 200 OK\r\nContent-'))
    with pytest.raises(hcpsdk.HcpsdkTimeoutError):
        villain.connection(timeout=SHORT, retries=0).GET('/rest/object')


@pytest.mark.parametrize('kind', ['bytes', 'file'])
@pytest.mark.parametrize('secure', [False, True])
def test_a_peer_that_stops_reading(villain, server_context, client_context, secure, kind, tmp_path):
    """An upload to a node that hangs never ends; a file goes out in a way of its own."""
    (tmp_path / 'object').write_bytes(b'x' * 20_000_000)
    villain.listen(tls=server_context() if secure else None)
    villain.plays(villain.read_head, villain.wait(villain.tested))
    con = villain.connection(villain.target(sslcontext=client_context), timeout=(5, 0.2), retries=0)
    with (tmp_path / 'object').open('rb') as file:
        body = file if kind == 'file' else b'x' * 20_000_000
        with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='sending'):
            con.PUT('/rest/object', body)
    villain.tested.set()


def test_a_handshake_that_is_never_answered(villain):
    """A node whose TLS hangs holds the program for ever."""
    villain.plays()
    con = villain.connection(villain.target(ssl=True), timeout=(SHORT, 5))
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='nothing was sent'):
        con.GET('/rest/object')
    assert villain.clients_gone()


def test_no_time_is_ever_zero(villain):
    """Who divides by a service time, as the manual's examples do, gets a ZeroDivisionError."""

    class Frozen(hcpsdk.Connection):
        _clock = Clock(precise=lambda: 1.0)

    villain.plays(villain.answer(b'body'))
    with Frozen(villain.target()) as con:
        assert min(con.connect_time, con.service_time1, con.service_time2) >= 1e-11
        con.GET('/rest/object')
        con.read()
        for seconds in (con.connect_time, con.service_time1, con.service_time2):
            assert isinstance(seconds, float)
            assert seconds >= 1e-11


def test_times_tell_who_was_slow(villain):
    """Connecting is booked as service, and the wait for an answer as nothing."""
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
    villain.plays(villain.read, _dawdle, villain.say(head), _dawdle, villain.say(b'body'))
    con = villain.connection()
    con.GET('/rest/object')
    first = con.service_time1
    con.read()
    assert first > 0.04
    assert con.service_time1 > 0.03
    assert con.service_time2 == pytest.approx(first + con.service_time1)
    assert con.connect_time < 0.04


def _dawdle(wire):
    time.sleep(0.05)


JUMPS = {
    'to the past': lambda: itertools.repeat(0.0),
    'to the future': lambda: itertools.repeat(4e9),
    'back': lambda: itertools.count(4e9, -1e6),
    'forth': lambda: itertools.count(0.0, 1e6),
}


@pytest.fixture(params=JUMPS)
def wall(request, monkeypatch):
    """A wall clock that jumps each time that somebody looks at it."""
    times = JUMPS[request.param]()
    monkeypatch.setattr(time, 'time', lambda: next(times))
    return lambda: next(times)


def test_a_wall_clock_that_jumps_ends_nothing(villain, wall):
    """At the change to summer time, or after a laptop has slept, requests fail and connections are lost."""
    said = villain.say(b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncontent')
    villain.plays(villain.read, _dawdle, said, _dawdle, villain.answer())
    con = villain.connection(deadline=2)
    villain.wall = wall
    con.GET('/rest/1')
    assert con.read() == b'content'
    con.HEAD('/rest/2')
    assert [con.response_status, len(villain.wires), villain.naps] == [200, 1, []]
    assert 0 < con.service_time1 < 1


def test_a_wall_clock_that_jumps_puts_nothing_off(villain, wall):
    """As above: nothing ever ends any more."""
    villain.plays(villain.answer()).plays(villain.read).plays(villain.read)
    idle = villain.connection(idletime=0.05)
    idle.HEAD('/rest/object')
    assert villain.clients_gone(1, 1)
    for options in ({'timeout': (5, 0.05)}, {'deadline': 0.05}):
        began = time.monotonic()
        with pytest.raises(hcpsdk.HcpsdkTimeoutError):
            villain.connection(retries=0, **options).GET('/rest/object')
        assert 0.04 <= time.monotonic() - began < 1


def test_a_wall_clock_that_jumps_changes_no_pause(villain, wall):
    """A date of HCP's, read by our clock that is wrong, makes a busy HCP be asked too soon, or too late."""
    head = 'Date: Wed, 01 Jan 2025 00:00:00 GMT\r\nRetry-After: Wed, 01 Jan 2025 00:00:03 GMT\r\n'
    villain.plays(villain.answer(status='503 Busy', head=head)).plays(villain.answer())
    con = villain.connection()
    villain.wall = wall
    con.GET('/rest/object')
    assert villain.naps == [3.25]
