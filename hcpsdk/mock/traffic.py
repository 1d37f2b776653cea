"""What goes on in the namespaces, hour by hour: the figures of chargeback reports (3.9)."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Callable, NamedTuple, Optional

from .access import Visit
from .messages import Answer, MockRequest, RequestBody
from .model import Tenant
from .store import Store

HOUR = 3600

# Which method counts as what; only what succeeds counts. HEAD and POST are neither [inferred].
_KINDS = {'GET': 'reads', 'PUT': 'writes', 'DELETE': 'deletes'}


class Held(NamedTuple):
    """What a namespace holds at some time."""

    objects: int = 0
    volume: int = 0
    """bytes of data and annotations"""
    capacity: int = 0
    """bytes on disk, all copies counted"""


@dataclass
class Hour:
    """What was done in an hour, and what was there at its end."""

    bytes_in: int = 0
    bytes_out: int = 0
    reads: int = 0
    writes: int = 0
    deletes: int = 0
    held: Held = field(default_factory=Held)


class Metered:
    """A request's body that knows how much of it was read."""

    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self.size = 0

    def read(self, amount: int = -1) -> bytes:
        """See :class:`hcpsdk.mock.messages.RequestBody`."""
        data = self._body.read(amount)
        self.size += len(data)
        return data


def metered(request: MockRequest) -> MockRequest:
    """The request; if it may bring data, with a body that counts them."""
    return replace(request, body=Metered(request.body)) if request.method == 'PUT' else request


def holding(store: Store, dpl: int) -> Held:
    """What is in a namespace now.

    :param dpl: the number of copies that it keeps
    """
    usage = store.usage
    return Held(usage.objects, usage.bytes, usage.bytes * dpl)


class Whose(NamedTuple):
    """The IDs of a namespace and of its tenant: their names may change, and be given to others later."""

    tenant: str
    namespace: str


class Traffic:
    """The hours of all namespaces.

    :param clock: gives the seconds since the epoch
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.since = clock()
        """when the counting began"""
        self._clock = clock
        self._lock = threading.Lock()
        self._hours: dict[Whose, dict[int, Hour]] = {}
        self._names: dict[Whose, str] = {}

    def count(self, visit: Visit, store: Store, request: MockRequest, answer: Answer) -> None:
        """Take down what was done for a request."""
        kind = _KINDS.get(request.method)
        if kind is None or answer.status >= 300:
            return
        whose = Whose(visit.tenant.id, visit.namespace.id)
        with self._lock:
            self._names[whose] = visit.namespace.name
            hour = self._hours.setdefault(whose, {}).setdefault(int(self._clock()) // HOUR, Hour())
            setattr(hour, kind, getattr(hour, kind) + 1)
            hour.bytes_in += request.body.size if isinstance(request.body, Metered) else 0
            hour.bytes_out += _size(answer) if kind == 'reads' else 0
            hour.held = holding(store, visit.namespace.dpl)

    def namespaces(self, tenant: Tenant) -> dict[str, str]:
        """Where something was done, also if it is gone: a namespace's ID -> its name at that time."""
        with self._lock:
            return {one.namespace: name for one, name in self._names.items() if one.tenant == tenant.id}

    def between(self, whose: Whose, start: float, end: float) -> Hour:
        """What was done in the hours that begin in an interval, and what was held at its end."""
        with self._lock:
            hours = sorted(self._hours.get(whose, {}).items())
        before = [hour for number, hour in hours if number * HOUR < end]
        found = total(hour for number, hour in hours if start <= number * HOUR < end)
        return replace(found, held=before[-1].held if before else Held())


def total(hours: Iterable[Hour]) -> Hour:
    """Several hours, or namespaces, as one."""
    found = Hour()
    for hour in hours:
        found.bytes_in += hour.bytes_in
        found.bytes_out += hour.bytes_out
        found.reads += hour.reads
        found.writes += hour.writes
        found.deletes += hour.deletes
        found.held = Held(*(one + other for one, other in zip(found.held, hour.held)))
    return found


def _size(answer: Answer) -> int:
    if isinstance(answer.body, bytes):
        return len(answer.body)
    lengths: Optional[str] = next((value for name, value in answer.headers if name == 'Content-Length'), None)
    return int(lengths or 0)
