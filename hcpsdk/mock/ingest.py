"""Storing objects: PUT, with an annotation in the same body, or as a copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Optional
from urllib.parse import unquote_to_bytes

from . import conditions, custom_metadata, directories, grants, media, objects, retention
from .access import Visit
from .blobs import PIECE, Intake
from .call import Call, plain_body, read_all
from .messages import Answer, RequestBody
from .model import find
from .replies import Lines, Refusal
from .store import Annotation, Directory, File, Names, Node, Settings, Version

MAX_OBJECT = 2 * 1024**4
"""the largest object, 2 TB [client table]"""

COPY_SOURCE = 'X-HCP-CopySource'


def put(call: Call) -> Answer:
    """PUT of an object or of a new version of one."""
    if COPY_SOURCE in call.headers:
        return copy(call)
    body = plain_body(call)
    if call.slash:
        return _put_directory(call, body)
    with call.store.writing(call.names):
        draft = Draft(call)
        with call.intake() as intake:
            draft.receive(_pieces(body), intake)
            return _stored(call, draft.commit(intake))


def _put_directory(call: Call, body: RequestBody) -> Answer:
    """A name that ends in a slash makes a directory; the data are dropped [doc for S3, inferred here]."""
    for _ in _pieces(body):
        continue
    return directories.make(call)


def _pieces(body: RequestBody) -> Iterator[bytes]:
    return iter(lambda: body.read(PIECE), b'')


class Draft:
    """An object that is about to be stored. The name must be reserved in the store.

    :param fresh: it takes nothing over from the version before it (copies)
    :raises Refusal: 403, 409, 412, 413, 304, or 400 for settings: before its data come
    """

    def __init__(self, call: Call, *, fresh: bool = False) -> None:
        self._call = call
        with call.store.lock:
            node = call.store.find(call.names)
            file = node if isinstance(node, File) else None
            call.visit.need('write', also=grants.granted(call.visit, file))
            current = None if file is None or file.deleted else file.newest
            conditions.check(call.headers, current, conditions.WRITING)
            _allow(call, node)
            self._room = _room(call)
            # HCP's version IDs tell when the write began, the change time when it was done
            self._ingest_ms = call.now_ms()
            self._id = call.store.next_id(self._ingest_ms)
        self._base = None if fresh else current
        self._settings = self._read_settings()

    def receive(self, pieces: Iterable[bytes], intake: Intake) -> None:
        """Take in the data.

        :raises Refusal: 413 if they are more than there is room for
        """
        for piece in pieces:
            intake.write(piece)
            if intake.size > self._room:
                raise Refusal(413, 'not enough space is left')

    def commit(
        self,
        intake: Intake,
        extra: Optional[dict[str, Annotation]] = None,
        content_type: Optional[str] = None,
    ) -> Version:
        """Make the data the newest version.

        :param extra: annotations that come with them
        """
        call = self._call
        kind = content_type or call.headers.get('Content-Type') or media.type_of(call.names[-1])
        with call.store.lock:
            now_ms = call.now_ms()
            call.store.place(call.names, now_ms)
            _allow(call, call.store.find(call.names))  # replication may have brought one meanwhile
            blob, sums = intake.finish()
            inherited = self._base.annotations if self._base else {}
            version = Version(
                id=self._id,
                ingest_ms=self._ingest_ms,
                change_ms=now_ms,
                sums=sums,
                content_type=kind,
                settings=self._settings,
                annotations={**inherited, **(extra or {})},
                blob=blob,
            )
            call.store.add(call.names, version, grants.CANNED.get(call.query.get('acl', '')))
        return version

    def _read_settings(self) -> Settings:
        """The predecessor's or the namespace's system metadata, then what the query says."""
        call, namespace = self._call, self._call.visit.namespace
        classes, at = namespace.retention_classes, call.moment()
        try:
            base = self._base.settings if self._base else _defaults(call)
            if 'retention' in call.query:
                base = replace(base, kept=retention.initial(call.query['retention'], classes, at, base.kept))
        except retention.RetentionError as error:
            raise Refusal(400, str(error)) from error
        if 'hold' in call.query:
            call.visit.need('privileged')
        if 'acl' in call.query and not namespace.acls:
            raise Refusal(400, 'ACLs are not enabled for this namespace')
        return base.with_flags(call.query)


def _defaults(call: Call) -> Settings:
    namespace = call.visit.namespace
    kept = retention.initial(namespace.default_retention, namespace.retention_classes, call.moment())
    return Settings(kept, False, namespace.default_index, namespace.default_shred, call.visit.name)


def _allow(call: Call, node: Optional[Node]) -> None:
    """Whether a new version may go on top of what there is."""
    if node is None or node.deleted:
        return
    if isinstance(node, Directory):
        raise Refusal(409)  # [inferred]
    if not call.visit.namespace.versioning:
        raise Refusal(409)
    objects.forbid_kept(call, node.newest)


def _room(call: Call) -> int:
    """How many bytes may still come. HCP looks at its quota once an hour only, we always do."""
    namespace = call.visit.namespace
    room = min(MAX_OBJECT, namespace.hard_quota // namespace.dpl - call.store.usage.bytes)
    if (call.request.length or 0) > room:
        raise Refusal(413, 'not enough space is left')
    return room


def _stored(call: Call, version: Version) -> Answer:
    own: Lines = [
        ('Location', call.location()),
        ('X-HCP-VersionId', str(version.id)),
        ('X-HCP-Hash', version.sums.hash),
        ('ETag', version.sums.etag),
    ]
    return Answer(201, own)


def put_annotated(call: Call) -> Answer:
    """PUT of an object's data and one annotation, one directly after the other in the body."""
    body, size, name = plain_body(call), _data_size(call), custom_metadata.wanted(call)
    with call.store.writing(call.names):
        draft = Draft(call)
        with call.intake() as intake:
            draft.receive(_first(body, size), intake)
            if intake.size < size:
                raise Refusal(400, 'X-HCP-Size is greater than the content')
            data = read_all(body, custom_metadata.limit(name))
            kind = _checked(call, draft, data)
            extra = custom_metadata.build(call.visit.namespace, data, kind, call.now_ms())
            answer = _stored(call, draft.commit(intake, {name: extra}))
    answer.headers.append(('X-HCP-CustomMetadataHash', extra.sums.hash))
    return answer


