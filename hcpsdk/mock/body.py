"""A request's bytes as they come off the socket: heads up to their end, bodies by their framing."""

from __future__ import annotations

import math
import re
import socket
from typing import Callable, Optional, Protocol

from .head import Malformed
from .messages import ShortBody

HEAD_LIMIT = 65536
"""bytes; HCP takes paths of 4,095 bytes (three times as long when escaped), and much besides"""

GULP = 262144
"""bytes taken off a socket at once"""

LINE_LIMIT = 4096
"""bytes of a chunk's size line, and of all trailer lines together; nobody needs more"""

# RFC 9112, 7.1: the size in hex, perhaps followed by extensions, which mean nothing to us.
_CHUNK_SIZE = re.compile(rb'([0-9A-Fa-f]{1,15})(?:[ \t]*;[^\x00-\x08\x0a-\x1f\x7f]*)?')

_END_OF_HEAD = b'\r\n\r\n'
_END_OF_LINE = b'\r\n'


class BrokenFraming(ShortBody):
    """The chunks of a body are not what RFC 9112 calls chunks."""


class Stream:
    """A socket with a buffer, read by the rules of HTTP."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = b''

    def head(self) -> Optional[bytes]:
        """The next request's head without its empty line; None if none comes.

        :raises Malformed: if it is longer than :data:`HEAD_LIMIT`
        """
        try:
            end = self._find(_END_OF_HEAD, HEAD_LIMIT)
        except OSError:  # reset, or idle for too long
            return None
        if end is None:
            return None
        if end < 0:
            raise _too_long(self._buffer)
        # RFC 9112, 2.2: one empty line before the request is a forgivable sin of old clients.
        return self._take(end, len(_END_OF_HEAD)).removeprefix(_END_OF_LINE)

    def line(self) -> bytes:
        """A line of chunked framing.

        :raises ShortBody: if it does not come, or does not end
        """
        try:
            end = self._find(_END_OF_LINE, LINE_LIMIT)
        except OSError as cause:  # reset, or silent for too long
            raise ShortBody from cause
        if end is None:
            raise ShortBody
        if end < 0:
            raise BrokenFraming
        return self._take(end, len(_END_OF_LINE))

    def read(self, amount: int) -> bytes:
        """At most ``amount`` bytes, but at least one.

        :raises ShortBody: if none comes any more
        """
        if not self._buffer:
            return self._receive(min(amount, GULP))
        return self._take(min(amount, len(self._buffer)))

    def _receive(self, amount: int) -> bytes:
        try:
            data = self._sock.recv(amount)
        except OSError as cause:  # reset, or silent for too long
            raise ShortBody from cause
        if not data:
            raise ShortBody
        return data

    def _find(self, mark: bytes, limit: int) -> Optional[int]:
        """Where ``mark`` begins; -1 if it is not within the limit, None if the client hung up before."""
        start = 0
        while True:
            end = self._buffer.find(mark, start, limit)
            if end >= 0 or len(self._buffer) >= limit:
                return end
            start = max(0, len(self._buffer) - len(mark) + 1)
            data = self._sock.recv(HEAD_LIMIT)
            if not data:
                return None
            self._buffer += data

    def _take(self, amount: int, skip: int = 0) -> bytes:
        data, self._buffer = self._buffer[:amount], self._buffer[amount + skip :]
        return data


def _too_long(buffer: bytes) -> Malformed:
    if _END_OF_LINE in buffer:
        return Malformed(431, 'The request headers are too long.')
    return Malformed(414, 'The request line is too long.')


class Body(Protocol):
    """A body that knows how much of it is still to come."""

    received: int
    """bytes of content that were read so far"""

    @property
    def left(self) -> float:
        """Bytes still to be read; infinite if that is not known."""

    def read(self, amount: int = -1) -> bytes:
        """As :class:`~hcpsdk.mock.messages.RequestBody` wants it."""


class SizedBody:
    """A body of announced length; of length 0 if nothing was announced (RFC 9112, 6.3)."""

    def __init__(self, stream: Stream, length: int) -> None:
        self._stream = stream
        self._length = length
        self.received = 0

    @property
    def left(self) -> float:
        return self._length - self.received

    def read(self, amount: int = -1) -> bytes:
        """At most ``amount`` bytes, or all."""
        if amount < 0:
            return _all(self.read)
        wanted = min(amount, self._length - self.received)
        data = self._stream.read(wanted) if wanted else b''
        self.received += len(data)
        return data


class ChunkedBody:
    """A body that comes in chunks and tells its end."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._in_chunk = 0
        self._ended = False
        self.received = 0

    @property
    def left(self) -> float:
        return 0 if self._ended else math.inf

    def read(self, amount: int = -1) -> bytes:
        """At most ``amount`` bytes, or all."""
        if amount < 0:
            return _all(self.read)
        if amount == 0 or self._ended or not self._open_chunk():
            return b''
        data = self._stream.read(min(amount, self._in_chunk))
        self.received += len(data)
        self._in_chunk -= len(data)
        if not self._in_chunk:
            self._expect_empty_line()
        return data

    def _open_chunk(self) -> bool:
        """Get to the bytes of a chunk; False if it was the last one."""
        if not self._in_chunk:
            match = _CHUNK_SIZE.fullmatch(self._stream.line())
            if match is None:
                raise BrokenFraming
            self._in_chunk = int(match.group(1), 16)
        if not self._in_chunk:
            self._skip_trailers()
            self._ended = True
        return not self._ended

    def _expect_empty_line(self) -> None:
        if self._stream.line():
            raise BrokenFraming

    def _skip_trailers(self) -> None:
        allowed = LINE_LIMIT
        while allowed > 0:
            line = self._stream.line()
            if not line:
                return
            allowed -= len(line)
        raise BrokenFraming


def _all(read: Callable[[int], bytes]) -> bytes:
    return b''.join(iter(lambda: read(GULP), b''))
