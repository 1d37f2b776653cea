"""The public package of the same name, as far as possible by the same calls as ours."""

from __future__ import annotations

from typing import Any

from workloads import BLOCK, Door

import hcpsdk

VERSION = f'public hcpsdk {hcpsdk.version()}'


def shared(door: Door) -> Any:
    if door.cafile is not None and door.port not in hcpsdk.SSL_PORTS:
        hcpsdk.SSL_PORTS.append(door.port)  # it speaks TLS on HCP's own ports only, and they may be taken
    return hcpsdk.Target(
        door.address,
        hcpsdk.NativeAuthorization('n', 'n01'),
        port=door.port,
        dnscache=True,  # the only way in which it takes an address for a name
        sslcontext=door.context(),
    )


class Client:
    def __init__(self, door: Door, target: Any) -> None:
        self._connection = hcpsdk.Connection(target)

    def put(self, path: str, body: bytes) -> int:
        self._connection.PUT(path, body=body)
        return int(self._connection.response_status)

    def get(self, path: str) -> int:
        self._connection.GET(path)
        return len(self._connection.read())

    def head(self, path: str) -> int:
        self._connection.HEAD(path)
        return len(self._connection.getheaders())

    def delete(self, path: str) -> int:
        self._connection.DELETE(path)
        return int(self._connection.response_status)

    def upload(self, path: str, filename: str) -> int:
        with open(filename, 'rb') as file:
            self._connection.PUT(path, body=file)
        return int(self._connection.response_status)

    def download(self, path: str) -> int:
        self._connection.GET(path)
        total = 0
        while block := self._connection.read(BLOCK):
            total += len(block)
        return total

    def close(self) -> None:
        self._connection.close()
