"""How the values of properties are written in the management API, and what is kept of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Callable, Optional

from .formats import boolean
from .model import GIB

UNITS = {'MB': 1024**2, 'GB': GIB, 'TB': 1024 * GIB}
_QUOTA = re.compile(r'(\d{1,9}(?:\.\d{1,2})?|\.\d{1,2}) (MB|GB|TB)', re.IGNORECASE)
_HOST_NAME = re.compile(r'(?!xn--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?', re.IGNORECASE)
TAG = re.compile(r'[^,]{1,64}')


class BadValue(ValueError):
    """A value that a property cannot have; its text says why, and does not quote it: it may be a password."""


def same(value: Any) -> Any:
    """What is kept is what is written."""
    return value


@dataclass(frozen=True)
class Kind:
    """A kind of values.

    :param read: makes of what a request says what is kept; raises BadValue
    :param show: the other way; None: the property is left out
    """

    read: Callable[[Any], Any]
    show: Callable[[Any], Any] = same


def scalar(value: Any) -> str:
    """A value as text: JSON may quote scalars or not (1.6).

    :raises BadValue: for what is none
    """
    if value is None:
        return ''
    if isinstance(value, (str, int, float)):
        return str(value)
    raise BadValue('this is no single value')


def text(most: int = 1024, *, pattern: Optional[re.Pattern[str]] = None, least: int = 0) -> Kind:
    """Text of limited length; of a pattern, which an empty text that takes a value away need not fit."""

    def read(value: Any) -> str:
        found = scalar(value)
        if not least <= len(found) <= most:
            raise BadValue(f'{least} to {most} characters are possible')
        if found and pattern is not None and pattern.fullmatch(found) is None:
            raise BadValue('some of the characters are not possible')
        return found

    return Kind(read)


def integer(low: int, high: int) -> Kind:
    """A whole number, both limits included."""

    def read(value: Any) -> int:
        found = scalar(value)
        if isinstance(value, bool) or re.fullmatch(r'-?\d{1,18}', found) is None:
            raise BadValue('a whole number is required')
        if not low <= int(found) <= high:
            raise BadValue(f'{low} to {high} is possible')
        return int(found)

    return Kind(read)


def choice(*words: str, exact: bool = False) -> Kind:
    """One of some words. Case does not matter but where it is said (1.6)."""
    known = {word if exact else word.lower(): word for word in words}

    def read(value: Any) -> str:
        found = scalar(value)
        word = known.get(found if exact else found.lower())
        if word is None:
            raise BadValue(f'possible is {", ".join(words)}')
        return word

    return Kind(read)


def listed(item: str, kind: Kind, most: int = 10_000) -> Kind:
    """A list, whose values have a name of their own in both formats: ``{"tag": ["a"]}``."""

    def read(value: Any) -> list[Any]:
        found = [kind.read(one) for one in _items(item, value)]
        if len(found) > most:
            raise BadValue(f'at most {most} are possible')
        return found

    return Kind(read, lambda kept: {item: [kind.show(one) for one in kept]})


def _items(item: str, value: Any) -> list[Any]:
    """What is in a list. XML cannot tell one value from a list of one, nor an empty list from no text."""
    if value in (None, '', {}):
        return []
    if not isinstance(value, Mapping) or set(value) != {item}:
        raise BadValue(f'a list of {item} is required')
    inner = value[item]
    return inner if isinstance(inner, list) else [inner]


def unique(found: Iterable[str]) -> list[str]:
    """A list without what occurs again."""
    return list(dict.fromkeys(found))


def words(item: str, *known: str, exact: bool = False) -> Kind:
    """A list of some of these words, each once."""
    inner = listed(item, choice(*known, exact=exact))
    return Kind(lambda value: unique(inner.read(value)), inner.show)


def permissions(known: Mapping[str, Iterable[str]], implied: Mapping[str, str], *, exact: bool) -> Kind:
    """A list of permissions, kept as a set of the model's.

    :param known: MAPI's name -> the model's; the first one tells whether it is there
    :param implied: MAPI's name -> those of others, that it brings along
    """
    plain = words('permission', *known, exact=exact)

    def read(value: Any) -> frozenset[str]:
        named = plain.read(value)
        named += [other for name in named for other in implied.get(name, '').split()]
        return frozenset(right for name in named for right in known[name])

    def show(kept: frozenset[str]) -> Any:
        return {'permission': [name for name, rights in known.items() if next(iter(rights)) in kept]}

    return Kind(read, show)


def _read_quota(value: Any) -> int:
    match = _QUOTA.fullmatch(scalar(value))
    if match is None:
        raise BadValue('a number with at most two decimals, a blank, and MB, GB or TB are required')
    quota = round(Decimal(match[1]) * UNITS[match[2].upper()])
    if quota < GIB:
        raise BadValue('at least 1 GB is required')
    return quota


def show_quota(quota: int) -> str:
    """A size as HCP shows quotas. Which unit it takes is [inferred]: the largest that loses nothing.

    >>> show_quota(50 * GIB), show_quota(1536 * GIB), show_quota(1500 * GIB)
    ('50.00 GB', '1.50 TB', '1500.00 GB')
    """
    for unit in ('TB', 'GB'):
        shown = f'{Decimal(quota) / UNITS[unit]:.2f}'
        if quota >= UNITS[unit] and round(Decimal(shown) * UNITS[unit]) == quota:
            return f'{shown} {unit}'
    return f'{Decimal(quota) / UNITS["MB"]:.2f} MB'


def _read_host_name(value: Any) -> str:
    found = scalar(value)
    if _HOST_NAME.fullmatch(found) is None:
        raise BadValue('1 to 63 letters, digits and hyphens are possible, no hyphen at the ends')
    return found


TEXT = text()
IF_SET = Kind(TEXT.read, lambda kept: kept or None)
"""a text that is left out of what is shown while there is none"""
BOOLEAN = Kind(boolean)
QUOTA = Kind(_read_quota, show_quota)
HOST_NAME = Kind(_read_host_name)
TAGS = listed('tag', text(64, pattern=TAG, least=1))
SHOWN_ONLY = Kind(same)
WRITTEN_ONLY = Kind(TEXT.read, lambda kept: None)
"""for passwords"""
