"""`Connection.attempts`: what became of a request, each time that it was sent; and errors that tell it."""

from __future__ import annotations

import io
import time

import pytest

import hcpsdk

NODES = ('127.0.0.1', '127.0.0.2', '127.0.0.3')

TIMES = ('resolve', 'connect', 'send', 'wait', 'read')


def _lines(text):
    return len(text.splitlines())


def test_before_the_first_request_there_is_nothing(villain):
    """Looking at it too early is an AttributeError."""
    assert villain.connection().attempts == []


def test_a_request_that_went_well(villain):
    """Who wants to know which node was slow, and by what id HCP's support finds the request, cannot."""
    villain.plays(villain.answer(b'content', head='X-RequestId: 4711\r\n'))
    con = villain.connection()
    con.GET('/rest/object')
    assert con.read(3) == b'con'
    [attempt] = con.attempts
    assert isinstance(attempt, hcpsdk.Attempt)
    assert (attempt.address, attempt.reused) == ('127.0.0.1', False)
    assert (attempt.status, attempt.note) == (200, '')
    assert (attempt.request_id, attempt.received) == ('4711', 3)
    assert con.read() == b'tent'
    assert attempt.received == 7
    assert attempt.sent == len(villain.wires[0].raw)
    assert attempt.resolve == 0.0
    assert min(attempt.connect, attempt.send, attempt.wait, attempt.read) > 0


def test_it_tells_how_far_an_answered_request_came(villain):
    """A request that was answered is listed as one that got stuck while it was being sent."""
    villain.plays(villain.answer(b'content'))
    con = villain.connection()
    con.GET('/rest/object')
    assert con.attempts[0].reached == 'reading'
    con.read()
    assert con.attempts[0].reached == 'reading'


def test_a_kept_connection_takes_no_time_to_connect(villain):
    """The time of an earlier connect is booked for each request that follows."""
    villain.plays(villain.answer(), villain.answer())
    con = villain.connection()
    con.HEAD('/rest/1')
    assert con.attempts[0].connect > 0
    con.HEAD('/rest/2')
    [attempt] = con.attempts
    assert (attempt.reused, attempt.connect, attempt.resolve) == (True, 0.0, 0.0)


def test_times_tell_which_step_was_slow(villain):
    """The node, the network and the disk all look alike."""
    said = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'
    nap = [lambda wire: time.sleep(0.03)]
    villain.plays(villain.read, *nap, villain.say(said), *nap, villain.say(b'body'))
    con = villain.connection()
    con.GET('/rest/object')
    con.read()
    [attempt] = con.attempts
    assert 0.03 <= attempt.wait <= con.service_time2
    assert 0.02 < attempt.read < con.service_time2
    assert max(attempt.send, attempt.connect) < attempt.wait


def test_reading_is_added_up(villain):
    """Only the last block of a download counts."""
    said = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo'
    villain.plays(villain.read, villain.say(said), lambda wire: time.sleep(0.03), villain.say(b'dy'))
    con = villain.connection()
    con.GET('/rest/object')
    total = 0.0
    while con.read(2):
        total += con.service_time1
    assert con.attempts[0].read == pytest.approx(total + con.service_time1)


def test_asking_dns_again_is_told(villain):
    """A name server that takes its time looks like a node that does."""
    villain.listen(*NODES[:2], dead=NODES[:1]).plays(villain.answer())
    target = villain.target(resolver=villain.resolver(NODES[0]))
    target._circle._resolver.addresses = [NODES[1]]
    con = villain.connection(target)
    con.GET('/rest/object')
    [attempt] = con.attempts
    assert attempt.resolve > 0
    assert attempt.connect > 0
    assert 'resolve' in str(attempt)


def test_each_time_that_it_was_sent_is_an_entry(villain):
    """What the first tries died of is forgotten with the last one."""
    villain.listen(*NODES).plays(villain.answer(), villain.read, villain.hang_up)
    villain.plays(villain.read, villain.wait(villain.tested))
    villain.plays(villain.read, villain.say(b'HTTP/1.1 20'), villain.reset)
    villain.plays(villain.answer(status='503 Busy', head='X-RequestId: 1\r\n'))
    villain.plays(villain.answer(b'content', head='X-RequestId: 2\r\n'))
    con = villain.connection(timeout=(5, 0.1), retries=4)
    con.HEAD('/rest/first')
    con.GET('/rest/object')
    villain.tested.set()
    attempts = con.attempts
    assert [attempt.status for attempt in attempts] == [None, None, None, 503, 200]
    assert [attempt.reached for attempt in attempts[:3]] == ['waiting'] * 3
    assert [attempt.reused for attempt in attempts] == [True, False, False, False, False]
    assert [attempt.address for attempt in attempts] == [seen.node for seen in villain.requests[1:]]
    assert [attempt.request_id for attempt in attempts] == [None, None, None, '1', '2']
    assert [attempt.received for attempt in attempts] == [None, None, None, 0, 0]
    assert [bool(attempt.note) for attempt in attempts] == [True, True, True, False, False]
    assert 'closed without an answer' in attempts[0].note
    assert 'the wait clock ran out' in attempts[1].note
    assert 0.1 <= attempts[1].wait < 1


