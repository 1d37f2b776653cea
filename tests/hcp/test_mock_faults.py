"""The mock misbehaves as ordered, when ordered, as often as ordered, and behaves otherwise."""

from __future__ import annotations

import contextlib
import gc
import socket
import sys
import threading
import time
from typing import Callable

import pytest

import hcpsdk
from hcpsdk.mock import (
    Blackhole,
    BreakPromise,
    Busy,
    Cut,
    Drip,
    Early,
    Fault,
    Garbage,
    HangUp,
    Interim,
    Late,
    MockHCP,
    Refuse,
    Reset,
    Say,
    Silent,
    Surplus,
    When,
)

BODY = b'This is an example'
DATE = 'Fri, 31 Dec 1999 23:59:59 GMT'


@pytest.fixture
def hcp(mock_hcp: MockHCP, dial, until) -> MockHCP:
    """One on which ``/rest/a`` is stored, and to which there is no connection."""
    client = dial(mock_hcp.port)
    assert client.ask('PUT', body=BODY).status == 201
    client.close()
    until(lambda: mock_hcp.open_connections() == 0)
    mock_hcp.log.clear()
    return mock_hcp


def stored(hcp: MockHCP, dial, path: str) -> bool:
    client = dial(hcp.port)
    status = client.ask('HEAD', path).status
    client.close()
    return status == 200


MOMENTS = [
    (When.ACCEPTED, False, None),
    (When.HEAD_READ, False, 0),
    (When.BODY_READ, False, len(BODY)),
    (When.CARRIED_OUT, True, len(BODY)),
]


@pytest.mark.parametrize(('when', 'done', 'read'), MOMENTS)
def test_reset(hcp: MockHCP, dial, until, when: When, done: bool, read: object) -> None:
    """Whether a lost answer means a lost request is the question on write-once storage."""
    fault = hcp.misbehave(Reset(when))
    with pytest.raises(ConnectionError):  # it may be reset while we dial, send, or wait
        dial(hcp.port).ask('PUT', '/rest/b', BODY)
    until(lambda: hcp.open_connections() == 0 and fault.left == 0)
    assert [(seen.body_bytes, seen.status) for seen in hcp.log] == ([] if read is None else [(read, None)])
    assert stored(hcp, dial, '/rest/b') is done


@pytest.mark.parametrize(('when', 'done', 'read'), MOMENTS)
def test_hang_up(hcp: MockHCP, dial, when: When, done: bool, read: object) -> None:
    """An orderly end without an answer could not be told from a reset."""
    hcp.misbehave(HangUp(when))
    client = dial(hcp.port)
    client.request('PUT', '/rest/b', BODY)
    assert client.ended()
    assert stored(hcp, dial, '/rest/b') is done


@pytest.mark.parametrize(('when', 'done', 'read'), MOMENTS)
def test_silence(hcp: MockHCP, dial, until, when: When, done: bool, read: object) -> None:
    """A client without a timeout would not be found out; and the silence must end with the client."""
    fault = hcp.misbehave(Silent(when))
    client = dial(hcp.port)
    client.request('PUT', '/rest/b', BODY)
    until(lambda: fault.left == 0)
    until(lambda: done == stored(hcp, dial, '/rest/b'))
    client.sock.settimeout(0.02)
    with pytest.raises(socket.timeout):
        client.file.readline()
    client.close()
    until(lambda: hcp.open_connections() == 0)


@pytest.mark.parametrize('fault', [Silent(When.ACCEPTED), Silent(), Late(3600), Drip(interval=3600)])
def test_no_fault_outlives_the_mock(hcp: MockHCP, dial, until, fault: Fault) -> None:
    """Tests of timeouts would take as long as the timeouts."""
    hcp.misbehave(fault)
    client = dial(hcp.port)
    client.request()
    until(lambda: hcp.log or fault.at_accept)
    before = time.monotonic()
    hcp.stop()
    assert time.monotonic() - before < 5


def test_reset_in_the_answer(hcp: MockHCP, dial) -> None:
    """A download that breaks could not be told from one that is only cut."""
    hcp.misbehave(Reset(When.ANSWERING, sent=4))
    client = dial(hcp.port)
    client.request()
    with pytest.raises(ConnectionResetError):
        client.file.read()
    assert hcp.log[0].status == 200


@pytest.mark.parametrize('fault', [Cut(4), HangUp(When.ANSWERING, sent=4)])
def test_cut(hcp: MockHCP, dial, fault: Fault) -> None:
    """A client that takes a part for the whole would not be found out."""
    hcp.misbehave(fault)
    client = dial(hcp.port)
    client.request()
    head, _, body = client.rest().partition(b'\r\n\r\n')
    assert b'Content-Length: 18' in head
    assert body == BODY[:4]


