"""Storing objects: PUT, whole-object, copy."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional
from urllib.parse import quote

from . import acls, conditions, media, objects, retention
from .blobs import PIECE, GunzippedBody, Intake, Sums
from .call import Call
from .messages import Answer, RequestBody
from .replies import Refusal, created
from .store import File, Grant, Settings, Version

MAX_OBJECT = 2 * 1024**4
"""the largest object, 2 TB [client table]"""


def put(call: Call) -> Answer:
    """PUT of an object or of a new version of one."""
    body = plain_body(call)
    version = store(call, body)
    return _stored(call, version)


def plain_body(call: Call) -> RequestBody:
    """The body as it is to be stored.

    :raises Refusal: 411 if its end cannot be known; 415 for a coding that is not gzip
    """
    chunked = 'Transfer-Encoding' in call.headers
    if call.request.length is None and not chunked:
        raise Refusal(411)
    coding = call.headers.get('Content-Encoding')
    if coding is None:
        return call.body
    if coding.strip().lower() != 'gzip':
        raise Refusal(415)
    # HCP wants gzip data chunked; what it does with a Content-Length is not documented: we take it [inferred]
    return GunzippedBody(call.body)


def store(call: Call, body: RequestBody) -> Version:
    """Take in the data and make them the newest version."""
    names, room = call.names, 0
    with call.store.writing(names):
        with call.store.lock:
            before = prepare(call)
            new_settings(call, before)
            room = _room(call)
        with call.store.intake() as intake:
            receive(body, intake, room)
            with call.store.lock:
                return commit(call, before, intake)


def prepare(call: Call) -> Optional[File]:
    """Look whether the object may be stored, before its data come.

    :returns: what there is of this name, a deleted object included
    :raises Refusal: 403, 409, 412, 304
    """
    node = call.store.find(call.names)
    file = node if isinstance(node, File) else None
    call.visit.need('write', also=acls.granted(call.visit, file) if file else frozenset())
    current = None if file is None or file.deleted else file.newest
    conditions.check(call.headers, current, conditions.WRITING)
    if node is not None and file is None and not node.deleted:
        raise Refusal(409)  # it is a directory [inferred]
    if current is not None:
        _allow_version(call, current)
    return file


def _allow_version(call: Call, current: Version) -> None:
    if not call.visit.namespace.versioning:
        raise Refusal(409)
    if current.settings.hold:
        raise Refusal(403, 'the object is on hold')
    if retention.under_retention(objects.effective(call, current), call.moment().now):
        raise Refusal(403, 'the object is under retention')


def new_settings(call: Call, file: Optional[File]) -> Settings:
    """The system metadata of a new version: its predecessor's, or the namespace's; then the query's."""
    namespace = call.visit.namespace
    classes, at = namespace.retention_classes, call.moment()
    if file is not None and not file.deleted:
        base = file.newest.settings
    else:
        kept = retention.initial(namespace.default_retention, classes, at)
        base = Settings(kept, False, namespace.default_index, namespace.default_shred, call.visit.name)
    if 'hold' in call.query:
        call.need('privileged')
    try:
        kept = retention.initial(call.query['retention'], classes, at, base.kept) if 'retention' in call.query else base.kept
    except retention.RetentionError as error:
        raise Refusal(400, str(error)) from error
    flags = {name: call.flag(name) for name in ('hold', 'index', 'shred') if name in call.query}
    return replace(base, kept=kept, **flags)


def new_acl(call: Call) -> Optional[tuple[Grant, ...]]:
    """The ACL that the query asks for by name."""
    if 'acl' not in call.query:
        return None
    if not call.visit.namespace.acls:
        raise Refusal(400, 'ACLs are not enabled for this namespace')
    return acls.CANNED[call.query['acl']]


def _room(call: Call) -> int:
    """How many bytes may still come. HCP looks at its quota once an hour only; we always do."""
    namespace = call.visit.namespace
    room = namespace.hard_quota // namespace.dpl - call.store.usage.bytes
    if (call.request.length or 0) > min(room, MAX_OBJECT):
        raise Refusal(413, 'not enough space is left')
    return min(room, MAX_OBJECT)


def receive(body: RequestBody, intake: Intake, room: int) -> None:
    """Read a body to its end.

    :raises Refusal: 413 if it is larger than the room there is
    """
    while True:
        piece = body.read(PIECE)
        if not piece:
            return
        intake.write(piece)
        if intake.size > room:
            raise Refusal(413, 'not enough space is left')


def commit(call: Call, before: Optional[File], intake: Intake) -> Version:
    """Make what came in the newest version. The caller holds the store's lock."""
    settings, acl = new_settings(call, before), new_acl(call)
    now_ms = call.now_ms()
    call.store.parent(call.names, now_ms)
    inherited = dict(before.newest.annotations) if before is not None and not before.deleted else {}
    blob, sums = intake.finish()
    version = Version(
        id=call.store.next_id(now_ms),
        ingest_ms=now_ms,
        change_ms=now_ms,
        sums=sums,
        content_type=call.headers.get('Content-Type') or media.type_of(call.names[-1]),
        settings=settings,
        annotations=inherited,
        blob=blob,
    )
    file = call.store.add(call.names, version)
    if acl is not None:
        file.acl = acl
    return version


def location(call: Call) -> str:
    """The path of what was stored."""
    return '/rest/' + quote(b'/'.join(call.names))


def _stored(call: Call, version: Version, annotation: Optional[Sums] = None) -> Answer:
    own = [
        ('Location', location(call)),
        ('X-HCP-VersionId', str(version.id)),
        ('X-HCP-Hash', version.sums.hash),
        ('ETag', version.sums.etag),
    ]
    if annotation is not None:
        own.append(('X-HCP-CustomMetadataHash', annotation.hash))
    return Answer(201, created(call.visit.system, call.clock(), own))
