"""Where the bytes of objects lie: in memory, or in one file each below a directory."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import IO, Optional, Protocol, Union

from .messages import RequestBody
from .model import HASH_SCHEMES
from .replies import Refusal

PIECE = 256 * 1024
"""bytes that are read or sent at a time"""

PACKED_PIECE = 16 * 1024
"""compressed bytes that are read at a time; gzip makes at most some thousand times as many of them"""

GZIP_FRAME = 16 + zlib.MAX_WBITS
"""zlib's way to say that there is a gzip header and trailer"""


class FilePieces:
    """The bytes of a file, piece by piece; the file is open from the start, so that it may be deleted."""

    _file: Optional[FileIO] = None  # as it stays if there is no such file

    def __init__(self, path: Path, start: int, length: int) -> None:
        self._file = path.open('rb', buffering=0)
        self._file.seek(start)
        self._left = length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._file.read(min(PIECE, self._left)) if self._file and self._left else b''
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Let the file go; also done at the end of the data, and when the answer is dropped."""
        self._left = 0
        if self._file is not None:
            self._file.close()

    def __del__(self) -> None:
        self.close()


class Blob(Protocol):
    """Stored bytes that do not change any more."""

    def pieces(self, start: int, length: int) -> Union[bytes, FilePieces]:
        """A part of the bytes."""

    def discard(self) -> None:
        """Nobody will ask for them again."""


@dataclass
class MemoryBlob:
    data: bytes

    def pieces(self, start: int, length: int) -> bytes:
        whole = start == 0 and length == len(self.data)
        return self.data if whole else self.data[start : start + length]

    def discard(self) -> None:
        """A replica may have the same one: memory goes with the last who knows it."""


@dataclass
class FileBlob:
    path: Path

    def pieces(self, start: int, length: int) -> Union[bytes, FilePieces]:
        if length > PIECE:
            return FilePieces(self.path, start, length)
        with self.path.open('rb', buffering=0) as file:
            file.seek(start)
            return file.read(length)

    def discard(self) -> None:
        self.path.unlink()


@dataclass(frozen=True)
class Sums:
    """What HCP knows of the bytes of an object or annotation."""

    size: int
    md5: str
    scheme: str
    digest: str

    @property
    def etag(self) -> str:
        return f'"{self.md5}"'

    @property
    def hash(self) -> str:
        """As in X-HCP-Hash."""
        return f'{self.scheme} {self.digest}'


class Intake:
    """Takes in one body: hashes it on its way to memory or to a file.

    Used as a context manager: what was not turned into a blob by :meth:`finish` is thrown away.
    """

    def __init__(self, scheme: str, directory: Optional[Path]) -> None:
        self._scheme = scheme
        self._md5 = hashlib.md5()
        self._hash = hashlib.new(HASH_SCHEMES[scheme])
        self._pieces: list[bytes] = []
        self._file: Optional[IO[bytes]] = None
        if directory is not None:
            handle, self._path = tempfile.mkstemp(dir=directory)
            self._file = os.fdopen(handle, 'wb', buffering=0)
        self.size = 0
        self._kept = False

    def write(self, piece: bytes) -> None:
        """Take in the next bytes."""
        self._md5.update(piece)
        self._hash.update(piece)
        self.size += len(piece)
        if self._file is not None:
            self._file.write(piece)
        else:
            self._pieces.append(piece)

    def finish(self) -> tuple[Blob, Sums]:
        """The bytes are complete."""
        sums = Sums(self.size, self._md5.hexdigest(), self._scheme, self._hash.hexdigest().upper())
        self._kept = True
        if self._file is None:
            return MemoryBlob(b''.join(self._pieces)), sums
        self._file.close()
        return FileBlob(Path(self._path)), sums

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()
            if not self._kept:
                os.unlink(self._path)


def sums_of(data: bytes, scheme: str) -> Sums:
    """Size and hashes of bytes that lie in memory (annotations)."""
    digest = hashlib.new(HASH_SCHEMES[scheme], data).hexdigest().upper()
    return Sums(len(data), hashlib.md5(data).hexdigest(), scheme, digest)


class GunzippedBody:
    """A body that came gzip-compressed, read as plain bytes (HCP stores those).

    :raises Refusal: 400 from :meth:`read`, if the data is not, or not completely, gzip
    """

    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self._inflate = zlib.decompressobj(GZIP_FRAME)
        self._plain = b''
        self._ended = False

    def read(self, amount: int = -1) -> bytes:
        """The next plain bytes, at most ``amount`` of them."""
        if amount < 0:
            return b''.join(iter(lambda: self.read(PIECE), b''))
        while not self._plain and not self._ended:
            self._plain = self._step()
        plain, self._plain = self._plain[:amount], self._plain[amount:]
        return plain

    def _step(self) -> bytes:
        packed = self._body.read(PACKED_PIECE)
        if packed:
            return self._unpack(packed)
        if not self._inflate.eof:
            raise Refusal(400, 'the body is not a complete gzip stream')
        self._ended = True
        return b''

    def _unpack(self, packed: bytes) -> bytes:
        plain = b''
        try:
            while packed:
                if self._inflate.eof:  # gzip data may consist of several members
                    self._inflate = zlib.decompressobj(GZIP_FRAME)
                plain += self._inflate.decompress(packed)
                packed = self._inflate.unused_data
        except zlib.error as error:
            raise Refusal(400, 'the body is not gzip data') from error
        return plain


def compressed(pieces: Union[bytes, Iterable[bytes]]) -> Iterator[bytes]:
    """The same bytes as a gzip stream, always the same one for the same bytes."""
    deflate = zlib.compressobj(wbits=GZIP_FRAME)
    for piece in [pieces] if isinstance(pieces, bytes) else pieces:
        packed = deflate.compress(piece)
        if packed:
            yield packed
    yield deflate.flush()