def test_cut_of_a_long_body(mock_hcp_factory: Callable[..., MockHCP], tmp_path, dial) -> None:
    """Only the first piece of a large object could be cut."""
    hcp = mock_hcp_factory(directory=tmp_path)
    dial(hcp.port).ask('PUT', body=bytes(600_000))
    hcp.misbehave(Cut(500_000))
    client = dial(hcp.port)
    client.request()
    assert len(client.rest().partition(b'\r\n\r\n')[2]) == 500_000
    hcp.misbehave(Cut(700_000))
    client = dial(hcp.port)
    client.request()
    assert len(client.rest().partition(b'\r\n\r\n')[2]) == 600_000


def test_late(hcp: MockHCP, dial) -> None:
    """A client's timeout could not be tried on a request that is carried out nevertheless."""
    hcp.misbehave(Late(0.05))
    before = time.monotonic()
    assert dial(hcp.port).ask('PUT', '/rest/b', BODY).status == 201
    assert time.monotonic() - before >= 0.05


def test_drip(hcp: MockHCP, dial) -> None:
    """A client whose timeout is started anew by each byte would not be found out."""
    hcp.misbehave(Drip(size=30, interval=0.001))
    client = dial(hcp.port)
    client.request()
    first = client.sock.recv(4096)
    assert first.startswith(b'HTTP/1.1 200 OK')
    assert len(first) < 300
    while not first.endswith(BODY):
        first += client.sock.recv(4096)
    assert client.ask().status == 200


def test_a_broken_promise(hcp: MockHCP, dial) -> None:
    """The first request after a pause would fail, in production only."""
    hcp.misbehave(BreakPromise())
    client = dial(hcp.port)
    answer = client.ask()
    assert (answer.body, 'connection' in answer.headers) == (BODY, False)
    assert client.ended()


@pytest.mark.parametrize(
    ('fault', 'retry_after'),
    [(Busy(), None), (Busy(7), '7'), (Busy(DATE), DATE)],
)
def test_busy(hcp: MockHCP, dial, fault: Fault, retry_after: object) -> None:
    """What a client does with 503 would be known only when HCP is overloaded."""
    hcp.misbehave(fault)
    client = dial(hcp.port)
    answer = client.ask('PUT', '/rest/b', BODY)
    assert (answer.status, answer.headers.get('retry-after')) == (503, retry_after)
    assert client.ask('HEAD', '/rest/b').status == 404


def test_say(hcp: MockHCP, dial) -> None:
    """Statuses that the mock itself never gives (410, 500) could not be tried."""
    hcp.misbehave(Say(410, headers=(('X-HCP-ErrorMessage', 'elsewhere'),)))
    answer = dial(hcp.port).ask()
    assert (answer.status, answer.headers['x-hcp-errormessage']) == (410, 'elsewhere')


def test_an_early_answer(hcp: MockHCP, dial) -> None:
    """A client that stops at the broken pipe, and does not look why, would not be found out."""
    hcp.misbehave(Early(403, 'no more'))
    client = dial(hcp.port)
    client.request('PUT', '/rest/b', Content_Length=str(2**30))
    assert client.take().status == 403
    with pytest.raises(ConnectionError):
        client.send(bytes(2**26))
    assert hcp.log[0].body_bytes == 0


def test_garbage(hcp: MockHCP, dial) -> None:
    """An answer that is not HTTP would meet the client unprepared."""
    hcp.misbehave(Garbage(b'220 smtp\r\n'))
    client = dial(hcp.port)
    client.request('PUT', '/rest/b', BODY)
    assert client.rest() == b'220 smtp\r\n'
    assert not stored(hcp, dial, '/rest/b')


def test_surplus(hcp: MockHCP, dial) -> None:
    """A client that takes the rest of one answer for the next one would not be found out."""
    hcp.misbehave(Surplus())
    client = dial(hcp.port)
    assert client.ask().body == BODY
    assert (client.take().status, client.ask('HEAD').status) == (200, 200)


def test_interim(hcp: MockHCP, dial) -> None:
    """A client that takes a 100 for the answer would not be found out."""
    hcp.misbehave(Interim(2))
    client = dial(hcp.port)
    assert [client.ask().status, client.take().status, client.take().body] == [100, 100, BODY]


def test_refuse(hcp: MockHCP, dial) -> None:
    """A node that is down could not be had; nor would it come back."""
    kept = dial(hcp.port, hcp.addresses[1])
    kept.ask()
    with hcp.misbehave(Refuse(), node=1):
        for port in (hcp.port, hcp.mapi_port):
            with pytest.raises(ConnectionRefusedError):
                dial(port, hcp.addresses[1])
        assert kept.ask().status == 200
        assert dial(hcp.port, hcp.addresses[2]).ask().status == 200
    assert dial(hcp.port, hcp.addresses[1]).ask().status == 200


