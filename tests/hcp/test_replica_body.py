"""A body that breaks off at the primary is read to its end from the replica, or not at all."""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable

import pytest

import hcpsdk
from hcpsdk.mock import Busy, Cut, Drip, Fault, HangUp, MockHCP, Refuse, Reset, Say, When

DATA = os.urandom(700_001)
URL = '/rest/object'
CUT = 300_000

Pair = tuple[MockHCP, MockHCP]


@pytest.fixture
def pair(mock_hcp_factory: Callable[..., MockHCP]) -> Pair:
    """Two HCPs that have the same object, each by a write of its own."""
    hcp1 = mock_hcp_factory(nodes=2)
    hcp2 = mock_hcp_factory('hcp2.example.com', nodes=2, first=11, port=hcp1.port)
    hcp1.dns.zones[hcp2.domain] = hcp2.addresses
    for hcp in (hcp1, hcp2):
        put(hcp, hcp1, DATA)
        hcp.log.clear()
    return hcp1, hcp2


def put(hcp: MockHCP, dns: MockHCP, data: bytes, url: str = URL) -> None:
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target(f'n1.m.{hcp.domain}', auth, hcp.port, resolver=dns.resolver())
    with hcpsdk.Connection(target) as con:
        con.DELETE(url)
        assert con.PUT(url, data).status == 201


Connect = Callable[..., hcpsdk.Connection]


@pytest.fixture
def connect(pair: Pair) -> Iterator[Connect]:
    """A Connection to the pair; with RS_READ_ALLOWED, unless another strategy is given."""
    made: list[hcpsdk.Connection] = []

    def make(strategy: int = hcpsdk.RS_READ_ALLOWED, **options: Any) -> hcpsdk.Connection:
        auth = hcpsdk.NativeAuthorization('n', 'n01')
        target = hcpsdk.Target(
            'n1.m.hcp1.example.com', auth, pair[0].port, resolver=pair[0].resolver(),
            replica_fqdn='n1.m.hcp2.example.com', replica_strategy=strategy,
        )  # fmt: skip
        made.append(hcpsdk.Connection(target, timeout=5, **options))
        return made[-1]

    yield make
    for con in made:
        con.close()


def whole(con: hcpsdk.Connection) -> bytes:
    con.GET(URL)
    return con.read()


@dataclass(frozen=True)
class NoHash(Cut):
    """HCP tells no hash of the object, and the answer may be cut, too."""

    def play(self, exchange: Any) -> None:
        super().play(WithoutHash(exchange))


class Deaf(Fault):
    """A range is not heard: the answer is the whole object, which RFC 9110, 14.2, allows."""

    def play(self, exchange: Any) -> None:
        answer = exchange.carry_out()
        answer.status, answer.body = 200, DATA
        kept = [line for line in answer.headers if line[0] not in ('Content-Range', 'Content-Length')]
        answer.headers[:] = [*kept, ('Content-Length', str(len(DATA)))]
        exchange.reply(answer)


class WithoutHash:
    """What a fault plays with, but for one header."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    def carry_out(self) -> Any:
        answer = self._exchange.carry_out()
        answer.headers[:] = [line for line in answer.headers if line[0] != 'X-HCP-Hash']
        return answer


READERS: dict[str, Callable[[Any], bytes]] = {
    'read()': lambda response: response.read(),
    'read(65536)': lambda response: b''.join(iter(lambda: response.read(65536), b'')),
    'read1()': lambda response: b''.join(iter(response.read1, b'')),
    'lines': lambda response: b''.join(response),
    'readinto()': lambda response: _into(response),
    'BufferedReader': lambda response: io.BufferedReader(response, 50_000).read(),
}


def _into(response: Any) -> bytes:
    buffer, parts = bytearray(50_000), []
    while got := response.readinto(buffer):
        parts.append(bytes(buffer[:got]))
    return b''.join(parts)


@pytest.mark.parametrize('reader', READERS)
@pytest.mark.parametrize('fault', [Cut(CUT), Reset(When.ANSWERING, CUT), HangUp(When.ANSWERING, 1)])
def test_the_rest_comes_from_the_replica(pair: Pair, connect: Connect, fault: Fault, reader: str) -> None:
    """A long download would be lost when a node dies near its end, or would have a hole in the middle."""
    pair[0].misbehave(fault, method='GET')
    con = connect()
    response = con.GET(URL, verify=True)
    assert READERS[reader](response) == DATA
    assert response.whole
    assert response.verified
    assert [seen.status for seen in pair[1].log] == [206]


def test_the_connection_is_ready_afterwards(pair: Pair, connect: Connect) -> None:
    """The next request would read what was left of this one, or each break would cost a socket."""
    con = connect()
    for _ in range(5):
        pair[0].misbehave(Cut(CUT), method='GET')
        assert whole(con) == DATA
        assert con.HEAD(URL).status == 200
        assert con.served_by == 'hcp1.example.com'
    assert (pair[0].open_connections(), pair[1].open_connections()) == (1, 1)


def test_the_journal_tells_of_both(pair: Pair, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody would know that two systems gave the object, or that a node is dying."""
    pair[0].misbehave(Cut(CUT), method='GET')
    con = connect()
    with caplog.at_level(logging.WARNING):
        assert whole(con) == DATA
    first, second = con.attempts
    assert (first.status, second.status) == (200, 206)
    assert first.address in pair[0].addresses
    assert second.address in pair[1].addresses
    assert first.note == 'its body broke off, the bytes from 0 on are those of the replica'
    assert [message for message in caplog.messages if 'broke off' in message]


