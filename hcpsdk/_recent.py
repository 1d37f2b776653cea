"""What was written lately: a replica may not have it yet, or still have what was there before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from urllib.parse import unquote_to_bytes

from ._trace import SYSTEM_CLOCK, Clock

MOST = 100_000
"""names that are remembered, some 15 MiB; who writes more of them in that time waits for all of them"""


class Recent:
    """The names of objects that were written less than some seconds ago.

    :param seconds: how long a name is remembered

    It may be shared by threads. A copy in another process begins anew: it has written nothing.
    """

    _clock: Clock = SYSTEM_CLOCK

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._all_until = 0.0

    def __reduce__(self) -> tuple[type[Recent], tuple[float]]:
        return type(self), (self._seconds,)

    def add(self, path: str) -> None:
        """An object has been written, or may have been.

        When there are too many, the oldest goes; until its time is over every object counts as written.
        """
        name, now = _name(path), self._clock.now()
        with self._lock:
            self._until[name] = now + self._seconds
            self._until.move_to_end(name)
            while self._until and (len(self._until) > MOST or next(iter(self._until.values())) <= now):
                self._all_until = max(self._all_until, self._until.popitem(last=False)[1])

    def __contains__(self, path: str) -> bool:
        now = self._clock.now()
        with self._lock:
            return now < self._all_until or now < self._until.get(_name(path), 0.0)


def _name(path: str) -> bytes:
    """However it is escaped and however many slashes it has, an object is the same."""
    return b'/'.join(filter(None, unquote_to_bytes(path).split(b'/')))
