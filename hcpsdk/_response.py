"""An answer that notices when its body is cut short, and tells when it is complete.

:class:`http.client.HTTPResponse` returns fewer bytes than were announced, without a word, from
``read(n)`` and ``readinto()``; for an archive that is a lost object. This subclass raises, by
every way of reading.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
from typing import Any, BinaryIO, Callable, TypeVar, cast

from .errors import HcpsdkError, HcpsdkTimeoutError, HcpsdkTruncatedError

T = TypeVar('T')

LONGEST_SIZE_LINE = 4096
"""bytes; a chunk's size and what extensions a proxy may have added to it"""

# RFC 9112, 7.1; without the line's end it is a part of a size only. HCP needs no more than 16 digits.
_CHUNK_SIZE = re.compile(rb'([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n')


class _Head:
    """The lines up to a body. For :mod:`http.client` a head that breaks off is one that has ended.

    :param file: where they come from
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.begun = False

    def readline(self, limit: int) -> bytes:
        """The next line; once something has come, an end without a line's end is a broken connection."""
        line = self.file.readline(limit)
        self.begun = self.begun or bool(line)
        if self.begun and len(line) < limit and not line.endswith(b'\n'):
            raise ConnectionResetError('closed in the middle of the head of an answer')
        return line

    def close(self) -> None:
        """As :mod:`http.client` does when the first line is not HTTP."""
        self.file.close()


class Response(http.client.HTTPResponse):
    """One answer of HCP, as :mod:`http.client` presents it.

    :param sock: the connected socket
    :param method: of the request, as the answer to HEAD has no body
    :param peer: who sends it, for messages
    :param ended: is called once, with whether the body arrived whole
    """

    def __init__(self, sock: socket.socket, method: str, peer: str, ended: Callable[[bool], None]) -> None:
        super().__init__(sock, method=method)
        self._peer = peer
        self._ended: Callable[[bool], None] | None = ended
        self._announced: int | None = None
        self._whole = False
        self._begun = False
        self._pid = os.getpid()

    def begin(self) -> None:
        """Read status line and headers; interim answers (RFC 9110, 15.2) are passed over."""
        head = _Head(self.fp)
        self.fp = cast(Any, head)
        try:
            super().begin()
            while 100 <= self.status < 200:
                self.headers = cast(Any, None)
                super().begin()
        finally:
            self._begun = head.begun
            self.fp = cast(Any, self.fp and head.file)
        if self.length == 0:  # to HEAD, 204 and 304 there is no body, whatever the headers describe
            self.chunked = False
        self._announced = self.length

    @property
    def begun(self) -> bool:
        """At least a byte of the answer has come."""
        return self._begun

    @property
    def whole(self) -> bool:
        """Everything that was announced has been read."""
        return self._whole

    def read(self, amt: int | None = None) -> bytes:
        """At most ``amt`` bytes of the body, all that is left by default."""
        asked = None if amt is None or amt < 0 else amt
        return self._checked(lambda: super(Response, self).read(asked), asked)

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` from the body; returns how many bytes came."""
        view = memoryview(buffer).cast('B')
        return self._checked(lambda: super(Response, self).readinto(view), view.nbytes)

    def read1(self, n: int = -1) -> bytes:
        """What is there already, at most ``n`` bytes of it."""
        return self._checked(lambda: super(Response, self).read1(n), min(1, abs(n)))

    def readline(self, limit: int | None = -1) -> bytes:
        """One line of the body."""
        at_most = -1 if limit is None else limit
        return self._checked(lambda: self._line(at_most), min(1, abs(at_most)))

    def _line(self, at_most: int) -> bytes:
        """Only the last line of a body may end without a line's end."""
        line = super().readline(at_most)
        if self.length and len(line) != at_most and not line.endswith(b'\n'):
            raise http.client.IncompleteRead(b'', self.length)
        return line

    def _read_next_chunk_size(self) -> int:
        """The base class takes what is left of a size for a size: ``0`` of ``0400`` for the end."""
        line = self.fp.readline(LONGEST_SIZE_LINE)
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise http.client.HTTPException(f'not the size of a chunk: {line[:20]!r}')
        return int(size[1], 16)

    def close(self) -> None:
        """Give up what is left of the body; its socket cannot be used again then."""
        super().close()
        self._tell(self._whole)

    def _checked(self, read: Callable[[], T], least: int | None) -> T:
        """Read, and compare what came with what was announced.

        :param least: fewer bytes than this (None: than all that is left) mean that the end is missing
        """
        if self._pid != os.getpid():
            self.close()
            raise HcpsdkError(f'the answer of {self._peer} belongs to the process that asked for it')
        if self._ended is None and not self._whole:
            raise HcpsdkTruncatedError(f'the answer of {self._peer} was closed before its body had ended')
        before = self.length
        try:
            got = read()
        except (OSError, http.client.HTTPException) as cause:
            raise self._cut(cause) from cause
        except BaseException:  # KeyboardInterrupt: nobody knows how much was read, and is lost
            self.close()
            raise
        if before and _size(got) < (before if least is None else min(least, before)):
            raise self._cut(None)
        self.settle()
        return got

    def settle(self) -> None:
        """After the last byte let go of the socket; :mod:`http.client` itself waits for one read more."""
        if self.length == 0 and not self.chunked and not self.isclosed():
            super().read()
        if self.isclosed():
            self._tell(whole=True)

    def _cut(self, cause: Exception | None) -> HcpsdkError:
        """Close, and say how far we came."""
        progress = self._progress(cause)
        self.close()
        if isinstance(cause, (socket.timeout, TimeoutError)):  # two classes before Python 3.10
            return HcpsdkTimeoutError(f'{self._peer} went silent in the middle of a body, after {progress}')
        return HcpsdkTruncatedError(
            f'the body from {self._peer} was cut short after {progress}; read it again, this is not the whole'
        )

    def _progress(self, cause: Exception | None) -> str:
        """``n of m bytes`` as far as it can be known."""
        if self._announced is None or self.length is None:
            return 'an unknown part of it'
        partial = cause.partial if isinstance(cause, http.client.IncompleteRead) else b''
        return f'{self._announced - self.length + len(partial)} of {self._announced} bytes'

    def _tell(self, whole: bool) -> None:
        """Once: to whom the socket belongs."""
        self._whole = whole
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(whole)


def _size(got: Any) -> int:
    return got if isinstance(got, int) else len(got)
