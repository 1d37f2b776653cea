"""``/rest``: from a request to the function that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable

from . import acls, changes, conditions, custom_metadata, directories, ingest, objects, parameters
from .access import Visit, enter
from .call import Call
from .messages import Answer, MockRequest
from .model import System
from .replies import Refusal, created, general
from .store import Directory, Names, Store
from .traffic import Traffic, metered

PREFIX = b'/rest'
MAX_PATH = 4095
"""bytes after the prefix"""

RESERVED = (b'.', b'..', b'.directory-metadata')
"""what no component of a path may be called; for two dots that is [inferred]"""


def _get(call: Call) -> Answer:
    if call.query.get('version') == 'list':
        return directories.versions(call)
    with call.store.lock:
        node = call.store.find(call.names)
        if isinstance(node, Directory):
            return directories.listing(call, node)
    return objects.get(call)


def _head(call: Call) -> Answer:
    with call.store.lock:
        node = call.store.find(call.names)
        if isinstance(node, Directory) and not node.deleted:
            return directories.head(call, node)
    return objects.head(call)


@dataclass(frozen=True)
class Operation:
    """What is done for a method and a ``type``.

    :param known: the query parameters besides ``type``
    :param conditional: conditional headers are allowed
    """

    act: Callable[[Call], Answer]
    known: Mapping[str, parameters.Check] = field(default_factory=dict)
    conditional: bool = False


P = parameters
OPERATIONS = {
    ('PUT', 'object'): Operation(ingest.put, P.COPY, conditional=True),
    ('PUT', 'whole-object'): Operation(ingest.put_annotated, {**P.STORE, **P.ANNOTATION}, conditional=True),
    ('PUT', 'directory'): Operation(directories.make),
    ('PUT', 'custom-metadata'): Operation(custom_metadata.put, P.ANNOTATION),
    ('PUT', 'acl'): Operation(acls.put),
    ('GET', 'object'): Operation(_get, P.GET, conditional=True),
    ('GET', 'whole-object'): Operation(
        objects.get_annotated, {**P.ANNOTATION, **P.VERSION, **P.NOWAIT}, conditional=True
    ),
    ('GET', 'custom-metadata'): Operation(custom_metadata.get, {**P.ANNOTATION, **P.VERSION, **P.NOWAIT}),
    ('GET', 'custom-metadata-info'): Operation(custom_metadata.listing, P.VERSION),
    ('GET', 'acl'): Operation(acls.get, P.VERSION),
    ('HEAD', 'object'): Operation(_head, P.VERSION, conditional=True),
    ('HEAD', 'custom-metadata'): Operation(custom_metadata.head, {**P.ANNOTATION, **P.VERSION}),
    ('HEAD', 'acl'): Operation(acls.head, P.VERSION),
    ('POST', 'object'): Operation(changes.post, P.POST),
    # deleting one version by its ID came with a later release than 7.1; its manuals say it as [doc]
    ('DELETE', 'object'): Operation(changes.delete, {**P.DELETE, **P.VERSION}),
    ('DELETE', 'custom-metadata'): Operation(custom_metadata.delete, P.ANNOTATION),
    ('DELETE', 'acl'): Operation(acls.delete),
}
METHODS = {method for method, _ in OPERATIONS}


class Rest:
    """The objects of all namespaces.

    :param store_of: gives the content of a namespace
    :param traffic: counts what is done
    """

    def __init__(
        self,
        system: System,
        store_of: Callable[[Visit], Store],
        clock: Callable[[], float],
        traffic: Traffic,
    ) -> None:
        self._system = system
        self._store_of = store_of
        self._clock = clock
        self._traffic = traffic

    def __call__(self, request: MockRequest) -> Answer:
        """Do what the request says.

        :raises Refusal: if it cannot be done
        """
        path = request.path[len(PREFIX) :]
        if len(path) > MAX_PATH and request.method != 'POST':
            raise Refusal(414)
        visit = enter(self._system, request.host, request.headers, secure=request.secure)
        operation, query = _operation(request)
        names, slash = parse_path(path)
        store = self._store_of(visit)
        request = metered(request)
        call = Call(request, visit, store, names, slash, query, self._clock, self._store_of)
        answer = operation.act(call)
        self._traffic.count(visit, store, request, answer)
        return self._dressed(request.method, answer)

    def _dressed(self, method: str, answer: Answer) -> Answer:
        """The answer with the general headers."""
        now = self._clock()
        if method == 'PUT':
            answer.headers = created(self._system, now, answer.headers)
        else:
            reading = method in ('GET', 'HEAD')
            answer.headers[:0] = general(self._system, now, with_version=reading)
        return answer


def _operation(request: MockRequest) -> tuple[Operation, dict[str, str]]:
    """What is to be done, and with which parameters.

    :raises Refusal: 405, 400
    """
    if request.method not in METHODS:
        raise Refusal(405)
    kinds = [value or '' for name, value in request.query if name == 'type']
    operation = OPERATIONS.get((request.method, kinds[0] if kinds else 'object'))
    if operation is None or len(kinds) > 1 or kinds == ['object']:
        raise Refusal(400, f'type={kinds[0]} is not supported for {request.method}')
    query = [(name, value) for name, value in request.query if name != 'type']
    if not operation.conditional:
        conditions.forbid(request.headers)
    if ingest.COPY_SOURCE not in request.headers:
        conditions.forbid_source(request.headers)
    return operation, parameters.checked(query, operation.known)


def parse_path(path: bytes) -> tuple[Names, bool]:
    """The components of a path below the prefix, and whether it ended in a slash.

    Several slashes count as one [inferred, POSIX].

    >>> parse_path(b'/a//b/')
    ((b'a', b'b'), True)

    :raises Refusal: 400 for a name that HCP does not allow
    """
    names = tuple(name for name in path.split(b'/') if name)
    if b'\0' in path or any(name in RESERVED for name in names):
        raise Refusal(400, 'the path holds a name that is not allowed')
    return names, path.endswith(b'/')
