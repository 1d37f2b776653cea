"""Plain sockets and no care at all: the floor, below which no client in Python can come."""

from __future__ import annotations

import os
import platform
import socket
import ssl
from typing import Any

from workloads import AUTHORIZATION, BLOCK, Door

VERSION = f'socket of Python {platform.python_version()}'

LARGER_BLOCK = 262144
"""bytes; what goes to TLS at once"""


class Node:
    """Where to connect to; and the TLS session, so that the second connection is cheaper."""

    def __init__(self, door: Door) -> None:
        self._address = (door.address, door.port)
        self._context = door.context()
        self.session: Any = None
        self.headers = f'Host: {door.address}:{door.port}\r\nAuthorization: {AUTHORIZATION}\r\n'.encode()

    def connect(self) -> socket.socket:
        sock = socket.create_connection(self._address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return sock
        return self._context.wrap_socket(sock, server_hostname=self._address[0], session=self.session)


def shared(door: Door) -> Node:
    return Node(door)


class Client:
    def __init__(self, door: Door, node: Node) -> None:
        self._node = node
        self._socket = node.connect()

    def put(self, path: str, body: bytes) -> int:
        self._socket.sendall(self._request(b'PUT', path, b'Content-Length: %d\r\n' % len(body)) + body)
        return _status(self._answer()[0])

    def get(self, path: str) -> int:
        self._socket.sendall(self._request(b'GET', path))
        head, came = self._answer()
        length = _length(head)
        while len(came) < length:
            came += self._socket.recv(BLOCK)
        return len(came)

    def head(self, path: str) -> int:
        self._socket.sendall(self._request(b'HEAD', path))
        lines = self._answer()[0].decode('latin-1').split('\r\n')[1:]
        return len([line.partition(': ') for line in lines])

    def delete(self, path: str) -> int:
        self._socket.sendall(self._request(b'DELETE', path))
        return _status(self._answer()[0])

    def upload(self, path: str, filename: str) -> int:
        size = os.path.getsize(filename)
        self._socket.sendall(self._request(b'PUT', path, b'Content-Length: %d\r\n' % size))
        with open(filename, 'rb', buffering=0) as file:
            if not isinstance(self._socket, ssl.SSLSocket):
                self._socket.sendfile(file)
            else:
                buffer = memoryview(bytearray(LARGER_BLOCK))
                while read := file.readinto(buffer):
                    self._socket.sendall(buffer[:read])
        return _status(self._answer()[0])

    def download(self, path: str) -> int:
        self._socket.sendall(self._request(b'GET', path))
        head, rest = self._answer()
        length, total, buffer = _length(head), len(rest), bytearray(BLOCK)
        while total < length:
            total += self._socket.recv_into(buffer)
        return total

    def _request(self, method: bytes, path: str, more: bytes = b'') -> bytes:
        return b'%b %b HTTP/1.1\r\n%b%b\r\n' % (method, path.encode(), self._node.headers, more)

    def _answer(self) -> tuple[bytes, bytes]:
        """The head, and what has come of the body."""
        came = self._socket.recv(BLOCK)
        while b'\r\n\r\n' not in came:
            came += self._socket.recv(BLOCK)
        head, _, rest = came.partition(b'\r\n\r\n')
        return head, rest

    def close(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            self._node.session = self._socket.session
        self._socket.close()


def _status(head: bytes) -> int:
    return int(head[9:12])


def _length(head: bytes) -> int:
    return int(head.partition(b'Content-Length: ')[2].partition(b'\r')[0])
