"""Draws the package's own tables, so that the documentation cannot say anything else than the code.

``.. rows:: module.NAME`` renders a sequence of named tuples, one column per field; ``:headings:`` renames
them, divided by ``;``. ``.. transitions:: module.NAME`` draws a ``{state: {event: next state}}``, and lists
it below the drawing; what changes no state is in the list only.

``.. resources:: file.csv`` shows the resources of the management API, area by area, with links to what
reaches them.
"""

from __future__ import annotations

import csv
import enum
import html
import importlib
import re
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def words(value: object) -> str:
    """One cell of a table, for people."""
    if value is None:
        return 'any'
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, (set, frozenset)):
        members = [words(member) for member in sorted(value, key=_place)]
        return ('; ' if any(' ' in member for member in members) else ', ').join(members)
    return str(value)


def _place(member: object) -> tuple[int, str]:
    """Members of an enum stand as they are defined, others by their names."""
    return (list(type(member)).index(member) if isinstance(member, enum.Enum) else 0, str(member))


def table(headings: list[str], rows: list[list[str]]) -> nodes.table:
    """A table as docutils wants it."""
    columns = [nodes.colspec(colwidth=1) for _ in headings]
    head = nodes.thead('', _row(headings))
    body = nodes.tbody('', *(_row(row) for row in rows))
    group = nodes.tgroup('', *columns, head, body, cols=len(headings))
    return nodes.table('', group, classes=['code-table'])


def _row(cells: list[str]) -> nodes.row:
    return nodes.row('', *(nodes.entry('', nodes.paragraph(text=cell)) for cell in cells))


# The drawing's measures, in its own units. States stand in a column, in the table's order. A road to the
# next state goes straight down; one that skips states goes down a rail at the right, one back up a rail at
# the left, and each state that can be reached so has a rail of its own, with a label where a road begins.
WIDTH, HEIGHT, LINE, MARGIN = 124, 36, 15, 12
LETTERS = 25
"""in a line of a label"""
COLUMN = LETTERS * 6.4
RAILS = {'left': 34, 'right': 116}
"""how far the first rail is away; at the right, the labels of the roads straight down lie in between"""
NEXT_RAIL = 22
LEFT = MARGIN + COLUMN + RAILS['left']

ARROWHEAD = (
    '<defs><marker id="states-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
)


class Road(NamedTuple):
    """From one state to another, by places in the column."""

    start: int
    stop: int
    label: list[str]
    """what happens, in lines"""

    @property
    def side(self) -> str:
        """Where it runs; empty if it goes straight down."""
        return '' if self.stop == self.start + 1 else 'right' if self.stop > self.start else 'left'


def roads(transitions: dict[Any, dict[Any, Any]]) -> list[Road]:
    """All roads from one state to another; those that lead nowhere else are not drawn."""
    column, found = list(transitions), []
    for start, (state, events) in enumerate(transitions.items()):
        for following in dict.fromkeys(events.values()):
            label = ', or '.join(words(event) for event, to in events.items() if to is following)
            if following is not state:
                found.append(Road(start, column.index(following), textwrap.wrap(label, LETTERS)))
    return found


def diagram(transitions: dict[Any, dict[Any, Any]]) -> str:
    """The machine as SVG."""
    ways = roads(transitions)
    step = HEIGHT + LINE * max(len(road.label) for road in ways if not road.side) + 20
    parts = [ARROWHEAD]
    for place, state in enumerate(transitions):
        parts += _box(MARGIN + step * place, words(state))
    rails = {side: list(dict.fromkeys(road.stop for road in ways if road.side == side)) for side in RAILS}
    for road in ways:
        start, stop = (MARGIN + HEIGHT / 2 + step * place for place in (road.start, road.stop))
        if road.side:
            nth = rails[road.side].index(road.stop)
            parts += _round(start, stop, road, RAILS[road.side] + NEXT_RAIL * nth)
        else:
            parts += _down(start, stop, road)
    width = LEFT + WIDTH + RAILS['right'] + COLUMN + MARGIN
    height = step * (len(transitions) - 1) + HEIGHT + 2 * MARGIN
    opening = f'<svg class="states" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="States">'
    return f'{opening}{"".join(parts)}</svg>'


def _box(y: float, label: str) -> list[str]:
    middle = f'x="{LEFT + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 5:g}"'
    return [
        f'<rect x="{LEFT:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        f'<text class="state" {middle}>{html.escape(label)}</text>',
    ]


def _down(start: float, stop: float, road: Road) -> list[str]:
    x = LEFT + WIDTH / 2
    path = _path(f'M{x:g} {start + HEIGHT / 2:g}V{stop - HEIGHT / 2 - 2:g}')
    return [path, _label(x + 10, (start + stop) / 2, road.label)]


