"""``chargebackReport`` of a tenant and of a namespace (3.9)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Optional, Union

from .callers import SYSTEM, TENANT
from .formats import Tree
from .messages import Answer
from .model import Namespace
from .replies import Refusal, local_time
from .resource import BOTH_LEVELS, Ask, Method, Route
from .traffic import HOUR, Hour, Whose, holding, total

CSV = 'text/csv'
KEPT = timedelta(days=180)

# granularity -> length of an interval; None: there is but one
STEPS = {'hour': timedelta(hours=1), 'day': timedelta(days=1), 'total': None}

_ISO = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}')

# The columns of the CSV in their order: name, who sees it, the first release that has it (3.9; releases other
# than 7.x are [inferred]). What the mock has no notion of is always 0.
_ALL, _SYSTEM = BOTH_LEVELS, frozenset({SYSTEM})
COLUMNS: list[tuple[str, frozenset[str], tuple[int, ...]]] = [
    *((name, _ALL, ()) for name in ('systemName', 'tenantName', 'namespaceName', 'startTime', 'endTime')),
    *((name, _ALL, ()) for name in ('objectCount', 'ingestedVolume', 'storageCapacityUsed')),
    *((name, _ALL, ()) for name in ('bytesIn', 'bytesOut', 'reads', 'writes', 'deletes')),
    ('multipartObjects', _ALL, (8, 0)),
    ('multipartObjectParts', _ALL, (8, 0)),
    ('multipartObjectBytes', _ALL, (8, 0)),
    ('multipartUploads', _ALL, (8, 0)),
    ('multipartUploadParts', _ALL, (8, 0)),
    ('multipartUploadBytes', _ALL, (8, 0)),
    ('erasureCodedObjects', _SYSTEM, (8, 0)),
    *((name, _SYSTEM, ()) for name in ('tieredObjects', 'tieredBytes')),
    *((name, _SYSTEM, ()) for name in ('metadataOnlyObjects', 'metadataOnlyBytes')),
    *((name, _ALL, ()) for name in ('deleted', 'valid')),
]


class Interval(NamedTuple):
    """A time that a row is about.

    :param shown: the end as it is printed
    :param valid: it is over
    """

    start: datetime
    end: datetime
    shown: datetime
    valid: bool


def get_tenant(ask: Ask) -> Union[Tree, Answer]:
    """The figures of a tenant and, for those who may see them, of its namespaces."""
    rows: list[Tree] = []
    for interval in _intervals(ask):
        if TENANT in ask.caller.levels:
            rows += [_namespace_row(ask, one, interval) for one in ask.tenant.namespaces.values()]
        rows.append(_tenant_row(ask, interval))
    return _report(ask, rows)


def get_namespace(ask: Ask) -> Union[Tree, Answer]:
    """The figures of a namespace."""
    return _report(ask, [_namespace_row(ask, ask.namespace, one) for one in _intervals(ask)])


def _intervals(ask: Ask) -> Iterator[Interval]:
    """The times that the report is about.

    :raises Refusal: 400
    """
    step = _step(ask)
    now = datetime.fromtimestamp(ask.now, ask.system.zone)
    start, end = _time(ask, 'start'), _time(ask, 'end')
    if start and start >= (end or now):
        raise Refusal(400, 'start must be earlier than end')
    earliest = max(datetime.fromtimestamp(ask.running.traffic.since, ask.system.zone), now - KEPT)
    end = min(end or now, now)
    if step is None:
        return iter([_all(start, end, earliest, now)])
    return _steps(max(start or earliest, earliest), end, step, now)


def _step(ask: Ask) -> Optional[timedelta]:
    granularity = (ask.query.get('granularity', 'total') or '').lower()
    if granularity not in STEPS:
        raise Refusal(400, f'granularity is one of {", ".join(STEPS)}')
    return STEPS[granularity]


def _time(ask: Ask, name: str) -> Optional[datetime]:
    """A time in a query, in the system's zone.

    :raises Refusal: 400
    """
    if name not in ask.query:
        return None
    text = ask.query[name] or ''
    try:
        if _ISO.fullmatch(text):
            return datetime.strptime(text, '%Y-%m-%dT%H:%M:%S%z').astimezone(ask.system.zone)
    except (ValueError, OverflowError):
        pass
    raise Refusal(400, f'{name} is yyyy-MM-ddThh:mm:ss+hhmm, with the sign percent-encoded')


def _all(start: Optional[datetime], end: datetime, earliest: datetime, now: datetime) -> Interval:
    """One interval; its ends are full hours where the statistics go beyond them, else as they are."""
    begin = max(_floor(start, STEPS['hour']), earliest) if start else earliest
    full = _floor(end, STEPS['hour']) + timedelta(hours=1)
    if full > now:
        return Interval(begin, full, now, valid=False)
    return Interval(begin, full, full - timedelta(seconds=1), valid=True)


def _steps(start: datetime, end: datetime, step: timedelta, now: datetime) -> Iterator[Interval]:
    begin = _floor(start, step)
    while begin <= end:
        after = begin + step
        yield Interval(begin, after, after - timedelta(seconds=1), after <= now)
        begin = after


def _floor(at: datetime, step: Optional[timedelta]) -> datetime:
    at = at.replace(minute=0, second=0, microsecond=0)
    return at.replace(hour=0) if step == STEPS['day'] else at


def _namespace_row(ask: Ask, namespace: Namespace, interval: Interval) -> Tree:
    return _row(ask, interval, _figures(ask, namespace, interval), 'false', namespace.name)


def _tenant_row(ask: Ask, interval: Interval) -> Tree:
    """The sum over all namespaces, those included that are gone."""
    there = list(ask.tenant.namespaces.values())
    gone = set(ask.running.traffic.namespaces(ask.tenant)) - {one.id for one in there}
    hours = [_figures(ask, one, interval) for one in there] + [_done(ask, one, interval) for one in gone]
    return _row(ask, interval, total(hours), 'included' if gone else 'false')


def _figures(ask: Ask, namespace: Namespace, interval: Interval) -> Hour:
    """What was done, and what was there at the end: of an interval that is not over, what is there now."""
    found = _done(ask, namespace.id, interval)
    if not interval.valid:
        found.held = holding(ask.store(namespace), namespace.dpl)
    return found


def _done(ask: Ask, namespace: str, interval: Interval) -> Hour:
    """What was done in the namespace of an ID, and what was there at the last request."""
    start = interval.start.timestamp() // HOUR * HOUR
    return ask.running.traffic.between(Whose(ask.tenant.id, namespace), start, interval.end.timestamp())


def _row(ask: Ask, interval: Interval, hour: Hour, deleted: str, namespace: str = '') -> Tree:
    """One ``chargebackData``; a total has no ``namespaceName``."""
    known = {
        'systemName': ask.system.domain,
        'tenantName': ask.tenant.name,
        'startTime': local_time(int(interval.start.timestamp() * 1000), ask.system.zone),
        'endTime': local_time(int(interval.shown.timestamp() * 1000), ask.system.zone),
        'objectCount': hour.held.objects,
        'ingestedVolume': hour.held.volume,
        'storageCapacityUsed': hour.held.capacity,
        'bytesIn': hour.bytes_in,
        'bytesOut': hour.bytes_out,
        'reads': hour.reads,
        'writes': hour.writes,
        'deletes': hour.deletes,
        'deleted': deleted,
        'valid': interval.valid,
        **({'namespaceName': namespace} if namespace else {}),
    }
    names = [name for name in _columns(ask) if namespace or name != 'namespaceName']
    return {name: known.get(name, 0) for name in sorted(names)}


def _columns(ask: Ask) -> list[str]:
    return [name for name, seen, since in COLUMNS if ask.caller.levels & seen and ask.system.release >= since]


def _report(ask: Ask, rows: Iterable[Tree]) -> Union[Tree, Answer]:
    if ask.accept != CSV:
        return {'chargebackData': list(rows)}
    text = io.StringIO()
    names = _columns(ask)
    table = csv.writer(text, lineterminator='\n')
    table.writerow(names)
    table.writerows([_cell(row.get(name, '')) for name in names] for row in rows)
    return Answer(200, [('Content-Type', CSV)], text.getvalue().encode())


def _cell(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


ROUTES = [
    Route(
        'tenants/{tenant}/chargebackReport',
        'chargebackReport',
        {'GET': Method(get_tenant, gives=(CSV,))},
        lambda ask: ask.tenant,
        BOTH_LEVELS,
    ),
    Route(
        'tenants/{tenant}/namespaces/{namespace}/chargebackReport',
        'chargebackReport',
        {'GET': Method(get_namespace, level=frozenset({TENANT}), gives=(CSV,))},
        lambda ask: ask.namespace,
        BOTH_LEVELS,
    ),
]
