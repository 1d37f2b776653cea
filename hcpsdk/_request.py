"""What we want to say, as values: the target encoded once, headers checked, the body framed.

No I/O happens here but the reading of a body while it is being sent. A :class:`Request` that
exists is legal: whatever HTTP or HCP would choke on is refused when it is built.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, Union
from urllib.parse import quote

from ._trace import HIDDEN, redact_target, redact_url
from .errors import HcpsdkError

Params = Union[Mapping[str, Any], Iterable['tuple[str, Any]'], None]
HeaderLines = Union[Mapping[str, Any], Iterable['tuple[str, Any]'], None]

BLOCK = 262144
"""bytes read from a body at once: large enough that the cost of a call does not count"""

# RFC 9110, 5.6.2: what a method or a header name may consist of.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

# RFC 9110, 5.5: CR, LF and NUL in a value are dangerous; the other controls are merely invalid.
_NO_LATIN1 = re.compile('[^\x00-\xff]')
_BAD_VALUE = re.compile(r'[\x00-\x08\x0a-\x1f\x7f]')

# Lone surrogates, but for those that stand for a byte which could not be decoded (PEP 383).
_NO_UTF8 = re.compile('[\ud800-\udc7f\udd00-\udfff]')

# A ``%`` that does not begin an escape means itself (contract, section 2).
_LONE_PERCENT = re.compile(r'%(?![0-9A-Fa-f]{2})')

# RFC 3986, 2.3: characters that never need an escape, and the slash between HCP's directories.
_PLAIN_PATH = re.compile(r'/[A-Za-z0-9_.~/-]*')

# What needs no further look: most requests are of these.
_METHODS = frozenset({'GET', 'PUT', 'HEAD', 'POST', 'DELETE'})

# RFC 9110, 8.6: a request of these methods says so when its body is empty.
_EXPECTS_BODY = frozenset({'PUT', 'POST', 'PATCH'})

# Files that can be read without their ``read()``. What is derived from them may have one of its own: it
# counts what was sent, say.
_BARE_FILES = frozenset({io.FileIO, io.BufferedReader, io.BufferedRandom, io.BytesIO})

# RFC 9112, 3.2 and 6.3: with two of one kind, servers may disagree whom a request is for, or where it ends.
_ONCE = frozenset({'host', 'content-length', 'transfer-encoding'})

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})

# What stands behind the name in a line that was given in the place of one.
_VALUE = re.compile('([:=]).+', re.DOTALL)

# More digits than any size has; and ``int()`` itself gives up at 4,300.
_LENGTH = re.compile(r'[0-9]{1,19}')


class Body(Protocol):
    """What is sent behind the head."""

    length: int | None
    """bytes; None if only its end will tell"""
    exact: bool
    """it makes sure itself that it yields as many bytes as its length says"""

    @property
    def spent(self) -> bool:
        """It was sent before and cannot be sent again."""

    def blocks(self) -> Iterable[Any]:
        """Its bytes from where it stood when the request was made, in blocks."""


def as_bytes(block: Any) -> memoryview:
    """Whatever holds bytes as a row of bytes; copied only if they do not lie side by side."""
    try:
        view = memoryview(block)
    except TypeError:
        raise TypeError(f'a body must yield bytes, not {type(block).__name__}') from None
    return (view if view.c_contiguous else memoryview(view.tobytes())).cast('B')


class BytesBody:
    """Bytes in memory."""

    exact, spent = True, False

    def __init__(self, data: Any) -> None:
        self._data = data if isinstance(data, bytes) else as_bytes(data)
        self.length: int | None = len(self._data)

    def blocks(self) -> Iterable[Any]:
        """Slices of the memory, not copies."""
        if len(self._data) <= BLOCK:
            return (self._data,)
        view = memoryview(self._data)
        return (view[start : start + BLOCK] for start in range(0, len(view), BLOCK))


class FileBody:
    """A file that can be rewound, from where it stands to its end."""

    exact, spent = True, False

    def __init__(self, file: Any) -> None:
        self._file = file
        self._start = file.tell()
        file.seek(0, io.SEEK_END)  # what it returns is not asked for: a mmap returns None before Python 3.13
        self._size = max(0, file.tell() - self._start)  # a file can stand beyond its end
        self.length: int | None = self._size
        file.seek(self._start)

    def bulk(self) -> tuple[Any, int, int] | None:
        """The file, the place and the size of what the kernel may send by itself; None if it must not.

        A file object may unpack what it reads, so only those count that are nothing but a descriptor.
        The last block is left to :meth:`blocks`, which looks whether it still is the last one.
        """
        bare = type(self._file) in _BARE_FILES and type(getattr(self._file, 'raw', self._file)) is io.FileIO
        if not bare or self._size <= 2 * BLOCK:
            return None
        return self._file, self._start, self._size - BLOCK

    def blocks(self, skip: int = 0) -> Iterator[Any]:
        """Rewind, then read on; the last block is passed on only when nothing stands behind it.

        :raises HcpsdkError: if the file has become another one meanwhile
        """
        self._file.seek(self._start + skip)
        left = self._size - skip
        for block in _blocks_of(self._file):
            left -= len(block)
            if left < 0 or (left == 0 and self._file.read(1)):
                raise _grew(self._size)
            yield block
        if left:
            raise _shrank(self._size - left, self._size)


def _blocks_of(file: Any) -> Iterator[Any]:
    """What a file yields until nothing comes; into one buffer, as each fresh one would cost page faults."""
    if type(file) not in _BARE_FILES:
        yield from iter(lambda: file.read(BLOCK), b'')
        return
    buffer = memoryview(bytearray(BLOCK))
    while got := file.readinto(buffer):
        yield buffer[:got]


class StreamBody:
    """Something that can be read only once: a pipe, a socket, a generator."""

    exact = False
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

    exact, spent = False, False
    length: int | None = None

    def __init__(self, parts: Iterable[Any]) -> None:
        self._parts = parts

    def blocks(self) -> Iterator[Any]:
        """Part after part."""
        return iter(self._parts)


NO_BODY = BytesBody(b'')


class Prepared(dict[str, str]):
    """The headers that all requests of a Target begin with, encoded once."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.block = _encoded(f'{name}: {value}' for name, value in headers.items())
        """as they go over the wire, with the line end behind the last one"""


