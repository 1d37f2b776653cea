"""Load and random trouble, over minutes (``make soak``): what HCP confirmed is there, whole, and once.

Many threads store, read, change and delete through one Target, while somebody breaks the nodes under
them in every way that the mock knows. Each thread keeps books on what it was told; in the end the
books are compared with what the mock has stored, and how often it did so.

``HCPSDK_SOAK_SECONDS`` says how long, all in all; ``HCPSDK_SOAK_SEED`` makes all choices again that do
not depend on which thread was faster.
"""

from __future__ import annotations

import enum
import gc
import hashlib
import io
import logging
import os
import secrets
import socket
import ssl
import sys
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Callable, Optional

import pytest

import hcpsdk
from hcpsdk.mock import (
    BreakPromise,
    Busy,
    Cut,
    Drip,
    Early,
    Fault,
    Garbage,
    HangUp,
    Interim,
    Late,
    MockHCP,
    Refuse,
    Reset,
    Say,
    Seen,
    Silent,
    Surplus,
    Trouble,
    When,
    dns,
)
from hcpsdk.mock.store import File, Store

SECONDS = float(os.environ.get('HCPSDK_SOAK_SECONDS', '60')) / 2
"""half of them without TLS, half with it"""

LONG_ENOUGH = 15.0
"""seconds after which every kind of trouble must have struck"""

THREADS, NODES = 16, 4
PATIENCE = 60.0
"""seconds for all that was begun to end"""

COOLING = 0.5
"""seconds instead of a minute for which a node that failed is passed over, or most would be all the time"""

REFRESH = 1.5
"""seconds instead of half a minute between two questions to the name server"""

MAX_PER_NODE = 12
"""fewer than there are threads: when the other nodes are down, some have to wait for a place"""

EFFORTS = (
    'stored', 'settled', 'stored again: 409', 'contested', 'found', 'changed', 'deleted',
    'HcpsdkError', 'HcpsdkTimeoutError', 'HcpsdkTruncatedError', 'HcpsdkCantConnectError',
)  # fmt: skip
"""what must have happened in a long run"""

SAID = frozenset({403, 410, 500, 503})
"""status codes that the troublemaker gives: they mean that nothing was carried out"""


class Fate(enum.Enum):
    """What a thread knows about an object."""

    OPEN = 'nobody knows'
    REFUSED = 'it was not stored'
    STORED = 'HCP said 201'
    LEAVING = 'it may be deleted'
    DELETED = 'HCP said 200 to DELETE'


CONTESTED = '/rest/soak/contested/'

STORED = frozenset({Fate.STORED})
GONE = frozenset({Fate.REFUSED, Fate.DELETED})


@dataclass
class Thing:
    """An object, or the attempt at one."""

    path: str
    seed: str
    size: int
    fate: Fate = Fate.OPEN
    version: Optional[str] = None
    late: bool = True
    """HCP may still be about to carry out a PUT whose answer was lost: after a DELETE that would store it
    a second time, and no client could prevent that"""
    index: Optional[bool] = True
    """whether it is indexed; None: nobody knows"""
    story: str = ''
    """how it was stored, for the case that it turns out wrong"""

    @property
    def data(self) -> bytes:
        """Made again each time, as all together would need too much memory."""
        return Random(self.seed).randbytes(self.size)

    @property
    def names(self) -> tuple[bytes, ...]:
        return tuple(self.path.encode().split(b'/')[2:])

    @property
    def contested(self) -> bool:
        """Other threads want it, too."""
        return self.path.startswith(CONTESTED)


# ------------------------------------------------------------------------------------------ trouble


@dataclass(frozen=True)
class Sluggish(Fault):
    """The request waits inside of HCP, and is carried out when the client may have given up."""

    seconds: float

    def play(self, exchange: Any) -> None:
        exchange.pause(self.seconds)
        exchange.reply(exchange.carry_out())


