"""Two HCPs that replicate to each other: a link with two ends, what waits at them, and what becomes of it.

A change of anything in a linked tenant goes into the outbox of the system where it was made, as the whole
state of that one name: an object with its versions, a directory, or nothing. No thread carries it over;
what is due is delivered before either system takes its next request.

Each state of a name has a :class:`Revision`. A change that was made to the very state that the other
system has replaces it. If the other system has a state of its own by then, the two collide (2.10 of the
reference). Both systems see that collision, each from its side, and settle it alike. What the
reference does not say of this is [inferred].
"""

from __future__ import annotations

import functools
import threading
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Callable, NamedTuple, Optional, Protocol, Union

from .links import (
    ACTIVE_ACTIVE,
    ALIASES,
    JOINT_ACTIONS,
    MIRRORED,
    OUTBOUND,
    RECEIVING,
    SENDING,
    UNTOLD,
    LinkState,
    LinkStatistics,
    ReplicationLink,
    WrongState,
)
from .model import System, find
from .retention import longer
from .store import SYSTEMS, Directory, File, Names, Node, Place, Settings, Stamp, Store, Stores, Version

KINDS = {'ACTIVE_ACTIVE': ACTIVE_ACTIVE, 'ACTIVE_PASSIVE': OUTBOUND}
"""kind of replication -> type of the link where it is made"""

_SHORT = {ACTIVE_ACTIVE: 'a-a', OUTBOUND: 'a-p'}

LOST_AND_FOUND: Names = (b'.lost+found', b'replication')


class HasSystem(Protocol):
    """What stands for a system: a mock."""

    system: System


class Revision(NamedTuple):
    """Which state of a name this is. A greater one is newer: at the same time, the link's maker wins."""

    at_ms: int
    mark: int
    """the system where it was made, see :attr:`hcpsdk.mock.store.Store.mark`"""
    number: int
    """counts the changes of that system"""
    mixed: bool = False
    """something of a state that it collided with has gone into it"""


@dataclass(frozen=True)
class Change:
    """The state of a name, on its way to the other system.

    :param base: the state before it; None: there was nothing yet
    :param node: what lies there, a directory without its children
    :param size: bytes of data that came with the change
    :param made: when it was made, by the clock there
    """

    place: Place
    names: Names
    base: Optional[Revision]
    revision: Revision
    node: Optional[Node]
    size: int
    made: float


class Outbox:
    """What waits to be sent, in order. Its lock is the innermost one: nothing else is taken under it."""

    def __init__(self) -> None:
        self.delivered = self.bytes_delivered = self.bytes = 0
        self._lock = threading.Lock()
        self._changes: deque[Change] = deque()
        self._count = 0

    def __len__(self) -> int:
        return len(self._changes)

    def put(self, change: Callable[[int], Change]) -> Change:
        """Take a change, which is told its number."""
        with self._lock:
            self._count += 1
            made = change(self._count)
            self._changes.append(made)
            self.bytes += made.size
            return made

    def oldest(self, otherwise: float) -> float:
        """When what waits the longest was made."""
        with self._lock:
            return self._changes[0].made if self._changes else otherwise

    def first(self) -> Change:
        """The change that waits the longest; it stays until it is :meth:`sent`."""
        return self._changes[0]

    def sent(self) -> None:
        """The first one has arrived."""
        with self._lock:
            change = self._changes.popleft()
            self.bytes -= change.size
            self.bytes_delivered += change.size
            self.delivered = change.revision.number


