"""What we want to say, as values: the target encoded once, headers checked, the body framed.

No I/O happens here but the reading of a body while it is being sent. A :class:`Request` that
exists is legal: whatever HTTP or HCP would choke on is refused when it is built.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Union
from urllib.parse import quote

from .errors import HcpsdkError

Params = Union[Mapping[str, Any], Iterable['tuple[str, Any]'], None]
HeaderLines = Union[Mapping[str, Any], Iterable['tuple[str, Any]'], None]

BLOCK = 262144
"""bytes read from a body at once: large enough that the cost of a call does not count"""

# RFC 9110, 5.6.2: what a method or a header name may consist of.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

# RFC 9110, 5.5: CR, LF and NUL in a value are dangerous; the other controls are merely invalid.
_BAD_VALUE = re.compile(r'[\x00-\x08\x0a-\x1f\x7f]')

# A ``%`` that does not begin an escape means itself (contract, section 2).
_LONE_PERCENT = re.compile(r'%(?![0-9A-Fa-f]{2})')

# RFC 3986, 2.3: characters that never need an escape, and the slash between HCP's directories.
_PLAIN_PATH = re.compile(r'[A-Za-z0-9_.~/-]+')

# RFC 9110, 8.6: a request of these methods says so when its body is empty.
_EXPECTS_BODY = frozenset({'PUT', 'POST', 'PATCH'})


class Body(Protocol):
    """What is sent behind the head."""

    length: int | None
    """bytes; None if only its end will tell"""

    @property
    def spent(self) -> bool:
        """It was sent before and cannot be sent again."""

    def blocks(self) -> Iterator[Any]:
        """Its bytes from where it stood when the request was made, in blocks."""


class BytesBody:
    """Bytes in memory."""

    spent = False

    def __init__(self, data: Any) -> None:
        self._view = memoryview(data).cast('B')
        self.length: int | None = self._view.nbytes

    def blocks(self) -> Iterator[memoryview]:
        """Slices of the memory, not copies."""
        for start in range(0, len(self._view), BLOCK):
            yield self._view[start : start + BLOCK]


class FileBody:
    """A file that can be rewound, from where it stands to its end."""

    spent = False

    def __init__(self, file: Any) -> None:
        self._file = file
        self._start = file.tell()
        self.length: int | None = file.seek(0, io.SEEK_END) - self._start
        file.seek(self._start)

    def blocks(self) -> Iterator[bytes]:
        """Rewind, then read on until nothing comes: so a file that grew is noticed, too."""
        self._file.seek(self._start)
        return iter(lambda: self._file.read(BLOCK), b'')


class StreamBody:
    """Something that can be read only once: a pipe, a socket, a generator."""

    length: int | None = None

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self.spent = False

    def blocks(self) -> Iterator[Any]:
        """What is left of it."""
        self.spent = True
        return self._source


class ListBody:
    """A collection of byte strings, which can be walked through again."""

    length: int | None = None
    spent = False

    def __init__(self, parts: Iterable[Any]) -> None:
        self._parts = parts

    def blocks(self) -> Iterator[Any]:
        """Part after part."""
        return iter(self._parts)


NO_BODY = BytesBody(b'')


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent as often as need be."""

    method: str
    target: str
    """path and query, percent-encoded"""
    headers: Mapping[str, str]
    """the caller's own, by lower-case name"""
    lines: tuple[str, ...]
    """the caller's own, as header lines"""
    body: Body
    length: int | None
    """bytes that the body must have; None: it is sent in chunks"""

    @property
    def path(self) -> str:
        """The target without its query, as logs and errors show it."""
        return self.target.partition('?')[0]

    def head(self, prepared: Mapping[str, str]) -> bytes:
        """Request line and headers; of ``prepared`` those that the caller did not give himself."""
        lines = [f'{self.method} {self.target} HTTP/1.1']
        lines += [f'{name}: {value}' for name, value in prepared.items() if name.lower() not in self.headers]
        lines += self.lines
        lines += self._framing()
        return '\r\n'.join([*lines, '', '']).encode('latin-1')

    def _framing(self) -> list[str]:
        if self.length is None:
            return [] if 'transfer-encoding' in self.headers else ['Transfer-Encoding: chunked']
        if 'content-length' in self.headers or not (self.length or self.method in _EXPECTS_BODY):
            return []
        return [f'Content-Length: {self.length}']

    def blocks(self) -> Iterator[Any]:
        """The body as it goes over the wire.

        :raises HcpsdkError: if it does not have the length that the head announced; the last
            block is held back until that is known, so HCP never stores such an object
        """
        if self.length is None:
            return _in_chunks(self.body.blocks())
        return _exactly(self.body.blocks(), self.length)


