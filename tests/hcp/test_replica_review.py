"""What a reviewer with fresh eyes found about replicas; each was once so."""

from __future__ import annotations

import errno
import gc
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable

import pytest

import hcpsdk
from hcpsdk import _link
from hcpsdk.mock import Blackhole, Cut, Fault, Late, MockHCP, Refuse, Reset, Say, Silent, When

ALWAYS = hcpsdk.RS_READ_ALLOWED | hcpsdk.RS_WRITE_ALLOWED
URL, DATA = '/rest/object', b'x' * 300_000

Pair = tuple[MockHCP, MockHCP]
Aim = Callable[..., hcpsdk.Target]


@pytest.fixture
def pair(mock_hcp_pair: Pair) -> Pair:
    hcp1, hcp2 = mock_hcp_pair
    link = hcp1.replicate_to(hcp2)
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target('n1.m.hcp1.example.com', auth, hcp1.port, resolver=hcp1.resolver())
    with hcpsdk.Connection(target) as con:
        assert con.PUT(URL, DATA).status == 201
    link.deliver()
    return hcp1, hcp2


@pytest.fixture
def aim(pair: Pair) -> Iterator[Aim]:
    """Makes a Target for the two; what it may do is always allowed, unless another strategy is given."""
    made: list[hcpsdk.Target] = []

    def make(strategy: int = ALWAYS, **options: Any) -> hcpsdk.Target:
        auth = hcpsdk.NativeAuthorization('n', 'n01')
        made.append(
            hcpsdk.Target(
                'n1.m.hcp1.example.com', auth, pair[0].port, resolver=pair[1].resolver(),
                replica_fqdn='n1.m.hcp2.example.com', replica_strategy=strategy, **options,
            )
        )  # fmt: skip
        return made[-1]

    yield make
    for target in made:
        if target._circle._refresher is not None:
            target._circle._refresher.join()


