"""The mock's memory of what its nodes were asked, for assertions; it keeps no credentials."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Optional

from .messages import Headers

HIDDEN = '***'

# What carries HCP's credentials: the native token, its old cookies, the token of HSwift.
_SECRET_HEADERS = frozenset({'authorization', 'cookie', 'x-auth-token'})

# MAPI takes passwords as query parameters; who gives a query in the place of a name has it encoded.
_PARAMETERS = re.compile(r'([?&])')
_ENCODED = re.compile(r'(?i)%3F|%26')
_EQUALS = re.compile(r'(?i)=|%3D')


@dataclass
class Caller:
    """The connection that a request came on."""

    number: int
    """counts the connections that the mock took, from 1"""
    node: int
    """index of the node, from 0"""
    mapi: bool
    """it came to the management port"""
    secure: bool = False
    """it speaks TLS"""
    server_name: Optional[str] = None
    """the name that the client asked for in TLS (SNI)"""
    resumed: bool = False
    """the TLS session is one of an earlier connection"""


@dataclass
class Seen:
    """One request as a node saw it. The entry is there as soon as the request's head is read.

    >>> Seen(Caller(1, 0, mapi=True), 'PUT', '/mapi/userAccounts?password=x').target
    '/mapi/userAccounts?password=***'
    """

    caller: Caller
    method: str
    """empty if the head was malformed"""
    target: str
    """as it stood in the request line, but for passwords"""
    headers: Headers = field(default_factory=Headers)
    """all but the values of credentials"""
    status: Optional[int] = None
    """what was answered; None: nothing (yet)"""
    body_bytes: int = 0
    """bytes of the body that were read before the answer"""

    def __post_init__(self) -> None:
        self.target = _redacted(self.target)
        self.headers = Headers([(name, _shown(name, value)) for name, value in self.headers])

    @property
    def node(self) -> int:
        """Index of the node, from 0."""
        return self.caller.node

    @property
    def connection(self) -> int:
        """Number of the connection: requests with the same one came on the same connection."""
        return self.caller.number

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition('?')[0]


def _shown(name: str, value: str) -> str:
    return HIDDEN if name.lower() in _SECRET_HEADERS else value


def _redacted(target: str) -> str:
    path, *parameters = _PARAMETERS.split(target)
    encoded = _ENCODED.search(path)
    border = encoded.end() if encoded else len(path)
    return ''.join([path[:border], _hidden(path[border:]), *map(_hidden, parameters)])


def _hidden(parameter: str) -> str:
    name = parameter.lower().find('password')
    equals = _EQUALS.search(parameter, name) if name >= 0 else None
    return parameter[: equals.end()] + HIDDEN if equals else parameter
