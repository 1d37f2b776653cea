"""Closes what is idle: one thread for all Connections of the process.

A node of HCP serves 255 connections (REST reference, 6.4); who sleeps must not keep them. The
reaper sleeps until the earliest deadline of the links that it watches, looks at each, and goes
back to sleep; when nothing is left to watch it waits for the next. A link in use costs it one
look per idle time, a request costs it nothing. It is a daemon, so it never keeps the
interpreter from ending, and it is the only global state of the package that changes.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

from ._trace import SYSTEM_CLOCK, Clock


class Idler(Protocol):
    """What can be watched."""

    def expire(self, now: float) -> float | None:
        """Close if idle for too long.

        :returns: when to look again, or None when there is nothing left to watch
        """


class Reaper:
    """Watches links, weakly: one that nobody uses any more need not be closed by us."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Start from nothing; a forked child has neither our thread nor a right to our sockets."""
        self._changed = threading.Condition()
        self._watched: weakref.WeakSet[Idler] = weakref.WeakSet()
        self._thread: threading.Thread | None = None
        self._wake: float | None = None

    def hold(self) -> None:
        """Wait until no link is being looked at: its lock would be taken in a forked child for ever."""
        self._changed.acquire()

    def release(self) -> None:
        """Go on."""
        self._changed.release()

    def watch(self, idler: Idler, until: float) -> None:
        """Look at ``idler`` for the first time at ``until``, and then whenever it says."""
        with self._changed:
            self._watched.add(idler)
            if self._wake is None or until < self._wake:
                self._wake = until
                self._changed.notify()
            if self._thread is None:
                self._start()

    def reap(self) -> float | None:
        """Look at every link once.

        :returns: the earliest time at which to look again; None if none is watched
        """
        now, soonest = self._clock.now(), None
        for idler in list(self._watched):
            again = idler.expire(now)
            if again is None:
                self._watched.discard(idler)
            elif soonest is None or again < soonest:
                soonest = again
        return soonest

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name='hcpsdk-reaper', daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads, or the interpreter is ending, which closes links itself
            return
        self._thread = thread

    def _run(self) -> None:
        with self._changed:
            while True:
                left = None if self._wake is None else self._wake - self._clock.now()
                if left is None or left > 0:
                    self._changed.wait(left)  # being woken up means another time, not that it has come
                else:
                    self._wake = self.reap()


REAPER = Reaper()

if hasattr(os, 'register_at_fork'):  # not on Windows, which cannot fork
    os.register_at_fork(before=REAPER.hold, after_in_parent=REAPER.release, after_in_child=REAPER.forget)
