"""An answer that notices when its body is cut short, and tells when it is complete.

:class:`http.client.HTTPResponse` returns fewer bytes than were announced, without a word, from
``read(n)`` and ``readinto()``; for an archive that is a lost object. This subclass raises, by
every way of reading.
"""

from __future__ import annotations

import http.client
import socket
from typing import Any, Callable, TypeVar

from .errors import HcpsdkError, HcpsdkTimeoutError, HcpsdkTruncatedError

T = TypeVar('T')


class Response(http.client.HTTPResponse):
    """One answer of HCP, as :mod:`http.client` presents it.

    :param sock: the connected socket
    :param method: of the request, as the answer to HEAD has no body
    :param peer: who sends it, for messages
    :param ended: is called once, with whether the body arrived whole
    """

    def __init__(self, sock: socket.socket, method: str, peer: str, ended: Callable[[bool], None]) -> None:
        super().__init__(sock, method=method)
        self._peer = peer
        self._ended: Callable[[bool], None] | None = ended
        self._announced: int | None = None
        self._whole = False

    def begin(self) -> None:
        """Read status line and headers."""
        super().begin()
        self._announced = self.length

    @property
    def whole(self) -> bool:
        """Everything that was announced has been read."""
        return self._whole

    def read(self, amt: int | None = None) -> bytes:
        """At most ``amt`` bytes of the body, all that is left by default."""
        asked = None if amt is None or amt < 0 else amt
        return self._checked(lambda: super(Response, self).read(asked), asked)

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` from the body; returns how many bytes came."""
        view = memoryview(buffer).cast('B')
        return self._checked(lambda: super(Response, self).readinto(view), view.nbytes)

    def read1(self, n: int = -1) -> bytes:
        """What is there already, at most ``n`` bytes of it."""
        return self._checked(lambda: super(Response, self).read1(n), min(1, abs(n)))

    def readline(self, limit: int | None = -1) -> bytes:
        """One line of the body."""
        at_most = -1 if limit is None else limit
        return self._checked(lambda: super(Response, self).readline(at_most), min(1, abs(at_most)))

    def close(self) -> None:
        """Give up what is left of the body; its socket cannot be used again then."""
        super().close()
        self._tell(self._whole)

    def _checked(self, read: Callable[[], T], least: int | None) -> T:
        """Read, and compare what came with what was announced.

        :param least: fewer bytes than this (None: than all that is left) mean that the end is missing
        """
        if self.isclosed() and not self._whole:
            raise HcpsdkTruncatedError(f'the answer of {self._peer} was closed before its body had ended')
        before = self.length
        try:
            got = read()
        except (OSError, http.client.HTTPException) as cause:
            raise self._cut(cause) from cause
        if before and _size(got) < (before if least is None else min(least, before)):
            raise self._cut(None)
        self.settle()
        return got

    def settle(self) -> None:
        """After the last byte let go of the socket; :mod:`http.client` itself waits for one read more."""
        if self.length == 0 and not self.chunked and not self.isclosed():
            super().read()
        if self.isclosed():
            self._tell(whole=True)

    def _cut(self, cause: Exception | None) -> HcpsdkError:
        """Close, and say how far we came."""
        progress = self._progress(cause)
        self.close()
        if isinstance(cause, socket.timeout):
            return HcpsdkTimeoutError(f'{self._peer} went silent in the middle of a body, after {progress}')
        return HcpsdkTruncatedError(
            f'the body from {self._peer} was cut short after {progress}; read it again, this is not the whole'
        )

    def _progress(self, cause: Exception | None) -> str:
        """``n of m bytes`` as far as it can be known."""
        if self._announced is None or self.length is None:
            return 'an unknown part of it'
        partial = cause.partial if isinstance(cause, http.client.IncompleteRead) else b''
        return f'{self._announced - self.length + len(partial)} of {self._announced} bytes'

    def _tell(self, whole: bool) -> None:
        """Once: to whom the socket belongs."""
        self._whole = whole
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(whole)


def _size(got: Any) -> int:
    return got if isinstance(got, int) else len(got)
