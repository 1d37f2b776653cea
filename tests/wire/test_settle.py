"""A write whose answer was lost: what HCP has tells whether it had won. HCP is write-once, so its
repetition meets 409, or 404 after a DELETE, and looks like a failure.
"""

from __future__ import annotations

import hashlib
import io
import logging

import pytest

import hcpsdk
from hcpsdk.connection import LOOK_PAUSE, LOOKS

CONTENT = b'0123456\r\n\xc3\xa9' * 500

ALGORITHMS = {
    'MD5': 'md5', 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512',
    'RIPEMD-160': 'ripemd160',
}  # fmt: skip
"""those of the REST reference (X-HCP-Hash), and what Python calls them"""


def _hash(content, algorithm='SHA-256'):
    return f'{algorithm} {hashlib.new(ALGORITHMS[algorithm], content).hexdigest().upper()}'


def _facts(content=CONTENT, hashed=None):
    """The headers by which HCP describes an object; no hash if it is empty."""
    hashed = _hash(content) if hashed is None else hashed
    lines = [f'X-HCP-Size: {len(content)}', 'X-HCP-VersionId: 77']
    return '\r\n'.join([*lines, *([f'X-HCP-Hash: {hashed}'] if hashed else []), ''])


def _says(status, head):
    """An answer to HEAD: its length is that of a body which does not come."""

    def move(wire):
        wire.read_request()
        wire.sock.sendall(f'HTTP/1.1 {status}\r\nContent-Length: 4711\r\n{head}\r\n'.encode())

    return move


def _conflict(villain):
    return villain.answer(b'<error/>', '409 Conflict', head='X-HCP-ErrorMessage: exists\r\n')


def _lost_then_conflict(villain, *looks):
    """Stored, but the answer is lost; the repetition meets 409, and then HEAD sees something."""
    villain.plays(villain.read, villain.hang_up)
    return villain.plays(_conflict(villain), *looks)


def _methods(villain):
    return [seen.method for seen in villain.requests]


def _ours(con, note='it is ours'):
    assert [con.response_status, con.response_reason] == [201, 'Created']
    assert con.attempts[-1].note == f'settled by HEAD: {note}'


def _theirs(con):
    """The 409 is what the caller gets, with its own headers."""
    assert [con.response_status, con.response_reason] == [409, 'Conflict']
    assert con.getheader('X-HCP-ErrorMessage') == 'exists'
    assert 'settled by HEAD' in con.attempts[-1].note
    assert 'ours' not in con.attempts[-1].note


def test_a_lost_answer_is_settled(villain):
    """An object that is safe in the archive is reported as a conflict, and somebody has to look by hand."""
    _lost_then_conflict(villain, _says('200 OK', _facts()), villain.answer(status='202 Again'))
    con = villain.connection()
    answer = con.PUT('/rest/object', CONTENT)
    _ours(con)
    assert answer is con.Response
    assert con.getheader('x-hcp-versionid') == '77'
    assert dict(con.getheaders())['X-HCP-Hash'] == _hash(CONTENT)
    assert con.read() == b''
    con.HEAD('/rest/next')
    assert con.response_status == 202
    assert _methods(villain) == ['PUT', 'PUT', 'HEAD', 'HEAD']
    assert [nap for nap in villain.naps if nap] == []


@pytest.mark.parametrize('level', [logging.DEBUG, logging.INFO])
def test_the_log_tells_how_it_was_settled(villain, caplog, level):
    """Nobody can find out later why a PUT that met 409 was taken for a success."""
    caplog.set_level(level, 'hcpsdk')
    _lost_then_conflict(villain, _says('200 OK', _facts()))
    villain.connection().PUT('/rest/object', CONTENT)
    [told] = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert 'PUT /rest/object' in told
    assert 'settled by HEAD: it is ours' in told


