"""Load on two systems that replicate, while the primary goes away again and again (``make soak``).

Some threads store and read through one Target, and keep books on what they were told; in the end, when
the two systems agree, the books are compared with what is there. ``HCPSDK_SOAK_SECONDS`` says how long,
all in all; ``HCPSDK_SOAK_SEED`` makes all choices again that do not depend on which thread was faster.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Callable, Optional

import pytest

import hcpsdk
from hcpsdk.mock import Busy, MockHCP
from hcpsdk.mock.pairs import Replication
from hcpsdk.mock.store import Directory, File

SECONDS = float(os.environ.get('HCPSDK_SOAK_SECONDS', '40')) / 2
"""half of them for each strategy"""

SHORT = 1.5
"""seconds of each, in the normal suite"""

THREADS, NODES, OUTAGES = 4, 2, 3

PATIENCE = 20.0
"""seconds for all that must come about"""

PROBE_INTERVAL, LAG, OWN = 0.1, 0.05, 0.2
"""seconds: between two probes, of the replication, for which a thread's own objects are not read elsewhere"""

STRATEGIES = {
    'on failover': hcpsdk.RS_READ_ON_FAILOVER | hcpsdk.RS_WRITE_ON_FAILOVER,
    'always': hcpsdk.RS_READ_ALLOWED | hcpsdk.RS_WRITE_ALLOWED,
}


@dataclass
class Thing:
    """An object, or the attempt at one."""

    path: str
    data: bytes
    stored_by: Optional[str] = None
    """the system that said 201; None: none did"""


class Wrong(Exception):
    """Something that may not happen."""


class Worker:
    """Stores and reads, and keeps books."""

    def __init__(self, number: int, target: hcpsdk.Target, seed: str, stop: threading.Event) -> None:
        self._number, self._target, self._stop = number, target, stop
        self._rng = Random(f'{seed} {number}')
        self.things: list[Thing] = []
        self.count: Counter[str] = Counter()
        self.problems: list[str] = []

    def run(self) -> None:
        while not self._stop.is_set():
            with hcpsdk.Connection(self._target, timeout=5, retries=self._rng.choice([0, 1, 3])) as con:
                for _ in range(self._rng.randrange(1, 100)):
                    self._step(con)

    def _step(self, con: hcpsdk.Connection) -> None:
        """One request; an HcpsdkError is an answer, too."""
        if self._stop.is_set():
            return
        try:
            self._rng.choice([self._put, self._get, self._get])(con)
        except hcpsdk.HcpsdkError as error:
            self.count[type(error).__name__] += 1
        except BaseException:
            journal = '\n'.join(map(str, con.attempts))
            self.problems.append(f'{traceback.format_exc()}{journal}')

    def _put(self, con: hcpsdk.Connection) -> None:
        """A name of its own: there can be no such object yet, but from an earlier try of this PUT."""
        path = f'/rest/soak/{self._number}/{len(self.things)}'
        thing = Thing(path, path.encode() + self._rng.randbytes(self._rng.choice([0, 100, 70_000])))
        self.things.append(thing)
        status = con.PUT(path, thing.data).status
        self.count[f'PUT {status} by {con.served_by}'] += 1
        if status == 201:
            thing.stored_by = con.served_by
        elif status not in (409, 503):
            raise Wrong(f'{status} for {path}')

    def _get(self, con: hcpsdk.Connection) -> None:
        if not self.things:
            return
        thing = self._rng.choice(self.things[-200:])
        status = con.GET(thing.path, verify=self._rng.random() < 0.5).status
        data = con.read()
        self.count[f'GET {status} by {con.served_by}'] += 1
        if status == 200 and data != thing.data:
            raise Wrong(f'{len(data)} wrong bytes for {thing.path} by {con.served_by}')
        if status == 404 and con.served_by == thing.stored_by:
            raise Wrong(f'404 for {thing.path} by {con.served_by}, which stored it')
        if status not in (200, 404, 503):
            raise Wrong(f'{status} for {thing.path}')


Pair = tuple[MockHCP, MockHCP, Replication]


@contextlib.contextmanager
def running_pair() -> Iterator[Pair]:
    """Two systems, an active/active link; the name server of the second one knows both."""
    while True:
        with contextlib.ExitStack() as running:
            hcp1 = running.enter_context(MockHCP(nodes=NODES))
            ports = {'port': hcp1.port, 'mapi_port': hcp1.mapi_port}
            try:
                hcp2 = running.enter_context(MockHCP('hcp2.example.com', nodes=NODES, first=11, **ports))
            except OSError:  # somebody has one of the ports at that address
                continue
            hcp2.dns.zones[hcp1.domain] = hcp1.addresses
            yield hcp1, hcp2, hcp1.replicate_to(hcp2, lag=LAG)
            return


def aim(pair: Pair, strategy: int) -> hcpsdk.Target:
    """The one that all threads share."""
    return hcpsdk.Target(
        'n1.m.hcp1.example.com', hcpsdk.NativeAuthorization('n', 'n01'), pair[0].port,
        resolver=pair[1].resolver(), replica_fqdn='n1.m.hcp2.example.com', replica_strategy=strategy,
        probe_interval=PROBE_INTERVAL, read_your_writes=OWN,
    )  # fmt: skip


def disturb(hcp: MockHCP, target: hcpsdk.Target, seconds: float, rng: Random) -> None:
    """Up, and away, and up: each time for long enough to be noticed."""
    for _ in range(OUTAGES):
        busy_now_and_then(hcp, seconds / (2 * OUTAGES + 1), rng)
        hcp.stop()
        time.sleep(seconds / (2 * OUTAGES + 1))
        patiently(lambda: target.failed_over)
        start(hcp)
        patiently(lambda: not target.failed_over)
    busy_now_and_then(hcp, seconds / (2 * OUTAGES + 1), rng)


