"""Draws the package's own tables, so that the documentation cannot say anything else than the code.

``.. rows:: module.NAME`` renders a sequence of named tuples, one column per field (``:headings:`` renames them, divided
by ``;``). ``.. transitions:: module.NAME`` renders a ``{state: {event: next state}}``.
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
    body = nodes.tbody('', *(_row(row) for row in rows))
    head = nodes.thead('', _row(headings))
    columns = [nodes.colspec(colwidth=1) for _ in headings]
    return nodes.table('', nodes.tgroup('', *columns, head, body, cols=len(headings)), classes=['code-table'])


def _row(cells: list[str]) -> nodes.row:
    return nodes.row('', *(nodes.entry('', nodes.paragraph(text=cell)) for cell in cells))


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
    """A state machine as a table."""

    def run(self) -> list[nodes.Node]:
        rows = [
            [words(state), words(event), words(following)]
            for state, events in self.value().items()
            for event, following in events.items()
        ]
        return [table(['state', 'what happens', 'next state'], rows)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive('rows', Rows)
    app.add_directive('transitions', Transitions)
    return {'parallel_read_safe': True}
