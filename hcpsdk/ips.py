"""Name resolution: a name becomes addresses, and the addresses are handed out in turn.

HCP's own name server answers with all available nodes, in a rotating order. Asking it directly,
past any cache, and then walking round its answer spreads the load over all nodes, and a node
that failed is passed over for a while.
"""

from __future__ import annotations

import ipaddress
import itertools
import logging
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any, Protocol
from weakref import WeakSet

import dns.exception
import dns.resolver

from ._check import number
from ._trace import SYSTEM_CLOCK, Clock, redact_url
from .errors import HcpsdkError

logger = logging.getLogger(__name__)

SOONEST_REFRESH = 30.0
"""seconds; addresses are not asked for again sooner by themselves, however short their TTL (contract)"""

LATEST_REFRESH = 900.0
"""seconds; and not later, however long it is; also used when no TTL is known (contract)"""

ONE_TROUBLE = 1.0
"""seconds; connections that fail within this time have one cause, and make DNS be asked once"""

LONG_ENOUGH = 2.0
"""seconds in which a node that is there takes a connection; one that has not, in a single wait or in several
that were ended by deadlines, is gone"""

COOLING = 60.0
"""seconds for which a failed address is passed over while others answer (contract)"""

LIFETIME = 5.0
"""seconds that one DNS question may take, all name servers included (dnspython's own default)"""

MAX_PER_NODE = 200
"""connections to one address at most; a node serves 254, and others want some, too (contract)"""


class IpsError(HcpsdkError):
    """A name has no address, or nobody could be asked for it."""


class Request:
    """A question for :func:`query`, for those who like to keep it together.

    :param fqdn: the name to resolve
    :param cache: True to use the system's resolver
    """

    def __init__(self, fqdn: str, cache: bool) -> None:
        self.fqdn = fqdn
        self.cache = cache


class Response:
    """The answer to a question, as returned by :func:`query`.

    :param fqdn: the name that was asked for
    :param cache: True if the system's resolver was used
    """

    def __init__(self, fqdn: str, cache: bool) -> None:
        self.ips: list[str] = []
        """The addresses found, IPv4 first, each once (list of str)."""
        self.fqdn = fqdn
        """The name that was asked for (str)."""
        self.cache = cache
        """False if all caches were by-passed, True if the system's resolver was used (bool)."""
        self.raised = ''
        """What went wrong, empty if nothing did (str)."""
        self.ttl: float | None = None
        """Seconds for which the answer may be kept; None if unknown."""

    def __repr__(self) -> str:
        return f'<Response for {redact_url(str(self.fqdn))}: {self.ips or self.raised}>'


def query(
    fqdn: str | Request, cache: bool = False, *, resolver: dns.resolver.Resolver | None = None
) -> Response:
    """Resolve a name to IPv4 and IPv6 addresses; an address resolves to itself.

    :param fqdn: the name, or a :class:`Request`
    :param cache: True to ask the system's resolver (which may cache), False to ask the name
        servers directly
    :param resolver: the resolver to ask instead of the default one
    :returns: a :class:`Response`. This function never raises: look at ``.raised``

    >>> query('127.0.0.1').ips
    ['127.0.0.1']

    .. versionadded:: 0.9.0-5
    """
    name, cached = (fqdn.fqdn, fqdn.cache) if isinstance(fqdn, Request) else (fqdn, cache)
    response = Response(name, cached)
    try:
        response.ips, response.ttl = _resolve(name, cached, resolver)
    except Exception as error:  # that it never raises is promised, whatever a resolver does
        response.raised = f'{type(error).__name__}: {error}'
    logger.debug('resolved %s: %s', redact_url(str(name)), response.ips or response.raised)
    return response


def _resolve(
    name: Any, cached: bool, resolver: dns.resolver.Resolver | None
) -> tuple[list[str], float | None]:
    if not isinstance(name, str):
        raise TypeError(f'a name to resolve must be a str, not {type(name).__name__}')
    if not name.strip():
        raise ValueError('a name to resolve must not be empty')
    if '/' in name:  # a url may hold a password, and the resolver would show all of it
        raise ValueError('a name to resolve is a bare name, and no url')
    if is_address(name):
        return [name], None
    if cached:
        return _ask_system(name), None
    return _ask_servers(name, resolver or dns.resolver.get_default_resolver())


