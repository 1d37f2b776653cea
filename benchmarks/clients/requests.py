"""requests: a Session."""

from __future__ import annotations

from importlib.metadata import version

import requests
from workloads import AUTHORIZATION, BLOCK, Door

VERSION = f'requests {version("requests")}'


def shared(door: Door) -> None:
    """Its sessions have nothing in common."""


class Client:
    def __init__(self, door: Door, nothing: None) -> None:
        self._base = f'http{"s" if door.cafile else ""}://{door.address}:{door.port}'
        self._session = requests.Session()
        self._session.headers['Authorization'] = AUTHORIZATION
        self._session.verify = door.cafile or True

    def put(self, path: str, body: bytes) -> int:
        return self._session.put(self._base + path, data=body).status_code

    def get(self, path: str) -> int:
        return len(self._session.get(self._base + path).content)

    def head(self, path: str) -> int:
        return len(list(self._session.head(self._base + path).headers.items()))

    def delete(self, path: str) -> int:
        return self._session.delete(self._base + path).status_code

    def upload(self, path: str, filename: str) -> int:
        with open(filename, 'rb') as file:
            return self._session.put(self._base + path, data=file).status_code

    def download(self, path: str) -> int:
        with self._session.get(self._base + path, stream=True) as response:
            return sum(map(len, response.iter_content(BLOCK)))

    def close(self) -> None:
        self._session.close()