def test_all_nodes_refuse(hcp: MockHCP, dial) -> None:
    """An HCP that is down could not be had."""
    trouble = hcp.misbehave(Refuse())
    hcp.stop_node(3)
    for address in hcp.addresses:
        with pytest.raises(ConnectionRefusedError):
            dial(hcp.port, address)
    trouble.withdraw()
    trouble.withdraw()
    assert dial(hcp.port, hcp.addresses[0]).ask().status == 200
    with pytest.raises(ConnectionRefusedError):
        dial(hcp.port, hcp.addresses[3])


LINUX = pytest.mark.skipif(not sys.platform.startswith('linux'), reason="queues of length 0 are Linux's")


def unreachable(port: int, address: str) -> bool:
    """Nobody answers who asks for a connection, neither yes nor no."""
    with contextlib.closing(socket.socket()) as sock:
        sock.settimeout(0.05)
        try:
            sock.connect((address, port))
        except socket.timeout:
            return True
        return False


@LINUX
def test_a_black_hole(hcp: MockHCP, dial) -> None:
    """A client without a timeout for connecting would not be found out."""
    kept = dial(hcp.port, hcp.addresses[1])
    kept.ask()
    for _ in range(2):
        with hcp.misbehave(Blackhole(), node=1):
            assert unreachable(hcp.port, hcp.addresses[1])
            assert unreachable(hcp.mapi_port, hcp.addresses[1])
            assert kept.ask().status == 200
            assert dial(hcp.port, hcp.addresses[2]).ask().status == 200
        assert dial(hcp.port, hcp.addresses[1]).ask().status == 200


@LINUX
def test_a_client_in_a_black_hole(hcp: MockHCP) -> None:
    """The connect timeout of a Target, and its way to the next node, would have no test."""
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target('n1.m.hcp1.example.com', auth, port=hcp.port, resolver=hcp.resolver())
    with hcpsdk.Connection(target, timeout=(0.1, 10), retries=0) as client:
        with hcp.misbehave(Blackhole()), pytest.raises(hcpsdk.HcpsdkTimeoutError):
            client.GET('/rest/a')
        client.GET('/rest/a')
        assert client.read() == BODY


@LINUX
def test_a_black_hole_leaves_no_sockets(hcp: MockHCP) -> None:
    """A long test run would run out of file descriptors."""

    def sockets() -> int:
        gc.collect()
        return sum(isinstance(one, socket.socket) and one.fileno() >= 0 for one in gc.get_objects())

    before = sockets()
    hcp.misbehave(Blackhole()).withdraw()
    assert sockets() == before
    hcp.misbehave(Blackhole())
    hcp.stop()
    assert sockets() < before


@LINUX
def test_a_dead_node_in_a_black_hole(hcp: MockHCP, dial) -> None:
    """Of two troubles with a node the one that ends first would end both."""
    trouble = hcp.misbehave(Blackhole(), node=1)
    hcp.stop_node(1)
    with pytest.raises(ConnectionRefusedError):
        dial(hcp.port, hcp.addresses[1])
    hcp.start_node(1)
    assert unreachable(hcp.port, hcp.addresses[1])
    trouble.withdraw()
    assert dial(hcp.port, hcp.addresses[1]).ask().status == 200


@LINUX
def test_what_nodes_suffer_outlasts_a_restart(hcp: MockHCP, dial) -> None:
    """A restart in the midst of a story of failures would heal them all."""
    hole, refusal = hcp.misbehave(Blackhole(), node=0), hcp.misbehave(Refuse(), node=1)
    hcp.stop_node(2)
    busy = hcp.misbehave(Busy())
    hcp.stop()
    hcp.start()
    assert unreachable(hcp.port, hcp.addresses[0])
    for node in (1, 2):
        with pytest.raises(ConnectionRefusedError):
            dial(hcp.port, hcp.addresses[node])
    assert (dial(hcp.port, hcp.addresses[3]).ask().status, busy.left) == (503, 0)
    hole.withdraw()
    hcp.start_node(2)
    hcp.stop()
    refusal.withdraw()
    hcp.start()
    assert [dial(hcp.port, address).ask().status for address in hcp.addresses] == [200] * 4


def test_where_queues_are_longer_nobody_answers(monkeypatch: pytest.MonkeyPatch, hcp: MockHCP, dial) -> None:
    """Ordering a black hole would hang, or fail, on systems that make none."""
    listen = socket.socket.listen
    monkeypatch.setattr(socket.socket, 'listen', lambda sock, backlog: listen(sock, max(backlog, 100)))
    with hcp.misbehave(Blackhole(), node=1):
        client = dial(hcp.port, hcp.addresses[1])
        client.request()
        client.sock.settimeout(0.02)
        with pytest.raises(socket.timeout):
            client.file.readline()
    assert dial(hcp.port, hcp.addresses[1]).ask().status == 200