Make = Callable[[Random], Fault]

WHEN: dict[str, Make] = {
    f'{kind.__name__} {when.name}': lambda rng, kind=kind, when=when: kind(when, rng.randrange(3000))
    for kind in (Reset, HangUp, Silent)
    for when in When
}

KINDS: dict[str, Make] = {
    **WHEN,
    'Refuse': lambda rng: Refuse(),
    'Cut': lambda rng: Cut(rng.randrange(1, 5000)),
    'Late': lambda rng: Late(rng.uniform(0.05, 1.2)),
    'Sluggish': lambda rng: Sluggish(rng.uniform(0.05, 1.2)),
    'Drip': lambda rng: Drip(rng.randrange(100, 4000), rng.uniform(0.001, 0.02)),
    'BreakPromise': lambda rng: BreakPromise(),
    'Say': lambda rng: Say(rng.choice([403, 410, 500, 503])),
    'Busy': lambda rng: Busy(),
    'Busy, come again': lambda rng: Busy(rng.randrange(2)),
    'Busy till then': lambda rng: Busy('Fri, 31 Dec 1999 23:59:59 GMT'),
    'Early': lambda rng: Early(rng.choice([500, 503])),
    'Garbage': lambda rng: Garbage(),
    'Surplus': lambda rng: Surplus(),
    'Interim': lambda rng: Interim(rng.randrange(1, 5)),
    'all refuse': lambda rng: Refuse(),
    'node dies': lambda rng: Refuse(),
    'DNS': lambda rng: Refuse(),
}

# The methods that some of them strike (None: any). Surplus bytes behind a long answer may come after the
# next request has been sent, which is more than a client can notice.
METHODS: dict[str, tuple[Optional[str], ...]] = {
    'Surplus': ('PUT', 'HEAD', 'DELETE'),
    'Early': ('PUT',),
    'Cut': (None, 'GET'),
    **{kind: (None, 'PUT', 'GET') for kind in WHEN if 'ANSWERING' in kind},
}
OTHERS = (None, None, 'PUT')
DOWN = frozenset({'Refuse', 'all refuse', 'node dies'})
"""troubles that would leave little else to do, if they lasted"""


@dataclass
class Act:
    """A trouble of one node, in force."""

    kind: str
    trouble: Trouble
    times: int
    until: float

    @property
    def over(self) -> bool:
        return self.trouble.left == 0 or time.monotonic() > self.until


class Troublemaker:
    """Breaks the nodes, each by one thing at a time, those first that have been rare up to now."""

    def __init__(self, hcp: MockHCP, rng: Random, stop: threading.Event) -> None:
        self._hcp, self._rng, self._stop = hcp, rng, stop
        self._acts: dict[int, Act] = {}
        self._rest = dict.fromkeys(range(NODES), 0.0)
        self.strikes: Counter[str] = Counter()
        self.problems: list[str] = []

    def run(self) -> None:
        try:
            while not self._stop.wait(0.02):
                for node in range(NODES):
                    self._attend(node)
        except Exception:
            self.problems.append(traceback.format_exc())
        finally:
            for node in list(self._acts):
                self._end(node)

    def _attend(self, node: int) -> None:
        now = time.monotonic()
        if node in self._acts:
            if self._acts[node].over:
                self._end(node)
                self._rest[node] = now + self._rng.uniform(0.0, 0.1)
        elif now >= self._rest[node]:
            self._begin(node, now)

    def _begin(self, node: int, now: float) -> None:
        current = {act.kind for act in self._acts.values()}
        free = [kind for kind in KINDS if kind not in current]
        kind = min(free, key=lambda kind: (self.strikes[kind], self._rng.random()))
        times, lasts = self._rng.randrange(1, 8), self._rng.uniform(0.2, 1.0)
        until = now + (lasts / 4 if kind in DOWN else lasts)
        self._acts[node] = Act(kind, self._make(kind, node, times), times, until)

    def _make(self, kind: str, node: int, times: int) -> Trouble:
        hcp, fault = self._hcp, KINDS[kind](self._rng)
        if kind == 'node dies':
            hcp.stop_node(node)
            return Trouble(fault, times=None, on_withdrawal=lambda: hcp.start_node(node))
        if kind == 'DNS':
            hcp.dns.trouble = self._rng.choice(list(dns.Trouble))
            return Trouble(fault, times=None, on_withdrawal=lambda: setattr(hcp.dns, 'trouble', None))
        if isinstance(fault, Refuse):
            return hcp.misbehave(fault, node=None if kind == 'all refuse' else node)
        method = None if fault.at_accept else self._rng.choice(METHODS.get(kind, OTHERS))
        return hcp.misbehave(fault, node=node, method=method, times=times)

    def _end(self, node: int) -> None:
        act = self._acts.pop(node)
        struck = 1 if act.trouble.left is None else act.times - act.trouble.left
        self.strikes[act.kind] += struck
        act.trouble.withdraw()


