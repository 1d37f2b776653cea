"""The states of replication links."""

from __future__ import annotations

import pytest

from hcpsdk.mock.links import (
    ACTIONS,
    ACTIVE_ACTIVE,
    INBOUND,
    MESSAGES,
    OUTBOUND,
    STEPS,
    LinkState,
    ReplicationLink,
    WrongState,
    WrongType,
)
from hcpsdk.mock.model import default_system

R, S, F = LinkState.REPLICATING, LinkState.SUSPENDED, LinkState.FAILED_OVER
B, BS, C = LinkState.RECOVERING, LinkState.RECOVERY_SUSPENDED, LinkState.COMPLETING

# type, state, action, next state (None: refused in this state; 'type': not for this type)
CASES = [
    (ACTIVE_ACTIVE, R, 'suspend', S),
    (ACTIVE_ACTIVE, S, 'suspend', S),
    (ACTIVE_ACTIVE, F, 'suspend', None),
    (ACTIVE_ACTIVE, R, 'resume', None),
    (ACTIVE_ACTIVE, S, 'resume', R),
    (ACTIVE_ACTIVE, F, 'resume', None),
    (ACTIVE_ACTIVE, R, 'failOver', F),
    (ACTIVE_ACTIVE, S, 'failOver', F),
    (ACTIVE_ACTIVE, F, 'failOver', F),
    (ACTIVE_ACTIVE, R, 'failBack', None),
    (ACTIVE_ACTIVE, F, 'failBack', R),
    (ACTIVE_ACTIVE, R, 'restore', R),
    (ACTIVE_ACTIVE, F, 'beginRecovery', 'type'),
    (ACTIVE_ACTIVE, F, 'completeRecovery', 'type'),
    (INBOUND, R, 'suspend', S),
    (INBOUND, S, 'resume', R),
    (INBOUND, R, 'failOver', F),
    (INBOUND, S, 'failOver', F),
    (INBOUND, R, 'beginRecovery', None),
    (INBOUND, F, 'beginRecovery', B),
    (INBOUND, F, 'beginRecover', B),
    (INBOUND, F, 'suspend', None),
    (INBOUND, B, 'suspend', BS),
    (INBOUND, BS, 'resume', B),
    (INBOUND, B, 'completeRecovery', C),
    (INBOUND, F, 'completeRecovery', None),
    (INBOUND, C, 'suspend', None),
    (INBOUND, C, 'failOver', None),
    (INBOUND, R, 'failBack', 'type'),
    (INBOUND, R, 'restore', R),
    (OUTBOUND, R, 'suspend', S),
    (OUTBOUND, S, 'resume', R),
    (OUTBOUND, R, 'failOver', None),
    (OUTBOUND, F, 'beginRecovery', None),
    (OUTBOUND, B, 'completeRecovery', None),
    (OUTBOUND, R, 'failBack', 'type'),
]


@pytest.mark.parametrize(('kind', 'state', 'action', 'after'), CASES)
def test_each_action_has_its_effect_or_its_refusal(kind, state, action, after):
    """A failover script would be told that an impossible step worked, or the other way round."""
    link = ReplicationLink('l', kind, state=state)
    if isinstance(after, LinkState):
        link.apply(action)
        assert link.state is after
    else:
        with pytest.raises(WrongType if after == 'type' else WrongState):
            link.apply(action)
        assert link.state is state


def test_the_tables_know_every_action_and_state():
    """An action or a state would end in a KeyError instead of an answer."""
    assert {action for steps in STEPS.values() for action in steps} == set(ACTIONS)
    reached = {
        kind: {R, *(after for steps in actions.values() for after in steps.values())}
        for kind, actions in STEPS.items()
    }
    reached[OUTBOUND] |= reached[INBOUND]  # the primary follows its replica
    assert all(states <= set(MESSAGES[kind]) for kind, states in reached.items())


@pytest.mark.parametrize(
    ('kind', 'state', 'status', 'message', 'suspended'),
    [
        (ACTIVE_ACTIVE, R, 'GOOD', 'Synchronizing data', False),
        (ACTIVE_ACTIVE, S, 'WARNING', 'Suspended by user', True),
        (ACTIVE_ACTIVE, F, 'WARNING', 'Failed over', False),
        (INBOUND, R, 'GOOD', 'Receiving data', False),
        (INBOUND, B, 'WARNING', 'Recovering data', False),
        (INBOUND, BS, 'WARNING', 'Suspended by user', True),
        (INBOUND, C, 'WARNING', 'Completing recovery', False),
        (OUTBOUND, R, 'GOOD', 'Sending data', False),
        (OUTBOUND, B, 'WARNING', 'Receiving data', False),
    ],
)
def test_a_state_shows_as_on_hcp(kind, state, status, message, suspended):
    """Programs that wait for a statusMessage would wait for ever."""
    link = ReplicationLink('l', kind, state=state)
    assert (link.status, link.status_message, link.suspended) == (status, message, suspended)


@pytest.mark.parametrize('polls', [0, 2])
def test_a_recovery_completes_after_so_many_looks(polls):
    """A loop that waits for the end of a recovery could not be tried out."""
    link = ReplicationLink('l', INBOUND, state=B, recovery_polls=polls)
    link.apply('completeRecovery')
    for _ in range(polls):
        link.poll()
        assert link.state is C
    link.poll()
    assert link.state is R


@pytest.mark.parametrize(
    ('kind', 'read_only'),
    [(ACTIVE_ACTIVE, set()), (INBOUND, {R, S, C}), (OUTBOUND, {F, B, BS, C})],
)
def test_which_side_takes_writes(kind, read_only):
    """Both sides of an active/passive link would take writes, or none."""
    system = default_system()
    tenant = system.tenants['m']
    for state in LinkState:
        system.links = {'l': ReplicationLink('l', kind, state=state, tenants=['m'])}
        assert system.read_only(tenant, tenant.namespaces['n1']) is (state in read_only)
    system.links = {'l': ReplicationLink('l', INBOUND, tenants=['other'])}
    assert not system.read_only(tenant, tenant.namespaces['n1'])
