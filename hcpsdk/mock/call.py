"""One request to a namespace, understood: who asks, for what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional
from urllib.parse import quote

from .access import Visit
from .blobs import GunzippedBody, Intake
from .messages import Headers, MockRequest, RequestBody
from .replies import Refusal
from .retention import Moment
from .store import File, Names, Store


@dataclass(frozen=True)
class Call:
    """A request on an object, a directory, or what belongs to one.

    :param names: the path's components below ``/rest``
    :param slash: the path ended with a slash
    :param query: the query parameters, checked
    :param clock: gives the seconds since the epoch
    :param store_of: gives the content of another namespace
    """

    request: MockRequest
    visit: Visit
    store: Store
    names: Names
    slash: bool
    query: dict[str, str]
    clock: Callable[[], float]
    store_of: Callable[[Visit], Store]

    @property
    def headers(self) -> Headers:
        return self.request.headers

    @property
    def body(self) -> RequestBody:
        return self.request.body

    def now_ms(self) -> int:
        """The time, in ms since the epoch."""
        return int(self.clock() * 1000)

    def moment(self, ingest_ms: Optional[int] = None) -> Moment:
        """What a retention may refer to; without an ingest time that is now."""
        now = int(self.clock())
        return Moment(now, now if ingest_ms is None else ingest_ms // 1000)

    def flag(self, name: str) -> bool:
        """Whether a boolean query parameter is true."""
        return self.query.get(name) == 'true'

    def intake(self) -> Intake:
        """To receive one body with, hashed as the namespace wants it."""
        return self.store.intake(self.visit.namespace.hash_scheme)

    def location(self) -> str:
        """The path that the request is about, as in the Location header."""
        return '/rest/' + quote(b'/'.join(self.names))

    def file(self, *, deleted: bool = False) -> File:
        """The object at the path; the store's lock is held.

        :param deleted: a deleted one is welcome, too
        :raises Refusal: 404 if there is none, 400 for a directory: those have no such metadata [client]
        """
        node = self.store.find(self.names) if deleted else self.store.live(self.names)
        if node is None or (node.deleted and not isinstance(node, File)):
            raise Refusal(404)
        if not isinstance(node, File):
            raise Refusal(400, 'custom metadata settings are not allowed on a directory')
        return node


def plain_body(call: Call) -> RequestBody:
    """The body as it is to be stored.

    :raises Refusal: 411 if its end cannot be known; 415 for a coding that is not gzip
    """
    if call.request.length is None and 'Transfer-Encoding' not in call.headers:
        raise Refusal(411)
    coding = call.headers.get('Content-Encoding')
    if coding is None:
        return call.body
    if coding.strip().lower() != 'gzip':
        raise Refusal(415)
    # HCP wants gzip data chunked; what it does with a Content-Length is not documented: we take it [inferred]
    return GunzippedBody(call.body)


def read_all(body: RequestBody, limit: int) -> bytes:
    """A small body, whole.

    :raises Refusal: 413 if it is longer than the limit in bytes
    """
    pieces: list[bytes] = []
    left = limit + 1
    while left:
        piece = body.read(min(left, 65_536))
        if not piece:
            return b''.join(pieces)
        pieces.append(piece)
        left -= len(piece)
    raise Refusal(413, 'the body is too large')


def media_type(value: str) -> str:
    """A media type without its parameters.

    >>> media_type('Application/XML; charset=UTF-8')
    'application/xml'
    """
    return value.partition(';')[0].strip().lower()