@pytest.mark.parametrize('loss', ['hang_up', 'reset', 'silence', 'cut head'])
@pytest.mark.parametrize('fresh', [True, False])
def test_however_the_answer_was_lost(villain, loss, fresh):
    """Only one of the ways to lose an answer is thought of, and not the one of that night."""
    loses = {
        'hang_up': [villain.hang_up],
        'reset': [villain.reset],
        'silence': [villain.wait(villain.tested)],
        'cut head': [villain.say(b'HTTP/1.1 201 Created\r\nX-HCP'), villain.hang_up],
    }[loss]
    villain.plays(*[villain.answer()] * (not fresh), villain.read, *loses)
    villain.plays(_conflict(villain), _says('200 OK', _facts()))
    con = villain.connection(timeout=(5, 0.1 if loss == 'silence' else 5), retries=1)
    if not fresh:
        con.HEAD('/rest/first')
    con.PUT('/rest/object', CONTENT)
    _ours(con)
    assert [attempt.status for attempt in con.attempts] == [None, 409]
    villain.tested.set()


def test_a_kept_connection_that_was_closed_on_receipt_leaves_a_doubt_too(villain):
    """The repetition that is free, with retries=0, meets an object that the first try had stored."""
    villain.plays(villain.answer(), villain.read, villain.hang_up)
    villain.plays(_conflict(villain), _says('200 OK', _facts()))
    con = villain.connection(retries=0)
    con.HEAD('/rest/first')
    con.PUT('/rest/object', CONTENT)
    _ours(con)


def test_a_doubt_outlasts_a_busy_node(villain):
    """A 503 between the lost answer and the 409 makes us forget that the object may be ours."""
    villain.plays(villain.read, villain.hang_up).plays(villain.answer(status='503 Busy'))
    villain.plays(_conflict(villain), _says('200 OK', _facts()))
    con = villain.connection()
    con.PUT('/rest/object', CONTENT)
    _ours(con)
    assert [attempt.status for attempt in con.attempts] == [None, 503, 409]


@pytest.mark.parametrize('algorithm', ALGORITHMS)
@pytest.mark.parametrize('case', [str.upper, str.lower])
def test_each_algorithm_of_hcp_settles(villain, algorithm, case):
    """In namespaces with another hash algorithm than ours nothing is ever settled."""
    if ALGORITHMS[algorithm] not in hashlib.algorithms_available:
        pytest.skip('this OpenSSL does not have it')
    _lost_then_conflict(villain, _says('200 OK', _facts(hashed=case(_hash(CONTENT, algorithm)))))
    con = villain.connection()
    con.PUT('/rest/object', CONTENT)
    _ours(con)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'object'
    path.write_bytes(CONTENT)
    with path.open('rb') as opened:
        opened.seek(7)
        yield opened


KINDS = {
    'bytes': lambda: (CONTENT, CONTENT),
    'nothing': lambda: (b'', b''),
    'None': lambda: (None, b''),
    'bytearray': lambda: (bytearray(CONTENT), CONTENT),
    'str': lambda: (CONTENT.decode(), CONTENT),
    'list': lambda: ([CONTENT[:9], b'', CONTENT[9:]], CONTENT),
    'empty list': lambda: ([], b''),
    'BytesIO': lambda: (io.BytesIO(CONTENT), CONTENT),
    'a megabyte': lambda: (CONTENT * 200, CONTENT * 200),
}


@pytest.mark.parametrize('kind', KINDS)
def test_each_kind_of_body_settles(villain, kind):
    """What is compared with HCP's hash are not the bytes that were sent."""
    body, content = KINDS[kind]()
    _lost_then_conflict(villain, _says('200 OK', _facts(content)))
    con = villain.connection()
    con.PUT('/rest/object', body)
    _ours(con)
    assert [seen.body for seen in villain.requests] == [content, content, b'']


def test_a_file_settles_from_where_it_stood(villain, file):
    """As above: the whole file is hashed, where a part of it was sent."""
    _lost_then_conflict(villain, _says('200 OK', _facts(CONTENT[7:])))
    con = villain.connection()
    con.PUT('/rest/object', file)
    _ours(con)
    assert file.tell() == len(CONTENT)


