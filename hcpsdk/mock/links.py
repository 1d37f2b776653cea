"""Replication links: their states, what may be done to them when, and what that means for access.

All policy is in the tables below. HCP documents the workflow in prose; the states, and the two
ways to refuse an action, are therefore [inferred] throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

ACTIVE_ACTIVE, OUTBOUND, INBOUND = 'ACTIVE_ACTIVE', 'OUTBOUND', 'INBOUND'


class LinkState(Enum):
    """Where a link stands, as seen from one of its two systems."""

    REPLICATING = 'replicating'
    SUSPENDED = 'suspended'
    FAILED_OVER = 'failed over'
    RECOVERING = 'recovering'
    RECOVERY_SUSPENDED = 'recovery suspended'
    COMPLETING = 'completing'
    UNHEARD = 'failed over, which this system did not hear of'


class WrongType(Exception):
    """The action does not exist for this type of link."""


class WrongState(Exception):
    """The action exists, but not now, or not on this side of the link."""


_R, _S, _F = LinkState.REPLICATING, LinkState.SUSPENDED, LinkState.FAILED_OVER
_B, _BS, _C = LinkState.RECOVERING, LinkState.RECOVERY_SUSPENDED, LinkState.COMPLETING
_U = LinkState.UNHEARD

MIRRORED = {ACTIVE_ACTIVE: ACTIVE_ACTIVE, OUTBOUND: INBOUND, INBOUND: OUTBOUND}
"""type of a link -> its type as the other system sees it"""

# action -> state before -> state after; a state that is missing refuses the action
_ACTIVE_ACTIVE_STEPS = {
    'suspend': {_R: _S, _S: _S},
    'resume': {_S: _R},
    'failOver': {_R: _F, _S: _F, _F: _F},
    'failBack': {_F: _R},
    'restore': {_R: _R, _S: _S, _F: _F},
}
_REPLICA_STEPS = {
    'suspend': {_R: _S, _S: _S, _B: _BS, _BS: _BS},
    'resume': {_S: _R, _BS: _B},
    'failOver': {_R: _F, _S: _F, _F: _F},
    'beginRecovery': {_F: _B},
    'completeRecovery': {_B: _C},
    'restore': {_R: _R, _S: _S, _F: _F, _B: _B, _BS: _BS},
}
# failover and recovery are ordered on the replica; the primary knows them but refuses
_PRIMARY_STEPS: dict[str, dict[LinkState, LinkState]] = {
    'suspend': _REPLICA_STEPS['suspend'],
    'resume': _REPLICA_STEPS['resume'],
    'failOver': {},
    'beginRecovery': {},
    'completeRecovery': {},
    'restore': _REPLICA_STEPS['restore'],
}
STEPS = {ACTIVE_ACTIVE: _ACTIVE_ACTIVE_STEPS, INBOUND: _REPLICA_STEPS, OUTBOUND: _PRIMARY_STEPS}

# What the other side's state becomes: the same, if it can be told. If not, a failed-over primary goes on
# taking writes (2.8): (type over there, new state) -> state over there
UNTOLD = {(OUTBOUND, _F): _U}
# actions for which the two systems have to reach each other
JOINT_ACTIONS = frozenset({'failBack', 'beginRecovery', 'completeRecovery'})

ACTIONS = ('suspend', 'resume', 'restore', 'failOver', 'failBack', 'beginRecovery', 'completeRecovery')
# the 9.x manual prints the short form; HCP 7.x and its clients say the long one
ALIASES = {'beginRecover': 'beginRecovery'}

_STOPPED = {_S: 'Suspended by user', _BS: 'Suspended by user', _F: 'Failed over', _C: 'Completing recovery'}
MESSAGES = {
    ACTIVE_ACTIVE: {_R: 'Synchronizing data', **_STOPPED},
    INBOUND: {_R: 'Receiving data', _B: 'Recovering data', **_STOPPED},
    OUTBOUND: {_R: 'Sending data', _B: 'Receiving data', _U: 'Failed over', **_STOPPED},
}

# states in which a system takes no writes for the tenants of the link; active/active always does
READ_ONLY = {
    ACTIVE_ACTIVE: frozenset[LinkState](),
    INBOUND: frozenset({_R, _S, _C}),
    OUTBOUND: frozenset({_F, _B, _BS, _C}),
}

# states in which a system sends what the other one lacks
SENDING = {
    ACTIVE_ACTIVE: frozenset({_R}),
    INBOUND: frozenset({_B, _C}),
    OUTBOUND: frozenset({_R}),
}
# states in which a system is the one that is brought up to date, and shows no backlog of its own (2.3)
RECEIVING = {
    ACTIVE_ACTIVE: frozenset[LinkState](),
    INBOUND: frozenset({_R, _S}),
    OUTBOUND: frozenset({_B, _BS, _C}),
}


@dataclass
class Failover:
    """One side's automatic failover; the last two count for active/passive links only."""

    auto_failover: bool = False
    auto_failover_minutes: int = 120
    auto_complete_recovery: bool = False
    auto_complete_recovery_minutes: int = 120


