"""The requests on ACLs: ``?type=acl``."""

from __future__ import annotations

from . import grants, objects
from .call import Call, media_type, read_all
from .messages import Answer
from .replies import NO_CACHE, Lines, Refusal, flag
from .store import File

MAX_BODY = 1024 * 1024
"""bytes of an ACL that we read [inferred]: enough for 1,000 entries"""

XML, JSON = 'application/xml', 'application/json'


def put(call: Call) -> Answer:
    """Give an object an ACL in place of the one it has."""
    form = media_type(call.headers.get('Content-Type') or XML)
    if form not in (XML, JSON):
        raise Refusal(415)
    data = read_all(call.body, MAX_BODY)
    with call.store.lock:
        file = _file(call)
        _need_write(call, file)
        acl = grants.from_json(data) if form == JSON else grants.from_xml(data)
        grants.validate(acl, call.visit)
        call.store.set_acl(call.names, file, acl, call.now_ms())
    return Answer(201, [('Location', call.location())])


def get(call: Call) -> Answer:
    """The ACL, which is an empty one where there is none."""
    form = _accepted(call.headers.get('Accept', ''))
    with call.store.lock:
        file = _readable(call)
        body = (grants.to_json if form == JSON else grants.to_xml)(file.acl or ())
        return Answer(200, _lines(file, len(body), form), body)


def head(call: Call) -> Answer:
    """Whether there is an ACL."""
    with call.store.lock:
        file = _readable(call)
        length = len(grants.to_xml(file.acl)) if file.acl is not None else 0
        return Answer(200, _lines(file, length, XML))


def delete(call: Call) -> Answer:
    """Take the ACL off an object, if it has one."""
    with call.store.lock:
        file = _file(call)
        call.visit.need('delete', also=grants.granted(call.visit, file))
        call.store.set_acl(call.names, file, None, call.now_ms())
    return Answer(200)


def _need_write(call: Call, file: File) -> None:
    """Either of two permissions will do."""
    also = grants.granted(call.visit, file)
    if 'writeAcl' not in call.visit.rights(also):
        call.visit.need('write', also=also)


def _file(call: Call, *, deleted: bool = False) -> File:
    if not call.visit.namespace.acls:
        raise Refusal(400, 'ACLs are not enabled for this namespace')
    return call.file(deleted=deleted)


def _readable(call: Call) -> File:
    file = _file(call, deleted=True)
    call.visit.need('readAcl', also=grants.granted(call.visit, file))
    objects.select(file, call.query.get('version'), versioning=call.visit.namespace.versioning)
    return file


def _lines(file: File, length: int, form: str) -> Lines:
    has = ('X-HCP-ACL', flag(file.acl is not None))
    return [*NO_CACHE, ('Content-Type', form), ('Content-Length', str(length)), has]


def _accepted(accept: str) -> str:
    wanted = {media_type(part) for part in accept.split(',')}
    if JSON in wanted:
        return JSON
    if wanted & {'', XML, 'text/xml', 'application/*', '*/*'}:
        return XML
    raise Refusal(406)