class Counted(io.BytesIO):
    """A file that knows how often it was read, apart from the look whether it is in text mode."""

    reads = 0

    def read(self, amt=-1):
        self.reads += amt != 0
        return super().read(amt)


THEIRS = {
    'other hash': lambda: _says('200 OK', _facts(hashed=_hash(CONTENT[::-1]))),
    'other algorithm': lambda: _says('200 OK', _facts(hashed=_hash(CONTENT, 'MD5').replace('MD5', 'SHA-1'))),
    'other size': lambda: _says('200 OK', _facts(CONTENT + b'x')),
    'other size, same hash': lambda: _says('200 OK', _facts(CONTENT + b'x', _hash(CONTENT))),
    'no size': lambda: _says('200 OK', f'X-HCP-Hash: {_hash(CONTENT)}\r\n'),
    'no hash': lambda: _says('200 OK', _facts(hashed='')),
    'unknown algorithm': lambda: _says('200 OK', _facts(hashed='BLAKE3 00')),
    'a hash that is none': lambda: _says('200 OK', _facts(hashed='SHA-256')),
    'half a hash': lambda: _says('200 OK', _facts(hashed=_hash(CONTENT)[:-2])),
    'forbidden': lambda: _says('403 Forbidden', ''),
    'gone': lambda: _says('410 Gone', ''),
    'moved': lambda: _says('302 Found', _facts()),
}


@pytest.mark.parametrize('look', THEIRS)
@pytest.mark.parametrize('body', [CONTENT, [CONTENT]], ids=['bytes', 'list'])
def test_what_cannot_be_shown_to_be_ours_is_not(villain, look, body):
    """Somebody else's object passes for ours, and our own data are stored nowhere."""
    _lost_then_conflict(villain, THEIRS[look](), villain.answer(status='202 Again'))
    con = villain.connection()
    con.PUT('/rest/object', body)
    _theirs(con)
    assert [attempt.status for attempt in con.attempts] == [None, 409]
    con.HEAD('/rest/next')
    assert con.response_status == 202


@pytest.mark.parametrize(
    ('look', 'hashed'), [('other size', False), ('no hash', False), ('other hash', True)]
)
def test_a_body_is_hashed_only_if_that_can_decide(villain, look, hashed):
    """A file of a terabyte is read once more for a question that its size has answered."""
    body, before = Counted(CONTENT), []
    _lost_then_conflict(villain, lambda wire: before.append(body.reads), THEIRS[look]())
    con = villain.connection()
    con.PUT('/rest/object', body)
    _theirs(con)
    assert (body.reads > before[0]) is hashed


def test_a_file_that_changed_meanwhile_is_not_ours(villain):
    """The question whose object it is ends the request by an error about a file, and the 409 is lost."""
    body = io.BytesIO(CONTENT)

    def look(wire):
        _says('200 OK', _facts())(wire)

    def conflict(wire):
        _conflict(villain)(wire)
        body.truncate(10)

    villain.plays(villain.read, villain.hang_up).plays(conflict, look)
    con = villain.connection()
    con.PUT('/rest/object', body)
    _theirs(con)


def test_what_is_open_for_write_is_looked_at_again(villain):
    """HCP says 404 while the first try is still being written, and the 409 stands although it is ours."""
    late = [_says('404 Not Found', '')] * 2
    _lost_then_conflict(villain, *late, _says('200 OK', _facts()))
    con = villain.connection()
    con.PUT('/rest/object', CONTENT)
    _ours(con)
    assert [nap for nap in villain.naps if nap] == [LOOK_PAUSE] * 2 == [1.0] * 2