def test_nothing_but_a_whole_object_goes_on(pair: Pair, connect: Connect) -> None:
    """A part would be continued by the wrong bytes."""
    con = connect()
    pair[0].misbehave(Cut(1000), method='GET')
    con.GET(URL, headers={'Range': 'bytes=100-200000'})
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()
    assert pair[1].log == []


def _other_content(pair: Pair) -> None:
    put(pair[1], pair[0], os.urandom(len(DATA)))


def _shorter(pair: Pair) -> None:
    put(pair[1], pair[0], DATA[:-1])


def _refuses(pair: Pair) -> None:
    pair[1].misbehave(Refuse())


def _busy(pair: Pair) -> None:
    pair[1].misbehave(Busy(), times=None)


def _without(pair: Pair) -> None:
    pair[1].misbehave(Say(404), times=None)


def _deaf(pair: Pair) -> None:
    pair[1].misbehave(Deaf(), method='GET')


@pytest.mark.parametrize('replica', [_other_content, _shorter, _refuses, _busy, _without, _deaf])
def test_a_replica_that_has_not_the_same_is_no_help(
    pair: Pair, connect: Connect, replica: Callable[[Pair], None], until: Callable[..., None]
) -> None:
    """Two halves of different objects would be taken for one."""
    replica(pair)
    pair[0].misbehave(Cut(CUT), method='GET')
    con = connect(retries=0)
    con.GET(URL)
    assert con.read(CUT // 2) == DATA[: CUT // 2]
    with pytest.raises(hcpsdk.HcpsdkTruncatedError, match=f'of {len(DATA)} bytes'):
        con.read()
    assert con.HEAD(URL).status == 200
    if replica is _other_content:  # which is not read, so that its connection has to go
        until(lambda: not pair[1].open_connections())


def test_what_has_no_hash_is_no_help(pair: Pair, connect: Connect) -> None:
    """Objects that came in parts, of which HCP tells no hash, would be mixed up."""
    put(pair[1], pair[0], os.urandom(len(DATA)))
    pair[0].misbehave(NoHash(CUT), method='GET')
    pair[1].misbehave(NoHash(len(DATA)), method='GET')
    con = connect()
    con.GET(URL)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()


def test_what_is_packed_does_not_go_on(pair: Pair, connect: Connect) -> None:
    """The end of a packed object would be asked for by a range of the plain one."""
    pair[0].misbehave(Cut(CUT), method='GET')
    con = connect()
    con.GET(URL, headers={'Accept-Encoding': 'gzip'})
    assert con.getheader('Content-Encoding') == 'gzip'
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()
    assert [seen for seen in pair[1].log if seen.method == 'GET'] == []


def test_a_second_break_is_the_end(pair: Pair, connect: Connect) -> None:
    """A program would go round for ever between two systems that are both in trouble."""
    pair[0].misbehave(Cut(CUT), method='GET', times=None)
    pair[1].misbehave(Cut(1000), method='GET', times=None)
    con = connect()
    con.GET(URL)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()
    assert len(con.attempts) == 2


@pytest.mark.parametrize('strategy', [0, hcpsdk.RS_READ_ON_FAILOVER, hcpsdk.RS_WRITE_ALLOWED])
def test_only_if_reading_is_always_allowed(pair: Pair, connect: Connect, strategy: int) -> None:
    """A strategy would be overridden."""
    pair[0].misbehave(Cut(CUT), method='GET')
    con = connect(strategy)
    con.GET(URL)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()
    assert pair[1].log == []


def test_not_of_what_was_just_written(pair: Pair, connect: Connect) -> None:
    """The end of an older object would be glued to the beginning of the new one, were its hash not there."""
    con = connect()
    assert con.POST(URL, params={'index': 'true'}).status == 200
    pair[0].misbehave(Cut(CUT), method='GET')
    con.GET(URL)
    with pytest.raises(hcpsdk.HcpsdkTruncatedError):
        con.read()
    assert pair[1].log == []


def test_close_from_elsewhere_ends_it(pair: Pair, connect: Connect) -> None:
    """A download that was called off would go on from the other system."""
    pair[0].misbehave(Drip(size=10_000, interval=0.05), method='GET')
    con = connect()
    response = con.GET(URL)
    assert response.read(20_000) == DATA[:20_000]
    timer = threading.Timer(0.05, con.close)
    timer.start()
    with pytest.raises(hcpsdk.HcpsdkError):
        response.read()
    timer.join()
    assert pair[1].log == []
    assert pair[1].open_connections() == 0


def test_an_answer_that_is_given_up_is_not_fetched(pair: Pair, connect: Connect) -> None:
    """The next request would first download from the replica what nobody wants."""
    pair[0].misbehave(Cut(len(DATA) - 10), method='GET')
    con = connect()
    con.GET(URL)
    assert len(con.read(len(DATA) - 1000)) == len(DATA) - 1000
    assert con.HEAD(URL).status == 200
    assert pair[1].log == []


def test_a_deadline_that_is_over_is_over(pair: Pair, connect: Connect) -> None:
    """A request would take longer than its deadline, as the replica is asked when it is too late."""
    pair[0].misbehave(Drip(size=1000, interval=0.05), method='GET')
    con = connect(deadline=0.3)
    con.GET(URL)
    with pytest.raises(hcpsdk.HcpsdkTimeoutError, match='deadline'):
        con.read()
    assert pair[1].log == []
