"""The whole application: many callers, refusals for the server, speed."""

from __future__ import annotations

import io
import threading
import time

import pytest

from hcpsdk.mock.application import MockApplication
from hcpsdk.mock.blobs import FilePieces
from hcpsdk.mock.messages import Answer, Headers, MockRequest
from hcpsdk.mock.model import default_system


@pytest.mark.parametrize(
    ('status', 'mapi', 'reason', 'explained'),
    [
        (400, False, None, True),
        (400, True, None, True),
        (503, False, None, True),
        (404, False, None, False),
        (405, True, None, True),
        (413, False, 'File Too Large', False),
        (414, True, 'Request URI Too Large', True),
    ],
)
def test_refusals_for_the_server(hcp, status, mapi, reason, explained):
    """The server's own refusals would not look like HCP's."""
    answer: Answer = hcp.app.refuse(status, 'why', mapi=mapi)
    headers = Headers(answer.headers)
    assert (answer.status, answer.reason, answer.body) == (status, reason, b'')
    assert headers.get('Server') == 'HCP V7.1.0.10'
    assert headers.get('X-HCP-ErrorMessage') == ('why' if explained else None)


def test_many_callers_at_once(any_hcp):
    """Parallel writers would lose objects, or disturb the directories and the totals."""
    problems: list[object] = []

    def work(number: int) -> None:
        for turn in range(20):
            name, data = f'/rest/d{turn % 3}/{number}/{turn}', b'%d' % number * 50
            steps = [any_hcp('PUT', name, data).status, any_hcp('GET', name).body == data]
            steps.append(any_hcp('GET', '/rest/d0').status in (200, 404))
            steps.append(any_hcp('DELETE', name).status if turn % 2 else 200)
            if steps != [201, True, True, 200]:
                problems.append((number, turn, steps))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    statistics = any_hcp('GET', '/proc/statistics').xml
    assert (statistics.get('objectCount'), statistics.get('usedCapacityBytes')) == ('80', str(80 * 50 * 2))


def test_one_name_has_one_writer(any_hcp):
    """Two programs that store the same name at once would both be told that they did."""
    start = threading.Barrier(8)
    statuses: list[int] = []

    def work() -> None:
        start.wait()
        statuses.append(any_hcp('PUT', '/rest/same', b'x').status)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + 7 * [409]


def test_a_file_is_let_go_when_its_answer_is_dropped(tmp_path):
    """A server that breaks off a download would leak an open file each time."""
    path = tmp_path / 'data'
    path.write_bytes(bytes(1000))
    pieces = FilePieces(path, 0, 1000)
    file = pieces._file
    pieces.close()
    assert file.closed
    assert list(pieces) == []
    file = FilePieces(path, 0, 1000)._file
    assert file.closed


def test_a_truncated_file_ends_the_answer(tmp_path):
    """Damage to the data directory would hang the server."""
    path = tmp_path / 'data'
    path.write_bytes(bytes(10))
    assert b''.join(FilePieces(path, 0, 1000)) == bytes(10)


class Endless:
    """A body that is longer than memory should hold."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, amount: int = -1) -> bytes:
        amount = min(self._left, amount)
        self._left -= amount
        return bytes(amount)


def test_large_bodies_are_not_held_in_memory(tmp_path):
    """The mock could not take what is larger than the machine's memory."""
    import tracemalloc

    app = MockApplication(default_system(), directory=tmp_path)
    size = 64 * 1024 * 1024
    tracemalloc.start()
    try:
        assert app(request('PUT', '/rest/large', Endless(size), size)).status == 201
        body = app(request('GET', '/rest/large')).body
        assert sum(map(len, body)) == size
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()


def request(method: str, path: str, body=None, length=None) -> MockRequest:
    headers = Headers([('Authorization', 'HCP bg==:1dc7fed37e11b35093d311ef66928ad9')])
    host = 'n1.m.hcp1.example.com'
    stream = io.BytesIO() if body is None else body
    return MockRequest(0, False, False, method, path, path.encode(), [], host, headers, stream, length)


def test_small_requests_are_cheap():
    """Test suites that run on the mock would become slow: it is to serve 1,000 requests a second."""
    app, rounds = MockApplication(default_system()), 200
    best = 1.0
    for turn in range(5):
        start = time.process_time()
        for number in range(rounds):
            name = f'/rest/{turn}/{number}'
            app(request('PUT', name, io.BytesIO(bytes(1024)), 1024))
            app(request('HEAD', name))
            app(request('GET', name))
            app(request('DELETE', name))
        best = min(best, (time.process_time() - start) / rounds / 4)
    assert best < 0.0006