def build(
    method: str, url: str, body: Any = None, params: Params = None, headers: HeaderLines = None
) -> Request:
    """Make a request out of what a caller gave us.

    :raises HcpsdkError: if it could not be sent as it is meant
    :raises TypeError: if something is of the wrong type
    """
    names, lines = _headers(headers)
    payload = _body(body)
    return Request(
        method=_method(method),
        target=encode_path(url) + encode_params(params),
        headers=names,
        lines=lines,
        body=payload,
        length=_length(payload, names),
    )


def encode_path(url: str) -> str:
    """The path of a target: every byte of the object's name arrives as itself.

    >>> encode_path('/rest/50% of a b?.txt'), encode_path('/rest/a%20b')
    ('/rest/50%25%20of%20a%20b%3F.txt', '/rest/a%20b')
    """
    if not isinstance(url, str):
        raise TypeError(f"url must be a str such as '/rest/folder/object', not {type(url).__name__}")
    if not url.startswith('/'):
        raise HcpsdkError(f"a url starts with '/' and has no server part, such as '/rest/object': {url!r}")
    if _PLAIN_PATH.fullmatch(url):
        return url
    if '\0' in url or '%00' in url:
        raise HcpsdkError(f'HCP takes every character in a name but NUL: {url!r}')
    return quote(_utf8(_LONE_PERCENT.sub('%25', url), 'url'), safe='/%')


def encode_params(params: Params) -> str:
    """The query of a target with its question mark, or nothing.

    A blank becomes ``%20``: HCP does not read ``+`` as a blank. Python's booleans become HCP's.

    >>> encode_params({'retention': 'A+10y', 'index': True}), encode_params(None)
    ('?retention=A%2B10y&index=true', '')
    """
    if params is None:
        return ''
    pairs = '&'.join(f'{_param(name)}={_param(value)}' for name, value in _pairs(params, 'params'))
    return '?' + pairs if pairs else ''


def _param(value: Any) -> str:
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, (int, float)):
        value = str(value)
    if not isinstance(value, (str, bytes)):
        raise TypeError(f'params take text and numbers, not {type(value).__name__}')
    raw = value if isinstance(value, bytes) else _utf8(value, 'params')
    if b'\0' in raw:
        raise HcpsdkError(f'HCP takes every character in params but NUL: {value!r}')
    return quote(raw, safe='')


def _pairs(given: Any, what: str) -> list[tuple[Any, Any]]:
    """The items of a mapping, or a list of 2-tuples as it is."""
    try:
        return [(name, value) for name, value in (given.items() if isinstance(given, Mapping) else given)]
    except (TypeError, ValueError):
        raise TypeError(f'{what} must be a dict or a list of 2-tuples, not {type(given).__name__}') from None


def _utf8(text: str, what: str) -> bytes:
    """As UTF-8; bytes that :func:`os.listdir` could not decode go out as they were."""
    try:
        return text.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError as cause:
        raise HcpsdkError(f'{what} holds a character that has no UTF-8 form: {text!r}') from cause


def _method(method: str) -> str:
    if not isinstance(method, str):
        raise TypeError(f"method must be a str such as 'GET', not {type(method).__name__}")
    if not _TOKEN.fullmatch(method):
        raise HcpsdkError(f'not an HTTP method: {method!r}')
    return method


