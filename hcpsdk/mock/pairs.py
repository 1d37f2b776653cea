"""Two mocks that replicate: one link with two ends.

No thread carries anything over; what is due is delivered before either system takes its next request. What
travels, and how it arrives, is the business of :mod:`hcpsdk.mock.journal`.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any, Callable, NamedTuple, Optional, Protocol, Union

from .journal import Change, Desk, Office, Outbox
from .links import (
    ACTIVE_ACTIVE,
    ALIASES,
    JOINT_ACTIONS,
    MIRRORED,
    OUTBOUND,
    RECEIVING,
    SENDING,
    UNTOLD,
    Backlog,
    LinkState,
    LinkStatistics,
    ReplicationLink,
    WrongState,
)
from .model import System, find, rename
from .store import Place, Store, Stores

KINDS = {'ACTIVE_ACTIVE': ACTIVE_ACTIVE, 'ACTIVE_PASSIVE': OUTBOUND}
"""kind of replication -> type of the link where it is made"""

_SHORT = {ACTIVE_ACTIVE: 'a-a', OUTBOUND: 'a-p'}


class HasSystem(Protocol):
    """What stands for a system: a mock."""

    system: System


class Host(NamedTuple):
    """What a pair has to know of an HCP.

    :param clock: gives the seconds since the epoch
    :param running: tells whether it serves
    :param chores: what it does before it takes a request
    """

    system: System
    stores: Stores
    clock: Callable[[], float]
    running: Callable[[], bool]
    chores: list[Callable[[], None]]


class PairedLink(ReplicationLink):
    """One side's view of a link of which we have the other side, too."""

    def __init__(self, replication: Replication, **settings: Any) -> None:
        super().__init__(**settings)
        self._replication = replication

    def apply(self, action: str) -> None:
        """Carry out an action, on both sides; see :meth:`ReplicationLink.apply`."""
        self._replication._act(self, action)

    def poll(self) -> None:
        """Somebody looks at the link: it has to be up to date."""
        self._replication._look(self)

    def changed(self) -> None:
        """Have the other side know."""
        self._replication._mirror(self)

    def dissolve(self) -> None:
        """Take the other side away, too."""
        self._replication._dissolve()

    def add(self, tenant: str) -> None:
        """Replicate a tenant on both systems; see :meth:`ReplicationLink.add`."""
        self._replication._add(self, tenant)

    def drop(self, tenant: str) -> None:
        """Do not replicate a tenant any longer, on either system."""
        self._replication._drop(tenant)

    def backlog(self, tenant: str) -> Backlog:
        """What of a tenant waits here, and at the other side."""
        return self._replication._backlog(self, tenant)

    def remote_tenants(self) -> list[str]:
        """Those of the other mock; see :meth:`ReplicationLink.remote_tenants`."""
        return self._replication._remote_tenants(self)


class End:
    """One of the two systems of a link, its view of the link, and what waits there."""

    def __init__(self, host: Host, link: PairedLink, mark: int) -> None:
        self.host = host
        self.link = link
        self.outbox = Outbox()
        self._office = Office(mark, link.id, self.outbox, host.clock, self._versioning)
        self._desks: dict[Place, Desk] = {}

    @property
    def sends(self) -> bool:
        """Whether the state of the link lets changes leave from here."""
        return self.link.state in SENDING[self.link.type]

    @property
    def receives(self) -> bool:
        """Whether it is this system that is brought up to date, so that it shows no backlog."""
        return self.link.state in RECEIVING[self.link.type]

    @property
    def reachable(self) -> bool:
        """Whether the other system can talk to this one."""
        return self.host.running() and self.host.system.replication.shut_down_reason is None

    def meet(self, place: Place, store: Store) -> None:
        """Have a desk in a store that is the link's business."""
        if place[0] in self.link.tenants:
            self._desks[place] = Desk(self._office, place, store)

    def admit(self, tenant: str) -> None:
        """Have a desk in all stores of a tenant that has just been added to the link."""
        self.host.stores.visit(lambda place, store: self.meet(place, store) if place[0] == tenant else None)

    def part(self, tenant: str) -> None:
        """Have no desk of a tenant any more, and nothing of it that waits."""
        for place in [place for place in self._desks if place[0] == tenant]:
            self._desks.pop(place).close()
        self.outbox.discard(tenant)

    def receive(self, change: Change) -> None:
        """Take in a change from the other end."""
        self.host.stores.of(*change.place, int(self.host.clock() * 1000))
        self._desks[change.place].receive(change)

    def _versioning(self, place: Place) -> bool:
        tenant = find(self.host.system.tenants, place[0])
        namespace = find(tenant.namespaces, place[1]) if tenant else None
        return namespace is not None and namespace.versioning