def test_a_node_dies_and_comes_back(hcp: MockHCP, dial, until) -> None:
    """What a client does when a node fails under it would be known only when one does."""
    lost, kept = dial(hcp.port, hcp.addresses[0]), dial(hcp.port, hcp.addresses[1])
    for client in (lost, kept):
        client.ask()
    hcp.stop_node(0)
    hcp.stop_node(0)
    assert lost.ended()
    assert kept.ask().status == 200
    with pytest.raises(ConnectionRefusedError):
        dial(hcp.port)
    hcp.start_node(0)
    hcp.start_node(0)
    assert dial(hcp.port).ask().status == 200


def test_a_dead_node_stays_dead_with_the_mock(hcp: MockHCP, dial) -> None:
    """Withdrawing a fault after the end would open a port again that nobody closes."""
    trouble = hcp.misbehave(Refuse(), node=1)
    server = hcp._running()
    hcp.stop()
    trouble.withdraw()
    server.shut(0, 'too late')
    with pytest.raises(ConnectionRefusedError):
        dial(hcp.port, hcp.addresses[1])


def test_a_client_that_knocks_while_the_door_shuts(hcp: MockHCP) -> None:
    """It would be let into a node that is dead, or a black hole would lose its stopper."""
    server = hcp._running()
    gate = server._gates[0]
    hcp.misbehave(Blackhole(), node=gate.node)
    server._welcome(gate)
    assert hcp.open_connections() == 0


def test_whom_a_fault_meets(hcp: MockHCP, dial) -> None:
    """Faults would hit the requests that prepare or check a test."""
    hcp.misbehave(Say(500), node=1, method='GET', path='/rest/a', times=2)
    hcp.misbehave(Say(410), path='/rest/x*', times=None)
    here, there = dial(hcp.port, hcp.addresses[0]), dial(hcp.port, hcp.addresses[1])
    assert here.ask().status == 200
    assert there.ask('HEAD').status == 200
    assert there.ask('GET', '/rest/ab').status == 404
    assert [there.ask().status for _ in range(3)] == [500, 500, 200]
    assert [here.ask(path=path).status for path in ('/rest/x', '/rest/%78y', '/rest/X')] == [410, 410, 404]


def test_faults_strike_in_the_order_in_which_they_were_ordered(hcp: MockHCP, dial) -> None:
    """A story of several failures could not be told."""
    for status in (500, 503, 410):
        hcp.misbehave(Say(status))
    client = dial(hcp.port)
    assert [client.ask().status for _ in range(4)] == [500, 503, 410, 200]


def test_a_fault_is_withdrawn(hcp: MockHCP, dial) -> None:
    """A fault without end could not be ended."""
    client = dial(hcp.port)
    with hcp.misbehave(Say(500), times=None) as trouble:
        assert [client.ask().status for _ in range(3)] == [500] * 3
        assert trouble.left is None
    assert client.ask().status == 200


def test_each_fault_strikes_once_however_many_ask(hcp: MockHCP, dial) -> None:
    """With parallel clients nobody could tell how often a fault struck."""
    hcp.misbehave(Say(500), times=7)
    statuses = []

    def work() -> None:
        client = dial(hcp.port)
        statuses.extend(client.ask().status for _ in range(5))

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (statuses.count(500), statuses.count(200)) == (7, 33)


def test_a_fault_of_ones_own(hcp: MockHCP, dial) -> None:
    """What we did not think of could not be tried."""

    class Mumble(Fault):
        def play(self, exchange) -> None:
            exchange.send(b'HTTP/1.1 200 OK\r\nContent-Le')
            exchange.hang_up()

    hcp.misbehave(Mumble())
    client = dial(hcp.port)
    client.request()
    assert client.rest().endswith(b'Content-Le')


def test_a_fault_must_say_what_it_does() -> None:
    """A half-written fault would do nothing, and a test with it would prove nothing."""
    for verb in (Fault().play, Fault().meet):
        with pytest.raises(NotImplementedError):
            verb(None)


@pytest.mark.parametrize(
    ('fault', 'options'),
    [
        (Say(500), {'node': 4}),
        (Say(500), {'node': -1}),
        (Say(500), {'times': 0}),
        (Reset(When.ACCEPTED), {'method': 'GET'}),
        (Refuse(), {'path': '/rest/a'}),
        (Blackhole(), {'method': 'GET'}),
    ],
)
def test_what_can_never_happen_is_refused(
    mock_hcp: MockHCP, fault: Fault, options: dict[str, object]
) -> None:
    """A test would pass because its fault never struck."""
    with pytest.raises(ValueError, match='goes from|neither'):
        mock_hcp.misbehave(fault, **options)
