"""What is larger than memory, or than 32 bits: sent and received piece by piece, or by the kernel."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import tracemalloc

import pytest

import hcpsdk
from hcpsdk._request import BLOCK

MB = 1024 * 1024

BLOCK_OF_LINES = (b'x' * 1023 + b'\n') * 1024
"""a megabyte"""

HUGE = 5_000_000_000
"""more than 32 bits can count"""


# --- more than 32 bits ------------------------------------------------------------------------


WAYS = {
    'read()': lambda con: con.read(),
    'read(n)': lambda con: list(iter(lambda: con.read(5), b'')),
    'read(all of it)': lambda con: con.read(HUGE),
    'readinto': lambda con: con.Response.readinto(bytearray(100)),
    'iteration': lambda con: list(con.Response),
}


@pytest.mark.parametrize('length', [2**32 + 10, HUGE, 2**63 - 1])
@pytest.mark.parametrize('way', WAYS)
def test_a_huge_answer_that_is_cut_says_so(villain, way, length):
    """The first half gigabyte of an object passes for the whole, as its length was cut to 32 bits."""
    villain.plays(villain.answer(b'x' * 10, length=length), villain.hang_up)
    con = villain.connection()
    con.GET('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError, match=f'10 of {length} bytes'):
        WAYS[way](con)
    assert con.attempts[0].received == 10


@pytest.mark.parametrize('size', [0, 10])
def test_a_huge_chunk_that_is_cut_says_so(villain, size):
    """As above, for chunks."""
    said = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n' % HUGE
    villain.plays(villain.read, villain.say(said + b'x' * size), villain.hang_up)
    con = villain.connection()
    con.GET('/rest/object')
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read(100)


def test_an_answer_to_head_may_be_of_any_length(villain):
    """The size of a large object cannot be asked for."""
    said = f'HTTP/1.1 200 OK\r\nContent-Length: {HUGE}\r\nX-HCP-Size: {HUGE}\r\n\r\n'.encode()
    villain.plays(villain.read, villain.say(said), villain.answer(status='202 Again'))
    con = villain.connection()
    con.HEAD('/rest/object')
    assert con.getheader('X-HCP-Size') == str(HUGE)
    con.HEAD('/rest/next')
    assert con.response_status == 202


@pytest.fixture
def sparse(tmp_path):
    """A file of that size that takes no place."""

    @contextlib.contextmanager
    def make(size):
        path = tmp_path / 'object'
        with path.open('wb') as file:
            file.truncate(size)
        with path.open('rb') as file:
            yield file

    return make


@pytest.mark.parametrize('deadline', [None, 20])
def test_a_huge_file_is_announced_whole(villain, sparse, deadline):
    """Of a file of five gigabytes a part is stored, with a 201."""
    villain.plays(villain.read_head, lambda wire: wire.read_bytes(100_000), villain.reset)
    con = villain.connection(retries=0, deadline=deadline)
    with sparse(HUGE) as body, pytest.raises(hcpsdk.HcpsdkError, match='sending'):
        con.PUT('/rest/object', body)
    assert f'\r\nContent-Length: {HUGE}\r\n'.encode() in villain.wires[0].raw


# --- flat memory ------------------------------------------------------------------------------


@contextlib.contextmanager
def _flat(most=2 * MB):
    """Memory at its peak, above what it was before."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most


def _swallow(wire):
    """Read one request and keep nothing of its body but the count."""
    while b'\r\n\r\n' not in wire.raw:
        wire.receive(1)
    buffer, wire.count, tail = bytearray(BLOCK), 0, b''
    length = wire.raw.partition(b'Content-Length: ')[2].partition(b'\r\n')[0]
    wire.announced = int(length) if length else None
    while wire.count != wire.announced and tail != b'\r\n0\r\n\r\n':
        got = wire.sock.recv_into(buffer)
        if not got:
            raise ConnectionResetError('the client hung up in the middle of a body')
        wire.count += got
        tail = (tail + bytes(buffer[max(0, got - 7) : got]))[-7:]


def _created(wire):
    wire.sock.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n')


OUT = {
    'generator': lambda file: (BLOCK_OF_LINES[:65536] for _ in range(1024)),
    'list': lambda file: [BLOCK_OF_LINES[:65536]] * 1024,
    'file': lambda file: file,
    'file without a buffer': lambda file: file.raw,
    'text file': lambda file: io.TextIOWrapper(file),
    'own read()': lambda file: Own(file.raw),
}


class Own(io.BufferedReader):
    """A file that looks at what goes by."""

    count = 0

    def read(self, amt=-1):
        data = super().read(amt)
        self.count += len(data)
        return data


