"""The grammar of retention settings and the rules by which they may change; no I/O.

A retention is one integer, as in ``X-HCP-Retention``: 0 (deletion allowed), -1 (deletion
prohibited), -2 (initial unspecified), or the second since the epoch up to which the object is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Optional, Union

from .model import RetentionClass, find

DELETION_ALLOWED, DELETION_PROHIBITED, INITIAL_UNSPECIFIED = 0, -1, -2

WORDS = {
    'deletion allowed': DELETION_ALLOWED,
    'deletion prohibited': DELETION_PROHIBITED,
    'initial unspecified': INITIAL_UNSPECIFIED,
}
SPECIAL_NAMES = {
    DELETION_ALLOWED: 'Deletion Allowed',
    DELETION_PROHIBITED: 'Deletion Prohibited',
    INITIAL_UNSPECIFIED: 'Initial Unspecified',
}
# the class of an object whose class was deleted; it is then never to be deleted
DELETED_CLASS = 'undefined'

_NUMBER = re.compile(r'-?\d{1,15}')
_DATE = re.compile(r'(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([+-])(\d\d)(\d\d)')
# HCP's own expression; every number is at most 9,999
_OFFSET = re.compile(
    r'([RAN])?([+-]\d{1,4}y)?([+-]\d{1,4}M)?([+-]\d{1,4}w)?([+-]\d{1,4}d)?([+-]\d{1,4}h)?([+-]\d{1,4}m)?([+-]\d{1,4}s)?'
)
_CLASS = re.compile(r'C\+([A-Za-z0-9_-]{1,64})')

# the Gregorian calendar repeats after 400 years; datetime ends with the year 9999, HCP does not
_CYCLE_YEARS = 400
_CYCLE_SECONDS = 146_097 * 86_400


class RetentionError(ValueError):
    """Not a retention setting, or one that is not allowed here."""


@dataclass(frozen=True)
class Offset:
    """A period to be added to the ingest time (A), the retention so far (R) or now (N)."""

    base: str
    months: int
    seconds: int


@dataclass(frozen=True)
class ClassName:
    """A setting by retention class."""

    name: str


Setting = Union[int, Offset, ClassName]


@dataclass(frozen=True)
class Kept:
    """The retention of an object: by its class, if it has one, else by a value."""

    value: int = DELETION_ALLOWED
    class_name: str = ''


@dataclass(frozen=True)
class Moment:
    """What a setting may refer to, in seconds since the epoch."""

    now: int
    ingest: int


Classes = Mapping[str, RetentionClass]


def parse(text: str) -> Setting:
    """Understand one value of the parameter ``retention``.

    >>> parse('Deletion Prohibited'), parse('-0'), parse('C+TAX_DATA')
    (-1, 0, ClassName(name='TAX_DATA'))
    >>> parse('A+1y-2d')
    Offset(base='A', months=12, seconds=-172800)

    :raises RetentionError: if it is none
    """
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if _NUMBER.fullmatch(text):
        return _parse_number(text)
    date = _DATE.fullmatch(text)
    if date:
        return _parse_date(date)
    by_class = _CLASS.fullmatch(text)
    if by_class:
        return ClassName(by_class[1])
    offset = _OFFSET.fullmatch(text)
    if offset and any(offset.groups()[1:]):
        return _parse_offset(offset)
    raise RetentionError(f'invalid retention value: {text}')


def _parse_number(text: str) -> int:
    number = int(text)
    if number < INITIAL_UNSPECIFIED:
        raise RetentionError(f'invalid retention value: {text}')
    return number


def _parse_date(match: re.Match[str]) -> int:
    """A date that does not exist rolls over: November 33 is December 3.

    Dates before the epoch are past ones like any other [inferred]; 0 and below have other meanings.
    """
    year, month, day, hour, minute, second = (int(group) for group in match.groups()[:6])
    offset = timedelta(hours=int(match[8]), minutes=int(match[9])).total_seconds()
    first = add_months(_epoch(year), month - 1)
    seconds = first + (day - 1) * 86_400 + hour * 3600 + minute * 60 + second
    return max(1, int(seconds - (offset if match[7] == '+' else -offset)))


def _parse_offset(match: re.Match[str]) -> Offset:
    y, mo, w, d, h, mi, s = (int(group[:-1]) if group else 0 for group in match.groups()[1:])
    seconds = (((w * 7 + d) * 24 + h) * 60 + mi) * 60 + s
    # without a letter, the retention that the object has is the base
    return Offset(match[1] or 'R', y * 12 + mo, seconds)


def _epoch(year: int) -> int:
    cycles = (year - 1970) // _CYCLE_YEARS
    start = datetime(year - cycles * _CYCLE_YEARS, 1, 1, tzinfo=timezone.utc)
    return int(start.timestamp()) + cycles * _CYCLE_SECONDS


def add_months(epoch: int, months: int) -> int:
    """So many calendar months later; a day that the month lacks becomes its last one.

    >>> datetime.fromtimestamp(add_months(1422664496, 1), timezone.utc).isoformat()
    '2015-02-28T00:34:56+00:00'
    """
    cycles, rest = divmod(epoch, _CYCLE_SECONDS)
    start = datetime.fromtimestamp(rest, timezone.utc)
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    days = sum(_month_days(year, earlier) for earlier in range(month))
    days += min(start.day, _month_days(year, month)) - 1
    return _epoch(year) + days * 86_400 + rest % 86_400 + cycles * _CYCLE_SECONDS


def _month_days(year: int, month: int) -> int:
    """Length of a month, counted from 0."""
    if month == 1:
        return 28 + (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    return 31 if month in (0, 2, 4, 6, 7, 9, 11) else 30


def effective(kept: Kept, classes: Classes, ingest: int) -> int:
    """The retention that holds now: a class counts with its present value.

    >>> effective(Kept(class_name='gone'), {}, ingest=0)
    -1
    """
    if not kept.class_name:
        return kept.value
    found = find(classes, kept.class_name)
    return DELETION_PROHIBITED if found is None else class_value(found, ingest)


def class_value(retention_class: RetentionClass, ingest: int) -> int:
    """The retention of a class for an object that came in at this time."""
    setting = parse(retention_class.value)
    if isinstance(setting, Offset):
        return _later(ingest, setting)
    if isinstance(setting, ClassName):
        raise RetentionError(f'class {retention_class.name} refers to another class')
    return setting


def shown_class(kept: Kept, classes: Classes) -> str:
    """The name of the class as HCP prints it."""
    if kept.class_name and find(classes, kept.class_name) is None:
        return DELETED_CLASS
    return kept.class_name


def _later(base: int, offset: Offset) -> int:
    result = add_months(base, offset.months) + offset.seconds
    if result <= base:
        raise RetentionError('the total of a retention offset must be positive')
    return result


def initial(text: str, classes: Classes, at: Moment, default: Optional[Kept] = None) -> Kept:
    """The retention of a new object.

    :param default: what R refers to; [inferred]: the ingest time if that is no date
    :raises RetentionError: if the text is no setting, or names an unknown class
    """
    return _resolve(parse(text), classes, at, effective(default or Kept(), classes, at.ingest))


def _resolve(setting: Setting, classes: Classes, at: Moment, current: int) -> Kept:
    if isinstance(setting, int):
        return Kept(setting)
    if isinstance(setting, ClassName):
        found = find(classes, setting.name)
        if found is None:
            raise RetentionError(f'no retention class {setting.name}')
        return Kept(class_value(found, at.ingest), found.name)
    bases = {'A': at.ingest, 'N': at.now, 'R': current if current > 0 else at.ingest}
    return Kept(_later(bases[setting.base], setting))


def change(kept: Kept, text: str, classes: Classes, at: Moment) -> Kept:
    """The retention after a change, if HCP allows it.

    :raises RetentionError: if the text is no setting, or would shorten the retention
    """
    current = effective(kept, classes, at.ingest)
    setting = parse(text)
    if current == DELETION_PROHIBITED and isinstance(setting, Offset):
        raise RetentionError('a prohibited deletion cannot be extended')
    wanted = _resolve(setting, classes, at, current)
    if wanted == kept or current == INITIAL_UNSPECIFIED:
        return wanted
    if kept.class_name and not wanted.class_name:
        raise RetentionError('a retention class cannot be replaced by an explicit setting')
    _forbid_shorter(current, wanted, at.now)
    return wanted


def _forbid_shorter(current: int, wanted: Kept, now: int) -> None:
    if wanted.value == DELETION_ALLOWED and current != DELETION_ALLOWED and not wanted.class_name:
        raise RetentionError('Deletion Allowed can be set only at creation or instead of Initial Unspecified')
    if not under_retention(current, now):
        return
    if _length(wanted.value) < _length(current):
        raise RetentionError('retention cannot be shortened')


def _length(value: int) -> float:
    """For comparison: prohibited is for ever; unspecified may end at once."""
    if value == DELETION_PROHIBITED:
        return float('inf')
    return max(value, 0)


def longer(one: Kept, other: Kept) -> Kept:
    """The one of two retentions that keeps an object longer; the first, if they are equal."""
    return max(one, other, key=lambda kept: _length(kept.value))


def under_retention(value: int, now: int) -> bool:
    """Whether an object with this retention must not be deleted now."""
    return value in (DELETION_PROHIBITED, INITIAL_UNSPECIFIED) or value > now


def describe(value: int, zone: tzinfo) -> str:
    """The text of X-HCP-RetentionString.

    >>> describe(0, timezone.utc), describe(1422736466, timezone.utc)
    ('Deletion Allowed', '2015-01-31T20:34:26+0000')
    """
    if value in SPECIAL_NAMES:
        return SPECIAL_NAMES[value]
    cycles, rest = divmod(value, _CYCLE_SECONDS)
    date = datetime.fromtimestamp(rest, zone)
    return f'{date.year + cycles * _CYCLE_YEARS:04d}' + date.strftime('-%m-%dT%H:%M:%S%z')