def test_what_never_appears_is_looked_for_a_few_times_only(villain):
    """A node that says 409 and 404 of the same object holds the program for ever."""
    _lost_then_conflict(villain, *[_says('404 Not Found', '')] * 20)
    con = villain.connection()
    con.PUT('/rest/object', CONTENT)
    _theirs(con)
    assert _methods(villain) == ['PUT', 'PUT'] + ['HEAD'] * LOOKS
    assert 'HEAD was answered by 404' in con.attempts[-1].note


def test_nobody_waits_after_the_last_look(villain):
    """Each object that never appears costs a second more than it has to."""
    _lost_then_conflict(villain, *[_says('404 Not Found', '')] * 20)
    villain.connection().PUT('/rest/object', CONTENT)
    assert [nap for nap in villain.naps if nap] == [LOOK_PAUSE] * (LOOKS - 1)


def test_looking_ends_with_the_deadline(villain):
    """Whoever gave the request half a second waits for four."""
    _lost_then_conflict(villain, *[_says('404 Not Found', '')] * 20)
    con = villain.connection(deadline=0.5)
    con.PUT('/rest/object', CONTENT)
    _theirs(con)
    assert _methods(villain) == ['PUT', 'PUT', 'HEAD']
    assert [nap for nap in villain.naps if nap] == []


@pytest.mark.parametrize('retries', [1, 3])
def test_a_head_that_fails_for_good_leaves_the_409(villain, retries):
    """An error about HEAD comes out of a PUT, which nobody has asked for."""
    _lost_then_conflict(villain, villain.read, villain.hang_up)
    villain.plays(villain.read, villain.hang_up, times=retries + 1)
    con = villain.connection(retries=retries)
    con.PUT('/rest/object', CONTENT)
    _theirs(con)
    assert 'could not be asked' in con.attempts[-1].note
    assert _methods(villain)[:3] == ['PUT', 'PUT', 'HEAD']
    villain._scripts.queue.clear()
    villain.plays(villain.answer(status='202 Again'))
    con.HEAD('/rest/next')
    assert con.response_status == 202


@pytest.mark.parametrize('mishap', ['hang_up', '503'])
def test_a_head_that_has_a_mishap_is_repeated(villain, mishap):
    """The question is given up at the first hiccup of the network that had lost the answer before."""
    moves = [villain.read, villain.hang_up] if mishap == 'hang_up' else [villain.answer(status='503 Busy')]
    villain.plays(villain.read, villain.hang_up)
    villain.plays(villain.answer(status='409 Conflict', head='Connection: close\r\n'))
    villain.plays(*moves).plays(_says('200 OK', _facts()))
    con = villain.connection()
    con.PUT('/rest/object', CONTENT)
    _ours(con)


def test_a_409_that_nobody_doubts_is_not_looked_into(villain):
    """Each real conflict costs a HEAD and a hash; or an equal object of another passes for a success."""
    villain.plays(_conflict(villain), villain.answer(status='202 Again'))
    con = villain.connection()
    con.PUT('/rest/object', CONTENT)
    assert [con.response_status, con.attempts[-1].note] == [409, '']
    con.HEAD('/rest/next')
    assert _methods(villain) == ['PUT', 'HEAD']


def test_a_409_after_a_refusal_is_not_looked_into(villain):
    """As above, where the first try was refused by a busy node."""
    villain.plays(villain.answer(status='503 Busy')).plays(_conflict(villain))
    con = villain.connection()
    con.PUT('/rest/object', CONTENT)
    assert [con.response_status, con.attempts[-1].note] == [409, '']
    assert _methods(villain) == ['PUT', 'PUT']


def test_a_409_after_half_a_request_is_not_looked_into(villain):
    """As above, where the first try never reached HCP as a whole."""
    body = b'x' * 8_000_000
    villain.plays(villain.read_head, villain.reset).plays(_swallow(body), _refuse)
    con = villain.connection()
    con.PUT('/rest/object', body)
    assert [con.response_status, con.attempts[-1].note] == [409, '']
    assert len(villain.wires) == 2