class _Content(NamedTuple):
    """What the two sides of a link have in common."""

    name: str
    tenants: list[str]
    paused: set[str]


class Replication:
    """Two mocks that replicate; :meth:`hcpsdk.mock.MockHCP.replicate_to` makes it.

    What is done to it here is what the management API's actions do, sent to the system that HCP wants
    them sent to; those sent over HTTP work as well.
    """

    def __init__(
        self, primary: Host, replica: Host, *, kind: str, lag: float, name: str, tenants: Optional[list[str]]
    ) -> None:
        if kind not in KINDS or lag < 0 or primary.system is replica.system:
            raise ValueError(f'a pair has two systems, a kind of {tuple(KINDS)}, and a lag from 0')
        systems = (primary.system, replica.system)
        name = name or _default_name(KINDS[kind], systems)
        self.lag = lag
        """seconds that a change takes to the other system, by the clock of the one where it was made"""
        tenants = _common_tenants(systems) if tenants is None else list(tenants)
        _make_room(systems, name, tenants)
        self._state = threading.RLock()
        self._delivering = threading.Lock()
        content = _Content(name, tenants, set())
        self._ends = (
            self._end(primary, replica.system, KINDS[kind], content, mark=1),
            self._end(replica, primary.system, MIRRORED[KINDS[kind]], content, mark=0),
        )
        for end in self._ends:
            end.host.system.links[self.name] = end.link
            end.host.stores.introduce(end.meet)
            end.host.chores.append(self.deliver)

    def _end(self, host: Host, other: System, kind: str, content: _Content, *, mark: int) -> End:
        domains = sorted((host.system.domain, other.domain))
        link = PairedLink(
            self,
            name=content.name,
            type=kind,
            id=str(uuid.uuid5(uuid.NAMESPACE_DNS, '.'.join([content.name, *domains]))),
            remote_host=f'replication.{other.domain}',
            tenants=content.tenants,
            paused=content.paused,
        )
        return End(host, link, mark)

    def __repr__(self) -> str:
        waiting = ' and '.join(f'{len(end.outbox)} from {end.host.system.domain}' for end in self._ends)
        return f'<Replication {self.name}, {self.state.value}, waiting: {waiting}>'

    @property
    def name(self) -> str:
        """The link's name, on both systems."""
        return self._ends[0].link.name

    @property
    def state(self) -> LinkState:
        """Where the link stands, as the replica sees it."""
        return self._ends[1].link.state

    @property
    def failed_over(self) -> bool:
        """Whether the link is failed over to the replica, and no recovery has begun."""
        return self.state is LinkState.FAILED_OVER

    def link_of(self, which: Union[HasSystem, System]) -> ReplicationLink:
        """The link as one of the two mocks, or systems, sees it: what the management API shows.

        :raises ValueError: if it is neither of the two
        """
        return self._end_of(which).link

    def pending(self, which: Union[HasSystem, System]) -> int:
        """The number of changes that were made on one of the two mocks, or systems, and still wait there.

        :raises ValueError: if it is neither of the two
        """
        self.deliver()
        return len(self._end_of(which).outbox)

    def fail_over(self) -> None:
        """Have the replica take over.

        :raises hcpsdk.mock.links.WrongState: if it is not possible now
        """
        self._order('failOver')

    def fail_back(self) -> None:
        """Let an active/active pair replicate again.

        :raises hcpsdk.mock.links.WrongState: if it is not possible now
        :raises hcpsdk.mock.links.WrongType: for an active/passive link
        """
        self._order('failBack')

    def begin_recovery(self) -> None:
        """Have the replica send the primary what was changed after the failover.

        :raises hcpsdk.mock.links.WrongState: if it is not possible now
        :raises hcpsdk.mock.links.WrongType: for an active/active link
        """
        self._order('beginRecovery')

    def complete_recovery(self) -> None:
        """Have both systems take no writes until the primary is up to date, and then as before the failover.

        That is over when nothing waits any more, and the link's details were looked at (over the
        management API) so often as its ``recovery_polls`` says; or with :meth:`settle`.

        :raises hcpsdk.mock.links.WrongState: if it is not possible now
        :raises hcpsdk.mock.links.WrongType: for an active/active link
        """
        self._order('completeRecovery')

    def suspend(self) -> None:
        """Have changes wait.

        :raises hcpsdk.mock.links.WrongState: if it is not possible now
        """
        self._order('suspend')

    def resume(self) -> None:
        """Let what waits, and what comes, be sent again.

        :raises hcpsdk.mock.links.WrongState: if it is not suspended
        """
        self._order('resume')

    def deliver(self) -> None:
        """Bring over what is due; the mocks themselves do so before each request."""
        if any(len(end.outbox) for end in self._ends):
            self._round(hurry=False)

    def settle(self) -> None:
        """Bring over all that may travel, whatever the lag, and bring a completing recovery to its end."""
        while self._round(hurry=True) or self._recovered():
            pass

    def _recovered(self) -> bool:
        """Whether a recovery could be completed just now."""
        end = self._ends[1]
        completing = self.state is LinkState.COMPLETING and self._connected()
        while self.state is LinkState.COMPLETING and self._connected() and not len(end.outbox):
            self._look(end.link)
        return completing and not len(end.outbox)

    def _order(self, action: str) -> None:
        self.deliver()
        self._ends[1].link.apply(action)

    def _end_of(self, which: Union[HasSystem, System]) -> End:
        system = which if isinstance(which, System) else which.system
        for end in self._ends:
            if end.host.system is system:
                return end
        raise ValueError(f'{which!r} is none of the two systems')

    def _partner(self, end: End) -> End:
        return self._ends[end is self._ends[0]]

    def _connected(self) -> bool:
        return all(end.reachable for end in self._ends)

    def _round(self, *, hurry: bool) -> int:
        """Bring over what is due, or everything; the number of changes that travelled."""
        with self._delivering:
            return sum(self._send(end, hurry=hurry) for end in self._ends)

    def _send(self, end: End, *, hurry: bool) -> int:
        """What was there to begin with: others go on writing, and one thread must not do it all for them."""
        wanted = len(end.outbox)
        for sent in range(wanted):
            change = end.outbox.first(end.link.paused)
            if change is None or not (end.sends and self._connected()):
                return sent
            if not hurry and change.made + self.lag > end.host.clock():
                return sent
            self._partner(end).receive(change)
            end.outbox.sent(change)
        return wanted

    def _act(self, link: PairedLink, action: str) -> None:
        with self._state:
            before, after, connected = link.state, link.after(action), self._connected()
            if ALIASES.get(action, action) in JOINT_ACTIONS and not connected:
                raise WrongState(f'{action} is not possible: the other system cannot be reached')
            link.enter(after)
            other = self._partner(self._end_at(link)).link
            if connected:
                other.enter(after)
            elif after is not before:
                other.enter(UNTOLD.get((other.type, after), after))

    def _look(self, link: PairedLink) -> None:
        with self._state:
            end = self._end_at(link)
            before = link.state
            if self._connected() and not len(self._ends[1].outbox):
                ReplicationLink.poll(link)  # a recovery is not completed while something waits
            if link.state is not before:
                self._partner(end).link.enter(link.state)
            link.statistics = self._statistics(end)

    def _statistics(self, end: End) -> LinkStatistics:
        """The changes that wait count as objects, also if several are of one and the same [inferred]."""
        waiting = [one.outbox for one in self._ends if not one.receives]
        here, there = end.outbox, self._partner(end).outbox
        shown, shown_remote = not end.receives, end.link.type == ACTIVE_ACTIVE
        return LinkStatistics(
            up_to_date_ms=int(min(one.oldest(end.host.clock()) for one in waiting) * 1000),
            bytes_pending=here.bytes if shown else 0,
            bytes_pending_remote=there.bytes if shown_remote else 0,
            bytes_replicated=here.bytes_delivered + there.bytes_delivered,
            objects_pending=len(here) if shown else 0,
            objects_pending_remote=len(there) if shown_remote else 0,
            objects_replicated=here.delivered + there.delivered,
        )

    def _mirror(self, link: PairedLink) -> None:
        """Give the other side's link the same settings, as they are seen from there."""
        with self._state:
            other = self._partner(self._end_at(link))
            rename(other.host.system.links, other.link, link.name)
            for name in ('description', 'compression', 'encryption', 'priority'):
                setattr(other.link, name, getattr(link, name))
            other.link.local, other.link.remote = replace(link.remote), replace(link.local)
            other.link.local_schedule = replace(link.remote_schedule)
            other.link.remote_schedule = replace(link.local_schedule)
            if other.link.type != MIRRORED[link.type]:
                other.link.type = MIRRORED[link.type]
                other.link.enter(link.state)

    def _dissolve(self) -> None:
        """Both systems forget the link, and what waits."""
        for tenant in list(self._ends[0].link.tenants):
            self._drop(tenant)
        for end in self._ends:
            end.host.system.links.pop(self.name, None)
            if self.deliver in end.host.chores:
                end.host.chores.remove(self.deliver)

    def _add(self, link: PairedLink, tenant: str) -> None:
        """What there is on one system only is made on the other one (2.8)."""
        here, there = (end.host.system for end in (self._end_at(link), self._partner(self._end_at(link))))
        taken = [
            one.name for system in (here, there) for one in system.links.values() if tenant in one.tenants
        ]
        if taken or not self._connected():
            raise WrongState(
                f'the tenant is in {taken[0]}' if taken else 'the other system cannot be reached'
            )
        source = find(here.tenants, tenant)
        if source is not None and find(there.tenants, tenant) is None:
            there.tenants[tenant] = deepcopy(source)
        with self._delivering:
            link.tenants.append(tenant)
            for end in self._ends:
                end.admit(tenant)

    def _drop(self, tenant: str) -> None:
        with self._delivering:
            link = self._ends[0].link  # both sides have the same list
            link.tenants.remove(tenant)
            link.paused.discard(tenant)
            for end in self._ends:
                end.part(tenant)

    def _backlog(self, link: PairedLink, tenant: str) -> Backlog:
        """Where a side does not send, it shows nothing; active/passive has nothing remote (2.6)."""
        end = self._end_at(link)
        here = [] if end.receives else end.outbox.of(tenant)
        there = self._partner(end).outbox.of(tenant) if link.type == ACTIVE_ACTIVE else []
        oldest = here[0].made if here else end.host.clock()
        return Backlog(int(oldest * 1000), len(here), _size(here), len(there), _size(there))

    def _remote_tenants(self, link: PairedLink) -> list[str]:
        other = self._partner(self._end_at(link))
        if not other.reachable:
            raise WrongState('the other system cannot be reached')
        return list(other.host.system.tenants)

    def _end_at(self, link: PairedLink) -> End:
        return self._ends[link is self._ends[1].link]


