"""The mock's name server: answers for the names of its domain with the addresses of its nodes, in turn.

HCP spreads its clients over the nodes by this, and a client that asks it exercises the same path as
in production. It speaks UDP only: an answer with the addresses of a few nodes always fits.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from dataclasses import dataclass
from enum import Enum
from typing import Optional

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

LARGEST = 65535
"""bytes that a UDP message can have"""


class Trouble(Enum):
    """How the name server misbehaves."""

    SILENT = 'no answer at all'
    SERVFAIL = 'the server failed'
    NXDOMAIN = 'no name exists'
    EMPTY = 'names exist, but have no addresses'


@dataclass(frozen=True)
class Question:
    """A question that was asked."""

    name: str
    """lower case, without the dot at the end"""
    type: str
    """such as ``A``"""


_RCODES = {Trouble.SERVFAIL: dns.rcode.SERVFAIL, Trouble.NXDOMAIN: dns.rcode.NXDOMAIN}

# RFC 1035, 3.2.2 and RFC 3596: which addresses a type asks for.
_FAMILIES = {dns.rdatatype.A: '.', dns.rdatatype.AAAA: ':'}


class NameServer:
    """Answers on one UDP port from its making until :meth:`stop`, and again from :meth:`start`.

    :param domain: it answers for this name and all below it
    :param addresses: of the nodes, IPv4 or IPv6
    :param port: 0: a free one
    :param ttl: seconds for which an answer may be kept
    """

    def __init__(self, domain: str, addresses: list[str], *, port: int = 0, ttl: int = 60) -> None:
        self.zones: dict[str, list[str]] = {domain: list(addresses)}
        """domain -> the addresses served for it and the names below it; may be changed at any time"""
        self.ttl = ttl
        """seconds"""
        self.trouble: Optional[Trouble] = None
        """how it misbehaves; None: it does not"""
        self.questions: list[Question] = []
        """what it was asked, in order"""
        self._domain = domain
        self._turn = itertools.count()
        self.address = ('127.0.0.1', port)
        """IP address and port"""
        self.start()

    @property
    def addresses(self) -> list[str]:
        """The nodes' addresses as they are served; the list may be changed in place, or replaced."""
        return self.zones[self._domain]

    @addresses.setter
    def addresses(self, addresses: list[str]) -> None:
        self.zones[self._domain] = list(addresses)

    def start(self) -> None:
        """Answer again, at the same port, and as one was told before.

        :raises OSError: if the port is taken
        """
        self._socket = _bound(self.address[1])
        self.address = self._socket.getsockname()
        self._running = True
        self._thread = threading.Thread(target=self._serve, name='hcpsdk.mock name server', daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._running = False
        self._socket.sendto(b'', self.address)  # wakes our own thread
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(LARGEST)
            if not self._running:
                return
            answer = self._answer(wire)
            if answer is not None:
                with contextlib.suppress(OSError):  # the client may be gone
                    self._socket.sendto(answer, client)

    def _answer(self, wire: bytes) -> Optional[bytes]:
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR or query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            return None
        asked = query.question[0]
        self.questions.append(Question(_plain(asked.name), dns.rdatatype.to_text(asked.rdtype)))
        if self.trouble is Trouble.SILENT:
            return None
        return self._reply(query, asked).to_wire(want_shuffle=False)

    def _reply(self, query: dns.message.Message, asked: dns.rrset.RRset) -> dns.message.Message:
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        served = self._served(asked.name)
        if self.trouble in _RCODES:
            reply.set_rcode(_RCODES[self.trouble])
        elif served is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif self.trouble is None:
            self._add(reply, asked, served)
        return reply

    def _served(self, name: dns.name.Name) -> Optional[list[str]]:
        """The addresses of a name; None if there is no such name."""
        for domain, addresses in self.zones.items():
            if name.is_subdomain(dns.name.from_text(domain)):
                return addresses
        return None

    def _add(self, reply: dns.message.Message, asked: dns.rrset.RRset, served: list[str]) -> None:
        mark = _FAMILIES.get(asked.rdtype)
        fitting = [address for address in served if mark is not None and mark in address]
        if fitting:
            first = next(self._turn) % len(fitting)
            in_turn = fitting[first:] + fitting[:first]
            reply.answer.append(
                dns.rrset.from_text_list(asked.name, self.ttl, dns.rdataclass.IN, asked.rdtype, in_turn)
            )


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind(('127.0.0.1', port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f'port {port} (UDP) of 127.0.0.1: {error.strerror}') from error
    return sock


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