def _swallow(body):
    """Read one request with that body, and keep nothing of it."""

    def move(wire):
        while not wire.raw.endswith(b'\r\n\r\n'):
            wire.receive(1)
        left = len(body)
        while left:
            left -= len(wire.sock.recv(min(left, 1_000_000)))

    return move


def _refuse(wire):
    wire.sock.sendall(b'HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n')


def test_the_question_is_asked_by_whom_the_request_was(villain):
    """HEAD goes out with other credentials than the PUT, or with its query, its length and its conditions."""
    _lost_then_conflict(villain, _says('200 OK', _facts()))
    con = villain.connection()
    mine = {'Authorization': 'HCP bXk=:own', 'If-None-Match': '*', 'Content-Type': 'text/plain'}
    con.PUT('/rest/a b', CONTENT, {'retention': 'A+1y'}, mine)
    _ours(con)
    first, _, question = villain.requests
    assert question.line == 'HEAD /rest/a%20b HTTP/1.1'
    assert question.headers['authorization'] == 'HCP bXk=:own'
    assert question.headers['host'] == first.headers['host']
    assert not {'if-none-match', 'content-type', 'content-length'} & question.headers.keys()


def test_only_the_object_itself_is_settled(villain):
    """An annotation that HCP refused passes for stored, as the object happens to have the same bytes."""
    _lost_then_conflict(villain, _says('200 OK', _facts()))
    con = villain.connection()
    con.PUT('/rest/object', CONTENT, {'type': 'custom-metadata', 'annotation': 'a'})
    assert con.response_status == 409


def test_a_generator_is_never_sent_twice_so_never_settled(villain):
    """An object that nobody can read again is judged by what is left of it: nothing."""
    villain.plays(villain.read, villain.hang_up)
    with pytest.raises(hcpsdk.HcpsdkError, match='generator.*by HEAD'):
        villain.connection().PUT('/rest/object', (part for part in [CONTENT]))
    assert _methods(villain) == ['PUT']


@pytest.mark.parametrize('goodbye', ['hang_up', 'reset'])
def test_a_delete_that_finds_nothing_after_a_lost_answer_has_deleted(villain, goodbye, caplog):
    """A delete that worked is reported as a failure."""
    caplog.set_level(logging.INFO, 'hcpsdk')
    missing = villain.answer(b'<error/>', '404 Not Found')
    villain.plays(villain.read, getattr(villain, goodbye)).plays(missing, villain.answer(status='202 Again'))
    con = villain.connection()
    con.DELETE('/rest/object')
    assert [con.response_status, con.response_reason] == [200, 'OK']
    assert 'an earlier try has deleted' in con.attempts[-1].note
    assert 'an earlier try has deleted' in caplog.text
    con.HEAD('/rest/next')
    assert con.response_status == 202
    assert _methods(villain) == ['DELETE', 'DELETE', 'HEAD']


def test_a_delete_that_finds_nothing_at_first_has_not(villain):
    """Who deletes the wrong name is told that it worked."""
    villain.plays(villain.answer(status='404 Not Found'))
    con = villain.connection()
    con.DELETE('/rest/object')
    assert [con.response_status, con.attempts[-1].note] == [404, '']


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
@pytest.mark.parametrize('status', ['404 Not Found', '409 Conflict'])
def test_what_only_reads_is_never_settled(villain, method, status):
    """A GET that was repeated says 200 of an object that does not exist."""
    villain.plays(villain.read, villain.hang_up).plays(villain.answer(status=status))
    con = villain.connection()
    con.request(method, '/rest/object')
    assert con.response_status == int(status[:3])
    assert _methods(villain) == [method] * 2


def test_a_post_is_never_repeated_so_never_settled(villain):
    """A replication link fails over twice."""
    villain.plays(villain.read, villain.hang_up)
    with pytest.raises(hcpsdk.HcpsdkError, match='by HEAD'):
        villain.connection().POST('/mapi/services/replication', {'failOver': ''})
    assert _methods(villain) == ['POST']
