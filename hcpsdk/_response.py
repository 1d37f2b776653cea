"""An answer of HCP: its head read at once, its body never taken for whole when it is not.

:class:`http.client.HTTPResponse` returns fewer bytes than were announced, without a word, from
``read(n)`` and ``readinto()``; for an archive that is a lost object. What callers get here is one
in every documented respect, but it frames its body itself: by every way of reading it raises when
the end is missing, and with the last byte it lets go of the connection.

Headers stay the bytes that came until somebody asks for them; most callers want a status only.
"""

from __future__ import annotations

import http.client
import io
import logging
import operator
import os
import re
import socket
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from ._hash import Proof
from ._reader import Reader
from ._trace import DeadlineError, redact_head
from .errors import HcpsdkError, HcpsdkHashError, HcpsdkTimeoutError, HcpsdkTruncatedError

logger = logging.getLogger(__name__)

LONGEST_HEAD = 65536
"""bytes; what has more in front of its body is no answer of an HCP, which sends some 2,000"""

MOST_LINES = 100
"""of headers, of trailers, of interim answers: as many as http.client takes; an HCP sends some 40"""

LONGEST_SIZE_LINE = 4096
"""bytes; a chunk's size and what extensions a proxy may have added to it"""

QUOTED = 80
"""bytes of what is no answer; enough to tell what it is"""

T = TypeVar('T')

# RFC 9112, 4: the reason may be missing, with or without its blank.
_STATUS_LINE = re.compile(rb'HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\r\n]*))?\r?(?=\n)')

# RFC 9112, 7.1; without the line's end it is a part of a size only. HCP needs no more than 16 digits.
_CHUNK_SIZE = re.compile(rb'([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n')

# RFC 9112, 6.3: a length that is none, or that contradicts another one, leaves the end unknown.
_LENGTH = re.compile(r'[0-9]{1,19}')

# Answers with an object, or a part of it.
_READABLE = frozenset({200, 206})

_NO_BODY = frozenset({204, 304})
"""answers that have no body whatever their headers describe (RFC 9112, 6.3)"""