@pytest.mark.parametrize('kind', OUT)
@pytest.mark.parametrize('deadline', [None, 50])
def test_memory_stays_flat_while_64_mb_go_out(villain, sparse, kind, deadline):
    """An upload needs as much memory as the object is large, and large ones kill the program."""
    villain.plays(_swallow, _created)
    con = villain.connection(deadline=deadline)
    with sparse(64 * MB) as file:
        body = OUT[kind](file)
        with _flat():
            con.PUT('/rest/object', body)
        if isinstance(body, io.TextIOWrapper):
            body.detach()
    assert con.response_status == 201
    [wire] = villain.wires
    assert wire.count >= 64 * MB
    assert wire.announced == (None if kind in ('generator', 'list') else 64 * MB)


IN = {
    'read(n)': lambda con: sum(map(len, iter(lambda: con.read(65536), b''))),
    'readinto': lambda con: _fill(con.Response, bytearray(65536)),
    'read1': lambda con: sum(map(len, iter(con.Response.read1, b''))),
}


def _fill(answer, buffer):
    return sum(iter(lambda: answer.readinto(buffer), 0))


def _pour(head, before=b'', after=b'', end=b''):
    """64 MB, in 64 pieces."""

    def move(wire):
        wire.read_request()
        wire.sock.sendall(b'HTTP/1.1 200 OK\r\n%b\r\n\r\n' % head)
        for _ in range(64):
            wire.sock.sendall(before)
            wire.sock.sendall(BLOCK_OF_LINES)
            wire.sock.sendall(after)
        wire.sock.sendall(end)

    return move


FRAMES = {
    'length': (b'Content-Length: %d' % (64 * MB),),
    'chunked': (b'Transfer-Encoding: chunked', b'%x\r\n' % MB, b'\r\n', b'0\r\n\r\n'),
}


@pytest.mark.parametrize('framing', FRAMES)
@pytest.mark.parametrize('way', IN)
@pytest.mark.parametrize('deadline', [None, 50])
def test_memory_stays_flat_while_64_mb_come_in(villain, way, framing, deadline):
    """As above, for a download."""
    villain.plays(_pour(*FRAMES[framing]))
    con = villain.connection(deadline=deadline)
    con.GET('/rest/object')
    with _flat():
        assert IN[way](con) == 64 * MB


# --- files sent by the kernel -----------------------------------------------------------------


