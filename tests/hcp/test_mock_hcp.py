"""The mock as a whole: its ports, its nodes, what it is given, and the fixtures around it."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import hcpsdk
from hcpsdk.mock import MockHCP, Silent, default_system, gates
from hcpsdk.mock.gates import Access, Gate, usable_addresses


def test_every_node_has_the_same_ports(server_context: ssl.SSLContext, dial) -> None:
    """A client that goes from node to node would knock at closed doors."""
    with MockHCP(ssl_context=server_context) as hcp:
        assert hcp.addresses == ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4']
        assert len({hcp.port, hcp.https_port, hcp.mapi_port}) == 3
        for node, address in enumerate(hcp.addresses):
            for port in (hcp.port, hcp.https_port, hcp.mapi_port):
                dial(port, address)
            dial(hcp.port, address).ask()
            assert hcp.log[-1].node == node


def test_without_a_certificate_there_is_no_https(mock_hcp: MockHCP, dial) -> None:
    """A client would speak TLS to somebody who does not."""
    assert mock_hcp.https_port is None
    assert dial(mock_hcp.mapi_port).ask(path='/mapi/').status in (302, 403, 404)
    assert mock_hcp.log[0].caller.mapi


def test_ports_can_be_chosen(mock_hcp: MockHCP) -> None:
    """The mock could not stand where a program expects HCP."""
    ports = {'port': mock_hcp.port, 'mapi_port': mock_hcp.mapi_port, 'dns_port': mock_hcp.dns_address[1]}
    mock_hcp.stop()
    with MockHCP(**ports) as hcp:
        assert (hcp.port, hcp.mapi_port, hcp.dns_address[1]) == tuple(ports.values())


@pytest.mark.parametrize('kind', ['port', 'mapi_port', 'dns_port'])
def test_a_taken_port_is_named_and_nothing_is_left(mock_hcp: MockHCP, kind: str) -> None:
    """Nobody could tell which of the ports is taken; and the others would stay open."""
    taken = {'port': mock_hcp.port, 'mapi_port': mock_hcp.mapi_port, 'dns_port': mock_hcp.dns_address[1]}
    with pytest.raises(OSError, match=f'port {taken[kind]}.* of 127.0.0.1: ') as failed:
        MockHCP(**{kind: taken[kind]}).start()
    assert failed.value.errno == errno.EADDRINUSE


def test_a_port_that_is_taken_at_the_last_moment_is_named_too() -> None:
    """Nobody could tell which port a node that was to come back has lost."""
    mine, other = Gate(0, Access(mapi=False), '127.0.0.1', 0), None
    try:
        other = Gate(0, Access(mapi=False), '127.0.0.1', mine.port)
        other.open()
        with pytest.raises(OSError, match=f'port {mine.port} of 127.0.0.1: '):
            mine.open()
    finally:
        mine.close()
        if other:
            other.close()


def test_another_port_is_tried_if_one_node_has_it_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a mock would fail now and then."""
    tried = []
    honest = gates._bound

    def unlucky(address: str, port: int) -> socket.socket:
        if port:
            tried.append(port)
            if len(tried) == 1:
                raise OSError(errno.EADDRINUSE, 'taken')
        return honest(address, port)

    monkeypatch.setattr(gates, '_bound', unlucky)
    row = gates.gates(['127.0.0.1', '127.0.0.2'], 0, Access(mapi=False))
    assert [gate.port for gate in row] == [tried[1]] * 2
    for gate in row:
        gate.close()


def test_ports_are_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a mock would hang where nothing is free."""

    def taken(address: str, port: int) -> socket.socket:
        raise OSError(errno.EADDRINUSE, 'taken')

    monkeypatch.setattr(gates, '_bound', taken)
    with pytest.raises(OSError, match='free on all of 127.0.0.1, 127.0.0.2'):
        gates.gates(['127.0.0.1', '127.0.0.2'], 0, Access(mapi=False))


def without_the_others(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    honest = gates._bound

    def bound(address: str, port: int) -> socket.socket:
        if address != '127.0.0.1':
            raise OSError(error, os.strerror(error))
        return honest(address, port)

    monkeypatch.setattr(gates, '_bound', bound)


def test_one_node_where_there_is_one_address(monkeypatch: pytest.MonkeyPatch, dial) -> None:
    """The mock would not run on systems that know 127.0.0.1 only."""
    without_the_others(monkeypatch, errno.EADDRNOTAVAIL)
    with MockHCP() as hcp:
        assert hcp.addresses == ['127.0.0.1']
        assert dial(hcp.port).ask().status == 404
        with pytest.raises(ValueError, match='node goes from 0 to 0: 1'):
            hcp.stop_node(1)


def test_another_failure_is_not_taken_for_a_missing_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without free sockets would seem to have one address only."""
    without_the_others(monkeypatch, errno.EMFILE)
    with pytest.raises(OSError, match='Too many open files'):
        usable_addresses(1, 2)