def _headers(headers: HeaderLines) -> tuple[dict[str, str], tuple[str, ...]]:
    """Check the caller's headers; his own mapping is never touched, nor kept."""
    if headers is None:
        return {}, ()
    checked = [(_header_name(name), _header_value(name, value)) for name, value in _pairs(headers, 'headers')]
    names = {name.lower(): value for name, value in checked}
    return names, tuple(f'{name}: {value}' for name, value in checked)


def _header_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f'a header name must be a str, not {type(name).__name__}')
    if not _TOKEN.fullmatch(name):
        raise HcpsdkError(f'not a header name: {name!r}')
    return name


def _header_value(name: str, value: Any) -> str:
    """The value as text. It may be a credential, so no message here shows it."""
    if isinstance(value, bytes):
        value = value.decode('latin-1')
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise TypeError(f'the value of header {name} must be a str, not {type(value).__name__}')
    if _BAD_VALUE.search(value):
        raise HcpsdkError(f'the value of header {name} holds a control character (a line break, for example)')
    try:
        value.encode('latin-1')
    except UnicodeEncodeError:
        raise HcpsdkError(f'the value of header {name} is not Latin-1: percent-encode it') from None
    return value


def _body(body: Any) -> Body:
    """Find out what a body is, and record where it stands before anything of it is read."""
    if body is None:
        return NO_BODY
    if isinstance(body, str):
        return BytesBody(body.encode('utf-8', 'surrogateescape'))
    if isinstance(body, io.TextIOBase):
        return _text_body(body)
    if hasattr(body, 'read'):
        return _file_body(body)
    try:
        return BytesBody(body)
    except TypeError:
        return _parts_body(body)


def _text_body(body: io.TextIOBase) -> Body:
    """A file in text mode goes out as its bytes on disk (the manual's own sample opens one)."""
    binary = getattr(body, 'buffer', None)
    if binary is None:
        return BytesBody(body.read().encode('utf-8', 'surrogateescape'))
    if body.seekable():
        body.seek(body.tell())  # puts the binary file below to where the text stands
    return _file_body(binary)


def _file_body(body: Any) -> Body:
    try:
        return FileBody(body)
    except (AttributeError, OSError):  # a pipe, a socket, an object that has nothing but read()
        return StreamBody(iter(lambda: body.read(BLOCK), b''))


def _parts_body(body: Any) -> Body:
    if isinstance(body, Mapping) or not isinstance(body, Iterable):
        raise TypeError(
            f'body must be bytes, str, an open file or an iterable of bytes, not {type(body).__name__}'
        )
    return StreamBody(body) if isinstance(body, Iterator) else ListBody(body)


def _length(body: Body, headers: Mapping[str, str]) -> int | None:
    """The length to announce: the caller's word and the body's must not contradict."""
    if 'transfer-encoding' in headers:
        return None
    given = headers.get('content-length')
    if given is None:
        return body.length
    if not (given.isascii() and given.isdigit()):
        raise HcpsdkError(f'Content-Length is not a number: {given!r}')
    if body.length not in (None, int(given)):
        raise HcpsdkError(f'Content-Length says {given} bytes, but the body has {body.length}')
    return int(given)


def _in_chunks(blocks: Iterator[Any]) -> Iterator[bytes]:
    """RFC 9112, 7.1. An empty block would read as the end, so there is none."""
    for block in blocks:
        data = bytes(_view(block))
        if data:
            yield b'%x\r\n%b\r\n' % (len(data), data)
    yield b'0\r\n\r\n'


def _exactly(blocks: Iterator[Any], length: int) -> Iterator[memoryview]:
    """Pass on ``length`` bytes, the last block only when it is known to be the last."""
    got, held = 0, memoryview(b'')
    for block in blocks:
        view = _view(block)
        got += view.nbytes
        if got > length:
            raise HcpsdkError(
                f'the body has more than the {length} bytes announced: it grew while being sent'
            )
        if held:
            yield held
        held = view
    if got < length:
        raise HcpsdkError(f'the body ended after {got} of {length} bytes: it shrank while being sent')
    if held:
        yield held


def _view(block: Any) -> memoryview:
    try:
        return memoryview(block).cast('B')
    except TypeError:
        raise TypeError(f'a body must yield bytes, not {type(block).__name__}') from None
