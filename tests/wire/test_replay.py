"""What is sent again, how often, and with which bytes."""

from __future__ import annotations

import io
import os
import threading

import pytest

import hcpsdk
from hcpsdk._request import BLOCK

CONTENT = b'0123456\r\n\xc3\xa9' * 40_000


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'object'
    path.write_bytes(CONTENT)
    return path


def _bytes(path):
    return CONTENT, CONTENT


def _bytearray(path):
    return bytearray(CONTENT), CONTENT


def _str(path):
    return CONTENT.decode(), CONTENT


def _memory_from_offset(path):
    body = io.BytesIO(CONTENT)
    body.seek(1000)
    return body, CONTENT[1000:]


def _file_from_offset(path):
    body = path.open('rb')
    body.seek(7)
    return body, CONTENT[7:]


def _file_unbuffered(path):
    body = path.open('rb', buffering=0)
    body.seek(7)
    return body, CONTENT[7:]


def _text_file(path):
    return path.open(encoding='utf-8'), CONTENT


def _text_file_after_a_line(path):
    body = path.open(encoding='utf-8')
    assert body.readline() == '0123456\n'
    return body, CONTENT[9:]


def _list(path):
    return [CONTENT[:9], CONTENT[9:]], CONTENT


REPLAYABLE = [_bytes, _bytearray, _str, _memory_from_offset, _file_from_offset, _file_unbuffered,
              _text_file, _text_file_after_a_line, _list]  # fmt: skip


@pytest.mark.parametrize('kind', REPLAYABLE)
def test_a_body_is_replayed_from_where_it_stood(villain, file, kind):
    """The second attempt stores nothing, or the wrong part, and HCP says 201."""
    body, expected = kind(file)
    villain.plays(villain.read, villain.hang_up, times=2).plays(villain.answer(status='201 Created'))
    con = villain.connection()
    con.PUT('/rest/object', body)
    assert con.response_status == 201
    assert [seen.body for seen in villain.requests] == [expected] * 3
    if hasattr(body, 'close'):
        body.close()


@pytest.mark.parametrize('kind', REPLAYABLE)
def test_a_body_is_replayed_after_a_stale_connection(villain, file, kind):
    """As above, where half of the body was lost in a connection that HCP had closed."""
    body, expected = kind(file)
    villain.plays(villain.answer(), villain.read_head, villain.reset)
    villain.plays(villain.answer(status='201 Created'))
    con = villain.connection(retries=0)
    con.HEAD('/rest/object')
    con.PUT('/rest/object', body)
    assert con.response_status == 201
    assert villain.requests[-1].body == expected
    if hasattr(body, 'close'):
        body.close()


def _pipe(content):
    ear, mouth = os.pipe()

    def fill():
        with open(mouth, 'wb') as file:
            file.write(content)

    writer = threading.Thread(target=fill)
    writer.start()
    return open(ear, 'rb'), writer


@pytest.mark.parametrize('method', ['PUT', 'POST'])
def test_a_generator_is_never_sent_twice(villain, method):
    """What is left of a generator, nothing, is stored as the object."""
    villain.plays(villain.read, villain.hang_up)
    con = villain.connection()
    with pytest.raises(hcpsdk.HcpsdkError, match='generator'):
        con.request(method, '/rest/object', (CONTENT[at : at + 1000] for at in range(0, 5000, 1000)))
    assert [seen.body for seen in villain.requests] == [CONTENT[:5000]]


def test_a_pipe_is_never_sent_twice(villain):
    """As above, for a pipe; its writer must not hang, either."""
    villain.plays(villain.read, villain.hang_up)
    body, writer = _pipe(CONTENT[:5000])
    with body, pytest.raises(hcpsdk.HcpsdkError, match='pipe'):
        villain.connection().PUT('/rest/object', body)
    writer.join(5)
    assert [seen.body for seen in villain.requests] == [CONTENT[:5000]]


def test_an_untouched_generator_is_sent_over_a_new_connection(villain):
    """A stream fails for a connection that had been closed before it was touched."""
    villain.plays(villain.answer(head='Connection: close\r\n')).plays(villain.answer(status='201 Created'))
    con = villain.connection(retries=0)
    con.HEAD('/rest/object')
    con.PUT('/rest/object', (part for part in [b'one', b'', b'two']))
    assert con.response_status == 201
    assert villain.requests[-1].body == b'onetwo'
    assert villain.requests[-1].headers['transfer-encoding'] == 'chunked'


def test_a_stream_of_announced_length_needs_no_chunks(villain):
    """Who knows the length of his stream cannot say so."""
    villain.plays(villain.answer(status='201 Created'))
    con = villain.connection()
    con.PUT('/rest/object', iter([b'one', b'two']), headers={'Content-Length': '6'})
    assert villain.requests[0].body == b'onetwo'
    assert 'transfer-encoding' not in villain.requests[0].headers


