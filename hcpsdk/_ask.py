"""Questions to HCP that are answered by a document: ask, check, read. The only place that does it.

:class:`hcpsdk.namespace.Info` and all of :mod:`hcpsdk.mapi` stand on it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

from . import _xml
from ._check import kind, number
from ._request import HeaderLines, Params
from ._trace import redact_target
from .connection import MAX_DEBUGLEVEL, Connection
from .errors import HcpsdkError
from .target import Target

Self = TypeVar('Self', bound='Asker')

# Methods that change nothing, so that they may be repeated as often as a Connection likes.
_ASKING = frozenset({'GET', 'HEAD'})


class Asker:
    """Asks an HCP, and insists on an answer.

    Questions in a ``with`` block go by one connection, others by one each. What changes something goes by
    a fresh one, and is not repeated: where a second try is answered unlike the first, or acts twice, the
    caller has to know.

    :param target: whom to ask
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :raises TypeError, ValueError: if an argument makes no sense
    """

    _kept = False
    _timeout: float | tuple[float, float] | None = None
    """as in a Connection; None: as that has it by itself"""
    _acting_timeout: float | tuple[float, float] | None = None
    """for what changes something, if that may take longer"""
    _again = True
    """a question may be repeated as often as a Connection likes: it costs HCP little"""

    def __init__(self, target: Target, debuglevel: int = 0) -> None:
        self._target = kind('target', target, Target, 'a hcpsdk.Target')
        self._debuglevel = number('debuglevel', debuglevel, 0, MAX_DEBUGLEVEL)
        self._asking, self._acting = self._connection(asking=True), self._connection(asking=False)
        self._busy: set[Connection] = set()

    def __repr__(self) -> str:
        return f'<{type(self).__name__} of {self._target.fqdn}>'

    def __enter__(self: Self) -> Self:
        self._kept = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to HCP; the next question would open a new one."""
        self._kept = False
        self._asking.close()
        self._acting.close()

    @contextmanager
    def _answered(
        self, method: str, url: str, params: Params = None, body: Any = None, headers: HeaderLines = None
    ) -> Iterator[Connection]:
        """Ask; the answer's status is for the caller to judge, its body for him to read."""
        asking = method in _ASKING
        connection = self._asking if asking else self._acting
        if connection in self._busy:  # somebody reads from it, and must not be given another answer
            connection = self._connection(asking)
        self._busy.add(connection)
        try:
            connection.request(method, url, body, params, headers)
            yield connection
        finally:
            if connection is not self._asking or not self._kept:
                connection.close()
            self._busy.discard(connection)  # not before: another thread would take it, and see it closed

    def _connection(self, asking: bool) -> Connection:
        timeout = self._timeout if asking else self._acting_timeout or self._timeout
        options: dict[str, Any] = {} if timeout is None else {'timeout': timeout}
        if not (asking and self._again):
            options['retries'] = 0
        return Connection(self._target, debuglevel=self._debuglevel, **options)

    def _refusal(self, connection: Connection, what: str) -> HcpsdkError:
        """The error for an answer that says no; HCP's own words belong into it."""
        return HcpsdkError(refusal(connection, what))

    def _document(self, url: str, root: str, params: Params = None) -> ET.Element:
        """GET a document in XML, and return its root element.

        :raises HcpsdkError: if HCP refuses, quoting its reason, or answers with another document
        """
        with self._answered('GET', url, params) as connection:
            if connection.response_status != 200:
                raise self._refusal(connection, f'GET {url}')
            return _xml.parse(read_document(connection, f'a <{root}> document'), root)


def read_document(connection: Connection, what: str) -> bytes:
    """The body of an answer, unless it is too large for a document.

    :raises HcpsdkError: if it is
    """
    announced = getattr(connection.Response, 'length', None)  # None: only the end will tell
    _xml.check_size(announced or 0, what)
    data = connection.read(_xml.MAX_BYTES + 1)
    _xml.check_size(len(data), what)
    return data


def refusal(connection: Connection, what: str) -> str:
    """What HCP said instead of doing it."""
    answer = redact_target(f'{connection.response_status} {connection.response_reason}')
    line = f'{what} at {connection.address}: {answer}'
    message = said(connection)
    return f'{line} - {message}' if message else line


def said(connection: Connection) -> str:
    """HCP's own words for an error; they may come folded, and repeat a query with a password in it."""
    return redact_target(' '.join(connection.getheader('X-HCP-ErrorMessage', '').split()))
