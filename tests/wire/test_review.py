"""Faults that reviews have found: where threads, signals, odd servers and odd files meet."""

from __future__ import annotations

import errno
import os
import signal
import socket
import ssl
import threading
import time

import pytest

import hcpsdk
from hcpsdk import _link, _tls

CHUNK = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'


@pytest.mark.parametrize(
    'said',
    [
        CHUNK,
        CHUNK + b'4\r\nab',
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok',
        b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok',
    ],
)
@pytest.mark.parametrize('secure', [False, True])
def test_close_from_elsewhere_ends_a_read_at_once(villain, server_context, client_context, said, secure):
    """A download that another thread aborts passes for a whole one, hangs on, or dies of an inner error."""
    reading = threading.Event()
    villain.listen(tls=server_context() if secure else None)
    villain.plays(villain.read, villain.say(said), lambda wire: reading.set(), lambda wire: wire.outlast())
    con = villain.connection(villain.target(sslcontext=client_context), timeout=20)
    con.GET('/rest/object')
    closer = threading.Thread(target=lambda: reading.wait(5) and time.sleep(0.05) or con.close())
    closer.start()
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkError):
        con.read()
    closer.join()
    assert time.monotonic() - began < 5


def test_a_read_that_is_woken_by_close_is_no_end(villain, monkeypatch):
    """A download that another thread aborts passes for a whole one, if the reader is the faster."""
    back, drop = threading.Event(), _link.Link._drop

    def slow_drop(self):
        back.wait(5)
        drop(self)

    villain.plays(villain.read, villain.say(b'HTTP/1.1 200 OK\r\n\r\nok'), lambda wire: wire.outlast())
    con = villain.connection()
    con.GET('/rest/object')
    assert con.Response.peek() == b'ok'
    monkeypatch.setattr(_link.Link, '_drop', slow_drop)
    closer = threading.Timer(0.05, con.close)
    closer.start()
    threading.Timer(0.5, back.set).start()
    with pytest.raises(hcpsdk.HcpsdkError):
        con.read()
    closer.join()


def test_close_from_elsewhere_never_takes_tls_off(villain, server_context, client_context, monkeypatch):
    """What another thread is about to send goes out in the clear, credentials and all."""
    naked = []
    send = ssl.SSLSocket.send

    def spy(self, data, flags=0):
        if self._sslobj is None and self.fileno() >= 0:
            naked.append(bytes(data[:20]))
        return send(self, data, flags)

    monkeypatch.setattr(ssl.SSLSocket, 'send', spy)
    villain.listen(tls=server_context()).plays(villain.read_head, lambda wire: wire.outlast())
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    woken = []
    shutdown = socket.socket.shutdown
    monkeypatch.setattr(ssl.SSLSocket, 'shutdown', lambda self, how: woken.append(how) or shutdown(self, how))
    threading.Timer(0.05, con.close).start()
    with pytest.raises(hcpsdk.HcpsdkError):
        con.PUT('/rest/object', b'x' * 20_000_000)
    assert [naked, woken] == [[], []]


def test_an_end_of_the_body_while_another_thread_closes_is_an_end(villain, monkeypatch):
    """A whole body that was read just when somebody closed is an error of a kind that nobody catches."""
    villain.plays(villain.answer(b'ok'))
    con = villain.connection(retries=0)
    con.GET('/rest/object')
    con._link.state = _link.State.CLOSED
    assert con.read() == b'ok'


def test_a_forked_child_may_use_what_its_parent_is_using(villain, monkeypatch):
    """A worker that was forked while another thread had a request on its way can never make one."""
    villain.plays(villain.echo, times=2)
    con = villain.connection()
    con.HEAD('/rest/1')
    link = con._link
    link.state = _link.State.WAITING
    monkeypatch.setattr(_link.os, 'getpid', lambda: -1)
    assert not link.busy
    con.HEAD('/rest/2')
    assert con.response_status == 200


