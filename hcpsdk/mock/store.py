"""What a namespace holds: directories, objects, their versions, annotations and ACLs.

All methods of :class:`Store` are called with its lock held; bodies are taken in outside of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Protocol, Union

from .blobs import Blob, Intake, MemoryBlob, Sums
from .replies import Refusal
from .retention import Kept

Names = tuple[bytes, ...]
"""a path's components"""

SYSTEMS = 2
"""of a pair"""

VERSIONS_PER_MS = 64
"""VersionId is the creation time in ms times this, plus 1: so it is in all traffic seen [inferred]"""


class Stamp(NamedTuple):
    """When something was done, and where; the greatest one is the last, all are different."""

    at_ms: int
    mark: int
    """see :attr:`Store.mark`"""
    number: int


NEVER = Stamp(0, 0, 0)


@dataclass(frozen=True)
class Grant:
    """One entry of an ACL."""

    kind: str
    name: str
    permissions: tuple[str, ...]


Acl = tuple[Grant, ...]


@dataclass(frozen=True)
class Annotation:
    """One piece of custom metadata."""

    data: bytes
    sums: Sums
    content_type: str
    change_ms: int


@dataclass(frozen=True)
class Settings:
    """The system metadata that a client can set, and that a new version inherits."""

    kept: Kept = Kept()
    hold: bool = False
    index: bool = True
    shred: bool = False
    owner: str = ''

    def with_flags(self, given: Mapping[str, str]) -> Settings:
        """The settings with those flags changed that are given as ``true`` or ``false``."""

        def flag(name: str, present: bool) -> bool:
            return given[name] == 'true' if name in given else present

        return replace(
            self,
            hold=flag('hold', self.hold),
            index=flag('index', self.index),
            shred=flag('shred', self.shred),
        )


@dataclass(frozen=True)
class Version:
    """One version of an object; a delete marker has no data.

    Never changed but replaced, so that a journal can hold on to what was.

    :param written: the last change of the settings on each of the systems, the latest one at the end
    :param annotations_at: when a client last changed the annotations
    :param collision: replication set it aside for a newer object of its name
    """

    id: int
    ingest_ms: int
    change_ms: int
    sums: Sums
    content_type: str = ''
    settings: Settings = field(default_factory=Settings)
    annotations: dict[str, Annotation] = field(default_factory=dict)
    blob: Blob = field(default_factory=lambda: MemoryBlob(b''))
    marker: bool = False
    written: tuple[tuple[Stamp, Settings], ...] = ()
    annotations_at: Stamp = NEVER
    collision: bool = False

    @property
    def annotation_bytes(self) -> int:
        return sum(annotation.sums.size for annotation in self.annotations.values())

    def annotation_list(self) -> str:
        """As in X-HCP-CustomMetadataAnnotations."""
        return ', '.join(f'{name};{one.sums.size}' for name, one in sorted(self.annotations.items()))


@dataclass
class File:
    """An object: its versions, oldest first. The ACL counts for all of them."""

    versions: list[Version]
    acl: Optional[Acl] = None
    acl_at: Stamp = NEVER

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def deleted(self) -> bool:
        return self.newest.marker

    def version(self, number: int) -> Optional[Version]:
        """The version of this ID."""
        return next((version for version in self.versions if version.id == number), None)


@dataclass
class Directory:
    """A directory; a deleted one stays where the namespace keeps versions.

    :param change_ms: when it was made or deleted
    :param content_ms: when something was last added to it or removed from it
    """

    change_ms: int
    content_ms: int
    children: dict[bytes, Union[File, Directory]] = field(default_factory=dict)
    deleted: bool = False

    @property
    def empty(self) -> bool:
        return all(child.deleted for child in self.children.values())


Node = Union[File, Directory]


@dataclass
class Usage:
    """Running totals of a namespace, delete markers not counted."""

    objects: int = 0
    data_bytes: int = 0
    annotated_objects: int = 0
    annotation_bytes: int = 0

    @property
    def bytes(self) -> int:
        return self.data_bytes + self.annotation_bytes

    def count(self, version: Version, sign: int) -> None:
        """Add (1) or take off (-1) a version."""
        if version.marker:
            return
        self.objects += sign
        self.data_bytes += sign * version.sums.size
        self.annotated_objects += sign * bool(version.annotations)
        self.annotation_bytes += sign * version.annotation_bytes


