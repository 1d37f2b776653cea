"""Questions to HCP that are answered by a document: open, ask, check, read, close."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from . import _xml
from ._check import kind, number
from ._request import Params
from .connection import MAX_DEBUGLEVEL, Connection
from .errors import HcpsdkError
from .target import Target


class Asker:
    """What :class:`hcpsdk.namespace.Info` and the classes of :mod:`hcpsdk.mapi` have in common.

    :param target: whom to ask
    :param debuglevel: as in :class:`hcpsdk.Connection`
    :raises TypeError, ValueError: if an argument makes no sense
    """

    def __init__(self, target: Target, debuglevel: int = 0) -> None:
        self._target = kind('target', target, Target, 'a hcpsdk.Target')
        self._debuglevel = number('debuglevel', debuglevel, 0, MAX_DEBUGLEVEL)

    def __repr__(self) -> str:
        return f'<{type(self).__name__} of {self._target.fqdn}>'

    def _document(self, url: str, root: str, params: Params = None) -> ET.Element:
        """GET a document, and return its root element.

        :raises HcpsdkError: if HCP refuses, quoting its reason, or answers with another document
        """
        with Connection(self._target, debuglevel=self._debuglevel) as connection:
            connection.GET(url, params=params)
            _insist(connection, f'GET {url}')
            announced = getattr(connection.Response, 'length', None)  # None: only the end will tell
            _xml.check_size(announced or 0, root)
            return _xml.parse(connection.read(_xml.MAX_BYTES + 1), root)

    def _act(self, url: str, params: Params) -> None:
        """POST without a body: what is to be done stands in the query.

        :raises HcpsdkError: if HCP refuses, quoting its reason
        """
        with Connection(self._target, debuglevel=self._debuglevel) as connection:
            connection.POST(url, params=params)
            _insist(connection, f'POST {url}')


def _insist(connection: Connection, what: str) -> None:
    """Everything but 200 is an error here, and HCP's own words belong into it."""
    if connection.response_status == 200:
        return
    said = ' '.join(connection.getheader('X-HCP-ErrorMessage', '').split())  # it may come folded
    raise HcpsdkError(
        f'{what} at {connection.address}: {connection.response_status} {connection.response_reason}'
        + (f' - {said}' if said else '')
    )