def is_address(name: str) -> bool:
    """Whether it is an IPv4 or IPv6 address, and needs no resolver."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _ask_system(name: str) -> list[str]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    return _unique(str(info[4][0]) for info in found)


def _ask_servers(name: str, resolver: dns.resolver.Resolver) -> tuple[list[str], float | None]:
    """A records, then AAAA; when there are A records, trouble with the others is none."""
    found: list[str] = []
    ttls: list[float] = []
    for kind in ('A', 'AAAA'):
        try:
            answer = resolver.resolve(name, kind, lifetime=LIFETIME, raise_on_no_answer=False)
        except dns.exception.DNSException:
            if found:
                break
            raise
        if answer.rrset is not None:
            found += [record.address for record in answer.rrset]
            ttls.append(float(answer.rrset.ttl))
    if not found:
        raise ValueError(f'{name} has neither an A nor an AAAA record')
    return _unique(iter(found)), min(ttls)


def _unique(addresses: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(addresses))


def _pause(response: Response) -> float:
    """Seconds until the next question."""
    if response.raised:
        return SOONEST_REFRESH
    ttl = LATEST_REFRESH if response.ttl is None else response.ttl
    return min(max(ttl, SOONEST_REFRESH), LATEST_REFRESH)


class Holder(Protocol):
    """What has a connection, or is about to have one."""

    address: str


class Circle:
    """The addresses of an HCP, handed out in turn: one call of ``next()`` each.

    :param fqdn: the name to resolve
    :param port: the port that the addresses will be used with
    :param dnscache: True to use the system's resolver, which may cache; False to by-pass all caches
    :param resolver: the :class:`dns.resolver.Resolver` to ask instead of the default one
    :param max_per_node: connections to one address at most, from this process
    :raises IpsError: if the name cannot be resolved

    A Circle may be shared by threads. It takes no lock: a list is replaced as a whole, so a
    name server that does not answer never blocks anybody who could use a known address.

    >>> circle = Circle('127.0.0.1')
    >>> next(circle), circle._addresses
    ('127.0.0.1', ['127.0.0.1'])

    .. versionadded:: 0.9.0-5
    """

    _clock: Clock = SYSTEM_CLOCK

    def __init__(
        self,
        fqdn: str,
        port: int = 443,
        dnscache: bool = False,
        *,
        resolver: dns.resolver.Resolver | None = None,
        max_per_node: int = MAX_PER_NODE,
    ) -> None:
        self.fqdn = fqdn
        self.port = port
        self.dnscache = dnscache
        self.max_per_node = number('max_per_node', max_per_node, 1)
        self.trouble = ''
        """What the last name resolution failed of, empty if it did not (str)."""
        self._resolver = resolver
        self._addresses: list[str] = []
        self._turn = itertools.count()
        self._pid = os.getpid()
        self._cooling: dict[str, float] = {}
        self._gone: dict[str, float] = {}
        self._waited: dict[str, float] = {}
        self._holders: dict[tuple[int, str], WeakSet[Holder]] = {}
        self._due = 0.0
        self._asked = -ONE_TROUBLE
        self._refresher: threading.Thread | None = None
        self.refresh()

    def __repr__(self) -> str:
        return f'<Circle of {self.fqdn}: {self._addresses}>'

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self.round()[0]

    def __getstate__(self) -> dict[str, Any]:
        fresh: dict[str, Any] = {'_refresher': None, '_turn': None, '_holders': {}}
        fresh.update(_cooling={}, _gone={}, _waited={})
        return {**self.__dict__, **fresh, '_due': 0.0, '_asked': -ONE_TROUBLE}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _turn=itertools.count())

    def refresh(self) -> None:
        """Ask for the addresses again, and use the new ones from now on.

        :raises IpsError: if that fails; the known addresses stay in use then
        """
        response = query(self.fqdn, self.dnscache, resolver=self._resolver)
        self._due = self._clock.now() + _pause(response)
        self.trouble = response.raised
        if response.raised:
            raise IpsError(
                f'{redact_url(str(self.fqdn))} could not be resolved by'
                f' {"the system" if self.dnscache else "its name servers"} ({response.raised});'
                ' check the name, the name servers, and whether they forward it to HCP'
            )
        self._addresses = response.ips

    def live(self, address: str) -> int:
        """How many connections this process has to an address, those under way included."""
        return len(self._holding(address))

    def claim(self, holder: Holder) -> bool:
        """Whether there may be one more connection to the holder's address; if so, it counts from now on.

        Without a lock: who is one too many sees that himself, and steps back.
        An address that has failed gets one trial at a time: others pass it over until that went well.
        """
        holders = self._holding(holder.address)
        holders.add(holder)
        if len(holders) > self.max_per_node:
            holders.discard(holder)
            return False
        if holder.address in self._cooling:
            self._cooling[holder.address] = self._clock.now() + COOLING
        return True

    def release(self, holder: Holder) -> None:
        """A connection is gone."""
        self._holding(holder.address).discard(holder)

    def _holding(self, address: str) -> WeakSet[Holder]:
        """By process: what a forked child has inherited are not its own connections."""
        key = (os.getpid(), address)
        if key not in self._holders:
            self._holders.setdefault(key, WeakSet())
        return self._holders[key]

    def failed(self, address: str) -> None:
        """An address took no connection, or no request: pass it over for a while, and ask DNS what is new."""
        self._cooling[address] = self._clock.now() + COOLING
        self._refresh_aside()

    def refused(self, address: str) -> None:
        """An address took no connection."""
        self.failed(address)
        self._gone[address] = self._clock.now() + COOLING

    def hurried(self, address: str, waited: float) -> None:
        """A deadline ended the wait for a connection; enough of such waits are as good as a refusal.

        :param waited: seconds
        """
        total = self._waited[address] = self._waited.get(address, 0.0) + waited
        if total >= LONG_ENOUGH:
            self.refused(address)

    def works(self, address: str) -> None:
        """An address has answered, on a new connection."""
        for memory in (self._cooling, self._gone, self._waited):
            memory.pop(address, None)

    def sound(self) -> list[str]:
        """The addresses that have not failed lately, by whatever."""
        now = self._clock.now()
        return [address for address in self._addresses if self._cooling.get(address, now) <= now]

    def reachable(self) -> list[str]:
        """The addresses that have not refused a connection lately."""
        now = self._clock.now()
        return [address for address in self._addresses if self._gone.get(address, now) <= now]

    def renewed(self, known: list[str], patience: float) -> list[str]:
        """When none of the known addresses works: ask DNS once more, as HCP may have moved.

        :param known: the addresses that were tried
        :param patience: seconds to wait for the answer; who asked before us is waited for, too
        :returns: the addresses that are new
        """
        self._refresh_aside()
        if self._refresher is not None:
            self._refresher.join(max(0.0, patience))
            if self._refresher.is_alive():
                self.trouble = f'the resolve clock ran out after {patience:.3g} s'
        return [address for address in self.round() if address not in known]

    def round(self) -> list[str]:
        """All addresses to try for one connection, from the next one on; those that cool down come last."""
        now = self._clock.now()
        if now >= self._due:
            self._due = now + SOONEST_REFRESH
            self._refresh_aside()
        addresses = self._addresses
        elsewhere = os.getpid() - self._pid  # the processes of a pool begin at different nodes
        start = (next(self._turn) + elsewhere) % len(addresses)
        rotated = addresses[start:] + addresses[:start]
        return sorted(rotated, key=lambda address: self._cooling.get(address, now) > now)

    def _refresh_aside(self) -> None:
        """Refresh in a thread of its own, for all who wait for it and all who do not; two do no harm."""
        now = self._clock.now()
        if now - self._asked < ONE_TROUBLE or (self._refresher is not None and self._refresher.is_alive()):
            return
        self._asked = now
        refresher = threading.Thread(target=self._try_refresh, name='hcpsdk-resolver', daemon=True)
        try:
            refresher.start()
        except RuntimeError:  # no more threads, or the interpreter is ending: the known addresses will do
            return
        self._refresher = refresher

    def _try_refresh(self) -> None:
        try:
            self.refresh()
        except IpsError as error:
            logger.warning('%s; the known addresses stay in use', error)
