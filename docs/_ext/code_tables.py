"""Draws the package's own tables, so that the documentation cannot say anything else than the code.

``.. rows:: module.NAME`` renders a sequence of named tuples, one column per field; ``:headings:`` renames
them, divided by ``;``. ``.. transitions:: module.NAME`` draws a ``{state: {event: next state}}``, and lists
it below the drawing.
"""

from __future__ import annotations

import enum
import importlib
from typing import Any

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
        return ', '.join(sorted(map(words, value)))
    return str(value)


def table(headings: list[str], rows: list[list[str]]) -> nodes.table:
    """A table as docutils wants it."""
    columns = [nodes.colspec(colwidth=1) for _ in headings]
    head = nodes.thead('', _row(headings))
    body = nodes.tbody('', *(_row(row) for row in rows))
    group = nodes.tgroup('', *columns, head, body, cols=len(headings))
    return nodes.table('', group, classes=['code-table'])


def _row(cells: list[str]) -> nodes.row:
    return nodes.row('', *(nodes.entry('', nodes.paragraph(text=cell)) for cell in cells))


# The drawing's measures, in its own units. States stand in a column, in the table's order; the last one,
# where all roads end, is a bar at the right.
STEP, TOP, LEFT, WIDTH, HEIGHT, BAR = 84, 16, 190, 120, 36, 600
LONGEST_LINE = 25

ARROWHEAD = (
    '<defs><marker id="states-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
)


def diagram(transitions: dict[Any, dict[Any, Any]]) -> str:
    """The machine as SVG: onwards is downwards, back is an arc at the left, the end lies at the right."""
    *column, end = transitions
    height = STEP * (len(column) - 1) + HEIGHT
    parts = [ARROWHEAD, *_box(BAR, TOP, height, words(end))]
    for place, state in enumerate(column):
        y = TOP + STEP * place
        parts += _box(LEFT, y, HEIGHT, words(state))
        for following in dict.fromkeys(transitions[state].values()):
            label = ', or '.join(words(event) for event, to in transitions[state].items() if to is following)
            if following is end:
                parts += _to_the_end(y, label)
            else:
                parts += _arrow(place, column.index(following), label)
    inner = ''.join(parts)
    size = f'0 0 {BAR + WIDTH + TOP} {height + 2 * TOP}'
    return f'<svg class="link-states" viewBox="{size}" role="img" aria-label="States">{inner}</svg>'


def _box(x: float, y: float, height: float, label: str) -> list[str]:
    middle = (x + WIDTH / 2, y + height / 2 + 5)
    return [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<text class="state" x="{middle[0]}" y="{middle[1]}">{label}</text>',
    ]


def _arrow(start: int, stop: int, label: str) -> list[str]:
    y = TOP + STEP * start
    if stop == start + 1:
        x = LEFT + WIDTH / 2
        path = _path(f'M{x} {y + HEIGHT}V{y + STEP - 2}')
        return [path, _label(x + 10, y + (STEP + HEIGHT) / 2 + 4, label)]
    from_y, to_y = y + HEIGHT / 2, TOP + STEP * stop + HEIGHT / 2
    path = _path(f'M{LEFT} {from_y}C{LEFT - 70} {from_y} {LEFT - 70} {to_y} {LEFT - 2} {to_y}')
    return [path, _label(LEFT - 62, (from_y + to_y) / 2 + 4, label, 'back')]


def _to_the_end(y: float, label: str) -> list[str]:
    middle = y + HEIGHT / 2
    return [_path(f'M{LEFT + WIDTH} {middle}H{BAR - 2}'), _label(BAR - 14, middle - 6, label, 'back')]


def _path(d: str) -> str:
    return f'<path class="line" d="{d}" marker-end="url(#states-tip)"/>'


def _label(x: float, y: float, label: str, kind: str = '') -> str:
    lines = label.split(', ') if kind and len(label) > LONGEST_LINE else [label]
    spans = (f'<tspan x="{x}" dy="{15 if place else 0}">{line}</tspan>' for place, line in enumerate(lines))
    return f'<text class="event {kind}" x="{x}" y="{y}">{"".join(spans)}</text>'


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


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive('rows', Rows)
    app.add_directive('transitions', Transitions)
    return {'parallel_read_safe': True}