def _data_size(call: Call) -> int:
    text = call.headers.get('X-HCP-Size', '')
    if not text.isdecimal():
        raise Refusal(400, 'X-HCP-Size is required with type=whole-object')
    if 'Content-Encoding' not in call.headers and int(text) > (call.request.length or int(text)):
        raise Refusal(400, 'X-HCP-Size is greater than the content')
    return int(text)


def _first(body: RequestBody, size: int) -> Iterator[bytes]:
    while size:
        piece = body.read(min(size, PIECE))
        if not piece:
            return
        size -= len(piece)
        yield piece


def _checked(call: Call, draft: Draft, data: bytes) -> str:
    """The annotation's content type. A bad annotation leaves an empty object behind: so does HCP.

    :raises Refusal: 400
    """
    try:
        return custom_metadata.content_type(call.visit.namespace, data)
    except Refusal:
        with call.intake() as nothing:
            draft.commit(nothing)
        raise


@dataclass(frozen=True)
class Source:
    """What is to be copied: open data, and what goes with them."""

    data: Iterable[bytes]
    content_type: str
    annotations: dict[str, Annotation]


def copy(call: Call) -> Answer:
    """PUT with X-HCP-CopySource. System metadata come from the target, ACLs from nowhere."""
    directive = call.headers.get('X-HCP-MetadataDirective', 'NONE').upper()
    if directive not in ('ALL', 'NONE'):
        raise Refusal(400, 'X-HCP-MetadataDirective is ALL or NONE')
    source = _open_source(call)
    if source is None:
        return directories.make(call)
    with call.store.writing(call.names):
        draft = Draft(call, fresh=True)
        with call.intake() as intake:
            draft.receive(source.data, intake)
            extra = _rehashed(call, source.annotations) if directive == 'ALL' else {}
            return _stored(call, draft.commit(intake, extra, source.content_type))


def _rehashed(call: Call, originals: dict[str, Annotation]) -> dict[str, Annotation]:
    """The annotations of a copy, hashed as the target namespace does."""
    namespace, now_ms = call.visit.namespace, call.now_ms()
    return {
        name: custom_metadata.build(namespace, one.data, one.content_type, now_ms)
        for name, one in originals.items()
    }


def _open_source(call: Call) -> Optional[Source]:
    """The object to be copied; None for a directory, of which an empty one is made.

    :raises Refusal: 400, 403, 404; 204 for a delete marker; 304, 412
    """
    visit, names, wanted = _parse_source(call)
    store = call.store_of(visit)
    with store.lock:
        node = store.find(names)
        if node is None:
            raise Refusal(404)
        if isinstance(node, Directory):
            visit.need('browse')
            return None
        visit.need('read', also=grants.granted(visit, node))
        version = objects.select(node, wanted, versioning=visit.namespace.versioning)
        conditions.check(call.headers, version, conditions.COPY_SOURCE, conditions.SOURCE_PREFIX)
        data = version.blob.pieces(0, version.sums.size)
        found = dict(version.annotations)
    return Source([data] if isinstance(data, bytes) else data, version.content_type, found)


def _parse_source(call: Call) -> tuple[Visit, Names, Optional[str]]:
    """Understand ``<namespace>.<tenant>/<path>[?version=<id>]``, URL-encoded."""
    path, _, query = call.headers.get(COPY_SOURCE, '').partition('?')
    name, version = query.partition('=')[::2]
    host, *names = [part for part in unquote_to_bytes(path).split(b'/') if part] or [b'']
    if query and (name != 'version' or not version.isdecimal()):
        raise Refusal(400, f'bad {COPY_SOURCE}')
    namespace_name, _, tenant_name = host.decode('utf-8', 'replace').lower().partition('.')
    # users belong to one tenant, so that a source elsewhere could not be read anyway [inferred]
    namespace = find(call.visit.tenant.namespaces, namespace_name)
    if tenant_name != call.visit.tenant.name.lower() or namespace is None:
        raise Refusal(400, 'the source namespace does not exist')
    return call.visit.elsewhere(namespace), tuple(names), version or None