class Desk:
    """A namespace of one of the two systems: writes down what changes there, and takes in what comes.

    Everything but the construction is done with the store's lock held.
    """

    def __init__(self, end: End, place: Place, store: Store) -> None:
        self._end = end
        self._place = place
        self._store = store
        self._revisions: dict[Names, Revision] = {}
        with store.lock:
            store.mark = end.mark
            store.journal = self
            for names, node in _leaves((), store.root):
                self.record(names, *_made(node))

    def record(self, names: Names, at_ms: int, size: int) -> None:
        """See :class:`hcpsdk.mock.store.Journal`."""
        node, base = _snapshot(self._store.find(names)), self._revisions.get(names)
        made = self._end.host.clock()

        def change(number: int) -> Change:
            revision = Revision(at_ms, self._end.mark, number)
            return Change(self._place, names, base, revision, node, size, made)

        self._revisions[names] = self._end.outbox.put(change).revision

    def waits(self, names: Names) -> bool:
        """See :class:`hcpsdk.mock.store.Journal`."""
        mine = self._revisions.get(names)
        return mine is not None and mine.mark == self._end.mark and mine.number > self._end.outbox.delivered

    def receive(self, change: Change) -> None:
        """Take in a change that was made on the other system."""
        with self._store.lock:
            mine = self._revisions.get(change.names)
            if mine in (None, change.base):
                self._put(change.names, change.node, change.revision.at_ms)
                self._revisions[change.names] = change.revision
            elif mine is not None:
                self._collide(change, mine)

    def _collide(self, change: Change, mine: Revision) -> None:
        """The newer state counts, the older one is not lost."""
        states = [(mine, _snapshot(self._store.find(change.names))), (change.revision, change.node)]
        (_, old), (newest, new) = sorted(states, key=lambda state: state[0])
        if isinstance(new, File) and isinstance(old, File):
            new = self._joined(change.names, new, old)
        elif _live_directory(new) and isinstance(old, File):
            self._set_aside(change.names, old)
        self._put(change.names, new, newest.at_ms)
        self._revisions[change.names] = newest._replace(mixed=True)

    def _joined(self, names: Names, new: File, old: File) -> File:
        """Two objects of one name as one; without versioning, the older data are set aside."""
        joined = join(new, old, versioning=self._end.versioning(self._place))
        if not old.deleted and old.newest.sums.hash not in {one.sums.hash for one in joined.versions}:
            self._set_aside(names, old)
        return joined

    def _put(self, names: Names, node: Optional[Node], at_ms: int) -> None:
        """Have a state at a name, whatever is there.

        An object gives way to a directory that is newer or in use, an empty directory to a newer
        object [inferred].
        """
        for length in range(1, len(names)):
            self._give_way(names[:length], at_ms)
        here = self._store.find(names)
        if isinstance(node, File):
            if isinstance(here, Directory) and not here.empty:
                self._set_aside(names, node)
            else:
                self._transplant(names, node, here, at_ms)
        elif _live_directory(node) or not isinstance(here, File):
            self._give_way(names, at_ms)
            self._store.transplant_directory(names, node, at_ms)
        elif node is None:
            self._store.transplant(names, None, at_ms)

    def _give_way(self, names: Names, at_ms: int) -> None:
        here = self._store.find(names)
        if isinstance(here, File):
            self._set_aside(names, here)
            self._store.transplant(names, None, at_ms)

    def _transplant(self, names: Names, file: File, here: Optional[Node], at_ms: int) -> None:
        """Store an object of the other system, with data of our own."""
        blobs = {_key(one): one.blob for one in (here.versions if isinstance(here, File) else ())}
        versions = []
        for version in file.versions:
            blob = blobs.get(_key(version)) or self._store.copied(version)
            if blob is not None:  # else it was deleted there by now, and that change is on its way, too
                versions.append(replace(version, blob=blob))
        if versions:
            self._store.transplant(names, replace(file, versions=versions), at_ms)

    def _set_aside(self, names: Names, file: File) -> None:
        """Make a collision object of what has to leave its name (2.10, action MOVE).

        It is an object of this system like any other, and replicated as such: the other system
        sets the same one aside, and two that are the same do not collide.
        """
        if file.deleted:
            return
        place = (*LOST_AND_FOUND, self._end.link.id.encode())
        place += names[len(place) :] if names[: len(place)] == place else names
        if self._taken(place, file.newest):
            place = (*place[:-1], place[-1] + b'.%d' % file.newest.id)
        blob = self._store.copied(file.newest)
        if blob is not None and self._store.find(place) is None:
            version = replace(file.newest, blob=blob, collision=True)
            self._put(place, replace(file, versions=[version]), version.change_ms)
            self.record(place, version.change_ms, version.sums.size)

    def _taken(self, place: Names, version: Version) -> bool:
        here = self._store.find(place)
        return here is not None and not (isinstance(here, File) and _key(here.newest) == _key(version))


