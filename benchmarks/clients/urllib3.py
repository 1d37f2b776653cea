"""urllib3: a PoolManager."""

from __future__ import annotations

import os
import ssl
from importlib.metadata import version

import urllib3
from workloads import AUTHORIZATION, BLOCK, Door

VERSION = f'urllib3 {version("urllib3")}'

HEADERS = {'Authorization': AUTHORIZATION}


def shared(door: Door) -> ssl.SSLContext | None:
    return door.context()


class Client:
    def __init__(self, door: Door, context: ssl.SSLContext | None) -> None:
        self._base = f'http{"s" if door.cafile else ""}://{door.address}:{door.port}'
        self._pool = urllib3.PoolManager(headers=HEADERS, ssl_context=context)

    def put(self, path: str, body: bytes) -> int:
        return self._pool.request('PUT', self._base + path, body=body).status

    def get(self, path: str) -> int:
        return len(self._pool.request('GET', self._base + path).data)

    def head(self, path: str) -> int:
        return len(list(self._pool.request('HEAD', self._base + path).headers.items()))

    def delete(self, path: str) -> int:
        return self._pool.request('DELETE', self._base + path).status

    def upload(self, path: str, filename: str) -> int:
        headers = {**HEADERS, 'Content-Length': str(os.path.getsize(filename))}
        with open(filename, 'rb') as file:
            return self._pool.request('PUT', self._base + path, body=file, headers=headers).status

    def download(self, path: str) -> int:
        response = self._pool.request('GET', self._base + path, preload_content=False)
        total = sum(map(len, response.stream(BLOCK)))
        response.release_conn()
        return total

    def close(self) -> None:
        self._pool.clear()
