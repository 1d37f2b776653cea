"""The one tree of exceptions, so that a single ``except`` protects a caller.

::

    HcpsdkError
     +-- HcpsdkCantConnectError        no node took a connection; nothing was sent
     +-- HcpsdkTimeoutError            a wait for the network ran out of time
     +-- HcpsdkCertificateError        the server's certificate does not verify
     +-- HcpsdkTruncatedError          a body ended before its announced length
     +-- HcpsdkHashError               a body is not what HCP's hash says
     +-- HcpsdkReplicaInitError        the replica's Target could not be made
     +-- HcpsdkPortError               a Target has another port than checkport() wants
     +-- hcpsdk.ips.IpsError           a name has no address
     +-- hcpsdk.pathbuilder.PathBuilderError
     +-- hcpsdk.mapi.MapiError         HCP refused to manage something
     |    +-- ChargebackError          ... a chargeback report
     |    +-- LogsError                ... something that has to do with its logs
     |         +-- LogsNotReadyError   nothing is there for download (yet)
     |         +-- LogsInProgessError  logs are packed, or downloaded, already
     +-- hcpsdk.mapi.ReplicationSettingsError

A status code is an answer of HCP and never raised by a :class:`hcpsdk.Connection`;
:mod:`hcpsdk.namespace` and :mod:`hcpsdk.mapi` raise when HCP refuses.
What cannot be sent as it is meant (a name with NUL, a header with a line break) is a
:exc:`HcpsdkError`; other wrong arguments are the usual :exc:`TypeError` and :exc:`ValueError`.
"""

from __future__ import annotations


class HcpsdkError(Exception):
    """The root: something went wrong in hcpsdk, and ``reason`` says what.

    :param reason: what happened, to which node, what was tried, what to do
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """What happened, for people (str)."""

    def __str__(self) -> str:
        return str(self.reason) or type(self).__name__


class HcpsdkCantConnectError(HcpsdkError):
    """No node of the HCP took a connection: nothing was sent, so nothing happened there."""


class HcpsdkTimeoutError(HcpsdkError):
    """HCP, or the way to it, was silent for longer than the Connection's ``timeout``."""


class HcpsdkCertificateError(HcpsdkError):
    """The certificate that HCP presented does not verify; the text names the ways out."""


class HcpsdkTruncatedError(HcpsdkError):
    """A body ended before its announced length: what was read is not the whole object."""


class HcpsdkHashError(HcpsdkError):
    """A body arrived whole, but it is not the object of which HCP sent the hash (``verify=True``)."""


class HcpsdkReplicaInitError(HcpsdkError):
    """The replica's Target could not be made, and so the primary's was not made either."""


class HcpsdkPortError(HcpsdkError):
    """A Target was made for another port than the one that is needed."""
