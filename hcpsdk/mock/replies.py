"""How HCP dresses its answers: the general headers in their order, dates, refusals."""

from __future__ import annotations

import random
from datetime import datetime, tzinfo
from email.utils import formatdate
from typing import Optional

from .messages import Answer
from .model import System

Lines = list[tuple[str, str]]

NO_CACHE: Lines = [
    ('Cache-Control', 'no-cache, no-store'),
    ('Pragma', 'no-cache'),
    ('Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'),
]

# where HCP's wording differs from the usual one
REASONS = {413: 'File Too Large', 414: 'Request URI Too Large'}

# on /rest and /proc HCP explains only these
EXPLAINED = (400, 403, 503)


class Refusal(Exception):
    """HCP does not do it.

    :param status: the HTTP status
    :param message: why, for X-HCP-ErrorMessage
    :param headers: further headers of the answer
    """

    def __init__(self, status: int, message: str = '', headers: Optional[Lines] = None) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
        self.headers = headers or []


def general(system: System, now: float, *, with_version: bool) -> Lines:
    """The headers that open every answer, in the order of the manual's dump (7.1)."""
    lines = [
        ('Date', formatdate(now, usegmt=True)),
        ('Server', f'HCP V{system.software_version}'),
        ('X-RequestId', request_id()),
        ('X-HCP-ServicedBySystem', system.domain),
        ('X-HCP-Time', str(int(now))),
    ]
    if with_version:
        lines.append(('X-HCP-SoftwareVersion', system.software_version))
    return lines


def created(system: System, now: float, own: Lines) -> Lines:
    """The headers of a 201: HCP 7 puts what was stored between the general ones."""
    date, server, request, serviced, time = general(system, now, with_version=False)
    return [date, server, serviced, *own, request, time, ('Content-Length', '0')]


def request_id() -> str:
    """A fresh X-RequestId: 16 upper-case hex digits."""
    return f'{random.getrandbits(64):016X}'


def error_message(text: str) -> Lines:
    """The header that carries an explanation: ASCII on one line, whatever the text quotes."""
    line = ' '.join(text.split()).encode('ascii', 'backslashreplace').decode('ascii')
    return [('X-HCP-ErrorMessage', line)] if line else []


def refusal(system: System, now: float, refused: Refusal, *, reading: bool) -> Answer:
    """The answer on /rest and /proc to what HCP does not do: headers only.

    :param reading: the request was a GET or HEAD
    """
    lines = general(system, now, with_version=reading)
    if reading:
        lines += NO_CACHE
    lines += refused.headers
    if refused.status in EXPLAINED or refused.status < 400:
        lines += error_message(refused.message)
    return Answer(refused.status, lines, reason=REASONS.get(refused.status))


def local_time(ms: int, zone: tzinfo) -> str:
    """HCP's ISO form, its offset without a colon.

    >>> from datetime import timedelta, timezone
    >>> local_time(1422736466446, timezone(timedelta(hours=1)))
    '2015-01-31T21:34:26+0100'
    """
    return datetime.fromtimestamp(ms // 1000, zone).strftime('%Y-%m-%dT%H:%M:%S%z')


def change_ms(ms: int) -> str:
    """HCP prints change times as a decimal number with two places.

    >>> change_ms(1422736466446)
    '1422736466446.00'
    """
    return f'{ms}.00'


def flag(value: bool) -> str:
    """HCP's spelling of a truth value."""
    return 'true' if value else 'false'