# ------------------------------------------------------------------------------------------ work


class Wrong(Exception):
    """Something that may not happen."""


class Worker:
    """Does one thing after the other, and keeps books."""

    def __init__(
        self, number: int, target: hcpsdk.Target, seed: str, stop: threading.Event, file: Path
    ) -> None:
        self._number, self._target, self._seed, self._stop = number, target, seed, stop
        self._rng = Random(f'{seed} {number}')
        self._file = file
        self.things: list[Thing] = []
        self.problems: list[str] = []
        self.count: Counter[str] = Counter()

    # --- the round

    def run(self) -> None:
        with self._file.open('w+b') as self._open_file:
            while not self._stop.is_set():
                with self._connect() as self._connection:
                    self._work()

    def _connect(self) -> hcpsdk.Connection:
        rng = self._rng
        timeout = rng.choice([0.4, 0.8, (0.3, 0.6)])
        return hcpsdk.Connection(
            self._target,
            timeout=timeout,
            idletime=rng.choice([0.0, 0.01, 0.05, 30]),
            retries=rng.choice([0, 1, 3, 3, 3, 5]),
            deadline=rng.choice([None, None, 0.5, 2.0]),
        )

    def _work(self) -> None:
        acts = [self._put, self._get, self._head, self._delete, self._post, self._again, self._contend]
        for _ in range(self._rng.randrange(1, 150)):
            act = self._rng.choices(acts, [30, 30, 12, 10, 8, 4, 6])[0]
            try:
                act()
            except hcpsdk.HcpsdkError as error:
                self.count[type(error).__name__] += 1
                self._stop.wait(0.1)
            except BaseException:
                story = f'{traceback.format_exc()}{self._journal()}'
                self.problems.append(f'worker {self._number}, {act.__name__}: {story}')
            if self._stop.wait(self._rng.choice([0.0, 0.01, 0.05])):
                return

    def _journal(self) -> str:
        return '\n'.join(f'  {attempt}' for attempt in self._connection.attempts)

    def _pick(self, fates: frozenset[Fate] = frozenset(Fate)) -> Optional[Thing]:
        """One of the last things, mostly one that was stored; what belongs to another thread is never it."""
        wanted = fates & STORED if self._rng.random() < 0.8 else fates
        found = [one for one in self.things[-60:] if one.fate in (STORED if one.contested else wanted)]
        return self._rng.choice(found) if found else None

    # --- storing

    def _new(self, path: str) -> Thing:
        size = self._rng.randrange(self._rng.choices([1, 1000, 65_000, 300_000], [5, 45, 35, 15])[0])
        return Thing(path, f'{self._seed} {self._number} {len(self.things)}', size)

    def _put(self) -> None:
        """A name of its own: it must not exist yet."""
        thing = self._new(f'/rest/soak/{self._number}/{len(self.things)}')
        if self._store(thing) == 409 and thing.fate is not Fate.OPEN:
            raise Wrong(f'409 for a new name: {thing}')

    def _contend(self) -> None:
        """A name that other threads want, too: one of them gets it."""
        thing = self._new(f'{CONTESTED}{int(4 * time.monotonic())}')
        if any(mine.path == thing.path for mine in self.things):
            return
        thing.size += 16  # no two threads have the same: a lost answer is settled by the content
        self.count['contested'] += 1
        self._store(thing)

    def _store(self, thing: Thing) -> int:
        self.things.append(thing)
        status = self._send(thing, thing.data)
        if status == 201:
            thing.fate, thing.version = Fate.STORED, self._header('X-HCP-VersionId')
            self.count['stored'] += 1
            self.count['settled'] += self._settled()
        elif status == 409:
            thing.fate = Fate.OPEN if self._undecided() else Fate.REFUSED
        else:
            self._was_said(status)
            thing.fate = Fate.REFUSED if self._once else Fate.OPEN
        return status

    def _again(self) -> None:
        """A name that exists: HCP refuses to store anything there a second time."""
        thing = self._pick(STORED)
        if thing is None:
            return
        same = self._rng.random() < 0.5
        data = thing.data if same else self._rng.randbytes(thing.size + self._rng.randrange(2))
        status = self._send(thing, data)
        self.count['stored again: 409'] += status == 409
        if status == 201 and data == thing.data and self._settled():
            return  # if its first answer was lost, nobody can tell a second time from the first one
        if status != 409:
            self._was_said(status)

    def _send(self, thing: Thing, data: bytes) -> int:
        body, headers = self._body(data)
        clear, thing.late = thing.fate is Fate.OPEN or not thing.late, True
        try:
            self._connection.PUT(thing.path, body=body, headers=headers)
        except hcpsdk.HcpsdkCantConnectError as error:
            if thing.fate is Fate.OPEN:
                thing.fate = Fate.REFUSED  # its docstring: nothing was sent
            thing.story = str(error)
            raise
        except hcpsdk.HcpsdkError as error:
            thing.story = str(error)
            raise
        thing.story += self._journal()
        thing.late = not (clear and self._once)
        return self._status

    def _body(self, data: bytes) -> tuple[Any, Optional[dict[str, str]]]:
        """The same bytes in one of many forms."""
        form = self._rng.randrange(7)
        self.count[f'body {form}'] += 1
        if form == 0:
            return self._written(data), None
        if form == 1:
            return io.BytesIO(data), None
        if form == 2:
            return self._pieces(data), None
        if form == 3:
            return self._pieces(data), {'Content-Length': str(len(data))}
        if form == 4:
            return list(self._pieces(data)), None
        return (bytearray(data) if form == 5 else data), None

    def _written(self, data: bytes) -> Any:
        """A real file, to be sent from where it stands."""
        file, start = self._open_file, self._rng.randrange(100)
        file.seek(0)
        file.truncate()
        file.write(b'x' * start + data)
        file.seek(start)
        return file

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        size = self._rng.randrange(1, 40_000)
        return iter([data[start : start + size] for start in range(0, len(data), size)])

    # --- reading

    def _get(self) -> None:
        thing = self._pick()
        if thing is None:
            return
        way = self._rng.choice([self._whole, self._in_parts, self._range, self._a_bit])
        way(thing)

    def _whole(self, thing: Thing) -> None:
        answer = self._connection.GET(thing.path, verify=True)
        if self._found(thing):
            self._compare(thing, thing.data, self._connection.read())
            if not answer.verified:
                raise Wrong(f'not verified: {thing}')

    def _in_parts(self, thing: Thing) -> None:
        self._connection.GET(thing.path, verify=self._rng.random() < 0.5)
        if self._found(thing):
            size = self._rng.randrange(1, 70_000)
            parts = [self._connection.read(size)]
            while len(parts[-1]) == size:
                parts.append(self._connection.read(size))
            self._compare(thing, thing.data, b''.join(parts))

    def _range(self, thing: Thing) -> None:
        first = self._rng.randrange(thing.size + 1)
        last = first + self._rng.randrange(10_000)
        self._connection.GET(thing.path, headers={'Range': f'bytes={first}-{last}'})
        if self._status == 416 and first >= thing.size:
            return
        if self._found(thing, success=206):
            self._compare(thing, thing.data[first : last + 1], self._connection.read())

    def _a_bit(self, thing: Thing) -> None:
        """Leave the rest to the Connection: it must not get into the next answer."""
        self._connection.GET(thing.path)
        if self._found(thing):
            size = self._rng.randrange(1, 5000)
            self._compare(thing, thing.data[:size], self._connection.read(size))

    def _head(self) -> None:
        thing = self._pick()
        if thing is None:
            return
        self._connection.HEAD(thing.path)
        if not self._found(thing):
            return
        said = [self._header(name) for name in ('X-HCP-Size', 'X-HCP-Hash', 'X-HCP-Index')]
        size, proof = str(thing.size), 'SHA-256 ' + hashlib.sha256(thing.data).hexdigest().upper()
        index = said[2] if thing.index is None else str(thing.index).lower()
        if said != [size, proof, index]:
            raise Wrong(f'{said} instead of {[size, proof, index]} for {thing}')

    def _found(self, thing: Thing, success: int = 200) -> bool:
        """Whether there is content to look at."""
        if self._status == 404:
            if thing.fate is Fate.STORED:
                raise Wrong(f'404 for {thing}')
            return False
        if self._status != success:
            self._was_said(self._status)
            return False
        if thing.fate in GONE:
            raise Wrong(f'{self._status} for {thing}')
        self.count['found'] += 1
        return True

    @staticmethod
    def _compare(thing: Thing, wanted: bytes, got: bytes) -> None:
        if got != wanted:
            raise Wrong(f'{len(got)} bytes, which are not the {len(wanted)} that were stored: {thing}')

    # --- changing

    def _delete(self) -> None:
        thing = self._pick(STORED)
        if thing is None or thing.contested or thing.late:  # who wants it, too, would rightly get its name
            return
        thing.fate = Fate.LEAVING
        try:
            self._connection.DELETE(thing.path)
        except hcpsdk.HcpsdkCantConnectError:
            thing.fate = Fate.STORED
            raise
        if self._status == 200:
            thing.fate = Fate.DELETED
            self.count['deleted'] += 1
            return
        self._was_said(self._status)
        if self._once:
            thing.fate = Fate.STORED

    def _post(self) -> None:
        """Its outcome stays unknown for good, once an answer was lost."""
        thing = self._pick(STORED)
        if thing is None or thing.index is None:
            return
        before, wanted = thing.index, not thing.index
        thing.index = None
        params = {'index': wanted}
        if self._rng.random() < 0.5:
            self._connection.POST(thing.path, params=params)
        else:
            form = {'Content-Type': 'application/x-www-form-urlencoded'}
            self._connection.POST(thing.path, headers=form, body=f'index={str(wanted).lower()}')
        if self._status == 200:
            thing.index = wanted
            self.count['changed'] += 1
            return
        self._was_said(self._status)
        thing.index = before if self._once else None

    # --- the answer

    @property
    def _status(self) -> int:
        return self._connection.response_status or 0

    @property
    def _once(self) -> bool:
        return len(self._connection.attempts) == 1

    def _header(self, name: str) -> str:
        return str(self._connection.getheader(name))

    def _settled(self) -> bool:
        return 'it is ours' in self._connection.attempts[-1].note

    def _undecided(self) -> bool:
        """HCP had something there, and could not be asked whose it is."""
        note = self._connection.attempts[-1].note
        return 'HEAD was answered by' in note or 'could not be asked' in note

    def _was_said(self, status: int) -> None:
        """Any other status than those of the troublemaker is one that the client has made up."""
        self.count[f'status {status}'] += 1
        if status not in SAID:
            raise Wrong(f'status {status}')


