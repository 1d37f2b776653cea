"""Annotations (custom metadata): checked, stored, listed, deleted."""

from __future__ import annotations

import re

from . import grants, objects
from .blobs import sums_of
from .call import Call, plain_body, read_all
from .messages import Answer
from .model import Namespace
from .replies import NO_CACHE, Lines, Refusal, change_ms, local_time
from .store import Annotation, File, Version
from .xmldoc import PROLOG, BadXML, check, element

DEFAULT = 'default'
MAX_ANNOTATIONS = 10
GIB, MIB = 1024**3, 1024**2
# a 7.x table allows 1 GB to all annotations, the status table 1 MB to those with a name [conflict]
MAX_DEFAULT, MAX_NAMED = GIB, MIB

_NAME = re.compile(r'(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,32}')
_WELL_FORMED, _UNKNOWN = 'text/xml', 'unknown'


def valid_name(name: str) -> bool:
    """Whether an annotation may have this name.

    >>> valid_name('.metapairs'), valid_name('..'), valid_name('a b')
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None


def wanted(call: Call) -> str:
    """The annotation that a request is about."""
    return call.query.get('annotation', DEFAULT)


def limit(name: str) -> int:
    """The most bytes that an annotation may have."""
    return MAX_DEFAULT if name == DEFAULT else MAX_NAMED


def content_type(namespace: Namespace, data: bytes) -> str:
    """What kind of data an annotation is.

    :raises Refusal: 400 if it has to be XML and is not; an empty one is always allowed
    """
    if not data:
        return _UNKNOWN
    try:
        check(data)
    except BadXML as error:
        if namespace.xml_check:
            raise Refusal(400, str(error)) from error
        return _UNKNOWN
    return _WELL_FORMED


def put(call: Call) -> Answer:
    """Store or replace an annotation; also HCP's answer to a replacement is 201."""
    name = wanted(call)
    body = plain_body(call)
    with call.store.lock:
        _writable(call, name)
    data = read_all(body, limit(name))
    kind = content_type(call.visit.namespace, data)
    with call.store.lock:
        file = _writable(call, name)
        now_ms = call.now_ms()
        annotation = build(call.visit.namespace, data, kind, now_ms)
        call.store.annotate(call.names, file, name, annotation, now_ms)
    return Answer(201, [('Location', call.location()), ('X-HCP-Hash', annotation.sums.hash)])


def _writable(call: Call, name: str) -> File:
    file = call.file()
    call.visit.need('write', also=grants.granted(call.visit, file))
    version = file.newest
    if name not in version.annotations and len(version.annotations) >= MAX_ANNOTATIONS:
        raise Refusal(400, f'an object has at most {MAX_ANNOTATIONS} annotations')
    _allow_change(call, version, adding=name not in version.annotations)
    return file


def _allow_change(call: Call, version: Version, *, adding: bool) -> None:
    """The namespace says what may happen to annotations of objects under retention."""
    allowed = call.visit.namespace.custom_metadata_changes
    if allowed == 'ALL' or (allowed == 'ADD' and adding):
        return
    if objects.under_retention(call, version):
        raise Refusal(403, 'the object is under retention')


def get(call: Call) -> Answer:
    """An annotation."""
    with call.store.lock:
        annotation = _find(call)
        answer = Answer(200, _lines(call, annotation), annotation.data)
    return objects.packed(answer, annotation.data) if objects.wants_gzip(call.headers) else answer


def head(call: Call) -> Answer:
    """An annotation's headers."""
    with call.store.lock:
        return Answer(200, _lines(call, _find(call)))


def _find(call: Call) -> Annotation:
    version = objects.readable(call, call.file(deleted=True))
    annotation = version.annotations.get(wanted(call))
    if annotation is None:
        raise missing(wanted(call))
    return annotation


def missing(name: str) -> Refusal:
    """HCP's answer where an object lacks an annotation."""
    return Refusal(204, f'No annotation exists with name {name}.')


def delete(call: Call) -> Answer:
    """Remove an annotation."""
    with call.store.lock:
        file: File = call.file()
        call.visit.need('delete', also=grants.granted(call.visit, file))
        if wanted(call) not in file.newest.annotations:
            raise missing(wanted(call))
        _allow_change(call, file.newest, adding=False)
        call.store.annotate(call.names, file, wanted(call), None, call.now_ms())
    return Answer(200)


def listing(call: Call) -> Answer:
    """The names and properties of all annotations of an object."""
    with call.store.lock:
        found = objects.readable(call, call.file(deleted=True)).annotations
        if not found:
            raise Refusal(204)
        entries = ''.join(_entry(call, name, one) for name, one in sorted(found.items()))
    body = f'{PROLOG}\n<annotations>{entries}</annotations>\n'.encode()
    return Answer(200, [*NO_CACHE, ('Content-Type', 'text/xml'), ('Content-Length', str(len(body)))], body)


def _entry(call: Call, name: str, annotation: Annotation) -> str:
    fields = [
        ('name', name),
        ('hash', annotation.sums.hash),
        ('changeTimeMilliseconds', change_ms(annotation.change_ms)),
        ('changeTimeString', local_time(annotation.change_ms, call.visit.system.zone)),
        ('size', str(annotation.sums.size)),
        ('contentType', annotation.content_type),
    ]
    return '<annotation>' + ''.join(element(*field) for field in fields) + '</annotation>'


def _lines(call: Call, annotation: Annotation) -> Lines:
    return [
        ('ETag', annotation.sums.etag),
        *NO_CACHE,
        ('Content-Type', 'text/xml'),  # whatever the content [doc]
        ('Content-Length', str(annotation.sums.size)),
        ('X-HCP-Type', 'annotation'),
        ('X-HCP-Size', str(annotation.sums.size)),
        ('X-HCP-Hash', annotation.sums.hash),
        *objects.change_lines(call, annotation.change_ms),
    ]


def build(namespace: Namespace, data: bytes, kind: str, now_ms: int) -> Annotation:
    """An annotation of some content type, as the namespace hashes it."""
    return Annotation(data, sums_of(data, namespace.hash_scheme), kind, now_ms)
