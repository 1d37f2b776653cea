"""Failover between two mocks: who takes writes, which way data flow, what a client can see of it."""

from __future__ import annotations

import pytest

from hcpsdk.mock import LinkState, MockHCP
from hcpsdk.mock.links import WrongState, WrongType

Pair = tuple[MockHCP, MockHCP]

A_P = 'hcp1-a-p-hcp2'


@pytest.fixture
def passive(slow_pair: Pair):
    """An active/passive pair."""
    return slow_pair[0].replicate_to(slow_pair[1], 'ACTIVE_PASSIVE')


def writable(at, *hcps: MockHCP) -> list[bool]:
    """Which of the systems take writes."""
    found = []
    for hcp in hcps:
        status = at(hcp, 'n2').put(f'probe-{hcp.domain}')
        assert status in (201, 403)
        found.append(status == 201)
    return found


def messages(at, link: str, *hcps: MockHCP) -> list[str]:
    return [at(hcp).link(link=link)['statusMessage'] for hcp in hcps]


def test_the_normal_roles(slow_pair: Pair, passive, at) -> None:
    """A client that writes to a passive replica would not be found out."""
    hcp1, hcp2 = slow_pair
    at(hcp1).put('a')
    assert at(hcp2).get('a') == b'x'
    assert writable(at, hcp1, hcp2) == [True, False]
    assert [at(hcp2).put('b'), at(hcp2).delete('a'), at(hcp2).ask('POST', 'a?hold=true').status] == [403] * 3
    assert messages(at, A_P, hcp1, hcp2) == ['Sending data', 'Receiving data']
    assert [at(hcp).link(link=A_P)['type'] for hcp in slow_pair] == ['OUTBOUND', 'INBOUND']
    assert (passive.state, passive.failed_over) == (LinkState.REPLICATING, False)


def test_a_failover_and_the_way_back(slow_pair: Pair, passive, clock, at) -> None:
    """The whole procedure of an outage and its end could not be rehearsed."""
    hcp1, hcp2 = slow_pair
    at(hcp1).put('before')
    assert at(hcp2).link('failOver', A_P) == 200
    assert writable(at, hcp1, hcp2) == [False, True]
    assert messages(at, A_P, hcp1, hcp2) == ['Failed over', 'Failed over']
    assert (passive.failed_over, at(hcp2).put('meanwhile'), at(hcp1).get('meanwhile')) == (True, 201, None)

    assert at(hcp2).link('beginRecovery', A_P) == 200
    assert writable(at, hcp1, hcp2) == [False, True]
    assert messages(at, A_P, hcp1, hcp2) == ['Receiving data', 'Recovering data']
    assert at(hcp1).get('meanwhile') == b'x'
    assert (at(hcp2).put('late'), at(hcp1).get('late'), passive.failed_over) == (201, b'x', False)

    passive.lag = 10
    at(hcp2).put('last')
    assert at(hcp2).link('completeRecovery', A_P) == 200
    assert writable(at, hcp1, hcp2) == [False, False]
    for _ in range(5):  # however often one looks: something waits
        assert messages(at, A_P, hcp1, hcp2) == ['Completing recovery'] * 2
    clock.now += 10
    assert messages(at, A_P, hcp2) == ['Completing recovery']
    assert messages(at, A_P, hcp2) == ['Receiving data']
    assert writable(at, hcp1, hcp2) == [True, False]
    assert at(hcp1).get('last') == b'x'


def test_how_long_a_recovery_takes_can_be_set(slow_pair: Pair, passive, at) -> None:
    """A loop that waits for the end of a recovery would always see it at once."""
    _, hcp2 = slow_pair
    passive.link_of(hcp2).recovery_polls = 3
    passive.fail_over()
    passive.begin_recovery()
    passive.complete_recovery()
    shown = [at(hcp2).link(link=A_P)['status'] for _ in range(4)]
    assert shown == ['WARNING'] * 3 + ['GOOD']