# ------------------------------------------------------------------------------------------ the books


class Ledger:
    """How often the mock has made which object, whoever got to know of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: Counter[tuple[bytes, ...]] = Counter()
        self._store: Optional[Store] = None
        add = Store.add

        def counted(store: Store, names: Any, *of_it: Any) -> None:
            self._store = store
            self.made[names] += 1  # the store's lock is held
            add(store, names, *of_it)

        monkeypatch.setattr(Store, 'add', counted)

    def there(self, names: tuple[bytes, ...]) -> Optional[File]:
        """The object of this name."""
        node = self._store.find(names) if self._store else None
        return node if isinstance(node, File) and not node.deleted else None

    def audit(self, things: list[Thing]) -> Iterator[str]:
        """All that is wrong."""
        by_path: dict[str, list[Thing]] = defaultdict(list)
        for thing in things:
            by_path[thing.path].append(thing)
        for claims in by_path.values():
            yield from self._wrongs(claims, claims[0].names)

    def _wrongs(self, claims: list[Thing], names: tuple[bytes, ...]) -> Iterator[str]:
        """What is wrong with one name, and with those who wanted it."""
        file = self.there(names)
        if self.made[names] > 1:
            yield f'stored {self.made[names]} times: {claims}'
        if file is not None:
            digest = file.newest.sums.digest.lower()
            owners = [one for one in claims if hashlib.sha256(one.data).hexdigest() == digest]
            if all(one.fate in GONE for one in owners):
                yield f'version {file.newest.id}, which should not be there: {claims}'
        stored = [one for one in claims if one.fate is Fate.STORED]
        if len(stored) > 1:
            yield f'more than one thread was told 201: {claims}'
        for one in stored:
            yield from self._missing(one, file)

    @staticmethod
    def _missing(thing: Thing, file: Optional[File]) -> Iterator[str]:
        """Whether what got 201 is there, whole and once."""
        if file is None:
            yield f'lost: {thing}'
            return
        if file.newest.blob.pieces(0, file.newest.sums.size) != thing.data:
            yield f'not what was sent: {thing}'
        versions = [str(version.id) for version in file.versions]
        if versions != [thing.version]:
            yield f'has the versions {versions}: {thing}'


class RefusalCount(logging.Handler):
    """Nothing but the client's log tells that a connection was refused."""

    seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += 'Connection refused' in record.getMessage()


