"""What changes on one of two systems that replicate, on its way to the other one.

A change goes into the outbox of the system where it was made, as the whole state of that one name: an
object with its versions, a directory, or nothing.

Each state of a name has a :class:`Revision`. A change that was made to the very state that the other
system has replaces it. If the other system has a state of its own by then, the two collide (2.10 of the
reference). Both systems see that collision, each from its side, and settle it alike. What the
reference does not say of this is [inferred].
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Callable, NamedTuple, Optional

from .blobs import MemoryBlob
from .collisions import join, key, same_content
from .store import Directory, File, Names, Node, Place, Store, Version

LOST_AND_FOUND: Names = (b'.lost+found', b'replication')

NO_DATA = MemoryBlob(b'')


class Revision(NamedTuple):
    """Which state of a name this is. A greater one is newer: at the same time, the link's maker wins."""

    at_ms: int
    mark: int
    """the system where it was made, see :attr:`hcpsdk.mock.store.Store.mark`"""
    number: int
    """of the :class:`Change` that made it so"""
    mixed: int = 0
    """how often something of a state that it collided with has gone into it"""

    def same_change(self, other: Revision) -> bool:
        """Whether both go back to one change, whatever has gone into them since."""
        return self[:3] == other[:3]


@dataclass(frozen=True)
class Change:
    """The state of a name, on its way to the other system.

    :param number: counts the changes of the system where it was made
    :param base: the state before it; None: there was nothing yet, or it may be any
    :param node: what lies there, a directory without its children
    :param size: bytes of data that came with the change
    :param made: when it was made, by the clock there
    """

    number: int
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
        self._changes: OrderedDict[int, Change] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return len(self._changes)

    def put(self, change: Callable[[int], Change]) -> Change:
        """Take a change, which is told its number."""
        with self._lock:
            self._count += 1
            made = change(self._count)
            self._changes[made.number] = made
            self.bytes += made.size
            return made

    def oldest(self, otherwise: float) -> float:
        """When what waits the longest was made."""
        with self._lock:
            return next((change.made for change in self._changes.values()), otherwise)

    def first(self, held: Container[str] = ()) -> Optional[Change]:
        """The change that waits the longest; it stays until it is :meth:`sent`.

        :param held: the tenants that are not replicated for now
        """
        with self._lock:
            return next((one for one in self._changes.values() if one.place[0] not in held), None)

    def sent(self, change: Change) -> None:
        """It has arrived, unless it is discarded by now."""
        with self._lock:
            if self._changes.pop(change.number, None) is not None:
                self.bytes -= change.size
                self.bytes_delivered += change.size
                self.delivered += 1

    def holds(self, number: int) -> bool:
        """Whether the change with this number waits."""
        return number in self._changes

    def of(self, tenant: str) -> list[Change]:
        """What waits of a tenant."""
        with self._lock:
            return [change for change in self._changes.values() if change.place[0] == tenant]

    def discard(self, tenant: str) -> None:
        """Forget what waits of a tenant."""
        for change in self.of(tenant):
            with self._lock:
                if self._changes.pop(change.number, None) is not None:
                    self.bytes -= change.size


class Office(NamedTuple):
    """What the desks of a system have in common.

    :param mark: see :attr:`hcpsdk.mock.store.Store.mark`
    :param link: the ID of the link
    :param clock: gives the seconds since the epoch
    :param versioning: tells whether a namespace keeps versions
    """

    mark: int
    link: str
    outbox: Outbox
    clock: Callable[[], float]
    versioning: Callable[[Place], bool]


