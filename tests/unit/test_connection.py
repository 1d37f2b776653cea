"""The way of one request, on sockets that are none; the villains on real ones are in tests/wire."""

from __future__ import annotations

import http.client
import io
import logging
import math
import ssl

import pytest

import hcpsdk
from hcpsdk import (
    Connection,
    HcpsdkCantConnectError,
    HcpsdkCertificateError,
    HcpsdkError,
    HcpsdkTimeoutError,
    HcpsdkTruncatedError,
    _link,
)

FIRST, SECOND, THIRD, FOURTH = '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'
RESET = ConnectionResetError('reset')
SILENT = TimeoutError('timed out')
URL = '/rest/a'
SECRETS = ('n01', '1dc7fed37e11b35093d311ef66928ad9')


@pytest.fixture(autouse=True)
def _still(target, monkeypatch) -> None:
    """No refresh aside: it would be a thread of its own."""
    monkeypatch.setattr(target._circle, '_refresh_aside', lambda: None)


def test_one_request(connection, network, respond) -> None:
    """Or nothing at all would work."""
    wire = network.answers(respond('201 Created', ETag='"x"'))
    response = connection.PUT('/rest/a b', b'data', {'index': True}, {'X-Mine': 'x'})
    assert isinstance(response, http.client.HTTPResponse)
    assert (connection.response_status, connection.response_reason) == (201, 'Created')
    assert connection.Response is connection.response is response
    assert connection.getheader('etag') == '"x"'
    assert connection.getheader('nothing', default='d') == 'd'
    assert ('ETag', '"x"') in connection.getheaders()
    assert wire.lines[0] == 'PUT /rest/a%20b?index=true HTTP/1.1'
    assert {'Host: n1.m.hcp1.example.com', 'X-Mine: x', 'Content-Length: 4'} < set(wire.lines)
    assert wire.body == b'data'
    assert connection.address == FIRST


METHODS = {
    'PUT': lambda c: c.PUT(URL, b'x', {'a': 1}, {'b': 2}),
    'GET': lambda c: c.GET(URL, {'a': 1}, {'b': 2}),
    'HEAD': lambda c: c.HEAD(URL, {'a': 1}, {'b': 2}),
    'POST': lambda c: c.POST(URL, {'a': 1}, {'b': 2}),
    'DELETE': lambda c: c.DELETE(URL, {'a': 1}, {'b': 2}),
}


@pytest.mark.parametrize('method', METHODS)
def test_each_method_by_position(connection, network, respond, method: str) -> None:
    """Or a script for the documented API would send its headers as a query."""
    wire = network.answers(respond())
    METHODS[method](connection)
    assert wire.lines[0] == f'{method} /rest/a?a=1 HTTP/1.1'
    assert 'b: 2' in wire.lines


def test_post_takes_a_body_by_its_name(connection, network, respond) -> None:
    """Or custom metadata could not be posted."""
    wire = network.answers(respond())
    connection.POST(URL, body=b'x')
    assert wire.body == b'x'


def test_requests_share_a_connection(connection, network, respond) -> None:
    """Or each request would pay for a handshake."""
    network.answers(respond(), respond(body=b'one'), respond())
    connection.HEAD(URL)
    connection.GET(URL)
    assert connection.read() == b'one'
    connection.DELETE(URL)
    assert network.dialled == [FIRST]


def test_each_connection_takes_the_next_address(connection, target, network, respond) -> None:
    """Or one node would carry the load of all."""
    for address in (FIRST, SECOND, THIRD):
        network.answers(respond(Connection='close'), at=address)
    for address in (FIRST, SECOND, THIRD):
        connection.HEAD(URL)
        assert connection.address == address


@pytest.mark.parametrize('method', ['PUT', 'HEAD', 'DELETE', 'POST'])
def test_ready_for_the_next_request(connection, network, respond, method: str) -> None:
    """Or the manual's promise would be broken for an answer without a body, or with an unread one."""
    network.answers(respond(body=b'' if method in ('POST', 'HEAD') else b'an error page'), respond())
    METHODS[method](connection)
    assert 'idle' in repr(connection)
    connection.HEAD(URL)
    assert network.dialled == [FIRST]


