"""Arguments that make no sense are refused at the call, with words, before anything is sent."""

from __future__ import annotations

import pytest

from hcpsdk import Connection, HcpsdkError
from hcpsdk.mapi import Replication
from hcpsdk.namespace import Info

NAN, INFINITE = float('nan'), float('inf')


def test_the_defaults(target, network) -> None:
    """Or a script that relies on the documented defaults would behave otherwise."""
    connection = Connection(target)
    patience = connection._patience
    assert (patience.connect, patience.read, patience.idle) == (30, 30, 30)
    assert (connection._debuglevel, connection._retries) == (0, 3)


def test_by_position(target) -> None:
    """Or the documented order of arguments would mean something else."""
    connection = Connection(target, 1, 2, 3, 4)
    patience = connection._patience
    assert (patience.connect, patience.read, patience.idle) == (1, 1, 2)
    assert (connection._debuglevel, connection._retries) == (3, 4)


def test_a_pair_of_timeouts(target) -> None:
    """Or a caller could not wait long for an answer, and still notice a dead node soon."""
    patience = Connection(target, timeout=(0.5, 60))._patience
    assert (patience.connect, patience.read) == (0.5, 60)


REFUSED = [
    ('timeout', TypeError, [None, '30', True, [1, 2], (1,), (1, 2, 3), (1, '2'), (None, 1)]),
    ('timeout', ValueError, [0, -1, NAN, INFINITE, (0, 1), (1, 0), (1, NAN), 2.2e6, 1e300]),
    ('idletime', TypeError, [None, '30', True, (1, 2)]),
    ('idletime', ValueError, [-1, -0.001, NAN, INFINITE, 2.2e6, 1e300]),
    ('debuglevel', TypeError, [None, '1', 1.0, True]),
    ('debuglevel', ValueError, [-1, 10]),
    ('retries', TypeError, [None, '1', 1.0, False]),
    ('retries', ValueError, [-1]),
    ('sock_keepalive', TypeError, [None, 1, 'yes']),
    ('tcp_keepalive', TypeError, [None, '60', 1.5, True]),
    ('tcp_keepalive', ValueError, [0, -1, 32768]),
    ('tcp_keepintvl', ValueError, [0, 32768]),
    ('tcp_keepcnt', ValueError, [0, 128]),
]


@pytest.mark.parametrize(
    ('name', 'error', 'value'), [(name, error, value) for name, error, values in REFUSED for value in values]
)
def test_bad_arguments_are_refused(target, network, name: str, error: type, value: object) -> None:
    """Or a mistake would show as an endless wait, or as an error deep inside of a later request."""
    with pytest.raises(error, match=name):
        Connection(target, **{name: value})
    assert network.dialled == []


@pytest.mark.parametrize(
    ('name', 'value'), [('idletime', 0), ('debuglevel', 9), ('retries', 0), ('timeout', 0.001)]
)
def test_the_borders_are_allowed(target, name: str, value: object) -> None:
    """Or what the manual allows would be refused."""
    Connection(target, **{name: value})


@pytest.mark.parametrize('what', [None, 'n1.m.hcp1.example.com', 5, Connection])
@pytest.mark.parametrize('take', [Connection, Info, Replication])
def test_what_is_no_target_is_refused(take, what: object) -> None:
    """Or the mistake would show as an AttributeError of something private."""
    with pytest.raises(TypeError, match=r'hcpsdk\.Target'):
        take(what)


@pytest.mark.parametrize('ask', [lambda c: c.read(), lambda c: c.getheader('ETag'), lambda c: c.getheaders()])
def test_there_is_no_answer_before_a_request(target, ask) -> None:
    """Or an AttributeError about None would come where HcpsdkError was promised."""
    with pytest.raises(HcpsdkError, match='no request was made yet'):
        ask(Connection(target))


def test_what_is_known_before_a_request(target, network) -> None:
    """Or a new Connection would occupy a node before it is used."""
    connection = Connection(target)
    assert (connection.address, connection.Response, connection.response) == (None, None, None)
    assert (connection.response_status, connection.response_reason) == (None, None)
    times = (connection.connect_time, connection.service_time1, connection.service_time2)
    assert times == (1e-11,) * 3
    assert network.dialled == []
    connection.close()
    connection.close()


BAD_REQUESTS = {
    'url': lambda c: c.GET('rest/a'),
    'method': lambda c: c.request('GE T', '/rest/a'),
    'params': lambda c: c.GET('/rest/a', params='a=b'),
    'headers': lambda c: c.GET('/rest/a', headers={'a\n': 'b'}),
    'body': lambda c: c.PUT('/rest/a', 5),
}


@pytest.mark.parametrize('bad', BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_bad_request_costs_nothing(connection, network, respond, bad) -> None:
    """Or a mistake would open a connection, or lose the answer that was not read yet."""
    network.answers(respond(body=b'one'))
    connection.GET('/rest/a')
    with pytest.raises((HcpsdkError, TypeError)):
        bad(connection)
    assert connection.read() == b'one'
    assert len(network.dialled) == 1


def test_the_order_of_release_0_9_5_tells(target, network, capsys) -> None:
    """Or a program that gives both by position, as that release had them, would never be told."""
    with pytest.raises(ValueError, match='debuglevel'):
        Connection(target, 30, 30, 10, 0)
    with pytest.raises(TypeError, match='positional'):
        Connection(target, 30, 30, 0, 3, True)
