"""``http.client`` as the standard library has it: what all others are compared to."""

from __future__ import annotations

import http.client
import os
import platform
import ssl

from workloads import AUTHORIZATION, BLOCK, Door

VERSION = f'http.client of Python {platform.python_version()}'

HEADERS = {'Authorization': AUTHORIZATION}


def shared(door: Door) -> ssl.SSLContext | None:
    return door.context()


class Client:
    def __init__(self, door: Door, context: ssl.SSLContext | None) -> None:
        self._connection = (
            http.client.HTTPSConnection(door.address, door.port, context=context)
            if context
            else http.client.HTTPConnection(door.address, door.port)
        )

    def put(self, path: str, body: bytes) -> int:
        self._connection.request('PUT', path, body, HEADERS)
        return self._finished().status

    def get(self, path: str) -> int:
        self._connection.request('GET', path, headers=HEADERS)
        return len(self._connection.getresponse().read())

    def head(self, path: str) -> int:
        self._connection.request('HEAD', path, headers=HEADERS)
        return len(self._finished().getheaders())

    def delete(self, path: str) -> int:
        self._connection.request('DELETE', path, headers=HEADERS)
        return self._finished().status

    def upload(self, path: str, filename: str) -> int:
        size = str(os.path.getsize(filename))  # without it the file would go out in chunks, which costs more
        with open(filename, 'rb') as file:
            self._connection.request('PUT', path, file, {**HEADERS, 'Content-Length': size})
        return self._finished().status

    def download(self, path: str) -> int:
        self._connection.request('GET', path, headers=HEADERS)
        response, total = self._connection.getresponse(), 0
        while block := response.read(BLOCK):
            total += len(block)
        return total

    def _finished(self) -> http.client.HTTPResponse:
        response = self._connection.getresponse()
        response.read()
        return response

    def close(self) -> None:
        self._connection.close()
