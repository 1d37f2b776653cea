"""What came out, as tables: for the terminal, and for the documentation."""

from __future__ import annotations

import os
import pathlib
import platform
import ssl
import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Callable

from environments import BASE, CONTENDERS, OURS
from workloads import Figure, Workload

Samples = dict[str, list[dict[str, float]]]
"""what each client reported, round by round"""

WALL = Figure('wall', '', 0)

LONG = 0.01
"""seconds; what takes longer is told in milliseconds, the rest in microseconds"""

TITLE_WIDTH, CELL_WIDTH = 54, 14

# How an amount that is no ratio is written; times are in seconds, and get a unit that suits them.
_AMOUNTS: dict[str, Callable[[float], str]] = {
    'cpu': lambda value: _duration(value),
    'wall': lambda value: _duration(value),
    'rate': '{:,.0f} /s'.format,
    'threads': '{:.0f}'.format,
    'exit': '{:.2f} s'.format,
    'memory': '{:.1f} MiB'.format,
}


class Table:
    """How the figures of a run become rows: one column for each client.

    :param clients: who takes part
    """

    def __init__(self, clients: Iterable[str]) -> None:
        taking_part = set(clients)
        self._compared = [name for name in CONTENDERS if name in taking_part and name not in (BASE, OURS)]
        titles = [CONTENDERS[name].title for name in (BASE, OURS)]
        self.heads = ['', *titles, 'target', 'met', 'all rounds']
        self.heads += [CONTENDERS[name].title for name in self._compared]

    def rows(self, workload: Workload, samples: Samples) -> list[list[str]]:
        """One row for each figure of a workload."""
        return [self._row(workload, figure, samples) for figure in workload.figures]

    def notes(self, workload: Workload, samples: Samples) -> list[str]:
        """Why a target was missed, if the workload knows a reason."""
        met = self.heads.index('met')
        missed = [row[0] for row in self.rows(workload, samples) if row[met] == 'no']
        return [f'{title}: {workload.reason}' for title in missed if workload.reason]

    def wall(self, workload: Workload, samples: Samples) -> list[list[str]]:
        """The time that went by, if that is told for this workload."""
        told = any(figure.key == 'cpu' for figure in workload.figures)
        return [self._row(workload, WALL, samples)] if told else []

    def _row(self, workload: Workload, figure: Figure, samples: Samples) -> list[str]:
        values = _Values(figure, samples)
        target = f'{figure.sense} {figure.limit:g} {figure.unit}'.strip() if figure.sense else ''
        return [
            ', '.join(filter(None, [workload.title, figure.title])),
            values.amount(BASE),
            values.cell(OURS),
            target,
            values.verdict(OURS),
            values.extent(OURS),
            *map(values.cell, self._compared),
        ]


class _Values:
    """One figure of each client."""

    def __init__(self, figure: Figure, samples: Samples) -> None:
        self._figure = figure
        self._rounds = {name: [one[figure.key] for one in given] for name, given in samples.items()}
        self._base = self._median(BASE)

    def amount(self, client: str) -> str:
        """As measured."""
        value = self._median(client)
        return '' if value is None else _AMOUNTS[self._figure.key](value)

    def cell(self, client: str) -> str:
        """As it is compared: most are ratios."""
        score = self._score(client)
        return self.amount(client) if score is None or self._figure.unit else f'{score:.2f}'

    def verdict(self, client: str) -> str:
        """Whether the target is met."""
        score = self._score(client)
        if score is None or not self._figure.sense:
            return ''
        return 'yes' if self._figure.met(score) else 'no'

    def extent(self, client: str) -> str:
        """The lowest and the highest ratio of all rounds: how much the median can be trusted."""
        if self._figure.unit:
            return ''
        pairs = zip(self._rounds.get(client, ()), self._rounds.get(BASE, ()))
        ratios = sorted(value / base for value, base in pairs)
        return f'{ratios[0]:.2f}-{ratios[-1]:.2f}' if ratios else ''

    def _score(self, client: str) -> float | None:
        value = self._median(client)
        if value is None or self._figure.unit:
            return value
        return value / self._base if self._base else None

    def _median(self, client: str) -> float | None:
        values = self._rounds.get(client)
        return statistics.median(values) if values else None


def _duration(seconds: float) -> str:
    return f'{seconds * 1e3:,.0f} ms' if seconds >= LONG else f'{seconds * 1e6:,.0f} us'


def text_row(cells: Sequence[str]) -> str:
    """A row for the terminal."""
    title, *rest = cells
    return (title.ljust(TITLE_WIDTH) + ''.join(cell.rjust(CELL_WIDTH) for cell in rest)).rstrip()


def rst_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for the documentation."""
    lines = ['.. list-table::', '   :header-rows: 1', '   :class: figures', '']
    for row in [heads, *rows]:
        lines += [f'   {"  " if place else "* "}- {cell}'.rstrip() for place, cell in enumerate(row)]
    return '\n'.join(lines) + '\n'


def machine(nginx: str, versions: Iterable[str]) -> dict[str, str]:
    """What the figures are true for."""
    return {
        'machine': f'{_cpu()}, {os.cpu_count()} cores',
        'load': f'{os.getloadavg()[0]:.1f} before the run',
        'system': f'{platform.system()} {platform.release()}',
        'Python': f'{platform.python_implementation()} {platform.python_version()}, {ssl.OPENSSL_VERSION}',
        'server': f'{nginx}, on the same machine',
        'clients': '; '.join(versions),
        'date': time.strftime('%Y-%m-%d', time.gmtime()),
    }


def _cpu() -> str:
    """The model; :func:`platform.processor` knows no more than the architecture."""
    try:
        lines = pathlib.Path('/proc/cpuinfo').read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return models[0] if models else platform.machine()


def write(
    directory: pathlib.Path,
    facts: dict[str, str],
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    wall: Sequence[Sequence[str]],
    notes: Sequence[str],
) -> None:
    """``benchmarks.txt`` and ``benchmarks.rst``, the latter to be included by a page."""
    directory.mkdir(parents=True, exist_ok=True)
    plain = [f'{name:9}{fact}' for name, fact in facts.items()]
    plain += ['', *map(text_row, [heads, *rows]), '', 'wall clock', *map(text_row, wall)]
    (directory / 'benchmarks.txt').write_text('\n'.join(plain) + '\n')
    parts = [
        ''.join(f':{name}: {fact}\n' for name, fact in facts.items()),
        rst_table(heads, rows),
        *(['Missed, and why:\n', ''.join(f'- {note}\n' for note in notes)] if notes else []),
        "The same in time that goes by, the server's share included:\n",
        rst_table(_without_target(heads), [_without_target(row) for row in wall]),
    ]
    (directory / 'benchmarks.rst').write_text('\n'.join(parts))


def _without_target(row: Sequence[str]) -> list[str]:
    """There is none for the wall clock."""
    return [*row[:3], *row[5:]]
