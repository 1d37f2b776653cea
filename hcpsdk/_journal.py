"""What became of a request, each time that it was sent: for programs, for logs and for errors."""

from __future__ import annotations

from ._request import Request
from ._response import Response
from ._trace import redact_target

_TIMES = ('resolve', 'connect', 'send', 'wait', 'read')


class Attempt:
    """One time that a request was sent. Times are in seconds, 0.0 where a step was not taken.

    .. versionadded:: 0.9.0-5
    """

    reached = 'reading'
    """How far it came: ``sending``, ``waiting`` or ``reading``; see the states of a link (str)."""
    resolve = 0.0
    """Asking for addresses again, which is done when no known one takes a connection (float)."""
    connect = 0.0
    """Connecting, with the TLS handshake and with the nodes that took no connection (float)."""
    send = 0.0
    """Sending (float)."""
    wait = 0.0
    """Waiting for the answer's head (float)."""
    read = 0.0
    """Reading the answer's body by :meth:`hcpsdk.Connection.read` (float)."""
    sent = 0
    """Bytes that were handed to the network, head and body, as far as that is known (int)."""
    note = ''
    """What went wrong, or how the answer was understood; empty if all is as it seems (str)."""
    _answer: Response | None = None
    _body: Response | None = None
    _before = 0
    _kept: int | None = None

    def __init__(self, request: Request, address: str, reused: bool) -> None:
        self._method, self._path = request.method, request.path  # not the body: it may be large
        self.address = address
        """The address of the node (str)."""
        self.reused = reused
        """The connection had carried a request before (bool)."""

    def __repr__(self) -> str:
        return f'<Attempt: {self}>'

    def __str__(self) -> str:
        """One line, without secrets."""
        times = [(name, getattr(self, name)) for name in _TIMES]
        facts = [
            str(self.status) if self._answer is not None else f'died {self.reached}',
            f'{self.sent} bytes sent',
            *(f'{name} {seconds:.6f} s' for name, seconds in times if seconds),
            *([f'X-RequestId {self.request_id}'] if self.request_id else []),
            *([self.note] if self.note else []),
        ]
        line = 'kept' if self.reused else 'new'
        told = f'{self._method} {redact_target(self._path)} to {self.address} ({line}): {", ".join(facts)}'
        return ' '.join(told.split())  # a header may be folded; what comes from outside makes no lines here

    @property
    def status(self) -> int | None:
        """The status code of the answer; None if there was none."""
        return None if self._answer is None else self._answer.status

    @property
    def received(self) -> int | None:
        """Bytes of the answer's body that were read; None if there was no answer, or none of known length."""
        body = self._body or self._answer
        if self._kept is not None or body is None or body.received is None:
            return self._kept
        return body.received - self._before

    def goes_on(self, start: int, other: Attempt) -> None:
        """Its body broke off after so many bytes, and goes on with that of another attempt."""
        self.note = f'its body broke off, the bytes from {start} on are those of the replica'
        self._kept, other._before, other._body = start, start, self._answer

    @property
    def request_id(self) -> str | None:
        """What HCP calls the request in its own logs (``X-RequestId``); None if it did not say."""
        return None if self._answer is None else self._answer.getheader('X-RequestId')
