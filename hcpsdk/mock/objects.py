"""Reading objects: GET and HEAD, their headers, versions, ranges and compression."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.utils import formatdate
from typing import Optional, Union

from . import conditions, grants, retention
from .blobs import FilePieces, compressed
from .call import Call
from .messages import Answer, Headers
from .replies import NO_CACHE, Lines, Refusal, change_ms, flag, local_time
from .store import File, Version


def get(call: Call) -> Answer:
    """GET of an object."""
    squeeze = 'Range' not in call.headers and wants_gzip(call.headers)
    with call.store.lock:
        file = call.file(deleted=True)
        version = _met(call, file)
        size = version.sums.size
        part = conditions.byte_range(call.headers, size)
        if part is not None:
            return _part(call, file, version, *part)
        answer = Answer(200, object_lines(call, file, version, size), version.blob.pieces(0, size))
        if not squeeze:
            return answer
        again = version.blob.pieces(0, size)
    return packed(answer, again)


def head(call: Call) -> Answer:
    """HEAD of an object."""
    with call.store.lock:
        file = call.file(deleted=True)
        version = _met(call, file)
        return Answer(200, object_lines(call, file, version, version.sums.size))


def _met(call: Call, file: File) -> Version:
    """The version that a request wants, its conditions being met."""
    version = readable(call, file)
    conditions.check(call.headers, version, conditions.READING)
    return version


def readable(call: Call, file: File) -> Version:
    """The version that a request wants, if the caller may read it.

    :raises Refusal: 403; 404; 204 if that version is a delete marker
    """
    call.visit.need('read', also=grants.granted(call.visit, file))
    return select(file, call.query.get('version'), versioning=call.visit.namespace.versioning)


def select(file: File, wanted: Optional[str], *, versioning: bool) -> Version:
    """The newest version, or the one with this ID.

    Without versioning, the ID of an old version leads to the newest one [doc for the S3 interface].

    :raises Refusal: 404; 204 for a delete marker that is asked for by its ID
    """
    if wanted is None or not versioning:
        if file.deleted:
            raise Refusal(404)
        return file.newest
    version = file.version(int(wanted))
    if version is None:
        raise Refusal(404)
    if version.marker:
        raise Refusal(204)
    return version


def _part(call: Call, file: File, version: Version, start: int, length: int) -> Answer:
    lines = object_lines(call, file, version, length)
    lines.append(('Accept-Ranges', 'bytes'))
    lines.append(('Content-Range', f'bytes {start}-{start + length - 1}/{version.sums.size}'))
    return Answer(206, lines, version.blob.pieces(start, length))


def packed(answer: Answer, again: Union[bytes, FilePieces]) -> Answer:
    """The answer with its body as gzip.

    Large data are compressed twice, once for the length, rather than kept.

    :param again: the same body once more
    """
    body: Union[bytes, Iterable[bytes]]
    if isinstance(again, bytes):
        body = b''.join(compressed(again))
        length = len(body)
    else:
        length = sum(map(len, compressed(again)))
        body = compressed(answer.body)
    place = [name for name, _ in answer.headers].index('Content-Length')
    plain_length = answer.headers[place][1]
    answer.headers[place : place + 1] = [
        ('Content-Length', str(length)),
        ('Content-Encoding', 'gzip'),
        ('X-HCP-ContentLength', plain_length),
    ]
    return Answer(answer.status, answer.headers, body)


def wants_gzip(headers: Headers) -> bool:
    """Whether the answer is to be compressed.

    HCP 7.1 answered clients that send ``identity`` (Python's do), against its own table [inferred].

    :raises Refusal: 406 if the client takes neither gzip nor plain data
    """
    text = headers.get('Accept-Encoding')
    if text is None or not text.strip():
        return False
    accepted = {_coding(part) for part in text.lower().split(',')}
    if accepted & {'gzip', '*'}:
        return True
    if 'identity' in accepted:
        return False
    raise Refusal(406)


def _coding(part: str) -> str:
    name, _, quality = part.partition(';')
    return '' if quality.replace(' ', '') in ('q=0', 'q=0.0', 'q=0.00', 'q=0.000') else name.strip()


def object_lines(call: Call, file: File, version: Version, length: int) -> Lines:
    """All headers of an object, empty ones included, in the order of the manual's dump."""
    return [
        ('ETag', version.sums.etag),
        *NO_CACHE,
        ('Content-Type', version.content_type),
        ('Content-Length', str(length)),
        ('X-HCP-Type', 'object'),
        ('X-HCP-Size', str(version.sums.size)),
        ('X-HCP-Hash', version.sums.hash),
        ('X-HCP-VersionId', str(version.id)),
        ('X-HCP-IngestTime', str(version.ingest_ms // 1000)),
        *_retention_lines(call, version),
        *_setting_lines(call, file, version),
        *change_lines(call, version.change_ms),
        ('Last-Modified', formatdate(version.change_ms // 1000, usegmt=True)),
    ]


def _retention_lines(call: Call, version: Version) -> Lines:
    namespace, settings = call.visit.namespace, version.settings
    value = effective(call, version)
    return [
        ('X-HCP-RetentionClass', retention.shown_class(settings.kept, namespace.retention_classes)),
        ('X-HCP-RetentionString', retention.describe(value, call.visit.system.zone)),
        ('X-HCP-Retention', str(value)),
        ('X-HCP-IngestProtocol', 'HTTP'),
        ('X-HCP-RetentionHold', flag(settings.hold)),
    ]


def forbid_kept(call: Call, version: Version) -> None:
    """Refuse to delete, or to put a new version over, what is to be kept.

    :raises Refusal: 403
    """
    if version.settings.hold:
        raise Refusal(403, 'the object is on hold')
    if under_retention(call, version):
        raise Refusal(403, 'the object is under retention')


def under_retention(call: Call, version: Version) -> bool:
    """Whether the retention of a version has not ended yet."""
    return retention.under_retention(effective(call, version), call.moment().now)


def effective(call: Call, version: Version) -> int:
    """The retention of a version as it counts now."""
    classes = call.visit.namespace.retention_classes
    return retention.effective(version.settings.kept, classes, version.ingest_ms // 1000)


def _setting_lines(call: Call, file: File, version: Version) -> Lines:
    settings = version.settings
    lines = [
        ('X-HCP-Shred', flag(settings.shred)),
        ('X-HCP-DPL', str(call.visit.namespace.dpl)),
        ('X-HCP-Index', flag(settings.index)),
        ('X-HCP-Custom-Metadata', flag(bool(version.annotations))),
        ('X-HCP-ACL', flag(file.acl is not None)),
        ('X-HCP-Owner', settings.owner),
        ('X-HCP-Domain', ''),
        ('X-HCP-UID', ''),
        ('X-HCP-GID', ''),
        ('X-HCP-CustomMetadataAnnotations', version.annotation_list()),
    ]
    if call.headers.get('X-HCP-Get-Replicated', 'true').lower() != 'false':
        lines.append(('X-HCP-Replicated', flag(call.store.replicated(call.names))))
    return [*lines, ('X-HCP-ReplicationCollision', flag(version.collision))]


def get_annotated(call: Call) -> Answer:
    """GET of an object together with one annotation, without anything between the two."""
    if 'Range' in call.headers:
        raise Refusal(400, 'Range is not possible with type=whole-object')
    with call.store.lock:
        file = call.file(deleted=True)
        version = _met(call, file)
        annotation = version.annotations.get(call.query.get('annotation', 'default'))
        data = version.blob.pieces(0, version.sums.size)
    if annotation is None:
        # one vendor page: only the data come; its status table says 404 [conflict]
        return Answer(200, object_lines(call, file, version, version.sums.size), data)
    first = call.headers.get('X-HCP-CustomMetadataFirst', 'false').lower() == 'true'
    parts = [annotation.data, data] if first else [data, annotation.data]
    lines = object_lines(call, file, version, version.sums.size + annotation.sums.size)
    lines += [
        ('X-HCP-CustomMetadataFirst', flag(first)),
        ('X-HCP-DataContentType', version.content_type),
        ('X-HCP-CustomMetadataContentType', annotation.content_type),
    ]
    return Answer(200, lines, _in_turn(parts))


def _in_turn(parts: Iterable[Union[bytes, FilePieces]]) -> Iterator[bytes]:
    for part in parts:
        yield from [part] if isinstance(part, bytes) else part


def change_lines(call: Call, when_ms: int) -> Lines:
    """The change time in HCP's two forms."""
    return [
        ('X-HCP-ChangeTimeMilliseconds', change_ms(when_ms)),
        ('X-HCP-ChangeTimeString', local_time(when_ms, call.visit.system.zone)),
    ]
