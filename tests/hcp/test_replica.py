"""A Target with a replica, beside the matrix: what a failover costs, how it ends, what is never done."""

from __future__ import annotations

import contextlib
import logging
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable, Optional

import pytest

import hcpsdk
from hcpsdk import _pair
from hcpsdk._failover import Failover
from hcpsdk._link import Link
from hcpsdk._recent import Recent
from hcpsdk._trace import Clock
from hcpsdk.ips import Circle
from hcpsdk.mock import Blackhole, Busy, Cut, Drip, Fault, MockHCP, Refuse, Reset, Say, Silent, When

RA, RF = hcpsdk.RS_READ_ALLOWED, hcpsdk.RS_READ_ON_FAILOVER
WA, WF = hcpsdk.RS_WRITE_ALLOWED, hcpsdk.RS_WRITE_ON_FAILOVER

HAS_REPLICA = {'replica_fqdn': 'n1.m.hcp2.example.com'}

URL, DATA = '/rest/object', b'the same on both systems'
INTERVAL = 20.0
"""seconds between two probes, here"""

SOON = 0.05
"""seconds within which the replica has to answer when the primary's nodes refuse"""


class Now:
    """A clock that goes on by itself, and is moved."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.meanwhile: Callable[[], object] = lambda: None
        """what happens while a Connection waits before it sends again"""
        self.clock = Clock(now=lambda: time.monotonic() + self.ahead, sleep=lambda _: self.meanwhile())


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    moment = Now()
    for kind in (Failover, Recent, Circle, hcpsdk.Connection):
        monkeypatch.setattr(kind, '_clock', moment.clock)
    return moment


Pair = tuple[MockHCP, MockHCP]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary and a replica that replicate both ways, and have an object."""
    while True:
        with contextlib.ExitStack() as running:
            hcp1 = running.enter_context(MockHCP(nodes=2))
            try:
                hcp2 = running.enter_context(
                    MockHCP('hcp2.example.com', nodes=2, first=11, port=hcp1.port, mapi_port=hcp1.mapi_port)
                )
            except OSError:  # somebody has one of the ports at that address
                continue
            hcp1.dns.zones[hcp2.domain] = hcp2.addresses
            link = hcp1.replicate_to(hcp2)
            store(hcp1)
            link.deliver()
            hcp1.log.clear()
            hcp1.dns.questions.clear()
            yield hcp1, hcp2
            return


def store(hcp: MockHCP, url: str = URL) -> None:
    """Through a Target that nobody else has."""
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    target = hcpsdk.Target(f'n1.m.{hcp.domain}', auth, hcp.port, resolver=hcp.resolver())
    with hcpsdk.Connection(target) as con:
        assert con.PUT(url, DATA).status == 201


Aim = Callable[..., hcpsdk.Target]
Connect = Callable[..., hcpsdk.Connection]


@pytest.fixture
def aim(pair: Pair, now: Now) -> Iterator[Aim]:
    """Makes a Target; reads from the replica on failover, unless another strategy is given."""
    made: list[hcpsdk.Target] = []

    def make(strategy: Optional[int] = RF, **options: Any) -> hcpsdk.Target:
        auth = hcpsdk.NativeAuthorization('n', 'n01')
        usual = {'probe_interval': INTERVAL, 'resolver': pair[0].resolver(), 'replica_strategy': strategy}
        options = {**usual, **HAS_REPLICA, **options}
        target = hcpsdk.Target('n1.m.hcp1.example.com', auth, pair[0].port, **options)
        made.append(target)
        pair[0].dns.questions.clear()
        return target

    yield make
    for target in made:
        if target._circle._refresher is not None:
            target._circle._refresher.join()


@pytest.fixture
def connect(aim: Aim) -> Iterator[Connect]:
    """Makes a Connection, to a Target of its own if none is given."""
    with contextlib.ExitStack() as made:

        def make(target: Optional[hcpsdk.Target] = None, **options: Any) -> hcpsdk.Connection:
            options = {'timeout': 10, 'retries': 1, **options}
            return made.enter_context(hcpsdk.Connection(target or aim(), **options))

        yield make


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Link]:
    """The connections that were tried, in order."""
    links: list[Link] = []
    dial = Link.dial

    def counted(link: Link, *args: Any) -> None:
        links.append(link)
        dial(link, *args)

    monkeypatch.setattr(Link, 'dial', counted)
    return links


def get(con: hcpsdk.Connection, url: str = URL) -> tuple[int, Optional[str]]:
    """Status, and who gave it."""
    status = con.GET(url).status
    assert con.read() == DATA or status != 200
    return status, con.served_by


def seen(hcp: MockHCP, method: str = 'GET', path: str = URL) -> int:
    return sum(one.method == method and one.path == path for one in hcp.log)


PRIMARY, REPLICA = (200, 'hcp1.example.com'), (200, 'hcp2.example.com')


# --- what it costs ----------------------------------------------------------------------------


def test_the_first_request_pays_once(pair: Pair, aim: Aim, connect: Connect, dialled: list[Link]) -> None:
    """A primary that went away would cost more than one try of each of its nodes, and one question."""
    con = connect(aim())
    pair[0].misbehave(Refuse())
    assert get(con) == REPLICA
    first, second, third = (link.address for link in dialled)
    assert sorted([first, second]) == pair[0].addresses
    assert third in pair[1].addresses
    assert [question.type for question in pair[0].dns.questions] == ['A', 'AAAA']


