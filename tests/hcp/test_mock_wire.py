"""The mock's HTTP, seen from a raw socket: framing, keep-alive, strictness, TLS, and how it ends."""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Callable

import pytest

from hcpsdk.mock import MockHCP, conversation, server
from hcpsdk.mock.conversation import Site
from hcpsdk.mock.gates import Access, gates
from hcpsdk.mock.messages import Answer, MockRequest

HEAD = b'PUT /rest/%b HTTP/1.1\r\nHost: n1.m.hcp1.example.com\r\n'


class Echo:
    """An application that answers with what it was sent, or does what ``act`` does."""

    def __init__(self) -> None:
        self.act: Callable[[MockRequest], Answer] = lambda request: Answer(200, body=request.body.read())
        self.requests: list[MockRequest] = []

    def __call__(self, request: MockRequest) -> Answer:
        self.requests.append(request)
        return self.act(request)

    def refuse(self, status: int, message: str, *, mapi: bool = False) -> Answer:
        return Answer(status, body=iter([b'mapi: ' if mapi else b'', message.encode('ascii')]))


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def site(echo: Echo) -> Site:
    return Site(echo, keepalive=60)


@pytest.fixture
def port(site: Site) -> Iterator[int]:
    """Of a server in front of the echo."""
    row = gates(['127.0.0.1'], 0, Access(mapi=False))
    serving = server.Server(row, site)
    yield row[0].port
    serving.stop()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith('hcpsdk.mock')]


def test_an_object_lives(mock_hcp: MockHCP, dial) -> None:
    """Nothing at all would work."""
    client = dial(mock_hcp.port)
    assert client.ask('PUT', body=b'This is an example').status == 201
    assert client.ask('GET').body == b'This is an example'
    assert client.ask('HEAD').headers['content-length'] == '18'
    assert client.ask('DELETE').status == 200
    assert client.ask('GET').status == 404
    assert [(seen.method, seen.path, seen.status, seen.body_bytes) for seen in mock_hcp.log] == [
        ('PUT', '/rest/a', 201, 18),
        ('GET', '/rest/a', 200, 0),
        ('HEAD', '/rest/a', 200, 0),
        ('DELETE', '/rest/a', 200, 0),
        ('GET', '/rest/a', 404, 0),
    ]
    assert {(seen.node, seen.connection) for seen in mock_hcp.log} == {(0, 1)}


def test_requests_may_come_all_at_once(port: int, dial, echo: Echo) -> None:
    """What a client sends before it has the answer would be lost."""
    client = dial(port).send((HEAD % b'a' + b'Content-Length: 2\r\n\r\nhi') * 3)
    assert [client.take().body for _ in range(3)] == [b'hi'] * 3