def test_a_small_rest_is_read_away(connection, network, respond) -> None:
    """Or a new connection would be opened for a few bytes."""
    network.answers(respond(body=b'x' * 65536), respond(body=b'next'))
    connection.GET(URL)
    connection.GET(URL)
    assert connection.read() == b'next'
    assert network.dialled == [FIRST]


def test_a_large_rest_costs_a_new_connection(connection, network, respond) -> None:
    """Or a caller who wants the next object would first have to wait for all of the last one."""
    first = network.answers(respond(body=b'x' * 65537), respond())
    network.answers(respond(body=b'next'), at=SECOND)
    connection.GET(URL)
    connection.GET(URL)
    assert connection.read() == b'next'
    assert first.closed


def test_a_forked_child_leaves_its_parents_connection_alone(
    connection, network, respond, monkeypatch
) -> None:
    """Or the child's next request would read away what its parent is about to read."""
    first = network.answers(respond(body=b'for the parent'))
    network.answers(respond(body=b'for the child'), at=SECOND)
    connection.GET(URL)
    monkeypatch.setattr(_link.os, 'getpid', lambda: -1)
    connection.GET(URL)
    assert connection.read() == b'for the child'
    assert first.sent.count(b'GET') == 1


def test_a_rest_that_was_cut_costs_a_new_connection(connection, network, respond) -> None:
    """Or an error of the last answer would be raised by the next request."""
    network.answers(respond(body=b'cut', Content_Length=100))
    network.answers(respond(), at=SECOND)
    connection.GET(URL)
    assert connection.HEAD(URL).status == 200


def test_reading_in_parts(connection, network, respond, time) -> None:
    """Or a body larger than memory could not be read, or its times be wrong."""
    network.answers(respond(body=b'0123456789'))
    connection.GET(URL)
    assert [connection.read(4), connection.read(4), connection.read(4), connection.read(4)] == [
        b'0123',
        b'4567',
        b'89',
        b'',
    ]


def test_a_cut_body_raises(connection, network, respond) -> None:
    """Or a part of an object would pass for the whole."""
    network.answers(respond(body=b'0123', Content_Length=10))
    connection.GET(URL)
    with pytest.raises(HcpsdkTruncatedError):
        connection.read(10)


# --- times -----------------------------------------------------------------------------------


def test_the_times(target, network, respond, time, monkeypatch) -> None:
    """Or nobody could tell a slow HCP from a slow network."""
    network.answers(respond(body=b'0123456789'))
    connection = Connection(target)
    exchange = _link.Link.exchange
    dial = network.dial

    def slow_dial(*args: object) -> None:
        time.go_on(5)
        dial(*args)

    def slow_exchange(*args: object) -> object:
        time.go_on(2)
        return exchange(*args)

    monkeypatch.setattr(network, 'dial', slow_dial)
    monkeypatch.setattr(_link.Link, 'exchange', slow_exchange)
    connection.GET(URL)
    assert (connection.connect_time, connection.service_time1) == (5, 2)
    assert connection.service_time2 == pytest.approx(2)
    read = connection.Response.read
    monkeypatch.setattr(connection.Response, 'read', lambda amt: time.go_on(1) or read(amt))
    connection.read(4)
    connection.read()
    assert connection.service_time1 == 1
    assert connection.service_time2 == pytest.approx(4)
    connection.close()


def test_no_time_is_ever_zero(connection, network, respond) -> None:
    """Or a program that divides by a time would fail; the clock here stands still."""
    network.answers(respond(body=b'x'))
    connection.GET(URL)
    connection.read()
    times = (connection.connect_time, connection.service_time1, connection.service_time2)
    assert all(isinstance(value, float) and value >= 1e-11 for value in times)


# --- failures --------------------------------------------------------------------------------


def test_a_node_that_refuses_is_passed_over(connection, network, respond, time) -> None:
    """Or one dead node of four would make each fourth request fail."""
    network.refuses(ConnectionRefusedError('no'))
    network.refuses(SILENT, at=SECOND)
    network.answers(respond(), at=THIRD)
    connection.HEAD(URL)
    assert network.dialled == [FIRST, SECOND, THIRD]
    assert time.naps == []
    assert set(connection._target._circle._cooling) == {FIRST, SECOND}


def test_when_no_node_takes_a_connection_each_is_named(connection, network) -> None:
    """Or an operator would not know which node to look at."""
    with pytest.raises(HcpsdkCantConnectError) as caught:
        connection.PUT(URL, b'x')
    assert network.dialled == [FIRST, SECOND, THIRD, FOURTH]
    for address in network.dialled:
        assert address in caught.value.reason
    assert 'nothing was sent' in caught.value.reason
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert connection.address is None


