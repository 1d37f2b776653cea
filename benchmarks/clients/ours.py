"""This package, by nothing but what its documentation shows."""

from __future__ import annotations

from workloads import BLOCK, Door

import hcpsdk

VERSION = f'hcpsdk {hcpsdk.version()}'


def shared(door: Door) -> hcpsdk.Target:
    return hcpsdk.Target(
        door.address,
        hcpsdk.NativeAuthorization('n', 'n01'),
        port=door.port,
        ssl=door.cafile is not None,
        sslcontext=door.context(),
    )


class Client:
    def __init__(self, door: Door, target: hcpsdk.Target) -> None:
        self._connection = hcpsdk.Connection(target)

    def put(self, path: str, body: bytes) -> int | None:
        self._connection.PUT(path, body=body)
        return self._connection.response_status

    def get(self, path: str) -> int:
        self._connection.GET(path)
        return len(self._connection.read())

    def head(self, path: str) -> int:
        self._connection.HEAD(path)
        return len(self._connection.getheaders())

    def delete(self, path: str) -> int | None:
        self._connection.DELETE(path)
        return self._connection.response_status

    def upload(self, path: str, filename: str) -> int | None:
        with open(filename, 'rb') as file:
            self._connection.PUT(path, body=file)
        return self._connection.response_status

    def download(self, path: str) -> int:
        self._connection.GET(path)
        total = 0
        while block := self._connection.read(BLOCK):
            total += len(block)
        return total

    def close(self) -> None:
        self._connection.close()