class Desk:
    """A namespace of one of the two systems: writes down what changes there, and takes in what comes.

    Everything but the construction is done with the store's lock held.
    """

    def __init__(self, office: Office, place: Place, store: Store) -> None:
        self._office = office
        self._place = place
        self._store = store
        self._revisions: dict[Names, Revision] = {}
        self._sent: dict[Names, int] = {}
        with store.lock:
            store.mark = office.mark
            store.journal = self
            for names, node in _leaves((), store.root):
                self.record(names, *_made(node))

    def record(self, names: Names, at_ms: int, size: int) -> None:
        """See :class:`hcpsdk.mock.store.Journal`."""
        base, mark = self._revisions.get(names), self._office.mark
        if base is not None:  # what was made of a state is newer than that state, within the same ms, too
            at_ms = max(at_ms, base.at_ms + (base.mark > mark))
        self._send(names, size, base, lambda number: Revision(at_ms, mark, number))

    def _send(
        self, names: Names, size: int, base: Optional[Revision], revise: Callable[[int], Revision]
    ) -> None:
        node, made = _snapshot(self._store.find(names)), self._office.clock()

        def change(number: int) -> Change:
            return Change(number, self._place, names, base, revise(number), node, size, made)

        sent = self._office.outbox.put(change)
        self._revisions[names] = sent.revision
        self._sent[names] = sent.number

    def waits(self, names: Names) -> bool:
        """See :class:`hcpsdk.mock.store.Journal`."""
        return self._office.outbox.holds(self._sent.get(names, 0))

    def close(self) -> None:
        """Write nothing down any more; called without the lock."""
        with self._store.lock:
            self._store.journal = None

    def receive(self, change: Change) -> None:
        """Take in a change that was made on the other system."""
        with self._store.lock:
            mine = self._revisions.get(change.names)
            if mine is None or mine == change.base:
                self._put(change.names, change.node, change.revision.at_ms)
                self._revisions[change.names] = change.revision
            else:
                self._collide(change, mine)

    def _collide(self, change: Change, mine: Revision) -> None:
        """The newer state counts, the older one is not lost."""
        here, incoming = _snapshot(self._store.find(change.names)), change.node
        wins = change.revision > mine or change.revision.same_change(mine)
        old, new = (here, incoming) if wins else (incoming, here)
        at_ms = max(change.revision, mine).at_ms
        self._put(change.names, self._settled(change.names, new, old), at_ms)
        settled = self._name(change, mine, here)
        self._revisions[change.names] = settled
        if self._store.mark or (incoming is None and here is not None):
            # With more changes on their way the two may not come to the same end. The primary's counts: it
            # is sent once more, to be joined with whatever is there. So is what outlived a deletion: the
            # other system has lost versions that live on here.
            self._send(change.names, 0, None, lambda _: settled)

    def _settled(self, names: Names, new: Optional[Node], old: Optional[Node]) -> Optional[Node]:
        """What comes of two states of a name."""
        if isinstance(new, File) and isinstance(old, File):
            return self._joined(names, new, old)
        if isinstance(new, Directory) and isinstance(old, File):
            if new.deleted:
                return old
            self._set_aside(names, old)
        return new

    def _name(self, change: Change, mine: Revision, before: Optional[Node]) -> Revision:
        """The revision of what has come of a collision: one of the two, if it is nothing but that."""
        newest, now = max(change.revision, mine), _snapshot(self._store.find(change.names))
        for revision, node in ((change.revision, change.node), (mine, before)):
            if newest.same_change(revision) and _alike(node, now):
                return revision
        return newest._replace(mixed=newest.mixed + 1)

    def _joined(self, names: Names, new: File, old: File) -> File:
        """Two objects of one name as one; without versioning, the older data are set aside."""
        versioning = self._office.versioning(self._place)
        if not versioning and not same_content(new, old):
            self._set_aside(names, old)
        return join(new, old, versioning=versioning)

    def _put(self, names: Names, node: Optional[Node], at_ms: int) -> None:
        """Have a state at a name, whatever is there.

        An object gives way to a directory that is newer or in use, an empty directory to a newer
        object [inferred].
        """
        above = [names[:length] for length in range(1, len(names))]
        gave_way = [place for place in above if self._give_way(place, at_ms)]
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
        for place in gave_way:
            self.record(place, at_ms, 0)

    def _give_way(self, names: Names, at_ms: int) -> bool:
        """Move an object out of the way; whether there was one."""
        here = self._store.find(names)
        if not isinstance(here, File):
            return False
        self._set_aside(names, here)
        self._store.transplant(names, None, at_ms)
        return True

    def _transplant(self, names: Names, file: File, here: Optional[Node], at_ms: int) -> None:
        """Store an object of the other system, with data of our own."""
        blobs = {key(one): one.blob for one in (here.versions if isinstance(here, File) else ())}
        versions = []
        for version in file.versions:
            blob = blobs.get(key(version)) or self._store.copied(version)
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
        place = (*LOST_AND_FOUND, self._office.link.encode())
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
        return here is not None and not (isinstance(here, File) and key(here.newest) == key(version))


def _live_directory(node: Optional[Node]) -> bool:
    return isinstance(node, Directory) and not node.deleted


def _snapshot(node: Optional[Node]) -> Optional[Node]:
    """A node as it is now; a directory's children have snapshots of their own."""
    if isinstance(node, File):
        return replace(node, versions=list(node.versions))
    return node if node is None else replace(node, children={})


def _alike(one: Optional[Node], other: Optional[Node]) -> bool:
    """Whether two states are the same, wherever their data lie."""
    return _without_data(one) == _without_data(other)


def _without_data(node: Optional[Node]) -> Optional[Node]:
    if isinstance(node, File):
        return replace(node, versions=[replace(one, blob=NO_DATA) for one in node.versions])
    return node if node is None else replace(node, content_ms=0)


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