class Request(NamedTuple):
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

    def __repr__(self) -> str:
        """Without headers and query: they may hold credentials."""
        return f'<Request {self.method} {redact_target(self.path)}>'

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition('?')[0]

    def head(self, prepared: Prepared) -> bytes:
        """Request line and headers; of ``prepared`` those that the caller did not give himself."""
        line = f'{self.method} {self.target} HTTP/1.1\r\n'.encode('latin-1')
        if not self.lines:
            return b'%b%b%b\r\n' % (line, prepared.block, self._framing())
        kept = (f'{name}: {value}' for name, value in prepared.items() if name.lower() not in self.headers)
        return b'%b%b%b%b\r\n' % (line, _encoded(kept), _encoded(self.lines), self._framing())

    def _framing(self) -> bytes:
        if self.length is None:
            return b'' if 'transfer-encoding' in self.headers else b'Transfer-Encoding: chunked\r\n'
        if 'content-length' in self.headers or not (self.length or self.method in _EXPECTS_BODY):
            return b''
        return b'Content-Length: %d\r\n' % self.length

    def blocks(self) -> Iterable[Any]:
        """The body as it goes over the wire.

        :raises HcpsdkError: if it does not have the length that the head announced; the last
            block is held back until that is known, so HCP never stores such an object
        """
        if self.length is None:
            return _in_chunks(self.body.blocks())
        return self.body.blocks() if self.body.exact else _exactly(self.body.blocks(), self.length)


def _encoded(lines: Iterable[str]) -> bytes:
    return ''.join(f'{line}\r\n' for line in lines).encode('latin-1')


def build(
    method: str, url: str, body: Any = None, params: Params = None, headers: HeaderLines = None
) -> Request:
    """Make a request out of what a caller gave us.

    :raises HcpsdkError: if it could not be sent as it is meant
    :raises TypeError: if something is of the wrong type
    """
    names, lines = _headers(headers)
    payload = _body(body)
    target = encode_path(url) + encode_params(params)
    return Request(_method(method), target, names, lines, payload, _length(payload, names))


# Of a caller's own headers, those that say who asks whom; all others belong to what he asked for.
_IDENTITY = frozenset({'authorization', 'cookie', 'host'})


def about(request: Request) -> Request:
    """The question what HCP has in the place that a request was about."""
    headers = {name: value for name, value in request.headers.items() if name in _IDENTITY}
    lines = tuple(f'{name}: {value}' for name, value in headers.items())
    return Request('HEAD', request.path, headers, lines, NO_BODY, 0)


# What makes an answer another one than the whole object as it is.
_SELECTING = frozenset({'accept-encoding', 'if-range', 'range'})


def remaining(request: Request, start: int) -> Request | None:
    """The same GET, for what stands behind the first bytes (RFC 9110, 14.2).

    :returns: the request; None if the first one was for a part already, or for something packed
    """
    if _SELECTING & request.headers.keys():
        return None
    asked = f'bytes={start}-'
    return request._replace(
        headers={**request.headers, 'range': asked}, lines=(*request.lines, f'Range: {asked}')
    )


