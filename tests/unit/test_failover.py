"""Which of its two systems a Target uses: the state and its changes, without a socket."""

from __future__ import annotations

import itertools
import logging
import pickle
import threading

import pytest

from hcpsdk import _failover, _recent, _replica, _request
from hcpsdk._failover import TRANSITIONS, Event, Failover, Standing
from hcpsdk._recent import Recent
from hcpsdk._replica import ROWS, Go, Met, Mode, movable, where
from hcpsdk._trace import Clock

NODES = ('192.0.2.1', '192.0.2.2')
LATER = 1e9


class Now:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.value = 1000.0
        self.clock = Clock(now=lambda: self.value, wall=lambda: self.value + 1e9)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Now:
    moment = Now()
    monkeypatch.setattr(Failover, '_clock', moment.clock)
    monkeypatch.setattr(Recent, '_clock', moment.clock)
    return moment


@pytest.fixture
def failover(now: Now) -> Failover:
    return Failover('n1.m.hcp1.example.com', 30.0, 10.0)


# --- how it stands ---------------------------------------------------------------------------


def test_every_event_has_a_place_in_every_state() -> None:
    """A request would die of a KeyError in the middle of a failover."""
    assert all(set(events) == set(Event) for events in TRANSITIONS.values())
    assert set(TRANSITIONS) == set(Standing)


def test_it_begins_normal(failover: Failover, now: Now) -> None:
    """A program that shows the state would show nonsense at its start."""
    assert failover.state == ('normal', now.value + 1e9, '')
    assert not failover.failed_over


def test_a_primary_that_nobody_reaches_is_given_up(failover: Failover, now: Now) -> None:
    """Every request would wait for the dead primary anew."""
    now.value += 5
    failover.unreachable('all of them refuse', since=0.0)
    assert failover.failed_over
    assert failover.state == ('failed over', now.value + 1e9, 'all of them refuse')


def test_a_later_failure_does_not_change_since_when(failover: Failover, now: Now) -> None:
    """Nobody could tell how long the primary has been away."""
    failover.unreachable('first', since=0.0)
    before = failover.state
    now.value += 5
    failover.unreachable('second', since=0.0)
    failover.busy(NODES[0], NODES)
    assert failover.state is before


def test_busy_for_long_enough_everywhere_is_given_up(failover: Failover, now: Now) -> None:
    """A primary in maintenance would be asked for ever."""
    for node in NODES:
        failover.busy(node, NODES)
    assert failover.state.name == 'busy'
    now.value += 30
    failover.busy(NODES[0], NODES)
    assert not failover.failed_over
    now.value += 0.1
    failover.busy(NODES[0], NODES)
    assert failover.failed_over
    assert '503' in failover.state.reason


def test_a_node_that_was_not_asked_yet_keeps_the_primary(failover: Failover, now: Now) -> None:
    """One overloaded node would take the whole HCP out of use."""
    failover.busy(NODES[0], NODES)
    now.value += 100
    failover.busy(NODES[0], NODES)
    assert not failover.failed_over
    failover.busy(NODES[1], NODES)
    assert not failover.failed_over


def test_a_node_that_has_failed_does_not_keep_it(failover: Failover, now: Now) -> None:
    """A dead node beside busy ones would keep requests at a primary that serves none."""
    failover.busy(NODES[0], NODES[:1])
    now.value += 31
    failover.busy(NODES[0], NODES[:1])
    assert failover.failed_over


def test_one_other_answer_ends_the_count(failover: Failover, now: Now) -> None:
    """An HCP that is busy now and then would be given up after a while."""
    for node in NODES:
        failover.busy(node, NODES)
    now.value += 29
    failover.answered(NODES[1], began=LATER)
    assert failover.state.name == 'normal'
    now.value += 2
    for node in NODES:
        failover.busy(node, NODES)
    assert not failover.failed_over


def test_an_answer_brings_it_back(failover: Failover) -> None:
    """The replica would be used for ever."""
    failover.unreachable('all of them refuse', since=0.0)
    failover.answered(NODES[0], began=LATER)
    assert not failover.failed_over
    assert failover.state.name == 'normal'
    assert NODES[0] in failover.state.reason


def test_two_503_far_apart_are_two_occasions(failover: Failover, now: Now) -> None:
    """A nightly job that met 503 last and first would have its primary given up by a single answer."""
    for node in NODES:
        failover.busy(node, NODES)
    now.value += 24 * 3600
    for node in NODES:
        failover.busy(node, NODES)
    assert not failover.failed_over


