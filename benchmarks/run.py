"""What our client costs, beside those that one could use instead.

Starts an nginx that answers like an HCP, and one process for each client. In each round every client
does the same, one after the other, in an order that rotates; the medians of all rounds are compared
to that of bare http.client. Below 1 is cheaper than that. Figures of one run can be compared, those
of different runs or machines cannot.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, TextIO, cast

import report
from environments import BASE, CONTENDERS, OURS, Contender, interpreter
from server import Nginx, Trouble
from workloads import BY_NAME, LARGE_SIZE, WORKLOADS, Workload

HERE = pathlib.Path(__file__).parent
DOCS = HERE.parent / 'docs' / '_generated'

ROUNDS, QUICK_ROUNDS = 7, 3

QUICK_PART = 8
"""``--quick`` does that part of the work"""

BUSY = 0.7
"""load average above which others take part in the measurement"""

PATIENCE = 60.0
"""seconds for a worker to end; the public client takes half of it if nobody closes its connections"""

# What would make a worker find our package instead of its own, go through a proxy, or trust somebody else.
_UNWANTED = frozenset({
    'pythonpath', 'http_proxy', 'https_proxy', 'all_proxy', 'requests_ca_bundle', 'curl_ca_bundle',
})  # fmt: skip


class Worker:
    """One client in a process of its own, see ``worker.py``.

    :param name: of the client
    """

    def __init__(self, name: str) -> None:
        contender = CONTENDERS[name]
        self._title = contender.title
        self._process = subprocess.Popen(
            [interpreter(contender), str(HERE / 'worker.py'), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env=_environment(contender),
        )  # fmt: skip
        self._stdin = cast(TextIO, self._process.stdin)
        self._stdout = cast(TextIO, self._process.stdout)
        self.version: str = self._answer()['version']

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self.end()

    def ask(self, nginx: Nginx, workload: Workload, count: int, profile: bool = False) -> dict[str, Any]:
        """Have it do something, and return what it says about that."""
        nginx.stage(count if workload.operation == 'delete' else 0)
        door = nginx.door(workload.tls)
        command = {'workload': workload.name, 'count': count, 'door': door, 'profile': profile}
        self._stdin.write(json.dumps(command) + '\n')
        self._stdin.flush()
        return self._answer()

    def end(self) -> float:
        """Let it return from its main function; how long it takes from there, in seconds."""
        started = time.perf_counter()
        self._stdin.close()
        self._process.wait(PATIENCE)
        self._stdout.close()
        return time.perf_counter() - started

    def _answer(self) -> dict[str, Any]:
        line = self._stdout.readline()
        if not line:
            raise Trouble(f'{self._title} failed, see above')
        answer: dict[str, Any] = json.loads(line)
        return answer


def _environment(contender: Contender) -> dict[str, str]:
    """Nothing that leads astray; and ours is the package of this tree, whichever one is installed."""
    kept = {key: value for key, value in os.environ.items() if key.lower() not in _UNWANTED}
    return kept if contender.home else {**kept, 'PYTHONPATH': str(HERE.parent)}


class Bench:
    """A run: all workers, and what they report.

    :param nginx: the server
    :param workers: by the client's name
    :param rounds: how often everything is measured
    :param part: do only that part of each workload
    """

    def __init__(self, nginx: Nginx, workers: dict[str, Worker], rounds: int, part: int) -> None:
        self._nginx = nginx
        self._workers = workers
        self._rounds = rounds
        self._part = part

    def samples(self, workload: Workload) -> report.Samples:
        """Measure one workload."""
        names = [name for name in self._workers if name in workload.clients or not workload.clients]
        samples: report.Samples = {name: [] for name in names}
        for turn in range(1 if workload.once else self._rounds):
            for name in _order(names, turn):
                samples[name].append(self._sample(name, workload))
        return samples

    def _sample(self, name: str, workload: Workload) -> dict[str, float]:
        count = max(1, workload.times // self._part)
        if not workload.once:
            return self._workers[name].ask(self._nginx, workload, count)
        with Worker(name) as worker:
            result = worker.ask(self._nginx, workload, count)
            return {**result, 'exit': worker.end()}


def _order(names: list[str], turn: int) -> list[str]:
    """Rotated, and every other time backwards, so that nobody always comes after the same one."""
    first = turn % max(1, len(names))
    rotated = names[first:] + names[:first]
    return rotated[::-1] if turn % 2 else rotated


def measure(nginx: Nginx, options: argparse.Namespace) -> None:
    """Run what was asked for, and show each figure as soon as it is there."""
    started = time.monotonic()
    table = report.Table(options.clients)
    rows: list[list[str]] = []
    wall: list[list[str]] = []
    notes: list[str] = []
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(name)) for name in options.clients}
        facts = report.machine(nginx.version, [worker.version for worker in workers.values()])
        print('\n'.join(f'{name:9}{fact}' for name, fact in facts.items()))
        if os.getloadavg()[0] > BUSY:
            print(f'the machine has other things to do (load {os.getloadavg()[0]:.1f}): figures will scatter')
        print('\n' + report.text_row(table.heads), flush=True)
        bench = Bench(nginx, workers, options.rounds, options.part)
        for workload in options.only:
            samples = bench.samples(workload)
            rows += table.rows(workload, samples)
            wall += table.wall(workload, samples)
            notes += table.notes(workload, samples)
            print('\n'.join(map(report.text_row, rows[-len(workload.figures) :])), flush=True)
    print('\nwall clock\n' + '\n'.join(map(report.text_row, wall)))
    print(f'\nthat took {time.monotonic() - started:.0f} s')
    if options.output:
        report.write(options.output, facts, table.heads, rows, wall, notes)


def profile(nginx: Nginx, workload: Workload) -> None:
    """Where our client spends its time."""
    with Worker(OURS) as worker:
        print(worker.ask(nginx, workload, workload.times, profile=True)['profile'])


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='workloads:\n' + '\n'.join(f'  {row.name:12}{row.title}' for row in WORKLOADS)
        + '\n\nclients: ' + ', '.join(CONTENDERS),
    )  # fmt: skip
    parser.add_argument('--quick', action='store_true', help='an eighth of the work, to see whether it runs')
    parser.add_argument('--only', metavar='WORKLOAD', action='append', choices=list(BY_NAME),
                        help='this workload only (may be repeated)')  # fmt: skip
    parser.add_argument('--clients', metavar='A,B', default=','.join(CONTENDERS),
                        help='these clients only; bare is always there')  # fmt: skip
    parser.add_argument('--rounds', type=int, help=f'how often each is measured, {ROUNDS} by default')
    parser.add_argument('--profile', metavar='WORKLOAD', choices=list(BY_NAME),
                        help='show where the main thread of our client spends its time,'
                        ' and measure nothing')  # fmt: skip
    parser.add_argument('--output', metavar='DIRECTORY', type=pathlib.Path,
                        help='where benchmarks.txt and benchmarks.rst go; a whole run writes them into'
                        ' the documentation, any other nowhere')  # fmt: skip
    options = parser.parse_args(given)
    unknown = set(options.clients.split(',')) - set(CONTENDERS)
    if unknown:
        parser.error(f'no such client: {", ".join(sorted(unknown))}')
    return options


def completed(options: argparse.Namespace) -> argparse.Namespace:
    """What follows from what was given."""
    clients = {BASE, *options.clients.split(',')}
    whole = clients == set(CONTENDERS) and not (options.quick or options.only or options.rounds)
    options.output = options.output or (DOCS if whole else None)
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    options.part = QUICK_PART if options.quick else 1
    options.only = [BY_NAME[name] for name in options.only or BY_NAME]
    options.clients = [name for name in CONTENDERS if name in clients]
    return options


def main() -> None:
    options = completed(arguments())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('benchmark: terminated'))  # so that nginx goes, too
    try:
        with Nginx(LARGE_SIZE // options.part) as nginx:
            if options.profile:
                profile(nginx, BY_NAME[options.profile])
            else:
                measure(nginx, options)
    except (Trouble, subprocess.SubprocessError) as trouble:
        sys.exit(f'benchmark: {trouble}')
    except KeyboardInterrupt:
        sys.exit('benchmark: interrupted')


if __name__ == '__main__':
    main()