def test_a_machine_without_ipv6_fails_over(pair: Pair, aim: Aim, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a dual-stack primary, nobody who has no IPv6 would ever be served by the replica."""
    pair[1].dns.zones['hcp1.example.com'] = [*pair[0].addresses, '::1']
    new_socket = _link._new_socket

    def without_ipv6(address: str) -> Any:
        if ':' in address:
            raise OSError(errno.EAFNOSUPPORT, 'Address family not supported by protocol')
        return new_socket(address)

    monkeypatch.setattr(_link, '_new_socket', without_ipv6)
    target = aim()
    assert '::1' in target.addresses
    pair[0].misbehave(Refuse())
    with hcpsdk.Connection(target) as con:
        assert con.HEAD(URL).status == 200
        assert con.served_by == 'hcp2.example.com'
    assert target.failed_over


def test_a_lack_of_sockets_here_is_no_failover(pair: Pair, aim: Aim, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program with too many open files would take a sound primary out of use."""

    def none_left(address: str) -> Any:
        raise OSError(errno.EMFILE, 'Too many open files')

    target = aim()
    monkeypatch.setattr(_link, '_new_socket', none_left)
    with hcpsdk.Connection(target) as con, pytest.raises(hcpsdk.HcpsdkError, match='Too many open files'):
        con.HEAD(URL)
    assert not target.failed_over
    assert target._circle.sound() == target.addresses


def test_a_slow_read_and_a_hasty_request_prove_nothing(pair: Pair, aim: Aim) -> None:
    """A live primary would be given up as a caller had set himself too short a deadline."""
    target = aim(hcpsdk.RS_READ_ON_FAILOVER)
    pair[0].misbehave(Late(1.0), times=None)
    for _ in pair[0].addresses:
        hasty = hcpsdk.Connection(target, timeout=(5, 0.05), retries=0)
        with hasty, pytest.raises(hcpsdk.HcpsdkTimeoutError):
            hasty.HEAD(URL)
    assert target._circle.sound() == []
    with hcpsdk.Connection(target, deadline=1e-6) as con, pytest.raises(hcpsdk.HcpsdkTimeoutError):
        con.HEAD(URL)
    assert not target.failed_over


def test_short_deadlines_add_up(pair: Pair, aim: Aim, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the default timeout and a deadline of a second, a silent primary would never be given up."""
    monkeypatch.setattr('hcpsdk.ips.LONG_ENOUGH', 0.09)
    target = aim(hcpsdk.RS_READ_ON_FAILOVER)
    pair[0].misbehave(Blackhole())
    for _ in range(4 * len(target.addresses)):
        with hcpsdk.Connection(target, deadline=0.05) as con:
            try:
                con.HEAD(URL)
            except hcpsdk.HcpsdkTimeoutError:
                continue
            assert con.served_by == 'hcp2.example.com'
            return
    raise AssertionError('it never failed over')


def test_connections_and_answers_go_without_the_garbage_collector(pair: Pair, aim: Aim) -> None:
    """A program that forgets close() would keep HCP's connection slots until the next collection."""
    target = aim()
    gc.collect()
    gc.disable()
    try:
        con = hcpsdk.Connection(target)
        answer = con.GET(URL)
        con.read()
        gone, sock = [weakref.ref(con), weakref.ref(answer), weakref.ref(con._pair)], con._link._sock
        del con, answer
        assert [ref() for ref in gone] == [None, None, None]
        sock.close()  # or Python would complain, and rightly so
    finally:
        gc.enable()


class Forgetful(dict):
    """What is written into it is gone at once, as if another thread had taken it out."""

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(key, value)
        self.clear()


def test_another_thread_may_find_a_node_well_in_between(pair: Pair, aim: Aim) -> None:
    """A request would die of a KeyError while a node goes up and down (found by the soak test)."""
    circle = aim()._circle
    circle._cooling, circle._gone, circle._waited = Forgetful(), Forgetful(), Forgetful()
    circle.refused('127.0.0.1')
    circle.hurried('127.0.0.1', 3.0)
    circle.works('127.0.0.1')
    assert circle.reachable() == circle.sound() == circle._addresses


def test_who_waits_for_a_place_hears_of_the_failover(pair: Pair, aim: Aim) -> None:
    """Threads that wait for one another's connections would wait for the dead primary one after the other."""
    pair[1].dns.zones['hcp1.example.com'] = pair[0].addresses[:1]
    target = aim(max_per_node=2)
    pair[0].misbehave(Blackhole())
    took: list[float] = []

    def go() -> None:
        began = time.monotonic()
        with hcpsdk.Connection(target, timeout=(0.6, 5)) as con:
            assert con.HEAD(URL).status == 200
        took.append(time.monotonic() - began)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == 8
    assert max(took) < 1.1


def test_a_secret_in_a_name_is_not_logged_on_the_way_over(pair: Pair, aim: Aim, caplog) -> None:
    """A query pasted into a name would be in the log of the failover, and nowhere else."""
    pair[0].misbehave(Refuse(), times=None)
    with caplog.at_level(logging.DEBUG), hcpsdk.Connection(aim()) as con:
        con.HEAD('/rest/object?token=geheim')
    assert any('goes to the replica' in text for text in caplog.messages)
    assert 'geheim' not in caplog.text


def test_who_hears_of_it_may_use_the_same_target(pair: Pair, aim: Aim) -> None:
    """A log handler that stores what it is told, or that is slow, would hang the program in a failover."""
    target = aim()
    seen: list[str] = []

    class Archive(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with hcpsdk.Connection(target) as con:
                seen.append(f'{con.HEAD(URL).status} {target.state.name}')

    handler, log = Archive(), logging.getLogger('hcpsdk._failover')
    pair[0].misbehave(Refuse())
    log.addHandler(handler)
    try:
        with hcpsdk.Connection(target) as con:
            assert con.HEAD(URL).status == 200
    finally:
        log.removeHandler(handler)
    assert seen == ['200 failed over']


@dataclass(frozen=True)
class Told(Fault):
    """A status with a body, on a connection that stays."""

    status: int

    def play(self, exchange: Any) -> None:
        exchange.send(b'HTTP/1.1 %d No\r\nContent-Length: 40\r\n\r\n' % self.status + b'x' * 40)


@pytest.mark.parametrize('status', [410, 404])
def test_a_body_that_nobody_wants_costs_no_connection(pair: Pair, aim: Aim, status: int) -> None:
    """Each archived object that the replica has would cost the primary a handshake."""
    pair[0].misbehave(Told(410), times=None)
    if status == 404:
        pair[1].misbehave(Told(404), times=None)
    with hcpsdk.Connection(aim()) as con:
        con.GET(URL)
        con.read() if status == 410 else None
        for _ in range(3):
            con.GET(URL)
            con.read() if status == 410 else None
            assert [attempt.reused for attempt in con.attempts] == [True] * len(con.attempts)


def test_an_answer_is_not_lost_by_asking_once_more(pair: Pair, aim: Aim) -> None:
    """HCP had said 410, and the caller would get an error of the network in its place."""
    pair[0].misbehave(Say(410), method='GET')
    pair[0].misbehave(Reset(When.BODY_READ), method='GET', times=2)  # a kept connection has one for free
    pair[1].misbehave(Say(404), method='GET')
    with hcpsdk.Connection(aim(), retries=0) as con:
        assert con.GET(URL).status == 410
        assert con.served_by == 'hcp1.example.com'
        assert [attempt.status for attempt in con.attempts] == [410, 404, None, None]


def test_the_journal_counts_each_part_where_it_came_from(pair: Pair, aim: Aim) -> None:
    """Nobody could tell how much a dying node still gave; and time would be counted twice."""
    pair[0].misbehave(Cut(100_000), method='GET')
    with hcpsdk.Connection(aim()) as con:
        began = time.perf_counter()
        con.GET(URL)
        con.read(50_000)
        assert con.read() == DATA[50_000:]
        first, second = con.attempts
        assert (first.received, second.received) == (50_000, 250_000)
        assert con.service_time2 <= time.perf_counter() - began


def test_close_from_elsewhere_ends_a_probe(pair: Pair, aim: Aim) -> None:
    """A program that shuts down would wait two seconds, and open one more connection."""
    target = aim(probe_interval=0)
    refusing = pair[0].misbehave(Refuse())
    with hcpsdk.Connection(target) as con:
        con.HEAD(URL)
        refusing.withdraw()
        pair[0].misbehave(Silent(When.HEAD_READ), times=None)
        con.close()
        timer = threading.Timer(0.1, con.close)
        timer.start()
        began = time.monotonic()
        with pytest.raises(hcpsdk.HcpsdkError):
            con.HEAD(URL)
        assert time.monotonic() - began < 1.0
        timer.join()
    assert pair[1].open_connections() == 0
