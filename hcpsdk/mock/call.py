"""One request to a namespace, understood: who asks, for what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from .access import Visit
from .messages import Headers, MockRequest, RequestBody
from .replies import Refusal
from .retention import Moment
from .store import Names, Store


@dataclass(frozen=True)
class Call:
    """A request on an object, a directory, or what belongs to one.

    :param names: the path's components below ``/rest``
    :param slash: the path ended with a slash
    :param query: the query parameters, checked
    :param clock: seconds since the epoch
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

    def need(self, *wanted: str) -> None:
        """Refuse a caller who lacks a permission."""
        self.visit.need(*wanted)


def read_all(body: RequestBody, limit: int) -> bytes:
    """A small body, whole.

    :raises Refusal: 413 if it is longer than the limit in bytes
    """
    pieces: list[bytes] = []
    left = limit + 1
    while left:
        piece = body.read(min(left, 65_536))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    if not left:
        raise Refusal(413, 'the body is too large')
    return b''.join(pieces)