class Journal(Protocol):
    """Who has to know what changes in a store; called with the store's lock held."""

    def record(self, names: Names, at_ms: int, size: int) -> None:
        """What lies at this path has changed.

        :param size: bytes of data that came with the change
        """

    def waits(self, names: Names) -> bool:
        """Whether something of it has not arrived at the other system yet."""


class Store:
    """The content of one namespace.

    :param directory: where the data lie; None: in memory
    """

    mark = 1
    """the system's place in a pair: 1, or 0 for the one to which a link was made"""

    def __init__(self, directory: Optional[Path], now_ms: int) -> None:
        self.lock = threading.RLock()
        self.root = Directory(now_ms, now_ms)
        self.usage = Usage()
        self.journal: Optional[Journal] = None
        self._directory = directory
        self._writing: set[Names] = set()
        self._last_id = self._stamps = 0
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)

    def intake(self, scheme: str) -> Intake:
        """To receive one body with (no lock needed).

        :param scheme: the namespace's hash scheme
        """
        return Intake(scheme, self._directory)

    def copied(self, version: Version) -> Optional[Blob]:
        """The data of a version, wherever they lie, as this store's own; None if they are deleted by now."""
        if version.marker or (self._directory is None and isinstance(version.blob, MemoryBlob)):
            return version.blob
        try:
            data = version.blob.pieces(0, version.sums.size)
        except FileNotFoundError:
            return None
        with self.intake(version.sums.scheme) as intake:
            for piece in [data] if isinstance(data, bytes) else data:
                intake.write(piece)
            return intake.finish()[0]

    def next_id(self, now_ms: int) -> int:
        """A version ID: grows strictly, and tells the time."""
        number = max(now_ms * VERSIONS_PER_MS + 1, self._last_id + 1)
        if self.journal is not None and number % SYSTEMS != self.mark:
            number += 1  # two systems of a pair never give the same ID
        self._last_id = number
        return number

    def holds_objects(self) -> bool:
        """Whether there is any object at all; old versions and delete markers count."""
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, File):
                return True
            waiting += node.children.values()
        return False

    def find(self, names: Names) -> Optional[Node]:
        """What lies at this path, deleted things included."""
        node: Node = self.root
        for name in names:
            if not isinstance(node, Directory) or name not in node.children:
                return None
            node = node.children[name]
        return node

    def live(self, names: Names) -> Node:
        """What lies at this path and is not deleted.

        :raises Refusal: 404
        """
        node = self.find(names)
        if node is None or node.deleted:
            raise Refusal(404)
        return node

    def being_written(self, names: Names) -> bool:
        """Whether an object of this name is open for write just now."""
        return names in self._writing

    @contextmanager
    def writing(self, names: Names) -> Iterator[None]:
        """Have the name to oneself while the body comes in. Call without the lock.

        :raises Refusal: 409 if somebody else has it
        """
        with self.lock:
            if names in self._writing:
                raise Refusal(409, 'the object is being written')
            self._writing.add(names)
        try:
            yield
        finally:
            with self.lock:
                self._writing.discard(names)

    def parent(self, names: Names, now_ms: int) -> Directory:
        """The directory that a path is in, made if it is missing.

        :raises Refusal: 409 if there is an object instead [inferred]
        """
        node: Node = self.root
        for name in names[:-1]:
            node = self._step(node, name, now_ms)
        return _the_directory(node)

    def _step(self, node: Node, name: bytes, now_ms: int) -> Node:
        directory = _the_directory(node)
        child = directory.children.get(name)
        if child is None:
            child = directory.children[name] = Directory(now_ms, now_ms)
            directory.content_ms = now_ms
        elif isinstance(child, Directory) and child.deleted:
            child.deleted = False
            child.change_ms = directory.content_ms = now_ms
        return child

    def replicated(self, names: Names) -> bool:
        """Whether another system has what lies at this path, with all its metadata."""
        return self.journal is not None and not self.journal.waits(names)

    def _stamp(self, now_ms: int) -> Stamp:
        self._stamps += 1
        return Stamp(now_ms, self.mark, self._stamps)

    def _changed(self, names: Names, at_ms: int, size: int = 0) -> None:
        if self.journal is not None:
            self.journal.record(names, at_ms, size)

    def make_directory(self, names: Names, now_ms: int) -> None:
        """Make a directory, and those above it.

        :raises Refusal: 409 if there is something of that name; also a deleted object [inferred]
        """
        node = self.find(names)
        if isinstance(node, File) or (node is not None and not node.deleted) or names in self._writing:
            raise Refusal(409, 'the name exists')
        self._step(self.parent(names, now_ms), names[-1], now_ms)
        self._changed(names, now_ms)

    def delete_directory(self, names: Names, directory: Directory, now_ms: int) -> None:
        """Have a directory count as deleted, but keep it."""
        directory.deleted = True
        directory.change_ms = now_ms
        self._changed(names, now_ms)

    def place(self, names: Names, now_ms: int) -> Directory:
        """The directory that an object is to be put into, made if it is missing.

        :raises Refusal: 409 if a directory has the object's name, or an object that of a directory
        """
        parent = self.parent(names, now_ms)
        node = parent.children.get(names[-1])
        if isinstance(node, Directory) and not node.deleted:
            raise Refusal(409, 'a directory has this name')
        return parent

    def add(self, names: Names, version: Version, acl: Optional[Acl] = None) -> None:
        """Put a version on top of an object, or make it its first one.

        :param acl: for the object; None: it keeps the one that it has
        """
        parent = self.place(names, version.change_ms)
        file = parent.children.get(names[-1])
        if isinstance(file, File):
            if file.deleted:
                file.acl = None  # what is restored inherits nothing
            file.versions.append(version)
        else:
            file = parent.children[names[-1]] = File([version])
        if acl is not None:
            file.acl, file.acl_at = acl, self._stamp(version.change_ms)
        parent.content_ms = version.change_ms
        self.usage.count(version, 1)
        self._changed(names, version.change_ms, version.sums.size)

    def remove(self, names: Names, now_ms: int) -> None:
        """Take a name out of its directory, with all that is behind it."""
        parent = self.parent(names, now_ms)
        node = parent.children.pop(names[-1])
        parent.content_ms = now_ms
        if isinstance(node, File):
            for version in node.versions:
                self._drop(version)
        self._changed(names, now_ms)

    def remove_version(self, names: Names, file: File, version: Version, now_ms: int) -> None:
        """Take one of several versions out of an object."""
        file.versions.remove(version)
        self._drop(version)
        self._changed(names, now_ms)

    def bury(self, names: Names, file: File, now_ms: int) -> None:
        """Put a delete marker on top of an object."""
        self.add(names, _marker(self.next_id(now_ms), now_ms, file.newest.sums))

    def replace_by_marker(self, names: Names, file: File, now_ms: int) -> None:
        """Turn the current version into a delete marker that keeps its ID."""
        old = file.versions.pop()
        self._drop(old)
        file.versions.append(_marker(old.id, now_ms, old.sums))
        self._changed(names, now_ms)

    def _drop(self, version: Version) -> None:
        self.usage.count(version, -1)
        version.blob.discard()

    def annotate(
        self, names: Names, file: File, name: str, annotation: Optional[Annotation], now_ms: int
    ) -> None:
        """Set, replace or (None) remove an annotation of the newest version."""
        annotations = {key: one for key, one in file.newest.annotations.items() if key != name}
        if annotation is not None:
            annotations[name] = annotation
        self._revise(file, now_ms, annotations=annotations, annotations_at=self._stamp(now_ms))
        self._changed(names, now_ms, annotation.sums.size if annotation else 0)

    def update(self, names: Names, file: File, settings: Settings, now_ms: int) -> None:
        """Give the newest version other system metadata."""
        self._revise(file, now_ms, settings=settings, written=((self._stamp(now_ms), settings),))
        self._changed(names, now_ms)

    def set_acl(self, names: Names, file: File, acl: Optional[Acl], now_ms: int) -> None:
        """Give an object an ACL, or (None) take it away."""
        file.acl, file.acl_at = acl, self._stamp(now_ms)
        self._revise(file, now_ms)
        self._changed(names, now_ms)

    def _revise(self, file: File, now_ms: int, **changes: Any) -> None:
        """The newest version with some changes; one that is changed is no collision any more (2.10)."""
        old = file.versions.pop()
        new = replace(old, change_ms=now_ms, collision=False, **changes)
        self.usage.count(old, -1)
        self.usage.count(new, 1)
        file.versions.append(new)

    def transplant(self, names: Names, file: Optional[File], at_ms: int) -> None:
        """Have this object at a path, or (None) none, as another system has it; the journal is not told."""
        parent = self.parent(names, at_ms)
        old = parent.children.pop(names[-1], None)
        kept = {id(version.blob) for version in file.versions} if file else set()
        for version in old.versions if isinstance(old, File) else []:
            self.usage.count(version, -1)
            if id(version.blob) not in kept:
                version.blob.discard()
        if file is not None:
            parent.children[names[-1]] = file
            self._last_id = max(self._last_id, *(version.id for version in file.versions))
            for version in file.versions:
                self.usage.count(version, 1)
        parent.content_ms = max(parent.content_ms, at_ms)

    def transplant_directory(self, names: Names, directory: Optional[Directory], at_ms: int) -> None:
        """Have a directory at a path as another system has it, deleted, or (None) not at all.

        The journal is not told. A directory that is in use stays.
        """
        here = self.find(names)
        if directory is not None and not (directory.deleted and here):
            self._step(self.parent(names, at_ms), names[-1], directory.change_ms)
            here = self.find(names)
        if not isinstance(here, Directory) or not here.empty:
            return
        if directory is not None:
            here.deleted, here.change_ms = directory.deleted, directory.change_ms
        elif not here.children:
            del self.parent(names, at_ms).children[names[-1]]


