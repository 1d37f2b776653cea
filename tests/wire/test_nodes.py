"""One HCP, several nodes, not all of them well."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import hcpsdk
from hcpsdk._system import SLOT_PAUSE

NODES = ('127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4')


def test_each_new_connection_takes_the_next_node(villain):
    """One node carries the load of all, up to its 254 connections."""
    villain.listen(*NODES).plays(villain.answer(), times=8)
    target = villain.target()
    for _ in range(8):
        with villain.connection(target) as con:
            con.HEAD('/rest/object')
            assert con.address == villain.requests[-1].node
    assert [seen.node for seen in villain.requests] == [*NODES, *NODES]


def test_a_connection_has_no_address_before_its_first_request(villain):
    """Connections that nobody uses take slots of the nodes."""
    villain.listen(*NODES)
    assert villain.connection().address is None
    assert villain.wires == []


def test_a_request_goes_again_to_another_node(villain):
    """A retry goes to the node that has just failed."""
    villain.listen(*NODES).plays(villain.read, villain.reset).plays(villain.answer())
    villain.connection().GET('/rest/object')
    assert [seen.node for seen in villain.requests] == ['127.0.0.1', '127.0.0.2']


def test_a_dead_node_costs_nothing(villain):
    """With one node of four down, every fourth connection fails, uses up a retry, or waits."""
    villain.listen(*NODES, dead=NODES[:1]).plays(villain.answer())
    con = villain.connection(retries=0)
    con.POST('/rest/object')
    assert con.response_status == 200
    assert con.address == '127.0.0.2'
    assert villain.naps == []


def test_a_dead_node_is_passed_over_for_a_while(villain, caplog):
    """A node that is down is dialled again and again, at the price of a timeout each."""
    villain.listen(*NODES, dead=NODES[:1]).plays(villain.answer(), times=12)
    target = villain.target()
    for _ in range(12):
        with villain.connection(target) as con:
            con.HEAD('/rest/object')
    assert [record.message for record in caplog.records if '127.0.0.1 port' in record.message].__len__() == 1
    assert {seen.node for seen in villain.requests} == set(NODES[1:])


def test_a_node_that_takes_no_connection_costs_one_timeout(villain):
    """A node that vanished without a word ends the request, although three others wait."""
    villain.listen(*NODES[:2], mute=NODES[:1]).plays(villain.answer())
    con = villain.connection(timeout=(0.1, 5), retries=0)
    con.GET('/rest/object')
    assert con.address == '127.0.0.2'


def test_all_nodes_refuse(villain):
    """With HCP down a program hangs, or dies of something that does not say where it knocked."""
    villain.listen(*NODES, dead=NODES)
    con = villain.connection()
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match='nothing was sent') as caught:
        con.PUT('/rest/object', b'body')
    assert time.monotonic() - began < 2
    assert [str(caught.value).count(node) for node in NODES] == [1] * 4
    assert f'port {villain.port}' in str(caught.value)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert con.address is None


def test_no_node_answers_the_knock(villain):
    """As above, where packets vanish: the end comes after one timeout per node."""
    villain.listen(*NODES[:2], mute=NODES[:2])
    con = villain.connection(timeout=0.1)
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match=r'127\.0\.0\.1.*127\.0\.0\.2'):
        con.PUT('/rest/object', b'body')
    assert 0.2 <= time.monotonic() - began < 2


def test_a_new_node_is_found_when_all_known_ones_are_down(villain):
    """HCP moved to other addresses, and the program has to be started anew."""
    villain.listen(*NODES[:2], dead=NODES[:1]).plays(villain.answer())
    target = villain.target(resolver=villain.resolver(NODES[0]))
    target._circle._resolver.addresses = [NODES[1]]
    con = villain.connection(target, retries=0)
    con.GET('/rest/object')
    assert con.address == '127.0.0.2'


def test_many_threads_share_a_target(villain):
    """Answers go to the wrong thread, or an idle connection is closed under a request."""
    villain.listen(*NODES).plays(villain.echo, times=4000)
    target = villain.target()
    begin = threading.Barrier(8)

    def work(thread):
        begin.wait(5)
        with hcpsdk.Connection(target, timeout=5, idletime=0.0005, retries=0) as con:
            for number in range(60):
                con.GET(f'/rest/{thread}/{number}')
                yield con.read() == f'/rest/{thread}/{number}'.encode()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda thread: all(work(thread)), range(8)))
    assert len(villain.requests) == 8 * 60


@pytest.mark.slow
def test_a_crowd_of_threads_and_a_hasty_reaper(villain):
    """Once in ten thousand requests an answer is another thread's, or lost. (So many take some seconds.)"""
    threads, requests = 32, 313
    villain.listen(*NODES).plays(villain.echo, times=threads * requests)
    target, begin = villain.target(), threading.Barrier(threads)

    def work(thread):
        begin.wait(10)
        with hcpsdk.Connection(target, timeout=20, idletime=0.002, retries=0) as con:
            for number in range(requests):
                con.GET(f'/rest/{thread}/{number}')
                if con.read() != f'/rest/{thread}/{number}'.encode():
                    return f'{thread}/{number}'
        return None

    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(work, range(threads))) == [None] * threads
    assert len(villain.requests) == threads * requests
    assert {seen.node for seen in villain.requests} == set(NODES)


# --- so many connections to a node ------------------------------------------------------------


def _two_at_work(villain, **options):
    """Two connections to two nodes that take one each, and a third one that has no place."""
    villain.listen(*NODES[:2]).plays(villain.echo, times=3)
    target = villain.target(max_per_node=1)
    first, second = villain.connection(target), villain.connection(target)
    first.GET('/rest/1')
    second.GET('/rest/2')
    assert {first.address, second.address} == set(NODES[:2])
    return first, second, villain.connection(target, **options)


