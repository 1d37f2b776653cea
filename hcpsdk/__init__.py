"""A client for the Hitachi Content Platform (HCP): credentials, a Target, Connections.

>>> import hcpsdk
>>> hcpsdk.version()
'0.9.0-5'
"""

from __future__ import annotations

import logging

from . import ips, mapi, namespace, pathbuilder
from ._failover import FailoverState
from ._journal import Attempt
from ._replica import RS_READ_ALLOWED, RS_READ_ON_FAILOVER, RS_WRITE_ALLOWED, RS_WRITE_ON_FAILOVER
from ._tls import SSL_NOVERIFY
from ._version import VERSION
from .auth import (
    BaseAuthorization,
    DummyAuthorization,
    LocalSwiftAuthorization,
    NativeADAuthorization,
    NativeAuthorization,
)
from .connection import Connection
from .errors import (
    HcpsdkCantConnectError,
    HcpsdkCertificateError,
    HcpsdkError,
    HcpsdkHashError,
    HcpsdkPortError,
    HcpsdkReplicaInitError,
    HcpsdkTimeoutError,
    HcpsdkTruncatedError,
)
from .target import (
    I_DUMMY,
    I_HS3,
    I_HSWIFT,
    I_NATIVE,
    P_HTTP,
    P_HTTPS,
    P_MAPI,
    P_MGMT,
    P_SEARCH,
    SSL_PORTS,
    Target,
    checkport,
)

__all__ = [
    'Attempt',
    'BaseAuthorization',
    'Connection',
    'DummyAuthorization',
    'FailoverState',
    'HcpsdkCantConnectError',
    'HcpsdkCertificateError',
    'HcpsdkError',
    'HcpsdkHashError',
    'HcpsdkPortError',
    'HcpsdkReplicaInitError',
    'HcpsdkTimeoutError',
    'HcpsdkTruncatedError',
    'I_DUMMY',
    'I_HS3',
    'I_HSWIFT',
    'I_NATIVE',
    'LocalSwiftAuthorization',
    'NativeADAuthorization',
    'NativeAuthorization',
    'P_HTTP',
    'P_HTTPS',
    'P_MAPI',
    'P_MGMT',
    'P_SEARCH',
    'RS_READ_ALLOWED',
    'RS_READ_ON_FAILOVER',
    'RS_WRITE_ALLOWED',
    'RS_WRITE_ON_FAILOVER',
    'SSL_NOVERIFY',
    'SSL_PORTS',
    'Target',
    'checkport',
    'ips',
    'mapi',
    'namespace',
    'pathbuilder',
    'version',
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def version() -> str:
    """The version of the SDK, as its changelog has it.

    :returns: for example ``'0.9.0-5'``

    .. versionadded:: 0.9.0-5
    """
    return VERSION
