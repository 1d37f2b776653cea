"""What comes out of a socket, kept until somebody wants it.

One reader serves a connection for its whole life. It asks the socket for as much as is there and
hands it out from memory, so a small answer costs one system call; a large block goes straight to
whoever asked for it. What was left unread can be seen, which tells whether a connection is clean.
"""

from __future__ import annotations

import io
import socket

AT_ONCE = 65536
"""bytes asked for at least: more than the answer to a small request, as much as loopback moves at once"""

MOST_AT_ONCE = 262144
"""bytes asked for at most: Python sets aside as many before it knows how many will come"""


class Reader:
    """A buffer in front of a socket. Fewer bytes than asked for mean that the other side hung up.

    :param sock: a connected socket; each wait for it is bounded by its own timeout
    """

    def __init__(self, sock: socket.socket) -> None:
        self._recv = sock.recv
        self._recv_into = sock.recv_into
        self._sock = sock
        self._kept = b''
        self._at = 0

    def fileno(self) -> int:
        """Of the socket, for those who want to wait for it."""
        return self._sock.fileno()

    @property
    def pending(self) -> int:
        """Bytes that came and that nobody has asked for."""
        return len(self._kept) - self._at

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

    def read(self, amount: int) -> bytes:
        """The next bytes, however long they take to come."""
        data = self.take(amount)
        if not data and amount:
            data = self._receive(amount)
        return data if len(data) == amount or not data else self._read_on(data, amount)

    def _receive(self, amount: int) -> bytes:
        """By one call; if it brings more than is wanted, the rest is kept."""
        if amount >= AT_ONCE:
            return self._recv(min(amount, MOST_AT_ONCE))
        self._kept, self._at = self._recv(AT_ONCE), 0
        return self.take(amount)

    def _read_on(self, data: bytes, amount: int) -> bytes:
        """A BytesIO gives away what it has collected without another copy."""
        whole = io.BytesIO()
        missing = amount - whole.write(data)
        while missing and (data := self._receive(missing)):
            missing -= whole.write(data)
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