def test_a_name_that_moved_is_followed(pair: Pair, aim: Aim, connect: Connect) -> None:
    """An HCP with new addresses would be given up for its replica."""
    con = connect(aim())
    pair[0].misbehave(Refuse())
    pair[0].dns.addresses = [*pair[0].addresses, pair[1].addresses[0]]
    assert get(con) == (400, 'hcp2.example.com')  # which is asked by the name of the other one
    assert not con._target.failed_over


def test_the_later_ones_pay_nothing(pair: Pair, aim: Aim, connect: Connect, dialled: list[Link]) -> None:
    """Each request, or each new Connection, would wait for the dead primary anew."""
    target = aim()
    con = connect(target)
    pair[0].misbehave(Refuse())
    get(con)
    dialled.clear()
    pair[0].dns.questions.clear()
    for each in [con, con, connect(target), connect(target)]:
        assert get(each) == REPLICA
    assert {link.address for link in dialled} <= set(pair[1].addresses)
    assert not pair[0].dns.questions


def test_silence_costs_one_timeout_a_node(
    pair: Pair, aim: Aim, connect: Connect, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request would take many times as long as the Connection's timeout says, the others too."""
    opened = Link._open

    def silent(link: Link, until: float) -> None:
        if link.address in pair[0].addresses:
            now.ahead += link._patience.connect
            raise socket.timeout('timed out')
        opened(link, until)

    con = connect(aim(probe_interval=1000.0), timeout=40)
    monkeypatch.setattr(Link, '_open', silent)
    assert get(con) == REPLICA
    assert now.ahead == 2 * 40
    for _ in range(5):
        assert get(con) == REPLICA
    assert now.ahead == 2 * 40


def test_a_refusing_primary_is_left_at_once(pair: Pair, aim: Aim, connect: Connect) -> None:
    """Users would notice a failover by what they wait."""
    pair[0].misbehave(Refuse())
    took = []
    for _ in range(5):
        con, started = connect(aim()), time.perf_counter()
        assert get(con) == REPLICA
        took.append(time.perf_counter() - started)
    assert min(took) < SOON


# --- back again -------------------------------------------------------------------------------


def test_one_probe_an_interval_whoever_asks(pair: Pair, aim: Aim, connect: Connect, now: Now) -> None:
    """A primary that comes up would be met by a probe of every request of every thread."""
    target, (primary, _) = aim(), pair
    down = primary.misbehave(Refuse())
    get(connect(target))
    primary.misbehave(Busy(), times=None)
    down.withdraw()
    for round_ in range(3):
        together(lambda con: [get(con) for _ in range(5)], [connect(target) for _ in range(8)])
        assert seen(primary, 'HEAD', '/rest/') == round_
        now.ahead += INTERVAL + 1
    assert len(primary.log) == 2


def together(act: Callable[[Any], object], arguments: list[Any]) -> None:
    """Each in a thread of its own, all at once."""
    start, problems = threading.Barrier(len(arguments)), []

    def run(argument: Any) -> None:
        try:
            start.wait()
            act(argument)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_it_goes_back_by_the_first_probe_that_is_answered(
    pair: Pair, aim: Aim, connect: Connect, now: Now
) -> None:
    """The replica would be used for ever, or the primary before anybody has looked after it."""
    con = connect(aim())
    down = pair[0].misbehave(Refuse())
    assert get(con) == REPLICA
    down.withdraw()
    now.ahead += INTERVAL - 1
    assert get(con) == REPLICA
    assert not pair[0].log
    now.ahead += 2
    assert get(con) == PRIMARY
    assert not con._target.failed_over


def test_it_does_not_go_back_to_503(pair: Pair, aim: Aim, connect: Connect, now: Now) -> None:
    """A primary that is still starting would get all the requests back, and refuse them."""
    con = connect(aim())
    down = pair[0].misbehave(Refuse())
    get(con)
    down.withdraw()
    busy = pair[0].misbehave(Busy(), times=None)
    for _ in range(3):
        now.ahead += INTERVAL + 1
        assert get(con) == REPLICA
    assert con._target.failed_over
    busy.withdraw()
    now.ahead += INTERVAL + 1
    assert get(con) == PRIMARY


@pytest.mark.parametrize(
    ('fault', 'longest', 'timeout'),
    [
        (Silent(When.ACCEPTED), 0.2, 30),
        (Silent(When.HEAD_READ), 0.2, 30),
        (Drip(1, 0.02), 0.2, 30),
        (Blackhole(), 0.2, 30),
        (Silent(When.HEAD_READ), 2.0, (0.2, 30)),
    ],
)
def test_a_probe_takes_its_time_and_no_more(
    fault: Fault, longest: float, timeout: Any, pair: Pair, aim: Aim, connect: Connect, now: Now,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A primary that takes connections and says nothing would hold up a request for half a minute."""
    assert _pair.LONG_ENOUGH == 2.0
    monkeypatch.setattr(_pair, 'LONG_ENOUGH', longest)
    con = connect(aim(), timeout=timeout)
    down = pair[0].misbehave(Refuse())
    get(con)
    pair[0].misbehave(fault, times=None)
    down.withdraw()
    now.ahead += INTERVAL + 1
    started = time.monotonic()
    assert get(con) == REPLICA
    assert 0.19 < time.monotonic() - started < 1.5
    assert con._target.failed_over


def test_a_probe_leaves_time_for_the_request(pair: Pair, aim: Aim, connect: Connect, now: Now) -> None:
    """A request with a deadline would spend all of it on a primary that says nothing, and fail."""
    con = connect(aim(), deadline=1.0)
    down = pair[0].misbehave(Refuse())
    get(con)
    pair[0].misbehave(Silent(When.HEAD_READ), times=None)
    down.withdraw()
    now.ahead += INTERVAL + 1
    assert get(con) == REPLICA


# --- 503 for too long -------------------------------------------------------------------------


def test_503_from_all_nodes_for_too_long(pair: Pair, aim: Aim, connect: Connect, now: Now) -> None:
    """A primary that is up, and does nothing but turn requests down, would be asked for ever."""
    con = connect(aim())
    pair[0].misbehave(Busy(), times=None)
    for seconds in (0, 15, 14):
        now.ahead += seconds
        assert get(con) == (503, 'hcp1.example.com')
        assert (con._target.failed_over, con._target.state.name) == (False, 'busy')
    now.ahead += 2
    assert get(con) == REPLICA
    assert con._target.failed_over
    assert '503' in con._target.state.reason
    for _ in range(4):
        now.ahead += INTERVAL + 1
        assert get(con) == REPLICA


def test_one_node_that_serves_keeps_the_primary(pair: Pair, aim: Aim, connect: Connect, now: Now) -> None:
    """One overloaded node would take the whole HCP out of use."""
    con = connect(aim(), idletime=0, retries=3)
    pair[0].misbehave(Busy(), node=0, times=None)
    for _ in range(6):
        now.ahead += 31
        assert get(con) == PRIMARY
    assert not con._target.failed_over


def test_an_answer_on_a_kept_connection_ends_the_count(
    pair: Pair, aim: Aim, connect: Connect, now: Now
) -> None:
    """An HCP that is busy now and then would be given up after a while."""
    target = aim()
    cons = [connect(target, retries=0, idletime=100) for _ in range(2)]
    for statuses in (200, 503, 200, 503):
        trouble = pair[0].misbehave(Busy(), times=None)
        if statuses == 200:
            trouble.withdraw()
        assert [get(con)[0] for con in cons] == [statuses] * 2
        trouble.withdraw()
        now.ahead += 16
    assert len({one.node for one in pair[0].log}) == 2
    assert not target.failed_over


@pytest.mark.parametrize('body', [DATA, iter([DATA])], ids=['bytes', 'generator'])
def test_a_body_is_sent_whole_or_not_at_all(
    body: Any, pair: Pair, aim: Aim, connect: Connect, now: Now
) -> None:
    """What is left of a generator would be stored as if it were the object."""
    con = connect(aim(WA | WF))
    pair[0].misbehave(Busy(), times=None)
    expected = (201, 1) if body is DATA else (503, 0)
    assert (con.PUT('/rest/new', body).status, seen(pair[1], 'PUT', '/rest/new')) == expected


def test_a_body_that_is_spent_stays_when_it_fails_over(
    pair: Pair, aim: Aim, connect: Connect, now: Now
) -> None:
    """What is left of a generator would be stored as if it were the object."""
    con = connect(aim(WF))
    pair[0].misbehave(Busy(), times=None)
    con.POST(URL, params={'index': 'true'})
    con.close()
    con.POST(URL, params={'index': 'true'})
    con.close()
    now.ahead += 31
    assert con.PUT('/rest/new', iter([DATA])).status == 503
    assert con._target.failed_over
    assert not pair[1].log


def test_a_body_that_nobody_asked_for_goes_to_the_replica(pair: Pair, aim: Aim, connect: Connect) -> None:
    """A generator could not be stored while failed over, though not a byte of it was used."""
    con = connect(aim(WF))
    pair[0].misbehave(Refuse())
    assert con.PUT('/rest/new', iter([DATA])).status == 201
    assert con.served_by == 'hcp2.example.com'


# --- what can be known ------------------------------------------------------------------------


def test_a_change_is_told_once(
    pair: Pair, aim: Aim, connect: Connect, now: Now, caplog: pytest.LogCaptureFixture
) -> None:
    """Operators would not learn of a failover, or learn of nothing else."""
    target, told = aim(), [('n1.m.hcp1.example.com is failed over to its replica', logging.WARNING)]
    down = pair[0].misbehave(Refuse())
    together(lambda con: [get(con) for _ in range(3)], [connect(target) for _ in range(8)])
    assert changes(caplog) == told
    down.withdraw()
    now.ahead += INTERVAL + 1
    together(lambda con: [get(con) for _ in range(3)], [connect(target) for _ in range(8)])
    assert changes(caplog) == [*told, ('n1.m.hcp1.example.com is used again', logging.WARNING)]


def changes(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int]]:
    """What is said before the reason."""
    records = [record for record in caplog.records if record.name == 'hcpsdk._failover']
    return [(record.getMessage().partition(':')[0], record.levelno) for record in records]


def test_the_state_can_be_read(pair: Pair, aim: Aim, connect: Connect, now: Now) -> None:
    """A program could not show which system it uses, since when, and why."""
    target, before = aim(), time.time()
    con = connect(target)
    assert (target.failed_over, target.state.name, target.state.reason) == (False, 'normal', '')
    down = pair[0].misbehave(Refuse())
    get(con)
    assert (target.failed_over, target.state.name) == (True, 'failed over')
    assert before <= target.state.since <= time.time()
    assert all(address in target.state.reason for address in pair[0].addresses)
    assert 'refused' in target.state.reason
    down.withdraw()
    now.ahead += INTERVAL + 1
    get(con)
    assert (target.failed_over, target.state.name) == (False, 'normal')
    assert 'answers' in target.state.reason


def test_without_a_strategy_nothing_is_used(pair: Pair, aim: Aim, connect: Connect) -> None:
    """A replica that was named only would be read, and written to."""
    con = connect(aim(None))
    pair[0].misbehave(Refuse())
    for method in ('GET', 'PUT'):
        with pytest.raises(hcpsdk.HcpsdkCantConnectError):
            con.request(method, URL)
    assert not pair[1].log
    assert not con._target.failed_over


def test_both_systems_are_in_the_journal(pair: Pair, aim: Aim, connect: Connect) -> None:
    """Nobody could tell afterwards what became of a request at which system."""
    con = connect(aim(RA))
    pair[0].misbehave(Say(410), method='GET')
    assert get(con) == REPLICA
    assert con.address in pair[1].addresses
    assert [one.status for one in con.attempts] == [410, 200]
    assert [one.address in pair[0].addresses for one in con.attempts] == [True, False]
    assert get(con) == PRIMARY
    assert con.address in pair[0].addresses
    assert len(con.attempts) == 1


def test_a_refused_write_says_in_the_log_what_it_means(
    pair: Pair, aim: Aim, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """Who is told 403 by a replica that was never failed over would look for a permission that lacks."""
    con = connect(aim(WF))
    pair[1].system.tenants['m'].namespaces['n1'].read_only = True
    pair[0].misbehave(Refuse())
    assert con.PUT('/rest/new', DATA).status == 403
    assert con.served_by == 'hcp2.example.com'
    pair[1].system.tenants['m'].namespaces['n1'].read_only = False
    assert con.PUT('/rest/new', DATA).status == 201
    assert sum('reason: ' in text for text in caplog.messages) == 1
    assert any('403' in text and 'reason: ' in text and 'failOver' in text for text in caplog.messages)


def test_an_error_tells_of_both(pair: Pair, aim: Aim, connect: Connect) -> None:
    """Who sees that the replica does not answer would not learn that the primary did not, either."""
    con = connect(aim(), timeout=(0.1, 10))
    pair[0].misbehave(Refuse())
    pair[1].misbehave(Blackhole())
    for _ in range(2):
        with pytest.raises(hcpsdk.HcpsdkTimeoutError) as caught:
            con.GET(URL)
        for hcp in pair:
            assert all(word in caught.value.reason for word in (f'n1.m.{hcp.domain}', *hcp.addresses))
    assert con.served_by is None


# --- what was just written --------------------------------------------------------------------


@pytest.mark.parametrize('written', ['/rest/new', '/rest/n%65w', '/rest//new'])
@pytest.mark.parametrize('method', ['PUT', 'DELETE', 'POST'])
def test_what_was_just_written_is_not_read_from_the_replica(
    written: str, method: str, pair: Pair, aim: Aim, connect: Connect, now: Now
) -> None:
    """A program would read the state before its own write."""
    con = connect(aim(RA))
    con.request(method, written)
    pair[0].misbehave(Say(410), method='GET', times=None)
    now.ahead += 59
    assert get(con, '/rest/new')[0] == 410
    assert not pair[1].log
    now.ahead += 2
    con.GET('/rest/new')
    assert seen(pair[1], 'GET', '/rest/new') == 1


def test_it_is_the_target_that_has_written(pair: Pair, aim: Aim, connect: Connect) -> None:
    """Another Connection of the same program would read the state before."""
    target = aim(RA)
    connect(target).DELETE(URL)
    pair[0].misbehave(Busy(), method='GET', times=None)
    assert get(connect(target))[0] == 503
    assert not pair[1].log


def test_while_failed_over_it_is(pair: Pair, aim: Aim, connect: Connect) -> None:
    """A program could not read its own objects while the primary is away."""
    con = connect(aim(RA))
    con.POST(URL, params={'index': 'true'})
    con.close()
    pair[0].misbehave(Refuse())
    assert get(con) == REPLICA


def test_a_replica_that_lags_is_not_believed(pair: Pair, aim: Aim, connect: Connect) -> None:
    """An object would be gone, because the replica does not have it yet."""
    with link_cut(pair):
        store(pair[0], '/rest/late')
    con = connect(aim(RA))
    pair[0].log.clear()
    pair[0].misbehave(Say(410), method='GET')
    assert get(con, '/rest/late') == PRIMARY
    assert [one.status for one in con.attempts] == [410, 404, 200]
    assert con.address in pair[0].addresses
    assert len({one.connection for one in pair[0].log}) == 1


@pytest.mark.parametrize('status', [400, 403, 410, 500, 503])
def test_a_replica_that_cannot_help_costs_the_primary_nothing(
    status: int, pair: Pair, aim: Aim, connect: Connect
) -> None:
    """A primary in trouble would get each request once more, or its answer be lost to that of the replica."""
    con = connect(aim(RA))
    pair[0].misbehave(Say(410), times=None)
    pair[1].misbehave(Say(status), times=None)
    assert get(con) == (410, 'hcp1.example.com')
    assert (seen(pair[0]), con.address in pair[0].addresses) == (1, True)


@contextlib.contextmanager
def link_cut(pair: Pair) -> Iterator[None]:
    """What is stored meanwhile does not get to the replica."""
    for link in pair[0].system.links.values():
        link.apply('suspend')
    yield


# --- what is never done -----------------------------------------------------------------------


@pytest.mark.parametrize('path', ['/proc/statistics', '/proc', '/mapi/tenants', '/restless'])
@pytest.mark.parametrize('gone', [False, True])
def test_only_objects_move(path: str, gone: bool, pair: Pair, aim: Aim, connect: Connect) -> None:
    """One system's figures and settings would be taken for those of the other."""
    con = connect(aim(RA | WA))
    if not gone:
        pair[0].misbehave(Say(410), times=None)
        assert con.GET(path).status == 410
        assert not pair[1].log
        return
    pair[0].misbehave(Refuse())
    get(con)
    pair[1].log.clear()
    for method in ('GET', 'POST'):
        with pytest.raises(hcpsdk.HcpsdkCantConnectError):
            con.request(method, path)
    assert not pair[1].log


def test_one_system_only_while_failed_over(pair: Pair, aim: Aim, connect: Connect) -> None:
    """Reads and writes would alternate between two systems that do not agree yet."""
    con = connect(aim(RA | WA))
    down = pair[0].misbehave(Refuse())
    get(con)
    down.withdraw()
    pair[1].log.clear()
    for fault in (Busy(), Say(410), Say(404), Reset(When.BODY_READ)):
        for method in ('GET', 'HEAD', 'PUT', 'POST', 'DELETE'):
            with pair[1].misbehave(fault, times=None), contextlib.suppress(hcpsdk.HcpsdkError):
                assert con.request(method, URL).status >= 400
    assert not pair[0].log
    assert con._target.failed_over
    assert seen(pair[1]) == 2 + 1 + 1 + (1 + 2)  # retries once, not twice; a kept connection's end is free


def test_what_the_strategy_does_not_allow_stays(pair: Pair, aim: Aim, connect: Connect) -> None:
    """A Target for reading would write to a system that nobody meant it to."""
    con = connect(aim(RF))
    down = pair[0].misbehave(Refuse())
    get(con)
    down.withdraw()
    pair[0].misbehave(Busy())
    assert con.PUT('/rest/new', DATA).status == 201
    assert con.served_by == 'hcp1.example.com'
    assert not seen(pair[1], 'PUT', '/rest/new')


def test_what_cannot_move_is_sent_again(pair: Pair, aim: Aim, connect: Connect) -> None:
    """The first 503 would be the last word of a primary that comes up, for whatever only it can tell."""
    con = connect(aim(RF))
    down = pair[0].misbehave(Refuse())
    get(con)
    down.withdraw()
    pair[0].misbehave(Busy())
    assert con.GET('/proc').status == 200
    assert con.served_by == 'hcp1.example.com'


@pytest.mark.parametrize('method', ['GET', 'PUT'])
def test_what_we_lack_ourselves_is_no_failover(method: str, pair: Pair, aim: Aim, connect: Connect) -> None:
    """A program with too many connections would go over to the replica, and take itself for a victim."""
    target = aim(RA | WA, max_per_node=1)
    others = [connect(target) for _ in range(2)]
    assert [get(con) for con in others] == [PRIMARY, PRIMARY]
    with pytest.raises(hcpsdk.HcpsdkError, match='max_per_node'):
        connect(target, timeout=(0.1, 10)).request(method, URL)
    assert not target.failed_over
    assert not pair[1].log


@pytest.mark.parametrize(('method', 'came'), [('GET', 503), ('PUT', None), ('POST', None), ('DELETE', None)])
def test_trouble_at_the_replica(
    method: str, came: Optional[int], pair: Pair, aim: Aim, connect: Connect
) -> None:
    """A write that the replica may have made would look like one that the primary has turned down."""
    con = connect(aim(RA | WA))
    pair[0].misbehave(Busy(), times=None)
    pair[1].misbehave(Reset(When.CARRIED_OUT), times=None)
    if came is None:
        with pytest.raises(hcpsdk.HcpsdkError, match=r'127\.0\.0\.1[12]'):
            con.request(method, '/rest/new')
    else:
        assert con.request(method, URL).status == came
        assert con.served_by == 'hcp1.example.com'
    assert len(pair[1].log) == 1


@pytest.fixture
def mute(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """From the n-th connection to the primary on, the first byte that is sent breaks it."""
    dial, count = Link.dial, {'left': 1_000_000}

    def broken(link: Link, *args: Any) -> None:
        dial(link, *args)
        if link.address in pair[0].addresses:
            count['left'] -= 1
            if count['left'] < 0:
                link._sock.shutdown(socket.SHUT_RDWR)

    monkeypatch.setattr(Link, 'dial', broken)
    return lambda good: count.update(left=good)


WRITES = [('PUT', '/rest/new'), ('POST', URL), ('DELETE', URL)]


def test_a_read_of_which_nothing_was_sent(
    pair: Pair, aim: Aim, connect: Connect, mute: Callable[[int], None]
) -> None:
    """A read would fail though the replica can serve it."""
    con = connect(aim(RA))
    mute(0)
    assert get(con) == REPLICA
    assert not con._target.failed_over


@pytest.mark.parametrize(('method', 'url'), WRITES)
def test_a_write_of_which_nothing_was_sent(
    method: str, url: str, pair: Pair, aim: Aim, connect: Connect, mute: Callable[[int], None]
) -> None:
    """A write would fail though an active/active replica can carry it out, and nothing speaks against it."""
    con = connect(aim(WA))
    mute(0)
    params = {'index': 'true'} if method == 'POST' else None
    assert con.request(method, url, params=params).status in (200, 201)
    assert con.served_by == 'hcp2.example.com'
    assert not con._target.failed_over
    assert not pair[0].log


@pytest.mark.parametrize('strategy', [RA, WF])
@pytest.mark.parametrize(('method', 'url'), WRITES)
def test_it_needs_the_strategy(
    strategy: int, method: str, url: str, pair: Pair, aim: Aim, connect: Connect, mute: Callable[[int], None]
) -> None:
    """A write would go to a replica that may not be active/active."""
    con = connect(aim(strategy))
    mute(0)
    with pytest.raises(hcpsdk.HcpsdkError):
        con.request(method, url)
    assert not pair[1].log


def test_a_write_in_doubt_stays_though_nothing_was_sent_last(
    pair: Pair, aim: Aim, connect: Connect, mute: Callable[[int], None]
) -> None:
    """An object would be stored on both systems, and collide with itself."""
    con = connect(aim(WA | WF))
    mute(1)
    pair[0].misbehave(Reset(When.CARRIED_OUT), method='PUT')
    with pytest.raises(hcpsdk.HcpsdkError):
        con.PUT('/rest/new', DATA)
    assert seen(pair[0], 'PUT', '/rest/new') == 1
    assert not seen(pair[1], 'PUT', '/rest/new')


@pytest.mark.parametrize('method', ['PUT', 'DELETE'])
def test_a_write_in_doubt_stays_though_the_primary_goes_away(
    method: str, pair: Pair, aim: Aim, connect: Connect, now: Now
) -> None:
    """An object would be stored on both systems, and collide with itself."""
    con = connect(aim(WA | WF))
    pair[0].misbehave(Reset(When.CARRIED_OUT), method=method)
    now.meanwhile = lambda: pair[0].misbehave(Refuse())
    with pytest.raises(hcpsdk.HcpsdkError, match='not sent again'):
        con.request(method, '/rest/new')
    assert con._target.failed_over
    assert not seen(pair[1], method, '/rest/new')


def test_a_write_in_doubt_stays_though_the_primary_turns_busy(
    pair: Pair, aim: Aim, connect: Connect, now: Now
) -> None:
    """An object would be stored on both systems, and collide with itself."""
    con = connect(aim(WA | WF))
    pair[0].misbehave(Reset(When.CARRIED_OUT), method='PUT')
    now.meanwhile = lambda: pair[0].misbehave(Busy(), times=None)
    assert con.PUT('/rest/new', DATA).status == 503
    assert not seen(pair[1], 'PUT', '/rest/new')


@pytest.mark.parametrize('strategy', [RF, RA])
def test_a_read_in_doubt_moves(strategy: int, pair: Pair, aim: Aim, connect: Connect, now: Now) -> None:
    """A read would fail because the primary went away a moment too late."""
    con = connect(aim(strategy))
    pair[0].misbehave(Reset(When.BODY_READ), method='GET')
    now.meanwhile = lambda: pair[0].misbehave(Refuse())
    assert get(con) == REPLICA


# --- what another thread finds out meanwhile --------------------------------------------------


@dataclass(frozen=True)
class Meanwhile(Fault):
    """Something happens while a request is with HCP, and then a fault, or the answer."""

    act: Callable[[], object]
    fault: Optional[Fault] = None

    def play(self, exchange: Any) -> None:
        self.act()
        if self.fault is None:
            exchange.reply(exchange.carry_out())
        else:
            self.fault.play(exchange)


@pytest.fixture
def lose(pair: Pair, connect: Connect) -> Callable[[hcpsdk.Target], None]:
    """Another Connection of a Target finds its primary gone; connections that exist live on."""

    def find_out(target: hcpsdk.Target) -> None:
        pair[0].misbehave(Refuse())
        with pytest.raises(hcpsdk.HcpsdkCantConnectError):
            connect(target).GET('/proc')
        assert target.failed_over

    return find_out


@pytest.mark.parametrize('fault', [Say(410), Busy(), Reset(When.BODY_READ), Silent(When.HEAD_READ), Cut(1)])
@pytest.mark.parametrize('strategy', [RF, RA])
def test_a_read_leaves_a_primary_that_others_found_gone(
    strategy: int, fault: Fault, pair: Pair, aim: Aim, connect: Connect, lose: Callable[..., None],
    dialled: list[Link],
) -> None:  # fmt: skip
    """A read would end in an error though the replica is known to be in charge."""
    target = aim(strategy)
    con = connect(target, timeout=(10, 0.5))
    assert get(con) == PRIMARY
    pair[0].misbehave(Meanwhile(lambda: lose(target), fault))
    con.GET(URL)
    assert con.read() == DATA
    assert seen(pair[1]) == 1
    assert target.failed_over
    others, own = 2, 1
    assert sum(link.address in pair[0].addresses for link in dialled) == others + own


def test_a_request_does_not_try_the_other_nodes(
    pair: Pair, aim: Aim, connect: Connect, lose: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of many threads would wait for all nodes, when one of them has found out already."""
    target, tried = aim(), []
    con, dial = connect(target), Link.dial

    def late(link: Link, *args: Any) -> None:
        tried.append(link.address)
        if len(tried) == 1:
            lose(target)
        dial(link, *args)

    monkeypatch.setattr(Link, 'dial', late)
    assert get(con) == REPLICA
    assert sum(address in pair[0].addresses for address in tried) == 1 + 2


def test_a_write_that_was_answered_stays(
    pair: Pair, aim: Aim, connect: Connect, lose: Callable[..., None]
) -> None:
    """A write would be made though HCP has answered it, with a no."""
    target = aim(WF)
    con = connect(target)
    assert con.POST(URL, params={'index': 'true'}).status == 200
    pair[0].misbehave(Meanwhile(lambda: lose(target), Say(410)))
    assert con.PUT('/rest/new', DATA).status == 410
    assert target.failed_over
    assert not pair[1].log


@pytest.mark.parametrize(('method', 'url'), [('GET', URL), *WRITES])
def test_what_was_not_sent_leaves_it(
    method: str, url: str, pair: Pair, aim: Aim, connect: Connect, lose: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A request would end in an error though the replica is known to be in charge."""
    target = aim(RF | WF)
    con, dial = connect(target, retries=0), Link.dial

    def late(link: Link, *args: Any) -> None:
        dial(link, *args)
        if link.address in pair[0].addresses:
            lose(target)
            with contextlib.suppress(OSError):  # its node may not have taken it yet, and have reset it
                link._sock.shutdown(socket.SHUT_RDWR)

    monkeypatch.setattr(Link, 'dial', late)
    params = {'index': 'true'} if method == 'POST' else None
    assert con.request(method, url, params=params).status in (200, 201)
    assert con.served_by == 'hcp2.example.com'


def test_an_answer_on_an_old_connection_does_not_bring_it_back(
    pair: Pair, aim: Aim, connect: Connect, lose: Callable[..., None]
) -> None:
    """The last answers of a primary that goes away would make it be waited for once more."""
    target = aim()
    con = connect(target)
    get(con)
    pair[0].misbehave(Meanwhile(lambda: lose(target)))
    assert get(con) == PRIMARY
    assert target.failed_over


def test_nor_does_one_on_a_connection_that_was_new_before(
    pair: Pair, aim: Aim, connect: Connect, lose: Callable[..., None]
) -> None:
    """The last answers of a primary that goes away would make it be waited for once more."""
    target = aim()
    pair[0].misbehave(Meanwhile(lambda: lose(target)))
    assert get(connect(target)) == PRIMARY
    assert target.failed_over


def test_close_from_elsewhere_is_no_reason_to_go_on(pair: Pair, aim: Aim, connect: Connect) -> None:
    """A request that its program has given up would be made all the same, at the other system."""
    con = connect(aim(RA), retries=0)
    pair[0].misbehave(Meanwhile(con.close, Silent(When.HEAD_READ)))
    with pytest.raises(hcpsdk.HcpsdkError, match='closed'):
        con.GET(URL)
    assert not pair[1].log


def test_a_busy_primary_that_goes_away_is_gone(pair: Pair, aim: Aim, connect: Connect) -> None:
    """Each request would wait for a dead primary anew, because it was busy when it died."""
    con = connect(aim())
    pair[0].misbehave(Busy(), times=None)
    assert get(con)[0] == 503
    con.close()
    pair[0].misbehave(Refuse())
    assert get(con) == REPLICA
    assert con._target.failed_over


# --- sockets ----------------------------------------------------------------------------------


def test_two_hundred_switches_leave_one_socket_a_system(
    pair: Pair, aim: Aim, connect: Connect, dialled: list[Link], until: Callable[..., None]
) -> None:
    """A program would run out of sockets in a long night of failovers."""
    con = connect(aim(probe_interval=0.0))
    for _ in range(100):
        for node in range(2):
            pair[0].stop_node(node)
        assert get(con) == REPLICA
        assert sockets(dialled, pair) == (0, 1)
        for node in range(2):
            pair[0].start_node(node)
        assert get(con) == PRIMARY
        assert sockets(dialled, pair) == (1, 1)
    con.close()
    assert sockets(dialled, pair) == (0, 0)
    until(lambda: not any(hcp.open_connections() for hcp in pair))


def sockets(links: list[Link], pair: Pair) -> tuple[int, int]:
    """How many are open to the primary, and to the replica."""
    is_open = [link.address for link in links if link._sock.fileno() >= 0]
    return tuple(sum(address in hcp.addresses for address in is_open) for hcp in pair)


def test_a_probe_is_no_second_socket(
    pair: Pair, aim: Aim, connect: Connect, now: Now, dialled: list[Link]
) -> None:
    """A node would be full of connections that are kept, and one more for each that looks after it."""
    target, counts = aim(), []
    con = connect(target, idletime=100)
    assert get(con) == PRIMARY
    with pair[0].misbehave(Refuse()), connect(target) as other:
        assert get(other) == REPLICA
    now.ahead += INTERVAL + 1
    pair[0].misbehave(Meanwhile(lambda: counts.append(sockets(dialled, pair)[0])), method='HEAD')
    assert get(con) == PRIMARY
    assert counts == [1]


def test_going_aside_keeps_both_connections(pair: Pair, aim: Aim, connect: Connect) -> None:
    """Each object that is on the replica only would cost a new connection, or two."""
    con = connect(aim(RA))
    pair[0].misbehave(Say(410), path=URL, times=None)
    store(pair[0], '/rest/other')
    pair[0].log.clear()
    for _ in range(100):
        assert get(con) == REPLICA
        assert get(con, '/rest/other') == PRIMARY
        assert (pair[0].open_connections(), pair[1].open_connections()) == (1, 1)
    assert [len({one.connection for one in hcp.log}) for hcp in pair] == [1, 1]


# --- how a Target is made ---------------------------------------------------------------------


def test_a_pickled_target_has_its_replica(pair: Pair, aim: Aim, connect: Connect) -> None:
    """A worker process would be without the replica, or believe in a failover that is over."""
    target = aim(RF, read_your_writes=7.0)
    pair[0].misbehave(Refuse())
    get(connect(target))
    copy = pickle.loads(pickle.dumps(target))
    assert (copy.replica.fqdn, copy.failed_over, target.failed_over) == (target.replica.fqdn, False, True)
    assert get(connect(copy)) == REPLICA
    assert copy.failed_over
    copy._circle._refresher.join()


def test_the_replica_has_its_own_users(
    pair: Pair, aim: Aim, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """A replica with other accounts could not be used, or would be shown the wrong password."""
    pair[1].system.tenants['m'].users['n'].password = 'other'
    pair[0].misbehave(Refuse())
    assert get(connect(aim()))[0] == 403
    assert not any('reason: ' in text for text in caplog.messages)
    own = aim(replica_authorization=hcpsdk.NativeAuthorization('n', 'other'))
    assert get(connect(own)) == REPLICA


def test_the_replica_is_made_like_the_primary(pair: Pair, aim: Aim) -> None:
    """The replica would be asked at another port, without TLS, or of another name server."""
    target = aim()
    assert target.replica.addresses
    assert set(target.replica.addresses) == set(pair[1].addresses)
    assert (target.replica.port, target.replica.ssl, target.replica.replica) == (pair[0].port, False, None)
    assert target.replica.headers['Authorization'] == target.headers['Authorization']


class Nobody:
    """A resolver that must not be asked."""

    def resolve(self, *_: Any, **__: Any) -> Any:
        raise AssertionError('that is I/O')


@pytest.mark.parametrize(
    ('kind', 'options'),
    [
        (ValueError, {'replica_strategy': RF}),
        (ValueError, {'replica_strategy': 16, **HAS_REPLICA}),
        (ValueError, {'replica_strategy': RF | 32, **HAS_REPLICA}),
        (ValueError, {'replica_strategy': -1, **HAS_REPLICA}),
        (TypeError, {'replica_strategy': 'RS_READ_ALLOWED', **HAS_REPLICA}),
        (TypeError, {'replica_strategy': True, **HAS_REPLICA}),
        (TypeError, {'replica_fqdn': 1}),
        (ValueError, {'replica_fqdn': ''}),
        (ValueError, {'replica_fqdn': 'https://n1.m.hcp2.example.com'}),
        (TypeError, {'replica_authorization': ('n', 'n01'), **HAS_REPLICA}),
        (ValueError, {'replica_authorization': hcpsdk.NativeAuthorization('n', 'n01')}),
        (ValueError, {'failover_after': -1, **HAS_REPLICA}),
        (TypeError, {'failover_after': '30', **HAS_REPLICA}),
        (ValueError, {'probe_interval': float('nan'), **HAS_REPLICA}),
        (TypeError, {'probe_interval': None, **HAS_REPLICA}),
        (ValueError, {'read_your_writes': -0.5, **HAS_REPLICA}),
        (TypeError, {'read_your_writes': [60], **HAS_REPLICA}),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(kind: type, options: dict[str, Any]) -> None:
    """A typing error would be found when the primary fails, or as a strange error of DNS."""
    auth = hcpsdk.NativeAuthorization('n', 'n01')
    with pytest.raises(kind):
        hcpsdk.Target('n1.m.hcp1.example.com', auth, 80, resolver=Nobody(), **options)


@pytest.mark.parametrize('strategy', [None, RF])
def test_a_replica_that_cannot_be_resolved(strategy: Optional[int], pair: Pair, aim: Aim) -> None:
    """A program would start without the replica that it relies on, and learn of it in the worst moment."""
    del pair[0].dns.zones['hcp2.example.com']
    with pytest.raises(hcpsdk.HcpsdkReplicaInitError, match=r'n1\.m\.hcp2\.example\.com'):
        aim(strategy)
