"""When a replication link sends how much (2.7)."""

from __future__ import annotations

import re
from typing import Any

from .formats import Tree
from .kinds import BadValue, Kind, choice
from .link_changes import the_link
from .links import ACTIVE_ACTIVE, INBOUND, OUTBOUND
from .properties import Properties, Property, inner, part
from .resource import WRITERS, Ask, Method, Route

LEVELS = ('LOW', 'MEDIUM', 'HIGH', 'CUSTOM')

_TIME = re.compile('(Sun|Mon|Tue|Wed|Thu|Fri|Sat):([01][0-9]|2[0-3])')


def _time(value: Any) -> str:
    if not _TIME.fullmatch(str(value)):
        raise BadValue('a day and an hour, such as Sun:00')
    return str(value)


_TRANSITION = Properties(
    Property('time', Kind(_time), required=True),
    Property('performanceLevel', choice(*LEVELS, 'OFF'), required=True),
)


def _read_transitions(value: Any) -> list[tuple[str, str]]:
    """One in XML looks like an object, several are a list."""
    wanted = value if isinstance(value, list) else [value] if value else []
    values = [_TRANSITION.understood(inner(one), creating=True) for one in wanted]
    found = [(one['time'], one['performanceLevel']) for one in values]
    if len({time for time, _ in found}) != len(found):
        raise BadValue('the same time twice')
    return found


def _show_transitions(kept: list[tuple[str, str]]) -> list[Tree]:
    return [{'time': time, 'performanceLevel': level} for time, level in kept]


_SIDE = part(
    Property('scheduleOverride', choice(*LEVELS, 'NONE'), 'override'),
    Property('transition', Kind(_read_transitions, _show_transitions), 'transitions'),
)
_LOCAL, _REMOTE = Property('local', _SIDE, 'local_schedule'), Property('remote', _SIDE, 'remote_schedule')

_SIDES = {ACTIVE_ACTIVE: [_LOCAL, _REMOTE], OUTBOUND: [_LOCAL], INBOUND: [_REMOTE]}
SIDES = {
    kind: Properties(*sides, what=f'the schedule of a link of type {kind}') for kind, sides in _SIDES.items()
}
"""type -> the sides that have a schedule here (2.7)"""


def get_schedule(ask: Ask) -> Tree:
    """The schedule, of the sides that have one."""
    link = the_link(ask)
    return SIDES[link.type].of(link)


def post_schedule(ask: Ask) -> None:
    """Change it; transitions replace those that there were (1.6).

    :raises Refusal: 400
    """
    link = the_link(ask)
    for side, changes in SIDES[link.type].checked(ask.tree('schedule')).items():
        schedule = getattr(link, f'{side}_schedule')
        for attribute, value in changes.items():
            setattr(schedule, attribute, value)
    link.changed()


_METHODS = {'GET': Method(get_schedule), 'POST': Method(post_schedule, WRITERS)}

ROUTES = [Route('services/replication/links/{link}/schedule', 'schedule', _METHODS, the_link)]