def _round(start: float, stop: float, road: Road, far: float) -> list[str]:
    """Out of the box, along the rail, and into the other box."""
    out, edge = (1, LEFT + WIDTH) if road.side == 'right' else (-1, LEFT)
    along = 1 if stop > start else -1
    rail, corner = edge + out * far, 10
    path = _path(
        f'M{edge:g} {start:g}H{rail - out * corner:g}Q{rail:g} {start:g} {rail:g} {start + along * corner:g}'
        f'V{stop - along * corner:g}Q{rail:g} {stop:g} {rail - out * corner:g} {stop:g}H{edge + out * 2:g}'
    )
    return [path, _label(rail + out * 10, start, road.label, road.side)]


def _path(d: str) -> str:
    return f'<path class="line" d="{d}" marker-end="url(#states-tip)"/>'


def _label(x: float, middle: float, lines: list[str], side: str = '') -> str:
    first = middle + 4 - LINE * (len(lines) - 1) / 2
    spans = (
        f'<tspan x="{x:g}" y="{first + LINE * place:g}">{html.escape(line)}</tspan>'
        for place, line in enumerate(lines)
    )
    return f'<text class="event {side}">{"".join(spans)}</text>'


class _FromCode(SphinxDirective):
    """A directive whose argument is the dotted name of a table in the code."""

    required_arguments = 1

    def value(self) -> Any:
        module, _, name = self.arguments[0].rpartition('.')
        found = importlib.import_module(module)
        self.env.note_dependency(found.__file__)
        return getattr(found, name)


class Rows(_FromCode):
    """Named tuples as a table."""

    option_spec = {'headings': directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        rows = self.value()
        fields = [field.replace('_', ' ') for field in rows[0]._fields]
        headings = [heading.strip() for heading in self.options.get('headings', ';'.join(fields)).split(';')]
        if len(headings) != len(fields):
            raise self.error(f'{len(headings)} headings for {len(fields)} columns: {fields}')
        return [table(headings, [[words(cell) for cell in row] for row in rows])]


class Transitions(_FromCode):
    """A state machine as a drawing, and as a table."""

    def run(self) -> list[nodes.Node]:
        transitions = self.value()
        rows = [
            ['' if place else words(state), words(event), words(following)]
            for state, events in transitions.items()
            for place, (event, following) in enumerate(events.items())
        ]
        drawing = nodes.raw('', diagram(transitions), format='html')
        return [drawing, table(['state', 'what happens', 'next state'], rows)]


class Resources(SphinxDirective):
    """A CSV file (area, resource, methods, calls divided by ``|``), as a table for each area."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir, self.arguments[0])
        self.env.note_dependency(str(path))
        with path.open(encoding='utf-8', newline='') as file:
            found = list(csv.DictReader(file, delimiter=';'))
        lines: list[str] = []
        for area in dict.fromkeys(row['area'] for row in found):
            lines += [area, '-' * len(area), '', *RESOURCES_HEAD]
            for row in found:
                if row['area'] == area:
                    lines += _resource(row)
            lines.append('')
        return self.parse_text_to_nodes('\n'.join(lines), allow_section_headings=True)


RESOURCES_HEAD = [
    '.. list-table::', '   :header-rows: 1', '   :widths: 40 14 46', '   :class: code-table resources', '',
    '   * - resource', '     - methods', '     - reached by',
]  # fmt: skip

_CALL = re.compile(r'([A-Z]\w+|listtenants)(\(system\))?(?:\.(\w+))?(.*)')


def _resource(row: dict[str, str]) -> list[str]:
    calls = [_call(call.strip()) for call in row['calls'].split('|')]
    return [
        f'   * - ``{row["resource"]}``',
        f'     - {row["methods"].replace(" ", ", ")}',
        f'     - | {calls[0]}',
        *(f'       | {call}' for call in calls[1:]),
    ]


def _call(text: str) -> str:
    """A call, with a link to its method in the place of that one's name."""
    found = _CALL.fullmatch(text)
    if found is None:  # m.get(...)
        return f'``{text}``'
    name, made, method, arguments = found.groups()
    if method is None:
        return f':func:`{name} <hcpsdk.mapi.{name}>`\\ ``{made}``'
    made = f'\\ ``{made}``\\ ' if made else ''
    shown = f'{name}.{method}' if not made else f'.{method}'
    before = f'``{name}``{made}' if made else ''
    return f'{before}:meth:`{shown} <hcpsdk.mapi.{name}.{method}>`\\ ``{arguments}``'


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive('rows', Rows)
    app.add_directive('transitions', Transitions)
    app.add_directive('resources', Resources)
    return {'parallel_read_safe': True}