def encode_path(url: str) -> str:
    """The path of a target: every byte of the object's name arrives as itself.

    >>> encode_path('/rest/50% of a b?.txt'), encode_path('/rest/a%20b')
    ('/rest/50%25%20of%20a%20b%3F.txt', '/rest/a%20b')
    """
    if isinstance(url, str) and _PLAIN_PATH.fullmatch(url):
        return url
    if not isinstance(url, str):
        raise TypeError(f"url must be a str such as '/rest/folder/object', not {type(url).__name__}")
    if not url.startswith('/'):
        raise HcpsdkError(
            f"a url starts with '/' and has no server part, such as '/rest/object': {_shown(url)}"
        )
    if '\0' in url or '%00' in url:
        raise HcpsdkError(f'HCP takes every character in a name but NUL: {_shown(url)}')
    return quote(_utf8(_LONE_PERCENT.sub('%25', url), f'url {_shown(url)}'), safe='/%')


def _shown(url: str) -> str:
    return repr(redact_url(url))


def _shown_name(name: Any) -> str:
    """A name for a message; if it is a whole line (``Authorization: HCP token``), without the value."""
    text = name.decode('latin-1') if isinstance(name, bytes) else str(name)
    return repr(_VALUE.sub(rf'\1{HIDDEN}', text))


def encode_params(params: Params) -> str:
    """The query of a target with its question mark, or nothing.

    A blank becomes ``%20``: HCP does not read ``+`` as a blank. Python's booleans become HCP's.

    >>> encode_params({'retention': 'A+10y', 'index': True}), encode_params(None)
    ('?retention=A%2B10y&index=true', '')
    """
    if params is None:
        return ''
    pairs = '&'.join(
        f'{_param(name, name)}={_param(name, value)}' for name, value in _pairs(params, 'params')
    )
    return '?' + pairs if pairs else ''


def _param(name: Any, value: Any) -> str:
    """One side of a parameter. It may be a password (MAPI takes them so), so no message shows the value."""
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, (int, float)):
        value = str(value)
    if not isinstance(value, (str, bytes)):
        raise TypeError(f'params take text and numbers, not {type(value).__name__}')
    raw = value if isinstance(value, bytes) else _utf8(value, f'parameter {_shown_name(name)}')
    if b'\0' in raw:
        raise HcpsdkError(f'HCP takes every character in params but NUL: see parameter {_shown_name(name)}')
    return quote(raw, safe='')


def _pairs(given: Any, what: str) -> list[tuple[Any, Any]]:
    """The items of a mapping, or a list of 2-tuples as it is."""
    items = given.items() if isinstance(given, Mapping) else given
    pairs = list(items) if isinstance(items, Iterable) else [items]
    if not isinstance(given, (str, bytes)) and all(
        isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs
    ):
        return [(name, value) for name, value in pairs]
    raise TypeError(f'{what} must be a dict or a list of 2-tuples, not {type(given).__name__}')


def _utf8(text: str, what: str) -> bytes:
    """As UTF-8; bytes that :func:`os.listdir` could not decode go out as they were."""
    if _NO_UTF8.search(text):  # a UnicodeEncodeError would hold the whole of it, and it may be a password
        raise HcpsdkError(f'{what} holds a character that has no UTF-8 form')
    return text.encode('utf-8', 'surrogateescape')


def _method(method: str) -> str:
    if method in _METHODS:
        return method
    if not isinstance(method, str):
        raise TypeError(f"method must be a str such as 'GET', not {type(method).__name__}")
    if not _TOKEN.fullmatch(method):
        raise HcpsdkError(f'not an HTTP method: {_shown(method)}')
    return method.upper()  # RFC 9110, 9.1: they are case-sensitive, and all of HCP's are in capitals


def checked_headers(headers: Any) -> list[tuple[str, str]]:
    """Headers as they can be sent.

    :raises HcpsdkError: if one could break out of its line; no message shows a value
    :raises TypeError: if something is of the wrong type
    """
    return [(_header_name(name), _header_value(name, value)) for name, value in _pairs(headers, 'headers')]


def _headers(headers: HeaderLines) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Check the caller's headers; his own mapping is never touched, nor kept."""
    if headers is None:
        return _NO_HEADERS, ()
    checked = checked_headers(headers)
    names = {name.lower(): value for name, value in checked}
    for name in _ONCE & names.keys():
        if sum(given.lower() == name for given, _ in checked) > 1:
            raise HcpsdkError(f'header {name} is given more than once')
    return names, tuple(f'{name}: {value}' for name, value in checked)


def _header_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f'a header name must be a str, not {type(name).__name__}')
    if not _TOKEN.fullmatch(name):
        raise HcpsdkError(f'not a header name: {_shown_name(name)}')
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
    if _NO_LATIN1.search(value):
        raise HcpsdkError(f'the value of header {name} is not Latin-1: percent-encode it')
    return value