def join(new: File, old: File, *, versioning: bool) -> File:
    """Two objects that were written under one name, on two systems.

    With versioning all versions of both remain, the newer object's last one on top. Without, the
    newer object remains; one of the same content is no collision [inferred].
    """
    others = {_key(version): version for version in old.versions}
    versions = [_united(version, others.pop(_key(version), version)) for version in new.versions]
    top = versions.pop()
    if versioning:
        versions = sorted([*versions, *others.values()], key=lambda version: version.id)
    elif not old.deleted and old.newest.sums.hash == top.sums.hash:
        top = _united(top, old.newest)
    later = old if old.acl_at > new.acl_at else new
    return File([*versions, top], later.acl, later.acl_at)


def _united(new: Version, old: Version) -> Version:
    """Two states of one version, or two versions of the same content, as one.

    Annotations are a unit of their own: those that were changed last count.
    """
    written = _written(new, old)
    annotated = old if old.annotations_at > new.annotations_at else new
    return replace(
        new,
        settings=_strictest([settings for _, settings in written]) if written else new.settings,
        written=written,
        annotations=annotated.annotations,
        annotations_at=annotated.annotations_at,
    )


def _written(*versions: Version) -> tuple[tuple[Stamp, Settings], ...]:
    """The last change of the settings that each system has made."""
    changes = [change for version in versions for change in version.written]
    if versions[0].id != versions[1].id:  # then making it was a change, too
        changes += [
            (Stamp(one.ingest_ms, one.id % SYSTEMS, 0), one.settings) for one in versions if not one.written
        ]
    last = {stamp.mark: (stamp, settings) for stamp, settings in sorted(changes, key=_stamp)}
    return tuple(sorted(last.values(), key=_stamp))


def _stamp(change: tuple[Stamp, Settings]) -> Stamp:
    return change[0]


def _strictest(changes: list[Settings]) -> Settings:
    """The last change of system metadata counts, but for a hold, and for the longest retention (2.10).

    So a hold that one system has taken off, without the other's knowing, stays [inferred].
    """
    kept = functools.reduce(longer, [settings.kept for settings in changes])
    return replace(changes[-1], kept=kept, hold=any(settings.hold for settings in changes))


def _key(version: Version) -> tuple[int, str]:
    """What tells versions apart; systems that were not yet a pair may have given the same ID twice."""
    return version.id, version.sums.hash


def _live_directory(node: Optional[Node]) -> bool:
    return isinstance(node, Directory) and not node.deleted


def _snapshot(node: Optional[Node]) -> Optional[Node]:
    """A node as it is now; a directory's children have snapshots of their own."""
    if isinstance(node, File):
        return replace(node, versions=list(node.versions))
    return node if node is None else replace(node, children={})


def _leaves(names: Names, directory: Directory) -> Iterable[tuple[Names, Node]]:
    """All objects and childless directories below one."""
    for name, child in directory.children.items():
        if isinstance(child, Directory) and child.children:
            yield from _leaves((*names, name), child)
        else:
            yield (*names, name), child


def _made(node: Node) -> tuple[int, int]:
    """When something was last changed, and its size."""
    if isinstance(node, File):
        return node.newest.change_ms, node.newest.sums.size
    return node.change_ms, 0


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


