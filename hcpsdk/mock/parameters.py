"""Which parameters /rest knows, and what their values may be: anything else is a 400."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Callable, Optional

from . import retention
from .custom_metadata import valid_name
from .grants import CANNED
from .replies import Refusal

Check = Callable[[str], bool]

MAX_REASON = 1024
"""characters of the reason for a privileged delete"""


def _flag(value: str) -> bool:
    return value in ('true', 'false')  # lower case only [inferred]


def _bare(value: str) -> bool:
    return value in ('', 'true')


def _version(value: str) -> bool:
    return value.isascii() and value.isdecimal()


def _version_or_list(value: str) -> bool:
    # ranges of versions came with release 7.2; how their bodies are framed is not known
    return value == 'list' or _version(value)


def _retention(value: str) -> bool:
    try:
        retention.parse(value)
    except retention.RetentionError:
        return False
    return True


def _reason(value: str) -> bool:
    return 0 < len(value) <= MAX_REASON


def _any(value: str) -> bool:
    return True


STORE: Mapping[str, Check] = {
    'retention': _retention,
    'hold': _flag,
    'index': _flag,
    'shred': _flag,
    'acl': CANNED.__contains__,
}
COPY: Mapping[str, Check] = {**STORE, 'forceEtag': _flag}
ANNOTATION: Mapping[str, Check] = {'annotation': valid_name}
VERSION: Mapping[str, Check] = {'version': _version}
GET: Mapping[str, Check] = {
    'version': _version_or_list,
    'deleted': _flag,
    'nowait': _bare,
    'forceEtag': _flag,
    'mostRecentDirTimes': _flag,
}
NOWAIT: Mapping[str, Check] = {'nowait': _bare}
DELETE: Mapping[str, Check] = {'purge': _flag, 'privileged': _flag, 'reason': _reason}
POST: Mapping[str, Check] = {
    'hold': _flag,
    'index': _flag,
    'retention': _retention,
    'shred': _flag,
    'owner': _any,
    'domain': _any,
}


def checked(given: Iterable[tuple[str, Optional[str]]], known: Mapping[str, Check]) -> dict[str, str]:
    """The parameters of a request, each known, well-formed and there once.

    :raises Refusal: 400
    """
    found: dict[str, str] = {}
    for name, value in given:
        if name not in known:
            raise Refusal(400, f'unsupported parameter: {name}')
        if name in found or not known[name](value or ''):
            raise Refusal(400, f'bad value of parameter {name}: {value}')
        found[name] = value or ''
    return found