def test_settle_ends_a_recovery(slow_pair: Pair, passive, at) -> None:
    """Each test would have to go through the motions of waiting for a recovery."""
    hcp1, hcp2 = slow_pair
    passive.lag = 3600
    at(hcp1).put('unsent')
    passive.fail_over()
    at(hcp2).put('new')
    passive.begin_recovery()
    passive.complete_recovery()
    passive.settle()
    assert passive.state is LinkState.REPLICATING
    assert (at(hcp1).get('new'), at(hcp2).get('unsent')) == (b'x', b'x')
    assert passive.pending(hcp1) == passive.pending(hcp2) == 0


def test_settle_cannot_do_what_a_stopped_system_forbids(slow_pair: Pair, passive) -> None:
    """It would run for ever."""
    hcp1, hcp2 = slow_pair
    passive.fail_over()
    passive.begin_recovery()
    passive.complete_recovery()
    hcp1.stop()
    passive.settle()
    assert passive.state is LinkState.COMPLETING


def test_what_had_not_arrived_is_missing_after_the_failover(slow_pair: Pair, passive, at) -> None:
    """That a failover loses the last minutes would be learnt in production."""
    hcp1, hcp2 = slow_pair
    passive.lag = 60
    at(hcp1).put('a', b'1')
    hcp1.stop()
    passive.fail_over()
    assert (at(hcp2).get('a'), at(hcp2).put('a', b'2')) == (None, 201)
    hcp1.start()
    passive.begin_recovery()
    passive.complete_recovery()
    passive.settle()
    for hcp in slow_pair:  # both were made in the same millisecond: the primary made the link
        assert at(hcp).get('a') == b'1'
        lost = f'.lost+found/replication/{passive.link_of(hcp).id}/a'
        assert at(hcp).get(lost) == b'2'
        assert at(hcp).head(lost)['x-hcp-replicationcollision'] == 'true'


def test_a_primary_that_could_not_be_told_takes_writes(slow_pair: Pair, passive, at) -> None:
    """Split writes, the worst that a failover can bring, could not be had."""
    hcp1, hcp2 = slow_pair
    hcp1.stop()
    assert at(hcp2).link('failOver', A_P) == 200
    hcp1.start()
    assert writable(at, hcp1, hcp2) == [True, True]
    assert messages(at, A_P, hcp1, hcp2) == ['Failed over', 'Failed over']
    assert passive.link_of(hcp1).state is LinkState.UNHEARD
    at(hcp1).put('split', b'1')
    at(hcp2).put('other', b'2')
    assert (at(hcp2).get('split'), at(hcp1).get('other')) == (None, None)
    assert at(hcp2).link('failOver', A_P) == 200  # once more, now that it can be told
    assert writable(at, hcp1, hcp2) == [False, True]
    hcp1.stop()
    assert at(hcp2).link('failOver', A_P) == 200  # which it does not forget
    hcp1.start()
    passive.begin_recovery()
    assert at(hcp1).get('other') == b'2'
    passive.complete_recovery()
    passive.settle()
    assert at(hcp2).get('split') == b'1'
    assert writable(at, hcp1, hcp2) == [True, False]


def test_links_that_are_shut_down_tell_nothing(slow_pair: Pair, passive, at) -> None:
    """The primary would learn of a failover over a link that is off."""
    hcp1, hcp2 = slow_pair
    hcp1.system.replication.shut_down_reason = 'test'
    passive.fail_over()
    assert writable(at, hcp1, hcp2) == [True, True]
    with pytest.raises(WrongState, match='beginRecovery is not possible: the other system cannot be reached'):
        passive.begin_recovery()


@pytest.mark.parametrize('action', ['beginRecovery', 'beginRecover'])
def test_a_recovery_needs_both_systems(slow_pair: Pair, passive, at, action: str) -> None:
    """A recovery would be under way to a system that is not there."""
    hcp1, hcp2 = slow_pair
    passive.fail_over()
    hcp1.stop()
    assert at(hcp2).link(action, A_P) == 403
    hcp1.start()
    assert at(hcp2).link(action, A_P) == 200


