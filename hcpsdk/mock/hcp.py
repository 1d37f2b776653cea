"""The whole mock: nodes, name server and the HCP behind them, under one name."""

from __future__ import annotations

import os
import ssl
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Callable, Optional, Union

from dns.resolver import Resolver

from .application import MockApplication
from .conversation import Site, remember_server_names
from .dns import NameServer
from .faults import Blackhole, Fault, Refuse, Trouble
from .gates import Access, Door, Gate, gates, usable_addresses
from .model import System, default_system
from .pairs import Host, Replication
from .running import FIRST_NODE, NodeState
from .seen import Seen
from .server import Reasons, Server

MOST_NODES = 80
"""an HCP has no more storage nodes than that"""

DOORS: dict[type[Fault], Door] = {Refuse: Door.SHUT, Blackhole: Door.BLACK_HOLE}
"""the faults that meet connections before anybody could take them"""

NOT_RUNNING = 'the mock does not run: start() it, or use it in a with statement'

RESOLVER_LIFETIME = 2.0
"""seconds after which the mock's own resolver gives up: the name server is on this machine"""


class MockHCP:
    """An HCP on this machine; it runs in a ``with`` statement, or from :meth:`start` to :meth:`stop`.

    >>> with MockHCP() as hcp:
    ...     len(hcp.addresses), hcp.open_connections(), hcp.log
    (4, 0, [])

    :param domain: the HCP's domain name; its namespaces are ``<namespace>.<tenant>.<domain>``
    :param nodes: number of nodes, at the addresses 127.0.0.1, 127.0.0.2 and so on; there is only one
        where the system knows but the first of these (macOS, unless told otherwise)
    :param first: last number of the first node's address, so that two mocks can share port numbers
    :param port: for plain HTTP; 0, here and below: a free one
    :param https_port: for HTTPS, if there is an ``ssl_context``
    :param mapi_port: for the management API; it speaks TLS if there is an ``ssl_context``
    :param dns_port: of the name server (UDP, at 127.0.0.1)
    :param ssl_context: the server's side of TLS, with a certificate for the names used
    :param system: tenants, namespaces, users; default: :func:`hcpsdk.mock.default_system`
    :param directory: the objects' data lie in files below it; default: in memory
    :param ttl: seconds for which the name server's answers may be kept
    :param keepalive: seconds for which a connection may be idle
    :param clock: gives the seconds since the epoch, by which HCP dates objects and reckons retention
    :raises ValueError: if a number is out of its range, or the domain is empty
    """

    def __init__(
        self,
        domain: str = 'hcp1.example.com',
        *,
        nodes: int = 4,
        first: int = 1,
        port: int = 0,
        https_port: int = 0,
        mapi_port: int = 0,
        dns_port: int = 0,
        ssl_context: Optional[ssl.SSLContext] = None,
        system: Optional[System] = None,
        directory: Optional[Union[str, os.PathLike[str]]] = None,
        ttl: int = 60,
        keepalive: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        ports = {'port': port, 'https_port': https_port, 'mapi_port': mapi_port, 'dns_port': dns_port}
        _check_numbers(nodes, first, ports)
        if not domain or keepalive <= 0 or ttl < 0:
            raise ValueError('domain must not be empty, keepalive must be positive, ttl not negative')
        self.domain = domain.lower()
        """the HCP's domain name"""
        self.system = default_system(self.domain) if system is None else system
        """the live data: tenants, namespaces, users, links; may be changed at any time"""
        self._wanted = ports
        self._first, self._nodes = first, nodes
        self._context, self._directory = ssl_context, directory
        self._ttl = ttl
        self._application = MockApplication(self.system, directory=directory, clock=clock)
        self._application.running.nodes = self._node_states
        self._application.running.https = ssl_context is not None
        self._site = Site(self._application, keepalive)
        self._reasons = Reasons(dict)
        self._server: Optional[Server] = None
        self._name_server: Optional[NameServer] = None
        self._ports: dict[str, int] = {}
        self._addresses: list[str] = []

    def __repr__(self) -> str:
        where = f'{", ".join(self._addresses)} port {self.port}' if self._server else 'not running'
        return f'<MockHCP {self.domain}, {where}>'

    def start(self) -> MockHCP:
        """Open the ports and serve; after a :meth:`stop` the same ones, with all that was there before.

        :returns: the mock itself
        :raises OSError: if a port is taken, saying which, or if there can be no such directory
        :raises RuntimeError: if it runs already
        """
        if self._server is not None:
            raise RuntimeError('the mock runs already')
        if self._directory is not None:
            os.makedirs(self._directory, exist_ok=True)
        self._addresses = usable_addresses(self._first, self._nodes)
        rows = self._open_rows()
        try:
            self._start_name_server()
        except OSError:
            _close(rows.values())
            raise
        self._ports = {kind: row[0].port for kind, row in rows.items()}
        self._server = Server([gate for row in rows.values() for gate in row], self._site, self._reasons)
        return self

    def stop(self) -> None:
        """End all connections and give the ports back; afterwards no thread is left. May be called twice.

        The objects, the faults in force, the log and the numbers of the ports are kept for another start().
        """
        for chore in self._application.chores:
            chore()
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            self.dns.stop()

    def __enter__(self) -> MockHCP:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether it serves."""
        return self._server is not None

    def replicate_to(
        self,
        other: MockHCP,
        kind: str = 'ACTIVE_ACTIVE',
        *,
        lag: float = 0.0,
        name: str = '',
        tenants: Optional[Iterable[str]] = None,
    ) -> Replication:
        """Have this mock and another one replicate from now on, this one being the primary.

        What is there already replicates, too. Both get a link in their ``system.links``; links that say
        something else of the same tenants, as that of :func:`default_system`, are taken away. It does not
        matter whether the two run yet. What waits travels before either of them takes its next request.

        :param other: the replica
        :param kind: ``'ACTIVE_ACTIVE'`` or ``'ACTIVE_PASSIVE'``
        :param lag: seconds that a change takes, by the clock of the mock where it is made; 0: it is there
            at the next request
        :param name: of the link; default: such as ``hcp1-a-a-hcp2``
        :param tenants: names of those to replicate; default: all that both have
        :raises ValueError: if that is not possible, also if a tenant replicates already
        """
        wanted = None if tenants is None else list(tenants)
        return Replication(self._host(), other._host(), kind=kind, lag=lag, name=name, tenants=wanted)

    @property
    def addresses(self) -> list[str]:
        """The nodes' IP addresses, a new list each time."""
        return list(self._addresses)

    @property
    def port(self) -> int:
        """The port for plain HTTP, the same one on each node."""
        return self._port('port')

    @property
    def https_port(self) -> Optional[int]:
        """The port for HTTPS; None without an ``ssl_context``."""
        return None if self._context is None else self._port('https_port')

    @property
    def mapi_port(self) -> int:
        """The port of the management API."""
        return self._port('mapi_port')

    @property
    def dns(self) -> NameServer:
        """The name server: what it was asked (``questions``), what it serves (``addresses``, ``zones``),
        and how it misbehaves (``trouble``)."""
        if self._name_server is None:
            raise RuntimeError(NOT_RUNNING)
        return self._name_server

    @property
    def dns_address(self) -> tuple[str, int]:
        """IP address and port of the name server."""
        return self.dns.address

    def resolver(self) -> Resolver:
        """A resolver that asks this mock's name server, and no other: for ``Target(resolver=...)``."""
        resolver = Resolver(configure=False)
        address, resolver.port = self.dns_address
        resolver.nameservers = [address]
        resolver.lifetime = RESOLVER_LIFETIME
        return resolver

    @property
    def log(self) -> list[Seen]:
        """What the nodes were asked, in order: the last 100,000 requests at least, since ``log.clear()``."""
        return self._site.log

    def open_connections(self) -> int:
        """The number of connections that clients have to all nodes right now."""
        return 0 if self._server is None else len(self._server.callers())

    def misbehave(
        self,
        fault: Fault,
        *,
        node: Optional[int] = None,
        method: Optional[str] = None,
        path: Optional[str] = None,
        times: Optional[int] = 1,
    ) -> Trouble:
        """Have something go wrong. Of several faults that fit a request the one ordered first strikes.

        :param fault: one of the faults of :mod:`hcpsdk.mock`
        :param node: index of the only node that it meets, from 0; None: any
        :param method: the only method that it meets, such as ``'PUT'``
        :param path: the only path, such as ``'/rest/a'`` (decoded); a star at its end stands for any rest
        :param times: how often it strikes; None: until it is withdrawn
        :returns: the trouble, to be withdrawn by its ``withdraw()``, or as a context manager
        :raises ValueError: if that can never happen
        """
        if node is not None:
            self._check_node(node)
        if times is not None and times < 1:
            raise ValueError(f'times goes from 1: {times!r}')
        door = DOORS.get(type(fault))
        if (fault.at_accept or door) and (method or path):
            raise ValueError('a connection just made has neither method nor path')
        if path is not None and not path.startswith(('/', '*')):
            raise ValueError(f"a path begins with '/', or no request will ever have it: {path!r}")
        if door is not None:
            return self._shut(fault, door, range(len(self._addresses)) if node is None else [node])
        trouble = Trouble(fault, node=node, method=method, path=path, times=times)
        self._site.faults.add(trouble)
        return trouble

    def stop_node(self, node: int) -> None:
        """Let a node die: it refuses connections, and those that it had are gone."""
        self._check_node(node)
        self._running().shut(node, 'stopped')
        self._running().drop(node)

    def start_node(self, node: int) -> None:
        """Let a node that was stopped serve again, at the same address and ports."""
        self._check_node(node)
        self._running().open(node, 'stopped')

    def _shut(self, fault: Fault, door: Door, nodes: Iterable[int]) -> Trouble:
        shut, reason = list(nodes), object()
        for node in shut:
            self._running().shut(node, reason, door)

        def open_again() -> None:
            for node in shut:
                if self._server is not None:
                    self._server.open(node, reason)
                else:
                    self._reasons[node].pop(reason, None)

        return Trouble(fault, times=None, on_withdrawal=open_again)

    def _node_states(self) -> list[NodeState]:
        callers = [] if self._server is None else self._server.callers()
        data = Counter((caller.node, caller.secure) for caller in callers if not caller.mapi)
        return [
            NodeState(FIRST_NODE + node, address, data[node, False], data[node, True])
            for node, address in enumerate(self._addresses)
        ]

    def _host(self) -> Host:
        own = self._application
        return Host(self.system, own.stores, own.clock, lambda: self.running, own.chores)

    def _start_name_server(self) -> None:
        if self._name_server is not None:
            self._name_server.start()
            return
        port = self._wanted['dns_port']
        self._name_server = NameServer(self.domain, self._addresses, port=port, ttl=self._ttl)

    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError(NOT_RUNNING)
        return self._server

    def _check_node(self, node: int) -> None:
        _check_range('node', node, 0, (len(self._addresses) or self._nodes) - 1)

    def _port(self, kind: str) -> int:
        if kind not in self._ports:
            raise RuntimeError(NOT_RUNNING)
        return self._ports[kind]

    def _open_rows(self) -> dict[str, list[Gate]]:
        kinds = {'port': Access(mapi=False), 'mapi_port': Access(mapi=True, context=self._context)}
        if self._context is not None:
            remember_server_names(self._context)
            kinds['https_port'] = Access(mapi=False, context=self._context)
        rows: dict[str, list[Gate]] = {}
        try:
            for kind, access in kinds.items():
                rows[kind] = gates(self._addresses, self._ports.get(kind, self._wanted[kind]), access)
        except OSError:
            _close(rows.values())
            raise
        return rows


def _close(rows: Iterable[list[Gate]]) -> None:
    for row in rows:
        for gate in row:
            gate.close()


def _check_numbers(nodes: int, first: int, ports: Mapping[str, int]) -> None:
    """See to that there can be such nodes, all of them at addresses, and such ports."""
    _check_range('nodes', nodes, 1, MOST_NODES)
    _check_range('first', first, 1, 255 - nodes)
    for name, number in ports.items():
        _check_range(name, number, 0, 65535)


def _check_range(name: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise ValueError(f'{name} goes from {least} to {most}: {number!r}')
