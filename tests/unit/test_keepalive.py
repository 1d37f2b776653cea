"""TCP keep-alive, and what else a Connection shows, or lets one set, of what it goes by."""

from __future__ import annotations

import importlib
import socket
import sys

import pytest

from hcpsdk import Connection, _keepalive
from hcpsdk._keepalive import KeepAlive


class Recorder:
    """A socket that takes note of what is set."""

    def __init__(self) -> None:
        self.options: dict[tuple[int, object], int] = {}

    def setsockopt(self, level: int, option: object, value: int) -> None:
        self.options[level, option] = value


@pytest.fixture
def systems(monkeypatch):
    """The module as it is on a system that has these constants."""

    def on(platform: str, **constants: int):
        for name in ('TCP_KEEPIDLE', 'TCP_KEEPALIVE', 'TCP_KEEPINTVL', 'TCP_KEEPCNT'):
            monkeypatch.delattr(socket, name, raising=False)
        for name, value in constants.items():
            monkeypatch.setattr(socket, name, value, raising=False)
        monkeypatch.setattr(sys, 'platform', platform)
        return importlib.reload(_keepalive).KeepAlive(30, 10, 2)

    yield on
    monkeypatch.undo()
    importlib.reload(_keepalive)


SYSTEMS = {
    'Linux': ('linux', {'TCP_KEEPIDLE': 4, 'TCP_KEEPINTVL': 5, 'TCP_KEEPCNT': 6}, {4: 30, 5: 10, 6: 2}),
    'macOS': (
        'darwin',
        {'TCP_KEEPALIVE': 0x10, 'TCP_KEEPINTVL': 0x101, 'TCP_KEEPCNT': 0x102},
        {0x10: 30, 0x101: 10, 0x102: 2},
    ),
    'macOS with Python 3.9': (
        'darwin',
        {'TCP_KEEPINTVL': 0x101, 'TCP_KEEPCNT': 0x102},
        {0x10: 30, 0x101: 10, 0x102: 2},
    ),
    'another one': ('other', {}, {}),
}


@pytest.mark.parametrize(('platform', 'constants', 'expected'), SYSTEMS.values(), ids=SYSTEMS)
def test_what_is_set(systems, platform: str, constants: dict[str, int], expected: dict[int, int]) -> None:
    """Or a firewall would forget connections of one system, and another system raise an error."""
    sock = Recorder()
    systems(platform, **constants).switch_on(sock)
    tcp = {(socket.IPPROTO_TCP, option): value for option, value in expected.items()}
    assert sock.options == {(socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1, **tcp}


@pytest.mark.skipif(not hasattr(socket, 'TCP_KEEPIDLE'), reason='this system calls it otherwise')
def test_the_limits_are_those_of_the_kernel() -> None:
    """Or what is allowed at the call would fail when dialling."""
    for most in (KeepAlive(1, 1, 1), KeepAlive(_keepalive.LONGEST, _keepalive.LONGEST, _keepalive.MOST)):
        with socket.socket() as sock:
            most.switch_on(sock)
            found = [
                sock.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ]
            assert tuple(found) == tuple(most)


def test_only_if_it_is_wanted(target, network, respond) -> None:
    """Or each connection would send probes, asked for or not."""
    network.answers(respond())
    with Connection(target) as connection:
        connection.HEAD('/rest/a')
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE) not in network.sockets[0].options


def test_it_is_set_when_dialled(target, network, respond) -> None:
    """Or the arguments would be taken, and nothing come of them."""
    network.answers(respond())
    with Connection(target, sock_keepalive=True, tcp_keepalive=30) as connection:
        connection.HEAD('/rest/a')
    assert network.sockets[0].options[socket.SOL_SOCKET, socket.SO_KEEPALIVE] == 1
    assert 30 in network.sockets[0].options.values()


def test_what_a_connection_goes_by(connection, network, respond) -> None:
    """Or a program could not look at the certificate, or at its own address, as it could in release 0.9.5."""
    assert connection.con is None
    sock = network.answers(respond())
    connection.HEAD('/rest/a')
    assert connection.con.sock is sock
    assert (connection.con.host, connection.con.port, connection.con.timeout) == ('192.0.2.1', 80, 30)
    connection.close()
    assert connection.con is None


def test_a_link_that_expired_is_no_connection(connection, network, respond, time) -> None:
    """Or a program would be given a socket that is closed."""
    network.answers(respond())
    connection.HEAD('/rest/a')
    connection._link.close()
    assert connection.con is None


def test_the_debug_level_can_be_set_at_any_time(connection, network, respond, capsys) -> None:
    """Or a program could not look at one request of many."""
    assert connection.debug_level == 0
    network.answers(respond(), respond(), respond())
    connection.HEAD('/rest/quiet')
    connection.debug_level = 1
    connection.HEAD('/rest/shown')
    connection.debug_level = 0
    connection.HEAD('/rest/quiet')
    printed = capsys.readouterr().out
    assert 'shown' in printed
    assert 'quiet' not in printed
    assert 'n01' not in printed


def test_the_debug_level_counts_for_links_to_come(connection, network, respond, capsys) -> None:
    """Or it would be forgotten with the next connection."""
    connection.debug_level = 9
    network.answers(respond())
    connection.HEAD('/rest/shown')
    assert 'shown' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('level', 'error'), [(10, ValueError), (-1, ValueError), ('1', TypeError), (True, TypeError)]
)
def test_a_bad_debug_level_is_refused(connection, level: object, error: type) -> None:
    """Or a mistake would change what is printed."""
    with pytest.raises(error, match='debug_level'):
        connection.debug_level = level
    assert connection.debug_level == 0