class Response(http.client.HTTPResponse):
    """One answer of HCP, as :mod:`http.client` presents it.

    :param reader: of the connection, which outlives the answer
    :param method: of the request, as the answer to HEAD has no body
    :param peer: who sends it, for messages
    :param ended: is called once, with whether the body arrived whole
    """

    # What most answers never change stands here once, instead of in each of them.
    debuglevel = 0
    chunked = False
    chunk_left: int | None = None
    length: int | None = None
    aborted = False
    """Its connection is closed by us: what looks like the end of the body is none."""
    begun = False
    """At least a byte of the answer has come."""
    whole = False
    """Everything that was announced has been read."""
    verified = False
    """It was read whole, and is what ``X-HCP-Hash`` says (only if ``verify=True`` asked for that)."""
    _announced: int | None = None
    _fields: list[tuple[str, str]] | None = None
    _proof: Proof | None = None
    elsewhere: Callable[[], Callable[[Response, int], Response | None] | None] | None = None
    """Has the rest of a body that breaks off, after so many bytes, from another system (a weak reference)."""
    trail: Callable[[], object] = staticmethod(lambda: '')
    """What its errors end with: the line of the journal, if that is still there (a weak reference)."""

    def __init__(self, reader: Reader, method: str, peer: str, ended: Callable[[bool], None]) -> None:
        self.fp: Any = reader
        self._method = method
        self._peer = peer
        self._ended: Callable[[bool], None] | None = ended
        self._pid = os.getpid()

    # --- the head ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Read status line and headers; interim answers (RFC 9110, 15.2) are passed over.

        :raises OSError: if the connection ends, or falls silent, before they do
        :raises http.client.HTTPException: if it is not HTTP
        """
        reader = self.fp  # another thread may close() while we wait
        for _ in range(MOST_LINES):
            status_line = self._read_head(reader)
            if self.status >= 200:
                break
        else:
            raise http.client.HTTPException('nothing but interim answers')
        self.version = 11 if status_line[1] == b'1' else 10
        self.reason = (status_line[3] or b'').decode('latin-1').strip()
        self._frame()

    def _read_head(self, reader: Reader) -> re.Match[bytes]:
        """One head; mostly it has come with one packet, and is there at once."""
        head = reader.take_head() or self._lines_of_head(reader)
        self.begun = True
        status_line = _STATUS_LINE.match(head)
        if status_line is None:
            raise http.client.BadStatusLine(_quoted(head))
        self.status = self.code = int(status_line[2])
        self._raw = head[status_line.end() :]
        if self._raw.count(b'\n') > MOST_LINES + 2 or len(head) > LONGEST_HEAD:
            raise http.client.HTTPException('too many headers for an HCP')
        return status_line

    def _lines_of_head(self, reader: Reader) -> bytes:
        self.begun = self.begun or reader.pending > 0
        lines, room = [], LONGEST_HEAD
        while room > 0:
            line = reader.readline(room)
            room -= len(line)
            lines.append(line)
            if line in (b'\r\n', b'\n') and len(lines) > 1:
                return b''.join(lines)
            if not line.endswith(b'\n') and room > 0:
                raise ConnectionResetError(
                    'closed in the middle of a head' if self.begun else 'closed without an answer'
                )
            if len(lines) == 1 and not _STATUS_LINE.match(line):
                break
        raise http.client.HTTPException(f'no head of an answer: {_quoted(b"".join(lines))}')

    def _frame(self) -> None:
        """Find out what tells where the body ends (RFC 9112, 6.3), and what becomes of the connection."""
        head = self._raw.lower()
        coding = self._said(head, b'\ntransfer-encoding:')
        self.chunked = coding is not None and _is_chunked(coding)
        if self._method == 'HEAD' or self.status in _NO_BODY:
            self.chunked, self.length = False, 0
        elif not self.chunked:
            self.length = self._announced = _length(self._said(head, b'\ncontent-length:'))
        self.will_close = self.length is None and not self.chunked
        said = self._said(head, b'\nconnection:') or ''
        if said or self.version == 10:
            self.will_close |= 'close' in said or (self.version == 10 and 'keep-alive' not in said)

    def _said(self, head: bytes, mark: bytes) -> str | None:
        """The value of a header, None if it is not there.

        All the others are taken apart only if it stands there twice, or is folded (RFC 9112, 5.2).

        :param head: in lower case
        :param mark: what stands before the value
        """
        start = head.find(mark) + len(mark)
        if start < len(mark):
            return None
        end = head.find(b'\n', start)
        if head[end + 1 : end + 2] in (b' ', b'\t') or head.find(mark, end) >= 0:
            return str(self.getheader(mark[1:-1].decode(), '')).lower()
        return head[start:end].strip().decode('latin-1')

    def _message(self) -> http.client.HTTPMessage:
        try:
            return http.client.parse_headers(io.BytesIO(self._raw.lstrip(b'\n')))
        except http.client.HTTPException as cause:
            raise HcpsdkError(f'the headers of {self._peer} are not those of an HCP: {cause}') from cause

    headers: Any = cached_property(_message)
    """A message object, made by the e-mail parser when somebody wants it."""
    msg: Any = property(operator.attrgetter('headers'))
    """The same, by its older name."""

    def getheader(self, name: str, default: Any = None) -> Any:
        """A header; those of the same name are joined by commas."""
        wanted = name.lower()
        values = [value for key, value in self.getheaders() if key.lower() == wanted]
        if values:
            return ', '.join(values)
        return default if default is None or isinstance(default, str) else ', '.join(default)

    def getheaders(self) -> list[tuple[str, str]]:
        """All headers as (name, value), in HCP's order."""
        if self._fields is None:
            self._fields = self._split()
        return list(self._fields)

    def _split(self) -> list[tuple[str, str]]:
        """Line by line; what is folded (RFC 9112, 5.2) or broken is left to the e-mail parser."""
        lines = self._raw.decode('latin-1').replace('\r\n', '\n').strip('\n').split('\n')
        folded = b'\n ' in self._raw or b'\n\t' in self._raw
        pairs = [line.split(':', 1) for line in lines if line]
        if folded or min(map(len, pairs), default=2) < 2:
            return list(self.headers.items())
        return [(name, value.strip(' \t')) for name, value in pairs]

    def rename(self, status: int, reason: str) -> None:
        """Let it say what it means: the answer to a repetition may tell of the first try."""
        self.status = self.code = status
        self.reason = reason

    def prove(self) -> None:
        """Compare what is read of the body with the object's own hash.

        There may be nothing to compare with: HCP has no hash of objects that came in parts, and it is one
        of the whole object as it is stored, neither packed nor with its annotation behind it.
        """
        if self._method == 'HEAD' or self.status not in _READABLE:
            return
        if self.status == 200 and self.getheader('Content-Encoding', 'identity').lower() == 'identity':
            self._proof = Proof.of(self.getheader('X-HCP-Hash'))
        if self._proof is None:
            self._warn()

    def _warn(self) -> None:
        logger.warning('the answer of %s has nothing to be verified by', self._peer)

    # --- the body ---------------------------------------------------------------------------

    @property
    def received(self) -> int | None:
        """Bytes of the body that have been read; None if that is not known."""
        if self._announced is None:
            return None
        return self._announced - (self.length or 0)

    def settle(self) -> None:
        """After the last byte let go of the connection."""
        if self.length == 0:
            self._let_go(whole=True)

    def read(self, amt: int | None = None) -> bytes:
        """At most ``amt`` bytes of the body, all that is left by default; fewer are the end."""
        data = self._carefully(self._read, amt) or b''
        if self._proof is not None:
            self._compare(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` from the body; returns how many bytes came, fewer are the end."""
        view = memoryview(buffer).cast('B')
        got = self._carefully(self._readinto, view) or 0
        if self._proof is not None:
            self._compare(view[:got])
        return got

    def read1(self, n: int = -1) -> bytes:
        """What is there already, at most ``n`` bytes of it; none only at the end."""
        return self.read(len(self.peek()[: n if n >= 0 else None])) if n else b''

    def readline(self, limit: int | None = -1) -> bytes:
        """One line of the body; only its last one may lack the line feed."""
        room = sys.maxsize if limit is None or limit < 0 else limit
        parts = []
        while room > 0:
            ready = self.peek()[:room]
            end = ready.find(b'\n') + 1
            parts.append(self.read(end or len(ready)))
            room = 0 if end or not ready else room - len(ready)
        return b''.join(parts)

    def peek(self, n: int = -1) -> bytes:
        """What is there already, without taking it; none only at the end."""
        return self._carefully(self._peek) or b''

    def flush(self) -> None:
        """There is nothing to be flushed, as nothing is written."""

    def close(self) -> None:
        """Give up what is left of the body; its connection cannot be used again then."""
        super(http.client.HTTPResponse, self).close()
        self._let_go(whole=self.whole)

    def abandon(self) -> None:
        """The next request takes the connection: whoever goes on reading here shall not see an end."""
        self.close()
        self.whole = False

    def _compare(self, data: bytes | memoryview) -> None:
        """Add to the proof; with the last byte it has to hold."""
        if self._proof is None or self.verified:
            return
        self._proof.add(data)
        if not self.whole:
            return
        size = self.getheader('X-HCP-Size', '')
        if _LENGTH.fullmatch(size) and self._proof.count > int(size):  # its annotation comes behind it
            self._proof = None
            self._warn()
        elif self._proof.holds:
            self.verified = True
        else:
            self.whole = False
            raise HcpsdkHashError(
                f'the body from {self._peer} is not what HCP stored: {self._proof}; read it again'
                f'{self._trail()}'
            )

    def _carefully(self, step: Callable[..., T], *args: Any) -> T | None:
        """Take a step of reading, if something is left to read; whatever goes wrong closes the connection.

        The reader is handed down, as another thread may close this answer, and the connection, meanwhile.
        """
        if self._pid != os.getpid():
            self.close()
            raise HcpsdkError(f'the answer of {self._peer} belongs to the process that asked for it')
        if self.fp is None:
            if self.whole:
                return None
            raise HcpsdkTruncatedError(
                f'the answer of {self._peer} was closed before its body had been read to the end:'
                ' by close(), by an error, or by the next request on its Connection'
            )
        left = self.length
        try:
            return step(self.fp, *args)
        except (OSError, http.client.HTTPException) as cause:
            error = self._cut(cause)
            if not self._goes_on(left):
                self.close()
                raise error from cause
        except BaseException:  # KeyboardInterrupt: nobody knows how much was read, and is lost
            self.close()
            raise
        return self._carefully(step, *args)

    def _goes_on(self, left: int | None) -> bool:
        """Have the rest from elsewhere; the bytes of the step that failed are read again."""
        elsewhere = None if self.elsewhere is None else self.elsewhere()
        if elsewhere is None or not left or self._announced is None:
            return False
        rest = elsewhere(self, self._announced - left)
        if rest is None:
            return False
        self.fp, self._ended, self._peer, self.length = rest.fp, rest._ended, rest._peer, left
        rest.fp = rest._ended = None
        return True

    def _read(self, reader: Reader, wanted: int | None) -> bytes:
        left = self.length
        if wanted is not None and wanted < 0:
            wanted = None
        if left is None:
            return (self._read_chunks if self.chunked else self._read_to_close)(reader, wanted)
        amount = left if wanted is None or wanted > left else wanted
        data = reader.read(amount)
        if len(data) == amount < left:
            self.length = left - amount
        else:
            self._took(len(data), amount)
        return data

    def _readinto(self, reader: Reader, view: memoryview) -> int:
        if self.length is None:
            data = self._read(reader, len(view))
            view[: len(data)] = data
            return len(data)
        room = view[: self.length]
        got = reader.readinto(room)
        self._took(got, len(room))
        return got

    def _peek(self, reader: Reader) -> bytes:
        if self.chunked and not self._in_chunk(reader):
            return b''
        ready = reader.peek()[: self.chunk_left if self.chunked else self.length]
        if not ready:
            self._hung_up()
        return ready

    def _took(self, got: int, asked: int) -> None:
        """Keep count of what was announced."""
        self.length = (self.length or 0) - got
        if got < asked:
            raise http.client.IncompleteRead(b'', self.length)
        if not self.length:
            self._let_go(whole=True)

    def _read_to_close(self, reader: Reader, wanted: int | None) -> bytes:
        data = reader.read_to_end() if wanted is None else reader.read(wanted)
        if wanted is None or len(data) < wanted:
            self._hung_up()
        return data

    def _read_chunks(self, reader: Reader, wanted: int | None) -> bytes:
        parts, room = [], sys.maxsize if wanted is None else wanted
        while room > 0 and self._in_chunk(reader):
            amount = min(room, self.chunk_left or 0)
            parts.append(reader.read(amount))
            if len(parts[-1]) < amount:
                raise http.client.IncompleteRead(b'', amount)
            self.chunk_left = (self.chunk_left or 0) - amount
            room -= amount
        return b''.join(parts)

    def _in_chunk(self, reader: Reader) -> bool:
        """Go to the next chunk if this one is over; False behind the last one."""
        if self.chunk_left == 0 and reader.readline(2) not in (b'\r\n', b'\n'):
            raise http.client.HTTPException('a chunk that is longer than its size')
        if not self.chunk_left:
            size = _CHUNK_SIZE.fullmatch(reader.readline(LONGEST_SIZE_LINE))
            if size is None:
                raise http.client.HTTPException('no size of a chunk')
            self.chunk_left = int(size[1], 16)
            if not self.chunk_left:
                self._skip_trailers(reader)
        return not self.whole

    def _skip_trailers(self, reader: Reader) -> None:
        """RFC 9112, 7.1.2: what stands behind the last chunk; HCP sends nothing there."""
        for _ in range(MOST_LINES):
            line = reader.readline(LONGEST_SIZE_LINE)
            if line in (b'\r\n', b'\n'):
                return self._let_go(whole=True)
            if not line.endswith(b'\n'):
                break
        raise http.client.HTTPException('no end behind the last chunk')

    def _hung_up(self) -> None:
        """The other side did: the end of a body that has no other, and the end of none else."""
        if self.length is not None or self.chunked:
            raise http.client.IncompleteRead(b'', self.length)
        if self.aborted:
            raise ConnectionAbortedError('closed from elsewhere')
        self._let_go(whole=True)

    def _cut(self, cause: Exception) -> HcpsdkError:
        """Let go of the connection, and say how far we came."""
        came, progress = (self.received or 0) + (self.fp.pending if self.fp else 0), 'an unknown part of it'
        if self._announced is not None:
            progress = f'{came} of {self._announced} bytes'
        self._let_go(whole=False)
        if isinstance(cause, DeadlineError):
            return HcpsdkTimeoutError(
                f'{self._peer}: {cause} in the middle of a body, after at least {progress}{self._trail()}'
            )
        if isinstance(cause, (socket.timeout, TimeoutError)):
            return HcpsdkTimeoutError(
                f'{self._peer} went silent in the middle of a body: the read clock ran out, after at least'
                f' {progress}{self._trail()}'
            )
        return HcpsdkTruncatedError(
            f'the body from {self._peer} was cut short after {progress}; read it again, this is not the'
            f' whole{self._trail()}'
        )

    def _trail(self) -> str:
        attempt = self.trail()
        return f'; {attempt}' if attempt else ''

    def _let_go(self, whole: bool) -> None:
        """Once: the connection goes back to whom it belongs."""
        self.fp, self.whole = None, whole
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(whole)


def _is_chunked(coding: str) -> bool:
    if coding not in ('chunked', 'identity'):
        raise http.client.HTTPException(f'an unknown transfer encoding: {coding!r}')
    return coding == 'chunked'


def _length(said: str | None) -> int | None:
    """What was announced; several of one value are one (RFC 9112, 6.3)."""
    if said is None:
        return None
    if ',' in said and len({part.strip() for part in said.split(',')}) == 1:
        said = said.partition(',')[0]
    if not _LENGTH.fullmatch(said):
        raise http.client.HTTPException(f'a length that is none: {said!r}')
    return int(said)


def _quoted(garbage: bytes) -> str:
    """The beginning of what is no answer. It may be our own request, as an echo service sends it back.

    Redacted before it is cut: no secret depends on where the cut falls, and none takes up the room.
    """
    return repr(redact_head(garbage.decode('latin-1'))[:QUOTED].encode('latin-1'))
