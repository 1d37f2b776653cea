"""The listening sockets of the nodes: one address for each node, one port number for each kind of access."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Optional

BACKLOG = 275
"""connections that wait to be accepted: an HCP node serves 255 and queues 20 (reference, 6.4)"""

MOST_FILLERS = 8
"""connections with which we try to fill a queue that is to take one; systems may allow some more"""

FILLED_AFTER = 0.02
"""seconds without an answer after which a queue counts as full; on this machine an answer takes no time"""

PORT_TRIES = 32
"""times that another port number is tried, when one is free on the first address but not on all"""


@dataclass(frozen=True)
class Access:
    """A kind of access to the HCP: what is spoken on one port."""

    mapi: bool
    context: Optional[ssl.SSLContext] = None
    """the server's side of TLS; None: plain"""


class Door(IntEnum):
    """How connections fare; of several reasons the greater one counts."""

    OPEN = 0
    BLACK_HOLE = 1
    """nobody answers"""
    SHUT = 2
    """they are refused"""


class Gate:
    """Where one node takes connections for one kind of access; made shut."""

    def __init__(self, node: int, access: Access, address: str, port: int) -> None:
        self.node = node
        self.access = access
        self.door = Door.SHUT
        self._fillers: list[socket.socket] = []
        self.socket = _bound(address, port)
        self.address, self.port = self.socket.getsockname()

    def open(self) -> None:
        """Take connections from now on."""
        with _named(self.address, self.port):
            self.socket.listen(BACKLOG)
        self.socket.setblocking(False)
        self.door = Door.OPEN

    def turn(self, door: Door) -> None:
        """Treat connections in another way from now on.

        A socket that is bound but does not listen refuses as a closed one does, and keeps the port from
        being given to somebody who wants any.
        """
        self.close()
        self.socket = _bound(self.address, self.port)
        self.door = door
        if door is Door.OPEN:
            self.open()
        elif door is Door.BLACK_HOLE:
            self._fill()

    def close(self) -> None:
        """Give the port back."""
        for sock in (self.socket, *self._fillers):
            sock.close()
        self._fillers.clear()

    def _fill(self) -> None:
        """Take all places in the queue of a socket that nobody accepts from: Linux drops what comes then."""
        self.socket.listen(0)
        for _ in range(MOST_FILLERS):
            filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._fillers.append(filler)
            filler.settimeout(FILLED_AFTER)
            try:
                filler.connect((self.address, self.port))
            except socket.timeout:
                return


def usable_addresses(first: int, nodes: int) -> list[str]:
    """The nodes' addresses, or one alone where the system has but 127.0.0.1.

    >>> usable_addresses(1, 1)
    ['127.0.0.1']
    """
    wanted = [f'127.0.0.{number}' for number in range(first, first + nodes)]
    try:
        for address in wanted:
            _bound(address, 0).close()
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        return ['127.0.0.1']
    return wanted


def gates(addresses: list[str], port: int, access: Access) -> list[Gate]:
    """A gate on each address, all on the same port; 0: one that is free on all of them.

    :raises OSError: if the port is taken, saying which
    """
    for _ in range(PORT_TRIES):
        try:
            return _row(addresses, port, access)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f'no port found that is free on all of {", ".join(addresses)}')


def _row(addresses: list[str], port: int, access: Access) -> list[Gate]:
    row: list[Gate] = []
    try:
        for node, address in enumerate(addresses):
            row.append(Gate(node, access, address, port))
            port = row[0].port
        for gate in row:
            gate.open()
    except OSError:
        for gate in row:
            gate.close()
        raise
    return row


def _bound(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # A node that is started again must not wait until its old connections are forgotten.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with _named(address, port):
            sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock


@contextlib.contextmanager
def _named(address: str, port: int) -> Iterator[None]:
    """Have a failure say which port is meant."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f'port {port} of {address}: {error.strerror}') from error