def _body(body: Any) -> Body:
    """Find out what a body is, and record where it stands before anything of it is read."""
    if body is None:
        return NO_BODY
    if isinstance(body, bytes):
        return BytesBody(body)
    if isinstance(body, str):
        return BytesBody(_utf8(body, 'the body'))
    if hasattr(body, 'read'):  # ``buffer``: a NamedTemporaryFile is no TextIOBase, but wraps one
        is_text = isinstance(body, io.TextIOBase) or hasattr(body, 'buffer')
        return _text_body(body) if is_text else _file_body(body)
    try:
        return BytesBody(body)
    except TypeError:
        return _parts_body(body)


def _text_body(body: Any) -> Body:
    """A file in text mode goes out as its bytes on disk (the manual's own sample opens one)."""
    binary = getattr(body, 'buffer', None)
    if binary is None:
        return BytesBody(_utf8(body.read(), 'the body'))
    if not body.seekable():  # what was read ahead of the last line cannot be seen, and would be missing
        raise HcpsdkError('a pipe in text mode may have been read ahead of what it showed: give its .buffer')
    _step_down(body)
    return _file_body(binary)


def _step_down(body: Any) -> None:
    """Put the binary file below to where the text stands.

    What ``tell()`` returns holds the place in its lower 64 bits, and above bit 128 how much the
    decoder must read again to get there: if it must, no byte of the file is the one to go on with.
    """
    try:
        place = body.tell()
        body.seek(place)
    except OSError as cause:  # Python does not tell it while somebody walks through the lines
        raise HcpsdkError('where the text file stands cannot be told: open it in binary mode') from cause
    if place >> 128:
        raise HcpsdkError('the text file stands inside of a character or line end: open it in binary mode')


def _file_body(body: Any) -> Body:
    if hasattr(body, 'readable') and not body.readable():
        raise TypeError('the file is not open for reading')
    if isinstance(body, codecs.StreamReaderWriter):
        body = body.stream
    try:
        file = FileBody(body)
        if isinstance(body.read(0), str):  # tempfile's spooled files, for example
            raise TypeError('the file is in text mode, in a way that hides its bytes: open it in binary mode')
        return file
    except (AttributeError, OSError):  # a pipe, a socket, an object that has nothing but read()
        return StreamBody(iter(lambda: body.read(BLOCK), b''))


def _parts_body(body: Any) -> Body:
    if isinstance(body, Mapping) or not isinstance(body, Iterable):
        raise TypeError(
            f'body must be bytes, str, an open file or an iterable of bytes, not {type(body).__name__}'
        )
    if not isinstance(body, Collection):  # nobody knows whether it could be walked through again
        return StreamBody(iter(body))
    for part in body:
        as_bytes(part)
    return ListBody(body)


def _length(body: Body, headers: Mapping[str, str]) -> int | None:
    """The length to announce: the caller's word and the body's must not contradict."""
    if not headers:
        return body.length
    coding, given = headers.get('transfer-encoding'), headers.get('content-length')
    if coding is not None:
        if coding.lower() != 'chunked' or given is not None:
            raise HcpsdkError("Transfer-Encoding can only be 'chunked', and has no Content-Length beside it")
        return None
    if given is None:
        return body.length
    if not _LENGTH.fullmatch(given):
        raise HcpsdkError(f'Content-Length is not a number: {given!r}')
    if body.length not in (None, int(given)):
        raise HcpsdkError(f'Content-Length says {given} bytes, but the body has {body.length}')
    return int(given)


def _in_chunks(blocks: Iterable[Any]) -> Iterator[bytes]:
    """RFC 9112, 7.1. An empty block would read as the end, so there is none."""
    for block in blocks:
        data = block if isinstance(block, bytes) else bytes(as_bytes(block))
        if data:
            yield b'%x\r\n%b\r\n' % (len(data), data)
    yield b'0\r\n\r\n'


def _exactly(blocks: Iterable[Any], length: int) -> Iterator[memoryview]:
    """Pass on ``length`` bytes, the last block only when it is known to be the last.

    A block that is held back is copied if it could change: a generator may fill its buffer again.
    """
    got, held = 0, memoryview(b'')
    for block in blocks:
        view = as_bytes(block)
        got += view.nbytes
        if got > length:
            raise _grew(length)
        if held:
            yield held
        held = view if isinstance(view.obj, bytes) else memoryview(view.tobytes())
    if got < length:
        raise _shrank(got, length)
    if held:
        yield held


def _grew(length: int) -> HcpsdkError:
    return HcpsdkError(
        f'the body has more than the {length} bytes announced:'
        ' it grew while being sent, or the Content-Length was wrong'
    )


def _shrank(got: int, length: int) -> HcpsdkError:
    return HcpsdkError(
        f'the body ended after {got} of {length} bytes:'
        ' it shrank while being sent, or the Content-Length was wrong'
    )
