"""Directories: making them, their listing, and the list of an object's versions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from urllib.parse import quote

from . import conditions, grants, objects, retention
from .call import Call
from .messages import Answer
from .replies import NO_CACHE, Lines, Refusal, change_ms, flag, local_time
from .store import Directory, File, Names, Node, Version
from .xmldoc import attributes, document, schema, shown

Pairs = list[tuple[str, str]]


def make(call: Call) -> Answer:
    """PUT of a directory; those above it are made, too."""
    call.visit.need('write')
    conditions.forbid(call.headers)
    with call.store.lock:
        call.store.make_directory(call.names, call.now_ms())
    return Answer(201, [('Location', call.location())])


def head(call: Call, directory: Directory) -> Answer:
    """HEAD of a directory. The caller holds the store's lock."""
    conditions.forbid(call.headers)
    call.visit.need('browse')
    return Answer(200, [*NO_CACHE, *_lines(call, directory)])


def listing(call: Call, directory: Directory) -> Answer:
    """GET of a directory: all its children in one document. The caller holds the store's lock."""
    conditions.forbid(call.headers)
    call.visit.need('browse')
    with_deleted = _with_deleted(call)
    if directory.deleted and not with_deleted:
        raise Refusal(404)
    recent = call.flag('mostRecentDirTimes')
    entries = [
        _entry(call, name, child, recent)
        for name, child in sorted(directory.children.items())
        if with_deleted or not child.deleted
    ]
    top = schema('directory') + _place(call) + [('dirDeleted', flag(directory.deleted))]
    top += _namespace(call) + _changed(call, directory.change_ms)
    body = document(_tag('directory', top, entries), style='directory')
    return Answer(200, _xml_lines(body) + _lines(call, directory), body)


def versions(call: Call) -> Answer:
    """GET of an object with ``version=list``; delete markers only if they are asked for."""
    if not call.visit.namespace.versioning:
        raise Refusal(400, 'versioning is not enabled for this namespace')
    with call.store.lock:
        file = call.file(deleted=True)
        call.visit.need('browse', also=grants.granted(call.visit, file))
        with_deleted = _with_deleted(call)
        if file.deleted and not with_deleted:
            raise Refusal(404)
        found = [version for version in file.versions if with_deleted or not version.marker]
        for version in found:
            conditions.check(call.headers, version, conditions.READING)
        entries = [_object_entry(call, call.names, file, version) for version in found]
        top = schema('ns-versions') + _place(call) + [('deleted', flag(file.deleted))] + _namespace(call)
    body = document(_tag('versions', top, entries), style='ns-versions')
    return Answer(200, _xml_lines(body), body)


def _with_deleted(call: Call) -> bool:
    wanted = call.flag('deleted')
    if wanted and not call.visit.namespace.versioning:
        raise Refusal(400, 'deleted=true needs versioning')  # [inferred]
    return wanted


def _lines(call: Call, directory: Directory) -> Lines:
    return [('X-HCP-Type', 'directory'), *objects.change_lines(call, directory.change_ms)]


def _xml_lines(body: bytes) -> Lines:
    return [*NO_CACHE, ('Content-Type', 'text/xml'), ('Content-Length', str(len(body)))]


def _tag(name: str, top: Pairs, entries: Iterable[str]) -> str:
    return f'<{name}{attributes(top)}>\n' + ''.join(entries) + f'</{name}>'


def _place(call: Call) -> Pairs:
    """Where the listing is of. That paths start with /rest is [inferred] from a client that reuses them."""
    path, parent = _paths(call.names), _paths(call.names[:-1])
    return [('path', path[0]), ('utf8Path', path[1]), ('parentDir', parent[0]), ('utf8ParentDir', parent[1])]


def _paths(names: Names) -> tuple[str, str]:
    path = b'/'.join((b'/rest', *names))
    return quote(path), shown(path)


def _namespace(call: Call) -> Pairs:
    name = call.visit.namespace.name
    return [
        ('showDeleted', flag(call.flag('deleted'))),
        ('namespaceName', quote(name)),
        ('utf8NamespaceName', name),
    ]


def _changed(call: Call, when_ms: int) -> Pairs:
    zone = call.visit.system.zone
    return [('changeTimeMilliseconds', change_ms(when_ms)), ('changeTimeString', local_time(when_ms, zone))]


def _named(name: bytes, kind: str) -> Pairs:
    return [('urlName', quote(name)), ('utf8Name', shown(name)), ('type', kind)]


def _state(deleted: bool) -> tuple[str, str]:
    return ('state', 'deleted' if deleted else 'created')


def _entry(call: Call, name: bytes, node: Node, recent: bool) -> str:
    if isinstance(node, File):
        return _object_entry(call, (*call.names, name), node, node.newest)
    changed = _changed(call, node.content_ms if recent else node.change_ms)
    return f'  <entry{attributes([*_named(name, "directory"), *changed, _state(node.deleted)])}/>\n'


def _object_entry(call: Call, names: Names, file: File, version: Version) -> str:
    pairs = [
        *_named(names[-1], 'object'),
        ('size', str(version.sums.size)),
        ('hashScheme', version.sums.scheme),
        ('hash', version.sums.digest),
        *_kept(call, version),
        ('ingestTime', str(version.ingest_ms // 1000)),
        ('ingestTimeString', ingest_time(version.ingest_ms, call.visit.system.zone)),
        *_settings(call, file, version),
        ('version', str(version.id)),
        ('replicated', flag(call.store.replicated(names))),
        *_changed(call, version.change_ms),
        _state(version.marker),
    ]
    return f'  <entry{attributes(pairs)}/>\n'


def _kept(call: Call, version: Version) -> Pairs:
    value, classes = objects.effective(call, version), call.visit.namespace.retention_classes
    return [
        ('retention', str(value)),
        ('retentionString', retention.describe(value, call.visit.system.zone)),
        ('retentionClass', retention.shown_class(version.settings.kept, classes)),
    ]


def _settings(call: Call, file: File, version: Version) -> Pairs:
    settings = version.settings
    return [
        ('hold', flag(settings.hold)),
        ('shred', flag(settings.shred)),
        ('dpl', str(call.visit.namespace.dpl)),
        ('index', flag(settings.index)),
        ('customMetadata', flag(bool(version.annotations))),
        ('customMetadataAnnotations', version.annotation_list()),
        ('hasAcl', flag(file.acl is not None)),
        ('owner', settings.owner),
        ('domain', ''),
    ]


def ingest_time(ms: int, zone: tzinfo) -> str:
    """A listing's own form of a time, not ISO.

    >>> from datetime import timezone
    >>> ingest_time(1522685220000, timezone.utc)
    '4/02/2018 4:07PM'
    """
    time = datetime.fromtimestamp(ms // 1000, zone)
    return f'{time.month}/{time:%d/%Y} {time.hour % 12 or 12}:{time:%M}{"AM" if time.hour < 12 else "PM"}'