@pytest.mark.skipif(not hasattr(signal, 'setitimer'), reason='this system has no such timers')
@pytest.mark.parametrize('kept', [False, True])
def test_signals_put_no_clock_off(villain, kept):
    """A program with a heartbeat waits for a silent node for ever."""
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    villain.plays(*[villain.answer()] * kept, villain.read)
    con = villain.connection(timeout=(5, 0.3), retries=0)
    if kept:
        con.HEAD('/rest/1')
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    began = time.monotonic()
    try:
        with pytest.raises(hcpsdk.HcpsdkTimeoutError):
            con.GET('/rest/2')
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 0.25 < time.monotonic() - began < 2


def _drops(wire):
    """A rest that comes byte by byte."""
    for _ in range(100):
        wire.sock.sendall(b'x')
        if wire.gone.wait(0.02):
            return


def test_a_rest_that_drips_does_not_hold_up_the_next_request(villain):
    """The next request waits for hours, as a small rest of the last answer comes byte by byte."""
    villain.plays(villain.answer(b'', length=60_000), _drops).plays(villain.answer(b'mine'))
    con = villain.connection(timeout=(5, 0.1), retries=0)
    con.GET('/rest/1')
    began = time.monotonic()
    con.GET('/rest/2')
    assert con.read() == b'mine'
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ('said', 'body'),
    [
        (b'HTTP/1.0 200 OK\nServer: x\n\nfirst\r\n\r\nsecond', b'first\r\n\r\nsecond'),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\nAB\r\n\r\n012345', b'AB\r\n\r\n012345'),
        (b'HTTP/1.1 200 OK\nContent-Length: 12\n\r\nAB\r\n\r\n012345', b'AB\r\n\r\n012345'),
    ],
)
def test_an_empty_line_in_a_body_is_no_end_of_a_head(villain, said, body):
    """The beginning of an object is lost, where a middle box ends its lines in its own way."""
    villain.plays(villain.read, villain.say(said), villain.hang_up)
    con = villain.connection(retries=0)
    con.GET('/rest/object')
    assert con.read() == body


@pytest.mark.parametrize('secure', [False, True])
def test_tls_is_recommended_to_nobody_who_has_it(villain, server_context, client_context, secure):
    """A node that hangs up sends people off to look for a setting that they have."""
    villain.listen(tls=server_context() if secure else None).plays(villain.read, villain.hang_up)
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    with pytest.raises(hcpsdk.HcpsdkError, match='died') as caught:
        con.POST('/rest/object', body=b'x')
    assert ('ssl=True' in str(caught.value)) is not secure


@pytest.fixture
def without_goodbye(villain, server_context, client_context):
    """A Connection that has asked over TLS, and whose answer ends with the socket."""
    villain.listen(tls=server_context())
    villain.plays(villain.read, villain.say(b'HTTP/1.1 200 OK\r\n\r\nhalf of it'), _vanish)
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    return lambda: con.GET('/rest/object')


def test_a_body_without_length_that_ends_without_a_goodbye_was_cut(without_goodbye):
    """Half an object passes for the whole, over TLS, where the end could have been told from a cut."""
    answer = without_goodbye()
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        answer.read()


def test_not_even_where_python_would_not_tell(without_goodbye, client_context, monkeypatch):
    """As above, on Python 3.9, whose contexts take every end for one with a goodbye."""
    monkeypatch.setattr(_tls, '_lenient_by_default', lambda: True)
    client_context.options |= _tls._LENIENT
    answer = without_goodbye()
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        answer.read()


@pytest.mark.skipif(
    ssl.OPENSSL_VERSION_INFO < (3,) or _tls._lenient_by_default(), reason='nobody can ask for it here'
)
def test_who_asks_python_not_to_tell_is_not_told(without_goodbye, client_context):
    """A gateway that never says goodbye could not be used at all, not even by who knows it."""
    client_context.options |= _tls._LENIENT
    assert without_goodbye().read() == b'half of it'


def _vanish(wire):
    os.close(wire.sock.detach())


