"""One client at work; started by ``run.py`` with the interpreter that has the client.

    python worker.py CLIENT

takes one command per line on standard input, a JSON object, and answers each by a line of JSON.
At the end of input it returns from ``main()``, and whatever a client has left running is its own affair.
"""

from __future__ import annotations

import cProfile
import importlib
import io
import json
import pstats
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any, Callable

from workloads import BY_NAME, FRESH, LARGE, MIB, SMALL, SMALL_SIZE, THREADS, Door, Wrong, expected

WARM_UP = 20
"""requests before the clock starts; the first of them connects"""

BODY = b'x' * SMALL_SIZE

OPERATIONS: dict[str, Callable[[Any, Door, int], int]] = {
    'put': lambda client, door, n: client.put(f'{FRESH}/{n}', BODY),
    'get': lambda client, door, n: client.get(SMALL),
    'head': lambda client, door, n: client.head(SMALL),
    'delete': lambda client, door, n: client.delete(f'{FRESH}/{n}'),
    'upload': lambda client, door, n: client.upload(f'{FRESH}/{n}', door.upload),
    'download': lambda client, door, n: client.download(LARGE),
}


class Job:
    """A command: which operation, how often, by which client, on which door."""

    def __init__(self, module: Any, command: dict[str, Any]) -> None:
        self.door = Door(*command['door'])
        self.count: int = command['count']
        self.measure: str = BY_NAME[command['workload']].measure
        self._operation = BY_NAME[command['workload']].operation
        self._module = module
        self._shared = module.shared(self.door)

    def client(self) -> Any:
        """A client with a connection of its own, and with what all of one door share."""
        return self._module.Client(self.door, self._shared)

    def warm(self, client: Any) -> None:
        """Connect, and let the interpreter see the code."""
        self._do(client, 'head', range(WARM_UP))

    def repeat(self, client: Any, first: int = 0) -> None:
        """Do what is to be measured."""
        self._do(client, self._operation, range(first, first + self.count))

    def once(self, client: Any, name: str) -> None:
        """Do something beside that."""
        self._do(client, name, range(1))

    def _do(self, client: Any, name: str, numbers: range) -> None:
        """An operation again and again, with a look each time whether it was done."""
        operation, door, right = OPERATIONS[name], self.door, expected(name, self.door)
        for n in numbers:
            result = operation(client, door, n)
            if result != right:
                raise Wrong(f'{name}: {result} instead of {right}')


@contextmanager
def timed(result: dict[str, float], operations: int) -> Iterator[None]:
    """Book CPU time (of all threads of the process) and wall time, both in seconds per operation."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    result.update(cpu=cpu / operations, wall=wall / operations, rate=operations / wall)


def kept(job: Job) -> dict[str, float]:
    """All on one connection."""
    result: dict[str, float] = {}
    with closing(job.client()) as client:
        job.warm(client)
        with timed(result, job.count):
            job.repeat(client)
    return result


def connects(job: Job) -> dict[str, float]:
    """Each on a new connection, to a node that the client has talked to before."""
    result: dict[str, float] = {}
    with closing(job.client()) as client:
        job.once(client, 'head')
    with timed(result, job.count):
        for _ in range(job.count):
            with closing(job.client()) as client:
                job.once(client, 'head')
    return result


def threads(job: Job) -> dict[str, float]:
    """A client in each of many threads, all at once."""
    result: dict[str, float] = {}
    clients = [job.client() for _ in range(THREADS)]
    for client in clients:
        job.warm(client)
    done: list[int] = []

    def run(place: int) -> None:
        job.repeat(clients[place], place * job.count)
        done.append(place)

    workers = [threading.Thread(target=run, args=[place]) for place in range(THREADS)]
    with timed(result, THREADS * job.count):
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    for client in clients:
        client.close()
    if len(done) != THREADS:
        raise Wrong(f'only {len(done)} of {THREADS} threads came to their end')
    return result


FORGOTTEN: list[Any] = []
"""clients that nobody closes"""


def forgotten(job: Job) -> dict[str, float]:
    """Many connections that have been used, and now do nothing."""
    for _ in range(job.count):
        FORGOTTEN.append(job.client())
        job.once(FORGOTTEN[-1], 'head')
    return {'threads': threading.active_count()}


def memory(job: Job) -> dict[str, float]:
    """By how much a large upload and a large download raise the process's resident memory, in MiB."""
    with closing(job.client()) as client:
        job.warm(client)
        job.once(client, 'get')
        with open('/proc/self/clear_refs', 'w') as reset:
            reset.write('5')  # the peak begins anew, see proc(5)
        idle = _resident('VmRSS')
        job.once(client, 'upload')
        job.once(client, 'download')
        return {'memory': (_resident('VmHWM') - idle) / MIB}


def _resident(field: str) -> int:
    """Bytes, from a line such as ``VmRSS:  13576 kB``."""
    with open('/proc/self/status') as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))


MEASURES = {
    'kept': kept,
    'connects': connects,
    'threads': threads,
    'forgotten': forgotten,
    'memory': memory,
}


def obey(module: Any, command: dict[str, Any]) -> dict[str, Any]:
    """Carry out one command, under the profiler if that is wished."""
    job = Job(module, command)
    profile = cProfile.Profile() if command['profile'] else None
    with profile or nullcontext():
        result: dict[str, Any] = MEASURES[job.measure](job)
    if profile is not None:
        text = io.StringIO()
        pstats.Stats(profile, stream=text).strip_dirs().sort_stats('tottime').print_stats(40)
        result['profile'] = text.getvalue()
    return result


def main() -> None:
    module = importlib.import_module(f'clients.{sys.argv[1]}')
    print(json.dumps({'version': module.VERSION}), flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(module, json.loads(line))), flush=True)


if __name__ == '__main__':
    main()
