"""``/rest``: from a request to the function that does it."""

from __future__ import annotations

from typing import Callable

from . import changes, ingest, objects
from .access import Visit, enter
from .call import Call
from .messages import Answer, MockRequest
from .model import System
from .replies import Refusal, general
from .store import File, Names, Store

PREFIX = b'/rest'


class Rest:
    """The objects of all namespaces.

    :param store_of: gives the content of a namespace
    """

    def __init__(self, system: System, store_of: Callable[[Visit], Store], clock: Callable[[], float]) -> None:
        self._system = system
        self._store_of = store_of
        self._clock = clock

    def __call__(self, request: MockRequest) -> Answer:
        """Do what the request says.

        :raises Refusal: if it cannot be done
        """
        names, slash = parse_path(request.path[len(PREFIX) :])
        visit = enter(self._system, request.host, request.headers, secure=request.secure)
        query = {name: value or '' for name, value in request.query}
        call = Call(request, visit, self._store_of(visit), names, slash, query, self._clock, self._store_of)
        if request.method == 'PUT':
            return ingest.put(call)
        if request.method == 'DELETE':
            answer = changes.delete(call)
            return Answer(200, general(self._system, self._clock(), with_version=False))
        with call.store.lock:
            node = call.store.live(names)
            if not isinstance(node, File):
                raise Refusal(404)
            answer = objects.get(call, node) if request.method == 'GET' else objects.head(call, node)
        answer.headers[:0] = general(self._system, self._clock(), with_version=True)
        return answer


def parse_path(path: bytes) -> tuple[Names, bool]:
    """The components of a path below the prefix, and whether it ended in a slash."""
    return tuple(name for name in path.split(b'/') if name), path.endswith(b'/')
