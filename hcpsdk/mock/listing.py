"""Lists of names: sorted, filtered and in pages (1.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from .kinds import TAG
from .model import Namespace, Tenant
from .replies import Refusal
from .resource import Ask

NAME, USER_NAME = 'name', 'username'
BY_NAME = (NAME, 'hardQuota'), (NAME, 'tag')
BY_USER = (USER_NAME,), (USER_NAME,)
"""the sort types and the filter types of a list, the defaults first"""

ORDERS = ('ascending', 'descending')


@dataclass(frozen=True)
class Row:
    """What can be listed, with what it is sorted and filtered by."""

    name: str
    quota: int = 0
    tags: tuple[str, ...] = ()


def row(thing: Union[Tenant, Namespace]) -> Row:
    """A tenant or a namespace as it is listed."""
    return Row(thing.name, thing.hard_quota, tuple(thing.tags))


Types = tuple[tuple[str, ...], tuple[str, ...]]


def listed(ask: Ask, rows: Iterable[Row], types: Types = BY_NAME) -> list[str]:
    """The names that a request wants, in its order.

    :raises Refusal: 400 for a bad parameter
    """
    sort_types, filter_types = types
    sort, kind = _one_of(ask, 'sortType', sort_types), _one_of(ask, 'filterType', filter_types)
    descending = _one_of(ask, 'sortOrder', ORDERS) == ORDERS[1]
    prefix = _filter_string(ask)
    found = [row for row in rows if any(one.lower().startswith(prefix) for one in _filtered(row, kind))]
    found.sort(key=lambda row: row.name.lower())
    if 'sortType' in ask.query or 'sortOrder' in ask.query:
        found.sort(key=lambda row: _sorted(row, sort), reverse=descending)
    else:
        found = found[1:] + found[:1]  # any order, so none that a program could take for a sorted one
    offset, count = _number(ask, 'offset', 0), _number(ask, 'count', len(found))
    return [row.name for row in found[offset : offset + count]]


def _one_of(ask: Ask, name: str, known: tuple[str, ...]) -> str:
    value = ask.query.get(name, known[0])
    if value not in known:
        raise Refusal(400, f'{name} is one of {", ".join(known)}')
    return value


def _number(ask: Ask, name: str, default: int) -> int:
    value = ask.query.get(name, str(default)) or ''
    if re.fullmatch(r'\d{1,9}', value, re.ASCII) is None:
        raise Refusal(400, f'{name} is a number from 0')
    return int(value)


def _filter_string(ask: Ask) -> str:
    value = ask.query.get('filterString') or ''
    if value and TAG.fullmatch(value) is None:
        raise Refusal(400, 'filterString has at most 64 characters, and no comma')
    return value.lower()


def _filtered(row: Row, kind: str) -> tuple[str, ...]:
    if kind == 'tag':
        return row.tags or ('',)  # without a filter string, those without tags are in the list, too
    return (row.name,)


def _sorted(row: Row, kind: str) -> tuple[int, str]:
    return (row.quota if kind == 'hardQuota' else 0, row.name.lower())