def test_two_systems_side_by_side(mock_hcp_factory, dial) -> None:
    """A replica, which a Target expects on the same port, could not be had."""
    hcp1 = mock_hcp_factory()
    hcp2 = mock_hcp_factory('HCP2.example.com', first=11, port=hcp1.port, nodes=2)
    assert (hcp2.port, hcp2.addresses) == (hcp1.port, ['127.0.0.11', '127.0.0.12'])
    client = dial(hcp2.port, hcp2.addresses[0])
    assert client.ask('PUT', body=b'x', Host='n1.m.hcp2.example.com').status == 201
    assert client.ask(Host='n1.m.hcp2.example.com').headers['x-hcp-servicedbysystem'] == 'hcp2.example.com'
    assert hcp1.log == []


def test_it_can_be_given_a_system_a_directory_and_a_clock(tmp_path, dial) -> None:
    """Tests could not bring their own tenants, large objects, or time."""
    system = default_system('hcp1.example.com')
    system.software_version = '9.7.0.1'
    with MockHCP(system=system, directory=tmp_path / 'data', clock=lambda: 1422736466) as hcp:
        client = dial(hcp.port)
        assert client.ask('PUT', body=b'x' * 300_000).status == 201
        headers = client.ask('HEAD').headers
    assert (headers['server'], headers['x-hcp-ingesttime']) == ('HCP V9.7.0.1', '1422736466')
    assert [path.stat().st_size for path in (tmp_path / 'data').rglob('*') if path.is_file()] == [300_000]


def test_it_can_be_started_again(dial) -> None:
    """Whether a client survives the restart of an HCP could not be tried."""
    hcp = MockHCP()
    with hcp:
        dial(hcp.port).ask('PUT', body=b'x')
        with pytest.raises(RuntimeError, match='runs already'):
            hcp.start()
    with hcp:
        assert dial(hcp.port).ask().body == b'x'


def test_it_comes_back_where_it_was(server_context: ssl.SSLContext, dial) -> None:
    """A client that outlives a restart would knock at ports that nobody has any more."""
    hcp = MockHCP(ssl_context=server_context)
    with hcp:
        ports = hcp.port, hcp.https_port, hcp.mapi_port, hcp.dns_address
        hcp.dns.zones['hcp2.example.com'] = ['127.0.0.11']
        resolver = hcp.resolver()
        dial(hcp.port).ask('PUT', '/rest/a', b'x')
        assert hcp.running
    assert not hcp.running
    for port in (hcp.port, hcp.https_port, hcp.mapi_port):
        with pytest.raises(ConnectionRefusedError):
            dial(port)
    with hcp:
        assert (hcp.port, hcp.https_port, hcp.mapi_port, hcp.dns_address) == ports
        assert [one.address for one in resolver.resolve('n1.m.hcp2.example.com')] == ['127.0.0.11']
        assert len(resolver.resolve('n1.m.hcp1.example.com')) == 4
        assert (dial(hcp.port).ask().body, len(hcp.log), len(hcp.dns.questions)) == (b'x', 2, 2)


@pytest.mark.parametrize('kind', ['port', 'mapi_port', 'dns_port'])
def test_a_port_that_was_taken_meanwhile_is_named(kind: str) -> None:
    """A mock that cannot come back would move to other ports without saying so, or leave some open."""
    hcp = MockHCP()
    with hcp:
        ports = {'port': hcp.port, 'mapi_port': hcp.mapi_port, 'dns_port': hcp.dns_address[1]}
    with MockHCP('hcp2.example.com', **{kind: ports[kind]}):
        with pytest.raises(OSError, match=f'port {ports[kind]}.* of 127.0.0.1: '):
            hcp.start()
        assert not hcp.running
    with hcp:
        assert hcp.port == ports['port']