def test_actions_on_the_wrong_side_or_at_the_wrong_time(slow_pair: Pair, passive, at) -> None:
    """A script that orders the failover on the primary would seem to work."""
    hcp1, hcp2 = slow_pair
    assert [at(hcp1).link(action, A_P) for action in ('failOver', 'beginRecovery', 'failBack')] == [
        403,
        403,
        400,
    ]
    assert [at(hcp2).link(action, A_P) for action in ('beginRecovery', 'failBack', 'resume')] == [
        403,
        400,
        403,
    ]
    with pytest.raises(WrongState):
        passive.resume()
    with pytest.raises(WrongType):
        passive.fail_back()
    assert messages(at, A_P, hcp1, hcp2) == ['Sending data', 'Receiving data']


def test_a_recovery_can_be_suspended(slow_pair: Pair, passive, at) -> None:
    """A link that is suspended while it recovers would go on sending, or forget what it was about."""
    hcp1, hcp2 = slow_pair
    passive.fail_over()
    passive.begin_recovery()
    assert at(hcp1).link('suspend', A_P) == 200
    at(hcp2).put('a')
    assert (at(hcp1).get('a'), passive.state) == (None, LinkState.RECOVERY_SUSPENDED)
    assert messages(at, A_P, hcp1, hcp2) == ['Suspended by user'] * 2
    passive.resume()
    assert (at(hcp1).get('a'), passive.state) == (b'x', LinkState.RECOVERING)


def test_the_backlog_of_each_role(slow_pair: Pair, passive, at) -> None:
    """A script that waits for a backlog of 0 would look at the wrong system's."""
    hcp1, hcp2 = slow_pair

    def backlog() -> list[tuple[str, str]]:
        shown = [at(hcp).link(link=A_P) for hcp in slow_pair]
        return [(one['objectsPending'], one['objectsPendingRemote']) for one in shown]

    passive.lag = 10
    at(hcp1).put('a')
    assert backlog() == [('1', '0'), ('0', '0')]
    passive.fail_over()
    at(hcp2).put('b')
    at(hcp2).put('c')
    assert backlog() == [('1', '0'), ('2', '0')]
    passive.begin_recovery()
    assert backlog() == [('0', '0'), ('2', '0')]
    passive.settle()
    assert backlog() == [('0', '0'), ('0', '0')]
    passive.complete_recovery()
    passive.settle()
    assert (backlog(), passive.pending(hcp1)) == ([('0', '0'), ('0', '0')], 0)


@pytest.mark.parametrize('side', [0, 1])
def test_active_active(slow_pair: Pair, at, side: int) -> None:
    """A failover to either side, and the way back, could not be rehearsed."""
    hcp1, hcp2 = slow_pair
    replication = hcp1.replicate_to(hcp2)
    assert messages(at, replication.name, hcp1, hcp2) == ['Synchronizing data'] * 2
    assert at(slow_pair[side]).link('failOver') == 200
    assert messages(at, replication.name, hcp1, hcp2) == ['Failed over'] * 2
    assert (replication.failed_over, writable(at, hcp1, hcp2)) == (True, [True, True])
    at(hcp1).put('a')
    at(hcp2).put('b')
    assert (at(hcp2).get('a'), at(hcp1).get('b')) == (None, None)
    assert [at(hcp1).link(action) for action in ('beginRecovery', 'completeRecovery', 'resume')] == [
        400,
        400,
        403,
    ]
    assert at(slow_pair[side]).link('failBack') == 200
    assert (at(hcp2).get('a'), at(hcp1).get('b'), replication.failed_over) == (b'x', b'x', False)


def test_active_active_through_an_outage(slow_pair: Pair, at) -> None:
    """A system that comes back would miss what happened while it was gone, or make it undone."""
    hcp1, hcp2 = slow_pair
    replication = hcp1.replicate_to(hcp2)
    at(hcp1).put('a', b'1')
    hcp1.stop()
    replication.fail_over()
    assert (at(hcp2).delete('a'), at(hcp2).put('a', b'2')) == (200, 201)
    with pytest.raises(WrongState, match='cannot be reached'):
        replication.fail_back()
    hcp1.start()
    assert at(hcp1).get('a') == b'1'
    replication.fail_back()
    assert at(hcp1).get('a') == b'2'
    assert at(hcp1).ask('HEAD', '.lost+found').status == 404