def test_an_answer_to_what_began_before_proves_nothing(failover: Failover, now: Now) -> None:
    """A slow answer of the primary's last breath would bring it back, and the next request wait for it."""
    began = now.value
    now.value += 1
    failover.unreachable('gone', since=began)
    failover.answered(NODES[0], began)
    assert failover.failed_over
    failover.answered(NODES[0], now.value)
    assert not failover.failed_over


def test_an_old_finding_is_looked_into_at_once(failover: Failover, now: Now) -> None:
    """A primary that came back while a slow request gave it up would be out of use for an interval."""
    began = now.value
    now.value += 1
    failover.answered(NODES[0], now.value)
    now.value += 1
    failover.unreachable('gone', since=began)
    assert failover.failed_over
    assert failover.probe_due()
    assert not failover.probe_due()


def test_busy_once_more_after_it_came_back_counts_anew(failover: Failover, now: Now) -> None:
    """A single 503 after the primary came back would take it out of use again."""
    for node in NODES:
        failover.busy(node, NODES)
    now.value += 31
    failover.busy(NODES[0], NODES)
    assert failover.failed_over
    failover.answered(NODES[0], began=LATER)
    for node in NODES:
        failover.busy(node, NODES)
    assert not failover.failed_over


def test_a_probe_is_due_once_in_an_interval(failover: Failover, now: Now) -> None:
    """Each request would pay for looking after the primary."""
    assert not failover.probe_due()
    failover.unreachable('gone', since=0.0)
    assert not failover.probe_due()
    now.value += 9.9
    assert not failover.probe_due()
    now.value += 0.1
    assert failover.probe_due()
    assert not failover.probe_due()
    now.value += 10
    assert failover.probe_due()


def test_one_of_many_threads_makes_the_probe(failover: Failover, now: Now) -> None:
    """All threads of a service would wait for the dead primary at once."""
    failover.unreachable('gone', since=0.0)
    now.value += 10
    ready, due = threading.Barrier(8), []

    def look() -> None:
        ready.wait()
        due.append(failover.probe_due())

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(due) == 1


def test_each_change_is_logged_once(failover: Failover, caplog: pytest.LogCaptureFixture) -> None:
    """An operator would learn nothing, or the same thing a thousand times."""
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        failover.unreachable('all of them refuse', since=0.0)
    for _ in range(3):
        failover.answered(NODES[0], began=LATER)
    failover.busy(NODES[0], NODES)
    assert [record.levelname for record in caplog.records] == ['WARNING', 'WARNING']
    assert 'n1.m.hcp1.example.com is failed over to its replica: all of them refuse' in caplog.messages[0]
    assert 'used again' in caplog.messages[1]


def test_a_copy_begins_anew(failover: Failover) -> None:
    """A worker process would believe what its parent once knew, or could not be started."""
    failover.unreachable('gone', since=0.0)
    twin = pickle.loads(pickle.dumps(failover))
    assert (twin.failed_over, twin.state.name) == (False, 'normal')
    assert twin._settings == failover._settings


# --- what was written lately -----------------------------------------------------------------


def test_what_was_written_is_remembered_for_its_time(now: Now) -> None:
    """A program would read from the replica what was there before its own write."""
    recent = Recent(60.0)
    recent.add('/rest/a')
    now.value += 59.9
    assert '/rest/a' in recent
    assert '/rest/b' not in recent
    now.value += 0.1
    assert '/rest/a' not in recent


def test_a_second_write_counts(now: Now) -> None:
    """The time would run from the first of many writes."""
    recent = Recent(60.0)
    recent.add('/rest/a')
    recent.add('/rest/b')
    now.value += 50
    recent.add('/rest/a')
    now.value += 50
    assert '/rest/a' in recent
    assert '/rest/b' not in recent


@pytest.mark.parametrize('other', ['/rest/a%20b', '/rest//a%20b', '/rest/%61%20b/'])
def test_an_object_is_the_same_however_it_is_spelled(now: Now, other: str) -> None:
    """A write under one spelling would not protect reads under another one."""
    recent = Recent(60.0)
    recent.add('/rest/a%20b')
    assert other in recent


