"""One thread closes what is idle; here its clock is a fake, and the thread mostly too."""

from __future__ import annotations

import gc
import os
import threading
import weakref

import pytest

from hcpsdk import _reaper
from hcpsdk._reaper import Reaper


class Idler:
    """Closes at a deadline, if it is not busy."""

    def __init__(self, deadline: float) -> None:
        self.deadline, self.closed, self.busy, self.looked_at = deadline, False, False, threading.Event()

    def expire(self, now: float) -> float | None:
        self.looked_at.set()
        if self.busy:
            return now + 30
        self.closed = self.closed or now >= self.deadline
        return None if self.closed else self.deadline


@pytest.fixture
def reaper(time, monkeypatch) -> Reaper:
    """Without its thread: ``reap()`` is called by the test."""
    reaper = Reaper(time.clock)
    monkeypatch.setattr(reaper, '_start', lambda: None)
    return reaper


def test_what_is_idle_for_too_long_is_closed(reaper, time) -> None:
    """Or a sleeping application would keep HCP's few connection slots."""
    early, late = Idler(time.value + 10), Idler(time.value + 20)
    reaper.watch(late, late.deadline)
    reaper.watch(early, early.deadline)
    assert reaper.reap() == early.deadline
    time.go_on(10)
    assert reaper.reap() == late.deadline
    assert (early.closed, late.closed) == (True, False)
    time.go_on(10)
    assert reaper.reap() is None
    assert late.closed


def test_what_is_busy_is_left_alone_and_looked_at_later(reaper, time) -> None:
    """Or a long download would be cut, or its connection be forgotten."""
    idler = Idler(time.value)
    idler.busy = True
    reaper.watch(idler, idler.deadline)
    assert reaper.reap() == time.value + 30
    idler.busy = False
    assert reaper.reap() is None
    assert idler.closed


def test_what_nobody_uses_any_more_is_not_kept_alive(reaper, time) -> None:
    """Or connections that were dropped would pile up."""
    idler = Idler(time.value)
    reaper.watch(idler, idler.deadline)
    gone = weakref.ref(idler)
    del idler
    gc.collect()
    assert gone() is None
    assert reaper.reap() is None


def test_the_thread_closes_and_never_keeps_the_interpreter(time) -> None:
    """Or idle connections stay open, or a program that forgot ``close()`` never ends."""
    reaper, idler = Reaper(time.clock), Idler(time.value - 1)
    reaper.watch(idler, idler.deadline)
    assert idler.looked_at.wait(10)
    with reaper._changed:
        assert idler.closed
        assert (reaper._thread.daemon, reaper._wake) == (True, None)


def test_one_thread_is_enough_and_an_earlier_deadline_wakes_it(time) -> None:
    """Or each Connection would cost a thread, or wait for the deadline of another."""
    reaper, late, early = Reaper(time.clock), Idler(time.value + 3600), Idler(time.value - 1)
    reaper.watch(late, late.deadline)
    first = reaper._thread
    reaper.watch(early, early.deadline)
    assert early.looked_at.wait(10)
    assert reaper._thread is first


def test_a_later_deadline_does_not_wake_it(reaper, time, monkeypatch) -> None:
    """Or each request would cost a switch of threads."""
    woken = []
    monkeypatch.setattr(reaper, '_thread', threading.current_thread())
    monkeypatch.setattr(reaper, '_wake', time.value + 1)
    monkeypatch.setattr(reaper._changed, 'notify', lambda: woken.append(True))
    late, early = Idler(0), Idler(0)
    reaper.watch(late, time.value + 2)
    assert not woken
    reaper.watch(early, time.value)
    assert woken


def test_an_interpreter_that_ends_needs_no_reaper(time, monkeypatch) -> None:
    """Or a request made while the interpreter ends would fail for want of a thread."""

    class NoMore(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(_reaper.threading, 'Thread', NoMore)
    reaper, idler = Reaper(time.clock), Idler(time.value)
    reaper.watch(idler, idler.deadline)
    assert reaper._thread is None


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='this system cannot fork')
def test_a_forked_child_starts_from_nothing(monkeypatch) -> None:
    """Or a child would wait for a thread that only its parent has, and close its parent's sockets."""
    idler = Idler(0.0)
    with _reaper.REAPER._changed:
        _reaper.REAPER._watched.add(idler)
    child = os.fork()
    if not child:
        fresh = _reaper.REAPER._thread is None and not list(_reaper.REAPER._watched)
        os._exit(0 if fresh else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    _reaper.REAPER._watched.discard(idler)