@pytest.mark.parametrize(
    ('wire', 'status'),
    [
        (b'GET / HTTP/1.1\r\n\r\n', 400),
        (b'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400),
        (HEAD % b'a' + b'Content-Length: 1\r\nContent-Length: 1\r\n\r\nx', 400),
        (b'GET /' + b'a' * 70000, 414),
        (HEAD % b'a' + b'Transfer-Encoding: chunked\r\n\r\nno chunk\r\n', 400),
    ],
)
def test_a_broken_request_ends_the_connection(port: int, dial, site: Site, wire: bytes, status: int) -> None:
    """A server that goes on after a request it could not read may take a body for the next one."""
    client = dial(port).send(wire)
    assert client.rest().startswith(b'HTTP/1.1 %d ' % status)
    assert [seen.status for seen in site.log] == [status]


def test_a_refusal_of_the_wire_is_hcps(mock_hcp: MockHCP, dial) -> None:
    """The explanation that HCP gives would be missing just for the gravest mistakes."""
    answer = dial(mock_hcp.port).send(b'GET / HTTP/1.1\r\n\r\n').take()
    assert answer.headers['x-hcp-errormessage'] == 'A request needs one Host header.'
    assert answer.headers['server'] == 'HCP V7.1.0.10'
    assert answer.headers['connection'] == 'close'


def test_a_chunked_upload(mock_hcp: MockHCP, dial) -> None:
    """Uploads of unknown length would be stored with the marks of their chunks."""
    client = dial(mock_hcp.port)
    client.request('PUT', Transfer_Encoding='chunked')
    assert client.send(b'3\r\none\r\n4\r\n two\r\n0\r\n\r\n').take().status == 201
    assert client.ask().body == b'one two'


def test_the_body_is_invited_when_it_is_read(port: int, dial, echo: Echo) -> None:
    """Clients that ask first would wait, or send a body that is refused anyway."""
    echo.act = lambda request: Answer(200, body=request.body.read(1) + request.body.read())
    client = dial(port).send(HEAD % b'a' + b'Content-Length: 2\r\nExpect: 100-continue\r\n\r\n')
    assert client.take().status == 100
    assert client.send(b'hi').take().body == b'hi'
    echo.act = lambda request: Answer(403)
    client.send(HEAD % b'a' + b'Content-Length: 2\r\nExpect: 100-continue\r\n\r\n')
    assert client.rest().startswith(b'HTTP/1.1 403 Forbidden\r\n')


def test_a_small_unread_body_saves_the_connection(port: int, dial, echo: Echo) -> None:
    """Each refused upload would cost a new connection, or its body be taken for a request."""
    echo.act = lambda request: Answer(409)
    client = dial(port).send(HEAD % b'a' + b'Content-Length: 65536\r\n\r\n' + bytes(65536))
    assert 'connection' not in client.take().headers
    client.send(HEAD % b'b' + b'Content-Length: 0\r\n\r\n')
    assert client.take().status == 409


@pytest.mark.parametrize('framing', [b'Content-Length: 99999999', b'Transfer-Encoding: chunked'])
def test_a_large_unread_body_ends_the_connection(port: int, dial, echo: Echo, framing: bytes) -> None:
    """A client would have to send gigabytes after it was refused, or never read why."""
    echo.act = lambda request: Answer(403)
    client = dial(port).send(HEAD % b'a' + framing + b'\r\n\r\n' + bytes(200_000))
    assert client.take().headers['connection'] == 'close'
    assert client.ended()


@pytest.mark.parametrize(
    ('framing', 'beginning'),
    [({'Content_Length': '9'}, b'half'), ({'Transfer_Encoding': 'chunked'}, b'9\r\nhalf')],
)
def test_a_short_body_gets_503_and_stores_nothing(
    mock_hcp: MockHCP, dial, framing: dict[str, str], beginning: bytes
) -> None:
    """Half an upload would become an object that can never be replaced."""
    client = dial(mock_hcp.port)
    client.request('PUT', **framing)
    client.send(beginning).sock.shutdown(socket.SHUT_WR)
    assert client.take().status == 503
    assert client.ended()
    assert dial(mock_hcp.port).ask('HEAD').status == 404


def test_head_never_has_a_body(port: int, dial, echo: Echo) -> None:
    """The answer to HEAD would be followed by bytes that the client takes for the next one."""
    echo.act = lambda request: Answer(200, body=b'seen')
    client = dial(port)
    assert client.ask('HEAD').headers['content-length'] == '4'
    assert client.ask('GET').body == b'seen'


@pytest.mark.parametrize(('asked', 'version'), [({'Connection': 'close'}, b'1.1'), ({}, b'1.0')])
def test_the_client_may_end_the_connection(port: int, dial, asked: dict[str, str], version: bytes) -> None:
    """Clients that wait for the end of the connection would wait for ever."""
    lines = b''.join(f'{name}: {value}\r\n'.encode('ascii') for name, value in asked.items())
    client = dial(port).send(b'GET / HTTP/%b\r\nHost: a\r\n%b\r\n' % (version, lines))
    assert client.take().headers['connection'] == 'close'
    assert client.ended()


def test_an_idle_connection_is_ended(echo: Echo, dial) -> None:
    """Whether a client survives the end of HCP's patience could not be tried."""
    row = gates(['127.0.0.1'], 0, Access(mapi=False))
    serving = server.Server(row, Site(echo, keepalive=0.05))
    client = dial(row[0].port)
    client.ask()
    assert client.ended()
    serving.stop()


def test_long_bodies_both_ways(port: int, dial, echo: Echo) -> None:
    """Objects of more than some kilobytes would be cut, or mixed up."""
    data = b'0123456789abcdef' * 65536
    assert dial(port).ask('PUT', body=data).body == data


def test_bodies_in_pieces_are_closed_though_nobody_reads_them(port: int, dial, echo: Echo) -> None:
    """Each HEAD of a large object would leave a file open."""
    closed = []

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b'on', b'ce'])

        def close(self) -> None:
            closed.append(self)

    echo.act = lambda request: Answer(200, [('Content-Length', '4')], Pieces())
    client = dial(port)
    assert (client.ask('HEAD').body, client.ask('GET').body) == (b'', b'once')
    client.ask()
    assert len(closed) >= 2


def test_what_the_application_is_told(port: int, dial, echo: Echo) -> None:
    """The HCP behind the wire would act on something else than was sent."""
    dial(port).ask('POST', '/rest/a%20b?hold=true', b'x', Host='N1.M.HCP1.example.com:80')
    [request] = echo.requests
    assert (request.node, request.mapi, request.secure, request.method) == (0, False, False, 'POST')
    assert (request.path, request.query, request.length) == (b'/rest/a b', [('hold', 'true')], 1)
    assert (request.host, request.target) == ('n1.m.hcp1.example.com', '/rest/a%20b?hold=true')