def test_each_request_begins_a_new_journal(villain):
    """The trouble of an earlier request is blamed on the next one."""
    villain.plays(villain.read, villain.hang_up).plays(villain.answer(), villain.answer())
    con = villain.connection()
    con.HEAD('/rest/1')
    first = con.attempts
    assert len(first) == 2
    con.HEAD('/rest/2')
    assert [len(con.attempts), len(first)] == [1, 2]


def test_the_list_is_the_callers_own(villain):
    """Who tidies up his list changes our books."""
    villain.plays(villain.answer())
    con = villain.connection()
    con.HEAD('/rest/object')
    con.attempts.clear()
    assert len(con.attempts) == 1


def test_what_was_never_sent_is_no_attempt(villain):
    """The attempts of the request before are shown for one that never left."""
    villain.listen(*NODES).plays(villain.answer(head='Connection: close\r\n'))
    con = villain.connection()
    con.HEAD('/rest/object')
    _go_down(villain)
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match='nothing was sent'):
        con.HEAD('/rest/object')
    assert con.attempts == []
    with pytest.raises(hcpsdk.HcpsdkError, match='no answer to look at'):
        con.read()


def _go_down(villain):
    """All nodes refuse from now on."""
    for key in list(villain._selector.get_map().values()):
        if key.fileobj is not villain._ear:
            villain._selector.unregister(key.fileobj)
            key.fileobj.close()


