"""Policy as a table: how a row is looked up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

Row = TypeVar('Row', bound=tuple[object, ...])


def first_fitting(table: Iterable[Row], facts: tuple[object, ...]) -> Row:
    """The first row whose columns fit the facts; columns behind the last fact are what the row says.

    A column that is None fits always, a set fits what is in it, anything else what equals it. A fact that
    is a set itself fits a column that is in it.
    """
    return next(row for row in table if all(map(_fits, row, facts)))


def _fits(column: object, fact: object) -> bool:
    if column is None:
        return True
    if isinstance(fact, frozenset):
        return column in fact
    return fact in column if isinstance(column, frozenset) else column == fact
