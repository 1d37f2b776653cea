"""One HCP, several nodes, not all of them well."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import hcpsdk

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
