"""Chargeback reports: what tenants and namespaces hold, and what was done in them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Callable

from ..target import Target
from ._engine import Mapi, MapiError, name_of
from ._packages import copy

IN_MEMORY = 8 * 1024 * 1024
"""bytes of a report that are kept in memory; half a year by the hour has gigabytes"""

_TIME = '%Y-%m-%dT%H:%M:%S%z'


class ChargebackError(MapiError):
    """HCP refused a chargeback report, or sent something else.

    .. versionadded:: 0.9.0-5
    """


class Chargeback(Mapi):
    """Chargeback reports of a tenant, and of its namespaces.

    :param target: a :class:`hcpsdk.Target` for ``admin.<hcp domain>`` or ``<tenant>.<hcp domain>`` and
        port 9090, with the credentials of a user who has the role monitor or administrator
    :param timeout: seconds, as in :class:`hcpsdk.Connection`; a busy system takes minutes for a report
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :raises TypeError, ValueError: if an argument makes no sense

    The constants ``CBG_DAY``, ``CBG_HOUR`` and ``CBG_TOTAL`` are granularities, ``CBM_CSV``, ``CBM_JSON``
    and ``CBM_XML`` are formats; ``CBG_ALL`` and ``CBM_ALL`` are the lists of them.

    HCP keeps the numbers for 180 days, and asks not to be asked more than once an hour.

    .. versionadded:: 0.9.0-5
    """

    CBG_DAY = 'day'
    CBG_HOUR = 'hour'
    CBG_TOTAL = 'total'
    CBG_ALL = [CBG_DAY, CBG_HOUR, CBG_TOTAL]
    CBM_CSV = 'text/csv'
    CBM_JSON = 'application/json'
    CBM_XML = 'application/xml'
    CBM_ALL = [CBM_CSV, CBM_JSON, CBM_XML]

    _error = ChargebackError
    _again = False  # who was too busy to make a report in time must not have to make it three times more

    def __init__(
        self, target: Target, timeout: float | tuple[float, float] = 600, debuglevel: int = 0
    ) -> None:
        super().__init__(target, timeout, debuglevel)

    def request(
        self,
        tenant: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        granularity: str = CBG_TOTAL,
        fmt: str = CBM_JSON,
    ) -> io.StringIO:
        """A tenant's report, as HCP writes it.

        :param tenant: its name
        :param start: the time to begin with; without a time zone it is local time. The earliest that there
            is by default, at most 180 days ago. HCP rounds it down to the hour, or to the day
        :param end: the time to end with, now by default. Its hour, or day, is the last one
        :param granularity: one of ``CBG_*``: a row for each day, for each hour, or for all of the time
        :param fmt: one of ``CBM_*``
        :returns: a text file in memory, at its begin
        :raises ChargebackError: if HCP refuses
        :raises HcpsdkTruncatedError: if the report was cut on the way
        :raises TypeError, ValueError: if an argument makes no sense
        """
        path, params = _report(tenant, None), _selection(start, end, granularity)
        if fmt not in self.CBM_ALL:
            raise ValueError(f'fmt must be one of {", ".join(self.CBM_ALL)}, not {fmt!r}')
        return io.StringIO(self._text(path, params, fmt))

    def rows(
        self,
        tenant: str,
        start: datetime | None = None,
        end: datetime | None = None,
        granularity: str = CBG_TOTAL,
        namespace: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        """A report row by row, for :class:`csv.DictWriter`, or for a data frame.

        The report is asked for with the first row, and is there as a whole before that is given out.

        :param tenant: its name
        :param start: the time to begin with, as in :meth:`request`
        :param end: the time to end with, as in :meth:`request`
        :param granularity: one of ``CBG_*``
        :param namespace: the name of the only one to report on; all of the tenant, and the tenant as a
            whole, by default
        :returns: an iterator of dictionaries with HCP's names, in HCP's order. ``startTime`` and
            ``endTime`` are :class:`datetime.datetime` with a time zone, ``valid`` is bool, ``systemName``,
            ``tenantName``, ``namespaceName`` and ``deleted`` are str, all others int, volumes in bytes;
            a column that this release does not know holds int, float or str, whatever it looks like.
            ``namespaceName`` is None in the rows of the tenant as a whole, the last ones for each time
        :raises ChargebackError: if HCP refuses, or sends something else
        :raises HcpsdkTruncatedError: if the report was cut on the way
        :raises TypeError, ValueError: if an argument makes no sense
        """
        return self._rows(_report(tenant, namespace), _selection(start, end, granularity))

    def _rows(self, path: tuple[str, ...], params: dict[str, str]) -> Iterator[dict[str, Any]]:
        with SpooledTemporaryFile(IN_MEMORY) as spool:
            with self.open('GET', path, params, accept=self.CBM_CSV) as connection:
                copy(connection, spool)
            spool.seek(0)
            yield from _typed_rows(spool)


def _report(tenant: Any, namespace: Any) -> tuple[str, ...]:
    """The path of a report."""
    if tenant is None:
        raise ValueError('tenant must be given')
    path: tuple[str, ...] = ('tenants', name_of(tenant, 'the name of a tenant'))
    if namespace is not None:
        path += ('namespaces', name_of(namespace, 'the name of a namespace'))
    return (*path, 'chargebackReport')


def _selection(start: Any, end: Any, granularity: Any) -> dict[str, str]:
    """The query; what is left out is HCP's default (MAPI reference, 3.9)."""
    if granularity not in Chargeback.CBG_ALL:
        raise ValueError(f'granularity must be one of {", ".join(Chargeback.CBG_ALL)}, not {granularity!r}')
    first, last = _aware('start', start), _aware('end', end)
    if first and last and first.timestamp() >= last.timestamp():
        raise ValueError(f'start must be earlier than end: {start}, {end}')
    given = {'start': first, 'end': last}
    return {**{name: _said(at) for name, at in given.items() if at}, 'granularity': granularity}


