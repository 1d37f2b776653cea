"""``X-HCP-Hash``: which algorithm, and whether some bytes are the ones that HCP means."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

# REST reference, 5.2: the algorithm is the namespace's; its names, and those of Python.
_ALGORITHMS = {
    'MD5': 'md5',
    'SHA-1': 'sha1',
    'SHA-256': 'sha256',
    'SHA-384': 'sha384',
    'SHA-512': 'sha512',
    'RIPEMD-160': 'ripemd160',
}

_HEADER = re.compile(r'([A-Za-z0-9-]+) ([0-9A-Fa-f]+)')


class Proof:
    """Bytes that go by, and the hash that they should have.

    :param said: the value of the header, for messages
    :param digest: of :mod:`hashlib`, without data
    :param wanted: the hash, in hexadecimal digits
    """

    def __init__(self, said: str, digest: Any, wanted: str) -> None:
        self._said = said
        self._digest = digest
        self._wanted = wanted.lower()
        self.count = 0
        """bytes that went by"""

    def __str__(self) -> str:
        return f'its hash is {self._digest.hexdigest().upper()}, not {self._said}'

    @classmethod
    def of(cls, said: str | None) -> Proof | None:
        """From the header; None if it is missing or of an algorithm that is not known here.

        >>> proof = Proof.of('MD5 900150983CD24FB0D6963F7D28E17F72')
        >>> proof.over([b'ab', b'c']).holds
        True
        >>> Proof.of('CRC 1234')
        """
        found = _HEADER.fullmatch(said or '')
        if found is None or found[1].upper() not in _ALGORITHMS:
            return None
        try:
            digest = hashlib.new(_ALGORITHMS[found[1].upper()], usedforsecurity=False)
        except ValueError:  # RIPEMD-160 comes with some builds of OpenSSL only
            return None
        return cls(found[0], digest, found[2])

    def add(self, data: bytes | memoryview) -> None:
        """The next bytes."""
        self._digest.update(data)
        self.count += len(data)

    def over(self, blocks: Iterable[Any]) -> Proof:
        """All of these."""
        for block in blocks:
            self.add(block)
        return self

    @property
    def holds(self) -> bool:
        """Whether the bytes up to now have that hash."""
        return bool(self._digest.hexdigest() == self._wanted)