def test_when_all_nodes_are_silent_it_is_a_timeout(connection, network) -> None:
    """Or ``except HcpsdkTimeoutError`` would miss the most usual timeout."""
    for address in (FIRST, SECOND, THIRD, FOURTH):
        network.refuses(SILENT, at=address)
    with pytest.raises(HcpsdkTimeoutError):
        connection.HEAD(URL)


def test_a_certificate_that_does_not_verify_ends_it_and_names_the_ways_out(connection, network) -> None:
    """Or a caller would be sent round all nodes, and then be told nothing useful."""
    network.refuses(ssl.SSLCertVerificationError('self-signed certificate'))
    with pytest.raises(HcpsdkCertificateError, match='SSL_NOVERIFY') as caught:
        connection.HEAD(URL)
    assert 'cafile' in caught.value.reason
    assert network.dialled == [FIRST]


def test_a_kept_connection_that_was_closed_costs_nothing(target, network, respond, time) -> None:
    """Or the first request after a pause would fail, retries or not."""
    network.answers(respond(), RESET)
    network.answers(respond(), at=SECOND)
    with Connection(target, retries=0) as connection:
        connection.HEAD(URL)
        assert connection.PUT(URL, b'x').status == 200
    assert time.naps == []
    assert network.sockets[1].body == b'x'


def test_a_post_on_a_connection_seen_closed_goes_to_a_new_one(target, network, respond) -> None:
    """Or a POST after a pause would fail though not a byte of it was sent."""
    stale = network.answers(respond(), respond())
    network.answers(respond(), at=SECOND)
    with Connection(target, retries=0) as connection:
        connection.HEAD(URL)
        stale.readable = True
        connection.POST(URL, {'hold': True})
    assert 'POST' not in stale.sent.decode()
    assert network.sockets[1].lines[0].startswith('POST')


def test_retries_pause_longer_each_time_and_end(connection, network, time) -> None:
    """Or a caller would wait for ever, or HCP be hammered."""
    for address in (FIRST, SECOND, THIRD, FOURTH):
        network.answers(RESET, at=address)
    with pytest.raises(HcpsdkError, match=r'all 3 retries are used up') as caught:
        connection.GET(URL)
    assert time.naps == [0, 0.25, 0.5]
    assert network.dialled == [FIRST, SECOND, THIRD, FOURTH]
    assert 'GET /rest/a' in caught.value.reason
    assert caught.value.__cause__ is RESET


def test_no_retries_means_one_attempt(target, network) -> None:
    """Or a caller could not choose to decide himself."""
    network.answers(RESET)
    with Connection(target, retries=0) as connection, pytest.raises(HcpsdkError):
        connection.GET(URL)
    assert network.dialled == [FIRST]


def test_a_body_is_rewound_for_a_retry(connection, network, respond) -> None:
    """Or an empty object would be stored, with 201."""
    file = io.BytesIO(b'xxdata')
    file.seek(2)
    network.answers(RESET)
    network.answers(respond(), at=SECOND)
    connection.PUT(URL, file)
    assert [wire.body for wire in network.sockets] == [b'data', b'data']


def test_a_body_that_cannot_be_rewound_is_not_sent_twice(connection, network) -> None:
    """Or a part of a stream would be stored as the whole."""
    network.answers(RESET)
    with pytest.raises(HcpsdkError, match='second time'):
        connection.PUT(URL, iter([b'data']))
    assert network.dialled == [FIRST]


def test_a_post_is_not_sent_twice(connection, network) -> None:
    """Or an action would be carried out twice."""
    network.answers(SILENT)
    with pytest.raises(HcpsdkTimeoutError, match='ask by HEAD'):
        connection.POST(URL, body=b'x')
    assert network.dialled == [FIRST]


TUNNEL = 19_090


