"""When a replication link sends how much (2.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .checks import checked
from .formats import Tree
from .kinds import BadValue, Kind, choice
from .link_changes import the_link
from .links import INBOUND, OUTBOUND, ReplicationLink, Schedule
from .replies import Refusal
from .resource import WRITERS, Ask, Method, Route

LEVELS = ('LOW', 'MEDIUM', 'HIGH', 'CUSTOM')

# type -> the sides that have a schedule here; those of active/active have both (2.7)
SIDES = {INBOUND: ('remote',), OUTBOUND: ('local',)}
BOTH = ('local', 'remote')

_TIME = re.compile('(Sun|Mon|Tue|Wed|Thu|Fri|Sat):([01][0-9]|2[0-3])')


def _time(value: Any) -> str:
    if not _TIME.fullmatch(str(value)):
        raise BadValue('a day and an hour, such as Sun:00')
    return str(value)


_TRANSITION = {'time': Kind(_time), 'performanceLevel': choice(*LEVELS, 'OFF')}


def _transitions(value: Any) -> list[tuple[str, str]]:
    """One in XML looks like an object, several are a list."""
    found = []
    for one in value if isinstance(value, list) else [value] if value else []:
        if not isinstance(one, Mapping):
            raise BadValue('objects with time and performanceLevel')
        values = checked(one, 'transition', _TRANSITION)
        if len(values) != len(_TRANSITION):
            raise BadValue('both time and performanceLevel are required')
        found.append((values['time'], values['performanceLevel']))
    if len({time for time, _ in found}) != len(found):
        raise BadValue('the same time twice')
    return found


_SIDE = {'scheduleOverride': choice(*LEVELS, 'NONE'), 'transition': Kind(_transitions)}


def _sides(link: ReplicationLink) -> dict[str, Schedule]:
    both = {'local': link.local_schedule, 'remote': link.remote_schedule}
    return {side: both[side] for side in SIDES.get(link.type, BOTH)}


def get_schedule(ask: Ask) -> Tree:
    """The schedule, of the sides that have one."""
    return {side: _shown(schedule) for side, schedule in _sides(the_link(ask)).items()}


def _shown(schedule: Schedule) -> Tree:
    transitions = [{'time': time, 'performanceLevel': level} for time, level in schedule.transitions]
    return {'scheduleOverride': schedule.override, 'transition': transitions}


def post_schedule(ask: Ask) -> None:
    """Change it; transitions replace those that there were (1.6).

    :raises Refusal: 400
    """
    link = the_link(ask)
    sides, tree = _sides(link), ask.tree('schedule')
    unknown = set(tree) - set(sides)
    if unknown:
        raise Refusal(400, f'{min(unknown)} is not valid in the schedule of a link of type {link.type}')
    for side, values in {side: _checked(side, tree[side]) for side in tree}.items():
        sides[side].override = values.get('scheduleOverride', sides[side].override)
        sides[side].transitions = values.get('transition', sides[side].transitions)
    link.changed()


def _checked(side: str, tree: Any) -> dict[str, Any]:
    if not isinstance(tree, Mapping):
        raise Refusal(400, f'{side} is an object')
    return checked(tree, side, _SIDE)


_METHODS = {'GET': Method(get_schedule), 'POST': Method(post_schedule, WRITERS)}

ROUTES = [Route('services/replication/links/{link}/schedule', 'schedule', _METHODS, the_link)]
