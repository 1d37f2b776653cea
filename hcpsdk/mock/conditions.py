"""Conditional headers and byte ranges: what a request wants to be true before it is done."""

from __future__ import annotations

import re
from calendar import timegm
from dataclasses import dataclass
from time import strptime
from typing import Optional

from .messages import Headers
from .replies import Refusal
from .store import Version

NAMES = ('If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since')
SOURCE_PREFIX = 'X-HCP-CopySource-'

_ETAG = re.compile(r'"([^"]*)"|([^\s",]+)')
_RANGE = re.compile(r'bytes=(\d*)-(\d*)')
# the three forms of a date in HTTP; HCP takes GMT only
_DATES = ('%a, %d %b %Y %H:%M:%S GMT', '%A, %d-%b-%y %H:%M:%S GMT', '%a %b %d %H:%M:%S %Y')


@dataclass(frozen=True)
class Failed:
    """Status by which each condition fails; in this order they are looked at, ETags first."""

    match: int
    none_match: int
    modified: int
    unmodified: int


# HCP answers 304 on a PUT, too, but not to If-None-Match [client table]
READING = Failed(412, 304, 304, 412)
WRITING = Failed(412, 412, 304, 412)
COPY_SOURCE = Failed(412, 304, 304, 412)


def forbid(headers: Headers, prefix: str = '') -> None:
    """HCP knows conditions for GET, HEAD and PUT of an object only.

    :raises Refusal: 400
    """
    for name in NAMES:
        if prefix + name in headers:
            raise Refusal(400, f'{prefix}{name} is not allowed on this request')


def forbid_source(headers: Headers) -> None:
    """Conditions on a copy's source make no sense without one [inferred].

    :raises Refusal: 400
    """
    forbid(headers, SOURCE_PREFIX)


def check(headers: Headers, version: Optional[Version], failed: Failed, prefix: str = '') -> None:
    """Look whether the conditions hold for a version, or for there being none.

    :raises Refusal: 304 or 412 if one does not, 400 for a date that is none
    """
    match, none_match, modified, unmodified = (headers.get(prefix + name) for name in NAMES)
    if match is not None and not _matches(match, version):
        raise Refusal(failed.match)
    if none_match is not None and _matches(none_match, version):
        raise Refusal(failed.none_match, headers=_validator(version))
    if modified is not None and not _changed_after(modified, version, missing=True):
        raise Refusal(failed.modified, headers=_validator(version))
    if unmodified is not None and _changed_after(unmodified, version, missing=False):
        raise Refusal(failed.unmodified)


def _matches(wanted: str, version: Optional[Version]) -> bool:
    if version is None:
        return False
    etags = {quoted or bare for quoted, bare in _ETAG.findall(wanted)}
    return '*' in etags or version.sums.md5 in etags


def _changed_after(date: str, version: Optional[Version], *, missing: bool) -> bool:
    """Without an object there is no date to compare, and the condition holds [inferred]."""
    seconds = _http_date(date)
    return missing if version is None else version.change_ms // 1000 > seconds


def _http_date(text: str) -> int:
    for form in _DATES:
        try:
            return timegm(strptime(text.strip(), form))
        except ValueError:
            continue
    raise Refusal(400, f'not an HTTP date: {text}')


def _validator(version: Optional[Version]) -> list[tuple[str, str]]:
    return [('ETag', version.sums.etag)] if version else []


def byte_range(headers: Headers, size: int) -> Optional[tuple[int, int]]:
    """First byte and length that the Range header asks for; None for all of it.

    A range that is not in bytes is no range [inferred, RFC 7233].

    :raises Refusal: 416 for a range that holds no byte, 400 for several ranges [inferred]
    """
    text = headers.get('Range')
    if text is None or not text.strip().startswith('bytes='):
        return None
    match = _RANGE.fullmatch(text.strip())
    if match is None or not (match[1] or match[2]):
        raise Refusal(400, f'not a single byte range: {text}')
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
    if start >= end:
        raise Refusal(416, headers=[('Content-Range', f'bytes */{size}')])
    return start, end - start