@pytest.mark.parametrize('finished', [0, 1])
def test_who_finds_all_nodes_full_waits_for_a_place(villain, finished):
    """A pool that is a little too large fails, or takes away the places of all others."""
    *working, third = _two_at_work(villain)
    address = working[finished].address

    def sleep(seconds):
        villain.naps.append(seconds)
        if len(villain.naps) == 3:
            working[finished].close()

    villain.nap = sleep
    third.GET('/rest/3')
    assert third.read() == b'/rest/3'
    assert villain.naps == [SLOT_PAUSE] * 3
    assert third.address == address
    other = working[1 - finished]
    assert other.read() == f'/rest/{2 - finished}'.encode()


def test_who_waits_for_a_place_waits_a_moment_longer_than_those_who_have_it(villain):
    """As above, where those who had come a little earlier are just about to give up."""
    *working, third = _two_at_work(villain, timeout=(0.1, 5))

    def sleep(seconds):
        villain.naps.append(seconds)
        villain.skipped = 0.2
        if len(villain.naps) == 2:
            working[0].close()

    villain.nap = sleep
    third.GET('/rest/3')
    assert third.read() == b'/rest/3'


def test_who_waits_for_a_place_waits_no_longer_than_he_likes(villain):
    """A pool that is much too large hangs, and nobody knows why."""
    *working, third = _two_at_work(villain, timeout=(0.1, 5))
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkCantConnectError, match='max_per_node') as caught:
        third.GET('/rest/3')
    assert 0.1 <= time.monotonic() - began < 1
    assert [str(caught.value).count(node) for node in NODES[:2]] == [1, 1]
    assert villain.naps
    assert third.attempts == []
    assert len(villain.wires) == 2
    assert [con.read() for con in working] == [b'/rest/1', b'/rest/2']


def test_who_waits_for_a_place_has_a_deadline_too(villain):
    """As above, for the whole request."""
    *_, third = _two_at_work(villain, deadline=0.1)
    villain.nap = time.sleep
    began = time.monotonic()
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='deadline'):
        third.GET('/rest/3')
    assert time.monotonic() - began < 1


def test_a_full_node_is_no_failed_one(villain, caplog):
    """Nodes that have no place for a moment are passed over for a minute."""
    *_, third = _two_at_work(villain, timeout=(0.05, 5))
    with pytest.raises(hcpsdk.HcpsdkCantConnectError):
        third.GET('/rest/3')
    assert third._target._circle._cooling == {}
    assert caplog.records == []


@pytest.mark.parametrize('ending', ['close', 'hang_up'])
def test_a_connection_that_ended_leaves_its_place(villain, ending):
    """Each that ended in another way than by close() makes the pool smaller, until nothing goes any more."""
    moves = [villain.answer(head='Connection: close\r\n')] if ending == 'hang_up' else [villain.answer()]
    villain.listen(NODES[0]).plays(*moves, times=5)
    target = villain.target(max_per_node=1)
    for _ in range(5):
        con = villain.connection(target, timeout=(0.1, 5))
        con.HEAD('/rest/object')
        if ending == 'close':
            con.close()
        assert target._circle.live(NODES[0]) == 0
    assert villain.naps == []


# --- names ------------------------------------------------------------------------------------


def _has_ipv6():
    with socket.socket(socket.AF_INET6) as sock:
        try:
            sock.bind(('::1', 0))
        except OSError:
            return False
    return True


ipv6 = pytest.mark.skipif(not (socket.has_ipv6 and _has_ipv6()), reason='no IPv6 here')


@ipv6
@pytest.mark.parametrize('name', ['ns.tenant.villain.test', '::1'])
def test_a_node_with_an_address_of_version_6(villain, name):
    """In a network of today no node can be reached."""
    villain.listen('::1').plays(villain.answer(b'content'))
    con = villain.connection(villain.target(name))
    con.GET('/rest/object')
    assert [con.read(), con.address] == [b'content', '::1']
    host = name if name != '::1' else '[::1]'
    assert villain.requests[0].headers['host'] == f'{host}:{villain.port}'


@ipv6
def test_nodes_of_both_versions_take_turns(villain):
    """Half of the nodes have nothing to do; or one dead network ends all requests."""
    villain.listen('::1', NODES[0], NODES[1], dead=NODES[:1]).plays(villain.answer(), times=4)
    target = villain.target()
    for _ in range(4):
        with villain.connection(target, retries=0) as con:
            con.HEAD('/rest/object')
    assert {seen.node for seen in villain.requests} == {'::1', NODES[1]}


def test_a_name_server_that_fails_blocks_nobody(villain, caplog):
    """Two threads wait for name servers that are down, and so does everybody else."""
    asking, over = threading.Semaphore(0), threading.Event()

    class Failing:
        def resolve(self, *args, **options):
            asking.release()
            over.wait(5)
            raise OSError('the name server is down')

    villain.listen(*NODES[:2]).plays(villain.echo, times=3)
    target = villain.target()
    target._circle._resolver = Failing()
    with ThreadPoolExecutor(2) as pool:
        try:
            asks = [pool.submit(target._circle.refresh) for _ in range(2)]
            assert all(asking.acquire(timeout=5) for _ in asks)
            began = time.monotonic()
            for number in range(3):
                con = villain.connection(target)
                con.GET(f'/rest/{number}')
                assert con.read() == f'/rest/{number}'.encode()
            assert time.monotonic() - began < 1
        finally:
            over.set()
        errors = [ask.exception(5) for ask in asks]
    assert [isinstance(error, hcpsdk.HcpsdkError) for error in errors] == [True, True]
    assert all('name server is down' in str(error) for error in errors)
    assert target.addresses == list(NODES[:2])