@dataclass
class LinkStatistics:
    """The figures of a link, by HCP's names for them."""

    up_to_date_ms: int = 0
    bytes_pending: int = 0
    bytes_pending_remote: int = 0
    bytes_replicated: int = 0
    bytes_per_second: float = 0.0
    objects_pending: int = 0
    objects_pending_remote: int = 0
    objects_replicated: int = 0
    operations_per_second: float = 0.0
    errors: int = 0
    errors_per_second: float = 0.0


@dataclass
class Schedule:
    """When one side of a link sends how much (2.7).

    :param override: a level for the whole week, or NONE
    :param transitions: from when on which level counts, such as ``('Sun:00', 'MEDIUM')``; what there is to
        begin with is not documented [inferred]
    """

    override: str = 'NONE'
    transitions: list[tuple[str, str]] = field(default_factory=lambda: [('Sun:00', 'MEDIUM')])


class Backlog(NamedTuple):
    """What of a tenant waits to be replicated."""

    up_to_date_ms: int = 0
    objects: int = 0
    bytes: int = 0
    objects_remote: int = 0
    bytes_remote: int = 0


@dataclass
class ReplicationLink:
    """A link to another HCP, as this system sees it.

    :param tenants: names of the tenants that it replicates
    :param paused: names of those of them that it does not replicate for now
    :param recovery_polls: how often its details may be looked at until a completing recovery is over
    :param directories: of the default namespace, that it replicates
    :param chained: names of links to this system whose content it sends on
    """

    name: str
    type: str = ACTIVE_ACTIVE
    id: str = ''
    description: str = ''
    local_host: str = ''
    remote_host: str = ''
    local_port: int = 5748
    remote_port: int = 5748
    compression: bool = False
    encryption: bool = False
    priority: str = 'OLDEST_FIRST'
    local: Failover = field(default_factory=Failover)
    remote: Failover = field(default_factory=Failover)
    statistics: LinkStatistics = field(default_factory=LinkStatistics)
    tenants: list[str] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
    recovery_polls: int = 1
    state: LinkState = LinkState.REPLICATING
    directories: list[str] = field(default_factory=list)
    chained: list[str] = field(default_factory=list)
    local_schedule: Schedule = field(default_factory=Schedule)
    remote_schedule: Schedule = field(default_factory=Schedule)
    _polls_left: int = 0

    def apply(self, action: str) -> None:
        """Carry out an action.

        :raises WrongType: if links of this type do not know it
        :raises WrongState: if it is not possible now, or on this side; nothing has changed then
        """
        self.enter(self.after(action))

    def after(self, action: str) -> LinkState:
        """The state to which an action leads.

        :raises WrongType, WrongState: as :meth:`apply`
        """
        steps = STEPS[self.type].get(ALIASES.get(action, action))
        if steps is None:
            raise WrongType(f'{action} is not valid for a link of type {self.type}')
        if self.state not in steps:
            raise WrongState(f'{action} is not possible: the link is {self.state.value} ({self.type})')
        return steps[self.state]

    def enter(self, state: LinkState) -> None:
        """Be in a state from now on."""
        self.state = state
        self._polls_left = self.recovery_polls

    def poll(self) -> None:
        """Somebody looks at the link: a completing recovery comes one step closer to its end."""
        if self.state is LinkState.COMPLETING:
            self._polls_left -= 1
            if self._polls_left < 0:
                self.state = LinkState.REPLICATING

    def changed(self) -> None:
        """Some of its settings are others now."""

    def dissolve(self) -> None:
        """It is taken away."""

    def add(self, tenant: str) -> None:
        """Replicate a tenant from now on.

        :raises WrongState: if that is not possible
        """
        self.tenants.append(tenant)

    def drop(self, tenant: str) -> None:
        """Do not replicate a tenant any longer."""
        self.tenants.remove(tenant)
        self.paused.discard(tenant)

    def backlog(self, tenant: str) -> Backlog:
        """What of a tenant waits."""
        return Backlog(self.statistics.up_to_date_ms)

    def remote_tenants(self) -> list[str]:
        """The names of all tenants of the other system, as far as it can be asked.

        :raises WrongState: if it cannot be reached
        """
        return []

    @property
    def suspended(self) -> bool:
        return self.state in (_S, _BS)

    @property
    def status(self) -> str:
        """GOOD, or WARNING for healthy but not replicating normally."""
        return 'GOOD' if self.state is LinkState.REPLICATING else 'WARNING'

    @property
    def status_message(self) -> str:
        return MESSAGES[self.type][self.state]

    def read_only(self, tenant: str) -> bool:
        """Whether this link keeps the tenant from being written to on this system."""
        return tenant in self.tenants and self.state in READ_ONLY[self.type]
