"""What comes out of a socket, kept until somebody wants it.

One reader serves a connection for its whole life. It asks the socket for as much as is there and
hands it out from memory, so a small answer costs one system call; a large block goes straight to
whoever asked for it. What was left unread can be seen, which tells whether a connection is clean.
"""

from __future__ import annotations

import io
from functools import cached_property
from typing import Any, Protocol

AT_ONCE = 65536
"""bytes asked for at least: more than the answer to a small request, as much as loopback moves at once"""

MOST_AT_ONCE = 1048576
"""bytes set aside at most before it is known how many will come: an announced length may be a lie"""


class Source(Protocol):
    """What of a socket is needed here."""

    def fileno(self) -> int:
        """Its descriptor."""

    def recv(self, amount: int, /) -> bytes:
        """At most so many bytes, none at the end."""

    def recv_into(self, view: memoryview, /) -> int:
        """As many as come, into ``view``."""


class _Straight(io.RawIOBase):
    """A socket as :class:`io.BufferedReader` wants it, without a Python function in between."""

    def __init__(self, source: Source) -> None:
        self.readinto: Any = source.recv_into

    def readable(self) -> bool:
        return True


class Reader:
    """A buffer in front of a socket. Fewer bytes than asked for mean that the other side hung up.

    :param source: a connected socket; each wait for it is bounded by its own timeout
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._recv = source.recv
        self._recv_into = source.recv_into
        self._kept = b''
        self._at = 0

    def fileno(self) -> int:
        """Of the socket, for those who want to wait for it."""
        return self._source.fileno()

    @property
    def pending(self) -> int:
        """Bytes that came and that nobody has asked for."""
        return len(self._kept) - self._at

    @cached_property
    def _fill(self) -> io.BufferedReader:
        """Fills what was asked for, in C; with a buffer of one byte it never reads ahead."""
        return io.BufferedReader(_Straight(self._source), 1)

    def peek(self) -> bytes:
        """What is there without being taken, at least a byte unless the other side hung up."""
        if self._at == len(self._kept):
            self._kept, self._at = self._recv(AT_ONCE), 0
        return self._kept[self._at :] if self._at else self._kept

    def take(self, amount: int) -> bytes:
        """The next bytes, of those that are there."""
        start = self._at
        self._at = min(start + amount, len(self._kept))
        return self._kept[start : self._at]

    def take_head(self) -> bytes:
        """What is there up to and with the first empty line; waits for a first byte only.

        :returns: nothing if there is no empty line yet
        """
        if self._at == len(self._kept):
            self._kept, self._at = self._recv(AT_ONCE), 0
        start, end = self._at, self._kept.find(b'\n\r\n', self._at) + 3
        bare = self._kept.find(b'\n\n', start, end if end > 2 else None) + 2  # RFC 9112, 2.2 allows for it
        end = bare if bare > 1 else end
        if end < 3:
            return b''
        self._at = end
        return self._kept[start:end]

    def read(self, amount: int) -> bytes:
        """The next bytes, however long they take to come."""
        if self._at == len(self._kept):
            if amount >= AT_ONCE:
                return self._filled(amount)
            if not amount:
                return b''
            self._kept, self._at = self._recv(AT_ONCE), 0
        start, data = self._at, self.take(amount)
        if len(data) == amount or not data:
            return data
        try:
            return data + self._filled(amount - len(data))
        except OSError:
            self._at = start  # that much has come, at least
            raise

    def _filled(self, amount: int) -> bytes:
        """Straight from the socket; a BytesIO gives away what it has collected without another copy."""
        if amount <= MOST_AT_ONCE:
            return self._fill.read(amount)
        whole = io.BytesIO()
        while amount and (data := self._fill.read(min(amount, MOST_AT_ONCE))):
            amount -= whole.write(data)
        return whole.getvalue()

    def readinto(self, view: memoryview) -> int:
        """Fill ``view``, without a copy of what is not here yet."""
        ready = self.take(len(view))
        got = len(ready)
        view[:got] = ready
        while got < len(view):
            more = self._recv_into(view[got:])
            if not more:
                break
            got += more
        return got

    def readline(self, limit: int) -> bytes:
        """Up to the next line feed, included, or ``limit`` bytes."""
        parts: list[bytes] = []
        while limit > 0:
            ready = self.peek()
            end = ready.find(b'\n', 0, limit) + 1
            parts.append(self.take(end or limit))
            limit -= len(parts[-1])
            if end or not ready:
                break
        return b''.join(parts)

    def read_to_end(self) -> bytes:
        """Everything until the other side hangs up."""
        parts = [self.take(self.pending)]
        while True:
            part = self._recv(AT_ONCE)
            if not part:
                return b''.join(parts)
            parts.append(part)
