"""The mock's name server, asked by dnspython and by hand."""

from __future__ import annotations

import socket

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.resolver
import pytest

from hcpsdk.mock import MockHCP
from hcpsdk.mock.dns import NameServer, Question, Trouble

NAME = 'n1.m.hcp1.example.com'
PATIENCE = 5.0


def asked(hcp: MockHCP, name: str = NAME, kind: str = 'A') -> dns.message.Message:
    address, port = hcp.dns_address
    return dns.query.udp(dns.message.make_query(name, kind), address, port=port, timeout=PATIENCE)


def addresses(answer: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in answer.answer for item in rrset]


def test_the_nodes_come_in_turn(mock_hcp: MockHCP) -> None:
    """All clients would begin with the same node."""
    answers = [addresses(asked(mock_hcp)) for _ in range(5)]
    assert answers[0] == ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']
    assert answers[1] == ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.1']
    assert [answer[0] for answer in answers[2:]] == ['127.0.0.3', '127.0.0.4', '127.0.0.1']


@pytest.mark.parametrize('name', ['hcp1.example.com', 'admin.hcp1.example.com', 'N1.M.HCP1.Example.Com'])
def test_every_name_of_the_domain_exists(mock_hcp: MockHCP, name: str) -> None:
    """Tenants and namespaces that a test makes would not be found."""
    answer = mock_hcp.resolver().resolve(name, 'A')
    assert sorted(item.to_text() for item in answer) == mock_hcp.addresses
    assert mock_hcp.dns.questions == [Question(name.lower(), 'A')]


@pytest.mark.parametrize('name', ['example.com', 'xhcp1.example.com', 'hcp2.example.com', 'localhost'])
def test_no_other_name_exists(mock_hcp: MockHCP, name: str) -> None:
    """A misspelt name would lead to the mock, and only in production to nowhere."""
    with pytest.raises(dns.resolver.NXDOMAIN):
        mock_hcp.resolver().resolve(name, 'A')


def test_there_are_no_other_addresses(mock_hcp: MockHCP) -> None:
    """A client that also asks for IPv6 would take the name for unknown."""
    answer = asked(mock_hcp, kind='AAAA')
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    assert asked(mock_hcp, kind='MX').answer == []
    assert [question.type for question in mock_hcp.dns.questions] == ['AAAA', 'MX']


def test_the_ttl(mock_hcp_factory) -> None:
    """Whether a client asks again when it should could not be tried."""
    hcp = mock_hcp_factory(ttl=7)
    assert hcp.resolver().resolve(NAME).rrset.ttl == 7
    hcp.dns.ttl = 8
    assert hcp.resolver().resolve(NAME).rrset.ttl == 8


def test_other_addresses_can_be_served(mock_hcp: MockHCP) -> None:
    """A failover by DNS, or a node that went, could not be told to the client."""
    mock_hcp.dns.addresses.remove('127.0.0.2')
    assert addresses(asked(mock_hcp)) == ['127.0.0.1', '127.0.0.3', '127.0.0.4']
    mock_hcp.dns.addresses = ['192.0.2.1', '2001:db8::1']
    assert addresses(asked(mock_hcp)) == ['192.0.2.1']
    assert addresses(asked(mock_hcp, kind='AAAA')) == ['2001:db8::1']
    assert mock_hcp.addresses == ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']


def test_a_second_system_can_be_served(mock_hcp: MockHCP) -> None:
    """A replica, which has a domain of its own, could not be found by the same resolver."""
    mock_hcp.dns.zones['hcp2.example.com'] = ['127.0.0.11']
    assert addresses(asked(mock_hcp, 'n1.m.hcp2.example.com')) == ['127.0.0.11']
    assert len(addresses(asked(mock_hcp))) == 4


@pytest.mark.parametrize(
    ('trouble', 'error'),
    [
        (Trouble.SERVFAIL, dns.resolver.NoNameservers),
        (Trouble.NXDOMAIN, dns.resolver.NXDOMAIN),
        (Trouble.EMPTY, dns.resolver.NoAnswer),
        (Trouble.SILENT, dns.resolver.LifetimeTimeout),
    ],
)
def test_the_name_server_misbehaves(mock_hcp: MockHCP, trouble: Trouble, error: type[Exception]) -> None:
    """What a client does without names would be known only when there are none."""
    mock_hcp.dns.trouble = trouble
    resolver = mock_hcp.resolver()
    resolver.lifetime = 0.1
    with pytest.raises(error):
        resolver.resolve(NAME)
    assert len(mock_hcp.dns.questions) >= 1
    mock_hcp.dns.trouble = None
    assert len(mock_hcp.resolver().resolve(NAME)) == 4


def altered(**changes: object) -> bytes:
    query = dns.message.make_query(NAME, 'A', id=7)  # the same in each run: it names the test
    for name, value in changes.items():
        setattr(query, name, value)
    return query.to_wire()


@pytest.mark.parametrize(
    'packet',
    [
        b'',
        b'\0' * 5,
        altered(question=[]),
        altered(flags=dns.flags.QR),
        altered(flags=dns.opcode.to_flags(dns.opcode.NOTIFY)),
    ],
)
def test_nonsense_is_passed_over(mock_hcp: MockHCP, packet: bytes) -> None:
    """One stray packet would silence the name server."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(packet, mock_hcp.dns_address)
    assert len(addresses(asked(mock_hcp))) == 4
    assert mock_hcp.dns.questions == [Question(NAME, 'A')]


def test_a_taken_port_is_named(mock_hcp: MockHCP) -> None:
    """Nobody could tell which of the mock's ports is taken."""
    _, port = mock_hcp.dns_address
    with pytest.raises(OSError, match=rf'port {port} \(UDP\) of 127.0.0.1'):
        NameServer('hcp1.example.com', [], port=port)


def test_a_client_that_cannot_be_reached_is_no_failure(
    mock_hcp: MockHCP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One client that is gone would silence the name server, on systems that report it."""
    server = mock_hcp.dns
    honest, refused = server._socket, []

    class Unreachable:
        def sendto(self, data: bytes, client: object) -> int:
            if not refused:
                refused.append(client)
                raise ConnectionRefusedError
            return honest.sendto(data, client)

        def __getattr__(self, name: str) -> object:
            return getattr(honest, name)

    monkeypatch.setattr(server, '_socket', Unreachable())
    resolver = mock_hcp.resolver()
    resolver.timeout = 0.05
    assert len(resolver.resolve(NAME)) == 4
    assert len(refused) == 1