def test_a_body_without_length_that_ends_with_a_goodbye_is_whole(villain, server_context, client_context):
    """As above, the other way round."""
    villain.listen(tls=server_context())
    said = b'HTTP/1.1 200 OK\r\n\r\nall of it'
    villain.plays(villain.read, villain.say(said), lambda wire: wire.sock.unwrap())
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    con.GET('/rest/object')
    assert con.read() == b'all of it'


def test_nothing_of_a_body_is_kept_when_its_request_is_over(villain):
    """A Connection that rests holds an object of a gigabyte; or a bytearray cannot be filled again."""
    villain.plays(villain.answer())
    con = villain.connection()
    body = bytearray(b'abc')
    con.PUT('/rest/object', body)
    body.clear()
    assert len(con.attempts) == 1


@pytest.mark.parametrize('mode', ['w', 'wb', 'ab'])
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_sent(villain, tmp_path, mode):
    """A wrong mode shows as half a request, and as an error of the system's."""
    con = villain.connection()
    with (tmp_path / 'object').open(mode) as file, pytest.raises(TypeError, match='not open for reading'):
        con.PUT('/rest/object', file)
    assert villain.wires == []


def test_a_disk_that_fails_is_no_fault_of_the_node(villain, tmp_path, monkeypatch):
    """A broken disk is reported as a broken node, after the same file was read four times."""

    sendfile = os.sendfile

    def fail(sock, file, offset, count):
        if offset:
            raise OSError(errno.EIO, 'Input/output error')
        return sendfile(sock, file, offset, 1000)

    monkeypatch.setattr(os, 'sendfile', fail)
    path = tmp_path / 'object'
    path.write_bytes(b'x' * 2_000_000)
    villain.plays(lambda wire: wire.outlast())
    target = villain.target()
    con = villain.connection(target)
    with path.open('rb') as file, pytest.raises(OSError, match='Input/output') as caught:
        con.PUT('/rest/object', file)
    assert caught.value.errno == errno.EIO
    assert villain.clients_gone()
    assert len(villain.wires) == 1
    assert target._circle._cooling == {}


def test_no_more_descriptors_is_an_error_of_ours(villain, monkeypatch):
    """A program that has too many files open dies of an error that nobody catches."""

    def fail(address):
        raise OSError(errno.EMFILE, 'Too many open files')

    target = villain.target()
    monkeypatch.setattr(_link, '_new_socket', fail)
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match='Too many open files'):
        villain.connection(target).GET('/rest/object')
    assert target._circle.live('127.0.0.1') == 0


def test_parts_of_any_shape_are_settled(villain):
    """A write that had succeeded is reported as a TypeError."""
    villain.plays(villain.read, villain.hang_up)
    villain.plays(
        villain.answer(status='409 Conflict'),
        villain.answer(head='X-HCP-Size: 3\r\nX-HCP-Hash: MD5 360E2ECE07507675DCED80BA867D6DCD\r\n'),
    )
    con = villain.connection()
    con.PUT('/rest/object', [memoryview(b'abcdef')[::2]])
    assert con.response_status == 201


def test_tokens_in_a_query_are_not_printed(villain, capsys):
    """A session with debuglevel shows what opens other doors."""
    villain.plays(villain.answer())
    secrets = {'access_token': 'kal-el', 'X-Amz-Signature': 'kal-el'}
    villain.connection(debuglevel=1).GET('/rest/object', secrets)
    assert 'kal-el' not in capsys.readouterr().out


def test_an_answer_without_its_connection_still_says_what_was_cut(villain):
    """An error ends in the word None."""
    villain.plays(villain.answer(b'ok', length=9), villain.hang_up)
    response = hcpsdk.Connection(villain.target()).GET('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError) as caught:
        response.read()
    assert 'None' not in str(caught.value)


def test_an_answer_can_be_waited_for(villain):
    """A program that selects on answers breaks."""
    villain.plays(villain.answer(b'ok'))
    con = villain.connection()
    assert con.GET('/rest/object').fileno() == con._link._sock.fileno()
    con.read()