def test_a_pair_of_mocks(mock_hcp_pair: tuple[MockHCP, MockHCP]) -> None:
    """A Target's replica would not be found by the name server that leads to the primary."""
    hcp1, hcp2 = mock_hcp_pair
    assert (hcp2.port, hcp2.mapi_port) == (hcp1.port, hcp1.mapi_port)
    resolver = hcp1.resolver()
    hcp2.stop()
    for hcp in mock_hcp_pair:
        found = [one.address for one in resolver.resolve(f'n1.m.{hcp.domain}')]
        assert sorted(found) == hcp.addresses
    hcp2.start()
    hcp1.stop()
    for hcp in mock_hcp_pair:
        assert len(hcp2.resolver().resolve(f'n1.m.{hcp.domain}')) == 4


@pytest.mark.parametrize(
    'ask',
    [
        lambda hcp: hcp.port,
        lambda hcp: hcp.mapi_port,
        lambda hcp: hcp.dns,
        lambda hcp: hcp.resolver(),
        lambda hcp: hcp.stop_node(0),
    ],
)
def test_before_the_start_there_is_nothing_to_reach(ask) -> None:
    """A forgotten start() would look like a refused connection to port 0."""
    hcp = MockHCP()
    assert (hcp.https_port, hcp.addresses, hcp.open_connections()) == (None, [], 0)
    with pytest.raises(RuntimeError, match='start'):
        ask(hcp)


@pytest.mark.parametrize(
    ('wrong', 'why'),
    [
        ({'nodes': 0}, 'nodes goes from 1 to 80: 0'),
        ({'nodes': 81}, 'nodes goes from'),
        ({'first': 0}, 'first goes from 1 to 251'),
        ({'port': 65536}, 'port goes from 0 to 65535: 65536'),
        ({'https_port': -1}, 'https_port goes from'),
        ({'mapi_port': 70000}, 'mapi_port goes from'),
        ({'dns_port': 70000}, 'dns_port goes from'),
        ({'domain': ''}, 'domain must not be empty'),
        ({'keepalive': 0}, 'keepalive must be positive'),
        ({'ttl': -1}, 'ttl not negative'),
    ],
)
def test_wrong_arguments_are_refused_at_once(wrong: dict[str, object], why: str) -> None:
    """A typing error would surface as an obscure failure of the operating system."""
    with pytest.raises(ValueError, match=why):
        MockHCP(**wrong)


TESTS_OF_A_USER = """
import threading
seen = []

def test_pair(mock_hcp_pair):
    hcp1, hcp2 = mock_hcp_pair
    hcp1.replicate_to(hcp2)
    seen.extend(mock_hcp_pair)

def test_one(mock_hcp, mock_hcp_factory):
    seen.extend([mock_hcp, mock_hcp_factory(nodes=1), mock_hcp_factory('hcp2.example.com')])
    assert len(mock_hcp.addresses) == 4

def test_two(mock_hcp):
    assert mock_hcp not in seen
    assert len([thread for thread in threading.enumerate() if thread.name == 'hcpsdk.mock porter']) == 1
"""


def test_the_fixtures_for_users(tmp_path: Path) -> None:
    """Objects of one test would be there in the next one, or mocks would pile up."""
    (tmp_path / 'test_user.py').write_text(TESTS_OF_A_USER)
    plugins = ['-p', 'no:hcpsdk_mock', '-p', 'hcpsdk.mock.plugin', '-p', 'no:cacheprovider', '-W', 'error']
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', *plugins, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(Path(hcpsdk.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert '3 passed' in done.stdout, done.stdout + done.stderr


def test_a_path_that_no_request_can_have_is_refused() -> None:
    """Or a fault is ordered, never strikes, and a test passes for no reason."""
    with MockHCP() as hcp, pytest.raises(ValueError, match="begins with '/'"):
        hcp.misbehave(Silent(), path='rest/a')


def test_it_shows_itself() -> None:
    """Or a failed test would not tell which mock it had talked to, or whether that was running."""
    hcp = MockHCP('hcp9.example.com')
    assert repr(hcp) == '<MockHCP hcp9.example.com, not running>'
    with hcp:
        assert repr(hcp) == f'<MockHCP hcp9.example.com, {", ".join(hcp.addresses)} port {hcp.port}>'
