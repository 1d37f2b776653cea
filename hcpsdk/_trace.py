"""What we tell about a request: its times, its log lines, and none of its secrets."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Callable

LEAST = 1e-11
"""seconds; the shortest time we report: the manual promises that none is ever 0.0"""

HIDDEN = '***'

# What carries credentials on HCP's doors: the native token, its old cookies (``hcp-ns-auth``,
# ``hcp-api-auth``), the token of HSwift; and what callers may add for gateways on the way.
_SECRET_HEADERS = re.compile(r'(?i)auth|cookie|token|secret')

# A header in a head, with or without its blank; a request line has a slash before any colon.
_FIELD = re.compile(r'([^:/]*:[ \t]*)(.*?)(\r?)', re.DOTALL)

# ``user:password@`` as other tools take it in a url; up to the last ``@``, as a password may hold one, too.
_USER_INFO = re.compile(r'\A((?:[a-z][a-z0-9+.-]*:)?//)?(?!/).*@', re.DOTALL | re.IGNORECASE)

# MAPI takes new passwords as query parameters (``?password=...``), other doors tokens and signatures. A query
# that was given in the place of a name is one still, though its ``?`` and ``=`` are encoded by then.
_QUERY = re.compile(r'(?i)[?&]|%(?:25)*(?:3F|26)')
_SECRET_NAME = re.compile(r'(?i)password|token|secret|signature')
_EQUALS = re.compile(r'(?i)=|%(?:25)*3D')
_VERSION = re.compile(r' HTTP/[0-9.]+\s*\Z')
_FOLD = re.compile(r'\r?\n[ \t]+')


@dataclass(frozen=True)
class Clock:
    """Where time comes from, and how it is spent; tests bring their own.

    Monotonic: a wall clock that jumps must change neither a measurement nor a deadline. The wall
    clock itself serves for one thing only, to understand a date that HCP sends.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    precise: Callable[[], float] = time.perf_counter
    wall: Callable[[], float] = time.time

    def since(self, start: float) -> float:
        """Seconds since ``start`` (a value of ``precise``), at least :data:`LEAST`."""
        return max(self.precise() - start, LEAST)


SYSTEM_CLOCK = Clock()


class DeadlineError(TimeoutError):
    """The time for a whole request is over."""

    def __init__(self) -> None:
        super().__init__('the deadline of the request passed')


def redact_header(name: str, value: str) -> str:
    """The value as it may be shown.

    >>> redact_header('Authorization', 'HCP bg==:1dc7')
    '***'
    """
    return HIDDEN if _SECRET_HEADERS.search(name) else value


def redact_target(target: str) -> str:
    """A request target as it may be shown.

    >>> redact_target('/mapi/userAccounts?username=x&password=y')
    '/mapi/userAccounts?username=x&password=***'
    """
    begin = _QUERY.search(target)
    if begin is None:
        return target
    parts = target[begin.start() :].split('&')
    return target[: begin.start()] + '&'.join(map(_redact_parameter, parts))


def _redact_parameter(text: str) -> str:
    """Whatever stands behind the equals sign of a secret, whose name is the word before that.

    A blank does not end it, but in a request line.
    """
    begin = 0
    for equals in _EQUALS.finditer(text):
        words = text[begin : equals.start()].split()
        if words and _SECRET_NAME.search(words[-1]):
            version = _VERSION.search(text, equals.end())
            return text[: equals.end()] + HIDDEN + (version[0] if version else '')
        begin = equals.end()
    return text


def redact_url(url: str) -> str:
    """What was given as a url, or where none belongs, as it may be shown.

    >>> redact_url('https://n:n01@ns.tenant.hcp.example.com/rest/a?password=y')
    'https://***@ns.tenant.hcp.example.com/rest/a?password=***'
    """
    return redact_target(_USER_INFO.sub(rf'\g<1>{HIDDEN}@', url))


def redact_head(head: str) -> str:
    """A whole request or response head as it may be shown."""
    return '\n'.join(map(_redact_line, _FOLD.sub(' ', head).split('\n')))


def _redact_line(line: str) -> str:
    """A value may be a url, and repeat the password of the request: that of ``Location`` does."""
    field = _FIELD.fullmatch(line)
    if field is None:
        return redact_target(line)
    return field[1] + redact_target(redact_header(field[1], field[2])) + field[3]
