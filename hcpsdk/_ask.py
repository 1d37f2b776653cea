"""One question to HCP that is answered by a document: open, ask, check, read, close."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from . import _xml
from ._request import Params
from .connection import Connection
from .errors import HcpsdkError
from .target import Target


def document(target: Target, url: str, root: str, params: Params = None, debuglevel: int = 0) -> ET.Element:
    """GET a document, and return its root element.

    :raises HcpsdkError: if HCP refuses, quoting its reason, or answers with another document
    """
    with Connection(target, debuglevel=debuglevel) as connection:
        connection.GET(url, params=params)
        insist(connection, f'GET {url}')
        return _xml.parse(connection.read(_xml.MAX_BYTES + 1), root)


def act(target: Target, url: str, params: Params, debuglevel: int = 0) -> None:
    """POST without a body: what is to be done stands in the query.

    :raises HcpsdkError: if HCP refuses, quoting its reason
    """
    with Connection(target, debuglevel=debuglevel) as connection:
        connection.POST(url, params=params)
        insist(connection, f'POST {url}')


def insist(connection: Connection, what: str) -> None:
    """Everything but 200 is an error here, and HCP's own words belong into it."""
    if connection.response_status == 200:
        return
    said = connection.getheader('X-HCP-ErrorMessage')
    raise HcpsdkError(
        f'{what} at {connection.address}: {connection.response_status} {connection.response_reason}'
        + (f' - {said}' if said else '')
    )


def checked_target(target: Target) -> Target:
    """Refuse what is no Target before anything else happens."""
    if not isinstance(target, Target):
        raise TypeError(f'target must be a hcpsdk.Target, not {type(target).__name__}')
    return target
