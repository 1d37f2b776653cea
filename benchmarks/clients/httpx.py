"""httpx: a Client."""

from __future__ import annotations

import ssl

import httpx
from workloads import AUTHORIZATION, BLOCK, Door

VERSION = f'httpx {httpx.__version__}'


def shared(door: Door) -> ssl.SSLContext:
    """Always a context: without one each of its clients would read all the authorities of the system."""
    return door.context() or ssl.create_default_context()


class Client:
    def __init__(self, door: Door, context: ssl.SSLContext) -> None:
        base = f'http{"s" if door.cafile else ""}://{door.address}:{door.port}'
        self._client = httpx.Client(
            base_url=base, verify=context, headers={'Authorization': AUTHORIZATION}, timeout=30
        )

    def put(self, path: str, body: bytes) -> int:
        return int(self._client.put(path, content=body).status_code)

    def get(self, path: str) -> int:
        return len(self._client.get(path).content)

    def head(self, path: str) -> int:
        return len(list(self._client.head(path).headers.items()))

    def delete(self, path: str) -> int:
        return int(self._client.delete(path).status_code)

    def upload(self, path: str, filename: str) -> int:
        with open(filename, 'rb') as file:
            return int(self._client.put(path, content=file).status_code)

    def download(self, path: str) -> int:
        with self._client.stream('GET', path) as response:
            return sum(map(len, response.iter_bytes(BLOCK)))

    def close(self) -> None:
        self._client.close()
