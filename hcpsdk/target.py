"""One HCP: its name, addresses, credentials and trust, shared by any number of Connections."""

from __future__ import annotations

import logging
from ssl import SSLContext
from typing import Any

import dns.resolver

from . import _tls
from ._check import kind, number, seconds
from ._failover import Failover, FailoverState
from ._link import Endpoint
from ._recent import Recent
from ._replica import RS_READ_ALLOWED, RS_READ_ON_FAILOVER, RS_WRITE_ALLOWED, RS_WRITE_ON_FAILOVER, modes
from ._request import Prepared, checked_headers
from ._retry import Budget
from ._trace import redact_url
from ._version import VERSION
from .auth import BaseAuthorization
from .errors import HcpsdkError, HcpsdkPortError, HcpsdkReplicaInitError
from .ips import MAX_PER_NODE, Circle, IpsError, is_address

logger = logging.getLogger(__name__)

I_DUMMY = 'I_DUMMY'
"""The default namespace, which is http/REST without credentials: see :class:`hcpsdk.DummyAuthorization`."""
I_NATIVE = 'I_NATIVE'
"""HCP's own http/REST dialect, for its authenticated namespaces."""
I_HS3 = 'I_HS3'
"""The dialect that is compatible with Amazon S3; not implemented yet."""
I_HSWIFT = 'I_HSWIFT'
"""The dialect that is compatible with OpenStack Swift; not implemented yet."""

_ALL_STRATEGIES = RS_READ_ALLOWED | RS_READ_ON_FAILOVER | RS_WRITE_ALLOWED | RS_WRITE_ON_FAILOVER

P_HTTP = 80
"""The port for objects, without TLS."""
P_HTTPS = 443
"""The port for objects, with TLS."""
P_SEARCH = 8888
"""The port of the search console."""
P_MGMT = 8000
"""The port of the management consoles."""
P_MAPI = 9090
"""The port of the management API."""

SSL_PORTS = frozenset({P_HTTPS, P_MGMT, P_MAPI})
"""Ports on which HCP speaks TLS, so that a Target does."""

MAX_PORT = 65535
"""the largest port that TCP has (RFC 9293, 3.1)"""

_DEFAULT_PORT = {True: 443, False: 80}


