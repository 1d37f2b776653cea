"""What passes between the mock's wire and its HCP: requests and answers as plain values.

``server`` reads requests off a socket and writes answers to it and knows nothing of objects
and tenants; ``application`` knows these and nothing of sockets. This file is all they share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Optional, Protocol, Union, overload


class Headers:
    """Header lines in the order they came, looked up without regard to case.

    >>> h = Headers([('Host', 'a'), ('X-Tag', '1'), ('x-tag', '2')])
    >>> h.get('HOST'), h.getall('X-Tag'), 'range' in h
    ('a', ['1', '2'], False)
    """

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        self._lines = list(lines)
        self._first: dict[str, str] = {}
        for name, value in self._lines:
            self._first.setdefault(name.lower(), value)

    @overload
    def get(self, name: str) -> Optional[str]: ...

    @overload
    def get(self, name: str, default: str) -> str: ...

    def get(self, name: str, default: Optional[str] = None) -> Optional[str]:
        """The first value under this name."""
        return self._first.get(name.lower(), default)

    def getall(self, name: str) -> list[str]:
        """Every value under this name."""
        wanted = name.lower()
        return [value for key, value in self._lines if key.lower() == wanted]

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._first

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._lines)

    def __repr__(self) -> str:
        return f'Headers({[name for name, _ in self._lines]})'


class ShortBody(Exception):
    """The client hung up, or broke the framing, before its body was complete."""


class RequestBody(Protocol):
    """A request's body, read off the socket as the HCP wants it (already de-chunked)."""

    def read(self, amount: int = -1) -> bytes:
        """At most ``amount`` bytes (all that is left if negative), ``b''`` at the end.

        :raises ShortBody: if the client did not send what it announced
        """


@dataclass(frozen=True)
class MockRequest:
    """One request as a node saw it."""

    node: int
    """index of the node that took it, from 0"""
    mapi: bool
    """it came in on the management port"""
    secure: bool
    """it came over TLS"""
    method: str
    target: str
    """the request target exactly as it stood in the request line"""
    path: bytes
    """the target's path, percent-decoded"""
    query: list[tuple[str, Optional[str]]]
    """decoded; the value is None for a bare name without ``=``"""
    host: str
    """of the Host header: lower case, without port"""
    headers: Headers
    body: RequestBody
    length: Optional[int]
    """the announced Content-Length; None if there was none, or the body is chunked"""


@dataclass
class Answer:
    """What to send back. The server adds framing headers only where they are missing."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: Union[bytes, Iterable[bytes]] = b''
    """bytes, or pieces of a long body; then ``headers`` must hold the Content-Length"""
    reason: Optional[str] = None
    """reason phrase where HCP's differs from the usual one (413, 414)"""


class Application(Protocol):
    """The HCP behind the sockets."""

    def __call__(self, request: MockRequest) -> Answer:
        """Do what the request says.

        It may leave the body unread (an early answer); :exc:`ShortBody` may pass through it,
        and then nothing has been stored (HCP's writes are all or nothing).
        """

    def refuse(self, status: int, message: str, *, mapi: bool = False) -> Answer:
        """An error answer in HCP's form, for what the server itself has to refuse."""
