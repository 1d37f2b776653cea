"""pycurl: one handle per client, the TLS sessions shared by all of them."""

from __future__ import annotations

import io
import os
from typing import Any

import pycurl
from workloads import AUTHORIZATION, BLOCK, Door

VERSION = 'pycurl ' + ', '.join(pycurl.version.split()[:3]).replace('PycURL/', '').replace('/', ' ')

HEADERS = [f'Authorization: {AUTHORIZATION}', 'Expect:']
"""the second one: do not ask before a large upload"""


def shared(door: Door) -> Any:
    share = pycurl.CurlShare()
    share.setopt(pycurl.SH_SHARE, pycurl.LOCK_DATA_SSL_SESSION)
    return share


class Client:
    def __init__(self, door: Door, share: Any) -> None:
        self._base = f'http{"s" if door.cafile else ""}://{door.address}:{door.port}'
        self._curl = pycurl.Curl()
        self._curl.setopt(pycurl.SHARE, share)
        self._fixed = [
            (pycurl.NOSIGNAL, 1),
            (pycurl.HTTPHEADER, HEADERS),
            (pycurl.BUFFERSIZE, BLOCK),
            *([(pycurl.CAINFO, door.cafile)] if door.cafile else []),
        ]

    def put(self, path: str, body: bytes) -> int:
        return self._send(path, io.BytesIO(body), len(body))

    def get(self, path: str) -> int:
        came = io.BytesIO()
        self._perform(path, (pycurl.WRITEDATA, came))
        return len(came.getvalue())

    def head(self, path: str) -> int:
        lines: list[bytes] = []
        self._perform(path, (pycurl.NOBODY, 1), (pycurl.HEADERFUNCTION, lines.append))
        return len([line.decode('latin-1').partition(': ') for line in lines[1:-1]])

    def delete(self, path: str) -> int:
        return self._perform(path, (pycurl.CUSTOMREQUEST, 'DELETE'))

    def upload(self, path: str, filename: str) -> int:
        with open(filename, 'rb') as file:
            return self._send(path, file, os.path.getsize(filename))

    def download(self, path: str) -> int:
        total = 0

        def count(block: bytes) -> None:
            nonlocal total
            total += len(block)

        self._perform(path, (pycurl.WRITEFUNCTION, count))
        return total

    def _send(self, path: str, file: Any, size: int) -> int:
        return self._perform(
            path, (pycurl.UPLOAD, 1), (pycurl.READDATA, file), (pycurl.INFILESIZE_LARGE, size)
        )

    def _perform(self, path: str, *options: tuple[int, Any]) -> int:
        """One transfer; ``reset`` forgets the options of the last one, but neither connection nor share."""
        self._curl.reset()
        self._curl.setopt(pycurl.URL, self._base + path)
        for option, value in [*self._fixed, *options]:
            self._curl.setopt(option, value)
        self._curl.perform()
        return int(self._curl.getinfo(pycurl.RESPONSE_CODE))

    def close(self) -> None:
        self._curl.close()