def _aware(what: str, at: Any) -> datetime | None:
    if at is None:
        return None
    if not isinstance(at, datetime):
        raise TypeError(f'{what} must be a datetime.datetime, not {type(at).__name__}')
    return at.astimezone() if at.utcoffset() is None else at


def _said(at: datetime) -> str:
    """A time as HCP wants it, the offset without a colon, nor seconds (MAPI reference, 1.6)."""
    return at.replace(tzinfo=None).isoformat(timespec='seconds') + at.strftime('%z')[:5]


def _text(value: str) -> str:
    return value


def _name(value: str) -> str | None:
    return value or None


def _at(value: str) -> datetime:
    return datetime.strptime(value, _TIME)


def _bool(value: str) -> bool:
    return value == 'true'


def _number(value: str) -> int | None:
    return int(value) if value else None


_INTEGER = re.compile(r'[+-]?[0-9]+')
_FRACTION = re.compile(r'[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?')


def _guessed(value: str) -> Any:
    """What a value looks like: columns come and go from release to release (MAPI reference, 3.9)."""
    if _INTEGER.fullmatch(value):
        return int(value)
    return float(value) if _FRACTION.fullmatch(value) else value or None


_COUNTED = (
    'objectCount', 'ingestedVolume', 'storageCapacityUsed',
    'bytesIn', 'bytesOut', 'reads', 'writes', 'deletes',
    'multipartObjects', 'multipartObjectParts', 'multipartObjectBytes',
    'multipartUploads', 'multipartUploadParts', 'multipartUploadBytes',
    'erasureCodedObjects', 'tieredObjects', 'tieredBytes', 'metadataOnlyObjects', 'metadataOnlyBytes',
)  # fmt: skip

# The columns that are known (MAPI reference, 3.9).
_TYPES: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_COUNTED, _number),
    'systemName': _text,
    'tenantName': _text,
    'namespaceName': _name,
    'startTime': _at,
    'endTime': _at,
    'deleted': _text,  # false, included or true
    'valid': _bool,
}


def _typed_rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The rows of a report in CSV. Which columns there are depends on release and user: the header tells."""
    table = csv.DictReader(_lines(file))
    try:
        if 'startTime' not in (table.fieldnames or ()):
            raise ChargebackError(f'expected a report in CSV, got {str(table.fieldnames)[:80]}')
        for row in table:
            yield _typed(row)
    except csv.Error as cause:
        raise ChargebackError(
            f'expected a report in CSV, and line {table.reader.line_num} is none: {cause}'
        ) from cause


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    if None in row or None in row.values():
        raise ChargebackError(f'a row of the report has another length than the header: {row}')
    try:
        return {name: _TYPES.get(name, _guessed)(value) for name, value in row.items()}
    except ValueError as cause:
        raise ChargebackError(f'a row of the report cannot be understood: {row} ({cause})') from cause


def _lines(file: IO[bytes]) -> Iterator[str]:
    for line in file:
        yield line.decode('utf-8-sig', 'replace')
