"""What a namespace holds: directories, objects, their versions, annotations and ACLs.

All methods of :class:`Store` are called with its lock held; bodies are taken in outside of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional, Union

from .blobs import Blob, Intake, MemoryBlob, Sums
from .replies import Refusal
from .retention import Kept

Names = tuple[bytes, ...]
"""a path's components"""

VERSIONS_PER_MS = 64
"""VersionId is the creation time in ms times this, plus 1: so it is in all traffic seen [inferred]"""


@dataclass(frozen=True)
class Grant:
    """One entry of an ACL."""

    kind: str
    name: str
    permissions: tuple[str, ...]


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


@dataclass
class Version:
    """One version of an object; a delete marker has no data."""

    id: int
    ingest_ms: int
    change_ms: int
    sums: Sums
    content_type: str = ''
    settings: Settings = field(default_factory=Settings)
    annotations: dict[str, Annotation] = field(default_factory=dict)
    blob: Blob = field(default_factory=lambda: MemoryBlob(b''))
    marker: bool = False

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
    acl: Optional[tuple[Grant, ...]] = None

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


class Store:
    """The content of one namespace.

    :param directory: where the data lie; None: in memory
    """

    def __init__(self, directory: Optional[Path], now_ms: int) -> None:
        self.lock = threading.RLock()
        self.root = Directory(now_ms, now_ms)
        self.usage = Usage()
        self._directory = directory
        self._writing: set[Names] = set()
        self._last_id = 0
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)

    def intake(self, scheme: str) -> Intake:
        """To receive one body with (no lock needed).

        :param scheme: the namespace's hash scheme
        """
        return Intake(scheme, self._directory)

    def next_id(self, now_ms: int) -> int:
        """A version ID: grows strictly, and tells the time."""
        self._last_id = max(now_ms * VERSIONS_PER_MS + 1, self._last_id + 1)
        return self._last_id

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

    def make_directory(self, names: Names, now_ms: int) -> None:
        """Make a directory, and those above it.

        :raises Refusal: 409 if there is something of that name; also a deleted object [inferred]
        """
        node = self.find(names)
        if isinstance(node, File) or (node is not None and not node.deleted) or names in self._writing:
            raise Refusal(409, 'the name exists')
        self._step(self.parent(names, now_ms), names[-1], now_ms)

    def place(self, names: Names, now_ms: int) -> Directory:
        """The directory that an object is to be put into, made if it is missing.

        :raises Refusal: 409 if a directory has the object's name, or an object that of a directory
        """
        parent = self.parent(names, now_ms)
        node = parent.children.get(names[-1])
        if isinstance(node, Directory) and not node.deleted:
            raise Refusal(409, 'a directory has this name')
        return parent

    def add(self, names: Names, version: Version) -> File:
        """Put a version on top of an object, or make it its first one."""
        parent = self.place(names, version.change_ms)
        file = parent.children.get(names[-1])
        if isinstance(file, File):
            if file.deleted:
                file.acl = None  # what is restored inherits nothing
            file.versions.append(version)
        else:
            file = parent.children[names[-1]] = File([version])
        parent.content_ms = version.change_ms
        self.usage.count(version, 1)
        return file

    def remove(self, names: Names, now_ms: int) -> None:
        """Take a name out of its directory, with all that is behind it."""
        parent = self.parent(names, now_ms)
        node = parent.children.pop(names[-1])
        parent.content_ms = now_ms
        if isinstance(node, File):
            for version in node.versions:
                self._drop(version)

    def remove_version(self, file: File, version: Version) -> None:
        """Take one of several versions out of an object."""
        file.versions.remove(version)
        self._drop(version)

    def bury(self, names: Names, file: File, now_ms: int) -> None:
        """Put a delete marker on top of an object."""
        self.add(names, _marker(self.next_id(now_ms), now_ms, file.newest.sums))

    def replace_by_marker(self, file: File, now_ms: int) -> None:
        """Turn the current version into a delete marker that keeps its ID."""
        old = file.versions.pop()
        self._drop(old)
        file.versions.append(_marker(old.id, now_ms, old.sums))

    def _drop(self, version: Version) -> None:
        self.usage.count(version, -1)
        version.blob.discard()

    def annotate(self, version: Version, name: str, annotation: Optional[Annotation], now_ms: int) -> None:
        """Set, replace or (None) remove an annotation."""
        self.usage.count(version, -1)
        version.annotations.pop(name, None)
        if annotation is not None:
            version.annotations[name] = annotation
        self.usage.count(version, 1)
        version.change_ms = now_ms

    def update(self, version: Version, settings: Settings, now_ms: int) -> None:
        """Give a version other system metadata."""
        version.settings = settings
        version.change_ms = now_ms


def _the_directory(node: Node) -> Directory:
    """The node, which has to be a directory.

    :raises Refusal: 409 if it is an object
    """
    if not isinstance(node, Directory):
        raise Refusal(409, 'a part of the path is an object')
    return node


def _marker(number: int, now_ms: int, like: Sums) -> Version:
    return Version(number, now_ms, now_ms, replace(like, size=0), marker=True)


@dataclass
class Stores:
    """The content of all namespaces, made as they are first asked for."""

    directory: Optional[Path]
    _stores: dict[tuple[str, str], Store] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, tenant: str, namespace: str, now_ms: int) -> Store:
        """The content of a namespace."""
        with self._lock:
            key = (tenant, namespace)
            if key not in self._stores:
                below = self.directory / tenant / namespace if self.directory else None
                self._stores[key] = Store(below, now_ms)
            return self._stores[key]
