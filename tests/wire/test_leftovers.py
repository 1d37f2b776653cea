"""Nothing is ever mixed up, and nothing is left behind."""

from __future__ import annotations

import gc
import signal
import threading
import time
import warnings

import pytest

import hcpsdk

EVIL = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'


@pytest.mark.parametrize('framing', ['length', 'chunked'])
def test_a_small_rest_is_read_away(villain, framing):
    """Each unread error page costs a new connection, out of the 254 that a node has."""
    rest = b'x' * 60_000
    said = {
        'length': b'Content-Length: 60000\r\n\r\n' + rest,
        'chunked': b'Transfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\nea5c\r\n' + rest[4:] + b'\r\n0\r\n\r\n',
    }[framing]
    villain.plays(villain.read, villain.say(b'HTTP/1.1 404 Not Found\r\n' + said), villain.answer(b'mine'))
    con = villain.connection(retries=0)
    con.GET('/rest/1')
    con.read(10)
    con.GET('/rest/2')
    assert con.read() == b'mine'
    assert len(villain.wires) == 1


@pytest.mark.parametrize('framing', ['length', 'chunked', 'close'])
@pytest.mark.parametrize('amount', [0, 10, 100_000])
def test_a_large_rest_ends_the_connection(villain, framing, amount):
    """The rest of one object is read as the beginning of the next; or gigabytes are thrown away."""
    size = 10_000_000
    head = {
        'length': b'Content-Length: %d\r\n\r\n' % size,
        'chunked': b'Transfer-Encoding: chunked\r\n\r\n%x\r\n' % size,
        'close': b'Connection: close\r\n\r\n',
    }[framing]
    villain.plays(villain.read, villain.say(b'HTTP/1.1 200 OK\r\n' + head + b'x' * size))
    villain.plays(villain.answer(b'mine'))
    con = villain.connection(retries=0)
    con.GET('/rest/1')
    con.read(amount)
    con.GET('/rest/2')
    assert con.read() == b'mine'
    assert villain.clients_gone()


@pytest.mark.parametrize('method', ['PUT', 'DELETE'])
def test_an_answer_with_a_body_nobody_reads_leaves_the_connection_ready(villain, method):
    """The manual's promise for PUT and DELETE holds only while HCP has nothing to complain of."""
    villain.plays(villain.answer(b'a page of error', status='409 Conflict'), villain.answer(b'mine'))
    con = villain.connection(retries=0)
    con.request(method, '/rest/1')
    assert con.response_status == 409
    con.GET('/rest/2')
    assert con.read() == b'mine'
    assert len(villain.wires) == 1


@pytest.mark.parametrize('method', ['PUT', 'DELETE'])
def test_an_answer_too_long_to_be_read_away_is_given_up_at_once(villain, method):
    """After an upload a node's slot is held by a page of error that nobody wants."""
    villain.plays(villain.answer(b'x' * 1_000_000, status='409 Conflict'))
    con = villain.connection(retries=0)
    con.request(method, '/rest/1')
    assert con.response_status == 409
    assert villain.clients_gone()
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()


def test_a_rest_that_never_comes_does_not_fail_the_next_request(villain):
    """A node that stalls in the middle of an error page takes the next request with it."""
    villain.plays(villain.answer(b'x' * 10, length=20)).plays(villain.answer(b'mine'))
    con = villain.connection(timeout=0.15, retries=0)
    con.GET('/rest/1')
    con.GET('/rest/2')
    assert con.read() == b'mine'


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE'])
def test_bytes_after_an_answer_never_become_the_next_one(villain, method):
    """What a confused server says too much is returned as another object's content."""
    too_much = EVIL if method == 'HEAD' else b'body' + EVIL
    said = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n' + too_much
    villain.plays(villain.read, villain.say(said), villain.answer(b'mine'))
    villain.plays(villain.answer(b'mine'))
    con = villain.connection(retries=0)
    con.request(method, '/rest/1')
    con.read()
    con.GET('/rest/2')
    assert con.read() == b'mine'