def open_sockets() -> set[int]:
    """By identity, as descriptors are used again."""
    gc.collect()
    found = set()
    for thing in gc.get_objects():
        with suppress(ReferenceError):
            if isinstance(thing, socket.socket) and thing.fileno() >= 0:
                found.add(id(thing))
    return found


def left_over() -> list[str]:
    """Threads that are none of pytest's; the reaper stays for the next Connection."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(('hcpsdk', 'soak')) and name != 'hcpsdk-reaper']


@contextmanager
def counted_refusals() -> Iterator[RefusalCount]:
    """Counts in the log of the package, and keeps it out of the report, for which it is too long.

    Not a fixture: pytest attaches itself to loggers that do not propagate when a test begins.
    """
    count, logger = RefusalCount(), logging.getLogger('hcpsdk')
    logger.addHandler(count)
    logger.propagate = False
    try:
        yield count
    finally:
        logger.propagate = True
        logger.removeHandler(count)


@dataclass
class Outcome:
    """What there is to be looked at in the end."""

    trouble: Troublemaker
    workers: list[Worker]
    refused: int = 0
    log: list[Seen] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    @property
    def things(self) -> list[Thing]:
        return [thing for worker in self.workers for thing in worker.things]

    @property
    def count(self) -> Counter[str]:
        return sum((worker.count for worker in self.workers), Counter())

    def __str__(self) -> str:
        """In numbers."""
        tried = Counter(seen.method for seen in self.log)
        return (
            f'{len(self.log)} requests: {dict(tried)}; {self.refused} connections refused\n'
            f'what came of it: {dict(sorted(self.count.items()))}\n'
            f'{sum(self.trouble.strikes.values())} strikes: {dict(self.trouble.strikes)}'
        )


def aim(hcp: MockHCP, trusting: Optional[ssl.SSLContext]) -> hcpsdk.Target:
    """The one that all threads share."""
    return hcpsdk.Target(
        f'n1.m.{hcp.domain}',
        hcpsdk.NativeAuthorization('n', 'n01'),
        port=hcp.https_port or hcp.port,
        ssl=trusting is not None,
        sslcontext=trusting,
        resolver=hcp.resolver(),
        max_per_node=MAX_PER_NODE,
    )


def soak(hcp: MockHCP, target: hcpsdk.Target, seed: str, directory: Path) -> Outcome:
    """Let all of them loose; returns when they are tired."""
    stop = threading.Event()
    workers = [Worker(number, target, seed, stop, directory / str(number)) for number in range(THREADS)]
    outcome = Outcome(Troublemaker(hcp, Random(seed), stop), workers)
    threads = [threading.Thread(target=one.run, name='soak') for one in (outcome.trouble, *workers)]
    with counted_refusals() as refusals:
        for thread in threads:
            thread.start()
        stop.wait(SECONDS)
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    frames = sys._current_frames()
    outcome.stuck = [''.join(traceback.format_stack(frames[one.ident])) for one in threads if one.is_alive()]
    outcome.refused, outcome.log = refusals.seen, list(hcp.log)
    return outcome


def check_effort(outcome: Outcome) -> None:
    """It would prove nothing, if nothing had happened."""
    count = outcome.count
    assert len(outcome.log) > 50 * SECONDS
    if SECONDS >= LONG_ENOUGH:
        assert set(outcome.trouble.strikes) == set(KINDS)
        assert outcome.refused
        assert min(count[what] for what in EFFORTS), count


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 3 * PATIENCE)
@pytest.mark.parametrize('tls', [False, True], ids=['plain', 'TLS'])
def test_what_hcp_confirmed_is_there_whole_and_once(
    tls: bool,
    server_context: ssl.SSLContext,
    client_context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    until: Callable[[Callable[[], object]], None],
    tmp_path: Path,
) -> None:
    """An archive would lose, mix up or double objects on a bad day, and nobody would know."""
    seed = os.environ.get('HCPSDK_SOAK_SEED') or secrets.token_hex(4)
    print(f'HCPSDK_SOAK_SEED={seed} HCPSDK_SOAK_SECONDS={2 * SECONDS:g}')
    monkeypatch.setattr('hcpsdk.ips.COOLING', COOLING)
    monkeypatch.setattr('hcpsdk.ips.SOONEST_REFRESH', REFRESH)
    ledger, sockets = Ledger(monkeypatch), open_sockets()
    with MockHCP(nodes=NODES, ttl=1, ssl_context=server_context if tls else None) as hcp:
        outcome = soak(hcp, aim(hcp, client_context if tls else None), seed, tmp_path)
        print(outcome)
        assert not outcome.stuck, '\n\n'.join(outcome.stuck)
        until(lambda: hcp.open_connections() == 0)
    until(lambda: not left_over())
    problems = [problem for one in (outcome.trouble, *outcome.workers) for problem in one.problems]
    problems += ledger.audit(outcome.things)
    assert not problems, f'{len(problems)} problems with seed {seed}:\n\n' + '\n\n'.join(problems[:20])
    assert open_sockets() <= sockets
    check_effort(outcome)
