"""What a request's head may look like, and what it says. No I/O: bytes in, a :class:`Head` out.

HCP speaks HTTP/1.1, and the mock is strict about it: what RFC 9112 leaves to the recipient's
good will is refused, so that a client learns of its mistakes here and not behind a proxy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional
from urllib.parse import unquote, unquote_to_bytes

from .messages import Headers

# RFC 9112, 3 and RFC 9110, 5.6.2: one blank each, a token as method.
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^ ]*) HTTP/([0-9])\.([0-9])")

# RFC 9112, 3.2.1: origin-form only, of what RFC 3986 allows in a path and a query.
_TARGET = re.compile(rb"/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*")

# RFC 9112, 5: no blank before the colon, no folded lines; RFC 9110, 5.5: no controls in a value.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")

# RFC 9110, 7.2: a name, or an address in brackets, and perhaps a port.
_HOST = re.compile(r'([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?')

# More digits than a 64-bit length has are nonsense, and an attack on int().
_LENGTH = re.compile(r'[0-9]{1,19}')


class Malformed(Exception):
    """A request that cannot be understood.

    :param status: what to answer
    :param message: what is wrong with it
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Head:
    """A legal request head."""

    method: str
    target: str
    path: bytes
    """percent-decoded"""
    query: list[tuple[str, Optional[str]]]
    """decoded; the value is None for a bare name"""
    host: str
    """lower case, without port"""
    headers: Headers
    length: Optional[int]
    """the announced Content-Length"""
    chunked: bool
    modern: bool
    """HTTP/1.1, not 1.0"""
    keep: bool
    """the client allows that the connection is used again"""
    expects: bool
    """the client waits for a 100 (Continue) before it sends the body"""


def parse(raw: bytes) -> Head:
    """Understand a head, given without the empty line at its end.

    >>> head = parse(b'GET /rest/a%20b?version=list&nowait HTTP/1.1' + bytes([13, 10]) + b'Host: N1.m:80')
    >>> head.path, head.query, head.host
    (b'/rest/a b', [('version', 'list'), ('nowait', None)], 'n1.m')

    :raises Malformed: with the status that says why not
    """
    first, *lines = raw.split(b'\r\n')
    method, target, modern = _request_line(first)
    headers = Headers([_field(line) for line in lines])
    path, _, query = target.partition('?')
    chunked = _chunked(headers, modern)
    return Head(
        method=method,
        target=target,
        path=unquote_to_bytes(path) if '%' in path else path.encode('ascii'),
        query=_query(query) if query else [],
        host=_host(headers),
        headers=headers,
        length=_length(headers, chunked),
        chunked=chunked,
        modern=modern,
        keep=modern and not _listed(headers, 'Connection', 'close'),
        expects=modern and _expects(headers),
    )


def _request_line(line: bytes) -> tuple[str, str, bool]:
    """Method, target, and whether the client speaks HTTP/1.1."""
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise Malformed(400, 'The request line is malformed.')
    method, target, major, minor = match.groups()
    if major != b'1':
        raise Malformed(505, 'This is an HTTP/1.1 server.')
    if not _TARGET.fullmatch(target):
        raise Malformed(400, 'The request target is malformed.')
    return method.decode('ascii'), target.decode('ascii'), minor != b'0'


def _field(line: bytes) -> tuple[str, str]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise Malformed(400, 'A header line is malformed.')
    return match.group(1).decode('ascii'), match.group(2).decode('latin-1').rstrip(' \t')


def _query(text: str) -> list[tuple[str, Optional[str]]]:
    """In a query ``+`` is a blank, in a path itself: HCP wants a plus as ``%2B`` (REST reference, 1.3)."""
    pairs = (pair.partition('=') for pair in text.replace('+', ' ').split('&'))
    return [(_text(name), _text(value) if equals else None) for name, equals, value in pairs]


def _text(escaped: str) -> str:
    return unquote(escaped, errors='surrogateescape') if '%' in escaped else escaped


def _host(headers: Headers) -> str:
    """RFC 9112, 3.2: exactly one Host, with a legal value."""
    given = headers.getall('Host')
    if len(given) != 1:
        raise Malformed(400, 'A request needs one Host header.')
    match = _HOST.fullmatch(given[0])
    if match is None:
        raise Malformed(400, 'The Host header is malformed.')
    return match.group(1).lower()


def _chunked(headers: Headers, modern: bool) -> bool:
    """RFC 9112, 6.1: chunked is all we know, and nothing that HTTP/1.0 may send."""
    given = headers.getall('Transfer-Encoding')
    if not given:
        return False
    if not modern:
        raise Malformed(400, 'HTTP/1.0 knows no Transfer-Encoding.')
    if ','.join(given).lower() != 'chunked':
        raise Malformed(501, 'The only Transfer-Encoding is chunked.')
    return True


def _length(headers: Headers, chunked: bool) -> Optional[int]:
    """RFC 9112, 6.3: whoever announces the length twice may mean to smuggle a second request."""
    given = headers.getall('Content-Length')
    if not given:
        return None
    if chunked:
        raise Malformed(400, 'Content-Length and Transfer-Encoding exclude each other.')
    if len(given) > 1:
        raise Malformed(400, 'There is more than one Content-Length.')
    if not _LENGTH.fullmatch(given[0]):
        raise Malformed(400, 'The Content-Length is not a number.')
    return int(given[0])


def _expects(headers: Headers) -> bool:
    expected = headers.get('Expect')
    if expected is None:
        return False
    if expected.lower() != '100-continue':
        raise Malformed(417, 'The only expectation is 100-continue.')
    return True


def _listed(headers: Headers, name: str, member: str) -> bool:
    """Whether a comma-separated header has this member."""
    given = headers.get(name)
    return given is not None and member in (part.strip() for part in given.lower().split(','))