@pytest.mark.parametrize('said', [RESET, b'\x15\x03\x03\0\x02\x02\x50'])
@pytest.mark.parametrize(('port', 'told'), [(80, False), (TUNNEL, True)])
def test_a_door_that_may_speak_tls_is_told(target, names, network, said, port: int, told: bool) -> None:
    """Or who comes through a tunnel would look for the fault in it."""
    network.answers(said)
    there = hcpsdk.Target(target.fqdn, hcpsdk.DummyAuthorization(), port, resolver=names)
    with pytest.raises(HcpsdkError) as caught:
        hcpsdk.Connection(there, retries=0).POST(URL, body=b'x')
    assert (f'TLS behind port {port}, the Target needs ssl=True' in str(caught.value)) is told


def test_a_door_that_has_answered_is_not_suspected(target, names, network, respond) -> None:
    """Or one would change what had worked a moment ago."""
    network.answers(respond(), RESET)
    there = hcpsdk.Target(target.fqdn, hcpsdk.DummyAuthorization(), TUNNEL, resolver=names)
    connection = hcpsdk.Connection(there, retries=0)
    connection.POST(URL, body=b'x')
    with pytest.raises(HcpsdkError, match='died') as caught:
        connection.POST(URL, body=b'x')
    assert 'TLS' not in str(caught.value)


def test_a_failure_never_shows_the_last_answer(connection, network, respond) -> None:
    """Or a caller would take the previous answer for this one's."""
    network.answers(respond('201 Created'), b'garbage\r\n\r\n')
    connection.PUT(URL, b'x')
    with pytest.raises(HcpsdkError, match='not HTTP'):
        connection.GET(URL)
    assert (connection.Response, connection.response_status, connection.response_reason) == (None, None, None)
    with pytest.raises(HcpsdkError, match='the last one failed'):
        connection.read()


def test_a_body_that_shrinks_is_not_stored_and_its_connection_closed(
    connection, network, respond, tmp_path
) -> None:
    """Or HCP would wait for the rest, or take the next request for it."""
    path = tmp_path / 'file'
    path.write_bytes(b'x' * 100_000)
    wire = network.answers(respond())
    with path.open('rb') as file:
        request = hcpsdk.connection._request.build('PUT', URL, file)
        path.write_bytes(b'x')
        with pytest.raises(HcpsdkError, match='shrank'):
            connection._carry_out(hcpsdk._errand.Errand(request, math.inf, connection._system, 3))
    assert wire.closed


# --- manners ---------------------------------------------------------------------------------


def test_close_and_use_again(connection, network, respond) -> None:
    """Or a closed Connection would be lost, and have to be made anew."""
    first = network.answers(respond())
    network.answers(respond(), at=SECOND)
    connection.HEAD(URL)
    assert repr(connection) == f'<Connection to n1.m.hcp1.example.com by <Link to {FIRST} port 80, idle>>'
    connection.close()
    connection.close()
    assert first.closed
    connection.HEAD(URL)
    assert connection.address == SECOND


def test_leaving_the_context_closes_it_in_the_middle_of_a_body_too(target, network, respond) -> None:
    """Or an exception in the consumer of a body would leak a socket."""
    wire = network.answers(respond(body=b'long'))

    def consume() -> None:
        with Connection(target) as connection:
            connection.GET(URL)
            raise KeyError('the consumer failed')

    with pytest.raises(KeyError):
        consume()
    assert wire.closed


def test_an_idle_connection_is_closed_and_opened_again(connection, network, respond, time) -> None:
    """Or HCP's slots would be kept, or a request after a pause fail."""
    first = network.answers(respond())
    network.answers(respond(), at=SECOND)
    connection.HEAD(URL)
    time.go_on(30)
    assert network.reaper.reap() is None
    assert first.closed
    connection.HEAD(URL)
    assert connection.address == SECOND


@pytest.mark.parametrize('failing', [False, True])
def test_no_secret_is_ever_shown(target, network, respond, caplog, capsys, failing: bool) -> None:
    """Or a log at DEBUG, or an error sent to a helpdesk, would give the account away."""
    network.answers(RESET if failing else respond(Set_Cookie='hcp-ns-auth=1dc7fed37e11b35093d311ef66928ad9'))
    shown = ''
    with caplog.at_level(logging.DEBUG), Connection(target, debuglevel=9, retries=0) as connection:
        try:
            connection.PUT(URL, b'x', {'password': 'n01'})
        except HcpsdkError as error:
            shown = str(error) + repr(error)
        shown += repr(connection) + repr(target)
    shown += caplog.text + capsys.readouterr().out
    assert 'PUT /rest/a' in shown
    for secret in SECRETS:
        assert secret not in shown