def busy_now_and_then(hcp: MockHCP, seconds: float, rng: Random) -> None:
    """A node turns some requests down."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with hcp.misbehave(Busy(), node=rng.randrange(NODES), times=rng.randrange(1, 10)):
            time.sleep(seconds / 10)


def start(hcp: MockHCP) -> None:
    """Open the same ports again; a connection of somebody's may happen to sit on one of them for a moment."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            hcp.start()
            return
        time.sleep(0.05)
    raise AssertionError('the ports are taken')


def patiently(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, 'it did not happen'
        time.sleep(0.01)


class Changes(logging.Handler):
    """Counts how often the Target went over, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == 'hcpsdk._failover':
            self.seen['over' if 'failed over' in record.msg else 'back'] += 1


@contextlib.contextmanager
def counted_changes() -> Iterator[Changes]:
    """Keeps the log out of the report, for which it is too long."""
    changes, logger = Changes(), logging.getLogger('hcpsdk')
    logger.addHandler(changes)
    logger.propagate = False
    try:
        yield changes
    finally:
        logger.propagate = True
        logger.removeHandler(changes)


def soak(pair: Pair, target: hcpsdk.Target, seconds: float, seed: str) -> list[Worker]:
    """Let all of them loose; returns when they are tired."""
    stop = threading.Event()
    workers = [Worker(number, target, seed, stop) for number in range(THREADS)]
    threads = [threading.Thread(target=worker.run, name='soak') for worker in workers]
    for thread in threads:
        thread.start()
    try:
        disturb(pair[0], target, seconds, Random(seed))
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    return workers


# --- the books --------------------------------------------------------------------------------


def audit(pair: Pair, things: list[Thing]) -> Iterator[str]:
    """All that is wrong."""
    first, second = contents(pair[0]), contents(pair[1])
    if first != second:
        yield f'the systems differ: {sorted(first.items() ^ second.items())[:5]}'
    wanted = {thing.path: thing.data for thing in things}
    for path, versions in {**first, **second}.items():
        if versions != (wanted.get(path),):
            yield f'{path} is there, with {len(versions)} versions, but not as it was sent'
    told = answers(pair)
    for thing in things:
        if thing.stored_by and thing.path not in {**first, **second}:
            yield f'lost: {thing.path}, stored by {thing.stored_by}'
        if told[thing.path] > 1:
            yield f'{thing.path} was stored {told[thing.path]} times'


def contents(hcp: MockHCP) -> dict[str, tuple[bytes, ...]]:
    """Path -> the data of each version; what has collided lies in a directory of its own."""
    store = hcp._application.stores.of('m', 'n1', 0)
    with store.lock:
        return dict(walk(store.root, '/rest'))


def walk(directory: Directory, path: str) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    for name, node in directory.children.items():
        below = f'{path}/{name.decode()}'
        if isinstance(node, File):
            yield below, tuple(b''.join([one.blob.pieces(0, one.sums.size)]) for one in node.versions)
        else:
            yield from walk(node, below)


def answers(pair: Pair) -> Counter[str]:
    """How often a system said that it has stored an object."""
    log = [one for hcp in pair[:2] for one in hcp.log]
    return Counter(one.path for one in log if one.method == 'PUT' and one.status == 201)


def left_over() -> list[str]:
    """Threads that are none of pytest's; the reaper stays for the next Connection."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(('hcpsdk', 'soak')) and name != 'hcpsdk-reaper']


def check(seconds: float, strategy: str, until: Callable[[Callable[[], Any]], None]) -> None:
    """The whole of it."""
    seed = os.environ.get('HCPSDK_SOAK_SEED') or secrets.token_hex(4)
    print(f'HCPSDK_SOAK_SEED={seed} HCPSDK_SOAK_SECONDS={2 * seconds:g}, {strategy}')
    with running_pair() as pair, counted_changes() as changes:
        workers = soak(pair, aim(pair, STRATEGIES[strategy]), seconds, seed)
        until(lambda: not any(hcp.open_connections() for hcp in pair[:2]))
        pair[2].settle()
        things = [thing for worker in workers for thing in worker.things]
        count = sum((worker.count for worker in workers), Counter())
        print(f'{len(things)} names, {dict(changes.seen)}, {dict(sorted(count.items()))}')
        problems = [problem for worker in workers for problem in worker.problems]
        problems += audit(pair, things)
    until(lambda: not left_over())
    assert not problems, f'{len(problems)} problems with seed {seed}:\n\n' + '\n\n'.join(problems[:20])
    assert changes.seen['over'] == changes.seen['back'] >= OUTAGES
    assert min(count[f'{what} by hcp{n}.example.com'] for what in ('PUT 201', 'GET 200') for n in (1, 2))


@pytest.mark.parametrize('strategy', STRATEGIES)
def test_nothing_is_lost_for_a_moment(strategy: str, until: Callable[[Callable[[], Any]], None]) -> None:
    """What was confirmed during a failover would be lost, or be there twice."""
    check(SHORT, strategy, until)


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 5 * PATIENCE)
@pytest.mark.parametrize('strategy', STRATEGIES)
def test_nothing_is_lost(strategy: str, until: Callable[[Callable[[], Any]], None]) -> None:
    """What was confirmed during a failover would be lost, or be there twice, once in many thousands."""
    check(SECONDS, strategy, until)