@pytest.mark.parametrize(
    ('act', 'status'),
    [
        (lambda request: Answer(1 // 0), b'500'),
        (lambda request: Answer(200, [('Content-Length', '9')], (1 // zero for zero in [0])), b'200'),
    ],
)
def test_a_failure_of_the_mock_is_loud(
    port: int, dial, echo: Echo, until, monkeypatch, act: Callable[..., Answer], status: bytes
) -> None:
    """A bug in the mock would look like a network problem."""
    failures = []
    monkeypatch.setattr(threading, 'excepthook', failures.append)
    echo.act = act
    client = dial(port)
    client.request()
    answer = client.rest()
    assert answer.startswith(b'HTTP/1.1 %b ' % status)
    assert answer.count(b'HTTP/1.1') == 1
    until(lambda: failures)
    assert failures[0].exc_type is ZeroDivisionError


def test_a_client_that_goes_away_is_no_failure(port: int, dial, echo: Echo, until) -> None:
    """The mock would print a traceback for each client that was killed."""
    gone, served = threading.Event(), threading.Event()

    def endless(request: MockRequest) -> Answer:
        assert gone.wait(10)
        served.set()
        return Answer(200, [], (bytes(65536) for _ in itertools.count()))

    echo.act = endless
    client = dial(port)
    client.request()
    until(lambda: echo.requests)
    client.close()
    gone.set()
    assert served.wait(10)


def test_no_credentials_are_remembered(mock_hcp: MockHCP, dial) -> None:
    """A failed assertion on the log would print them into somebody's build output."""
    dial(mock_hcp.mapi_port).ask('PUT', '/mapi/x?username=u&password=s3cret', Cookie='hcp-ns-auth=s3cret')
    [seen] = mock_hcp.log
    assert seen.headers.getall('authorization') + seen.headers.getall('cookie') == ['***', '***']
    assert seen.target == '/mapi/x?username=u&password=***'
    assert 's3cret' not in repr(seen)


def test_nor_those_that_were_given_in_the_place_of_a_name(mock_hcp: MockHCP, dial) -> None:
    """As above, for a query that a client has encoded."""
    dial(mock_hcp.mapi_port).ask('PUT', '/mapi/x%3fpassword%3Ds3cret')
    [seen] = mock_hcp.log
    assert seen.target == '/mapi/x%3fpassword%3D***'


@pytest.mark.parametrize('target', ['/rest/password=a', '/rest/a?b=password', '/rest/a%3Fb'])
def test_what_is_no_password_is_remembered(mock_hcp: MockHCP, dial, target: str) -> None:
    """A test could not tell which object was asked for."""
    dial(mock_hcp.port).ask('GET', target)
    assert mock_hcp.log[0].target == target


def test_the_log_does_not_grow_for_ever(mock_hcp: MockHCP, dial, monkeypatch) -> None:
    """A mock that runs for days would fill the memory."""
    monkeypatch.setattr(conversation, 'REMEMBERED', 3)
    client = dial(mock_hcp.port)
    for number in range(8):
        client.ask(path=f'/rest/{number}')
    assert [seen.path for seen in mock_hcp.log] == ['/rest/4', '/rest/5', '/rest/6', '/rest/7']


def test_open_connections_are_counted(mock_hcp: MockHCP, dial, until) -> None:
    """A client that leaks connections would not be found out."""
    assert mock_hcp.open_connections() == 0
    clients = [dial(mock_hcp.port, address) for address in mock_hcp.addresses]
    until(lambda: mock_hcp.open_connections() == len(clients))
    clients[0].close()
    until(lambda: mock_hcp.open_connections() == len(clients) - 1)


def test_stop_ends_what_is_idle_busy_or_half_open(server_context: ssl.SSLContext, dial, until) -> None:
    """A test suite would hang at its end, or leak threads and sockets from test to test."""
    with MockHCP(ssl_context=server_context) as hcp:
        clients = [dial(hcp.port), dial(hcp.port), dial(hcp.https_port), dial(hcp.mapi_port)]
        assert clients[0].ask().status == 404
        clients[1].request('PUT', Content_Length='100')
        clients[2].send(b'\x16\x03')
        until(lambda: hcp.open_connections() == 4)
        hcp.stop()
        hcp.stop()
        assert hcp.open_connections() == 0
        assert threads() == []
    for client in clients[:1]:
        assert client.ended()
    with pytest.raises(ConnectionRefusedError):
        dial(hcp.port)


def test_stop_waits_for_what_is_being_done(echo: Echo, site: Site, dial) -> None:
    """An upload would still change the objects of a mock that its test believes stopped."""
    row = gates(['127.0.0.1'], 0, Access(mapi=False))
    serving = server.Server(row, site)
    begun, stopping, done = threading.Event(), threading.Event(), []

    def act(request: MockRequest) -> Answer:
        begun.set()
        assert stopping.wait(10)
        done.append(threading.Event().wait(0.05))
        return Answer(200)

    echo.act = act
    dial(row[0].port).request()
    assert begun.wait(10)
    stopping.set()
    serving.stop()
    assert len(done) == 1


def test_ended_connections_are_forgotten(mock_hcp: MockHCP, dial, until) -> None:
    """A mock that runs for days would fill the memory."""
    for _ in range(30):
        client = dial(mock_hcp.port)
        client.ask()
        client.close()
        until(lambda: mock_hcp.open_connections() == 0)
    assert len(mock_hcp._running()._alive()) < 10


def test_answers_are_not_held_back(mock_hcp: MockHCP, dial) -> None:
    """Large objects would each take a delayed acknowledgement (some 40 ms) longer."""
    dial(mock_hcp.port).ask()
    [conversation] = mock_hcp._running()._alive()
    assert conversation._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_many_clients_at_a_time(mock_hcp: MockHCP, dial) -> None:
    """Requests of parallel clients would be mixed up, or wait for each other."""
    wrong = []

    def work(number: int) -> None:
        client = dial(mock_hcp.port, mock_hcp.addresses[number % 4])
        for turn in range(10):
            name, data = f'/rest/{number}-{turn}', f'{number} {turn}'.encode('ascii')
            if (client.ask('PUT', name, data).status, client.ask('GET', name).body) != (201, data):
                wrong.append(name)

    workers = [threading.Thread(target=work, args=[number]) for number in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
    assert len(mock_hcp.log) == 320


def test_tls(server_context: ssl.SSLContext, client_context: ssl.SSLContext, dial) -> None:
    """HTTPS could not be tried without an HCP."""
    client_context.maximum_version = ssl.TLSVersion.TLSv1_2
    with MockHCP(ssl_context=server_context) as hcp:
        client = dial(hcp.https_port, hcp.addresses[2], client_context)
        assert client.ask('PUT', body=b'secret').status == 201
        again = dial(hcp.https_port, hcp.addresses[1], client_context, session=client.sock.session)
        assert again.ask().body == b'secret'
        mapi = dial(hcp.mapi_port, hcp.addresses[0], client_context, name='admin.hcp1.example.com')
        mapi.ask(path='/mapi/')
        assert [
            (seen.node, seen.caller.secure, seen.caller.mapi, seen.caller.server_name, seen.caller.resumed)
            for seen in hcp.log
        ] == [
            (2, True, False, 'n1.m.hcp1.example.com', False),
            (1, True, False, 'n1.m.hcp1.example.com', True),
            (0, True, True, 'admin.hcp1.example.com', False),
        ]


def test_a_hook_for_server_names_is_left_alone(server_context: ssl.SSLContext) -> None:
    """A caller's own choice of certificates would be switched off."""

    def own(*args: object) -> None:
        raise AssertionError

    server_context.sni_callback = own
    with MockHCP(ssl_context=server_context):
        assert server_context.sni_callback is own


def test_who_does_not_speak_tls_is_dropped(server_context: ssl.SSLContext, dial, until) -> None:
    """A client on the wrong port would wait for ever."""
    with MockHCP(ssl_context=server_context) as hcp:
        client = dial(hcp.https_port).send(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        with contextlib.suppress(ConnectionResetError):
            assert b'HTTP' not in client.rest()
        until(lambda: hcp.open_connections() == 0)
        assert hcp.log == []


def test_a_silent_client_keeps_nobody_out(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext, dial
) -> None:
    """One client that never greets would block all others."""
    with MockHCP(ssl_context=server_context, nodes=1) as hcp:
        dial(hcp.https_port)
        assert dial(hcp.https_port, context=client_context).ask().status == 404


def test_a_client_that_never_stops_sending_is_left(port: int, dial, echo: Echo, monkeypatch) -> None:
    """It would keep a thread of the mock busy for ever."""
    monkeypatch.setattr(conversation, 'LINGER_READS', 2)
    echo.act = lambda request: Answer(403)
    client = dial(port).send(HEAD % b'a' + b'Content-Length: 999999999999\r\n\r\n')
    assert client.take().status == 403
    with pytest.raises(ConnectionError):
        client.send(bytes(2**30))