class End:
    """One of the two systems of a link, its view of the link, and what waits there."""

    def __init__(self, host: Host, link: PairedLink, mark: int) -> None:
        self.host = host
        self.link = link
        self.mark = mark
        """see :attr:`hcpsdk.mock.store.Store.mark`"""
        self.outbox = Outbox()
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

    def versioning(self, place: Place) -> bool:
        """Whether a namespace keeps versions."""
        tenant = find(self.host.system.tenants, place[0])
        namespace = find(tenant.namespaces, place[1]) if tenant else None
        return namespace is not None and namespace.versioning

    def meet(self, place: Place, store: Store) -> None:
        """Have a desk in a store that is the link's business."""
        if place[0] in self.link.tenants:
            self._desks[place] = Desk(self, place, store)

    def receive(self, change: Change) -> None:
        """Take in a change from the other end."""
        self.host.stores.of(*change.place, int(self.host.clock() * 1000))
        self._desks[change.place].receive(change)


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
        self.name = name or _default_name(KINDS[kind], systems)
        """the link's name, on both systems"""
        self.lag = lag
        """seconds that a change takes to the other system, by the clock of the one where it was made"""
        tenants = _common_tenants(systems) if tenants is None else list(tenants)
        for system in systems:
            _make_room(system, self.name, tenants)
        self._state = threading.RLock()
        self._delivering = threading.Lock()
        self._ends = (
            self._end(primary, replica.system, KINDS[kind], tenants, mark=1),
            self._end(replica, primary.system, MIRRORED[KINDS[kind]], tenants, mark=0),
        )
        for end in self._ends:
            end.host.system.links[self.name] = end.link
            end.host.stores.introduce(end.meet)
            end.host.chores.append(self.deliver)

    def _end(self, host: Host, other: System, kind: str, tenants: list[str], *, mark: int) -> End:
        domains = sorted((host.system.domain, other.domain))
        link = PairedLink(
            self,
            name=self.name,
            type=kind,
            id=str(uuid.uuid5(uuid.NAMESPACE_DNS, '.'.join([self.name, *domains]))),
            remote_host=f'replication.{other.domain}',
            tenants=tenants,
        )
        return End(host, link, mark)

    def __repr__(self) -> str:
        waiting = ' and '.join(f'{len(end.outbox)} from {end.host.system.domain}' for end in self._ends)
        return f'<Replication {self.name}, {self.state.value}, waiting: {waiting}>'

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
            change = end.outbox.first()
            due = hurry or change.made + self.lag <= end.host.clock()
            if not (due and end.sends and self._connected()):
                return sent
            self._partner(end).receive(change)
            end.outbox.sent()
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

    def _end_at(self, link: PairedLink) -> End:
        return self._ends[link is self._ends[1].link]


def _default_name(kind: str, systems: tuple[System, System]) -> str:
    one, other = (system.domain.partition('.')[0] for system in systems)
    return f'{one}-{_SHORT[kind]}-{other}'


def _common_tenants(systems: tuple[System, System]) -> list[str]:
    return [name for name in systems[0].tenants if name in systems[1].tenants]


def _make_room(system: System, name: str, tenants: list[str]) -> None:
    """Take away the links that stand in the way, which lead nowhere; others stay.

    :raises ValueError: if a tenant does not exist, or takes part in another pair already
    """
    missing = [tenant for tenant in tenants if tenant not in system.tenants]
    if missing or not tenants:
        raise ValueError(f'{system.domain} has no tenants to replicate: {", ".join(missing)}')
    in_the_way = [
        link
        for link in system.links.values()
        if link.name.lower() == name.lower() or not set(tenants).isdisjoint(link.tenants)
    ]
    for link in in_the_way:
        if isinstance(link, PairedLink):
            raise ValueError(f'{system.domain} has the link {link.name}, which replicates: {link.tenants}')
    for link in in_the_way:
        del system.links[link.name]