@pytest.mark.parametrize('secure', [False, True])
@pytest.mark.parametrize('fill', [8192, 16384])
def test_bytes_behind_a_full_buffer_never_become_the_next_answer(
    villain, server_context, client_context, secure, fill
):
    """As above, where the surplus begins exactly behind a reader's buffer; over TLS no poll can see it."""
    size = fill - len(b'HTTP/1.1 200 OK\r\nContent-Length: 00000\r\n\r\n')
    said = b'HTTP/1.1 200 OK\r\nContent-Length: %05d\r\n\r\n' % size + b'x' * size
    arrived = threading.Event()
    villain.listen(tls=server_context() if secure else None)
    villain.plays(villain.read, villain.say(said + EVIL), lambda wire: arrived.set())
    villain.plays(villain.answer(b'mine'))
    con = villain.connection(villain.target(sslcontext=client_context), retries=0)
    con.GET('/rest/1')
    assert con.read() == b'x' * size
    assert arrived.wait(5)  # what is still under way nobody could tell from an answer
    con.GET('/rest/2')
    assert con.read() == b'mine'


def test_after_a_failure_there_is_no_answer(villain):
    """The status and the content of an earlier object are shown for the one that failed."""
    villain.plays(villain.answer(b'old', status='200 OK'), villain.read, villain.say(b'garbage\r\n'))
    con = villain.connection(retries=0)
    con.GET('/rest/1')
    con.read()
    with pytest.raises(hcpsdk.HcpsdkError):
        con.GET('/rest/2')
    assert [con.Response, con.response, con.response_status, con.response_reason] == [None] * 4
    with pytest.raises(hcpsdk.HcpsdkError, match='no answer'):
        con.read()
    with pytest.raises(hcpsdk.HcpsdkError, match='no answer'):
        con.getheader('ETag')


def test_an_old_answer_stays_its_own(villain):
    """An answer kept from before reads the content of the next one, or passes for an empty object."""
    villain.plays(villain.answer(b'x' * 10), villain.answer(b'mine'))
    con = villain.connection(retries=0)
    old = con.GET('/rest/1')
    con.GET('/rest/2')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError, match='next request'):
        old.read()
    assert con.read() == b'mine'


@pytest.mark.parametrize('size', [10, 200_000])
def test_an_answer_is_no_body_for_its_own_connection(villain, size):
    """A copy by one Connection stores an empty object, and looks successful."""
    villain.plays(villain.answer(b'x' * size))
    con = villain.connection(retries=0)
    source = con.GET('/rest/source')
    with pytest.raises(hcpsdk.HcpsdkError, match='second Connection'):
        con.PUT('/rest/copy', source)
    assert source.read() == b'x' * size
    assert len(villain.requests) == 1


def test_a_body_that_asks_its_own_connection_is_refused(villain):
    """A copy block by block by one Connection dies of an inner error, or mixes two requests up."""
    villain.plays(villain.read_head, lambda wire: wire.outlast())
    con = villain.connection(retries=0)

    def blocks():
        yield b'x' * 100_000
        con.GET('/rest/source')

    with pytest.raises(hcpsdk.HcpsdkError, match='middle of a request'):
        con.PUT('/rest/copy', blocks())


def test_close_wakes_up_who_waits(villain):
    """Another thread cannot abort a request, or gets it to die of an inner error."""
    sign = threading.Event()
    villain.plays(villain.read, lambda wire: sign.set(), lambda wire: wire.outlast())
    con = villain.connection(timeout=30)
    closer = threading.Thread(target=lambda: sign.wait(5) and con.close())
    closer.start()
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkError):
        con.PUT('/rest/object', b'body')
    closer.join()
    assert time.monotonic() - began < 5


def test_a_partial_read_leaks_no_socket(villain):
    """Each half-read object costs a socket here and a slot on the node, until none is left."""
    villain.plays(villain.answer(b'x' * 200_000), times=10)
    con = villain.connection()
    for _ in range(10):
        con.GET('/rest/object')
        con.read(10)
    con.close()
    assert villain.clients_gone(10)