class Changing(io.BytesIO):
    """A file that somebody else changes before its n-th block is read."""

    def __init__(self, size, change, block):
        super().__init__(b'x' * size)
        self.change, self.left = change, block

    def read(self, amt=-1):
        self.left -= 1
        if self.left == 0:
            at = self.tell()
            self.change(self)
            self.seek(at)
        return super().read(amt)


def _shrink(file):
    file.truncate(len(file.getvalue()) // 2)


def _grow(file):
    file.seek(0, io.SEEK_END)
    file.write(b'more')


@pytest.mark.parametrize(
    ('change', 'size', 'block'),
    [(change, *where) for change in (_shrink, _grow) for where in [(1000, 1), (1_000_000, 1), (1_000_000, 3)]]
    + [(_grow, 4 * BLOCK, 5)],  # when all that was announced has been read
)
def test_a_file_that_changes_while_sent_is_never_stored(villain, change, size, block):
    """Half a file, or a mixture of two versions, is archived with a 201."""
    villain.plays(villain.answer(status='201 Created'))
    con = villain.connection()
    with pytest.raises(hcpsdk.HcpsdkError, match=r'grew|shrank'):
        con.PUT('/rest/object', Changing(size, change, block))
    assert con.response_status is None
    assert villain.clients_gone()
    assert villain.requests == []


def test_a_body_that_raises_ends_the_connection(villain):
    """The next request continues the body of the one before."""
    villain.plays(villain.answer()).plays(villain.answer(status='202 Again'))

    def body():
        yield b'a part'
        raise ValueError('the disk is gone')

    con = villain.connection(retries=0)
    with pytest.raises(ValueError, match='the disk is gone'):
        con.PUT('/rest/object', body())
    assert villain.clients_gone()
    con.HEAD('/rest/object')
    assert con.response_status == 202
    assert len(villain.requests) == 1


@pytest.mark.parametrize('goodbye', ['hang_up', 'reset'])
@pytest.mark.parametrize('fresh', [True, False])
def test_a_post_is_seen_once(villain, goodbye, fresh):
    """A replication link fails over twice."""
    before = [] if fresh else [villain.answer()]
    villain.plays(*before, villain.read, getattr(villain, goodbye))
    con = villain.connection(retries=3)
    if not fresh:
        con.HEAD('/mapi/services')
    with pytest.raises(hcpsdk.HcpsdkError, match='POST /mapi/services/replication'):
        con.POST('/mapi/services/replication', params={'failOver': ''})
    assert [seen.method for seen in villain.requests].count('POST') == 1
    assert con.response_status is None


@pytest.mark.parametrize('method', ['GET', 'HEAD', 'PUT', 'DELETE'])
def test_a_lost_answer_is_asked_for_again(villain, method):
    """One hiccup of a node ends a night's work; or a dead HCP is asked for ever."""
    villain.plays(villain.read, villain.reset, times=4)
    con = villain.connection(retries=3)
    with pytest.raises(hcpsdk.HcpsdkError, match='all 3 retries'):
        con.request(method, '/rest/object')
    assert [seen.method for seen in villain.requests] == [method] * 4
    assert [nap for nap in villain.naps if nap] == [0.25, 0.5]


@pytest.mark.parametrize('method', ['GET', 'PUT'])
def test_retries_begin_anew_with_each_request(villain, method):
    """The first request of the day uses up the retries of all that follow."""
    villain.plays(villain.read, villain.hang_up)
    villain.plays(villain.answer(), villain.read, villain.hang_up)
    villain.plays(villain.read, villain.hang_up)
    villain.plays(villain.answer())
    con = villain.connection(retries=1)
    con.request(method, '/rest/1')
    con.request(method, '/rest/2')
    assert [seen.line.split(' ')[1] for seen in villain.requests] == ['/rest/1'] * 2 + ['/rest/2'] * 3


def test_after_a_write_was_lost_nobody_says_that_nothing_was_sent(villain):
    """A PUT that HCP may have stored is reported as never sent, because all nodes went down after it."""

    def go_down(wire):
        for key in list(villain._selector.get_map().values()):
            if key.fileobj is not villain._ear:
                villain._selector.unregister(key.fileobj)
                key.fileobj.close()
        wire.reset()

    villain.plays(villain.read, go_down)
    con = villain.connection()
    with pytest.raises(hcpsdk.HcpsdkError, match='by HEAD') as caught:
        con.PUT('/rest/object', b'body')
    assert not isinstance(caught.value, hcpsdk.HcpsdkCantConnectError)
    assert 'nothing was sent' not in str(caught.value)