CONTENT = os.urandom(MB) * 3
"""no two megabytes are where they could be mistaken for each other, but for these three"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'object'
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def kernel(monkeypatch):
    """How many bytes the kernel has sent by itself."""
    if not hasattr(os, 'sendfile'):
        pytest.skip('this system has no sendfile')
    sent, sendfile = [], os.sendfile

    def counting(*args):
        sent.append(sendfile(*args))
        return sent[-1]

    monkeypatch.setattr(os, 'sendfile', counting)
    return sent


@pytest.mark.parametrize('start', [0, 7, MB + 1])
@pytest.mark.parametrize('buffering', [0, -1])
def test_a_large_file_is_sent_by_the_kernel(villain, kernel, file, start, buffering):
    """Each byte of an upload goes through Python; or, if not, some of them are lost."""
    villain.plays(villain.answer(status='201 Created'), villain.answer(status='202 Again'))
    con = villain.connection()
    with file.open('rb', buffering) as body:
        body.seek(start)
        con.PUT('/rest/object', body)
        assert body.tell() == len(CONTENT)
    assert con.response_status == 201
    assert villain.requests[0].body == CONTENT[start:]
    assert sum(kernel) == len(CONTENT) - start - BLOCK
    con.HEAD('/rest/next')
    assert con.response_status == 202


@pytest.mark.parametrize('loss', ['reset', 'hang_up'])
def test_a_large_file_goes_again_from_where_it_stood(villain, kernel, file, loss):
    """The kernel moves on in the file, and the repetition begins where it got stuck."""
    villain.plays(villain.read_head, lambda wire: wire.read_bytes(1000), getattr(villain, loss))
    villain.plays(villain.answer(status='201 Created'))
    con = villain.connection()
    with file.open('rb') as body:
        body.seek(9)
        con.PUT('/rest/object', body)
    assert con.response_status == 201
    assert [seen.body == CONTENT[9:] for seen in villain.requests] == [True]
    assert sum(kernel) >= len(CONTENT) - 9 - BLOCK


def _changes(path, change):
    """Somebody changes the file while it is being sent; then the rest is read."""

    def move(wire):
        while b'\r\n\r\n' not in wire.raw:
            wire.receive(1)
        change(path)
        wire.count, buffer = 0, bytearray(BLOCK)
        while got := wire.sock.recv_into(buffer):
            wire.count += got

    return move


CHANGES = {
    'to the half': lambda path: os.truncate(path, path.stat().st_size // 2),
    'by a byte': lambda path: os.truncate(path, path.stat().st_size - 1),
    'to nothing': lambda path: os.truncate(path, 0),
    'bigger by a byte': lambda path: os.truncate(path, path.stat().st_size + 1),
    'to the double': lambda path: os.truncate(path, path.stat().st_size * 2),
}


@pytest.mark.parametrize('change', CHANGES)
@pytest.mark.parametrize('how', ['kernel', 'deadline', 'own read()'])
def test_a_large_file_that_changes_meanwhile_is_never_stored(villain, sparse, tmp_path, change, how):
    """Half a file, or a mixture of two versions, is archived with a 201."""
    size = 30 * MB
    villain.plays(_changes(tmp_path / 'object', CHANGES[change]))
    con = villain.connection(deadline=5 if how == 'deadline' else None)
    with sparse(size) as file, Own(io.FileIO(file.name)) as own:
        body = own if how == 'own read()' else file
        with pytest.raises(hcpsdk.HcpsdkError, match=r'grew|shrank'):
            con.PUT('/rest/object', body)
    assert con.response_status is None
    assert villain.clients_gone()
    assert b'Content-Length: %d\r\n' % size in villain.wires[0].raw
    assert villain.wires[0].count < size


# --- files that only their read() knows -------------------------------------------------------


def _no_kernel(kernel, villain):
    assert kernel == []
    return villain.requests[0].body


class Upper(io.BufferedReader):
    """Changes what it reads."""

    def read(self, amt=-1):
        return super().read(amt).translate(bytes(range(255, -1, -1)))


class UpperRaw(io.FileIO):
    """As above, one floor below."""

    def read(self, amt=-1):
        return super().read(amt).translate(bytes(range(255, -1, -1)))


class UpperBelow(io.FileIO):
    """As above, where a buffer reads by readinto()."""

    def readinto(self, buffer):
        got = super().readinto(buffer)
        buffer[:got] = bytes(buffer[:got]).translate(bytes(range(255, -1, -1)))
        return got


class UpperMemory(io.BytesIO):
    """As above, in memory."""

    def read(self, amt=-1):
        return super().read(amt).translate(bytes(range(255, -1, -1)))


OWN = {
    'BufferedReader': lambda path: Upper(io.FileIO(path)),
    'FileIO': lambda path: UpperRaw(path),
    'FileIO below a buffer': lambda path: io.BufferedReader(UpperBelow(path)),
    'BytesIO': lambda path: UpperMemory(path.read_bytes()),
}


@pytest.mark.parametrize('kind', OWN)
def test_what_read_gives_is_what_is_sent(villain, kernel, file, kind):
    """A file that encrypts or counts what it reads is stored as it lies on the disk."""
    villain.plays(villain.answer(status='201 Created'))
    with OWN[kind](file) as body:
        villain.connection().PUT('/rest/object', body)
    assert _no_kernel(kernel, villain) == CONTENT.translate(bytes(range(255, -1, -1)))


@pytest.mark.parametrize('start', [0, 1000])
@pytest.mark.parametrize('lost', [False, True])
def test_a_packed_file_is_sent_unpacked(villain, kernel, tmp_path, start, lost):
    """What gzip.open() shows to the program is not what is stored, nor of the length that was announced."""
    with gzip.open(tmp_path / 'object.gz', 'wb', 1) as packed:
        packed.write(CONTENT)
    if lost:
        villain.plays(villain.read, villain.hang_up)
    villain.plays(villain.answer(status='201 Created'))
    with gzip.open(tmp_path / 'object.gz') as body:
        body.seek(start)
        villain.connection().PUT('/rest/object', body)
    assert _no_kernel(kernel, villain) == CONTENT[start:]
    assert villain.requests[-1].body == CONTENT[start:]


@pytest.mark.parametrize('amount', [None, 65_536, 150_000])
@pytest.mark.parametrize(
    ('goodbye', 'error'),
    [('hang_up', hcpsdk.HcpsdkTruncatedError), ('outlast', hcpsdk.HcpsdkTimeoutError)],
)
def test_a_large_block_that_ends_early_on_a_kept_connection(villain, amount, goodbye, error):
    """Where the system itself waits for whole blocks, half of one passes for the end, or never ends."""
    end = villain.hang_up if goodbye == 'hang_up' else lambda wire: wire.outlast()
    villain.plays(villain.answer(), villain.answer(b'x' * 100_000, length=300_000), end)
    con = villain.connection(timeout=(5, 0.2), retries=0)
    con.HEAD('/rest/object')
    con.GET('/rest/object')
    with pytest.raises(error, match='of 300000 bytes'):
        list(iter(lambda: con.read(amount), b''))
    assert villain.clients_gone()


@pytest.mark.parametrize('code', [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_that_the_kernel_cannot_send_goes_out_all_the_same(villain, file, monkeypatch, code):
    """Files on some file systems cannot be stored at all."""

    def refuse(*given):
        raise OSError(code, 'not here')

    monkeypatch.setattr(os, 'sendfile', refuse)
    villain.plays(villain.answer(status='201 Created'))
    con = villain.connection(retries=0)
    with file.open('rb') as body:
        con.PUT('/rest/object', body)
    assert con.response_status == 201
    assert villain.requests[0].body == CONTENT