def _size(changes: Iterable[Change]) -> int:
    return sum(change.size for change in changes)


def _default_name(kind: str, systems: tuple[System, System]) -> str:
    one, other = (system.domain.partition('.')[0] for system in systems)
    return f'{one}-{_SHORT[kind]}-{other}'


def _common_tenants(systems: tuple[System, System]) -> list[str]:
    return [name for name in systems[0].tenants if name in systems[1].tenants]


def _make_room(systems: Iterable[System], name: str, tenants: list[str]) -> None:
    """Take away the links that stand in the way, which lead nowhere; others stay.

    :raises ValueError: as :func:`_in_the_way`; nothing has changed then
    """
    found = [(system, link) for system in systems for link in _in_the_way(system, name, tenants)]
    for system, link in found:
        del system.links[link]


def _in_the_way(system: System, name: str, tenants: list[str]) -> list[str]:
    """The names of the links that have the name or one of the tenants.

    :raises ValueError: if a tenant does not exist, or takes part in another pair already
    """
    missing = [tenant for tenant in tenants if tenant not in system.tenants]
    if missing or not tenants:
        raise ValueError(f'{system.domain} has no tenants to replicate: {", ".join(missing)}')
    found = {
        key: link
        for key, link in system.links.items()
        if key.lower() == name.lower() or not set(tenants).isdisjoint(link.tenants)
    }
    for link in found.values():
        if isinstance(link, PairedLink):
            raise ValueError(f'{system.domain} has the link {link.name}, which replicates: {link.tenants}')
    return list(found)