def test_what_is_refused_before_it_is_built_leaves_no_trace(villain):
    """A slip of the caller's looks like the request before it."""
    villain.plays(villain.answer())
    con = villain.connection()
    con.HEAD('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkError):
        con.HEAD('/rest/\0')
    assert [attempt.status for attempt in con.attempts] == [200]
    assert villain.requests[-1].line == 'HEAD /rest/object HTTP/1.1'


# --- bytes ------------------------------------------------------------------------------------


BODIES = {
    'bytes': lambda: b'x' * 100,
    'large': lambda: b'x' * 1_000_000,
    'list': lambda: [b'x' * 100, b'y' * 70_000],
    'generator': lambda: (part for part in [b'x' * 100, b'y' * 70_000]),
    'BytesIO': lambda: io.BytesIO(b'x' * 1_000_000),
}


@pytest.mark.parametrize('kind', BODIES)
def test_bytes_sent_are_those_on_the_wire(villain, kind):
    """Who adds up what an upload cost has another number than the network."""
    villain.plays(villain.answer(status='201 Created'))
    con = villain.connection()
    con.PUT('/rest/object', BODIES[kind]())
    assert con.attempts[0].sent == len(villain.wires[0].raw)


def test_bytes_sent_of_a_file_are_those_on_the_wire(villain, tmp_path):
    """As above: a megabyte out of a large file seems to have been lost."""
    (tmp_path / 'object').write_bytes(b'x' * 2_000_000)
    villain.plays(villain.answer(status='201 Created'))
    con = villain.connection()
    with (tmp_path / 'object').open('rb') as body:
        con.PUT('/rest/object', body)
    assert con.attempts[0].sent == len(villain.wires[0].raw)


@pytest.mark.parametrize(
    ('said', 'received'),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncontent!!', 9),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 0),
        (b'HTTP/1.1 204 No Content\r\n\r\n', None),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\n\r\n', None),
        (b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ncontent', None),
    ],
)
def test_bytes_received_are_told_where_a_length_was(villain, said, received):
    """A number is shown that nobody has counted."""
    villain.plays(villain.read, villain.say(said), villain.hang_up)
    con = villain.connection()
    con.GET('/rest/object')
    con.read()
    assert con.attempts[0].received == received


# --- one line ---------------------------------------------------------------------------------


FAILURES = {
    'hang_up': [b''],
    'garbage': [b'HTTP/1.1 abc\r\nX: y\r\n\r\n'],
    'many lines': [b'SSH-2.0\nhello\r\nworld\x85more\r\n\r\n'],
    'cut head': [b'HTTP/1.1 200 OK\r\nX-RequestId: '],
    'bad length': [b'HTTP/1.1 200 OK\r\nContent-Length: a\r\n b\r\n\r\n'],
    'bad coding': [b'HTTP/1.1 200 OK\r\nTransfer-Encoding: a\r\n b\r\n\r\n'],
}


@pytest.mark.parametrize('failure', FAILURES)
def test_the_error_carries_the_last_line(villain, failure):
    """Two lines have to be found in two places, to know what an error is about."""
    villain.plays(villain.read, villain.say(FAILURES[failure][0]), villain.hang_up)
    con = villain.connection(retries=0)
    with pytest.raises(hcpsdk.HcpsdkError) as caught:
        con.GET('/rest/object')
    line = str(con.attempts[-1])
    assert _lines(line) == 1
    assert line in str(caught.value)
    assert 'GET /rest/object to 127.0.0.1 (new): died waiting, ' in line
    assert 'bytes sent' in line


def test_an_answer_is_a_line_too(villain):
    """A log cannot be searched line by line."""
    villain.plays(villain.answer(b'content', '403 Forbidden', head='X-RequestId: 4711\r\n'))
    con = villain.connection()
    con.GET('/rest/a\r\nb', {'x': 'a\r\nb'})
    con.read()
    line = str(con.attempts[0])
    assert _lines(line) == 1
    assert line.startswith('GET /rest/a%0D%0Ab to 127.0.0.1 (new): 403, ')
    assert 'X-RequestId 4711' in line
    assert all(name in line for name in TIMES[1:])
    assert repr(con.attempts[0]) == f'<Attempt: {line}>'


@pytest.mark.parametrize('said', [b'4711\r\n INFO all is well', b'4711\rINFO all is well'])
def test_no_answer_can_forge_a_line_in_our_log(villain, said, caplog):
    """A server writes lines of its own into the log of its client."""
    caplog.set_level('DEBUG', 'hcpsdk')
    head = b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-RequestId: %b\r\n\r\n' % said
    villain.plays(villain.read, villain.say(head))
    con = villain.connection()
    con.HEAD('/rest/object')
    assert _lines(str(con.attempts[0])) == 1
    assert {_lines(record.getMessage()) for record in caplog.records} == {1}


def test_a_certificate_met_while_settling_is_a_line_too(villain, server_context, client_context):
    """As above: a page of advice about certificates stands in the middle of the line."""
    villain.listen(tls=server_context())

    def change(wire):
        villain.tls = server_context('other.test')

    villain.plays(villain.read, villain.hang_up)
    villain.plays(change, villain.answer(status='409 Conflict', head='Connection: close\r\n')).plays()
    con = villain.connection(villain.target(sslcontext=client_context))
    con.PUT('/rest/object', b'content')
    assert con.response_status == 409
    assert _lines(str(con.attempts[-1])) == 1


CUT = b'HTTP/1.1 200 OK\r\nX-RequestId: 4711\r\nContent-Length: 100\r\n\r\nhalf'


@pytest.mark.parametrize('how', ['cut', 'silence', 'deadline'])
def test_an_error_in_the_middle_of_a_body_carries_the_line(villain, how):
    """Of a download that broke off nobody knows what it was, and what HCP calls it."""
    ends = villain.hang_up if how == 'cut' else villain.wait(villain.tested)
    villain.plays(villain.read, villain.say(CUT), ends)
    kinds = {'cut': hcpsdk.HcpsdkTruncatedError}
    options = {'silence': {'timeout': (5, 0.1)}, 'deadline': {'deadline': 0.1}}.get(how, {})
    con = villain.connection(**options)
    con.GET('/rest/object')
    with pytest.raises(kinds.get(how, hcpsdk.HcpsdkTimeoutError)) as caught:
        con.read()
    villain.tested.set()
    assert '/rest/object' in str(caught.value)
    assert '4711' in str(caught.value)


def test_silence_in_the_middle_of_a_body_tells_how_far_it_came(villain):
    """A download that broke off at its end looks as if not a byte of it had come."""
    villain.plays(villain.read, villain.say(CUT), villain.wait(villain.tested))
    con = villain.connection(timeout=(5, 0.05))
    con.GET('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkTimeoutError) as caught:
        con.read()
    villain.tested.set()
    assert '4 of 100' in str(caught.value)


def test_the_journal_of_a_cut_body_says_how_much_came(villain):
    """As above; the journal itself says it."""
    villain.plays(villain.read, villain.say(CUT), villain.hang_up)
    con = villain.connection()
    con.GET('/rest/object')
    assert con.read(4) == b'half'
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()
    [attempt] = con.attempts
    assert (attempt.status, attempt.received, attempt.request_id) == (200, 4, '4711')
    assert attempt.read > 0


# --- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize('fails', [False, True])
def test_no_secret_is_in_it(villain, fails):
    """Whoever sees the journal, or an error with a line of it, can log in."""
    villain.plays(villain.read, villain.hang_up) if fails else villain.plays(
        villain.answer(head='Set-Cookie: hcp-ns-auth=c3VwZXJtYW4=\r\n')
    )
    con = villain.connection(retries=0)
    cookie = 'hcp-ns-auth=bHV0aG9y'
    headers = {'Authorization': 'HCP Z2VuZXJhbA==:zod', 'Cookie': cookie, 'X-Auth-Token': 'lex'}
    shown = []
    try:
        con.PUT('/mapi/userAccounts', b'kr1ptonite', {'password': 'p4rasite'}, headers)
    except hcpsdk.HcpsdkError as error:
        shown += [str(error), repr(error)]
    [attempt] = con.attempts
    shown += [str(attempt), repr(attempt), repr(con), f'{con.attempts}']
    secrets = ['Z2VuZXJhbA', 'bHV0aG9y', ':zod', 'lex', 'p4rasite', 'kr1ptonite', 'c3VwZXJtYW4', 'k2rypt']
    assert not [text for text in shown if any(secret in text for secret in secrets)]
    assert bool(fails) is (len(shown) > 4)