def test_an_exception_in_the_consumer_leaks_no_socket(villain):
    """As above, for a consumer that fails."""
    villain.plays(villain.answer(b'x' * 200_000))

    def consume():
        with villain.connection() as con:
            con.GET('/rest/object')
            con.read(10)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        consume()
    assert villain.clients_gone()


def test_closing_in_the_middle_of_a_body_frees_the_socket_at_once(villain):
    """As above, for close(); and what was read by then must not pass for the whole."""
    villain.plays(villain.answer(b'x' * 200_000)).plays(villain.answer(status='202 Again'))
    con = villain.connection()
    response = con.GET('/rest/object')
    con.read(10)
    con.close()
    assert villain.clients_gone()
    for reads in (con.read, response.read, response.readline):
        with pytest.raises(hcpsdk.HcpsdkTruncatedError):
            reads()
    con.close()
    con.HEAD('/rest/object')
    assert con.response_status == 202


def test_closing_the_answer_frees_the_socket_too(villain):
    """`with con.GET(...) as answer` leaves a connection behind that is neither usable nor closed."""
    villain.plays(villain.answer(b'x' * 200_000)).plays(villain.answer(status='202 Again'))
    con = villain.connection()
    with con.GET('/rest/object') as response:
        response.read(10)
    assert villain.clients_gone()
    con.HEAD('/rest/object')
    assert con.response_status == 202


@pytest.mark.parametrize('read', [True, False])
def test_a_forgotten_connection_is_closed_with_its_last_reference(villain, read):
    """Who forgets close() in a loop keeps a slot on the node for each round."""
    villain.plays(villain.answer(b'x' * 200_000))
    target = villain.target()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', ResourceWarning)  # which is right: it was forgotten
        con = hcpsdk.Connection(target)
        con.GET('/rest/object')
        if read:
            con.read()
        del con
        gc.collect()
    assert villain.clients_gone()


def test_a_failed_request_leaks_no_socket(villain):
    """Every failure costs a socket."""
    villain.plays(villain.read, villain.say(b'garbage\r\n')).plays(villain.read)
    con = villain.connection(timeout=0.1, retries=0)
    for _ in range(2):
        with pytest.raises(hcpsdk.HcpsdkError):
            con.GET('/rest/object')
    assert villain.clients_gone(2)


@pytest.fixture
def interrupt():
    """Send ourselves a Ctrl-C when the villain says so, in the thread that waits in the client."""
    main = threading.main_thread().ident

    def move(wire):
        signal.pthread_kill(main, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield move
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize('head', [b'Content-Length: 20\r\n\r\n', b'Transfer-Encoding: chunked\r\n\r\n14\r\n'])
def test_ctrl_c_in_the_middle_of_a_body_ends_the_connection(villain, interrupt, head):
    """After Ctrl-C bytes are missing in the middle of what is read on, or it ends up in the next answer."""
    asked = threading.Event()
    said = b'HTTP/1.1 200 OK\r\n' + head
    villain.plays(
        villain.read, villain.say(said), villain.wait(asked), villain.say(b'x' * 10), _pause, interrupt
    )
    villain.plays(villain.answer(b'mine'))
    con = villain.connection(retries=0)
    con.GET('/rest/1')
    asked.set()
    with pytest.raises(KeyboardInterrupt):
        con.read()
    assert villain.clients_gone()
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()
    con.GET('/rest/2')
    assert con.read() == b'mine'


def test_ctrl_c_while_waiting_for_an_answer_ends_the_connection(villain, interrupt):
    """After Ctrl-C the answer that was waited for becomes the one to the next request."""
    villain.plays(villain.read, _pause, interrupt).plays(villain.answer(b'mine'))
    con = villain.connection(retries=3)
    with pytest.raises(KeyboardInterrupt):
        con.GET('/rest/1')
    assert villain.clients_gone()
    con.GET('/rest/2')
    assert con.read() == b'mine'


def _pause(wire):
    """Let the client get into its wait; if it does not, the test proves less, but does not fail."""
    threading.Event().wait(0.05)