def _the_directory(node: Node) -> Directory:
    """The node, which has to be a directory.

    :raises Refusal: 409 if it is an object
    """
    if not isinstance(node, Directory):
        raise Refusal(409, 'a part of the path is an object')
    return node


def _marker(number: int, now_ms: int, like: Sums) -> Version:
    return Version(number, now_ms, now_ms, replace(like, size=0), marker=True)


Place = tuple[str, str]
"""the names of a tenant and one of its namespaces"""


@dataclass
class Stores:
    """The content of all namespaces, made as they are first asked for."""

    directory: Optional[Path]
    _stores: dict[Place, Store] = field(default_factory=dict)
    _hosts: list[Callable[[Place, Store], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def introduce(self, host: Callable[[Place, Store], None]) -> None:
        """Have somebody meet each store: those that there are, and each new one before its first use."""
        with self._lock:
            self._hosts.append(host)
            self._visit(host)

    def visit(self, host: Callable[[Place, Store], None]) -> None:
        """Have somebody meet the stores that there are."""
        with self._lock:
            self._visit(host)

    def _visit(self, host: Callable[[Place, Store], None]) -> None:
        for place, store in self._stores.items():
            host(place, store)

    def of(self, tenant: str, namespace: str, now_ms: int) -> Store:
        """The content of a namespace."""
        with self._lock:
            key = (tenant, namespace)
            if key not in self._stores:
                below = self.directory / tenant / namespace if self.directory else None
                self._stores[key] = Store(below, now_ms)
                for host in self._hosts:
                    host(key, self._stores[key])
            return self._stores[key]

    def rename(self, old: Place, new: Place) -> None:
        """Have the content of a namespace under another name. Its files stay where they are."""
        with self._lock:
            if old in self._stores:
                self._stores[new] = self._stores.pop(old)

    def drop(self, place: Place) -> None:
        """Forget the content of a namespace that is deleted."""
        with self._lock:
            self._stores.pop(place, None)