class Target:
    """One HCP, the place where Connections get addresses and headers from.

    :param fqdn: ``namespace.tenant.hcp.domain`` for objects, ``admin.hcp.domain`` or
        ``tenant.hcp.domain`` for the management API
    :param authorization: an instance of a subclass of :class:`hcpsdk.auth.BaseAuthorization`
    :param port: 443, 8000 and 9090 mean TLS
    :param dnscache: True to resolve by the system's resolver, which may cache; False to ask the
        name servers directly
    :param interface: the dialect to speak, :data:`I_NATIVE`; or :data:`I_DUMMY`, which is the same for the
        default namespace
    :param replica_fqdn: the name of the same namespace on the replica
    :param replica_strategy: when to use the replica: ``RS_*`` modes combined by ``|``
    :param sslcontext: how to verify the server; None for the usual way, which honours
        ``SSL_CERT_FILE``. See the chapter on TLS
    :param ssl: True or False overrides what the port says
    :param resolver: the :class:`dns.resolver.Resolver` to ask instead of the default one
    :param max_per_node: connections to one node at most, from this process; HCP serves 254
    :param replica_authorization: for the replica, if its users are others
    :param failover_after: seconds for which all nodes must have answered nothing but 503 before the
        replica is used; when no node takes a connection, it is at once
    :param probe_interval: seconds between two looks whether the primary is there again
    :param read_your_writes: seconds for which an object that this Target has written is not read from
        the replica, unless failed over
    :raises hcpsdk.ips.IpsError: if the name cannot be resolved
    :raises HcpsdkReplicaInitError: if the replica's name cannot be resolved; the primary's
        Target is not made then, either
    :raises HcpsdkError: if the interface is not implemented
    :raises TypeError, ValueError: if an argument makes no sense

    A Target may be shared by threads, and be pickled.

    .. versionadded:: 0.9.0-5
    """

    I_DUMMY = I_DUMMY
    I_NATIVE = I_NATIVE
    I_HS3 = I_HS3
    I_HSWIFT = I_HSWIFT
    RS_READ_ALLOWED = RS_READ_ALLOWED
    RS_READ_ON_FAILOVER = RS_READ_ON_FAILOVER
    RS_WRITE_ALLOWED = RS_WRITE_ALLOWED
    RS_WRITE_ON_FAILOVER = RS_WRITE_ON_FAILOVER

    def __init__(
        self,
        fqdn: str,
        authorization: BaseAuthorization,
        port: int = 443,
        dnscache: bool = False,
        interface: str = I_NATIVE,
        replica_fqdn: str | None = None,
        replica_strategy: int | None = None,
        *,
        sslcontext: SSLContext | None = None,
        ssl: bool | None = None,
        resolver: dns.resolver.Resolver | None = None,
        max_per_node: int = MAX_PER_NODE,
        replica_authorization: BaseAuthorization | None = None,
        failover_after: float = 30.0,
        probe_interval: float = 30.0,
        read_your_writes: float = 60.0,
    ) -> None:
        _check_kinds(authorization, interface, sslcontext, dnscache, resolver)
        _check_replica(replica_fqdn, replica_authorization)
        _check_times(
            failover_after=failover_after, probe_interval=probe_interval, read_your_writes=read_your_writes
        )
        self._fqdn = _checked_name(fqdn)
        self._port = number('port', port, 1, MAX_PORT)
        self._ssl = port in SSL_PORTS if ssl is None else kind('ssl', ssl, bool)
        self._modes = modes(_checked_strategy(replica_strategy, replica_fqdn))
        self._authorization, self._interface = authorization, interface
        self._replica_strategy, self._sslcontext = replica_strategy, sslcontext
        self._made_endpoint: Endpoint | None = None
        self._prepared = self._prepare()
        self._budget, self._recent = Budget(), Recent(read_your_writes)
        self._failover = Failover(fqdn, failover_after, probe_interval)
        self._circle = Circle(fqdn, port, dnscache, resolver=resolver, max_per_node=max_per_node)
        self._replica = None if replica_fqdn is None else _replica(
            replica_fqdn, replica_authorization or authorization, port, dnscache, interface,
            sslcontext=sslcontext, ssl=ssl, resolver=resolver, max_per_node=max_per_node,
        )  # fmt: skip
        self._announce()

    def _announce(self) -> None:
        if self._sslcontext is _tls.SSL_NOVERIFY:
            _tls.warn_noverify()
        logger.debug('%r made', self)

    def __repr__(self) -> str:
        return f'<Target {self._fqdn} port {self._port}, {"TLS" if self._ssl else "no TLS"}>'

    def __getstate__(self) -> dict[str, Any]:
        """An SSLContext cannot be pickled: the usual one is made anew, SSL_NOVERIFY goes by name.

        So are the headers, as whoever sees a pickle shall read no credentials in it.
        """
        if self._sslcontext not in (None, _tls.SSL_NOVERIFY):
            raise HcpsdkError(
                'a Target with its own SSLContext cannot be pickled; make it anew on the other side'
            )
        noverify = self._sslcontext is _tls.SSL_NOVERIFY
        return {**self.__dict__, '_made_endpoint': None, '_sslcontext': noverify, '_prepared': None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        context = _tls.SSL_NOVERIFY if state['_sslcontext'] else None
        self.__dict__.update(state, _sslcontext=context)
        self._prepared = self._prepare()

    @property
    def fqdn(self) -> str:
        """The name that the Target was made for."""
        return self._fqdn

    @property
    def port(self) -> int:
        """The port that is used."""
        return self._port

    @property
    def ssl(self) -> bool:
        """TLS is used."""
        return self._ssl

    @property
    def interface(self) -> str:
        """The dialect that is spoken, :data:`I_NATIVE`."""
        return self._interface

    @property
    def sslcontext(self) -> SSLContext | None:
        """The :class:`ssl.SSLContext` that is used, be it the caller's or the usual one.

        None for a Target that neither speaks TLS nor was given one.
        """
        return self._sslcontext or self._endpoint.context

    @property
    def addresses(self) -> list[str]:
        """The addresses known today; a copy."""
        return list(self._circle._addresses)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that each request begins with, credentials included; a copy."""
        return dict(self._prepared)

    @property
    def replica(self) -> Target | None:
        """The replica's Target, if there is one."""
        return self._replica

    @property
    def replica_strategy(self) -> int | None:
        """When the replica is used, as it was given: ``RS_*`` modes combined by ``|``, or None."""
        return self._replica_strategy

    @property
    def failed_over(self) -> bool:
        """The replica is used, for what ``replica_strategy`` allows; see :attr:`state` for why.

        .. versionadded:: 0.9.0-5
        """
        return self._failover.failed_over

    @property
    def state(self) -> FailoverState:
        """How it stands with the primary, since when, and why: a :class:`hcpsdk.FailoverState`.

        It changes with what requests find out; a Target without a replica, or without a
        ``replica_strategy``, looks after nothing and stays normal.

        .. versionadded:: 0.9.0-5
        """
        return self._failover.state

    def getaddr(self) -> str:
        """An address out of the pool: the next one each time."""
        return next(self._circle)

    @property
    def _endpoint(self) -> Endpoint:
        """What a link to one of the addresses has to know; made when first needed."""
        if self._made_endpoint is None:
            context = _tls.strict(self._sslcontext or _tls.verifying_context()) if self._ssl else None
            self._made_endpoint = Endpoint(_ascii(self._fqdn), self._port, context, self._circle, {})
        return self._made_endpoint

    def _prepare(self) -> Prepared:
        headers: Any = self._authorization.headers
        given = headers() if callable(headers) else headers  # a dictionary: subclasses made for release 0.9.5
        return Prepared({**self._own_headers(), **dict(checked_headers(given))})

    def _own_headers(self) -> dict[str, str]:
        """HCP finds the namespace by ``Host``; it compresses an answer unless told to leave it alone."""
        name = f'[{self._fqdn}]' if ':' in self._fqdn else _ascii(self._fqdn)
        host = name if self._port == _DEFAULT_PORT[self._ssl] else f'{name}:{self._port}'
        return {'Host': host, 'Accept-Encoding': 'identity', 'User-Agent': f'hcpsdk/{VERSION}'}


def checkport(target: Target, port: int) -> None:
    """Make sure that a Target was made for a port.

    Nothing in here insists on HCP's own ports, for there are gateways and test servers; a program may.

    :param target: the :class:`Target`
    :param port: the port that it has to have, such as :data:`P_MAPI`
    :raises HcpsdkPortError: if it has another one

    .. versionadded:: 0.9.0-5
    """
    number('port', port, 1, MAX_PORT)
    if kind('target', target, Target, 'a hcpsdk.Target').port != port:
        raise HcpsdkPortError(f'{target.fqdn}: the Target was made for port {target.port}, not {port}')


def _replica(fqdn: str, *args: Any, **kwargs: Any) -> Target:
    try:
        return Target(fqdn, *args, **kwargs)
    except IpsError as cause:
        raise HcpsdkReplicaInitError(
            f'no Target could be made for the replica {fqdn}, so none was for the primary, either: {cause}'
        ) from cause


def _ascii(fqdn: str) -> str:
    """As it stands in ``Host`` and in certificates: those know no dot at the end."""
    fqdn = fqdn.rstrip('.')
    return fqdn if fqdn.isascii() else fqdn.encode('idna').decode('ascii')


def _checked_name(fqdn: str) -> str:
    plain = all(c.isalnum() or c in '.-_:' for c in kind('fqdn', fqdn, str))
    if not fqdn or not plain or (':' in fqdn and not is_address(fqdn)):
        shown = redact_url(fqdn)
        raise ValueError(f"fqdn must be a bare name such as 'namespace.tenant.hcp.example.com': {shown!r}")
    return fqdn


def _checked_strategy(strategy: int | None, replica_fqdn: str | None) -> int:
    if strategy is None:
        return 0
    if kind('replica_strategy', strategy, int, 'RS_* modes combined by |') & ~_ALL_STRATEGIES:
        raise ValueError(f'replica_strategy {strategy} holds more than the RS_* modes')
    if replica_fqdn is None:
        raise ValueError('replica_strategy needs a replica_fqdn')
    return strategy


def _check_replica(fqdn: str | None, authorization: Any) -> None:
    if fqdn is not None:
        _checked_name(fqdn)
    if authorization is None:
        return
    kind('replica_authorization', authorization, BaseAuthorization, 'like authorization')
    if fqdn is None:
        raise ValueError('replica_authorization needs a replica_fqdn')


def _check_times(**times: Any) -> None:
    for what, value in times.items():
        seconds(what, value, zero=True)


def _check_kinds(authorization: Any, interface: Any, sslcontext: Any, dnscache: Any, resolver: Any) -> None:
    kind(
        'authorization',
        authorization,
        BaseAuthorization,
        'made as hcpsdk.NativeAuthorization(user, password) is',
    )
    if interface not in (I_NATIVE, I_DUMMY, I_HS3, I_HSWIFT):
        raise ValueError(f'interface must be hcpsdk.I_NATIVE, not {interface!r}')
    if interface not in (I_NATIVE, I_DUMMY):
        raise HcpsdkError(f'interface {interface} is not implemented yet; use I_NATIVE')
    if sslcontext is not None:
        kind('sslcontext', sslcontext, SSLContext, 'an ssl.SSLContext')
    kind('dnscache', dnscache, bool)
    if not (resolver is None or hasattr(resolver, 'resolve')):
        raise TypeError(f'resolver must be a dns.resolver.Resolver, not {type(resolver).__name__}')