def test_too_many_names_make_all_of_them_wait(now: Now, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy writer would run out of memory, or the oldest names would be read from the replica too soon."""
    monkeypatch.setattr(_recent, 'MOST', 3)
    recent = Recent(60.0)
    for name in 'abcd':
        recent.add(f'/rest/{name}')
        now.value += 1
    assert len(recent._until) == 3
    assert '/rest/never' in recent
    now.value += 56
    assert '/rest/never' not in recent
    assert '/rest/d' in recent


def test_old_names_make_room(now: Now) -> None:
    """A program that runs for months would keep every name that it has ever written."""
    recent = Recent(60.0)
    for name in 'abc':
        recent.add(f'/rest/{name}')
    now.value += 60
    recent.add('/rest/d')
    assert len(recent._until) == 1
    assert '/rest/a' not in recent


def test_no_time_at_all_remembers_nothing(now: Now) -> None:
    """``read_your_writes=0`` would not switch it off."""
    recent = Recent(0.0)
    recent.add('/rest/a')
    assert '/rest/a' not in recent
    assert not recent._until


def test_a_copy_has_written_nothing(now: Now) -> None:
    """A Target could not be pickled."""
    recent = Recent(60.0)
    recent.add('/rest/a')
    assert '/rest/a' not in pickle.loads(pickle.dumps(recent))


# --- where to --------------------------------------------------------------------------------


def request(method: str = 'GET', url: str = '/rest/a', **more: object) -> _request.Request:
    return _request.build(method, url, **more)


@pytest.mark.parametrize('strategy', range(16))
def test_what_is_allowed_always_is_allowed_while_failed_over(strategy: int) -> None:
    """RS_READ_ALLOWED alone would not read when it is needed most."""
    allowed = _replica.modes(strategy)
    assert (Mode.READ_ALLOWED in allowed) == bool(strategy & 1)
    assert (Mode.READ_ON_FAILOVER in allowed) == bool(strategy & 3)
    assert (Mode.WRITE_ALLOWED in allowed) == bool(strategy & 4)
    assert (Mode.WRITE_ON_FAILOVER in allowed) == bool(strategy & 12)


METHODS = ('GET', 'HEAD', 'PUT', 'POST', 'DELETE')
FACTS = list(itertools.product(Met, [True, False], range(16), [True, False]))


@pytest.mark.parametrize('method', METHODS)
def test_what_must_never_be(method: str) -> None:
    """A write would be made twice, a strategy be overridden, or one's own write not be seen."""
    reads = method in ('GET', 'HEAD')
    for met, failed_over, strategy, flag in FACTS:
        go = where(met, failed_over, request(method), _replica.modes(strategy), unknown=flag, own=flag).go
        facts = (met, failed_over, strategy, flag, go)
        assert go is Go.STAY or strategy & (3 if reads else 12), facts
        assert go is Go.STAY or reads or not flag, facts
        assert go is not Go.OVER or failed_over, facts
        assert go is not Go.ASIDE or (strategy & (1 if reads else 4) and not flag), facts
        assert go is not Go.ASIDE or (met is not Met.BEGIN and not failed_over), facts


def test_a_body_that_is_spent_goes_nowhere() -> None:
    """An object would be stored on the replica without its beginning."""
    put = request('PUT', body=iter([b'abc']))
    everything = _replica.modes(15)
    assert where(Met.BUSY, False, put, everything, unknown=False, own=False).go is Go.ASIDE
    assert where(Met.BUSY, True, put, everything, unknown=False, own=False).go is Go.OVER
    list(put.body.blocks())
    assert where(Met.BUSY, False, put, everything, unknown=False, own=False).go is Go.STAY
    assert where(Met.BUSY, True, put, everything, unknown=False, own=False).go is Go.STAY


def test_every_row_but_the_last_is_of_use() -> None:
    """The documentation would show a rule that never counts."""
    used = {
        where(met, failed_over, request(method), _replica.modes(strategy), flag, flag)
        for method in METHODS
        for met, failed_over, strategy, flag in FACTS
    }
    assert used == set(ROWS)


@pytest.mark.parametrize(
    ('method', 'url', 'headers', 'expected'),
    [
        ('GET', '/rest', None, True),
        ('GET', '/rest/', None, True),
        ('PUT', '/rest/a', None, True),
        ('POST', '/rest/a', {'X-Whatever': '1'}, True),
        ('GET', '/proc', None, False),
        ('GET', '/proc/statistics', None, False),
        ('POST', '/mapi/services/replication', None, False),
        ('GET', '/restless', None, False),
        ('OPTIONS', '/rest/a', None, False),
        ('GET', '/rest/a', {'Host': 'n2.m.hcp1.example.com'}, False),
    ],
)
def test_only_objects_move(method: str, url: str, headers: dict[str, str] | None, expected: bool) -> None:
    """Statistics, or a management command, would be those of the wrong system."""
    assert movable(request(method, url, headers=headers)) is expected


def test_a_query_does_not_hide_an_object() -> None:
    """Its metadata could not be read from the replica."""
    assert movable(request('GET', '/rest', params={'type': 'acl'}))


def test_the_changes_are_warnings_of_one_module() -> None:
    """Whoever wants to hear of failovers only could not say so."""
    assert _failover.logger.name == 'hcpsdk._failover'
